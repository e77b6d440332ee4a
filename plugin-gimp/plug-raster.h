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
  int         drawable; /* id of a copy of our own outside the image, which shares its pixels; -1
                         * before there is one */
  PlugPixels *pixels;    /* (owned) */
  int         x;         /* of the first pixel in the image */
  int         y;
  char       *name; /* (owned) (nullable) */
};

G_END_DECLS
