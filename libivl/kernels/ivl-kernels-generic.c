/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernels in scalar C: the definition that every other instruction set is tested against. Sums
 * are in double, so that it is also the most exact one. */
#include "kernels/ivl-kernels-private.h"

#include <math.h>
#include <string.h>

static inline float
load_f32 (const void *w,
          size_t      i)
{
  float value;

  memcpy (&value, (const char *) w + 4 * i, 4);
  return value;
}

static inline float
load_bf16 (const void *w,
           size_t      i)
{
  uint16_t half;
  uint32_t bits;
  float value;

  memcpy (&half, (const char *) w + 2 * i, 2);
  bits = (uint32_t) half << 16;
  memcpy (&value, &bits, 4);
  return value;
}

static inline float
load_f16 (const void *w,
          size_t      i)
{
  uint16_t half;
  uint32_t sign, exponent, fraction, bits;
  float value;

  memcpy (&half, (const char *) w + 2 * i, 2);
  sign = (uint32_t) (half & 0x8000) << 16;
  exponent = (half >> 10) & 31;
  fraction = half & 0x3ff;
  if (exponent == 0)
    {
      /* zero or subnormal: the fraction counts units of 2^-24 */
      value = ldexpf ((float) fraction, -24);
      return sign != 0 ? -value : value;
    }
  bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
  memcpy (&value, &bits, 4);
  return value;
}

static void
generic_f16_to_f32 (float      *out,
                    const void *in,
                    size_t      n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = load_f16 (in, i);
}

static void
generic_bf16_to_f32 (float      *out,
                     const void *in,
                     size_t      n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = load_bf16 (in, i);
}

static float
generic_dot (const float *x,
             const float *y,
             size_t       n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    sum += (double) x[i] * y[i];
  return (float) sum;
}

static void
generic_dot4 (float       *out,
              const float *x,
              const float *y,
              size_t       stride,
              size_t       n)
{
  for (size_t j = 0; j < 4; j++)
    out[j] = generic_dot (x, y + j * stride, n);
}

/* clang-format off */
#define DEFINE_DOTS(type, size)                                                          \
  static void                                                                            \
  generic_dots_##type (float       *out,                                                 \
                       size_t       ldo,                                                 \
                       const float *x,                                                   \
                       size_t       ldx,                                                 \
                       size_t       rows,                                                \
                       const void  *w,                                                   \
                       size_t       ldw,                                                 \
                       size_t       columns,                                             \
                       size_t       n)                                                   \
  {                                                                                      \
    for (size_t r = 0; r < rows; r++)                                                    \
      for (size_t j = 0; j < columns; j++)                                               \
        {                                                                                \
          const char *row = (const char *) w + j * ldw * (size);                         \
          double sum = 0;                                                                \
                                                                                         \
          for (size_t i = 0; i < n; i++)                                                 \
            sum += (double) x[r * ldx + i] * load_##type (row, i);                       \
          out[r * ldo + j] = (float) sum;                                                \
        }                                                                                \
  }

DEFINE_DOTS (f32, 4)
DEFINE_DOTS (f16, 2)
DEFINE_DOTS (bf16, 2)
/* clang-format on */

static void
generic_axpy4 (float       *y,
               const float *a,
               const float *x,
               size_t       stride,
               size_t       n)
{
  for (size_t i = 0; i < n; i++)
    y[i] +=
        a[0] * x[i] + a[1] * x[stride + i] + a[2] * x[2 * stride + i] + a[3] * x[3 * stride + i];
}

static void
generic_scale (float *x,
               float  a,
               size_t n)
{
  for (size_t i = 0; i < n; i++)
    x[i] *= a;
}

static void
generic_add (float       *x,
             const float *y,
             size_t       n)
{
  for (size_t i = 0; i < n; i++)
    x[i] += y[i];
}

static void
generic_add_scaled (float       *x,
                    const float *y,
                    const float *s,
                    size_t       n)
{
  for (size_t i = 0; i < n; i++)
    x[i] += y[i] * s[i];
}

static float
generic_max (const float *x,
             size_t       n)
{
  float max = -INFINITY;

  for (size_t i = 0; i < n; i++)
    max = x[i] > max ? x[i] : max;
  return max;
}

static float
generic_exp_sum (float *x,
                 float  max,
                 size_t n)
{
  double sum = 0;

  for (size_t i = 0; i < n; i++)
    {
      x[i] = expf (x[i] - max);
      sum += x[i];
    }
  return (float) sum;
}

