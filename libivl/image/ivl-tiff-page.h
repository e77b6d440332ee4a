/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "util/ivl-tiff-directory.h"

G_BEGIN_DECLS

/* PhotometricInterpretation (TIFF 6.0; the Technical Notes; DNG). */
enum
{
  IVL_TIFF_WHITE_IS_ZERO = 0,
  IVL_TIFF_BLACK_IS_ZERO = 1,
  IVL_TIFF_RGB = 2,
  IVL_TIFF_PALETTE = 3,
  IVL_TIFF_CMYK = 5,
  IVL_TIFF_YCBCR = 6,
  IVL_TIFF_CIELAB = 8, /* L* of 0..255 for 0..100, a* and b* signed */
  IVL_TIFF_ICCLAB = 9, /* the same with a* and b* shifted by half their range */
};

enum
{
  IVL_TIFF_COMPRESSION_OLD_JPEG = 6,
  IVL_TIFF_COMPRESSION_JPEG = 7,
  IVL_TIFF_MAX_SAMPLES = 8, /* per pixel */
  IVL_TIFF_MAX_BITS = 16,   /* per sample */
};

/* What one directory says of its picture. Absent tags have TIFF's defaults. */
typedef struct
{
  guint32 offset; /* of the directory */
  guint32 width;  /* never 0 */
  guint32 height;
  guint32 tile_width; /* 0: in strips */
  guint32 tile_height;
  guint32 rows_per_strip; /* 1 to height */
  guint32 bits;           /* of every sample */
  guint32 samples;        /* of a pixel */
  guint32 photometric;
  guint32 compression;
  guint32 orientation; /* 1..8 */
  gboolean separate;   /* each sample in a plane of its own */
  guint    n_colours;  /* samples of a pixel that are its colour; the others follow */
  guint    alpha;      /* number of the sample that is opacity; 0: none is */
  gboolean associated; /* the colours are multiplied by it */
  guint64  area;       /* pixels that are decoded, tiles hanging over the edges; or the buffers in
                        * units of four bytes where that is more */
} IvlTiffPage;

/* All pages of a file: its pictures at their full size. */
typedef struct
{
  IvlTiff  tiff;
  GArray  *offsets; /* (owned) guint32, of their directories; one at least */
  GError  *broken;  /* (owned) (nullable): why the list ends here, where the file has more */
} IvlTiffPages;

/* Goes through the directories that follow each other. Those of reduced pictures and masks are no
 * pages; where a reduced picture's SubIFDs hold the full one, as in DNG, that is the page.
 * IVL_ERROR_UNSUPPORTED for a camera's raw file, which is named, and for a file that has only
 * reduced pictures of a full one that is not there. */
gboolean ivl_tiff_pages_init (IvlTiffPages  *self,
                              const guint8  *data,
                              gsize          size,
                              GError       **error);
void     ivl_tiff_pages_clear (IvlTiffPages *self);

/* IVL_ERROR_INVALID_DATA for a damaged directory and one that libtiff would read in another way,
 * IVL_ERROR_UNSUPPORTED for samples that are not read here; the message names them. */
gboolean ivl_tiff_page_read (IvlTiffPage    *self,
                             const IvlTiff  *tiff,
                             guint32         offset,
                             GError        **error);
/* Bytes of the largest buffers that decoding it takes besides the picture itself. */
guint64  ivl_tiff_page_get_buffer_size (const IvlTiffPage *self);
/* Bytes of a row of that many pixels in one plane, as it is stored. */
guint64  ivl_tiff_page_get_row_size (const IvlTiffPage *self,
                                     guint64            width);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlTiffPages, ivl_tiff_pages_clear)

G_END_DECLS
