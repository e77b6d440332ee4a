/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of samples out of libtiff, which is given the file in memory, a limit for what it may
 * allocate, and nowhere to print. */
#include "image/ivl-tiff-rows.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <tiffio.h>

enum
{
  /* What libtiff may allocate at once beside a copy of the file and a tile: tables, buffers. */
  EXTRA_BYTES = 64 * 1024 * 1024,
};

/* One view of the file. Planes in strips have one each: going back and forth between them would
 * decode each strip again for every row. */
typedef struct
{
  const guint8 *data;
  guint64       size;
  guint64       at;
  TIFF         *tiff;
  gboolean      lenient; /* errors of a fax are part of it */
  char         *message; /* what libtiff says is wrong with the pixels */
} View;

struct _IvlTiffRows
{
  IvlTiffPage page;
  View        views[IVL_TIFF_MAX_SAMPLES];
  guint       n_views;
  gboolean    as_rgb; /* libtiff makes RGBA of it */
  guint       y;      /* the next row */
  guint8     *band;   /* rows of the current strip or row of tiles; or the current scanline */
  guint8     *tile;
  gsize       tile_row_size;
  gsize       tile_size;
  guint       n_across; /* tiles */
  guint       band_start;
  guint       band_rows; /* 0: none yet */
};

static tmsize_t
view_read (thandle_t  handle,
           void      *buffer,
           tmsize_t   size)
{
  View *view = handle;
  const guint64 n = MIN ((guint64) MAX (size, 0), view->size - view->at);

  memcpy (buffer, view->data + view->at, n);
  view->at += n;
  return n;
}

static tmsize_t
view_write (thandle_t  handle,
            void      *buffer,
            tmsize_t   size)
{
  return -1;
}

static toff_t
view_seek (thandle_t handle,
           toff_t    offset,
           int       whence)
{
  View *view = handle;

  if (whence == SEEK_CUR)
    offset += view->at;
  else if (whence == SEEK_END)
    offset += view->size;
  view->at = MIN (offset, view->size);
  return view->at;
}

static int
view_close (thandle_t handle)
{
  return 0;
}

static toff_t
view_get_size (thandle_t handle)
{
  return ((View *) handle)->size;
}

/* libtiff reads from the mapping and writes only into copies of it. */
static int
view_map (thandle_t   handle,
          void      **base,
          toff_t     *size)
{
  View *view = handle;

  *base = (void *) view->data;
  *size = view->size;
  return 1;
}

static void
view_unmap (thandle_t  handle,
            void      *base,
            toff_t     size)
{
}

static void G_GNUC_PRINTF (3, 0)
view_take_message (View       *view,
                   const char *module,
                   const char *format,
                   va_list     args)
{
  g_autofree char *text = NULL;

  if (view->message != NULL)
    return;
  text = g_strdup_vprintf (format, args);
  view->message = module != NULL ? g_strdup_printf ("%s: %s", module, text) : g_strdup (text);
}

static int G_GNUC_PRINTF (4, 0)
on_error (TIFF       *tiff,
          void       *data,
          const char *module,
          const char *format,
          va_list     args)
{
  View *view = data;

  if (!view->lenient)
    view_take_message (view, module, format, args);
  return 1;
}

/* Warnings that data ended before the pixels did: libjpeg and the fax decoder make up the rest. */
static int G_GNUC_PRINTF (4, 0)
on_warning (TIFF       *tiff,
            void       *data,
            const char *module,
            const char *format,
            va_list     args)
{
  g_autofree char *text = NULL;
  va_list copy;

  va_copy (copy, args);
  text = g_strdup_vprintf (format, copy);
  va_end (copy);
  if (strstr (text, "remature EOF") != NULL || strstr (text, "remature end") != NULL)
    view_take_message (data, module, format, args);
  return 1;
}

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: %s", why);
  return FALSE;
}

static gboolean
fail_pixels (const View  *view,
             GError     **error)
{
  const char *why = view->message != NULL ? view->message : "no reason given";
  const gboolean no_memory = strstr (why, "ut of memory") != NULL;

  g_set_error (error, IVL_ERROR, no_memory ? IVL_ERROR_NO_MEMORY : IVL_ERROR_INVALID_DATA,
               "%s: its pixels cannot be decoded (%s)",
               no_memory ? "TIFF file" : "damaged TIFF file", why);
  return FALSE;
}

