/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernels for AVX-512 F, BW, VL and DQ. */
#include "kernels/ivl-kernels-private.h"

#include <immintrin.h>

#define UNROLL(n) _Pragma (IVL_STRINGIFY (GCC unroll n))
#define IVL_STRINGIFY(x) #x

typedef __m512 vf;

#define VF_LANES 16
#define TILE_ROWS 14
#define TILE_VECTORS 2
#define TILE_COLUMNS 32
#define DOTS_ROWS 4
#define DOTS_CASES(type)                                                                           \
  DOTS_ROW_CASES (type, 1)                                                                         \
  DOTS_ROW_CASES (type, 2)                                                                         \
  DOTS_ROW_CASES (type, 3)                                                                         \
  DOTS_ROW_CASES (type, 4)

#define vf_zero() _mm512_setzero_ps ()
#define vf_set(a) _mm512_set1_ps (a)
#define vf_load(p) _mm512_loadu_ps (p)
#define vf_store(p, v) _mm512_storeu_ps (p, v)
#define vf_fma(a, b, c) _mm512_fmadd_ps (a, b, c)
#define vf_sum(v) _mm512_reduce_add_ps (v)
#define vf_hmax(v) _mm512_reduce_max_ps (v)
/* of two operands these give the second where one is NaN */
#define vf_max(a, b) _mm512_max_ps (a, b)
#define vf_min(a, b) _mm512_min_ps (a, b)
#define vf_abs(v) _mm512_abs_ps (v)
#define vf_round(v) _mm512_roundscale_ps (v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define vf_times_power_of_2(v, k) _mm512_scalef_ps (v, k)
#define vf_select_negative(v, a, b)                                                                \
  _mm512_mask_blend_ps (_mm512_movepi32_mask (_mm512_castps_si512 (v)), b, a)
#define vf_mask(n) ((__mmask16) ((1u << (n)) - 1))
#define vf_load_n(p, n) _mm512_maskz_loadu_ps (vf_mask (n), p)
#define vf_store_n(p, v, n) _mm512_mask_storeu_ps (p, vf_mask (n), v)

/* The sums of four vectors, each in the order of vf_sum. */
static inline void
vf_store_sums (float *out,
               vf     a,
               vf     b,
               vf     c,
               vf     d)
{
  const vf ab = _mm512_shuffle_f32x4 (a, b, 0x44) + _mm512_shuffle_f32x4 (a, b, 0xee);
  const vf cd = _mm512_shuffle_f32x4 (c, d, 0x44) + _mm512_shuffle_f32x4 (c, d, 0xee);
  vf s = _mm512_shuffle_f32x4 (ab, cd, 0x88) + _mm512_shuffle_f32x4 (ab, cd, 0xdd);

  s += _mm512_permute_ps (s, 0x4e);
  s += _mm512_permute_ps (s, 0xb1);
  _mm_storeu_ps (out, _mm512_castps512_ps128 (_mm512_maskz_compress_ps (0x1111, s)));
}

static inline vf
widen_bf16 (__m256i v)
{
  return _mm512_castsi512_ps (_mm512_slli_epi32 (_mm512_cvtepu16_epi32 (v), 16));
}

#define vf_load_f32(p) vf_load (p)
#define vf_load_n_f32(p, n) vf_load_n (p, n)
#define vf_load_bf16(p) widen_bf16 (_mm256_loadu_si256 ((const __m256i *) (p)))
#define vf_load_n_bf16(p, n) widen_bf16 (_mm256_maskz_loadu_epi16 (vf_mask (n), p))
#define vf_load_f16(p) _mm512_cvtph_ps (_mm256_loadu_si256 ((const __m256i *) (p)))
#define vf_load_n_f16(p, n) _mm512_cvtph_ps (_mm256_maskz_loadu_epi16 (vf_mask (n), p))

/* Pairs of floats, then of doubles, change places within each quarter, then the quarters. */
static inline __attribute__ ((always_inline)) void
vf_transpose (vf *r)
{
  vf t[16];

  UNROLL (8) for (int i = 0; i < 8; i++)
    {
      t[2 * i] = _mm512_unpacklo_ps (r[2 * i], r[2 * i + 1]);
      t[2 * i + 1] = _mm512_unpackhi_ps (r[2 * i], r[2 * i + 1]);
    }
  UNROLL (4) for (int i = 0; i < 16; i += 4)
    {
      const __m512d a = _mm512_castps_pd (t[i]), b = _mm512_castps_pd (t[i + 1]);
      const __m512d c = _mm512_castps_pd (t[i + 2]), d = _mm512_castps_pd (t[i + 3]);

      r[i] = _mm512_castpd_ps (_mm512_unpacklo_pd (a, c));
      r[i + 1] = _mm512_castpd_ps (_mm512_unpackhi_pd (a, c));
      r[i + 2] = _mm512_castpd_ps (_mm512_unpacklo_pd (b, d));
      r[i + 3] = _mm512_castpd_ps (_mm512_unpackhi_pd (b, d));
    }
  /* r[4 g + j] now holds, in quarter q, column 4 q + j of rows 4 g .. 4 g + 3 */
  UNROLL (4) for (int j = 0; j < 4; j++)
    {
      const vf low0 = _mm512_shuffle_f32x4 (r[j], r[4 + j], 0x88),
               high0 = _mm512_shuffle_f32x4 (r[j], r[4 + j], 0xdd);
      const vf low1 = _mm512_shuffle_f32x4 (r[8 + j], r[12 + j], 0x88);
      const vf high1 = _mm512_shuffle_f32x4 (r[8 + j], r[12 + j], 0xdd);

      t[j] = _mm512_shuffle_f32x4 (low0, low1, 0x88);
      t[4 + j] = _mm512_shuffle_f32x4 (high0, high1, 0x88);
      t[8 + j] = _mm512_shuffle_f32x4 (low0, low1, 0xdd);
      t[12 + j] = _mm512_shuffle_f32x4 (high0, high1, 0xdd);
    }
  UNROLL (16) for (int i = 0; i < 16; i++)
    r[i] = t[i];
}

#include "kernels/ivl-kernels-simd.inc.h"

void
ivl_kernels_init_avx512 (IvlKernels *kernels)
{
  set_kernels (kernels);
}
