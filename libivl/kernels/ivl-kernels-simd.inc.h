/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernels written once for any vector width. A file of an instruction set defines the vector
 * type vf of VF_LANES floats, the primitives vf_*, the sizes of tiles and dots, and includes this.
 * Polynomials were fitted for this file by weighted least squares towards minimax; the errors named
 * are of the polynomial, before rounding to float. */

/* A last, partial vector reads and writes only its own n < VF_LANES elements; missing ones read as
 * 0. */

#define DEFINE_CONVERT(type)                                                             \
  static void                                                                            \
  simd_##type##_to_f32 (float      *out,                                                 \
                        const void *in,                                                  \
                        size_t      n)                                                   \
  {                                                                                      \
    const uint16_t *w = in;                                                              \
    size_t i = 0;                                                                        \
                                                                                         \
    for (; i + VF_LANES <= n; i += VF_LANES)                                             \
      vf_store (out + i, vf_load_##type (w + i));                                        \
    if (i < n)                                                                           \
      vf_store_n (out + i, vf_load_n_##type (w + i, n - i), n - i);                      \
  }

DEFINE_CONVERT (f16)
DEFINE_CONVERT (bf16)

/* Asks for n <= 128 bytes that the next call will want; an address that is not there does no harm.
 */
#define PREFETCH(p, n)                                                                   \
  do                                                                                     \
    {                                                                                    \
      __builtin_prefetch (p);                                                            \
      if ((n) > 64)                                                                      \
        __builtin_prefetch ((const char *) (p) + 64);                                    \
    }                                                                                    \
  while (0)

/* One row with four sums in flight, and four rows with two each. */
static float
simd_dot (const float *x,
          const float *y,
          size_t       n)
{
  vf s0 = vf_zero (), s1 = s0, s2 = s0, s3 = s0;
  size_t i = 0;

  for (; i + 4 * VF_LANES <= n; i += 4 * VF_LANES)
    {
      s0 = vf_fma (vf_load (x + i), vf_load (y + i), s0);
      s1 = vf_fma (vf_load (x + i + VF_LANES), vf_load (y + i + VF_LANES), s1);
      s2 = vf_fma (vf_load (x + i + 2 * VF_LANES), vf_load (y + i + 2 * VF_LANES), s2);
      s3 = vf_fma (vf_load (x + i + 3 * VF_LANES), vf_load (y + i + 3 * VF_LANES), s3);
    }
  for (; i + VF_LANES <= n; i += VF_LANES)
    s0 = vf_fma (vf_load (x + i), vf_load (y + i), s0);
  if (i < n)
    s1 = vf_fma (vf_load_n (x + i, n - i), vf_load_n (y + i, n - i), s1);
  return vf_sum ((s0 + s1) + (s2 + s3));
}

static void
simd_dot4 (float       *out,
           const float *x,
           const float *y,
           size_t       stride,
           size_t       n)
{
  vf s[4][2];
  size_t i = 0;

  for (size_t j = 0; j < 4; j++)
    s[j][0] = s[j][1] = vf_zero ();
  for (; i + 2 * VF_LANES <= n; i += 2 * VF_LANES)
    {
      const vf x0 = vf_load (x + i), x1 = vf_load (x + i + VF_LANES);

      UNROLL (4) for (size_t j = 0; j < 4; j++)
        {
          PREFETCH (y + (j + 4) * stride + i, 2 * VF_LANES * sizeof *y);
          s[j][0] = vf_fma (x0, vf_load (y + j * stride + i), s[j][0]);
          s[j][1] = vf_fma (x1, vf_load (y + j * stride + i + VF_LANES), s[j][1]);
        }
    }
  for (; i < n; i += VF_LANES)
    {
      const size_t left = n - i < VF_LANES ? n - i : VF_LANES;
      const vf x0 = left == VF_LANES ? vf_load (x + i) : vf_load_n (x + i, left);

      UNROLL (4) for (size_t j = 0; j < 4; j++)
        s[j][0] = vf_fma (x0,
                          left == VF_LANES ? vf_load (y + j * stride + i)
                                           : vf_load_n (y + j * stride + i, left),
                          s[j][0]);
    }
  vf_store_sums (out, s[0][0] + s[0][1], s[1][0] + s[1][1], s[2][0] + s[2][1],
                 s[3][0] + s[3][1]);
}

/* A block of rows of x against 4 columns, or 1: each weight is widened once for all rows, and the
 * next columns are asked for meanwhile. Every sum is one chain of additions in the order of i, and
 * its lanes are added in one order, so it depends on its own row and column alone. rows, columns
 * and is_first are constants wherever this is inlined. */
#define DEFINE_DOTS(type, ctype)                                                         \
  static inline __attribute__ ((always_inline)) void                                     \
  do_dots_##type (float        *out,                                                     \
                  size_t        ldo,                                                     \
                  const float  *x,                                                       \
                  size_t        ldx,                                                     \
                  const size_t  rows,                                                    \
                  const ctype  *w,                                                       \
                  size_t        ldw,                                                     \
                  const size_t  columns,                                                 \
                  size_t        n,                                                       \
                  const int     is_first)                                                \
  {                                                                                      \
    vf s[DOTS_ROWS][4];                                                                  \
    size_t i = 0;                                                                        \
                                                                                         \
    UNROLL (8) for (size_t r = 0; r < rows; r++)                                         \
      UNROLL (4) for (size_t j = 0; j < columns; j++)                                    \
        s[r][j] = vf_zero ();                                                            \
    for (; i + 2 * VF_LANES <= n; i += 2 * VF_LANES)                                     \
      {                                                                                  \
        if (is_first)                                                                    \
          UNROLL (4) for (size_t j = 0; j < columns; j++)                                \
            PREFETCH (w + (j + columns) * ldw + i, 2 * VF_LANES * sizeof *w);            \
        UNROLL (2) for (size_t u = 0; u < 2 * VF_LANES; u += VF_LANES)                   \
          {                                                                              \
            vf v[DOTS_ROWS];                                                             \
                                                                                         \
            UNROLL (8) for (size_t r = 0; r < rows; r++)                                 \
              v[r] = vf_load (x + r * ldx + i + u);                                      \
            UNROLL (4) for (size_t j = 0; j < columns; j++)                              \
              {                                                                          \
                const vf weights = vf_load_##type (w + j * ldw + i + u);                 \
                                                                                         \
                UNROLL (8) for (size_t r = 0; r < rows; r++)                             \
                  s[r][j] = vf_fma (v[r], weights, s[r][j]);                             \
              }                                                                          \
          }                                                                              \
      }                                                                                  \
    for (; i < n; i += VF_LANES)                                                         \
      {                                                                                  \
        const size_t left = n - i < VF_LANES ? n - i : VF_LANES;                         \
        vf v[DOTS_ROWS];                                                                 \
                                                                                         \
        UNROLL (8) for (size_t r = 0; r < rows; r++)                                     \
          v[r] = vf_load_n (x + r * ldx + i, left);                                      \
        UNROLL (4) for (size_t j = 0; j < columns; j++)                                  \
          {                                                                              \
            const vf weights = vf_load_n_##type (w + j * ldw + i, left);                 \
                                                                                         \
            UNROLL (8) for (size_t r = 0; r < rows; r++)                                 \
              s[r][j] = vf_fma (v[r], weights, s[r][j]);                                 \
          }                                                                              \
      }                                                                                  \
    UNROLL (8) for (size_t r = 0; r < rows; r++)                                         \
      if (columns == 4)                                                                  \
        vf_store_sums (out + r * ldo, s[r][0], s[r][1], s[r][2], s[r][3]);               \
      else                                                                               \
        out[r * ldo] = vf_sum (s[r][0]);                                                 \
  }                                                                                      \
                                                                                         \
  static void                                                                            \
  simd_dots_##type (float       *out,                                                    \
                    size_t       ldo,                                                    \
                    const float *x,                                                      \
                    size_t       ldx,                                                    \
                    size_t       rows,                                                   \
                    const void  *weights,                                                \
                    size_t       ldw,                                                    \
                    size_t       columns,                                                \
                    size_t       n)                                                      \
  {                                                                                      \
    const ctype *w = weights;                                                            \
    size_t step;                                                                         \
                                                                                         \
    for (size_t j = 0; j < columns; j += step)                                           \
      {                                                                                  \
        const size_t n_blocks = (rows + DOTS_ROWS - 1) / DOTS_ROWS;                      \
        size_t first = 0;                                                                \
                                                                                         \
        step = columns - j >= 4 ? 4 : 1;                                                 \
        for (size_t b = 0; b < n_blocks; b++)                                            \
          {                                                                              \
            /* blocks of equal size, but for one row */                                  \
            const size_t end = rows * (b + 1) / n_blocks;                                \
                                                                                         \
            switch ((end - first) * 4 + (step == 4) * 2 + (b == 0))                      \
              {                                                                          \
                DOTS_CASES (type)                                                        \
              default:                                                                   \
                break;                                                                   \
              }                                                                          \
            first = end;                                                                 \
          }                                                                              \
      }                                                                                  \
  }

