/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>

G_BEGIN_DECLS

typedef enum
{
  IVL_REMOTE_PNG_FAST,  /* stored: as large as the pixels, and nearly as fast as copying them */
  IVL_REMOTE_PNG_SMALL, /* compressed, a photograph to about two thirds */
} IvlRemotePngEffort;

/* A PNG file of RGB8 pixels [height, width, 3], and nothing else in it. NULL with
 * IVL_ERROR_NO_MEMORY. */
GBytes *ivl_remote_png_encode (const guint8       *rgb,
                               guint               width,
                               guint               height,
                               IvlRemotePngEffort  effort,
                               GError            **error);

G_END_DECLS
