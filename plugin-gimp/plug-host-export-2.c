/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 2.10: the texts in the image's metadata, and export, both without a dialog. */
#include "plug-host-2.h"
#include "plug-host-page.h"
#include "plug-host-progress.h"
#include "plug-host-step.h"
#include "plug-texts.h"

#include <glib/gi18n.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GimpColorProfile, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GimpMetadata, g_object_unref)

/* (transfer full, nullable): NULL where there are none */
static char *
get_metadata_xml (int image)
{
  g_autoptr (GimpMetadata) metadata = gimp_image_get_metadata (image);

  return metadata != NULL ? gimp_metadata_serialize (metadata) : NULL;
}

IvlMetadata *
plug_host_get_texts (int      image,
                     GError **error)
{
  g_autofree char *xml = NULL;

  if (!plug_host_check_image (image, error))
    return NULL;
  xml = get_metadata_xml (image);
  return plug_texts_from_xml (xml, error);
}

gboolean
plug_host_edit_set_texts (int       image,
                          gpointer  what,
                          GError  **error)
{
  IvlMetadata *texts = what;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (IvlMetadata) have = NULL;
  g_autoptr (GimpMetadata) metadata = NULL;
  gboolean done;
  PlugStep step;

  if (!plug_host_check_image (image, error))
    return FALSE;
  before = get_metadata_xml (image);
  have = plug_texts_from_xml (before, error);
  if (have == NULL)
    return FALSE;
  if (!plug_texts_differ (have, texts))
    return TRUE;
  after = plug_texts_to_xml (before, texts, PLUG_TEXTS_PLAIN, error);
  if (after == NULL)
    return FALSE;
  metadata = gimp_metadata_deserialize (after);
  step = plug_host_begin_step (image);
  done = metadata != NULL && gimp_image_set_metadata (image, metadata);
  if (!done)
    plug_host_set_error (error, _ ("GIMP did not take the texts into the image."));
  plug_host_end_step (&step);
  return done;
}

typedef struct
{
  const char *endings; /* between spaces */
  gboolean    has_alpha;
  gboolean    has_palette;
  gboolean (*save) (int image, int layer, const char *path, gboolean keep_metadata);
} Format;

/* What all exporters take first: run mode, image, layer, file name, its name again */
#define EXPORT_START(image, layer, path)                                                           \
  GIMP_PDB_INT32, GIMP_RUN_NONINTERACTIVE, GIMP_PDB_IMAGE, image, GIMP_PDB_DRAWABLE, layer,        \
      GIMP_PDB_STRING, path, GIMP_PDB_STRING, path

static gboolean
finish_call (GimpParam *values,
             int        n)
{
  const gboolean done = n > 0 && values[0].data.d_status == GIMP_PDB_SUCCESS;

  gimp_destroy_params (values, n);
  return done;
}

/* Quality and the rest are the defaults of GIMP's own dialog. */
static gboolean
save_jpeg (int         image,
           int         layer,
           const char *path,
           gboolean    keep_metadata)
{
  GimpParasite *comment = keep_metadata ? gimp_image_get_parasite (image, "gimp-comment") : NULL;
  g_autofree char *text = NULL;
  GimpParam *values;
  int n;

  if (comment != NULL)
    text = g_strndup (gimp_parasite_data (comment), gimp_parasite_data_size (comment));
  g_clear_pointer (&comment, gimp_parasite_free);
  values = gimp_run_procedure ("file-jpeg-save", &n, EXPORT_START (image, layer, path),
                               GIMP_PDB_FLOAT, 0.9,                      /* quality */
                               GIMP_PDB_FLOAT, 0.0,                      /* smoothing */
                               GIMP_PDB_INT32, 1,                        /* optimize */
                               GIMP_PDB_INT32, 1,                        /* progressive */
                               GIMP_PDB_STRING, text != NULL ? text : "", /* comment */
                               GIMP_PDB_INT32, 2,                        /* 4:4:4 */
                               GIMP_PDB_INT32, 1,                        /* baseline */
                               GIMP_PDB_INT32, 0,                        /* restart markers */
                               GIMP_PDB_INT32, 0,                        /* integer DCT */
                               GIMP_PDB_END);
  return finish_call (values, n);
}

static gboolean
save_png (int         image,
          int         layer,
          const char *path,
          gboolean    keep_metadata)
{
  int n;
  GimpParam *values = gimp_run_procedure ("file-png-save2", &n, EXPORT_START (image, layer, path),
                                          GIMP_PDB_INT32, 0,             /* interlace */
                                          GIMP_PDB_INT32, 9,             /* compression */
                                          GIMP_PDB_INT32, 0,             /* bKGD */
                                          GIMP_PDB_INT32, 0,             /* gAMA */
                                          GIMP_PDB_INT32, 0,             /* oFFs */
                                          GIMP_PDB_INT32, 1,             /* pHYs */
                                          GIMP_PDB_INT32, keep_metadata, /* tIME */
                                          GIMP_PDB_INT32, keep_metadata, /* comment */
                                          GIMP_PDB_INT32, 0, /* colour under transparency */
                                          GIMP_PDB_END);

  return finish_call (values, n);
}

