/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Measures what the machine can do at most, so that speeds can be given as a share of it. */
#include "ops/ivl-machine.h"

#include <string.h>

#include "kernels/ivl-kernels.h"
#include "threads/ivl-pool.h"

#define N_REPEATS 12
#define N_ROUNDS 200000
#define BUFFER_FLOATS ((gsize) 64 << 20)
#define CHUNK_FLOATS ((gsize) 128 << 10)

typedef struct
{
  IvlKernels kernels;
  float *buffer;
} Probe;

static void
run_fma (gsize    begin,
         gsize    end,
         guint    thread,
         gpointer data)
{
  Probe *probe = data;
  float x[IVL_MAX_TILE_ROWS * IVL_MAX_TILE_COLUMNS] = { 0 };

  for (gsize i = begin; i < end; i++)
    probe->kernels.fma_rounds (x, 0.5f, N_ROUNDS);
}

static void
fill (gsize    begin,
      gsize    end,
      guint    thread,
      gpointer data)
{
  Probe *probe = data;

  memset (probe->buffer + begin, 0, (end - begin) * sizeof (float));
}

static void
read_buffer (gsize    begin,
             gsize    end,
             guint    thread,
             gpointer data)
{
  Probe *probe = data;

  probe->kernels.max (probe->buffer + begin, end - begin);
}

static double
time_best (IvlPool    *pool,
           gsize       n,
           gsize       grain,
           IvlPoolFunc func,
           Probe      *probe)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < N_REPEATS; i++)
    {
      const gint64 start = g_get_monotonic_time ();

      ivl_pool_run (pool, n, grain, func, probe);
      best = MIN (best, g_get_monotonic_time () - start);
    }
  return MAX (best, 1) * 1e-6;
}

void
ivl_machine_measure (double *gflops_f32,
                     double *read_gb_per_s,
                     guint   n_threads)
{
  g_autoptr (IvlPool) pool = ivl_pool_new (n_threads);
  const gsize n_items = 10 * ivl_pool_get_n_threads (pool);
  Probe probe;
  double flops;

  ivl_kernels_init (&probe.kernels);
  flops = 2.0 * probe.kernels.tile_rows * probe.kernels.tile_columns * N_ROUNDS * n_items;
  *gflops_f32 = flops / time_best (pool, n_items, 1, run_fma, &probe) * 1e-9;

  *read_gb_per_s = 0;
  probe.buffer = g_try_new (float, BUFFER_FLOATS);
  if (probe.buffer == NULL)
    return;
  ivl_pool_run (pool, BUFFER_FLOATS, CHUNK_FLOATS, fill, &probe);
  *read_gb_per_s = BUFFER_FLOATS * sizeof (float) /
                   time_best (pool, BUFFER_FLOATS, CHUNK_FLOATS, read_buffer, &probe) * 1e-9;
  g_free (probe.buffer);
}
