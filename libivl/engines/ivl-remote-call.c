/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One request over the connections' thread: there it is sent and read ahead, here it is waited for,
 * with the time limits. The two sides share a lock; the reader never holds more than a window of
 * bytes, so an endless reply takes no memory.
 */
#include "engines/ivl-remote-call.h"

#include <libivl/ivl-error.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "engines/ivl-remote-trouble.h"

enum
{
  CHUNK = 32 * 1024,
  WINDOW = 256 * 1024,
  /* A reply's rest that is longer is not worth a connection. */
  MAX_LINGER_BYTES = 64 * 1024,
  MAX_HEADER = 8192,
  /* A host that has vanished, or has come back without knowing of the connection, is noticed within
   * half a minute, however long an answer may be waited for. */
  PROBE_AFTER_SECONDS = 10,
  PROBE_SECONDS = 5,
  MAX_PROBES = 4,
};

typedef enum
{
  STAGE_CONNECT,
  STAGE_SEND,
  STAGE_HEAD,
  STAGE_BODY,
  STAGE_END,
} Stage;

struct _IvlRemoteCall
{
  gatomicrefcount ref_count; /* the caller, and whatever is under way in the thread */
  IvlRemoteHttp  *http;
  char           *path;
  GBytes         *body;      /* (nullable) */

  /* Only in the connections' thread */
  SoupMessage    *message;
  GInputStream   *stream;
  GCancellable   *stop;
  GSource        *linger;
  guint8         *chunk;
  gboolean        is_reading;
  gboolean        is_discarding;
  gsize           n_discarded;
  gboolean        is_old_tls; /* so old that nothing was sent */

  GMutex          lock;
  GCond           changed;
  /* Under the lock */
  Stage           stage;
  gint64          since;     /* when the stage began, or its last byte went */
  IvlRemoteState  state;
  guint64         n_told;    /* bytes sent when the caller was last woken for them */
  IvlRemoteHead   head;
  GByteArray     *inbox;
  GError         *error;
  guint           linger_ms;
};

static IvlRemoteCall *
call_ref (IvlRemoteCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
call_unref (IvlRemoteCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->path);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_object (&self->stop);
  g_free (self->chunk);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->head.content_type);
  g_free (self->head.encoding);
  g_free (self->head.location);
  g_free (self->head.server);
  g_free (self->head.retry_after);
  g_free (self->head.retry_after_ms);
  g_free (self->head.should_retry);
  g_byte_array_unref (self->inbox);
  g_clear_error (&self->error);
  g_free (self);
}

static void
set_stage (IvlRemoteCall *self,
           Stage          stage)
{
  g_mutex_lock (&self->lock);
  if (self->stage < stage)
    self->stage = stage;
  self->since = g_get_monotonic_time ();
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* The thread's side has nothing more to do: gives the libsoup objects up. */
static void
close_down (IvlRemoteCall *self)
{
  if (self->linger != NULL)
    {
      g_source_destroy (self->linger);
      g_clear_pointer (&self->linger, g_source_unref);
    }
  g_clear_object (&self->stream);
  if (self->message != NULL)
    g_signal_handlers_disconnect_by_data (self->message, self);
  g_clear_object (&self->message);
}

/* failure: (transfer full) (nullable): the body's regular end */
static void
end (IvlRemoteCall *self,
     GError        *failure)
{
  IvlRemoteHttp *http = self->http;

  g_mutex_lock (&self->lock);
  if (failure != NULL)
    {
      IvlRemoteMoment moment = self->is_old_tls              ? IVL_REMOTE_AT_OLD_TLS
                               : self->stage >= STAGE_BODY ? IVL_REMOTE_AFTER_HEAD
                                                             : IVL_REMOTE_BEFORE_HEAD;

      self->state.is_broken = TRUE;
      self->error = ivl_remote_trouble_explain (failure, ivl_remote_http_get_remote (http),
                                                self->message, moment, &self->state.is_lasting);
      g_error_free (failure);
    }
  self->stage = STAGE_END;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  close_down (self);
  ivl_remote_http_count (http, -1);
  call_unref (self);
}

static void read_on (IvlRemoteCall *self);

static void
on_closed (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL);
  end (data, NULL);
}

static void
on_chunk (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  IvlRemoteCall *self = data;
  GError *failure = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &failure);

  if (n < 0)
    {
      end (self, failure);
      return;
    }
  if (n == 0)
    {
      /* Not by dropping the stream: the connection goes back to the others only like this. Until
       * then is_reading stays, so that nobody reads again. */
      g_input_stream_close_async (self->stream, G_PRIORITY_DEFAULT, self->stop, on_closed, self);
      return;
    }
  self->is_reading = FALSE;
  g_mutex_lock (&self->lock);
  self->since = g_get_monotonic_time ();
  if (!self->is_discarding)
    g_byte_array_append (self->inbox, self->chunk, n);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (self->is_discarding && (self->n_discarded += n) > MAX_LINGER_BYTES)
    g_cancellable_cancel (self->stop);
  read_on (self);
}

