/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Images in memory; see host-memory.h. */
#include "host-memory.h"

#include <string.h>

struct _PlugRaster
{
  HostImage   *image;
  GdkRectangle area;
  gboolean     is_layer;
};

static GPtrArray *images;

static void
free_image (gpointer data)
{
  HostImage *image = data;

  g_free (image->rgb);
  g_free (image);
}

int
host_memory_add (int width,
                 int height)
{
  HostImage *image = g_new0 (HostImage, 1);

  if (images == NULL)
    images = g_ptr_array_new_with_free_func (free_image);
  image->width = width;
  image->height = height;
  image->is_open = TRUE;
  image->alpha = 255;
  image->closes_at = -1;
  image->rgb = g_malloc ((gsize) width * 3 * (gsize) height);
  memset (image->rgb, 255, (gsize) width * 3 * (gsize) height);
  g_ptr_array_add (images, image);
  return (int) images->len;
}

HostImage *
host_memory_get (int image)
{
  g_assert_true (images != NULL && image >= 1 && image <= (int) images->len);
  return g_ptr_array_index (images, image - 1);
}

void
host_memory_set_pixel (int     image,
                       int     x,
                       int     y,
                       guint32 rgb)
{
  HostImage *self = host_memory_get (image);
  guint8 *pixel = self->rgb + ((gsize) y * (gsize) self->width + (gsize) x) * 3;

  pixel[0] = (guint8) (rgb >> 16);
  pixel[1] = (guint8) (rgb >> 8);
  pixel[2] = (guint8) rgb;
}

void
host_memory_clear (void)
{
  g_clear_pointer (&images, g_ptr_array_unref);
}

gboolean
plug_host_image_is_open (int image)
{
  return host_memory_get (image)->is_open;
}

int
plug_host_get_layer (int image)
{
  return 0;
}

gboolean
plug_host_has_selection (int image)
{
  return plug_host_image_is_open (image) && host_memory_get (image)->has_selection;
}

static gboolean
check_open (const HostImage  *image,
            GError          **error)
{
  if (image->is_open)
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "The host says: closed.");
  return FALSE;
}

PlugRaster *
plug_host_open_raster (int             image,
                       PlugSourceKind  kind,
                       int             drawable,
                       GError        **error)
{
  HostImage *self = host_memory_get (image);
  GdkRectangle area = { 0, 0, self->width, self->height };
  PlugRaster *raster;

  if (!check_open (self, error))
    return NULL;
  if (kind == PLUG_SOURCE_SELECTION &&
      (!self->has_selection || !gdk_rectangle_intersect (&area, &self->selection, &area)))
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "The host says: no selection.");
      return NULL;
    }
  self->n_opened++;
  raster = g_new0 (PlugRaster, 1);
  raster->image = self;
  raster->area = area;
  raster->is_layer = kind == PLUG_SOURCE_LAYER;
  return raster;
}

void
plug_raster_close (PlugRaster *self)
{
  g_free (self);
}

int
plug_raster_get_width (PlugRaster *self)
{
  return self->area.width;
}

int
plug_raster_get_height (PlugRaster *self)
{
  return self->area.height;
}

void
plug_raster_get_offset (PlugRaster *self,
                        int        *x,
                        int        *y)
{
  *x = self->is_layer ? self->image->offset_x : self->area.x;
  *y = self->is_layer ? self->image->offset_y : self->area.y;
}

const char *
plug_raster_get_name (PlugRaster *self)
{
  return self->is_layer ? "Fond “é”" : NULL;
}

gboolean
plug_raster_read (PlugRaster  *self,
                  int          first_row,
                  int          n_rows,
                  guint8       *rgba,
                  GError     **error)
{
  HostImage *image = self->image;

  g_assert_cmpint (first_row + n_rows, <=, self->area.height);
  if (image->closes_at >= first_row && image->closes_at < first_row + n_rows)
    image->is_open = FALSE;
  if (!check_open (image, error))
    return FALSE;
  image->n_strips++;
  image->most_rows = MAX (image->most_rows, n_rows);
  for (int row = 0; row < n_rows; row++)
    for (int x = 0; x < self->area.width; x++, rgba += 4)
      {
        gsize place = (gsize) (self->area.y + first_row + row) * (gsize) image->width +
                      (gsize) (self->area.x + x);

        memcpy (rgba, image->rgb + place * 3, 3);
        rgba[3] = image->alpha;
      }
  return TRUE;
}
