/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of samples from any decoder to upright RGB8 in sRGB: the colour profile, transparency,
 * orientation, cancelling and the count of pixels are here for all formats. */
#include "image/ivl-rows.h"

#include "image/ivl-backdrop.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  CHUNK = 4096, /* pixels that are converted at a time */
};

struct _IvlRows
{
  guint32      width; /* as stored */
  guint32      height;
  IvlLayout    layout;
  gsize        pixel_size; /* bytes of one pixel as it comes */
  IvlProfile  *profile;    /* (nullable) */
  gboolean     converts;
  gboolean     composites;
  GCancellable *cancellable; /* (owned) (nullable) */

  guint8      *pixels; /* (owned) RGB8, upright */
  guint8      *canvas; /* (owned unless it is pixels) (nullable) what the decoder filled */
  guint8      *alpha;  /* (owned) (nullable) opacity, upright, where some pixel is not opaque */
  gssize       origin; /* bytes: stored pixel (0, 0) in there */
  gssize       step_x; /* bytes from a stored column to the next */
  gssize       step_y;
  gboolean     swapped; /* width and height change places */
  guint64      n_put;
  gboolean     converted;

  const IvlColourSpace *colours; /* (nullable) the caller's */
  guint16      straight[CHUNK * 5]; /* colours that were premultiplied, divided */
  guint8       rgb[CHUNK * 3];
};

/* Orientations of TIFF 6.0: which stored corner is the upright picture's first pixel. */
void
ivl_rows_set_orientation (IvlRows *self,
                          guint    orientation)
{
  const gboolean from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const gboolean from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  gssize row;

  self->swapped = orientation >= 5;
  row = (gssize) (self->swapped ? self->height : self->width) * 3;
  self->step_x = (self->swapped ? row : 3) * (from_right ? -1 : 1);
  self->step_y = (self->swapped ? 3 : row) * (from_bottom ? -1 : 1);
  self->origin = (from_right ? -self->step_x * (gssize) (self->width - 1) : 0)
                 + (from_bottom ? -self->step_y * (gssize) (self->height - 1) : 0);
}

IvlRows *
ivl_rows_new (guint32               width,
              guint32               height,
              const IvlRowsOptions *options)
{
  IvlRows *self = g_new0 (IvlRows, 1);

  self->width = width;
  self->height = height;
  self->converts = options->colours != NULL;
  self->colours = options->colours;
  self->composites = !options->keep_hidden;
  g_set_object (&self->cancellable, options->cancellable);
  ivl_rows_set_orientation (self, options->orientation);
  return self;
}

void
ivl_rows_set_colours (IvlRows              *self,
                      const IvlColourSpace *colours)
{
  if (self->converts)
    self->colours = colours;
}

void
ivl_rows_free (IvlRows *self)
{
  g_clear_pointer (&self->profile, ivl_profile_free);
  g_clear_object (&self->cancellable);
  if (self->canvas != self->pixels)
    g_free (self->canvas);
  g_free (self->pixels);
  g_free (self->alpha);
  g_free (self);
}

static guint8 *
allocate (IvlRows  *self,
          gsize     pixel_size,
          GError  **error)
{
  guint8 *memory = NULL;
  gsize size;

  if (g_size_checked_mul (&size, self->width * pixel_size, self->height))
    memory = g_try_malloc0 (size);
  if (memory == NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                 "not enough memory for a picture of %u x %u pixels", self->width, self->height);
  return memory;
}

static gboolean
set_layout (IvlRows          *self,
            const IvlLayout  *layout,
            GError          **error)
{
  GError *local = NULL;

  self->layout = *layout;
  self->pixel_size = ivl_layout_get_n_samples (layout) * layout->bits / 8;
  self->profile = ivl_profile_new (self->colours, layout, &local);
  self->colours = NULL;
  self->converted = self->profile != NULL;
  self->composites = self->composites && layout->has_alpha;
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, local);
  return FALSE;
}

gboolean
ivl_rows_begin (IvlRows          *self,
                const IvlLayout  *layout,
                GError          **error)
{
  g_return_val_if_fail (self->pixels == NULL, FALSE);
  g_return_val_if_fail (layout->bits == 8 || layout->bits == 16, FALSE);

  if (set_layout (self, layout, error))
    self->pixels = allocate (self, 3, error);
  return self->pixels != NULL;
}

