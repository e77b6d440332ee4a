/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Operations against plain loops in double precision. */
#include <libivl/ivl-error.h>
#include <malloc.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernels/ivl-kernels.h"
#include "ops/ivl-ops.h"

static const IvlDtype weight_types[] = { IVL_DTYPE_F32, IVL_DTYPE_F16, IVL_DTYPE_BF16 };

/* Tensors whose bytes begin at an address that is only as aligned as their type asks for. */
typedef struct
{
  IvlTensor tensor;
  guint8 *bytes; /* (owned) */
  double *values; /* (owned) what the stored numbers mean */
} Weights;

static void
weights_clear (Weights *weights)
{
  g_free (weights->bytes);
  g_free (weights->values);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Weights, weights_clear)

static double
decode_f16 (guint16 half)
{
  const int exponent = half >> 10 & 31;
  const double fraction = half & 0x3ff;
  const double value =
      exponent == 0 ? ldexp (fraction, -24) : ldexp (1024 + fraction, exponent - 25);

  return half & 0x8000 ? -value : value;
}

static void
weights_init (Weights *weights,
              IvlDtype dtype,
              gsize    rows,
              gsize    columns)
{
  const gsize n = rows * columns, size = ivl_dtype_get_info (dtype)->size;

  *weights = (Weights) { { dtype, rows > 1 ? 2 : 1, { rows > 1 ? rows : columns, columns } } };
  weights->bytes = g_malloc (n * size + size);
  weights->values = g_new (double, n);
  weights->tensor.data = weights->bytes + size;
  weights->tensor.n_bytes = n * size;
  for (gsize i = 0; i < n; i++)
    {
      float value = (float) g_test_rand_double_range (-1, 1);
      guint32 bits;
      guint16 half;

      memcpy (&bits, &value, 4);
      half = dtype == IVL_DTYPE_BF16
                 ? bits >> 16
                 : (guint16) g_test_rand_int_range (0, 0x3c00) | (bits >> 31) << 15;
      if (dtype == IVL_DTYPE_F32)
        memcpy (weights->bytes + size + 4 * i, &value, 4);
      else
        memcpy (weights->bytes + size + 2 * i, &half, 2);
      if (dtype == IVL_DTYPE_F16)
        weights->values[i] = decode_f16 (half);
      else
        {
          bits = dtype == IVL_DTYPE_BF16 ? (guint32) half << 16 : bits;
          memcpy (&value, &bits, 4);
          weights->values[i] = value;
        }
    }
}

static float *
random_floats (gsize  n,
               double range)
{
  float *x = g_new (float, n);

  for (gsize i = 0; i < n; i++)
    x[i] = (float) g_test_rand_double_range (-range, range);
  return x;
}

/* The allowed error is relative to the sum of the magnitudes that went into a number. */
static void
assert_near (float       found,
             double      expected,
             double      magnitude,
             const char *what,
             gsize       index)
{
  if (!(fabs (found - expected) <= 1e-6 * magnitude + 1e-7))
    g_error ("%s [%" G_GSIZE_FORMAT "]: found %.9g, expected %.9g", what, index, found, expected);
}

static void
check_linear (IvlOps  *ops,
              IvlDtype dtype,
              gsize    n,
              gsize    n_in,
              gsize    n_out,
              gboolean has_bias)
{
  g_auto (Weights) w = { 0 };
  g_auto (Weights) bias = { 0 };
  g_autofree float *x = random_floats (n * n_in, 1), *y = g_new (float, n * n_out + 1);

  weights_init (&w, dtype, n_out, n_in);
  w.tensor.n_dims = 2;
  w.tensor.shape[0] = n_out;
  w.tensor.shape[1] = n_in;
  weights_init (&bias, dtype, 1, n_out);
  memset (y, 0xff, (n * n_out + 1) * sizeof (float));
  ivl_op_linear (ops, x, n, &w.tensor, has_bias ? &bias.tensor : NULL, y);
  for (gsize i = 0; i < n; i++)
    for (gsize o = 0; o < n_out; o++)
      {
        double sum = has_bias ? bias.values[o] : 0, magnitude = fabs (sum);

        for (gsize j = 0; j < n_in; j++)
          {
            sum += x[i * n_in + j] * w.values[o * n_in + j];
            magnitude += fabs (x[i * n_in + j] * w.values[o * n_in + j]);
          }
        assert_near (y[i * n_out + o], sum, magnitude, "linear", i * n_out + o);
      }
  g_assert_true (isnan (y[n * n_out]));
}

