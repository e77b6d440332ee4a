/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Every kernel of every instruction set against the scalar one: all lengths around the vector
 * widths, addresses as odd as they come, arrays that end where the readable memory ends, and guard
 * bytes in front. A kernel without a check here does not compile. IVL_TEST_REQUIRE_ISA=avx2,avx512
 * makes it a failure when one of these is skipped. */
#include <glib.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernels/ivl-kernels.h"

#define GUARD 0xa5

/* n bytes that end at an unreadable page. */
typedef struct
{
  guint8 *map;
  gsize map_size;
  guint8 *data;
  gsize n;
} Buffer;

static void
buffer_clear (Buffer *buffer)
{
  for (guint8 *byte = buffer->map; byte < buffer->data; byte++)
    g_assert_cmphex (*byte, ==, GUARD);
  munmap (buffer->map, buffer->map_size);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Buffer, buffer_clear)

static Buffer
buffer_new (gsize         n,
            gconstpointer contents)
{
  const gsize page = sysconf (_SC_PAGESIZE);
  const gsize size = (n + page - 1) / page * page + page;
  Buffer buffer = { NULL, size + page, NULL, n };

  buffer.map = mmap (NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (buffer.map != MAP_FAILED);
  g_assert_cmpint (mprotect (buffer.map + size, page, PROT_NONE), ==, 0);
  memset (buffer.map, GUARD, size);
  buffer.data = buffer.map + size - n;
  if (contents != NULL)
    memcpy (buffer.data, contents, n);
  return buffer;
}

static Buffer
buffer_new_random (gsize  n,
                   double range)
{
  Buffer buffer = buffer_new (n * sizeof (float), NULL);

  for (gsize i = 0; i < n; i++)
    ((float *) buffer.data)[i] = (float) g_test_rand_double_range (-range, range);
  return buffer;
}

/* Finite halves of magnitude up to 2, small ones and subnormal ones among them. */
static Buffer
buffer_new_halves (gsize n)
{
  Buffer buffer = buffer_new (n * 2, NULL);

  for (gsize i = 0; i < n; i++)
    ((guint16 *) buffer.data)[i] = g_test_rand_int_range (0, 0x4000) | g_test_rand_bit () << 15;
  return buffer;
}

#define FLOATS(buffer) ((float *) (buffer).data)

static void
assert_close (float       found,
              double      expected,
              double      allowed,
              const char *what,
              gsize       n,
              gsize       index)
{
  if (!(fabs (found - expected) <= allowed) && !(isnan (found) && isnan (expected)) &&
      found != expected)
    g_error ("%s, n = %" G_GSIZE_FORMAT ", [%" G_GSIZE_FORMAT "]: found %.9g, expected %.9g", what,
             n, index, found, expected);
}

static void
assert_all_close (const Buffer *found,
                  const Buffer *expected,
                  double        relative,
                  double        absolute,
                  const char   *what)
{
  const gsize n = found->n / sizeof (float);

  for (gsize i = 0; i < n; i++)
    {
      const double value = FLOATS (*expected)[i];

      assert_close (FLOATS (*found)[i], value, relative * fabs (value) + absolute, what, n, i);
    }
}

/* Each check does one length; the lengths are the caller's. */

static void
check_convert (void (*found) (float *, const void *, size_t),
               void (*expected) (float *, const void *, size_t),
               gsize       n,
               const char *what)
{
  g_auto (Buffer) in = buffer_new (n * 2, NULL);
  g_auto (Buffer) a = buffer_new (n * 4, NULL);
  g_auto (Buffer) b = buffer_new (n * 4, NULL);

  /* long arrays see all 65536 numbers */
  for (gsize i = 0; i < n; i++)
    ((guint16 *) in.data)[i] = i * 40503u + n;
  found (FLOATS (a), in.data, n);
  expected (FLOATS (b), in.data, n);
  for (gsize i = 0; i < n; i++)
    if (!isnan (FLOATS (a)[i]) || !isnan (FLOATS (b)[i]))
      g_assert_cmpmem (&FLOATS (a)[i], 4, &FLOATS (b)[i], 4);
}

static void
check_f16_to_f32 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  check_convert (k->f16_to_f32, generic->f16_to_f32, n, "f16_to_f32");
}

