/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Times the operations at the sizes of the 1B model against what the machine can do at most.
 * Prints, never judges. Usage: bench-ops [THREADS [WORD]]: only lines that contain WORD. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ivl-machine.h"
#include "ops/ivl-ops.h"

#define SECONDS_EACH 0.4

typedef struct
{
  IvlOps *ops;
  const char *filter;
  double gflops;
  double gb_per_s;
  float *x;
  float *y;
  IvlTensor w;
  gsize n;
  double flops;
  double bytes;
} Bench;

typedef void (*BenchFunc) (Bench *bench);

/* Best of the runs that fit in the time: the machine may be busy with other things. */
static void
bench_run (Bench      *bench,
           const char *name,
           BenchFunc   func,
           double      flops,
           double      bytes)
{
  const gint64 begin = g_get_monotonic_time ();
  gint64 best = G_MAXINT64;

  if (bench->filter != NULL && strstr (name, bench->filter) == NULL)
    return;
  do
    {
      const gint64 start = g_get_monotonic_time ();

      func (bench);
      best = MIN (best, g_get_monotonic_time () - start);
    }
  while (g_get_monotonic_time () - begin < SECONDS_EACH * 1e6);

  best = MAX (best, 1);
  g_print ("%-44s %9.3f ms", name, best * 1e-3);
  if (flops > 0)
    g_print ("  %7.1f GFLOP/s %5.1f %%", flops / best * 1e-3,
             100 * flops / best * 1e-3 / bench->gflops);
  if (bytes > 0)
    g_print ("  %7.1f GB/s %5.1f %%", bytes / best * 1e-3,
             100 * bytes / best * 1e-3 / bench->gb_per_s);
  g_print ("\n");
}

static void
run_linear (Bench *bench)
{
  ivl_op_linear (bench->ops, bench->x, bench->n, &bench->w, NULL, bench->y);
}

static void
bench_linear (Bench      *bench,
              const char *what,
              IvlDtype    dtype,
              gsize       n,
              gsize       n_out,
              gsize       n_in)
{
  const IvlDtypeInfo *info = ivl_dtype_get_info (dtype);
  const gsize n_bytes = n_out * n_in * info->size;
  g_autofree guint16 *data = g_malloc (n_bytes);
  g_autofree char *name =
      g_strdup_printf ("%s %s n=%" G_GSIZE_FORMAT " %" G_GSIZE_FORMAT "x%" G_GSIZE_FORMAT, what,
                       info->safetensors, n, n_out, n_in);

  /* as bf16 pairs or halves: numbers of either sign around 0.01 */
  for (gsize i = 0; i < n_bytes / 2; i++)
    data[i] = (dtype == IVL_DTYPE_F16 ? 0x2000 : 0x3c00) + (i * 40503u & 0x80ff);
  bench->w = (IvlTensor) { dtype, 2, { n_out, n_in }, (const guint8 *) data, n_bytes };
  bench->n = n;
  bench_run (bench, name, run_linear, 2.0 * n * n_out * n_in, n <= 64 ? n_bytes : 0);
}

static void
run_vit_attention (Bench *bench)
{
  ivl_op_attention (bench->ops, bench->x, 3072, bench->x + 1024, bench->x + 2048, 3072, 1025, 1025,
                    16, 16, 64, FALSE, bench->y);
}

static void
run_prefill_attention (Bench *bench)
{
  ivl_op_attention (bench->ops, bench->x, 1152, bench->x + 896, bench->x + 1024, 1152, 1024, 1024,
                    14, 2, 64, TRUE, bench->y);
}

static void
run_decode_attention (Bench *bench)
{
  ivl_op_attention (bench->ops, bench->x, 896, bench->x + 896, bench->x + 1024, 256, 1, 2048, 14, 2,
                    64, TRUE, bench->y);
}

static void
run_gelu (Bench *bench)
{
  ivl_op_gelu (bench->ops, bench->y, 1025 * 4096);
}

static void
run_swiglu (Bench *bench)
{
  ivl_op_swiglu (bench->ops, bench->y, bench->x, 512 * 4864);
}

