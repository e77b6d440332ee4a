/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A rectangle in an image, with what was found there. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pixels of the image (not of a layer), from its top left; width and height are at least 1 */
typedef struct
{
  int   x;
  int   y;
  int   width;
  int   height;
  char *name; /* (nullable): what the model called it, or the text that stands there */
} PlugBox;

PlugBox   *plug_box_new (int x, int y, int width, int height, const char *name);
void       plug_box_free (PlugBox *self);
/* An array of PlugBox that owns them */
GPtrArray *plug_box_new_array (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugBox, plug_box_free)

G_END_DECLS
