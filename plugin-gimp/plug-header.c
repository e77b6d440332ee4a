/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Thumbnail, choice of the source, its name and size, and the place where the model runs. */
#include "plug-header.h"

#include "plug-form.h"
#include "plug-preferences.h"

#include <glib/gi18n.h>

/* Pixels of the screen, before its scale: large enough to tell pictures apart, small beside the
 * pages */
#define THUMBNAIL_WIDTH 112
#define THUMBNAIL_HEIGHT 84

/* No id of a layer */
#define NOT_READ G_MININT

enum
{
  COLUMN_TITLE,
  COLUMN_SENSITIVE,
  N_COLUMNS,
};

struct _PlugHeader
{
  GtkBox parent_instance;

  PlugSource   *source; /* (owned) */
  GCancellable *cancellable;
  int           layer; /* that was active when GIMP was asked last; -1: none; NOT_READ */
  GtkListStore *kinds;
  GtkWidget    *kind_combo;
  GtkWidget    *read_button;
  GtkWidget    *thumbnail;
  GtkWidget    *description;
  GtkWidget    *place_icon;
  GtkWidget    *place_label;
  GtkWidget    *remote_bar;
  GtkWidget    *remote_label;
};

G_DEFINE_FINAL_TYPE (PlugHeader, plug_header, GTK_TYPE_BOX)

static void
show_thumbnail (PlugHeader *self)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  g_autoptr (GdkPixbuf) pixels
      = plug_source_get_thumbnail (self->source, THUMBNAIL_WIDTH * scale, THUMBNAIL_HEIGHT * scale);
  if (!pixels)
    {
      gtk_image_set_from_icon_name (GTK_IMAGE (self->thumbnail), "image-missing-symbolic",
                                    GTK_ICON_SIZE_DIALOG);
      return;
    }
  cairo_surface_t *surface = gdk_cairo_surface_create_from_pixbuf (
      pixels, scale, gtk_widget_get_window (GTK_WIDGET (self)));
  gtk_image_set_from_surface (GTK_IMAGE (self->thumbnail), surface);
  cairo_surface_destroy (surface);
}

static void
show_picture (PlugHeader *self, const GError *error)
{
  g_autofree char *description =
      error ? g_strdup (error->message) : plug_source_describe (self->source);
  gtk_label_set_text (GTK_LABEL (self->description),
                      description ? description : _ ("Not read yet"));
  gtk_widget_set_tooltip_text (self->description, description);
  show_thumbnail (self);
  /* Translators: %s is "Layer “Background”, 640 × 480" */
  g_autofree char *name =
      g_strdup_printf (_ ("What is looked at: %s"), description ? description : "");
  plug_form_set_name (self->thumbnail, name);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PlugHeader) self = user_data;
  g_autoptr (GError) error = NULL;
  plug_source_read_finish (PLUG_SOURCE (source), result, &error);
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  gtk_widget_set_sensitive (self->read_button, TRUE);
  show_picture (self, error);
}

void
plug_header_read (PlugHeader *self)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  self->layer = plug_host_get_layer (plug_source_get_image_id (self->source));
  gtk_widget_set_sensitive (self->read_button, FALSE);
  plug_source_read_async (self->source, self->cancellable, on_read, g_object_ref (self));
}

static void
follow_layer (PlugHeader *self, int image)
{
  int layer = plug_host_get_layer (image);
  /* The first time is the window's, when it is seen */
  if (self->layer == NOT_READ || layer == self->layer)
    return;
  self->layer = layer;
  if (plug_source_get_kind (self->source) == PLUG_SOURCE_LAYER)
    plug_header_read (self);
}

void
plug_header_follow (PlugHeader *self)
{
  GtkTreeIter row;
  follow_layer (self, plug_source_get_image_id (self->source));
  if (gtk_tree_model_iter_nth_child (GTK_TREE_MODEL (self->kinds), &row, NULL,
                                     PLUG_SOURCE_SELECTION))
    gtk_list_store_set (self->kinds, &row, COLUMN_SENSITIVE,
                        plug_host_has_selection (plug_source_get_image_id (self->source)), -1);
}

