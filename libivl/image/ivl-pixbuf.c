/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pixels through GdkPixbuf. Only the loader of the format found is opened, so the many others that
 * a desktop installs are never reached. */
#include "image/ivl-pixbuf.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  WRITE_SIZE = 256 * 1024, /* bytes between two looks at the cancellable */
};

/* What the loader reported about the picture on its way. */
typedef struct
{
  const IvlProbe *probe;
  guint8         *row_seen; /* (owned) [height] */
  gboolean        wrong_size;
} Watch;

static void
watch_clear (Watch *watch)
{
  g_free (watch->row_seen);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

static void
on_size_prepared (GdkPixbufLoader *loader,
                  int              width,
                  int              height,
                  gpointer         data)
{
  Watch *watch = data;

  if ((guint) width == watch->probe->width && (guint) height == watch->probe->height)
    return;
  watch->wrong_size = TRUE;
  /* Makes the loader give up before it allocates. */
  gdk_pixbuf_loader_set_size (loader, 0, 0);
}

static void
on_area_updated (GdkPixbufLoader *loader,
                 int              x,
                 int              y,
                 int              width,
                 int              height,
                 gpointer         data)
{
  Watch *watch = data;
  guint first = CLAMP (y, 0, (int) watch->probe->height);
  guint end = CLAMP ((gint64) y + height, first, watch->probe->height);

  memset (watch->row_seen + first, 1, end - first);
}

static void
take_loader_error (GError         **error,
                   GError          *cause, /* (transfer full) */
                   const IvlProbe  *probe)
{
  g_autoptr (GError) owned = cause;
  IvlError code = IVL_ERROR_INVALID_DATA;

  if (g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY))
    code = IVL_ERROR_NO_MEMORY;
  else if (g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNKNOWN_TYPE)
           || g_error_matches (cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNSUPPORTED_OPERATION))
    code = IVL_ERROR_UNSUPPORTED;
  g_set_error (error, IVL_ERROR, code, "%s file: %s", probe->format->name,
               cause->message);
}

static gboolean
loader_write (GdkPixbufLoader  *loader,
              const guint8     *data,
              gsize             size,
              Watch            *watch,
              IvlRows          *rows,
              GError          **error)
{
  GError *cause = NULL;

  for (gsize at = 0; at < size && !watch->wrong_size; at += WRITE_SIZE)
    {
      if (!ivl_rows_check_cancelled (rows, error))
        return FALSE;
      if (!gdk_pixbuf_loader_write (loader, data + at, MIN (size - at, WRITE_SIZE), &cause))
        {
          take_loader_error (error, cause, watch->probe);
          return FALSE;
        }
    }
  return TRUE;
}

/* The rows that no update named were never decoded. */
static gboolean
watch_check (const Watch      *watch,
             const GdkPixbuf  *pixbuf,
             GError          **error)
{
  const IvlProbe *probe = watch->probe;

  if (watch->wrong_size
      || (pixbuf != NULL
          && ((guint) gdk_pixbuf_get_width (pixbuf) != probe->width
              || (guint) gdk_pixbuf_get_height (pixbuf) != probe->height)))
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "damaged %s file: its parts disagree about its size",
                 probe->format->name);
  else if (pixbuf == NULL || memchr (watch->row_seen, 0, probe->height) != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged %s file: pixels are missing",
                 probe->format->name);
  else
    return TRUE;
  return FALSE;
}

static GdkPixbufLoader *
loader_new (const IvlProbe  *probe,
            GError         **error)
{
  g_autofree char *type = g_ascii_strdown (probe->format->name, -1);
  GError *cause = NULL;
  GdkPixbufLoader *loader = gdk_pixbuf_loader_new_with_type (type, &cause);

  if (loader == NULL)
    {
      take_loader_error (error, cause, probe);
      g_prefix_error (error, "no GdkPixbuf loader is installed for this format: ");
    }
  return loader;
}

