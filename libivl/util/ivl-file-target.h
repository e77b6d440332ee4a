/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where a file is, or would be made if it does not exist: its path without symbolic links (transfer
 * full). NULL with errno set: ENOENT when the folder in which it would be does not exist either. */
char    *ivl_file_target_resolve (const char *path);
/* Whether there is certainly no such file, of a path that could not be opened: neither it nor a
 * folder above it is a link that leads nowhere, and nothing else stands in the way of looking. A
 * link to a file that is not made yet counts as none if the folder for it is there. */
gboolean ivl_file_target_is_absent (const char *path);

G_END_DECLS
