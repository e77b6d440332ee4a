/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an export of either host does about progress; plug_host_watch_export() says who hears of
 * it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The name of the procedures that GIMP tells its progress from now on; NULL when nobody wants to
 * know, or GIMP shows it itself (transfer none) */
const char *plug_host_begin_progress (void);
/* progress (nullable): what the other gave */
void        plug_host_end_progress (const char *progress);

G_END_DECLS
