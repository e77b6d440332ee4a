/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that this process may still take: free and reclaimable memory, or what its control group
 * or one above it leaves if that is less. G_MAXUINT64 when it cannot be told. */
guint64 ivl_system_memory_available (void);
/* The same by the files of the system in another folder than "/". */
guint64 ivl_system_memory_read (const char *root);
/* For a message: "5.2 GB", "34.0 MB" (transfer full). */
char   *ivl_system_memory_format (guint64 n_bytes);

G_END_DECLS
