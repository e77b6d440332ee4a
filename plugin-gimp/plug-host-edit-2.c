/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 2.10: what results become on the canvas: a selection, guides, channels, text layers. */
#include "plug-host-2.h"
#include "plug-host-step.h"
#include "plug-host-text.h"
#include "plug-pixels.h"

#include <glib/gi18n.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GeglColor, g_object_unref)

/* The boxes that lie on the canvas, cut to it (transfer full); an error where none does */
static GPtrArray *
clip_boxes (int         image,
            GPtrArray  *boxes,
            GError    **error)
{
  g_autoptr (GPtrArray) clipped = plug_box_new_array ();
  GeglRectangle canvas;

  if (!plug_host_check_image (image, error))
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
               _ ("What was found lies outside of the canvas. Enlarge the canvas to the layers "
                  "(Image ▸ Fit Canvas to Layers) and try again."));
  return NULL;
}

gboolean
plug_host_edit_select_boxes (int       image,
                             gpointer  what,
                             GError  **error)
{
  GPtrArray *boxes = what;
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  gboolean done = TRUE;
  PlugStep step;

  if (clipped == NULL)
    return FALSE;
  step = plug_host_begin_step (image);
  gimp_context_set_feather (FALSE);
  for (guint i = 0; done && i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      done = gimp_image_select_rectangle (image,
                                          i == 0 ? GIMP_CHANNEL_OP_REPLACE : GIMP_CHANNEL_OP_ADD,
                                          box->x, box->y, box->width, box->height);
    }
  if (!done)
    plug_host_set_error (error, _ ("GIMP did not select it."));
  plug_host_end_step (&step);
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
plug_host_edit_add_guides (int       image,
                           gpointer  what,
                           GError  **error)
{
  GPtrArray *boxes = what;
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  g_autoptr (GHashTable) known_columns = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) known_rows = g_hash_table_new (NULL, NULL);
  g_autoptr (GArray) columns = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (int));
  gboolean done = TRUE;
  PlugStep step;

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
  step = plug_host_begin_step (image);
  for (guint i = 0; done && i < columns->len; i++)
    done = gimp_image_add_vguide (image, g_array_index (columns, int, i)) > 0;
  for (guint i = 0; done && i < rows->len; i++)
    done = gimp_image_add_hguide (image, g_array_index (rows, int, i)) > 0;
  if (!done)
    plug_host_set_error (error, _ ("GIMP did not add the guides."));
  plug_host_end_step (&step);
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
  const char *name = box->name != NULL && box->name[0] != '\0' ? box->name : _ ("Found");
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
plug_host_edit_add_channels (int       image,
                             gpointer  what,
                             GError  **error)
{
  GPtrArray *boxes = what;
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  gboolean done = TRUE;
  PlugStep step;

  if (clipped == NULL)
    return FALSE;
  plug_pixels_init ();
  step = plug_host_begin_step (image);
  /* Each goes on top of the last: the first result shall be the first of the list. */
  for (guint i = clipped->len; done && i > 0; i--)
    done = add_channel (image, g_ptr_array_index (clipped, i - 1), i - 1);
  if (!done)
    plug_host_set_error (error, _ ("GIMP did not add the channels."));
  plug_host_end_step (&step);
  return done;
}

enum
{
  MIN_TEXT_SIZE = 6, /* pixels; smaller cannot be read */
  MAX_TEXT_SIZE = 8192,
};

/* Of 1.0; letters this near to their ground are hard to read */
#define NEAR_LUMINANCE 0.35

/* The colour of the text tool stays where it stands out from what lies under the middle of the
 * text, which is otherwise black or white. */
static void
choose_text_color (int image,
                   int layer)
{
  const int radius = MIN (gimp_drawable_width (layer), gimp_drawable_height (layer)) / 2;
  GimpRGB ground, color;
  int x, y;

  gimp_drawable_offsets (layer, &x, &y);
  x = CLAMP (x + gimp_drawable_width (layer) / 2, 0, gimp_image_width (image) - 1);
  y = CLAMP (y + gimp_drawable_height (layer) / 2, 0, gimp_image_height (image) - 1);
  gimp_item_set_visible (layer, FALSE);
  if (!gimp_image_pick_color (image, layer, x, y, TRUE, TRUE, MAX (radius, 1), &ground))
    gimp_rgb_set (&ground, 1.0, 1.0, 1.0);
  gimp_item_set_visible (layer, TRUE);
  gimp_text_layer_get_color (layer, &color);
  if (ABS (gimp_rgb_luminance (&ground) - gimp_rgb_luminance (&color)) > NEAR_LUMINANCE)
    return;
  gimp_rgb_set (&color, 0.0, 0.0, 0.0);
  if (gimp_rgb_luminance (&ground) < 0.5)
    gimp_rgb_set (&color, 1.0, 1.0, 1.0);
  gimp_text_layer_set_color (layer, &color);
}

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

