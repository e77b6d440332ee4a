/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Rotary position embedding. */
#include "ops/ivl-ops-private.h"

#include <math.h>

typedef struct
{
  IvlOps *ops;
  float *x;
  gsize x_stride;
  gsize n_heads;
  gsize head_dim;
  const float *cosines;
  const float *sines;
} Rope;

/* Every layer of a decoder asks for the same positions, so the table of the last call is kept. The
 * roundings are those of torch: 1 / base^(2j / d) and its product with the position are float32,
 * and so are the cosine and sine of that product. */
static void
prepare_table (IvlRopeTable *table,
               gsize         head_dim,
               double        base,
               gsize         first,
               gsize         n)
{
  const gsize half = head_dim / 2;

  if (table->head_dim == head_dim && table->base == base && first >= table->first
      && first + n <= table->first + table->n)
    return;

  table->cosines = g_renew (float, table->cosines, n * half);
  table->sines = g_renew (float, table->sines, n * half);
  *table = (IvlRopeTable) { head_dim, base, first, n, table->cosines, table->sines };
  for (gsize j = 0; j < half; j++)
    {
      const float power = (float) pow (base, (float) (2 * j) / (float) head_dim);
      const float frequency = 1.0f / power;

      for (gsize i = 0; i < n; i++)
        {
          const float angle = (float) (first + i) * frequency;

          table->cosines[i * half + j] = (float) cos (angle);
          table->sines[i * half + j] = (float) sin (angle);
        }
    }
}

static void
do_rope (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Rope *job = data;
  const gsize half = job->head_dim / 2;

  for (gsize i = begin; i < end; i++)
    for (gsize h = 0; h < job->n_heads; h++)
      job->ops->kernels.rope (job->x + i * job->x_stride + h * job->head_dim,
                              job->cosines + i * half, job->sines + i * half, half);
}

void
ivl_op_rope (IvlOps *ops,
             float  *x,
             gsize   x_stride,
             gsize   n,
             gsize   n_heads,
             gsize   head_dim,
             gsize   pos,
             double  base)
{
  Rope job = { ops, x, x_stride, n_heads, head_dim };
  gsize offset;

  g_return_if_fail (head_dim > 0 && head_dim % 2 == 0);
  g_return_if_fail (n_heads > 0 && x_stride >= n_heads * head_dim);

  prepare_table (&ops->rope, head_dim, base, pos, n);
  offset = (pos - ops->rope.first) * (head_dim / 2);
  job.cosines = ops->rope.cosines + offset;
  job.sines = ops->rope.sines + offset;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / (n_heads * head_dim)), do_rope, &job);
}
