/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

enum
{
  /* What GLib itself needs, which ends a process without it, is below. */
  STARVE_LEAST_BYTES = 65536,
};

typedef gboolean (*StarveWork) (GError **error);

/* Does the work in children, in each of which the next one of the allocations of least_bytes and
 * more fails, until none is left to fail. Each ends with success, or with a reason. */
void starve (StarveWork  work,
             const char *what,
             guint       least_bytes);