static void
run_add (Bench *bench)
{
  ivl_op_add (bench->ops, bench->y, bench->x, 1025, 1024, NULL);
}

static void
run_layer_norm (Bench *bench)
{
  ivl_op_layer_norm (bench->ops, bench->x, 1025, 1024, &bench->w, &bench->w, 1e-6f, bench->y);
}

static void
run_rope (Bench *bench)
{
  IvlRopeRow rows[1024];

  for (gsize i = 0; i < 1024; i++)
    rows[i] = (IvlRopeRow) { i, 1e6 };
  ivl_op_rope (bench->ops, bench->y, 896, rows, 1024, 14, 64);
}

static void
bench_rest (Bench *bench)
{
  g_autofree float *params = g_new0 (float, 1024);

  bench_run (bench, "attention ViT 1025x1025x16x64", run_vit_attention, 4.0 * 1025 * 1025 * 1024,
             0);
  bench_run (bench, "attention prefill causal 1024 14/2x64", run_prefill_attention,
             2.0 * 1024 * 1025 * 896, 0);
  bench_run (bench, "attention decode 2048 keys 14/2x64", run_decode_attention, 4.0 * 2048 * 896,
             2048 * 1024);
  bench_run (bench, "gelu 1025x4096", run_gelu, 0, 2.0 * 4 * 1025 * 4096);
  bench_run (bench, "swiglu 512x4864", run_swiglu, 0, 3.0 * 4 * 512 * 4864);
  bench_run (bench, "add 1025x1024", run_add, 0, 3.0 * 4 * 1025 * 1024);
  bench->w = (IvlTensor) { IVL_DTYPE_F32, 1, { 1024 }, (const guint8 *) params, 4096 };
  bench_run (bench, "layer norm 1025x1024", run_layer_norm, 0, 2.0 * 4 * 1025 * 1024);
  bench_run (bench, "rope 1024x14x64", run_rope, 0, 2.0 * 4 * 1024 * 896);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (argc > 1 ? atoi (argv[1]) : 0);
  g_autofree float *x = g_new (float, 1025 * 4096), *y = g_new0 (float, 32 * 151674);
  static const gsize few[] = { 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64 };
  Bench bench = { ops, argc > 2 ? argv[2] : NULL, 0, 0, x, y };

  for (gsize i = 0; i < 1025 * 4096; i++)
    x[i] = sinf (i);
  ivl_machine_measure (&bench.gflops, &bench.gb_per_s, ivl_ops_get_n_threads (ops));
  g_print ("%u threads, %s: at most %.1f GFLOP/s float32, %.1f GB/s read\n",
           ivl_ops_get_n_threads (ops), ivl_ops_get_isa (ops), bench.gflops, bench.gb_per_s);

  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 1025, 3072, 1024);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 1025, 1024, 1024);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 1025, 4096, 1024);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 1025, 1024, 4096);
  bench_linear (&bench, "linear", IVL_DTYPE_F32, 1025, 4096, 1024);
  bench_linear (&bench, "linear", IVL_DTYPE_F32, 1025, 1024, 4096);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 512, 4864, 896);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 512, 896, 4864);
  bench_linear (&bench, "linear", IVL_DTYPE_BF16, 512, 128, 896);
  bench_rest (&bench);
  for (gsize i = 0; i < G_N_ELEMENTS (few); i++)
    bench_linear (&bench, "few rows", IVL_DTYPE_BF16, few[i], 4864, 896);
  for (gsize i = 0; i < G_N_ELEMENTS (few); i++)
    bench_linear (&bench, "few rows", IVL_DTYPE_BF16, few[i], 896, 4864);
  /* too large for the caches, as all weights together are */
  for (gsize n = 1; n <= 32; n *= 2)
    bench_linear (&bench, "large, few rows", IVL_DTYPE_BF16, n, 151674, 896);
  bench_linear (&bench, "row", IVL_DTYPE_BF16, 1, 896, 4864);
  bench_linear (&bench, "row", IVL_DTYPE_F16, 1, 151674, 896);
  bench_linear (&bench, "row", IVL_DTYPE_F32, 1, 40000, 896);
  return 0;
}
