/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Gives a new file the owner, group, permissions, access control list and extended attributes of
 * the one whose place it is to take. Nobody may do more with the new file than with the old one, or
 * less: what decides about that is kept, or it is an error (G_FILE_ERROR), which begins with
 * `name`. What the system keeps for itself (capabilities, checksums) is left out. */
gboolean ivl_file_attributes_copy (int          from,
                                   int          to,
                                   const char  *name,
                                   GError     **error);

G_END_DECLS
