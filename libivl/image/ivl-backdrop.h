/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The ground that a picture with transparency is laid over. rgb: [height, width, 3], colours not
 * multiplied by alpha: [height, width]; 0 is transparent. */

/* FALSE if every pixel is transparent. */
gboolean ivl_backdrop_is_visible (const guint8 *alpha,
                                  gsize         n);
/* How much of each luma meets transparency; begun with zeros, whole when each row was added. */
typedef struct
{
  guint64 steps[256]; /* by the steps of alpha around it */
  guint64 areas[256]; /* by alpha itself */
} IvlBackdropWeights;

/* A row of pixels: colours `rgb_step` bytes from each other, alpha `alpha_step` */
typedef struct
{
  const guint8 *rgb;
  const guint8 *alpha;
  guint         rgb_step;
  guint         alpha_step;
} IvlBackdropRow;

/* above: NULL for the first row */
void     ivl_backdrop_add_row   (IvlBackdropWeights   *weights,
                                 const IvlBackdropRow *row,
                                 const IvlBackdropRow *above,
                                 guint                 width);
/* A gray level that what is drawn stands out from: white (255), unless more than a third of what
 * meets transparency would be lost on it; then black (0) or, where dark and light meet it, middle
 * gray (128), on which least is lost. A colour is lost on a ground as far as its luma is less than
 * 128 levels away; it counts by the steps of alpha around it, or by alpha itself where there are no
 * steps. Only whole numbers: the same everywhere. */
guint8   ivl_backdrop_get_level (const IvlBackdropWeights *weights);
/* The same of a picture that is there as a whole. */
guint8   ivl_backdrop_choose    (const guint8 *rgb,
                                 const guint8 *alpha,
                                 guint         width,
                                 guint         height);
/* n pixels, in place: (c * a + level * (255 - a) + 127) / 255. */
void     ivl_backdrop_lay       (guint8       *rgb,
                                 const guint8 *alpha,
                                 gsize         n,
                                 guint8        level);

G_END_DECLS
