/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 2.10. Links libgimp-2.0 without libgimpui-2.0, which would bring GTK 2 into a process
 * that has GTK 3; what that library does for a plug-in's window is done here by hand. */
#include "plug-action.h"
#include "plug-app.h"
#include "plug-batch.h"
#include "plug-host.h"
#include "plug-pixels.h"
#include "plug-texts.h"

#include <gdk/gdkx.h>
#include <glib/gi18n.h>
#include <libgimp/gimp.h>
#include <locale.h>
#include <string.h>

#define HELP_FOLDER IVL_DATADIR "/ivl/gimp/help"
#define HELP_PAGE "index.html"
/* GIMP finds the submenu by its label without the mnemonic. */
#define MENU_PARENT "<Image>/Tools"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GeglColor, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GimpColorProfile, g_object_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GimpMetadata, g_object_unref)

struct _PlugRaster
{
  int         layer;  /* a copy of our own outside the image, which shares its pixels */
  PlugPixels *pixels; /* (owned) */
  int         x;      /* of the first pixel in the image */
  int         y;
  char       *name; /* (owned, nullable) */
};

/* --- Errors
 * ------------------------------------------------------------------------------------ */

static gboolean
check_image (int      image,
             GError **error)
{
  if (gimp_image_is_valid (image))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("The image was closed. Open it again and start from its window."));
  return FALSE;
}

/* With GIMP's own words about the call that failed last */
static void
set_gimp_error (GError     **error,
                const char  *what)
{
  const char *why = gimp_get_pdb_error ();

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s %s", what, why != NULL ? why : "");
}

/* --- Pixels
 * ------------------------------------------------------------------------------------ */

static gboolean
is_linear (int image)
{
  switch (gimp_image_get_precision (image))
    {
    case GIMP_PRECISION_U8_LINEAR:
    case GIMP_PRECISION_U16_LINEAR:
    case GIMP_PRECISION_U32_LINEAR:
    case GIMP_PRECISION_HALF_LINEAR:
    case GIMP_PRECISION_FLOAT_LINEAR:
    case GIMP_PRECISION_DOUBLE_LINEAR:
      return TRUE;
    default:
      return FALSE;
    }
}

/* NULL: the image has no profile, or one that babl cannot do without a table */
static const Babl *
find_space (int image)
{
  g_autoptr (GimpColorProfile) profile = gimp_image_get_color_profile (image);
  const Babl *space;

  if (profile == NULL)
    return NULL;
  space = gimp_color_profile_get_space (profile, GIMP_COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
                                        NULL);
  /* The buffer, taken for sRGB, hands linear values out with the curve of sRGB. */
  if (space != NULL && is_linear (image))
    space = babl_space_with_trc (space, babl_trc ("sRGB"));
  return space;
}

/* The layer that is worked on, or the channel or mask in its place; -1 if there is none */
static int
find_drawable (int image)
{
  const int layer = gimp_image_get_active_layer (image);

  return layer >= 0 ? layer : gimp_image_get_active_drawable (image);
}

/* Sets layer, x, y, name and area. */
static gboolean
raster_copy_layer (PlugRaster     *self,
                   int             image,
                   GeglRectangle  *area,
                   GError        **error)
{
  const int drawable = find_drawable (image);

  if (drawable < 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("No layer is active. Choose one in GIMP's layers dialog."));
      return FALSE;
    }
  /* Painting goes on meanwhile, and closing the image does not pull the pixels from under us:
   * GIMP would end the plug-in for asking. */
  self->layer = gimp_layer_new_from_drawable (drawable, image);
  self->name = gimp_item_get_name (drawable);
  gimp_drawable_offsets (drawable, &self->x, &self->y);
  *area = (GeglRectangle) { 0, 0, gimp_drawable_width (drawable), gimp_drawable_height (drawable) };
  return TRUE;
}

