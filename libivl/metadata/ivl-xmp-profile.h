/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* XMP in text chunks of PNG files, as ImageMagick writes profiles: hexadecimal digits under the
 * keyword "Raw profile type xmp", or under "... APP1" as a whole JPEG segment. */

/* Whether a chunk (its type at chunk + 4, length bytes of data) has such a keyword. */
gboolean ivl_xmp_profile_is_chunk (const guint8 *chunk,
                                   gsize         length);
/* (transfer full): the packet in the chunk. NULL without an error: no packet, such as Exif under
 * "APP1", or digits that make no sense. Errors: IVL_ERROR_UNSUPPORTED (too large),
 * IVL_ERROR_NO_MEMORY. */
GBytes  *ivl_xmp_profile_read (const guint8  *chunk,
                               gsize          length,
                               GError       **error);
/* The data of a zTXt chunk for a packet, its keyword first */
GBytes  *ivl_xmp_profile_make (GBytes  *packet,
                               GError **error);

/* Unpacks what zlib packed: at most room bytes; (transfer full), NULL with an error:
 * IVL_ERROR_INVALID_DATA (broken, or more bytes), IVL_ERROR_NO_MEMORY. */
GBytes  *ivl_xmp_profile_unpack (const guint8  *data,
                                 gsize          size,
                                 gsize          room,
                                 GError       **error);

G_END_DECLS
