/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public picture: decoded pixels and where they came from. */
#include <libivl/ivl-image.h>

#include "image/ivl-backdrop.h"
#include "image/ivl-decode.h"
#include "image/ivl-tiling.h"
#include "util/ivl-bounded-file.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_TILE_SIZE = 8192,
  MAX_TILES = 1024,
  /* A file is at most uncompressed 16-bit RGBA of the largest picture, and its metadata. */
  FILE_BYTES_PER_PIXEL = 8,
  FILE_BYTES_EXTRA = 64 * 1024 * 1024,
};

G_STATIC_ASSERT ((int) IVL_IMAGE_KEEP_ORIENTATION == (int) IVL_DECODE_KEEP_ORIENTATION);
G_STATIC_ASSERT ((int) IVL_IMAGE_DROP_ALPHA == (int) IVL_DECODE_DROP_ALPHA);
G_STATIC_ASSERT ((int) IVL_IMAGE_KEEP_PROFILE == (int) IVL_DECODE_KEEP_PROFILE);
G_STATIC_ASSERT (IVL_IMAGE_DEFAULT_MAX_PIXELS == IVL_DECODE_DEFAULT_MAX_PIXELS);

struct _IvlImage
{
  GObject parent_instance;

  char   *name;   /* (nullable) */
  GBytes *pixels; /* [height, width, 3] */
  guint   width;
  guint   height;
  guint   orientation;
  guint   page;
  guint   n_pages;
  guint   tile_size; /* of a picture that is cut already; else 0 */
};

G_DEFINE_FINAL_TYPE (IvlImage, ivl_image, G_TYPE_OBJECT)

static void
ivl_image_finalize (GObject *object)
{
  IvlImage *self = IVL_IMAGE (object);

  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->pixels, g_bytes_unref);
  G_OBJECT_CLASS (ivl_image_parent_class)->finalize (object);
}

static void
ivl_image_class_init (IvlImageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_image_finalize;
}

static void
ivl_image_init (IvlImage *self)
{
  self->orientation = 1;
  self->n_pages = 1;
}

/* pixels: (transfer full) */
static IvlImage *
image_new (GBytes *pixels,
           guint   width,
           guint   height)
{
  IvlImage *self = g_object_new (IVL_TYPE_IMAGE, NULL);

  self->pixels = pixels;
  self->width = width;
  self->height = height;
  return self;
}

/* A single pixel shows nothing. */
static gboolean
check_pixels (guint        width,
              guint        height,
              const char  *name,
              GError     **error)
{
  if (width > 1 || height > 1)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s%snothing in this picture is visible: it is a single pixel",
               name != NULL ? name : "", name != NULL ? ": " : "");
  return FALSE;
}

IvlImage *
ivl_image_new_from_page (GBytes         *bytes,
                         guint           page,
                         const char     *name,
                         IvlImageFlags   flags,
                         guint64         max_pixels,
                         GCancellable   *cancellable,
                         GError        **error)
{
  g_auto (IvlDecode) decode = { NULL };
  IvlImage *self;

  g_return_val_if_fail (bytes != NULL, NULL);

  if (max_pixels == 0)
    max_pixels = IVL_DECODE_DEFAULT_MAX_PIXELS;
  if (!ivl_decode_page (bytes, page, name, (IvlDecodeFlags) flags, max_pixels, cancellable,
                        &decode, error)
      || !check_pixels (decode.width, decode.height, name, error))
    return NULL;
  self = image_new (g_steal_pointer (&decode.pixels), decode.width, decode.height);
  self->name = g_strdup (name);
  self->orientation = decode.orientation;
  self->page = page;
  self->n_pages = decode.n_pages;
  return self;
}

/* What is no picture is known by its first bytes, however large it is. */
static gboolean
check_start (const char  *path,
             const char  *name,
             GError     **error)
{
  gsize size;
  g_autofree char *start =
      ivl_bounded_file_read_start (path, IVL_DECODE_START_SIZE, &size, error);

  return start != NULL && ivl_decode_check_start ((const guint8 *) start, size, name, error);
}

IvlImage *
ivl_image_new_from_bytes (GBytes         *bytes,
                          const char     *name,
                          IvlImageFlags   flags,
                          guint64         max_pixels,
                          GCancellable   *cancellable,
                          GError        **error)
{
  return ivl_image_new_from_page (bytes, 0, name, flags, max_pixels, cancellable, error);
}

