/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IVL_MANIFEST_NAME "SHA256SUMS"

/* Checks a folder's files against its SHA256SUMS (lines as sha256sum writes them). What does not
 * agree is added to problems (element-type utf8), one sentence for each file: another checksum, a
 * file that is listed and absent, a weight file that is not listed.
 *
 * Reads every listed file whole; looks at cancellable once in each MiB. FALSE with
 * IVL_ERROR_NOT_FOUND (no such list), IVL_ERROR_INVALID_DATA (a line that is none, a name with a
 * folder in it, a name twice), G_IO_ERROR_CANCELLED. */
gboolean ivl_manifest_check (const char    *folder,
                             GPtrArray     *problems,
                             GCancellable  *cancellable,
                             GError       **error);

G_END_DECLS
