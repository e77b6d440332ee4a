/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files are replaced whole or not at all, and never what somebody else has just put there.
 */
#include "util/ivl-replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "util/ivl-draft-name.h"
#include "util/ivl-file-attributes.h"
#include "util/ivl-file-lock.h"
#include "util/ivl-file-target.h"

enum
{
  WRITE_BYTES = 4 * 1024 * 1024, /* between two looks at the cancellable */
  MAX_WAITS = 1000,              /* for a file system that says "again", a millisecond each */
  MAX_NAMES = 16,
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

/* Always FALSE. */
static gboolean
fail_changed (GError     **error,
              const char  *path)
{
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: changed meanwhile by another program, whose file was kept; try again",
               name);
  return FALSE;
}

static gboolean
check_writable (IvlReplaceFile  *self,
                GError         **error)
{
  if (fstat (self->lock_fd, &self->old) != 0)
    return fail (error, errno, "cannot be looked at", self->target);
  if (access (self->target, W_OK) != 0)
    return fail (error, errno, "cannot be written", self->target);
  return TRUE;
}

gboolean
ivl_replace_file_begin (IvlReplaceFile  *self,
                        const char      *path,
                        guint            new_mode,
                        GCancellable    *cancellable,
                        GError         **error)
{
  g_autofree char *name = g_filename_display_name (path);

  *self = (IvlReplaceFile) IVL_REPLACE_FILE_INIT;
  self->new_mode = new_mode;
  self->target = ivl_file_target_resolve (path);
  if (self->target == NULL && errno != ENOENT)
    return fail (error, errno, "cannot be found", path);
  if (self->target != NULL)
    {
      self->lock_fd = ivl_file_lock (self->target, &self->is_there, cancellable, error);
      if (self->lock_fd < 0)
        return FALSE;
      if (self->is_there)
        return check_writable (self, error);
      if (new_mode != 0)
        return TRUE;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such %s", name,
               new_mode != 0 ? "folder" : "file");
  return FALSE;
}

/* -1 where files without a name cannot be made, or not be given one later. */
static int
open_nameless (const char *folder,
               mode_t      mode)
{
  const int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  g_autofree char *place = g_strdup_printf ("/proc/self/fd/%d", fd);

  if (fd < 0 || access (place, F_OK) == 0)
    return fd;
  close (fd);
  return -1;
}