/* Sets layer, x, y and area. */
static gboolean
raster_copy_visible (PlugRaster      *self,
                     int              image,
                     PlugSourceKind   kind,
                     GeglRectangle   *area,
                     GError         **error)
{
  const GeglRectangle canvas = { 0, 0, gimp_image_width (image), gimp_image_height (image) };
  int x1, y1, x2, y2;
  gboolean is_selected;

  *area = canvas;
  if (kind == PLUG_SOURCE_SELECTION)
    {
      gimp_selection_bounds (image, &is_selected, &x1, &y1, &x2, &y2);
      if (!is_selected
          || !gegl_rectangle_intersect (area, &canvas,
                                        GEGL_RECTANGLE (x1, y1, x2 - x1, y2 - y1)))
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                       _("Nothing is selected. Select a part of the picture, or look at the whole "
                          "of it."));
          return FALSE;
        }
    }
  self->layer = gimp_layer_new_from_visible (image, image, "ivl");
  self->x = area->x;
  self->y = area->y;
  return TRUE;
}

PlugRaster *
plug_host_open_raster (int              image,
                       PlugSourceKind   kind,
                       GError         **error)
{
  g_autoptr (PlugRaster) self = g_new0 (PlugRaster, 1);
  g_autoptr (GeglBuffer) buffer = NULL;
  GeglRectangle area;
  gboolean done;

  self->layer = -1;
  if (!check_image (image, error))
    return NULL;
  plug_pixels_init ();
  done = kind == PLUG_SOURCE_LAYER ? raster_copy_layer (self, image, &area, error)
                                   : raster_copy_visible (self, image, kind, &area, error);
  if (!done)
    return NULL;
  if (self->layer >= 0)
    buffer = gimp_drawable_get_buffer (self->layer);
  if (buffer == NULL)
    {
      set_gimp_error (error, _("GIMP does not hand the picture out."));
      return NULL;
    }
  self->pixels = plug_pixels_new (buffer, &area, find_space (image));
  if (self->pixels == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   _("There is not enough memory for the picture. Close other programs, or select "
                      "a part of it."));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
plug_raster_close (PlugRaster *self)
{
  if (self == NULL)
    return;
  /* The buffer belongs to the layer: it goes first. */
  plug_pixels_free (self->pixels);
  if (self->layer >= 0 && gimp_item_is_valid (self->layer))
    gimp_item_delete (self->layer);
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
plug_raster_read (PlugRaster  *self,
                  int          first_row,
                  int          n_rows,
                  guint8      *rgb,
                  GError     **error)
{
  if (!gimp_item_is_valid (self->layer))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("The image was closed while it was read. Open it again and start from its "
                      "window."));
      return FALSE;
    }
  plug_pixels_read (self->pixels, first_row, n_rows, rgb);
  return TRUE;
}

/* --- The image
 * --------------------------------------------------------------------------------- */

gboolean
plug_host_image_is_open (int image)
{
  return gimp_image_is_valid (image);
}

char *
plug_host_get_image_name (int image)
{
  return gimp_image_is_valid (image) ? gimp_image_get_name (image) : NULL;
}

GFile *
plug_host_get_image_file (int image)
{
  g_autofree char *uri = NULL;

  if (!gimp_image_is_valid (image))
    return NULL;
  uri = gimp_image_get_exported_uri (image);
  if (uri == NULL)
    uri = gimp_image_get_imported_uri (image);
  if (uri == NULL)
    uri = gimp_image_get_uri (image);
  return uri != NULL ? g_file_new_for_uri (uri) : NULL;
}

gboolean
plug_host_has_selection (int image)
{
  return gimp_image_is_valid (image) && !gimp_selection_is_empty (image);
}

/* The boxes that lie on the canvas, cut to it (transfer full); an error where none does */
static GPtrArray *
clip_boxes (int         image,
            GPtrArray  *boxes,
            GError    **error)
{
  g_autoptr (GPtrArray) clipped = plug_box_new_array ();
  GeglRectangle canvas;

  if (!check_image (image, error))
    return NULL;
  canvas = (GeglRectangle) { 0, 0, gimp_image_width (image), gimp_image_height (image) };
  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);
      const GeglRectangle area = { box->x, box->y, box->width, box->height };
      GeglRectangle cut;

      if (gegl_rectangle_intersect (&cut, &area, &canvas))
        g_ptr_array_add (clipped, plug_box_new (cut.x, cut.y, cut.width, cut.height, box->name));
    }
  if (clipped->len > 0)
    return g_steal_pointer (&clipped);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("What was found lies outside of the canvas. Enlarge the canvas to the layers "
                  "(Image ▸ Fit Canvas to Layers) and try again."));
  return NULL;
}

