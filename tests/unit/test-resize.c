/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The resize against Pillow's results and against its definition in plain loops. */
#include <gio/gio.h>
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "image/ivl-resize.h"

/* The generator of tests/golden/make-images.py. */
static guint8 *
make_noise (guint32 seed,
            gsize   n)
{
  guint8 *noise = g_malloc (n);

  for (gsize i = 0; i < n; i++)
    {
      seed = seed * 1664525 + 1013904223;
      noise[i] = seed >> 24;
    }
  return noise;
}

static double
cubic (double x)
{
  x = fabs (x);
  if (x < 1)
    return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

/* One pass over one line in 64-bit integers: n_in values `step` apart to n_out ones. */
static void
define_line (const guint8 *in,
             guint         n_in,
             gsize         in_step,
             guint8       *out,
             guint         n_out,
             gsize         out_step)
{
  const double scale = (double) n_in / n_out;
  const double stretch = MAX (scale, 1);

  for (guint i = 0; i < n_out; i++)
    {
      const double center = (i + 0.5) * scale;
      const int first = MAX ((int) (center - 2 * stretch + 0.5), 0);
      const int end = MIN ((int) (center + 2 * stretch + 0.5), (int) n_in);
      double total = 0;
      gint64 sum = 1 << 21;

      for (int j = first; j < end; j++)
        total += cubic ((j - center + 0.5) * (1 / stretch));
      for (int j = first; j < end; j++)
        {
          double weight = cubic ((j - center + 0.5) * (1 / stretch)) / total * (1 << 22);

          sum += (gint64) (weight < 0 ? weight - 0.5 : weight + 0.5) * in[j * in_step];
        }
      out[i * out_step] = CLAMP (sum >> 22, 0, 255);
    }
}

static guint8 *
define_resize (const guint8 *src,
               guint         width,
               guint         height,
               gsize         stride,
               guint         out_width,
               guint         out_height)
{
  g_autofree guint8 *across = g_malloc ((gsize) out_width * height * 3);
  guint8 *out = g_malloc ((gsize) out_width * out_height * 3);

  for (gsize y = 0; y < height; y++)
    for (guint c = 0; c < 3; c++)
      define_line (src + y * stride + c, width, 3, across + y * out_width * 3 + c, out_width, 3);
  for (gsize x = 0; x < (gsize) out_width * 3; x++)
    define_line (across + x, height, (gsize) out_width * 3, out + x, out_height,
                 (gsize) out_width * 3);
  return out;
}

static void
test_pillow (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "images", "resize.json", NULL);
  json_t *root = json_load_file (path, 0, NULL);
  json_t *cases = json_object_get (root, "cases");

  g_assert_cmpuint (json_array_size (cases), >=, 15);
  for (gsize i = 0; i < json_array_size (cases); i++)
    {
      json_t *row = json_array_get (cases, i);
      int seed, sw, sh, dw, dh;
      const char *sha256;
      g_autofree guint8 *src = NULL;
      g_autofree guint8 *dst = NULL;
      g_autofree char *got = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (json_unpack (row, "{si s[ii] s[ii] ss}", "seed", &seed, "src", &sw, &sh,
                                    "dst", &dw, &dh, "sha256", &sha256),
                       ==, 0);
      src = make_noise (seed, (gsize) sw * sh * 3);
      dst = g_malloc ((gsize) dw * dh * 3);
      g_assert_true (ivl_resize_bicubic (src, sw, sh, (gsize) sw * 3, dst, dw, dh, &error));
      g_assert_no_error (error);
      got = g_compute_checksum_for_data (G_CHECKSUM_SHA256, dst, (gsize) dw * dh * 3);
      g_test_message ("%d x %d -> %d x %d", sw, sh, dw, dh);
      g_assert_cmpstr (got, ==, sha256);
    }
  json_decref (root);
}

static void
test_definition (void)
{
  for (guint i = 0; i < 120; i++)
    {
      const guint sw = g_test_rand_int_range (1, i % 10 == 0 ? 900 : 70);
      const guint sh = g_test_rand_int_range (1, i % 10 == 5 ? 900 : 70);
      const guint dw = g_test_rand_int_range (1, 90);
      const guint dh = g_test_rand_int_range (1, 90);
      const gsize stride = (gsize) sw * 3 + i % 4;
      /* The last row's padding is not there to be read. */
      const gsize size = stride * (sh - 1) + (gsize) sw * 3;
      g_autofree guint8 *src = make_noise (i, size);
      g_autofree guint8 *dst = g_malloc ((gsize) dw * dh * 3);
      g_autofree guint8 *want = NULL;

      if (i % 3 == 0) /* hard edges overshoot: the clipping shows */
        for (gsize j = 0; j < size; j++)
          src[j] = src[j] < 128 ? 0 : 255;
      want = define_resize (src, sw, sh, stride, dw, dh);
      g_assert_true (ivl_resize_bicubic (src, sw, sh, stride, dst, dw, dh, NULL));
      g_assert_cmpmem (dst, (gsize) dw * dh * 3, want, (gsize) dw * dh * 3);
    }
}

/* More taps than one chunk of the 16-bit sums takes. */
static void
test_many_taps (void)
{
  const guint width = 50000;
  g_autofree guint8 *src = g_malloc (width * 3);
  guint8 dst[2 * 3];

  for (guint i = 0; i < width * 3; i++)
    src[i] = i % 3 == 0 ? 255 : i % 3 == 1 ? 7 : i * 255.0 / (width * 3);
  g_assert_true (ivl_resize_bicubic (src, width, 1, width * 3, dst, 2, 1, NULL));
  g_assert_cmpuint (dst[0], ==, 255);
  g_assert_cmpuint (dst[1], ==, 7);
  g_assert_cmpuint (dst[3], ==, 255);
  g_assert_cmpuint (dst[4], ==, 7);
  g_assert_cmpuint (dst[2], <, 80);
  g_assert_cmpuint (dst[5], >, 175);
}

/* A column of a million pixels would be widened row by row; a picture of as many is no trouble. */
static void
test_work (void)
{
  const guint height = 1000000;
  g_autofree guint8 *src = g_malloc0 (height * 3);
  g_autofree guint8 *dst = g_malloc (448 * 5376 * 3);
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_resize_bicubic (src, 1, height, 3, dst, 448, 5376, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "too thin"));
  g_clear_error (&error);
  g_assert_true (ivl_resize_bicubic (src, 1, 4000, 3, dst, 448, 448, &error));
  g_assert_true (ivl_resize_bicubic (src, 1000, 1000, 3000, dst, 448, 5376, &error));
  g_assert_no_error (error);
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint8 src[4 * 4 * 3] = { 0 };
  guint8 dst[8 * 8 * 3];
  g_autoptr (GError) error = NULL;

  g_cancellable_push_current (cancellable);
  g_assert_true (ivl_resize_bicubic (src, 4, 4, 12, dst, 8, 8, &error));
  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_resize_bicubic (src, 4, 4, 12, dst, 8, 8, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_cancellable_pop_current (cancellable);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resize/pillow", test_pillow);
  g_test_add_func ("/resize/definition", test_definition);
  g_test_add_func ("/resize/many-taps", test_many_taps);
  g_test_add_func ("/resize/work", test_work);
  g_test_add_func ("/resize/cancelled", test_cancelled);
  return g_test_run ();
}
