/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A field of plain text with undo. GTK 3 has none for text; here every change by a person or an
 * answer keeps the text that was there before it, and typing that goes on is one change. */
#include "plug-text-field.h"

#include <glib/gi18n.h>

/* Changes that can be undone */
#define MAX_UNDO 200
/* Typing without a pause of this length is undone in one go */
#define TYPING_PAUSE_US (G_USEC_PER_SEC * 3 / 2)

struct _PlugTextField
{
  GtkBox parent_instance;

  GtkWidget     *label;
  GtkWidget     *tools;
  GtkWidget     *undo_button;
  GtkWidget     *scrolled;
  GtkWidget     *view;
  GtkTextBuffer *buffer; /* of the view */
  guint          n_lines;

  GPtrArray *undo;      /* texts that were there, the latest last */
  GPtrArray *redo;      /* texts that were undone, the latest last */
  char      *filled;    /* what was there before a person came */
  char      *kept;      /* (nullable) the text that an answer takes the place of */
  gboolean   answering;
  gboolean   has_piece;
  gint64     last_typed;
};

G_DEFINE_FINAL_TYPE (PlugTextField, plug_text_field, GTK_TYPE_BOX)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

char *
plug_text_field_get_text (PlugTextField *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  return gtk_text_buffer_get_text (self->buffer, &start, &end, FALSE);
}

char *
plug_text_field_get_settled_text (PlugTextField *self)
{
  return self->kept != NULL ? g_strdup (self->kept) : plug_text_field_get_text (self);
}

static void
show_undo (PlugTextField *self)
{
  gtk_widget_set_sensitive (self->undo_button, self->undo->len > 0 && !self->answering);
}

static void
keep_for_undo (PlugTextField *self,
               char          *text)
{
  if (self->undo->len == MAX_UNDO)
    g_ptr_array_remove_index (self->undo, 0);
  g_ptr_array_add (self->undo, text);
  g_ptr_array_set_size (self->redo, 0);
  show_undo (self);
}

/* Puts a text there without a person's doing; the signal of the buffer follows. */
static void
put (PlugTextField *self,
     const char    *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  gtk_text_buffer_set_text (self->buffer, valid, -1);
  self->last_typed = 0;
}

void
plug_text_field_set_text (PlugTextField *self,
                          const char    *text)
{
  char *before = plug_text_field_get_text (self);

  if (g_str_equal (before, text))
    {
      g_free (before);
      return;
    }
  keep_for_undo (self, before);
  put (self, text);
}

void
plug_text_field_fill (PlugTextField *self,
                      const char    *text)
{
  g_autofree char *before = plug_text_field_get_text (self);

  if (g_strcmp0 (before, text != NULL ? text : "") != 0)
    {
      if (*before != '\0')
        keep_for_undo (self, g_steal_pointer (&before));
      put (self, text != NULL ? text : "");
    }
  plug_text_field_keep (self);
}

void
plug_text_field_keep (PlugTextField *self)
{
  g_free (self->filled);
  self->filled = plug_text_field_get_settled_text (self);
}

gboolean
plug_text_field_is_edited (PlugTextField *self)
{
  g_autofree char *text = plug_text_field_get_text (self);

  return g_strcmp0 (text, self->filled) != 0;
}

static void
step (PlugTextField *self,
      GPtrArray     *from,
      GPtrArray     *to)
{
  g_autofree char *text = NULL;

  if (self->answering || from->len == 0)
    return;
  text = g_ptr_array_steal_index (from, from->len - 1);
  g_ptr_array_add (to, plug_text_field_get_text (self));
  put (self, text);
  show_undo (self);
}

static void
undo (PlugTextField *self)
{
  step (self, self->undo, self->redo);
}

void
plug_text_field_begin (PlugTextField *self)
{
  if (self->answering)
    return;
  self->kept = plug_text_field_get_text (self);
  self->answering = TRUE;
  self->has_piece = FALSE;
  gtk_text_view_set_editable (GTK_TEXT_VIEW (self->view), FALSE);
  show_undo (self);
}

void
plug_text_field_append (PlugTextField *self,
                        const char    *piece)
{
  GtkTextIter end;

  if (!self->answering)
    return;
  if (!self->has_piece)
    put (self, "");
  self->has_piece = TRUE;
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_insert (self->buffer, &end, piece, -1);
  gtk_text_view_scroll_mark_onscreen (GTK_TEXT_VIEW (self->view),
                                      gtk_text_buffer_get_insert (self->buffer));
}

gboolean
plug_text_field_has_kept (PlugTextField *self)
{
  return self->kept != NULL && *self->kept != '\0';
}

void
plug_text_field_end (PlugTextField *self,
                     const char    *text)
{
  g_autofree char *kept = g_steal_pointer (&self->kept);

  if (!self->answering)
    return;
  self->answering = FALSE;
  gtk_text_view_set_editable (GTK_TEXT_VIEW (self->view), TRUE);
  if (text == NULL || g_str_equal (text, kept))
    put (self, kept);
  else
    {
      put (self, text);
      keep_for_undo (self, g_steal_pointer (&kept));
    }
  show_undo (self);
}

