/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Grids and tiles against the published model's own preprocessing (golden/fixtures). */
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/ivl-decode.h"
#include "image/ivl-tile-ratios.h"
#include "image/ivl-tiling.h"

enum
{
  TILE_SIZE = 448,
  TILE_BYTES = TILE_SIZE * TILE_SIZE * 3,
};

static json_t *
load_json (const char *name)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "preprocess", name, NULL);
  json_error_t error;
  json_t *root = json_load_file (path, 0, &error);

  if (root == NULL)
    g_error ("%s: %s", path, error.text);
  return root;
}

static void
check_grid (json_t     *want,
            const char *range,
            guint       width,
            guint       height)
{
  char *end;
  const guint min_num = strtoul (range, &end, 10);
  const guint max_num = strtoul (end + 1, NULL, 10);
  int cols, rows, n_tiles;
  IvlTileGrid grid;

  g_assert_cmpint (json_unpack (want, "[iii]", &cols, &rows, &n_tiles), ==, 0);
  ivl_tile_grid_choose (width, height, TILE_SIZE, min_num, max_num, TRUE, &grid);
  if ((int) grid.cols != cols || (int) grid.rows != rows || (int) grid.n_tiles != n_tiles)
    g_error ("%u x %u, %s: %u x %u (%u), expected %d x %d (%d)", width, height, range, grid.cols,
             grid.rows, grid.n_tiles, cols, rows, n_tiles);
}

static void
test_aspect_table (void)
{
  json_t *root = load_json ("aspect_table.json");
  json_t *rows = json_object_get (root, "rows");
  guint n = 0;

  for (gsize i = 0; i < json_array_size (rows); i++)
    {
      json_t *row = json_array_get (rows, i);
      json_t *res = json_object_get (row, "res");
      const char *range;
      json_t *want;

      json_object_foreach (res, range, want)
        {
          check_grid (want, range, json_integer_value (json_object_get (row, "w")),
                      json_integer_value (json_object_get (row, "h")));
          n++;
        }
    }
  g_test_message ("%u grids equal", n);
  g_assert_cmpuint (n, ==, 2310);
  json_decref (root);
}

static json_t *
load_grids (const char *key)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "images", "grids.json", NULL);
  json_t *root = json_load_file (path, 0, NULL);
  json_t *rows = json_incref (json_object_get (root, key));

  g_assert_nonnull (rows);
  json_decref (root);
  return rows;
}

/* The order among grids of as many tiles is that of a Python set. */
static void
test_python_order (void)
{
  json_t *orders = load_grids ("orders");

  g_assert_cmpuint (json_array_size (orders), >, 45);
  for (gsize i = 0; i < json_array_size (orders); i++)
    {
      json_t *row = json_array_get (orders, i);
      json_t *pairs = json_object_get (row, "pairs");
      const guint min_num = json_integer_value (json_object_get (row, "min"));
      const guint max_num = json_integer_value (json_object_get (row, "max"));
      g_autoptr (GArray) list = ivl_tile_ratios_list (min_num, max_num);

      g_test_message ("%u to %u", min_num, max_num);
      g_assert_cmpuint (list->len, ==, json_array_size (pairs));
      for (guint j = 0; j < list->len; j++)
        {
          const IvlTileRatio ratio = g_array_index (list, IvlTileRatio, j);
          int cols, rows;

          g_assert_cmpint (json_unpack (json_array_get (pairs, j), "[ii]", &cols, &rows), ==, 0);
          g_assert_cmpint (ratio.cols, ==, cols);
          g_assert_cmpint (ratio.rows, ==, rows);
        }
    }
  json_decref (orders);
}

static void
test_python_ties (void)
{
  json_t *grids = load_grids ("grids");

  g_assert_cmpuint (json_array_size (grids), ==, 1500);
  for (gsize i = 0; i < json_array_size (grids); i++)
    {
      int width, height, min_num, max_num, cols, rows;
      IvlTileGrid grid;

      g_assert_cmpint (json_unpack (json_array_get (grids, i), "[iiiiii]", &width, &height,
                                    &min_num, &max_num, &cols, &rows),
                       ==, 0);
      ivl_tile_grid_choose (width, height, TILE_SIZE, min_num, max_num, TRUE, &grid);
      if ((int) grid.cols != cols || (int) grid.rows != rows)
        g_error ("%d x %d, %d to %d: %u x %u, expected %d x %d", width, height, min_num, max_num,
                 grid.cols, grid.rows, cols, rows);
    }
  json_decref (grids);
}

/* Where the compiler's doubles are those of IEEE 754, ours must compare as they do. */
static void
test_doubles (void)
{
#if FLT_EVAL_METHOD == 0
  guint n_equal = 0;

  for (guint i = 0; i < 300000; i++)
    {
      const IvlTileRatio a = { g_test_rand_int_range (1, 41), g_test_rand_int_range (1, 41) };
      const IvlTileRatio b = { g_test_rand_int_range (1, 41), g_test_rand_int_range (1, 41) };
      const gboolean is_tie = i % 2 == 0;
      const guint limit = i % 3 == 0 ? 1000000 : 3000;
      const guint k = g_test_rand_int_range (1, 50);
      const guint width = is_tie ? (a.cols * b.rows + b.cols * a.rows) * k
                                 : (guint) g_test_rand_int_range (1, limit);
      const guint height = is_tie ? 2 * a.rows * b.rows * k
                                  : (guint) g_test_rand_int_range (1, limit);
      const double aspect = (double) width / height;
      const double first = fabs (aspect - (double) a.cols / a.rows);
      const double second = fabs (aspect - (double) b.cols / b.rows);
      const int order = ivl_tile_ratios_compare (width, height, a, b);

      n_equal += order == 0;
      if (order != (first > second) - (first < second))
        g_error ("%u / %u: %u x %u and %u x %u compare as %d", width, height, a.cols, a.rows,
                 b.cols, b.rows, order);
    }
  g_assert_cmpuint (n_equal, >, 1000);
#else
  g_test_skip ("this processor's doubles keep more bits");
#endif
}

