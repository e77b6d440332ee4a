/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl tiles: how a picture is cut before a model sees it, on the screen and as files. */
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-picture.h"

#include <errno.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

/* In the PNG files that this command writes, and by which it knows them again */
#define TILE_MARK "ivl tiles"

typedef struct
{
  const CliOptions *options;
  const char       *folder;    /* (nullable) where tiles are written */
  gboolean          force;     /* files of others there are replaced */
  GHashTable       *names;     /* names that this run has written, without their ends */
  IvlModel         *model;     /* (nullable) */
  guint             tile_size;
  guint             min_tiles;
  guint             max_tiles;
} TilesRun;

/* The picture's own name without its ending, made different from those already written */
static char *
create_base_name (const TilesRun *run,
                  const char     *file)
{
  g_autofree char *base = g_path_get_basename (strcmp (file, "-") == 0 ? "stdin" : file);
  char *dot = strrchr (base, '.');
  g_autofree char *name = NULL;

  if (dot != NULL && dot != base)
    *dot = '\0';
  name = g_strdup (base);
  for (guint i = 2; g_hash_table_contains (run->names, name); i++)
    {
      g_free (name);
      name = g_strdup_printf ("%s-%u", base, i);
    }
  g_hash_table_add (run->names, g_strdup (name));
  return g_steal_pointer (&name);
}

static gboolean
has_mark (const char *path)
{
  static const char mark[] = "tEXtSoftware\0" TILE_MARK;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = NULL;
  char start[1024];
  gsize n = 0;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return FALSE;
  stream = g_file_read (file, NULL, NULL);
  return stream != NULL &&
         g_input_stream_read_all (G_INPUT_STREAM (stream), start, sizeof start, &n, NULL, NULL) &&
         memmem (start, n, mark, sizeof mark - 1) != NULL;
}

/* Whether a file of that name may be replaced: there is none (or a link to none), or it is a PNG
 * with the mark that tiles are written with. */
static gboolean
may_write (const TilesRun  *run,
           const char      *path,
           GError         **error)
{
  if (run->force || !g_file_test (path, G_FILE_TEST_EXISTS) || has_mark (path))
    return TRUE;
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
               _ ("%s is there and was not written by ivl tiles: name another folder, or replace "
                  "it with --force"),
               path);
  return FALSE;
}

/* Replaces a file of that name as a whole; a symbolic link there is replaced, not followed */
static gboolean
write_tile (const TilesRun  *run,
            const char      *path,
            const guint8    *pixels,
            GError         **error)
{
  int size = (int) run->tile_size;
  g_autoptr (GdkPixbuf) pixbuf = NULL;
  g_autofree char *png = NULL;
  gsize n_bytes;

  if (!may_write (run, path, error))
    return FALSE;
  pixbuf = gdk_pixbuf_new_from_data (pixels, GDK_COLORSPACE_RGB, FALSE, 8, size, size, size * 3,
                                     NULL, NULL);
  if (!gdk_pixbuf_save_to_buffer (pixbuf, &png, &n_bytes, "png", error, "tEXt::Software",
                                  TILE_MARK, NULL))
    return FALSE;
  return g_file_set_contents_full (path, png, (gssize) n_bytes, G_FILE_SET_CONTENTS_CONSISTENT,
                                   0666, error);
}

static gboolean
write_tiles (const TilesRun  *run,
             const char      *file,
             IvlImage        *image,
             guint            n_tiles,
             gboolean         has_thumbnail,
             GError         **error)
{
  gsize tile_bytes = (gsize) run->tile_size * run->tile_size * 3;
  g_autofree char *base = create_base_name (run, file);
  g_autoptr (GBytes) tiles = NULL;
  const guint8 *pixels;

  g_cancellable_push_current (cli_interrupt_get_cancellable ());
  tiles = ivl_image_cut_tiles (image, run->tile_size, run->min_tiles, run->max_tiles, has_thumbnail,
                               error);
  g_cancellable_pop_current (cli_interrupt_get_cancellable ());
  if (tiles == NULL)
    return FALSE;

  pixels = g_bytes_get_data (tiles, NULL);
  for (guint i = 0; i < n_tiles; i++)
    {
      gboolean is_thumbnail = has_thumbnail && i == n_tiles - 1;
      g_autofree char *name = is_thumbnail ? g_strdup_printf ("%s-thumbnail.png", base)
                                           : g_strdup_printf ("%s-tile-%02u.png", base, i + 1);
      g_autofree char *path = g_build_filename (run->folder, name, NULL);

      if (g_cancellable_set_error_if_cancelled (cli_interrupt_get_cancellable (), error) ||
          !write_tile (run, path, pixels + i * tile_bytes, error))
        return FALSE;
    }
  return TRUE;
}

