/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The socket between the processes of one GIMP. A line asks for an action ("open plug-in-ivl-ask
 * 3") and a line says that it was taken ("done"). Whoever holds the lock beside the socket may
 * listen, so a socket that a killed process left behind is never mistaken for a living one. */
#include "plug-handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

/* Longer than any line of this protocol; more is no line of ours */
#define LINE_MAX_BYTES 128
/* A process that draws its first window on a busy machine answers within this; a hanging one
 * never does */
#define TIMEOUT_SECONDS 5
/* After which a person wants to know why nothing happens */
#define SLOW_SECONDS 1
/* How often a lock file that is being taken away by its owner is opened again */
#define LOCK_TRIES 10

struct _PlugHandover
{
  GSocketService  *service;
  GCancellable    *cancellable; /* ends the requests that are still being read */
  PlugHandoverFunc function;
  gpointer         user_data;
  char            *socket_path;
  char            *lock_path;
  int              lock_fd;
};

/* A line that is being read */
typedef struct
{
  PlugHandover *handover; /* not to be touched after it was closed, which cancels the reading */
  GSocketConnection *connection;
  char               line[LINE_MAX_BYTES];
  gsize              n_bytes;
} Request;

static char *
get_folder (GError **error)
{
  g_autofree char *folder = g_build_filename (g_get_user_runtime_dir (), "ivl", NULL);
  GStatBuf info;
  if (g_mkdir_with_parents (folder, 0700) != 0 || g_lstat (folder, &info) != 0)
    {
      int code = errno;
      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", folder,
                   g_strerror (code));
      return NULL;
    }
  if (!S_ISDIR (info.st_mode) || info.st_uid != geteuid () || (info.st_mode & 0077))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_PERM, "%s: is not a folder of this user alone",
                   folder);
      return NULL;
    }
  return g_steal_pointer (&folder);
}

static char *
get_path (const char *folder, int gimp_pid, const char *ending)
{
  g_autofree char *name = g_strdup_printf ("gimp-%d.%s", gimp_pid, ending);
  return g_build_filename (folder, name, NULL);
}

static gboolean
is_same_user (GSocket *socket)
{
  g_autoptr (GCredentials) peer = g_socket_get_credentials (socket, NULL);
  return peer && g_credentials_get_unix_user (peer, NULL) == geteuid ();
}

static gboolean
write_all (GSocket *socket, const char *text)
{
  gsize length = strlen (text);
  gsize sent = 0;
  while (sent < length)
    {
      gssize n = g_socket_send (socket, text + sent, length - sent, NULL, NULL);
      if (n <= 0)
        return FALSE;
      sent += (gsize)n;
    }
  return TRUE;
}

/* Waits for more of the answer; 0 or less: there is none */
static gssize
receive (GSocket *socket, char *answer, gsize size, void (*slow) (void))
{
  g_socket_set_timeout (socket, SLOW_SECONDS);
  for (int waited = SLOW_SECONDS; waited <= TIMEOUT_SECONDS; waited += SLOW_SECONDS)
    {
      g_autoptr (GError) error = NULL;
      gssize n = g_socket_receive (socket, answer, size, NULL, &error);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return n;
      if (slow && waited == SLOW_SECONDS)
        slow ();
    }
  return -1;
}

gboolean
plug_handover_send (int gimp_pid, const PlugAction *action, int image, void (*slow) (void))
{
  g_autofree char *folder = get_folder (NULL);
  if (!folder)
    return FALSE;
  g_autofree char *path = get_path (folder, gimp_pid, "sock");
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  if (!socket)
    return FALSE;
  g_socket_set_timeout (socket, TIMEOUT_SECONDS);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  if (!g_socket_connect (socket, address, NULL, NULL) || !is_same_user (socket))
    return FALSE;
  g_autofree char *request = g_strdup_printf ("open %s %d\n", action->procedure, image);
  if (!write_all (socket, request))
    return FALSE;
  char answer[LINE_MAX_BYTES];
  gsize n_bytes = 0;
  while (n_bytes < sizeof answer && !memchr (answer, '\n', n_bytes))
    {
      gssize n = receive (socket, answer + n_bytes, sizeof answer - n_bytes, slow);
      if (n <= 0)
        return FALSE;
      n_bytes += (gsize)n;
    }
  return n_bytes == strlen ("done\n") && !memcmp (answer, "done\n", n_bytes);
}

/* ----------------------------------------------------------------------------------------------
 * listening */