static GdkPixbuf *
load_pixbuf (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  g_auto (Watch) watch = { .probe = probe, .row_seen = g_malloc0 (probe->height) };
  g_autoptr (GdkPixbufLoader) loader = loader_new (probe, error);
  g_autoptr (GError) write_error = NULL;
  GdkPixbuf *pixbuf;
  GError *cause = NULL;

  if (loader == NULL)
    return NULL;
  g_signal_connect (loader, "size-prepared", G_CALLBACK (on_size_prepared), &watch);
  g_signal_connect (loader, "area-updated", G_CALLBACK (on_area_updated), &watch);
  loader_write (loader, data, size, &watch, rows, &write_error);
  gdk_pixbuf_loader_close (loader, &cause);
  if (watch.wrong_size || write_error != NULL)
    g_clear_error (&cause);
  if (watch.wrong_size)
    {
      watch_check (&watch, NULL, error);
      return NULL;
    }
  if (write_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&write_error));
      return NULL;
    }
  if (cause != NULL)
    {
      take_loader_error (error, cause, probe);
      return NULL;
    }
  pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  if (!watch_check (&watch, pixbuf, error))
    return NULL;
  return g_object_ref (pixbuf);
}

gboolean
ivl_pixbuf_put (GdkPixbuf  *pixbuf,
                gboolean    premultiplied,
                gboolean    as_gray,
                IvlRows    *rows,
                GError    **error)
{
  const guint8 *pixels = gdk_pixbuf_read_pixels (pixbuf);
  const guint width = gdk_pixbuf_get_width (pixbuf);
  const guint height = gdk_pixbuf_get_height (pixbuf);
  const gsize stride = gdk_pixbuf_get_rowstride (pixbuf);
  const guint n_channels = gdk_pixbuf_get_n_channels (pixbuf);
  const IvlLayout layout = { as_gray ? IVL_COLOURS_GRAY : IVL_COLOURS_RGB, 8, n_channels == 4,
                             premultiplied };
  g_autofree guint8 *gray = as_gray ? g_malloc (width * (gsize) 2) : NULL;

  if (!ivl_rows_begin (rows, &layout, error))
    return FALSE;
  for (gsize y = 0; y < height; y++)
    {
      const guint8 *row = pixels + y * stride;

      for (gsize x = 0; as_gray && x < width; x++)
        if (n_channels == 3)
          gray[x] = row[x * 3];
        else
          memcpy (gray + 2 * x, (guint8[]) { row[x * 4], row[x * 4 + 3] }, 2);
      if (!ivl_rows_put (rows, 0, y, 1, width, as_gray ? gray : row, error))
        return FALSE;
    }
  return TRUE;
}

static void
take_profile (GdkPixbuf      *pixbuf,
              IvlRows        *rows,
              IvlColourSpace *found)
{
  const char *option = gdk_pixbuf_get_option (pixbuf, "icc-profile");
  guint8 *icc;
  gsize size;

  if (option == NULL)
    return;
  icc = g_base64_decode (option, &size);
  found->icc = g_bytes_new_take (icc, size);
  ivl_rows_set_colours (rows, found);
}

/* GdkPixbuf gives gray pixels as RGB. */
static gboolean
is_gray (GdkPixbuf *pixbuf)
{
  const guint8 *pixels = gdk_pixbuf_read_pixels (pixbuf);
  const guint n_channels = gdk_pixbuf_get_n_channels (pixbuf);

  for (gsize y = 0; y < (gsize) gdk_pixbuf_get_height (pixbuf); y++)
    {
      const guint8 *p = pixels + y * gdk_pixbuf_get_rowstride (pixbuf);

      for (gsize x = 0; x < (gsize) gdk_pixbuf_get_width (pixbuf); x++, p += n_channels)
        if (p[0] != p[1] || p[0] != p[2])
          return FALSE;
    }
  return TRUE;
}

/* libtiff has mirrored TIFF pixels already but never swaps the axes; GdkPixbuf then says how to get
 * from what it did to what was asked. */
static void
fix_tiff_orientation (GdkPixbuf *pixbuf,
                      IvlRows   *rows)
{
  const char *option = gdk_pixbuf_get_option (pixbuf, "orientation");

  ivl_rows_set_orientation (
      rows, option != NULL && (strcmp (option, "5") == 0 || strcmp (option, "7") == 0)
                ? option[0] - '0'
                : 1);
}

gboolean
ivl_pixbuf_decode (const guint8    *data,
                   gsize            size,
                   const IvlProbe  *probe,
                   IvlRows         *rows,
                   GError         **error)
{
  g_autoptr (GdkPixbuf) pixbuf = load_pixbuf (data, size, probe, rows, error);
  g_auto (IvlColourSpace) found = { 0 };

  if (pixbuf == NULL)
    return FALSE;
  if (probe->format == &ivl_format_tiff)
    fix_tiff_orientation (pixbuf, rows);
  take_profile (pixbuf, rows, &found);
  return ivl_pixbuf_put (pixbuf, probe->format == &ivl_format_tiff, is_gray (pixbuf), rows, error);
}
