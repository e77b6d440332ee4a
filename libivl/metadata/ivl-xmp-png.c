/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The XMP chunk of PNG files (XMP part 3, 1.1.5).
 */
#include "metadata/ivl-xmp-png.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <zlib.h>

enum
{
  SIGNATURE_SIZE = 8,
  CHUNK_FRAME = 12, /* length, type, checksum */
  HEADER_SIZE = CHUNK_FRAME + 13,
  MAX_PACKETS = 1000, /* one is right; the others are counted and no more */
};

static const guint8 signature[SIGNATURE_SIZE] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
static const char keyword[18] = "XML:com.adobe.xmp";

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged PNG file: %s", why);
  return FALSE;
}

static gboolean
is_packet (const guint8 *chunk,
           gsize         length)
{
  return memcmp (chunk + 4, "iTXt", 4) == 0 && length >= sizeof keyword
         && memcmp (chunk + 8, keyword, sizeof keyword) == 0;
}

static gboolean
inflate_packet (const guint8  *data,
                gsize          size,
                IvlXmpPlace   *place,
                GError       **error)
{
  const gsize room = IVL_XMP_PACKET_MAX_BYTES + 1;
  g_autofree guint8 *text = g_try_malloc (room);
  z_stream stream = { 0 };
  int status;

  if (text == NULL || inflateInit (&stream) != Z_OK)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
      return FALSE;
    }
  stream.next_in = (guint8 *) data;
  stream.avail_in = size;
  stream.next_out = text;
  stream.avail_out = room;
  status = inflate (&stream, Z_FINISH);
  inflateEnd (&stream);
  if (stream.avail_out == 0)
    return fail (error, "its XMP packet is too large");
  if (status != Z_STREAM_END)
    return fail (error, "its XMP packet cannot be unpacked");
  ivl_xmp_place_add_packet (place, text, room - stream.avail_out);
  return TRUE;
}

/* After the keyword: compressed?, method, language NUL, translated keyword NUL, text. */
static gboolean
read_packet (const guint8  *data,
             gsize          size,
             IvlXmpPlace   *place,
             GError       **error)
{
  const guint8 *end = data + size;
  const guint8 *text;

  if (size < 4 || data[0] > 1 || data[1] != 0)
    return fail (error, "its XMP chunk is broken");
  text = memchr (data + 2, '\0', end - data - 2);
  if (text != NULL)
    text = memchr (text + 1, '\0', end - text - 1);
  if (text == NULL)
    return fail (error, "its XMP chunk is broken");
  text++;
  if (data[0] == 1)
    return inflate_packet (text, end - text, place, error);
  ivl_xmp_place_add_packet (place, text, end - text);
  return TRUE;
}

/* Reads the chunk at offset; FALSE if there is none that is whole. */
static gboolean
check_chunk (const guint8  *data,
             gsize          size,
             gsize          offset,
             gsize         *length,
             GError       **error)
{
  if (size - offset < CHUNK_FRAME)
    return fail (error, "it ends before its last chunk");
  *length = ivl_xmp_place_get_be32 (data + offset);
  if (*length > size - offset - CHUNK_FRAME)
    return fail (error, "a chunk reaches over its end");
  return TRUE;
}

gboolean
ivl_xmp_png_scan (const guint8  *data,
                  gsize          size,
                  IvlXmpPlace   *place,
                  GError       **error)
{
  gsize offset = SIGNATURE_SIZE;
  gboolean at_end = FALSE;

  if (size < SIGNATURE_SIZE + HEADER_SIZE || memcmp (data, signature, SIGNATURE_SIZE) != 0
      || memcmp (data + SIGNATURE_SIZE, "\0\0\0\rIHDR", 8) != 0)
    return fail (error, "it does not begin as one");
  ivl_xmp_place_keep (place, 0, SIGNATURE_SIZE);
  while (!at_end)
    {
      const guint8 *chunk = data + offset;
      gsize length;

      if (!check_chunk (data, size, offset, &length, error))
        return FALSE;
      if (!is_packet (chunk, length))
        ivl_xmp_place_keep (place, offset, CHUNK_FRAME + length);
      else if (place->n_packets > 0)
        {
          if (place->n_packets++ == MAX_PACKETS)
            return fail (error, "too many XMP chunks");
        }
      else if (crc32 (crc32 (0, NULL, 0), chunk + 4, 4 + length)
               != ivl_xmp_place_get_be32 (chunk + 8 + length))
        return fail (error, "the checksum of its XMP chunk is wrong");
      else if (!read_packet (chunk + 8 + sizeof keyword, length - sizeof keyword, place, error))
        return FALSE;
      at_end = memcmp (chunk + 4, "IEND", 4) == 0;
      offset += CHUNK_FRAME + length;
    }
  ivl_xmp_place_keep (place, offset, size - offset);
  return TRUE;
}

static GBytes *
make_chunk (GBytes *packet)
{
  /* not compressed, method 0, no language, no translated keyword */
  static const guint8 fields[4] = { 0 };
  GByteArray *chunk = g_byte_array_new ();
  guint8 number[4];

  ivl_xmp_place_put_be32 (number, sizeof keyword + sizeof fields + g_bytes_get_size (packet));
  g_byte_array_append (chunk, number, sizeof number);
  g_byte_array_append (chunk, (const guint8 *) "iTXt", 4);
  g_byte_array_append (chunk, (const guint8 *) keyword, sizeof keyword);
  g_byte_array_append (chunk, fields, sizeof fields);
  g_byte_array_append (chunk, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
  ivl_xmp_place_put_be32 (number, crc32 (crc32 (0, NULL, 0), chunk->data + 4, chunk->len - 4));
  g_byte_array_append (chunk, number, sizeof number);
  return g_byte_array_free_to_bytes (chunk);
}

GPtrArray *
ivl_xmp_png_put (GBytes  *file,
                 GBytes  *packet,
                 GError **error)
{
  const gsize header_end = SIGNATURE_SIZE + HEADER_SIZE;
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_auto (IvlXmpPlace) place;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);

  ivl_xmp_place_init (&place);
  if (!ivl_xmp_png_scan (data, size, &place, error))
    return NULL;
  ivl_xmp_place_append_part (pieces, file, 0, header_end);
  g_ptr_array_add (pieces, make_chunk (packet));
  for (guint i = 0; i < place.kept->len; i++)
    {
      IvlXmpRange range = g_array_index (place.kept, IvlXmpRange, i);

      if (range.offset < header_end) /* the first: the signature and the header chunk are in it */
        range = (IvlXmpRange) { header_end, range.size - header_end };
      ivl_xmp_place_append_part (pieces, file, range.offset, range.size);
    }
  return g_steal_pointer (&pieces);
}
