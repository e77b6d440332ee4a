/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The body of a file of tests/remote/data: an .sse file as it is, of a .resp file what follows the
 * header, out of its chunks; *status is its HTTP status. (transfer full) */
GString *recordings_read_body (const char *name,
                               guint      *status);
/* The names below tests/remote/data that end so: "stop.resp", "constructed/s_ok.sse". */
GStrv    recordings_list (const char *suffix);

G_END_DECLS
