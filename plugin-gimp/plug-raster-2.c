/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 2.10: pixels of a layer or of what is visible. They are read from a copy of our own, which
 * shares its tiles with the original until that is painted on. */
#include "plug-host-2.h"
#include "plug-raster.h"

#include <glib/gi18n.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GimpColorProfile, g_object_unref)

static gboolean
is_linear (int image)
{
  switch (gimp_image_get_precision (image))
    {
    case GIMP_PRECISION_U8_LINEAR:
    case GIMP_PRECISION_U16_LINEAR:
    case GIMP_PRECISION_U32_LINEAR:
    case GIMP_PRECISION_HALF_LINEAR:
    case GIMP_PRECISION_FLOAT_LINEAR:
    case GIMP_PRECISION_DOUBLE_LINEAR:
      return TRUE;
    default:
      return FALSE;
    }
}

/* NULL: the image has no profile, or one that babl cannot do without a table */
static const Babl *
find_space (int image)
{
  g_autoptr (GimpColorProfile) profile = gimp_image_get_color_profile (image);
  const Babl *space;

  if (profile == NULL)
    return NULL;
  space = gimp_color_profile_get_space (profile, GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                        NULL);
  /* The buffer, taken for sRGB, hands linear values out with the curve of sRGB. */
  if (space != NULL && is_linear (image))
    space = babl_space_with_trc (space, babl_trc ("sRGB"));
  return space;
}

/* The layer that is worked on, or the channel or mask in its place; -1 if there is none */
static int
find_drawable (int image)
{
  const int layer = gimp_image_get_active_layer (image);

  return layer >= 0 ? layer : gimp_image_get_active_drawable (image);
}

/* Sets drawable, x, y, name and area. */
static gboolean
raster_copy_layer (PlugRaster     *self,
                   int             image,
                   GeglRectangle  *area,
                   GError        **error)
{
  const int drawable = find_drawable (image);

  if (drawable < 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _ ("No layer is active. Choose one in GIMP's layers dialog."));
      return FALSE;
    }
  /* Painting goes on meanwhile, and closing the image does not pull the pixels from under us:
   * GIMP would end the plug-in for asking. */
  self->drawable = gimp_layer_new_from_drawable (drawable, image);
  self->name = gimp_item_get_name (drawable);
  gimp_drawable_offsets (drawable, &self->x, &self->y);
  *area = (GeglRectangle) { 0, 0, gimp_drawable_width (drawable), gimp_drawable_height (drawable) };
  return TRUE;
}

/* Sets drawable, x, y and area. */
static gboolean
raster_copy_visible (PlugRaster      *self,
                     int              image,
                     PlugSourceKind   kind,
                     GeglRectangle   *area,
                     GError         **error)
{
  const GeglRectangle canvas = { 0, 0, gimp_image_width (image), gimp_image_height (image) };
  int x1, y1, x2, y2;
  gboolean is_selected;

  *area = canvas;
  if (kind == PLUG_SOURCE_SELECTION)
    {
      gimp_selection_bounds (image, &is_selected, &x1, &y1, &x2, &y2);
      if (!is_selected
          || !gegl_rectangle_intersect (area, &canvas,
                                        GEGL_RECTANGLE (x1, y1, x2 - x1, y2 - y1)))
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                       _ ("Nothing is selected. Select a part of the picture, or look at the whole "
                          "of it."));
          return FALSE;
        }
    }
  self->drawable = gimp_layer_new_from_visible (image, image, "ivl");
  self->x = area->x;
  self->y = area->y;
  return TRUE;
}

/* nocheck:name: the host opens what the raster reads */
PlugRaster *
plug_host_open_raster (int              image,
                       PlugSourceKind   kind,
                       GError         **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GeglRectangle area;
  gboolean done;

  self->drawable = -1;
  if (!plug_host_check_image (image, error))
    return NULL;
  plug_pixels_init ();
  done = kind == PLUG_SOURCE_LAYER ? raster_copy_layer (self, image, &area, error)
                                   : raster_copy_visible (self, image, kind, &area, error);
  if (!done)
    return NULL;
  if (self->drawable >= 0)
    buffer = gimp_drawable_get_buffer (self->drawable);
  if (buffer == NULL)
    {
      plug_host_set_error (error, _ ("GIMP does not hand the picture out."));
      return NULL;
    }
  self->pixels = plug_pixels_new (buffer, &area, find_space (image));
  if (self->pixels == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   _ ("There is not enough memory for the picture. Close other programs, or select "
                      "a part of it."));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
plug_raster_close (PlugRaster *self)
{
  if (self == NULL)
    return;
  /* The buffer belongs to the layer: it goes first. */
  plug_pixels_free (self->pixels);
  if (gimp_item_is_valid (self->drawable))
    gimp_item_delete (self->drawable);
  g_free (self->name);
  g_free (self);
}

gboolean
plug_raster_read (PlugRaster  *self,
                  int          first_row,
                  int          n_rows,
                  guint8      *rgb,
                  GError     **error)
{
  if (!gimp_item_is_valid (self->drawable))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _ ("The image was closed while it was read. Open it again and start from its "
                      "window."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgb);
  return TRUE;
}
