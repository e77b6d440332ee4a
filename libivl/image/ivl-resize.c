/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bicubic resize with the integer arithmetic of Pillow's 8-bit path, so that tiles equal the
 * ones the model was trained and published with.
 *
 * Each pass sums pixel * weight in 22-bit fixed point. A weight is split as hi * 2048 + lo, two
 * 16-bit halves, so that the compiler can use 16 x 16 -> 32 bit multiply-add instructions, which
 * every x86-64 has; the sum is the same integer. The source is read once, row by row: a row is
 * shrunk horizontally into a ring that holds as many rows as one output row needs, and the
 * vertical pass reads from there. */
#include "image/ivl-resize.h"

#include <gio/gio.h>
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

enum
{
  MAX_WORK = 100000000, /* source rows times target width */
  WEIGHT_BITS = 22, /* Pillow: 32 - 8 - 2 bits for int32 sums of 8-bit pixels */
  LOW_BITS = 11,
  LANES = 8,          /* taps are padded to whole vectors of 16-bit values */
  CHUNK_TAPS = 4096,  /* 4096 * 2047 * 255 stays below 2^31 */
  COLUMN_BLOCK = 768, /* accumulators of the vertical pass that stay in the first-level cache */
};

#define BICUBIC_SUPPORT 2.0

/* The weights of one axis: output position i takes count[i] inputs from first[i] on. */
typedef struct
{
  guint   n_out;
  gsize   stride;    /* taps per output position, a multiple of LANES */
  guint   max_count; /* largest count */
  guint  *first;     /* [n_out] */
  guint  *count;     /* [n_out] */
  gint16 *hi;        /* [n_out, stride], zero after count */
  gint16 *lo;        /* [n_out, stride] */
} Weights;

static void
weights_clear (Weights *w)
{
  g_free (w->first);
  g_free (w->count);
  g_free (w->hi);
  g_free (w->lo);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weights, weights_clear)

/* Keys' cubic kernel with a = -0.5. The order of operations decides the last bit of the weights. */
static double
bicubic (double x)
{
  const double a = -0.5;

  x = fabs (x);
  if (x < 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0)
    return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

static gint32
weight_to_fixed (double w)
{
  return (gint32) (w * (1 << WEIGHT_BITS) + (w < 0.0 ? -0.5 : 0.5));
}

static gboolean
set_no_memory (GError **error,
               guint    width,
               guint    height)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "not enough memory to resize a picture to %u x %u", width, height);
  return FALSE;
}

static void
weights_fill_one (Weights *w,
                  guint    i,
                  guint    n_in,
                  double   scale,
                  double   stretch,
                  double  *raw)
{
  const double support = BICUBIC_SUPPORT * stretch;
  const double center = (i + 0.5) * scale;
  const double per_pixel = 1.0 / stretch;
  gint16 *hi = w->hi + i * w->stride;
  gint16 *lo = w->lo + i * w->stride;
  gint64 first = MAX ((gint64) (center - support + 0.5), 0);
  gint64 end = MIN ((gint64) (center + support + 0.5), (gint64) n_in);
  guint count = end - first;
  double sum = 0.0;

  for (guint j = 0; j < count; j++)
    {
      raw[j] = bicubic ((j + first - center + 0.5) * per_pixel);
      sum += raw[j];
    }
  for (guint j = 0; j < count; j++)
    {
      gint32 k = weight_to_fixed (sum != 0.0 ? raw[j] / sum : raw[j]);

      lo[j] = k & ((1 << LOW_BITS) - 1);
      hi[j] = (k - lo[j]) / (1 << LOW_BITS);
    }
  w->first[i] = first;
  w->count[i] = count;
  w->max_count = MAX (w->max_count, count);
}

/* FALSE when memory is short. */
static gboolean
weights_init (Weights *w,
              guint    n_in,
              guint    n_out)
{
  const double scale = (double) n_in / n_out;
  const double stretch = MAX (scale, 1.0);
  gsize max_taps = (gsize) ceil (BICUBIC_SUPPORT * stretch) * 2 + 1;
  g_autofree double *raw = g_try_new (double, max_taps);
  gsize total;

  w->n_out = n_out;
  w->stride = (max_taps + LANES - 1) / LANES * LANES;
  if (raw == NULL || !g_size_checked_mul (&total, w->stride, n_out))
    return FALSE;
  w->first = g_try_new (guint, n_out);
  w->count = g_try_new (guint, n_out);
  w->hi = g_try_new0 (gint16, total);
  w->lo = g_try_new0 (gint16, total);
  if (w->first == NULL || w->count == NULL || w->hi == NULL || w->lo == NULL)
    return FALSE;
  for (guint i = 0; i < n_out; i++)
    weights_fill_one (w, i, n_in, scale, stretch, raw);
  return TRUE;
}

static inline guint8
clip8 (gint32 sum)
{
  sum >>= WEIGHT_BITS;
  return CLAMP (sum, 0, 255);
}