IvlImage *
ivl_image_new_from_file_page (const char     *path,
                              guint           page,
                              IvlImageFlags   flags,
                              guint64         max_pixels,
                              GCancellable   *cancellable,
                              GError        **error)
{
  g_autofree char *name = NULL;
  g_autoptr (GBytes) bytes = NULL;
  guint64 max_bytes;
  gsize size;
  char *data;

  g_return_val_if_fail (path != NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (max_pixels == 0)
    max_pixels = IVL_DECODE_DEFAULT_MAX_PIXELS;
  max_bytes = MIN (max_pixels, (G_MAXSIZE - FILE_BYTES_EXTRA) / FILE_BYTES_PER_PIXEL);
  max_bytes = max_bytes * FILE_BYTES_PER_PIXEL + FILE_BYTES_EXTRA;
  name = g_filename_display_name (path);
  if (!check_start (path, name, error))
    return NULL;
  data = ivl_bounded_file_read (path, max_bytes, &size, error);
  if (data == NULL)
    return NULL;
  bytes = g_bytes_new_take (data, size);
  return ivl_image_new_from_page (bytes, page, name, flags, max_pixels, cancellable, error);
}

IvlImage *
ivl_image_new_from_file (const char     *path,
                         IvlImageFlags   flags,
                         guint64         max_pixels,
                         GCancellable   *cancellable,
                         GError        **error)
{
  return ivl_image_new_from_file_page (path, 0, flags, max_pixels, cancellable, error);
}

typedef struct
{
  char         *path;
  IvlImageFlags flags;
  guint64       max_pixels;
} FileRequest;

static void
file_request_free (gpointer data)
{
  FileRequest *request = data;

  g_free (request->path);
  g_free (request);
}

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  const FileRequest *request = data;
  GError *error = NULL;
  IvlImage *image = ivl_image_new_from_file (request->path, request->flags, request->max_pixels,
                                             cancellable, &error);

  if (image != NULL)
    g_task_return_pointer (task, image, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
ivl_image_new_from_file_async (const char          *path,
                               IvlImageFlags        flags,
                               guint64              max_pixels,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  FileRequest *request;

  g_return_if_fail (path != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, ivl_image_new_from_file_async);
  request = g_new0 (FileRequest, 1);
  request->path = g_strdup (path);
  request->flags = flags;
  request->max_pixels = max_pixels;
  g_task_set_task_data (task, request, file_request_free);
  g_task_run_in_thread (task, read_in_thread);
}

IvlImage *
ivl_image_new_from_file_finish (GAsyncResult  *result,
                                GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ivl_image_new_from_file_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Rows that lie `rowstride` bytes apart, without the gaps. NULL when memory is short. */
static GBytes *
pack_rows (const guint8 *rgb,
           guint         width,
           guint         height,
           gsize         rowstride)
{
  const gsize row_size = (gsize) width * 3;
  guint8 *packed = g_try_malloc_n (height, row_size);

  if (packed == NULL)
    return NULL;
  for (gsize y = 0; y < height; y++)
    memcpy (packed + y * row_size, rgb + y * rowstride, row_size);
  return g_bytes_new_take (packed, row_size * height);
}

static void
set_no_memory (GError **error,
               guint    width,
               guint    height)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "not enough memory for %u x %u pixels", width,
               height);
}

static gboolean
check_rows (guint    width,
            guint    height,
            gsize    rowstride,
            guint    pixel_size,
            GBytes  *bytes,
            GError **error)
{
  const gsize row_size = (gsize) width * pixel_size;
  const gsize size = g_bytes_get_size (bytes);

  if (width > 0 && height > 0 && width <= IVL_DECODE_MAX_SIDE && height <= IVL_DECODE_MAX_SIDE
      && rowstride >= row_size && size >= row_size && (size - row_size) / rowstride >= height - 1)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "%" G_GSIZE_FORMAT " bytes are no %u x %u %s pixels in rows of %" G_GSIZE_FORMAT
               " bytes",
               size, width, height, pixel_size == 4 ? "RGBA" : "RGB", rowstride);
  return FALSE;
}

IvlImage *
ivl_image_new_from_pixels (guint    width,
                           guint    height,
                           gsize    rowstride,
                           GBytes  *rgb,
                           GError **error)
{
  const gsize row_size = (gsize) width * 3;
  GBytes *pixels;

  g_return_val_if_fail (rgb != NULL, NULL);

  if (!check_rows (width, height, rowstride, 3, rgb, error))
    return NULL;
  if (rowstride == row_size)
    pixels = g_bytes_new_from_bytes (rgb, 0, row_size * height);
  else
    pixels = pack_rows (g_bytes_get_data (rgb, NULL), width, height, rowstride);
  if (pixels == NULL)
    {
      set_no_memory (error, width, height);
      return NULL;
    }
  return image_new (pixels, width, height);
}

