/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page that exports to a file which carries the texts, and says what was read back from it. */
#include "plug-page.h"

#include "plug-export.h"
#include "plug-form.h"

#include <glib/gi18n.h>

/* Between two steps of the progress bar */
#define SHOW_US (G_USEC_PER_SEC / 20)
#define PULSE_MS 200
/* From when on the bar shows no more than that work goes on */
#define SILENCE_US G_USEC_PER_SEC
/* Handled at one step, so that a flood of them does not hold the export up */
#define MAX_EVENTS 100

#define PLUG_TYPE_EXPORT_PAGE (plug_export_page_get_type ())
G_DECLARE_FINAL_TYPE (PlugExportPage, plug_export_page, PLUG, EXPORT_PAGE, GtkBox)

/* The three texts as they are shown, before and after */
typedef struct
{
  GtkWidget *grid;
  GtkWidget *alt;
  GtkWidget *description;
  GtkWidget *caption;
} Texts;

struct _PlugExportPage
{
  GtkBox parent_instance;

  PlugWindow           *window; /* has this page in it; NULL when it is being destroyed */
  PlugStatus           *status; /* has this page in it */
  GFile                *folder; /* for names without one */
  GCancellable         *cancellable; /* (nullable) of the export that is under way */
  guint                 pulse;       /* timer while it is; 0: none */
  gint64                last_shown;  /* progress, in microseconds of the monotonic clock */
  GtkFileChooserNative *chooser;     /* (nullable) that is open */
  gboolean              closes; /* the window was to be closed while a file was being written */
  IvlMetadata          *shown;  /* (owned) (nullable) the texts that are seen, and written */

  GtkWidget *name;
  GtkWidget *format;
  Texts      texts;
  GtkWidget *no_alt;
  GtkWidget *keep;
  GtkWidget *form; /* what cannot be changed during an export */
  GtkWidget *export;
  GtkWidget *cancel;
  GtkWidget *bar;
  GtkWidget *result;
  Texts      found;
};

G_DEFINE_FINAL_TYPE (PlugExportPage, plug_export_page, GTK_TYPE_BOX)

/* ------------------------------------------------------------------------------------ texts */

static void
show_text (GtkWidget  *label,
           const char *text)
{
  gboolean has_text = text != NULL && *text != '\0';
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  /* No text of that name */
  if (!has_text)
    pango_attr_list_insert (attributes, pango_attr_style_new (PANGO_STYLE_ITALIC));
  gtk_label_set_attributes (GTK_LABEL (label), attributes);
  gtk_label_set_text (GTK_LABEL (label), has_text ? text : _("none"));
}

static void
show_texts (Texts       *self,
            IvlMetadata *texts)
{
  show_text (self->alt, ivl_metadata_get_alt_text (texts));
  show_text (self->description, ivl_metadata_get_long_description (texts));
  show_text (self->caption, ivl_metadata_get_caption (texts));
}

static GtkWidget *
add_text (Texts      *self,
          int         row,
          const char *title,
          gboolean    selectable)
{
  GtkWidget *label = gtk_label_new (title);
  GtkWidget *text = plug_form_new_sentence (NULL, FALSE);
  AtkObject *accessible = gtk_widget_get_accessible (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_yalign (GTK_LABEL (label), 0);
  gtk_label_set_selectable (GTK_LABEL (text), selectable);
  gtk_label_set_line_wrap_mode (GTK_LABEL (text), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_hexpand (text, TRUE);
  atk_object_add_relationship (accessible, ATK_RELATION_LABELLED_BY,
                               gtk_widget_get_accessible (label));
  gtk_grid_attach (GTK_GRID (self->grid), label, 0, row, 1, 1);
  gtk_grid_attach (GTK_GRID (self->grid), text, 1, row, 1, 1);
  return text;
}

static void
create_texts (Texts   *self,
              gboolean selectable)
{
  self->grid = gtk_grid_new ();
  gtk_grid_set_column_spacing (GTK_GRID (self->grid), 12);
  gtk_grid_set_row_spacing (GTK_GRID (self->grid), 6);
  gtk_widget_set_margin_start (self->grid, 12);
  self->alt = add_text (self, 0, _("Alternative text:"), selectable);
  self->description = add_text (self, 1, _("Long description:"), selectable);
  self->caption = add_text (self, 2, _("Caption:"), selectable);
  plug_form_order_grid (self->grid);
}

/* --------------------------------------------------------------------------------- the file */

/* What the entry names, with a folder or without; "~/" is the home folder. NULL: nothing (transfer
 * full) */
static GFile *
get_file (PlugExportPage *self)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (self->name))));
  g_autofree char *path = NULL;

  if (*name == '\0')
    return NULL;
  path = g_filename_from_utf8 (name, -1, NULL, NULL, NULL);
  if (path == NULL)
    path = g_strdup (name);
  if (g_str_has_prefix (path, "~/"))
    return g_file_new_build_filename (g_get_home_dir (), path + 2, NULL);
  return g_file_resolve_relative_path (self->folder, path);
}

