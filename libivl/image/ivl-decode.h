/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define IVL_DECODE_DEFAULT_MAX_PIXELS G_GUINT64_CONSTANT (100000000)
/* Pixels a side; libpng's own limit, kept for every format. Tables of the resize grow with it. */
#define IVL_DECODE_MAX_SIDE 1000000u

/* Bytes of a file's beginning that tell its format. */
#define IVL_DECODE_START_SIZE 4096u

typedef enum
{
  IVL_DECODE_DEFAULT = 0,
  IVL_DECODE_KEEP_ORIENTATION = 1 << 0,
  IVL_DECODE_DROP_ALPHA = 1 << 1,
  IVL_DECODE_KEEP_PROFILE = 1 << 2,
} IvlDecodeFlags;

typedef struct
{
  GBytes  *pixels; /* (owned) RGB8, tightly packed [height, width, 3] */
  guint    width;
  guint    height;
  guint    orientation; /* EXIF orientation of the stored pixels that was applied, 1..8; 1: none */
  guint    n_pages;     /* of the file */
  gboolean composited;  /* some pixels were transparent and were laid over a ground */
  gboolean converted;   /* colours were converted to sRGB */
} IvlDecode;

/* Decodes an untrusted picture file. `name` (nullable) stands in front of error messages.
 * max_pixels limits width * height before anything is decoded.
 *
 * In this order: embedded profile to sRGB; EXIF orientation; transparency over a ground that
 * contrasts with what is drawn (ivl-backdrop.h).
 * With all three switched off the bytes are those of Pillow's
 * convert ('RGB'). What formats beyond 8-bit RGB become:
 * - 16 bits a sample: the high byte (as Pillow for RGB; Pillow clips 16-bit gray at 255);
 * - gray, palette, 1 bit: the RGB values they stand for; CMYK: (255 - c) * (255 - k) / 255 and
 *   so on, its profile unused;
 * - GIF and WebP animations: the first frame; TIFF: the first page;
 * - hidden colours of a GIF's transparent pixels are lost: black when alpha is dropped;
 * - TIFF orientation is part of how the pixels are stored there and is always applied, as Pillow
 *   does; a TIFF sample of unspecified meaning is no opacity.
 *
 * IVL_ERROR_UNSUPPORTED (other format, too many pixels), IVL_ERROR_INVALID_DATA (damaged or
 * truncated), IVL_ERROR_NO_MEMORY, G_IO_ERROR_CANCELLED. Peak memory is 4 bytes a pixel, 7 when
 * rotated; libjpeg adds up to 6 for a progressive JPEG, libwebp 8 for an animation. */
gboolean ivl_decode_bytes (GBytes          *bytes,
                           const char      *name,
                           IvlDecodeFlags   flags,
                           guint64          max_pixels,
                           GCancellable    *cancellable,
                           IvlDecode       *decode,
                           GError         **error);
/* Another page than the first, from 0 on: IVL_ERROR_INVALID_OPTION if there is no such page. */
gboolean ivl_decode_page  (GBytes          *bytes,
                           guint            page,
                           const char      *name,
                           IvlDecodeFlags   flags,
                           guint64          max_pixels,
                           GCancellable    *cancellable,
                           IvlDecode       *decode,
                           GError         **error);
/* Whether a file that begins with these bytes (IVL_DECODE_START_SIZE, or the whole file) is in a
 * format that is read here. IVL_ERROR_UNSUPPORTED, which says what it is if that is known;
 * IVL_ERROR_INVALID_DATA: it is empty. */
gboolean ivl_decode_check_start (const guint8 *start,
                                 gsize         size,
                                 const char   *name,
                                 GError      **error);
void     ivl_decode_clear (IvlDecode *decode);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlDecode, ivl_decode_clear)

G_END_DECLS
