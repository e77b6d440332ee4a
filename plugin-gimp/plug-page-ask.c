/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page for a conversation: what was said, ready-made questions, and the entry for one's own. */
#include "plug-examples.h"
#include "plug-form.h"
#include "plug-language.h"
#include "plug-page.h"
#include "plug-transcript.h"

#include <string.h>

#include <glib/gi18n.h>

#define PLUG_TYPE_ASK_PAGE (plug_ask_page_get_type ())
G_DECLARE_FINAL_TYPE (PlugAskPage, plug_ask_page, PLUG, ASK_PAGE, GtkBox)

/* Tasks with a button of their own; all others are in the menu beside them */
static const char *const first_tasks[] = { "caption", "detail" };
/* Questions have the entry, and things that are looked for have a page */
static const char *const hidden_tasks[] = { "ask", "locate" };

/* Of the entry, which grows up to it with the question */
#define MAX_ENTRY_HEIGHT 96

struct _PlugAskPage
{
  GtkBox parent_instance;

  PlugWindow *window; /* the page is in it */
  PlugStatus *status; /* has this page in it */
  PlugTalk   *talk;   /* the window's */
  GtkWidget  *stack; /* examples as long as the transcript is empty */
  GtkWidget  *examples;
  GtkWidget  *transcript;
  GtkWidget  *tasks;
  GtkWidget  *entry;
  GtkWidget  *ask_button;
  GtkWidget  *copy_answer;
  GtkWidget  *copy_all;
  GtkWidget  *add_layer;
  GtkWidget  *anew;

  GPtrArray *questions;  /* of strings, those that were typed */
  guint      n_back;     /* how far the person went back in them; 0: what is being typed */
  char      *typed;      /* (nullable) what was being typed before going back */
  char      *asked_task; /* the last question, for asking again */
  char      *asked_text; /* (nullable) */
  gboolean   has_talked; /* a follow-up question has something to follow */
};

G_DEFINE_FINAL_TYPE (PlugAskPage, plug_ask_page, GTK_TYPE_BOX)

static gboolean
is_idle (PlugAskPage *self)
{
  return plug_talk_get_state (self->talk) == PLUG_TALK_IDLE;
}

static char *
get_entry_text (PlugAskPage *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->entry));
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  return gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
}

static void
set_entry_text (PlugAskPage *self, const char *text)
{
  gtk_text_buffer_set_text (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->entry)), text, -1);
}

static void
update_controls (PlugAskPage *self)
{
  gboolean idle = is_idle (self);
  gboolean has_answer = *plug_transcript_get_answer (PLUG_TRANSCRIPT (self->transcript)) != '\0';
  g_autofree char *all = plug_transcript_get_text (PLUG_TRANSCRIPT (self->transcript));
  g_autofree char *text = get_entry_text (self);
  g_strstrip (text);
  gtk_widget_set_sensitive (self->tasks, idle);
  gtk_widget_set_sensitive (self->ask_button, idle && *text);
  gtk_widget_set_sensitive (self->anew, idle && self->has_talked);
  gtk_widget_set_sensitive (self->copy_answer, has_answer);
  gtk_widget_set_sensitive (self->add_layer, has_answer && idle);
  gtk_widget_set_sensitive (self->copy_all, *all != '\0');
  gtk_stack_set_visible_child (GTK_STACK (self->stack), *all ? self->transcript : self->examples);
}

/* ---------------------------------------------------------------------------------------------
 * questions */

static void
send_again (gpointer user_data)
{
  PlugAskPage *self = user_data;
  if (is_idle (self))
    plug_talk_ask (self->talk, self->asked_task, self->asked_text, TRUE);
}

/* title: how the question is shown. Whatever is asked goes on with what was said before. */
static void
ask (PlugAskPage *self, const char *task, const char *text, const char *title)
{
  if (!is_idle (self) || !plug_window_is_image_open (self->window))
    return;
  PlugTranscript *transcript = PLUG_TRANSCRIPT (self->transcript);
  plug_transcript_add_question (transcript, title);
  g_free (self->asked_task);
  g_free (self->asked_text);
  self->asked_task = g_strdup (task);
  self->asked_text = g_strdup (text);
  send_again (self);
}