/* Rows of RGBA to packed RGB and packed opacity. */
static void
split_rows (const guint8 *rgba,
            guint         width,
            guint         height,
            gsize         rowstride,
            guint8       *rgb,
            guint8       *alpha)
{
  for (gsize y = 0; y < height; y++)
    {
      const guint8 *p = rgba + y * rowstride;

      for (gsize x = 0; x < width; x++, p += 4, rgb += 3)
        {
          memcpy (rgb, p, 3);
          *alpha++ = p[3];
        }
    }
}

struct _IvlImageGround
{
  IvlBackdropWeights weights;
  guint              width;
  gboolean           has_above;
  guint8            *above; /* (owned): [width, 4], the row before the next one */
};

G_DEFINE_BOXED_TYPE (IvlImageGround, ivl_image_ground, ivl_image_ground_ref,
                     ivl_image_ground_unref)

IvlImageGround *
ivl_image_ground_new (guint width)
{
  IvlImageGround *self;

  g_return_val_if_fail (width > 0 && width <= IVL_DECODE_MAX_SIDE, NULL);

  self = g_atomic_rc_box_new0 (IvlImageGround);
  self->width = width;
  self->above = g_malloc_n (width, 4);
  return self;
}

IvlImageGround *
ivl_image_ground_ref (IvlImageGround *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
ground_clear (gpointer data)
{
  IvlImageGround *self = data;

  g_free (self->above);
}

void
ivl_image_ground_unref (IvlImageGround *self)
{
  g_atomic_rc_box_release_full (self, ground_clear);
}

void
ivl_image_ground_add_rows (IvlImageGround *self,
                           guint           n_rows,
                           const guint8   *rgba)
{
  const gsize stride = (gsize) self->width * 4;
  IvlBackdropRow above = { self->above, self->above + 3, 4, 4 };

  for (guint i = 0; i < n_rows; i++)
    {
      const guint8 *pixels = rgba + i * stride;
      const IvlBackdropRow row = { pixels, pixels + 3, 4, 4 };

      ivl_backdrop_add_row (&self->weights, &row, self->has_above ? &above : NULL, self->width);
      above = row;
      self->has_above = TRUE;
    }
  if (n_rows > 0)
    memcpy (self->above, rgba + (n_rows - 1) * stride, stride);
}

guint8
ivl_image_ground_get_level (IvlImageGround *self)
{
  return ivl_backdrop_get_level (&self->weights);
}

IvlImage *
ivl_image_new_from_rgba (guint    width,
                         guint    height,
                         gsize    rowstride,
                         GBytes  *rgba,
                         GError **error)
{
  g_autofree guint8 *rgb = NULL;
  g_autofree guint8 *alpha = NULL;
  const guint8 *data;
  gsize n;

  g_return_val_if_fail (rgba != NULL, NULL);

  if (!check_rows (width, height, rowstride, 4, rgba, error)
      || !check_pixels (width, height, NULL, error))
    return NULL;
  data = g_bytes_get_data (rgba, NULL);
  n = (gsize) width * height;
  rgb = g_try_malloc_n (n, 3);
  alpha = g_try_malloc (n);
  if (rgb == NULL || alpha == NULL)
    {
      set_no_memory (error, width, height);
      return NULL;
    }
  split_rows (data, width, height, rowstride, rgb, alpha);
  if (!ivl_backdrop_is_visible (alpha, n))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "nothing in this picture is visible: all of it is transparent");
      return NULL;
    }
  ivl_backdrop_lay (rgb, alpha, n, ivl_backdrop_choose (rgb, alpha, width, height));
  return image_new (g_bytes_new_take (g_steal_pointer (&rgb), n * 3), width, height);
}

