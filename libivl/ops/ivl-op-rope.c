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

void
ivl_op_rope_clear (IvlRopeTable *table)
{
  g_free (table->rows);
  g_free (table->cosines);
  g_free (table->sines);
  *table = (IvlRopeTable) { 0 };
}

/* Room for n rows, contents undefined; FALSE with an empty table without memory. */
static gboolean
allocate_table (IvlRopeTable *table,
                gsize         head_dim,
                gsize         n)
{
  ivl_op_rope_clear (table);
  table->head_dim = head_dim;
  table->n = n;
  table->rows = g_try_new (IvlRopeRow, n);
  table->cosines = g_try_new (float, n * head_dim / 2);
  table->sines = g_try_new (float, n * head_dim / 2);
  if (table->rows != NULL && table->cosines != NULL && table->sines != NULL)
    return TRUE;
  ivl_op_rope_clear (table);
  return FALSE;
}

/* Every layer of a decoder asks for the same rows, so the table of the last call is kept. The
 * roundings are those of torch: 1 / base^(2j / d) and its product with the position are float32,
 * and so are the cosine and sine of that product. */
static gboolean
prepare_table (IvlRopeTable     *table,
               gsize             head_dim,
               const IvlRopeRow *rows,
               gsize             n)
{
  const gsize half = head_dim / 2;
  g_autofree float *frequencies = NULL;

  if (table->head_dim == head_dim && n <= table->n &&
      memcmp (table->rows, rows, n * sizeof *rows) == 0)
    return TRUE;

  frequencies = g_try_new (float, half);
  if (frequencies == NULL || !allocate_table (table, head_dim, n))
    return FALSE;
  memcpy (table->rows, rows, n * sizeof *rows);
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
  return TRUE;
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

  if (!prepare_table (&ops->rope, head_dim, rows, n))
    {
      ivl_ops_note_no_memory (ops);
      return;
    }
  job.cosines = ops->rope.cosines;
  job.sines = ops->rope.sines;
  ivl_pool_run (ops->pool, n, MAX (1, IVL_OPS_GRAIN / (n_heads * head_dim)), do_rope, &job);
}
