/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Dimensions of picture files from their headers, before any decoder sees them: a file of some
 * hundred bytes can ask a decoder for gigabytes. Each format's walk also finds out whether the
 * file was cut. */
#include "image/ivl-probe.h"

#include "image/ivl-exif.h"
#include "util/ivl-tiff-directory.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  /* Encoders write about ten; each costs a pass over the whole picture. */
  MAX_JPEG_SCANS = 100,
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

static gboolean
fail (GError        **error,
      IvlProbeFormat  format,
      const char     *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged %s file: %s",
               ivl_probe_format_to_string (format), why);
  return FALSE;
}

static gboolean
fail_unsupported (GError        **error,
                  IvlProbeFormat  format,
                  const char     *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s file that cannot be used: %s",
               ivl_probe_format_to_string (format), why);
  return FALSE;
}

static guint32
be16 (const guint8 *p)
{
  return p[0] << 8 | p[1];
}

static guint32
be32 (const guint8 *p)
{
  return be16 (p) << 16 | be16 (p + 2);
}

static guint32
le16 (const guint8 *p)
{
  return p[1] << 8 | p[0];
}

static guint32
le24 (const guint8 *p)
{
  return p[2] << 16 | le16 (p);
}

static guint32
le32 (const guint8 *p)
{
  return le16 (p + 2) << 16 | le16 (p);
}

static void
probe_grow_area (IvlProbe *probe,
                 guint32   width,
                 guint32   height)
{
  probe->area = MAX (probe->area, (guint64) width * height);
}

/* Signature, then chunks of length, type, data, CRC. */
static gboolean
read_png (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  gboolean has_pixels = FALSE;
  gsize at = 8;

  if (size < 33 || be32 (data + 8) != 13 || memcmp (data + 12, "IHDR", 4) != 0)
    return fail (error, IVL_PROBE_PNG, "no header");
  probe->width = be32 (data + 16);
  probe->height = be32 (data + 20);
  while (size - at >= 12)
    {
      guint32 length = be32 (data + at);
      const guint8 *type = data + at + 4;

      if (length > size - at - 12)
        break;
      if (memcmp (type, "IDAT", 4) == 0)
        has_pixels = TRUE;
      if (memcmp (type, "eXIf", 4) == 0)
        probe->orientation = ivl_exif_get_orientation (type + 4, length);
      if (memcmp (type, "IEND", 4) == 0)
        return has_pixels || fail (error, IVL_PROBE_PNG, "no pixels");
      at += (gsize) length + 12;
    }
  return fail (error, IVL_PROBE_PNG, "it ends too early");
}

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
    return fail (error, IVL_PROBE_JPEG, "bad frame header");
  if (probe->width != 0)
    return fail (error, IVL_PROBE_JPEG, "two frame headers");
  if (segment[2] != 8)
    return fail_unsupported (error, IVL_PROBE_JPEG, "not 8 bits a sample");
  probe->height = be16 (segment + 3);
  probe->width = be16 (segment + 5);
  if (probe->width == 0 || probe->height == 0)
    return fail (error, IVL_PROBE_JPEG, "no width or height");
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
        return fail (error, IVL_PROBE_JPEG, "no marker where one must be");
      if (marker == 0xff)
        {
          at += 1;
          continue;
        }
      at += 2;
      if (marker == 0xd9)
        return (probe->width != 0 && n_scans > 0) || fail (error, IVL_PROBE_JPEG, "no pixels");
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
        continue;
      if (size - at < 2 || (length = be16 (data + at)) > size - at)
        break;
      if (length < 2)
        return fail (error, IVL_PROBE_JPEG, "bad segment length");
      if (is_frame_marker (marker) && !jpeg_take_frame (data + at, length, probe, error))
        return FALSE;
      if (marker == 0xe1 && length >= 8 && memcmp (data + at + 2, "Exif\0\0", 6) == 0)
        probe->orientation = ivl_exif_get_orientation (data + at + 2, length - 2);
      at += length;
      if (marker != 0xda)
        continue;
      if (++n_scans > MAX_JPEG_SCANS)
        return fail_unsupported (error, IVL_PROBE_JPEG, "more than 100 scans");
      at = jpeg_skip_scan (data, size, at);
    }
  return fail (error, IVL_PROBE_JPEG, "it ends too early");
}

