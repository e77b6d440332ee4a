/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Matrix products on one thread. A block of b, at most IVL_TILE_DEPTH deep, is packed into the
 * scratch memory, where it stays in the second-level cache; then a few rows of a at a time are
 * copied side by side into the first-level cache and go over all of it. Weights of 16 bits are
 * widened while they are packed. */
#include "ops/ivl-gemm.h"

#include <string.h>

#include "ops/ivl-blas.h"

void
ivl_gemm_begin (const IvlOps *ops)
{
  if (!ops->kernels.has_fast_tile)
    ivl_blas_begin ();
}

void
ivl_gemm_end (const IvlOps *ops)
{
  if (!ops->kernels.has_fast_tile)
    ivl_blas_end ();
}

gsize
ivl_gemm_get_scratch_size (const IvlOps *ops,
                           gsize         columns,
                           gsize         depth)
{
  const gsize width = ops->kernels.tile_columns;

  if (!ops->kernels.has_fast_tile)
    return columns * depth;
  return (columns + width - 1) / width * width * MIN (depth, IVL_TILE_DEPTH);
}

/* The depth is cut into equal blocks. */
static gsize
choose_depth (gsize depth)
{
  const gsize n_blocks = (depth + IVL_TILE_DEPTH - 1) / IVL_TILE_DEPTH;

  return (depth + n_blocks - 1) / n_blocks;
}

/* c (+)= a @ the packed block: depth <= IVL_TILE_DEPTH. */
static void
multiply_block (const IvlKernels *k,
                gsize             rows,
                gsize             columns,
                gsize             depth,
                const float      *a,
                gsize             lda,
                const float      *block,
                gboolean          accumulate,
                float            *c,
                gsize             ldc)
{
  float tile[IVL_MAX_TILE_ROWS * IVL_TILE_STRIDE] __attribute__ ((aligned (64)));

  for (gsize i = 0; i < rows; i += k->tile_rows)
    {
      const gsize n_rows = MIN (k->tile_rows, rows - i);

      for (gsize r = 0; r < n_rows; r++)
        memcpy (tile + r * IVL_TILE_STRIDE, a + (i + r) * lda, depth * sizeof (float));
      for (gsize j = 0; j < columns; j += k->tile_columns)
        k->tile (c + i * ldc + j, ldc, tile, block + j * depth, n_rows,
                 MIN (k->tile_columns, columns - j), depth, accumulate);
    }
}

typedef void (*Pack) (float *out, const void *w, size_t stride, size_t columns, size_t depth);

/* b^T [columns, depth] in storage type elements of size bytes, rows ldb elements apart. */
static void
multiply_transposed (const IvlKernels *k,
                     Pack              pack,
                     gsize             size,
                     gsize             rows,
                     gsize             columns,
                     gsize             depth,
                     const float      *a,
                     gsize             lda,
                     const guint8     *b,
                     gsize             ldb,
                     gboolean          accumulate,
                     float            *c,
                     gsize             ldc,
                     float            *scratch)
{
  const gsize step = choose_depth (depth);

  for (gsize first = 0; first < depth; first += step)
    {
      const gsize n = MIN (step, depth - first);

      for (gsize j = 0; j < columns; j += k->tile_columns)
        pack (scratch + j * n, b + (j * ldb + first) * size, ldb,
              MIN (k->tile_columns, columns - j), n);
      multiply_block (k, rows, columns, n, a + first, lda, scratch, accumulate || first > 0, c,
                      ldc);
    }
}

void
ivl_gemm_multiply_weights (const IvlOps    *ops,
                           gsize            rows,
                           gsize            columns,
                           const float     *a,
                           gsize            lda,
                           const IvlTensor *w,
                           gsize            first,
                           gboolean         accumulate,
                           float           *c,
                           gsize            ldc,
                           float           *scratch)
{
  const IvlKernels *k = &ops->kernels;
  const gsize depth = w->shape[1], size = ivl_dtype_get_info (w->dtype)->size;
  const guint8 *b = w->data + first * depth * size;

  if (k->has_fast_tile)
    {
      const Pack pack = w->dtype == IVL_DTYPE_BF16  ? k->pack_bf16
                        : w->dtype == IVL_DTYPE_F16 ? k->pack_f16
                                                    : k->pack_f32;

      multiply_transposed (k, pack, size, rows, columns, depth, a, lda, b, depth, accumulate, c,
                           ldc, scratch);
      return;
    }
  if (w->dtype != IVL_DTYPE_F32)
    {
      ivl_ops_read_weight (ops, w, first * depth, columns * depth, scratch);
      b = (const guint8 *) scratch;
    }
  ivl_blas_gemm_nt (rows, columns, depth, a, lda, (const float *) (gconstpointer) b, depth,
                    accumulate, c, ldc);
}

void
ivl_gemm_multiply_nt (const IvlOps *ops,
                      gsize         rows,
                      gsize         columns,
                      gsize         depth,
                      const float  *a,
                      gsize         lda,
                      const float  *b,
                      gsize         ldb,
                      float        *c,
                      gsize         ldc,
                      float        *scratch)
{
  if (ops->kernels.has_fast_tile)
    multiply_transposed (&ops->kernels, ops->kernels.pack_f32, sizeof (float), rows, columns, depth,
                         a, lda, (const guint8 *) b, ldb, FALSE, c, ldc, scratch);
  else
    ivl_blas_gemm_nt (rows, columns, depth, a, lda, b, ldb, FALSE, c, ldc);
}

void
ivl_gemm_multiply_nn (const IvlOps *ops,
                      gsize         rows,
                      gsize         columns,
                      gsize         depth,
                      const float  *a,
                      gsize         lda,
                      const float  *b,
                      gsize         ldb,
                      gboolean      accumulate,
                      float        *c,
                      gsize         ldc,
                      float        *scratch)
{
  const IvlKernels *k = &ops->kernels;
  const gsize step = choose_depth (depth);

  if (!k->has_fast_tile)
    {
      ivl_blas_gemm_nn (rows, columns, depth, a, lda, b, ldb, accumulate, c, ldc);
      return;
    }
  for (gsize first = 0; first < depth; first += step)
    {
      const gsize n = MIN (step, depth - first);

      for (gsize j = 0; j < columns; j += k->tile_columns)
        k->pack_rows (scratch + j * n, b + first * ldb + j, ldb, MIN (k->tile_columns, columns - j),
                      n);
      multiply_block (k, rows, columns, n, a + first, lda, scratch, accumulate || first > 0, c,
                      ldc);
    }
}