static void
ask_task (PlugAskPage *self, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTask) task = ivl_task_load (name, &error);
  if (!task)
    {
      plug_status_show_error (self->status, error, NULL, NULL);
      return;
    }
  g_autofree char *title = ivl_task_get_title (task, g_get_language_names ()[0]);
  if (!ivl_task_get_needs_text (task))
    {
      ask (self, name, NULL, title);
      return;
    }
  g_autofree char *text = get_entry_text (self);
  g_strstrip (text);
  if (!*text)
    {
      gtk_widget_grab_focus (self->entry);
      plug_status_say (self->status, _ ("Type first what it is about."));
      return;
    }
  g_autofree char *shown = g_strdup_printf ("%s: %s", title, text);
  set_entry_text (self, "");
  ask (self, name, text, shown);
}

static void
remember_question (PlugAskPage *self, const char *question)
{
  const char *last = self->questions->len ? self->questions->pdata[self->questions->len - 1] : NULL;
  if (g_strcmp0 (last, question))
    g_ptr_array_add (self->questions, g_strdup (question));
  self->n_back = 0;
  g_clear_pointer (&self->typed, g_free);
}

static void
ask_question (PlugAskPage *self, const char *question)
{
  if (!*question || !is_idle (self) || !plug_window_is_image_open (self->window))
    return;
  remember_question (self, question);
  ask (self, "ask", question, question);
}

static void
ask_entry (PlugAskPage *self)
{
  g_autofree char *text = get_entry_text (self);
  g_strstrip (text);
  if (!is_idle (self))
    return;
  set_entry_text (self, "");
  ask_question (self, text);
}

/* The button goes with the examples, and the focus would be nowhere */
static void
on_example_chosen (PlugAskPage *self, const char *question)
{
  gtk_widget_grab_focus (self->entry);
  ask_question (self, question);
}

/* step: 1 for an earlier question, -1 for a later one. FALSE: there is none. */
static gboolean
recall (PlugAskPage *self, int step)
{
  if (step < 0 ? self->n_back == 0 : self->n_back >= self->questions->len)
    return FALSE;
  if (self->n_back == 0)
    {
      g_free (self->typed);
      self->typed = get_entry_text (self);
    }
  self->n_back += step;
  set_entry_text (self, self->n_back == 0
                            ? self->typed
                            : self->questions->pdata[self->questions->len - self->n_back]);
  return TRUE;
}

static gboolean
is_cursor_on_edge (PlugAskPage *self, gboolean first)
{
  GtkTextView *view = GTK_TEXT_VIEW (self->entry);
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (view);
  GtkTextIter cursor;
  gtk_text_buffer_get_iter_at_mark (buffer, &cursor, gtk_text_buffer_get_insert (buffer));
  return first ? !gtk_text_view_backward_display_line (view, &cursor)
               : !gtk_text_view_forward_display_line (view, &cursor) ||
                     gtk_text_iter_is_end (&cursor);
}

static gboolean
on_entry_key (GtkWidget *entry, GdkEventKey *event, PlugAskPage *self)
{
  GdkModifierType modifiers = event->state & gtk_accelerator_get_default_mod_mask ();
  gboolean is_enter = event->keyval == GDK_KEY_Return || event->keyval == GDK_KEY_KP_Enter
                      || event->keyval == GDK_KEY_ISO_Enter;
  if (modifiers != 0 || (!is_enter && event->keyval != GDK_KEY_Up && event->keyval != GDK_KEY_Down))
    return GDK_EVENT_PROPAGATE;
  /* An input method that is composing wants Enter and the arrows for itself */
  if (gtk_text_view_im_context_filter_keypress (GTK_TEXT_VIEW (entry), event))
    return GDK_EVENT_STOP;
  if (is_enter)
    {
      ask_entry (self);
      return GDK_EVENT_STOP;
    }
  if (event->keyval == GDK_KEY_Up && is_cursor_on_edge (self, TRUE))
    return recall (self, 1);
  if (event->keyval == GDK_KEY_Down && is_cursor_on_edge (self, FALSE))
    return recall (self, -1);
  return GDK_EVENT_PROPAGATE;
}

/* -----------------------------------------------------------------------------------------------
 * answers */

