/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The chunks of a PNG file around its pixels (Portable Network Graphics, third edition): size,
 * meaning of the colours, orientation. Which of several statements about colours counts is the
 * colour space's matter. */
#include "image/ivl-png-chunks.h"

#include "image/ivl-exif.h"
#include <string.h>
#include <zlib.h>

enum
{
  MAX_KEYWORD = 79,
  MAX_RAW_PROFILE = 1024 * 1024, /* characters of a profile in text; Exif has 64 KB at most */
  MAX_RAW_PROFILES = 4,          /* that are unpacked in search of one with an orientation */
};

typedef struct
{
  const guint8 *type; /* [4] */
  const guint8 *data; /* [length] */
  guint32       length;
} Chunk;

static gboolean
chunk_is (const Chunk *chunk,
          const char  *type)
{
  return memcmp (chunk->type, type, 4) == 0;
}

/* Up to max bytes of deflated data; FALSE when they are damaged. */
static gboolean
inflate_into (const guint8 *data,
              gsize         size,
              guint8       *out,
              gsize         max,
              gsize        *got)
{
  z_stream stream = { .next_in = (guint8 *) data, .avail_in = size };
  int rc;

  if (inflateInit (&stream) != Z_OK)
    return FALSE;
  stream.next_out = out;
  stream.avail_out = max;
  rc = inflate (&stream, Z_FINISH);
  *got = max - stream.avail_out;
  inflateEnd (&stream);
  return rc == Z_STREAM_END || rc == Z_BUF_ERROR;
}

/* The same in new memory; NULL also when that is short. */
static guint8 *
inflate_up_to (const guint8 *data,
               gsize         size,
               gsize         max,
               gsize        *got)
{
  g_autofree guint8 *out = g_try_malloc (max);

  return out != NULL && inflate_into (data, size, out, max, got) ? g_steal_pointer (&out) : NULL;
}

/* Keyword, NUL, compression method, and what is compressed: NULL if there is no such thing. */
static const guint8 *
find_compressed (const Chunk *chunk,
                 gsize       *size)
{
  const guint8 *nul = memchr (chunk->data, 0, MIN (chunk->length, MAX_KEYWORD + 1));

  if (nul == NULL || nul == chunk->data || chunk->data + chunk->length - nul < 2 || nul[1] != 0)
    return NULL;
  *size = chunk->data + chunk->length - (nul + 2);
  return nul + 2;
}

/* iCCP. A profile says its own length first. */
static void
take_profile (const Chunk    *chunk,
              IvlColourSpace *colours)
{
  guint8 start[4];
  guint8 *icc;
  const guint8 *data;
  gsize size;
  gsize got;
  gsize want;

  data = find_compressed (chunk, &size);
  if (data == NULL || colours->icc != NULL)
    return;
  if (!inflate_into (data, size, start, sizeof start, &got) || got < sizeof start)
    return;
  want = ivl_be32 (start);
  if (want > IVL_PROFILE_MAX_BYTES || want < 128)
    return;
  icc = ivl_colour_space_make_icc (colours, want);
  if (icc != NULL && (!inflate_into (data, size, icc, want, &got) || got != want))
    g_clear_pointer (&colours->icc, g_bytes_unref);
}

static void
take_primaries (const Chunk    *chunk,
                IvlColourSpace *colours)
{
  if (chunk->length != 32)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (colours->xy); i++)
    colours->xy[i] = ivl_be32 (chunk->data + 4 * i) / 100000.0;
  colours->has_primaries = TRUE;
}

static void
take_colours (const Chunk    *chunk,
              IvlColourSpace *colours)
{
  if (chunk_is (chunk, "iCCP"))
    take_profile (chunk, colours);
  else if (chunk_is (chunk, "cHRM"))
    take_primaries (chunk, colours);
  else if (chunk_is (chunk, "gAMA") && chunk->length == 4)
    colours->gamma = ivl_be32 (chunk->data) / 100000.0;
  else if (chunk_is (chunk, "sRGB") && chunk->length == 1)
    colours->is_srgb = TRUE;
  /* The last two: no matrix, numbers from 0 to the largest. */
  else if (chunk_is (chunk, "cICP") && chunk->length == 4 && chunk->data[2] == 0
           && chunk->data[3] == 1)
    {
      colours->cicp_primaries = chunk->data[0];
      colours->cicp_transfer = chunk->data[1];
    }
}

static int
next_digit (const char **at,
            const char  *end)
{
  while (*at < end && g_ascii_isspace (**at))
    *at += 1;
  return *at < end ? g_ascii_xdigit_value (*(*at)++) : -1;
}

/* ImageMagick's "Raw profile type": a line break, a name, the number of bytes, the bytes in
 * hexadecimal digits with line breaks between. 0 when it is none. */
