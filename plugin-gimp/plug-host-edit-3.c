/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Changes to an image in GIMP 3.0 and 3.2, each one step of undo. */
#include "plug-host-3.h"
#include "plug-host-step.h"
#include "plug-host-text.h"
#include "plug-pixels.h"
#include "plug-texts.h"

#include <glib/gi18n.h>
#include <math.h>

enum
{
  MEASURE_PIXELS = 100, /* the font size at which a text is measured */
  MIN_FONT_PIXELS = 4,
  TEXT_LINES = 32, /* so many lines of a new text layer fill the canvas */
};
/* Of 1.0; letters this near to their ground are hard to read */
#define NEAR_LUMA 0.35
/* Hinting makes a text wider than the measured size says */
#define FONT_SLACK 0.97
/* Steps in which the letters of a long text get smaller */
#define SMALLER 0.85

/* A change that is under way: one undo step, with the person's tool settings out of the way */
typedef struct
{
  GimpImage  *image;
  GimpLayer **layers; /* (owned): active before and after: GIMP makes what is added active */
} Change;

static gboolean
begin_change (Change  *self,
              int      image,
              GError **error)
{
  self->image = plug_host_find_image (image, error);
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
    plug_host_set_gimp_error (error, _ ("GIMP does not make the change."));
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
                             gpointer             data,
                             GError             **error);

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
        done = function (change.image, box, &cut, n_done++, data, error);
    }
  if (done && n_done == 0)
    {
      done = FALSE;
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("What was found lies outside of the canvas. Enlarge the canvas to the layers "
                     "(Image ▸ Fit Canvas to Layers) and try again."));
    }
  return finish_change (&change, done, error);
}

static gboolean
select_box (GimpImage           *image,
            const PlugBox       *box,
            const GeglRectangle *cut,
            guint                index,
            gpointer             data,
            GError             **error)
{
  return gimp_image_select_rectangle (image,
                                      index == 0 ? GIMP_CHANNEL_OP_REPLACE : GIMP_CHANNEL_OP_ADD,
                                      cut->x, cut->y, cut->width, cut->height);
}

gboolean
plug_host_edit_select_boxes (int       image,
                             gpointer  what,
                             GError  **error)
{
  GPtrArray *boxes = what;

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
                gpointer             data,
                GError             **error)
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
plug_host_edit_add_guides (int       image,
                           gpointer  what,
                           GError  **error)
{
  GPtrArray *boxes = what;
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
                 gpointer             data,
                 GError             **error)
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
plug_host_edit_add_channels (int       image,
                             gpointer  what,
                             GError  **error)
{
  GPtrArray *boxes = what;

  plug_pixels_init ();
  return change_for_boxes (image, boxes, add_box_channel, NULL, error);
}

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

static double
get_luma (GeglColor *color)
{
  double luma;

  gegl_color_get_pixel (color, babl_format ("Y' double"), &luma);
  return luma;
}

/* The colour of the text tool stays where it stands out from what lies under the middle of the
 * text, which is otherwise black or white. */
static void
choose_text_color (GimpImage     *image,
                   GimpTextLayer *layer)
{
  const GimpDrawable *drawables[] = { GIMP_DRAWABLE (layer), NULL };
  const int width = gimp_drawable_get_width (GIMP_DRAWABLE (layer));
  const int height = gimp_drawable_get_height (GIMP_DRAWABLE (layer));
  GeglColor *ground = NULL;
  GeglColor *color = gimp_text_layer_get_color (layer);
  GeglColor *other = NULL;
  int x, y;

  gimp_drawable_get_offsets (GIMP_DRAWABLE (layer), &x, &y);
  x = CLAMP (x + width / 2, 0, gimp_image_get_width (image) - 1);
  y = CLAMP (y + height / 2, 0, gimp_image_get_height (image) - 1);
  gimp_item_set_visible (GIMP_ITEM (layer), FALSE);
  if (!gimp_image_pick_color (image, drawables, x, y, TRUE, TRUE, MAX (MIN (width, height) / 2, 1),
                              &ground))
    ground = NULL;
  gimp_item_set_visible (GIMP_ITEM (layer), TRUE);
  if (ground != NULL && color != NULL && ABS (get_luma (ground) - get_luma (color)) < NEAR_LUMA)
    {
      other = gegl_color_new (get_luma (ground) < 0.5 ? "white" : "black");
      gimp_text_layer_set_color (layer, other);
    }
  g_clear_object (&ground);
  g_clear_object (&color);
  g_clear_object (&other);
}