/* What begin_step() remembers for end_step(). A new layer or channel becomes the active one; the
 * next question is about the picture still. */
typedef struct
{
  int image;
  int layer; /* active before */
} Step;

static Step
begin_step (int image)
{
  const Step step = { image, gimp_image_get_active_layer (image) };

  gimp_image_undo_group_start (image);
  gimp_context_push ();
  return step;
}

static void
end_step (const Step *step)
{
  gimp_context_pop ();
  if (step->layer >= 0)
    gimp_image_set_active_layer (step->image, step->layer);
  gimp_image_undo_group_end (step->image);
  gimp_displays_flush ();
}

gboolean
plug_host_select_boxes (int         image,
                        GPtrArray  *boxes,
                        GError    **error)
{
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  gboolean done = TRUE;
  Step step;

  if (clipped == NULL)
    return FALSE;
  step = begin_step (image);
  gimp_context_set_feather (FALSE);
  for (guint i = 0; done && i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      done = gimp_image_select_rectangle (image,
                                          i == 0 ? GIMP_CHANNEL_OP_REPLACE : GIMP_CHANNEL_OP_ADD,
                                          box->x, box->y, box->width, box->height);
    }
  if (!done)
    set_gimp_error (error, _("GIMP did not select it."));
  end_step (&step);
  return done;
}

/* Positions of the image's guides: columns first, then rows (both owned) */
static void
find_guides (int         image,
             GHashTable *columns,
             GHashTable *rows)
{
  for (int guide = gimp_image_find_next_guide (image, 0); guide > 0;
       guide = gimp_image_find_next_guide (image, guide))
    {
      const int position = gimp_image_get_guide_position (image, guide);

      if (gimp_image_get_guide_orientation (image, guide) == GIMP_ORIENTATION_VERTICAL)
        g_hash_table_add (columns, GINT_TO_POINTER (position));
      else
        g_hash_table_add (rows, GINT_TO_POINTER (position));
    }
}

/* Appends the positions that are not in known yet, once each. */
static void
add_positions (GArray     *positions,
               GHashTable *known,
               int         from,
               int         to)
{
  if (g_hash_table_add (known, GINT_TO_POINTER (from)))
    g_array_append_val (positions, from);
  if (g_hash_table_add (known, GINT_TO_POINTER (to)))
    g_array_append_val (positions, to);
}

gboolean
plug_host_add_guides (int         image,
                      GPtrArray  *boxes,
                      GError    **error)
{
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  g_autoptr (GHashTable) known_columns = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) known_rows = g_hash_table_new (NULL, NULL);
  g_autoptr (GArray) columns = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (int));
  gboolean done = TRUE;
  Step step;

  if (clipped == NULL)
    return FALSE;
  find_guides (image, known_columns, known_rows);
  for (guint i = 0; i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      add_positions (columns, known_columns, box->x, box->x + box->width);
      add_positions (rows, known_rows, box->y, box->y + box->height);
    }
  if (columns->len == 0 && rows->len == 0)
    return TRUE;
  step = begin_step (image);
  for (guint i = 0; done && i < columns->len; i++)
    done = gimp_image_add_vguide (image, g_array_index (columns, int, i)) > 0;
  for (guint i = 0; done && i < rows->len; i++)
    done = gimp_image_add_hguide (image, g_array_index (rows, int, i)) > 0;
  if (!done)
    set_gimp_error (error, _("GIMP did not add the guides."));
  end_step (&step);
  return done;
}

/* A hue of its own for each, far from its neighbours': steps of the golden angle */
static GimpRGB
choose_color (guint i)
{
  GimpHSV hsv = { .h = i * 0.618034 - (int) (i * 0.618034), .s = 1.0, .v = 1.0, .a = 0.5 };
  GimpRGB rgb;

  gimp_hsv_to_rgb (&hsv, &rgb);
  gimp_rgb_set_alpha (&rgb, 0.5);
  return rgb;
}

