/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Picture files to RGB: the cases of golden/make-images.py, refused files, truncated files. */
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "image/ivl-decode.h"

static json_t *
load_list (const char *key)
{
  static json_t *root;
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "images", "images.json", NULL);

  if (root == NULL)
    root = json_load_file (path, 0, NULL);
  g_assert_nonnull (root);
  return json_object_get (root, key);
}

static GBytes *
load_bytes (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "images", name, NULL);
  char *data;
  gsize size;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static IvlDecodeFlags
get_flags (json_t *names)
{
  IvlDecodeFlags flags = IVL_DECODE_DEFAULT;

  for (gsize i = 0; i < json_array_size (names); i++)
    {
      const char *name = json_string_value (json_array_get (names, i));

      if (strcmp (name, "keep-orientation") == 0)
        flags |= IVL_DECODE_KEEP_ORIENTATION;
      else if (strcmp (name, "drop-alpha") == 0)
        flags |= IVL_DECODE_DROP_ALPHA;
      else if (strcmp (name, "keep-profile") == 0)
        flags |= IVL_DECODE_KEEP_PROFILE;
      else
        g_assert_not_reached ();
    }
  return flags;
}

static void
check_pixels (const char *file,
              GBytes     *pixels,
              json_t     *row)
{
  const char *rgb = json_string_value (json_object_get (row, "rgb"));
  const int tolerance = json_integer_value (json_object_get (row, "tolerance"));
  g_autofree char *sha256 = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, pixels);
  g_autofree guint8 *want = NULL;
  const guint8 *got;
  gsize size;

  if (rgb == NULL)
    {
      g_assert_cmpstr (sha256, ==, json_string_value (json_object_get (row, "sha256")));
      return;
    }
  want = g_base64_decode (rgb, &size);
  g_assert_cmpuint (size, ==, g_bytes_get_size (pixels));
  got = g_bytes_get_data (pixels, NULL);
  for (gsize i = 0; i < size; i++)
    if (abs (want[i] - got[i]) > tolerance)
      g_error ("%s: value %" G_GSIZE_FORMAT " is %u, expected %u +- %d", file, i, got[i], want[i],
               tolerance);
}

static void
test_case (gconstpointer data)
{
  json_t *row = (json_t *) data;
  const char *file = json_string_value (json_object_get (row, "file"));
  g_autoptr (GBytes) bytes = load_bytes (file);
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;

  ivl_decode_bytes (bytes, file, get_flags (json_object_get (row, "flags")),
                    IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &decode, &error);
  g_assert_no_error (error);
  g_assert_cmpint (decode.width, ==, json_integer_value (json_object_get (row, "width")));
  g_assert_cmpint (decode.height, ==, json_integer_value (json_object_get (row, "height")));
  g_assert_cmpuint (g_bytes_get_size (decode.pixels), ==, (gsize) decode.width * decode.height * 3);
  g_assert_cmpint (decode.orientation, ==,
                   json_integer_value (json_object_get (row, "orientation")));
  g_assert_cmpint (decode.composited, ==, json_is_true (json_object_get (row, "composited")));
  g_assert_cmpint (decode.converted, ==, json_is_true (json_object_get (row, "converted")));
  check_pixels (file, decode.pixels, row);
}

/* A sentence with its number as the locale writes it (transfer full). */
static char *
localize (const char *sentence)
{
  g_auto (GStrv) parts = g_strsplit (sentence, ".", -1);

  return g_strjoinv (localeconv ()->decimal_point, parts);
}

static void
test_refused (gconstpointer data)
{
  json_t *row = (json_t *) data;
  const char *file = json_string_value (json_object_get (row, "file"));
  const char *code = json_string_value (json_object_get (row, "code"));
  g_autoptr (GBytes) bytes = load_bytes (file);
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *part = localize (json_string_value (json_object_get (row, "message")));
  struct rusage usage;
  IvlError want;

  g_assert_false (ivl_decode_bytes (bytes, file, IVL_DECODE_DEFAULT, IVL_DECODE_DEFAULT_MAX_PIXELS,
                                    NULL, &decode, &error));
  g_test_message ("%s", error->message);
  want = strcmp (code, "UNSUPPORTED") == 0 ? IVL_ERROR_UNSUPPORTED : IVL_ERROR_INVALID_DATA;
  g_assert_error (error, IVL_ERROR, want);
  g_assert_true (g_str_has_prefix (error->message, file));
  g_assert_nonnull (strstr (error->message, part));
  g_assert_null (decode.pixels);
  getrusage (RUSAGE_SELF, &usage);
  g_assert_cmpint (usage.ru_maxrss, <, 300 * 1024); /* KiB */
}

/* A file that was cut either is refused or still has every pixel: never a picture that is partly
 * gray. */
static void
test_truncated (gconstpointer data)
{
  const char *file = data;
  g_autoptr (GBytes) bytes = load_bytes (file);
  const gsize size = g_bytes_get_size (bytes);
  g_auto (IvlDecode) whole = { NULL };
  guint n_refused = 0;

  g_assert_true (
      ivl_decode_bytes (bytes, NULL, 0, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &whole, NULL));
  for (gsize n = 0; n < size; n += n < 64 || n + 64 >= size ? 1 : MAX (size / 61, 1))
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (bytes, 0, n);
      g_auto (IvlDecode) decode = { NULL };
      g_autoptr (GError) error = NULL;

      if (ivl_decode_bytes (part, "cut", 0, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &decode, &error))
        {
          if (!g_bytes_equal (decode.pixels, whole.pixels))
            g_error ("%s cut to %" G_GSIZE_FORMAT " bytes gives another picture", file, n);
          continue;
        }
      g_assert_true (g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA)
                     || (n < 12 && g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED)));
      n_refused++;
    }
  g_assert_cmpuint (n_refused, >, 64);
}

