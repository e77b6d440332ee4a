/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/ivl-http-exchange.h"

G_BEGIN_DECLS

/* HTTP/1.1 over the connections of a listening socket: reads requests strictly and within limits of
 * size, rate and time, and sends the answers. Everything happens in the thread that runs the
 * context; answers come from any thread. */
typedef struct _IvlHttpServer IvlHttpServer;

/* Limits; the defaults of ivl_http_server_new() in brackets. */
typedef struct
{
  guint   max_connections; /* beyond it the one that has been idle longest is closed [512] */
  guint64 max_all_bodies;  /* bytes of the bodies of all requests at a time [320 MB] */
  guint   head_seconds;    /* from the first byte of a head to its last [10] */
  guint   body_seconds;    /* a body may stop for so long [10] */
  guint   body_rate;       /* least bytes a second of a body, after its first seconds [4096] */
  guint   idle_seconds;    /* a connection may wait for the next request for so long [75] */
  guint   reader_seconds;  /* in each such time a reader takes ... [30] */
  guint   reader_bytes;    /* ... so many bytes of an answer, if there are any [16384] */
} IvlHttpLimits;

/* What answers. All are called in the thread of the context. */
typedef struct
{
  /* A head has come: either answers, or tells how many bytes of body are taken. */
  guint64 (*check_head) (IvlHttpExchange *exchange, gpointer data);
  /* The request is whole. The answer may come later. */
  void    (*take_request) (IvlHttpExchange *exchange, gpointer data);
  /* The answer is sent, or nobody waits for it any more. Once for each exchange that has a head or
   * an answer. */
  void    (*finish) (IvlHttpExchange *exchange, gpointer data);
  /* Four times a second, less often when nobody is connected. */
  void    (*tick) (gpointer data);
} IvlHttpHandler;

IvlHttpServer *ivl_http_server_new (GSocket              *listener,
                                    const IvlHttpHandler *handler,
                                    gpointer              data);
/* Ends all connections at once. */
void           ivl_http_server_free (IvlHttpServer *self);
/* May be changed before it starts. */
IvlHttpLimits *ivl_http_server_get_limits (IvlHttpServer *self);
void           ivl_http_server_start (IvlHttpServer *self,
                                      GMainContext  *context);
/* Takes no more connections or requests, and gives up every answer: their cancellables fire. */
void           ivl_http_server_stop (IvlHttpServer *self);
/* Whether all answers are sent. */
gboolean       ivl_http_server_is_quiet (IvlHttpServer *self);
guint          ivl_http_server_get_n_connections (IvlHttpServer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlHttpServer, ivl_http_server_free)

G_END_DECLS