/* A change by the person begins: what is there can be brought back */
static void
on_begin_user_action (GtkTextBuffer *buffer,
                      PlugTextField *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->last_typed == 0 || now - self->last_typed > TYPING_PAUSE_US)
    keep_for_undo (self, plug_text_field_get_text (self));
  self->last_typed = now;
}

static void
on_changed (PlugTextField *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static gboolean
on_key (PlugTextField *self,
        GdkEventKey   *event)
{
  GdkModifierType modifiers = event->state & gtk_accelerator_get_default_mod_mask ();
  guint key = gdk_keyval_to_lower (event->keyval);

  if (key == GDK_KEY_z && modifiers == GDK_CONTROL_MASK)
    undo (self);
  else if ((key == GDK_KEY_z && modifiers == (GDK_CONTROL_MASK | GDK_SHIFT_MASK)) ||
           (key == GDK_KEY_y && modifiers == GDK_CONTROL_MASK))
    step (self, self->redo, self->undo);
  else
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

/* The lines have the height that the theme's font gives them */
static void
set_height (PlugTextField *self)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (self->view, "X");
  int height;

  pango_layout_get_pixel_size (layout, NULL, &height);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (self->scrolled),
                                              height * (int) self->n_lines + 12);
}

static void
plug_text_field_finalize (GObject *object)
{
  PlugTextField *self = PLUG_TEXT_FIELD (object);

  g_ptr_array_unref (self->undo);
  g_ptr_array_unref (self->redo);
  g_free (self->filled);
  g_free (self->kept);
  G_OBJECT_CLASS (plug_text_field_parent_class)->finalize (object);
}

static void
plug_text_field_class_init (PlugTextFieldClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_text_field_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
plug_text_field_init (PlugTextField *self)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
  self->undo = g_ptr_array_new_with_free_func (g_free);
  self->redo = g_ptr_array_new_with_free_func (g_free);
  self->filled = g_strdup ("");
  self->label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (self->label), 0);
  self->tools = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->undo_button = gtk_button_new_from_icon_name ("edit-undo-symbolic", GTK_ICON_SIZE_BUTTON);
  gtk_widget_set_tooltip_text (self->undo_button, _("Undo the last change of this text (Ctrl+Z)"));
  gtk_widget_set_sensitive (self->undo_button, FALSE);
  g_signal_connect_object (self->undo_button, "clicked", G_CALLBACK (undo), self,
                           G_CONNECT_SWAPPED);

  self->view = gtk_text_view_new ();
  self->buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->view));
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (self->view), GTK_WRAP_WORD_CHAR);
  /* Tab leads to the next control */
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (self->view), FALSE);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (self->view), 6);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (self->view), 6);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (self->view), 6);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (self->view), 6);
  gtk_label_set_mnemonic_widget (GTK_LABEL (self->label), self->view);
  g_signal_connect_object (self->buffer, "begin-user-action", G_CALLBACK (on_begin_user_action),
                           self, 0);
  g_signal_connect_object (self->buffer, "changed", G_CALLBACK (on_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "key-press-event", G_CALLBACK (on_key), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->view, "style-updated", G_CALLBACK (set_height), self,
                           G_CONNECT_SWAPPED);

  self->scrolled = gtk_scrolled_window_new (NULL, NULL);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (self->scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type (GTK_SCROLLED_WINDOW (self->scrolled), GTK_SHADOW_IN);
  gtk_container_add (GTK_CONTAINER (self->scrolled), self->view);

  gtk_box_pack_start (GTK_BOX (line), self->label, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (line), self->tools, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (line), self->undo_button, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), line, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), self->scrolled, TRUE, TRUE, 0);
}

GtkWidget *
plug_text_field_new (const char *label,
                     guint       n_lines)
{
  PlugTextField *self = g_object_new (PLUG_TYPE_TEXT_FIELD, NULL);
  g_autofree char *undo_name = NULL;
  const char *name;

  self->n_lines = n_lines;
  gtk_label_set_text_with_mnemonic (GTK_LABEL (self->label), label);
  name = gtk_label_get_text (GTK_LABEL (self->label));
  atk_object_set_name (gtk_widget_get_accessible (self->view), name);
  /* Translators: %s is the name of a field for text */
  undo_name = g_strdup_printf (_("Undo: %s"), name);
  atk_object_set_name (gtk_widget_get_accessible (self->undo_button), undo_name);
  set_height (self);
  return GTK_WIDGET (self);
}

void
plug_text_field_add_tool (PlugTextField *self,
                          GtkWidget     *tool)
{
  gtk_box_pack_start (GTK_BOX (self->tools), tool, FALSE, FALSE, 0);
}

GtkWidget *
plug_text_field_get_view (PlugTextField *self)
{
  return self->view;
}
