/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is the same of a raster in every GIMP; plug-raster-2.c and plug-raster-3.c open, read and
 * close it. */
#pragma once

#include "plug-host.h"
#include "plug-pixels.h"

G_BEGIN_DECLS

struct _PlugRaster
{
  int         copy;     /* id of an image of our own; -1: none */
  int         drawable; /* id of a layer of our own outside the image, which shares its pixels; -1
                         * before there is one */
  PlugPixels *pixels;    /* (owned) */
  int         x;         /* of the first pixel in the image */
  int         y;
  char       *name; /* (owned) (nullable) */
};

/* Whether anything of a layer can be seen; an error says why not. */
gboolean plug_raster_check_seen (const char           *name,
                                 gboolean              is_shown,
                                 const GeglRectangle  *layer,
                                 const GeglRectangle  *canvas,
                                 GError              **error);

G_END_DECLS
