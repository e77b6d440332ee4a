/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 3.0 and 3.2: what the plug-in asks of GIMP, and the plug-in's procedures. */
#include "plug-app.h"
#include "plug-batch.h"
#include "plug-host.h"
#include "plug-pixels.h"
#include "plug-texts.h"

#include <glib/gi18n.h>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>
#include <math.h>

#define HELP_FOLDER IVL_DATADIR "/ivl/gimp/help"
#define HELP_PAGE "index.html"
/* GIMP's name for what is sent back, above the status */
enum
{
  RESULT_TEXT = 1,
  RESULT_BOXES,
  RESULT_NAMES,
};
enum
{
  MEASURE_PIXELS = 100, /* the font size at which a text is measured */
  MIN_FONT_PIXELS = 4,
  TEXT_LINES = 32, /* so many lines of a new text layer fill the canvas */
};
/* Hinting makes a text wider than the measured size says */
#define FONT_SLACK 0.97
/* Steps in which the letters of a long text get smaller */
#define SMALLER 0.85

struct _PlugRaster
{
  int         image;
  int         drawable;  /* id */
  gboolean    temporary; /* the drawable is ours and goes with the raster */
  PlugPixels *pixels;    /* (owned) */
  int         x;
  int         y;
  char       *name; /* (owned) (nullable) */
};

/* The pointer is good until the main loop runs again */
static GimpImage *
find_image (int      image,
            GError **error)
{
  if (gimp_image_id_is_valid (image))
    return gimp_image_get_by_id (image);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _("The image was closed in GIMP."));
  return NULL;
}

/* GIMP's own words about the call that has just failed */
static void
set_gimp_error (GError    **error,
                const char *sentence)
{
  const char *words = gimp_pdb_get_last_error (gimp_get_pdb ());

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s %s", sentence,
               words != NULL ? words : "");
}

/* --- Pixels --- */

/* NULL: none, or one that babl cannot use; GIMP then takes the pixels for sRGB as well */
static const Babl *
get_space (GimpImage *image)
{
  g_autoptr (GimpColorProfile) profile = gimp_image_get_color_profile (image);

  if (profile == NULL)
    return NULL;
  return gimp_color_profile_get_space (profile, GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                       NULL);
}

static GimpDrawable *
find_active (GimpImage *image,
             GError   **error)
{
  g_autofree GimpDrawable **drawables = gimp_image_get_selected_drawables (image);

  if (drawables != NULL && drawables[0] != NULL)
    return drawables[0];
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("No layer is active in the image. Click one in GIMP’s list of layers, or choose "
                  "the visible image as the source."));
  return NULL;
}

/* What of the image is seen: the canvas, or the selection's bounds within it */
static gboolean
find_area (GimpImage      *image,
           PlugSourceKind  kind,
           GeglRectangle  *area,
           GError        **error)
{
  gboolean non_empty = FALSE;
  int x1, y1, x2, y2;

  *area = (GeglRectangle) { 0, 0, gimp_image_get_width (image), gimp_image_get_height (image) };
  if (kind == PLUG_SOURCE_VISIBLE)
    return TRUE;
  if (!gimp_selection_bounds (image, &non_empty, &x1, &y1, &x2, &y2) || !non_empty || x2 <= x1 ||
      y2 <= y1)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("Nothing is selected in the image. Select a part of it, or choose another "
                      "source."));
      return FALSE;
    }
  *area = (GeglRectangle) { x1, y1, x2 - x1, y2 - y1 };
  return TRUE;
}

/* The drawable that is read and where in it; visible pixels come as a layer that belongs to the
 * image and is not in it. */
