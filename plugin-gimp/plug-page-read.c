/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page for the text that stands in the picture: read it, correct it, copy it, or put it on text
 * layers. */
#include "plug-page.h"

#include "plug-form.h"
#include "plug-text-field.h"

#include <glib/gi18n.h>

#define PLUG_TYPE_READ_PAGE (plug_read_page_get_type ())
G_DECLARE_FINAL_TYPE (PlugReadPage, plug_read_page, PLUG, READ_PAGE, GtkBox)

struct _PlugReadPage
{
  GtkBox parent_instance;

  PlugWindow *window; /* has this page in it */
  PlugStatus *status; /* has this page in it */
  PlugTalk   *talk;   /* the window's */
  GPtrArray  *boxes;  /* of PlugBox: where the answer says that text stands; may be empty */
  PlugState   state;  /* of the image in which it stands there */
  gboolean    answering;

  GCancellable *comparing; /* (owned) (nullable): the image is not being compared */

  GtkWidget *read;
  GtkWidget *text;
  GtkWidget *note;
  GtkWidget *copy;
  GtkWidget *layer;
  GtkWidget *box_layers;
};

G_DEFINE_FINAL_TYPE (PlugReadPage, plug_read_page, GTK_TYPE_BOX)

/* White space and signs without a picture of their own say nothing */
static gboolean
says_something (const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar sign = g_utf8_get_char (text);

      if (g_unichar_isgraph (sign) && !g_unichar_iszerowidth (sign))
        return TRUE;
    }
  return FALSE;
}

static char *
get_text (PlugReadPage *self)
{
  return g_strstrip (plug_text_field_get_text (PLUG_TEXT_FIELD (self->text)));
}

static void
show_state (PlugReadPage *self)
{
  g_autofree char *text = get_text (self);
  gboolean has_text = says_something (text) && !self->answering;

  gtk_widget_set_sensitive (self->read, plug_talk_get_state (self->talk) == PLUG_TALK_IDLE);
  gtk_widget_set_sensitive (self->copy, has_text);
  gtk_widget_set_sensitive (self->layer, has_text);
  gtk_widget_set_sensitive (self->box_layers, self->boxes->len > 0 && has_text &&
                                                self->comparing == NULL);
  gtk_widget_set_visible (self->box_layers, self->boxes->len > 0);
}

static void
set_note (PlugReadPage *self,
          const char   *sentence)
{
  gtk_label_set_text (GTK_LABEL (self->note), sentence);
  gtk_widget_set_visible (self->note, sentence != NULL);
}

static void
read_text (PlugReadPage *self)
{
  if (plug_talk_get_state (self->talk) != PLUG_TALK_IDLE)
    return;
  self->answering = TRUE;
  if (self->comparing != NULL)
    g_cancellable_cancel (self->comparing);
  g_ptr_array_set_size (self->boxes, 0);
  set_note (self, NULL);
  plug_text_field_begin (PLUG_TEXT_FIELD (self->text));
  plug_talk_ask (self->talk, "ocr", NULL, FALSE);
  show_state (self);
}

static void
copy (PlugReadPage *self)
{
  g_autofree char *text = get_text (self);

  plug_form_copy (self->copy, text);
  plug_status_say (self->status, _("The text was copied."));
}

static void
add_layer (PlugReadPage *self)
{
  g_autofree char *text = get_text (self);
  g_autoptr (GError) error = NULL;

  if (plug_host_add_text (plug_window_get_image (self->window), text, &error))
    plug_status_say (self->status, _("A text layer was added. Ctrl+Z in the image takes it away."));
  else
    plug_status_show_error (self->status, error, G_CALLBACK (add_layer), self);
}

/* The boxes with the words of the field, if it still has a line for each (transfer full) */
static GPtrArray *
get_corrected_boxes (PlugReadPage *self)
{
  g_autofree char *text = get_text (self);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gboolean fits = g_strv_length (lines) == self->boxes->len;
  GPtrArray *boxes = plug_box_new_array ();

  for (guint i = 0; i < self->boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (self->boxes, i);

      /* A line that was made empty wants no layer */
      if (!fits || says_something (lines[i]))
        g_ptr_array_add (boxes, plug_box_new (box->x, box->y, box->width, box->height,
                                              fits ? lines[i] : box->name));
    }
  return boxes;
}

