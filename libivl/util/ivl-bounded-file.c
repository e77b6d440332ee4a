/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens regular files only, and reads small ones whole.
 */
#include "util/ivl-bounded-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A scheme and "//": https://..., file://... */
static gboolean
is_address (const char *path)
{
  g_autofree char *scheme = g_uri_parse_scheme (path);

  return scheme != NULL && g_str_has_prefix (path + strlen (scheme), "://");
}

static void
set_errno_error (GError    **error,
                 const char *path,
                 int         saved_errno)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *target = saved_errno == ENOENT ? g_file_read_link (path, NULL) : NULL;
  g_autofree char *target_name = target != NULL ? g_filename_display_name (target) : NULL;

  if (target != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: a link to %s, and nothing is there",
                 name, target_name);
  else if ((saved_errno == ENOENT || saved_errno == ENOTDIR) && is_address (path))
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 "%s: no such file; it is an address, and nothing is downloaded here: save it to "
                 "a file and name that",
                 name);
  else if (saved_errno == ENOENT || saved_errno == ENOTDIR)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such file", name);
  else
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno), "%s: %s", name,
                 g_strerror (saved_errno));
}

static const char *
describe_kind (mode_t mode)
{
  if (S_ISDIR (mode))
    return "it is a folder: name the files in it";
  if (S_ISFIFO (mode))
    return "it is a pipe (FIFO)";
  return S_ISSOCK (mode) ? "it is a socket" : "it is a device";
}

int
ivl_bounded_file_open (const char  *path,
                       guint64     *size,
                       gint64      *mtime_ns,
                       GError     **error)
{
  struct stat st;
  int fd;

  do
    fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  if (fd < 0 || fstat (fd, &st) != 0)
    {
      set_errno_error (error, path, errno);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  if (!S_ISREG (st.st_mode))
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: not a regular file, %s", name,
                   describe_kind (st.st_mode));
      close (fd);
      return -1;
    }
  *size = st.st_size;
  *mtime_ns = (gint64) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
  return fd;
}

/* Reads until the end of the file or until capacity bytes are there; -1 with errno set. */
static gssize
read_all (int    fd,
          char  *buffer,
          gsize  capacity)
{
  gsize n = 0;

  while (n < capacity)
    {
      gssize n_read = read (fd, buffer + n, capacity - n);

      if (n_read < 0 && errno == EINTR)
        continue;
      if (n_read < 0)
        return -1;
      if (n_read == 0)
        break;
      n += n_read;
    }
  return n;
}

/* Whether nobody has written into the file: its parts may be of two states otherwise. */
static gboolean
is_as_opened (int     fd,
              guint64 size,
              gint64  mtime_ns)
{
  struct stat st;

  return fstat (fd, &st) == 0 && (guint64) st.st_size == size
         && (gint64) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec == mtime_ns;
}

char *
ivl_bounded_file_read_start (const char  *path,
                             gsize        max_bytes,
                             gsize       *size,
                             GError     **error)
{
  g_autofree char *buffer = g_malloc (max_bytes);
  guint64 file_size;
  gint64 mtime_ns;
  gssize n_read;
  int saved_errno;
  int fd = ivl_bounded_file_open (path, &file_size, &mtime_ns, error);

  if (fd < 0)
    return NULL;
  n_read = read_all (fd, buffer, max_bytes);
  saved_errno = errno;
  close (fd);
  if (n_read < 0)
    {
      set_errno_error (error, path, saved_errno);
      return NULL;
    }
  *size = n_read;
  return g_steal_pointer (&buffer);
}

char *
ivl_bounded_file_read (const char  *path,
                       gsize        max_bytes,
                       gsize       *size,
                       GError     **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *buffer = NULL;
  guint64 file_size;
  gint64 mtime_ns;
  gssize n_read;
  int saved_errno;
  gboolean changed;
  int fd = ivl_bounded_file_open (path, &file_size, &mtime_ns, error);

  if (fd < 0)
    return NULL;
  if (file_size > max_bytes)
    {
      close (fd);
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: %" G_GUINT64_FORMAT " bytes, expected at most %" G_GSIZE_FORMAT, name,
                   file_size, max_bytes);
      return NULL;
    }
  buffer = g_try_malloc (file_size + 1);
  if (buffer == NULL)
    {
      close (fd);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "%s: no memory for its %" G_GUINT64_FORMAT " bytes", name, file_size);
      return NULL;
    }
  n_read = read_all (fd, buffer, file_size);
  saved_errno = errno;
  changed = n_read != (gssize) file_size || !is_as_opened (fd, file_size, mtime_ns);
  close (fd);
  if (n_read < 0)
    {
      set_errno_error (error, path, saved_errno);
      return NULL;
    }
  if (changed)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: changed on disk while it was read; try again", name);
      return NULL;
    }
  buffer[n_read] = '\0';
  *size = n_read;
  return g_steal_pointer (&buffer);
}
