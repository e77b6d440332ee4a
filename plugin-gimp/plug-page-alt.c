/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page for alternative texts: what the picture is for, the three texts that an image carries,
 * suggestions for two of them, and what a careful reader would object to. */
#include "plug-page.h"

#include "plug-alt-checks.h"
#include "plug-form.h"
#include "plug-text-field.h"
#include "plug-texts.h"

#include <glib/gi18n.h>

#define PLUG_TYPE_ALT_PAGE (plug_alt_page_get_type ())
G_DECLARE_FINAL_TYPE (PlugAltPage, plug_alt_page, PLUG, ALT_PAGE, GtkBox)

static const struct
{
  const char *title;
  const char *sentence;
} roles[] = {
  [IVL_ALT_ROLE_INFORMATIVE] = {
    N_("Informative"),
    N_("It says something that is not said beside it: a short text says the same.") },
  [IVL_ALT_ROLE_TEXT] = {
    N_("Text"),
    N_("It is mostly lettering: the text repeats it word for word.") },
  [IVL_ALT_ROLE_FUNCTIONAL] = {
    N_("Functional"),
    N_("It is a link or a button: the text says what happens, not what can be seen.") },
  [IVL_ALT_ROLE_COMPLEX] = {
    N_("Complex"),
    N_("It is a chart, a map or a diagram: the text names it, and the long description tells "
       "the rest.") },
  [IVL_ALT_ROLE_DECORATIVE] = {
    N_("Decorative"),
    N_("It only decorates: with an empty text, screen readers pass over it.") },
};

struct _PlugAltPage
{
  GtkBox parent_instance;

  PlugWindow    *window; /* has this page in it */
  PlugStatus    *status; /* has this page in it */
  PlugTalk      *talk;   /* the window's */
  PlugTextField *answering; /* (nullable) the field that a suggestion is made for */
  char          *language; /* (nullable) that the image's texts are in, as it says itself */
  gboolean       filled;

  GtkWidget *role;
  GtkWidget *role_sentence;
  GtkWidget *purpose;
  GtkWidget *alt;
  GtkWidget *description;
  GtkWidget *caption;
  GtkWidget *checks;
  GtkWidget *suggest_alt;
  GtkWidget *suggest_description;
  GtkWidget *write;
  GtkWidget *copy;
};

G_DEFINE_FINAL_TYPE (PlugAltPage, plug_alt_page, GTK_TYPE_BOX)

static IvlAltRole
get_role (PlugAltPage *self)
{
  return (IvlAltRole) MAX (gtk_combo_box_get_active (GTK_COMBO_BOX (self->role)), 0);
}

/* The text of a field without white space around it (transfer full) */
static char *
get_text (GtkWidget *field)
{
  return g_strstrip (plug_text_field_get_text (PLUG_TEXT_FIELD (field)));
}

static void
check (PlugAltPage *self)
{
  g_autofree char *alt = get_text (self->alt);
  g_autofree char *description = get_text (self->description);
  g_autofree char *caption = get_text (self->caption);
  g_autofree char *name = plug_host_get_image_name (plug_window_get_image (self->window));
  guint issues = ivl_alt_text_check (alt, get_role (self), description, caption, name);

  /* While a text is being written it is not complete */
  if (self->answering != NULL)
    issues = 0;
  plug_alt_checks_show (PLUG_ALT_CHECKS (self->checks), ivl_alt_text_count (alt), issues);
  gtk_widget_set_sensitive (self->copy, *alt != '\0');
}

static void
show_state (PlugAltPage *self)
{
  gboolean idle = plug_talk_get_state (self->talk) == PLUG_TALK_IDLE;
  gboolean is_decorative = get_role (self) == IVL_ALT_ROLE_DECORATIVE;

  gtk_widget_set_sensitive (self->suggest_alt, idle);
  gtk_widget_set_sensitive (self->suggest_description, idle && !is_decorative);
  gtk_widget_set_sensitive (self->write, idle);
}

static void
on_role_changed (PlugAltPage *self)
{
  gtk_label_set_text (GTK_LABEL (self->role_sentence), _(roles[get_role (self)].sentence));
  show_state (self);
  check (self);
}

/* -------------------------------------------------------------------------------- the image */

/* A field takes what the image carries, unless somebody has written into it, or an answer does so
 * at present */
static void
fill_field (PlugAltPage *self,
            GtkWidget   *field,
            const char  *text)
{
  if (GTK_WIDGET (self->answering) != field &&
      !plug_text_field_is_edited (PLUG_TEXT_FIELD (field)))
    plug_text_field_fill (PLUG_TEXT_FIELD (field), text);
}

