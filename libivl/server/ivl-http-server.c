/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connections of a server: when which of them is read, written, timed out or closed.
 */
#include "server/ivl-http-server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "server/ivl-crash-notice.h"
#include "server/ivl-http-body.h"

/* How often limits of time are looked at while somebody is connected, and when nobody is. */
#define TICK_MS 250
#define IDLE_TICK_MS 3000
#define READ_BYTES (64 << 10)
/* Connections taken in one go before those that are there get their turn. */
#define ACCEPT_BURST 16
/* What a client may send ahead while it is answered. */
#define MAX_AHEAD IVL_HTTP_HEAD_MAX_BYTES
/* After an early answer the rest of the request is read and dropped for so long, so that the client
 * sees the answer instead of a reset; at most so much of it. */
#define LINGER_SECONDS 2
#define LINGER_BYTES (32 << 20)
#define SEND_BUFFER (128 << 10)

typedef enum
{
  STATE_HEAD,   /* waits for a request, or reads its head */
  STATE_BODY,
  STATE_ANSWER, /* the answer is made or sent */
  STATE_LINGER, /* answered and shut down; what still comes is dropped */
} State;

typedef struct
{
  IvlHttpServer   *server;
  GSocket         *socket;
  GSource         *in;
  GSource         *out;       /* while there is more to send than fits */
  IvlHttpExchange *exchange;
  GList            link;
  char            *peer;
  State            state;
  gboolean         drops;     /* the answer is the last one: what still comes is dropped */
  GString         *bytes;     /* read and not used yet */
  gsize            n_checked; /* of these, looked at for the end of a head */
  IvlHttpBody      body;
  gint64           since;     /* when the state began */
  gint64           head_since; /* when the first byte of a head came; 0: none yet */
  gint64           heard;     /* when something was read last */
  gint64           window;    /* since when the reader's bytes are counted */
  gsize            n_window;
  gsize            n_dropped; /* bytes after the last answer */
  gsize            n_counted; /* bytes of body that this exchange adds to those of all */
} Connection;

struct _IvlHttpServer
{
  GSocket       *listener;
  IvlHttpHandler handler;
  gpointer       data;
  IvlHttpLimits  limits;
  GMainContext  *context;
  GSource       *accept; /* (nullable) while it may not accept */
  GSource       *ticker;
  GSource       *waker;
  GQueue         connections;
  guint64        n_bodies; /* bytes */
  gboolean       is_stopping;
  GMutex         lock;
  GPtrArray     *awake;  /* IvlHttpExchange with something to send; under the lock */
};

static void start_accepting (IvlHttpServer *self);
static void connection_process (Connection *self);

static void
clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* Called in any thread, with the exchange's lock held. */
static void
on_wake (IvlHttpExchange *exchange,
         gpointer         data)
{
  IvlHttpServer *self = data;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->awake, ivl_http_exchange_ref (exchange));
  g_mutex_unlock (&self->lock);
  g_source_set_ready_time (self->waker, 0);
}

static void
connection_set_state (Connection *self,
                      State       state)
{
  self->state = state;
  self->since = self->heard = self->window = g_get_monotonic_time ();
  self->n_window = 0;
}

/* Parts the exchange from the connection: sent, or given up. */
static void
connection_drop_exchange (Connection *self)
{
  IvlHttpExchange *exchange = g_steal_pointer (&self->exchange);
  gboolean is_known;

  if (exchange == NULL)
    return;
  ivl_crash_notice_remove (exchange->notice);
  g_mutex_lock (&exchange->lock);
  exchange->is_detached = TRUE;
  is_known = exchange->head != NULL || exchange->status != 0;
  if (!exchange->is_ended)
    exchange->status = IVL_HTTP_STATUS_GONE;
  g_cond_broadcast (&exchange->drained);
  g_mutex_unlock (&exchange->lock);
  exchange->connection = NULL;
  g_cancellable_cancel (exchange->gone);
  self->server->n_bodies -= self->n_counted;
  self->n_counted = 0;
  if (is_known)
    self->server->handler.finish (exchange, self->server->data);
  ivl_http_exchange_unref (exchange);
}

static void
connection_expect_request (Connection *self)
{
  self->exchange = ivl_http_exchange_new (self->peer, on_wake, self->server);
  self->exchange->connection = self;
  self->n_checked = 0;
  self->head_since = 0;
  connection_set_state (self, STATE_HEAD);
}