static void
test_grid_edges (void)
{
  IvlTileGrid grid;

  ivl_tile_grid_choose (1000, 1000, TILE_SIZE, 5, 4, TRUE, &grid); /* no candidates */
  g_assert_cmpuint (grid.cols * grid.rows, ==, 1);
  g_assert_cmpuint (grid.n_tiles, ==, 1);
  ivl_tile_grid_choose (1000, 1000, TILE_SIZE, 0, 0, TRUE, &grid);
  g_assert_cmpuint (grid.n_tiles, ==, 1);
  ivl_tile_grid_choose (4000, 1000, TILE_SIZE, 1, 4, FALSE, &grid);
  g_assert_cmpuint (grid.n_tiles, ==, 4);
  g_assert_false (grid.thumbnail);
}

static GBytes *
load_bytes (const char *folder,
            const char *name)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", folder, name, NULL);
  char *data;
  gsize size;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

/* As the reference reads files: no rotation, no compositing, no profile. */
static void
decode_plain (const char *folder,
              const char *name,
              IvlDecode  *decode)
{
  g_autoptr (GBytes) bytes = load_bytes (folder, name);
  g_autoptr (GError) error = NULL;

  ivl_decode_bytes (bytes, name,
                    IVL_DECODE_KEEP_ORIENTATION | IVL_DECODE_DROP_ALPHA | IVL_DECODE_KEEP_PROFILE,
                    IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, decode, &error);
  g_assert_no_error (error);
}

static void
assert_sha256 (gconstpointer data,
               gsize         size,
               json_t       *want)
{
  g_autofree char *got = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, size);

  g_assert_cmpstr (got, ==, json_string_value (want));
}

static void
check_tile (const guint8 *tile,
            json_t       *want,
            guint        *n_whole)
{
  g_autofree float *values = g_new (float, TILE_BYTES);
  json_t *png = json_object_get (want, "full_u8_png");

  assert_sha256 (tile, TILE_BYTES, json_object_get (want, "u8_sha256"));
  ivl_tile_normalise (tile, TILE_SIZE, values);
  assert_sha256 (values, TILE_BYTES * sizeof (float), json_object_get (want, "f32_sha256"));
  if (png != NULL)
    {
      g_auto (IvlDecode) stored = { NULL };

      decode_plain ("preprocess", json_string_value (png), &stored);
      g_assert_cmpmem (tile, TILE_BYTES, g_bytes_get_data (stored.pixels, NULL),
                       g_bytes_get_size (stored.pixels));
      (*n_whole)++;
    }
}

static guint
check_entry (json_t *entry,
             guint  *n_whole)
{
  g_auto (IvlDecode) decode = { NULL };
  g_autofree guint8 *tiles = NULL;
  g_autoptr (GError) error = NULL;
  json_t *want = json_object_get (entry, "tiles");
  const char *file;
  int min_num, max_num, use_thumbnail, cols, rows;
  IvlTileGrid grid;
  gsize size;
  const guint8 *rgb;

  g_assert_cmpint (json_unpack (entry, "{ss si si sb si si}", "file", &file, "min_num", &min_num,
                                "max_num", &max_num, "use_thumbnail", &use_thumbnail, "grid_cols",
                                &cols, "grid_rows", &rows),
                   ==, 0);
  decode_plain ("images", file, &decode);
  rgb = g_bytes_get_data (decode.pixels, &size);
  g_assert_cmpint (decode.width, ==, json_integer_value (json_object_get (entry, "width")));
  g_assert_cmpint (decode.height, ==, json_integer_value (json_object_get (entry, "height")));
  assert_sha256 (rgb, size, json_object_get (entry, "rgb_sha256"));

  ivl_tile_grid_choose (decode.width, decode.height, TILE_SIZE, min_num, max_num, use_thumbnail,
                        &grid);
  g_assert_cmpint (grid.cols, ==, cols);
  g_assert_cmpint (grid.rows, ==, rows);
  g_assert_cmpuint (grid.n_tiles, ==, json_array_size (want));
  tiles = ivl_tiles_cut (rgb, decode.width, decode.height, (gsize) decode.width * 3, TILE_SIZE,
                         &grid, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < grid.n_tiles; i++)
    check_tile (tiles + (gsize) i * TILE_BYTES, json_array_get (want, i), n_whole);
  return grid.n_tiles;
}

static void
test_tiles (void)
{
  json_t *root = load_json ("preprocess.json");
  json_t *entries = json_object_get (root, "entries");
  guint n = 0;
  guint n_whole = 0;

  for (gsize i = 0; i < json_array_size (entries); i++)
    n += check_entry (json_array_get (entries, i), &n_whole);
  g_test_message ("%" G_GSIZE_FORMAT
                  " pictures, %u tiles equal as u8 and as f32, %u also by whole pixels",
                  json_array_size (entries), n, n_whole);
  g_assert_cmpuint (n, ==, 88);
  g_assert_cmpuint (n_whole, >, 0);
  json_decref (root);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tiling/aspect-table", test_aspect_table);
  g_test_add_func ("/tiling/python-order", test_python_order);
  g_test_add_func ("/tiling/python-ties", test_python_ties);
  g_test_add_func ("/tiling/doubles", test_doubles);
  g_test_add_func ("/tiling/grid-edges", test_grid_edges);
  g_test_add_func ("/tiling/tiles", test_tiles);
  return g_test_run ();
}
