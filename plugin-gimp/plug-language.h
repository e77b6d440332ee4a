/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The choice of the language that answers are asked for in: one setting, shown on several pages. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Follows the settings, and sets them. The first row is the language of the desktop. */
GtkWidget *plug_language_combo_new (void);
/* "Deutsch" on a German desktop for "de" (transfer full) */
char      *plug_language_get_name (const char *tag);

G_END_DECLS
