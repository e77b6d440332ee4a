/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pixels of an image in GIMP 3.0 and 3.2. */
#include "plug-host-3.h"
#include "plug-raster.h"

#include <glib/gi18n.h>

/* NULL: none, or one that babl cannot use; GIMP then takes the pixels for sRGB as well */
static const Babl *
get_space (GimpImage *image)
{
  g_autoptr (GimpColorProfile) profile = gimp_image_get_color_profile (image);

  if (profile == NULL)
    return NULL;
  return gimp_color_profile_get_space (profile, GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                       NULL);
}

static GimpDrawable *
find_active (GimpImage *image,
             GError   **error)
{
  g_autofree GimpDrawable **drawables = gimp_image_get_selected_drawables (image);

  if (drawables != NULL && drawables[0] != NULL)
    return drawables[0];
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("No layer is active. Choose one in GIMP's layers dialog."));
  return NULL;
}

/* What of the image is seen: the canvas, or the selection's bounds within it */
static gboolean
find_area (GimpImage      *image,
           PlugSourceKind  kind,
           GeglRectangle  *area,
           GError        **error)
{
  gboolean non_empty = FALSE;
  int x1, y1, x2, y2;

  *area = (GeglRectangle) { 0, 0, gimp_image_get_width (image), gimp_image_get_height (image) };
  if (kind == PLUG_SOURCE_VISIBLE)
    return TRUE;
  if (!gimp_selection_bounds (image, &non_empty, &x1, &y1, &x2, &y2) || !non_empty || x2 <= x1 ||
      y2 <= y1)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("Nothing is selected. Select a part of the picture, or look at the whole "
                      "of it."));
      return FALSE;
    }
  *area = (GeglRectangle) { x1, y1, x2 - x1, y2 - y1 };
  return TRUE;
}

/* A layer of our own that belongs to the image and is not in it, and what of it is read. Painting
 * goes on meanwhile, and closing the image does not pull the pixels from under us: GIMP would end
 * the plug-in for asking. */
static GimpDrawable *
copy_pixels (PlugRaster    *self,
             GimpImage     *image,
             PlugSourceKind kind,
             GeglRectangle *area,
             GError       **error)
{
  GimpDrawable *drawable;
  GimpLayer *copy;

  if (kind == PLUG_SOURCE_LAYER)
    {
      drawable = find_active (image, error);
      if (drawable == NULL)
        return NULL;
      *area = (GeglRectangle) { 0, 0, gimp_drawable_get_width (drawable),
                                gimp_drawable_get_height (drawable) };
      gimp_drawable_get_offsets (drawable, &self->x, &self->y);
      self->name = gimp_item_get_name (GIMP_ITEM (drawable));
      copy = gimp_layer_new_from_drawable (drawable, image);
    }
  else
    {
      if (!find_area (image, kind, area, error))
        return NULL;
      copy = gimp_layer_new_from_visible (image, image, "ivl");
      self->x = area->x;
      self->y = area->y;
    }
  if (copy != NULL)
    return GIMP_DRAWABLE (copy);
  plug_host_set_gimp_error (error, _("GIMP does not hand the picture out."));
  return NULL;
}

/* nocheck:name: the host opens what the raster reads */
PlugRaster *
plug_host_open_raster (int            image_id,
                       PlugSourceKind kind,
                       GError       **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GimpImage *image = plug_host_find_image (image_id, error);
  GimpDrawable *drawable;
  GeglRectangle area;

  self->drawable = -1;
  if (image == NULL)
    return NULL;
  plug_pixels_init ();
  drawable = copy_pixels (self, image, kind, &area, error);
  if (drawable == NULL)
    return NULL;
  self->drawable = gimp_item_get_id (GIMP_ITEM (drawable));
  buffer = gimp_drawable_get_buffer (drawable);
  if (buffer == NULL)
    {
      plug_host_set_gimp_error (error, _("GIMP does not hand the picture out."));
      return NULL;
    }
  self->pixels = plug_pixels_new (buffer, &area, get_space (image));
  if (self->pixels == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   _("There is not enough memory for the picture. Close other programs, or select "
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
  g_clear_pointer (&self->pixels, plug_pixels_free);
  if (gimp_item_id_is_valid (self->drawable))
    gimp_item_delete (gimp_item_get_by_id (self->drawable));
  g_free (self->name);
  g_free (self);
}

gboolean
plug_raster_read (PlugRaster *self,
                  int         first_row,
                  int         n_rows,
                  guint8     *rgb,
                  GError    **error)
{
  if (!gimp_item_id_is_valid (self->drawable))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("The image was closed while it was read. Open it again and start from its "
                      "window."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgb);
  return TRUE;
}