#define DOTS_CASE(type, rows, columns, is_first)                                         \
  case (rows) * 4 + ((columns) == 4) * 2 + (is_first):                                   \
    do_dots_##type (out + first * ldo + j, ldo, x + first * ldx, ldx, rows, w + j * ldw, \
                    ldw, columns, n, is_first);                                          \
    break;
#define DOTS_ROW_CASES(type, rows)                                                       \
  DOTS_CASE (type, rows, 4, 1)                                                           \
  DOTS_CASE (type, rows, 4, 0)                                                           \
  DOTS_CASE (type, rows, 1, 1)                                                           \
  DOTS_CASE (type, rows, 1, 0)

DEFINE_DOTS (f32, float)
DEFINE_DOTS (f16, uint16_t)
DEFINE_DOTS (bf16, uint16_t)

/* For each vector at i, whole or the last one: statements between read and write see v, its n
 * (VF_LANES or less) and READ (pointer) for other arrays at the same place. */
#define READ(p) (m == VF_LANES ? vf_load (p) : vf_load_n (p, m))
#define FOR_EACH_VECTOR(n) \
  for (size_t i = 0, m; i < (n) && (m = (n) - i < VF_LANES ? (n) - i : VF_LANES); i += VF_LANES)
#define WRITE(p, v) (m == VF_LANES ? vf_store (p, v) : vf_store_n (p, v, m))