static void
test_linear (void)
{
  static const gsize sizes[][3] = {
    { 1, 1, 1 },       { 1, 7, 5 },      { 1, 896, 131 }, { 2, 64, 33 },    { 3, 130, 70 },
    { 4, 48, 4 },      { 5, 5, 5 },      { 13, 31, 17 },  { 33, 588, 67 },  { 257, 64, 130 },
    { 100, 1025, 40 }, { 7, 300, 1300 }, { 29, 128, 16 }, { 64, 2100, 96 },
  };

  for (guint n_threads = 1; n_threads <= 4; n_threads += 3)
    {
      g_autoptr (IvlOps) ops = ivl_ops_new (n_threads);

      for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
        for (gsize t = 0; t < G_N_ELEMENTS (weight_types); t++)
          {
            check_linear (ops, weight_types[t], sizes[i][0], sizes[i][1], sizes[i][2], TRUE);
            check_linear (ops, weight_types[t], sizes[i][0], sizes[i][1], sizes[i][2], FALSE);
          }
    }
}

static void
check_attention (IvlOps  *ops,
                 gsize    n_q,
                 gsize    n_kv,
                 gsize    n_heads,
                 gsize    n_kv_heads,
                 gsize    d,
                 gboolean causal)
{
  const gsize q_stride = n_heads * d + 5, kv_stride = n_kv_heads * d + 3;
  g_autofree float *q = random_floats (n_q * q_stride, 3), *k = random_floats (n_kv * kv_stride, 3);
  g_autofree float *v = random_floats (n_kv * kv_stride, 1), *out = g_new (float, n_q *n_heads *d);
  g_autofree double *weights = g_new (double, n_kv);

  /* the largest scores come late, so that the running maximum has to move */
  for (gsize i = 0; i < n_kv * kv_stride; i++)
    k[i] *= 0.2 + (double) i / (n_kv * kv_stride);
  ivl_op_attention (ops, q, q_stride, k, v, kv_stride, n_q, n_kv, n_heads, n_kv_heads, d, causal,
                    out);
  for (gsize i = 0; i < n_q; i++)
    for (gsize h = 0; h < n_heads; h++)
      {
        const gsize kv_head = h / (n_heads / n_kv_heads), n = causal ? n_kv - n_q + i + 1 : n_kv;
        double max = -INFINITY, sum = 0;

        for (gsize j = 0; j < n; j++)
          {
            double dot = 0;

            for (gsize c = 0; c < d; c++)
              dot += (double) q[i * q_stride + h * d + c] * k[j * kv_stride + kv_head * d + c];
            weights[j] = dot / sqrt (d);
            max = MAX (max, weights[j]);
          }
        for (gsize j = 0; j < n; j++)
          {
            weights[j] = exp (weights[j] - max);
            sum += weights[j];
          }
        for (gsize c = 0; c < d; c++)
          {
            double expected = 0;

            for (gsize j = 0; j < n; j++)
              expected += weights[j] / sum * v[j * kv_stride + kv_head * d + c];
            /* a score of magnitude 50 has an error of 3e-6 in float32, which its exponential keeps
             */
            assert_near (out[(i * n_heads + h) * d + c], expected, 8, "attention",
                         i * n_heads * d + h * d + c);
          }
      }
}

static void
test_attention (void)
{
  static const gsize sizes[][5] = {
    { 1, 1, 1, 1, 13 },   { 1, 37, 4, 2, 16 },   { 1, 1029, 2, 1, 64 },  { 3, 50, 6, 3, 24 },
    { 8, 8, 2, 2, 32 },   { 65, 65, 3, 1, 13 },  { 130, 700, 4, 2, 64 }, { 200, 1100, 2, 2, 24 },
    { 129, 129, 1, 1, 128 }, { 257, 257, 2, 2, 40 }, { 17, 18, 8, 2, 20 },  { 40, 1025, 1, 1, 64 },
  };

  for (guint n_threads = 1; n_threads <= 4; n_threads += 3)
    {
      g_autoptr (IvlOps) ops = ivl_ops_new (n_threads);

      for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
        for (gboolean causal = FALSE; causal <= TRUE; causal++)
          check_attention (ops, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], sizes[i][4],
                           causal);
    }
}