/* sum of p[i] * (hi[i] * 2048 + lo[i]) over n taps, n a multiple of LANES. */
static inline gint32
dot (const gint16 *p,
     const gint16 *hi,
     const gint16 *lo,
     gsize         n)
{
  gint32 sum = 0;

  while (n > 0)
    {
      gsize m = MIN (n, CHUNK_TAPS) & ~(gsize) (LANES - 1);
      gint32 h = 0;
      gint32 l = 0;

      for (gsize i = 0; i < m; i++)
        h += (gint32) p[i] * hi[i];
      for (gsize i = 0; i < m; i++)
        l += (gint32) p[i] * lo[i];
      sum += h * (1 << LOW_BITS) + l;
      p += m;
      hi += m;
      lo += m;
      n -= m;
    }
  return sum;
}

/* planes: [3, plane_size], the row split by channel, with LANES zeros after it. */
static void
resize_row (const Weights *w,
            const guint8  *src,
            guint          src_width,
            gint16        *planes,
            gsize          plane_size,
            guint8        *dst)
{
  for (gsize x = 0; x < src_width; x++)
    {
      planes[x] = src[3 * x];
      planes[plane_size + x] = src[3 * x + 1];
      planes[2 * plane_size + x] = src[3 * x + 2];
    }
  for (gsize x = 0; x < w->n_out; x++)
    {
      const gint16 *hi = w->hi + x * w->stride;
      const gint16 *lo = w->lo + x * w->stride;
      gsize n = ((gsize) w->count[x] + LANES - 1) & ~(gsize) (LANES - 1);

      for (guint c = 0; c < 3; c++)
        dst[3 * x + c] = clip8 (dot (planes + c * plane_size + w->first[x], hi, lo, n)
                                + (1 << (WEIGHT_BITS - 1)));
    }
}

/* One output row: row j of the window is at ring[(first + j) % n_ring], row_size bytes each. */
static void
resize_column (const Weights *w,
               guint          y,
               const guint8  *ring,
               guint          n_ring,
               gsize          row_size,
               guint8        *dst)
{
  gint32 acc[COLUMN_BLOCK];

  for (gsize x0 = 0; x0 < row_size; x0 += COLUMN_BLOCK)
    {
      gsize n = MIN (row_size - x0, COLUMN_BLOCK);

      for (gsize i = 0; i < n; i++)
        acc[i] = 1 << (WEIGHT_BITS - 1);
      for (guint j = 0; j < w->count[y]; j++)
        {
          const guint8 *row = ring + (w->first[y] + j) % n_ring * row_size + x0;
          gsize tap = y * w->stride + j;
          gint32 k = w->hi[tap] * (1 << LOW_BITS) + w->lo[tap];

          for (gsize i = 0; i < n; i++)
            acc[i] += k * row[i];
        }
      for (gsize i = 0; i < n; i++)
        dst[x0 + i] = clip8 (acc[i]);
    }
}

/* Every source row is brought to the new width: a column of a million pixels costs as much as a
 * large picture. No more than that, or than the larger of both pictures. */
static gboolean
check_work (guint    src_width,
            guint    src_height,
            guint    dst_width,
            guint    dst_height,
            GError **error)
{
  const guint64 work = (guint64) src_height * dst_width;
  const guint64 pixels = MAX ((guint64) src_width * src_height, (guint64) dst_width * dst_height);

  if (work <= MAX (pixels, MAX_WORK))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "a picture of %u x %u pixels is too thin to be resized to %u x %u: cut or scale it",
               src_width, src_height, dst_width, dst_height);
  return FALSE;
}

gboolean
ivl_resize_bicubic (const guint8  *src,
                    guint          src_width,
                    guint          src_height,
                    gsize          src_stride,
                    guint8        *dst,
                    guint          dst_width,
                    guint          dst_height,
                    GError       **error)
{
  g_auto (Weights) across = { 0 };
  g_auto (Weights) down = { 0 };
  g_autofree gint16 *planes = NULL;
  g_autofree guint8 *ring = NULL;
  const gsize row_size = (gsize) dst_width * 3;
  const gsize plane_size = (gsize) src_width + LANES;
  guint n_done = 0; /* source rows that went into the ring */

  g_return_val_if_fail (src_width > 0 && src_height > 0 && dst_width > 0 && dst_height > 0, FALSE);

  if (!check_work (src_width, src_height, dst_width, dst_height, error))
    return FALSE;
  if (!weights_init (&across, src_width, dst_width)
      || !weights_init (&down, src_height, dst_height))
    return set_no_memory (error, dst_width, dst_height);
  planes = g_try_new0 (gint16, plane_size * 3);
  ring = g_try_malloc_n (down.max_count, row_size);
  if (planes == NULL || ring == NULL)
    return set_no_memory (error, dst_width, dst_height);

  for (guint y = 0; y < dst_height; y++)
    {
      if (g_cancellable_set_error_if_cancelled (g_cancellable_get_current (), error))
        return FALSE;
      for (; n_done < down.first[y] + down.count[y]; n_done++)
        {
          const guint8 *in = src + n_done * src_stride;
          guint8 *out = ring + n_done % down.max_count * row_size;

          /* With equal widths every weight is 0 or 1: the pass would copy the row. */
          if (src_width == dst_width)
            memcpy (out, in, row_size);
          else
            resize_row (&across, in, src_width, planes, plane_size, out);
        }
      resize_column (&down, y, ring, down.max_count, row_size, dst + y * row_size);
    }
  return TRUE;
}