static GimpDrawable *
choose_drawable (PlugRaster    *self,
                 GimpImage     *image,
                 PlugSourceKind kind,
                 GeglRectangle *area,
                 GError       **error)
{
  GimpDrawable *drawable;

  if (kind == PLUG_SOURCE_LAYER)
    {
      drawable = find_active (image, error);
      if (drawable == NULL)
        return NULL;
      *area = (GeglRectangle) { 0, 0, gimp_drawable_get_width (drawable),
                                gimp_drawable_get_height (drawable) };
      gimp_drawable_get_offsets (drawable, &self->x, &self->y);
      self->name = gimp_item_get_name (GIMP_ITEM (drawable));
      return drawable;
    }
  if (!find_area (image, kind, area, error))
    return NULL;
  drawable = GIMP_DRAWABLE (gimp_layer_new_from_visible (image, image, "ivl"));
  if (drawable == NULL)
    {
      set_gimp_error (error, _("GIMP does not give the visible image."));
      return NULL;
    }
  self->temporary = TRUE;
  self->x = area->x;
  self->y = area->y;
  return drawable;
}

PlugRaster *
plug_host_open_raster (int            image_id,
                       PlugSourceKind kind,
                       GError       **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GimpImage *image = find_image (image_id, error);
  GimpDrawable *drawable;
  GeglRectangle area;

  self->image = image_id;
  self->drawable = -1;
  if (image == NULL)
    return NULL;
  plug_pixels_init ();
  drawable = choose_drawable (self, image, kind, &area, error);
  if (drawable == NULL)
    return NULL;
  self->drawable = gimp_item_get_id (GIMP_ITEM (drawable));
  buffer = gimp_drawable_get_buffer (drawable);
  if (buffer == NULL)
    {
      set_gimp_error (error, _("GIMP does not give the pixels."));
      return NULL;
    }
  self->pixels = plug_pixels_new (buffer, &area, get_space (image));
  if (self->pixels == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   _("There is not enough memory to read the image. Close other programs or "
                      "choose a smaller part of it."));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
plug_raster_close (PlugRaster *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->pixels, plug_pixels_free);
  if (self->temporary && gimp_item_id_is_valid (self->drawable))
    gimp_item_delete (gimp_item_get_by_id (self->drawable));
  g_free (self->name);
  g_free (self);
}

int
plug_raster_get_width (PlugRaster *self)
{
  return plug_pixels_get_width (self->pixels);
}

int
plug_raster_get_height (PlugRaster *self)
{
  return plug_pixels_get_height (self->pixels);
}

void
plug_raster_get_offset (PlugRaster *self,
                        int        *x,
                        int        *y)
{
  *x = self->x;
  *y = self->y;
}

const char *
plug_raster_get_name (PlugRaster *self)
{
  return self->name;
}

gboolean
plug_raster_read (PlugRaster *self,
                  int         first_row,
                  int         n_rows,
                  guint8     *rgb,
                  GError    **error)
{
  if (find_image (self->image, error) == NULL)
    return FALSE;
  if (!gimp_item_id_is_valid (self->drawable))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("The layer was deleted while it was read. Try again with another one."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgb);
  return TRUE;
}

/* --- Facts --- */

gboolean
plug_host_image_is_open (int image)
{
  return gimp_image_id_is_valid (image);
}

GFile *
plug_host_get_image_file (int image_id)
{
  GimpImage *image = find_image (image_id, NULL);
  GFile *file;

  if (image == NULL)
    return NULL;
  file = gimp_image_get_exported_file (image);
  if (file == NULL)
    file = gimp_image_get_imported_file (image);
  return file != NULL ? file : gimp_image_get_file (image);
}

/* GIMP's own name for an image that is no XCF file is “[taxi] (imported)” */
char *
plug_host_get_image_name (int image_id)
{
  GimpImage *image = find_image (image_id, NULL);
  g_autofree char *name = NULL;
  GFile *file;

  if (image == NULL)
    return NULL;
  file = gimp_image_get_file (image);
  if (file == NULL)
    file = gimp_image_get_imported_file (image);
  if (file == NULL)
    return gimp_image_get_name (image);
  name = g_file_get_basename (file);
  return g_filename_display_name (name);
}

gboolean
plug_host_has_selection (int image_id)
{
  GimpImage *image = find_image (image_id, NULL);

  return image != NULL && !gimp_selection_is_empty (image);
}

/* --- Changes --- */

