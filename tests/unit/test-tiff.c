/* SPDX-License-Identifier: LGPL-2.1-or-later
 * TIFF files to RGB: those of golden/make-tiffs.py, read with its pixels and refused with its
 * reasons; cut ones; cancelling. */
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <string.h>

#include "image/ivl-decode.h"

static json_t *
load_list (const char *key)
{
  static json_t *root;
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "images", "tiff.json", NULL);

  if (root == NULL)
    root = json_load_file (path, 0, NULL);
  g_assert_nonnull (root);
  return json_object_get (root, key);
}

static guint8 *
get_data (json_t     *row,
          const char *key,
          gsize      *size)
{
  return g_base64_decode (json_string_value (json_object_get (row, key)), size);
}

static GBytes *
get_file (json_t *row)
{
  gsize size;
  guint8 *data = get_data (row, "file", &size);

  return g_bytes_new_take (data, size);
}

static guint
get_page (json_t *row)
{
  return json_integer_value (json_object_get (row, "page"));
}

static gboolean
decode_row (json_t     *row,
            GBytes     *bytes,
            IvlDecode  *decode,
            GError    **error)
{
  return ivl_decode_page (bytes, get_page (row), "file", IVL_DECODE_DEFAULT,
                          IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, decode, error);
}

static void
test_read (gconstpointer data)
{
  json_t *row = (json_t *) data;
  const int tolerance = json_integer_value (json_object_get (row, "tolerance"));
  g_autoptr (GBytes) bytes = get_file (row);
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *want = NULL;
  const guint8 *got;
  gsize size;
  gsize want_size;

  decode_row (row, bytes, &decode, &error);
  g_assert_no_error (error);
  g_assert_cmpint (decode.width, ==, json_integer_value (json_object_get (row, "width")));
  g_assert_cmpint (decode.height, ==, json_integer_value (json_object_get (row, "height")));
  g_assert_cmpint (decode.n_pages, ==, json_integer_value (json_object_get (row, "pages")));
  got = g_bytes_get_data (decode.pixels, &size);
  want = get_data (row, "rgb", &want_size);
  g_assert_cmpuint (size, ==, want_size);
  for (gsize i = 0; i < size; i++)
    if (abs (want[i] - got[i]) > tolerance)
      g_error ("value %" G_GSIZE_FORMAT " is %u, expected %u +- %d", i, got[i], want[i],
               tolerance);
}

static void
test_refused (gconstpointer data)
{
  json_t *row = (json_t *) data;
  const char *code = json_string_value (json_object_get (row, "code"));
  const char *message = json_string_value (json_object_get (row, "message"));
  g_autoptr (GBytes) bytes = get_file (row);
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;
  IvlError want = IVL_ERROR_INVALID_DATA;

  if (strcmp (code, "UNSUPPORTED") == 0)
    want = IVL_ERROR_UNSUPPORTED;
  else if (strcmp (code, "INVALID_OPTION") == 0)
    want = IVL_ERROR_INVALID_OPTION;
  g_assert_false (decode_row (row, bytes, &decode, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, want);
  if (strstr (error->message, message) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, message);
  g_assert_null (decode.pixels);
}

/* A file that was cut is refused or has every pixel. */
static void
test_cut (void)
{
  json_t *rows = load_list ("read");
  guint n_refused = 0;

  for (gsize i = 0; i < json_array_size (rows); i++)
    {
      json_t *row = json_array_get (rows, i);
      g_autoptr (GBytes) bytes = get_file (row);
      const gsize size = g_bytes_get_size (bytes);
      g_auto (IvlDecode) whole = { NULL };

      g_assert_true (decode_row (row, bytes, &whole, NULL));
      for (gsize n = 0; n < size; n += MAX (size / 23, 1))
        {
          /* A copy of exactly that size, so that a read outside is found. */
          g_autoptr (GBytes) part = g_bytes_new (g_bytes_get_data (bytes, NULL), n);
          g_auto (IvlDecode) decode = { NULL };
          g_autoptr (GError) error = NULL;

          if (!decode_row (row, part, &decode, &error))
            n_refused++;
          else if (!g_bytes_equal (decode.pixels, whole.pixels))
            g_error ("%s cut to %" G_GSIZE_FORMAT " bytes gives another picture",
                     json_string_value (json_object_get (row, "name")), n);
        }
    }
  g_assert_cmpuint (n_refused, >, 1000);
}

/* Damage in the middle: an error or a picture, nothing printed, nothing else. */
static void
test_damaged (void)
{
  json_t *rows = load_list ("read");

  for (gsize i = 0; i < json_array_size (rows); i++)
    for (guint round = 0; round < 20; round++)
      {
        json_t *row = json_array_get (rows, i);
        gsize size;
        guint8 *data = get_data (row, "file", &size);
        g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
        g_auto (IvlDecode) decode = { NULL };
        g_autoptr (GError) error = NULL;

        for (guint j = 0; j < 3; j++)
          data[g_test_rand_int_range (0, size)] = g_test_rand_int_range (0, 256);
        if (!ivl_decode_page (bytes, 0, "file", IVL_DECODE_DEFAULT, 1000000, NULL, &decode, &error))
          g_assert_true (error->domain == IVL_ERROR);
      }
}

static void
test_cancelled (void)
{
  g_autoptr (GBytes) bytes = get_file (json_array_get (load_list ("read"), 0));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (IvlDecode) decode = { NULL };
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_decode_page (bytes, 0, NULL, 0, 1000000, cancellable, &decode, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add_rows (const char    *key,
          GTestDataFunc  test)
{
  json_t *rows = load_list (key);

  for (gsize i = 0; i < json_array_size (rows); i++)
    {
      json_t *row = json_array_get (rows, i);
      g_autofree char *path =
          g_strdup_printf ("/tiff/%s/%s", key, json_string_value (json_object_get (row, "name")));

      g_test_add_data_func (path, row, test);
    }
}

static void
append_le32 (GByteArray *file,
             guint32     value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (file, (const guint8 *) &value, sizeof value);
}

/* Many directories that list the same 20,000 directories without entries: each list is short, and
 * reading all of them for each other one would take for ever. */
static void
test_empty_directories (void)
{
  const guint n = 20000;
  const guint n_pages = 60;
  const guint32 list = 8 + 8; /* behind the empty directory */
  const guint32 pages = list + 4 * n;
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (IvlDecode) decode = { 0 };

  g_byte_array_append (file, (const guint8 *) "II*\0", 4);
  append_le32 (file, pages);
  append_le32 (file, 0);
  append_le32 (file, 0);
  for (guint i = 0; i < n; i++)
    append_le32 (file, 8);
  for (guint i = 1; i <= n_pages; i++)
    {
      g_byte_array_append (file, (const guint8 *) "\1\0\x4a\1\4\0", 6); /* one entry: 330, LONG */
      append_le32 (file, n);
      append_le32 (file, list);
      append_le32 (file, i < n_pages ? pages + i * 18 : 0);
    }
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&file));
  g_assert_false (ivl_decode_bytes (bytes, "file", IVL_DECODE_DEFAULT,
                                    IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &decode, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "too many entries"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_rows ("read", test_read);
  add_rows ("refused", test_refused);
  g_test_add_func ("/tiff/cut", test_cut);
  g_test_add_func ("/tiff/damaged", test_damaged);
  g_test_add_func ("/tiff/cancelled", test_cancelled);
  g_test_add_func ("/tiff/empty-directories", test_empty_directories);
  return g_test_run ();
}