void
plug_header_set_place (PlugHeader *self, const char *place, gboolean remote)
{
  gtk_label_set_text (GTK_LABEL (self->place_label), place);
  gtk_label_set_text (GTK_LABEL (self->remote_label), place);
  gtk_widget_set_visible (gtk_widget_get_parent (self->place_label), !remote);
  gtk_widget_set_visible (self->remote_bar, remote);
}

void
plug_header_set_closed (PlugHeader *self)
{
  g_cancellable_cancel (self->cancellable);
  gtk_widget_set_sensitive (self->kind_combo, FALSE);
  gtk_widget_set_sensitive (self->read_button, FALSE);
  gtk_widget_set_sensitive (self->thumbnail, FALSE);
  gtk_label_set_text (GTK_LABEL (self->description),
                      _ ("The image was closed. What was said here can still be copied."));
}

static void
on_kind_chosen (GtkComboBox *combo, PlugHeader *self)
{
  int kind = gtk_combo_box_get_active (combo);
  if (kind < 0 || kind == (int)plug_source_get_kind (self->source))
    return;
  plug_source_set_kind (self->source, kind);
  plug_header_read (self);
}

static void
on_kind_changed (PlugHeader *self)
{
  gtk_combo_box_set_active (GTK_COMBO_BOX (self->kind_combo), plug_source_get_kind (self->source));
}

static void
on_source_changed (PlugHeader *self)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    show_picture (self, NULL);
}

static void
show_preferences (PlugHeader *self)
{
  plug_preferences_show (GTK_WINDOW (gtk_widget_get_toplevel (GTK_WIDGET (self))));
}

static GtkWidget *
create_icon_button (const char *icon, const char *title)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon, GTK_ICON_SIZE_BUTTON);
  gtk_widget_set_tooltip_text (button, title);
  gtk_widget_set_valign (button, GTK_ALIGN_START);
  plug_form_set_name (button, title);
  return button;
}

static GtkWidget *
create_sentence (void)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_lines (GTK_LABEL (label), 2);
  gtk_label_set_line_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_line_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (GTK_LABEL (label), 20);
  return label;
}

static GtkWidget *
create_kind_combo (PlugHeader *self)
{
  static const char *const titles[] = { N_ ("Active layer"), N_ ("Visible image"),
                                        N_ ("Selection") };
  self->kinds = gtk_list_store_new (N_COLUMNS, G_TYPE_STRING, G_TYPE_BOOLEAN);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    gtk_list_store_insert_with_values (self->kinds, NULL, -1, COLUMN_TITLE, _ (titles[i]),
                                       COLUMN_SENSITIVE, TRUE, -1);
  self->kind_combo = gtk_combo_box_new_with_model (GTK_TREE_MODEL (self->kinds));
  GtkCellRenderer *cell = gtk_cell_renderer_text_new ();
  gtk_cell_layout_pack_start (GTK_CELL_LAYOUT (self->kind_combo), cell, TRUE);
  gtk_cell_layout_set_attributes (GTK_CELL_LAYOUT (self->kind_combo), cell, "text", COLUMN_TITLE,
                                  "sensitive", COLUMN_SENSITIVE, NULL);
  gtk_combo_box_set_active (GTK_COMBO_BOX (self->kind_combo), plug_source_get_kind (self->source));
  gtk_widget_set_tooltip_text (self->kind_combo, _ ("What the model looks at"));
  plug_form_set_name (self->kind_combo, _ ("What the model looks at"));
  g_signal_connect (self->kind_combo, "changed", G_CALLBACK (on_kind_chosen), self);
  return self->kind_combo;
}