guint8 *
ivl_rows_begin_canvas (IvlRows          *self,
                       const IvlLayout  *layout,
                       GError          **error)
{
  const guint n = ivl_layout_get_n_samples (layout);

  g_return_val_if_fail (self->pixels == NULL, NULL);
  g_return_val_if_fail (layout->bits == 8 && n >= 3, NULL);

  if (!set_layout (self, layout, error))
    return NULL;
  /* Upright rows move forward in their own memory: RGB is never longer. */
  self->canvas = allocate (self, n, error);
  if (self->step_x == 3 && self->step_y == (gssize) self->width * 3)
    self->pixels = self->canvas;
  else if (self->canvas != NULL)
    self->pixels = allocate (self, 3, error);
  return self->pixels != NULL ? self->canvas : NULL;
}

static inline guint
get_sample (const guint8 *p,
            guint         bits,
            guint         i)
{
  return bits == 8 ? p[i] : ((const guint16 *) p)[i];
}

/* Colours that were multiplied by alpha, divided again; rounded. */
static const guint8 *
unpremultiply (IvlRows      *self,
               const guint8 *samples,
               guint         n)
{
  const guint n_samples = ivl_layout_get_n_samples (&self->layout);
  const guint bits = self->layout.bits;
  const guint max = bits == 8 ? 255 : 65535;
  guint8 *out8 = (guint8 *) self->straight;

  for (guint i = 0; i < n; i++, samples += self->pixel_size)
    {
      const guint a = get_sample (samples, bits, n_samples - 1);

      for (guint c = 0; c < n_samples; c++)
        {
          guint v = get_sample (samples, bits, c);

          if (c + 1 < n_samples && a != 0)
            v = MIN (((guint64) v * max + a / 2) / a, max);
          if (bits == 8)
            out8[i * n_samples + c] = v;
          else
            self->straight[i * n_samples + c] = v;
        }
    }
  return out8;
}

/* Numbers that mean sRGB already: 16 bits give their upper byte, ink is taken from white. */
static void
to_rgb (const IvlLayout *layout,
        const guint8    *samples,
        gsize            pixel_size,
        guint8          *rgb,
        guint            n)
{
  const guint size = layout->bits / 8;
  const guint8 *end = rgb + 3 * (gsize) n;

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  samples += size - 1;
#endif
  switch (layout->colours)
    {
    case IVL_COLOURS_GRAY:
      for (; rgb < end; samples += pixel_size, rgb += 3)
        rgb[0] = rgb[1] = rgb[2] = samples[0];
      break;
    case IVL_COLOURS_CMYK:
      for (; rgb < end; samples += pixel_size, rgb += 3)
        for (guint c = 0; c < 3; c++)
          {
            /* Pillow's steps: the ink's share of what black leaves, rounded, is taken away. */
            const guint white = 255 - samples[3 * size];
            const guint t = samples[c * size] * white + 128;

            rgb[c] = white - ((t + (t >> 8)) >> 8);
          }
      break;
    case IVL_COLOURS_RGB:
    case IVL_COLOURS_LAB: /* always has a profile */
    default:
      for (; rgb < end; samples += pixel_size, rgb += 3)
        for (guint c = 0; c < 3; c++)
          rgb[c] = samples[c * size];
      break;
    }
}

/* Opacity waits for the ground, which is known when all pixels are: a plane of it is held from the
 * first pixel on that is not opaque. */
static gboolean
keep_alpha (IvlRows       *self,
            const guint8  *samples,
            gsize          at,
            gssize         step,
            guint          n,
            GError       **error)
{
  const guint last = ivl_layout_get_n_samples (&self->layout) - 1;
  const gsize n_pixels = (gsize) self->width * self->height;

  for (; n > 0; n--, samples += self->pixel_size, at += step)
    {
      const guint value = get_sample (samples, self->layout.bits, last);
      const guint8 a = self->layout.bits == 16 ? value >> 8 : value;

      if (a != 255 && self->alpha == NULL)
        {
          self->alpha = allocate (self, 1, error);
          if (self->alpha == NULL)
            return FALSE;
          memset (self->alpha, 255, n_pixels);
        }
      if (self->alpha != NULL)
        self->alpha[at] = a;
    }
  return TRUE;
}

