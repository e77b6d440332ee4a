/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a page's conversation reports, shown around the page. */
#include "plug-status.h"

#include "plug-notice.h"
#include "plug-work.h"

#include <glib/gi18n.h>

struct _PlugStatus
{
  GtkBox parent_instance;

  PlugWindow *window; /* has this in it */
  PlugTalk   *talk;   /* (nullable) the window's */
  gboolean    is_busy;
  GtkWidget  *notice;
  GtkWidget  *work;
};

G_DEFINE_FINAL_TYPE (PlugStatus, plug_status, GTK_TYPE_BOX)

void
plug_status_say (PlugStatus *self, const char *sentence)
{
  plug_work_say (PLUG_WORK (self->work), sentence, NULL);
}

void
plug_status_say_answer (PlugStatus *self, const char *sentence, const char *answer)
{
  plug_work_say (PLUG_WORK (self->work), sentence, answer);
}

void
plug_status_show_error (PlugStatus *self, const GError *error, GCallback retry, gpointer retry_data)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* The sentence at the top says it, and nothing can be tried again */
  if (plug_window_check_image (self->window))
    plug_notice_show_error (PLUG_NOTICE (self->notice), error, retry, retry_data);
}

void
plug_status_hide_error (PlugStatus *self)
{
  plug_notice_hide_error (PLUG_NOTICE (self->notice));
}

gboolean
plug_status_stop (PlugStatus *self)
{
  if (!self->is_busy)
    return FALSE;
  plug_talk_stop (self->talk);
  return TRUE;
}

/* ----------------------------------------------------------------------------------------------
 * the conversation */

static void
on_state_changed (PlugTalk *talk, PlugStatus *self)
{
  PlugTalkState state = plug_talk_get_state (talk);
  gboolean is_busy = state != PLUG_TALK_IDLE;

  if (state != PLUG_TALK_CONSENT)
    plug_notice_withdraw_consent (PLUG_NOTICE (self->notice));
  if (is_busy && !self->is_busy)
    plug_status_hide_error (self);
  self->is_busy = is_busy;
  plug_work_set_busy (PLUG_WORK (self->work), is_busy);
  /* Not every server tells how far it is */
  if (state == PLUG_TALK_ANSWERING)
    plug_work_set_progress (PLUG_WORK (self->work), -1, _ ("The answer is being written…"));
}

static void
on_progress (PlugTalk *talk, double fraction, const char *sentence, PlugStatus *self)
{
  plug_work_set_progress (PLUG_WORK (self->work), fraction, sentence);
}

static void
answer_consent (gboolean allow, gpointer user_data)
{
  PlugStatus *self = user_data;

  plug_talk_answer_consent (self->talk, allow);
}

static void
on_consent_needed (PlugTalk *talk, const char *place, PlugStatus *self)
{
  on_progress (talk, 0, _ ("Waiting for your decision above…"), self);
  plug_notice_ask_consent (PLUG_NOTICE (self->notice), place, answer_consent, self);
}

static void
on_failed (PlugTalk *talk, const GError *error, const char *partial, PlugStatus *self)
{
  plug_status_show_error (self, error, NULL, NULL);
}

static void
on_answered (PlugTalk *talk, IvlReply *reply, gboolean stopped, PlugStatus *self)
{
  const char *sentence = stopped ? _ ("The answer was stopped.")
                         : reply ? _ ("The answer is complete.")
                                 : _ ("The model gave no answer.");

  plug_status_say_answer (self, sentence, reply ? ivl_reply_get_text (reply) : NULL);
}

PlugTalk *
plug_status_add_talk (PlugStatus *self)
{
  self->talk = plug_window_add_talk (self->window);
  g_signal_connect_object (self->talk, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (self->talk, "progress", G_CALLBACK (on_progress), self, 0);
  g_signal_connect_object (self->talk, "consent-needed", G_CALLBACK (on_consent_needed), self, 0);
  g_signal_connect_object (self->talk, "answered", G_CALLBACK (on_answered), self, 0);
  g_signal_connect_object (self->talk, "failed", G_CALLBACK (on_failed), self, 0);
  return self->talk;
}

/* ----------------------------------------------------------------------------------------------
 * making */

void
plug_status_set_page (PlugStatus *self, GtkWidget *page)
{
  gtk_box_pack_start (GTK_BOX (self), page, TRUE, TRUE, 0);
  gtk_box_reorder_child (GTK_BOX (self), page, 1);
}

GtkWidget *
plug_status_new (PlugWindow *window)
{
  PlugStatus *self =
      g_object_new (PLUG_TYPE_STATUS, "orientation", GTK_ORIENTATION_VERTICAL, NULL);

  self->window = window;
  return GTK_WIDGET (self);
}

/* What still arrives is for nobody */
static void
plug_status_destroy (GtkWidget *widget)
{
  PlugStatus *self = PLUG_STATUS (widget);

  if (self->talk)
    g_signal_handlers_disconnect_by_data (self->talk, self);
  self->is_busy = FALSE;
  GTK_WIDGET_CLASS (plug_status_parent_class)->destroy (widget);
}

static void
plug_status_class_init (PlugStatusClass *klass)
{
  GTK_WIDGET_CLASS (klass)->destroy = plug_status_destroy;
}

static void
plug_status_init (PlugStatus *self)
{
  self->notice = plug_notice_new ();
  self->work = plug_work_new ();
  g_signal_connect_object (self->work, "stop", G_CALLBACK (plug_status_stop), self,
                           G_CONNECT_SWAPPED);
  gtk_box_pack_start (GTK_BOX (self), self->notice, FALSE, FALSE, 0);
  gtk_box_pack_end (GTK_BOX (self), self->work, FALSE, FALSE, 0);
}