static gboolean
add_channel (int            image,
             const PlugBox *box,
             guint          i)
{
  const GimpRGB color = choose_color (i);
  const char *name = box->name != NULL && box->name[0] != '\0' ? box->name : _("Found");
  const int channel = gimp_channel_new (image, name, gimp_image_width (image),
                                        gimp_image_height (image), 50.0, &color);
  g_autoptr (GeglBuffer) buffer = NULL;
  g_autoptr (GeglColor) white = NULL;

  if (channel < 0)
    return FALSE;
  buffer = gimp_drawable_get_buffer (channel);
  white = gegl_color_new ("white");
  gegl_buffer_clear (buffer, NULL);
  gegl_buffer_set_color (buffer, GEGL_RECTANGLE (box->x, box->y, box->width, box->height), white);
  gegl_buffer_flush (buffer);
  /* As GIMP does for a selection that is saved: it does not lie over the picture */
  gimp_item_set_visible (channel, FALSE);
  return gimp_image_insert_channel (image, channel, -1, -1);
}

gboolean
plug_host_add_channels (int         image,
                        GPtrArray  *boxes,
                        GError    **error)
{
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  gboolean done = TRUE;
  Step step;

  if (clipped == NULL)
    return FALSE;
  plug_pixels_init ();
  step = begin_step (image);
  /* Each goes on top of the last: the first result shall be the first of the list. */
  for (guint i = clipped->len; done && i > 0; i--)
    done = add_channel (image, g_ptr_array_index (clipped, i - 1), i - 1);
  if (!done)
    set_gimp_error (error, _("GIMP did not add the channels."));
  end_step (&step);
  return done;
}

/* --- Text layers
 * ------------------------------------------------------------------------------- */

enum
{
  MIN_TEXT_SIZE = 6, /* pixels; smaller cannot be read */
  MAX_TEXT_SIZE = 8192,
};

/* In the font of the text tool */
static gboolean
measure_text (const char *text,
              const char *font,
              double      size,
              int        *width,
              int        *height)
{
  int ascent, descent;

  return gimp_text_get_extents_fontname (text, size, GIMP_PIXELS, font, width, height, &ascent,
                                         &descent)
         && *width > 0 && *height > 0;
}

/* The largest size at which the text is not larger than the box. Extents grow with the size, but
 * not in proportion (hinting): the second measurement takes back what the first was too much. */
static double
fit_text (const char *text,
          const char *font,
          int         max_width,
          int         max_height)
{
  double size = CLAMP (max_height, MIN_TEXT_SIZE, MAX_TEXT_SIZE);
  int width, height;

  for (guint i = 0; i < 3; i++)
    {
      double scale;

      if (!measure_text (text, font, size, &width, &height))
        break;
      scale = MIN ((double) max_width / width, (double) max_height / height);
      if (i > 0 && scale >= 1.0)
        break;
      size = CLAMP (size * scale, MIN_TEXT_SIZE, MAX_TEXT_SIZE);
    }
  return size;
}

/* Returns the layer, or -1 */
static int
add_text_layer (int         image,
                const char *text,
                const char *font,
                double      size,
                int         x,
                int         y)
{
  const int layer = gimp_text_layer_new (image, text, font, size, GIMP_UNIT_PIXEL);

  if (layer < 0 || !gimp_image_insert_layer (image, layer, -1, 0))
    return -1;
  gimp_layer_set_offsets (layer, x, y);
  return layer;
}

gboolean
plug_host_add_text_boxes (int         image,
                          GPtrArray  *boxes,
                          GError    **error)
{
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  g_autofree char *font = NULL;
  gboolean done = TRUE;
  guint n_texts = 0;
  Step step;

  if (clipped == NULL)
    return FALSE;
  for (guint i = 0; i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      n_texts += box->name != NULL && box->name[0] != '\0';
    }
  if (n_texts == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _("There is no text to add."));
      return FALSE;
    }
  font = gimp_context_get_font ();
  step = begin_step (image);
  for (guint i = 0; done && i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      if (box->name == NULL || box->name[0] == '\0')
        continue;
      done = add_text_layer (image, box->name, font,
                             fit_text (box->name, font, box->width, box->height), box->x, box->y)
             >= 0;
    }
  if (!done)
    set_gimp_error (error, _("GIMP did not add the text."));
  end_step (&step);
  return done;
}