static void
connection_close (Connection *self)
{
  connection_drop_exchange (self);
  g_queue_unlink (&self->server->connections, &self->link);
  clear_source (&self->in);
  clear_source (&self->out);
  g_socket_close (self->socket, NULL);
  g_object_unref (self->socket);
  ivl_http_body_clear (&self->body);
  g_string_free (self->bytes, TRUE);
  g_free (self->peer);
  g_free (self);
}

/* Answers with an error, after which nothing on this connection can be trusted. */
static void
connection_refuse (Connection           *self,
                   const IvlHttpRefusal *refusal)
{
  connection_set_state (self, STATE_ANSWER);
  self->drops = TRUE;
  g_string_truncate (self->bytes, 0);
  ivl_http_body_clear (&self->body);
  ivl_http_exchange_set_closes (self->exchange, TRUE);
  ivl_http_exchange_fail (self->exchange, refusal->status, refusal->reason, NULL, NULL,
                          refusal->status == 503 ? 1 : 0);
}

static void
connection_take_request (Connection *self)
{
  IvlHttpExchange *exchange = self->exchange;

  exchange->body = ivl_http_body_steal (&self->body);
  connection_set_state (self, STATE_ANSWER);
  exchange->notice = ivl_crash_notice_add (g_socket_get_fd (self->socket));
  self->server->handler.take_request (exchange, self->server->data);
}

static void
connection_begin_body (Connection *self)
{
  static const char proceed[] = "HTTP/1.1 100 Continue\r\n\r\n";
  IvlHttpExchange *exchange = self->exchange;
  IvlHttpRefusal refusal = { 0 };
  gboolean has_body = exchange->head->framing == IVL_HTTP_BODY_CHUNKED ||
                      exchange->head->content_length > 0;
  guint64 max;

  /* An answer before the body was read leaves that in the way of further requests. */
  ivl_http_exchange_set_closes (exchange, has_body);
  max = self->server->handler.check_head (exchange, self->server->data);
  if (ivl_http_exchange_has_begun (exchange))
    {
      connection_set_state (self, STATE_ANSWER);
      self->drops = has_body;
      if (has_body)
        g_string_truncate (self->bytes, 0);
      return;
    }
  ivl_http_exchange_set_closes (exchange, FALSE);
  if (!ivl_http_body_init (&self->body, exchange->head, max, &refusal))
    {
      connection_refuse (self, &refusal);
      return;
    }
  connection_set_state (self, STATE_BODY);
  /* A peer that takes no 25 bytes now takes none later either; the body's timers see to it. */
  if (exchange->head->expects_continue && self->bytes->len == 0 && !self->body.is_complete)
    g_socket_send_with_blocking (self->socket, proceed, strlen (proceed), FALSE, NULL, NULL);
}

/* TRUE: a whole head was taken. */
static gboolean
connection_read_head (Connection *self)
{
  IvlHttpRefusal refusal = { 0 };
  gsize end;

  if (self->bytes->len == 0)
    return FALSE;
  if (self->head_since == 0)
    self->head_since = self->exchange->began = g_get_monotonic_time ();
  if (!ivl_http_head_find_end (self->bytes->str, self->bytes->len, &self->n_checked, &end,
                               &refusal))
    {
      connection_refuse (self, &refusal);
      return FALSE;
    }
  if (end == 0)
    return FALSE;
  self->exchange->head = ivl_http_head_parse (self->bytes->str, end, &refusal);
  if (self->exchange->head == NULL)
    {
      connection_refuse (self, &refusal);
      return FALSE;
    }
  g_string_erase (self->bytes, 0, (gssize) end);
  connection_begin_body (self);
  return TRUE;
}

static void
connection_read_body (Connection *self)
{
  IvlHttpServer *server = self->server;
  IvlHttpRefusal refusal = { 0 };
  gsize n_used;

  if (!ivl_http_body_push (&self->body, self->bytes->str, self->bytes->len, &n_used, &refusal))
    {
      connection_refuse (self, &refusal);
      return;
    }
  g_string_erase (self->bytes, 0, (gssize) n_used);
  server->n_bodies += self->body.n - self->n_counted;
  self->n_counted = self->body.n;
  if (server->n_bodies > server->limits.max_all_bodies)
    {
      refusal = (IvlHttpRefusal) { 503, "Too many large requests at a time" };
      connection_refuse (self, &refusal);
      return;
    }
  if (self->body.is_complete)
    connection_take_request (self);
}

