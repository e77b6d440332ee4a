/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Images that are picture files, changed by orders on standard input; see host-double.h. */
#include "host-double.h"

#include "letters-double.h"

#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#define CHANNELS 3
/* Of an export that takes a while: IVL_DOUBLE_SLOW_EXPORT is set */
#define SLOW_STEPS 100
#define STEP_US 50000

typedef struct
{
  GdkPixbuf    *pixels; /* (owned) 8 bits, without alpha; NULL: closed */
  char         *path;   /* (owned) */
  IvlMetadata  *texts;  /* (owned) */
  int           layer;  /* that is active: its pixels are the image's, whatever its number */
  gboolean      has_selection;
  int           offset_x;
  int           offset_y;
  GdkRectangle  selection;
} Image;

struct _PlugRaster
{
  int          image;
  GdkRectangle area; /* of the pixels */
  int          x;    /* of the area in the image */
  int          y;
  char        *name;
};

static GPtrArray *images;
static GString   *orders;
static gboolean (*on_menu) (const char *procedure, int image);

G_GNUC_PRINTF (1, 2)
static void
tell (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_print ("%s\n", line);
}

static Image *
get_image (int image, GError **error)
{
  Image *found =
      images && image >= 1 && image <= (int) images->len ? images->pdata[image - 1] : NULL;
  if (found && found->pixels)
    return found;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "The image was closed.");
  return NULL;
}

static gboolean
load (Image *image, const char *path, GError **error)
{
  g_autoptr (GdkPixbuf) read = gdk_pixbuf_new_from_file (path, error);
  if (!read)
    return FALSE;
  g_autoptr (GdkPixbuf) flat = gdk_pixbuf_new (
      GDK_COLORSPACE_RGB, FALSE, 8, gdk_pixbuf_get_width (read), gdk_pixbuf_get_height (read));
  gdk_pixbuf_fill (flat, 0xffffffff);
  gdk_pixbuf_composite (read, flat, 0, 0, gdk_pixbuf_get_width (read), gdk_pixbuf_get_height (read),
                        0, 0, 1, 1, GDK_INTERP_NEAREST, 255);
  g_set_object (&image->pixels, flat);
  g_free (image->path);
  image->path = g_strdup (path);
  return TRUE;
}

int
host_double_add (const char *path, GError **error)
{
  Image *image = g_new0 (Image, 1);
  image->texts = ivl_metadata_new ();
  if (!load (image, path, error))
    {
      g_object_unref (image->texts);
      g_free (image);
      return 0;
    }
  if (!images)
    images = g_ptr_array_new ();
  g_ptr_array_add (images, image);
  return (int)images->len;
}

/* -------------------------------------------------------------------------------------------------
 * orders */

static void
change_pixel (Image *image, int x, int y)
{
  guint8 *pixel = gdk_pixbuf_get_pixels (image->pixels) +
                  (gsize) y * (gsize) gdk_pixbuf_get_rowstride (image->pixels) +
                  (gsize) x * CHANNELS;
  pixel[0] ^= 1;
}

static void
crop (Image *image, int x, int y, int width, int height)
{
  g_autoptr (GdkPixbuf) part = gdk_pixbuf_new_subpixbuf (image->pixels, x, y, width, height);
  g_autoptr (GdkPixbuf) cropped = gdk_pixbuf_copy (part);
  g_set_object (&image->pixels, cropped);
}

