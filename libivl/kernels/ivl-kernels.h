/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The arithmetic on rows of numbers: the list of kernels and the table of function pointers to
 * them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One line per kernel: name, result, arguments. The scalar C in ivl-kernels-generic.c defines what
 * each one computes; every other instruction set is tested against it. Pointers need no alignment;
 * arrays overlap only where it says so; any n from 0 on is allowed. Weights are in their storage
 * type: f32, f16 (IEEE half) or bf16.
 *
 *   f16_to_f32, bf16_to_f32   out[n] = in[n]
 *   dot                       sum of x[i] * y[i]
 *   dot4                      out[j] = sum of x[i] * y[j * stride + i], j = 0..3
 *   dots_T                    out[r * ldo + j] = sum of x[r * ldx + i] * w[j * ldw + i], r < rows,
 *                             j < columns; ldw in elements. Each sum is bit for bit the same
 *                             whatever the other rows and columns are
 *   axpy4                     y[i] += sum over j = 0..3 of a[j] * x[j * stride + i]
 *   scale                     x[i] *= a
 *   add                       x[i] += y[i]
 *   add_scaled                x[i] += y[i] * s[i]
 *   max                       the largest of x[n], -infinity for n = 0
 *   exp_sum                   x[i] = exp (x[i] - max), result: their sum
 *   gelu                      x[i] *= Phi (x[i]), the normal distribution function (exact erf form)
 *   swiglu                    gate[i] = gate[i] / (1 + exp (-gate[i])) * up[i]
 *   layer_norm                y = (x - mean) / sqrt (variance + eps) * w + b; y may be x
 *   rms_norm                  y = x / sqrt (mean of squares + eps) * w; y may be x
 *   rope                      rotates (x[i], x[half + i]) by the angle of cosine c[i] and sine s[i]
 *   find_non_finite           index of the first Inf or NaN, n when there is none
 *   fma_rounds                n times x[i] = x[i] * a + a for all tile_rows * tile_columns numbers
 *                             of x, in registers: the most that the processor can multiply and add
 *
 * The blocks of a matrix product c [rows, columns] = a [rows, depth] @ b [depth, columns], with W
 * for the table's tile_columns:
 *   pack_T                    out[k * W + j] = w[j * stride + k] for k < depth and j < columns, 0
 *                             for the other j < W (w is b transposed, as weights are)
 *   pack_rows                 out[k * W + j] = x[k * stride + j] likewise
 *   tile                      c[i * ldc + j] = sum over k < depth of a[i * IVL_TILE_STRIDE + k] *
 *                             b[k * W + j] for i < rows <= tile_rows, j < columns <= W; b is
 * packed, depth <= IVL_TILE_DEPTH; adds to c when accumulate is not 0
 */
#define IVL_KERNEL_LIST(K)                                                                        \
  K (f16_to_f32, void, (float *out, const void *in, size_t n))                                    \
  K (bf16_to_f32, void, (float *out, const void *in, size_t n))                                   \
  K (dot, float, (const float *x, const float *y, size_t n))                                      \
  K (dot4, void, (float *out, const float *x, const float *y, size_t stride, size_t n))           \
  K (dots_f32, void,                                                                              \
     (float *out, size_t ldo, const float *x, size_t ldx, size_t rows, const void *w,             \
      size_t ldw, size_t columns, size_t n))                                                      \
  K (dots_f16, void,                                                                              \
     (float *out, size_t ldo, const float *x, size_t ldx, size_t rows, const void *w,             \
      size_t ldw, size_t columns, size_t n))                                                      \
  K (dots_bf16, void,                                                                             \
     (float *out, size_t ldo, const float *x, size_t ldx, size_t rows, const void *w,             \
      size_t ldw, size_t columns, size_t n))                                                      \
  K (axpy4, void, (float *y, const float *a, const float *x, size_t stride, size_t n))            \
  K (scale, void, (float *x, float a, size_t n))                                                  \
  K (add, void, (float *x, const float *y, size_t n))                                             \
  K (add_scaled, void, (float *x, const float *y, const float *s, size_t n))                      \
  K (max, float, (const float *x, size_t n))                                                      \
  K (exp_sum, float, (float *x, float max, size_t n))                                             \
  K (gelu, void, (float *x, size_t n))                                                            \
  K (swiglu, void, (float *gate, const float *up, size_t n))                                      \
  K (layer_norm, void,                                                                            \
     (float *y, const float *x, const float *w, const float *b, float eps, size_t n))             \
  K (rms_norm, void, (float *y, const float *x, const float *w, float eps, size_t n))             \
  K (rope, void, (float *x, const float *c, const float *s, size_t half))                         \
  K (find_non_finite, size_t, (const float *x, size_t n))                                         \
  K (fma_rounds, void, (float *x, float a, size_t n))                                             \
  K (pack_f32, void, (float *out, const void *w, size_t stride, size_t columns, size_t depth))    \
  K (pack_f16, void, (float *out, const void *w, size_t stride, size_t columns, size_t depth))    \
  K (pack_bf16, void, (float *out, const void *w, size_t stride, size_t columns, size_t depth))   \
  K (pack_rows, void, (float *out, const float *x, size_t stride, size_t columns, size_t depth))  \
  K (tile, void,                                                                                  \
     (float *c, size_t ldc, const float *a, const float *b, size_t rows, size_t columns,          \
      size_t depth, int accumulate))

/* The rows of a tile lie this many floats apart: constant, so that it goes into the addresses of
 * instructions, and no power of two, so that the rows do not fall on each other in the cache. */
#define IVL_TILE_DEPTH 384
#define IVL_TILE_STRIDE (IVL_TILE_DEPTH + 16)

/* The most that any instruction set has. */
#define IVL_MAX_TILE_ROWS 14
#define IVL_MAX_TILE_COLUMNS 32

typedef struct
{
  const char *isa;
  size_t tile_rows;
  size_t tile_columns;
  int has_fast_tile; /* 0: a BLAS library beats these tiles */
#define IVL_KERNEL_SLOT(name, result, arguments) result (*name) arguments;
  IVL_KERNEL_LIST (IVL_KERNEL_SLOT)
#undef IVL_KERNEL_SLOT
} IvlKernels;

/* Instruction sets from the plainest to the widest: index 0 is "generic". */
size_t      ivl_kernels_get_n_isas (void);
const char *ivl_kernels_get_isa_name (size_t isa);

/* Fills the table for one instruction set, slots that it does not have from the plainer ones.
 * Returns 0 and leaves the table alone when this processor lacks it. */
int ivl_kernels_init_isa (IvlKernels *kernels,
                          size_t      isa);

/* The widest instruction set that this processor has, or the one named in the environment variable
 * IVL_ISA where that is plainer. */
void ivl_kernels_init (IvlKernels *kernels);

/* What IVL_ISA says if that is no instruction set's name, and is passed over; else NULL. */
const char *ivl_kernels_get_unknown_limit (void);
