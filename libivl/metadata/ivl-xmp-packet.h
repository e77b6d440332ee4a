/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-text.h"

G_BEGIN_DECLS

/* Most bytes of an XMP packet that is read or made. Real ones have some kilobytes; a picture
 * editor's long history has some hundred. */
#define IVL_XMP_PACKET_MAX_BYTES (4 * 1024 * 1024)

/* One XMP packet: its own bytes, of which only those of our texts change. All functions may be
 * called from several threads; one object from one at a time. */
typedef struct _IvlXmpPacket IvlXmpPacket;

/* Without a text yet. is_extension: without the wrapper, as XMP part 3 wants it for a JPEG file's
 * second packet. Fails for want of memory only. */
IvlXmpPacket *ivl_xmp_packet_new (gboolean   is_extension,
                                  GError   **error);
/* Reads a packet of an untrusted file, with or without the wrapper and its padding. Blank
 * ones are empty. UTF-16 and UTF-32 become UTF-8, the only encoding that files of pictures may have
 * (XMP part 3, 1.1). Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED (another encoding, too
 * large), IVL_ERROR_NO_MEMORY. */
IvlXmpPacket *ivl_xmp_packet_parse (const char  *xml,
                                    gsize        size,
                                    GError     **error);
void          ivl_xmp_packet_free (IvlXmpPacket *self);

/* (transfer full): a text in all its languages, IvlXmpAlternative; none if it is not there */
GPtrArray    *ivl_xmp_packet_list_texts (const IvlXmpPacket *self,
                                         IvlXmpText          which);
gboolean      ivl_xmp_packet_has_text (const IvlXmpPacket *self,
                                       IvlXmpText          which);
/* Whether a text has qualifiers, or anything else that moving it would lose. */
gboolean      ivl_xmp_packet_is_tied (const IvlXmpPacket *self,
                                      IvlXmpText          which);
gboolean      ivl_xmp_packet_has_others (const IvlXmpPacket *self);
/* Whether it has no properties, neither ours nor others. */
gboolean      ivl_xmp_packet_is_empty (const IvlXmpPacket *self);
/* The text gets these languages and no others; none takes it away. */
gboolean      ivl_xmp_packet_set_texts (IvlXmpPacket  *self,
                                        IvlXmpText     which,
                                        GPtrArray     *texts,
                                        GError       **error);

/* (transfer full) (nullable): the checksum that names a JPEG file's second packet (XMP part 3,
 * 1.1.3.1) */
char         *ivl_xmp_packet_get_extension (const IvlXmpPacket *self);
gboolean      ivl_xmp_packet_set_extension (IvlXmpPacket  *self,
                                            const char    *guid,
                                            GError       **error);

/* The packet as it is to be written. What has become longer uses up its padding, what has become
 * shorter adds to it, so that it keeps its size where it can. */
GBytes       *ivl_xmp_packet_serialize (const IvlXmpPacket *self);
/* All that is in it besides the three texts, the extension's name and padding, byte by byte, to be
 * compared. */
const GString *ivl_xmp_packet_get_rest (const IvlXmpPacket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlXmpPacket, ivl_xmp_packet_free)

G_END_DECLS