static void
webp_take_size (IvlProbe *probe,
                guint32   width,
                guint32   height)
{
  if (probe->width == 0)
    {
      probe->width = width;
      probe->height = height;
    }
  probe_grow_area (probe, width, height);
}

/* One chunk of a WebP file; bytes: its `length` bytes of data. TRUE if it holds pixels. */
static gboolean
webp_take_chunk (IvlProbe     *probe,
                 const guint8 *type,
                 const guint8 *bytes,
                 guint32       length)
{
  if (memcmp (type, "VP8X", 4) == 0 && length >= 10)
    webp_take_size (probe, le24 (bytes + 4) + 1, le24 (bytes + 7) + 1);
  else if (memcmp (type, "VP8 ", 4) == 0 && length >= 10)
    {
      webp_take_size (probe, le16 (bytes + 6) & 0x3fff, le16 (bytes + 8) & 0x3fff);
      return TRUE;
    }
  else if (memcmp (type, "VP8L", 4) == 0 && length >= 5)
    {
      guint32 sizes = le32 (bytes + 1);

      webp_take_size (probe, (sizes & 0x3fff) + 1, (sizes >> 14 & 0x3fff) + 1);
      return TRUE;
    }
  else if (memcmp (type, "ANMF", 4) == 0 && length >= 16)
    {
      probe_grow_area (probe, le24 (bytes + 6) + 1, le24 (bytes + 9) + 1);
      return TRUE;
    }
  else if (memcmp (type, "EXIF", 4) == 0)
    probe->orientation = ivl_exif_get_orientation (bytes, length);
  else if (memcmp (type, "ICCP", 4) == 0 && length > 0)
    {
      probe->icc = bytes;
      probe->icc_size = length;
    }
  return FALSE;
}

/* RIFF: chunks of type, length, data, padded to even lengths. */
static gboolean
read_webp (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  gboolean has_pixels = FALSE;
  guint64 end = (guint64) le32 (data + 4) + 8;
  gsize at = 12;

  if (end > size)
    return fail (error, IVL_PROBE_WEBP, "it ends too early");
  while (at < end && end - at >= 8)
    {
      guint32 length = le32 (data + at + 4);

      if (length > end - at - 8)
        return fail (error, IVL_PROBE_WEBP, "a chunk ends too early");
      if (webp_take_chunk (probe, data + at, data + at + 8, length))
        has_pixels = TRUE;
      at += 8 + (gsize) length + (length & 1);
    }
  return has_pixels || fail (error, IVL_PROBE_WEBP, "no pixels");
}

/* A run of length-prefixed blocks ended by an empty one. 0 if it does not end within the data. */
static gsize
gif_skip_blocks (const guint8 *data,
                 gsize         size,
                 gsize         at)
{
  while (at < size && data[at] != 0)
    at += (gsize) data[at] + 1;
  return at < size ? at + 1 : 0;
}

static gsize
gif_get_table_size (guint8 flags)
{
  return flags & 0x80 ? 3u << ((flags & 7) + 1) : 0;
}

/* Up to the end of the first frame: the others are not decoded. */
static gboolean
read_gif (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  gsize at = 13;

  if (size < 13)
    return fail (error, IVL_PROBE_GIF, "no header");
  probe->width = le16 (data + 6);
  probe->height = le16 (data + 8);
  at += gif_get_table_size (data[10]);
  while (at < size && size - at >= 11)
    {
      const guint8 *block = data + at;

      if (block[0] == 0x2c)
        {
          probe_grow_area (probe, le16 (block + 5), le16 (block + 7));
          at += 11 + gif_get_table_size (block[9]);
          return gif_skip_blocks (data, size, at) != 0
                 || fail (error, IVL_PROBE_GIF, "its first frame ends too early");
        }
      if (block[0] != 0x21)
        return fail (error, IVL_PROBE_GIF, "no block where one must be");
      at = gif_skip_blocks (data, size, at + 2);
      if (at == 0)
        break;
    }
  return fail (error, IVL_PROBE_GIF, "no frame");
}