/* A change that is under way: one undo step, with the person's tool settings out of the way */
typedef struct
{
  GimpImage  *image;
  GimpLayer *
      *layers; /* (owned): that were active, and are again: GIMP makes what is added active */
} Change;

static gboolean
begin_change (Change  *self,
              int      image,
              GError **error)
{
  self->image = find_image (image, error);
  if (self->image == NULL)
    return FALSE;
  self->layers = gimp_image_get_selected_layers (self->image);
  gimp_image_undo_group_start (self->image);
  gimp_context_push ();
  gimp_context_set_antialias (FALSE);
  gimp_context_set_feather (FALSE);
  return TRUE;
}

static gboolean
finish_change (Change   *self,
               gboolean  done,
               GError  **error)
{
  if (!done && (error == NULL || *error == NULL))
    set_gimp_error (error, _ ("GIMP does not make the change."));
  gimp_context_pop ();
  if (self->layers != NULL && self->layers[0] != NULL)
    gimp_image_set_selected_layers (self->image, (const GimpLayer **) self->layers);
  gimp_image_undo_group_end (self->image);
  gimp_displays_flush ();
  g_clear_pointer (&self->layers, g_free);
  return done;
}

/* FALSE: nothing of the box lies on the canvas. */
static gboolean
cut_box (GimpImage     *image,
         const PlugBox *box,
         GeglRectangle *cut)
{
  const GeglRectangle canvas = { 0, 0, gimp_image_get_width (image),
                                 gimp_image_get_height (image) };
  const GeglRectangle whole = { box->x, box->y, box->width, box->height };

  return gegl_rectangle_intersect (cut, &whole, &canvas);
}

/* Is called for each box that lies on the canvas */
typedef gboolean (*BoxFunc) (GimpImage           *image,
                             const PlugBox       *box,
                             const GeglRectangle *cut,
                             guint                index,
                             gpointer             data);

static gboolean
change_for_boxes (int        image,
                  GPtrArray *boxes,
                  BoxFunc    function,
                  gpointer   data,
                  GError   **error)
{
  Change change;
  gboolean done = TRUE;
  guint n_done = 0;

  if (!begin_change (&change, image, error))
    return FALSE;
  for (guint i = 0; i < boxes->len && done; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);
      GeglRectangle cut;

      if (cut_box (change.image, box, &cut))
        done = function (change.image, box, &cut, n_done++, data);
    }
  if (done && n_done == 0)
    {
      done = FALSE;
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   _("What was found lies outside the canvas. Choose Image ▸ Fit Canvas to Layers "
                      "in GIMP to see it."));
    }
  return finish_change (&change, done, error);
}

static gboolean
select_box (GimpImage           *image,
            const PlugBox       *box,
            const GeglRectangle *cut,
            guint                index,
            gpointer             data)
{
  return gimp_image_select_rectangle (image,
                                      index == 0 ? GIMP_CHANNEL_OP_REPLACE : GIMP_CHANNEL_OP_ADD,
                                      cut->x, cut->y, cut->width, cut->height);
}

gboolean
plug_host_select_boxes (int        image,
                        GPtrArray *boxes,
                        GError   **error)
{
  return change_for_boxes (image, boxes, select_box, NULL, error);
}

/* Positions of guides in one direction that are there */
typedef struct
{
  GHashTable *horizontal; /* (owned) set of ints */
  GHashTable *vertical;   /* (owned) set of ints */
} Guides;

static void
find_guides (GimpImage *image,
             Guides    *guides)
{
  guint guide = 0;

  while ((guide = gimp_image_find_next_guide (image, guide)) != 0)
    {
      int position = gimp_image_get_guide_position (image, guide);

      g_hash_table_add (gimp_image_get_guide_orientation (image, guide) ==
                                GIMP_ORIENTATION_HORIZONTAL
                            ? guides->horizontal
                            : guides->vertical,
                        GINT_TO_POINTER (position));
    }
}