/* The rows that text takes at this width, if every line is broken where it is full; some more
 * for words that do not fit into the rest of a row */
static int
count_rows (const char *text,
            double      chars_per_row)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  int n = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n += 1 + (int) (g_utf8_strlen (lines[i], -1) * 1.15 / chars_per_row);
  return n;
}

static glong
count_longest_line (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  glong longest = 1;

  for (guint i = 0; lines[i] != NULL; i++)
    longest = MAX (longest, g_utf8_strlen (lines[i], -1));
  return longest;
}

/* In a size that can be read when the whole picture is seen; wrapped where lines are too long
 * for that. */
static gboolean
add_long_text (int         image,
               const char *text,
               const char *font)
{
  const int canvas = gimp_image_width (image);
  const int margin = MAX (canvas / 50, 1);
  const int room = MAX (canvas - 2 * margin, 1);
  const double small = CLAMP (canvas / 60.0, MIN_TEXT_SIZE, 200);
  double size = CLAMP (canvas / 25.0, MIN_TEXT_SIZE, 400);
  int width, height, layer;

  if (!measure_text (text, font, size, &width, &height))
    return FALSE;
  if (width > room)
    {
      size = MAX (size * room / width * 0.98, small);
      if (!measure_text (text, font, size, &width, &height))
        return FALSE;
    }
  layer = add_text_layer (image, text, font, size, margin, margin);
  if (layer < 0)
    return FALSE;
  if (width > room)
    {
      const double chars_per_row = (double) count_longest_line (text) * room / width;
      const double row = (double) height / MAX (count_rows (text, G_MAXINT), 1);

      return gimp_text_layer_resize (layer, room,
                                     count_rows (text, MAX (chars_per_row, 1)) * row + row / 2);
    }
  return TRUE;
}

gboolean
plug_host_add_text (int          image,
                    const char  *text,
                    GError     **error)
{
  g_autofree char *clean = g_strstrip (g_utf8_make_valid (text, -1));
  g_autofree char *font = NULL;
  gboolean done;
  Step step;

  if (!check_image (image, error))
    return FALSE;
  if (clean[0] == '\0')
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _("There is no text to add."));
      return FALSE;
    }
  font = gimp_context_get_font ();
  step = begin_step (image);
  done = add_long_text (image, clean, font);
  if (!done)
    set_gimp_error (error, _("GIMP did not add the text."));
  end_step (&step);
  return done;
}

/* --- Texts in the image's metadata
 * ------------------------------------------------------------- */

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

  if (!check_image (image, error))
    return NULL;
  xml = get_metadata_xml (image);
  return plug_texts_from_xml (xml, error);
}

gboolean
plug_host_set_texts (int           image,
                     IvlMetadata  *texts,
                     GError      **error)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (IvlMetadata) have = NULL;
  g_autoptr (GimpMetadata) metadata = NULL;
  gboolean done;
  Step step;

  if (!check_image (image, error))
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
  step = begin_step (image);
  done = metadata != NULL && gimp_image_set_metadata (image, metadata);
  if (!done)
    set_gimp_error (error, _("GIMP did not take the texts into the image."));
  end_step (&step);
  return done;
}

/* --- Export
 * ------------------------------------------------------------------------------------ */

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
               _("“%s” names no format that carries the texts. Choose a name that ends in .jpg, "
                  ".png, .webp or .tif."),
               name != NULL ? name : "");
  return NULL;
}

/* Is the image one layer that is the whole picture as it stands? */
static gboolean
is_plain (int image)
{
  int n;
  g_autofree int *layers = gimp_image_get_layers (image, &n);
  int x, y;

  if (n != 1 || gimp_item_is_group (layers[0]) || !gimp_item_get_visible (layers[0])
      || gimp_layer_get_mask (layers[0]) >= 0 || gimp_layer_get_opacity (layers[0]) < 100.0)
    return FALSE;
  gimp_drawable_offsets (layers[0], &x, &y);
  return x == 0 && y == 0 && gimp_drawable_width (layers[0]) == gimp_image_width (image)
         && gimp_drawable_height (layers[0]) == gimp_image_height (image);
}

