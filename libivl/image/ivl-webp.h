/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gdk-pixbuf/gdk-pixbuf.h>

G_BEGIN_DECLS

/* The picture, or the first frame of an animation. width and height are those that were checked:
 * a file whose pixels are of another size fails. IVL_ERROR_INVALID_DATA, IVL_ERROR_NO_MEMORY. */
GdkPixbuf *ivl_webp_decode (const guint8  *data,
                            gsize          size,
                            guint          width,
                            guint          height,
                            GError       **error);

G_END_DECLS