static void
check_bf16_to_f32 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  check_convert (k->bf16_to_f32, generic->bf16_to_f32, n, "bf16_to_f32");
}

static void
check_dot (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) x = buffer_new_random (n, 1);
  g_auto (Buffer) y = buffer_new_random (n, 1);

  assert_close (k->dot (FLOATS (x), FLOATS (y), n), generic->dot (FLOATS (x), FLOATS (y), n),
                1e-6 * (n + 1) * 0.5, "dot", n, 0);
}

static void
check_dot4 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) x = buffer_new_random (n, 1);
  g_auto (Buffer) y = buffer_new_random (4 * n + 9, 1);
  g_auto (Buffer) a = buffer_new (16, NULL);
  g_auto (Buffer) b = buffer_new (16, NULL);

  k->dot4 (FLOATS (a), FLOATS (x), FLOATS (y), n + 3, n);
  generic->dot4 (FLOATS (b), FLOATS (x), FLOATS (y), n + 3, n);
  assert_all_close (&a, &b, 0, 1e-6 * (n + 1) * 0.5, "dot4");
}

typedef void (*Dots) (float *, size_t, const float *, size_t, size_t, const void *, size_t, size_t,
                      size_t);

/* Each sum against the scalar one, and bit for bit against the same one computed alone. */
static void
check_dots (Dots         found,
            Dots         expected,
            const Buffer *w,
            gsize        size,
            gsize        rows,
            gsize        columns,
            gsize        n,
            const char  *what)
{
  const gsize ldx = n + 2, ldw = n + 3, ldo = columns + 1;
  g_auto (Buffer) x = buffer_new_random ((rows - 1) * ldx + n, 1);
  g_auto (Buffer) a = buffer_new (((rows - 1) * ldo + columns) * 4, NULL);
  g_auto (Buffer) b = buffer_new (a.n, NULL);
  const guint8 *last = w->data + w->n - ((columns - 1) * ldw + n) * size;

  memset (a.data, GUARD, a.n);
  memset (b.data, GUARD, b.n);
  found (FLOATS (a), ldo, FLOATS (x), ldx, rows, last, ldw, columns, n);
  expected (FLOATS (b), ldo, FLOATS (x), ldx, rows, last, ldw, columns, n);
  for (gsize r = 0; r < rows; r++)
    {
      if (r > 0)
        g_assert_cmpmem (FLOATS (a) + r * ldo - 1, 4, FLOATS (b) + r * ldo - 1, 4);
      for (gsize j = 0; j < columns; j++)
        {
          float alone;

          assert_close (FLOATS (a)[r * ldo + j], FLOATS (b)[r * ldo + j], 1e-6 * (n + 1) * 0.5,
                        what, n, r * ldo + j);
          found (&alone, 1, FLOATS (x) + r * ldx, ldx, 1, last + j * ldw * size, ldw, 1, n);
          g_assert_cmpmem (&alone, 4, FLOATS (a) + r * ldo + j, 4);
        }
    }
}

/* All shapes at some lengths, one shape at the others. */
static void
check_dots_shapes (Dots        found,
                   Dots        expected,
                   Buffer      w,
                   gsize       size,
                   gsize       n,
                   const char *what)
{
  g_auto (Buffer) weights = w;

  if (n % 16 != 5 && n != 96)
    {
      check_dots (found, expected, &weights, size, 1 + n % 9, 1 + n % 6, n, what);
      return;
    }
  for (gsize rows = 1; rows <= 33; rows++)
    for (gsize columns = 1; columns <= 6; columns++)
      check_dots (found, expected, &weights, size, rows, columns, n, what);
}