static void
test_norm (void)
{
  static const gsize sizes[][2] = { { 1, 1 }, { 3, 17 }, { 50, 1024 }, { 7, 3200 }, { 1, 896 } };
  g_autoptr (IvlOps) ops = ivl_ops_new (2);

  for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
    for (gsize t = 0; t < G_N_ELEMENTS (weight_types); t++)
      {
        const gsize n = sizes[s][0], dim = sizes[s][1], stride = dim + 3;
        g_auto (Weights) w = { 0 };
        g_auto (Weights) b = { 0 };
        g_autofree float *x = random_floats (n * stride, 5), *y = g_new (float, n *dim),
                         *z = g_new0 (float, n *stride);

        weights_init (&w, weight_types[t], 1, dim);
        weights_init (&b, weight_types[t], 1, dim);
        for (gsize i = 0; i < n * stride; i++)
          x[i] += 2;
        ivl_op_layer_norm (ops, x, n, dim, &w.tensor, &b.tensor, 1e-6f, y);
        ivl_op_rms_norm (ops, x, stride, n, dim, &w.tensor, 1e-5f, z, stride);
        for (gsize i = 0; i < n; i++)
          {
            double mean = 0, variance = 0, squares = 0;

            for (gsize j = 0; j < dim; j++)
              mean += x[i * dim + j] / (double) dim;
            for (gsize j = 0; j < dim; j++)
              {
                variance += (x[i * dim + j] - mean) * (x[i * dim + j] - mean) / dim;
                squares += (double) x[i * stride + j] * x[i * stride + j] / dim;
              }
            for (gsize j = 0; j < dim; j++)
              {
                assert_near (y[i * dim + j],
                             (x[i * dim + j] - mean) / sqrt (variance + 1e-6) * w.values[j] +
                                 b.values[j],
                             4, "layer_norm", i * dim + j);
                assert_near (z[i * stride + j],
                             x[i * stride + j] / sqrt (squares + 1e-5) * w.values[j], 4, "rms_norm",
                             i * dim + j);
              }
          }
        ivl_op_rms_norm (ops, x, stride, n, dim, &w.tensor, 1e-5f, x, stride);
        for (gsize i = 0; i < n; i++)
          g_assert_cmpmem (x + i * stride, dim * sizeof (float), z + i * stride,
                           dim * sizeof (float));
      }
}

static void
test_elementwise (void)
{
  const gsize n = 40, dim = 1031;
  g_autoptr (IvlOps) ops = ivl_ops_new (2);
  g_autofree float *a = random_floats (n * dim, 12), *b = random_floats (n * dim, 3),
                   *x = g_new (float, n *dim);
  g_auto (Weights) scale = { 0 };

  memcpy (x, a, n * dim * sizeof (float));
  ivl_op_gelu (ops, x, n * dim);
  for (gsize i = 0; i < n * dim; i++)
    assert_near (x[i], 0.5 * a[i] * erfc (-a[i] * M_SQRT1_2), fabs (a[i]), "gelu", i);

  memcpy (x, a, n * dim * sizeof (float));
  ivl_op_swiglu (ops, x, b, n * dim);
  for (gsize i = 0; i < n * dim; i++)
    assert_near (x[i], a[i] / (1 + exp (-(double) a[i])) * b[i], fabs (a[i] * b[i]), "swiglu", i);

  weights_init (&scale, IVL_DTYPE_BF16, 1, dim);
  memcpy (x, a, n * dim * sizeof (float));
  ivl_op_add (ops, x, b, n, dim, &scale.tensor);
  for (gsize i = 0; i < n * dim; i++)
    assert_near (x[i], a[i] + b[i] * scale.values[i % dim], 15, "add", i);

  memcpy (x, a, n * dim * sizeof (float));
  ivl_op_add (ops, x, b, n, dim, NULL);
  for (gsize i = 0; i < n * dim; i++)
    g_assert_cmpfloat (x[i], ==, a[i] + b[i]);
}