static void
generic_gelu (float *x,
              size_t n)
{
  for (size_t i = 0; i < n; i++)
    x[i] = (float) (0.5 * x[i] * erfc (-M_SQRT1_2 * x[i]));
}

static void
generic_swiglu (float       *gate,
                const float *up,
                size_t       n)
{
  for (size_t i = 0; i < n; i++)
    gate[i] = gate[i] / (1.0f + expf (-gate[i])) * up[i];
}

static void
generic_layer_norm (float       *y,
                    const float *x,
                    const float *w,
                    const float *b,
                    float        eps,
                    size_t       n)
{
  double sum = 0, squares = 0, mean, factor;

  for (size_t i = 0; i < n; i++)
    sum += x[i];
  mean = sum / n;
  for (size_t i = 0; i < n; i++)
    squares += (x[i] - mean) * (x[i] - mean);
  factor = 1.0 / sqrt (squares / n + eps);
  for (size_t i = 0; i < n; i++)
    y[i] = (float) ((x[i] - mean) * factor) * w[i] + b[i];
}

static void
generic_rms_norm (float       *y,
                  const float *x,
                  const float *w,
                  float        eps,
                  size_t       n)
{
  double squares = 0, factor;

  for (size_t i = 0; i < n; i++)
    squares += (double) x[i] * x[i];
  factor = 1.0 / sqrt (squares / n + eps);
  for (size_t i = 0; i < n; i++)
    y[i] = (float) (x[i] * factor) * w[i];
}

static void
generic_rope (float       *x,
              const float *c,
              const float *s,
              size_t       half)
{
  for (size_t i = 0; i < half; i++)
    {
      float a = x[i], b = x[half + i];

      x[i] = a * c[i] - b * s[i];
      x[half + i] = b * c[i] + a * s[i];
    }
}

static size_t
generic_find_non_finite (const float *x,
                         size_t       n)
{
  for (size_t i = 0; i < n; i++)
    {
      uint32_t bits;

      memcpy (&bits, &x[i], 4);
      if ((bits & 0x7f800000u) == 0x7f800000u)
        return i;
    }
  return n;
}

#define TILE_ROWS 4
#define TILE_COLUMNS 8

static void
generic_fma_rounds (float *x,
                    float  a,
                    size_t n)
{
  float sums[TILE_ROWS * TILE_COLUMNS];

  memcpy (sums, x, sizeof sums);
  for (size_t round = 0; round < n; round++)
    for (size_t i = 0; i < TILE_ROWS * TILE_COLUMNS; i++)
      sums[i] = sums[i] * a + a;
  memcpy (x, sums, sizeof sums);
}

/* clang-format off */
#define DEFINE_PACK(type)                                                                \
  static void                                                                            \
  generic_pack_##type (float      *out,                                                  \
                       const void *w,                                                    \
                       size_t      stride,                                               \
                       size_t      columns,                                              \
                       size_t      depth)                                                \
  {                                                                                      \
    for (size_t k = 0; k < depth; k++)                                                   \
      for (size_t j = 0; j < TILE_COLUMNS; j++)                                          \
        out[k * TILE_COLUMNS + j] = j < columns ? load_##type (w, j * stride + k) : 0;   \
  }

DEFINE_PACK (f32)
DEFINE_PACK (f16)
DEFINE_PACK (bf16)
/* clang-format on */

static void
generic_pack_rows (float       *out,
                   const float *x,
                   size_t       stride,
                   size_t       columns,
                   size_t       depth)
{
  for (size_t k = 0; k < depth; k++)
    for (size_t j = 0; j < TILE_COLUMNS; j++)
      out[k * TILE_COLUMNS + j] = j < columns ? x[k * stride + j] : 0;
}

static void
generic_tile (float       *c,
              size_t       ldc,
              const float *a,
              const float *b,
              size_t       rows,
              size_t       columns,
              size_t       depth,
              int          accumulate)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      {
        double sum = accumulate ? c[i * ldc + j] : 0;

        for (size_t k = 0; k < depth; k++)
          sum += (double) a[i * IVL_TILE_STRIDE + k] * b[k * TILE_COLUMNS + j];
        c[i * ldc + j] = (float) sum;
      }
}

void
ivl_kernels_init_generic (IvlKernels *kernels)
{
  kernels->tile_rows = TILE_ROWS;
  kernels->tile_columns = TILE_COLUMNS;
  kernels->has_fast_tile = 0;
#define IVL_KERNEL_SET(name, result, arguments) kernels->name = generic_##name;
  IVL_KERNEL_LIST (IVL_KERNEL_SET)
#undef IVL_KERNEL_SET
}
