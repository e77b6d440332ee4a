/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bottom of a page: how far the work is and how long it takes, the button that stops it, and
 * one line on what was done. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PLUG_TYPE_WORK (plug_work_get_type ())
G_DECLARE_FINAL_TYPE (PlugWork, plug_work, PLUG, WORK, GtkBox)

/* Signal "stop" (): the person wants no more */
GtkWidget *plug_work_new (void);
void       plug_work_set_busy (PlugWork *self, gboolean busy);
/* fraction < 0: the end is unknown */
void       plug_work_set_progress (PlugWork *self, double fraction, const char *sentence);
/* Stays until the next sentence; screen readers speak it, and answer (nullable) after it */
void       plug_work_say (PlugWork *self, const char *sentence, const char *answer);

G_END_DECLS