/* Reads ahead as long as there is room. */
static void
read_on (IvlRemoteCall *self)
{
  gboolean has_room;

  g_mutex_lock (&self->lock);
  has_room = self->inbox->len < WINDOW || self->is_discarding;
  g_mutex_unlock (&self->lock);
  if (!has_room || self->is_reading || self->stream == NULL)
    return;
  self->is_reading = TRUE;
  g_input_stream_read_async (self->stream, self->chunk, CHUNK, G_PRIORITY_DEFAULT, self->stop,
                             on_chunk, self);
}

static char *
copy_header (SoupMessageHeaders *headers,
             const char         *name)
{
  const char *value = soup_message_headers_get_list (headers, name);

  return value != NULL ? g_strndup (value, MAX_HEADER) : NULL;
}

static void
copy_head (IvlRemoteCall *self)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (self->message);
  const char *type = soup_message_headers_get_content_type (headers, NULL);
  IvlRemoteHead *head = &self->head;

  head->status = soup_message_get_status (self->message);
  head->content_type = type != NULL ? g_ascii_strdown (type, -1) : NULL;
  head->encoding = copy_header (headers, "Content-Encoding");
  head->location = copy_header (headers, "Location");
  head->server = copy_header (headers, "Server");
  head->retry_after = copy_header (headers, "Retry-After");
  head->retry_after_ms = copy_header (headers, "Retry-After-Ms");
  head->should_retry = copy_header (headers, "X-Should-Retry");
}

static void
on_head (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  IvlRemoteCall *self = data;
  GError *failure = NULL;

  self->stream = soup_session_send_finish (SOUP_SESSION (source), result, &failure);
  if (self->stream != NULL)
    ivl_remote_trouble_check_sender (self->message, &failure);
  if (failure != NULL)
    {
      end (self, failure);
      return;
    }
  g_mutex_lock (&self->lock);
  copy_head (self);
  g_mutex_unlock (&self->lock);
  set_stage (self, STAGE_BODY);
  read_on (self);
}

/* Lets the kernel find out whether the other end is still there. */
static void
watch_connection (GIOStream *connection)
{
  GSocket *socket;

  if (!G_IS_TCP_CONNECTION (connection))
    return;
  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection));
  g_socket_set_keepalive (socket, TRUE);
  /* A kernel that lacks one of these has its own idea of it. */
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER_SECONDS, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_SECONDS, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_KEEPCNT, MAX_PROBES, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
                       (PROBE_AFTER_SECONDS + MAX_PROBES * PROBE_SECONDS) * 1000, NULL);
}

static void
on_network_event (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *connection,
                  gpointer            data)
{
  IvlRemoteCall *self = data;

  g_mutex_lock (&self->lock);
  self->state.was_reused = FALSE;
  g_mutex_unlock (&self->lock);
  if (event == G_SOCKET_CLIENT_CONNECTED)
    watch_connection (connection);
  /* Libraries still take TLS 1.0 from servers that have nothing better. */
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKED && ivl_remote_trouble_is_old_tls (connection))
    {
      self->is_old_tls = TRUE;
      g_cancellable_cancel (self->stop);
    }
}

static void
on_starting (SoupMessage *message,
             gpointer     data)
{
  set_stage (data, STAGE_SEND);
}