/* Reads the image's texts again: scripts and GIMP's own metadata editor write them as well. */
static void
fill (PlugAltPage *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = NULL;

  if (!plug_window_is_image_open (self->window))
    return;
  texts = plug_host_get_texts (plug_window_get_image (self->window), &error);
  if (texts == NULL)
    {
      plug_status_show_error (self->status, error, NULL, NULL);
      return;
    }
  self->filled = TRUE;
  fill_field (self, self->alt, ivl_metadata_get_alt_text (texts));
  fill_field (self, self->description, ivl_metadata_get_long_description (texts));
  fill_field (self, self->caption, ivl_metadata_get_caption (texts));
  g_free (self->language);
  self->language = g_strdup (ivl_metadata_get_language (texts));
  check (self);
}

static void
on_window_active (PlugAltPage *self)
{
  if (gtk_window_is_active (GTK_WINDOW (self->window)) && gtk_widget_get_mapped (GTK_WIDGET (self)))
    fill (self);
}

/* The text of a field without white space around it. NULL: the field is empty because what the
 * image carries could not be read (transfer full) */
static char *
get_settled (PlugAltPage *self,
             GtkWidget   *field)
{
  char *text = g_strstrip (plug_text_field_get_settled_text (PLUG_TEXT_FIELD (field)));

  if (*text == '\0' && !self->filled)
    g_clear_pointer (&text, g_free);
  return text;
}

IvlMetadata *
plug_page_alt_get_texts (GtkWidget *page)
{
  PlugAltPage *self = PLUG_ALT_PAGE (page);
  IvlMetadata *texts = ivl_metadata_new ();
  g_autofree char *alt = NULL;
  g_autofree char *description = NULL;
  g_autofree char *caption = NULL;

  fill (self);
  alt = get_settled (self, self->alt);
  description = get_settled (self, self->description);
  caption = get_settled (self, self->caption);
  ivl_metadata_set_alt_text (texts, alt);
  ivl_metadata_set_long_description (texts, description);
  ivl_metadata_set_caption (texts, caption);
  ivl_metadata_set_language (texts, self->language);
  return texts;
}

/* What a person or a suggestion has made of the field. NULL: nothing, so that the image's own stays
 * (transfer full) */
static char *
get_change (GtkWidget *field)
{
  return plug_text_field_is_edited (PLUG_TEXT_FIELD (field))
             ? g_strstrip (plug_text_field_get_text (PLUG_TEXT_FIELD (field)))
             : NULL;
}

static void
write_to_image (PlugAltPage *self)
{
  g_autofree char *alt = get_change (self->alt);
  g_autofree char *description = get_change (self->description);
  g_autofree char *caption = get_change (self->caption);
  g_autoptr (IvlMetadata) texts = ivl_metadata_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) have =
    plug_host_get_texts (plug_window_get_image (self->window), &error);

  ivl_metadata_set_alt_text (texts, alt);
  ivl_metadata_set_long_description (texts, description);
  ivl_metadata_set_caption (texts, caption);
  ivl_metadata_set_language (texts, self->language);
  if (have != NULL && !plug_texts_differ (have, texts))
    {
      plug_status_say (self->status, _("There is nothing to write: these are the texts that the "
                                       "image carries."));
      return;
    }
  if (have == NULL || !plug_host_set_texts (plug_window_get_image (self->window), texts, &error))
    {
      plug_status_show_error (self->status, error, G_CALLBACK (write_to_image), self);
      return;
    }
  plug_text_field_keep (PLUG_TEXT_FIELD (self->alt));
  plug_text_field_keep (PLUG_TEXT_FIELD (self->description));
  plug_text_field_keep (PLUG_TEXT_FIELD (self->caption));
  plug_status_say (self->status, _("Written to the image. Ctrl+Z in its window takes it back."));
}

static void
copy (PlugAltPage *self)
{
  g_autofree char *text = get_text (self->alt);

  plug_form_copy (self->copy, text);
  plug_status_say (self->status, _("The alternative text was copied."));
}

static void
export (PlugAltPage *self)
{
  plug_window_show_page (self->window, PLUG_PAGE_EXPORT);
}

/* ------------------------------------------------------------------------------ suggestions */

/* The words of a message, pictures left out (transfer full) */
static char *
join_words (IvlMessage *message)
{
  g_autoptr (GString) words = g_string_new (NULL);

  for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
    if (ivl_message_get_part_kind (message, i) != IVL_PART_IMAGE)
      g_string_append (words, ivl_message_get_part_text (message, i));
  return g_string_free (g_steal_pointer (&words), FALSE);
}

