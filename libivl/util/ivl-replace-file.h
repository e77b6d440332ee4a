/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

G_BEGIN_DECLS

/* Puts a whole new file in the place of an old one, or leaves the old one as it is. Everything that
 * writes a file of the user's goes through here.
 *
 * Writers of one file take turns from begin to clear. What others have put in its place or written
 * into it since begin stays, and the commit fails. Owner, group, permissions, access control list
 * and extended attributes are kept; where one of them that decides who has access cannot be, the
 * old file stays. A symbolic link stays and the file it leads to is replaced; other names of the
 * same file (hard links) keep the old contents, and its times are those of the writing.
 *
 * The new file has no name until the commit where the file system can do that; elsewhere a process
 * that is killed leaves a hidden one, which the next write in the folder removes. */
typedef struct
{
  char       *target;    /* (owned): without symbolic links */
  char       *temporary; /* (owned) (nullable): where the new file can be read until the commit */
  char       *draft;     /* (owned) (nullable): its name in the folder, once it has one */
  int         fd;        /* of the new file; -1 when closed */
  int         lock_fd;   /* of the old file, or of the folder when there is none */
  gboolean    is_there;  /* whether there is an old file */
  guint       new_mode;  /* permissions of a file where there is none */
  struct stat old;       /* the old file as it was at the beginning */
} IvlReplaceFile;

#define IVL_REPLACE_FILE_INIT { .fd = -1, .lock_fd = -1 }

/* Begins to replace `path`; what is written is to be made of what the file holds from now on. When
 * there is no such file: IVL_ERROR_NOT_FOUND, or with new_mode not 0 one with these permissions is
 * made (less what umask takes). Further errors: it may not be written, the folder takes no files
 * (G_FILE_ERROR), it is not regular (IVL_ERROR_INVALID_DATA), another program is writing it
 * (IVL_ERROR_BUSY), G_IO_ERROR_CANCELLED. */
gboolean ivl_replace_file_begin (IvlReplaceFile  *self,
                                 const char      *path,
                                 guint            new_mode,
                                 GCancellable    *cancellable,
                                 GError         **error);
/* Writes the whole contents, GBytes by GBytes, to the disk. */
gboolean ivl_replace_file_write (IvlReplaceFile  *self,
                                 GPtrArray       *pieces,
                                 GCancellable    *cancellable,
                                 GError         **error);
/* Takes a finished file of the same folder instead of writing one; it is gone afterwards, however
 * it ends. */
gboolean ivl_replace_file_take (IvlReplaceFile  *self,
                                const char      *draft,
                                GError         **error);
/* IVL_ERROR_INVALID_DATA ("changed meanwhile") when others have changed the old file. */
gboolean ivl_replace_file_commit (IvlReplaceFile  *self,
                                  GError         **error);
/* Lets the next writer go on, and removes the new file unless it was committed. */
void     ivl_replace_file_clear (IvlReplaceFile *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlReplaceFile, ivl_replace_file_clear)

G_END_DECLS
