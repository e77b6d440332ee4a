/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JPEG files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-exif.h"
#include "image/ivl-pixbuf.h"
#include <string.h>

enum
{
  /* Encoders write about ten; each costs a pass over the whole picture. */
  MAX_JPEG_SCANS = 100,
};

/* at: behind a scan's header. Returns the position of the marker after the entropy-coded data. */
static gsize
jpeg_skip_scan (const guint8 *data,
                gsize         size,
                gsize         at)
{
  while (at + 1 < size)
    {
      const guint8 *found = memchr (data + at, 0xff, size - at - 1);

      if (found == NULL)
        return size;
      at = found - data;
      if (data[at + 1] != 0 && !(data[at + 1] >= 0xd0 && data[at + 1] <= 0xd7))
        return at;
      at += 2;
    }
  return size;
}

static gboolean
jpeg_take_frame (const guint8  *segment,
                 guint32        length,
                 IvlProbe      *probe,
                 GError       **error)
{
  if (length < 8)
    return ivl_format_fail (error, &ivl_format_jpeg, "bad frame header");
  if (probe->width != 0)
    return ivl_format_fail (error, &ivl_format_jpeg, "two frame headers");
  if (segment[2] != 8)
    return ivl_format_fail_unsupported (error, &ivl_format_jpeg, "not 8 bits a sample");
  probe->height = ivl_be16 (segment + 3);
  probe->width = ivl_be16 (segment + 5);
  if (probe->width == 0 || probe->height == 0)
    return ivl_format_fail (error, &ivl_format_jpeg, "no width or height");
  return TRUE;
}

static gboolean
is_frame_marker (guint8 marker)
{
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Markers with lengths; after a start of scan (DA), entropy-coded data up to the next marker. */
static gboolean
read_jpeg (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  guint n_scans = 0;
  gsize at = 2;

  while (size - at >= 2)
    {
      guint8 marker = data[at + 1];
      guint32 length;

      if (data[at] != 0xff)
        return ivl_format_fail (error, &ivl_format_jpeg, "no marker where one must be");
      if (marker == 0xff)
        {
          at += 1;
          continue;
        }
      at += 2;
      if (marker == 0xd9)
        return (probe->width != 0 && n_scans > 0)
               || ivl_format_fail (error, &ivl_format_jpeg, "no pixels");
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
        continue;
      if (size - at < 2 || (length = ivl_be16 (data + at)) > size - at)
        break;
      if (length < 2)
        return ivl_format_fail (error, &ivl_format_jpeg, "bad segment length");
      if (is_frame_marker (marker) && !jpeg_take_frame (data + at, length, probe, error))
        return FALSE;
      if (marker == 0xe1 && length >= 8 && memcmp (data + at + 2, "Exif\0\0", 6) == 0)
        probe->orientation = ivl_exif_get_orientation (data + at + 2, length - 2);
      at += length;
      if (marker != 0xda)
        continue;
      if (++n_scans > MAX_JPEG_SCANS)
        return ivl_format_fail_unsupported (error, &ivl_format_jpeg, "more than 100 scans");
      at = jpeg_skip_scan (data, size, at);
    }
  return ivl_format_fail (error, &ivl_format_jpeg, "it ends too early");
}

static gboolean
sniff_jpeg (const guint8 *data,
            gsize         size)
{
  return size >= 3 && memcmp (data, "\377\330\377", 3) == 0;
}

const IvlFormat ivl_format_jpeg = {
  .name = "JPEG",
  .sniff = sniff_jpeg,
  .probe = read_jpeg,
  .decode = ivl_pixbuf_decode,
};
