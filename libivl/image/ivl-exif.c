/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first directory of a TIFF file, which is also how EXIF data is laid out (TIFF 6.0, section
 * 2). */
#include "image/ivl-exif.h"

#include <string.h>

enum
{
  TAG_WIDTH = 256,
  TAG_HEIGHT = 257,
  TAG_BITS = 258,
  TAG_ORIENTATION = 274,
  TAG_SAMPLES = 277,
  TAG_TILE_WIDTH = 322,
  TAG_TILE_HEIGHT = 323,

  TYPE_SHORT = 3,
  TYPE_LONG = 4,

  ENTRY_SIZE = 12,
};

typedef struct
{
  const guint8 *data;
  gsize         size;
  gboolean      big_endian;
} Tiff;

/* 0 outside the data; callers check ranges where that matters. */
static guint32
tiff_u16 (const Tiff *tiff,
          gsize       at)
{
  const guint8 *p = tiff->data + at;

  if (tiff->size < 2 || at > tiff->size - 2)
    return 0;
  return tiff->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

static guint32
tiff_u32 (const Tiff *tiff,
          gsize       at)
{
  guint32 first = tiff_u16 (tiff, at);
  guint32 second = tiff_u16 (tiff, at + 2);

  return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

/* The largest value of an entry's SHORTs or LONGs. Up to `limit` of them are looked at. */
static guint32
entry_get_max (const Tiff *tiff,
               gsize       entry,
               guint32     limit)
{
  guint32 type = tiff_u16 (tiff, entry + 2);
  guint32 count = tiff_u32 (tiff, entry + 4);
  gsize width = type == TYPE_SHORT ? 2 : 4;
  gsize at = entry + 8;
  guint32 max = 0;

  if (type != TYPE_SHORT && type != TYPE_LONG)
    return 0;
  if (count > 4 / width)
    at = tiff_u32 (tiff, at);
  for (guint32 i = 0; i < MIN (count, limit); i++)
    {
      guint32 value = type == TYPE_SHORT ? tiff_u16 (tiff, at) : tiff_u32 (tiff, at);

      max = MAX (max, value);
      at += width;
    }
  return max;
}

static void
exif_take_entry (IvlExif    *exif,
                 const Tiff *tiff,
                 gsize       entry)
{
  guint32 value;

  switch (tiff_u16 (tiff, entry))
    {
    case TAG_WIDTH:
      exif->width = entry_get_max (tiff, entry, 1);
      break;
    case TAG_HEIGHT:
      exif->height = entry_get_max (tiff, entry, 1);
      break;
    case TAG_BITS:
      exif->bits = entry_get_max (tiff, entry, 16);
      break;
    case TAG_ORIENTATION:
      value = entry_get_max (tiff, entry, 1);
      if (value >= 1 && value <= 8)
        exif->orientation = value;
      break;
    case TAG_SAMPLES:
      exif->samples = entry_get_max (tiff, entry, 1);
      break;
    case TAG_TILE_WIDTH:
      exif->tile_width = entry_get_max (tiff, entry, 1);
      break;
    case TAG_TILE_HEIGHT:
      exif->tile_height = entry_get_max (tiff, entry, 1);
      break;
    default:
      break;
    }
}

gboolean
ivl_exif_read (const guint8 *data,
               gsize         size,
               IvlExif      *exif)
{
  Tiff tiff = { data, size, FALSE };
  gsize directory;
  gsize n;

  *exif = (IvlExif) { .orientation = 1, .samples = 1, .bits = 1 };
  if (size < 8)
    return FALSE;
  if (memcmp (data, "MM\0*", 4) == 0)
    tiff.big_endian = TRUE;
  else if (memcmp (data, "II*\0", 4) != 0)
    return FALSE;
  directory = tiff_u32 (&tiff, 4);
  if (directory < 8 || directory > size - 2)
    return FALSE;
  n = tiff_u16 (&tiff, directory);
  if (n > (size - directory - 2) / ENTRY_SIZE)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    exif_take_entry (exif, &tiff, directory + 2 + i * ENTRY_SIZE);
  return TRUE;
}

guint
ivl_exif_get_orientation (const guint8 *data,
                          gsize         size)
{
  IvlExif exif;

  if (size >= 6 && memcmp (data, "Exif\0\0", 6) == 0)
    {
      data += 6;
      size -= 6;
    }
  return ivl_exif_read (data, size, &exif) ? exif.orientation : 1;
}
