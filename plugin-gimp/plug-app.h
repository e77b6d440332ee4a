/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The interactive life of the plug-in. GIMP starts a process for each menu entry; the first one
 * keeps the windows of all images of that GIMP, and each later one hands its action over through
 * a socket (plug-handover.h) and ends. */
#pragma once

#include "plug-action.h"

G_BEGIN_DECLS

/* Returns when the last window is closed, or at once when another process has taken over. */
gboolean plug_app_run (const PlugAction *action, int image, GError **error);

G_END_DECLS
