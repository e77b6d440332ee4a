/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a whole regular file of at most max_bytes bytes. The result is followed by a NUL that is
 * not counted in *size; the bytes themselves may hold anything. Errors: IVL_ERROR_NOT_FOUND
 * (absent), IVL_ERROR_INVALID_DATA (too large, not a regular file, or changed while it was read),
 * IVL_ERROR_NO_MEMORY, G_FILE_ERROR (not readable). */
char *ivl_bounded_file_read (const char  *path,
                             gsize        max_bytes,
                             gsize       *size,
                             GError     **error);

/* The first bytes of a regular file, max_bytes or as many as it has. */
char *ivl_bounded_file_read_start (const char  *path,
                                   gsize        max_bytes,
                                   gsize       *size,
                                   GError     **error);

/* Opens a regular file for reading, never waiting for a FIFO or a device; *size and *mtime_ns
 * are those of the open file. Returns the descriptor, or -1 with one of the errors above. */
int   ivl_bounded_file_open (const char  *path,
                             guint64     *size,
                             gint64      *mtime_ns,
                             GError     **error);

G_END_DECLS
