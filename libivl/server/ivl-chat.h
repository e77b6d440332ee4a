/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-model.h>

#include "server/ivl-http-exchange.h"
#include "server/ivl-metrics.h"

G_BEGIN_DECLS

/* Answers chat completion requests with a model, each on threads of its own and in sessions of its
 * own. Except for the work itself, everything is for the thread of the connections. */
typedef struct _IvlChat IvlChat;

IvlChat  *ivl_chat_new (IvlMetrics *metrics,
                        guint       max_running,
                        guint       max_waiting);
/* Gives up what is under way and waits for its threads. */
void      ivl_chat_free (IvlChat *self);
/* model: NULL while there is none. */
void      ivl_chat_set_model (IvlChat  *self,
                              IvlModel *model);
/* Called in any thread when a model's files have changed or are damaged: requests that fail for
 * that are told to come again. FALSE: nothing can be done about it. */
typedef gboolean (*IvlChatDamageFunc) (IvlModel *model,
                                       gpointer  data);
void      ivl_chat_set_damage_func (IvlChat           *self,
                                    IvlChatDamageFunc  func,
                                    gpointer           data);
/* NULL while there is none. */
IvlModel *ivl_chat_get_model (IvlChat *self);
/* Takes a request with its body; it is answered later. */
void      ivl_chat_take (IvlChat         *self,
                         IvlHttpExchange *exchange);
/* The request's exchange has ended, whether it was answered or not. */
void      ivl_chat_forget (IvlChat         *self,
                           IvlHttpExchange *exchange);
/* Keeps clients that wait from giving up. */
void      ivl_chat_tick (IvlChat *self);
/* From now on, answers that are given up have failed because the server ends. */
void      ivl_chat_stop (IvlChat *self);
void      ivl_chat_get_counts (IvlChat *self,
                               guint   *n_running,
                               guint   *n_waiting);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlChat, ivl_chat_free)

G_END_DECLS