static void
simd_axpy4 (float       *y,
            const float *a,
            const float *x,
            size_t       stride,
            size_t       n)
{
  const vf a0 = vf_set (a[0]), a1 = vf_set (a[1]), a2 = vf_set (a[2]), a3 = vf_set (a[3]);

  FOR_EACH_VECTOR (n)
    {
      const vf even = vf_fma (a2, READ (x + 2 * stride + i), a0 * READ (x + i));
      const vf odd = vf_fma (a3, READ (x + 3 * stride + i), a1 * READ (x + stride + i));

      WRITE (y + i, READ (y + i) + (even + odd));
    }
}

static void
simd_scale (float *x,
            float  a,
            size_t n)
{
  const vf factor = vf_set (a);

  FOR_EACH_VECTOR (n)
    WRITE (x + i, READ (x + i) * factor);
}

static void
simd_add (float       *x,
          const float *y,
          size_t       n)
{
  FOR_EACH_VECTOR (n)
    WRITE (x + i, READ (x + i) + READ (y + i));
}

static void
simd_add_scaled (float       *x,
                 const float *y,
                 const float *s,
                 size_t       n)
{
  FOR_EACH_VECTOR (n)
    WRITE (x + i, vf_fma (READ (y + i), READ (s + i), READ (x + i)));
}

static float
simd_max (const float *x,
          size_t       n)
{
  vf m0 = vf_set (-__builtin_inff ()), m1 = m0;
  float max;
  size_t i = 0;

  for (; i + 2 * VF_LANES <= n; i += 2 * VF_LANES)
    {
      m0 = vf_max (m0, vf_load (x + i));
      m1 = vf_max (m1, vf_load (x + i + VF_LANES));
    }
  max = vf_hmax (vf_max (m0, m1));
  for (; i < n; i++)
    max = x[i] > max ? x[i] : max;
  return max;
}

/* exp (x) = 2^k e^r with |r| <= ln 2 / 2 and a polynomial of degree 6, error 3.1e-9 of the result;
 * ln 2 in two parts so that r is exact. Below -104 and above 89 float32 has only 0 and infinity.
 * NaN stays NaN. */
