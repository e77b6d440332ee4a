/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The XMP chunk of WebP files. A simple file, which has no room for it, becomes an extended one;
 * all other chunks are copied. libwebpmux, which is made for this, crashes on damaged animations
 * (1.2.4) and refuses lossless files with alpha that exiftool extended.
 */
#include "metadata/ivl-xmp-webp.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <webp/decode.h>

enum
{
  RIFF_HEADER = 12,
  CHUNK_HEADER = 8,
  MAX_CHUNKS = 1000000,
  VP8X_SIZE = 10, /* flags, 3 reserved bytes, width - 1 and height - 1 in 3 bytes each */
  VP8X_FLAG_XMP = 0x04,
  VP8X_FLAG_ALPHA = 0x10,
};

/* The specification's: the file with its first 8 bytes stays under 4 GB. */
#define MAX_RIFF_SIZE (G_MAXUINT32 - 9)

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged WebP file: %s", why);
  return FALSE;
}

static guint32
get_le32 (const guint8 *p)
{
  return (guint32) p[3] << 24 | (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

static void
put_le24 (guint8  *p,
          guint32  value)
{
  p[0] = value;
  p[1] = value >> 8;
  p[2] = value >> 16;
}

static void
put_le32 (guint8  *p,
          guint32  value)
{
  put_le24 (p, value);
  p[3] = value >> 24;
}

/* *end: where the RIFF file ends, which others may follow with bytes of their own */
static gboolean
read_header (const guint8  *data,
             gsize          size,
             gsize         *end,
             GError       **error)
{
  gsize riff_size;

  if (size < RIFF_HEADER + CHUNK_HEADER || memcmp (data, "RIFF", 4) != 0
      || memcmp (data + 8, "WEBP", 4) != 0)
    return fail (error, "it does not begin as one");
  riff_size = get_le32 (data + 4);
  if (riff_size < RIFF_HEADER || riff_size % 2 != 0 || riff_size > size - 8)
    return fail (error, "it ends before its picture does");
  *end = 8 + riff_size;
  return TRUE;
}

gboolean
ivl_xmp_webp_scan (const guint8  *data,
                   gsize          size,
                   IvlXmpPlace   *place,
                   GError       **error)
{
  gsize offset = RIFF_HEADER;
  gsize end;
  guint n_chunks = 0;

  if (!read_header (data, size, &end, error))
    return FALSE;
  while (offset < end)
    {
      const guint8 *chunk = data + offset;
      gsize length;

      if (end - offset < CHUNK_HEADER)
        return fail (error, "it ends within a chunk");
      length = get_le32 (chunk + 4);
      if (length > end - offset - CHUNK_HEADER)
        return fail (error, "a chunk reaches over its end");
      if (n_chunks++ == MAX_CHUNKS)
        return fail (error, "too many chunks");
      if (memcmp (chunk, "XMP ", 4) == 0)
        {
          if (!ivl_xmp_place_add_packet (place, chunk + CHUNK_HEADER, length, error))
            return FALSE;
        }
      else if (memcmp (chunk, "VP8X", 4) != 0)
        ivl_xmp_place_keep (place, offset, CHUNK_HEADER + length);
      offset += CHUNK_HEADER + length + length % 2;
    }
  ivl_xmp_place_keep (place, end, size - end);
  return TRUE;
}

/* The header chunk of the new file, with the flag for XMP set. */
static gboolean
make_header (const guint8  *data,
             gsize          end,
             guint8         header[CHUNK_HEADER + VP8X_SIZE],
             GError       **error)
{
  const guint8 *first = data + RIFF_HEADER;
  WebPBitstreamFeatures features;
  guint8 *body = header + CHUNK_HEADER;

  memcpy (header, "VP8X", 4);
  put_le32 (header + 4, VP8X_SIZE);
  if (memcmp (first, "VP8X", 4) == 0)
    {
      if (get_le32 (first + 4) != VP8X_SIZE)
        return fail (error, "its header chunk has a wrong size");
      memcpy (body, first + CHUNK_HEADER, VP8X_SIZE);
    }
  else
    {
      if ((memcmp (first, "VP8 ", 4) != 0 && memcmp (first, "VP8L", 4) != 0)
          || WebPGetFeatures (data, end, &features) != VP8_STATUS_OK)
        return fail (error, "it has no picture");
      put_le32 (body, features.has_alpha ? VP8X_FLAG_ALPHA : 0);
      put_le24 (body + 4, features.width - 1);
      put_le24 (body + 7, features.height - 1);
    }
  body[0] |= VP8X_FLAG_XMP;
  return TRUE;
}

static GBytes *
make_chunk (GBytes *packet)
{
  const gsize size = g_bytes_get_size (packet);
  GByteArray *chunk = g_byte_array_new ();
  guint8 number[4];

  put_le32 (number, size);
  g_byte_array_append (chunk, (const guint8 *) "XMP ", 4);
  g_byte_array_append (chunk, number, sizeof number);
  g_byte_array_append (chunk, g_bytes_get_data (packet, NULL), size);
  if (size % 2 != 0)
    g_byte_array_append (chunk, (const guint8 *) "", 1);
  return g_byte_array_free_to_bytes (chunk);
}

/* All chunks but the header, each with its padding; the packet takes the old one's place, or stands
 * last. */
static void
append_chunks (GPtrArray *pieces,
               GBytes    *file,
               gsize      end,
               GBytes    *xmp)
{
  const guint8 *data = g_bytes_get_data (file, NULL);
  gboolean is_there = FALSE;

  for (gsize offset = RIFF_HEADER; offset < end;)
    {
      const gsize length = get_le32 (data + offset + 4);
      const gsize size = CHUNK_HEADER + length + length % 2;

      if (memcmp (data + offset, "XMP ", 4) == 0 && !is_there)
        {
          g_ptr_array_add (pieces, g_bytes_ref (xmp));
          is_there = TRUE;
        }
      else if (offset > RIFF_HEADER || memcmp (data + offset, "VP8X", 4) != 0)
        ivl_xmp_place_append_part (pieces, file, offset, size);
      offset += size;
    }
  if (!is_there)
    g_ptr_array_add (pieces, g_bytes_ref (xmp));
}

GPtrArray *
ivl_xmp_webp_put (GBytes  *file,
                  GBytes  *packet,
                  GError **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GPtrArray) chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GBytes) xmp = make_chunk (packet);
  g_auto (IvlXmpPlace) place;
  guint8 start[RIFF_HEADER + CHUNK_HEADER + VP8X_SIZE];
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  guint64 riff_size = sizeof start - 8;
  gsize end;

  ivl_xmp_place_init (&place);
  if (!ivl_xmp_webp_scan (data, size, &place, error) || !read_header (data, size, &end, error)
      || !make_header (data, end, start + RIFF_HEADER, error))
    return NULL;
  append_chunks (chunks, file, end, xmp);
  for (guint i = 0; i < chunks->len; i++)
    riff_size += g_bytes_get_size (chunks->pdata[i]);
  if (riff_size > MAX_RIFF_SIZE)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "a WebP file cannot grow over 4 GB");
      return NULL;
    }
  memcpy (start, data, RIFF_HEADER);
  put_le32 (start + 4, riff_size);
  g_ptr_array_add (pieces, g_bytes_new (start, sizeof start));
  g_ptr_array_extend_and_steal (pieces, g_steal_pointer (&chunks));
  ivl_xmp_place_append_part (pieces, file, end, size - end);
  return g_steal_pointer (&pieces);
}
