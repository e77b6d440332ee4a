/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Normalisations over the last dimension. */
#include "ops/ivl-ops-private.h"

typedef struct
{
  IvlOps *ops;
  const float *x;
  gsize x_stride;
  gsize dim;
  const float *w;
  const float *b;
  float eps;
  float *y;
  gsize y_stride;
} Norm;

static void
do_layer_norm (gsize    begin,
               gsize    end,
               guint    thread,
               gpointer data)
{
  Norm *job = data;

  for (gsize i = begin; i < end; i++)
    job->ops->kernels.layer_norm (job->y + i * job->y_stride, job->x + i * job->x_stride, job->w,
                                  job->b, job->eps, job->dim);
}

void
ivl_op_layer_norm (IvlOps          *ops,
                   const float     *x,
                   gsize            n,
                   gsize            dim,
                   const IvlTensor *w,
                   const IvlTensor *b,
                   float            eps,
                   float           *y)
{
  Norm job = { ops, x, dim, dim, NULL, NULL, eps, y, dim };

  g_return_if_fail (dim > 0);
  g_return_if_fail (ivl_tensor_n_elements (w) == dim && ivl_tensor_n_elements (b) == dim);

  job.w = ivl_ops_get_params (ops, w, b, dim);
  if (job.w == NULL)
    return;
  job.b = job.w + dim;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / dim), do_layer_norm, &job);
}

static void
do_rms_norm (gsize    begin,
             gsize    end,
             guint    thread,
             gpointer data)
{
  Norm *job = data;

  for (gsize i = begin; i < end; i++)
    job->ops->kernels.rms_norm (job->y + i * job->y_stride, job->x + i * job->x_stride, job->w,
                                job->eps, job->dim);
}

void
ivl_op_rms_norm (IvlOps          *ops,
                 const float     *x,
                 gsize            x_stride,
                 gsize            n,
                 gsize            dim,
                 const IvlTensor *w,
                 float            eps,
                 float           *y,
                 gsize            y_stride)
{
  Norm job = { ops, x, x_stride, dim, NULL, NULL, eps, y, y_stride };

  g_return_if_fail (dim > 0 && x_stride >= dim && y_stride >= dim);
  g_return_if_fail (ivl_tensor_n_elements (w) == dim);

  job.w = ivl_ops_get_params (ops, w, NULL, dim);
  if (job.w == NULL)
    return;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / dim), do_rms_norm, &job);
}
