/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The public picture class. What decoding does to pixels is tested in test-decode.c. */
#include <libivl/ivl-error.h>
#include <libivl/ivl-image.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
get_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "images", name, NULL);
}

static void
test_file (void)
{
  g_autofree char *path = get_path ("orient-6.jpg"); /* 24 x 16 as stored */
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, &error);
  g_autoptr (IvlImage) kept =
      ivl_image_new_from_file (path, IVL_IMAGE_KEEP_ORIENTATION, 0, NULL, NULL);
  const guint8 *upright;
  const guint8 *stored;

  g_assert_no_error (error);
  g_assert_cmpuint (ivl_image_get_width (image), ==, 16);
  g_assert_cmpuint (ivl_image_get_height (image), ==, 24);
  g_assert_cmpuint (ivl_image_get_orientation (image), ==, 6);
  g_assert_cmpstr (ivl_image_get_name (image), ==, path);
  g_assert_cmpuint (g_bytes_get_size (ivl_image_get_pixels (image)), ==, 16 * 24 * 3);
  g_assert_cmpuint (ivl_image_get_width (kept), ==, 24);
  g_assert_cmpuint (ivl_image_get_orientation (kept), ==, 1);
  /* Turned clockwise: the stored bottom left corner comes first. */
  upright = g_bytes_get_data (ivl_image_get_pixels (image), NULL);
  stored = g_bytes_get_data (ivl_image_get_pixels (kept), NULL);
  g_assert_cmpmem (upright, 3, stored + 15 * 24 * 3, 3);
}

static void
test_file_errors (void)
{
  static const struct
  {
    const char *name;
    guint64     max_pixels;
    int         code;
  } rows[] = {
    { "absent.png", 0, IVL_ERROR_NOT_FOUND },     { "empty.png", 0, IVL_ERROR_INVALID_DATA },
    { "drawing.svg", 0, IVL_ERROR_UNSUPPORTED },  { "bomb.png", 0, IVL_ERROR_UNSUPPORTED },
    { "rgb.bmp", 383, IVL_ERROR_UNSUPPORTED },    { "crc.png", 0, IVL_ERROR_INVALID_DATA },
    { ".", 0, IVL_ERROR_INVALID_DATA },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = get_path (rows[i].name);
      g_autoptr (GError) error = NULL;

      g_assert_null (
          ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, rows[i].max_pixels, NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, IVL_ERROR, rows[i].code);
      g_assert_nonnull (strstr (error->message, rows[i].name));
    }
}

/* What no file is, or no picture, is said in words. */
static void
test_reasons (void)
{
  static const char *const rows[][2] = {
    { ".", "folder" },
    { "https://example.org/a.png", "an address" },
    { "file:///a.png", "an address" },
    { "drawing.svg", "(SVG)" },
    { "icon.ico", "(ICO)" },
    { "image.xpm", "XPM" },
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *pipe = NULL;
  g_autofree char *folder = g_dir_make_tmp ("ivl-image-XXXXXX", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path =
          strstr (rows[i][0], "://") != NULL ? g_strdup (rows[i][0]) : get_path (rows[i][0]);

      g_assert_null (ivl_image_new_from_file (path, 0, 0, NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, rows[i][1]));
      g_clear_error (&error);
    }
  pipe = g_build_filename (folder, "pipe", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_null (ivl_image_new_from_file (pipe, 0, 0, NULL, &error));
  g_assert_nonnull (strstr (error->message, "pipe"));
  unlink (pipe);
  rmdir (folder);
}

/* The first bytes of formats that are not read name them, in files of every length. */
static void
test_foreign (void)
{
  static const struct
  {
    const char *bytes;
    gsize       length;
    const char *says;
  } rows[] = {
    { "\0\0\0\030ftypheic\0\0\0\0mif1heic", 24, "HEIC" },
    { "\0\0\0\030ftypavif\0\0\0\0mif1avif", 24, "AVIF" },
    { "\0\0\0\030ftypisom\0\0\2\0isommp41", 24, "film" },
    { "\0\0\0\024ftypqt  \0\0\2\0qt  ", 20, "film" },
    { "\0\0\0\030ftypcrx \0\0\0\1crx isom", 24, "CR3" },
    { "\377\012\1\2\3\4", 6, "JPEG XL" },
    { "\0\0\0\014JXL \r\n\207\n", 12, "JPEG XL" },
    { "\0\0\0\014jP  \r\n\207\n", 12, "JPEG 2000" },
    { "8BPS\0\1\0\0", 8, "PSD" },
    { "gimp xcf v011\0", 14, "XCF" },
    { "%PDF-1.7\n", 9, "PDF" },
    { "\357\273\277<?xml version='1.0'?>\n<!-- x -->\n<svg width='1'/>", 52, "SVG" },
    { "<!DOCTYPE html><html>", 21, "web page" },
    { "IIRO\10\0\0\0", 8, "ORF" },
    { "FUJIFILMCCD-RAW 0201", 20, "RAF" },
    { "\032E\337\243\1\0\0\0", 8, "film" },
    { "RIFF\4\0\0\0AVI LIST", 16, "film" },
    { "P6\n2 2\n255\n", 11, "Netpbm" },
    { "PK\3\4\24\0", 6, "archive" },
    { "version https://git-lfs.github.com/spec/v1\n", 43, "git lfs pull" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (rows[i].bytes, rows[i].length);
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_image_new_from_bytes (bytes, "a", 0, 0, NULL, &error));
      g_test_message ("%s", error->message);
      /* A build that reads HEIC and AVIF finds them cut, and names them too. */
      if (!g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA)
          || strstr (error->message, "damaged HEIF") == NULL)
        g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, rows[i].says));
    }
}

