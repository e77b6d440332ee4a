/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rectangles that own their names. */
#include "plug-box.h"

PlugBox *
plug_box_new (int x, int y, int width, int height, const char *name)
{
  PlugBox *self = g_new0 (PlugBox, 1);

  self->x = x;
  self->y = y;
  self->width = MAX (width, 1);
  self->height = MAX (height, 1);
  self->name = g_strdup (name);
  return self;
}

void
plug_box_free (PlugBox *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self);
}

GPtrArray *
plug_box_new_array (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) plug_box_free);
}