/* reply: NULL when the model said nothing, which of lettering is an answer */
static const char *
describe_end (PlugAskPage *self, IvlReply *reply, gboolean stopped)
{
  if (stopped)
    return _ ("Stopped.");
  if (!reply || !*ivl_reply_get_text (reply))
    return !g_strcmp0 (self->asked_task, "ocr") ? _ ("No text was found in the picture.")
                                                : _ ("The model gave no answer.");
  switch (ivl_reply_get_finish_reason (reply))
    {
    case IVL_FINISH_LENGTH:
      return _ ("The answer ends here because it reached the longest length that is allowed.");
    case IVL_FINISH_REPETITION:
      return _ ("The answer ends here because the model began to repeat itself.");
    case IVL_FINISH_NONE:
    case IVL_FINISH_STOP:
    default:
      return NULL;
    }
}

static void
on_piece (PlugTalk *talk, const char *text, PlugAskPage *self)
{
  plug_transcript_add_piece (PLUG_TRANSCRIPT (self->transcript), text);
}

static void
on_answered (PlugTalk *talk, IvlReply *reply, gboolean stopped, PlugAskPage *self)
{
  const char *text = reply ? ivl_reply_get_text (reply) : NULL;
  self->has_talked = TRUE;
  plug_transcript_end_answer (PLUG_TRANSCRIPT (self->transcript), text,
                              describe_end (self, reply, stopped));
  update_controls (self);
}

static void
on_failed (PlugTalk *talk, const GError *error, const char *partial, PlugAskPage *self)
{
  plug_transcript_end_answer (PLUG_TRANSCRIPT (self->transcript), NULL,
                              partial && *partial ? _ ("The answer broke off.")
                                                  : _ ("There was no answer."));
  plug_status_show_error (self->status, error, G_CALLBACK (send_again), self);
  update_controls (self);
}

static void
on_started_anew (PlugAskPage *self)
{
  plug_transcript_add_mark (PLUG_TRANSCRIPT (self->transcript),
                            _ ("The picture has changed; the conversation begins anew."));
}

static void
copy (PlugAskPage *self, const char *text, const char *sentence)
{
  plug_form_copy (GTK_WIDGET (self), text);
  plug_status_say (self->status, sentence);
}

static void
copy_answer (PlugAskPage *self)
{
  copy (self, plug_transcript_get_answer (PLUG_TRANSCRIPT (self->transcript)),
        _ ("The last answer was copied."));
}

static void
copy_all (PlugAskPage *self)
{
  g_autofree char *all = plug_transcript_get_text (PLUG_TRANSCRIPT (self->transcript));
  copy (self, all, _ ("The conversation was copied."));
}

static void
add_layer (PlugAskPage *self)
{
  g_autoptr (GError) error = NULL;
  const char *text = plug_transcript_get_answer (PLUG_TRANSCRIPT (self->transcript));
  if (plug_host_add_text (plug_window_get_image (self->window), text, &error))
    plug_status_say (
        self->status,
        _ ("A text layer with the answer was added. Ctrl+Z in the image takes it away."));
  else
    plug_status_show_error (self->status, error, NULL, NULL);
}

static void
begin_anew (PlugAskPage *self)
{
  plug_talk_reset (self->talk);
  self->has_talked = FALSE;
  plug_transcript_add_mark (PLUG_TRANSCRIPT (self->transcript), _ ("A new conversation begins."));
  update_controls (self);
  gtk_widget_grab_focus (self->entry);
}

/* ------------------------------------------------------------------------------------------------
 * making */

static void
on_task_button (GtkWidget *button, PlugAskPage *self)
{
  ask_task (self, g_object_get_data (G_OBJECT (button), "plug-task"));
}

static GtkWidget *
create_task_item (PlugAskPage *self, const char *name, gboolean in_menu)
{
  g_autoptr (IvlTask) task = ivl_task_load (name, NULL);
  if (!task)
    return NULL;
  g_autofree char *title = ivl_task_get_title (task, g_get_language_names ()[0]);
  GtkWidget *item =
      in_menu ? gtk_menu_item_new_with_label (title) : gtk_button_new_with_label (title);
  g_object_set_data_full (G_OBJECT (item), "plug-task", g_strdup (name), g_free);
  g_signal_connect (item, in_menu ? "activate" : "clicked", G_CALLBACK (on_task_button), self);
  gtk_widget_show (item);
  return item;
}

static gboolean
is_among (const char *name, const char *const *names, gsize n_names)
{
  for (gsize i = 0; i < n_names; i++)
    if (!strcmp (name, names[i]))
      return TRUE;
  return FALSE;
}