static void
check_dots_f32 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  check_dots_shapes (k->dots_f32, generic->dots_f32, buffer_new_random (6 * n + 15, 1), 4, n,
                     "dots_f32");
}

static void
check_dots_f16 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  check_dots_shapes (k->dots_f16, generic->dots_f16, buffer_new_halves (6 * n + 15), 2, n,
                     "dots_f16");
}

static void
check_dots_bf16 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  check_dots_shapes (k->dots_bf16, generic->dots_bf16, buffer_new_halves (6 * n + 15), 2, n,
                     "dots_bf16");
}

static void
check_axpy4 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) x = buffer_new_random (4 * n + 9, 1);
  g_auto (Buffer) factors = buffer_new_random (4, 1);
  g_auto (Buffer) a = buffer_new_random (n, 1);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->axpy4 (FLOATS (a), FLOATS (factors), FLOATS (x), n + 3, n);
  generic->axpy4 (FLOATS (b), FLOATS (factors), FLOATS (x), n + 3, n);
  assert_all_close (&a, &b, 0, 1e-6, "axpy4");
}

static void
check_scale (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) a = buffer_new_random (n, 1);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->scale (FLOATS (a), 0.7f, n);
  generic->scale (FLOATS (b), 0.7f, n);
  assert_all_close (&a, &b, 0, 0, "scale");
}

static void
check_add (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) y = buffer_new_random (n, 1);
  g_auto (Buffer) a = buffer_new_random (n, 1);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->add (FLOATS (a), FLOATS (y), n);
  generic->add (FLOATS (b), FLOATS (y), n);
  assert_all_close (&a, &b, 0, 0, "add");
}

static void
check_add_scaled (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) y = buffer_new_random (n, 1);
  g_auto (Buffer) s = buffer_new_random (n, 1);
  g_auto (Buffer) a = buffer_new_random (n, 1);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->add_scaled (FLOATS (a), FLOATS (y), FLOATS (s), n);
  generic->add_scaled (FLOATS (b), FLOATS (y), FLOATS (s), n);
  assert_all_close (&a, &b, 0, 2e-7, "add_scaled");
}

static void
check_max (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) x = buffer_new_random (n, 100);

  g_assert_cmpfloat (k->max (FLOATS (x), n), ==, generic->max (FLOATS (x), n));
}

static void
check_exp_sum (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  const float max = n % 2 ? 0 : 3;
  g_auto (Buffer) a = buffer_new_random (n, n % 3 ? 5 : 110);
  g_auto (Buffer) b = { 0 };
  double sum = 0, found, expected;

  for (gsize i = 0; i < n; i++)
    FLOATS (a)[i] = max - fabsf (FLOATS (a)[i]);
  if (n > 2)
    FLOATS (a)[n / 2] = -INFINITY;
  b = buffer_new (a.n, a.data);

  found = k->exp_sum (FLOATS (a), max, n);
  expected = generic->exp_sum (FLOATS (b), max, n);
  /* 2 units in the last place, or of the smallest subnormal number */
  assert_all_close (&a, &b, 2.4e-7, 3e-45, "exp_sum");
  for (gsize i = 0; i < n; i++)
    sum += FLOATS (b)[i];
  assert_close (found, expected, 1e-6 * sum, "exp_sum", n, 0);
  if (n > 0)
    {
      FLOATS (a)[n - 1] = NAN;
      g_assert_true (isnan (k->exp_sum (FLOATS (a), 0, n)));
      g_assert_true (isnan (FLOATS (a)[n - 1]));
    }
}

