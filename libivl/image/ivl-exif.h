/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The orientation, 1..8, of EXIF data (with or without the "Exif\0\0" in front) or of a TIFF file's
 * first directory; 1 if it is absent, broken, or there twice. */
guint ivl_exif_get_orientation (const guint8 *data,
                                gsize         size);

G_END_DECLS
