/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The help page. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the desktop's browser. Errors: no program opens it, or it is not installed. */
gboolean plug_help_open (GError **error);

G_END_DECLS
