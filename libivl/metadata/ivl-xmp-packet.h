/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Most bytes of an XMP packet that is read or made. Real ones have some kilobytes; a picture
 * editor's long history has some hundred. */
#define IVL_XMP_PACKET_MAX_BYTES (4 * 1024 * 1024)

typedef enum
{
  IVL_XMP_TEXT_ALT,     /* Iptc4xmpCore:AltTextAccessibility */
  IVL_XMP_TEXT_LONG,    /* Iptc4xmpCore:ExtDescrAccessibility */
  IVL_XMP_TEXT_CAPTION, /* dc:description */
} IvlXmpText;

enum
{
  IVL_XMP_TEXT_N = 3,
};

/* One XMP packet: the three texts that this library knows, and all else that is in it, which is
 * kept. All functions may be called from several threads; one object from one at a time. */
typedef struct _IvlXmpPacket IvlXmpPacket;

IvlXmpPacket *ivl_xmp_packet_new (GError **error);
/* Reads a packet of an untrusted file, with or without the wrapper and its padding. Blank
 * ones are empty. Errors:
 * IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED (not UTF-8, too large). */
IvlXmpPacket *ivl_xmp_packet_parse (const char  *xml,
                                    gsize        size,
                                    GError     **error);
void          ivl_xmp_packet_free (IvlXmpPacket *self);

/* The text for everyone ("x-default", or the first one), NULL when there is none. *language
 * (nullable): the language under which the same text is repeated, NULL when it is not said. */
char         *ivl_xmp_packet_get_text (IvlXmpPacket  *self,
                                       IvlXmpText     which,
                                       char         **language);
/* Sets the text for everyone, first, and again under language. Texts in other languages stay;
 * those that repeated the old one follow it if language is NULL. An empty text takes the property
 * away with all its languages. */
gboolean      ivl_xmp_packet_set_text (IvlXmpPacket  *self,
                                       IvlXmpText     which,
                                       const char    *text,
                                       const char    *language,
                                       GError       **error);
/* Moves a text with all its languages into another packet. */
gboolean      ivl_xmp_packet_move_text (IvlXmpPacket  *self,
                                        IvlXmpText     which,
                                        IvlXmpPacket  *target,
                                        GError       **error);

/* The checksum that names a JPEG file's second packet, NULL without one (XMP part 3, 1.1.3.1). */
char         *ivl_xmp_packet_get_extension (IvlXmpPacket *self);
gboolean      ivl_xmp_packet_set_extension (IvlXmpPacket  *self,
                                            const char    *guid,
                                            GError       **error);

/* is_extension: without the wrapper, as XMP part 3 wants it for a JPEG file's second packet. */
GBytes       *ivl_xmp_packet_serialize (IvlXmpPacket  *self,
                                        gboolean       is_extension,
                                        GError       **error);
/* What is in it besides the three texts and the extension's name, to be compared: equal strings
 * mean equal contents. NULL: it could not be written, with error set. */
char         *ivl_xmp_packet_dump_rest (IvlXmpPacket  *self,
                                        GError       **error);
/* Whether the language can stand in xml:lang: letters and digits in groups of 1 to 8. */
gboolean      ivl_xmp_packet_is_language (const char *language);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlXmpPacket, ivl_xmp_packet_free)

G_END_DECLS