static void
ask (PlugAltPage   *self,
     PlugTextField *field,
     const char    *task_name,
     const char    *variant)
{
  const char *language = plug_settings_get_answer_language (plug_settings_get ());
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTask) task = ivl_task_load (task_name, &error);
  g_autoptr (IvlMessage) message = NULL;
  g_autofree char *context = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (self->purpose))));
  g_autofree char *prompt = NULL;

  if (task != NULL)
    message = ivl_task_create_variant (task, NULL, variant, context, language, &error);
  if (message == NULL)
    {
      plug_status_show_error (self->status, error, NULL, NULL);
      return;
    }
  prompt = join_words (message);
  self->answering = field;
  plug_text_field_begin (field);
  check (self);
  plug_talk_send (self->talk, task, prompt, NULL);
}

static void
suggest_alt (PlugAltPage *self)
{
  if (plug_talk_get_state (self->talk) != PLUG_TALK_IDLE)
    return;
  if (get_role (self) == IVL_ALT_ROLE_DECORATIVE)
    {
      plug_text_field_set_text (PLUG_TEXT_FIELD (self->alt), "");
      plug_status_say (self->status, _("A decorative picture has an empty text: screen readers "
                                       "pass over it."));
      return;
    }
  ask (self, PLUG_TEXT_FIELD (self->alt), "alt", ivl_alt_text_get_role_name (get_role (self)));
}

static void
suggest_description (PlugAltPage *self)
{
  if (plug_talk_get_state (self->talk) == PLUG_TALK_IDLE)
    ask (self, PLUG_TEXT_FIELD (self->description), "detail", "accessible");
}

static void
on_piece (PlugTalk    *talk,
          const char  *piece,
          PlugAltPage *self)
{
  if (self->answering != NULL)
    plug_text_field_append (self->answering, piece);
}

/* text: NULL for none. TRUE: it took the place of another one */
static gboolean
end_answer (PlugAltPage *self,
            const char  *text)
{
  PlugTextField *field = g_steal_pointer (&self->answering);
  g_autofree char *words = NULL;
  gboolean had_text;

  if (field == NULL)
    return FALSE;
  had_text = plug_text_field_has_kept (field);
  words = text != NULL ? g_strstrip (g_strdup (text)) : NULL;
  /* It is read out in one go */
  if (words != NULL && GTK_WIDGET (field) == self->alt)
    g_strdelimit (words, "\r\n\t", ' ');
  plug_text_field_end (field, words != NULL && *words != '\0' ? words : NULL);
  check (self);
  return had_text && words != NULL && *words != '\0';
}

static void
on_answered (PlugTalk    *talk,
             IvlReply    *reply,
             gboolean     stopped,
             PlugAltPage *self)
{
  if (end_answer (self, reply != NULL ? ivl_reply_get_text (reply) : NULL))
    plug_status_say (self->status, _("This is a suggestion. Ctrl+Z in the field brings your text "
                                     "back."));
  else if (!stopped && reply != NULL)
    plug_status_say (self->status, _("This is a suggestion: read it and correct it."));
}

static void
on_failed (PlugTalk     *talk,
           const GError *error,
           const char   *partial,
           PlugAltPage  *self)
{
  end_answer (self, NULL);
}

/* ---------------------------------------------------------------------------------- the page */

static GtkWidget *
create_role (PlugAltPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->role = gtk_combo_box_text_new ();
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    gtk_combo_box_text_append_text (GTK_COMBO_BOX_TEXT (self->role), _(roles[i].title));
  self->role_sentence = plug_form_new_sentence (NULL, TRUE);
  gtk_box_pack_start (GTK_BOX (column), plug_form_new_line (_("Ro_le:"), self->role), FALSE, FALSE,
                      0);
  gtk_box_pack_start (GTK_BOX (column), self->role_sentence, FALSE, FALSE, 0);
  return column;
}

static GtkWidget *
create_field (PlugAltPage *self,
              const char  *label,
              guint        n_lines)
{
  GtkWidget *field = plug_text_field_new (label, n_lines);

  g_signal_connect_object (field, "changed", G_CALLBACK (check), self, G_CONNECT_SWAPPED);
  return field;
}

