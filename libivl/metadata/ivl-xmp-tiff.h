/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-place.h"

G_BEGIN_DECLS

/* XMP in untrusted TIFF files.
 * The packet is the value of tag 700 in the first directory. Classic TIFF only: BigTIFF is
 * IVL_ERROR_UNSUPPORTED. */

/* place is one that was initialised. Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED. */
gboolean   ivl_xmp_tiff_scan (const guint8  *data,
                           gsize          size,
                           IvlXmpPlace   *place,
                           GError       **error);
/* The new file, the packet at its end, or where the old one was if it fits. */
GPtrArray *ivl_xmp_tiff_put (GBytes  *file,
                         GBytes  *packet,
                         GError **error);

G_END_DECLS
