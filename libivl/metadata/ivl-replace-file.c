/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files are replaced whole or not at all.
 */
#include "metadata/ivl-replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  WRITE_BYTES = 4 * 1024 * 1024, /* between two looks at the cancellable */
};

/* Always FALSE. */
static gboolean
fail (GError     **error,
      int          saved_errno,
      const char  *what,
      const char  *path)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno), "%s: %s: %s", name, what,
               g_strerror (saved_errno));
  return FALSE;
}

static gboolean
check_target (IvlReplaceFile  *self,
              GError         **error)
{
  struct stat st;

  if (stat (self->target, &st) != 0)
    return fail (error, errno, "cannot be looked at", self->target);
  if (!S_ISREG (st.st_mode))
    {
      g_autofree char *name = g_filename_display_name (self->target);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: not a regular file", name);
      return FALSE;
    }
  if (access (self->target, W_OK) != 0)
    return fail (error, errno, "cannot be written", self->target);
  self->mode = st.st_mode & 0777;
  self->uid = st.st_uid;
  self->gid = st.st_gid;
  return TRUE;
}

gboolean
ivl_replace_file_begin (IvlReplaceFile  *self,
                        const char      *path,
                        GError         **error)
{
  g_autofree char *folder = NULL;
  char *resolved = realpath (path, NULL);

  *self = (IvlReplaceFile) { .fd = -1 };
  if (resolved == NULL && errno == ENOENT)
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such file", name);
      return FALSE;
    }
  if (resolved == NULL)
    return fail (error, errno, "cannot be found", path);
  self->target = g_strdup (resolved);
  free (resolved);
  if (!check_target (self, error))
    return FALSE;
  folder = g_path_get_dirname (self->target);
  self->temporary = g_build_filename (folder, ".ivl-XXXXXX", NULL);
  self->fd = g_mkstemp_full (self->temporary, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    return TRUE;
  g_clear_pointer (&self->temporary, g_free);
  return fail (error, errno, "no file can be made in this folder", folder);
}

static gboolean
write_bytes (IvlReplaceFile  *self,
             GBytes          *bytes,
             GCancellable    *cancellable,
             GError         **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      gssize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      n = write (self->fd, data, MIN (size, WRITE_BYTES));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail (error, errno, "cannot be written", self->target);
      data += n;
      size -= n;
    }
  return TRUE;
}

gboolean
ivl_replace_file_write (IvlReplaceFile  *self,
                        GPtrArray       *pieces,
                        GCancellable    *cancellable,
                        GError         **error)
{
  for (guint i = 0; i < pieces->len; i++)
    if (!write_bytes (self, pieces->pdata[i], cancellable, error))
      return FALSE;
  /* Nobody but root may give files away; the group may be one of the user's. */
  if (fchown (self->fd, self->uid, self->gid) != 0 && fchown (self->fd, -1, self->gid) != 0)
    g_debug ("%s keeps the owner of who writes it: %s", self->target, g_strerror (errno));
  if (fchmod (self->fd, self->mode) != 0)
    return fail (error, errno, "its permissions cannot be kept", self->target);
  if (fsync (self->fd) != 0)
    return fail (error, errno, "cannot be written", self->target);
  return TRUE;
}

gboolean
ivl_replace_file_commit (IvlReplaceFile  *self,
                         GError         **error)
{
  g_autofree char *folder = g_path_get_dirname (self->target);
  int fd;

  if (rename (self->temporary, self->target) != 0)
    return fail (error, errno, "cannot be replaced", self->target);
  g_clear_pointer (&self->temporary, g_free);
  /* The new name too is to outlive a power cut; a folder that cannot do this is no failure. */
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    {
      fsync (fd);
      close (fd);
    }
  return TRUE;
}

void
ivl_replace_file_clear (IvlReplaceFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  if (self->temporary != NULL)
    g_unlink (self->temporary);
  g_clear_pointer (&self->temporary, g_free);
  g_clear_pointer (&self->target, g_free);
}
