/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-format.h"
#include <gdk-pixbuf/gdk-pixbuf.h>

G_BEGIN_DECLS

/* Decodes with the GdkPixbuf loader of probe's format, which must give the size in probe. */
gboolean ivl_pixbuf_decode (const guint8    *data,
                            gsize            size,
                            const IvlProbe  *probe,
                            IvlRows         *rows,
                            GError         **error);

/* Gives rows the pixels of an RGB or RGBA pixbuf; as_gray: those of the first channel, as gray. */
gboolean ivl_pixbuf_put    (GdkPixbuf       *pixbuf,
                            gboolean         premultiplied,
                            gboolean         as_gray,
                            IvlRows         *rows,
                            GError         **error);

G_END_DECLS