static gboolean
save_webp (int         image,
           int         layer,
           const char *path,
           gboolean    keep_metadata)
{
  int n;
  GimpParam *values = gimp_run_procedure ("file-webp-save2", &n, EXPORT_START (image, layer, path),
                                          GIMP_PDB_INT32, 0,             /* preset */
                                          GIMP_PDB_INT32, 0,             /* lossless */
                                          GIMP_PDB_FLOAT, 90.0,          /* quality */
                                          GIMP_PDB_FLOAT, 100.0,         /* of alpha */
                                          GIMP_PDB_INT32, 0,             /* animation */
                                          GIMP_PDB_INT32, 0,             /* loop */
                                          GIMP_PDB_INT32, 0,             /* minimize size */
                                          GIMP_PDB_INT32, 0,             /* key frames */
                                          GIMP_PDB_INT32, keep_metadata, /* Exif */
                                          GIMP_PDB_INT32, keep_metadata, /* IPTC */
                                          GIMP_PDB_INT32, keep_metadata, /* XMP */
                                          GIMP_PDB_INT32, 0,             /* thumbnail */
                                          GIMP_PDB_INT32, 0,             /* delay */
                                          GIMP_PDB_INT32, 0,             /* force delay */
                                          GIMP_PDB_END);

  return finish_call (values, n);
}

static gboolean
save_tiff (int         image,
           int         layer,
           const char *path,
           gboolean    keep_metadata)
{
  int n;
  GimpParam *values = gimp_run_procedure ("file-tiff-save", &n, EXPORT_START (image, layer, path),
                                          GIMP_PDB_INT32, 1, /* LZW */
                                          GIMP_PDB_END);

  return finish_call (values, n);
}

static const Format formats[] = {
  { " jpg jpeg ", FALSE, FALSE, save_jpeg },
  { " png ", TRUE, TRUE, save_png },
  { " webp ", TRUE, FALSE, save_webp },
  { " tif tiff ", TRUE, TRUE, save_tiff },
};

static const Format *
find_format (GFile   *file,
             GError **error)
{
  g_autofree char *name = g_file_get_basename (file);
  const char *dot = name != NULL ? strrchr (name, '.') : NULL;
  g_autofree char *lower = g_ascii_strdown (dot != NULL ? dot + 1 : "", -1);
  g_autofree char *ending = g_strconcat (" ", lower, " ", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (strchr (lower, ' ') == NULL && lower[0] != '\0'
        && strstr (formats[i].endings, ending) != NULL)
      return &formats[i];
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               _ ("“%s” names no format that carries the texts. Choose a name that ends in .jpg, "
                  ".png, .webp or .tif."),
               name != NULL ? name : "");
  return NULL;
}

/* Adds what is seen of an item and of those in it. */
static void
look_at_layer (int           layer,
               gboolean      is_top,
               PlugHostPage *page)
{
  const gboolean is_mixed = plug_host_is_mixed (layer);

  if (!gimp_item_get_visible (layer))
    return;
  page->has_mixing |= is_mixed;
  if (gimp_item_is_group (layer))
    {
      int n;
      g_autofree int *children = gimp_item_get_children (layer, &n);

      page->has_group = TRUE;
      for (int i = 0; i < n; i++)
        look_at_layer (children[i], FALSE, page);
    }
  else
    {
      int x, y;

      page->n_shown++;
      gimp_drawable_offsets (layer, &x, &y);
      page->has_ground |= is_top && !is_mixed && !gimp_drawable_has_alpha (layer) && x <= 0
                          && y <= 0 && x + gimp_drawable_width (layer) >= page->width
                          && y + gimp_drawable_height (layer) >= page->height;
    }
}

static PlugHostPage
look_at_layers (int image)
{
  PlugHostPage page = { .width = gimp_image_width (image), .height = gimp_image_height (image) };
  g_autofree int *layers = gimp_image_get_layers (image, &page.n_layers);

  for (int i = page.n_layers - 1; i >= 0; i--)
    {
      look_at_layer (layers[i], TRUE, &page);
      gimp_drawable_offsets (layers[i], &page.layer_x, &page.layer_y);
      page.layer_width = gimp_drawable_width (layers[i]);
      page.layer_height = gimp_drawable_height (layers[i]);
    }
  return page;
}

/* What GIMP would lay over the background colour of the moment is laid over white. */
static gboolean
flatten (int copy)
{
  GimpRGB white;
  int layer;

  gimp_rgb_set (&white, 1.0, 1.0, 1.0);
  gimp_context_push ();
  gimp_context_set_background (&white);
  layer = gimp_image_flatten (copy);
  gimp_context_pop ();
  return layer >= 0;
}

/* TIFF would hold each of the others as a page. */
static void
remove_other_layers (int copy,
                     int layer)
{
  int n;
  g_autofree int *layers = gimp_image_get_layers (copy, &n);

  for (int i = 0; i < n; i++)
    if (layers[i] != layer)
      gimp_image_remove_layer (copy, layers[i]);
}

