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
  GimpDrawable *active = drawables != NULL ? drawables[0] : NULL;

  /* A mask that is painted on belongs to what a person looks at */
  if (active != NULL && GIMP_IS_LAYER_MASK (active))
    active = GIMP_DRAWABLE (gimp_layer_from_mask (GIMP_LAYER_MASK (active)));
  if (active == NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _("No layer is active. Choose one in GIMP's layers dialog."));
  return active;
}

/* nocheck:name: the host tells what the raster would read */
int
plug_host_get_layer (int image_id)
{
  GimpImage *image = gimp_image_get_by_id (image_id);
  GimpDrawable *active = image != NULL ? find_active (image, NULL) : NULL;

  return active != NULL ? gimp_item_get_id (GIMP_ITEM (active)) : -1;
}

static GimpDrawable *
find_drawable (GimpImage *image,
               int        id,
               GError   **error)
{
  GimpItem *item = gimp_item_id_is_valid (id) ? gimp_item_get_by_id (id) : NULL;

  if (id < 0)
    return find_active (image, error);
  if (item != NULL && GIMP_IS_DRAWABLE (item) && gimp_item_get_image (item) == image)
    return GIMP_DRAWABLE (item);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _("The drawable %d does not belong to the image %d."), id,
               gimp_image_get_id (image));
  return NULL;
}

/* Whether its own pixels are all that is seen of it */
static gboolean
is_as_it_is (GimpItem *item)
{
  for (; item != NULL; item = gimp_item_get_parent (item))
    if (plug_host_is_mixed (GIMP_LAYER (item)))
      return FALSE;
  return TRUE;
}

/* An image of our own that GIMP can project in any colour (nullable) */
static GimpImage *
copy_image (PlugRaster *self,
            GimpImage  *image)
{
  GimpImage *copy = gimp_image_duplicate (image);

  if (copy == NULL)
    return NULL;
  self->copy = gimp_image_get_id (copy);
  gimp_image_undo_disable (copy);
  if (gimp_image_get_base_type (copy) == GIMP_INDEXED)
    gimp_image_convert_rgb (copy);
  return copy;
}

/* Of items that stand beside each other only the one at that place stays visible (nullable). How
 * it would mix with the others counts no more. */
static GimpItem *
keep_one (GimpItem **items,
          int        place)
{
  GimpItem *kept = NULL;

  for (int i = 0; items != NULL && items[i] != NULL; i++)
    if (i == place)
      kept = items[i];
    else
      {
        gimp_item_set_lock_visibility (items[i], FALSE);
        gimp_item_set_visible (items[i], FALSE);
      }
  if (kept == NULL)
    return NULL;
  if (gimp_layer_get_mode (GIMP_LAYER (kept)) != GIMP_LAYER_MODE_PASS_THROUGH)
    gimp_layer_set_mode (GIMP_LAYER (kept), GIMP_LAYER_MODE_NORMAL);
  gimp_layer_set_composite_mode (GIMP_LAYER (kept), GIMP_LAYER_COMPOSITE_AUTO);
  return kept;
}

/* Hides what stands beside a layer of the image, and beside the groups that it is in, in a copy of
 * it. */
static void
isolate (GimpImage *image,
         GimpItem  *layer,
         GimpImage *copy)
{
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (int));
  GimpItem *parent = NULL;

  for (GimpItem *item = layer; item != NULL; item = gimp_item_get_parent (item))
    {
      int position = gimp_image_get_item_position (image, item);

      g_array_append_val (path, position);
    }
  for (guint level = path->len; level > 0; level--)
    {
      g_autofree GimpItem **items = parent == NULL ? (GimpItem **) gimp_image_get_layers (copy)
                                                   : gimp_item_get_children (parent);

      parent = keep_one (items, g_array_index (path, int, level - 1));
      if (parent == NULL)
        return;
    }
}

