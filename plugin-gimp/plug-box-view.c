/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Draws numbered boxes over a small picture, in the theme's colours, each line with a rim in the
 * background's colour so that it is seen on any picture. */
#include "plug-box-view.h"

#include "plug-form.h"

#include <glib/gi18n.h>
#include <math.h>

/* Pixels of the screen, before its scale */
#define PREVIEW_WIDTH 360
#define PREVIEW_HEIGHT 180

struct _PlugBoxView
{
  GtkDrawingArea parent_instance;

  GdkPixbuf *pixels; /* (nullable) */
  GPtrArray *boxes;  /* (nullable) of PlugBox */
  GArray    *chosen; /* of gboolean */
  int        current;
  /* Where the picture lies in the image, and its size there */
  int        x, y, width, height;
};

G_DEFINE_FINAL_TYPE (PlugBoxView, plug_box_view, GTK_TYPE_DRAWING_AREA)

void
plug_box_view_set_chosen (PlugBoxView *self,
                          guint        index,
                          gboolean     chosen)
{
  if (index >= self->chosen->len)
    return;
  g_array_index (self->chosen, gboolean, index) = chosen;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
plug_box_view_set_current (PlugBoxView *self,
                           int          index)
{
  self->current = index;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
plug_box_view_show (PlugBoxView *self,
                    PlugSource  *source,
                    GPtrArray   *boxes)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  IvlImage *picture = plug_source_get_picture (source);
  g_autofree char *name = NULL;
  guint n = boxes != NULL ? boxes->len : 0;
  const gboolean yes = TRUE;

  g_clear_object (&self->pixels);
  g_clear_pointer (&self->boxes, g_ptr_array_unref);
  g_array_set_size (self->chosen, 0);
  self->current = -1;
  if (picture != NULL)
    {
      self->pixels = plug_source_get_thumbnail (source, PREVIEW_WIDTH * scale,
                                                PREVIEW_HEIGHT * scale);
      self->width = ivl_image_get_width (picture);
      self->height = ivl_image_get_height (picture);
      plug_source_get_offset (source, &self->x, &self->y);
    }
  if (boxes != NULL)
    self->boxes = g_ptr_array_ref (boxes);
  for (guint i = 0; i < n; i++)
    g_array_append_val (self->chosen, yes);
  name = g_strdup_printf (ngettext ("The picture with %u place marked",
                                    "The picture with %u places marked", n), n);
  plug_form_set_name (GTK_WIDGET (self), name);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
get_color (GtkStyleContext *style,
           const char      *name,
           GdkRGBA         *color)
{
  /* Every theme of GTK 3 has these; the text's own colour if one has not */
  if (!gtk_style_context_lookup_color (style, name, color))
    gtk_style_context_get_color (style, gtk_style_context_get_state (style), color);
}

static void
draw_number (PlugBoxView   *self,
             cairo_t       *cr,
             guint          number,
             double         x,
             double         y,
             const GdkRGBA *line,
             const GdkRGBA *rim)
{
  g_autofree char *text = g_strdup_printf ("%u", number);
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), text);
  int width, height;

  pango_layout_get_pixel_size (layout, &width, &height);
  gdk_cairo_set_source_rgba (cr, line);
  cairo_rectangle (cr, x, y, width + 6, height);
  cairo_fill (cr);
  gdk_cairo_set_source_rgba (cr, rim);
  cairo_move_to (cr, x + 3, y);
  pango_cairo_show_layout (cr, layout);
}

static void
draw_box (PlugBoxView *self,
          cairo_t     *cr,
          guint        index,
          double       scale)
{
  const PlugBox *box = g_ptr_array_index (self->boxes, index);
  GtkStyleContext *style = gtk_widget_get_style_context (GTK_WIDGET (self));
  gboolean chosen = g_array_index (self->chosen, gboolean, index);
  double x = floor ((box->x - self->x) * scale) + 0.5;
  double y = floor ((box->y - self->y) * scale) + 0.5;
  double width = MAX (floor (box->width * scale), 2);
  double height = MAX (floor (box->height * scale), 2);
  double thickness = (int) index == self->current ? 4 : 2;
  const double dash = 4;
  GdkRGBA line, rim;

  get_color (style, "theme_selected_bg_color", &line);
  get_color (style, "theme_selected_fg_color", &rim);
  cairo_save (cr);
  if (!chosen)
    cairo_set_dash (cr, &dash, 1, 0);
  cairo_rectangle (cr, x, y, width, height);
  gdk_cairo_set_source_rgba (cr, &rim);
  cairo_set_line_width (cr, thickness + 2);
  cairo_stroke_preserve (cr);
  gdk_cairo_set_source_rgba (cr, &line);
  cairo_set_line_width (cr, thickness);
  cairo_stroke (cr);
  if (chosen)
    draw_number (self, cr, index + 1, x, y, &line, &rim);
  cairo_restore (cr);
}

static gboolean
plug_box_view_draw (GtkWidget *widget,
                    cairo_t   *cr)
{
  PlugBoxView *self = PLUG_BOX_VIEW (widget);
  int area_width = gtk_widget_get_allocated_width (widget);
  int area_height = gtk_widget_get_allocated_height (widget);
  double scale;

  if (self->pixels == NULL)
    return GDK_EVENT_PROPAGATE;
  scale = MIN ((double) area_width / self->width, (double) area_height / self->height);
  cairo_translate (cr, floor ((area_width - self->width * scale) / 2),
                   floor ((area_height - self->height * scale) / 2));
  cairo_save (cr);
  cairo_scale (cr, self->width * scale / gdk_pixbuf_get_width (self->pixels),
               self->height * scale / gdk_pixbuf_get_height (self->pixels));
  gdk_cairo_set_source_pixbuf (cr, self->pixels, 0, 0);
  cairo_paint (cr);
  cairo_restore (cr);
  for (guint i = 0; self->boxes != NULL && i < self->boxes->len; i++)
    draw_box (self, cr, i, scale);
  return GDK_EVENT_PROPAGATE;
}

static void
plug_box_view_finalize (GObject *object)
{
  PlugBoxView *self = PLUG_BOX_VIEW (object);

  g_clear_object (&self->pixels);
  g_clear_pointer (&self->boxes, g_ptr_array_unref);
  g_array_unref (self->chosen);
  G_OBJECT_CLASS (plug_box_view_parent_class)->finalize (object);
}

static void
plug_box_view_class_init (PlugBoxViewClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_box_view_finalize;
  GTK_WIDGET_CLASS (klass)->draw = plug_box_view_draw;
}

static void
plug_box_view_init (PlugBoxView *self)
{
  self->chosen = g_array_new (FALSE, FALSE, sizeof (gboolean));
  self->current = -1;
  gtk_widget_set_size_request (GTK_WIDGET (self), -1, PREVIEW_HEIGHT);
  atk_object_set_role (gtk_widget_get_accessible (GTK_WIDGET (self)), ATK_ROLE_IMAGE);
}

GtkWidget *
plug_box_view_new (void)
{
  return g_object_new (PLUG_TYPE_BOX_VIEW, NULL);
}
