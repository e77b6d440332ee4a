/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The context of the operations: kernels, pool and scratch memory. */
#include "ops/ivl-ops-private.h"

#include <libivl/ivl-error.h>
#include <string.h>

#define ALIGNMENT 64

IvlOps *
ivl_ops_new (guint n_threads)
{
  IvlOps *ops = g_new0 (IvlOps, 1);

  ivl_kernels_init (&ops->kernels);
  ops->pool = ivl_pool_new (n_threads);
  ops->scratch = g_new0 (IvlScratch, ivl_pool_get_n_threads (ops->pool));
  return ops;
}

void
ivl_ops_free (IvlOps *ops)
{
  for (guint i = 0; i < ivl_pool_get_n_threads (ops->pool); i++)
    g_free (ops->scratch[i].memory);
  g_free (ops->params.memory);
  g_free (ops->scratch);
  ivl_op_rope_clear (&ops->rope);
  ivl_pool_free (ops->pool);
  g_free (ops);
}

guint
ivl_ops_get_n_threads (IvlOps *ops)
{
  return ivl_pool_get_n_threads (ops->pool);
}

const char *
ivl_ops_get_isa (IvlOps *ops)
{
  return ops->kernels.isa;
}

void
ivl_ops_set_cancellable (IvlOps       *ops,
                         GCancellable *cancellable)
{
  ops->cancellable = cancellable;
  ivl_pool_set_cancellable (ops->pool, cancellable);
}

void
ivl_ops_set_pause (IvlOps          *ops,
                   IvlOpsPauseFunc  func,
                   gpointer         data)
{
  ops->pause = func;
  ops->pause_data = data;
}

void
ivl_ops_pause (IvlOps *ops)
{
  GCancellable *cancellable = ops->cancellable;

  if (ops->pause == NULL)
    return;
  ops->pause (ops->pause_data);
  if (ops->cancellable != cancellable)
    ivl_ops_set_cancellable (ops, cancellable);
}

void
ivl_ops_note_no_memory (IvlOps *ops)
{
  g_atomic_int_set (&ops->lacks_memory, TRUE);
}

gboolean
ivl_ops_check (IvlOps  *ops,
               GError **error)
{
  if (!g_atomic_int_exchange (&ops->lacks_memory, FALSE))
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                       "No memory for the model's arithmetic");
  return FALSE;
}

/* GLib's aligned allocation ends the process where there is no memory. */
static float *
grow (IvlOps     *ops,
      IvlScratch *scratch,
      gsize       n_floats)
{
  if (scratch->n_floats >= n_floats)
    return scratch->data;
  g_free (scratch->memory);
  *scratch = (IvlScratch) { 0 };
  if (n_floats <= (G_MAXSIZE - ALIGNMENT) / sizeof (float))
    scratch->memory = g_try_malloc (n_floats * sizeof (float) + ALIGNMENT);
  if (scratch->memory == NULL)
    {
      ivl_ops_note_no_memory (ops);
      return NULL;
    }
  scratch->n_floats = n_floats;
  scratch->data = (float *) (((guintptr) scratch->memory + ALIGNMENT - 1)
                             / ALIGNMENT * ALIGNMENT);
  return scratch->data;
}

float *
ivl_ops_get_scratch (IvlOps *ops,
                     guint   thread,
                     gsize   n_floats)
{
  return grow (ops, &ops->scratch[thread], n_floats);
}

void
ivl_ops_read_weight (const IvlOps    *ops,
                     const IvlTensor *w,
                     gsize            first,
                     gsize            n,
                     float           *out)
{
  const guint8 *data = w->data + first * ivl_dtype_get_info (w->dtype)->size;

  if (w->dtype == IVL_DTYPE_BF16)
    ops->kernels.bf16_to_f32 (out, data, n);
  else if (w->dtype == IVL_DTYPE_F16)
    ops->kernels.f16_to_f32 (out, data, n);
  else
    memcpy (out, data, n * sizeof (float));
}

const float *
ivl_ops_get_params (IvlOps          *ops,
                    const IvlTensor *w,
                    const IvlTensor *b,
                    gsize            dim)
{
  float *params = grow (ops, &ops->params, 2 * dim);

  if (params == NULL)
    return NULL;
  ivl_ops_read_weight (ops, w, 0, dim, params);
  if (b != NULL)
    ivl_ops_read_weight (ops, b, 0, dim, params + dim);
  return params;
}
