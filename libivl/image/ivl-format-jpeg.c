/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JPEG pixels through libjpeg-turbo, with the choices that Pillow makes: accurate DCT, smooth
 * chroma upsampling. */
#include "image/ivl-jpeg-segments.h"

/* jpeglib.h wants FILE before it. */
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <libivl/ivl-error.h>
#include <setjmp.h>
#include <string.h>

/* All that outlives a longjmp() out of libjpeg. The first three are found by their addresses. */
typedef struct
{
  struct jpeg_decompress_struct jpeg;
  struct jpeg_error_mgr         errors;
  struct jpeg_progress_mgr      progress;
  jmp_buf                       jump;
  const IvlProbe               *probe;
  IvlRows                      *rows;
  guint8                       *row;          /* (owned) */
  gboolean                      hit_end;      /* libjpeg made up an end mark */
  gboolean                      lost_pixels;
  GError                       *cause;        /* (owned) of the rows, or a limit */
} Reader;

static void
reader_clear (Reader *self)
{
  jpeg_destroy_decompress (&self->jpeg);
  g_free (self->row);
  g_clear_error (&self->cause);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static Reader *
reader_of (j_common_ptr jpeg)
{
  return jpeg->client_data;
}

static G_NORETURN void
on_error (j_common_ptr jpeg)
{
  longjmp (reader_of (jpeg)->jump, 1);
}

/* Warnings: other faults of the data change colours here and there, as every viewer shows them. */
static void
on_message (j_common_ptr jpeg,
            int          level)
{
  const int code = jpeg->err->msg_code;

  if (level >= 0)
    return;
  if (code == JWRN_JPEG_EOF)
    reader_of (jpeg)->hit_end = TRUE;
  else if (code == JWRN_HIT_MARKER || code == JWRN_MUST_RESYNC)
    reader_of (jpeg)->lost_pixels = TRUE;
}

static void
on_output (j_common_ptr jpeg)
{
}

/* Called now and then also while all scans are read, before the first row. */
static void
on_progress (j_common_ptr jpeg)
{
  Reader *self = reader_of (jpeg);

  if (self->jpeg.input_scan_number > IVL_JPEG_MAX_SCANS)
    ivl_format_fail_unsupported (&self->cause, &ivl_format_jpeg, "more than 100 scans");
  else if (ivl_rows_check_cancelled (self->rows, &self->cause))
    return;
  longjmp (self->jump, 1);
}

static gboolean
choose_colours (Reader    *self,
                IvlLayout *layout)
{
  J_COLOR_SPACE *out = &self->jpeg.out_color_space;

  switch (self->jpeg.jpeg_color_space)
    {
    case JCS_GRAYSCALE:
      *out = JCS_GRAYSCALE;
      layout->colours = IVL_COLOURS_GRAY;
      return TRUE;
    case JCS_RGB:
    case JCS_YCbCr:
      *out = JCS_RGB;
      layout->colours = IVL_COLOURS_RGB;
      return TRUE;
    case JCS_CMYK:
    case JCS_YCCK:
      *out = JCS_CMYK;
      layout->colours = IVL_COLOURS_CMYK;
      return TRUE;
    default:
      return ivl_format_fail_unsupported (&self->cause, &ivl_format_jpeg,
                                          "its number of colours is not 1, 3 or 4");
    }
}

/* Ink is stored upside down by Adobe's convention, which all follow; Pillow does not ask either. */
static void
invert (guint8 *samples,
        gsize   n)
{
  for (gsize i = 0; i < n; i++)
    samples[i] = 255 - samples[i];
}

/* A progressive picture whose later scans are missing is whole, but coarse. */
static gboolean
has_all_scans (Reader *self)
{
  if (self->jpeg.coef_bits == NULL)
    return TRUE;
  for (int c = 0; c < self->jpeg.num_components; c++)
    for (guint i = 0; i < DCTSIZE2; i++)
      if (self->jpeg.coef_bits[c][i] != 0)
        return FALSE;
  return TRUE;
}

/* Only the end mark may be missing. Arithmetic coding reads zeros behind its data without a word,
 * so that nobody can tell. */
static gboolean
check_whole (Reader *self)
{
  if (self->hit_end && (self->jpeg.arith_code || self->lost_pixels || !has_all_scans (self)))
    return ivl_format_fail (&self->cause, &ivl_format_jpeg, "it ends too early");
  return !self->lost_pixels
         || ivl_format_fail (&self->cause, &ivl_format_jpeg, "pixels are missing");
}

/* FALSE: cause is set. Errors of libjpeg do not return. */
static gboolean
read_rows (Reader *self)
{
  IvlLayout layout = { .bits = 8 };
  gsize row_size;

  jpeg_read_header (&self->jpeg, TRUE);
  if (self->jpeg.image_width != self->probe->width
      || self->jpeg.image_height != self->probe->height)
    return ivl_format_fail_size (&self->cause, &ivl_format_jpeg);
  if (!choose_colours (self, &layout))
    return FALSE;
  jpeg_start_decompress (&self->jpeg);
  row_size = (gsize) self->jpeg.output_width * self->jpeg.output_components;
  self->row = g_malloc (row_size);
  if (!ivl_rows_begin (self->rows, &layout, &self->cause))
    return FALSE;
  while (self->jpeg.output_scanline < self->jpeg.output_height)
    {
      const guint32 y = self->jpeg.output_scanline;

      jpeg_read_scanlines (&self->jpeg, &self->row, 1);
      if (layout.colours == IVL_COLOURS_CMYK)
        invert (self->row, row_size);
      if (!ivl_rows_put (self->rows, 0, y, 1, self->probe->width, self->row, &self->cause))
        return FALSE;
    }
  return check_whole (self);
}

static void
take_error (Reader  *self,
            GError **error)
{
  char message[JMSG_LENGTH_MAX];
  IvlError code = IVL_ERROR_INVALID_DATA;

  if (self->cause != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->cause));
      return;
    }
  self->errors.format_message ((j_common_ptr) &self->jpeg, message);
  switch (self->errors.msg_code)
    {
    case JERR_OUT_OF_MEMORY:
      code = IVL_ERROR_NO_MEMORY;
      break;
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_BAD_PRECISION:
      code = IVL_ERROR_UNSUPPORTED;
      break;
    default:
      break;
    }
  g_set_error (error, IVL_ERROR, code, "%s file: %s",
               code == IVL_ERROR_INVALID_DATA ? "damaged JPEG" : "JPEG", message);
}

static gboolean
decode_jpeg (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  g_auto (Reader) self = { .probe = probe, .rows = rows };

  self.jpeg.err = jpeg_std_error (&self.errors);
  self.jpeg.client_data = &self;
  self.errors.error_exit = on_error;
  self.errors.emit_message = on_message;
  self.errors.output_message = on_output;
  self.progress.progress_monitor = on_progress;
  if (setjmp (self.jump) == 0)
    {
      jpeg_create_decompress (&self.jpeg);
      self.jpeg.progress = &self.progress;
      jpeg_mem_src (&self.jpeg, data, size);
      if (read_rows (&self))
        return TRUE;
    }
  take_error (&self, error);
  return FALSE;
}

static gboolean
sniff_jpeg (const guint8 *data,
            gsize         size)
{
  return size >= 3 && memcmp (data, "\377\330\377", 3) == 0;
}

const IvlFormat ivl_format_jpeg = {
  .name = "JPEG",
  .sniff = sniff_jpeg,
  .probe = ivl_jpeg_segments_read,
  .decode = decode_jpeg,
};