/* Lengths of thousands take the numbers one after another over the whole range that matters. */
static void
check_gelu (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) a = buffer_new_random (n, 8);
  g_auto (Buffer) b = { 0 };

  for (gsize i = 0; n > 1000 && i < n; i++)
    FLOATS (a)[i] = -9 + 18 * (float) i / n;
  if (n > 2)
    {
      FLOATS (a)[0] = -1e30f;
      FLOATS (a)[1] = 1e30f;
    }
  b = buffer_new (a.n, a.data);
  k->gelu (FLOATS (a), n);
  generic->gelu (FLOATS (b), n);
  for (gsize i = 0; i < n; i++)
    assert_close (FLOATS (a)[i], FLOATS (b)[i], 1.2e-7 * fmax (1, fabs (FLOATS (b)[i])), "gelu", n,
                  i);
}

static void
check_swiglu (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) up = buffer_new_random (n, 2);
  g_auto (Buffer) a = buffer_new_random (n, n % 3 ? 6 : 120);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->swiglu (FLOATS (a), FLOATS (up), n);
  generic->swiglu (FLOATS (b), FLOATS (up), n);
  assert_all_close (&a, &b, 6e-7, 1e-37, "swiglu");
}

static void
check_layer_norm (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) w = buffer_new_random (n, 1);
  g_auto (Buffer) b = buffer_new_random (n, 1);
  g_auto (Buffer) x = buffer_new_random (n, 3);
  g_auto (Buffer) expected = buffer_new (x.n, NULL);

  generic->layer_norm (FLOATS (expected), FLOATS (x), FLOATS (w), FLOATS (b), 1e-2f, n);
  k->layer_norm (FLOATS (x), FLOATS (x), FLOATS (w), FLOATS (b), 1e-2f, n);
  assert_all_close (&x, &expected, 1e-6, 2e-6, "layer_norm");
}

static void
check_rms_norm (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) w = buffer_new_random (n, 1);
  g_auto (Buffer) x = buffer_new_random (n, 3);
  g_auto (Buffer) expected = buffer_new (x.n, NULL);

  generic->rms_norm (FLOATS (expected), FLOATS (x), FLOATS (w), 1e-5f, n);
  k->rms_norm (FLOATS (x), FLOATS (x), FLOATS (w), 1e-5f, n);
  assert_all_close (&x, &expected, 1e-6, 1e-7, "rms_norm");
}

static void
check_rope (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) c = buffer_new_random (n, 1);
  g_auto (Buffer) s = buffer_new_random (n, 1);
  g_auto (Buffer) a = buffer_new_random (2 * n, 1);
  g_auto (Buffer) b = buffer_new (a.n, a.data);

  k->rope (FLOATS (a), FLOATS (c), FLOATS (s), n);
  generic->rope (FLOATS (b), FLOATS (c), FLOATS (s), n);
  assert_all_close (&a, &b, 0, 3e-7, "rope");
}

static void
check_find_non_finite (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  static const float bad[] = { INFINITY, -INFINITY, NAN };
  g_auto (Buffer) x = buffer_new_random (n, 3e38);

  g_assert_cmpuint (k->find_non_finite (FLOATS (x), n), ==, n);
  for (gsize at = n; at-- > 0 && n < 200;)
    {
      FLOATS (x)[at] = bad[at % 3];
      g_assert_cmpuint (k->find_non_finite (FLOATS (x), n), ==, at);
    }
}

static void
check_fma_rounds (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  const gsize count = k->tile_rows * k->tile_columns, rounds = n % 50;
  g_auto (Buffer) x = buffer_new_random (count, 1);
  g_autofree float *before = g_memdup2 (x.data, x.n);

  k->fma_rounds (FLOATS (x), 0.75f, rounds);
  for (gsize i = 0; i < count; i++)
    {
      double expected = before[i];

      for (gsize round = 0; round < rounds; round++)
        expected = expected * 0.75 + 0.75;
      assert_close (FLOATS (x)[i], expected, 2e-6, "fma_rounds", n, i);
    }
}

