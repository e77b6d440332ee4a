/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TIFF files: what their headers say, and their pixels. */
#include "image/ivl-format.h"

#include "image/ivl-exif.h"
#include "image/ivl-pixbuf.h"
#include "util/ivl-tiff-directory.h"
#include <string.h>

enum
{
  MAX_TIFF_SAMPLES = 8,
  MAX_TIFF_BITS = 32,
  TIFF_WIDTH = 256,
  TIFF_HEIGHT = 257,
  TIFF_BITS = 258,
  TIFF_PHOTOMETRIC = 262,
  TIFF_SAMPLES = 277,
  TIFF_TILE_WIDTH = 322,
  TIFF_TILE_HEIGHT = 323,
};

/* BitsPerSample of the widest sample. */
static gboolean
tiff_get_bits (const IvlTiffDirectory  *directory,
               guint32                 *bits,
               GError                 **error)
{
  g_autoptr (GError) cause = NULL;
  IvlTiffEntry entry;

  *bits = 1;
  if (!ivl_tiff_directory_find (directory, TIFF_BITS, &entry, &cause))
    {
      if (cause == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if ((entry.type != IVL_TIFF_TYPE_SHORT && entry.type != IVL_TIFF_TYPE_LONG) || entry.count == 0)
    return ivl_format_fail (error, &ivl_format_tiff, "the type of its samples' sizes is wrong");
  for (guint32 i = 0; i < MIN (entry.count, MAX_TIFF_SAMPLES); i++)
    *bits = MAX (*bits, ivl_tiff_entry_get (&entry, &directory->tiff, i));
  return TRUE;
}

static gboolean
read_tiff (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  guint32 samples = 1;
  guint32 photometric = 0;
  guint32 tile_width = 0;
  guint32 tile_height = 0;
  guint32 bits;
  IvlTiffDirectory directory;
  IvlTiff tiff;

  if (!ivl_tiff_init (&tiff, data, size, error)
      || !ivl_tiff_read_directory (&tiff, tiff.first, &directory, error)
      || !ivl_tiff_directory_check_tags (&directory, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_WIDTH, &probe->width, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_HEIGHT, &probe->height, error)
      || !tiff_get_bits (&directory, &bits, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_PHOTOMETRIC, &photometric, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_SAMPLES, &samples, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_TILE_WIDTH, &tile_width, error)
      || !ivl_tiff_directory_get_number (&directory, TIFF_TILE_HEIGHT, &tile_height, error))
    return FALSE;
  if (samples > MAX_TIFF_SAMPLES || bits > MAX_TIFF_BITS)
    return ivl_format_fail_unsupported (error, &ivl_format_tiff, "too many or too wide samples");
  probe->orientation = ivl_exif_get_orientation (data, size);
  ivl_probe_grow_area (probe, tile_width, tile_height);
  return TRUE;
}

static gboolean
sniff_tiff (const guint8 *data,
            gsize         size)
{
  return size >= 4
         && (memcmp (data, "II*\0", 4) == 0 || memcmp (data, "MM\0*", 4) == 0
             || memcmp (data, "II+\0", 4) == 0 || memcmp (data, "MM\0+", 4) == 0);
}

const IvlFormat ivl_format_tiff = {
  .name = "TIFF",
  .stores_orientation = TRUE,
  .sniff = sniff_tiff,
  .probe = read_tiff,
  .decode = ivl_pixbuf_decode,
};
