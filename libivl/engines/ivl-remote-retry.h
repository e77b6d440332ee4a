/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is known of a request that failed before any of its answer had come. */
typedef struct
{
  guint       status;         /* HTTP status; 0: there was no reply, or it was cut off */
  gboolean    is_lasting;     /* without a status: waiting cannot help (a bad certificate) */
  gboolean    is_garbled;     /* without a status: what came is no HTTP, or cut off early */
  const char *message;        /* what the server says; (nullable), and so below */
  const char *retry_after;    /* headers of the reply */
  const char *retry_after_ms;
  const char *should_retry;
} IvlRemoteFailure;

/* The longest that a server may ask to be left alone. */
#define IVL_REMOTE_RETRY_MAX_WAIT_MS (120 * 1000)

/* Whether the request may be made again after n_tries of it have failed. */
gboolean ivl_remote_retry_may (const IvlRemoteFailure *failure,
                               guint                   n_tries);
/* Whether the server says by the failure that it has too much to do. */
gboolean ivl_remote_retry_is_busy (const IvlRemoteFailure *failure);
/* Milliseconds to wait before the next try: doubling times with full jitter, or longer if the
 * server asks for it. now is seconds since 1970, chance 0..1. */
guint    ivl_remote_retry_get_wait (const IvlRemoteFailure *failure,
                                    guint                   n_tries,
                                    gint64                  now,
                                    double                  chance);

G_END_DECLS
