/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-place.h"

G_BEGIN_DECLS

/* XMP in untrusted JPEG files. The texts stand in APP1 segments: one for the packet, more for
 * its extension. Only what comes before the first scan is looked at. */

/* place is one that was initialised. Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED. */
gboolean   ivl_xmp_jpeg_scan (const guint8  *data,
                           gsize          size,
                           IvlXmpPlace   *place,
                           GError       **error);
/* Most bytes of a packet in a JPEG segment (XMP part 3, 1.1.3). */
#define IVL_XMP_JPEG_MAX_PACKET 65502u

/* The new file, the packet in the old one's place or after the JFIF and Exif segments. extension
 * (nullable) and its name, 32 digits, go with it; the extension that went with the old packet goes
 * away, unless it is the same or cannot be read. */
GPtrArray *ivl_xmp_jpeg_put (GBytes      *file,
                             GBytes      *packet,
                             GBytes      *extension,
                             const char  *guid,
                             GError     **error);

G_END_DECLS
