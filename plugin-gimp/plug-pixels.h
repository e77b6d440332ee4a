/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of a GEGL buffer as 8-bit sRGB with alpha, with the numbers that libivl reads from the
 * same picture in a file. For plug-host-*.c only. */
#pragma once

#include <gegl.h>

G_BEGIN_DECLS

typedef struct _PlugPixels PlugPixels;

/* First of all in main(), before libgimp may start GEGL by itself */
void        plug_pixels_prepare (void);
/* Starts GEGL, the first time; before any other call of GEGL's, babl's or
 * gimp_drawable_get_buffer() */
void        plug_pixels_init (void);

/* area: within the buffer, which is kept with a reference. space: that of the image's profile,
 * in which the values of R'G'B' stand, whatever the buffer's own format claims (in GIMP 2.10 it
 * claims sRGB for every picture, in 3.x for indexed ones); NULL: the picture has no profile, it
 * is sRGB. Returns NULL when memory is short. */
PlugPixels *plug_pixels_new (GeglBuffer          *buffer,
                             const GeglRectangle *area,
                             const Babl          *space);
void        plug_pixels_free (PlugPixels *self);
int         plug_pixels_get_width (PlugPixels *self);
int         plug_pixels_get_height (PlugPixels *self);
/* rgba: [n_rows, width, 4]. Rows are counted from the top of the area; fast where first_row is a
 * multiple of PLUG_PIXELS_BAND, since GIMP hands out tiles of that height. */
void        plug_pixels_read (PlugPixels *self,
                              int         first_row,
                              int         n_rows,
                              guint8     *rgba);

#define PLUG_PIXELS_BAND 64

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugPixels, plug_pixels_free)

G_END_DECLS
