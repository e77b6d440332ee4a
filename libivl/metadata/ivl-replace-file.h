/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Puts a whole new file in the place of an old one, or leaves the old one as it is: a temporary
 * file in the same folder, with the same owner and permissions as far as allowed, is renamed over
 * it. A symbolic link stays and the file it leads to is replaced; other names of the same file
 * (hard links) keep the old contents. */
typedef struct
{
  char    *target;    /* (owned): without symbolic links */
  char    *temporary; /* (owned) (nullable): NULL once it took the place of target */
  int      fd;        /* of temporary; -1 when closed */
  guint    mode;      /* permissions of the old file */
  guint    uid;
  guint    gid;
} IvlReplaceFile;

/* Fails when the file may not be written, the folder takes no files, or it is not regular:
 * G_FILE_ERROR, IVL_ERROR_NOT_FOUND, IVL_ERROR_INVALID_DATA. */
gboolean ivl_replace_file_begin (IvlReplaceFile  *self,
                                 const char      *path,
                                 GError         **error);
/* Writes the whole contents, GBytes by GBytes, to the disk. */
gboolean ivl_replace_file_write (IvlReplaceFile  *self,
                                 GPtrArray       *pieces,
                                 GCancellable    *cancellable,
                                 GError         **error);
gboolean ivl_replace_file_commit (IvlReplaceFile  *self,
                                  GError         **error);
/* Removes the temporary file unless it was committed. */
void     ivl_replace_file_clear (IvlReplaceFile *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlReplaceFile, ivl_replace_file_clear)

G_END_DECLS
