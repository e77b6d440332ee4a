/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that this process may still take: free and reclaimable memory, or what its control group
 * leaves if that is less. G_MAXUINT64 when it cannot be told. */
guint64 ivl_system_memory_available (void);

G_END_DECLS