/* GIMP says of a text that it cannot draw no more than a message to the person. */
static gboolean
check_drawn (int      image,
             int      layer,
             GError **error)
{
  double mean, deviation, median, pixels, n_drawn, share;

  if (gimp_drawable_histogram (layer, GIMP_HISTOGRAM_ALPHA, 0.1, 1.0, &mean, &deviation, &median,
                               &pixels, &n_drawn, &share)
      && plug_host_text_check_drawn (n_drawn, error))
    return TRUE;
  gimp_image_remove_layer (image, layer);
  return FALSE;
}

/* room: where it stands; of a width, in which lines are broken, or of none. The text comes last, so
 * that it is never drawn on one line that is too long. */
static gboolean
add_text_layer (int                  image,
                const char          *text,
                const char          *font,
                double               size,
                const GeglRectangle *room,
                GError             **error)
{
  const int layer = gimp_text_layer_new (image, room->width > 0 ? " " : text, font, size,
                                         GIMP_UNIT_PIXEL);

  if (layer < 0 || !gimp_image_insert_layer (image, layer, -1, 0))
    return FALSE;
  gimp_layer_set_offsets (layer, room->x, room->y);
  if (room->width > 0
      && (!gimp_text_layer_resize (layer, room->width, room->height)
          || !gimp_text_layer_set_text (layer, text)))
    return FALSE;
  choose_text_color (image, layer);
  return check_drawn (image, layer, error);
}

static gboolean
add_text_box (int             image,
              const PlugBox  *box,
              const char     *font,
              GError        **error)
{
  const double size = fit_text (box->name, font, box->width, box->height);
  const GeglRectangle room = { box->x, box->y, 0, 0 };
  int width, height;

  if (measure_text (box->name, font, size, &width, &height)
      && !plug_host_text_check (width, height, error))
    return FALSE;
  return add_text_layer (image, box->name, font, size, &room, error);
}

gboolean
plug_host_edit_add_text_boxes (int       image,
                               gpointer  what,
                               GError  **error)
{
  GPtrArray *boxes = what;
  g_autoptr (GPtrArray) clipped = clip_boxes (image, boxes, error);
  g_autofree char *font = NULL;
  gboolean done = TRUE;
  guint n_texts = 0;
  PlugStep step;

  if (clipped == NULL)
    return FALSE;
  for (guint i = 0; i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      n_texts += box->name != NULL && box->name[0] != '\0';
    }
  if (n_texts == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _ ("There is no text to add."));
      return FALSE;
    }
  font = gimp_context_get_font ();
  step = plug_host_begin_step (image);
  for (guint i = 0; done && i < clipped->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (clipped, i);

      if (box->name == NULL || box->name[0] == '\0')
        continue;
      done = add_text_box (image, box, font, error);
    }
  if (!done && (error == NULL || *error == NULL))
    plug_host_set_error (error, _ ("GIMP did not add the text."));
  plug_host_end_step (&step);
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
add_long_text (int          image,
               const char  *text,
               const char  *font,
               GError     **error)
{
  const int canvas = gimp_image_width (image);
  const int margin = MAX (canvas / 50, 1);
  const int room = MAX (canvas - 2 * margin, 1);
  const double small = CLAMP (canvas / 45.0, 2 * MIN_TEXT_SIZE, 200);
  double size = CLAMP (canvas / 25.0, 2 * MIN_TEXT_SIZE, 400);
  GeglRectangle box = { margin, margin, 0, 0 };
  double needed;
  int width, height;

  if (!measure_text (text, font, size, &width, &height))
    return FALSE;
  if (width > room)
    {
      size = MAX (size * room / width * 0.98, small);
      if (!measure_text (text, font, size, &width, &height))
        return FALSE;
    }
  needed = height;
  if (width > room)
    {
      const double chars_per_row = (double) count_longest_line (text) * room / width;
      const double row = (double) height / MAX (count_rows (text, G_MAXINT), 1);

      needed = count_rows (text, MAX (chars_per_row, 1)) * row + row / 2;
      box.width = room;
    }
  if (!plug_host_text_check (MIN (width, room), needed, error))
    return FALSE;
  box.height = (int) needed;
  return add_text_layer (image, text, font, size, &box, error);
}

gboolean
plug_host_edit_add_text (int       image,
                         gpointer  what,
                         GError  **error)
{
  const char *text = what;
  g_autofree char *clean = g_strstrip (g_utf8_make_valid (text, -1));
  g_autofree char *font = NULL;
  gboolean done;
  PlugStep step;

  if (!plug_host_check_image (image, error))
    return FALSE;
  if (clean[0] == '\0')
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, _ ("There is no text to add."));
      return FALSE;
    }
  font = gimp_context_get_font ();
  step = plug_host_begin_step (image);
  done = add_long_text (image, clean, font, error);
  if (!done && (error == NULL || *error == NULL))
    plug_host_set_error (error, _ ("GIMP did not add the text."));
  plug_host_end_step (&step);
  return done;
}