static gboolean
view_open (View               *view,
           const guint8       *data,
           gsize               size,
           const IvlTiffPage  *page,
           tmsize_t            max_bytes,
           GError            **error)
{
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc ();

  /* Compressions 2 to 4: a line that was sent badly is repaired as every fax machine does. */
  *view = (View) {
    .data = data, .size = size, .lenient = page->compression >= 2 && page->compression <= 4
  };
  if (options == NULL)
    return fail_pixels (view, error);
  TIFFOpenOptionsSetMaxSingleMemAlloc (options, max_bytes);
  TIFFOpenOptionsSetErrorHandlerExtR (options, on_error, view);
  TIFFOpenOptionsSetWarningHandlerExtR (options, on_warning, view);
  /* h: the first directory is not read, it may not be this page. c: strips as they are. */
  view->tiff = TIFFClientOpenExt ("TIFF", "rhc", view, view_read, view_write, view_seek,
                                  view_close, view_get_size, view_map, view_unmap, options);
  TIFFOpenOptionsFree (options);
  if (view->tiff == NULL || !TIFFSetSubDirectory (view->tiff, page->offset))
    return fail_pixels (view, error);
  g_clear_pointer (&view->message, g_free); /* about tags that are not used */
  return TRUE;
}

static guint32
get_field (TIFF    *tiff,
           guint    tag,
           gboolean wide)
{
  guint16 narrow_value = 0;
  guint32 wide_value = 0;

  if (wide)
    TIFFGetFieldDefaulted (tiff, tag, &wide_value);
  else
    TIFFGetFieldDefaulted (tiff, tag, &narrow_value);
  return wide ? wide_value : narrow_value;
}

/* What sizes the buffers must be the same for both readers, or nothing was checked. */
static gboolean
check_same (TIFF               *tiff,
            const IvlTiffPage  *page,
            GError            **error)
{
  const gboolean separate = get_field (tiff, TIFFTAG_PLANARCONFIG, FALSE) == PLANARCONFIG_SEPARATE;
  const guint32 rows = get_field (tiff, TIFFTAG_ROWSPERSTRIP, TRUE);
  const gboolean is_tiled = page->tile_width != 0;
  gboolean same = get_field (tiff, TIFFTAG_IMAGEWIDTH, TRUE) == page->width
                  && get_field (tiff, TIFFTAG_IMAGELENGTH, TRUE) == page->height
                  && get_field (tiff, TIFFTAG_BITSPERSAMPLE, FALSE) == page->bits
                  && get_field (tiff, TIFFTAG_SAMPLESPERPIXEL, FALSE) == page->samples
                  && get_field (tiff, TIFFTAG_COMPRESSION, FALSE) == page->compression
                  && (separate == page->separate || page->samples == 1)
                  && (TIFFIsTiled (tiff) != 0) == is_tiled;

  if (is_tiled)
    same = same && get_field (tiff, TIFFTAG_TILEWIDTH, TRUE) == page->tile_width
           && get_field (tiff, TIFFTAG_TILELENGTH, TRUE) == page->tile_height;
  else
    same = same && CLAMP (rows, 1, page->height) == page->rows_per_strip;
  return same || fail (error, "its parts disagree about its size");
}

static gboolean
check_codec (const IvlTiffPage  *page,
             GError            **error)
{
  const TIFFCodec *codec;

  if (TIFFIsCODECConfigured (page->compression))
    return TRUE;
  codec = TIFFFindCODEC (page->compression);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "TIFF file that cannot be used: its compression (%s, number %u) is not read by the "
               "libtiff that is installed: save it with another",
               codec != NULL ? codec->name : "unknown", page->compression);
  return FALSE;
}

static gboolean
rows_alloc (IvlTiffRows  *self,
            GError      **error)
{
  const IvlTiffPage *page = &self->page;
  const gboolean is_tiled = page->tile_width != 0;
  const gsize n_planes = page->separate && !self->as_rgb ? page->samples : 1;
  gsize size;

  if (is_tiled)
    {
      self->n_across = (page->width - 1) / page->tile_width + 1;
      self->tile_row_size =
          self->as_rgb ? (gsize) page->tile_width * 4
                       : ivl_tiff_page_get_row_size (page, page->tile_width);
      self->tile_size = self->tile_row_size * page->tile_height;
      self->tile = g_try_malloc (self->tile_size);
      size = self->tile_row_size * self->n_across * MIN (page->tile_height, page->height);
    }
  else if (self->as_rgb)
    size = (gsize) page->width * 4 * page->rows_per_strip;
  else
    size = ivl_tiff_page_get_row_size (page, page->width);
  self->band = g_try_malloc_n (n_planes, size);
  if (self->band != NULL && (!is_tiled || self->tile != NULL))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "not enough memory for the %" G_GSIZE_FORMAT " bytes of a strip or row of tiles",
               size * n_planes);
  return FALSE;
}