static inline vf
vf_exp (vf x)
{
  const vf bounded = vf_min (vf_set (89.0f), vf_max (vf_set (-104.0f), x));
  const vf k = vf_round (bounded * vf_set (1.44269504f));
  vf r = vf_fma (k, vf_set (-0.693359375f), bounded);
  vf p = vf_set (0.00138144648f);

  r = vf_fma (k, vf_set (2.12194440e-4f), r);
  p = vf_fma (p, r, vf_set (0.00836878062f));
  p = vf_fma (p, r, vf_set (0.0416683943f));
  p = vf_fma (p, r, vf_set (0.166665201f));
  p = vf_fma (p, r, vf_set (0.499999934f));
  p = vf_fma (p * r, r, r) + vf_set (1.0f);
  return vf_times_power_of_2 (p, k);
}

static float
simd_exp_sum (float *x,
              float  max,
              size_t n)
{
  const vf shift = vf_set (max);
  vf s0 = vf_zero (), s1 = s0;
  size_t i = 0;
  float last = 0;

  for (; i + 2 * VF_LANES <= n; i += 2 * VF_LANES)
    {
      const vf e0 = vf_exp (vf_load (x + i) - shift),
               e1 = vf_exp (vf_load (x + i + VF_LANES) - shift);

      vf_store (x + i, e0);
      vf_store (x + i + VF_LANES, e1);
      s0 += e0;
      s1 += e1;
    }
  for (; i < n; i += VF_LANES)
    {
      const size_t m = n - i < VF_LANES ? n - i : VF_LANES;

      WRITE (x + i, vf_exp (READ (x + i) - shift));
      last += vf_sum (READ (x + i));
    }
  return vf_sum (s0 + s1) + last;
}

/* With t = |x| the probability below -t is exp (t p (t)) / 2, a polynomial of degree 8 on 0 .. 6,
 * error of the probability 1.2e-9; beyond 6 it goes on falling from 1e-9 to 0. */
static void
simd_gelu (float *x,
           size_t n)
{
  FOR_EACH_VECTOR (n)
    {
      const vf v = READ (x + i), t = vf_abs (v), u = vf_min (vf_set (6.0f), t);
      vf p = vf_set (3.56233703e-07f), tail;

      p = vf_fma (p, u, vf_set (-6.63612795e-06f));
      p = vf_fma (p, u, vf_set (5.20166229e-05f));
      p = vf_fma (p, u, vf_set (-0.000197225349f));
      p = vf_fma (p, u, vf_set (1.05873536e-05f));
      p = vf_fma (p, u, vf_set (0.00480411952f));
      p = vf_fma (p, u, vf_set (-0.0363449343f));
      p = vf_fma (p, u, vf_set (-0.318308069f));
      p = vf_fma (p, u, vf_set (-0.797884677f));
      tail = vf_set (0.5f) * vf_exp (t * p);
      WRITE (x + i, v * vf_select_negative (v, tail, vf_set (1.0f) - tail));
    }
}

static void
simd_swiglu (float       *gate,
             const float *up,
             size_t       n)
{
  FOR_EACH_VECTOR (n)
    {
      const vf g = READ (gate + i);

      WRITE (gate + i, g / (vf_set (1.0f) + vf_exp (-g)) * READ (up + i));
    }
}

/* Sum over (x - shift)^2, or over x when is_square is 0, in four parts. */
static inline float
sum_up (const float *x,
        float        shift,
        int          is_square,
        size_t       n)
{
  const vf shifts = vf_set (shift);
  vf s[4] = { vf_zero (), vf_zero (), vf_zero (), vf_zero () };
  float last = 0;
  size_t i = 0;

  for (; i + 4 * VF_LANES <= n; i += 4 * VF_LANES)
    UNROLL (4) for (size_t j = 0; j < 4; j++)
      {
        const vf v = vf_load (x + i + j * VF_LANES) - shifts;

        s[j] = is_square ? vf_fma (v, v, s[j]) : (vf) (s[j] + v);
      }
  for (; i < n; i++)
    last += is_square ? (x[i] - shift) * (x[i] - shift) : x[i] - shift;
  return vf_sum ((s[0] + s[1]) + (s[2] + s[3])) + last;
}

static void
simd_layer_norm (float       *y,
                 const float *x,
                 const float *w,
                 const float *b,
                 float        eps,
                 size_t       n)
{
  const float mean = sum_up (x, 0, 0, n) / n;
  const vf means = vf_set (mean);
  const vf factor = vf_set (1.0f / __builtin_sqrtf (sum_up (x, mean, 1, n) / n + eps));

  FOR_EACH_VECTOR (n)
    WRITE (y + i, vf_fma ((READ (x + i) - means) * factor, READ (w + i), READ (b + i)));
}

