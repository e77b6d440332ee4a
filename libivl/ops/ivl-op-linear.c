/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Products with weight matrices. */
#include "ops/ivl-blas.h"
#include "ops/ivl-ops-private.h"

#include <string.h>

/* Up to this many rows of x the weights are streamed through dot products. */
#define MAX_GEMV_ROWS 4

/* Weights that are not float32 are converted a panel of rows at a time, by each thread for itself. */
#define PANEL_FLOATS (1 << 20)

/* Bytes of weights in a range of a streamed product. */
#define GEMV_BYTES (128 << 10)

typedef struct
{
  IvlOps *ops;
  const float *x;
  gsize n;
  gsize n_in;
  gsize n_out;
  const IvlTensor *w;
  const IvlTensor *bias;
  float *y;
} Linear;

typedef void (*Dot4) (float *out, const float *x, const void *w, size_t stride, size_t n);
typedef float (*Dot) (const float *x, const void *w, size_t n);

static void
do_gemv (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Linear *job = data;
  const IvlKernels *k = &job->ops->kernels;
  const IvlDtype dtype = job->w->dtype;
  const Dot4 dot4 = dtype == IVL_DTYPE_BF16 ? k->dot4_bf16
                    : dtype == IVL_DTYPE_F16 ? k->dot4_f16
                                             : k->dot4_f32;
  const Dot dot = dtype == IVL_DTYPE_BF16 ? k->dot_bf16 : dtype == IVL_DTYPE_F16 ? k->dot_f16 : k->dot_f32;
  const gsize row_bytes = job->n_in * ivl_dtype_get_info (dtype)->size;
  gsize r = begin;

  for (; r + 4 <= end; r += 4)
    for (gsize i = 0; i < job->n; i++)
      dot4 (job->y + i * job->n_out + r, job->x + i * job->n_in, job->w->data + r * row_bytes, job->n_in, job->n_in);
  for (; r < end; r++)
    for (gsize i = 0; i < job->n; i++)
      job->y[i * job->n_out + r] = dot (job->x + i * job->n_in, job->w->data + r * row_bytes, job->n_in);

  if (job->bias != NULL)
    {
      float *bias = ivl_ops_get_scratch (job->ops, thread, end - begin);

      ivl_ops_read_weight (job->ops, job->bias, begin, end - begin, bias);
      for (gsize i = 0; i < job->n; i++)
        k->add (job->y + i * job->n_out + begin, bias, end - begin);
    }
}

static void
do_gemm (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Linear *job = data;
  const gsize n_rows = end - begin;
  float *y = job->y + begin;
  float *scratch = ivl_ops_get_scratch (job->ops, thread, n_rows * job->n_in);
  const float *w;

  /* the bias goes in first and the product is added to it */
  if (job->bias != NULL)
    {
      ivl_ops_read_weight (job->ops, job->bias, begin, n_rows, y);
      for (gsize i = 1; i < job->n; i++)
        memcpy (y + i * job->n_out, y, n_rows * sizeof (float));
    }

  if (job->w->dtype == IVL_DTYPE_F32)
    {
      w = (const float *) (gconstpointer) job->w->data + begin * job->n_in;
    }
  else
    {
      ivl_ops_read_weight (job->ops, job->w, begin * job->n_in, n_rows * job->n_in, scratch);
      w = scratch;
    }
  ivl_blas_gemm_nt (job->n, n_rows, job->n_in, 1, job->x, job->n_in, w, job->n_in, job->bias != NULL, y,
                    job->n_out);
}

void
ivl_op_linear (IvlOps          *ops,
               const float     *x,
               gsize            n,
               const IvlTensor *w,
               const IvlTensor *bias,
               float           *y)
{
  Linear job = { ops, x, n, 0, 0, w, bias, y };

  g_return_if_fail (w->n_dims == 2 && w->shape[0] > 0 && w->shape[1] > 0);
  g_return_if_fail (ivl_dtype_get_info (w->dtype)->is_weight);
  g_return_if_fail (bias == NULL || ivl_tensor_n_elements (bias) == w->shape[0]);

  job.n_out = w->shape[0];
  job.n_in = w->shape[1];
  if (n <= MAX_GEMV_ROWS)
    {
      const gsize row_bytes = job.n_in * ivl_dtype_get_info (w->dtype)->size;

      ivl_pool_run (ops->pool, job.n_out, MAX (4, GEMV_BYTES / row_bytes / 4 * 4), do_gemv, &job);
    }
  else
    {
      ivl_blas_begin ();
      ivl_pool_run (ops->pool, job.n_out, CLAMP (PANEL_FLOATS / job.n_in, 16, 256), do_gemm, &job);
      ivl_blas_end ();
    }
}
