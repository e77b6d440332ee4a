/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A read-only text view; questions are bold, marks and notes are slanted. */
#include "plug-transcript.h"

#include <string.h>

struct _PlugTranscript
{
  GtkBox parent_instance;

  GtkWidget     *view;
  GtkTextBuffer *buffer;
  GtkAdjustment *scroll;
  GtkTextMark   *answer_start; /* left of the answer that is being written */
  GtkTextMark   *end;
  GString       *answer;
  gboolean       follows; /* the end is in view, and shall stay there */
};

G_DEFINE_FINAL_TYPE (PlugTranscript, plug_transcript, GTK_TYPE_BOX)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* A space between what is there and what comes, as after a paragraph */
static void
insert (PlugTranscript *self, const char *text, const char *tag, gboolean new_paragraph)
{
  GtkTextIter end;
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  if (new_paragraph && gtk_text_buffer_get_char_count (self->buffer) > 0)
    gtk_text_buffer_insert (self->buffer, &end, "\n", -1);
  gtk_text_buffer_insert_with_tags_by_name (self->buffer, &end, text, -1, tag, NULL);
  /* Done by the view when it knows how high the text is */
  if (self->follows)
    gtk_text_view_scroll_to_mark (GTK_TEXT_VIEW (self->view), self->end, 0, FALSE, 0, 0);
}

void
plug_transcript_add_question (PlugTranscript *self, const char *question)
{
  self->follows = TRUE;
  insert (self, question, "question", TRUE);
  g_string_truncate (self->answer, 0);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
plug_transcript_add_mark (PlugTranscript *self, const char *mark)
{
  insert (self, mark, "mark", TRUE);
}

static void
begin_answer (PlugTranscript *self)
{
  GtkTextIter end;
  insert (self, "", "answer", TRUE);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_move_mark (self->buffer, self->answer_start, &end);
}

void
plug_transcript_add_piece (PlugTranscript *self, const char *text)
{
  if (!*text)
    return;
  if (self->answer->len == 0)
    begin_answer (self);
  g_string_append (self->answer, text);
  insert (self, text, "answer", FALSE);
}

/* What is said in the end may have its markup taken out, which the pieces had */
static void
replace_answer (PlugTranscript *self, const char *whole)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_iter_at_mark (self->buffer, &start, self->answer_start);
  gtk_text_buffer_get_end_iter (self->buffer, &end);
  gtk_text_buffer_delete (self->buffer, &start, &end);
  g_string_assign (self->answer, whole);
  insert (self, whole, "answer", FALSE);
}

void
plug_transcript_end_answer (PlugTranscript *self, const char *whole, const char *note)
{
  if (whole && *whole && self->answer->len == 0)
    plug_transcript_add_piece (self, whole);
  else if (whole && *whole && strcmp (whole, self->answer->str))
    replace_answer (self, whole);
  if (note)
    plug_transcript_add_mark (self, note);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

const char *
plug_transcript_get_answer (PlugTranscript *self)
{
  return self->answer->str;
}

char *
plug_transcript_get_text (PlugTranscript *self)
{
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (self->buffer, &start, &end);
  return gtk_text_buffer_get_text (self->buffer, &start, &end, FALSE);
}

/* ---------------------------------------------------------------------------------------------
 * scrolling */

static double
get_bottom (PlugTranscript *self)
{
  return gtk_adjustment_get_upper (self->scroll) - gtk_adjustment_get_page_size (self->scroll);
}

/* The view moves its own text while it lays it out; only what comes from the person counts here */
static void
on_scrolled (PlugTranscript *self)
{
  g_autoptr (GdkEvent) event = gtk_get_current_event ();
  if (event)
    self->follows = gtk_adjustment_get_value (self->scroll) >= get_bottom (self) - 1;
}

static void
on_grown (PlugTranscript *self)
{
  if (self->follows)
    gtk_adjustment_set_value (self->scroll, get_bottom (self));
}

/* -----------------------------------------------------------------------------------------------
 * making */

GtkWidget *
plug_transcript_new (const char *accessible_name)
{
  PlugTranscript *self = g_object_new (PLUG_TYPE_TRANSCRIPT, NULL);
  atk_object_set_name (gtk_widget_get_accessible (self->view), accessible_name);
  return GTK_WIDGET (self);
}

static void
plug_transcript_finalize (GObject *object)
{
  PlugTranscript *self = PLUG_TRANSCRIPT (object);
  g_string_free (self->answer, TRUE);
  g_clear_object (&self->scroll);
  G_OBJECT_CLASS (plug_transcript_parent_class)->finalize (object);
}

static void
plug_transcript_class_init (PlugTranscriptClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_transcript_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", PLUG_TYPE_TRANSCRIPT, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
plug_transcript_init (PlugTranscript *self)
{
  self->answer = g_string_new (NULL);
  self->follows = TRUE;
  self->view = gtk_text_view_new ();
  GtkTextView *view = GTK_TEXT_VIEW (self->view);
  gtk_text_view_set_editable (view, FALSE);
  gtk_text_view_set_accepts_tab (view, FALSE);
  gtk_text_view_set_wrap_mode (view, GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_left_margin (view, 9);
  gtk_text_view_set_right_margin (view, 9);
  gtk_text_view_set_top_margin (view, 6);
  gtk_text_view_set_bottom_margin (view, 6);
  self->buffer = gtk_text_view_get_buffer (view);
  gtk_text_buffer_create_tag (self->buffer, "question", "weight", PANGO_WEIGHT_BOLD,
                              "pixels-above-lines", 8, NULL);
  gtk_text_buffer_create_tag (self->buffer, "answer", "pixels-above-lines", 3, NULL);
  gtk_text_buffer_create_tag (self->buffer, "mark", "style", PANGO_STYLE_ITALIC, "scale",
                              PANGO_SCALE_SMALL, "pixels-above-lines", 6, NULL);
  GtkTextIter start;
  gtk_text_buffer_get_start_iter (self->buffer, &start);
  self->answer_start = gtk_text_buffer_create_mark (self->buffer, NULL, &start, TRUE);
  self->end = gtk_text_buffer_create_mark (self->buffer, NULL, &start, FALSE);

  GtkWidget *window = gtk_scrolled_window_new (NULL, NULL);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (window), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type (GTK_SCROLLED_WINDOW (window), GTK_SHADOW_IN);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (window), 80);
  gtk_container_add (GTK_CONTAINER (window), self->view);
  gtk_box_pack_start (GTK_BOX (self), window, TRUE, TRUE, 0);
  self->scroll = g_object_ref (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (window)));
  g_signal_connect_object (self->scroll, "value-changed", G_CALLBACK (on_scrolled), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->scroll, "changed", G_CALLBACK (on_grown), self, G_CONNECT_SWAPPED);
}
