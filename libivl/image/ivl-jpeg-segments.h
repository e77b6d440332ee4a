/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-format.h"

G_BEGIN_DECLS

enum
{
  /* Encoders write about ten; each costs a pass over the whole picture. */
  IVL_JPEG_MAX_SCANS = 100,
};

/* IvlFormat's probe of JPEG files: size, memory, colour profile, orientation. Bytes that belong to
 * no segment are passed over, as libjpeg does, and the end mark may be missing. */
gboolean ivl_jpeg_segments_read (const guint8  *data,
                                 gsize          size,
                                 IvlProbe      *probe,
                                 GError       **error);

G_END_DECLS
