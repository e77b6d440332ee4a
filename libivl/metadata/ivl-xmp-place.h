/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a picture file's structure says about its XMP packet, format by format: ivl-xmp-jpeg.h,
 * ivl-xmp-png.h, ivl-xmp-tiff.h, ivl-xmp-webp.h. */
typedef struct
{
  guint64 offset;
  guint64 size;
} IvlXmpRange;

typedef struct
{
  guint   n_packets; /* more than one: nobody can say which counts, and nothing is written */
  GBytes *packet;    /* (owned) (nullable): the first XMP packet, as it is in the file */
  GBytes *extension; /* (owned) (nullable): JPEG only, the second packet that goes with it */
  GPtrArray *copies; /* (owned): GBytes, PNG only, packets in chunks that ImageMagick writes */
  gboolean has_broken_extension; /* JPEG only: one that cannot be read, which stays as it is */
  GArray *kept;      /* (owned): IvlXmpRange, all that must stay as it is, in reading order */
  guint64 n_kept;    /* bytes in kept */
} IvlXmpPlace;

void ivl_xmp_place_init (IvlXmpPlace *self);
void ivl_xmp_place_clear (IvlXmpPlace *self);
void ivl_xmp_place_keep (IvlXmpPlace *self,
                         guint64      offset,
                         guint64      size);
/* Counts one more packet and takes it if it is the first. One that is too large to be read, or has
 * no memory, is an error: IVL_ERROR_UNSUPPORTED, IVL_ERROR_NO_MEMORY. */
gboolean ivl_xmp_place_add_packet (IvlXmpPlace   *self,
                                   const guint8  *data,
                                   gsize          size,
                                   GError       **error);
/* (transfer full) (nullable): the bytes, with the errors above */
GBytes  *ivl_xmp_place_copy (const guint8  *data,
                             gsize          size,
                             GError       **error);
/* Whether all that must stay is the same in two files, byte by byte. */
gboolean ivl_xmp_place_is_same (const IvlXmpPlace *self,
                                const guint8      *data,
                                const IvlXmpPlace *other,
                                const guint8      *other_data);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlXmpPlace, ivl_xmp_place_clear)

/* A new file is a list of GBytes, most of them parts of the old one. */
void ivl_xmp_place_append_part (GPtrArray *pieces,
                                GBytes    *file,
                                guint64    offset,
                                guint64    size);

static inline guint32
ivl_xmp_place_get_be16 (const guint8 *p)
{
  return (guint32) p[0] << 8 | p[1];
}

static inline guint32
ivl_xmp_place_get_be32 (const guint8 *p)
{
  return (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3];
}

static inline void
ivl_xmp_place_put_be32 (guint8  *p,
                        guint32  value)
{
  p[0] = value >> 24;
  p[1] = value >> 16;
  p[2] = value >> 8;
  p[3] = value;
}

G_END_DECLS
