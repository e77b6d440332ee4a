/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Locks a regular file, or the folder it would be in if there is none of that name, so that those
 * who write it take turns: waits up to half a minute for another writer. What is locked is what the
 * name leads to once the lock is held. Returns a descriptor, to be closed, or -1 with G_FILE_ERROR,
 * IVL_ERROR_INVALID_DATA (not a regular file), IVL_ERROR_BUSY or G_IO_ERROR_CANCELLED. Where the
 * file system has no locks, the descriptor is all that is had. */
int ivl_file_lock (const char    *path,
                   gboolean      *is_there,
                   GCancellable  *cancellable,
                   GError       **error);

G_END_DECLS
