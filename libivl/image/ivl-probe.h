/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IVL_PROBE_PNG,
  IVL_PROBE_JPEG,
  IVL_PROBE_WEBP,
  IVL_PROBE_TIFF,
  IVL_PROBE_GIF,
  IVL_PROBE_BMP,
} IvlProbeFormat;

/* What the headers of a picture file say. */
typedef struct
{
  IvlProbeFormat format;
  guint32        width;       /* pixels as stored, before any rotation; never 0 */
  guint32        height;
  guint64        area;        /* pixels of the largest buffer a decoder needs: the picture, or a
                               * frame or a TIFF tile larger than it */
  guint          orientation; /* EXIF or TIFF orientation, 1..8; 1 when absent or broken */
  const guint8  *icc;         /* WebP only: the embedded profile, borrowed from the data */
  gsize          icc_size;
} IvlProbe;

/* Reads the dimensions of a PNG, JPEG, WebP, TIFF, GIF or BMP file without decoding it, and
 * checks that the file reaches its format's own end, because GdkPixbuf 2.42 takes truncated PNG,
 * JPEG, WebP and BMP files without a word. Time is linear in size, nothing is allocated.
 * IVL_ERROR_UNSUPPORTED for another format, IVL_ERROR_INVALID_DATA for a damaged file. */
gboolean    ivl_probe_read (const guint8  *data,
                            gsize          size,
                            IvlProbe      *probe,
                            GError       **error);

/* "PNG", "JPEG" ... */
const char *ivl_probe_format_to_string (IvlProbeFormat format);

G_END_DECLS
