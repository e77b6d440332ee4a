/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Picture files to RGB8 through GdkPixbuf, WebP through libwebp. The headers are probed first
 * and only the loader of the format found is opened, so the many others that a desktop installs
 * are never reached. */
#include "image/ivl-decode.h"

#include "image/ivl-probe.h"
#include "image/ivl-profile.h"
#include "image/ivl-webp.h"
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  WRITE_SIZE = 256 * 1024, /* bytes between two looks at the cancellable */
};

/* What the loader reported about the picture on its way. */
typedef struct
{
  const IvlProbe *probe;
  guint8         *row_seen; /* (owned) [height] */
  gboolean        wrong_size;
} Watch;

static void
watch_clear (Watch *watch)
{
  g_free (watch->row_seen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

static void
on_size_prepared (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         data)
{
  Watch *watch = data;

  if ((guint) width == watch->probe->width && (guint) height == watch->probe->height)
    return;
  watch->wrong_size = TRUE;
  /* Makes the loader give up before it allocates. */
  gdk_pixbuf_loader_set_size (loader, 0, 0);
}

static void
on_area_updated (GdkPixbufLoader *loader,
                 int              x,
                 int              y,
                 int              width,
                 int              height,
                 gpointer         data)
{
  Watch *watch = data;
  guint first = CLAMP (y, 0, (int) watch->probe->height);
  guint end = CLAMP ((gint64) y + height, first, watch->probe->height);

  memset (watch->row_seen + first, 1, end - first);
}

static void
take_loader_error (GError         **error,
                   GError          *cause, /* (transfer full) */
                   const IvlProbe  *probe)
{
  g_autoptr (GError) owned = cause;
  IvlError code = IVL_ERROR_INVALID_DATA;

  if (g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY))
    code = IVL_ERROR_NO_MEMORY;
  else if (g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNKNOWN_TYPE)
           || g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNSUPPORTED_OPERATION))
    code = IVL_ERROR_UNSUPPORTED;
  g_set_error (error, IVL_ERROR, code, "%s file: %s", ivl_probe_format_to_string (probe->format),
               cause->message);
}

static gboolean
loader_write (GdkPixbufLoader  *loader,
              GBytes           *bytes,
              Watch            *watch,
              GCancellable     *cancellable,
              GError          **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  GError *cause = NULL;

  for (gsize at = 0; at < size && !watch->wrong_size; at += WRITE_SIZE)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!gdk_pixbuf_loader_write (loader, data + at, MIN (size - at, WRITE_SIZE), &cause))
        {
          take_loader_error (error, cause, watch->probe);
          return FALSE;
        }
    }
  return TRUE;
}

/* The rows that no update named were never decoded. */
static gboolean
watch_check (const Watch      *watch,
             const GdkPixbuf  *pixbuf,
             GError          **error)
{
  const IvlProbe *probe = watch->probe;

  if (watch->wrong_size
      || (pixbuf != NULL
          && ((guint) gdk_pixbuf_get_width (pixbuf) != probe->width
              || (guint) gdk_pixbuf_get_height (pixbuf) != probe->height)))
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "damaged %s file: its parts disagree about its size",
                 ivl_probe_format_to_string (probe->format));
  else if (pixbuf == NULL || memchr (watch->row_seen, 0, probe->height) != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged %s file: pixels are missing",
                 ivl_probe_format_to_string (probe->format));
  else
    return TRUE;
  return FALSE;
}

static GdkPixbufLoader *
loader_new (const IvlProbe  *probe,
            GError         **error)
{
  g_autofree char *type = g_ascii_strdown (ivl_probe_format_to_string (probe->format), -1);
  GError *cause = NULL;
  GdkPixbufLoader *loader = gdk_pixbuf_loader_new_with_type (type, &cause);

  if (loader == NULL)
    {
      take_loader_error (error, cause, probe);
      g_prefix_error (error, "no GdkPixbuf loader is installed for this format: ");
    }
  return loader;
}