static void
request_free (Request *self)
{
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_free (self);
}

/* A line that is not of this protocol is not answered */
static void
take_line (Request *self)
{
  g_auto (GStrv) words = g_strsplit (self->line, " ", 3);
  gboolean is_open = g_strv_length (words) == 3 && !strcmp (words[0], "open");
  const PlugAction *action = is_open ? plug_action_find (words[1]) : NULL;
  gint64 image;
  if (!action || !g_ascii_string_to_signed (words[2], 10, 0, G_MAXINT, &image, NULL))
    return;
  /* Answered first: drawing a window takes longer than the other process should wait */
  if (write_all (g_socket_connection_get_socket (self->connection), "done\n"))
    self->handover->function (action, (int)image, self->handover->user_data);
}

static void read_more (Request *self);

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Request *self = user_data;
  gssize n_read = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);
  char *end = NULL;
  if (n_read > 0)
    {
      self->n_bytes += (gsize)n_read;
      end = memchr (self->line, '\n', self->n_bytes);
    }
  if (n_read <= 0 || (!end && self->n_bytes == sizeof self->line))
    {
      request_free (self);
      return;
    }
  if (!end)
    {
      read_more (self);
      return;
    }
  *end = '\0';
  take_line (self);
  request_free (self);
}

static void
read_more (Request *self)
{
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_input_stream_read_async (stream, self->line + self->n_bytes, sizeof self->line - self->n_bytes,
                             G_PRIORITY_DEFAULT, self->handover->cancellable, on_read, self);
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  PlugHandover *self = user_data;
  GSocket *socket = g_socket_connection_get_socket (connection);
  if (!is_same_user (socket))
    return TRUE;
  g_socket_set_timeout (socket, TIMEOUT_SECONDS);
  Request *request = g_new0 (Request, 1);
  request->handover = self;
  request->connection = g_object_ref (connection);
  read_more (request);
  return TRUE;
}

/* The descriptor of the lock file, held; -1 when another process holds it, or with an error. */
static int
take_lock (const char *path, GError **error)
{
  for (int try = 0; try < LOCK_TRIES; try++)
    {
      int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd < 0)
        {
          int code = errno;
          g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", path,
                       g_strerror (code));
          return -1;
        }
      struct stat held, named;
      if (flock (fd, LOCK_EX | LOCK_NB) != 0)
        {
          g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST, "%s: another process holds it",
                       path);
          close (fd);
          return -1;
        }
      /* Its last owner may have removed the file between the two calls */
      if (fstat (fd, &held) == 0 && lstat (path, &named) == 0 && held.st_ino == named.st_ino
          && held.st_dev == named.st_dev)
        return fd;
      close (fd);
    }
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_AGAIN, "%s: comes and goes", path);
  return -1;
}

PlugHandover *
plug_handover_listen (int gimp_pid, PlugHandoverFunc function, gpointer user_data, GError **error)
{
  g_autofree char *folder = get_folder (error);
  if (!folder)
    return NULL;
  g_autofree char *lock_path = get_path (folder, gimp_pid, "lock");
  int lock_fd = take_lock (lock_path, error);
  if (lock_fd < 0)
    return NULL;
  PlugHandover *self = g_new0 (PlugHandover, 1);
  self->lock_fd = lock_fd;
  self->lock_path = g_steal_pointer (&lock_path);
  self->socket_path = get_path (folder, gimp_pid, "sock");
  self->function = function;
  self->user_data = user_data;
  self->cancellable = g_cancellable_new ();
  self->service = g_socket_service_new ();
  g_unlink (self->socket_path);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket_path);
  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (self->service), address,
                                      G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL,
                                      error))
    {
      plug_handover_close (self);
      return NULL;
    }
  g_signal_connect (self->service, "incoming", G_CALLBACK (on_incoming), self);
  g_socket_service_start (self->service);
  return self;
}

void
plug_handover_close (PlugHandover *self)
{
  g_cancellable_cancel (self->cancellable);
  g_signal_handlers_disconnect_by_data (self->service, self);
  g_socket_service_stop (self->service);
  g_socket_listener_close (G_SOCKET_LISTENER (self->service));
  g_object_unref (self->service);
  g_unlink (self->socket_path);
  g_unlink (self->lock_path);
  close (self->lock_fd);
  g_object_unref (self->cancellable);
  g_free (self->socket_path);
  g_free (self->lock_path);
  g_free (self);
}
