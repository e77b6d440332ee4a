/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes PNG files: general encoders try every filter on every row, which takes longer than all the
 * rest of a request.
 */
#include "engines/ivl-remote-png.h"

#include <string.h>
#include <zlib.h>

enum
{
  FILTER_NONE = 0,
  FILTER_UP = 2,
  RGB8 = 2, /* colour type */
};

static void
put_u32 (guint8  *to,
         guint32  value)
{
  value = GUINT32_TO_BE (value);
  memcpy (to, &value, sizeof value);
}

/* Completes a chunk whose n bytes of data stand at chunk + 8 already; where the next one begins. */
static guint8 *
finish_chunk (guint8     *chunk,
              const char *type,
              gsize       n)
{
  put_u32 (chunk, n);
  memcpy (chunk + 4, type, 4);
  put_u32 (chunk + 8 + n, crc32_z (0, chunk + 4, 4 + n));
  return chunk + 12 + n;
}

/* A row as it is compressed: its filter, then its bytes. above: (nullable). */
static void
filter_row (guint8       *to,
            const guint8 *row,
            const guint8 *above,
            gsize         n)
{
  *to++ = above != NULL ? FILTER_UP : FILTER_NONE;
  if (above == NULL)
    memcpy (to, row, n);
  else
    for (gsize i = 0; i < n; i++)
      to[i] = row[i] - above[i];
}

/* The rows as a zlib stream; its length, or 0 when memory is short. */
static gsize
compress_rows (const guint8       *rgb,
               gsize               n_row,
               guint               height,
               IvlRemotePngEffort  effort,
               guint8             *to,
               gsize               room)
{
  gboolean is_small = effort == IVL_REMOTE_PNG_SMALL;
  g_autofree guint8 *row = g_malloc (1 + n_row);
  z_stream stream = { .next_out = to, .avail_out = room };
  int status = Z_OK;

  if (deflateInit (&stream, is_small ? 1 : 0) != Z_OK)
    return 0;
  for (guint y = 0; y < height && status == Z_OK; y++)
    {
      filter_row (row, rgb + y * n_row, is_small && y > 0 ? rgb + (y - 1) * n_row : NULL, n_row);
      stream.next_in = row;
      stream.avail_in = 1 + n_row;
      status = deflate (&stream, y + 1 == height ? Z_FINISH : Z_NO_FLUSH);
    }
  room -= stream.avail_out;
  deflateEnd (&stream);
  return status == Z_STREAM_END ? room : 0;
}

GBytes *
ivl_remote_png_encode (const guint8       *rgb,
                       guint               width,
                       guint               height,
                       IvlRemotePngEffort  effort,
                       GError            **error)
{
  static const guint8 signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
  gsize n_row = (gsize) width * 3;
  gsize n_rows = (1 + n_row) * height;
  /* As deflateBound() for the worst case, without a stream to ask: 5 bytes for a stored block. */
  gsize room = n_rows + 5 * (n_rows / 4096 + 1) + 64;
  gboolean fits = room < G_MAXINT32;
  g_autofree guint8 *file = fits ? g_try_malloc (sizeof signature + 25 + 12 + room + 12) : NULL;
  guint8 *chunk = file + sizeof signature;
  gsize n = 0;

  if (file != NULL)
    {
      memcpy (file, signature, sizeof signature);
      put_u32 (chunk + 8, width);
      put_u32 (chunk + 12, height);
      memcpy (chunk + 16, (guint8[]) { 8, RGB8, 0, 0, 0 }, 5);
      chunk = finish_chunk (chunk, "IHDR", 13);
      n = compress_rows (rgb, n_row, height, effort, chunk + 8, room);
    }
  if (n == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "not enough memory for a PNG file of %u x %u pixels", width, height);
      return NULL;
    }
  chunk = finish_chunk (chunk, "IDAT", n);
  chunk = finish_chunk (chunk, "IEND", 0);
  n = chunk - file;
  return g_bytes_new_take (g_steal_pointer (&file), n);
}