static GtkWidget *
create_tasks (PlugAskPage *self)
{
  self->tasks = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  for (guint i = 0; i < G_N_ELEMENTS (first_tasks); i++)
    {
      GtkWidget *button = create_task_item (self, first_tasks[i], FALSE);
      if (button)
        gtk_box_pack_start (GTK_BOX (self->tasks), button, FALSE, FALSE, 0);
    }
  g_auto (GStrv) names = ivl_task_list ();
  GtkWidget *menu = gtk_menu_new ();
  for (guint i = 0; names[i]; i++)
    {
      GtkWidget *item = NULL;
      if (!is_among (names[i], first_tasks, G_N_ELEMENTS (first_tasks))
          && !is_among (names[i], hidden_tasks, G_N_ELEMENTS (hidden_tasks)))
        item = create_task_item (self, names[i], TRUE);
      if (item)
        gtk_menu_shell_append (GTK_MENU_SHELL (menu), item);
    }
  GtkWidget *more = gtk_menu_button_new ();
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *title = gtk_label_new_with_mnemonic (_ ("_More"));
  gtk_label_set_mnemonic_widget (GTK_LABEL (title), more);
  gtk_box_pack_start (GTK_BOX (content), title, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (content),
                      gtk_image_new_from_icon_name ("pan-down-symbolic", GTK_ICON_SIZE_BUTTON),
                      FALSE, FALSE, 0);
  gtk_container_add (GTK_CONTAINER (more), content);
  gtk_menu_button_set_popup (GTK_MENU_BUTTON (more), menu);
  atk_object_set_name (gtk_widget_get_accessible (more), _ ("More ready-made questions"));
  gtk_box_pack_start (GTK_BOX (self->tasks), more, FALSE, FALSE, 0);
  return self->tasks;
}

static GtkWidget *
create_button (PlugAskPage *self,
               const char *title,
               const char *tooltip,
               void (*clicked) (PlugAskPage *))
{
  GtkWidget *button = gtk_button_new_with_mnemonic (title);
  gtk_widget_set_tooltip_text (button, tooltip);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (clicked), self);
  return button;
}

/* What can be done with answers. The text layer alone needs the image. */
static GtkWidget *
create_answer_row (PlugAskPage *self)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->copy_answer =
      create_button (self, _ ("_Copy Answer"), _ ("Copies the last answer"), copy_answer);
  self->copy_all =
      create_button (self, _ ("Copy A_ll"), _ ("Copies all questions and answers"), copy_all);
  self->add_layer =
      create_button (self, _ ("As Text La_yer"),
                     _ ("Adds a text layer with the last answer to the image"), add_layer);
  GtkWidget *image_row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (GTK_BOX (image_row), self->add_layer, FALSE, FALSE, 0);
  plug_window_need_image (self->window, image_row);
  gtk_box_pack_start (GTK_BOX (row), self->copy_answer, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (row), self->copy_all, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (row), image_row, FALSE, FALSE, 0);
  return row;
}

static GtkWidget *
create_entry_row (PlugAskPage *self)
{
  self->entry = gtk_text_view_new ();
  GtkTextView *view = GTK_TEXT_VIEW (self->entry);
  gtk_text_view_set_wrap_mode (view, GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (view, FALSE);
  gtk_text_view_set_left_margin (view, 6);
  gtk_text_view_set_right_margin (view, 6);
  gtk_text_view_set_top_margin (view, 6);
  gtk_text_view_set_bottom_margin (view, 6);
  gtk_widget_set_tooltip_text (
      self->entry, _ ("Enter asks, Shift+Enter begins a new line, Up brings earlier questions"));
  g_signal_connect (self->entry, "key-press-event", G_CALLBACK (on_entry_key), self);
  g_signal_connect_swapped (gtk_text_view_get_buffer (view), "changed",
                            G_CALLBACK (update_controls), self);
  GtkWidget *frame = gtk_scrolled_window_new (NULL, NULL);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (frame), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_shadow_type (GTK_SCROLLED_WINDOW (frame), GTK_SHADOW_IN);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (frame), TRUE);
  gtk_scrolled_window_set_max_content_height (GTK_SCROLLED_WINDOW (frame), MAX_ENTRY_HEIGHT);
  gtk_container_add (GTK_CONTAINER (frame), self->entry);

  self->ask_button = create_button (self, _ ("As_k"), _ ("Asks the question (Enter)"), ask_entry);
  gtk_style_context_add_class (gtk_widget_get_style_context (self->ask_button),
                               GTK_STYLE_CLASS_SUGGESTED_ACTION);
  gtk_widget_set_valign (self->ask_button, GTK_ALIGN_END);
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (GTK_BOX (row), frame, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (row), self->ask_button, FALSE, FALSE, 0);
  return row;
}

