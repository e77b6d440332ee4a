/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing an image to a file with the exporters of GIMP 3.0 and 3.2. */
#include "plug-host-3.h"
#include "plug-host-page.h"
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

/* Adds what is seen of an item and of those in it. */
static void
look_at_layer (GimpItem     *item,
               gboolean      is_top,
               PlugHostPage *page)
{
  GimpDrawable *drawable = GIMP_DRAWABLE (item);
  gboolean is_mixed = plug_host_is_mixed (GIMP_LAYER (item));
  int x, y;

  if (!gimp_item_get_visible (item))
    return;
  page->has_mixing |= is_mixed;
  if (gimp_item_is_group (item))
    {
      g_autofree GimpItem **children = gimp_item_get_children (item);

      page->has_group = TRUE;
      for (gsize i = 0; children != NULL && children[i] != NULL; i++)
        look_at_layer (children[i], FALSE, page);
      return;
    }
  page->n_shown++;
  gimp_drawable_get_offsets (drawable, &x, &y);
  page->has_ground |= is_top && !is_mixed && !gimp_drawable_has_alpha (drawable) && x <= 0 &&
                      y <= 0 && x + gimp_drawable_get_width (drawable) >= page->width &&
                      y + gimp_drawable_get_height (drawable) >= page->height;
}

static PlugHostPage
look_at_layers (GimpImage *image)
{
  g_autofree GimpLayer **layers = gimp_image_get_layers (image);
  PlugHostPage page = { .width = gimp_image_get_width (image),
                        .height = gimp_image_get_height (image) };

  for (; layers != NULL && layers[page.n_layers] != NULL; page.n_layers++)
    look_at_layer (GIMP_ITEM (layers[page.n_layers]), TRUE, &page);
  if (page.n_layers > 0)
    {
      gimp_drawable_get_offsets (GIMP_DRAWABLE (layers[0]), &page.layer_x, &page.layer_y);
      page.layer_width = gimp_drawable_get_width (GIMP_DRAWABLE (layers[0]));
      page.layer_height = gimp_drawable_get_height (GIMP_DRAWABLE (layers[0]));
    }
  return page;
}

/* GIMP lays transparency over the background colour of the moment */
static gboolean
flatten_over_white (GimpImage *image)
{
  GeglColor *white = gegl_color_new ("white");
  GimpLayer *layer;

  gimp_context_push ();
  gimp_context_set_background (white);
  g_object_unref (white);
  layer = gimp_image_flatten (image);
  gimp_context_pop ();
  return layer != NULL;
}

/* TIFF would hold each of the others as a page. */
static void
remove_other_layers (GimpImage *image,
                     GimpLayer *layer)
{
  g_autofree GimpLayer **layers = gimp_image_get_layers (image);

  for (gsize i = 0; layers != NULL && layers[i] != NULL; i++)
    if (layers[i] != layer)
      gimp_image_remove_layer (image, layers[i]);
}

/* The lowest layer gives the result its size and its place, and shows nothing itself. */
static gboolean
merge_visible (GimpImage          *image,
               const PlugHostPage *page)
{
  static const GimpImageType types[] = { GIMP_RGBA_IMAGE, GIMP_GRAYA_IMAGE, GIMP_INDEXEDA_IMAGE };
  GimpLayer *layer;

  if (page->has_mixing && gimp_image_get_base_type (image) == GIMP_INDEXED)
    gimp_image_convert_rgb (image);
  layer = gimp_layer_new (image, "", page->width, page->height,
                          types[gimp_image_get_base_type (image)], 100, GIMP_LAYER_MODE_NORMAL);
  if (layer == NULL || !gimp_drawable_fill (GIMP_DRAWABLE (layer), GIMP_FILL_TRANSPARENT) ||
      !gimp_image_insert_layer (image, layer, NULL, page->n_layers))
    return FALSE;
  layer = gimp_image_merge_visible_layers (image, GIMP_CLIP_TO_IMAGE);
  if (layer == NULL)
    return FALSE;
  remove_other_layers (image, layer);
  return TRUE;
}

static gboolean
make_page (GimpImage *image,
           gboolean   has_alpha,
           GError   **error)
{
  PlugHostPage page;
  PlugHostPageStep step;
  gboolean done;

  if (gimp_image_get_floating_sel (image) != NULL)
    gimp_floating_sel_anchor (gimp_image_get_floating_sel (image));
  page = look_at_layers (image);
  if (!plug_host_page_plan (&page, has_alpha, &step, error))
    return FALSE;
  done = step == PLUG_HOST_PAGE_KEEP ||
         (step == PLUG_HOST_PAGE_FLATTEN ? flatten_over_white (image)
                                         : merge_visible (image, &page));
  if (!done)
    {
      plug_host_set_gimp_error (error, _("GIMP could not merge the visible layers."));
      return FALSE;
    }
  page = look_at_layers (image);
  return plug_host_page_check (&page, error);
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
  gboolean has_alpha;
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
  has_alpha = !g_str_equal (gimp_procedure_get_name (procedure), "file-jpeg-export");
  done = make_page (copy, has_alpha, error);
  if (done && !keep_metadata)
    remove_names (copy);
  done = done && run_exporter (procedure, copy, file, keep_metadata, error);
  gimp_image_delete (copy);
  return done;
}