static gboolean
add_box_guides (GimpImage           *image,
                const PlugBox       *box,
                const GeglRectangle *cut,
                guint                index,
                gpointer             data)
{
  Guides *guides = data;
  gboolean done = TRUE;

  if (index == 0)
    find_guides (image, guides);
  for (guint i = 0; i < 2; i++)
    {
      int x = i == 0 ? cut->x : cut->x + cut->width;
      int y = i == 0 ? cut->y : cut->y + cut->height;

      if (g_hash_table_add (guides->vertical, GINT_TO_POINTER (x)))
        done = gimp_image_add_vguide (image, x) != 0 && done;
      if (g_hash_table_add (guides->horizontal, GINT_TO_POINTER (y)))
        done = gimp_image_add_hguide (image, y) != 0 && done;
    }
  return done;
}

gboolean
plug_host_add_guides (int        image,
                      GPtrArray *boxes,
                      GError   **error)
{
  g_autoptr (GHashTable) horizontal = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) vertical = g_hash_table_new (NULL, NULL);
  Guides guides = { horizontal, vertical };

  return change_for_boxes (image, boxes, add_box_guides, &guides, error);
}

static void
fill_channel (GimpChannel         *channel,
              const GeglRectangle *cut)
{
  g_autoptr (GeglBuffer) buffer = gimp_drawable_get_buffer (GIMP_DRAWABLE (channel));
  GeglColor *black = gegl_color_new ("black");
  GeglColor *white = gegl_color_new ("white");

  gegl_buffer_set_color (buffer, NULL, black);
  gegl_buffer_set_color (buffer, cut, white);
  gegl_buffer_flush (buffer);
  g_object_unref (black);
  g_object_unref (white);
}

/* Unseen, as a saved selection is: a visible channel tints the whole image */
static gboolean
add_box_channel (GimpImage           *image,
                 const PlugBox       *box,
                 const GeglRectangle *cut,
                 guint                index,
                 gpointer             data)
{
  g_autofree char *numbered = g_strdup_printf (_("Found %u"), index + 1);
  GeglColor *tint = gegl_color_new ("black");
  GimpChannel *channel = gimp_channel_new (image, box->name != NULL ? box->name : numbered,
                                           gimp_image_get_width (image),
                                           gimp_image_get_height (image), 50.0, tint);

  g_object_unref (tint);
  if (channel == NULL)
    return FALSE;
  fill_channel (channel, cut);
  gimp_item_set_visible (GIMP_ITEM (channel), FALSE);
  return gimp_image_insert_channel (image, channel, NULL, index);
}

gboolean
plug_host_add_channels (int        image,
                        GPtrArray *boxes,
                        GError   **error)
{
  plug_pixels_init ();
  return change_for_boxes (image, boxes, add_box_channel, NULL, error);
}

/* --- Text layers --- */

/* Pixels of a text that is set at MEASURE_PIXELS, line by line; at least 1 */
static void
measure_text (const char *text,
              GimpFont   *font,
              int        *width,
              int        *height)
{
  int ascent, descent;

  if (!gimp_text_get_extents_font (text, MEASURE_PIXELS, font, width, height, &ascent, &descent))
    *width = *height = 0;
  *width = MAX (*width, 1);
  *height = MAX (*height, 1);
}

/* By the first letter that has a direction */
static gboolean
is_right_to_left (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_isalpha (c))
        continue;
      switch (g_unichar_get_script (c))
        {
        case G_UNICODE_SCRIPT_ARABIC:
        case G_UNICODE_SCRIPT_HEBREW:
        case G_UNICODE_SCRIPT_SYRIAC:
        case G_UNICODE_SCRIPT_THAANA:
        case G_UNICODE_SCRIPT_NKO:
          return TRUE;
        default:
          return FALSE;
        }
    }
  return FALSE;
}

static gboolean
insert_text (GimpImage           *image,
             const char          *text,
             GimpFont            *font,
             double               size,
             const GeglRectangle *box)
{
  GimpTextLayer *layer = gimp_text_layer_new (image, text, font, size, gimp_unit_pixel ());

  if (layer == NULL || !gimp_image_insert_layer (image, GIMP_LAYER (layer), NULL, 0))
    return FALSE;
  if (is_right_to_left (text))
    gimp_text_layer_set_base_direction (layer, GIMP_TEXT_DIRECTION_RTL);
  gimp_text_layer_resize (layer, box->width, box->height);
  return gimp_layer_set_offsets (GIMP_LAYER (layer), box->x, box->y);
}