static gboolean
open_new_file (IvlReplaceFile  *self,
               GError         **error)
{
  g_autofree char *folder = g_path_get_dirname (self->target);
  const mode_t mode = self->is_there ? 0600 : self->new_mode;

  ivl_draft_name_clean (folder);
  self->fd = open_nameless (folder, mode);
  for (guint i = 0; self->fd < 0 && i < MAX_NAMES; i++)
    {
      g_free (self->draft);
      self->draft = ivl_draft_name_new (folder, "");
      self->fd = open (self->draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
      if (self->fd < 0 && errno != EEXIST && errno != EINTR)
        break;
    }
  if (self->fd < 0)
    {
      const int saved_errno = errno;

      g_clear_pointer (&self->draft, g_free);
      return fail (error, saved_errno, "no file can be made in this folder", folder);
    }
  /* Tells who looks for what others have left behind that this one is not. */
  flock (self->fd, LOCK_EX | LOCK_NB);
  self->temporary = self->draft != NULL ? g_strdup (self->draft)
                                        : g_strdup_printf ("/proc/self/fd/%d", self->fd);
  return TRUE;
}

/* Whether a call that ended so is to be made again. */
static gboolean
is_passing (int    saved_errno,
            guint *n_waits)
{
  if (saved_errno == EAGAIN && ++*n_waits < MAX_WAITS)
    {
      g_usleep (1000);
      return TRUE;
    }
  return saved_errno == EINTR;
}

static gboolean
write_bytes (IvlReplaceFile  *self,
             GBytes          *bytes,
             GCancellable    *cancellable,
             GError         **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint n_waits = 0;

  while (size > 0)
    {
      gssize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      n = write (self->fd, data, MIN (size, WRITE_BYTES));
      if (n < 0 && is_passing (errno, &n_waits))
        continue;
      if (n <= 0)
        return fail (error, n < 0 ? errno : EIO, "cannot be written", self->target);
      data += n;
      size -= n;
    }
  return TRUE;
}

/* Gives the new file all that is not its contents, and waits until it is on the disk. */
static gboolean
finish_new_file (IvlReplaceFile  *self,
                 GError         **error)
{
  g_autofree char *name = g_filename_display_name (self->target);
  int result;

  if (self->is_there && !ivl_file_attributes_copy (self->lock_fd, self->fd, name, error))
    return FALSE;
  do
    result = fsync (self->fd);
  while (result != 0 && errno == EINTR);
  /* EINVAL: the file system knows no such thing. */
  return result == 0 || errno == EINVAL || fail (error, errno, "cannot be written", self->target);
}

gboolean
ivl_replace_file_write (IvlReplaceFile  *self,
                        GPtrArray       *pieces,
                        GCancellable    *cancellable,
                        GError         **error)
{
  if (!open_new_file (self, error))
    return FALSE;
  for (guint i = 0; i < pieces->len; i++)
    if (!write_bytes (self, pieces->pdata[i], cancellable, error))
      return FALSE;
  return finish_new_file (self, error);
}

gboolean
ivl_replace_file_take (IvlReplaceFile  *self,
                       const char      *draft,
                       GError         **error)
{
  self->draft = g_strdup (draft);
  self->temporary = g_strdup (draft);
  self->fd = open (draft, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (self->fd < 0)
    return fail (error, errno, "cannot be opened", draft);
  return finish_new_file (self, error);
}

/* With times if nothing has touched the old file, not even a change of its name. */
static gboolean
is_old_file (const IvlReplaceFile *self,
             const struct stat    *st,
             gboolean              is_untouched)
{
  const struct stat *old = &self->old;

  return st->st_dev == old->st_dev && st->st_ino == old->st_ino && st->st_size == old->st_size
         && st->st_mtim.tv_sec == old->st_mtim.tv_sec
         && st->st_mtim.tv_nsec == old->st_mtim.tv_nsec
         && (!is_untouched
             || (st->st_ctim.tv_sec == old->st_ctim.tv_sec
                 && st->st_ctim.tv_nsec == old->st_ctim.tv_nsec));
}

/* An open descriptor would not see that another file has taken the name. */
static gboolean
is_unchanged (const IvlReplaceFile *self)
{
  struct stat st;

  if (lstat (self->target, &st) != 0)
    return !self->is_there && errno == ENOENT;
  return self->is_there && is_old_file (self, &st, TRUE);
}

/* A name in the folder for a file that has none, and no more writing: errors that a network or FUSE
 * file system has kept for the end come now. */
static gboolean
close_new_file (IvlReplaceFile  *self,
                struct stat     *own,
                GError         **error)
{
  g_autofree char *folder = g_path_get_dirname (self->target);
  int result = fstat (self->fd, own);

  for (guint i = 0; result == 0 && self->draft == NULL && i < MAX_NAMES; i++)
    {
      self->draft = ivl_draft_name_new (folder, "");
      result = linkat (AT_FDCWD, self->temporary, AT_FDCWD, self->draft, AT_SYMLINK_FOLLOW);
      if (result == 0)
        break;
      g_clear_pointer (&self->draft, g_free);
      result = errno == EEXIST ? 0 : -1;
    }
  if (result != 0 || self->draft == NULL)
    return fail (error, errno, "no file can be made in this folder", folder);
  result = close (self->fd);
  self->fd = -1;
  return result == 0 || errno == EINTR || fail (error, errno, "cannot be written", self->target);
}

/* The new name too is to outlive a power cut; a folder that cannot do this is no failure. */
static gboolean
sync_folder (IvlReplaceFile  *self,
             GError         **error)
{
  g_autofree char *folder = g_path_get_dirname (self->target);
  const int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result, saved_errno;

  if (fd < 0)
    return TRUE;
  result = fsync (fd);
  saved_errno = errno;
  close (fd);
  return result == 0 || (saved_errno != EIO && saved_errno != ENOSPC && saved_errno != EDQUOT)
         || fail (error, saved_errno, "its name cannot be written to the disk", self->target);
}

static int
exchange (IvlReplaceFile *self)
{
  return renameat2 (AT_FDCWD, self->draft, AT_FDCWD, self->target, RENAME_EXCHANGE);
}

/* Whether a call is not known to the system or its file system. */
static gboolean
is_unknown (int saved_errno)
{
  return saved_errno == ENOSYS || saved_errno == EINVAL || saved_errno == EOPNOTSUPP;
}

/* The names are exchanged, and the old name is found not to hold the old file: what another program
 * has put there an instant ago goes back. */
static gboolean
put_back (IvlReplaceFile     *self,
          const struct stat  *own,
          GError            **error)
{
  struct stat st;

  if (exchange (self) == 0 && lstat (self->draft, &st) == 0 && st.st_dev == own->st_dev
      && st.st_ino == own->st_ino)
    return fail_changed (error, self->target);
  /* Yet another one has come in between, over the new file: it is the one that stays. */
  exchange (self);
  g_clear_pointer (&self->draft, g_free);
  return fail_changed (error, self->target);
}

/* The names of the old and the new file are exchanged in one step. */
static gboolean
put_in_place (IvlReplaceFile     *self,
              const struct stat  *own,
              GError            **error)
{
  struct stat st;

  if (exchange (self) != 0)
    {
      if (errno == ENOENT)
        return fail_changed (error, self->target);
      if (!is_unknown (errno))
        return fail (error, errno, "cannot be replaced", self->target);
      if (rename (self->draft, self->target) != 0)
        return fail (error, errno, "cannot be replaced", self->target);
      g_clear_pointer (&self->draft, g_free);
      return sync_folder (self, error);
    }
  if (lstat (self->draft, &st) != 0 || !is_old_file (self, &st, FALSE))
    return put_back (self, own, error);
  if (!sync_folder (self, error))
    {
      exchange (self);
      return FALSE;
    }
  g_unlink (self->draft);
  g_clear_pointer (&self->draft, g_free);
  return TRUE;
}

/* Where there was no file, none is replaced. */
static gboolean
put_first (IvlReplaceFile  *self,
           GError         **error)
{
  int result = renameat2 (AT_FDCWD, self->draft, AT_FDCWD, self->target, RENAME_NOREPLACE);

  if (result != 0 && is_unknown (errno))
    result = rename (self->draft, self->target);
  if (result != 0 && errno == EEXIST)
    return fail_changed (error, self->target);
  if (result != 0)
    return fail (error, errno, "cannot be made", self->target);
  g_clear_pointer (&self->draft, g_free);
  return sync_folder (self, error);
}

gboolean
ivl_replace_file_commit (IvlReplaceFile  *self,
                         GError         **error)
{
  struct stat own;

  if (!close_new_file (self, &own, error))
    return FALSE;
  if (!is_unchanged (self))
    return fail_changed (error, self->target);
  return self->is_there ? put_in_place (self, &own, error) : put_first (self, error);
}

void
ivl_replace_file_clear (IvlReplaceFile *self)
{
  if (self->draft != NULL)
    g_unlink (self->draft);
  if (self->fd >= 0)
    close (self->fd);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_free (self->draft);
  g_free (self->temporary);
  g_free (self->target);
  *self = (IvlReplaceFile) IVL_REPLACE_FILE_INIT;
}
