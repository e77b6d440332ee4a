/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Pillow's 8-bit bicubic resize, bit for bit: a = -0.5, support scaled when shrinking, 22-bit
 * fixed point coefficients, horizontal pass first, each pass rounded and clipped. RGB8 in (rows
 * of src_stride bytes), dst tightly packed [dst_height, dst_width, 3]. Only the rows that the
 * vertical pass needs are kept. FALSE with IVL_ERROR_NO_MEMORY, with
 * IVL_ERROR_UNSUPPORTED if source rows times target width are more than 100 million and than the
 * pixels of either picture, or with G_IO_ERROR_CANCELLED by the thread's current cancellable. */
gboolean ivl_resize_bicubic (const guint8  *src,
                             guint          src_width,
                             guint          src_height,
                             gsize          src_stride,
                             guint8        *dst,
                             guint          dst_width,
                             guint          dst_height,
                             GError       **error);

G_END_DECLS
