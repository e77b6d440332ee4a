/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WebP through libwebp itself. GdkPixbuf's loader differs by release: 0.2.7 (Debian 13) leaves out
 * libwebp's smooth chroma upsampling (up to 45 levels at coloured edges) and multiplies by alpha
 * and back, 0.2.1 (Debian 12) takes truncated files and hides colour profiles. */
#include "image/ivl-webp.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged WebP file: %s", why);
  return FALSE;
}

static gboolean
decode_still (const guint8  *data,
              gsize          size,
              GdkPixbuf     *pixbuf,
              GError       **error)
{
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);
  const int stride = gdk_pixbuf_get_rowstride (pixbuf);
  const gsize room = (gsize) stride * gdk_pixbuf_get_height (pixbuf);
  const guint8 *done;

  if (gdk_pixbuf_get_has_alpha (pixbuf))
    done = WebPDecodeRGBAInto (data, size, pixels, room, stride);
  else
    done = WebPDecodeRGBInto (data, size, pixels, room, stride);
  return done != NULL || fail (error, "its pixels cannot be decoded");
}

static gboolean
decode_first_frame (const guint8  *data,
                    gsize          size,
                    GdkPixbuf     *pixbuf,
                    GError       **error)
{
  const WebPData file = { data, size };
  const gsize row_size = (gsize) gdk_pixbuf_get_width (pixbuf) * 4;
  const gsize height = gdk_pixbuf_get_height (pixbuf);
  guint8 *pixels = gdk_pixbuf_get_pixels (pixbuf);
  const gsize stride = gdk_pixbuf_get_rowstride (pixbuf);
  WebPAnimDecoder *decoder = WebPAnimDecoderNew (&file, NULL);
  WebPAnimInfo info;
  guint8 *frame; /* [height, width, 4], the decoder's own */
  int time;
  gboolean done;

  if (decoder == NULL)
    return fail (error, "its frames cannot be found");
  done = WebPAnimDecoderGetInfo (decoder, &info) && info.canvas_width * (gsize) 4 == row_size
         && info.canvas_height == height && WebPAnimDecoderGetNext (decoder, &frame, &time);
  for (gsize y = 0; done && y < height; y++)
    memcpy (pixels + y * stride, frame + y * row_size, row_size);
  WebPAnimDecoderDelete (decoder);
  return done || fail (error, "its first frame cannot be decoded");
}

GdkPixbuf *
ivl_webp_decode (const guint8  *data,
                 gsize          size,
                 guint          width,
                 guint          height,
                 GError       **error)
{
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  WebPBitstreamFeatures features;

  if (WebPGetFeatures (data, size, &features) != VP8_STATUS_OK)
    {
      fail (error, "no header");
      return NULL;
    }
  if ((guint) features.width != width || (guint) features.height != height)
    {
      fail (error, "its parts disagree about its size");
      return NULL;
    }
  pixbuf = gdk_pixbuf_new (GDK_COLORSPACE_RGB, features.has_alpha || features.has_animation, 8,
                           width, height);
  if (pixbuf == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "not enough memory for %u x %u pixels",
                   width, height);
      return NULL;
    }
  if (!(features.has_animation ? decode_first_frame : decode_still) (data, size, pixbuf, error))
    return NULL;
  return g_steal_pointer (&pixbuf);
}