/* What GIMP shows of a layer when all others are hidden; NULL when it gives nothing. */
static GimpLayer *
project_layer (PlugRaster          *self,
               GimpImage           *image,
               GimpDrawable        *layer,
               const GeglRectangle *bounds)
{
  GimpImage *copy = copy_image (self, image);

  if (copy == NULL)
    return NULL;
  isolate (image, GIMP_ITEM (layer), copy);
  if (!gimp_image_resize (copy, bounds->width, bounds->height, -bounds->x, -bounds->y))
    return NULL;
  return gimp_layer_new_from_visible (copy, copy, "ivl");
}

/* FALSE with an error: nothing of it is seen. copy: NULL when GIMP gives nothing */
static gboolean
copy_layer (PlugRaster     *self,
            GimpImage      *image,
            GimpDrawable   *drawable,
            GeglRectangle  *area,
            GimpLayer     **copy,
            GError        **error)
{
  GeglRectangle canvas = { 0, 0, gimp_image_get_width (image), gimp_image_get_height (image) };
  GeglRectangle bounds;

  gimp_drawable_get_offsets (drawable, &self->x, &self->y);
  self->name = gimp_item_get_name (GIMP_ITEM (drawable));
  bounds = (GeglRectangle) { self->x, self->y, gimp_drawable_get_width (drawable),
                             gimp_drawable_get_height (drawable) };
  *area = (GeglRectangle) { 0, 0, bounds.width, bounds.height };
  if (!GIMP_IS_LAYER (drawable) || gimp_layer_is_floating_sel (GIMP_LAYER (drawable)))
    *copy = gimp_layer_new_from_drawable (drawable, image);
  else if (!plug_raster_check_seen (self->name, plug_host_is_shown (GIMP_ITEM (drawable)), &bounds,
                                    &canvas, error))
    return FALSE;
  else if (is_as_it_is (GIMP_ITEM (drawable)))
    *copy = gimp_layer_new_from_drawable (drawable, image);
  else
    *copy = project_layer (self, image, drawable, &bounds);
  return TRUE;
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
  if (gimp_selection_bounds (image, &non_empty, &x1, &y1, &x2, &y2) && non_empty &&
      gegl_rectangle_intersect (area, area, GEGL_RECTANGLE (x1, y1, x2 - x1, y2 - y1)))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("Nothing is selected. Select a part of the picture, or look at the whole "
                 "of it."));
  return FALSE;
}

/* A layer of our own that is in no image, and what of it is read. Painting goes on meanwhile, and
 * closing the image does not pull the pixels from under us: GIMP would end the plug-in for
 * asking. */
static GimpDrawable *
copy_pixels (PlugRaster    *self,
             GimpImage     *image,
             PlugSourceKind kind,
             int            id,
             GeglRectangle *area,
             GError       **error)
{
  GimpLayer *copy = NULL;

  if (kind == PLUG_SOURCE_LAYER)
    {
      GimpDrawable *drawable = find_drawable (image, id, error);

      if (drawable == NULL || !copy_layer (self, image, drawable, area, &copy, error))
        return NULL;
    }
  else
    {
      if (!find_area (image, kind, area, error))
        return NULL;
      /* Of colours that are mixed an indexed image would keep the nearest of its own */
      if (gimp_image_get_base_type (image) == GIMP_INDEXED)
        image = copy_image (self, image);
      if (image != NULL)
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
                       int            drawable_id,
                       GError       **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GimpImage *image = plug_host_find_image (image_id, error);
  GimpDrawable *drawable;
  GeglRectangle area;

  self->copy = -1;
  self->drawable = -1;
  if (image == NULL)
    return NULL;
  plug_pixels_init ();
  drawable = copy_pixels (self, image, kind, drawable_id, &area, error);
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
  if (gimp_image_id_is_valid (self->copy))
    gimp_image_delete (gimp_image_get_by_id (self->copy));
  g_free (self->name);
  g_free (self);
}

gboolean
plug_raster_read (PlugRaster *self,
                  int         first_row,
                  int         n_rows,
                  guint8     *rgba,
                  GError    **error)
{
  if (!gimp_item_id_is_valid (self->drawable))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("The image was closed while it was read. Open it again and start from its "
                      "window."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgba);
  return TRUE;
}
