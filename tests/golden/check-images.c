/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-reference: decoding, aspect choice, resized and normalised tiles.
 */
#include "check-reference.h"
#include "formats/ivl-safetensors.h"
#include "image/ivl-tiling.h"

typedef struct
{
  Section decode, grid, u8, f32, full, u8_slice, f32_slice;
} Sections;

static gboolean
hash_is (const void *data,
         gsize       n_bytes,
         const char *expected)
{
  g_autofree char *hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, data, n_bytes);

  return g_strcmp0 (hash, expected) == 0;
}

/* Picks rows x columns of the tile (u8 [size, size, 3]) or of its normalised form (f32 [3, size,
 * size]). */
static void
check_slices (Sections       *s,
              IvlSafetensors *slices,
              json_t         *rows_cols,
              const char     *prefix,
              const guint8   *tile,
              const float    *normalised,
              guint           size)
{
  g_autofree char *u8_name = g_strconcat (prefix, ".u8_slice", NULL);
  g_autofree char *f32_name = g_strconcat (prefix, ".norm_slice", NULL);
  gsize n = json_array_size (rows_cols);
  g_autofree float *picked = g_new (float, 3 * n * n);
  gboolean equal = TRUE;
  IvlTensor u8, f32;

  if (!ivl_safetensors_lookup (slices, u8_name, &u8) ||
      !ivl_safetensors_lookup (slices, f32_name, &f32))
    return;
  for (gsize y = 0; y < n; y++)
    for (gsize x = 0; x < n; x++)
      for (gsize c = 0; c < 3; c++)
        {
          gsize row = json_integer_value (json_array_get (rows_cols, y));
          gsize col = json_integer_value (json_array_get (rows_cols, x));

          equal &= tile[(row * size + col) * 3 + c] == u8.data[(y * n + x) * 3 + c];
          picked[(c * n + y) * n + x] = normalised[(c * size + row) * size + col];
        }
  section_exact (&s->u8_slice, equal, "%s", u8_name);
  section_near (&s->f32_slice, picked, (const float *) f32.data, 3 * n * n, f32_name);
}

static void
check_full_tile (Sections     *s,
                 const char   *folder,
                 const char   *png,
                 const guint8 *tile,
                 gsize         n_bytes)
{
  g_auto (IvlDecode) expected = { 0 };
  g_autofree char *preprocess = g_build_filename ("..", "preprocess", png, NULL);

  load_picture (folder, preprocess, &expected);
  section_exact (&s->full, g_bytes_get_size (expected.pixels) == n_bytes &&
                 memcmp (g_bytes_get_data (expected.pixels, NULL), tile, n_bytes) == 0, "%s", png);
}

static void
check_tiles (Sections       *s,
             const char     *folder,
             json_t         *root,
             IvlSafetensors *slices,
             json_t         *entry,
             const guint8   *tiles,
             guint           size)
{
  gsize tile_bytes = (gsize) size * size * 3;
  g_autofree float *normalised = g_new (float, tile_bytes);
  json_t *tile;
  gsize i;

  json_array_foreach (json_object_get (entry, "tiles"), i, tile)
    {
      g_autofree char *prefix =
          g_strdup_printf ("%s.max%u.t%u", text_of (entry, "file"), number_of (entry, "max_num"),
                           number_of (tile, "index"));
      const guint8 *pixels = tiles + i * tile_bytes;
      const char *png = text_of (tile, "full_u8_png");

      ivl_tile_normalise (pixels, size, normalised);
      section_exact (&s->u8, hash_is (pixels, tile_bytes, text_of (tile, "u8_sha256")), "%s",
                     prefix);
      section_exact (
          &s->f32, hash_is (normalised, tile_bytes * sizeof (float), text_of (tile, "f32_sha256")),
          "%s", prefix);
      check_slices (s, slices, json_object_get (root, "slice_rows_cols"), prefix, pixels,
                    normalised, size);
      if (png != NULL)
        check_full_tile (s, folder, png, pixels, tile_bytes);
    }
}