/* GIMP says of a text that it cannot draw no more than a message to the person. */
static gboolean
check_drawn (GimpImage *image,
             GimpLayer *layer,
             GError   **error)
{
  double mean, deviation, median, pixels, n_drawn, share;

  if (gimp_drawable_histogram (GIMP_DRAWABLE (layer), GIMP_HISTOGRAM_ALPHA, 0.1, 1, &mean,
                               &deviation, &median, &pixels, &n_drawn, &share) &&
      plug_host_text_check_drawn (n_drawn, error))
    return TRUE;
  gimp_image_remove_layer (image, layer);
  return FALSE;
}

/* The text comes last, so that it is never drawn on one line that is too long. */
static gboolean
insert_text (GimpImage           *image,
             const char          *text,
             GimpFont            *font,
             double               size,
             const GeglRectangle *box,
             GError             **error)
{
  GimpTextLayer *layer;

  if (!plug_host_text_check (box->width, box->height, error))
    return FALSE;
  layer = gimp_text_layer_new (image, " ", font, size, gimp_unit_pixel ());
  if (layer == NULL || !gimp_image_insert_layer (image, GIMP_LAYER (layer), NULL, 0))
    return FALSE;
  if (is_right_to_left (text))
    gimp_text_layer_set_base_direction (layer, GIMP_TEXT_DIRECTION_RTL);
  if (!gimp_text_layer_resize (layer, box->width, box->height) ||
      !gimp_text_layer_set_text (layer, text) ||
      !gimp_layer_set_offsets (GIMP_LAYER (layer), box->x, box->y))
    return FALSE;
  choose_text_color (image, layer);
  return check_drawn (image, GIMP_LAYER (layer), error);
}

static gboolean
add_box_text (GimpImage           *image,
              const PlugBox       *box,
              const GeglRectangle *cut,
              guint                index,
              gpointer             data,
              GError             **error)
{
  GimpFont *font = gimp_context_get_font ();
  int width, height;
  double size;

  if (box->name == NULL || *box->name == '\0')
    return TRUE;
  measure_text (box->name, font, &width, &height);
  size = FONT_SLACK * MEASURE_PIXELS *
         MIN ((double) cut->width / width, (double) cut->height / height);
  return insert_text (image, box->name, font, MAX (size, MIN_FONT_PIXELS), cut, error);
}

gboolean
plug_host_edit_add_text_boxes (int       image,
                               gpointer  what,
                               GError  **error)
{
  GPtrArray *boxes = what;

  plug_pixels_init ();
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
plug_host_edit_add_text (int       image_id,
                         gpointer  what,
                         GError  **error)
{
  const char *text = what;
  Change change;
  GimpFont *font;
  GeglRectangle box;
  int margin;
  double size, needed;
  gboolean done;

  if (*text == '\0')
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _("There is no text to add."));
      return FALSE;
    }
  plug_pixels_init ();
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
  needed = ceil (estimate_height (text, font, size, box.width));
  done = plug_host_text_check (box.width, needed, error);
  if (done)
    {
      box.height = (int) needed;
      done = insert_text (change.image, text, font, size, &box, error);
    }
  return finish_change (&change, done, error);
}

IvlMetadata *
plug_host_get_texts (int      image_id,
                     GError **error)
{
  GimpImage *image = plug_host_find_image (image_id, error);
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
plug_host_edit_set_texts (int       image_id,
                          gpointer  what,
                          GError  **error)
{
  IvlMetadata *texts = what;
  g_autoptr (GimpMetadata) before = NULL;
  g_autoptr (GimpMetadata) after = NULL;
  g_autoptr (IvlMetadata) have = NULL;
  g_autofree char *old = NULL;
  g_autofree char *xml = NULL;
  GimpImage *image = plug_host_find_image (image_id, error);
  Change change;

  if (image == NULL)
    return FALSE;
  before = gimp_image_get_metadata (image);
  old = before != NULL ? gimp_metadata_serialize (before) : NULL;
  have = plug_texts_from_xml (old, error);
  if (have == NULL)
    return FALSE;
  if (!plug_texts_differ (have, texts))
    return TRUE;
  xml = plug_texts_to_xml (old, texts, PLUG_TEXTS_LANG, error);
  if (xml == NULL)
    return FALSE;
  after = gimp_metadata_deserialize (xml);
  if (after == NULL)
    {
      plug_host_set_gimp_error (error, _("GIMP did not take the texts into the image."));
      return FALSE;
    }
  return begin_change (&change, image_id, error) &&
         finish_change (&change, gimp_image_set_metadata (image, after), error);
}