static void
create_fields (PlugAltPage *self)
{
  self->alt = create_field (self, _("Alternati_ve text"), 2);
  self->suggest_alt = plug_form_new_button (
    _("Sugg_est"), _("Have the model write an alternative text for this role"),
    G_CALLBACK (suggest_alt), self);
  plug_form_set_name (self->suggest_alt, _("Suggest an alternative text"));
  plug_text_field_add_tool (PLUG_TEXT_FIELD (self->alt),
                            plug_alt_checks_get_counter (PLUG_ALT_CHECKS (self->checks)));
  plug_text_field_add_tool (PLUG_TEXT_FIELD (self->alt), self->suggest_alt);

  self->description = create_field (self, _("Long descr_iption"), 2);
  self->suggest_description = plug_form_new_button (
    _("Suggest _Description"), _("Have the model describe a chart, a map or a scene at length"),
    G_CALLBACK (suggest_description), self);
  plug_text_field_add_tool (PLUG_TEXT_FIELD (self->description), self->suggest_description);

  self->caption = create_field (self, _("_Caption"), 1);
  gtk_widget_set_tooltip_text (plug_text_field_get_view (PLUG_TEXT_FIELD (self->caption)),
                               _("Stands beside the picture for everyone to read. It is never "
                                 "filled from the alternative text."));
}

static void
create_buttons (PlugAltPage *self,
                GtkWidget   *line)
{
  GtkWidget *image_buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *export_button = plug_form_new_button (
    _("Export _With…"), _("Export to a file that really carries the texts"), G_CALLBACK (export),
    self);

  self->write = plug_form_new_button (
    _("Write to I_mage"), _("Put the three texts into the image’s metadata, in one step that can "
                            "be undone"),
    G_CALLBACK (write_to_image), self);
  self->copy = plug_form_new_button (_("Cop_y"), _("Copy the alternative text"), G_CALLBACK (copy),
                                     self);
  gtk_box_pack_start (GTK_BOX (image_buttons), self->write, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (image_buttons), export_button, FALSE, FALSE, 0);
  plug_window_need_image (self->window, image_buttons);
  gtk_box_pack_start (GTK_BOX (line), image_buttons, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (line), self->copy, FALSE, FALSE, 0);
}

static void
plug_alt_page_finalize (GObject *object)
{
  PlugAltPage *self = PLUG_ALT_PAGE (object);

  g_free (self->language);
  G_OBJECT_CLASS (plug_alt_page_parent_class)->finalize (object);
}

static void
plug_alt_page_class_init (PlugAltPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_alt_page_finalize;
}

static void
plug_alt_page_init (PlugAltPage *self)
{
}

static void
build (PlugAltPage *self)
{
  GtkWidget *column, *buttons, *field;

  plug_form_fill_page (GTK_BOX (self), &column, &buttons);
  create_buttons (self, buttons);
  self->checks = plug_alt_checks_new ();
  create_fields (self);
  self->purpose = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->purpose),
                                  _("Where it stands, what for, who is to be seen"));
  gtk_widget_set_tooltip_text (self->purpose,
                               _("The model sees pixels only: tell it what the picture is used "
                                 "for, and names that it cannot know."));
  g_signal_connect_object (self->purpose, "activate", G_CALLBACK (suggest_alt), self,
                           G_CONNECT_SWAPPED);
  field = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_pack_start (GTK_BOX (field), self->alt, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (field), self->checks, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), create_role (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), plug_form_new_line (_("P_urpose:"), self->purpose), FALSE,
                      FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), field, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->description, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->caption, FALSE, FALSE, 0);
}

GtkWidget *
plug_page_alt_new (PlugWindow *window,
                   PlugStatus *status)
{
  PlugAltPage *self = g_object_new (PLUG_TYPE_ALT_PAGE, NULL);

  self->window = window;
  self->status = status;
  self->talk = plug_status_add_talk (status);
  build (self);
  g_signal_connect_object (self->role, "changed", G_CALLBACK (on_role_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->talk, "state-changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->talk, "piece", G_CALLBACK (on_piece), self, 0);
  g_signal_connect_object (self->talk, "answered", G_CALLBACK (on_answered), self, 0);
  g_signal_connect_object (self->talk, "failed", G_CALLBACK (on_failed), self, 0);
  g_signal_connect (self, "map", G_CALLBACK (fill), NULL);
  g_signal_connect_object (window, "notify::is-active", G_CALLBACK (on_window_active), self,
                           G_CONNECT_SWAPPED);
  gtk_combo_box_set_active (GTK_COMBO_BOX (self->role), IVL_ALT_ROLE_INFORMATIVE);
  return GTK_WIDGET (self);
}

void
plug_page_alt_start (GtkWidget        *page,
                     const PlugAction *action)
{
  PlugAltPage *self = PLUG_ALT_PAGE (page);

  fill (self);
  gtk_widget_grab_focus (plug_text_field_get_view (PLUG_TEXT_FIELD (self->alt)));
  if (action->starts)
    suggest_alt (self);
}
