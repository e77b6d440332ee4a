/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing an image to a file with the exporters of GIMP 3.0 and 3.2. */
#include "plug-host-3.h"
#include "plug-host-progress.h"
#include "plug-pixels.h"

#include <glib/gi18n.h>

static const struct
{
  const char *ending;
  const char *procedure;
} exporters[] = {
  { ".jpg", "file-jpeg-export" },   { ".jpeg", "file-jpeg-export" }, { ".png", "file-png-export" },
  { ".webp", "file-webp-export" }, { ".tif", "file-tiff-export" },  { ".tiff", "file-tiff-export" },
};

static GimpProcedure *
find_exporter (GFile   *file,
               GError **error)
{
  g_autofree char *name = g_file_get_basename (file);
  g_autofree char *lower = g_ascii_strdown (name != NULL ? name : "", -1);
  GimpProcedure *procedure;

  for (gsize i = 0; i < G_N_ELEMENTS (exporters); i++)
    {
      if (!g_str_has_suffix (lower, exporters[i].ending))
        continue;
      procedure = gimp_pdb_lookup_procedure (gimp_get_pdb (), exporters[i].procedure);
      if (procedure != NULL)
        return procedure;
      g_set_error (
          error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
          _("This GIMP cannot write %s: its plug-in %s is missing. Choose another format."),
          exporters[i].ending, exporters[i].procedure);
      return NULL;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               _("“%s” names no format that carries the texts. Choose a name that ends in .jpg, "
                  ".png, .webp or .tif."),
               name != NULL ? name : "");
  return NULL;
}

static gboolean
run_exporter (GimpProcedure *procedure,
              GimpImage     *image,
              GFile         *file,
              gboolean       keep_metadata,
              GError       **error)
{
  static const char *const kinds[] = { "include-exif", "include-iptc", "include-xmp",
                                       "include-comment", "include-thumbnail", "time" };
  g_autoptr (GimpProcedureConfig) config = gimp_procedure_create_config (procedure);
  GObjectClass *class = G_OBJECT_GET_CLASS (config);
  GimpValueArray *values;
  const char *progress;
  gboolean done;

  g_object_set (config, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", image, "file", file, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_object_class_find_property (class, kinds[i]) != NULL)
      g_object_set (config, kinds[i], keep_metadata, NULL);
  if (g_object_class_find_property (class, "include-color-profile") != NULL)
    g_object_set (config, "include-color-profile", TRUE, NULL);
  progress = plug_host_begin_progress ();
  values = gimp_procedure_run_config (procedure, config);
  done = GIMP_VALUES_GET_ENUM (values, 0) == GIMP_PDB_SUCCESS;
  gimp_value_array_unref (values);
  /* Any other call forgets why it failed */
  if (!done)
    plug_host_set_gimp_error (error, _("GIMP could not write the file."));
  /* The exporter's bar, with a button that would end this process, stays otherwise as long as we
   * do */
  plug_host_end_progress (progress);
  gimp_progress_end ();
  return done;
}

/* JPEG has no transparency, and GIMP lays it over the background colour of the moment */
static void
flatten_over_white (GimpImage *image)
{
  GeglColor *white = gegl_color_new ("white");

  gimp_context_push ();
  gimp_context_set_background (white);
  g_object_unref (white);
  gimp_image_flatten (image);
  gimp_context_pop ();
}

/* What a person called a layer is metadata too: a TIFF would hold it as the name of its page.
 * Without one GIMP writes its own word for a layer. */
static void
remove_names (GimpImage *image)
{
  g_autofree GimpLayer **layers = gimp_image_get_layers (image);

  for (gsize i = 0; layers != NULL && layers[i] != NULL; i++)
    gimp_item_set_name (GIMP_ITEM (layers[i]), "");
}

/* On a copy: exporters leave their settings behind as parasites */
gboolean
plug_host_export (int       image_id,
                  GFile    *file,
                  gboolean  keep_metadata,
                  GError  **error)
{
  GimpImage *image = plug_host_find_image (image_id, error);
  GimpProcedure *procedure;
  GimpImage *copy;
  gboolean done;

  if (image == NULL)
    return FALSE;
  procedure = find_exporter (file, error);
  if (procedure == NULL)
    return FALSE;
  copy = gimp_image_duplicate (image);
  if (copy == NULL)
    {
      plug_host_set_gimp_error (error, _("GIMP could not copy the image."));
      return FALSE;
    }
  gimp_image_undo_disable (copy);
  plug_pixels_init ();
  if (g_str_equal (gimp_procedure_get_name (procedure), "file-jpeg-export"))
    flatten_over_white (copy);
  if (!keep_metadata)
    remove_names (copy);
  done = run_exporter (procedure, copy, file, keep_metadata, error);
  gimp_image_delete (copy);
  return done;
}
