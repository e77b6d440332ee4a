/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* InternVL's dynamic tiling. A picture is resized once to (tile_size * cols, tile_size * rows)
 * and cut row by row; a thumbnail (the whole picture at tile_size) comes last when there is more
 * than one tile. */
typedef struct
{
  guint    cols;
  guint    rows;
  gboolean thumbnail;
  guint    n_tiles; /* cols * rows + thumbnail */
} IvlTileGrid;

/* The grid whose aspect is closest to width:height among min_num..max_num tiles (reference:
 * OpenGVLab InternVL, dynamic_preprocess: doubles, strict <, on a tie the larger grid if the
 * picture has more than half its area in pixels). */
void    ivl_tile_grid_choose (guint        width,
                              guint        height,
                              guint        tile_size,
                              guint        min_num,
                              guint        max_num,
                              gboolean     use_thumbnail,
                              IvlTileGrid *grid);

/* All tiles of an RGB8 picture (rows of `stride` bytes), u8 [n_tiles, tile_size, tile_size, 3].
 * NULL with the errors of ivl_resize_bicubic(). */
guint8 *ivl_tiles_cut (const guint8      *rgb,
                       guint              width,
                       guint              height,
                       gsize              stride,
                       guint              tile_size,
                       const IvlTileGrid *grid,
                       GError           **error);

/* ((u8 / 255) - mean) / std in float32, mean 0.485 0.456 0.406, std 0.229 0.224 0.225:
 * tile u8 [size, size, 3] -> out f32 [3, size, size]. */
void    ivl_tile_normalise (const guint8 *tile,
                            guint         size,
                            float        *out);

G_END_DECLS
