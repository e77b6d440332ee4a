/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes a stream of server-sent events apart (WHATWG HTML, "Server-sent events"): bytes in, in
 * pieces of any size. */
typedef struct _IvlSseDecoder IvlSseDecoder;

/* One event: its lines of data joined by '\n' (NUL-terminated, len without the NUL). `event` is
 * NULL for the default type; a line with the field "error:", which old llama-servers send, comes
 * as an event of the type "error". FALSE with @error set stops the decoder. */
typedef gboolean (*IvlSseFunc) (const char  *event,
                                const char  *data,
                                gsize        len,
                                gpointer     user_data,
                                GError     **error);

#define IVL_SSE_MAX_EVENT (1 << 20)

IvlSseDecoder *ivl_sse_decoder_new (void);
void           ivl_sse_decoder_free (IvlSseDecoder *self);
/* Errors: IVL_ERROR_REMOTE_PROTOCOL for an event of more than IVL_SSE_MAX_EVENT bytes, and what
 * func reports. An event counts when its empty line has come. */
gboolean       ivl_sse_decoder_push (IvlSseDecoder  *self,
                                     const char     *bytes,
                                     gsize           n,
                                     IvlSseFunc      func,
                                     gpointer        user_data,
                                     GError        **error);
/* Comment lines seen so far: what servers send to keep a connection open. */
guint64        ivl_sse_decoder_get_n_comments (IvlSseDecoder *self);

/* Appends one event of the default type, or a comment. */
void           ivl_sse_append_event (GString    *out,
                                     const char *data);
/* One event of another type. */
void           ivl_sse_append_typed (GString    *out,
                                     const char *type,
                                     const char *data);
void           ivl_sse_append_comment (GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlSseDecoder, ivl_sse_decoder_free)

G_END_DECLS