static gboolean
obey (char **words, guint n_words)
{
  const char *order = words[0];
  gboolean names_image = (!strcmp (order, "load") || !strcmp (order, "menu")) && n_words == 3;
  int id = names_image                                ? atoi (words[2])
           : !strcmp (order, "close") && n_words == 2 ? atoi (words[1])
                                                      : 1;
  if (!strcmp (order, "menu") && n_words >= 2)
    return on_menu (words[1], id);
  if (!strcmp (order, "letters"))
    {
      letters_double_tell ();
      return TRUE;
    }
  if (!strcmp (order, "bars"))
    {
      letters_double_show_bars ();
      return TRUE;
    }
  if (!strcmp (order, "quit"))
    {
      kill (getpid (), SIGTERM);
      return TRUE;
    }
  Image *image = get_image (id, NULL);
  if (!image)
    return FALSE;
  if (!strcmp (order, "load") && n_words >= 2)
    return load (image, words[1], NULL);
  if (!strcmp (order, "close"))
    g_clear_object (&image->pixels);
  else if (!strcmp (order, "caption") && n_words == 2)
    ivl_metadata_set_caption (image->texts, words[1]);
  else if (!strcmp (order, "pixel") && n_words == 3)
    change_pixel (image, atoi (words[1]), atoi (words[2]));
  else if (!strcmp (order, "crop") && n_words == 5)
    crop (image, atoi (words[1]), atoi (words[2]), atoi (words[3]), atoi (words[4]));
  else if (!strcmp (order, "layer") && n_words == 2)
    image->layer = atoi (words[1]);
  else if (!strcmp (order, "move") && n_words == 3)
    {
      image->offset_x = atoi (words[1]);
      image->offset_y = atoi (words[2]);
    }
  else if (!strcmp (order, "select") && (n_words == 1 || n_words == 5))
    {
      image->has_selection = n_words == 5;
      if (image->has_selection)
        image->selection =
            (GdkRectangle){ atoi (words[1]), atoi (words[2]), atoi (words[3]), atoi (words[4]) };
    }
  else
    return FALSE;
  return TRUE;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer user_data)
{
  char bytes[512];
  gssize n_read = read (fd, bytes, sizeof bytes);
  if (n_read <= 0)
    return G_SOURCE_REMOVE;
  g_string_append_len (orders, bytes, n_read);
  char *end;
  while ((end = strchr (orders->str, '\n')))
    {
      g_autofree char *line = g_strndup (orders->str, (gsize)(end - orders->str));
      g_string_erase (orders, 0, end - orders->str + 1);
      g_auto (GStrv) words = NULL;
      int n_words = 0;
      gboolean done =
          g_shell_parse_argv (line, &n_words, &words, NULL) && obey (words, (guint) n_words);
      tell ("%s %s", done ? "ok" : "refused", line);
    }
  return G_SOURCE_CONTINUE;
}

void
host_double_listen (gboolean (*menu) (const char *procedure, int image))
{
  on_menu = menu;
  orders = g_string_new (NULL);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, NULL);
}

/* -------------------------------------------------------------------------------------------------
 * pixels */

PlugRaster *
plug_host_open_raster (int image, PlugSourceKind kind, int drawable, GError **error)
{
  static const char *const kinds[] = { "layer", "visible", "selection" };
  Image *self = get_image (image, error);
  if (!self)
    return NULL;
  GdkRectangle canvas = { 0, 0, gdk_pixbuf_get_width (self->pixels),
                          gdk_pixbuf_get_height (self->pixels) };
  GdkRectangle area = canvas;
  if (kind == PLUG_SOURCE_SELECTION
      && (!self->has_selection || !gdk_rectangle_intersect (&canvas, &self->selection, &area)))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "Nothing is selected.");
      return NULL;
    }
  tell ("open-raster %d %s", image, kinds[kind]);
  PlugRaster *raster = g_new0 (PlugRaster, 1);
  raster->image = image;
  raster->area = area;
  raster->x = area.x + (kind == PLUG_SOURCE_LAYER ? self->offset_x : 0);
  raster->y = area.y + (kind == PLUG_SOURCE_LAYER ? self->offset_y : 0);
  raster->name = kind != PLUG_SOURCE_LAYER ? NULL
                 : self->layer == 0        ? g_strdup ("Background")
                                           : g_strdup_printf ("Layer %d", self->layer);
  return raster;
}

