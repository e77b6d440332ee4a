/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WebP files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-exif.h"
#include "image/ivl-pixbuf.h"
#include "image/ivl-webp.h"
#include <string.h>

static void
webp_take_size (IvlProbe *probe,
                guint32   width,
                guint32   height)
{
  if (probe->width == 0)
    {
      probe->width = width;
      probe->height = height;
    }
  ivl_probe_grow_area (probe, width, height);
}

/* One chunk of a WebP file; bytes: its `length` bytes of data. TRUE if it holds pixels. */
static gboolean
webp_take_chunk (IvlProbe     *probe,
                 const guint8 *type,
                 const guint8 *bytes,
                 guint32       length)
{
  if (memcmp (type, "VP8X", 4) == 0 && length >= 10)
    webp_take_size (probe, ivl_le24 (bytes + 4) + 1, ivl_le24 (bytes + 7) + 1);
  else if (memcmp (type, "VP8 ", 4) == 0 && length >= 10)
    {
      webp_take_size (probe, ivl_le16 (bytes + 6) & 0x3fff, ivl_le16 (bytes + 8) & 0x3fff);
      return TRUE;
    }
  else if (memcmp (type, "VP8L", 4) == 0 && length >= 5)
    {
      guint32 sizes = ivl_le32 (bytes + 1);

      webp_take_size (probe, (sizes & 0x3fff) + 1, (sizes >> 14 & 0x3fff) + 1);
      return TRUE;
    }
  else if (memcmp (type, "ANMF", 4) == 0 && length >= 16)
    {
      ivl_probe_grow_area (probe, ivl_le24 (bytes + 6) + 1, ivl_le24 (bytes + 9) + 1);
      return TRUE;
    }
  else if (memcmp (type, "EXIF", 4) == 0)
    probe->orientation = ivl_exif_get_orientation (bytes, length);
  else if (memcmp (type, "ICCP", 4) == 0 && length > 0)
    {
      g_clear_pointer (&probe->colours.icc, g_bytes_unref);
      probe->colours.icc = g_bytes_new (bytes, length);
    }
  return FALSE;
}

/* RIFF: chunks of type, length, data, padded to even lengths. */
static gboolean
read_webp (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  gboolean has_pixels = FALSE;
  guint64 end = (guint64) ivl_le32 (data + 4) + 8;
  gsize at = 12;

  if (end > size)
    return ivl_format_fail (error, &ivl_format_webp, "it ends too early");
  while (at < end && end - at >= 8)
    {
      guint32 length = ivl_le32 (data + at + 4);

      if (length > end - at - 8)
        return ivl_format_fail (error, &ivl_format_webp, "a chunk ends too early");
      if (webp_take_chunk (probe, data + at, data + at + 8, length))
        has_pixels = TRUE;
      at += 8 + (gsize) length + (length & 1);
    }
  return has_pixels || ivl_format_fail (error, &ivl_format_webp, "no pixels");
}

static gboolean
sniff_webp (const guint8 *data,
            gsize         size)
{
  return size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0;
}

static gboolean
decode_webp (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  g_autoptr (GdkPixbuf) pixbuf =
      ivl_webp_decode (data, size, probe->width, probe->height, error);

  return pixbuf != NULL && ivl_pixbuf_put (pixbuf, FALSE, FALSE, rows, error);
}

const IvlFormat ivl_format_webp = {
  .name = "WebP",
  .sniff = sniff_webp,
  .probe = read_webp,
  .decode = decode_webp,
};