static GdkPixbuf *
load_pixbuf (GBytes          *bytes,
             const IvlProbe  *probe,
             GCancellable    *cancellable,
             GError         **error)
{
  g_auto (Watch) watch = { .probe = probe, .row_seen = g_malloc0 (probe->height) };
  g_autoptr (GdkPixbufLoader) loader = loader_new (probe, error);
  g_autoptr (GError) write_error = NULL;
  GdkPixbuf *pixbuf;
  GError *cause = NULL;

  if (loader == NULL)
    return NULL;
  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared), &watch);
  g_signal_connect (loader, "area-updated", G_CALLBACK (on_area_updated), &watch);
  loader_write (loader, bytes, &watch, cancellable, &write_error);
  gdk_pixbuf_loader_close (loader, &cause);
  if (watch.wrong_size || write_error != NULL)
    g_clear_error (&cause);
  if (watch.wrong_size)
    {
      watch_check (&watch, NULL, error);
      return NULL;
    }
  if (write_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&write_error));
      return NULL;
    }
  if (cause != NULL)
    {
      take_loader_error (error, cause, probe);
      return NULL;
    }
  pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (!watch_check (&watch, pixbuf, error))
    return NULL;
  return g_object_ref (pixbuf);
}

/* libtiff gives colours multiplied by alpha. */
static void
row_unpremultiply (guint8 *row,
                   guint   width)
{
  for (guint8 *p = row; width > 0; width--, p += 4)
    if (p[3] != 0 && p[3] != 255)
      for (guint c = 0; c < 3; c++)
        p[c] = MIN ((p[c] * 255 + p[3] / 2) / p[3], 255);
}

/* TRUE if some pixel was transparent. */
static gboolean
row_composite (guint8 *row,
               guint   width)
{
  gboolean seen = FALSE;

  for (guint8 *p = row; width > 0; width--, p += 4)
    if (p[3] != 255)
      {
        for (guint c = 0; c < 3; c++)
          p[c] = (p[c] * p[3] + 255 * (255 - p[3]) + 127) / 255;
        seen = TRUE;
      }
  return seen;
}

/* src may overlap dst from above. */
static void
row_pack (guint8       *dst,
          const guint8 *src,
          guint         width,
          guint         n_channels)
{
  if (n_channels == 3)
    {
      memmove (dst, src, (gsize) width * 3);
      return;
    }
  for (; width > 0; width--, dst += 3, src += 4)
    {
      dst[0] = src[0];
      dst[1] = src[1];
      dst[2] = src[2];
    }
}

static IvlProfile *
find_profile (GdkPixbuf      *pixbuf,
              const IvlProbe *probe)
{
  const char *option = gdk_pixbuf_get_option (pixbuf, "icc-profile");
  guint n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  g_autofree guint8 *icc = NULL;
  gsize size;

  if (option != NULL)
    {
      icc = g_base64_decode (option, &size);
      return ivl_profile_new (icc, size, n_channels);
    }
  if (probe->icc != NULL)
    return ivl_profile_new (probe->icc, probe->icc_size, n_channels);
  return NULL;
}

/* Turns the pixbuf's own buffer into packed RGB: no second one for a picture that is not
 * rotated. */
static guint8 *
pixbuf_to_rgb (GdkPixbuf      *pixbuf,
               const IvlProbe *probe,
               IvlDecodeFlags  flags,
               IvlDecode      *decode)
{
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);
  const guint width = gdk_pixbuf_get_width (pixbuf);
  const guint height = gdk_pixbuf_get_height (pixbuf);
  const gsize stride = gdk_pixbuf_get_rowstride (pixbuf);
  const guint n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  const gboolean has_alpha = n_channels == 4;
  g_autoptr (IvlProfile) profile = NULL;

  if (!(flags & IVL_DECODE_KEEP_PROFILE))
    profile = find_profile (pixbuf, probe);
  decode->converted = profile != NULL;
  for (gsize y = 0; y < height; y++)
    {
      guint8 *row = pixels + y * stride;

      if (has_alpha && probe->format == IVL_PROBE_TIFF)
        row_unpremultiply (row, width);
      if (profile != NULL)
        ivl_profile_convert (profile, row, width);
      if (has_alpha && !(flags & IVL_DECODE_DROP_ALPHA) && row_composite (row, width))
        decode->composited = TRUE;
      row_pack (pixels + y * width * 3, row, width, n_channels);
    }
  return pixels;
}

