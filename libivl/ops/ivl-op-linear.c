/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Products with weight matrices. */
#include <string.h>

#include "ops/ivl-gemm.h"

/* Up to this many rows of x the weights are streamed through dot products: beyond, tiles win, and
 * the BLAS library wins earlier. */
#define MAX_DOTS_ROWS 32
#define MAX_DOTS_ROWS_BLAS 4

/* Items of a product are blocks of at most MAX_COLUMNS rows of w and MIN_ROWS or more rows of x: w
 * is packed once per block of x, x is copied once per block of w. */
#define MAX_COLUMNS 256
#define MIN_ROWS 128

/* Blocks that each thread shall find, for a slow one not to hold up the others. */
#define BLOCKS_PER_THREAD 4

/* Where the BLAS library works, 16-bit weights are widened first, at most that many at a time. */
#define MAX_BLAS_FLOATS (1 << 20)

/* Bytes of weights in a range of a streamed product. */
#define DOTS_BYTES (128 << 10)

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
  gsize n_columns; /* of y in a block */
  gsize n_rows;
  gsize n_row_blocks;
} Linear;

typedef void (*Dots) (float *out, size_t ldo, const float *x, size_t ldx, size_t rows,
                      const void *w, size_t ldw, size_t columns, size_t n);

static void
do_dots (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Linear *job = data;
  const IvlKernels *k = &job->ops->kernels;
  const IvlDtype dtype = job->w->dtype;
  const Dots dots = dtype == IVL_DTYPE_BF16  ? k->dots_bf16
                    : dtype == IVL_DTYPE_F16 ? k->dots_f16
                                             : k->dots_f32;
  const gsize row_bytes = job->n_in * ivl_dtype_get_info (dtype)->size;

  dots (job->y + begin, job->n_out, job->x, job->n_in, job->n, job->w->data + begin * row_bytes,
        job->n_in, end - begin, job->n_in);
  if (job->bias != NULL)
    {
      float *bias = ivl_ops_get_scratch (job->ops, thread, end - begin);

      if (bias == NULL)
        return;
      ivl_ops_read_weight (job->ops, job->bias, begin, end - begin, bias);
      for (gsize i = 0; i < job->n; i++)
        k->add (job->y + i * job->n_out + begin, bias, end - begin);
    }
}

/* Items are [blocks of columns of y, blocks of rows of y]. */
static void
do_gemm (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Linear *job = data;
  const gsize scratch_size = ivl_gemm_get_scratch_size (job->ops, job->n_columns, job->n_in);
  float *scratch = ivl_ops_get_scratch (job->ops, thread, scratch_size);

  if (scratch == NULL)
    return;
  for (gsize item = begin; item < end; item++)
    {
      const gsize column = item / job->n_row_blocks * job->n_columns,
                  row = item % job->n_row_blocks * job->n_rows;
      const gsize n_columns = MIN (job->n_columns, job->n_out - column),
                  n_rows = MIN (job->n_rows, job->n - row);
      float *y = job->y + row * job->n_out + column;

      /* the bias goes in first and the product is added to it */
      if (job->bias != NULL)
        {
          ivl_ops_read_weight (job->ops, job->bias, column, n_columns, y);
          for (gsize i = 1; i < n_rows; i++)
            memcpy (y + i * job->n_out, y, n_columns * sizeof (float));
        }
      ivl_gemm_multiply_weights (job->ops, n_rows, n_columns, job->x + row * job->n_in, job->n_in,
                                 job->w, column, job->bias != NULL, y, job->n_out, scratch);
    }
}

/* Cuts y into blocks. */
static void
choose_blocks (Linear *job)
{
  const IvlKernels *k = &job->ops->kernels;
  const gsize wanted = BLOCKS_PER_THREAD * ivl_ops_get_n_threads (job->ops);
  gsize n_column_blocks;

  job->n_columns = MAX_COLUMNS;
  if (!k->has_fast_tile)
    job->n_columns = CLAMP (MAX_BLAS_FLOATS / job->n_in, 16, MAX_COLUMNS);
  else if (job->n <= MIN_ROWS)
    job->n_columns = CLAMP (job->n_out / wanted / k->tile_columns * k->tile_columns,
                            k->tile_columns, MAX_COLUMNS);
  n_column_blocks = (job->n_out + job->n_columns - 1) / job->n_columns;

  job->n_row_blocks = CLAMP (wanted / n_column_blocks, 1, MAX (1, job->n / MIN_ROWS));
  job->n_rows = (job->n + job->n_row_blocks - 1) / job->n_row_blocks;
  job->n_rows = (job->n_rows + k->tile_rows - 1) / k->tile_rows * k->tile_rows;
  job->n_row_blocks = (job->n + job->n_rows - 1) / job->n_rows;
}

gsize
ivl_op_linear_get_max_dots (IvlOps *ops)
{
  return ops->kernels.has_fast_tile ? MAX_DOTS_ROWS : MAX_DOTS_ROWS_BLAS;
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
  if (n <= ivl_op_linear_get_max_dots (ops))
    {
      const gsize row_bytes = job.n_in * ivl_dtype_get_info (w->dtype)->size;

      ivl_pool_run (ops->pool, job.n_out, MAX (4, DOTS_BYTES / row_bytes / 4 * 4), do_dots, &job);
      return;
    }
  choose_blocks (&job);
  ivl_gemm_begin (ops);
  ivl_pool_run (ops->pool, (job.n_out + job.n_columns - 1) / job.n_columns * job.n_row_blocks, 1,
                do_gemm, &job);
  ivl_gemm_end (ops);
}
