/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The top of the window: what is sent, with a thumbnail and the choice of it, and where it goes. */
#pragma once

#include "plug-source.h"

G_BEGIN_DECLS

#define PLUG_TYPE_HEADER (plug_header_get_type ())
G_DECLARE_FINAL_TYPE (PlugHeader, plug_header, PLUG, HEADER, GtkBox)

GtkWidget *plug_header_new (PlugSource *source);
/* Reads the picture again, and shows it */
void       plug_header_read (PlugHeader *self);
/* What GIMP does not tell: whether something is selected now, and which layer is active, which is
 * read when it is another one than before */
void       plug_header_follow (PlugHeader *self);
/* place: "on this computer: NAME" and the like. remote: pictures leave this computer, which
 * looks different. */
void       plug_header_set_place (PlugHeader *self, const char *place, gboolean remote);
/* The image is gone: a sentence instead of the picture's, and nothing to choose */
void       plug_header_set_closed (PlugHeader *self);

G_END_DECLS