static void
on_wrote_data (SoupMessage *message,
               guint        n,
               gpointer     data)
{
  IvlRemoteCall *self = data;

  g_mutex_lock (&self->lock);
  self->state.n_sent += n;
  self->since = g_get_monotonic_time ();
  /* Not for every few kB that libsoup writes: waking someone takes longer than writing them. */
  if (self->state.n_sent >= self->n_told + WINDOW)
    {
      self->n_told = self->state.n_sent;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
}

static void
on_wrote_body (SoupMessage *message,
               gpointer     data)
{
  set_stage (data, STAGE_HEAD);
}

static gboolean
start_in_thread (gpointer data)
{
  IvlRemoteCall *self = data;
  SoupMessageHeaders *headers;

  ivl_remote_http_count (self->http, 1);
  self->message =
      ivl_remote_http_create_message (self->http, self->body != NULL ? "POST" : "GET", self->path);
  if (self->message == NULL)
    {
      end (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no such address"));
      return G_SOURCE_REMOVE;
    }
  headers = soup_message_get_request_headers (self->message);
  if (self->body != NULL)
    {
      soup_message_headers_replace (headers, "Accept", "text/event-stream");
      soup_message_set_request_body_from_bytes (self->message, "application/json", self->body);
    }
  else
    {
      soup_message_headers_replace (headers, "Accept", "application/json");
    }
  g_signal_connect (self->message, "network-event", G_CALLBACK (on_network_event), self);
  g_signal_connect (self->message, "starting", G_CALLBACK (on_starting), self);
  g_signal_connect (self->message, "wrote-body-data", G_CALLBACK (on_wrote_data), self);
  g_signal_connect (self->message, "wrote-body", G_CALLBACK (on_wrote_body), self);
  soup_session_send_async (ivl_remote_http_get_session (self->http), self->message,
                           G_PRIORITY_DEFAULT, self->stop, on_head, self);
  return G_SOURCE_REMOVE;
}

IvlRemoteCall *
ivl_remote_call_new (IvlRemoteHttp *http,
                     const char    *path,
                     GBytes        *body)
{
  IvlRemoteCall *self = g_new0 (IvlRemoteCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->http = http;
  self->path = g_strdup (path);
  self->body = body != NULL ? g_bytes_ref (body) : NULL;
  self->stop = g_cancellable_new ();
  self->chunk = g_malloc (CHUNK);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->since = g_get_monotonic_time ();
  self->state.was_reused = TRUE;
  self->inbox = g_byte_array_new ();
  ivl_remote_http_run (http, start_in_thread, call_ref (self));
  return self;
}

static gboolean
stop_in_thread (gpointer data)
{
  IvlRemoteCall *self = data;

  g_cancellable_cancel (self->stop);
  /* Nothing is under way that would notice. */
  if (self->stream != NULL && !self->is_reading)
    read_on (self);
  call_unref (self);
  return G_SOURCE_REMOVE;
}

void
ivl_remote_call_free (IvlRemoteCall *self)
{
  gboolean is_open;

  g_mutex_lock (&self->lock);
  is_open = self->stage != STAGE_END && self->linger_ms == 0;
  g_byte_array_set_size (self->inbox, 0);
  g_mutex_unlock (&self->lock);
  if (is_open)
    ivl_remote_http_run (self->http, stop_in_thread, call_ref (self));
  call_unref (self);
}

static gboolean
on_lingered (gpointer data)
{
  IvlRemoteCall *self = data;

  g_cancellable_cancel (self->stop);
  return G_SOURCE_REMOVE;
}

static gboolean
finish_in_thread (gpointer data)
{
  IvlRemoteCall *self = data;

  if (self->message != NULL)
    {
      self->is_discarding = TRUE;
      self->linger = g_timeout_source_new (self->linger_ms);
      g_source_set_callback (self->linger, on_lingered, self, NULL);
      g_source_attach (self->linger, g_main_context_get_thread_default ());
      read_on (self);
    }
  call_unref (self);
  return G_SOURCE_REMOVE;
}

void
ivl_remote_call_finish (IvlRemoteCall *self,
                        guint          linger)
{
  gboolean is_open;

  g_mutex_lock (&self->lock);
  is_open = self->stage != STAGE_END && self->linger_ms == 0;
  if (is_open)
    self->linger_ms = MAX (linger, 1);
  g_byte_array_set_size (self->inbox, 0);
  g_mutex_unlock (&self->lock);
  if (is_open)
    ivl_remote_http_run (self->http, finish_in_thread, call_ref (self));
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  IvlRemoteCall *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* What a wait for the head has told already. */
typedef struct
{
  IvlProgressFunc func;
  gpointer        data;
  guint64         n_total;
  guint64         n_sent;
  gint64          start;
  gint64          n_seconds;
  gint64          n_patience;
} Report;

static void
tell (Report  *report,
      guint64  n_sent,
      gboolean is_waiting)
{
  gint64 seconds = (g_get_monotonic_time () - report->start) / G_TIME_SPAN_SECOND;

  if (report->func == NULL)
    return;
  if (n_sent != report->n_sent)
    {
      report->n_sent = n_sent;
      report->func (IVL_PHASE_UPLOAD, MIN (n_sent, report->n_total), report->n_total,
                    report->data);
    }
  /* Not for the usual second. */
  if (is_waiting && seconds >= 2 && seconds != report->n_seconds)
    {
      report->n_seconds = seconds;
      report->func (IVL_PHASE_WAIT, seconds, MAX (report->n_patience, seconds), report->data);
    }
}

static gint64
get_deadline (IvlRemoteCall           *self,
              const IvlRemoteTimeouts *timeouts,
              gint64                   patience)
{
  switch (self->stage)
    {
    case STAGE_CONNECT:
      return self->since + timeouts->connect * G_TIME_SPAN_MILLISECOND;
    case STAGE_SEND:
      return self->since + timeouts->idle * G_TIME_SPAN_MILLISECOND;
    case STAGE_HEAD:
    default:
      return MAX (self->since + timeouts->first_byte * G_TIME_SPAN_MILLISECOND, patience);
    }
}

static GError *
create_late_error (IvlRemoteCall *self,
                   Stage          stage,
                   gint64         waited)
{
  const char *origin = ivl_remote_http_get_remote (self->http)->origin;
  double seconds = waited / (double) G_TIME_SPAN_SECOND;

  if (stage == STAGE_CONNECT)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s does not answer: no connection within %.3g seconds", origin, seconds);
  if (stage == STAGE_SEND)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s has taken nothing of the request for %.3g seconds", origin, seconds);
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                      "%s has not begun to answer within %.3g seconds", origin, seconds);
}

/* Lets a second pass or something happen, under the lock. FALSE with the error when it is too
 * late. */
static gboolean
wait_for_head (IvlRemoteCall            *self,
               const IvlRemoteTimeouts  *timeouts,
               gint64                    patience,
               GError                  **error)
{
  gint64 now = g_get_monotonic_time ();
  gint64 deadline = get_deadline (self, timeouts, patience);

  if (now >= deadline)
    {
      g_propagate_error (error, create_late_error (self, self->stage, now - self->since));
      return FALSE;
    }
  g_cond_wait_until (&self->changed, &self->lock, MIN (deadline, now + G_TIME_SPAN_SECOND));
  return TRUE;
}

const IvlRemoteHead *
ivl_remote_call_wait (IvlRemoteCall            *self,
                      const IvlRemoteTimeouts  *timeouts,
                      gint64                    patience,
                      IvlProgressFunc           progress,
                      gpointer                  progress_data,
                      GCancellable             *cancellable,
                      GError                  **error)
{
  gint64 start = g_get_monotonic_time ();
  Report report = {
    .func = progress,
    .data = progress_data,
    .n_total = self->body != NULL ? g_bytes_get_size (self->body) : 0,
    .start = start,
    .n_patience = MAX (patience - start, 0) / G_TIME_SPAN_SECOND,
  };
  gulong handler = 0;
  gboolean ok = TRUE;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  while (ok && self->stage < STAGE_BODY && !g_cancellable_is_cancelled (cancellable))
    {
      guint64 n_sent;
      gboolean is_waiting;

      ok = wait_for_head (self, timeouts, patience, error);
      n_sent = self->state.n_sent;
      is_waiting = self->stage == STAGE_HEAD || self->stage == STAGE_CONNECT;
      g_mutex_unlock (&self->lock);
      tell (&report, n_sent, is_waiting);
      g_mutex_lock (&self->lock);
    }
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (!ok || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (self->head.status != 0)
    return &self->head;
  g_propagate_error (error, g_error_copy (self->error));
  return NULL;
}

/* Waits under the lock until there are bytes or the end. */
static gboolean
wait_for_bytes (IvlRemoteCall  *self,
                guint           idle,
                gint64          deadline,
                GCancellable   *cancellable,
                GError        **error)
{
  const char *origin = ivl_remote_http_get_remote (self->http)->origin;

  while (self->inbox->len == 0 && self->stage != STAGE_END)
    {
      gint64 quiet = self->since + idle * G_TIME_SPAN_MILLISECOND;
      gint64 now = g_get_monotonic_time ();

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (now >= deadline || now >= quiet)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                       now >= quiet ? "%s has sent nothing for %.3g seconds"
                                    : "%s keeps the connection open and writes no answer",
                       origin, idle / 1000.0);
          return FALSE;
        }
      g_cond_wait_until (&self->changed, &self->lock, MIN (deadline, quiet));
    }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
resume_in_thread (gpointer data)
{
  read_on (data);
  call_unref (data);
  return G_SOURCE_REMOVE;
}

gboolean
ivl_remote_call_read (IvlRemoteCall  *self,
                      GByteArray     *bytes,
                      guint           idle,
                      gint64          deadline,
                      GCancellable   *cancellable,
                      GError        **error)
{
  gboolean was_full;
  gulong handler = 0;
  gboolean ok;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  ok = wait_for_bytes (self, idle, deadline, cancellable, error);
  was_full = self->inbox->len >= WINDOW;
  /* Nothing was read while the window was full: the server's silence counts from now. */
  if (was_full)
    self->since = g_get_monotonic_time ();
  if (ok)
    {
      g_byte_array_append (bytes, self->inbox->data, self->inbox->len);
      if (self->inbox->len == 0 && self->error != NULL)
        {
          g_propagate_error (error, g_error_copy (self->error));
          ok = FALSE;
        }
      g_byte_array_set_size (self->inbox, 0);
    }
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (ok && was_full)
    ivl_remote_http_run (self->http, resume_in_thread, call_ref (self));
  return ok;
}

void
ivl_remote_call_get_state (IvlRemoteCall  *self,
                           IvlRemoteState *state)
{
  g_mutex_lock (&self->lock);
  *state = self->state;
  g_mutex_unlock (&self->lock);
}
