/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "tensor/ivl-tensor.h"

G_BEGIN_DECLS

/* Arithmetic on float32 activations with weights of any weight type, split over a pool of threads.
 * Shapes are checked when a model is opened; wrong calls are programmer errors. One IvlOps is used
 * by one caller at a time. Scratch memory is allocated at the first use of a size and kept; where
 * it lacks, an operation leaves its result undefined, and ivl_ops_check() tells. */
typedef struct _IvlOps IvlOps;

IvlOps *ivl_ops_new (guint n_threads); /* 0: as many as processors may be used */
void    ivl_ops_free (IvlOps *ops);
guint   ivl_ops_get_n_threads (IvlOps *ops);
const char *ivl_ops_get_isa (IvlOps *ops); /* "generic", "avx2", "avx512" ... */

/* FALSE with IVL_ERROR_NO_MEMORY if an operation since the last call lacked memory. Asked before
 * results are used, and before ivl_ops_pause(), behind which others ask. */
gboolean ivl_ops_check (IvlOps  *ops,
                        GError **error);

/* Most rows that ivl_op_linear() does by dot products. */
gsize ivl_op_linear_get_max_dots (IvlOps *ops);

/* From now on operations stop early once cancellable is cancelled and leave their result undefined:
 * check it before the result is used. NULL: never. */
void ivl_ops_set_cancellable (IvlOps       *ops,
                              GCancellable *cancellable);

/* Long computations call ivl_ops_pause() between operations where they can be interrupted by other
 * users of the same IvlOps. func lets those have their turn, which may take a while. */
typedef void (*IvlOpsPauseFunc) (gpointer data);
void ivl_ops_set_pause (IvlOps          *ops,
                        IvlOpsPauseFunc  func,
                        gpointer         data);
void ivl_ops_pause (IvlOps *ops);

/* y = x @ w^T + bias: x [n, in], w [out, in], bias [out] or NULL, y [n, out]. Up to
 * ivl_op_linear_get_max_dots() rows, each row of y is bit for bit what it is without the others. */
void ivl_op_linear (IvlOps          *ops,
                    const float     *x,
                    gsize            n,
                    const IvlTensor *w,
                    const IvlTensor *bias,
                    float           *y);

/* y = (x - mean) / sqrt (var + eps) * w + b over the last dimension: x, y [n, dim]; y may be x. */
void ivl_op_layer_norm (IvlOps          *ops,
                        const float     *x,
                        gsize            n,
                        gsize            dim,
                        const IvlTensor *w,
                        const IvlTensor *b,
                        float            eps,
                        float           *y);

/* y = x / sqrt (mean (x^2) + eps) * w: x [n, dim] with rows x_stride floats apart, y likewise; y
 * may be x. */
void ivl_op_rms_norm (IvlOps          *ops,
                      const float     *x,
                      gsize            x_stride,
                      gsize            n,
                      gsize            dim,
                      const IvlTensor *w,
                      float            eps,
                      float           *y,
                      gsize            y_stride);

/* x = 0.5 x (1 + erf (x / sqrt 2)), in place, n floats. */
void ivl_op_gelu (IvlOps *ops,
                  float  *x,
                  gsize   n);

/* gate = silu (gate) * up, n floats. */
void ivl_op_swiglu (IvlOps      *ops,
                    float       *gate,
                    const float *up,
                    gsize        n);

/* x += y * scale (scale [dim] or NULL for 1): x, y [n, dim]. */
void ivl_op_add (IvlOps          *ops,
                 float           *x,
                 const float     *y,
                 gsize            n,
                 gsize            dim,
                 const IvlTensor *scale);

typedef struct
{
  gsize  position;
  double base;
} IvlRopeRow;

/* Rotates halves of each head in place: x [n, n_heads, head_dim] with rows x_stride floats apart;
 * angle of pair j is position * base^(-2j / head_dim), computed in float32 as PyTorch does
 * (inv_freq rounded to float32, times the position in float32). */
void ivl_op_rope (IvlOps           *ops,
                  float            *x,
                  gsize             x_stride,
                  const IvlRopeRow *rows,
                  gsize             n,
                  gsize             n_heads,
                  gsize             head_dim);

/* Softmax attention, blockwise: no n_q x n_kv matrix is ever held.
 * q [n_q, n_heads, head_dim], rows q_stride floats apart; k, v [n_kv, n_kv_heads, head_dim], rows
 * kv_stride floats apart; out [n_q, n_heads * head_dim], tight. Query head h reads key/value head
 * h / (n_heads / n_kv_heads). Scores are scaled by head_dim^-0.5. causal: query i sees keys
 * 0 .. n_kv - n_q + i; otherwise all. */
void ivl_op_attention (IvlOps      *ops,
                       const float *q,
                       gsize        q_stride,
                       const float *k,
                       const float *v,
                       gsize        kv_stride,
                       gsize        n_q,
                       gsize        n_kv,
                       gsize        n_heads,
                       gsize        n_kv_heads,
                       gsize        head_dim,
                       gboolean     causal,
                       float       *out);

/* Keys and values of one sequence. */
typedef struct
{
  const float *k; /* [n, n_kv_heads, head_dim] */
  const float *v;
  gsize        n;
} IvlOpKeys;

/* ivl_op_attention() with one query for each of n_q sequences, which sees all of its keys. What a
 * row gives does not depend on the others. */
void ivl_op_attention_each (IvlOps          *ops,
                            const float     *q,
                            gsize            q_stride,
                            const IvlOpKeys *keys,
                            gsize            kv_stride,
                            gsize            n_q,
                            gsize            n_heads,
                            gsize            n_kv_heads,
                            gsize            head_dim,
                            float           *out);

/* out = row `row` of t [rows, dim] as float32. */
void ivl_op_get_row (IvlOps          *ops,
                     const IvlTensor *t,
                     gsize            row,
                     float           *out);

/* Index of the first non-finite number among n, or -1. */
gssize ivl_op_find_non_finite (IvlOps      *ops,
                               const float *x,
                               gsize        n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlOps, ivl_ops_free)

G_END_DECLS