/* Makes the copy one layer as large as the canvas, and returns it, or -1. What GIMP would lay
 * over the background colour of the moment is laid over white. */
static int
merge_layers (int           copy,
              const Format *format)
{
  GimpRGB white;
  int layer;

  gimp_rgb_set (&white, 1.0, 1.0, 1.0);
  gimp_context_push ();
  gimp_context_set_background (&white);
  if (gimp_image_get_floating_sel (copy) >= 0)
    gimp_floating_sel_anchor (gimp_image_get_floating_sel (copy));
  if (!format->has_alpha)
    layer = gimp_image_flatten (copy);
  else if (is_plain (copy))
    layer = gimp_image_get_active_layer (copy);
  else
    {
      layer = gimp_image_merge_visible_layers (copy, GIMP_CLIP_TO_IMAGE);
      if (layer >= 0)
        {
          gimp_layer_add_alpha (layer);
          gimp_layer_resize_to_image_size (layer);
        }
    }
  gimp_context_pop ();
  return layer;
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
settle_metadata (int       image,
                 GFile    *file,
                 gboolean  keep,
                 GError  **error)
{
  g_autoptr (GimpMetadata) metadata = NULL;

  if (!keep)
    metadata = gimp_metadata_new ();
  else if (!gimp_export_exif () || !gimp_export_iptc () || !gimp_export_xmp ())
    metadata = gimp_image_get_metadata (image);
  return metadata == NULL || gimp_metadata_save_to_file (metadata, file, error);
}

static gboolean
export_copy (int           copy,
             const Format *format,
             const char   *path,
             gboolean      keep_metadata,
             GError      **error)
{
  int layer;

  gimp_image_undo_disable (copy);
  if (!format->has_palette && gimp_image_base_type (copy) == GIMP_INDEXED)
    gimp_image_convert_rgb (copy);
  settle_profile (copy);
  layer = merge_layers (copy, format);
  if (layer < 0)
    {
      set_gimp_error (error, _("There is nothing to write: no layer is visible."));
      return FALSE;
    }
  if (format->save (copy, layer, path, keep_metadata))
    return TRUE;
  set_gimp_error (error, _("GIMP could not write the file."));
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
  gboolean done;
  int copy;

  if (format == NULL || !check_image (image, error))
    return FALSE;
  if (path == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("The file has to be on this computer. Choose another folder."));
      return FALSE;
    }
  copy = gimp_image_duplicate (image);
  if (copy < 0)
    {
      set_gimp_error (error, _("GIMP could not copy the image."));
      return FALSE;
    }
  done = export_copy (copy, format, path, keep_metadata, error)
         && settle_metadata (image, file, keep_metadata, error);
  gimp_image_delete (copy);
  return done;
}

/* --- The window
 * -------------------------------------------------------------------------------- */

/* GIMP 2.10's themes are its own, of GTK 2. Of these only whether they are dark can be followed. */
static gboolean
is_theme_dark (void)
{
  g_autofree char *theme = gimp_gimprc_query ("theme");
  g_autofree char *lower = theme != NULL ? g_ascii_strdown (theme, -1) : NULL;

  /* "Dark", "Gray" and "Darker" have light letters on dark; "Light" and "System" the desktop's. */
  return lower != NULL && (strstr (lower, "dark") != NULL || strstr (lower, "gray") != NULL);
}

