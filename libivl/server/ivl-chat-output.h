/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-token.h>
#include <libivl/ivl-usage.h>

#include "server/ivl-http-exchange.h"
#include "wire/ivl-wire-progress.h"
#include "wire/ivl-wire-request.h"

G_BEGIN_DECLS

/* The answers of one request on their way to the client: piece by piece, or whole at the end. For
 * all threads. */
typedef struct _IvlChatOutput IvlChatOutput;

IvlChatOutput *ivl_chat_output_new (IvlHttpExchange      *exchange,
                                    const IvlWireRequest *request,
                                    const char           *model);
void           ivl_chat_output_free (IvlChatOutput *self);
/* A piece of answer `index`; tokens: IvlToken (nullable). May wait for a slow reader. FALSE: nobody
 * reads it. */
gboolean       ivl_chat_output_add (IvlChatOutput *self,
                                    guint          index,
                                    const char    *text,
                                    GPtrArray     *tokens);
/* Answer `index` has ended. */
void           ivl_chat_output_finish (IvlChatOutput  *self,
                                       guint           index,
                                       const IvlUsage *usage);
/* All have. */
void           ivl_chat_output_complete (IvlChatOutput *self);
/* The request has failed: a status of its own, or an event in the stream that cuts it. */
void           ivl_chat_output_fail (IvlChatOutput *self,
                                     guint          status,
                                     const char    *message,
                                     const char    *param,
                                     const char    *code,
                                     guint          retry_after);
/* How far the first answer is, for a client that asked for it; not more often than anyone can see.
 * Never waits. */
void           ivl_chat_output_report (IvlChatOutput         *self,
                                       const IvlWireProgress *progress);
/* Whether it asked. */
gboolean       ivl_chat_output_wants_progress (IvlChatOutput *self);
/* Sends something when the client has waited long for the first token: a comment, or once more how
 * far it is. Never waits. */
void           ivl_chat_output_ping (IvlChatOutput *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlChatOutput, ivl_chat_output_free)

G_END_DECLS
