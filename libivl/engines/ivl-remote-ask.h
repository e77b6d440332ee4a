/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engines/ivl-remote-call.h"
#include "engines/ivl-remote-gate.h"
#include "wire/ivl-wire-answer.h"

G_BEGIN_DECLS

/* One question to a server: tried again while nothing of the answer has come, then read piece by
 * piece. */
typedef struct _IvlRemoteAsk IvlRemoteAsk;

/* What all questions to a server share. */
typedef struct
{
  IvlRemoteHttp    *http;
  IvlRemoteGate    *gate;
  IvlRemoteTimeouts timeouts;
} IvlRemoteLine;

/* What the server said when it would not take the request. */
typedef struct
{
  guint   status; /* 0: no reply */
  GBytes *body;   /* (nullable) */
} IvlRemoteRefusal;

#define IVL_REMOTE_MAX_REFUSAL (64 * 1024)

void           ivl_remote_refusal_clear (IvlRemoteRefusal *self);

/* Asks, and waits for the first content or the answer's end. patience: milliseconds that the server
 * may be away, loading or busy. progress (nullable) is called as long as the ask lives. dialect has
 * to outlive the ask. refusal is filled on failure. Errors: those of ivl-remote-call.h and
 * ivl-wire-error.h, and IVL_ERROR_BUSY. */
IvlRemoteAsk  *ivl_remote_ask_new (const IvlRemoteLine   *line,
                                   const IvlWireDialect  *dialect,
                                   GBytes                *body,
                                   guint                  patience,
                                   IvlRemoteRefusal      *refusal,
                                   IvlProgressFunc        progress,
                                   gpointer               progress_data,
                                   GCancellable          *cancellable,
                                   GError               **error);
/* Gives the rest of the answer up if it has not ended. */
void           ivl_remote_ask_free (IvlRemoteAsk *self);
/* Appends the next text (maybe none); *is_finished when it was the last. After the first text
 * nothing is tried again. */
gboolean       ivl_remote_ask_read (IvlRemoteAsk  *self,
                                    GString       *text,
                                    gboolean      *is_finished,
                                    GCancellable  *cancellable,
                                    GError       **error);
IvlWireAnswer *ivl_remote_ask_get_answer (IvlRemoteAsk *self);

/* Asks for a small JSON document, such as the models: GET of path below the base address. NULL with
 * refusal filled when the reply is no 200. *server is its header Server (transfer full). Errors as
 * above. */
GBytes        *ivl_remote_ask_get (const IvlRemoteLine  *line,
                                   const char           *path,
                                   char                **server,
                                   IvlRemoteRefusal     *refusal,
                                   IvlProgressFunc       progress,
                                   gpointer              progress_data,
                                   GCancellable         *cancellable,
                                   GError              **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlRemoteRefusal, ivl_remote_refusal_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemoteAsk, ivl_remote_ask_free)

G_END_DECLS
