/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Directories of untrusted TIFF files (TIFF 6.0, section 2), which EXIF data is too, over borrowed
 * bytes. Nothing outside them is read, nothing recurses, and what libtiff would read in another
 * way is an error. Classic TIFF only: BigTIFF is named and refused.
 *
 * Errors are IVL_ERROR_INVALID_DATA ("damaged TIFF file: ...") where nothing else is said. */

enum
{
  IVL_TIFF_TYPE_BYTE = 1,
  IVL_TIFF_TYPE_ASCII = 2,
  IVL_TIFF_TYPE_SHORT = 3,
  IVL_TIFF_TYPE_LONG = 4,
  IVL_TIFF_TYPE_UNDEFINED = 7,
  IVL_TIFF_TYPE_IFD = 13,

  IVL_TIFF_HEADER_SIZE = 8,
  IVL_TIFF_ENTRY_SIZE = 12,
  IVL_TIFF_MAX_DIRECTORIES = 20000, /* of one walk */
  IVL_TIFF_MAX_ENTRIES = 1000000,   /* of all directories of one walk */
};

typedef struct
{
  const guint8 *data;
  guint64       size;
  gboolean      big_endian;
  guint32       first; /* offset of the first directory; not checked yet */
} IvlTiff;

typedef struct
{
  IvlTiff tiff;
  guint32 offset; /* of its number of entries */
  guint   n_entries;
  guint32 next; /* offset of the following directory; 0: this is the last one */
} IvlTiffDirectory;

typedef struct
{
  guint   tag;
  guint   type;
  guint32 count;
  guint64 at;     /* offset of the entry itself */
  guint64 offset; /* of its values, wherever they are; they lie within the data */
  guint64 size;   /* bytes of its values; 0 for a type that is not known */
} IvlTiffEntry;

/* IVL_ERROR_UNSUPPORTED for BigTIFF. */
gboolean ivl_tiff_init (IvlTiff       *self,
                        const guint8  *data,
                        gsize          size,
                        GError       **error);

/* 0 outside the data. */
guint    ivl_tiff_get16 (const IvlTiff *self,
                         guint64        offset);
guint32  ivl_tiff_get32 (const IvlTiff *self,
                         guint64        offset);
/* In the file's byte order. */
void     ivl_tiff_put16 (const IvlTiff *self,
                         guint8        *p,
                         guint          value);
void     ivl_tiff_put32 (const IvlTiff *self,
                         guint8        *p,
                         guint32        value);

/* The directory must lie within the data, all of it; a last one may lack the offset of the next.
 * Its values are not looked at. */
gboolean ivl_tiff_read_directory (const IvlTiff     *self,
                                  guint32            offset,
                                  IvlTiffDirectory  *directory,
                                  GError           **error);
/* Refuses a tag that is there twice: libtiff takes the first of them, others the last. The order
 * of different tags changes nothing for libtiff, and many programs write them unsorted. */
gboolean ivl_tiff_directory_check_tags (const IvlTiffDirectory  *self,
                                        GError                 **error);
/* Entry i < n_entries. Fails if its values reach over the end of the data. */
gboolean ivl_tiff_directory_get_entry (const IvlTiffDirectory  *self,
                                       guint                    i,
                                       IvlTiffEntry            *entry,
                                       GError                 **error);
/* FALSE without an error: there is no such tag. With one: it is there twice, or its values reach
 * over the end. */
gboolean ivl_tiff_directory_find (const IvlTiffDirectory  *self,
                                  guint                    tag,
                                  IvlTiffEntry            *entry,
                                  GError                 **error);
/* One SHORT or LONG. An absent tag leaves *value as it is; another type, which libtiff may read, or
 * more than one value is an error. */
gboolean ivl_tiff_directory_get_number (const IvlTiffDirectory  *self,
                                        guint                    tag,
                                        guint32                 *value,
                                        GError                 **error);

/* BYTE, SHORT, LONG or IFD: whole numbers that are not negative. */
gboolean ivl_tiff_entry_is_number (const IvlTiffEntry *self);
/* Value i < count of such an entry. */
guint32  ivl_tiff_entry_get (const IvlTiffEntry *self,
                             const IvlTiff      *tiff,
                             guint32             i);

/* A walk over directories: those that were added, and each one's next. None is met twice, so a
 * circle ends it, with an error; so do too many of them. */
typedef struct
{
  IvlTiff     tiff;
  GArray     *queue;     /* (owned) guint32: offsets in the order in which they were found */
  GHashTable *seen;      /* (owned) the same offsets */
  guint       n_done;    /* of queue */
  guint       n_entries; /* of all directories so far */
} IvlTiffWalk;

/* The first directory is added. `walk` can be cleared whether this succeeds or not. */
gboolean ivl_tiff_walk_init (IvlTiffWalk    *walk,
                             const IvlTiff  *tiff,
                             GError        **error);
void     ivl_tiff_walk_clear (IvlTiffWalk *walk);
/* One that a value of an entry names: SubIFDs, EXIF, GPS. */
gboolean ivl_tiff_walk_add (IvlTiffWalk  *walk,
                            guint32       offset,
                            GError      **error);
/* FALSE without an error: that was all. The directory's next one has been added. */
gboolean ivl_tiff_walk_next (IvlTiffWalk       *walk,
                             IvlTiffDirectory  *directory,
                             GError           **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlTiffWalk, ivl_tiff_walk_clear)

G_END_DECLS
