/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Picture files to RGB8: the headers are read, what they ask for is compared with the limits, and
 * only then the format's own decoder gives its pixels to the rows. */
#include "image/ivl-decode.h"

#include "image/ivl-foreign.h"
#include "image/ivl-format.h"
#include <libivl/ivl-error.h>

enum
{
  /* Of the limit: the finished picture has 3 bytes a pixel, and what a decoder takes besides is
   * bounded with it. */
  BYTES_PER_PIXEL = 3,
  BYTES_BESIDES = 16 * 1024 * 1024,
  /* Times that as many pixels as the limit may be passed over: scans of a JPEG. */
  MAX_PASSES = 16,
};

static gboolean
check_limits (const IvlProbe  *probe,
              guint64          max_pixels,
              GError         **error)
{
  const guint64 max_bytes =
      MIN (max_pixels, G_MAXUINT64 / 16) * BYTES_PER_PIXEL + BYTES_BESIDES;

  if (probe->colours.lacks_memory)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                           "not enough memory for its colour profile");
      return FALSE;
    }
  if (probe->area > max_pixels)
    {
      g_set_error (
          error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
          "%u x %u pixels need %.6g megapixels to decode, the limit is %.6g; raise max-pixels if "
          "the file can be trusted",
          probe->width, probe->height, probe->area / 1e6, max_pixels / 1e6);
      return FALSE;
    }
  if (BYTES_PER_PIXEL * probe->area + probe->extra_bytes > max_bytes)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%u x %u pixels of this %s file need %.6g MB to decode, the limit is %.6g; "
                   "raise max-pixels if the file can be trusted",
                   probe->width, probe->height, probe->format->name,
                   (BYTES_PER_PIXEL * probe->area + probe->extra_bytes) / 1e6, max_bytes / 1e6);
      return FALSE;
    }
  if (probe->work / MAX_PASSES > max_pixels)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%.6g passes over %u x %u pixels are too much work; raise max-pixels if the "
                   "file can be trusted",
                   (double) probe->work / probe->area, probe->width, probe->height);
      return FALSE;
    }
  if (probe->width > IVL_DECODE_MAX_SIDE || probe->height > IVL_DECODE_MAX_SIDE)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%u x %u pixels: a side may have %u at most", probe->width, probe->height,
                   IVL_DECODE_MAX_SIDE);
      return FALSE;
    }
  return TRUE;
}

void
ivl_decode_clear (IvlDecode *decode)
{
  g_clear_pointer (&decode->pixels, g_bytes_unref);
}

static gboolean
decode_pixels (GBytes          *bytes,
               const IvlProbe  *probe,
               IvlDecodeFlags   flags,
               GCancellable    *cancellable,
               IvlDecode       *decode,
               GError         **error)
{
  const gboolean turns =
      !(flags & IVL_DECODE_KEEP_ORIENTATION) || probe->format->stores_orientation;
  const IvlRowsOptions options = {
    .colours = flags & IVL_DECODE_KEEP_PROFILE ? NULL : &probe->colours,
    .orientation = turns ? probe->orientation : 1,
    .keep_hidden = (flags & IVL_DECODE_DROP_ALPHA) != 0,
    .cancellable = cancellable,
  };
  g_autoptr (IvlRows) rows = ivl_rows_new (probe->width, probe->height, &options);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  if (!ivl_rows_check_cancelled (rows, error)
      || !probe->format->decode (data, size, probe, rows, error))
    return FALSE;
  if (!ivl_rows_are_whole (rows))
    return ivl_format_fail (error, probe->format, "pixels are missing");
  if (!ivl_rows_composite (rows, &decode->composited, error))
    return FALSE;
  decode->n_pages = probe->n_pages;
  decode->orientation = options.orientation;
  decode->converted = ivl_rows_get_converted (rows);
  decode->pixels = ivl_rows_take (rows, &decode->width, &decode->height);
  return TRUE;
}

gboolean
ivl_decode_check_start (const guint8  *start,
                        gsize          size,
                        const char    *name,
                        GError       **error)
{
  G_STATIC_ASSERT (IVL_DECODE_START_SIZE == IVL_FOREIGN_HEAD_SIZE);

  if (ivl_format_find (start, size, error) != NULL)
    return TRUE;
  if (name != NULL)
    g_prefix_error (error, "%s: ", name);
  return FALSE;
}

gboolean
ivl_decode_bytes (GBytes          *bytes,
                  const char      *name,
                  IvlDecodeFlags   flags,
                  guint64          max_pixels,
                  GCancellable    *cancellable,
                  IvlDecode       *decode,
                  GError         **error)
{
  return ivl_decode_page (bytes, 0, name, flags, max_pixels, cancellable, decode, error);
}

gboolean
ivl_decode_page (GBytes          *bytes,
                 guint            page,
                 const char      *name,
                 IvlDecodeFlags   flags,
                 guint64          max_pixels,
                 GCancellable    *cancellable,
                 IvlDecode       *decode,
                 GError         **error)
{
  g_auto (IvlProbe) probe = { NULL };
  g_autoptr (GError) cause = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  *decode = (IvlDecode) { NULL };
  if (ivl_format_probe (data, size, page, &probe, &cause)
      && check_limits (&probe, max_pixels, &cause)
      && decode_pixels (bytes, &probe, flags, cancellable, decode, &cause))
    return TRUE;
  if (name != NULL && cause->domain == IVL_ERROR)
    g_prefix_error (&cause, "%s: ", name);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}
