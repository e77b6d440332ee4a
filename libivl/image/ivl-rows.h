/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-profile.h"
#include <gio/gio.h>

G_BEGIN_DECLS

/* Where every decoder puts its pixels: the one place that converts them to sRGB, lays transparency
 * over a ground, turns them upright, and watches the cancellable. The result is RGB8; besides it a
 * few rows are held. */
typedef struct _IvlRows IvlRows;

typedef struct
{
  const IvlColourSpace *colours;       /* NULL: the numbers are taken as sRGB */
  guint                 orientation;   /* 1..8, to be undone */
  gboolean              keep_hidden;   /* transparency is ignored, also where it hides colours */
  GCancellable         *cancellable;   /* (nullable) */
} IvlRowsOptions;

IvlRows *ivl_rows_new            (guint32                width,
                                  guint32                height,
                                  const IvlRowsOptions  *options);
void     ivl_rows_free           (IvlRows               *self);

/* For decoders that know these only when they have begun; before ivl_rows_begin(), which ends the
 * need for `colours`. */
void     ivl_rows_set_colours     (IvlRows               *self,
                                   const IvlColourSpace  *colours);
void     ivl_rows_set_orientation (IvlRows               *self,
                                   guint                  orientation);

/* Called once, before the first pixels. Takes the memory of the picture: IVL_ERROR_NO_MEMORY. */
gboolean ivl_rows_begin          (IvlRows               *self,
                                  const IvlLayout       *layout,
                                  GError               **error);
/* n pixels of row y, the first at column x, the others `step` columns further each. Any order;
 * each pixel of the picture once. samples: [n, samples of a pixel], of 1 or 2 bytes in the
 * machine's order. Fails with G_IO_ERROR_CANCELLED. */
gboolean ivl_rows_put            (IvlRows               *self,
                                  guint32                x,
                                  guint32                y,
                                  guint32                step,
                                  guint32                n,
                                  gconstpointer          samples,
                                  GError               **error);

/* For decoders that fill the whole picture at once, in the place of ivl_rows_begin() and
 * ivl_rows_put(): zeros of [height, width, samples of a pixel], the memory of the finished picture
 * where that is possible. Only 8 bits and 3 samples or more. NULL: IVL_ERROR_NO_MEMORY. */
guint8  *ivl_rows_begin_canvas    (IvlRows               *self,
                                   const IvlLayout       *layout,
                                   GError               **error);
gboolean ivl_rows_put_canvas      (IvlRows               *self,
                                   GError               **error);

/* FALSE with G_IO_ERROR_CANCELLED; for decoders that work long before their first row. */
gboolean ivl_rows_check_cancelled (IvlRows               *self,
                                   GError               **error);

/* TRUE when as many pixels were put as the picture has. */
gboolean ivl_rows_are_whole      (IvlRows               *self);
/* Lays what is transparent over a ground that contrasts with it, when all pixels have been put.
 * *composited: whether something was. IVL_ERROR_UNSUPPORTED if nothing is visible. */
gboolean ivl_rows_composite      (IvlRows               *self,
                                  gboolean              *composited,
                                  GError               **error);
/* What was found so far: colours were converted. */
gboolean ivl_rows_get_converted  (IvlRows               *self);
/* Ends it: RGB8, tightly packed, upright. (transfer full) */
GBytes  *ivl_rows_take           (IvlRows               *self,
                                  guint                 *width,
                                  guint                 *height);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRows, ivl_rows_free)

G_END_DECLS