gboolean
plug_host_init_ui (GError **error)
{
  const char *display = gimp_display_name ();

  /* GTK 2 knows X only: on Wayland, too, this GIMP's windows are X windows, and ours belongs to
   * one. */
  if (display != NULL && display[0] != '\0')
    {
      g_setenv ("DISPLAY", display, TRUE);
      gdk_set_allowed_backends ("x11,*");
    }
  if (!gtk_init_check (NULL, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("There is no display to open a window on. Run the procedure "
                      "non-interactively."));
      return FALSE;
    }
  /* After gtk_init_check(), which takes the program's own name for it */
  if (gimp_wm_class () != NULL)
    gdk_set_program_class (gimp_wm_class ());
  if (is_theme_dark ())
    g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", TRUE, NULL);
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

static guint32
find_gimp_window (void)
{
  const int display = gimp_default_display ();
  const int handle = display > 0 ? gimp_display_get_window_handle (display) : 0;

  return handle != 0 ? handle : gimp_progress_get_window_handle ();
}

/* The window that the process was started from stands for those of all images: which display
 * shows an image is not told. */
static void
on_realize (GtkWidget *widget,
            gpointer   data)
{
  GdkDisplay *display = gtk_widget_get_display (widget);
  GdkWindow *parent = NULL;
  guint32 handle;

  if (!GDK_IS_X11_DISPLAY (display))
    return;
  handle = find_gimp_window ();
  if (handle != 0)
    parent = gdk_x11_window_foreign_new_for_display (display, handle);
  if (parent == NULL)
    return;
  gdk_window_set_transient_for (gtk_widget_get_window (widget), parent);
  g_object_set_data_full (G_OBJECT (widget), "gimp-window", parent, g_object_unref);
}

void
plug_host_adopt_window (GtkWindow *window,
                        int        image)
{
  g_signal_connect (window, "key-press-event", G_CALLBACK (on_key_press), NULL);
  if (gtk_widget_get_realized (GTK_WIDGET (window)))
    on_realize (GTK_WIDGET (window), NULL);
  else
    g_signal_connect (window, "realize", G_CALLBACK (on_realize), NULL);
}

/* The page in the first of the desktop's languages that it is there in; C is always there. */
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
  return g_build_filename (HELP_FOLDER, "C", HELP_PAGE, NULL);
}

