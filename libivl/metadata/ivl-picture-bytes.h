/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a whole regular file of at most max_bytes into memory: what is checked in these bytes stays
 * true, whatever others do to the file. Messages begin with the file's name. Errors:
 * IVL_ERROR_NOT_FOUND, IVL_ERROR_UNSUPPORTED (larger), IVL_ERROR_INVALID_DATA (not a regular file,
 * or changed while it was read), IVL_ERROR_NO_MEMORY, G_FILE_ERROR (not readable). */
GBytes *ivl_picture_bytes_read (const char  *path,
                                guint64      max_bytes,
                                GError     **error);

G_END_DECLS