static gboolean
add_box_text (GimpImage           *image,
              const PlugBox       *box,
              const GeglRectangle *cut,
              guint                index,
              gpointer             data)
{
  GimpFont *font = gimp_context_get_font ();
  int width, height;
  double size;

  if (box->name == NULL || *box->name == '\0')
    return TRUE;
  measure_text (box->name, font, &width, &height);
  size = FONT_SLACK * MEASURE_PIXELS *
         MIN ((double) cut->width / width, (double) cut->height / height);
  return insert_text (image, box->name, font, MAX (size, MIN_FONT_PIXELS), cut);
}

gboolean
plug_host_add_text_boxes (int        image,
                          GPtrArray *boxes,
                          GError   **error)
{
  return change_for_boxes (image, boxes, add_box_text, NULL, error);
}

/* Pixels that the text takes when lines wider than the layer are broken. Breaks fall between
 * words, so a line is counted as a tenth wider than it is; one line more is for letters that
 * stand out. */
static double
estimate_height (const char *text,
                 GimpFont   *font,
                 double      size,
                 int         width)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  const double scale = size / MEASURE_PIXELS;
  int line_width, line_height, all_width, all_height;
  double n_breaks = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      measure_text (*lines[i] != '\0' ? lines[i] : " ", font, &line_width, &line_height);
      n_breaks += ceil (1.1 * line_width * scale / width) - 1;
    }
  measure_text (text, font, &all_width, &all_height);
  line_height = all_height / (int) g_strv_length (lines);
  return scale * (all_height + (n_breaks + 1) * line_height);
}

gboolean
plug_host_add_text (int         image_id,
                    const char *text,
                    GError    **error)
{
  Change change;
  GimpFont *font;
  GeglRectangle box;
  int margin;
  double size;

  if (!begin_change (&change, image_id, error))
    return FALSE;
  font = gimp_context_get_font ();
  box.width = gimp_image_get_width (change.image);
  box.height = gimp_image_get_height (change.image);
  margin = MIN (box.width, box.height) / TEXT_LINES;
  size = MAX ((double) box.height / TEXT_LINES, MIN_FONT_PIXELS);
  box = (GeglRectangle) { margin, margin, MAX (box.width - 2 * margin, 1),
                          MAX (box.height - 2 * margin, 1) };
  /* A long text in smaller letters, as long as they can be read */
  while (size * SMALLER >= MIN_FONT_PIXELS &&
         estimate_height (text, font, size, box.width) > box.height)
    size *= SMALLER;
  box.height = (int) ceil (estimate_height (text, font, size, box.width));
  return finish_change (&change, insert_text (change.image, text, font, size, &box), error);
}

/* --- Texts about the image --- */

IvlMetadata *
plug_host_get_texts (int      image_id,
                     GError **error)
{
  GimpImage *image = find_image (image_id, error);
  g_autoptr (GimpMetadata) metadata = NULL;
  g_autofree char *xml = NULL;

  if (image == NULL)
    return NULL;
  metadata = gimp_image_get_metadata (image);
  if (metadata == NULL)
    return ivl_metadata_new ();
  xml = gimp_metadata_serialize (metadata);
  return plug_texts_from_xml (xml, error);
}

gboolean
plug_host_set_texts (int          image_id,
                     IvlMetadata *texts,
                     GError     **error)
{
  g_autoptr (GimpMetadata) before = NULL;
  g_autoptr (GimpMetadata) after = NULL;
  g_autofree char *old = NULL;
  g_autofree char *xml = NULL;
  GimpImage *image = find_image (image_id, error);
  Change change;

  if (image == NULL)
    return FALSE;
  before = gimp_image_get_metadata (image);
  old = before != NULL ? gimp_metadata_serialize (before) : NULL;
  xml = plug_texts_to_xml (old, texts, PLUG_TEXTS_LANG, error);
  if (xml == NULL)
    return FALSE;
  after = gimp_metadata_deserialize (xml);
  if (after == NULL)
    {
      set_gimp_error (error, _("GIMP does not take the texts."));
      return FALSE;
    }
  return begin_change (&change, image_id, error) &&
         finish_change (&change, gimp_image_set_metadata (image, after), error);
}