static void
set_file (PlugExportPage *self,
          GFile          *file)
{
  g_autofree char *path = g_file_get_path (file);
  g_autofree char *shown = path != NULL ? g_filename_display_name (path)
                                        : g_file_get_parse_name (file);
  g_autoptr (GFile) folder = g_file_get_parent (file);

  if (folder != NULL)
    g_set_object (&self->folder, folder);
  gtk_entry_set_text (GTK_ENTRY (self->name), shown);
  /* The name is what people want to see of a long path */
  gtk_editable_set_position (GTK_EDITABLE (self->name), -1);
}

static void
show_state (PlugExportPage *self)
{
  g_autoptr (GFile) file = get_file (self);
  const char *format = file != NULL ? plug_export_get_format (file) : NULL;
  gboolean is_busy = self->cancellable != NULL;
  g_autofree char *sentence = NULL;

  if (format == NULL)
    sentence = g_strdup (_("End the name with .jpg, .png, .webp or .tif: these formats can carry "
                           "the texts."));
  else if (g_str_equal (format, "WebP"))
    sentence = g_strdup (_("Format: WebP. A large image takes a while."));
  else
    /* Translators: %s is JPEG, PNG or TIFF */
    sentence = g_strdup_printf (_("Format: %s."), format);
  gtk_label_set_text (GTK_LABEL (self->format), sentence);
  gtk_widget_set_sensitive (self->form, !is_busy);
  gtk_widget_set_sensitive (self->export, !is_busy && format != NULL);
  gtk_widget_set_visible (self->cancel, is_busy);
  gtk_widget_set_visible (self->bar, is_busy);
}

static void
refresh (PlugExportPage *self)
{
  g_autoptr (IvlMetadata) texts = NULL;
  const char *alt;

  if (self->window == NULL || !plug_window_is_image_open (self->window))
    return;
  if (*gtk_entry_get_text (GTK_ENTRY (self->name)) == '\0')
    {
      g_autoptr (GFile) file = plug_export_suggest_file (plug_window_get_image (self->window));

      set_file (self, file);
    }
  texts = plug_window_get_texts (self->window);
  g_set_object (&self->shown, texts);
  alt = ivl_metadata_get_alt_text (texts);
  show_texts (&self->texts, texts);
  gtk_widget_set_visible (self->no_alt, alt == NULL || *alt == '\0');
  show_state (self);
}

/* Texts that scripts or GIMP's own metadata editor have written meanwhile */
static void
on_window_active (PlugExportPage *self)
{
  if (self->window != NULL && gtk_window_is_active (GTK_WINDOW (self->window)) &&
      gtk_widget_get_mapped (GTK_WIDGET (self)) && self->cancellable == NULL)
    refresh (self);
}

static void
on_chosen (GtkNativeDialog *dialog,
           int              response,
           PlugExportPage  *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));

      set_file (self, file);
    }
  gtk_native_dialog_destroy (dialog);
  g_clear_object (&self->chooser);
}