/* Goes as far as the bytes that are there allow. Does not close the connection. */
static void
connection_process (Connection *self)
{
  if (self->state == STATE_HEAD && !connection_read_head (self))
    return;
  if (self->state == STATE_BODY)
    connection_read_body (self);
}

/* FALSE: the connection is closed and gone. */
static gboolean
connection_take_bytes (Connection *self,
                       const char *bytes,
                       gssize      n)
{
  self->heard = g_get_monotonic_time ();
  if (self->state == STATE_LINGER || self->drops)
    self->n_dropped += (gsize) n;
  else
    g_string_append_len (self->bytes, bytes, n);
  if (self->n_dropped > LINGER_BYTES ||
      (self->state == STATE_ANSWER && self->bytes->len > MAX_AHEAD))
    {
      connection_close (self);
      return FALSE;
    }
  if (self->state == STATE_HEAD || self->state == STATE_BODY)
    connection_process (self);
  return TRUE;
}

static gboolean
on_readable (GSocket      *socket,
             GIOCondition  condition,
             gpointer      data)
{
  Connection *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *buffer = g_malloc (READ_BYTES);
  gssize n = g_socket_receive_with_blocking (socket, buffer, READ_BYTES, FALSE, NULL, &error);

  if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      connection_close (self);
      return G_SOURCE_REMOVE;
    }
  return connection_take_bytes (self, buffer, n) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* Sends what there is. FALSE: the peer is gone. *is_done: the answer has ended and is sent. */
static gboolean
connection_send (Connection *self,
                 gboolean   *is_done,
                 gboolean   *is_full)
{
  IvlHttpExchange *exchange = self->exchange;
  gboolean ok = TRUE;

  g_mutex_lock (&exchange->lock);
  exchange->is_awake = FALSE;
  while (ok && !*is_full && exchange->out_start < exchange->out->len)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_send_with_blocking (self->socket,
                                              exchange->out->str + exchange->out_start,
                                              exchange->out->len - exchange->out_start, FALSE,
                                              NULL, &error);

      if (n >= 0)
        {
          exchange->out_start += (gsize) n;
          self->n_window += (gsize) n;
        }
      else
        {
          *is_full = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
          ok = *is_full;
        }
    }
  if (exchange->out_start == exchange->out->len || exchange->out_start > READ_BYTES)
    {
      g_string_erase (exchange->out, 0, (gssize) exchange->out_start);
      exchange->out_start = 0;
    }
  *is_done = exchange->is_ended && exchange->out->len == exchange->out_start;
  if (exchange->out->len - exchange->out_start <= IVL_HTTP_EXCHANGE_MAX_PENDING)
    g_cond_broadcast (&exchange->drained);
  g_mutex_unlock (&exchange->lock);
  return ok;
}

/* The answer is sent: on to the next request, or to the end. */
static void
connection_finish_answer (Connection *self)
{
  gboolean closes = self->exchange->closes || self->server->is_stopping;

  connection_drop_exchange (self);
  if (!closes)
    {
      connection_expect_request (self);
      connection_process (self);
      return;
    }
  g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  connection_set_state (self, STATE_LINGER);
}

static gboolean on_writable (GSocket      *socket,
                             GIOCondition  condition,
                             gpointer      data);

static void
connection_flush (Connection *self)
{
  gboolean is_done = FALSE;
  gboolean is_full = FALSE;

  if (!connection_send (self, &is_done, &is_full))
    {
      connection_close (self);
      return;
    }
  if (!is_full)
    {
      clear_source (&self->out);
      self->window = g_get_monotonic_time ();
      self->n_window = 0;
    }
  else if (self->out == NULL)
    {
      self->out = g_socket_create_source (self->socket, G_IO_OUT, NULL);
      g_source_set_callback (self->out, G_SOURCE_FUNC (on_writable), self, NULL);
      g_source_attach (self->out, self->server->context);
    }
  if (is_done)
    connection_finish_answer (self);
}

