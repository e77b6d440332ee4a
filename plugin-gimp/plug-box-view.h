/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A small picture of what was looked at, with numbered boxes where something was found. */
#pragma once

#include "plug-source.h"

G_BEGIN_DECLS

#define PLUG_TYPE_BOX_VIEW (plug_box_view_get_type ())
G_DECLARE_FINAL_TYPE (PlugBoxView, plug_box_view, PLUG, BOX_VIEW, GtkDrawingArea)

GtkWidget *plug_box_view_new (void);
/* Takes the picture as it is now; boxes (nullable): of PlugBox, in the image, kept by reference */
void       plug_box_view_show (PlugBoxView *self, PlugSource *source, GPtrArray *boxes);
/* Is drawn, or only faintly */
void       plug_box_view_set_chosen (PlugBoxView *self, guint index, gboolean chosen);
/* The one that the keyboard or the pointer is at; -1 for none */
void       plug_box_view_set_current (PlugBoxView *self, int index);

G_END_DECLS