static void
browse (PlugExportPage *self)
{
  GtkFileFilter *filter;
  g_autoptr (GFile) file = get_file (self);
  g_autoptr (GFile) folder = file != NULL ? g_file_get_parent (file) : NULL;
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;
  g_autofree char *shown = name != NULL ? g_filename_display_name (name) : NULL;

  if (self->chooser != NULL)
    return;
  self->chooser = gtk_file_chooser_native_new (_("Export with Alternative Text"),
                                               GTK_WINDOW (self->window),
                                               GTK_FILE_CHOOSER_ACTION_SAVE, _("_Choose"),
                                               _("_Cancel"));
  filter = gtk_file_filter_new ();
  gtk_file_filter_set_name (filter, _("JPEG, PNG, WebP and TIFF"));
  for (guint i = 0; i < 4; i++)
    {
      static const char *const types[] = { "image/jpeg", "image/png", "image/webp", "image/tiff" };

      gtk_file_filter_add_mime_type (filter, types[i]);
    }
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), filter);
  gtk_file_chooser_set_current_folder_file (GTK_FILE_CHOOSER (self->chooser),
                                            folder != NULL ? folder : self->folder, NULL);
  if (shown != NULL)
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (self->chooser), shown);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (on_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

/* ------------------------------------------------------------------------------- the export */

static void
show_result (PlugExportPage *self,
             const char     *sentence,
             IvlMetadata    *found)
{
  gtk_label_set_text (GTK_LABEL (self->result), sentence);
  gtk_widget_set_visible (self->result, sentence != NULL);
  gtk_widget_set_visible (self->found.grid, found != NULL);
  if (found != NULL)
    show_texts (&self->found, found);
  if (sentence != NULL)
    plug_status_say (self->status, sentence);
}

static const char *
get_remedy (const GError *error)
{
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    return _("Make room on the disk, or choose another folder.");
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return _("Choose a folder that exists.");
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR))
    return _("This is a folder. Give the file a name in it.");
  if (error->domain == G_FILE_ERROR)
    return _("Choose a folder and a file that you may write to.");
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA))
    return _("Try another format, or export without other metadata.");
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_NO_MEMORY))
    return _("Close other images or programs, and try again.");
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION))
    return _("Correct the texts on the page for the alternative text.");
  return "";
}

static void
show_failure (PlugExportPage *self,
              const GError   *error)
{
  g_autofree char *sentence = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    sentence = g_strdup (_("The export was cancelled. No file was written."));
  else
    /* The words of GIMP and of the system may lack the full stop */
    sentence = g_strdup_printf (_("No file was written. %s%s %s"), error->message,
                                g_str_has_suffix (error->message, ".") ? "" : ".",
                                get_remedy (error));
  g_strchomp (sentence);
  show_result (self, sentence, NULL);
}

/* GIMP tells more often than anybody can see; between, the window draws for a moment. Keys and
 * clicks are caught: GIMP's library is in the middle of a call, and no other action may begin
 * inside it. */
static void
show_progress (double   fraction,
               gpointer user_data)
{
  PlugExportPage *self = user_data;
  gint64 now = g_get_monotonic_time ();

  if (self->window == NULL || now - self->last_shown < SHOW_US)
    return;
  self->last_shown = now;
  if (fraction < 0)
    gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->bar));
  else
    gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), fraction);
  plug_window_catch_input (TRUE);
  for (guint i = 0; i < MAX_EVENTS && gtk_events_pending (); i++)
    gtk_main_iteration_do (FALSE);
  plug_window_catch_input (FALSE);
}

/* While GIMP says nothing, and while the file is read back */
static gboolean
pulse (gpointer user_data)
{
  PlugExportPage *self = user_data;

  if (g_get_monotonic_time () - self->last_shown > SILENCE_US)
    gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->bar));
  return G_SOURCE_CONTINUE;
}

static void
on_written (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (PlugExportPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) found = plug_export_write_finish (result, &error);

  plug_host_watch_export (NULL, NULL);
  g_clear_handle_id (&self->pulse, g_source_remove);
  g_clear_object (&self->cancellable);
  if (self->window == NULL)
    return;
  if (found != NULL)
    {
      g_autoptr (GFile) file = get_file (self);
      g_autofree char *name = file != NULL ? g_file_get_basename (file) : g_strdup ("");
      g_autofree char *shown = g_filename_display_name (name);
      g_autofree char *sentence =
        g_strdup_printf (_("“%s” was written, and these texts were read back from it."), shown);

      show_result (self, sentence, found);
    }
  else
    show_failure (self, error);
  show_state (self);
  if (self->closes)
    gtk_window_close (GTK_WINDOW (self->window));
}