static gboolean
on_writable (GSocket      *socket,
             GIOCondition  condition,
             gpointer      data)
{
  connection_flush (data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_woken (gpointer data)
{
  IvlHttpServer *self = data;
  g_autoptr (GPtrArray) awake = NULL;

  g_source_set_ready_time (self->waker, -1);
  g_mutex_lock (&self->lock);
  awake = g_steal_pointer (&self->awake);
  self->awake = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_http_exchange_unref);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; i < awake->len; i++)
    {
      IvlHttpExchange *exchange = g_ptr_array_index (awake, i);

      if (exchange->connection != NULL)
        connection_flush (exchange->connection);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
has_passed (gint64 since,
            guint  seconds,
            gint64 now)
{
  return now - since > (gint64) seconds * G_TIME_SPAN_SECOND;
}

static void
connection_time_out (Connection *self,
                     const char *reason)
{
  IvlHttpRefusal refusal = { 408, reason };

  connection_refuse (self, &refusal);
}

static gboolean
connection_is_body_slow (Connection *self,
                         gint64      now)
{
  const IvlHttpLimits *limits = &self->server->limits;
  gint64 seconds = (now - self->since) / G_TIME_SPAN_SECOND;

  if (has_passed (self->heard, limits->body_seconds, now))
    return TRUE;
  return seconds > limits->body_seconds &&
         self->body.n < (guint64) (seconds - limits->body_seconds) * limits->body_rate;
}

static void
connection_check_reader (Connection *self,
                         gint64      now)
{
  const IvlHttpLimits *limits = &self->server->limits;

  if (self->out == NULL || !has_passed (self->window, limits->reader_seconds, now))
    return;
  if (self->n_window < limits->reader_bytes)
    {
      connection_close (self);
      return;
    }
  self->window = now;
  self->n_window = 0;
}

static void
connection_check_time (Connection *self,
                       gint64      now)
{
  const IvlHttpLimits *limits = &self->server->limits;

  switch (self->state)
    {
    case STATE_HEAD:
      if (self->head_since != 0 && has_passed (self->head_since, limits->head_seconds, now))
        connection_time_out (self, "The head of the request took too long");
      else if (self->head_since == 0 && has_passed (self->since, limits->idle_seconds, now))
        connection_close (self);
      break;
    case STATE_BODY:
      if (connection_is_body_slow (self, now))
        connection_time_out (self, "The body of the request comes too slowly");
      break;
    case STATE_ANSWER:
      connection_check_reader (self, now);
      break;
    case STATE_LINGER:
      if (has_passed (self->since, LINGER_SECONDS, now))
        connection_close (self);
      break;
    }
}

static void
set_next_tick (IvlHttpServer *self)
{
  guint ms = self->connections.length > 0 || self->accept == NULL ? TICK_MS : IDLE_TICK_MS;

  g_source_set_ready_time (self->ticker, g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND);
}

static gboolean
on_tick (gpointer data)
{
  IvlHttpServer *self = data;
  gint64 now = g_get_monotonic_time ();
  GList *next;

  for (GList *link = self->connections.head; link != NULL; link = next)
    {
      next = link->next;
      connection_check_time (link->data, now);
    }
  start_accepting (self);
  self->handler.tick (self->data);
  set_next_tick (self);
  return G_SOURCE_CONTINUE;
}

/* Closes the connection that has waited longest for a request. FALSE: none waits. */
static gboolean
close_idle (IvlHttpServer *self)
{
  Connection *oldest = NULL;

  for (GList *link = self->connections.head; link != NULL; link = link->next)
    {
      Connection *connection = link->data;

      if ((connection->state == STATE_HEAD || connection->state == STATE_LINGER) &&
          (oldest == NULL || connection->since < oldest->since))
        oldest = connection;
    }
  if (oldest != NULL)
    connection_close (oldest);
  return oldest != NULL;
}

/* Who is at the other end, for fairness and limits: the address, or the process on a Unix
 * socket. */
static char *
name_peer (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_remote_address (socket, NULL);
  g_autoptr (GCredentials) credentials = NULL;

  if (G_IS_INET_SOCKET_ADDRESS (address))
    return g_inet_address_to_string (
        g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
  credentials = g_socket_get_credentials (socket, NULL);
  return g_strdup_printf (
      "process %d", credentials != NULL ? (int) g_credentials_get_unix_pid (credentials, NULL) : 0);
}

static void
add_connection (IvlHttpServer *self,
                GSocket       *socket)
{
  Connection *connection = g_new0 (Connection, 1);

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_keepalive (socket, TRUE);
  /* What is sent shall arrive, not wait for more; and what waits shall be few bytes. */
  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
  g_socket_set_option (socket, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER, NULL);
  connection->server = self;
  connection->socket = socket;
  connection->peer = name_peer (socket);
  connection->bytes = g_string_new (NULL);
  connection->link.data = connection;
  g_queue_push_tail_link (&self->connections, &connection->link);
  if (self->connections.length == 1)
    set_next_tick (self);
  connection_expect_request (connection);
  connection->in = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (connection->in, G_SOURCE_FUNC (on_readable), connection, NULL);
  g_source_attach (connection->in, self->context);
}

static gboolean
on_acceptable (GSocket      *listener,
               GIOCondition  condition,
               gpointer      data)
{
  IvlHttpServer *self = data;

  for (guint i = 0; i < ACCEPT_BURST; i++)
    {
      g_autoptr (GError) error = NULL;
      GSocket *socket;

      if (self->connections.length >= self->limits.max_connections && !close_idle (self))
        {
          clear_source (&self->accept); /* until the next tick, which comes soon */
          return G_SOURCE_REMOVE;
        }
      socket = g_socket_accept (listener, NULL, &error);
      if (socket != NULL)
        {
          add_connection (self, socket);
          continue;
        }
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        break;
      /* Out of file descriptors, say: an idle connection has to give way. */
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES))
        close_idle (self);
      clear_source (&self->accept);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
start_accepting (IvlHttpServer *self)
{
  if (self->accept != NULL || self->is_stopping)
    return;
  self->accept = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (self->accept, G_SOURCE_FUNC (on_acceptable), self, NULL);
  g_source_attach (self->accept, self->context);
}

static gboolean
dispatch_timed (GSource     *source,
                GSourceFunc  callback,
                gpointer     data)
{
  return callback (data);
}

/* A source that is dispatched when its ready time has come. */
static GSource *
make_timed_source (GSourceFunc callback,
                   gpointer    data)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_timed };
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_callback (source, callback, data, NULL);
  return source;
}

IvlHttpServer *
ivl_http_server_new (GSocket              *listener,
                     const IvlHttpHandler *handler,
                     gpointer              data)
{
  IvlHttpServer *self = g_new0 (IvlHttpServer, 1);

  self->listener = g_object_ref (listener);
  self->handler = *handler;
  self->data = data;
  self->limits = (IvlHttpLimits) {
    .max_connections = 512,
    .max_all_bodies = (guint64) 16 * 20 * 1000 * 1000,
    .head_seconds = 10,
    .body_seconds = 10,
    .body_rate = 4096,
    .idle_seconds = 75,
    .reader_seconds = 30,
    .reader_bytes = 16384,
  };
  g_mutex_init (&self->lock);
  g_queue_init (&self->connections);
  self->awake = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_http_exchange_unref);
  self->waker = make_timed_source (on_woken, self);
  self->ticker = make_timed_source (on_tick, self);
  return self;
}

