/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PNG files. libpng sees what pixels need: the chunks about colours and orientation are read here,
 * the others are passed over, so that nothing is unpacked that nobody asks for. */
#include "image/ivl-format.h"

#include "image/ivl-png-chunks.h"
#include <png.h>
#include <string.h>

/* All that outlives a longjmp() of libpng. */
typedef struct
{
  const IvlProbe *probe;
  IvlRows        *rows;
  const guint8   *data;
  gsize           size;
  gsize           at;
  gboolean        hit_end;   /* more was asked for than there is */
  png_structp     png;
  png_infop       info;
  guint8         *row;       /* (owned) the row that is read */
  guint           pass;      /* of interlacing */
  guint32         y;         /* of the pass */
  guint           n_passes;
  char            message[160];
  GError         *cause;     /* (owned) of the rows */
} Reader;

static void
reader_clear (Reader *self)
{
  png_destroy_read_struct (&self->png, &self->info, NULL);
  g_free (self->row);
  g_clear_error (&self->cause);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static void
on_read (png_structp png,
         png_bytep   out,
         size_t      n)
{
  Reader *self = png_get_io_ptr (png);

  if (n > self->size - self->at)
    {
      self->hit_end = TRUE;
      png_error (png, "it ends too early");
    }
  memcpy (out, self->data + self->at, n);
  self->at += n;
}

static void
on_error (png_structp png,
          const char *message)
{
  Reader *self = png_get_error_ptr (png);

  g_strlcpy (self->message, message, sizeof self->message);
  png_longjmp (png, 1);
}

static void
on_warning (png_structp png,
            const char *message)
{
}

/* The size of a pass of Adam7, in pixels; of the only one of other pictures. */
static guint32
get_columns (const Reader *self,
             guint         pass)
{
  return self->n_passes == 1 ? self->probe->width : PNG_PASS_COLS (self->probe->width, pass);
}

static guint32
get_rows (const Reader *self,
          guint         pass)
{
  return self->n_passes == 1 ? self->probe->height : PNG_PASS_ROWS (self->probe->height, pass);
}

/* A pixel of an interlaced picture comes once, in its pass. */
static gboolean
put_row (Reader *self)
{
  const guint pass = self->pass;
  const guint32 columns = get_columns (self, pass);

  if (self->n_passes == 1)
    return ivl_rows_put (self->rows, 0, self->y, 1, columns, self->row, &self->cause);
  return ivl_rows_put (self->rows, PNG_PASS_START_COL (pass), PNG_ROW_FROM_PASS_ROW (self->y, pass),
                       PNG_PASS_COL_OFFSET (pass), columns, self->row, &self->cause);
}

static gboolean
begin (Reader *self)
{
  IvlLayout layout = { IVL_COLOURS_RGB, 8, FALSE, FALSE };
  guint type;

  png_read_info (self->png, self->info);
  if (png_get_image_width (self->png, self->info) != self->probe->width
      || png_get_image_height (self->png, self->info) != self->probe->height)
    png_error (self->png, "its parts disagree about its size");
  if (png_get_interlace_type (self->png, self->info) != PNG_INTERLACE_NONE)
    self->n_passes = PNG_INTERLACE_ADAM7_PASSES;
  /* Palettes to RGB, tRNS to alpha; of 16 bits the upper byte, before a profile is applied, so that
   * the same numbers come from GIMP's layers and from Pillow. */
  png_set_expand (self->png);
  png_set_strip_16 (self->png);
  png_read_update_info (self->png, self->info);
  type = png_get_color_type (self->png, self->info);
  if (!(type & PNG_COLOR_MASK_COLOR))
    layout.colours = IVL_COLOURS_GRAY;
  layout.has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
  self->row = g_try_malloc (png_get_rowbytes (self->png, self->info));
  if (self->row == NULL)
    png_error (self->png, "not enough memory for a row");
  return ivl_rows_begin (self->rows, &layout, &self->cause);
}

/* FALSE: cause is set. Errors of libpng do not return. */
static gboolean
read_rows (Reader *self)
{
  if (!begin (self))
    return FALSE;
  for (self->pass = 0; self->pass < self->n_passes; self->pass++)
    for (self->y = 0; get_columns (self, self->pass) > 0 && self->y < get_rows (self, self->pass);
         self->y++)
      {
        png_read_row (self->png, self->row, NULL);
        if (!put_row (self))
          return FALSE;
      }
  return TRUE;
}

/* After its last row libpng looks for the end of the compressed data and their checksum; a file
 * that ends there has all its pixels. */
static gboolean
lacks_only_its_end (const Reader *self)
{
  if (!self->hit_end || self->row == NULL)
    return FALSE;
  if (self->n_passes > 1)
    return png_get_current_pass_number (self->png) >= self->n_passes;
  return png_get_current_row_number (self->png) >= self->probe->height;
}

static gboolean
fail (Reader  *self,
      GError **error)
{
  if (self->cause != NULL)
    g_propagate_error (error, g_steal_pointer (&self->cause));
  else if (self->hit_end)
    ivl_format_fail (error, &ivl_format_png, "it ends too early");
  else if (g_str_has_prefix (self->message, "Not enough image data"))
    ivl_format_fail (error, &ivl_format_png, "pixels are missing");
  else
    ivl_format_fail (error, &ivl_format_png, self->message);
  return FALSE;
}

static gboolean
decode_png (const guint8    *data,
            gsize            size,
            const IvlProbe  *probe,
            IvlRows         *rows,
            GError         **error)
{
  g_auto (Reader) self = { probe, rows, data, size, .n_passes = 1 };

  self.png = png_create_read_struct (PNG_LIBPNG_VER_STRING, &self, on_error, on_warning);
  self.info = self.png != NULL ? png_create_info_struct (self.png) : NULL;
  if (self.info == NULL)
    return ivl_format_fail (error, &ivl_format_png, "libpng cannot read it");
  if (setjmp (png_jmpbuf (self.png)) == 0)
    {
      png_set_read_fn (self.png, &self, on_read);
      png_set_keep_unknown_chunks (self.png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
      png_set_user_limits (self.png, probe->width, probe->height);
      /* Of the chunks that may be long none is kept. */
      png_set_chunk_malloc_max (self.png, 0);
      png_set_benign_errors (self.png, TRUE);
      /* They were compared when the headers were read. */
      png_set_crc_action (self.png, PNG_CRC_QUIET_USE, PNG_CRC_DEFAULT);
      if (read_rows (&self))
        return TRUE;
    }
  else if (lacks_only_its_end (&self) && put_row (&self))
    return TRUE;
  return fail (&self, error);
}

static gboolean
sniff_png (const guint8 *data,
           gsize         size)
{
  return size >= 8 && memcmp (data, "\211PNG\r\n\032\n", 8) == 0;
}

const IvlFormat ivl_format_png = {
  .name = "PNG",
  .sniff = sniff_png,
  .probe = ivl_png_chunks_read,
  .decode = decode_png,
};