/* n is the depth here; column counts up to a tile's width. */
static void
check_pack (const IvlKernels *k,
            const IvlKernels *generic,
            void (*pack) (float *, const void *, size_t, size_t, size_t),
            Buffer           *w,
            void (*to_f32) (float *, const void *, size_t),
            gsize             n,
            const char       *what)
{
  const gsize width = k->tile_columns, count = w->n / (to_f32 == NULL ? 4 : 2);
  g_autofree float *values = g_new (float, count + 1);

  if (to_f32 != NULL)
    to_f32 (values, w->data, count);
  else
    memcpy (values, w->data, w->n);
  for (gsize columns = 1; columns <= width; columns += n % 2 ? 1 : 5)
    {
      g_auto (Buffer) out = buffer_new (n * width * 4, NULL);
      const gsize stride = n + 3, skipped = count - ((columns - 1) * stride + n);

      pack (FLOATS (out), w->data + skipped * (w->n / MAX (count, 1)), stride, columns, n);
      for (gsize i = 0; i < n * width; i++)
        {
          const gsize row = i / width, j = i % width;

          assert_close (FLOATS (out)[i], j < columns ? values[skipped + j * stride + row] : 0, 0,
                        what, n, i);
        }
    }
}

static void
check_pack_f32 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) w = buffer_new_random ((k->tile_columns - 1) * (n + 3) + n, 1);

  check_pack (k, generic, k->pack_f32, &w, NULL, n, "pack_f32");
}

static void
check_pack_f16 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) w = buffer_new_halves ((k->tile_columns - 1) * (n + 3) + n);

  check_pack (k, generic, k->pack_f16, &w, generic->f16_to_f32, n, "pack_f16");
}

static void
check_pack_bf16 (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  g_auto (Buffer) w = buffer_new_halves ((k->tile_columns - 1) * (n + 3) + n);

  check_pack (k, generic, k->pack_bf16, &w, generic->bf16_to_f32, n, "pack_bf16");
}

static void
check_pack_rows (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  const gsize width = k->tile_columns, stride = width + 1;
  g_auto (Buffer) x = buffer_new_random (n * stride, 1);
  g_auto (Buffer) out = buffer_new (n * width * 4, NULL);

  for (gsize columns = 1; columns <= width; columns++)
    {
      /* the last row ends with its last column */
      const float *first = FLOATS (x) + (stride - columns);

      k->pack_rows (FLOATS (out), first, stride, columns, n);
      for (gsize i = 0; i < n * width; i++)
        assert_close (FLOATS (out)[i],
                      i % width < columns ? first[i / width * stride + i % width] : 0, 0,
                      "pack_rows", n, i);
    }
}

static void
check_tile (const IvlKernels *k, const IvlKernels *generic, gsize n)
{
  const gsize width = k->tile_columns, depth = n % (IVL_TILE_DEPTH + 1), ldc = width + 2;

  g_assert_cmpuint (k->tile_rows, <=, IVL_MAX_TILE_ROWS);
  g_assert_cmpuint (k->tile_columns, <=, IVL_MAX_TILE_COLUMNS);
  for (gsize rows = 1; rows <= k->tile_rows; rows++)
    {
      const gsize columns = 1 + (rows * 7 + n) % width;
      const int accumulate = (rows + n) % 2;
      g_auto (Buffer) a = buffer_new_random ((rows - 1) * IVL_TILE_STRIDE + depth, 1);
      g_auto (Buffer) b = buffer_new_random (depth * width, 1);
      g_auto (Buffer) c = buffer_new_random ((rows - 1) * ldc + columns, 1);
      g_autofree float *before = g_memdup2 (c.data, c.n);

      k->tile (FLOATS (c), ldc, FLOATS (a), FLOATS (b), rows, columns, depth, accumulate);
      for (gsize i = 0; i < rows; i++)
        for (gsize j = 0; j < ldc && i * ldc + j < c.n / 4; j++)
          {
            const gsize at = i * ldc + j;
            double sum = accumulate || j >= columns ? before[at] : 0;

            for (gsize l = 0; l < depth && j < columns; l++)
              sum += (double) FLOATS (a)[i * IVL_TILE_STRIDE + l] * FLOATS (b)[l * width + j];
            assert_close (FLOATS (c)[at], sum, j < columns ? 1e-6 * (depth + 1) * 0.5 : 0, "tile",
                          depth, at);
          }
    }
}

