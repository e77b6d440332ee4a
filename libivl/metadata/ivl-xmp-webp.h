/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-place.h"

G_BEGIN_DECLS

/* XMP in untrusted WebP files.
 * The packet stands in an "XMP " chunk of the extended file format. */

/* place is one that was initialised. Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED. */
gboolean   ivl_xmp_webp_scan (const guint8  *data,
                           gsize          size,
                           IvlXmpPlace   *place,
                           GError       **error);
/* The new file, in the extended format. */
GPtrArray *ivl_xmp_webp_put (GBytes  *file,
                         GBytes  *packet,
                         GError **error);

G_END_DECLS
