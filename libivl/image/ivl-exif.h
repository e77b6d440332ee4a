/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The tags of a TIFF file's first directory that matter here. EXIF data is a TIFF file too.
 * Absent tags have TIFF's defaults; width and height are 0 when absent. */
typedef struct
{
  guint32 width;
  guint32 height;
  guint32 tile_width; /* 0: in strips */
  guint32 tile_height;
  guint32 orientation; /* 1..8 */
  guint32 samples;     /* per pixel */
  guint32 bits;        /* of the widest sample */
} IvlExif;

/* FALSE when the header or the directory lies outside the data. */
gboolean ivl_exif_read (const guint8 *data,
                        gsize         size,
                        IvlExif      *exif);

/* The orientation of EXIF data, with or without the "Exif\0\0" in front; 1 if it is absent or
 * broken. */
guint    ivl_exif_get_orientation (const guint8 *data,
                                   gsize         size);

G_END_DECLS
