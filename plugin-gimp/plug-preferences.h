/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The preferences: model on this computer or remote, key, tile budget, language, idle time, and
 * who may get pictures. */
#pragma once

#include "plug-settings.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Non-modal; a second call raises the first */
void       plug_preferences_show (GtkWindow *parent);
/* NULL: it is not open */
GtkWidget *plug_preferences_get_window (void);

G_END_DECLS