void
plug_raster_close (PlugRaster *self)
{
  g_free (self->name);
  g_free (self);
}

int
plug_raster_get_width (PlugRaster *self)
{
  return self->area.width;
}

int
plug_raster_get_height (PlugRaster *self)
{
  return self->area.height;
}

void
plug_raster_get_offset (PlugRaster *self, int *x, int *y)
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
plug_raster_read (PlugRaster *self, int first_row, int n_rows, guint8 *rgba, GError **error)
{
  Image *image = get_image (self->image, error);
  if (!image)
    return FALSE;
  GdkPixbuf *pixels = image->pixels;
  if (self->area.x + self->area.width > gdk_pixbuf_get_width (pixels)
      || self->area.y + first_row + n_rows > gdk_pixbuf_get_height (pixels))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "The image changed its size meanwhile.");
      return FALSE;
    }
  for (int row = 0; row < n_rows; row++)
    {
      const guint8 *from =
          gdk_pixbuf_read_pixels (pixels) +
          (gsize) (self->area.y + first_row + row) * (gsize) gdk_pixbuf_get_rowstride (pixels) +
          (gsize) self->area.x * CHANNELS;
      for (int x = 0; x < self->area.width; x++, from += CHANNELS, rgba += 4)
        {
          memcpy (rgba, from, CHANNELS);
          rgba[3] = 255;
        }
    }
  return TRUE;
}

/* --------------------------------------------------------------------------------------------
 * about images */

gboolean
plug_host_image_is_open (int image)
{
  return get_image (image, NULL) != NULL;
}

char *
plug_host_get_image_name (int image)
{
  Image *self = get_image (image, NULL);
  return self ? g_path_get_basename (self->path) : NULL;
}

GFile *
plug_host_get_image_file (int image)
{
  Image *self = get_image (image, NULL);
  return self ? g_file_new_for_path (self->path) : NULL;
}

int
plug_host_get_layer (int image)
{
  Image *self = get_image (image, NULL);
  return self ? self->layer : -1;
}

gboolean
plug_host_has_selection (int image)
{
  Image *self = get_image (image, NULL);
  return self && self->has_selection;
}

/* ------------------------------------------------------------------------------------------------
 * changes */

static gboolean
tell_boxes (const char *what, int image, GPtrArray *boxes, GError **error)
{
  if (!get_image (image, error))
    return FALSE;
  g_autoptr (GString) line = g_string_new (NULL);
  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = boxes->pdata[i];
      g_autofree char *name = g_strescape (box->name ? box->name : "", NULL);
      g_string_append_printf (line, " %d,%d,%d,%d:\"%s\"", box->x, box->y, box->width, box->height,
                              name);
    }
  tell ("%s %d%s", what, image, line->str);
  return TRUE;
}

gboolean
plug_host_select_boxes (int image, GPtrArray *boxes, GError **error)
{
  return tell_boxes ("select-boxes", image, boxes, error);
}

gboolean
plug_host_add_guides (int image, GPtrArray *boxes, GError **error)
{
  return tell_boxes ("add-guides", image, boxes, error);
}

gboolean
plug_host_add_channels (int image, GPtrArray *boxes, GError **error)
{
  return tell_boxes ("add-channels", image, boxes, error);
}

gboolean
plug_host_add_text_boxes (int image, GPtrArray *boxes, GError **error)
{
  return tell_boxes ("add-text-boxes", image, boxes, error);
}

gboolean
plug_host_add_text (int image, const char *text, GError **error)
{
  if (!get_image (image, error))
    return FALSE;
  g_autofree char *escaped = g_strescape (text, NULL);
  tell ("add-text %d \"%s\"", image, escaped);
  return TRUE;
}

IvlMetadata *
plug_host_get_texts (int image, GError **error)
{
  Image *self = get_image (image, error);
  return self ? g_object_ref (self->texts) : NULL;
}