/* --- Export --- */

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
                                       "include-comment", "include-thumbnail" };
  g_autoptr (GimpProcedureConfig) config = gimp_procedure_create_config (procedure);
  GObjectClass *class = G_OBJECT_GET_CLASS (config);
  GimpValueArray *values;
  gboolean done;

  g_object_set (config, "run-mode", GIMP_RUN_NONINTERACTIVE, "image", image, "file", file, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_object_class_find_property (class, kinds[i]) != NULL)
      g_object_set (config, kinds[i], keep_metadata, NULL);
  if (g_object_class_find_property (class, "include-color-profile") != NULL)
    g_object_set (config, "include-color-profile", TRUE, NULL);
  values = gimp_procedure_run_config (procedure, config);
  /* The exporter's bar, with a button that would end this process, stays otherwise as long as we
   * do */
  gimp_progress_end ();
  done = GIMP_VALUES_GET_ENUM (values, 0) == GIMP_PDB_SUCCESS;
  gimp_value_array_unref (values);
  if (!done)
    set_gimp_error (error, _("GIMP could not write the file."));
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

/* On a copy: exporters leave their settings behind as parasites */
gboolean
plug_host_export (int       image_id,
                  GFile    *file,
                  gboolean  keep_metadata,
                  GError  **error)
{
  GimpImage *image = find_image (image_id, error);
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
      set_gimp_error (error, _("GIMP could not copy the image."));
      return FALSE;
    }
  gimp_image_undo_disable (copy);
  plug_pixels_init ();
  if (g_str_equal (gimp_procedure_get_name (procedure), "file-jpeg-export"))
    flatten_over_white (copy);
  done = run_exporter (procedure, copy, file, keep_metadata, error);
  gimp_image_delete (copy);
  return done;
}

/* --- The window --- */

/* GTK ends the process itself when it finds no display, so it is asked first, with the class that
 * gimp_ui_init() would set */
gboolean
plug_host_init_ui (GError **error)
{
  const char *display = gimp_display_name ();

#ifdef GDK_WINDOWING_X11
  if (display != NULL && *display != '\0' && g_getenv ("WAYLAND_DISPLAY") == NULL)
    g_setenv ("DISPLAY", display, TRUE);
#endif
  if (gimp_wm_class () != NULL)
    gdk_set_program_class (gimp_wm_class ());
  if (!gtk_init_check (NULL, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("There is no display to open a window on. Run the procedure "
                      "non-interactively."));
      return FALSE;
    }
  gimp_ui_init ("ivl");
  return TRUE;
}

static gboolean
on_key_press (GtkWidget   *widget,
              GdkEventKey *event,
              gpointer     data)
{
  if (event->keyval != GDK_KEY_F1)
    return GDK_EVENT_PROPAGATE;
  plug_host_show_help ();
  return GDK_EVENT_STOP;
}

/* The window of the image that the process was started for stands for those of all images: which
 * display shows an image is not told. */
void
plug_host_adopt_window (GtkWindow *window,
                        int        image)
{
  g_signal_connect (window, "key-press-event", G_CALLBACK (on_key_press), NULL);
  gimp_window_set_transient (window);
}

