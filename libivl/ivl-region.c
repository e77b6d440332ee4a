/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions: what a model says with `<ref>name</ref><box>[[x1, y1, x2, y2]]</box>`, and where that
 * lies in the picture.
 */
#include <libivl/ivl-region.h>

#include <string.h>

/* Boxes are in thousandths of the picture's width and height (OpenGVLab/InternVL,
 * chat_data_format.md). */
#define BOX_SCALE 1000

struct _IvlRegion
{
  gatomicrefcount ref_count;
  char           *name; /* a GRefString: regions of one <box> share it, however long it is */
  int             box[4];
  guint           width;
  guint           height;
};

G_DEFINE_BOXED_TYPE (IvlRegion, ivl_region, ivl_region_ref, ivl_region_unref)

static IvlRegion *
region_new_take_name (char      *name,
                      const int  box[4],
                      guint      width,
                      guint      height)
{
  IvlRegion *self = g_new0 (IvlRegion, 1);
  int edges[4];

  for (guint i = 0; i < 4; i++)
    edges[i] = CLAMP (box[i], 0, BOX_SCALE);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = name;
  self->box[0] = MIN (edges[0], edges[2]);
  self->box[1] = MIN (edges[1], edges[3]);
  self->box[2] = MAX (edges[0], edges[2]);
  self->box[3] = MAX (edges[1], edges[3]);
  self->width = MIN (width, G_MAXINT);
  self->height = MIN (height, G_MAXINT);
  return self;
}

/**
 * ivl_region_new:
 * @name: (nullable): what the region shows, UTF-8; %NULL is the same as an empty name
 * @x1: left edge in thousandths of the picture's width
 * @y1: top edge in thousandths of the picture's height
 * @x2: right edge in thousandths of the picture's width
 * @y2: bottom edge in thousandths of the picture's height
 * @width: width of the picture in pixels; 0 when unknown
 * @height: height of the picture in pixels; 0 when unknown
 *
 * Makes a region. Edges outside 0..1000 are moved to the nearest end, and edges in the wrong order
 * are swapped: models give both now and then.
 *
 * Returns: (transfer full): the region
 */
IvlRegion *
ivl_region_new (const char *name,
                int         x1,
                int         y1,
                int         x2,
                int         y2,
                guint       width,
                guint       height)
{
  const int box[4] = { x1, y1, x2, y2 };

  return region_new_take_name (g_ref_string_new (name != NULL ? name : ""), box, width, height);
}

/**
 * ivl_region_ref:
 * @self: a region
 *
 * Takes one more reference. Safe from any thread.
 *
 * Returns: (transfer full): @self
 */