static void
simd_rms_norm (float       *y,
               const float *x,
               const float *w,
               float        eps,
               size_t       n)
{
  const vf factor = vf_set (1.0f / __builtin_sqrtf (sum_up (x, 0, 1, n) / n + eps));

  FOR_EACH_VECTOR (n)
    WRITE (y + i, READ (x + i) * factor * READ (w + i));
}

static void
simd_rope (float       *x,
           const float *c,
           const float *s,
           size_t       half)
{
  FOR_EACH_VECTOR (half)
    {
      const vf a = READ (x + i), b = READ (x + half + i), cosine = READ (c + i),
               sine = READ (s + i);

      WRITE (x + i, a * cosine - b * sine);
      WRITE (x + half + i, vf_fma (a, sine, b * cosine));
    }
}

/* Inf - Inf and NaN - NaN are NaN, everything else minus itself is 0: blocks are summed, the found
 * one searched. */
static size_t
simd_find_non_finite (const float *x,
                      size_t       n)
{
  size_t i = 0;

  for (; i + 4 * VF_LANES <= n; i += 4 * VF_LANES)
    {
      const vf v0 = vf_load (x + i), v1 = vf_load (x + i + VF_LANES);
      const vf v2 = vf_load (x + i + 2 * VF_LANES), v3 = vf_load (x + i + 3 * VF_LANES);

      if (!(vf_sum (((v0 - v0) + (v1 - v1)) + ((v2 - v2) + (v3 - v3))) == 0.0f))
        break;
    }
  for (; i < n; i++)
    if (!(x[i] - x[i] == 0.0f))
      return i;
  return n;
}

static void
simd_fma_rounds (float *x,
                 float  a,
                 size_t n)
{
  const vf factor = vf_set (a);
  vf sums[TILE_ROWS * TILE_VECTORS];

  UNROLL (32) for (size_t i = 0; i < TILE_ROWS * TILE_VECTORS; i++)
    sums[i] = vf_load (x + i * VF_LANES);
  for (size_t round = 0; round < n; round++)
    UNROLL (32) for (size_t i = 0; i < TILE_ROWS * TILE_VECTORS; i++)
      sums[i] = vf_fma (sums[i], factor, factor);
  UNROLL (32) for (size_t i = 0; i < TILE_ROWS * TILE_VECTORS; i++)
    vf_store (x + i * VF_LANES, sums[i]);
}

/* Squares of VF_LANES x VF_LANES are turned in registers; VF_TILE_VECTORS of them make a tile's
 * width. */
#define DEFINE_PACK(type, ctype)                                                         \
  static void                                                                            \
  simd_pack_##type (float      *out,                                                     \
                    const void *weights,                                                 \
                    size_t      stride,                                                  \
                    size_t      columns,                                                 \
                    size_t      depth)                                                   \
  {                                                                                      \
    const ctype *w = weights;                                                            \
                                                                                         \
    for (size_t k = 0; k < depth; k += VF_LANES)                                         \
      {                                                                                  \
        const size_t m = depth - k < VF_LANES ? depth - k : VF_LANES;                    \
                                                                                         \
        for (size_t first = 0; first < TILE_COLUMNS; first += VF_LANES)                  \
          {                                                                              \
            const size_t left = columns > first ? columns - first : 0;                   \
            const ctype *row = w + first * stride + k;                                   \
            vf square[VF_LANES];                                                         \
                                                                                         \
            if (m == VF_LANES && left >= VF_LANES)                                       \
              UNROLL (16) for (size_t j = 0; j < VF_LANES; j++)                          \
                {                                                                        \
                  __builtin_prefetch (row + (j + TILE_COLUMNS) * stride);                \
                  square[j] = vf_load_##type (row + j * stride);                         \
                }                                                                        \
            else                                                                         \
              for (size_t j = 0; j < VF_LANES; j++)                                      \
                square[j] = j >= left ? vf_zero ()                                       \
                            : m == VF_LANES ? vf_load_##type (row + j * stride)          \
                                            : vf_load_n_##type (row + j * stride, m);    \
            vf_transpose (square);                                                       \
            if (m == VF_LANES)                                                           \
              UNROLL (16) for (size_t j = 0; j < VF_LANES; j++)                          \
                vf_store (out + (k + j) * TILE_COLUMNS + first, square[j]);              \
            else                                                                         \
              for (size_t j = 0; j < m; j++)                                             \
                vf_store (out + (k + j) * TILE_COLUMNS + first, square[j]);              \
          }                                                                              \
      }                                                                                  \
  }

