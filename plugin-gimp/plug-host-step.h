/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a change to an image is called where GIMP lists what can be undone. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One undo step that changes an image; what: the change's own */
typedef gboolean (*PlugHostChange) (int image, gpointer what, GError **error);

/* GIMP calls a step by the label of the procedure that runs: while the change is made that is a
 * temporary one with this label, and not the menu entry that opened the window. What GIMP refuses
 * to name is done all the same. */
gboolean plug_host_step_run (const char      *label,
                             PlugHostChange   change,
                             int              image,
                             gpointer         what,
                             GError         **error);

/* The changes themselves, each an undo step */
gboolean plug_host_edit_select_boxes (int image, gpointer boxes, GError **error);
gboolean plug_host_edit_add_guides (int image, gpointer boxes, GError **error);
gboolean plug_host_edit_add_channels (int image, gpointer boxes, GError **error);
gboolean plug_host_edit_add_text_boxes (int image, gpointer boxes, GError **error);
gboolean plug_host_edit_add_text (int image, gpointer text, GError **error);
gboolean plug_host_edit_set_texts (int image, gpointer texts, GError **error);

G_END_DECLS
