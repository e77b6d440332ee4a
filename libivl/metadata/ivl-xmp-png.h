/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-place.h"

G_BEGIN_DECLS

/* XMP in untrusted PNG files. The packet stands in an iTXt chunk, compressed or not, or in a text
 * chunk as ImageMagick writes it; no other text is unpacked. */

/* place is one that was initialised. Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED. */
gboolean   ivl_xmp_png_scan (const guint8  *data,
                             gsize          size,
                             IvlXmpPlace   *place,
                             GError       **error);
/* The new file, the packet after the header chunk. copies, GBytes: those of the place, which stand
 * beside an iTXt chunk. */
GPtrArray *ivl_xmp_png_put (GBytes     *file,
                            GBytes     *packet,
                            GPtrArray  *copies,
                            GError    **error);

G_END_DECLS
