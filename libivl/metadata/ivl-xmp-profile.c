/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Raw profiles: packets in hexadecimal digits in text chunks of PNG files.
 */
#include "metadata/ivl-xmp-profile.h"

#include "metadata/ivl-xmp-packet.h"
#include "metadata/ivl-xmp-place.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <zlib.h>

enum
{
  CHUNK_HEADER = 8, /* length and type */
  LINE_BYTES = 36,  /* in a line of digits */
  /* two digits a byte, line ends, and the lines before them */
  MAX_TEXT = 2 * IVL_XMP_PACKET_MAX_BYTES + IVL_XMP_PACKET_MAX_BYTES / LINE_BYTES + 1024,
};

static const char segment_name[29] = "http://ns.adobe.com/xap/1.0/";

/* With their NUL */
static const char *const keywords[] = { "Raw profile type xmp", "Raw profile type APP1" };

static gsize
get_keyword_size (const guint8 *data,
                  gsize         size)
{
  for (guint i = 0; i < G_N_ELEMENTS (keywords); i++)
    {
      const gsize n = strlen (keywords[i]) + 1;

      if (size >= n && memcmp (data, keywords[i], n) == 0)
        return n;
    }
  return 0;
}

gboolean
ivl_xmp_profile_is_chunk (const guint8 *chunk,
                          gsize         length)
{
  static const char *const types[] = { "tEXt", "zTXt", "iTXt" };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (memcmp (chunk + 4, types[i], 4) == 0)
      return get_keyword_size (chunk + CHUNK_HEADER, length) > 0;
  return FALSE;
}

GBytes *
ivl_xmp_profile_unpack (const guint8  *data,
                        gsize          size,
                        gsize          room,
                        GError       **error)
{
  guint8 *text = g_try_malloc (room + 1);
  z_stream stream = { 0 };
  int status;

  if (text == NULL || inflateInit (&stream) != Z_OK)
    {
      g_free (text);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
      return NULL;
    }
  stream.next_in = (guint8 *) data;
  stream.avail_in = size;
  stream.next_out = text;
  stream.avail_out = room + 1;
  status = inflate (&stream, Z_FINISH);
  inflateEnd (&stream);
  if (status == Z_STREAM_END && stream.avail_out > 0)
    return g_bytes_new_take (text, room + 1 - stream.avail_out);
  g_free (text);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged PNG file: its XMP packet %s",
               stream.avail_out == 0 ? "is too large" : "cannot be unpacked");
  return NULL;
}

/* The text of a chunk behind its keyword. NULL without an error: it is broken. */
static GBytes *
read_text (const guint8  *chunk,
           const guint8  *data,
           gsize          size,
           GError       **error)
{
  gboolean is_packed = memcmp (chunk + 4, "zTXt", 4) == 0;

  if (memcmp (chunk + 4, "iTXt", 4) == 0)
    {
      const guint8 *end = data + size;
      const guint8 *text = size >= 4 ? memchr (data + 2, '\0', size - 2) : NULL;

      if (text != NULL)
        text = memchr (text + 1, '\0', end - text - 1);
      if (text == NULL || data[1] != 0)
        return NULL;
      is_packed = data[0] == 1;
      data = text + 1;
      size = end - data;
    }
  else if (is_packed)
    {
      if (size < 1 || data[0] != 0)
        return NULL;
      data++;
      size--;
    }
  if (is_packed)
    return ivl_xmp_profile_unpack (data, size, MAX_TEXT, error);
  if (size <= MAX_TEXT)
    return g_bytes_new_static (data, size);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "its XMP packet has more than the %d bytes that are read", IVL_XMP_PACKET_MAX_BYTES);
  return NULL;
}

/* Skips white space, then reads what is up to the next. */
static gsize
skip_word (const char *text,
           gsize       size,
           gsize       at)
{
  while (at < size && g_ascii_isspace (text[at]))
    at++;
  while (at < size && !g_ascii_isspace (text[at]))
    at++;
  return at;
}

/* A name, the number of bytes, and as many bytes in digits. NULL: something else. */
static GBytes *
decode (const char *text,
        gsize       size)
{
  const gsize number = skip_word (text, size, 0);
  gsize at = skip_word (text, size, number);
  g_autofree char *copy = g_strndup (text + number, at - number);
  guint64 n;
  guint8 *bytes;

  if (!g_ascii_string_to_unsigned (g_strstrip (copy), 10, 1, IVL_XMP_PACKET_MAX_BYTES + 64, &n,
                                   NULL)
      || (size - at) / 2 < n)
    return NULL;
  bytes = g_malloc (n);
  for (gsize i = 0; i < 2 * n; i++)
    {
      while (at < size && g_ascii_isspace (text[at]))
        at++;
      if (at == size || !g_ascii_isxdigit (text[at]))
        {
          g_free (bytes);
          return NULL;
        }
      bytes[i / 2] = (i % 2 == 0 ? 0 : bytes[i / 2] << 4) | g_ascii_xdigit_value (text[at]);
      at++;
    }
  return g_bytes_new_take (bytes, n);
}

GBytes *
ivl_xmp_profile_read (const guint8  *chunk,
                      gsize          length,
                      GError       **error)
{
  const guint8 *data = chunk + CHUNK_HEADER;
  const gsize n = get_keyword_size (data, length);
  const gboolean is_segment = n == strlen (keywords[1]) + 1;
  g_autoptr (GBytes) text = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) local = NULL;
  const guint8 *start;
  gsize size;

  text = read_text (chunk, data + n, length - n, &local);
  /* A broken segment need not be one with XMP. */
  if (local != NULL && (!is_segment || g_error_matches (local, IVL_ERROR, IVL_ERROR_NO_MEMORY)))
    g_propagate_error (error, g_steal_pointer (&local));
  if (text == NULL)
    return NULL;
  bytes = decode (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  if (bytes == NULL)
    return NULL;
  start = g_bytes_get_data (bytes, &size);
  if (size >= sizeof segment_name && memcmp (start, segment_name, sizeof segment_name) == 0)
    return g_bytes_new_from_bytes (bytes, sizeof segment_name, size - sizeof segment_name);
  return is_segment ? NULL : g_steal_pointer (&bytes);
}

GBytes *
ivl_xmp_profile_make (GBytes  *packet,
                      GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (packet, &size);
  g_autoptr (GString) text = g_string_new (NULL);
  const gsize head = strlen (keywords[0]) + 2; /* NUL, method */
  guint8 *chunk;
  uLongf packed;

  g_string_append_printf (text, "\nxmp\n%8" G_GSIZE_FORMAT, size);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%s%02x", i % LINE_BYTES == 0 ? "\n" : "", data[i]);
  g_string_append_c (text, '\n');
  packed = compressBound (text->len);
  chunk = g_try_malloc (head + packed);
  if (chunk == NULL
      || compress (chunk + head, &packed, (const guint8 *) text->str, text->len) != Z_OK)
    {
      g_free (chunk);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
      return NULL;
    }
  memcpy (chunk, keywords[0], head - 1);
  chunk[head - 1] = 0;
  return g_bytes_new_take (chunk, head + packed);
}
