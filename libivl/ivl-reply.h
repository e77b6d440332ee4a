/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>
#include <libivl/ivl-token.h>
#include <libivl/ivl-usage.h>

G_BEGIN_DECLS

#define IVL_TYPE_REPLY (ivl_reply_get_type ())

/**
 * IvlReply:
 *
 * One answer, pulled piece by piece. It keeps its session busy until it has ended, failed, or been
 * dropped or closed.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlReply, ivl_reply, IVL, REPLY, GObject)

IVL_AVAILABLE_IN_ALL
char *ivl_reply_read (IvlReply      *self,
                      GCancellable  *cancellable,
                      GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_reply_read_async (IvlReply            *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data);
IVL_AVAILABLE_IN_ALL
char *ivl_reply_read_finish (IvlReply      *self,
                             GAsyncResult  *result,
                             GError       **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_reply_read_all (IvlReply      *self,
                             GCancellable  *cancellable,
                             GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_reply_close (IvlReply *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_reply_get_text (IvlReply *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_reply_get_remark (IvlReply *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_reply_get_model (IvlReply *self);
IVL_AVAILABLE_IN_ALL
IvlFinishReason ivl_reply_get_finish_reason (IvlReply *self);
IVL_AVAILABLE_IN_ALL
const IvlUsage *ivl_reply_get_usage (IvlReply *self);
IVL_AVAILABLE_IN_ALL
const guint32 *ivl_reply_get_token_ids (IvlReply *self,
                                        gsize    *n_ids);
IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_reply_take_tokens (IvlReply *self);
IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_reply_get_regions (IvlReply *self);

G_END_DECLS
