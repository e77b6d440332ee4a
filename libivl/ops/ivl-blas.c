/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The only user of the BLAS library. */
#include "ops/ivl-blas.h"

#include <cblas.h>

static GMutex mutex;
static guint n_inside;
static int n_threads_before;

void
ivl_blas_begin (void)
{
  g_mutex_lock (&mutex);
  if (n_inside++ == 0)
    {
      n_threads_before = openblas_get_num_threads ();
      openblas_set_num_threads (1);
    }
  g_mutex_unlock (&mutex);
}

void
ivl_blas_end (void)
{
  g_mutex_lock (&mutex);
  if (--n_inside == 0)
    openblas_set_num_threads (n_threads_before);
  g_mutex_unlock (&mutex);
}

/* The OpenMP build of OpenBLAS asks OpenMP for the number, which is kept per thread. */
static void
limit_this_thread (void)
{
  static _Thread_local gboolean is_limited;

  if (is_limited || openblas_get_parallel () != OPENBLAS_OPENMP)
    return;
  g_mutex_lock (&mutex);
  openblas_set_num_threads (1);
  g_mutex_unlock (&mutex);
  is_limited = TRUE;
}

void
ivl_blas_gemm_nt (gsize        m,
                  gsize        n,
                  gsize        k,
                  const float *a,
                  gsize        lda,
                  const float *b,
                  gsize        ldb,
                  gboolean     accumulate,
                  float       *c,
                  gsize        ldc)
{
  limit_this_thread ();
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, lda, b, ldb,
               accumulate ? 1 : 0, c, ldc);
}

void
ivl_blas_gemm_nn (gsize        m,
                  gsize        n,
                  gsize        k,
                  const float *a,
                  gsize        lda,
                  const float *b,
                  gsize        ldb,
                  gboolean     accumulate,
                  float       *c,
                  gsize        ldc)
{
  limit_this_thread ();
  cblas_sgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, lda, b, ldb,
               accumulate ? 1 : 0, c, ldc);
}
