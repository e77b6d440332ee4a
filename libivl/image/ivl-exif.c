/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What EXIF data say about the pixels. They are laid out as a TIFF file. */
#include "image/ivl-exif.h"

#include "util/ivl-tiff-directory.h"
#include <string.h>

enum
{
  TAG_ORIENTATION = 274,
};

guint
ivl_exif_get_orientation (const guint8 *data,
                          gsize         size)
{
  IvlTiff tiff;
  IvlTiffDirectory directory;
  guint32 value = 1;

  if (size >= 6 && memcmp (data, "Exif\0\0", 6) == 0)
    {
      data += 6;
      size -= 6;
    }
  if (!ivl_tiff_init (&tiff, data, size, NULL)
      || !ivl_tiff_read_directory (&tiff, tiff.first, &directory, NULL)
      || !ivl_tiff_directory_get_number (&directory, TAG_ORIENTATION, &value, NULL))
    return 1;
  return value >= 1 && value <= 8 ? value : 1;
}
