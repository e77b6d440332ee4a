/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a raster says of itself, in every GIMP. */
#include "plug-raster.h"

#include <glib/gi18n.h>

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

gboolean
plug_raster_check_seen (const char           *name,
                        gboolean              is_shown,
                        const GeglRectangle  *layer,
                        const GeglRectangle  *canvas,
                        GError              **error)
{
  if (!is_shown)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _("The layer “%s” is hidden. Show it in GIMP's layers dialog, or choose another."),
                 name);
  else if (!gegl_rectangle_intersect (NULL, layer, canvas))
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _("The layer “%s” lies outside the canvas, where nothing of it is seen. Move it, "
                   "or choose Image ▸ Fit Canvas to Layers in GIMP."),
                 name);
  else
    return TRUE;
  return FALSE;
}