static GtkWidget *
create_question (PlugAskPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *entry_row = create_entry_row (self);
  GtkWidget *title = gtk_label_new_with_mnemonic (_ ("_Question:"));
  gtk_label_set_mnemonic_widget (GTK_LABEL (title), self->entry);
  atk_object_set_name (gtk_widget_get_accessible (self->entry), _ ("Question"));
  gtk_label_set_xalign (GTK_LABEL (title), 0);
  GtkWidget *language = plug_language_combo_new ();
  GtkWidget *language_title = gtk_label_new_with_mnemonic (_ ("Answer _in:"));
  gtk_label_set_mnemonic_widget (GTK_LABEL (language_title), language);
  self->anew =
      create_button (self, _ ("New Con_versation"),
                     _ ("The next question does not go on with what was said before"), begin_anew);
  GtkWidget *last_row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (GTK_BOX (last_row), language_title, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (last_row), language, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (last_row), self->anew, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), title, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), entry_row, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), last_row, FALSE, FALSE, 0);
  plug_window_need_image (self->window, column);
  return column;
}

GtkWidget *
plug_page_ask_new (PlugWindow *window, PlugStatus *status)
{
  PlugAskPage *self = g_object_new (PLUG_TYPE_ASK_PAGE, "orientation", GTK_ORIENTATION_VERTICAL,
                                    "spacing", 6, "border-width", 12, NULL);
  self->window = window;
  self->status = status;
  self->talk = plug_status_add_talk (status);
  self->transcript = plug_transcript_new (_ ("Conversation"));
  self->examples = plug_examples_new ();
  g_signal_connect_object (self->examples, "chosen", G_CALLBACK (on_example_chosen), self,
                           G_CONNECT_SWAPPED);
  plug_window_need_image (window, self->examples);
  self->stack = gtk_stack_new ();
  gtk_container_add (GTK_CONTAINER (self->stack), self->examples);
  gtk_container_add (GTK_CONTAINER (self->stack), self->transcript);
  /* The stack takes what can be seen */
  gtk_widget_show_all (self->stack);
  GtkWidget *tasks = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_container_add (GTK_CONTAINER (tasks), create_tasks (self));
  plug_window_need_image (window, tasks);
  gtk_box_pack_start (GTK_BOX (self), tasks, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), self->stack, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (self), create_answer_row (self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), create_question (self), FALSE, FALSE, 0);
  g_signal_connect_object (self->talk, "piece", G_CALLBACK (on_piece), self, 0);
  g_signal_connect_object (self->talk, "answered", G_CALLBACK (on_answered), self, 0);
  g_signal_connect_object (self->talk, "failed", G_CALLBACK (on_failed), self, 0);
  g_signal_connect_object (self->talk, "started-anew", G_CALLBACK (on_started_anew), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->talk, "state-changed", G_CALLBACK (update_controls), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->transcript, "changed", G_CALLBACK (update_controls), self,
                           G_CONNECT_SWAPPED);
  update_controls (self);
  return GTK_WIDGET (self);
}

void
plug_page_ask_start (GtkWidget *page, const PlugAction *action)
{
  PlugAskPage *self = PLUG_ASK_PAGE (page);
  gtk_widget_grab_focus (self->entry);
  if (!action->starts)
    return;
  if (is_idle (self))
    ask_task (self, action->task);
  else
    plug_status_say (self->status, _ ("The answer before this one is still being written."));
}

static void
plug_ask_page_finalize (GObject *object)
{
  PlugAskPage *self = PLUG_ASK_PAGE (object);
  g_ptr_array_unref (self->questions);
  g_free (self->typed);
  g_free (self->asked_task);
  g_free (self->asked_text);
  G_OBJECT_CLASS (plug_ask_page_parent_class)->finalize (object);
}

static void
plug_ask_page_class_init (PlugAskPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_ask_page_finalize;
}

static void
plug_ask_page_init (PlugAskPage *self)
{
  self->questions = g_ptr_array_new_with_free_func (g_free);
}
