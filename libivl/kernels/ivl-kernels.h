/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The arithmetic on rows of numbers: the list of kernels and the table of function pointers to them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One line per kernel: name, result, arguments. The scalar C in ivl-kernels-generic.c defines what each one
 * computes; every other instruction set is tested against it. Pointers need no alignment; arrays overlap only
 * where it says so; any n from 0 on is allowed. Weights are in their storage type: f32, f16 (IEEE half) or bf16.
 *
 *   f16_to_f32, bf16_to_f32   out[n] = in[n]
 *   dot_T                     sum of x[i] * w[i]
 *   dot4_T                    out[j] = sum of x[i] * w[j * stride + i], j = 0..3, stride in elements
 *   axpy4                     y[i] += sum over j = 0..3 of a[j] * x[j * stride + i]
 *   scale                     x[i] *= a
 *   add                       x[i] += y[i]
 *   add_scaled                x[i] += y[i] * s[i]
 *   max                       the largest of x[n], -infinity for n = 0
 *   exp_sum                   x[i] = exp (x[i] - max), result: their sum
 *   gelu                      x[i] = x[i] * Phi (x[i]), Phi the normal distribution function (exact erf form)
 *   swiglu                    gate[i] = gate[i] / (1 + exp (-gate[i])) * up[i]
 *   layer_norm                y = (x - mean) / sqrt (variance + eps) * w + b; y may be x
 *   rms_norm                  y = x / sqrt (mean of squares + eps) * w; y may be x
 *   rope                      rotates (x[i], x[half + i]) by the angle whose cosine and sine are c[i], s[i]
 *   find_non_finite           index of the first Inf or NaN, n when there is none
 */
#define IVL_KERNEL_LIST(K)                                                                            \
  K (f16_to_f32, void, (float *out, const void *in, size_t n))                                        \
  K (bf16_to_f32, void, (float *out, const void *in, size_t n))                                       \
  K (dot_f32, float, (const float *x, const void *w, size_t n))                                       \
  K (dot_f16, float, (const float *x, const void *w, size_t n))                                       \
  K (dot_bf16, float, (const float *x, const void *w, size_t n))                                      \
  K (dot4_f32, void, (float *out, const float *x, const void *w, size_t stride, size_t n))            \
  K (dot4_f16, void, (float *out, const float *x, const void *w, size_t stride, size_t n))            \
  K (dot4_bf16, void, (float *out, const float *x, const void *w, size_t stride, size_t n))           \
  K (axpy4, void, (float *y, const float *a, const float *x, size_t stride, size_t n))                \
  K (scale, void, (float *x, float a, size_t n))                                                      \
  K (add, void, (float *x, const float *y, size_t n))                                                 \
  K (add_scaled, void, (float *x, const float *y, const float *s, size_t n))                          \
  K (max, float, (const float *x, size_t n))                                                          \
  K (exp_sum, float, (float *x, float max, size_t n))                                                 \
  K (gelu, void, (float *x, size_t n))                                                                \
  K (swiglu, void, (float *gate, const float *up, size_t n))                                          \
  K (layer_norm, void, (float *y, const float *x, const float *w, const float *b, float eps, size_t n)) \
  K (rms_norm, void, (float *y, const float *x, const float *w, float eps, size_t n))                 \
  K (rope, void, (float *x, const float *c, const float *s, size_t half))                             \
  K (find_non_finite, size_t, (const float *x, size_t n))

typedef struct
{
  const char *isa;
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

/* The widest instruction set that this processor has, or the one named in the environment variable IVL_ISA
 * where that is plainer. */
void ivl_kernels_init (IvlKernels *kernels);
