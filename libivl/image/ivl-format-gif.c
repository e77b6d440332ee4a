/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GIF files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-pixbuf.h"
#include <string.h>

/* A run of length-prefixed blocks ended by an empty one. 0 if it does not end within the data. */
static gsize
gif_skip_blocks (const guint8 *data,
                 gsize         size,
                 gsize         at)
{
  while (at < size && data[at] != 0)
    at += (gsize) data[at] + 1;
  return at < size ? at + 1 : 0;
}

static gsize
gif_get_table_size (guint8 flags)
{
  return flags & 0x80 ? 3u << ((flags & 7) + 1) : 0;
}

/* Up to the end of the first frame: the others are not decoded. */
static gboolean
read_gif (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  gsize at = 13;

  if (size < 13)
    return ivl_format_fail (error, &ivl_format_gif, "no header");
  probe->width = ivl_le16 (data + 6);
  probe->height = ivl_le16 (data + 8);
  at += gif_get_table_size (data[10]);
  while (at < size && size - at >= 11)
    {
      const guint8 *block = data + at;

      if (block[0] == 0x2c)
        {
          ivl_probe_grow_area (probe, ivl_le16 (block + 5), ivl_le16 (block + 7));
          at += 11 + gif_get_table_size (block[9]);
          return gif_skip_blocks (data, size, at) != 0
                 || ivl_format_fail (error, &ivl_format_gif, "its first frame ends too early");
        }
      if (block[0] != 0x21)
        return ivl_format_fail (error, &ivl_format_gif, "no block where one must be");
      at = gif_skip_blocks (data, size, at + 2);
      if (at == 0)
        break;
    }
  return ivl_format_fail (error, &ivl_format_gif, "no frame");
}

static gboolean
sniff_gif (const guint8 *data,
           gsize         size)
{
  return size >= 6 && (memcmp (data, "GIF87a", 6) == 0 || memcmp (data, "GIF89a", 6) == 0);
}

const IvlFormat ivl_format_gif = {
  .name = "GIF",
  .sniff = sniff_gif,
  .probe = read_gif,
  .decode = ivl_pixbuf_decode,
};