static gboolean
read_bmp (const guint8  *data,
          gsize          size,
          IvlProbe      *probe,
          GError       **error)
{
  guint32 header;
  guint32 bits;
  guint32 compression = 0;
  guint64 end;

  if (size < 26 || (header = le32 (data + 14)) > size - 14 || (header != 12 && header < 40))
    return fail (error, IVL_PROBE_BMP, "no header");
  if (header == 12)
    {
      probe->width = le16 (data + 18);
      probe->height = le16 (data + 20);
      bits = le16 (data + 24);
    }
  else
    {
      gint32 height = (gint32) le32 (data + 22);

      probe->width = le32 (data + 18);
      probe->height = height < 0 ? -(guint32) height : (guint32) height;
      bits = le16 (data + 28);
      compression = le32 (data + 30);
    }
  if (probe->width > G_MAXINT32 || bits > 32)
    return fail (error, IVL_PROBE_BMP, "impossible width or depth");
  /* Run lengths (1, 2) give no size of their own, so the header's is taken; else rows of whole
   * words. */
  if (compression == 1 || compression == 2)
    end = le32 (data + 34);
  else
    end = ((guint64) probe->width * bits + 31) / 32 * 4 * probe->height;
  /* The padding after the last row is sometimes left out. */
  if (end + le32 (data + 10) > (guint64) size + 3)
    return fail (error, IVL_PROBE_BMP, "it ends too early");
  return TRUE;
}

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
    return fail (error, IVL_PROBE_TIFF, "the type of its samples' sizes is wrong");
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
    return fail_unsupported (error, IVL_PROBE_TIFF, "too many or too wide samples");
  probe->orientation = ivl_exif_get_orientation (data, size);
  probe_grow_area (probe, tile_width, tile_height);
  return TRUE;
}

static gboolean
has_magic (const guint8 *data,
           gsize         size,
           const char   *magic,
           gsize         length)
{
  return size >= length && memcmp (data, magic, length) == 0;
}

static gboolean
probe_find_format (const guint8   *data,
                   gsize           size,
                   IvlProbeFormat *format)
{
  if (has_magic (data, size, "\211PNG\r\n\032\n", 8))
    *format = IVL_PROBE_PNG;
  else if (has_magic (data, size, "\377\330\377", 3))
    *format = IVL_PROBE_JPEG;
  else if (has_magic (data, size, "RIFF", 4) && size >= 12 && memcmp (data + 8, "WEBP", 4) == 0)
    *format = IVL_PROBE_WEBP;
  else if (has_magic (data, size, "II*\0", 4) || has_magic (data, size, "MM\0*", 4)
           || has_magic (data, size, "II+\0", 4) || has_magic (data, size, "MM\0+", 4))
    *format = IVL_PROBE_TIFF;
  else if (has_magic (data, size, "GIF87a", 6) || has_magic (data, size, "GIF89a", 6))
    *format = IVL_PROBE_GIF;
  else if (has_magic (data, size, "BM", 2))
    *format = IVL_PROBE_BMP;
  else
    return FALSE;
  return TRUE;
}

const char *
ivl_probe_format_to_string (IvlProbeFormat format)
{
  static const char *const names[] = {
    [IVL_PROBE_PNG] = "PNG",   [IVL_PROBE_JPEG] = "JPEG", [IVL_PROBE_WEBP] = "WebP",
    [IVL_PROBE_TIFF] = "TIFF", [IVL_PROBE_GIF] = "GIF",   [IVL_PROBE_BMP] = "BMP",
  };

  return names[format];
}

gboolean
ivl_probe_read (const guint8  *data,
                gsize          size,
                IvlProbe      *probe,
                GError       **error)
{
  static gboolean (*const readers[]) (const guint8 *, gsize, IvlProbe *, GError **) = {
    [IVL_PROBE_PNG] = read_png,   [IVL_PROBE_JPEG] = read_jpeg, [IVL_PROBE_WEBP] = read_webp,
    [IVL_PROBE_TIFF] = read_tiff, [IVL_PROBE_GIF] = read_gif,   [IVL_PROBE_BMP] = read_bmp,
  };

  *probe = (IvlProbe) { .orientation = 1 };
  if (size == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "the file is empty");
      return FALSE;
    }
  if (!probe_find_format (data, size, &probe->format))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "not a picture in a format that is read here (PNG, JPEG, WebP, TIFF, GIF, BMP)");
      return FALSE;
    }
  if (!readers[probe->format](data, size, probe, error))
    return FALSE;
  if (probe->width == 0 || probe->height == 0)
    return fail (error, probe->format, "no width or height");
  probe_grow_area (probe, probe->width, probe->height);
  return TRUE;
}