static GtkWidget *
create_middle (PlugHeader *self)
{
  GtkWidget *choice = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (GTK_BOX (choice), create_kind_combo (self), FALSE, FALSE, 0);
  self->read_button = create_icon_button ("view-refresh-symbolic", _ ("Read the picture again"));
  g_signal_connect_swapped (self->read_button, "clicked", G_CALLBACK (plug_header_read), self);
  gtk_box_pack_start (GTK_BOX (choice), self->read_button, FALSE, FALSE, 0);

  self->description = create_sentence ();
  gtk_label_set_selectable (GTK_LABEL (self->description), FALSE);

  GtkWidget *place = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->place_icon = gtk_image_new_from_icon_name ("computer-symbolic", GTK_ICON_SIZE_MENU);
  self->place_label = create_sentence ();
  gtk_label_set_ellipsize (GTK_LABEL (self->place_label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_box_pack_start (GTK_BOX (place), self->place_icon, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (place), self->place_label, TRUE, TRUE, 0);
  gtk_widget_show_all (place);
  gtk_widget_set_no_show_all (place, TRUE);

  GtkWidget *middle = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_pack_start (GTK_BOX (middle), choice, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (middle), self->description, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (middle), place, FALSE, FALSE, 0);
  return middle;
}

/* Looks as themes let a warning look: nobody should have to read to see that pictures leave this
 * computer */
static GtkWidget *
create_remote_bar (PlugHeader *self)
{
  self->remote_bar = gtk_info_bar_new ();
  gtk_info_bar_set_message_type (GTK_INFO_BAR (self->remote_bar), GTK_MESSAGE_WARNING);
  GtkWidget *area = gtk_info_bar_get_content_area (GTK_INFO_BAR (self->remote_bar));
  GtkWidget *icon = gtk_image_new_from_icon_name ("network-transmit-symbolic", GTK_ICON_SIZE_MENU);
  self->remote_label = create_sentence ();
  PangoAttrList *bold = pango_attr_list_new ();
  pango_attr_list_insert (bold, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  gtk_label_set_attributes (GTK_LABEL (self->remote_label), bold);
  pango_attr_list_unref (bold);
  GtkWidget *note = create_sentence ();
  gtk_label_set_text (GTK_LABEL (note), _ ("Pictures leave this computer."));
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_box_pack_start (GTK_BOX (column), self->remote_label, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), note, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (area), icon, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (area), column, TRUE, TRUE, 0);
  gtk_widget_show_all (area);
  gtk_widget_set_no_show_all (self->remote_bar, TRUE);
  return self->remote_bar;
}

static void
build (PlugHeader *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  self->thumbnail = gtk_image_new_from_icon_name ("image-loading-symbolic", GTK_ICON_SIZE_DIALOG);
  gtk_widget_set_size_request (self->thumbnail, THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT);
  GtkWidget *frame = gtk_frame_new (NULL);
  gtk_widget_set_valign (frame, GTK_ALIGN_START);
  gtk_container_add (GTK_CONTAINER (frame), self->thumbnail);

  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gtk_container_set_border_width (GTK_CONTAINER (row), 12);
  gtk_box_pack_start (GTK_BOX (row), frame, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (row), create_middle (self), TRUE, TRUE, 0);
  GtkWidget *preferences = create_icon_button ("preferences-system-symbolic", _ ("Preferences"));
  g_signal_connect_swapped (preferences, "clicked", G_CALLBACK (show_preferences), self);
  GtkWidget *help = create_icon_button ("help-browser-symbolic", _ ("Help"));
  g_signal_connect (help, "clicked", G_CALLBACK (plug_host_show_help), NULL);
  GtkWidget *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (GTK_BOX (buttons), preferences, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (buttons), help, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (row), buttons, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), row, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), create_remote_bar (self), FALSE, FALSE, 0);
}

GtkWidget *
plug_header_new (PlugSource *source)
{
  PlugHeader *self = g_object_new (PLUG_TYPE_HEADER, NULL);
  self->source = g_object_ref (source);
  build (self);
  g_signal_connect_object (source, "notify::kind", G_CALLBACK (on_kind_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (source, "changed", G_CALLBACK (on_source_changed), self,
                           G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

static void
plug_header_dispose (GObject *object)
{
  PlugHeader *self = PLUG_HEADER (object);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->kinds);
  G_OBJECT_CLASS (plug_header_parent_class)->dispose (object);
}

static void
plug_header_finalize (GObject *object)
{
  PlugHeader *self = PLUG_HEADER (object);
  g_clear_object (&self->source);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (plug_header_parent_class)->finalize (object);
}

static void
plug_header_class_init (PlugHeaderClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = plug_header_dispose;
  G_OBJECT_CLASS (klass)->finalize = plug_header_finalize;
}

static void
plug_header_init (PlugHeader *self)
{
  self->cancellable = g_cancellable_new ();
  self->layer = NOT_READ;
}