DEFINE_PACK (f32, float)
DEFINE_PACK (f16, uint16_t)
DEFINE_PACK (bf16, uint16_t)

static void
simd_pack_rows (float       *out,
                const float *x,
                size_t       stride,
                size_t       columns,
                size_t       depth)
{
  for (size_t k = 0; k < depth; k++)
    for (size_t first = 0; first < TILE_COLUMNS; first += VF_LANES)
      {
        const float *from = x + k * stride + first;
        float *to = out + k * TILE_COLUMNS + first;

        if (columns >= first + VF_LANES)
          vf_store (to, vf_load (from));
        else
          vf_store (to, columns > first ? vf_load_n (from, columns - first) : vf_zero ());
      }
}

/* The sums of one tile stay in registers; rows is a constant wherever this is inlined. */
static inline __attribute__ ((always_inline)) void
do_tile (float       *c,
         size_t       ldc,
         const float *a,
         const float *b,
         const size_t rows,
         size_t       columns,
         size_t       depth,
         int          accumulate)
{
  vf sums[TILE_ROWS][TILE_VECTORS];

  UNROLL (16) for (size_t i = 0; i < rows; i++)
    UNROLL (4) for (size_t v = 0; v < TILE_VECTORS; v++)
      sums[i][v] = vf_zero ();

  for (size_t k = 0; k < depth; k++)
    {
      vf column[TILE_VECTORS];

      UNROLL (4) for (size_t v = 0; v < TILE_VECTORS; v++)
        column[v] = vf_load (b + k * TILE_COLUMNS + v * VF_LANES);
      UNROLL (16) for (size_t i = 0; i < rows; i++)
        {
          const vf factor = vf_set (a[i * IVL_TILE_STRIDE + k]);

          UNROLL (4) for (size_t v = 0; v < TILE_VECTORS; v++)
            sums[i][v] = vf_fma (factor, column[v], sums[i][v]);
        }
    }

  UNROLL (16) for (size_t i = 0; i < rows; i++)
    UNROLL (4) for (size_t v = 0; v < TILE_VECTORS; v++)
      {
        float *to = c + i * ldc + v * VF_LANES;
        const size_t first = v * VF_LANES;

        if (columns >= first + VF_LANES)
          vf_store (to, sums[i][v] + (accumulate ? vf_load (to) : vf_zero ()));
        else if (columns > first)
          vf_store_n (to, sums[i][v] + (accumulate ? vf_load_n (to, columns - first) : vf_zero ()),
                      columns - first);
      }
}

#define TILE_CASE(n)                                                     \
  case n:                                                                \
    do_tile (c, ldc, a, b, n, columns, depth, accumulate);               \
    break;

static void
simd_tile (float       *c,
           size_t       ldc,
           const float *a,
           const float *b,
           size_t       rows,
           size_t       columns,
           size_t       depth,
           int          accumulate)
{
  switch (rows)
    {
      TILE_CASE (1)
      TILE_CASE (2)
      TILE_CASE (3)
      TILE_CASE (4)
      TILE_CASE (5)
      TILE_CASE (6)
#if TILE_ROWS > 6
      TILE_CASE (7)
      TILE_CASE (8)
      TILE_CASE (9)
      TILE_CASE (10)
      TILE_CASE (11)
      TILE_CASE (12)
      TILE_CASE (13)
      TILE_CASE (14)
#endif
    default:
      break;
    }
}

static void
set_kernels (IvlKernels *kernels)
{
  kernels->tile_rows = TILE_ROWS;
  kernels->tile_columns = TILE_COLUMNS;
  kernels->has_fast_tile = 1;
#define IVL_KERNEL_SET(name, result, arguments) kernels->name = simd_##name;
  IVL_KERNEL_LIST (IVL_KERNEL_SET)
#undef IVL_KERNEL_SET
}
