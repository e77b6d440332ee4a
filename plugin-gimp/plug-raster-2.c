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

/* The drawable that was asked for, else the layer that is worked on, or the channel in its place;
 * -1 with an error */
static int
find_drawable (int      image,
               int      drawable,
               GError **error)
{
  if (drawable >= 0 && gimp_item_is_valid (drawable) && gimp_item_get_image (drawable) == image)
    return drawable;
  if (drawable >= 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("The drawable %d does not belong to the image %d."), drawable, image);
      return -1;
    }
  drawable = gimp_image_get_active_layer (image);
  if (drawable < 0)
    drawable = gimp_image_get_active_drawable (image);
  if (drawable < 0)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _ ("No layer is active. Choose one in GIMP's layers dialog."));
  return drawable;
}

/* nocheck:name: the host tells what the raster would read */
int
plug_host_get_layer (int image)
{
  return gimp_image_is_valid (image) ? find_drawable (image, -1, NULL) : -1;
}

/* Whether its own pixels are all that is seen of it */
static gboolean
is_as_it_is (int item)
{
  for (; item >= 0; item = gimp_item_get_parent (item))
    if (plug_host_is_mixed (item))
      return FALSE;
  return TRUE;
}

/* An image of our own that GIMP can project in any colour; -1 when it gives none */
static int
copy_image (int image)
{
  const int copy = gimp_image_duplicate (image);

  if (copy < 0)
    return -1;
  gimp_image_undo_disable (copy);
  if (gimp_image_base_type (copy) == GIMP_INDEXED)
    gimp_image_convert_rgb (copy);
  return copy;
}

/* Hides what stands beside a layer of the image, and beside the groups that it is in, in a copy of
 * it. How they would mix with the others counts no more. */
static void
isolate (int image,
         int layer,
         int copy)
{
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (int));
  int parent = -1;

  for (int item = layer; item >= 0; item = gimp_item_get_parent (item))
    {
      const int position = gimp_image_get_item_position (image, item);

      g_array_append_val (path, position);
    }
  for (guint level = path->len; level > 0; level--)
    {
      int n;
      g_autofree int *items = parent < 0 ? gimp_image_get_layers (copy, &n)
                                         : gimp_item_get_children (parent, &n);

      parent = -1;
      for (int i = 0; i < n; i++)
        if (i != g_array_index (path, int, level - 1))
          gimp_item_set_visible (items[i], FALSE);
        else
          parent = items[i];
      if (parent < 0)
        return;
      if (gimp_layer_get_mode (parent) != GIMP_LAYER_MODE_PASS_THROUGH)
        gimp_layer_set_mode (parent, GIMP_LAYER_MODE_NORMAL);
      gimp_layer_set_composite_mode (parent, GIMP_LAYER_COMPOSITE_AUTO);
    }
}

/* What GIMP shows of a layer when all others are hidden; -1 when it gives nothing. */
static int
project_layer (PlugRaster          *self,
               int                  image,
               int                  layer,
               const GeglRectangle *bounds)
{
  self->copy = copy_image (image);
  if (self->copy < 0)
    return -1;
  isolate (image, layer, self->copy);
  if (!gimp_image_resize (self->copy, bounds->width, bounds->height, -bounds->x, -bounds->y))
    return -1;
  return gimp_layer_new_from_visible (self->copy, self->copy, "ivl");
}

/* Sets drawable, x, y, name and area. */
static gboolean
raster_copy_layer (PlugRaster     *self,
                   int             image,
                   int             drawable,
                   GeglRectangle  *area,
                   GError        **error)
{
  const GeglRectangle canvas = { 0, 0, gimp_image_width (image), gimp_image_height (image) };
  GeglRectangle bounds;

  drawable = find_drawable (image, drawable, error);
  if (drawable < 0)
    return FALSE;
  self->name = gimp_item_get_name (drawable);
  gimp_drawable_offsets (drawable, &self->x, &self->y);
  bounds = (GeglRectangle) { self->x, self->y, gimp_drawable_width (drawable),
                             gimp_drawable_height (drawable) };
  *area = (GeglRectangle) { 0, 0, bounds.width, bounds.height };
  /* Painting goes on meanwhile, and closing the image does not pull the pixels from under us:
   * GIMP would end the plug-in for asking. */
  if (!gimp_item_is_layer (drawable) || gimp_layer_is_floating_sel (drawable))
    self->drawable = gimp_layer_new_from_drawable (drawable, image);
  else if (!plug_raster_check_seen (self->name, plug_host_is_shown (drawable), &bounds, &canvas,
                                    error))
    return FALSE;
  else if (is_as_it_is (drawable))
    self->drawable = gimp_layer_new_from_drawable (drawable, image);
  else
    self->drawable = project_layer (self, image, drawable, &bounds);
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
  self->x = area->x;
  self->y = area->y;
  /* Of colours that are mixed an indexed image would keep the nearest of its own */
  if (gimp_image_base_type (image) == GIMP_INDEXED)
    {
      self->copy = copy_image (image);
      image = self->copy;
    }
  if (image >= 0)
    self->drawable = gimp_layer_new_from_visible (image, image, "ivl");
  return TRUE;
}

/* nocheck:name: the host opens what the raster reads */
PlugRaster *
plug_host_open_raster (int              image,
                       PlugSourceKind   kind,
                       int              drawable,
                       GError         **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GeglRectangle area;
  gboolean done;

  self->copy = -1;
  self->drawable = -1;
  if (!plug_host_check_image (image, error))
    return NULL;
  plug_pixels_init ();
  done = kind == PLUG_SOURCE_LAYER ? raster_copy_layer (self, image, drawable, &area, error)
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
  if (self->copy >= 0 && gimp_image_is_valid (self->copy))
    gimp_image_delete (self->copy);
  g_free (self->name);
  g_free (self);
}

gboolean
plug_raster_read (PlugRaster  *self,
                  int          first_row,
                  int          n_rows,
                  guint8      *rgba,
                  GError     **error)
{
  if (!gimp_item_is_valid (self->drawable))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _ ("The image was closed while it was read. Open it again and start from its "
                      "window."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgba);
  return TRUE;
}
