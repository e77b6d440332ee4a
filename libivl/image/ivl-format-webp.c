/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WebP files through libwebp: the picture, or the first frame of an animation. */
#include "image/ivl-format.h"

#include "image/ivl-exif.h"
#include <libivl/ivl-error.h>
#include <string.h>
#include <webp/decode.h>

enum
{
  PIECE_SIZE = 64 * 1024, /* bytes between two looks at the cancellable */
  FRAME_HEAD = 16,
  FLAG_ALPHA = 0x10,
  FLAG_EXIF = 0x08,
};

/* Where the first pixels are. */
typedef struct
{
  const guint8 *data; /* what libwebp is given */
  gsize         size;
  guint32       left; /* of a frame in the canvas */
  guint32       top;
  guint32       width;
  guint32       height;
  gboolean      has_alpha;
  gboolean      is_lossless;
  gboolean      is_frame; /* of an animation */
} Picture;

static gboolean
fail (GError     **error,
      const char  *why)
{
  return ivl_format_fail (error, &ivl_format_webp, why);
}

static gboolean
chunk_is (const guint8 *chunk,
          const char   *type)
{
  return memcmp (chunk, type, 4) == 0;
}

/* The size of a VP8 or VP8L chunk's picture; FALSE for other chunks. */
static gboolean
take_bitstream (Picture      *picture,
                const guint8 *chunk,
                guint32       length)
{
  const guint8 *p = chunk + 8;

  if (chunk_is (chunk, "VP8 ") && length >= 10)
    {
      picture->width = ivl_le16 (p + 6) & 0x3fff;
      picture->height = ivl_le16 (p + 8) & 0x3fff;
      return TRUE;
    }
  if (chunk_is (chunk, "VP8L") && length >= 5)
    {
      const guint32 sizes = ivl_le32 (p + 1);

      picture->width = (sizes & 0x3fff) + 1;
      picture->height = (sizes >> 14 & 0x3fff) + 1;
      picture->has_alpha |= sizes >> 28 & 1;
      picture->is_lossless = TRUE;
      return TRUE;
    }
  return FALSE;
}

/* ANMF: place, size, and chunks as those of a still picture. */
static gboolean
take_frame (Picture       *picture,
            const guint8  *chunk,
            guint32        length,
            GError       **error)
{
  const guint8 *data = chunk + 8;
  guint32 width;
  guint32 height;

  if (length < FRAME_HEAD)
    return fail (error, "a frame has no header");
  picture->is_frame = TRUE;
  picture->left = ivl_le24 (data) * 2;
  picture->top = ivl_le24 (data + 3) * 2;
  width = ivl_le24 (data + 6) + 1;
  height = ivl_le24 (data + 9) + 1;
  for (guint32 at = FRAME_HEAD; length - at >= 8;)
    {
      const guint32 n = ivl_le32 (data + at + 4);

      if (n > length - at - 8)
        break;
      if (chunk_is (data + at, "ALPH") && picture->data == NULL)
        {
          picture->data = data + at;
          picture->has_alpha = TRUE;
        }
      if (take_bitstream (picture, data + at, n))
        {
          if (picture->data == NULL)
            picture->data = data + at;
          picture->size = data + at + 8 + n - picture->data;
          return (picture->width == width && picture->height == height)
                 || ivl_format_fail_size (error, &ivl_format_webp);
        }
      at += 8 + MIN (n + (n & 1), length - at - 8);
    }
  return fail (error, "its first frame has no pixels");
}

/* What the chunks say besides. */
typedef struct
{
  guint32       width; /* of VP8X; 0: there is none */
  guint32       height;
  guint         flags;
  const guint8 *icc;
  guint32       icc_size;
  guint         orientation; /* 0: no EXIF */
} Extended;

static void
take_extra (Extended     *extended,
            const guint8 *chunk,
            guint32       length)
{
  const guint8 *p = chunk + 8;

  if (chunk_is (chunk, "VP8X") && length >= 10 && extended->width == 0)
    {
      extended->flags = p[0];
      extended->width = ivl_le24 (p + 4) + 1;
      extended->height = ivl_le24 (p + 7) + 1;
    }
  else if (chunk_is (chunk, "EXIF") && extended->orientation == 0)
    extended->orientation = ivl_exif_get_orientation (p, length);
  else if (chunk_is (chunk, "ICCP") && extended->icc == NULL && length > 0)
    {
      extended->icc = p;
      extended->icc_size = length;
    }
}

/* RIFF: chunks of type, length, data, padded to even lengths. A file may end behind its first
 * pixels, if nothing is missing but later frames. */
