/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plain blocking sockets, so that nothing between the test and the wire changes a byte.
 */
#include "replay-server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _ReplayServer
{
  int          fd;
  guint        port;
  char        *path;
  ReplayFunc   func;
  gpointer     data;
  GThread     *thread;
  GThreadPool *pool;
  int          is_closing;    /* atomic, and so below */
  int          n_requests;
  int          n_connections;
};

struct _ReplayConnection
{
  ReplayServer *server;
  int           fd;
  guint         n_requests;
  GString      *input;
};

gboolean
replay_send (ReplayConnection *self,
             const void       *bytes,
             gssize            n)
{
  const char *p = bytes;
  gsize left = n >= 0 ? (gsize) n : strlen (bytes);

  while (left > 0)
    {
      ssize_t sent = send (self->fd, p, left, MSG_NOSIGNAL);

      if (sent < 0 && errno == EINTR)
        continue;
      if (sent <= 0)
        return FALSE;
      p += sent;
      left -= sent;
    }
  return TRUE;
}

gboolean
replay_wait_closed (ReplayConnection *self,
                    guint             max_ms)
{
  gint64 end = g_get_monotonic_time () + max_ms * G_TIME_SPAN_MILLISECOND;

  for (;;)
    {
      struct pollfd fd = { self->fd, POLLIN, 0 };
      gint64 left = end - g_get_monotonic_time ();
      char byte;

      if (left <= 0 || poll (&fd, 1, left / 1000 + 1) < 0)
        return FALSE;
      if (fd.revents != 0 && recv (self->fd, &byte, 1, 0) <= 0)
        return TRUE;
    }
}

char *
replay_request_get_header (const ReplayRequest *self,
                           const char          *name)
{
  g_auto (GStrv) lines = g_strsplit (self->head, "\r\n", -1);

  for (guint i = 1; lines[i] != NULL; i++)
    {
      char *colon = strchr (lines[i], ':');

      if (colon == NULL)
        continue;
      *colon = '\0';
      if (g_ascii_strcasecmp (lines[i], name) == 0)
        return g_strdup (g_strstrip (colon + 1));
    }
  return NULL;
}

/* Waits for bytes of a request. FALSE when none has begun and the server is to end. */
static gboolean
wait_for_input (ReplayConnection *self)
{
  struct pollfd wait = { self->fd, POLLIN, 0 };

  while (poll (&wait, 1, 50) == 0)
    if (self->input->len == 0 && g_atomic_int_get (&self->server->is_closing))
      return FALSE;
  return TRUE;
}

/* Reads until the input holds a whole request; its size, or 0 at the connection's end. */
static gsize
read_request (ReplayConnection *self,
              gsize            *n_head)
{
  for (;;)
    {
      const char *end = g_strstr_len (self->input->str, self->input->len, "\r\n\r\n");
      char buffer[65536];
      ssize_t n;

      if (end != NULL)
        {
          g_autofree char *head = g_strndup (self->input->str, end - self->input->str);
          ReplayRequest request = { .head = head };
          g_autofree char *length = replay_request_get_header (&request, "Content-Length");
          gsize n_body = length != NULL ? g_ascii_strtoull (length, NULL, 10) : 0;

          *n_head = end + 4 - self->input->str;
          if (self->input->len >= *n_head + n_body)
            return *n_head + n_body;
        }
      if (!wait_for_input (self))
        return 0;
      n = recv (self->fd, buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return 0;
      g_string_append_len (self->input, buffer, n);
    }
}

static ReplayEnd
answer (ReplayConnection *self,
        gsize             n_head,
        gsize             n_request)
{
  g_autofree char *head = g_strndup (self->input->str, n_head);
  g_autofree char *body = g_strndup (self->input->str + n_head, n_request - n_head);
  ReplayRequest request = {
    .head = head,
    .body = body,
    .n_body = n_request - n_head,
    .index = g_atomic_int_add (&self->server->n_requests, 1),
    .n_earlier = self->n_requests++,
  };

  g_string_erase (self->input, 0, n_request);
  return self->server->func (self, &request, self->server->data);
}

static void
serve (gpointer data,
       gpointer user_data)
{
  ReplayConnection self = {
    .server = user_data,
    .fd = GPOINTER_TO_INT (data) - 1,
    .input = g_string_new (NULL),
  };
  ReplayEnd end = REPLAY_KEEP;
  gsize n_head, n;
  int on = 1;

  setsockopt (self.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  while (end == REPLAY_KEEP && (n = read_request (&self, &n_head)) > 0)
    end = answer (&self, n_head, n);
  if (end == REPLAY_RESET)
    {
      struct linger linger = { 1, 0 };

      setsockopt (self.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
  close (self.fd);
  g_string_free (self.input, TRUE);
}

static gpointer
accept_all (gpointer data)
{
  ReplayServer *self = data;

  while (!g_atomic_int_get (&self->is_closing))
    {
      struct pollfd wait = { self->fd, POLLIN, 0 };
      int fd;

      if (poll (&wait, 1, 50) <= 0)
        continue;
      fd = accept (self->fd, NULL, NULL);
      if (fd < 0)
        continue;
      g_atomic_int_inc (&self->n_connections);
      g_thread_pool_push (self->pool, GINT_TO_POINTER (fd + 1), NULL);
    }
  return NULL;
}

static int
listen_tcp (guint *port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  *port = ntohs (address.sin_port);
  return fd;
}

static int
listen_unix (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpuint (strlen (path), <, sizeof address.sun_path);
  strcpy (address.sun_path, path);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

ReplayServer *
replay_server_new (const char *socket,
                   ReplayFunc  func,
                   gpointer    data)
{
  ReplayServer *self = g_new0 (ReplayServer, 1);

  self->path = g_strdup (socket);
  self->func = func;
  self->data = data;
  self->fd = socket != NULL ? listen_unix (socket) : listen_tcp (&self->port);
  g_assert_cmpint (listen (self->fd, 128), ==, 0);
  self->pool = g_thread_pool_new (serve, self, -1, FALSE, NULL);
  self->thread = g_thread_new ("replay", accept_all, self);
  return self;
}

void
replay_server_free (ReplayServer *self)
{
  g_atomic_int_set (&self->is_closing, TRUE);
  g_thread_join (self->thread);
  close (self->fd);
  g_thread_pool_free (self->pool, FALSE, TRUE);
  if (self->path != NULL)
    unlink (self->path);
  g_free (self->path);
  g_free (self);
}

guint
replay_server_get_port (ReplayServer *self)
{
  return self->port;
}

guint
replay_server_count_requests (ReplayServer *self)
{
  return g_atomic_int_get (&self->n_requests);
}

guint
replay_server_count_connections (ReplayServer *self)
{
  return g_atomic_int_get (&self->n_connections);
}
