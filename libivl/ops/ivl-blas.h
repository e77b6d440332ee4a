/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Matrix products by the BLAS library, one thread per call, so that the pool decides who works on
 * what. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Around every use: the number of threads of OpenBLAS belongs to the process, so it is 1 while any
 * IvlOps is inside and what it was before afterwards. Other users of OpenBLAS in the process get
 * right results all the time, from one thread while we are inside. */
void ivl_blas_begin (void);
void ivl_blas_end (void);

/* c (+)= a @ b^T: a [m, k], b [n, k], c [m, n], rows lda, ldb, ldc floats apart; adds to c when
 * accumulate. */
void ivl_blas_gemm_nt (gsize        m,
                       gsize        n,
                       gsize        k,
                       const float *a,
                       gsize        lda,
                       const float *b,
                       gsize        ldb,
                       gboolean     accumulate,
                       float       *c,
                       gsize        ldc);

/* c (+)= a @ b: a [m, k], b [k, n], c [m, n]. */
void ivl_blas_gemm_nn (gsize        m,
                       gsize        n,
                       gsize        k,
                       const float *a,
                       gsize        lda,
                       const float *b,
                       gsize        ldb,
                       gboolean     accumulate,
                       float       *c,
                       gsize        ldc);

G_END_DECLS
