/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A conversation about a window's picture: reads the picture, opens the model when it is first
 * needed, asks for leave before the first picture leaves the computer, sends the question and
 * tells the answer piece by piece. One question at a time. Main thread; everything slow happens
 * elsewhere. */
#pragma once

#include "plug-source.h"

G_BEGIN_DECLS

typedef enum
{
  PLUG_TALK_IDLE,
  PLUG_TALK_READING,  /* the picture, from GIMP */
  PLUG_TALK_CONSENT,  /* waits for plug_talk_answer_consent() */
  PLUG_TALK_OPENING,  /* the model: starting the service, or reaching the remote */
  PLUG_TALK_LOOKING,  /* tiles, upload, prompt: before the first word */
  PLUG_TALK_ANSWERING,
} PlugTalkState;

#define PLUG_TYPE_TALK (plug_talk_get_type ())
G_DECLARE_FINAL_TYPE (PlugTalk, plug_talk, PLUG, TALK, GObject)

/* Signals:
 * "state-changed" ()
 * "progress" (double fraction, const char *sentence): fraction < 0 when the end is unknown
 * "consent-needed" (const char *place): answer with plug_talk_answer_consent()
 * "started-anew" (): a follow-up question was asked and the picture is another, so that the
 *     conversation begins again with it
 * "piece" (const char *text)
 * "answered" (IvlReply *reply, gboolean stopped): the whole answer, or what there is of it when
 *     it was stopped (reply is NULL when nothing had come). Its regions are complete
 * "failed" (GError *error, const char *partial): partial (nullable) had been told as pieces; it is
 *     no answer
 * Exactly one of "answered" and "failed" follows each plug_talk_ask() and plug_talk_send(), with
 * the state idle, so that the handler may ask again. */
PlugTalk     *plug_talk_new (PlugSource *source);
/* What the conversation is about, also when the source has another picture by now; NULL without
 * one (transfer none) */
IvlImage     *plug_talk_get_picture (PlugTalk *self);
PlugTalkState plug_talk_get_state (PlugTalk *self);

/* text: question, thing or context (nullable), as the task wants it. continues: a follow-up
 * question in the same conversation, if the picture is the same; else the conversation begins
 * anew. Is ignored unless idle. */
void          plug_talk_ask (PlugTalk   *self,
                             const char *task,
                             const char *text,
                             gboolean    continues);
/* prompt is the whole wording, made by the caller (alt text with role and context); no markup in it
 * is recognised. Begins a conversation, which plug_talk_ask() may continue. options (nullable).
 * Is ignored unless idle. */
void          plug_talk_send (PlugTalk   *self,
                              IvlTask    *task,
                              const char *prompt,
                              IvlOptions *options);
/* At once; "answered" follows as soon as what is under way has let go */
void          plug_talk_stop (PlugTalk *self);
void          plug_talk_answer_consent (PlugTalk *self, gboolean allow);
/* Forgets what was said; stops first if need be */
void          plug_talk_reset (PlugTalk *self);

/* "On this computer: NAME", "On gpu.example: NAME"; as far as the settings tell before a model was
 * opened; translated (transfer full) */
char         *plug_talk_describe_place (PlugTalk *self);
/* Would pictures leave this computer, by the settings as they are now */
gboolean      plug_talk_is_remote (PlugTalk *self);

G_END_DECLS
