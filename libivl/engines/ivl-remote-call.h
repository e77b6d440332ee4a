/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engines/ivl-remote-http.h"

G_BEGIN_DECLS

/* One request and its reply, as bytes. Made, read and freed in one thread; freeing it ends it, if
 * need be by closing the connection. */
typedef struct _IvlRemoteCall IvlRemoteCall;

/* How long the parts of a reply may take, in milliseconds. */
typedef struct
{
  guint connect;     /* name, connection and TLS */
  guint first_byte;  /* from the end of the request to the reply's headers */
  guint first_token; /* from there to the first content, and between contents */
  guint idle;        /* without any byte, either way */
  guint linger;      /* after the answer's end, for the reply's */
  guint patience;    /* for a server that is away, loading or busy, unless the options say */
  guint down;        /* the same while a model is opened, for one that does not answer */
  guint loading;     /* and for one that does */
} IvlRemoteTimeouts;

/* The head of a reply; strings are NULL for headers that it has not. */
typedef struct
{
  guint status;
  char *content_type; /* without parameters, in lower case */
  char *encoding;
  char *location;
  char *server;
  char *retry_after;
  char *retry_after_ms;
  char *should_retry;
} IvlRemoteHead;

/* How far a call has come. */
typedef struct
{
  guint64  n_sent;     /* bytes of the body */
  gboolean was_reused; /* it went over a connection of an earlier call */
  gboolean is_broken;  /* the connection failed */
  gboolean is_lasting; /* it failed for a reason that waiting does not change */
} IvlRemoteState;

/* body is JSON (nullable: GET). */
IvlRemoteCall       *ivl_remote_call_new (IvlRemoteHttp *http,
                                          const char    *path,
                                          GBytes        *body);
void                 ivl_remote_call_free (IvlRemoteCall *self);
/* Waits for the head of the reply, until `patience` (monotonic time; 0: none) even if that is later
 * than the timeouts allow. Tells progress of uploading and waiting. Errors:
 * IVL_ERROR_REMOTE_UNREACHABLE, IVL_ERROR_REMOTE_PROTOCOL, G_IO_ERROR_CANCELLED. */
const IvlRemoteHead *ivl_remote_call_wait (IvlRemoteCall            *self,
                                           const IvlRemoteTimeouts  *timeouts,
                                           gint64                    patience,
                                           IvlProgressFunc           progress,
                                           gpointer                  progress_data,
                                           GCancellable             *cancellable,
                                           GError                  **error);
/* Waits for bytes of the body and appends them: none at its end. At most until `deadline`
 * (monotonic time, whose lateness is an error too). Errors: IVL_ERROR_REMOTE_FAILED,
 * G_IO_ERROR_CANCELLED. */
gboolean             ivl_remote_call_read (IvlRemoteCall  *self,
                                           GByteArray     *bytes,
                                           guint           idle,
                                           gint64          deadline,
                                           GCancellable   *cancellable,
                                           GError        **error);
void                 ivl_remote_call_get_state (IvlRemoteCall  *self,
                                                IvlRemoteState *state);
/* The answer is complete: reads what is left of the reply, so that the connection can be used
 * again, without keeping anyone waiting. */
void                 ivl_remote_call_finish (IvlRemoteCall *self,
                                             guint          linger);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemoteCall, ivl_remote_call_free)

G_END_DECLS
