/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A server for tests on 127.0.0.1 (or a Unix socket) that sends exactly the bytes it is told to,
 * one thread for each connection. It knows just enough HTTP to find where a request ends. */
typedef struct _ReplayServer ReplayServer;
typedef struct _ReplayConnection ReplayConnection;

typedef struct
{
  const char *head;      /* request line and header fields, NUL-terminated */
  const char *body;      /* NUL-terminated */
  gsize       n_body;
  guint       index;     /* of all requests to the server, from 0 */
  guint       n_earlier; /* requests on this connection before */
} ReplayRequest;

typedef enum
{
  REPLAY_KEEP,  /* wait for another request */
  REPLAY_CLOSE,
  REPLAY_RESET, /* RST instead of FIN */
} ReplayEnd;

typedef ReplayEnd (*ReplayFunc) (ReplayConnection    *connection,
                                 const ReplayRequest *request,
                                 gpointer             data);

/* socket: (nullable): a path; else TCP */
ReplayServer *replay_server_new (const char *socket,
                                 ReplayFunc  func,
                                 gpointer    data);
void          replay_server_free (ReplayServer *self);
guint         replay_server_get_port (ReplayServer *self);
guint         replay_server_count_requests (ReplayServer *self);
guint         replay_server_count_connections (ReplayServer *self);

/* FALSE when the other side has gone. */
gboolean      replay_send (ReplayConnection *self,
                           const void       *bytes,
                           gssize            n);
/* Waits until the other side closes, at most max_ms; whether it did. */
gboolean      replay_wait_closed (ReplayConnection *self,
                                  guint             max_ms);
/* The value of a header field of the request (transfer full) (nullable). */
char         *replay_request_get_header (const ReplayRequest *self,
                                         const char          *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ReplayServer, replay_server_free)

G_END_DECLS