static void
check_entry (Sections       *s,
             const char     *folder,
             json_t         *root,
             IvlSafetensors *slices,
             json_t         *entry,
             guint           size)
{
  const char *file = text_of (entry, "file");
  g_auto (IvlDecode) picture = { 0 };
  g_autofree guint8 *tiles = NULL;
  g_autoptr (GError) error = NULL;
  IvlTileGrid grid;
  gconstpointer rgb;
  gsize n_bytes;
  gboolean right;

  load_picture (folder, file, &picture);
  rgb = g_bytes_get_data (picture.pixels, &n_bytes);
  section_exact (&s->decode,
                 picture.width == number_of (entry, "width") &&
                     picture.height == number_of (entry, "height") &&
                     hash_is (rgb, n_bytes, text_of (entry, "rgb_sha256")),
                 "%s", file);
  ivl_tile_grid_choose (picture.width, picture.height, size, number_of (entry, "min_num"),
                        number_of (entry, "max_num"),
                        json_is_true (json_object_get (entry, "use_thumbnail")), &grid);
  right = grid.cols == number_of (entry, "grid_cols") &&
          grid.rows == number_of (entry, "grid_rows") &&
          grid.n_tiles == number_of (entry, "n_tiles") &&
          grid.n_tiles == json_array_size (json_object_get (entry, "tiles"));
  section_exact (&s->grid, right, "%s: %u x %u", file, grid.cols, grid.rows);
  if (!right)
    return;
  tiles = ivl_tiles_cut (rgb, picture.width, picture.height, 3 * (gsize) picture.width, size, &grid,
                         &error);
  if (tiles == NULL)
    give_up ("%s: %s", file, error->message);
  check_tiles (s, folder, root, slices, entry, tiles, size);
}

static gboolean
check_aspect_table (const char *folder,
                    guint      *size)
{
  json_t *root = load_json (folder, "preprocess/aspect_table.json");
  Section section = { "Aspect table: grid and tiles" };
  json_t *row, *expected;
  const char *key;
  gsize i;

  *size = number_of (root, "image_size");
  json_array_foreach (json_object_get (root, "rows"), i, row)
    json_object_foreach (json_object_get (row, "res"), key, expected)
      {
        guint min_num = g_ascii_strtoull (key, NULL, 10);
        guint max_num = g_ascii_strtoull (strchr (key, '-') + 1, NULL, 10);
        IvlTileGrid grid;

        ivl_tile_grid_choose (number_of (row, "w"), number_of (row, "h"), *size, min_num, max_num,
                              TRUE, &grid);
        section_exact (&section,
                       grid.cols == json_integer_value (json_array_get (expected, 0)) &&
                           grid.rows == json_integer_value (json_array_get (expected, 1)) &&
                           grid.n_tiles == json_integer_value (json_array_get (expected, 2)),
                       "%u x %u, %s tiles: %u x %u", number_of (row, "w"), number_of (row, "h"),
                       key, grid.cols, grid.rows);
      }
  json_decref (root);
  return section_print (&section);
}

gboolean
check_images (const char *folder)
{
  Sections s = {
    .decode = { "Pictures: decoded RGB" },
    .grid = { "Pictures: grid" },
    .u8 = { "Tiles: resized pixels" },
    .f32 = { "Tiles: normalised values" },
    .full = { "Tiles: stored whole" },
    .u8_slice = { "Tiles: stored pixels" },
    .f32_slice = { "Tiles: stored normalised values", 1e-6 },
  };
  g_autofree char *slices_path =
      g_build_filename (folder, "preprocess", "slices.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlSafetensors) slices = ivl_safetensors_open (slices_path, &error);
  json_t *root = load_json (folder, "preprocess/preprocess.json");
  json_t *entry;
  gboolean ok;
  guint size;
  gsize i;

  if (slices == NULL)
    give_up ("%s", error->message);
  ok = check_aspect_table (folder, &size);
  json_array_foreach (json_object_get (root, "entries"), i, entry)
    check_entry (&s, folder, root, slices, entry, size);
  json_decref (root);
  ok &= section_print (&s.decode);
  ok &= section_print (&s.grid);
  ok &= section_print (&s.u8);
  ok &= section_print (&s.f32);
  ok &= section_print (&s.full);
  ok &= section_print (&s.u8_slice);
  ok &= section_print (&s.f32_slice);
  return ok;
}
