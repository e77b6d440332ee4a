/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HEIC and AVIF. The pictures show a gradient whose numbers are known: they were written without
 * loss by avifenc (libavif 0.11), and with quality 95 by heif-enc (x265); avifdec reads the former
 * back exactly. Where this build reads neither, that is said and nothing else is tested.
 */
#include "image/ivl-decode.h"

#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <string.h>

enum
{
  WIDTH = 90,
  HEIGHT = 64,
  FIRST_OPAQUE = 46, /* column of alpha.avif */
};

typedef struct
{
  const char *file;
  int         tolerance;
  gboolean    is_turned; /* a quarter to the left */
} Case;

static const Case cases[] = {
  { "grad.avif", 0, FALSE },
  { "grad.heic", 6, FALSE },
  { "deep.avif", 1, FALSE },  /* 10 bits */
  { "turned.avif", 0, TRUE }, /* by the container */
  { "exif.avif", 0, FALSE },  /* Exif says so, which does not count beside the container */
};

static GBytes *
load (const char *name)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "heif", name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static gboolean
decode (GBytes     *bytes,
        IvlDecode  *result,
        GError    **error)
{
  return ivl_decode_bytes (bytes, NULL, IVL_DECODE_DEFAULT, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL,
                           result, error);
}

/* The gradient at a place of the upright picture */
static void
get_expected (guint  x,
              guint  y,
              guint8 rgb[3])
{
  rgb[0] = 2 * x;
  rgb[1] = 4 * y;
  rgb[2] = x + y;
}

static void
test_pixels (gconstpointer data)
{
  const Case *c = data;
  g_autoptr (GBytes) bytes = load (c->file);
  g_auto (IvlDecode) result = { NULL };
  g_autoptr (GError) error = NULL;
  const guint8 *pixels;

  decode (bytes, &result, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (result.width, ==, c->is_turned ? HEIGHT : WIDTH);
  g_assert_cmpuint (result.height, ==, c->is_turned ? WIDTH : HEIGHT);
  pixels = g_bytes_get_data (result.pixels, NULL);
  for (guint y = 0; y < result.height; y++)
    for (guint x = 0; x < result.width; x++, pixels += 3)
      {
        guint8 expected[3];

        get_expected (c->is_turned ? WIDTH - 1 - y : x, c->is_turned ? x : y, expected);
        for (guint i = 0; i < 3; i++)
          g_assert_cmpint (abs (pixels[i] - expected[i]), <=, c->tolerance);
      }
}

static void
test_alpha (void)
{
  g_autoptr (GBytes) bytes = load ("alpha.avif");
  g_auto (IvlDecode) result = { NULL };
  g_autoptr (GError) error = NULL;
  const guint8 *pixels;

  decode (bytes, &result, &error);
  g_assert_no_error (error);
  g_assert_true (result.composited);
  pixels = g_bytes_get_data (result.pixels, NULL);
  for (guint y = 0; y < HEIGHT; y++)
    for (guint x = 0; x < WIDTH; x++, pixels += 3)
      {
        guint8 expected[3];

        get_expected (x, y, expected);
        if (x >= FIRST_OPAQUE)
          g_assert_cmpmem (pixels, 3, expected, 3);
        else
          g_assert_true (pixels[0] == pixels[1] && pixels[1] == pixels[2]
                         && (pixels[0] == 0 || pixels[0] == 255));
      }
}

/* 8000 x 8000 pixels in 1 kB, which says that it has 16 x 16 */
static void
test_larger_than_told (void)
{
  g_autoptr (GBytes) bytes = load ("larger-than-told.avif");
  g_auto (IvlDecode) result = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_false (decode (bytes, &result, &error));
  g_assert_true (g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED)
                 || g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA));
  g_test_message ("%s", error->message);
}

/* Cut anywhere it is an error, and what follows the pixels may be missing. */
static void
test_cut (gconstpointer file)
{
  g_autoptr (GBytes) bytes = load (file);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize n = 1; n < size; n++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, n);
      g_autoptr (GBytes) cut = g_bytes_new_take (g_steal_pointer (&copy), n);
      g_auto (IvlDecode) result = { NULL };
      g_autoptr (GError) error = NULL;

      if (decode (cut, &result, &error))
        g_assert_cmpuint (n, >, size * 9 / 10);
      else
        g_assert_true (error->domain == IVL_ERROR);
    }
}

/* A byte of another value at each place: right, wrong or refused, and the process goes on. */
static void
test_changed (gconstpointer file)
{
  g_autoptr (GBytes) bytes = load (file);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      g_autoptr (GBytes) changed = NULL;
      g_auto (IvlDecode) result = { NULL };
      g_autoptr (GError) error = NULL;

      copy[i] ^= i % 3 == 0 ? 0xff : i % 3 == 1 ? 0x80 : 1;
      changed = g_bytes_new_take (g_steal_pointer (&copy), size);
      if (!decode (changed, &result, &error))
        g_assert_true (error->domain == IVL_ERROR);
    }
}

static void
test_limit (void)
{
  g_autoptr (GBytes) bytes = load ("grad.avif");
  g_auto (IvlDecode) result = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_decode_bytes (bytes, NULL, IVL_DECODE_DEFAULT, WIDTH * HEIGHT - 1, NULL,
                                    &result, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
}

static gboolean
is_read_here (void)
{
  g_autoptr (GBytes) bytes = load ("grad.avif");
  g_auto (IvlDecode) result = { NULL };
  g_autoptr (GError) error = NULL;

  if (decode (bytes, &result, &error) || strstr (error->message, "convert") == NULL)
    return TRUE;
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "AVIF"));
  return FALSE;
}

static void
test_named (void)
{
  g_test_skip ("built without libheif 1.23: HEIC and AVIF are named and not read");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!is_read_here ())
    {
      g_test_add_func ("/heif/named", test_named);
      return g_test_run ();
    }
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strconcat ("/heif/pixels/", cases[i].file, NULL);

      g_test_add_data_func (name, &cases[i], test_pixels);
    }
  g_test_add_func ("/heif/alpha", test_alpha);
  g_test_add_func ("/heif/larger-than-told", test_larger_than_told);
  g_test_add_data_func ("/heif/cut/avif", "grad.avif", test_cut);
  g_test_add_data_func ("/heif/cut/heic", "grad.heic", test_cut);
  g_test_add_data_func ("/heif/changed/avif", "alpha.avif", test_changed);
  g_test_add_data_func ("/heif/changed/heic", "grad.heic", test_changed);
  g_test_add_func ("/heif/limit", test_limit);
  return g_test_run ();
}