IvlImage *
ivl_image_new_from_tiles (guint    tile_size,
                          guint    n_tiles,
                          GBytes  *rgb,
                          GError **error)
{
  IvlImage *self;

  g_return_val_if_fail (rgb != NULL, NULL);

  if (tile_size < 1 || tile_size > MAX_TILE_SIZE || n_tiles < 1 || n_tiles > MAX_TILES
      || g_bytes_get_size (rgb) != (guint64) tile_size * tile_size * 3 * n_tiles)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%" G_GSIZE_FORMAT " bytes are no %u tiles of %u x %u RGB pixels: 1 to %d tiles "
                   "of 1 to %d pixels are possible",
                   g_bytes_get_size (rgb), n_tiles, tile_size, tile_size, MAX_TILES,
                   MAX_TILE_SIZE);
      return NULL;
    }
  self = image_new (g_bytes_ref (rgb), tile_size, tile_size * n_tiles);
  self->tile_size = tile_size;
  return self;
}

guint
ivl_image_get_width (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 0);

  return self->width;
}

guint
ivl_image_get_height (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 0);

  return self->height;
}

const char *
ivl_image_get_name (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), NULL);

  return self->name;
}

GBytes *
ivl_image_get_pixels (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), NULL);

  return self->pixels;
}

guint
ivl_image_get_orientation (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 1);

  return self->orientation;
}

guint
ivl_image_get_page (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 0);

  return self->page;
}

guint
ivl_image_get_n_pages (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 1);

  return self->n_pages;
}

guint
ivl_image_get_tile_size (IvlImage *self)
{
  g_return_val_if_fail (IVL_IS_IMAGE (self), 0);

  return self->tile_size;
}

/* A picture that is cut already: a column of its tiles. */
static gboolean
image_take_grid (IvlImage     *self,
                 guint         tile_size,
                 IvlTileGrid  *grid,
                 GError      **error)
{
  if (tile_size != self->tile_size)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "The picture is cut already into tiles of %u pixels, and the model's tiles have "
                   "%u",
                   self->tile_size, tile_size);
      return FALSE;
    }
  *grid = (IvlTileGrid) { 1, self->height / tile_size, FALSE, self->height / tile_size };
  return TRUE;
}

static gboolean
image_choose_grid (IvlImage     *self,
                   guint         tile_size,
                   guint         min_tiles,
                   guint         max_tiles,
                   gboolean      use_thumbnail,
                   IvlTileGrid  *grid,
                   GError      **error)
{
  if (tile_size < 1 || tile_size > MAX_TILE_SIZE || min_tiles < 1 || min_tiles > max_tiles
      || max_tiles > MAX_TILES)
    {
      g_set_error (
          error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
          "no grid of %u to %u tiles of %u pixels: 1 to %d tiles of 1 to %d pixels are possible",
          min_tiles, max_tiles, tile_size, MAX_TILES, MAX_TILE_SIZE);
      return FALSE;
    }
  if (self->tile_size > 0)
    return image_take_grid (self, tile_size, grid, error);
  ivl_tile_grid_choose (self->width, self->height, tile_size, min_tiles, max_tiles, use_thumbnail,
                        grid);
  return TRUE;
}

gboolean
ivl_image_get_grid (IvlImage  *self,
                    guint      tile_size,
                    guint      min_tiles,
                    guint      max_tiles,
                    gboolean   use_thumbnail,
                    guint     *n_cols,
                    guint     *n_rows,
                    guint     *n_tiles,
                    GError   **error)
{
  IvlTileGrid grid;

  g_return_val_if_fail (IVL_IS_IMAGE (self), FALSE);

  if (!image_choose_grid (self, tile_size, min_tiles, max_tiles, use_thumbnail, &grid, error))
    return FALSE;
  if (n_cols != NULL)
    *n_cols = grid.cols;
  if (n_rows != NULL)
    *n_rows = grid.rows;
  if (n_tiles != NULL)
    *n_tiles = grid.n_tiles;
  return TRUE;
}

GBytes *
ivl_image_cut_tiles (IvlImage  *self,
                     guint      tile_size,
                     guint      min_tiles,
                     guint      max_tiles,
                     gboolean   use_thumbnail,
                     GError   **error)
{
  IvlTileGrid grid;
  guint8 *tiles;

  g_return_val_if_fail (IVL_IS_IMAGE (self), NULL);

  if (!image_choose_grid (self, tile_size, min_tiles, max_tiles, use_thumbnail, &grid, error))
    return NULL;
  if (self->tile_size > 0)
    return g_bytes_ref (self->pixels);
  tiles = ivl_tiles_cut (g_bytes_get_data (self->pixels, NULL), self->width, self->height,
                         (gsize) self->width * 3, tile_size, &grid, error);
  if (tiles == NULL)
    return NULL;
  return g_bytes_new_take (tiles, (gsize) grid.n_tiles * tile_size * tile_size * 3);
}