static void
test_rope (void)
{
  static const struct
  {
    gsize n, n_heads, head_dim, pos;
    double base;
  } cases[] = { { 1, 1, 2, 0, 10000 },
                { 50, 14, 64, 0, 1e6 },
                { 1, 14, 64, 7, 1e6 },
                { 1, 2, 64, 5000, 1e6 },
                { 9, 3, 26, 77, 10000 } };
  g_autoptr (IvlOps) ops = ivl_ops_new (2);

  for (gsize c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      const gsize head_dim = cases[c].head_dim, half = head_dim / 2,
                  stride = cases[c].n_heads * head_dim + 7;
      g_autofree float *x = random_floats (cases[c].n * stride, 2),
                       *y = g_memdup2 (x, cases[c].n * stride * sizeof (float));

      g_autofree IvlRopeRow *rows = g_new (IvlRopeRow, cases[c].n);

      /* two bases in turns */
      for (gsize i = 0; i < cases[c].n; i++)
        rows[i] = (IvlRopeRow) { cases[c].pos + i, cases[c].base * (1 + i / 3 % 2) };
      ivl_op_rope (ops, y, stride, rows, cases[c].n, cases[c].n_heads, head_dim);
      for (gsize i = 0; i < cases[c].n; i++)
        for (gsize h = 0; h < cases[c].n_heads; h++)
          for (gsize j = 0; j < half; j++)
            {
              const float frequency =
                  1.0f / (float) pow (rows[i].base, (float) (2 * j) / (float) head_dim);
              const float angle = (float) (cases[c].pos + i) * frequency;
              const gsize at = i * stride + h * head_dim + j;

              assert_near (y[at], x[at] * cos (angle) - x[at + half] * sin (angle), 4, "rope", at);
              assert_near (y[at + half], x[at + half] * cos (angle) + x[at] * sin (angle), 4,
                           "rope", at + half);
            }
    }
}

static void
test_rows (void)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (1);
  float row[37];

  for (gsize t = 0; t < G_N_ELEMENTS (weight_types); t++)
    {
      g_auto (Weights) w = { 0 };

      weights_init (&w, weight_types[t], 5, 37);
      ivl_op_get_row (ops, &w.tensor, 3, row);
      for (gsize i = 0; i < 37; i++)
        g_assert_cmpfloat (row[i], ==, w.values[3 * 37 + i]);
    }
}

static void
test_non_finite (void)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (1);
  g_autofree float *x = random_floats (100, 1);

  g_assert_cmpint (ivl_op_find_non_finite (ops, x, 100), ==, -1);
  x[99] = INFINITY;
  g_assert_cmpint (ivl_op_find_non_finite (ops, x, 100), ==, 99);
  g_assert_cmpint (ivl_op_find_non_finite (ops, x, 99), ==, -1);
  x[98] = -INFINITY;
  x[41] = NAN;
  g_assert_cmpint (ivl_op_find_non_finite (ops, x, 100), ==, 41);
}

/* Two contexts may work in one process at the same time. */
static gpointer
run_linear (gpointer data)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (2);

  for (guint i = 0; i < 20; i++)
    check_linear (ops, IVL_DTYPE_BF16, 40, 96, 70, TRUE);
  return NULL;
}

static void
test_two_contexts (void)
{
  GThread *other = g_thread_new ("other", run_linear, NULL);

  run_linear (NULL);
  g_thread_join (other);
}

static void
test_cancel (void)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree float *x = random_floats (100, 1), *before = g_memdup2 (x, 100 * sizeof (float));

  ivl_ops_set_cancellable (ops, cancellable);
  g_cancellable_cancel (cancellable);
  ivl_op_gelu (ops, x, 100);
  g_assert_cmpmem (x, 100 * sizeof (float), before, 100 * sizeof (float));
  ivl_ops_set_cancellable (ops, NULL);
  ivl_op_gelu (ops, x, 100);
  g_assert_cmpfloat (x[0], !=, before[0]);
}

/* What a short turn leaves behind when it is served amid a long one */
static void
serve_short_turn (gpointer ops)
{
  ivl_ops_set_cancellable (ops, NULL);
}

static void
test_cancel_after_pause (void)
{
  g_autoptr (IvlOps) ops = ivl_ops_new (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree float *x = random_floats (100, 1), *before = g_memdup2 (x, 100 * sizeof (float));

  ivl_ops_set_pause (ops, serve_short_turn, ops);
  ivl_ops_set_cancellable (ops, cancellable);
  ivl_ops_pause (ops);
  g_cancellable_cancel (cancellable);
  ivl_op_gelu (ops, x, 100);
  g_assert_cmpmem (x, 100 * sizeof (float), before, 100 * sizeof (float));
}

static void
limit_memory (gsize more)
{
  g_autofree char *text = NULL;
  struct rlimit limit;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_AS, &limit), ==, 0);
  limit.rlim_cur = g_ascii_strtoull (text, NULL, 10) * sysconf (_SC_PAGESIZE) + more;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
}

/* Sizes with which each operation wants more scratch memory than a heap has lying about */
enum
{
  SCRATCH_DIM = 16384,
  N_SCRATCH_ROWS = 40,
  N_SCRATCH_OUT = 256,
};

static void
run_linear_op (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  ivl_op_linear (ops, x, N_SCRATCH_ROWS, w, NULL, y);
}