/* libtiff's own functions are right for what is subsampled, and libjpeg's inside of it. */
static gboolean
rows_set_colours (IvlTiffRows  *self,
                  GError      **error)
{
  const IvlTiffPage *page = &self->page;
  TIFF *tiff = self->views[0].tiff;

  if (page->photometric != IVL_TIFF_YCBCR && page->compression != IVL_TIFF_COMPRESSION_OLD_JPEG)
    return TRUE;
  if (page->photometric == IVL_TIFF_YCBCR && (page->samples != 3 || page->bits != 8))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "TIFF file that cannot be used: YCbCr of %u samples of %u bits: save it as RGB",
                   page->samples, page->bits);
      return FALSE;
    }
  if (page->compression == IVL_TIFF_COMPRESSION_JPEG && !page->separate)
    return TIFFSetField (tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB) == 1
           || fail_pixels (&self->views[0], error);
  self->as_rgb = TRUE;
  TIFFSetField (tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  return TRUE;
}

static gboolean
rows_open (IvlTiffRows   *self,
           const guint8  *data,
           gsize          size,
           GError       **error)
{
  const IvlTiffPage *page = &self->page;
  const guint64 max_bytes = EXTRA_BYTES + size + ivl_tiff_page_get_buffer_size (page);
  const guint n_views = page->separate && page->tile_width == 0 ? page->samples : 1;

  for (guint i = 0; i < n_views; i++)
    {
      self->n_views = i + 1;
      if (!view_open (&self->views[i], data, size, page, max_bytes, error)
          || !check_same (self->views[i].tiff, page, error))
        return FALSE;
    }
  return rows_set_colours (self, error) && rows_alloc (self, error);
}

