/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-format.h"

G_BEGIN_DECLS

/* IvlFormat's probe of PNG files: what the chunks say about size, colours and orientation. The
 * checksums of whole chunks that pixels need are right after this. A file that ends somewhere in
 * its pixels passes. */
gboolean ivl_png_chunks_read (const guint8  *data,
                              gsize          size,
                              IvlProbe      *probe,
                              GError       **error);

G_END_DECLS