/* The page in the first of the desktop's languages that it is there in */
static char *
find_help (void)
{
  const char *const *languages = g_get_language_names ();

  for (guint i = 0; languages[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (HELP_FOLDER, languages[i], HELP_PAGE, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  return g_build_filename (HELP_FOLDER, HELP_PAGE, NULL);
}

void
plug_host_show_help (void)
{
  g_autofree char *path = find_help ();
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autoptr (GError) error = NULL;

  if (uri == NULL || !g_app_info_launch_default_for_uri (uri, NULL, &error))
    g_message (_("The help page %s could not be opened: %s"), path,
               error != NULL ? error->message : "");
}

int
plug_host_get_pid (void)
{
  return gimp_getpid ();
}

char *
plug_host_get_version (void)
{
  g_autofree char *version = gimp_version ();

  return g_strconcat ("GIMP ", version, NULL);
}

/* --- Procedures --- */

#define PLUG_TYPE_GIMP (plug_gimp_get_type ())
G_DECLARE_FINAL_TYPE (PlugGimp, plug_gimp, PLUG, GIMP, GimpPlugIn)

struct _PlugGimp
{
  GimpPlugIn parent_instance;
};

G_DEFINE_TYPE (PlugGimp, plug_gimp, GIMP_TYPE_PLUG_IN)

static void
return_boxes (GimpValueArray *values,
              GPtrArray      *boxes)
{
  g_autofree gint32 *numbers = g_new0 (gint32, 4 * MAX (boxes->len, 1));
  g_auto (GStrv) names = g_new0 (char *, boxes->len + 1);

  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);

      numbers[4 * i] = box->x;
      numbers[4 * i + 1] = box->y;
      numbers[4 * i + 2] = box->width;
      numbers[4 * i + 3] = box->height;
      names[i] = g_strdup (box->name != NULL ? box->name : "");
    }
  GIMP_VALUES_SET_INT32_ARRAY (values, RESULT_BOXES, numbers, 4 * boxes->len);
  GIMP_VALUES_SET_STRV (values, RESULT_NAMES, names);
}

static GimpValueArray *
run_batch (GimpProcedure       *procedure,
           const PlugAction    *action,
           GimpImage           *image,
           GimpProcedureConfig *config)
{
  g_autofree char *prompt = NULL;
  g_autofree char *options = NULL;
  g_autofree char *alt_text = NULL;
  g_autofree char *description = NULL;
  g_autofree char *caption = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GFile) file = NULL;
  g_auto (PlugResult) result = { 0 };
  GimpValueArray *values;
  GError *error = NULL;
  PlugCall call = { .action = action, .image = gimp_image_get_id (image) };

  g_object_get (config, "options", &options, NULL);
  if (action->task != NULL)
    g_object_get (config, "prompt", &prompt, NULL);
  else
    g_object_get (config, "file", &file, "alt-text", &alt_text, "description", &description,
                  "caption", &caption, NULL);
  path = file != NULL ? g_file_get_path (file) : NULL;
  call.prompt = prompt;
  call.options = options;
  call.file = path;
  call.alt_text = alt_text;
  call.description = description;
  call.caption = caption;
  if (!plug_batch_run (&call, &result, &error))
    return gimp_procedure_new_return_values (procedure, GIMP_PDB_EXECUTION_ERROR, error);

  values = gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
  GIMP_VALUES_SET_STRING (values, RESULT_TEXT, result.text);
  if (action->gives_boxes)
    return_boxes (values, result.boxes);
  return values;
}

/* GIMP writes the arguments of a run that succeeded with a window into its plug-in-settings
 * folder and into the image. Questions are nobody's business, and closing a window is no success
 * or failure: it is told as cancelled, after which GIMP keeps nothing and shows nothing. */
