/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PNG files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-exif.h"
#include "image/ivl-pixbuf.h"
#include <string.h>

/* Signature, then chunks of length, type, data, CRC. */
static gboolean
read_png (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  gboolean has_pixels = FALSE;
  gsize at = 8;

  if (size < 33 || ivl_be32 (data + 8) != 13 || memcmp (data + 12, "IHDR", 4) != 0)
    return ivl_format_fail (error, &ivl_format_png, "no header");
  probe->width = ivl_be32 (data + 16);
  probe->height = ivl_be32 (data + 20);
  while (size - at >= 12)
    {
      guint32 length = ivl_be32 (data + at);
      const guint8 *type = data + at + 4;

      if (length > size - at - 12)
        break;
      if (memcmp (type, "IDAT", 4) == 0)
        has_pixels = TRUE;
      if (memcmp (type, "eXIf", 4) == 0)
        probe->orientation = ivl_exif_get_orientation (type + 4, length);
      if (memcmp (type, "IEND", 4) == 0)
        return has_pixels || ivl_format_fail (error, &ivl_format_png, "no pixels");
      at += (gsize) length + 12;
    }
  return ivl_format_fail (error, &ivl_format_png, "it ends too early");
}

static gboolean
sniff_png (const guint8 *data,
           gsize         size)
{
  return size >= 8 && memcmp (data, "\211PNG\r\n\032\n", 8) == 0;
}

const IvlFormat ivl_format_png = {
  .name = "PNG",
  .sniff = sniff_png,
  .probe = read_png,
  .decode = ivl_pixbuf_decode,
};