static void
show_json (const TilesRun *run,
           const char     *file,
           IvlImage       *image,
           guint           n_cols,
           guint           n_rows,
           guint           n_tiles)
{
  json_t *object = cli_output_json_for_file (
      file, json_pack ("{s:i, s:i, s:i, s:o}",
                       "width", (int) ivl_image_get_width (image),
                       "height", (int) ivl_image_get_height (image),
                       "tile_size", (int) run->tile_size,
                       "grid", cli_picture_grid_to_json (n_cols, n_rows, n_tiles)));

  cli_picture_add_page (object, ivl_image_get_page (image), ivl_image_get_n_pages (image));
  cli_output_json (object);
}

static void
show_grid (const TilesRun *run,
           const char     *file,
           IvlImage       *image,
           guint           n_cols,
           guint           n_rows,
           guint           n_tiles)
{
  cli_output_name (cli_picture_get_label (file));
  cli_output_print (_ (": %u x %u pixels, %u x %u tiles of %u pixels%s\n"),
                    ivl_image_get_width (image), ivl_image_get_height (image), n_cols, n_rows,
                    run->tile_size, n_tiles > n_cols * n_rows ? _ (", and a thumbnail") : "");
  for (guint row = 0; row < n_rows; row++)
    {
      for (guint col = 0; col < n_cols; col++)
        cli_output_print (" %3u", row * n_cols + col + 1);
      cli_output_print ("\n");
    }
}

static gboolean
get_grid (const TilesRun  *run,
          IvlImage        *image,
          guint           *n_cols,
          guint           *n_rows,
          guint           *n_tiles,
          GError         **error)
{
  if (run->model != NULL)
    return ivl_model_get_grid (run->model, image, run->options->answer, n_cols, n_rows, n_tiles,
                               error);
  return ivl_image_get_grid (image, run->tile_size, run->min_tiles, run->max_tiles, TRUE, n_cols,
                             n_rows, n_tiles, error);
}

static gboolean
show_file (const TilesRun *run,
           const char     *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = cli_picture_load (run->options, file, &error);
  guint n_cols, n_rows, n_tiles;

  if (image == NULL || !get_grid (run, image, &n_cols, &n_rows, &n_tiles, &error) ||
      (run->folder != NULL &&
       !write_tiles (run, file, image, n_tiles, n_tiles > n_cols * n_rows, &error)))
    {
      if (cli_interrupt_get_exit_code () != 0)
        return FALSE;
      cli_picture_refuse (file, error);
      if (run->options->json)
        cli_output_json (cli_output_json_for_file (
            file, json_pack ("{s:o}", "error", cli_output_json_string (error->message))));
      return FALSE;
    }

  if (run->options->json)
    show_json (run, file, image, n_cols, n_rows, n_tiles);
  else
    show_grid (run, file, image, n_cols, n_rows, n_tiles);
  return TRUE;
}

/* A grid needs no model: without any the published models' sizes are used */
static gboolean
find_model (TilesRun *run)
{
  g_autofree char *location = NULL;
  g_autoptr (GError) error = NULL;

  if (run->options->model == NULL && g_getenv ("IVL_MODEL") == NULL)
    location = ivl_model_find (NULL, &error);
  if (location == NULL && g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    return TRUE;

  run->model = cli_model_open (run->options, NULL, IVL_ENGINE_VISION);
  return run->model != NULL;
}

static CliExit
show_files (const TilesRun  *run,
            char           **files,
            int              n_files)
{
  CliExit result = CLI_EXIT_DONE;

  if (run->folder != NULL && g_mkdir_with_parents (run->folder, 0777) != 0)
    {
      cli_output_error ("%s: %s", run->folder, g_strerror (errno));
      return CLI_EXIT_SOME_FAILED;
    }

  for (int i = 0; i < n_files && cli_interrupt_get_exit_code () == 0; i++)
    if (!show_file (run, files[i]))
      result = CLI_EXIT_SOME_FAILED;
  return result;
}

CliExit
cmd_tiles_run (const CliCommand *command,
               int               argc,
               char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autofree char *folder = NULL;
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (GError) error = NULL;
  TilesRun run = { .options = &options, .names = names };
  const GOptionEntry extra[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &folder, N_ ("Write the tiles as PNG files"),
      N_ ("FOLDER") },
    { "force", 0, 0, G_OPTION_ARG_NONE, &run.force,
      N_ ("Replace files there that this command did not write"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_TILES | CLI_OPTIONS_PICTURE |
                              CLI_OPTIONS_JSON,
                          extra, &argc, &argv))
    return CLI_EXIT_USAGE;
  if (argc < 2)
    return cli_options_refuse (command, _ ("no picture is given"));
  if (g_strcmp0 (folder, "-") == 0)
    return cli_options_refuse (command, _ ("tiles go into a folder, not to standard output"));
  if (cli_picture_any_is_there (argv + 1, (guint) (argc - 1)) && !find_model (&run))
    return CLI_EXIT_MODEL;
  model = run.model;
  if (!cli_picture_get_budget (options.answer, model, &run.tile_size, &run.min_tiles,
                               &run.max_tiles, &error))
    return cli_options_refuse (command, "%s", error->message);

  run.folder = folder;
  return show_files (&run, argv + 1, argc - 1);
}