/* Pixel (x, y) of the upright picture is at origin + x * step_x + y * step_y in the stored one. */
static gboolean
rotate (const guint8 *src,
        guint         width,
        guint         height,
        guint         orientation,
        guint8       *dst)
{
  const gssize row = (gssize) width * 3;
  const gboolean swapped = orientation >= 5;
  /* Orientations of TIFF 6.0: which stored corner is the upright picture's first pixel. */
  const gboolean from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const gboolean from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const gssize along = from_right ? -3 : 3;
  const gssize down = from_bottom ? -row : row;
  const gssize step_x = swapped ? down : along;
  const gssize step_y = swapped ? along : down;

  src += (from_right ? row - 3 : 0) + (from_bottom ? (gssize) (height - 1) * row : 0);
  for (gsize y = 0; y < (swapped ? width : height); y++)
    {
      const guint8 *p = src + (gssize) y * step_y;

      for (gsize x = 0; x < (swapped ? height : width); x++, p += step_x, dst += 3)
        memcpy (dst, p, 3);
    }
  return swapped;
}

/* The rotation still to be done. libtiff has mirrored TIFF pixels already but never swaps the axes;
 * GdkPixbuf then says how to get from what it did to what was asked. */
static guint
find_rotation (GdkPixbuf      *pixbuf,
               const IvlProbe *probe,
               IvlDecodeFlags  flags)
{
  const char *option;

  if (probe->format != IVL_PROBE_TIFF)
    return flags & IVL_DECODE_KEEP_ORIENTATION ? 1 : probe->orientation;
  option = gdk_pixbuf_get_option (pixbuf, "orientation");
  return option != NULL && (strcmp (option, "5") == 0 || strcmp (option, "7") == 0)
             ? option[0] - '0'
             : 1;
}

static gboolean
finish_pixels (GdkPixbuf       *pixbuf,
               const IvlProbe  *probe,
               IvlDecodeFlags   flags,
               IvlDecode       *decode,
               GError         **error)
{
  const gsize size = (gsize) probe->width * probe->height * 3;
  const guint rotation = find_rotation (pixbuf, probe, flags);
  guint8 *pixels = pixbuf_to_rgb (pixbuf, probe, flags, decode);
  g_autofree guint8 *rotated = NULL;
  gboolean swapped;

  decode->width = probe->width;
  decode->height = probe->height;
  decode->orientation = probe->format == IVL_PROBE_TIFF ? probe->orientation : rotation;
  if (rotation == 1)
    {
      decode->pixels =
          g_bytes_new_with_free_func (pixels, size, g_object_unref, g_object_ref (pixbuf));
      return TRUE;
    }
  rotated = g_try_malloc (size);
  if (rotated == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "not enough memory for %" G_GSIZE_FORMAT " bytes to turn the picture upright",
                   size);
      return FALSE;
    }
  swapped = rotate (pixels, probe->width, probe->height, rotation, rotated);
  decode->width = swapped ? probe->height : probe->width;
  decode->height = swapped ? probe->width : probe->height;
  decode->pixels = g_bytes_new_take (g_steal_pointer (&rotated), size);
  return TRUE;
}

static gboolean
check_limits (const IvlProbe  *probe,
              guint64          max_pixels,
              GError         **error)
{
  if (probe->area > max_pixels)
    {
      g_set_error (
          error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
          "%u x %u pixels need %.6g megapixels to decode, the limit is %.6g; raise max-pixels if "
          "the file can be trusted",
          probe->width, probe->height, probe->area / 1e6, max_pixels / 1e6);
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

gboolean
ivl_decode_bytes (GBytes          *bytes,
                  const char      *name,
                  IvlDecodeFlags   flags,
                  guint64          max_pixels,
                  GCancellable    *cancellable,
                  IvlDecode       *decode,
                  GError         **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autoptr (GError) cause = NULL;
  IvlProbe probe;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  *decode = (IvlDecode) { NULL };
  if (ivl_probe_read (data, size, &probe, &cause) && check_limits (&probe, max_pixels, &cause)
      && !g_cancellable_set_error_if_cancelled (cancellable, &cause))
    {
      if (probe.format == IVL_PROBE_WEBP)
        pixbuf = ivl_webp_decode (data, size, probe.width, probe.height, &cause);
      else
        pixbuf = load_pixbuf (bytes, &probe, cancellable, &cause);
    }
  if (pixbuf != NULL && finish_pixels (pixbuf, &probe, flags, decode, &cause))
    return TRUE;
  if (name != NULL && cause->domain == IVL_ERROR)
    g_prefix_error (&cause, "%s: ", name);
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}
