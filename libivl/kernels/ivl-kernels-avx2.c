/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernels for AVX2 with FMA and F16C. */
#include "kernels/ivl-kernels-private.h"

#include <immintrin.h>
#include <string.h>

#define UNROLL(n) _Pragma (IVL_STRINGIFY (GCC unroll n))
#define IVL_STRINGIFY(x) #x

typedef __m256 vf;

#define VF_LANES 8
#define TILE_ROWS 6
#define TILE_VECTORS 2
#define TILE_COLUMNS 16
#define DOTS_ROWS 2
#define DOTS_CASES(type)                                                                           \
  DOTS_ROW_CASES (type, 1)                                                                         \
  DOTS_ROW_CASES (type, 2)

#define vf_zero() _mm256_setzero_ps ()
#define vf_set(a) _mm256_set1_ps (a)
#define vf_load(p) _mm256_loadu_ps (p)
#define vf_store(p, v) _mm256_storeu_ps (p, v)
#define vf_fma(a, b, c) _mm256_fmadd_ps (a, b, c)
/* of two operands these give the second where one is NaN */
#define vf_max(a, b) _mm256_max_ps (a, b)
#define vf_min(a, b) _mm256_min_ps (a, b)
#define vf_abs(v) _mm256_andnot_ps (vf_set (-0.0f), v)
#define vf_round(v) _mm256_round_ps (v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define vf_select_negative(v, a, b) _mm256_blendv_ps (b, a, v)

static inline float
vf_sum (vf v)
{
  __m128 s = _mm_add_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  s = _mm_add_ps (s, _mm_movehl_ps (s, s));
  return _mm_cvtss_f32 (_mm_add_ss (s, _mm_movehdup_ps (s)));
}

/* The sums of four vectors, each in the order of vf_sum. */
static inline void
vf_store_sums (float *out,
               vf     a,
               vf     b,
               vf     c,
               vf     d)
{
  const vf ab = _mm256_permute2f128_ps (a, b, 0x20) + _mm256_permute2f128_ps (a, b, 0x31);
  const vf cd = _mm256_permute2f128_ps (c, d, 0x20) + _mm256_permute2f128_ps (c, d, 0x31);
  const vf s = _mm256_shuffle_ps (ab, cd, 0x44) + _mm256_shuffle_ps (ab, cd, 0xee);
  const __m128 ac = _mm256_castps256_ps128 (s), bd = _mm256_extractf128_ps (s, 1);
  const __m128 acbd = _mm_shuffle_ps (ac, bd, 0x88) + _mm_shuffle_ps (ac, bd, 0xdd);

  _mm_storeu_ps (out, _mm_permute_ps (acbd, 0xd8));
}

static inline float
vf_hmax (vf v)
{
  __m128 m = _mm_max_ps (_mm256_castps256_ps128 (v), _mm256_extractf128_ps (v, 1));

  m = _mm_max_ps (m, _mm_movehl_ps (m, m));
  return _mm_cvtss_f32 (_mm_max_ss (m, _mm_movehdup_ps (m)));
}

/* In two steps, since 2^k itself may be out of range where the product is not. */
static inline vf
vf_times_power_of_2 (vf v,
                     vf k)
{
  const __m256i exponent = _mm256_cvtps_epi32 (k), first = _mm256_srai_epi32 (exponent, 1);
  const __m256i bias = _mm256_set1_epi32 (127);
  const __m256i a = _mm256_slli_epi32 (_mm256_add_epi32 (first, bias), 23);
  const __m256i b =
      _mm256_slli_epi32 (_mm256_add_epi32 (_mm256_sub_epi32 (exponent, first), bias), 23);

  return v * _mm256_castsi256_ps (a) * _mm256_castsi256_ps (b);
}

static inline __m256i
vf_mask (size_t n)
{
  return _mm256_cmpgt_epi32 (_mm256_set1_epi32 ((int) n),
                             _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7));
}

#define vf_load_n(p, n) _mm256_maskload_ps (p, vf_mask (n))
#define vf_store_n(p, v, n) _mm256_maskstore_ps (p, vf_mask (n), v)

static inline vf
widen_bf16 (__m128i v)
{
  return _mm256_castsi256_ps (_mm256_slli_epi32 (_mm256_cvtepu16_epi32 (v), 16));
}

static inline __m128i
load_n_halves (const uint16_t *p,
               size_t          n)
{
  uint16_t whole[8] = { 0 };

  memcpy (whole, p, n * sizeof *p);
  return _mm_loadu_si128 ((const __m128i *) whole);
}

#define vf_load_f32(p) vf_load (p)
#define vf_load_n_f32(p, n) vf_load_n (p, n)
#define vf_load_bf16(p) widen_bf16 (_mm_loadu_si128 ((const __m128i *) (p)))
#define vf_load_n_bf16(p, n) widen_bf16 (load_n_halves (p, n))
#define vf_load_f16(p) _mm256_cvtph_ps (_mm_loadu_si128 ((const __m128i *) (p)))
#define vf_load_n_f16(p, n) _mm256_cvtph_ps (load_n_halves (p, n))

/* Pairs of floats, then of doubles, change places within each half, then the halves. */
static inline __attribute__ ((always_inline)) void
vf_transpose (vf *r)
{
  vf t[8];

  UNROLL (4) for (int i = 0; i < 4; i++)
    {
      t[2 * i] = _mm256_unpacklo_ps (r[2 * i], r[2 * i + 1]);
      t[2 * i + 1] = _mm256_unpackhi_ps (r[2 * i], r[2 * i + 1]);
    }
  UNROLL (2) for (int i = 0; i < 8; i += 4)
    {
      const __m256d a = _mm256_castps_pd (t[i]), b = _mm256_castps_pd (t[i + 1]);
      const __m256d c = _mm256_castps_pd (t[i + 2]), d = _mm256_castps_pd (t[i + 3]);

      r[i] = _mm256_castpd_ps (_mm256_unpacklo_pd (a, c));
      r[i + 1] = _mm256_castpd_ps (_mm256_unpackhi_pd (a, c));
      r[i + 2] = _mm256_castpd_ps (_mm256_unpacklo_pd (b, d));
      r[i + 3] = _mm256_castpd_ps (_mm256_unpackhi_pd (b, d));
    }
  UNROLL (4) for (int j = 0; j < 4; j++)
    {
      const vf low = r[j], high = r[4 + j];

      r[j] = _mm256_permute2f128_ps (low, high, 0x20);
      r[4 + j] = _mm256_permute2f128_ps (low, high, 0x31);
    }
}

#include "kernels/ivl-kernels-simd.inc.h"

void
ivl_kernels_init_avx2 (IvlKernels *kernels)
{
  set_kernels (kernels);
}