static void
set_texts_of_image (Image *self, IvlMetadata *texts)
{
  if (ivl_metadata_get_alt_text (texts))
    ivl_metadata_set_alt_text (self->texts, ivl_metadata_get_alt_text (texts));
  if (ivl_metadata_get_long_description (texts))
    ivl_metadata_set_long_description (self->texts, ivl_metadata_get_long_description (texts));
  if (ivl_metadata_get_caption (texts))
    ivl_metadata_set_caption (self->texts, ivl_metadata_get_caption (texts));
  if (ivl_metadata_get_language (texts))
    ivl_metadata_set_language (self->texts, ivl_metadata_get_language (texts));
}

static char *
quote (const char *text)
{
  g_autofree char *escaped = text ? g_strescape (text, NULL) : NULL;
  return escaped ? g_strdup_printf ("\"%s\"", escaped) : g_strdup ("-");
}

gboolean
plug_host_set_texts (int image, IvlMetadata *texts, GError **error)
{
  Image *self = get_image (image, error);
  if (!self)
    return FALSE;
  set_texts_of_image (self, texts);
  g_autofree char *alt_text = quote (ivl_metadata_get_alt_text (texts));
  g_autofree char *description = quote (ivl_metadata_get_long_description (texts));
  g_autofree char *caption = quote (ivl_metadata_get_caption (texts));
  tell ("set-texts %d alt=%s description=%s caption=%s", image, alt_text, description, caption);
  return TRUE;
}

static PlugHostProgress watcher;
static gpointer watcher_data;

void
plug_host_watch_export (PlugHostProgress function, gpointer user_data)
{
  watcher = function;
  watcher_data = user_data;
}

gboolean
plug_host_export (int image, GFile *file, gboolean keep_metadata, GError **error)
{
  static const char *const types[][2] = {
    { "jpg", "jpeg" },  { "jpeg", "jpeg" }, { "png", "png" },
    { "webp", "webp" }, { "tif", "tiff" },  { "tiff", "tiff" }
  };
  Image *self = get_image (image, error);
  if (!self)
    return FALSE;
  g_autofree char *path = g_file_get_path (file);
  const char *dot = strrchr (path, '.');
  int n_steps = g_getenv ("IVL_DOUBLE_SLOW_EXPORT") ? SLOW_STEPS : 2;
  for (guint i = 0; dot && i < G_N_ELEMENTS (types); i++)
    if (!g_ascii_strcasecmp (dot + 1, types[i][0]))
      {
        tell ("export %d \"%s\" %s", image, path, keep_metadata ? "keep" : "drop");
        for (int step = 0; watcher && step <= n_steps; step++)
          {
            watcher ((double)step / n_steps, watcher_data);
            if (n_steps > 2)
              g_usleep (STEP_US);
          }
        return gdk_pixbuf_save (self->pixels, path, types[i][1], error, NULL);
      }
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: no format that is known here", path);
  return FALSE;
}

void
plug_host_begin_wait (const char *sentence)
{
  tell ("begin-wait \"%s\"", sentence);
}

void
plug_host_pulse_wait (void)
{
}

void
plug_host_end_wait (void)
{
  tell ("end-wait");
}

/* ---------------------------------------------------------------------------------------------
 * the program */

gboolean
plug_host_init_ui (GError **error)
{
  if (!gtk_init_check (NULL, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "There is no display.");
      return FALSE;
    }
  if (g_getenv ("IVL_DOUBLE_RTL"))
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  gboolean dark = g_getenv ("IVL_DOUBLE_DARK") != NULL;
  g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", dark, NULL);
  return TRUE;
}

void
plug_host_adopt_window (GtkWindow *window, int image)
{
  tell ("adopt-window %d", image);
}

void
plug_host_show_help (void)
{
  tell ("show-help");
}

int
plug_host_get_pid (void)
{
  const char *pid = g_getenv ("IVL_DOUBLE_GIMP_PID");
  return pid ? atoi (pid) : (int)getppid ();
}
