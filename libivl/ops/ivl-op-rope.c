/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Rotary position embedding. */
#include "ops/ivl-ops-private.h"

#include <math.h>
#include <string.h>

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

/* Every layer of a decoder asks for the same rows, so the table of the last call is kept. The
 * roundings are those of torch: 1 / base^(2j / d) and its product with the position are float32,
 * and so are the cosine and sine of that product. */
static void
prepare_table (IvlRopeTable     *table,
               gsize             head_dim,
               const IvlRopeRow *rows,
               gsize             n)
{
  const gsize half = head_dim / 2;
  g_autofree float *frequencies = NULL;

  if (table->head_dim == head_dim && n <= table->n &&
      memcmp (table->rows, rows, n * sizeof *rows) == 0)
    return;

  table->head_dim = head_dim;
  table->n = n;
  table->rows = g_renew (IvlRopeRow, table->rows, n);
  table->cosines = g_renew (float, table->cosines, n * half);
  table->sines = g_renew (float, table->sines, n * half);
  memcpy (table->rows, rows, n * sizeof *rows);
  frequencies = g_new (float, half);
  for (gsize i = 0; i < n; i++)
    for (gsize j = 0; j < half; j++)
      {
        float angle;

        if (i == 0 || rows[i].base != rows[i - 1].base)
          frequencies[j] = 1.0f / (float) pow (rows[i].base, (float) (2 * j) / (float) head_dim);
        angle = (float) rows[i].position * frequencies[j];
        table->cosines[i * half + j] = (float) cos (angle);
        table->sines[i * half + j] = (float) sin (angle);
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
ivl_op_rope (IvlOps           *ops,
             float            *x,
             gsize             x_stride,
             const IvlRopeRow *rows,
             gsize             n,
             gsize             n_heads,
             gsize             head_dim)
{
  Rope job = { ops, x, x_stride, n_heads, head_dim };

  g_return_if_fail (head_dim > 0 && head_dim % 2 == 0);
  g_return_if_fail (n_heads > 0 && x_stride >= n_heads * head_dim);

  prepare_table (&ops->rope, head_dim, rows, n);
  job.cosines = ops->rope.cosines;
  job.sines = ops->rope.sines;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / (n_heads * head_dim)), do_rope, &job);
}
