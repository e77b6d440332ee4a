/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * InternVL's preprocessing: the choice of a tile grid, the tiles, and their normalisation. */
#include "image/ivl-tiling.h"

#include "image/ivl-resize.h"
#include "image/ivl-tile-ratios.h"
#include <libivl/ivl-error.h>
#include <string.h>

/* The statistics of ImageNet, which InternVL's training code uses (internvl/train/constants.py). */
static const float channel_mean[3] = { 0.485f, 0.456f, 0.406f };
static const float channel_std[3] = { 0.229f, 0.224f, 0.225f };

/* nocheck:name: the verb belongs to IvlTileGrid */
void
ivl_tile_grid_choose (guint        width,
                      guint        height,
                      guint        tile_size,
                      guint        min_num,
                      guint        max_num,
                      gboolean     use_thumbnail,
                      IvlTileGrid *grid)
{
  g_autoptr (GArray) ratios = ivl_tile_ratios_list (MAX (min_num, 1), max_num);
  const guint64 area = (guint64) width * height;
  IvlTileRatio best = { 1, 1 };
  guint n;

  for (guint i = 0; i < ratios->len; i++)
    {
      const IvlTileRatio ratio = g_array_index (ratios, IvlTileRatio, i);
      const guint64 tiles_area = (guint64) tile_size * tile_size * ratio.cols * ratio.rows;
      const int order = i > 0 ? ivl_tile_ratios_compare (width, height, ratio, best) : -1;

      if (order < 0 || (order == 0 && 2 * area > tiles_area))
        best = ratio;
    }
  grid->cols = best.cols;
  grid->rows = best.rows;
  n = grid->cols * grid->rows;
  grid->thumbnail = use_thumbnail && n != 1;
  grid->n_tiles = n + grid->thumbnail;
}

/* canvas u8 [rows * size, cols * size, 3] -> tiles u8 [rows * cols, size, size, 3] */
static void
cut_canvas (const guint8 *canvas,
            guint         cols,
            guint         rows,
            guint         size,
            guint8       *tiles)
{
  const gsize row_size = (gsize) size * 3;

  for (guint row = 0; row < rows; row++)
    for (guint y = 0; y < size; y++)
      for (guint col = 0; col < cols; col++)
        {
          gsize tile = (gsize) row * cols + col;

          memcpy (tiles + (tile * size + y) * row_size, canvas, row_size);
          canvas += row_size;
        }
}

/* nocheck:name: the file is about tiles */
guint8 *
ivl_tiles_cut (const guint8      *rgb,
               guint              width,
               guint              height,
               gsize              stride,
               guint              tile_size,
               const IvlTileGrid *grid,
               GError           **error)
{
  g_autofree guint8 *canvas = NULL;
  g_autofree guint8 *tiles = NULL;
  guint n = grid->cols * grid->rows;
  gsize tile_bytes;
  gsize total;

  if (!g_size_checked_mul (&tile_bytes, (gsize) tile_size * 3, tile_size)
      || !g_size_checked_mul (&total, tile_bytes, grid->n_tiles)
      || (tiles = g_try_malloc (total)) == NULL
      || (n > 1 && (canvas = g_try_malloc (tile_bytes * n)) == NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "not enough memory for %u tiles of %u x %u", grid->n_tiles, tile_size,
                   tile_size);
      return NULL;
    }
  if (!ivl_resize_bicubic (rgb, width, height, stride, canvas != NULL ? canvas : tiles,
                           tile_size * grid->cols, tile_size * grid->rows, error))
    return NULL;
  if (canvas != NULL)
    cut_canvas (canvas, grid->cols, grid->rows, tile_size, tiles);
  if (grid->thumbnail
      && !ivl_resize_bicubic (rgb, width, height, stride, tiles + n * tile_bytes, tile_size,
                              tile_size, error))
    return NULL;
  return g_steal_pointer (&tiles);
}

/* nocheck:name: the file is about tiles */
void
ivl_tile_normalise (const guint8 *tile,
                    guint         size,
                    float        *out)
{
  const gsize n = (gsize) size * size;
  float table[3][256];

  for (guint c = 0; c < 3; c++)
    for (guint v = 0; v < 256; v++)
      table[c][v] = (v / 255.0f - channel_mean[c]) / channel_std[c];
  for (guint c = 0; c < 3; c++)
    for (gsize i = 0; i < n; i++)
      out[c * n + i] = table[c][tile[3 * i + c]];
}