IvlTiffRows *
ivl_tiff_rows_new (const guint8       *data,
                   gsize               size,
                   const IvlTiffPage  *page,
                   GError            **error)
{
  g_autoptr (IvlTiffRows) self = g_new0 (IvlTiffRows, 1);

  self->page = *page;
  if (!check_codec (page, error) || !rows_open (self, data, size, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ivl_tiff_rows_free (IvlTiffRows *self)
{
  for (guint i = 0; i < self->n_views; i++)
    {
      g_clear_pointer (&self->views[i].tiff, TIFFClose);
      g_free (self->views[i].message);
    }
  g_free (self->band);
  g_free (self->tile);
  g_free (self);
}

/* n samples of `bits` bits each, most significant bit first; 16 bits in the machine's order. */
static void
unpack (const guint8 *src,
        guint         bits,
        gsize         n,
        guint16      *dst,
        guint         step)
{
  const guint mask = (1u << bits) - 1;
  guint32 held = 0;
  guint n_held = 0;

  for (gsize i = 0; i < n; i++, dst += step)
    {
      if (bits == 8)
        *dst = src[i];
      else if (bits == 16)
        memcpy (dst, src + i * 2, 2);
      else
        {
          for (; n_held < bits; n_held += 8)
            held = held << 8 | *src++;
          n_held -= bits;
          *dst = held >> n_held & mask;
        }
    }
}

static gboolean
read_scanline (IvlTiffRows  *self,
               guint16      *samples,
               GError      **error)
{
  const IvlTiffPage *page = &self->page;
  const guint n_planes = page->separate ? page->samples : 1;

  for (guint plane = 0; plane < n_planes; plane++)
    {
      View *view = &self->views[plane];

      if ((gsize) TIFFScanlineSize (view->tiff) != ivl_tiff_page_get_row_size (page, page->width))
        return fail (error, "its parts disagree about its size");
      if (TIFFReadScanline (view->tiff, self->band, self->y, plane) != 1 || view->message != NULL)
        return fail_pixels (view, error);
      unpack (self->band, page->bits, (gsize) page->width * page->samples / n_planes,
              samples + plane, n_planes);
    }
  return TRUE;
}

/* One tile into its place in the band. */
static gboolean
read_tile (IvlTiffRows  *self,
           guint         col,
           guint         plane,
           GError      **error)
{
  const IvlTiffPage *page = &self->page;
  View *view = &self->views[0];
  const guint32 x = col * page->tile_width;
  const gsize band_row_size = self->tile_row_size * self->n_across;
  guint8 *to = self->band + plane * band_row_size * MIN (page->tile_height, page->height)
               + col * self->tile_row_size;
  gboolean done;

  if (self->as_rgb)
    done = TIFFReadRGBATileExt (view->tiff, x, self->y, (guint32 *) self->tile, 1) == 1;
  else
    done = (gsize) TIFFTileSize (view->tiff) == self->tile_size
           && TIFFReadEncodedTile (view->tiff, TIFFComputeTile (view->tiff, x, self->y, 0, plane),
                                   self->tile, self->tile_size)
                  == (tmsize_t) self->tile_size;
  if (!done || view->message != NULL)
    return fail_pixels (view, error);
  for (guint i = 0; i < self->band_rows; i++)
    {
      /* RGBA tiles come from the bottom. */
      const guint from = self->as_rgb ? page->tile_height - 1 - i : i;

      memcpy (to + i * band_row_size, self->tile + from * self->tile_row_size,
              self->tile_row_size);
    }
  return TRUE;
}

static gboolean
read_band (IvlTiffRows  *self,
           GError      **error)
{
  const IvlTiffPage *page = &self->page;
  const guint n_planes = page->separate && !self->as_rgb ? page->samples : 1;
  const gboolean is_tiled = page->tile_width != 0;

  self->band_start = self->y;
  self->band_rows = MIN (is_tiled ? page->tile_height : page->rows_per_strip,
                         page->height - self->y);
  if (is_tiled)
    {
      for (guint plane = 0; plane < n_planes; plane++)
        for (guint col = 0; col < self->n_across; col++)
          if (!read_tile (self, col, plane, error))
            return FALSE;
      return TRUE;
    }
  if (TIFFReadRGBAStripExt (self->views[0].tiff, self->y, (guint32 *) self->band, 1) == 1
      && self->views[0].message == NULL)
    return TRUE;
  return fail_pixels (&self->views[0], error);
}

/* libtiff packs RGBA into 32 bits and begins at the bottom. */
static void
take_rgba (const guint32 *row,
           guint          width,
           guint          step,
           guint16       *samples)
{
  for (guint x = 0; x < width; x++, samples += step)
    {
      samples[0] = TIFFGetR (row[x]);
      if (step < 3)
        continue;
      samples[1] = TIFFGetG (row[x]);
      samples[2] = TIFFGetB (row[x]);
    }
}

static void
take_band_row (IvlTiffRows *self,
               guint16     *samples)
{
  const IvlTiffPage *page = &self->page;
  const guint row = self->y - self->band_start;
  const gsize row_size =
      page->tile_width != 0 ? self->tile_row_size * self->n_across : (gsize) page->width * 4;
  const guint n_planes = page->separate ? page->samples : 1;

  if (self->as_rgb)
    {
      const guint from = page->tile_width != 0 ? row : self->band_rows - 1 - row;

      take_rgba ((const guint32 *) (self->band + from * row_size), page->width, page->samples,
                 samples);
      return;
    }
  for (guint plane = 0; plane < n_planes; plane++)
    for (guint col = 0; col < self->n_across; col++)
      {
        const guint32 x = col * page->tile_width;
        const gsize n = MIN (page->tile_width, page->width - x);
        const gsize plane_rows = MIN (page->tile_height, page->height);

        unpack (self->band + (plane * plane_rows + row) * row_size + col * self->tile_row_size,
                page->bits, n * page->samples / n_planes,
                samples + (gsize) x * page->samples + plane, n_planes);
      }
}

gboolean
ivl_tiff_rows_read (IvlTiffRows  *self,
                    guint16      *samples,
                    GError      **error)
{
  g_return_val_if_fail (self->y < self->page.height, FALSE);

  if (self->page.tile_width == 0 && !self->as_rgb)
    {
      if (!read_scanline (self, samples, error))
        return FALSE;
    }
  else
    {
      if (self->band_rows == 0 || self->y - self->band_start == self->band_rows)
        if (!read_band (self, error))
          return FALSE;
      take_band_row (self, samples);
    }
  self->y++;
  return TRUE;
}
