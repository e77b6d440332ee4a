/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-packet.h"
#include "metadata/ivl-xmp-place.h"

G_BEGIN_DECLS

/* Most bytes of a picture file that is read or written here. */
#define IVL_XMP_FILE_MAX_BYTES G_GUINT64_CONSTANT (2147483648)

typedef enum
{
  IVL_XMP_FILE_JPEG,
  IVL_XMP_FILE_PNG,
  IVL_XMP_FILE_TIFF,
  IVL_XMP_FILE_WEBP,
} IvlXmpFileFormat;

/* An untrusted picture file, what it is by its first bytes, and the texts in it. */
typedef struct
{
  IvlXmpFileFormat format;
  IvlXmpPlace      place;
  IvlXmpPacket    *packet;    /* (owned): empty if the file has none */
  IvlXmpPacket    *extension; /* (owned) (nullable): JPEG: the packet for what is too long */
  GPtrArray       *copies;    /* (owned): IvlXmpPacket, PNG: the packets of place.copies */
} IvlXmpFile;

/* Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED (another format). */
gboolean   ivl_xmp_file_read (IvlXmpFile    *self,
                              const guint8  *data,
                              gsize          size,
                              GError       **error);
void       ivl_xmp_file_clear (IvlXmpFile *self);
/* (transfer full): the text in all its languages, IvlXmpAlternative; none if it is not there */
GPtrArray *ivl_xmp_file_list_texts (const IvlXmpFile *self,
                                    IvlXmpText        which);
/* The text gets these languages and no others; none takes it away. */
gboolean   ivl_xmp_file_set_texts (IvlXmpFile  *self,
                                   IvlXmpText   which,
                                   GPtrArray   *texts,
                                   GError     **error);
/* The new file, GBytes by GBytes. */
GPtrArray *ivl_xmp_file_put (IvlXmpFile  *self,
                             GBytes      *file,
                             GError     **error);
/* Whether all but the texts is the same in two files: every byte outside of the XMP packets, and
 * every other property within. */
gboolean   ivl_xmp_file_compare (const IvlXmpFile  *self,
                                 const guint8      *data,
                                 const IvlXmpFile  *other,
                                 const guint8      *other_data,
                                 GError           **error);
const char *ivl_xmp_file_format_to_string (IvlXmpFileFormat format);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlXmpFile, ivl_xmp_file_clear)

G_END_DECLS