/* The lowest layer gives the result its size and its place, and shows nothing itself. */
static gboolean
merge_visible (int                 copy,
               const PlugHostPage *page)
{
  static const GimpImageType types[] = { GIMP_RGBA_IMAGE, GIMP_GRAYA_IMAGE, GIMP_INDEXEDA_IMAGE };
  int layer;

  if (page->has_mixing && gimp_image_base_type (copy) == GIMP_INDEXED)
    gimp_image_convert_rgb (copy);
  layer = gimp_layer_new (copy, "", page->width, page->height, types[gimp_image_base_type (copy)],
                          100.0, GIMP_LAYER_MODE_NORMAL);
  if (layer < 0 || !gimp_drawable_fill (layer, GIMP_FILL_TRANSPARENT)
      || !gimp_image_insert_layer (copy, layer, -1, page->n_layers))
    return FALSE;
  layer = gimp_image_merge_visible_layers (copy, GIMP_CLIP_TO_IMAGE);
  if (layer < 0)
    return FALSE;
  remove_other_layers (copy, layer);
  return TRUE;
}

/* Makes the copy one layer, and returns it; -1 with an error. */
static int
make_page (int           copy,
           const Format *format,
           GError      **error)
{
  PlugHostPage page;
  PlugHostPageStep step;
  gboolean done;
  int n_layers;
  g_autofree int *layers = NULL;

  if (gimp_image_get_floating_sel (copy) >= 0)
    gimp_floating_sel_anchor (gimp_image_get_floating_sel (copy));
  page = look_at_layers (copy);
  if (!plug_host_page_plan (&page, format->has_alpha, &step, error))
    return -1;
  done = step == PLUG_HOST_PAGE_KEEP
         || (step == PLUG_HOST_PAGE_FLATTEN ? flatten (copy) : merge_visible (copy, &page));
  if (!done)
    {
      plug_host_set_error (error, _ ("GIMP could not merge the visible layers."));
      return -1;
    }
  page = look_at_layers (copy);
  if (!plug_host_page_check (&page, error))
    return -1;
  layers = gimp_image_get_layers (copy, &n_layers);
  return layers[0];
}

/* So that no value changes its meaning where the person's GIMP writes no profiles */
static void
settle_profile (int copy)
{
  g_autoptr (GimpColorProfile) profile = gimp_image_get_color_profile (copy);
  g_autoptr (GimpColorProfile) srgb = NULL;

  if (profile == NULL || gimp_export_color_profile ())
    return;
  srgb = gimp_image_base_type (copy) == GIMP_GRAY ? gimp_color_profile_new_d65_gray_srgb_trc ()
                                                  : gimp_color_profile_new_rgb_srgb ();
  gimp_image_convert_color_profile (copy, srgb, GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                    TRUE);
}

/* GIMP's exporters go by the person's preferences (but for WebP), and always add something of
 * their own. */
static gboolean
settle_metadata (int        image,
                 GFile     *file,
                 gboolean   keep,
                 GError   **error)
{
  g_autoptr (GimpMetadata) metadata = NULL;

  if (!keep)
    metadata = gimp_metadata_new ();
  else if (!gimp_export_exif () || !gimp_export_iptc () || !gimp_export_xmp ())
    metadata = gimp_image_get_metadata (image);
  return metadata == NULL || gimp_metadata_save_to_file (metadata, file, error);
}

static gboolean
export_copy (int            copy,
             const Format  *format,
             const char    *path,
             gboolean       keep_metadata,
             GError       **error)
{
  int layer;

  gimp_image_undo_disable (copy);
  if (!format->has_palette && gimp_image_base_type (copy) == GIMP_INDEXED)
    gimp_image_convert_rgb (copy);
  settle_profile (copy);
  layer = make_page (copy, format, error);
  if (layer < 0)
    return FALSE;
  if (format->save (copy, layer, path, keep_metadata))
    return TRUE;
  plug_host_set_error (error, _ ("GIMP could not write the file."));
  return FALSE;
}

gboolean
plug_host_export (int        image,
                  GFile     *file,
                  gboolean   keep_metadata,
                  GError   **error)
{
  g_autofree char *path = g_file_get_path (file);
  const Format *format = find_format (file, error);
  const char *progress;
  gboolean done;
  int copy;

  if (format == NULL || !plug_host_check_image (image, error))
    return FALSE;
  if (path == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _ ("The file has to be on this computer. Choose another folder."));
      return FALSE;
    }
  copy = gimp_image_duplicate (image);
  if (copy < 0)
    {
      plug_host_set_error (error, _ ("GIMP could not copy the image."));
      return FALSE;
    }
  progress = plug_host_begin_progress ();
  done = export_copy (copy, format, path, keep_metadata, error)
         && settle_metadata (image, file, keep_metadata, error);
  plug_host_end_progress (progress);
  gimp_image_delete (copy);
  return done;
}