static void
test_limit (void)
{
  g_autoptr (GBytes) bytes = load_bytes ("rgb.bmp"); /* 24 x 16 */
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (ivl_decode_bytes (bytes, "a", 0, 24 * 16, NULL, &decode, NULL));
  ivl_decode_clear (&decode);
  g_assert_false (ivl_decode_bytes (bytes, "a", 0, 24 * 16 - 1, NULL, &decode, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
}

/* An animation has a frame with a size in the canvas, in its own header and in its pixels. */
static void
test_webp_frame (void)
{
  g_autoptr (GBytes) whole = load_bytes ("two-frames.webp"); /* 24 x 16 */
  gsize size;
  const guint8 *data = g_bytes_get_data (whole, &size);
  const guint8 *frame = memmem (data, size, "ANMF", 4);
  const gsize frame_width = frame + 8 + 6 - data, canvas_width = 24, canvas_height = 27;

  for (guint i = 0; i < 2; i++)
    {
      guint8 *changed = g_memdup2 (data, size);
      g_autoptr (GBytes) bytes = g_bytes_new_take (changed, size);
      g_auto (IvlDecode) decode = { NULL };
      g_autoptr (GError) error = NULL;

      if (i == 0)
        changed[frame_width]--;
      else
        changed[canvas_width] = changed[canvas_height] = 0;
      g_assert_false (ivl_decode_bytes (bytes, "a", 0, 24 * 16 - (i == 0 ? 0 : 1), NULL, &decode,
                                        &error));
      g_assert_error (error, IVL_ERROR, (i == 0 ? IVL_ERROR_INVALID_DATA : IVL_ERROR_UNSUPPORTED));
      g_assert_nonnull (strstr (error->message, i == 0 ? "disagree about its size" : "megapixels"));
    }
}

/* A BMP file of run lengths may be small and its picture large: what is held twice counts twice. */
static void
test_bmp_memory (void)
{
  static const guint sides[] = { 7000, 10000 };

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      guint8 file[64] = { 'B', 'M', [10] = 54, [14] = 40, [26] = 1, [28] = 8, [30] = 1, [34] = 2,
                          [54] = 0, [55] = 1 };
      g_autoptr (GBytes) bytes = NULL;
      g_auto (IvlDecode) decode = { NULL };
      g_autoptr (GError) error = NULL;

      file[18] = file[22] = sides[i] & 255;
      file[19] = file[23] = sides[i] >> 8;
      bytes = g_bytes_new_static (file, sizeof file);
      g_assert_false (ivl_decode_bytes (bytes, "a", 0, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &decode,
                                        &error));
      /* 49 megapixels are decoded, and are missing; 100 are refused before that. */
      g_assert_true ((strstr (error->message, "MB to decode") != NULL) == (sides[i] == 10000));
    }
}

static void
test_cancelled (void)
{
  g_autoptr (GBytes) bytes = load_bytes ("rgb.bmp");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_decode_bytes (bytes, "a", 0, IVL_DECODE_DEFAULT_MAX_PIXELS, cancellable,
                                    &decode, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add_rows (const char    *key,
          GTestDataFunc  func,
          gsize          at_least)
{
  json_t *rows = load_list (key);

  g_assert_cmpuint (json_array_size (rows), >=, at_least);
  for (gsize i = 0; i < json_array_size (rows); i++)
    {
      json_t *row = json_array_get (rows, i);
      json_t *flag = json_array_get (json_object_get (row, "flags"), 0);
      g_autofree char *path = g_strdup_printf ("/decode/%s/%s%s%s", key,
                                               json_string_value (json_object_get (row, "file")),
                                               flag != NULL ? "/" : "",
                                               flag != NULL ? json_string_value (flag) : "");

      g_test_add_data_func (path, row, func);
    }
}

int
main (int   argc,
      char *argv[])
{
  static const char *const to_cut[] = {
    "rgba.png",       "interlaced.png", "orient-6.jpg",  "progressive.jpg", "orient-6.tiff",
    "lzw.tiff",       "deflate.tiff",   "rgb.bmp",       "palette.bmp",     "rgb.gif",
    "two-frames.gif", "lossy.webp",     "lossless.webp", "two-frames.webp", "icc.png",
    "icc.webp",       "cmyk.jpg",       "rgba.tiff",
  };

  g_test_init (&argc, &argv, NULL);
  add_rows ("cases", test_case, 100);
  add_rows ("refused", test_refused, 25);
  for (guint i = 0; i < G_N_ELEMENTS (to_cut); i++)
    {
      g_autofree char *path = g_strdup_printf ("/decode/truncated/%s", to_cut[i]);

      g_test_add_data_func (path, to_cut[i], test_truncated);
    }
  g_test_add_func ("/decode/limit", test_limit);
  g_test_add_func ("/decode/webp-frame", test_webp_frame);
  g_test_add_func ("/decode/bmp-memory", test_bmp_memory);
  g_test_add_func ("/decode/cancelled", test_cancelled);
  return g_test_run ();
}