static void
write_file (PlugExportPage *self)
{
  g_autoptr (GFile) file = get_file (self);
  g_autofree char *name = NULL;
  g_autofree char *sentence = NULL;

  if (file == NULL || self->cancellable != NULL)
    return;
  name = g_file_get_basename (file);
  sentence = g_strdup_printf (_("“%s” is being written. A large image takes a while."), name);
  self->cancellable = g_cancellable_new ();
  show_result (self, sentence, NULL);
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), 0);
  show_state (self);
  plug_host_watch_export (show_progress, self);
  self->pulse = g_timeout_add (PULSE_MS, pulse, self);
  plug_export_write_async (plug_window_get_image (self->window), file, self->shown,
                           gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->keep)),
                           self->cancellable, on_written, g_object_ref (self));
}

static void
ask_overwrite (PlugExportPage *self,
               GFile          *file)
{
  g_autofree char *name = g_file_get_basename (file);
  g_autofree char *shown = g_filename_display_name (name);
  g_autofree char *lost = self->shown != NULL ? plug_export_find_lost (file, self->shown, NULL)
                                              : NULL;
  g_autofree char *also = lost != NULL
                              ? g_strdup_printf (_("It has texts that the new file would not "
                                                   "have: %s."), lost)
                              : NULL;
  g_autofree char *explained = g_strjoin (also != NULL ? " " : "",
                                          _("There is a file of this name already. Its contents "
                                            "would be gone."),
                                          also != NULL ? also : "", NULL);
  g_autofree char *question = g_strdup_printf (_("Replace “%s”?"), shown);

  plug_form_ask (GTK_WINDOW (self->window), question, explained, _("_Replace"),
                 G_CALLBACK (write_file), G_OBJECT (self), self);
}

static void
start_export (PlugExportPage *self)
{
  g_autoptr (GFile) file = get_file (self);

  if (file == NULL || plug_export_get_format (file) == NULL || self->cancellable != NULL ||
      !plug_window_is_image_open (self->window))
    return;
  switch (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL))
    {
    case G_FILE_TYPE_UNKNOWN:
    /* No leave helps: writing says why it cannot be done */
    case G_FILE_TYPE_DIRECTORY:
      write_file (self);
      break;
    default:
      ask_overwrite (self, file);
    }
}

static void
cancel (PlugExportPage *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}

/* A file that is being written is not left half done: the window closes when it is taken away */
static gboolean
on_delete (GtkWidget      *window,
           GdkEvent       *event,
           PlugExportPage *self)
{
  if (self->cancellable == NULL)
    return GDK_EVENT_PROPAGATE;
  self->closes = TRUE;
  cancel (self);
  return GDK_EVENT_STOP;
}

static void
change_texts (PlugExportPage *self)
{
  plug_window_show_page (self->window, PLUG_PAGE_ALT);
}

/* --------------------------------------------------------------------------------- the page */

static void
plug_export_page_destroy (GtkWidget *widget)
{
  PlugExportPage *self = PLUG_EXPORT_PAGE (widget);

  cancel (self);
  self->window = NULL;
  g_clear_handle_id (&self->pulse, g_source_remove);
  if (self->chooser != NULL)
    gtk_native_dialog_destroy (GTK_NATIVE_DIALOG (self->chooser));
  g_clear_object (&self->chooser);
  GTK_WIDGET_CLASS (plug_export_page_parent_class)->destroy (widget);
}

static void
plug_export_page_finalize (GObject *object)
{
  PlugExportPage *self = PLUG_EXPORT_PAGE (object);

  g_clear_object (&self->folder);
  g_clear_object (&self->shown);
  G_OBJECT_CLASS (plug_export_page_parent_class)->finalize (object);
}

static void
plug_export_page_class_init (PlugExportPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_export_page_finalize;
  GTK_WIDGET_CLASS (klass)->destroy = plug_export_page_destroy;
}

static void
plug_export_page_init (PlugExportPage *self)
{
  self->folder = g_file_new_for_path (g_get_home_dir ());
}

static GtkWidget *
create_file (PlugExportPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->name = gtk_entry_new ();
  self->format = plug_form_new_sentence (NULL, TRUE);
  g_signal_connect_object (self->name, "changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->name, "activate", G_CALLBACK (start_export), self,
                           G_CONNECT_SWAPPED);
  gtk_box_pack_start (GTK_BOX (line), plug_form_new_line (_("File na_me:"), self->name), TRUE,
                      TRUE, 0);
  gtk_box_pack_start (GTK_BOX (line),
                      plug_form_new_button (_("_Browse…"), _("Choose a folder and a name"),
                                            G_CALLBACK (browse), self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), line, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->format, FALSE, FALSE, 0);
  return column;
}