static void add_box_layers (PlugReadPage *self);

static void
on_compared (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  g_autoptr (PlugReadPage) self = data;
  g_autoptr (GPtrArray) boxes = get_corrected_boxes (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;
  gboolean is_same = plug_state_check_finish (result, &error);

  g_clear_object (&self->comparing);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->window == NULL)
    return;
  show_state (self);
  if (is_same && plug_host_add_text_boxes (plug_window_get_image (self->window), boxes, &error))
    {
      sentence = g_strdup_printf (ngettext ("%u text layer was added. Ctrl+Z in the image takes it "
                                            "away.",
                                            "%u text layers were added. Ctrl+Z in the image takes "
                                            "them away.", boxes->len),
                                  boxes->len);
      plug_status_say (self->status, sentence);
    }
  else if (g_error_matches (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_OTHER_STATE))
    plug_status_show_error (self->status, error, G_CALLBACK (read_text), self);
  else
    plug_status_show_error (self->status, error, G_CALLBACK (add_box_layers), self);
}

/* The places are those of the picture that was read, and of no other: it is compared first. */
static void
add_box_layers (PlugReadPage *self)
{
  if (self->boxes->len == 0 || self->comparing != NULL)
    return;
  self->comparing = g_cancellable_new ();
  plug_state_check_async (&self->state, self->comparing, on_compared, g_object_ref (self));
  show_state (self);
}

/* ----------------------------------------------------------------------------------- answers */

/* Boxes without a text cannot become text layers */
static void
take_boxes (PlugReadPage *self,
            IvlReply     *reply)
{
  g_autoptr (GPtrArray) regions = ivl_reply_get_regions (reply);
  g_autoptr (GPtrArray) boxes =
    plug_source_place_regions (plug_talk_get_picture (self->talk), regions);

  plug_source_get_state (plug_talk_get_picture (self->talk), &self->state);
  g_ptr_array_set_size (self->boxes, 0);
  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);

      if (box->name != NULL && says_something (box->name))
        g_ptr_array_add (self->boxes, plug_box_new (box->x, box->y, box->width, box->height,
                                                    box->name));
    }
}

/* With regions, the answer has markup between the words: the names are what was read */
static char *
get_read_text (PlugReadPage *self,
               IvlReply     *reply)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  if (self->boxes->len == 0)
    return g_strstrip (g_strdup (ivl_reply_get_text (reply)));
  for (guint i = 0; i < self->boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (self->boxes, i);

      g_string_append_printf (lines, "%s%s", i > 0 ? "\n" : "", box->name);
    }
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

static void
show_note (PlugReadPage *self)
{
  PlugSource *source = plug_window_get_source (self->window);
  g_autofree char *description = plug_source_describe (source);
  g_autofree char *sentence = NULL;

  if (description == NULL)
    return;
  /* Translators: %s is "Layer “Background”, 640 × 480" */
  sentence = g_strdup_printf (_("Read from: %s. Compare it with the picture: models misread "
                                "letters."), description);
  set_note (self, sentence);
}

static void
on_piece (PlugTalk     *talk,
          const char   *piece,
          PlugReadPage *self)
{
  plug_text_field_append (PLUG_TEXT_FIELD (self->text), piece);
}

static void
end_answer (PlugReadPage *self,
            const char   *text)
{
  self->answering = FALSE;
  plug_text_field_end (PLUG_TEXT_FIELD (self->text), text);
  show_state (self);
}

static void
on_answered (PlugTalk     *talk,
             IvlReply     *reply,
             gboolean      stopped,
             PlugReadPage *self)
{
  g_autofree char *text = NULL;

  if (reply == NULL && stopped)
    {
      end_answer (self, NULL);
      return;
    }
  if (reply != NULL)
    {
      take_boxes (self, reply);
      text = get_read_text (self, reply);
    }
  if (text == NULL || !says_something (text))
    {
      /* What was read before is not what stands there now; undo brings it back */
      end_answer (self, "");
      set_note (self, _("No text was found in the picture."));
      plug_status_say (self->status, _("No text was found in the picture."));
      return;
    }
  end_answer (self, text);
  show_note (self);
}

