/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Picture files are read once and whole. A mapping would follow the file: bytes that were checked
 * could be others when they are used.
 */
#include "metadata/ivl-picture-bytes.h"

#include "util/ivl-bounded-file.h"

#include <errno.h>
#include <libivl/ivl-error.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  READ_BYTES = 64 * 1024 * 1024, /* in one call: the kernel takes no more than 2 GB */
};

/* FALSE with errno set; 0: it ended early */
static gboolean
read_all (int     fd,
          guint8 *data,
          gsize   size)
{
  while (size > 0)
    {
      const gssize n = read (fd, data, MIN (size, READ_BYTES));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          errno = n < 0 ? errno : 0;
          return FALSE;
        }
      data += n;
      size -= n;
    }
  return TRUE;
}

static gboolean
is_same (int     fd,
         guint64 size,
         gint64  mtime_ns)
{
  struct stat st;

  return fstat (fd, &st) == 0 && (guint64) st.st_size == size
         && (gint64) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec == mtime_ns;
}

GBytes *
ivl_picture_bytes_read (const char  *path,
                        guint64      max_bytes,
                        GError     **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree guint8 *data = NULL;
  gboolean done;
  guint64 size;
  gint64 mtime_ns;
  int saved_errno;
  int fd = ivl_bounded_file_open (path, &size, &mtime_ns, error);

  if (fd < 0)
    return NULL;
  if (size > max_bytes)
    {
      close (fd);
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%s: %" G_GUINT64_FORMAT " bytes, more than the %" G_GUINT64_FORMAT
                   " of the largest file that is read",
                   name, size, max_bytes);
      return NULL;
    }
  data = g_try_malloc (size + 1);
  if (data == NULL)
    {
      close (fd);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "%s: no memory for its %" G_GUINT64_FORMAT " bytes", name, size);
      return NULL;
    }
  done = read_all (fd, data, size);
  saved_errno = errno;
  if (done && is_same (fd, size, mtime_ns))
    {
      close (fd);
      return g_bytes_new_take (g_steal_pointer (&data), size);
    }
  close (fd);
  if (!done && saved_errno != 0)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno), "%s: %s", name,
                 g_strerror (saved_errno));
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: changed on disk while in use",
                 name);
  return NULL;
}
