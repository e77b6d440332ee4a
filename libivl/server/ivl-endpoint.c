/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a server listens: a TCP address, a Unix socket under a lock, or a socket handed over.
 */
#include "server/ivl-endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libivl/ivl-error.h>

#define BACKLOG 512
/* sun_path holds so many bytes with its NUL. */
#define MAX_PATH 107

static IvlEndpoint *
new_endpoint (void)
{
  IvlEndpoint *self = g_new0 (IvlEndpoint, 1);

  self->lock = -1;
  return self;
}

static gboolean
parse_address (const char  *text,
               char       **host,
               guint       *port,
               GError     **error)
{
  const char *colon = strrchr (text, ':');
  gsize n = colon != NULL ? (gsize) (colon - text) : 0;
  gboolean has_brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';
  guint64 number;

  if (colon == NULL || n == 0 || (!has_brackets && memchr (text, ':', n) != NULL) ||
      !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &number, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "\"%s\" is no address to listen on: HOST:PORT is needed, such as 127.0.0.1:8080 "
                   "or [::1]:8080",
                   text);
      return FALSE;
    }
  *host = has_brackets ? g_strndup (text + 1, n - 2) : g_strndup (text, n);
  *port = (guint) number;
  return TRUE;
}

static GInetAddress *
resolve (const char    *host,
         GCancellable  *cancellable,
         GError       **error)
{
  GInetAddress *address = g_inet_address_new_from_string (host);
  g_autoptr (GResolver) resolver = NULL;
  GList *found;

  if (address != NULL)
    return address;
  resolver = g_resolver_get_default ();
  found = g_resolver_lookup_by_name (resolver, host, cancellable, error);
  if (found == NULL)
    return NULL;
  address = g_object_ref (found->data);
  g_resolver_free_addresses (found);
  return address;
}

static gboolean
bind_and_listen (IvlEndpoint     *self,
                 GSocketAddress  *address,
                 const char      *shown,
                 GError         **error)
{
  g_autoptr (GError) failure = NULL;

  self->socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_DEFAULT, error);
  if (self->socket == NULL)
    return FALSE;
  g_socket_set_listen_backlog (self->socket, BACKLOG);
  if (g_socket_bind (self->socket, address, TRUE, &failure) &&
      g_socket_listen (self->socket, &failure))
    return TRUE;
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
    g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY, "%s is in use by another program", shown);
  else
    g_set_error (error, G_IO_ERROR, failure->code, "%s: %s", shown, failure->message);
  return FALSE;
}

static void
read_port (IvlEndpoint *self)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (self->socket, NULL);
  GInetAddress *inet;

  if (!G_IS_INET_SOCKET_ADDRESS (address))
    {
      self->is_loopback = TRUE;
      return;
    }
  inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address));
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  self->is_loopback = g_inet_address_get_is_loopback (inet);
  if (self->host == NULL)
    self->host = g_inet_address_to_string (inet);
}

IvlEndpoint *
ivl_endpoint_listen_tcp (const char    *address,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_autoptr (IvlEndpoint) self = new_endpoint ();
  g_autoptr (GInetAddress) inet = NULL;
  g_autoptr (GSocketAddress) socket_address = NULL;
  guint port;

  if (!parse_address (address, &self->host, &port, error))
    return NULL;
  inet = resolve (self->host, cancellable, error);
  if (inet == NULL)
    return NULL;
  socket_address = g_inet_socket_address_new (inet, (guint16) port);
  if (!bind_and_listen (self, socket_address, address, error))
    return NULL;
  read_port (self);
  return g_steal_pointer (&self);
}

static gboolean
take_lock (IvlEndpoint  *self,
           const char   *path,
           GError      **error)
{
  g_autofree char *stem = g_str_has_suffix (path, ".sock")
                              ? g_strndup (path, strlen (path) - strlen (".sock"))
                              : g_strdup (path);
  g_autofree char *name = g_strconcat (stem, ".lock", NULL);
  int saved_errno;

  self->lock = open (name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock >= 0 && flock (self->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  saved_errno = errno;
  if (self->lock >= 0 && saved_errno == EWOULDBLOCK)
    g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY, "Another ivl serves on %s already", path);
  else
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (saved_errno), "%s: %s", name,
                 g_strerror (saved_errno));
  return FALSE;
}

static gboolean
write_note (IvlEndpoint  *self,
            const char   *path,
            const char   *note,
            GError      **error)
{
  gsize length = note != NULL ? strlen (note) : 0;

  if (ftruncate (self->lock, 0) == 0 &&
      (length == 0 || write (self->lock, note, length) == (gssize) length))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno),
               "%s: the file beside it cannot be written: %s", path, g_strerror (errno));
  return FALSE;
}

/* Takes away a socket that nobody listens on any more: the lock is ours. */
static gboolean
remove_old_socket (const char  *path,
                   GError     **error)
{
  GStatBuf status;

  if (g_lstat (path, &status) != 0)
    return TRUE;
  if (!S_ISSOCK (status.st_mode))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s is there already, and is no socket", path);
      return FALSE;
    }
  if (g_unlink (path) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "%s: %s", path,
               g_strerror (errno));
  return FALSE;
}

IvlEndpoint *
ivl_endpoint_listen_unix (const char  *path,
                          const char  *note,
                          GError     **error)
{
  g_autoptr (IvlEndpoint) self = new_endpoint ();
  g_autoptr (GSocketAddress) address = NULL;

  if (strlen (path) > MAX_PATH)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s: the path of a socket has at most %d bytes", path, MAX_PATH);
      return NULL;
    }
  if (!take_lock (self, path, error) || !write_note (self, path, note, error) ||
      !remove_old_socket (path, error))
    return NULL;
  address = g_unix_socket_address_new (path);
  if (!bind_and_listen (self, address, path, error))
    return NULL;
  self->path = g_strdup (path);
  self->is_loopback = TRUE;
  /* Whoever can write to a socket can connect to it. */
  if (g_chmod (path, 0600) == 0)
    return g_steal_pointer (&self);
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "%s: %s", path,
               g_strerror (errno));
  return NULL;
}

IvlEndpoint *
ivl_endpoint_adopt (int          fd,
                    const char  *address,
                    GError     **error)
{
  g_autoptr (IvlEndpoint) self = new_endpoint ();
  guint port;

  self->socket = g_socket_new_from_fd (fd, error);
  if (self->socket == NULL ||
      (address != NULL && !parse_address (address, &self->host, &port, error)))
    return NULL;
  read_port (self);
  return g_steal_pointer (&self);
}

char *
ivl_endpoint_to_string (IvlEndpoint *self)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (self->host != NULL)
    return g_strdup_printf (strchr (self->host, ':') != NULL ? "http://[%s]:%u/v1"
                                                             : "http://%s:%u/v1",
                            self->host, self->port);
  address = g_socket_get_local_address (self->socket, NULL);
  return g_strdup_printf ("unix:%s",
                          G_IS_UNIX_SOCKET_ADDRESS (address)
                              ? g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address))
                              : "");
}

void
ivl_endpoint_free (IvlEndpoint *self)
{
  if (self->path != NULL)
    g_unlink (self->path);
  g_clear_object (&self->socket);
  if (self->lock >= 0)
    close (self->lock);
  g_free (self->path);
  g_free (self->host);
  g_free (self);
}