static void
on_failed (PlugTalk     *talk,
           const GError *error,
           const char   *partial,
           PlugReadPage *self)
{
  end_answer (self, NULL);
}

/* ---------------------------------------------------------------------------------- the page */

static void
plug_read_page_destroy (GtkWidget *widget)
{
  PlugReadPage *self = PLUG_READ_PAGE (widget);

  if (self->comparing != NULL)
    g_cancellable_cancel (self->comparing);
  g_signal_handlers_disconnect_by_data (self->talk, self);
  self->window = NULL;
  GTK_WIDGET_CLASS (plug_read_page_parent_class)->destroy (widget);
}

static void
plug_read_page_finalize (GObject *object)
{
  PlugReadPage *self = PLUG_READ_PAGE (object);

  g_ptr_array_unref (self->boxes);
  G_OBJECT_CLASS (plug_read_page_parent_class)->finalize (object);
}

static void
plug_read_page_class_init (PlugReadPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_read_page_finalize;
  GTK_WIDGET_CLASS (klass)->destroy = plug_read_page_destroy;
}

static void
plug_read_page_init (PlugReadPage *self)
{
  self->boxes = plug_box_new_array ();
}

static void
build (PlugReadPage *self)
{
  GtkWidget *column, *buttons;
  GtkWidget *reading = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *layers = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  plug_form_fill_page (GTK_BOX (self), &column, &buttons);
  self->read = plug_form_new_button (_("R_ead"), _("Read the text that stands in the picture"),
                                     G_CALLBACK (read_text), self);
  self->text = plug_text_field_new (_("Text in the pict_ure"), 6);
  self->note = plug_form_new_sentence (NULL, TRUE);
  gtk_widget_set_no_show_all (self->note, TRUE);
  set_note (self, _("“Read” takes the text out of the picture. Correct it here, then copy it or "
                    "put it on a text layer."));
  gtk_box_pack_start (GTK_BOX (reading), self->read, FALSE, FALSE, 0);
  plug_window_need_image (self->window, reading);
  plug_text_field_add_tool (PLUG_TEXT_FIELD (self->text), reading);
  g_signal_connect_object (self->text, "changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);

  self->layer = plug_form_new_button (_("As Text _Layer"),
                                      _("Add one text layer with all of the text"),
                                      G_CALLBACK (add_layer), self);
  self->box_layers = plug_form_new_button (_("As Text Layers in Pla_ce"),
                                           _("Add a text layer wherever text was found"),
                                           G_CALLBACK (add_box_layers), self);
  self->copy = plug_form_new_button (_("Cop_y"), _("Copy the text"), G_CALLBACK (copy), self);
  gtk_widget_set_no_show_all (self->box_layers, TRUE);
  gtk_box_pack_start (GTK_BOX (layers), self->layer, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (layers), self->box_layers, FALSE, FALSE, 0);
  plug_window_need_image (self->window, layers);
  gtk_box_pack_start (GTK_BOX (buttons), layers, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (buttons), self->copy, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->text, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->note, FALSE, FALSE, 0);
}

GtkWidget *
plug_page_read_new (PlugWindow *window,
                    PlugStatus *status)
{
  PlugReadPage *self = g_object_new (PLUG_TYPE_READ_PAGE, NULL);

  self->window = window;
  self->status = status;
  self->talk = plug_status_add_talk (status);
  build (self);
  g_signal_connect_object (self->talk, "state-changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->talk, "piece", G_CALLBACK (on_piece), self, 0);
  g_signal_connect_object (self->talk, "answered", G_CALLBACK (on_answered), self, 0);
  g_signal_connect_object (self->talk, "failed", G_CALLBACK (on_failed), self, 0);
  show_state (self);
  return GTK_WIDGET (self);
}

void
plug_page_read_start (GtkWidget        *page,
                      const PlugAction *action)
{
  PlugReadPage *self = PLUG_READ_PAGE (page);

  gtk_widget_grab_focus (plug_text_field_get_view (PLUG_TEXT_FIELD (self->text)));
  if (action->starts && plug_window_is_image_open (self->window))
    read_text (self);
}