static void
run_rms_norm (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  ivl_op_rms_norm (ops, x, SCRATCH_DIM, 1, SCRATCH_DIM, w + 1, 1e-6, y, SCRATCH_DIM);
}

static void
run_layer_norm (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  ivl_op_layer_norm (ops, x, 1, SCRATCH_DIM, w + 1, w + 1, 1e-6, y);
}

static void
run_add (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  ivl_op_add (ops, x, y, 1, SCRATCH_DIM, w + 1);
}

static void
run_rope (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  static const IvlRopeRow rows[N_SCRATCH_ROWS] = { { 1, 10000 } };

  ivl_op_rope (ops, x, SCRATCH_DIM, rows, N_SCRATCH_ROWS, 1, SCRATCH_DIM);
}

static void
run_attention (IvlOps *ops, const IvlTensor *w, float *x, float *y)
{
  ivl_op_attention (ops, x, SCRATCH_DIM, x, x, SCRATCH_DIM, N_SCRATCH_ROWS, N_SCRATCH_ROWS, 1, 1,
                    SCRATCH_DIM, FALSE, y);
}

static void (*const scratch_ops[]) (IvlOps *ops, const IvlTensor *w, float *x, float *y) = {
  run_linear_op, run_rms_norm, run_layer_norm, run_add, run_rope, run_attention,
};

/* Each operation that takes scratch memory says that there is none, and works when there is. */
static void
test_no_memory (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("sanitizers take more address space than a limit leaves");
#else
  g_autofree float *x = NULL, *y = NULL;
  g_autofree guint8 *weights = NULL;
  IvlTensor w[] = { { IVL_DTYPE_BF16, 2, { N_SCRATCH_OUT, SCRATCH_DIM } },
                    { IVL_DTYPE_BF16, 1, { SCRATCH_DIM } } };
  struct rlimit old;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }
  mallopt (M_MMAP_THRESHOLD, 16384);
  mallopt (M_TOP_PAD, 0);
  x = random_floats (N_SCRATCH_ROWS * SCRATCH_DIM, 1);
  y = random_floats (N_SCRATCH_ROWS * SCRATCH_DIM, 2);
  weights = g_malloc0 (2 * N_SCRATCH_OUT * SCRATCH_DIM);
  w[0].data = w[1].data = weights;
  getrlimit (RLIMIT_AS, &old);
  for (gsize i = 0; i < G_N_ELEMENTS (scratch_ops); i++)
    {
      g_autoptr (IvlOps) ops = ivl_ops_new (1);
      g_autoptr (GError) error = NULL;

      limit_memory (0);
      scratch_ops[i](ops, w, x, y);
      g_assert_false (ivl_ops_check (ops, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
      g_assert_true (ivl_ops_check (ops, NULL));
      setrlimit (RLIMIT_AS, &old);
      scratch_ops[i](ops, w, x, y);
      g_assert_true (ivl_ops_check (ops, NULL));
    }
#endif
}

static const struct
{
  const char *name;
  void (*run) (void);
} tests[] = {
  { "linear", test_linear },
  { "attention", test_attention },
  { "norm", test_norm },
  { "elementwise", test_elementwise },
  { "rope", test_rope },
  { "rows", test_rows },
  { "non-finite", test_non_finite },
  { "two-contexts", test_two_contexts },
  { "cancel", test_cancel },
  { "cancel-after-pause", test_cancel_after_pause },
  { "no-memory", test_no_memory },
};

/* Every operation with the kernels of every instruction set that this processor has. */
static void
run_test (gconstpointer data)
{
  const gsize isa = GPOINTER_TO_SIZE (data) / G_N_ELEMENTS (tests);
  IvlKernels kernels;

  if (!ivl_kernels_init_isa (&kernels, isa))
    {
      g_test_skip ("this processor lacks it");
      return;
    }
  g_setenv ("IVL_ISA", ivl_kernels_get_isa_name (isa), TRUE);
  tests[GPOINTER_TO_SIZE (data) % G_N_ELEMENTS (tests)].run ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize isa = 0; isa < ivl_kernels_get_n_isas (); isa++)
    for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
      {
        g_autofree char *path = g_strdup_printf ("/ops/%s/%s", ivl_kernels_get_isa_name (isa),
                                                 tests[i].name);

        g_test_add_data_func (path, GSIZE_TO_POINTER (isa * G_N_ELEMENTS (tests) + i), run_test);
      }
  return g_test_run ();
}
