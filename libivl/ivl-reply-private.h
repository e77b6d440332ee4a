/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-message.h>
#include <libivl/ivl-reply.h>
#include <libivl/ivl-session.h>

G_BEGIN_DECLS

/* A reply on a session that has begun to answer; `image` (nullable) is the picture that regions
 * refer to. begins_in_thought: the model is known to reason without saying so. */
IvlReply *ivl_reply_new (IvlSession     *session,
                         IvlImage       *image,
                         IvlOptions     *options,
                         gboolean        begins_in_thought,
                         const IvlUsage *usage);

/* What the reply asks of its session. advance() generates the next piece; end() gives the
 * session free again, with the answer in its history, or with the question taken back when
 * answer is NULL. */
gboolean  ivl_session_advance (IvlSession    *self,
                               GString       *text,
                               GArray        *ids,
                               IvlUsage      *usage,
                               GCancellable  *cancellable,
                               GError       **error);
/* Moves the tokens that the last advance made, as IvlToken, to the array. */
void      ivl_session_take_tokens (IvlSession *self,
                                   GPtrArray  *tokens);
/* The model reasons without saying so: answers in this conversation are held back until it ends. */
void      ivl_session_note_thought (IvlSession *self);
/* The name of the model that answers now */
const char *ivl_session_get_answering (IvlSession *self);
void      ivl_session_end (IvlSession *self,
                           const char *answer);

G_END_DECLS
