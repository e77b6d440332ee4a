/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Matrix products on one thread: by our own tiles where the processor has fast ones, else by the
 * BLAS library. */
#pragma once

#include "ops/ivl-ops-private.h"

G_BEGIN_DECLS

/* Around a loop that uses the functions below, by the thread that starts it. */
void ivl_gemm_begin (const IvlOps *ops);
void ivl_gemm_end (const IvlOps *ops);

/* Floats of scratch that a product with that many columns of c and that depth needs. */
gsize ivl_gemm_get_scratch_size (const IvlOps *ops,
                                 gsize         columns,
                                 gsize         depth);

/* c (+)= a @ w^T for rows first .. first + columns - 1 of w [out, depth]: a [rows, depth] with rows
 * lda floats apart, c [rows, columns] with rows ldc floats apart; adds to c when accumulate. */
void ivl_gemm_multiply_weights (const IvlOps    *ops,
                                gsize            rows,
                                gsize            columns,
                                const float     *a,
                                gsize            lda,
                                const IvlTensor *w,
                                gsize            first,
                                gboolean         accumulate,
                                float           *c,
                                gsize            ldc,
                                float           *scratch);

/* c = a @ b^T: a [rows, depth], b [columns, depth]. */
void ivl_gemm_multiply_nt (const IvlOps *ops,
                           gsize         rows,
                           gsize         columns,
                           gsize         depth,
                           const float  *a,
                           gsize         lda,
                           const float  *b,
                           gsize         ldb,
                           float        *c,
                           gsize         ldc,
                           float        *scratch);

/* c (+)= a @ b: a [rows, depth], b [depth, columns]. */
void ivl_gemm_multiply_nn (const IvlOps *ops,
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
                           float        *scratch);

G_END_DECLS
