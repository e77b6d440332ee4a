/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-tiff-page.h"

G_BEGIN_DECLS

/* Samples of one page, row by row from the top, through libtiff: whatever the compression, in
 * strips or tiles, in one plane or several. At most one row of tiles is held. */
typedef struct _IvlTiffRows IvlTiffRows;

/* data: the whole file; it stays the caller's and must stay as it is. page: as
 * ivl_tiff_page_read() checked it; libtiff must find the same. IVL_ERROR_INVALID_DATA,
 * IVL_ERROR_UNSUPPORTED (a compression that libtiff was built without), IVL_ERROR_NO_MEMORY. */
IvlTiffRows *ivl_tiff_rows_new (const guint8       *data,
                                gsize               size,
                                const IvlTiffPage  *page,
                                GError            **error);
void         ivl_tiff_rows_free (IvlTiffRows *self);
/* The next row, [width, samples] as they are stored, of 0 to 2^bits - 1; red, green and blue of 8
 * bits for YCbCr. No more rows than the page's height may be asked for.
 * IVL_ERROR_INVALID_DATA if pixels are missing or damaged. */
gboolean     ivl_tiff_rows_read (IvlTiffRows  *self,
                                 guint16      *samples,
                                 GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTiffRows, ivl_tiff_rows_free)

G_END_DECLS
