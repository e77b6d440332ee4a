/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writers of one file take turns. The file itself is locked, since its folder may take no other
 * file; who waited for one that has been replaced meanwhile waits for its successor.
 */
#include "util/ivl-file-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <libivl/ivl-error.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_WAIT_MS = 30 * 1000,
  MIN_PAUSE_US = 1000,
  MAX_PAUSE_US = 20 * 1000,
};

/* Always -1. */
static int
fail (GError     **error,
      int          saved_errno,
      const char  *path)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno), "%s: %s", name,
               g_strerror (saved_errno));
  return -1;
}

static int
open_any (const char *path,
          int         flags)
{
  int fd;

  do
    fd = open (path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  return fd;
}

/* The file, or the folder when the file is not there. */
static int
open_either (const char  *path,
             gboolean    *is_there,
             GError     **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct stat st;
  int fd = open_any (path, O_RDONLY);

  /* Without the right to read, and where a network's locks ask for the right to write */
  if (fd < 0 && errno == EACCES)
    fd = open_any (path, O_WRONLY);
  *is_there = fd >= 0;
  if (fd < 0 && errno == ENOENT)
    {
      fd = open_any (folder, O_RDONLY | O_DIRECTORY);
      return fd >= 0 ? fd : fail (error, errno, folder);
    }
  if (fd < 0)
    return fail (error, errno, path);
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return fd;
  close (fd);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: not a regular file", path);
  return -1;
}

/* Whether the name still leads to what was opened; TRUE for a folder whose file is still absent. */
static gboolean
is_current (int         fd,
            gboolean    is_there,
            const char *path)
{
  struct stat opened, named;

  if (!is_there)
    return stat (path, &named) != 0 && errno == ENOENT;
  return fstat (fd, &opened) == 0 && stat (path, &named) == 0 && opened.st_dev == named.st_dev
         && opened.st_ino == named.st_ino;
}

/* FALSE with errno EWOULDBLOCK while another holds it. */
static gboolean
take_lock (int fd)
{
  int result;

  do
    result = flock (fd, LOCK_EX | LOCK_NB);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno != EWOULDBLOCK;
}

int
ivl_file_lock (const char    *path,
               gboolean      *is_there,
               GCancellable  *cancellable,
               GError       **error)
{
  const gint64 deadline = g_get_monotonic_time () + MAX_WAIT_MS * (gint64) 1000;
  g_autofree char *name = NULL;

  do
    {
      const int fd = open_either (path, is_there, error);

      if (fd < 0)
        return -1;
      if (take_lock (fd) && is_current (fd, *is_there, path))
        return fd;
      close (fd);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return -1;
      g_usleep ((gulong) g_random_int_range (MIN_PAUSE_US, MAX_PAUSE_US));
    }
  while (g_get_monotonic_time () < deadline);
  name = g_filename_display_name (path);
  g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY,
               "%s: another program has been writing it for %d seconds; try again later", name,
               MAX_WAIT_MS / 1000);
  return -1;
}
