/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Operations on each number by itself, and small ones on rows. */
#include "ops/ivl-ops-private.h"

typedef struct
{
  IvlOps *ops;
  float *x;
  const float *y;
  const float *scale;
  gsize dim;
} Elementwise;

static void
do_gelu (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Elementwise *job = data;

  job->ops->kernels.gelu (job->x + begin, end - begin);
}

void
ivl_op_gelu (IvlOps *ops,
             float  *x,
             gsize   n)
{
  Elementwise job = { ops, x };

  ivl_pool_run (ops->pool, n, IVL_OPS_GRAIN, do_gelu, &job);
}

static void
do_swiglu (gsize    begin,
           gsize    end,
           guint    thread,
           gpointer data)
{
  Elementwise *job = data;

  job->ops->kernels.swiglu (job->x + begin, job->y + begin, end - begin);
}

void
ivl_op_swiglu (IvlOps      *ops,
               float       *gate,
               const float *up,
               gsize        n)
{
  Elementwise job = { ops, gate, up };

  ivl_pool_run (ops->pool, n, IVL_OPS_GRAIN, do_swiglu, &job);
}

static void
do_add (gsize    begin,
        gsize    end,
        guint    thread,
        gpointer data)
{
  Elementwise *job = data;
  const gsize dim = job->dim;

  if (job->scale == NULL)
    job->ops->kernels.add (job->x + begin * dim, job->y + begin * dim, (end - begin) * dim);
  else
    for (gsize i = begin; i < end; i++)
      job->ops->kernels.add_scaled (job->x + i * dim, job->y + i * dim, job->scale, dim);
}

void
ivl_op_add (IvlOps          *ops,
            float           *x,
            const float     *y,
            gsize            n,
            gsize            dim,
            const IvlTensor *scale)
{
  Elementwise job = { ops, x, y, NULL, dim };

  g_return_if_fail (dim > 0);
  g_return_if_fail (scale == NULL || ivl_tensor_n_elements (scale) == dim);

  if (scale != NULL)
    job.scale = ivl_ops_get_params (ops, scale, NULL, dim);
  if (scale != NULL && job.scale == NULL)
    return;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / dim), do_add, &job);
}

void
ivl_op_get_row (IvlOps          *ops,
                const IvlTensor *t,
                gsize            row,
                float           *out)
{
  g_return_if_fail (t->n_dims == 2 && row < t->shape[0]);
  g_return_if_fail (ivl_dtype_get_info (t->dtype)->is_weight);

  ivl_ops_read_weight (ops, t, row * t->shape[1], t->shape[1], out);
}

gssize
ivl_op_find_non_finite (IvlOps      *ops,
                        const float *x,
                        gsize        n)
{
  gsize found = ops->kernels.find_non_finite (x, n);

  return found < n ? (gssize) found : -1;
}
