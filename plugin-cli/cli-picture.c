/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads pictures from files and standard input with the switches of the command line. */
#include "cli-picture.h"

#include "cli-interrupt.h"
#include "cli-output.h"

#include <gio/gunixinputstream.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

/* No picture within the pixel limit needs more: 100 megapixels of 16-bit RGBA are 800 MB */
#define MAX_STDIN_BYTES (1u << 30)

/* image_size, min_dynamic_patch and max_dynamic_patch in config.json of every InternVL2.5 */
#define PUBLISHED_TILE_SIZE 448
#define PUBLISHED_MIN_TILES 1
#define PUBLISHED_MAX_TILES 12

static gboolean
is_stdin (const char *file)
{
  return strcmp (file, "-") == 0;
}

const char *
cli_picture_get_label (const char *file)
{
  return is_stdin (file) ? _ ("standard input") : file;
}

GBytes *
cli_picture_read_stdin (GError **error)
{
  g_autoptr (GInputStream) stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autofree guint8 *buffer = g_malloc (1 << 16);

  for (;;)
    {
      gssize n =
          g_input_stream_read (stream, buffer, 1 << 16, cli_interrupt_get_cancellable (), error);

      if (n < 0)
        return NULL;
      if (n == 0)
        return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
      if (bytes->len + (gsize) n > MAX_STDIN_BYTES)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                       _ ("more than %u bytes on standard input"), MAX_STDIN_BYTES);
          return NULL;
        }
      g_byte_array_append (bytes, buffer, (guint) n);
    }
}

IvlImage *
cli_picture_load_page (const CliOptions  *options,
                       const char        *file,
                       guint              page,
                       GError           **error)
{
  IvlImageFlags flags = (options->keep_orientation ? IVL_IMAGE_KEEP_ORIENTATION : 0) |
                        (options->drop_alpha ? IVL_IMAGE_DROP_ALPHA : 0) |
                        (options->keep_profile ? IVL_IMAGE_KEEP_PROFILE : 0);
  guint64 max_pixels = (guint64) (options->max_megapixels * 1e6);
  GCancellable *cancellable = cli_interrupt_get_cancellable ();
  static GBytes *input; /* for the pages after the first */

  if (!is_stdin (file))
    return ivl_image_new_from_file_page (file, page, flags, max_pixels, cancellable, error);

  if (page == 0 || input == NULL)
    {
      g_clear_pointer (&input, g_bytes_unref);
      input = cli_picture_read_stdin (error);
    }
  if (input == NULL)
    return NULL;
  return ivl_image_new_from_page (input, page, cli_picture_get_label (file), flags, max_pixels,
                                  cancellable, error);
}

void
cli_picture_tell_page (const char *file,
                       guint       page,
                       guint       n_pages)
{
  if (n_pages > 1)
    cli_output_error (_ ("%s: only page %u of %u was read"), cli_picture_get_label (file), page + 1,
                      n_pages);
}

IvlImage *
cli_picture_load (const CliOptions  *options,
                  const char        *file,
                  GError           **error)
{
  IvlImage *image = cli_picture_load_page (options, file, 0, error);

  if (image != NULL)
    cli_picture_tell_page (file, 0, ivl_image_get_n_pages (image));
  return image;
}

void
cli_picture_add_page (json_t *object,
                      guint   page,
                      guint   n_pages)
{
  if (n_pages < 2)
    return;
  json_object_set_new (object, "page", json_integer (page + 1));
  json_object_set_new (object, "pages", json_integer (n_pages));
}

gboolean
cli_picture_any_is_there (char  **files,
                          guint   n_files)
{
  for (guint i = 0; i < n_files; i++)
    if (is_stdin (files[i]) || access (files[i], R_OK) == 0)
      return TRUE;
  return FALSE;
}

void
cli_picture_refuse (const char   *file,
                    const GError *error)
{
  const char *label = cli_picture_get_label (file);

  if (g_str_has_prefix (error->message, label))
    cli_output_error ("%s", error->message);
  else
    cli_output_error ("%s: %s", label, error->message);
}

gboolean
cli_picture_get_budget (IvlOptions  *answer,
                        IvlModel    *model,
                        guint       *tile_size,
                        guint       *min_tiles,
                        guint       *max_tiles,
                        GError     **error)
{
  guint model_min = model != NULL ? ivl_model_get_min_tiles (model) : PUBLISHED_MIN_TILES;
  guint model_max = model != NULL ? ivl_model_get_max_tiles (model) : PUBLISHED_MAX_TILES;

  *tile_size = model != NULL ? ivl_model_get_tile_size (model) : PUBLISHED_TILE_SIZE;
  return ivl_options_get_tile_budget (answer, model_min, model_max, min_tiles, max_tiles, error);
}

json_t *
cli_picture_grid_to_json (guint n_cols,
                          guint n_rows,
                          guint n_tiles)
{
  return json_pack ("{s:i, s:i, s:i}",
                    "cols", (int) n_cols,
                    "rows", (int) n_rows,
                    "tiles", (int) n_tiles);
}