static gboolean
walk_chunks (const guint8  *data,
             gsize          size,
             Picture       *picture,
             Extended      *extended,
             GError       **error)
{
  const guint64 end = (guint64) ivl_le32 (data + 4) + 8;
  const guint8 *alpha = NULL;
  gsize at = 12;

  *picture = (Picture) { NULL };
  *extended = (Extended) { 0 };
  while (at < MIN (end, size) && MIN (end, size) - at >= 8)
    {
      const guint8 *chunk = data + at;
      const guint32 length = ivl_le32 (chunk + 4);

      if (length > MIN (end, size) - at - 8)
        break;
      if (chunk_is (chunk, "ALPH") && alpha == NULL)
        alpha = chunk;
      if (picture->size == 0 && chunk_is (chunk, "ANMF"))
        {
          if (!take_frame (picture, chunk, length, error))
            return FALSE;
        }
      else if (picture->size == 0 && take_bitstream (picture, chunk, length))
        {
          picture->has_alpha |= alpha != NULL;
          picture->data = alpha != NULL ? alpha : chunk;
          picture->size = chunk + 8 + length - picture->data;
        }
      else
        take_extra (extended, chunk, length);
      at += MIN (8 + (gsize) length + (length & 1), size - at);
    }
  if (picture->size == 0)
    return fail (error, end > size ? "it ends too early" : "no pixels");
  if (end > size && (extended->flags & FLAG_EXIF) && extended->orientation == 0)
    return fail (error, "it ends too early");
  return TRUE;
}

/* The canvas is VP8X's, and a still picture fills it. */
static gboolean
probe_webp (const guint8  *data,
            gsize          size,
            IvlProbe      *probe,
            GError       **error)
{
  Extended extended;
  Picture picture;

  if (!walk_chunks (data, size, &picture, &extended, error))
    return FALSE;
  if (extended.width == 0 && picture.is_frame)
    return fail (error, "an animation without a canvas");
  probe->width = extended.width != 0 ? extended.width : picture.width;
  probe->height = extended.width != 0 ? extended.height : picture.height;
  ivl_probe_grow_area (probe, picture.width, picture.height);
  if (extended.orientation != 0)
    probe->orientation = extended.orientation;
  if (extended.icc != NULL)
    ivl_colour_space_set_icc (&probe->colours, extended.icc, extended.icc_size);
  /* libwebp holds a lossless picture, or its alpha, with 4 bytes a pixel; and the rows get one
   * more a pixel with alpha, or all of them beside the picture that is turned. */
  probe->extra_bytes = (guint64) picture.width * picture.height
                       * (picture.is_lossless || picture.has_alpha ? 4 : 0);
  probe->extra_bytes +=
      (guint64) probe->width * probe->height
      * ((picture.has_alpha || picture.is_frame ? 1 : 0) + (probe->orientation != 1 ? 3 : 0));
  return TRUE;
}

static gboolean
fail_status (VP8StatusCode   status,
             GError        **error)
{
  if (status == VP8_STATUS_SUSPENDED || status == VP8_STATUS_NOT_ENOUGH_DATA)
    return fail (error, "its pixels end too early");
  if (status != VP8_STATUS_OUT_OF_MEMORY)
    return fail (error, "its pixels cannot be decoded");
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "not enough memory to decode WebP");
  return FALSE;
}

/* Fills what the picture covers of a canvas with `stride` bytes a row. */
static gboolean
fill_canvas (const Picture     *picture,
             WebPDecoderConfig *config,
             IvlRows           *rows,
             GError           **error)
{
  WebPIDecoder *decoder = WebPIDecode (NULL, 0, config);
  VP8StatusCode status = VP8_STATUS_SUSPENDED;
  gsize n = 0;

  if (decoder == NULL)
    return fail_status (VP8_STATUS_OUT_OF_MEMORY, error);
  while (status == VP8_STATUS_SUSPENDED && n < picture->size)
    {
      n += MIN (picture->size - n, PIECE_SIZE);
      if (!ivl_rows_check_cancelled (rows, error))
        {
          WebPIDelete (decoder);
          return FALSE;
        }
      status = WebPIUpdate (decoder, picture->data, n);
    }
  WebPIDelete (decoder);
  return status == VP8_STATUS_OK || fail_status (status, error);
}

static gboolean
decode_webp (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  IvlLayout layout = { IVL_COLOURS_RGB, 8, FALSE, FALSE };
  WebPDecoderConfig config;
  Extended extended;
  Picture picture;
  guint8 *canvas;
  gsize stride;
  gsize n;

  if (!walk_chunks (data, size, &picture, &extended, error))
    return FALSE;
  if (picture.left + (guint64) picture.width > probe->width
      || picture.top + (guint64) picture.height > probe->height
      || (!picture.is_frame
          && (picture.width != probe->width || picture.height != probe->height)))
    return ivl_format_fail_size (error, &ivl_format_webp);
  layout.has_alpha = picture.has_alpha || picture.is_frame;
  n = layout.has_alpha ? 4 : 3;
  canvas = ivl_rows_begin_canvas (rows, &layout, error);
  if (canvas == NULL)
    return FALSE;
  stride = probe->width * n;
  WebPInitDecoderConfig (&config);
  config.output.colorspace = layout.has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = TRUE;
  config.output.u.RGBA.rgba = canvas + picture.top * stride + picture.left * n;
  config.output.u.RGBA.stride = stride;
  config.output.u.RGBA.size = (picture.height - 1) * stride + picture.width * n;
  return fill_canvas (&picture, &config, rows, error) && ivl_rows_put_canvas (rows, error);
}

static gboolean
sniff_webp (const guint8 *data,
            gsize         size)
{
  return size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0;
}

const IvlFormat ivl_format_webp = {
  .name = "WebP",
  .sniff = sniff_webp,
  .probe = probe_webp,
  .decode = decode_webp,
};