static guint
read_raw_exif (const char *text,
               gsize       size)
{
  const char *end = text + size;
  const char *at = size > 0 ? memchr (text + 1, '\n', size - 1) : NULL;
  g_autofree guint8 *exif = NULL;
  guint64 n = 0;

  if (at == NULL)
    return 0;
  while (at < end && g_ascii_isspace (*at))
    at++;
  for (; at < end && g_ascii_isdigit (*at) && n < size; at++)
    n = n * 10 + g_ascii_digit_value (*at);
  if (n == 0 || n > size / 2 || (exif = g_try_malloc (n)) == NULL)
    return 0;
  for (gsize i = 0; i < n; i++)
    {
      int high = next_digit (&at, end);
      int low = next_digit (&at, end);

      if (high < 0 || low < 0)
        return 0;
      exif[i] = high << 4 | low;
    }
  return ivl_exif_get_orientation (exif, n);
}

static gboolean
is_raw_exif (const Chunk *chunk)
{
  static const char keyword[] = "Raw profile type exif";
  static const char other[] = "Raw profile type APP1";

  G_STATIC_ASSERT (sizeof keyword == sizeof other);
  return chunk->length > sizeof keyword
         && (memcmp (chunk->data, keyword, sizeof keyword) == 0
             || memcmp (chunk->data, other, sizeof other) == 0);
}

/* tEXt or zTXt with such a keyword. 0: it holds no EXIF. */
static guint
read_text_exif (const Chunk *chunk)
{
  g_autofree guint8 *text = NULL;
  const guint8 *data;
  gsize size;
  gsize got;

  if (chunk_is (chunk, "tEXt"))
    {
      data = memchr (chunk->data, 0, chunk->length);
      size = chunk->length - (data + 1 - chunk->data);
      return read_raw_exif ((const char *) data + 1, size);
    }
  data = find_compressed (chunk, &size);
  text = data != NULL ? inflate_up_to (data, size, MAX_RAW_PROFILE, &got) : NULL;
  return text != NULL ? read_raw_exif ((const char *) text, got) : 0;
}

/* What was found so far. eXIf counts more than the older way in text. */
typedef struct
{
  gboolean has_profile;
  guint    n_texts;          /* that were unpacked */
  guint    exif_orientation; /* 0: none */
  guint    text_orientation;
} Found;

static void
take_chunk (const Chunk *chunk,
            gboolean     behind_pixels,
            IvlProbe    *probe,
            Found       *found)
{
  if (chunk_is (chunk, "eXIf"))
    {
      if (found->exif_orientation == 0)
        found->exif_orientation = ivl_exif_get_orientation (chunk->data, chunk->length);
    }
  else if (chunk_is (chunk, "zTXt") || chunk_is (chunk, "tEXt"))
    {
      if (found->text_orientation == 0 && found->n_texts < MAX_RAW_PROFILES && is_raw_exif (chunk))
        {
          found->n_texts += 1;
          found->text_orientation = read_text_exif (chunk);
        }
    }
  else if (!behind_pixels && (!chunk_is (chunk, "iCCP") || !found->has_profile))
    {
      found->has_profile |= chunk_is (chunk, "iCCP");
      take_colours (chunk, &probe->colours);
    }
}

static gboolean
has_good_crc (const Chunk *chunk)
{
  return crc32 (crc32 (0, NULL, 0), chunk->type, chunk->length + 4)
         == ivl_be32 (chunk->data + chunk->length);
}

/* Their names begin with a capital letter. */
static gboolean
is_critical (const Chunk *chunk)
{
  return !(chunk->type[0] & 0x20);
}

static gboolean
is_wanted (const Chunk *chunk)
{
  static const char types[] = "eXIfzTXttEXtiCCPcHRMgAMAsRGBcICP";

  for (const char *type = types; *type != '\0'; type += 4)
    if (chunk_is (chunk, type))
      return TRUE;
  return FALSE;
}

gboolean
ivl_png_chunks_read (const guint8  *data,
                     gsize          size,
                     IvlProbe      *probe,
                     GError       **error)
{
  Found found = { FALSE };
  gboolean has_pixels = FALSE;
  gsize at = 8;

  if (size < 33 || ivl_be32 (data + 8) != 13 || memcmp (data + 12, "IHDR", 4) != 0)
    return ivl_format_fail (error, &ivl_format_png, "no header");
  probe->width = ivl_be32 (data + 16);
  probe->height = ivl_be32 (data + 20);
  while (size - at >= 8)
    {
      const Chunk chunk = { data + at + 4, data + at + 8, ivl_be32 (data + at) };

      if (chunk_is (&chunk, "IDAT"))
        has_pixels = TRUE;
      if (chunk_is (&chunk, "IEND") || size - at < 12 || chunk.length > size - at - 12)
        break;
      if (is_critical (&chunk) && !has_good_crc (&chunk))
        return ivl_format_fail (error, &ivl_format_png, "the checksum (CRC) of a chunk is wrong");
      /* Ancillary chunks whose checksum is wrong are passed over, as libpng does. */
      if (is_wanted (&chunk) && has_good_crc (&chunk))
        take_chunk (&chunk, has_pixels, probe, &found);
      at += (gsize) chunk.length + 12;
    }
  if (!has_pixels)
    return ivl_format_fail (error, &ivl_format_png, "no pixels");
  if (found.exif_orientation != 0)
    probe->orientation = found.exif_orientation;
  else if (found.text_orientation != 0)
    probe->orientation = found.text_orientation;
  return TRUE;
}
