/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ends the user's service: the process that listens at the socket and holds the lock.
 */
#include "engines/ivl-service-end.h"

#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who listens at the socket; 0 when nobody does, -1 when it is nobody of this user. */
static pid_t
find_listener (const char *socket)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (socket);
  g_autoptr (GSocketConnection) connection = NULL;
  struct ucred peer = { 0 };
  socklen_t size = sizeof peer;

  g_socket_client_set_enable_proxy (client, FALSE);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  if (connection == NULL)
    return 0;
  if (getsockopt (g_socket_get_fd (g_socket_connection_get_socket (connection)), SOL_SOCKET,
                  SO_PEERCRED, &peer, &size) != 0)
    return -1;
  return peer.uid == geteuid () ? peer.pid : -1;
}

/* Whether the process has the file open: the lock of a service is open in it alone. */
static gboolean
has_open (pid_t       pid,
          const char *path)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  GStatBuf wanted;
  GStatBuf info;

  if (dir == NULL || g_stat (path, &wanted) != 0)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (folder, name, NULL);

      if (g_stat (link, &info) == 0 && info.st_dev == wanted.st_dev &&
          info.st_ino == wanted.st_ino)
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_ended (int handle)
{
  GPollFD poll = { .fd = handle, .events = G_IO_IN };

  return g_poll (&poll, 1, 0) > 0;
}

gboolean
ivl_service_end (const char  *socket,
                 const char  *folder,
                 GError     **error)
{
  g_autofree char *lock = g_build_filename (folder, "serve.lock", NULL);
  pid_t pid = find_listener (socket);
  /* It keeps meaning this process while what it is is looked at. */
  int handle = pid > 1 ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
  gboolean was_gone = pid > 1 && handle < 0 && errno == ESRCH;
  gboolean is_service = handle >= 0 && has_open (pid, lock);
  gboolean is_told = is_service && syscall (SYS_pidfd_send_signal, handle, SIGTERM, NULL, 0) == 0;
  gboolean is_gone = pid == 0 || was_gone || (handle >= 0 && !is_told && has_ended (handle));

  if (handle >= 0)
    close (handle);
  if (is_told || is_gone)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY,
               "A service with another model listens at %s, and it cannot be ended from here: end "
               "it yourself",
               socket);
  return FALSE;
}
