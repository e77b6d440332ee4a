/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * BMP files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-pixbuf.h"
#include <string.h>

static gboolean
read_bmp (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  guint32 header;
  guint32 bits;
  guint32 compression = 0;
  guint64 end;

  if (size < 26 || (header = ivl_le32 (data + 14)) > size - 14 || (header != 12 && header < 40))
    return ivl_format_fail (error, &ivl_format_bmp, "no header");
  if (header == 12)
    {
      probe->width = ivl_le16 (data + 18);
      probe->height = ivl_le16 (data + 20);
      bits = ivl_le16 (data + 24);
    }
  else
    {
      gint32 height = (gint32) ivl_le32 (data + 22);

      probe->width = ivl_le32 (data + 18);
      probe->height = height < 0 ? -(guint32) height : (guint32) height;
      bits = ivl_le16 (data + 28);
      compression = ivl_le32 (data + 30);
    }
  if (probe->width > G_MAXINT32 || bits > 32)
    return ivl_format_fail (error, &ivl_format_bmp, "impossible width or depth");
  /* Run lengths (1, 2) give no size of their own, so the header's is taken; else rows of whole
   * words. */
  if (compression == 1 || compression == 2)
    end = ivl_le32 (data + 34);
  else
    end = ((guint64) probe->width * bits + 31) / 32 * 4 * probe->height;
  /* The padding after the last row is sometimes left out. */
  if (end + ivl_le32 (data + 10) > (guint64) size + 3)
    return ivl_format_fail (error, &ivl_format_bmp, "it ends too early");
  /* GdkPixbuf holds the whole picture beside the finished one, also of a file of a few bytes. */
  probe->extra_bytes = (guint64) probe->width * probe->height * (bits == 32 ? 4 : 3);
  return TRUE;
}

static gboolean
sniff_bmp (const guint8 *data,
           gsize         size)
{
  return size >= 2 && memcmp (data, "BM", 2) == 0;
}

const IvlFormat ivl_format_bmp = {
  .name = "BMP",
  .sniff = sniff_bmp,
  .probe = read_bmp,
  .decode = ivl_pixbuf_decode,
};