void
plug_host_show_help (void)
{
  g_autofree char *path = find_help ();
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autoptr (GError) error = NULL;

  if (!g_app_info_launch_default_for_uri (uri, NULL, &error))
    g_message (_("The help page %s could not be opened: %s"), path, error->message);
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

/* --- Procedures
 * -------------------------------------------------------------------------------- */

enum
{
  MAX_VALUES = 6, /* status, text, and the boxes and names with their numbers */
};

/* Arrays of the procedure database have their length before them. */
static const GimpParamDef task_args[] = {
  { GIMP_PDB_INT32, "run-mode", "The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1) }" },
  { GIMP_PDB_IMAGE, "image", "The image" },
  { GIMP_PDB_DRAWABLE, "drawable", "Not used: the active layer is looked at, or what is chosen" },
  { GIMP_PDB_STRING, "prompt", "The question, what is looked for, or what is known; may be empty" },
  { GIMP_PDB_STRING, "options",
    "Words name=value: source=layer, visible or selection, language=de, max-tiles=6, "
    "max-tokens=200, model=LOCATION, role=informative" },
};
static const GimpParamDef export_args[] = {
  { GIMP_PDB_INT32, "run-mode", "The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1) }" },
  { GIMP_PDB_IMAGE, "image", "The image" },
  { GIMP_PDB_DRAWABLE, "drawable", "Not used: what is visible is written" },
  { GIMP_PDB_STRING, "file", "The file to write; its ending names the format" },
  { GIMP_PDB_STRING, "alt-text", "Alternative text; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "description", "Long description; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "caption", "Caption; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "options", "Words name=value: metadata=keep or drop" },
};
static const GimpParamDef results[] = {
  { GIMP_PDB_STRING, "text", "The answer" },
  { GIMP_PDB_INT32, "num-boxes", "Four times the number of places" },
  { GIMP_PDB_INT32ARRAY, "boxes", "x, y, width and height of each, in pixels of the image" },
  { GIMP_PDB_INT32, "num-names", "The number of places" },
  { GIMP_PDB_STRINGARRAY, "names", "What was found at each place" },
};

static void
query (void)
{
  guint n_actions;
  const PlugAction *actions = plug_action_list (&n_actions);

  /* GIMP translates labels itself. */
  gimp_plugin_domain_register (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  gimp_plugin_menu_branch_register (MENU_PARENT, plug_action_menu);
  for (guint i = 0; i < n_actions; i++)
    {
      const PlugAction *action = &actions[i];
      const gboolean exports = action->task == NULL;

      gimp_install_procedure (action->procedure, action->blurb, action->help, "The ivl authors",
                              "The ivl authors", "2026", action->menu_label,
                              "RGB*, GRAY*, INDEXED*", GIMP_PLUGIN,
                              exports ? G_N_ELEMENTS (export_args) : G_N_ELEMENTS (task_args),
                              action->gives_boxes ? G_N_ELEMENTS (results) : 1,
                              exports ? export_args : task_args, results);
      gimp_plugin_menu_register (action->procedure, MENU_PARENT "/Image Assistant");
    }
}

static const char *
get_string (const GimpParam *param,
            int              n_params,
            int              index)
{
  return index < n_params ? param[index].data.d_string : NULL;
}

/* values[2..5] */
static void
return_boxes (GimpParam *values,
              GPtrArray *boxes)
{
  static int *numbers;
  static char **names;

  g_free (numbers);
  g_strfreev (names);
  numbers = g_new0 (int, boxes->len * 4 + 1);
  names = g_new0 (char *, boxes->len + 1);
  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);

      numbers[i * 4] = box->x;
      numbers[i * 4 + 1] = box->y;
      numbers[i * 4 + 2] = box->width;
      numbers[i * 4 + 3] = box->height;
      names[i] = g_strdup (box->name != NULL ? box->name : "");
    }
  values[2].type = values[4].type = GIMP_PDB_INT32;
  values[2].data.d_int32 = boxes->len * 4;
  values[3].type = GIMP_PDB_INT32ARRAY;
  values[3].data.d_int32array = numbers;
  values[4].data.d_int32 = boxes->len;
  values[5].type = GIMP_PDB_STRINGARRAY;
  values[5].data.d_stringarray = names;
}

/* Fills values, of which *n are used then. GIMP keeps none of them. */
static gboolean
run_batch (const PlugAction *action,
           const GimpParam  *param,
           int               n_params,
           GimpParam        *values,
           int              *n,
           GError          **error)
{
  static char *text;
  const gboolean exports = action->task == NULL;
  PlugCall call = { .action = action, .image = param[1].data.d_image };
  g_auto (PlugResult) result = { NULL };

  if (exports)
    {
      call.file = get_string (param, n_params, 3);
      call.alt_text = get_string (param, n_params, 4);
      call.description = get_string (param, n_params, 5);
      call.caption = get_string (param, n_params, 6);
      call.options = get_string (param, n_params, 7);
    }
  else
    {
      call.prompt = get_string (param, n_params, 3);
      call.options = get_string (param, n_params, 4);
    }
  if (!plug_batch_run (&call, &result, error))
    return FALSE;
  g_free (text);
  text = g_strdup (result.text != NULL ? result.text : "");
  values[1].type = GIMP_PDB_STRING;
  values[1].data.d_string = text;
  *n = 2;
  if (action->gives_boxes)
    {
      return_boxes (values, result.boxes);
      *n = MAX_VALUES;
    }
  return TRUE;
}

static void
run (const char       *name,
     int               n_params,
     const GimpParam  *param,
     int              *n_values,
     GimpParam       **return_values)
{
  static GimpParam values[MAX_VALUES];
  static char *message;
  const PlugAction *action = plug_action_find (name);
  g_autoptr (GError) error = NULL;
  gboolean done;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  *n_values = 1;
  *return_values = values;
  values[0].type = GIMP_PDB_STATUS;
  values[0].data.d_status = GIMP_PDB_CALLING_ERROR;
  if (action == NULL || n_params < 3)
    return;
  if (param[0].data.d_int32 == GIMP_RUN_NONINTERACTIVE)
    done = run_batch (action, param, n_params, values, n_values, &error);
  else
    done = plug_app_run (action, param[1].data.d_image, &error);
  values[0].data.d_status = done ? GIMP_PDB_SUCCESS : GIMP_PDB_EXECUTION_ERROR;
  if (done || error == NULL)
    return;
  g_free (message);
  message = g_strdup (error->message);
  *n_values = 2;
  values[1].type = GIMP_PDB_STRING;
  values[1].data.d_string = message;
}

const GimpPlugInInfo PLUG_IN_INFO = { NULL, NULL, query, run };

MAIN ()