/* A film of 800 MB among the pictures is told by its first bytes, not read. */
static void
test_large (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  struct rusage before, after;
  int fd = g_file_open_tmp ("ivl-film-XXXXXX", &path, NULL);

  g_assert_cmpint (write (fd, "\0\0\0\030ftypisom\0\0\2\0isommp41", 24), ==, 24);
  g_assert_cmpint (ftruncate (fd, (off_t) 1500 * 1024 * 1024), ==, 0);
  close (fd);
  getrusage (RUSAGE_SELF, &before);
  g_assert_null (ivl_image_new_from_file (path, 0, 0, NULL, &error));
  getrusage (RUSAGE_SELF, &after);
  unlink (path);
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_cmpint (after.ru_maxrss - before.ru_maxrss, <, 10 * 1024); /* KiB */
}

static void
on_read (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  GAsyncResult **slot = data;

  *slot = g_object_ref (result);
}

static IvlImage *
read_async (const char    *name,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autofree char *path = get_path (name);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GAsyncResult) result = NULL;

  g_main_context_push_thread_default (context);
  ivl_image_new_from_file_async (path, IVL_IMAGE_DEFAULT, 0, cancellable, on_read, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);
  return ivl_image_new_from_file_finish (result, error);
}

static void
test_async (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) cancelled = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IvlImage) image = read_async ("rgb.bmp", NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (ivl_image_get_width (image), ==, 24);
  g_assert_null (read_async ("crc.png", NULL, &refused));
  g_assert_error (refused, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_cancellable_cancel (cancellable);
  g_assert_null (read_async ("rgb.bmp", cancellable, &cancelled));
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_pixels (void)
{
  /* 2 x 2 in rows of 8 bytes, the last one without its gap. */
  static const guint8 rgb[14] = { 1, 2, 3, 4, 5, 6, 99, 99, 7, 8, 9, 10, 11, 12 };
  static const guint8 packed[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
  g_autoptr (GBytes) gaps = g_bytes_new_static (rgb, sizeof rgb);
  g_autoptr (GBytes) none = g_bytes_new_static (packed, sizeof packed);
  g_autoptr (IvlImage) a = ivl_image_new_from_pixels (2, 2, 8, gaps, NULL);
  g_autoptr (IvlImage) b = ivl_image_new_from_pixels (2, 2, 6, none, NULL);

  g_assert_true (g_bytes_equal (ivl_image_get_pixels (a), none));
  g_assert_true (g_bytes_get_data (ivl_image_get_pixels (b), NULL) == packed);
  g_assert_null (ivl_image_get_name (a));
  g_assert_cmpuint (ivl_image_get_orientation (a), ==, 1);
}

/* White on nothing stands on black, and what cannot be seen is told. */
static void
test_rgba (void)
{
  guint8 rgba[3 * 2 * 4] = { 255, 255, 255, 255, 1, 2, 3, 0, 255, 255, 255, 51 };
  static const guint8 want[] = { 255, 255, 255, 0, 0, 0, 51, 51, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (rgba, sizeof rgba);
  g_autoptr (GBytes) nothing = g_bytes_new_take (g_malloc0 (sizeof rgba), sizeof rgba);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = ivl_image_new_from_rgba (3, 2, 12, bytes, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (ivl_image_get_n_pages (image), ==, 1);
  g_assert_cmpmem (g_bytes_get_data (ivl_image_get_pixels (image), NULL),
                   g_bytes_get_size (ivl_image_get_pixels (image)), want, sizeof want);
  g_assert_null (ivl_image_new_from_rgba (3, 2, 12, nothing, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "all of it is transparent"));
  g_clear_error (&error);
  g_assert_null (ivl_image_new_from_rgba (1, 1, 4, bytes, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "a single pixel"));
  g_clear_error (&error);
  g_assert_null (ivl_image_new_from_rgba (3, 3, 12, bytes, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
}

static void
test_pixels_errors (void)
{
  static const struct
  {
    guint width;
    guint height;
    gsize rowstride;
  } rows[] = {
    { 0, 2, 6 },
    { 2, 0, 6 },
    { 2, 2, 5 },
    { 2, 3, 6 },
    { 2, 2, 7 },
    { 2, 2, G_MAXSIZE },
    { 2, G_MAXUINT, 6 },
    { G_MAXUINT, 1, G_MAXSIZE },
    { 1000001, 1, 3000003 },
  };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("0123456789ab", 12);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_image_new_from_pixels (rows[i].width, rows[i].height, rows[i].rowstride,
                                                bytes, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
    }
}

static void
test_tiles (void)
{
  g_autofree guint8 *rgb = g_malloc (64 * 32 * 3);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (IvlImage) image = NULL;
  g_autoptr (GBytes) tiles = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *got;
  guint cols, rows, n;

  for (guint i = 0; i < 64 * 32; i++)
    memset (rgb + 3 * i, i % 64 < 32 ? 10 : 200, 3);
  bytes = g_bytes_new (rgb, 64 * 32 * 3);
  image = ivl_image_new_from_pixels (64, 32, 64 * 3, bytes, NULL);
  g_assert_true (ivl_image_get_grid (image, 32, 1, 2, TRUE, &cols, &rows, &n, &error));
  g_assert_cmpuint (cols, ==, 2);
  g_assert_cmpuint (rows, ==, 1);
  g_assert_cmpuint (n, ==, 3);
  tiles = ivl_image_cut_tiles (image, 32, 1, 2, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (tiles), ==, 3 * 32 * 32 * 3);
  got = g_bytes_get_data (tiles, NULL);
  g_assert_cmpuint (got[0], ==, 10);                     /* left tile */
  g_assert_cmpuint (got[32 * 32 * 3], ==, 200);          /* right tile */
  g_assert_cmpuint (got[2 * 32 * 32 * 3], ==, 10);       /* thumbnail, left */
  g_assert_cmpuint (got[3 * 32 * 32 * 3 - 1], ==, 200);  /* and right */
}

static void
test_tiles_errors (void)
{
  static const guint rows[][3] = { { 0, 1, 2 },
                                   { 8193, 1, 2 },
                                   { 448, 0, 2 },
                                   { 448, 3, 2 },
                                   { 448, 1, 1025 } };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("rgb", 3);
  g_autoptr (IvlImage) image = ivl_image_new_from_pixels (1, 1, 3, bytes, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_image_cut_tiles (image, rows[i][0], rows[i][1], rows[i][2], TRUE, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_false (ivl_image_get_grid (image, rows[i][0], rows[i][1], rows[i][2], TRUE, NULL,
                                          NULL, NULL, NULL));
    }
}

static void
test_cut_already (void)
{
  guint8 numbers[4 * 3 * 3 * 3];
  g_autoptr (GBytes) rgb = NULL;
  g_autoptr (GBytes) tiles = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = NULL;
  guint n_cols, n_rows, n_tiles;

  for (guint i = 0; i < sizeof numbers; i++)
    numbers[i] = i * 7;
  rgb = g_bytes_new (numbers, sizeof numbers);
  image = ivl_image_new_from_tiles (3, 4, rgb, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ivl_image_get_tile_size (image), ==, 3);
  g_assert_cmpuint (ivl_image_get_width (image), ==, 3);
  g_assert_cmpuint (ivl_image_get_height (image), ==, 12);

  /* Whatever the budget, and with no thumbnail added */
  tiles = ivl_image_cut_tiles (image, 3, 1, 2, TRUE, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (tiles, rgb));
  g_assert_true (ivl_image_get_grid (image, 3, 1, 1, TRUE, &n_cols, &n_rows, &n_tiles, &error));
  g_assert_cmpuint (n_cols, ==, 1);
  g_assert_cmpuint (n_rows, ==, 4);
  g_assert_cmpuint (n_tiles, ==, 4);

  g_assert_null (ivl_image_cut_tiles (image, 5, 1, 12, TRUE, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
}

static void
test_cut_already_errors (void)
{
  static const guint rows[][2] = {
    { 3, 3 }, { 3, 5 }, { 0, 4 }, { 3, 0 }, { 2, 8 }, { 65536, 65536 }, { 8193, 1 }, { 1, 1025 },
  };
  guint8 zeros[4 * 3 * 3 * 3] = { 0 };
  g_autoptr (GBytes) rgb = g_bytes_new (zeros, sizeof zeros);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_image_new_from_tiles (rows[i][0], rows[i][1], rgb, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/image/file", test_file);
  g_test_add_func ("/image/file-errors", test_file_errors);
  g_test_add_func ("/image/async", test_async);
  g_test_add_func ("/image/reasons", test_reasons);
  g_test_add_func ("/image/foreign", test_foreign);
  g_test_add_func ("/image/large", test_large);
  g_test_add_func ("/image/pixels", test_pixels);
  g_test_add_func ("/image/rgba", test_rgba);
  g_test_add_func ("/image/pixels-errors", test_pixels_errors);
  g_test_add_func ("/image/tiles", test_tiles);
  g_test_add_func ("/image/tiles-errors", test_tiles_errors);
  g_test_add_func ("/image/cut-already", test_cut_already);
  g_test_add_func ("/image/cut-already-errors", test_cut_already_errors);
  return g_test_run ();
}
