/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of the user's that a program makes or replaces, whole or not at all.
 */
#include <libivl/ivl-file.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <unistd.h>

#include "util/ivl-draft-name.h"
#include "util/ivl-file-target.h"
#include "util/ivl-replace-file.h"

enum
{
  NEW_MODE = 0666, /* less what the umask takes */
  PRIVATE_MODE = 0600,
  MAX_NAMES = 16,
};

/**
 * ivl_file_save:
 * @path: (type filename): where to
 * @contents: what is to be in the file
 * @mode: permissions of a file that is not there yet, less what the umask takes; 0 for 0666
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Writes a whole file in one step: whatever goes wrong, an old one is still there, whole. The new
 * one has its owner, permissions, access control list and extended attributes. What another program
 * saves there meanwhile stays, and the call fails. Through a symbolic link the file that it leads
 * to is written.
 *
 * Fails with %IVL_ERROR_NOT_FOUND (no such folder), %IVL_ERROR_INVALID_DATA (not a regular file, or
 * changed meanwhile), %IVL_ERROR_BUSY (another program has been writing it for half a minute), a
 * #GFileError (not writable, no space left) or %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE, or %FALSE with @error set and an old file unchanged
 */
gboolean
ivl_file_save (const char    *path,
               GBytes        *contents,
               guint          mode,
               GCancellable  *cancellable,
               GError       **error)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
  g_autoptr (GPtrArray) pieces = NULL;

  g_return_val_if_fail (path != NULL && contents != NULL, FALSE);

  pieces = g_ptr_array_new ();
  g_ptr_array_add (pieces, contents);
  return ivl_replace_file_begin (&file, path, mode != 0 ? mode : NEW_MODE, cancellable, error)
         && ivl_replace_file_write (&file, pieces, cancellable, error)
         && ivl_replace_file_commit (&file, error);
}

/**
 * ivl_file_make_draft:
 * @path: (type filename): the file that the draft is to become
 * @ending: the end of the draft's name, such as `.png`, or an empty string
 * @error: return location for an error
 *
 * Makes an empty hidden file beside a file, for a program that writes by name: let it write there,
 * then call ivl_file_put_draft(). One that its maker left behind when it was killed is removed by
 * the next write of this library in the folder.
 *
 * Fails with a #GFileError, or %IVL_ERROR_NOT_FOUND (no such folder).
 *
 * Returns: (transfer full) (type filename): the draft's name, or %NULL with @error set
 */
char *
ivl_file_make_draft (const char  *path,
                     const char  *ending,
                     GError     **error)
{
  g_autofree char *target = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *draft = NULL;
  g_autofree char *name = NULL;
  int mode;
  int fd = -1;

  g_return_val_if_fail (path != NULL && ending != NULL, NULL);

  target = ivl_file_target_resolve (path);
  folder = g_path_get_dirname (target != NULL ? target : path);
  name = g_filename_display_name (folder);
  if (target != NULL)
    ivl_draft_name_clean (folder);
  /* One that replaces a file gets its permissions at the end, and nobody else reads it before. */
  mode = target != NULL && g_file_test (target, G_FILE_TEST_EXISTS) ? PRIVATE_MODE : NEW_MODE;
  for (guint i = 0; target != NULL && fd < 0 && i < MAX_NAMES; i++)
    {
      g_free (draft);
      draft = ivl_draft_name_new (folder, ending);
      fd = open (draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
      if (fd < 0 && errno != EEXIST && errno != EINTR)
        break;
    }
  if (fd >= 0)
    {
      close (fd);
      return g_steal_pointer (&draft);
    }
  if (errno == ENOENT)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such folder", name);
  else
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno),
                 "%s: no file can be made in this folder: %s", name, g_strerror (errno));
  return NULL;
}

/**
 * ivl_file_put_draft:
 * @draft: (type filename): a finished file, made by ivl_file_make_draft() for @path
 * @path: (type filename): the file whose place it takes, which need not exist
 * @cancellable: (nullable): a #GCancellable, for the time that another writer has its turn
 * @error: return location for an error
 *
 * Puts a finished file in its place, as ivl_file_save() does and with its errors.
 *
 * Returns: %TRUE, or %FALSE with @error set and an old file unchanged; the draft is gone then too
 */
gboolean
ivl_file_put_draft (const char    *draft,
                    const char    *path,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;

  g_return_val_if_fail (draft != NULL && path != NULL, FALSE);

  if (ivl_replace_file_begin (&file, path, NEW_MODE, cancellable, error))
    return ivl_replace_file_take (&file, draft, error) && ivl_replace_file_commit (&file, error);
  g_unlink (draft);
  return FALSE;
}
