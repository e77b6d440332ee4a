/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The XMP chunk of PNG files (XMP part 3, 1.1.5). A packet in one of ImageMagick's text chunks
 * moves there; where both are there, each is a packet of its own, and both get the texts.
 */
#include "metadata/ivl-xmp-png.h"

#include "metadata/ivl-xmp-packet.h"
#include "metadata/ivl-xmp-profile.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <zlib.h>

enum
{
  SIGNATURE_SIZE = 8,
  CHUNK_FRAME = 12, /* length, type, checksum */
  HEADER_SIZE = CHUNK_FRAME + 13,
  MAX_PACKETS = 1000, /* one is right; the others are counted and no more */
  MAX_COPIES = 8,     /* in text chunks, each of which is unpacked */
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
  if (data[0] == 0)
    return ivl_xmp_place_add_packet (place, text, end - text, error);
  place->packet = ivl_xmp_profile_unpack (text, end - text, IVL_XMP_PACKET_MAX_BYTES, error);
  place->n_packets += place->packet != NULL;
  return place->packet != NULL;
}

static gboolean
check_sum (const guint8  *chunk,
           gsize          length,
           GError       **error)
{
  return crc32 (crc32 (0, NULL, 0), chunk + 4, 4 + length)
             == ivl_xmp_place_get_be32 (chunk + 8 + length)
         || fail (error, "the checksum of its XMP chunk is wrong");
}

/* A chunk under our keyword */
static gboolean
take_packet (const guint8  *chunk,
             gsize          length,
             IvlXmpPlace   *place,
             GError       **error)
{
  if (place->n_packets > 0)
    return place->n_packets++ < MAX_PACKETS || fail (error, "too many XMP chunks");
  return check_sum (chunk, length, error)
         && read_packet (chunk + 8 + sizeof keyword, length - sizeof keyword, place, error);
}

/* A chunk under one of ImageMagick's keywords; one that has no packet is kept. */
static gboolean
take_copy (const guint8  *chunk,
           gsize          offset,
           gsize          length,
           IvlXmpPlace   *place,
           guint         *n_seen,
           GError       **error)
{
  g_autoptr (GError) local = NULL;
  GBytes *copy;

  if (!check_sum (chunk, length, error))
    return FALSE;
  if (++*n_seen > MAX_COPIES)
    return fail (error, "too many XMP chunks");
  copy = ivl_xmp_profile_read (chunk, length, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (copy != NULL)
    g_ptr_array_add (place->copies, copy);
  else
    ivl_xmp_place_keep (place, offset, CHUNK_FRAME + length);
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
  guint n_copies = 0;

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
      if (is_packet (chunk, length))
        {
          if (!take_packet (chunk, length, place, error))
            return FALSE;
        }
      else if (ivl_xmp_profile_is_chunk (chunk, length))
        {
          if (!take_copy (chunk, offset, length, place, &n_copies, error))
            return FALSE;
        }
      else
        ivl_xmp_place_keep (place, offset, CHUNK_FRAME + length);
      at_end = memcmp (chunk + 4, "IEND", 4) == 0;
      offset += CHUNK_FRAME + length;
    }
  ivl_xmp_place_keep (place, offset, size - offset);
  if (place->n_packets == 0 && place->copies->len > 0)
    {
      place->packet = g_ptr_array_steal_index (place->copies, 0);
      place->n_packets = 1;
    }
  return TRUE;
}

static GBytes *
make_chunk (const char *type,
            GByteArray *data) /* taken */
{
  guint8 number[4];

  ivl_xmp_place_put_be32 (number, data->len);
  g_byte_array_prepend (data, (const guint8 *) type, 4);
  g_byte_array_prepend (data, number, sizeof number);
  ivl_xmp_place_put_be32 (number, crc32 (crc32 (0, NULL, 0), data->data + 4, data->len - 4));
  g_byte_array_append (data, number, sizeof number);
  return g_byte_array_free_to_bytes (data);
}

static GBytes *
make_packet_chunk (GBytes *packet)
{
  /* not compressed, method 0, no language, no translated keyword */
  static const guint8 fields[4] = { 0 };
  GByteArray *data = g_byte_array_new ();

  g_byte_array_append (data, (const guint8 *) keyword, sizeof keyword);
  g_byte_array_append (data, fields, sizeof fields);
  g_byte_array_append (data, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
  return make_chunk ("iTXt", data);
}

static gboolean
append_copies (GPtrArray  *pieces,
               GPtrArray  *copies,
               GError    **error)
{
  for (guint i = 0; i < copies->len; i++)
    {
      g_autoptr (GBytes) profile = ivl_xmp_profile_make (copies->pdata[i], error);
      GByteArray *data;

      if (profile == NULL)
        return FALSE;
      data = g_byte_array_new ();
      g_byte_array_append (data, g_bytes_get_data (profile, NULL), g_bytes_get_size (profile));
      g_ptr_array_add (pieces, make_chunk ("zTXt", data));
    }
  return TRUE;
}

GPtrArray *
ivl_xmp_png_put (GBytes     *file,
                 GBytes     *packet,
                 GPtrArray  *copies,
                 GError    **error)
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
  g_ptr_array_add (pieces, make_packet_chunk (packet));
  if (!append_copies (pieces, copies, error))
    return NULL;
  for (guint i = 0; i < place.kept->len; i++)
    {
      IvlXmpRange range = g_array_index (place.kept, IvlXmpRange, i);

      if (range.offset < header_end) /* the first: the signature and the header chunk are in it */
        range = (IvlXmpRange) { header_end, range.size - header_end };
      ivl_xmp_place_append_part (pieces, file, range.offset, range.size);
    }
  return g_steal_pointer (&pieces);
}
