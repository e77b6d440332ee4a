/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a raster says of itself, in every GIMP. */
#include "plug-raster.h"

int
plug_raster_get_width (PlugRaster *self)
{
  return plug_pixels_get_width (self->pixels);
}

int
plug_raster_get_height (PlugRaster *self)
{
  return plug_pixels_get_height (self->pixels);
}

void
plug_raster_get_offset (PlugRaster *self,
                        int        *x,
                        int        *y)
{
  *x = self->x;
  *y = self->y;
}

const char *
plug_raster_get_name (PlugRaster *self)
{
  return self->name;
}