typedef void (*Check) (const IvlKernels *k, const IvlKernels *generic, gsize n);

static const struct
{
  const char *name;
  Check check;
} checks[] = {
#define IVL_KERNEL_CHECK(name, result, arguments) { #name, check_##name },
  IVL_KERNEL_LIST (IVL_KERNEL_CHECK)
#undef IVL_KERNEL_CHECK
};

static void
run_check (gconstpointer data)
{
  const gsize isa = GPOINTER_TO_SIZE (data) / G_N_ELEMENTS (checks),
              at = GPOINTER_TO_SIZE (data) % G_N_ELEMENTS (checks);
  const char *name = ivl_kernels_get_isa_name (isa);
  const char *required = g_getenv ("IVL_TEST_REQUIRE_ISA");
  IvlKernels generic, kernels;

  g_assert_true (ivl_kernels_init_isa (&generic, 0));
  if (!ivl_kernels_init_isa (&kernels, isa))
    {
      g_auto (GStrv) names = g_strsplit (required != NULL ? required : "", ",", -1);

      if (g_strv_contains ((const char *const *) names, name))
        g_error ("this processor lacks %s, which IVL_TEST_REQUIRE_ISA asks for", name);
      g_test_skip ("this processor lacks it");
      return;
    }
  g_assert_cmpstr (kernels.isa, ==, name);
  for (gsize n = 0; n < 140; n++)
    checks[at].check (&kernels, &generic, n);
  checks[at].check (&kernels, &generic, IVL_TILE_DEPTH);
  checks[at].check (&kernels, &generic, 4099);
  checks[at].check (&kernels, &generic, 65536);
}

/* Every name in IVL_TEST_REQUIRE_ISA is one that was built. */
static void
check_required (void)
{
  g_auto (GStrv) names = g_strsplit (
      g_getenv ("IVL_TEST_REQUIRE_ISA") ? g_getenv ("IVL_TEST_REQUIRE_ISA") : "", ",", -1);

  for (char **name = names; *name != NULL; name++)
    {
      gboolean is_built = FALSE;

      for (gsize isa = 0; isa < ivl_kernels_get_n_isas (); isa++)
        is_built |= g_str_equal (*name, ivl_kernels_get_isa_name (isa));
      if (!is_built)
        g_error ("IVL_TEST_REQUIRE_ISA asks for %s, which was not built", *name);
    }
}

/* IVL_ISA chooses among what the processor has. */
static void
check_choice (void)
{
  IvlKernels kernels;

  for (gsize isa = 0; isa < ivl_kernels_get_n_isas (); isa++)
    if (ivl_kernels_init_isa (&kernels, isa))
      {
        g_setenv ("IVL_ISA", ivl_kernels_get_isa_name (isa), TRUE);
        ivl_kernels_init (&kernels);
        g_assert_cmpstr (kernels.isa, ==, ivl_kernels_get_isa_name (isa));
      }
  g_unsetenv ("IVL_ISA");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/required", check_required);
  g_test_add_func ("/kernels/choice", check_choice);
  for (gsize isa = 0; isa < ivl_kernels_get_n_isas (); isa++)
    for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
      {
        g_autofree char *path =
            g_strdup_printf ("/kernels/%s/%s", ivl_kernels_get_isa_name (isa), checks[i].name);

        g_test_add_data_func (path, GSIZE_TO_POINTER (isa * G_N_ELEMENTS (checks) + i), run_check);
      }
  return g_test_run ();
}