void
ivl_http_server_free (IvlHttpServer *self)
{
  clear_source (&self->accept);
  while (self->connections.head != NULL)
    connection_close (self->connections.head->data);
  clear_source (&self->ticker);
  clear_source (&self->waker);
  g_ptr_array_unref (self->awake);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_object_unref (self->listener);
  g_free (self);
}

IvlHttpLimits *
ivl_http_server_get_limits (IvlHttpServer *self)
{
  return &self->limits;
}

void
ivl_http_server_start (IvlHttpServer *self,
                       GMainContext  *context)
{
  self->context = g_main_context_ref (context);
  g_socket_set_blocking (self->listener, FALSE);
  g_source_attach (self->ticker, context);
  g_source_attach (self->waker, context);
  start_accepting (self);
  set_next_tick (self);
}

void
ivl_http_server_stop (IvlHttpServer *self)
{
  GList *next;

  self->is_stopping = TRUE;
  clear_source (&self->accept);
  for (GList *link = self->connections.head; link != NULL; link = next)
    {
      Connection *connection = link->data;

      next = link->next;
      if (connection->state == STATE_ANSWER)
        g_cancellable_cancel (connection->exchange->gone);
      else
        connection_close (connection);
    }
}

gboolean
ivl_http_server_is_quiet (IvlHttpServer *self)
{
  for (GList *link = self->connections.head; link != NULL; link = link->next)
    if (((Connection *) link->data)->state == STATE_ANSWER)
      return FALSE;
  return TRUE;
}

guint
ivl_http_server_get_n_connections (IvlHttpServer *self)
{
  return self->connections.length;
}