static GtkWidget *
create_what (PlugExportPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  create_texts (&self->texts, FALSE);
  self->no_alt = plug_form_new_sentence (_("There is no alternative text. That is right for a "
                                           "decorative picture only."), FALSE);
  gtk_widget_set_no_show_all (self->no_alt, TRUE);
  gtk_widget_set_margin_start (self->no_alt, 12);
  gtk_box_pack_start (GTK_BOX (line), plug_form_new_sentence (_("These texts are written:"),
                                                              FALSE), TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (line),
                      plug_form_new_button (_("_Change Texts…"),
                                            _("Show the page for the alternative text"),
                                            G_CALLBACK (change_texts), self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), line, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->texts.grid, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->no_alt, FALSE, FALSE, 0);
  return column;
}

static GtkWidget *
create_keep (PlugExportPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *why = plug_form_new_sentence (_("Left out unless you want it: it can tell where and "
                                             "by whom a photo was taken, and with which camera. "
                                             "The colour profile is always kept."), TRUE);

  self->keep = gtk_check_button_new_with_mnemonic (_("_Keep other metadata"));
  gtk_widget_set_margin_start (why, 12);
  gtk_box_pack_start (GTK_BOX (column), self->keep, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), why, FALSE, FALSE, 0);
  return column;
}

static GtkWidget *
create_result (PlugExportPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->result = plug_form_new_sentence (NULL, FALSE);
  gtk_label_set_selectable (GTK_LABEL (self->result), TRUE);
  gtk_label_set_line_wrap_mode (GTK_LABEL (self->result), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_no_show_all (self->result, TRUE);
  create_texts (&self->found, TRUE);
  gtk_widget_show_all (self->found.grid);
  gtk_widget_set_no_show_all (self->found.grid, TRUE);
  gtk_widget_hide (self->found.grid);
  gtk_box_pack_start (GTK_BOX (column), self->result, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->found.grid, FALSE, FALSE, 0);
  return column;
}

static void
build (PlugExportPage *self)
{
  GtkWidget *column, *buttons;
  GtkWidget *needs_image = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  plug_form_fill_page (GTK_BOX (self), &column, &buttons);
  self->form = gtk_box_new (GTK_ORIENTATION_VERTICAL, 18);
  gtk_box_pack_start (GTK_BOX (self->form), create_file (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self->form), create_what (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self->form), create_keep (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->form, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), create_result (self), FALSE, FALSE, 0);

  self->export = plug_form_new_button (_("_Export"), _("Write the file, and read it back"),
                                       G_CALLBACK (start_export), self);
  gtk_style_context_add_class (gtk_widget_get_style_context (self->export),
                               GTK_STYLE_CLASS_SUGGESTED_ACTION);
  self->cancel = plug_form_new_button (_("Cance_l"), _("Write no file"), G_CALLBACK (cancel), self);
  self->bar = gtk_progress_bar_new ();
  gtk_widget_set_valign (self->bar, GTK_ALIGN_CENTER);
  plug_form_set_name (self->bar, _("How far the file is written"));
  gtk_widget_set_no_show_all (self->cancel, TRUE);
  gtk_widget_set_no_show_all (self->bar, TRUE);
  gtk_box_pack_start (GTK_BOX (needs_image), self->export, FALSE, FALSE, 0);
  plug_window_need_image (self->window, needs_image);
  gtk_box_pack_start (GTK_BOX (buttons), needs_image, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (buttons), self->cancel, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (buttons), self->bar, TRUE, TRUE, 0);
}

GtkWidget *
plug_page_export_new (PlugWindow *window,
                      PlugStatus *status)
{
  PlugExportPage *self = g_object_new (PLUG_TYPE_EXPORT_PAGE, NULL);

  self->window = window;
  self->status = status;
  build (self);
  g_signal_connect (self, "map", G_CALLBACK (refresh), NULL);
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (on_window_active), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (window, "delete-event", G_CALLBACK (on_delete), self, 0);
  show_state (self);
  return GTK_WIDGET (self);
}

void
plug_page_export_start (GtkWidget        *page,
                        const PlugAction *action)
{
  PlugExportPage *self = PLUG_EXPORT_PAGE (page);

  refresh (self);
  gtk_widget_grab_focus (self->name);
  gtk_editable_set_position (GTK_EDITABLE (self->name), -1);
}
