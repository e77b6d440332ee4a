/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "server/ivl-http-head.h"

G_BEGIN_DECLS

/* One request and its answer. The request is read only once it is handed out; the functions that
 * answer may be called from any thread. Counted, since a worker may hold it when the connection is
 * gone. */
typedef struct _IvlHttpExchange IvlHttpExchange;

/* Bytes of an answer that wait for a slow reader before its writer has to wait. */
#define IVL_HTTP_EXCHANGE_MAX_PENDING (256 << 10)

/* Status that stands for a client that went away before it was answered. */
#define IVL_HTTP_STATUS_GONE 499

struct _IvlHttpExchange
{
  gatomicrefcount ref_count;

  /* The request. */
  IvlHttpHead  *head;      /* NULL: it broke off before its head was read */
  GBytes       *body;      /* (nullable) */
  char         *peer;      /* who asks: an address, or a process on this computer */
  char          id[33];    /* for the answer's name and for the log */
  gint64        began;     /* monotonic time, µs */
  GCancellable *gone;      /* fires when nobody waits for the answer any more */
  guint64       notice;    /* its number for ivl-crash-notice.h */

  /* What the handler keeps with it. */
  gpointer       data;
  GDestroyNotify free_data;

  /* The answer, under the lock. */
  GMutex    lock;
  GCond     drained;
  GString  *out;           /* what is not sent yet, from out_start */
  gsize     out_start;
  guint     status;        /* 0: not begun */
  gboolean  is_chunked;
  gboolean  is_ended;
  gboolean  closes;        /* the connection ends with this answer */
  gboolean  is_detached;   /* no connection any more */
  gboolean  is_awake;      /* the connection was told of new bytes */
  void    (*wake) (IvlHttpExchange *self, gpointer data);
  gpointer  wake_data;

  gpointer  connection;    /* for the thread of the connections alone */
};

IvlHttpExchange *ivl_http_exchange_new (const char  *peer,
                                        void       (*wake) (IvlHttpExchange *self,
                                                            gpointer         data),
                                        gpointer     wake_data);
IvlHttpExchange *ivl_http_exchange_ref (IvlHttpExchange *self);
void             ivl_http_exchange_unref (IvlHttpExchange *self);

/* Whether something of the answer was written. */
gboolean         ivl_http_exchange_has_begun (IvlHttpExchange *self);
guint            ivl_http_exchange_get_status (IvlHttpExchange *self);

/* Answers at once. `fields`: further lines of the head, each with CR and LF (nullable). Nothing
 * happens when an answer has begun. */
void             ivl_http_exchange_respond (IvlHttpExchange *self,
                                            guint            status,
                                            const char      *type,
                                            const char      *fields,
                                            const char      *body);
/* Answers with an error as OpenAI nests them; param and code may be NULL. retry_after: seconds, 0
 * for none; a status of 500 says that trying again is no use. */
void             ivl_http_exchange_fail (IvlHttpExchange *self,
                                         guint            status,
                                         const char      *message,
                                         const char      *param,
                                         const char      *code,
                                         guint            retry_after);
/* Begins an answer whose length is not known. */
void             ivl_http_exchange_begin (IvlHttpExchange *self,
                                          const char      *type,
                                          const char      *fields);
/* Adds to it. With `waits`, blocks while too much is pending; never so in the thread of the
 * connections. FALSE: nobody reads it any more. */
gboolean         ivl_http_exchange_write (IvlHttpExchange *self,
                                          const char      *bytes,
                                          gsize            n,
                                          gboolean         waits);
/* Ends it. Not complete: the connection is cut, so that nobody takes it for a whole answer. */
void             ivl_http_exchange_end (IvlHttpExchange *self,
                                        gboolean         is_complete);
/* Whether the connection ends with this answer; an answer that has begun says so already. */
void             ivl_http_exchange_set_closes (IvlHttpExchange *self,
                                               gboolean         closes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlHttpExchange, ivl_http_exchange_unref)

G_END_DECLS
