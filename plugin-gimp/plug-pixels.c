/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of a GEGL buffer as 8-bit sRGB with alpha. Values are read as the image keeps them, then
 * taken from its profile to sRGB: the order and the rounding of libivl's loader, so that a layer
 * and its file give the same numbers. */
#include "plug-pixels.h"

enum
{
  /* Two bands of a picture 20000 wide; no tile is looked at twice. GEGL's own choice is a share
   * of the machine's memory. */
  TILE_CACHE_BYTES = 10 * 1024 * 1024,
  NEAR_SRGB_LEVELS = 2, /* as libivl: a profile this near is taken for sRGB */
  GRID = 9,             /* colours a side that are compared with sRGB */
};

struct _PlugPixels
{
  GeglBuffer   *buffer; /* (owned) */
  GeglRectangle area;
  const Babl   *format;  /* R'G'B' or R'G'B'A, u8 or u16, in the buffer's own space: unconverted.
                          * babl adds an alpha by way of rounded floats */
  const Babl   *to_srgb; /* (nullable): a fish for rows, float to u8 */
  guint         n_channels;
  gboolean      is_wide; /* 16 bits */
  guint8       *band;    /* (owned, nullable): [PLUG_PIXELS_BAND, width, n_channels], 1 or 2 bytes,
                          * where this is not what is wanted */
  float        *row;     /* (owned, nullable): [width, 4], what to_srgb takes */
};

void
plug_pixels_prepare (void)
{
  /* All conversions that any program of this user has measured, up to 300 MB; ours are few. */
  g_setenv ("BABL_INHIBIT_CACHE", "1", FALSE);
  /* Buffers need none of GEGL's operations, 300 modules that take 0.1 s and 10 MB to load. */
  g_setenv ("GEGL_PATH", "/nonexistent", TRUE);
}

void
plug_pixels_init (void)
{
  static gboolean done;

  if (done)
    return;
  done = TRUE;
  g_object_set (gegl_config (), "tile-cache-size", (guint64) TILE_CACHE_BYTES, NULL);
  gegl_init (NULL, NULL);
}

static void
widen (const guint8 *bytes,
       float        *row,
       gsize         n)
{
  for (gsize i = 0; i < n; i++)
    row[i] = bytes[i] / 255.0f;
}

static gboolean
is_near_srgb (const Babl *fish)
{
  for (guint i = 0; i < GRID * GRID * GRID; i++)
    {
      const guint8 before[4] = {
        i % GRID * 255 / (GRID - 1),
        i / GRID % GRID * 255 / (GRID - 1),
        i / (GRID * GRID) * 255 / (GRID - 1),
        255,
      };
      float row[4];
      guint8 after[4];

      widen (before, row, 4);
      babl_process (fish, row, after, 1);
      for (guint c = 0; c < 3; c++)
        if (ABS (after[c] - before[c]) > NEAR_SRGB_LEVELS)
          return FALSE;
    }
  return TRUE;
}

PlugPixels *
plug_pixels_new (GeglBuffer          *buffer,
                 const GeglRectangle *area,
                 const Babl          *space)
{
  g_autoptr (PlugPixels) self = g_new0 (PlugPixels, 1);
  const Babl *own = gegl_buffer_get_format (buffer);
  const Babl *type = babl_format_get_type (own, 0);
  const gboolean has_alpha = babl_format_has_alpha (own);
  const char *narrow = has_alpha ? "R'G'B'A u8" : "R'G'B' u8";
  const char *wide = has_alpha ? "R'G'B'A u16" : "R'G'B' u16";

  self->is_wide = type == babl_type ("u16");
  self->n_channels = has_alpha ? 4 : 3;
  self->buffer = g_object_ref (buffer);
  self->area = *area;
  /* From bytes to bytes babl makes itself a table of all colours: it is right only where input and
   * output are apart, and takes 300 MB. */
  if (space != NULL)
    self->to_srgb = babl_fish (babl_format_with_space ("R'G'B'A float", space),
                               babl_format ("R'G'B'A u8"));
  if (self->to_srgb != NULL && is_near_srgb (self->to_srgb))
    self->to_srgb = NULL;
  self->format = babl_format_with_space (self->is_wide ? wide : narrow,
                                         babl_format_get_space (own));
  if (self->is_wide || !has_alpha)
    {
      self->band = g_try_malloc_n ((gsize) area->width * PLUG_PIXELS_BAND,
                                   self->n_channels * (self->is_wide ? 2 : 1));
      if (self->band == NULL)
        return NULL;
    }
  if (self->to_srgb != NULL)
    {
      self->row = g_try_malloc_n (area->width, 4 * sizeof *self->row);
      if (self->row == NULL)
        return NULL;
    }
  return g_steal_pointer (&self);
}

void
plug_pixels_free (PlugPixels *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->buffer);
  g_free (self->band);
  g_free (self->row);
  g_free (self);
}

int
plug_pixels_get_width (PlugPixels *self)
{
  return self->area.width;
}

int
plug_pixels_get_height (PlugPixels *self)
{
  return self->area.height;
}

/* n pixels of a band with an alpha, in bytes. The low byte falls away unrounded, as in libivl's
 * reading of a 16-bit PNG. */
static void
unpack (PlugPixels *self,
        guint8     *rgba,
        gsize       n)
{
  const guint16 *wide = (const guint16 *) (gpointer) self->band;
  const guint8 *bytes = self->band;

  for (; n > 0; n--, rgba += 4, wide += self->n_channels, bytes += self->n_channels)
    {
      rgba[3] = 255;
      for (guint c = 0; c < self->n_channels; c++)
        rgba[c] = self->is_wide ? wide[c] >> 8 : bytes[c];
    }
}

/* In place */
static void
convert (PlugPixels *self,
         guint8     *pixels,
         int         n_rows)
{
  const gsize n = (gsize) self->area.width * 4;

  for (; n_rows > 0; n_rows--, pixels += n)
    {
      widen (pixels, self->row, n);
      babl_process (self->to_srgb, self->row, pixels, self->area.width);
    }
}

/* Up to PLUG_PIXELS_BAND rows */
static void
read_band (PlugPixels *self,
           int         first_row,
           int         n_rows,
           guint8     *rgba)
{
  const GeglRectangle *area = &self->area;

  gegl_buffer_get (self->buffer, GEGL_RECTANGLE (area->x, area->y + first_row, area->width, n_rows),
                   1.0, self->format, self->band != NULL ? (gpointer) self->band : rgba,
                   GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_NONE);
  if (self->band != NULL)
    unpack (self, rgba, (gsize) area->width * n_rows);
  if (self->to_srgb != NULL)
    convert (self, rgba, n_rows);
}

void
plug_pixels_read (PlugPixels *self,
                  int         first_row,
                  int         n_rows,
                  guint8     *rgba)
{
  const gsize row = (gsize) self->area.width * 4;

  g_return_if_fail (first_row >= 0 && n_rows >= 0 && first_row <= self->area.height - n_rows);

  while (n_rows > 0)
    {
      /* On the tiles' borders, so that none is fetched twice */
      int n = PLUG_PIXELS_BAND - (self->area.y + first_row) % PLUG_PIXELS_BAND;

      n = MIN (n, n_rows);
      read_band (self, first_row, n, rgba);
      first_row += n;
      n_rows -= n;
      rgba += n * row;
    }
}