IvlRegion *
ivl_region_ref (IvlRegion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * ivl_region_unref:
 * @self: (transfer full): a region
 *
 * Drops a reference; the last one frees the region. Safe from any thread.
 */
void
ivl_region_unref (IvlRegion *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ref_string_release (self->name);
  g_free (self);
}

/**
 * ivl_region_get_name:
 * @self: a region
 *
 * What the model called the region.
 *
 * Returns: (transfer none): the name, empty for a box that came without one
 */
const char *
ivl_region_get_name (IvlRegion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * ivl_region_get_box:
 * @self: a region
 * @x1: (out) (optional): left edge
 * @y1: (out) (optional): top edge
 * @x2: (out) (optional): right edge, not left of @x1
 * @y2: (out) (optional): bottom edge, not above @y1
 *
 * The box in the model's own units: thousandths of the picture's width and height, 0..1000.
 */
void
ivl_region_get_box (IvlRegion *self,
                    int       *x1,
                    int       *y1,
                    int       *x2,
                    int       *y2)
{
  int *const out[4] = { x1, y1, x2, y2 };

  g_return_if_fail (self != NULL);

  for (guint i = 0; i < 4; i++)
    if (out[i] != NULL)
      *out[i] = self->box[i];
}

/* One axis: edges in thousandths of `size` pixels to the first pixel and the number of pixels. */
static void
to_pixels (int    low,
           int    high,
           guint  size,
           int   *start,
           int   *length)
{
  gint64 first = ((gint64) low * size + BOX_SCALE / 2) / BOX_SCALE;
  gint64 end = ((gint64) high * size + BOX_SCALE / 2) / BOX_SCALE;

  first = MIN (first, MAX ((gint64) size - 1, 0));
  end = MIN (MAX (end, first + 1), size);
  if (start != NULL)
    *start = (int) first;
  if (length != NULL)
    *length = (int) (end - first);
}

/**
 * ivl_region_get_rectangle:
 * @self: a region
 * @x: (out) (optional): first column
 * @y: (out) (optional): first row
 * @width: (out) (optional): number of columns
 * @height: (out) (optional): number of rows
 *
 * The box in pixels of the original picture. Each edge goes to the nearest border between pixels (a
 * half goes right and down), the inverse of how the training data was made, round (x / width *
 * 1000). The rectangle always lies inside the picture and has at least one pixel in each direction;
 * all is 0 in a direction in which the size of the picture is unknown.
 */
void
ivl_region_get_rectangle (IvlRegion *self,
                          int       *x,
                          int       *y,
                          int       *width,
                          int       *height)
{
  g_return_if_fail (self != NULL);

  to_pixels (self->box[0], self->box[2], self->width, x, width);
  to_pixels (self->box[1], self->box[3], self->height, y, height);
}

static const char *
skip_space (const char *p)
{
  while (g_ascii_isspace (*p))
    p++;
  return p;
}

/* Steps over `c` and the space around it; NULL when something else is there. */
static const char *
skip_char (const char *p,
           char        c)
{
  p = skip_space (p);
  return *p == c ? skip_space (p + 1) : NULL;
}

/* A decimal number, rounded to an integer (halves away from zero); far too large ones stay far too
 * large. NULL when there is no number. */
static const char *
parse_number (const char *p,
              int        *value)
{
  const int large = 1000 * BOX_SCALE;
  gboolean negative = *p == '-';
  int number = 0;

  p += negative;
  if (!g_ascii_isdigit (*p))
    return NULL;
  for (; g_ascii_isdigit (*p); p++)
    number = MIN (number * 10 + (*p - '0'), large);
  if (*p == '.')
    {
      p++;
      if (!g_ascii_isdigit (*p))
        return NULL;
      number += *p >= '5';
      while (g_ascii_isdigit (*p))
        p++;
    }
  *value = negative ? -number : number;
  return p;
}

/* `[x1, y1, x2, y2]` and the space behind it. */
static const char *
parse_quad (const char *p,
            int         box[4])
{
  p = skip_char (p, '[');
  for (guint i = 0; p != NULL && i < 4; i++)
    {
      p = parse_number (p, &box[i]);
      if (p != NULL)
        p = skip_char (p, i < 3 ? ',' : ']');
    }
  return p;
}

/* `[[x1, y1, x2, y2], ...]</box>` behind a `<box>`: the boxes go to `quads` (4 ints each). NULL
 * unless the whole element is there. Every '<' stops it, so that what it looked at need not be
 * searched again. */
static const char *
parse_boxes (const char *p,
             GArray     *quads)
{
  g_array_set_size (quads, 0);
  p = skip_char (p, '[');
  while (p != NULL)
    {
      int box[4];

      p = parse_quad (p, box);
      if (p == NULL)
        return NULL;
      g_array_append_vals (quads, box, 4);
      if (*p != ',')
        break;
      p++;
    }
  if (p != NULL)
    p = skip_char (p, ']');
  return p != NULL && g_str_has_prefix (p, "</box>") ? p + strlen ("</box>") : NULL;
}

static void
append_regions (GPtrArray  *regions,
                GArray     *quads,
                const char *name,
                gsize       name_length,
                guint       width,
                guint       height)
{
  g_autofree char *stripped = g_strstrip (g_strndup (name, name_length));
  char *shared = g_ref_string_new (stripped);

  for (guint i = 0; i < quads->len; i += 4)
    g_ptr_array_add (regions, region_new_take_name (g_ref_string_acquire (shared),
                                                    &g_array_index (quads, int, i), width, height));
  g_ref_string_release (shared);
}

/**
 * ivl_region_parse:
 * @text: what a model said, UTF-8
 * @width: width of the original picture in pixels; 0 when unknown
 * @height: height of the original picture in pixels; 0 when unknown
 *
 * Finds the regions in an answer. What counts is `<ref>name</ref><box>[[x1, y1, x2, y2],
 * ...]</box>` with any space between the parts: each inner list gives one region of that name. A
 * `<box>` element with no `<ref>` element right before it gives regions with an empty name. An
 * element that is cut off or malformed gives nothing at all. Takes time linear in the length of
 * @text, whatever is in it.
 *
 * Returns: (transfer full) (element-type IvlRegion): the regions in the order of the text, maybe
 *   none; the array owns them
 */
GPtrArray *
ivl_region_parse (const char *text,
                  guint       width,
                  guint       height)
{
  GPtrArray *regions = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_region_unref);
  g_autoptr (GArray) quads = g_array_new (FALSE, FALSE, sizeof (int));
  const char *open = NULL;     /* behind the last <ref> that is not closed yet */
  const char *name = "";
  gsize name_length = 0;
  const char *name_end = NULL; /* first non-space behind the last </ref> */

  g_return_val_if_fail (text != NULL, regions);

  for (const char *p = strchr (text, '<'); p != NULL; p = strchr (p, '<'))
    {
      if (g_str_has_prefix (p, "<ref>"))
        {
          p += strlen ("<ref>");
          open = p;
        }
      else if (open != NULL && g_str_has_prefix (p, "</ref>"))
        {
          name = open;
          name_length = p - open;
          open = NULL;
          p += strlen ("</ref>");
          name_end = skip_space (p);
        }
      else if (g_str_has_prefix (p, "<box>"))
        {
          gboolean named = p == name_end;
          const char *end;

          p += strlen ("<box>");
          end = parse_boxes (p, quads);
          if (end == NULL)
            continue;
          append_regions (regions, quads, name, named ? name_length : 0, width, height);
          p = end;
        }
      else
        p++;
    }
  return regions;
}
