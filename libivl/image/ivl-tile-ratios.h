/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint16 cols;
  guint16 rows;
} IvlTileRatio;

/* All grids of min_num to max_num tiles in the order in which the reference tries them: fewer tiles
 * first, and among as many in the order of a Python set. max_num is 1024 at most. Empty if
 * min_num > max_num. (element-type IvlTileRatio) */
GArray *ivl_tile_ratios_list (guint min_num,
                              guint max_num);

/* How far width / height is from cols / rows. Distances are equal, smaller or greater exactly where
 * those of IEEE doubles are, on every processor: the sign of the result is that of the first one's
 * distance less the second one's. Numbers are 1 to 2^20. */
int     ivl_tile_ratios_compare (guint        width,
                                 guint        height,
                                 IvlTileRatio first,
                                 IvlTileRatio second);

G_END_DECLS