/* Samples to self->rgb. */
static void
convert (IvlRows      *self,
         const guint8 *samples,
         guint         n)
{
  const guint8 *straight =
      self->layout.premultiplied ? unpremultiply (self, samples, n) : samples;

  if (self->profile != NULL)
    ivl_profile_convert (self->profile, straight, self->rgb, n);
  else
    to_rgb (&self->layout, straight, self->pixel_size, self->rgb, n);
}

/* What comes is what is wanted. */
static gboolean
is_plain (const IvlRows *self)
{
  return self->profile == NULL && self->layout.colours == IVL_COLOURS_RGB && self->pixel_size == 3;
}

static void
scatter (IvlRows *self,
         guint8  *out,
         gssize   step,
         guint    n)
{
  const guint8 *rgb = self->rgb;

  if (step == 3)
    memcpy (out, rgb, (gsize) n * 3);
  else
    for (guint i = 0; i < n; i++, out += step, rgb += 3)
      memcpy (out, rgb, 3);
}

gboolean
ivl_rows_check_cancelled (IvlRows  *self,
                          GError  **error)
{
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

gboolean
ivl_rows_put (IvlRows        *self,
              guint32         x,
              guint32         y,
              guint32         step,
              guint32         n,
              gconstpointer   samples,
              GError        **error)
{
  const guint8 *in = samples;
  const gssize step_out = self->step_x * (gssize) step;
  gsize at;

  g_return_val_if_fail (self->pixels != NULL, FALSE);
  g_return_val_if_fail (n > 0 && step > 0 && y < self->height && x < self->width
                            && (guint64) (n - 1) * step < self->width - x,
                        FALSE);

  if (!ivl_rows_check_cancelled (self, error))
    return FALSE;
  at = self->origin + (gssize) x * self->step_x + (gssize) y * self->step_y;
  self->n_put += n;
  if (step_out == 3 && is_plain (self))
    {
      memmove (self->pixels + at, in, (gsize) n * 3);
      return TRUE;
    }
  while (n > 0)
    {
      const guint m = MIN (n, CHUNK);

      convert (self, in, m);
      if (self->composites && !keep_alpha (self, in, at / 3, step_out / 3, m, error))
        return FALSE;
      scatter (self, self->pixels + at, step_out, m);
      in += m * self->pixel_size;
      at += step_out * m;
      n -= m;
    }
  return TRUE;
}

gboolean
ivl_rows_put_canvas (IvlRows  *self,
                     GError  **error)
{
  for (guint32 y = 0; y < self->height; y++)
    if (!ivl_rows_put (self, 0, y, 1, self->width,
                       self->canvas + (gsize) y * self->width * self->pixel_size, error))
      return FALSE;
  return TRUE;
}

gboolean
ivl_rows_are_whole (IvlRows *self)
{
  return self->pixels != NULL && self->n_put == (guint64) self->width * self->height;
}

gboolean
ivl_rows_composite (IvlRows  *self,
                    gboolean *composited,
                    GError  **error)
{
  const gsize n = (gsize) self->width * self->height;
  const guint width = self->swapped ? self->height : self->width;
  const guint height = self->swapped ? self->width : self->height;

  *composited = self->alpha != NULL;
  if (self->alpha == NULL)
    return TRUE;
  if (!ivl_backdrop_is_visible (self->alpha, n))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "nothing in this picture is visible: all of it is transparent");
      return FALSE;
    }
  ivl_backdrop_lay (self->pixels, self->alpha, n,
                    ivl_backdrop_choose (self->pixels, self->alpha, width, height));
  return ivl_rows_check_cancelled (self, error);
}

gboolean
ivl_rows_get_converted (IvlRows *self)
{
  return self->converted;
}

GBytes *
ivl_rows_take (IvlRows *self,
               guint   *width,
               guint   *height)
{
  const gsize size = (gsize) self->width * self->height * 3;

  /* Of a canvas with alpha a quarter is left. */
  if (self->canvas == self->pixels && self->pixel_size > 3)
    {
      guint8 *smaller = g_try_realloc (self->pixels, size);

      self->pixels = smaller != NULL ? smaller : self->pixels;
    }
  else
    g_free (self->canvas == self->pixels ? NULL : self->canvas);
  self->canvas = NULL;
  *width = self->swapped ? self->height : self->width;
  *height = self->swapped ? self->width : self->height;
  return g_bytes_new_take (g_steal_pointer (&self->pixels), size);
}
