/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-model.h>
#include <libivl/ivl-reply.h>

G_BEGIN_DECLS

#define IVL_TYPE_SESSION (ivl_session_get_type ())

/**
 * IvlSession:
 *
 * One conversation with a model: what was said, the pictures, and whatever the engine keeps so that
 * nothing is computed twice. Used by one caller at a time.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlSession, ivl_session, IVL, SESSION, GObject)

IVL_AVAILABLE_IN_ALL
IvlSession *ivl_session_new (IvlModel *model);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_session_get_model (IvlSession *self);
IVL_AVAILABLE_IN_ALL
void ivl_session_set_progress (IvlSession      *self,
                               IvlProgressFunc  progress,
                               gpointer         user_data,
                               GDestroyNotify   notify);
IVL_AVAILABLE_IN_ALL
gboolean ivl_session_add_message (IvlSession  *self,
                                  IvlMessage  *message,
                                  GError     **error);
IVL_AVAILABLE_IN_ALL
guint ivl_session_get_n_messages (IvlSession *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_session_reset (IvlSession  *self,
                            GError     **error);
IVL_AVAILABLE_IN_ALL
IvlReply *ivl_session_send (IvlSession    *self,
                            IvlMessage    *message,
                            IvlOptions    *options,
                            GCancellable  *cancellable,
                            GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_session_send_async (IvlSession          *self,
                             IvlMessage          *message,
                             IvlOptions          *options,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
IVL_AVAILABLE_IN_ALL
IvlReply *ivl_session_send_finish (IvlSession    *self,
                                   GAsyncResult  *result,
                                   GError       **error);
IVL_AVAILABLE_IN_ALL
IvlReply *ivl_session_send_and_read (IvlSession    *self,
                                     IvlMessage    *message,
                                     IvlOptions    *options,
                                     GCancellable  *cancellable,
                                     GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_session_send_and_read_async (IvlSession          *self,
                                      IvlMessage          *message,
                                      IvlOptions          *options,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
IVL_AVAILABLE_IN_ALL
IvlReply *ivl_session_send_and_read_finish (IvlSession    *self,
                                            GAsyncResult  *result,
                                            GError       **error);

G_END_DECLS