static GimpValueArray *
run (GimpProcedure       *procedure,
     GimpRunMode          mode,
     GimpImage           *image,
     GimpDrawable       **drawables,
     GimpProcedureConfig *config,
     gpointer             data)
{
  const PlugAction *action = data;
  GError *error = NULL;

  if (mode == GIMP_RUN_NONINTERACTIVE)
    return run_batch (procedure, action, image, config);
  if (!plug_app_run (action, gimp_image_get_id (image), &error))
    return gimp_procedure_new_return_values (procedure, GIMP_PDB_EXECUTION_ERROR, error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
}

static void
add_string (GimpProcedure *procedure,
            const char    *name,
            const char    *label,
            const char    *blurb)
{
  gimp_procedure_add_string_argument (procedure, name, label, blurb, "", G_PARAM_READWRITE);
}

static void
add_arguments (GimpProcedure    *procedure,
               const PlugAction *action)
{
  if (action->task != NULL)
    add_string (procedure, "prompt", _("_Prompt"),
                action->takes_text ? _("The question, or what is looked for")
                                   : _("What is known about the picture, or empty"));
  else
    {
      gimp_procedure_add_file_argument (procedure, "file", _("_File"),
                                        _("File to write: its ending names the format"),
                                        GIMP_FILE_CHOOSER_ACTION_SAVE, FALSE, NULL,
                                        G_PARAM_READWRITE);
      add_string (procedure, "alt-text", _("_Alternative text"),
                  _("Empty: the one that the image carries"));
      add_string (procedure, "description", _("_Long description"),
                  _("Empty: the one that the image carries"));
      add_string (procedure, "caption", _("_Caption"),
                  _("Empty: the one that the image carries"));
    }
  add_string (procedure, "options", _("_Options"),
              action->task != NULL
                  ? _("Words “name=value”: source=layer, visible or selection, language=de, "
                       "max-tiles=6, max-tokens=200, model=LOCATION, role=informative")
                  : _("Words “name=value”: metadata=drop or keep what the image carries besides"));
}

static void
add_results (GimpProcedure    *procedure,
             const PlugAction *action)
{
  gimp_procedure_add_string_return_value (procedure, "text", _("Text"), _("The answer"), "",
                                          G_PARAM_READWRITE);
  if (!action->gives_boxes)
    return;
  gimp_procedure_add_int32_array_return_value (
      procedure, "boxes", _("Boxes"),
      _("x, y, width and height of each place, in pixels of the image"), G_PARAM_READWRITE);
  gimp_procedure_add_string_array_return_value (procedure, "names", _("Names"),
                                                _("What was found at each place"),
                                                G_PARAM_READWRITE);
}

static GList *
plug_gimp_query_procedures (GimpPlugIn *plug_in)
{
  GList *names = NULL;
  guint n;
  const PlugAction *actions = plug_action_list (&n);

  for (guint i = n; i > 0; i--)
    names = g_list_prepend (names, g_strdup (actions[i - 1].procedure));
  return names;
}

static GimpProcedure *
plug_gimp_create_procedure (GimpPlugIn *plug_in,
                            const char *name)
{
  const PlugAction *action = plug_action_find (name);
  g_autofree char *path = g_strconcat (PLUG_MENU_PATH, _ (plug_action_menu), NULL);
  GimpProcedure *procedure;

  if (action == NULL)
    return NULL;
  procedure = gimp_image_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, run,
                                        (gpointer) action, NULL);
  gimp_procedure_set_image_types (procedure, "*");
  gimp_procedure_set_sensitivity_mask (procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                      GIMP_PROCEDURE_SENSITIVE_DRAWABLES |
                                                      GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES);
  gimp_procedure_set_documentation (procedure, _ (action->blurb), _ (action->help), name);
  gimp_procedure_set_attribution (procedure, "The ivl authors", "The ivl authors", "2026");
  gimp_procedure_set_menu_label (procedure, _ (action->menu_label));
  gimp_procedure_add_menu_path (procedure, path);
  add_arguments (procedure, action);
  add_results (procedure, action);
  return procedure;
}

/* The catalogue is the system's, bound in the class's initialisation, not one in the plug-in's
 * folder */
static gboolean
plug_gimp_set_i18n (GimpPlugIn  *plug_in,
                    const char  *procedure_name,
                    char       **domain,
                    char       **folder)
{
  return FALSE;
}

static void
plug_gimp_class_init (PlugGimpClass *class)
{
  GimpPlugInClass *plug_in_class = GIMP_PLUG_IN_CLASS (class);

  bindtextdomain (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  plug_in_class->query_procedures = plug_gimp_query_procedures;
  plug_in_class->create_procedure = plug_gimp_create_procedure;
  plug_in_class->set_i18n = plug_gimp_set_i18n;
}

static void
plug_gimp_init (PlugGimp *self)
{
}

GIMP_MAIN (PLUG_TYPE_GIMP)
