/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The picture formats that are read here, and which of them a file has. Only its own decoder
 * ever sees it. */
#include "image/ivl-format.h"

#include "image/ivl-foreign.h"
#include <libivl/ivl-error.h>

#ifdef IVL_HAVE_LIBHEIF
#define FORMAT_NAMES "PNG, JPEG, WebP, TIFF, HEIC, AVIF, GIF, BMP"
#else
#define FORMAT_NAMES "PNG, JPEG, WebP, TIFF, GIF, BMP"
#endif

static const IvlFormat *const formats[] = {
  &ivl_format_png,  &ivl_format_jpeg, &ivl_format_webp,
  &ivl_format_tiff, &ivl_format_gif,  &ivl_format_bmp,
#ifdef IVL_HAVE_LIBHEIF
  &ivl_format_heif,
#endif
};

gboolean
ivl_format_fail (GError          **error,
                 const IvlFormat  *format,
                 const char       *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged %s file: %s", format->name, why);
  return FALSE;
}

gboolean
ivl_format_fail_unsupported (GError          **error,
                             const IvlFormat  *format,
                             const char       *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s file that cannot be used: %s",
               format->name, why);
  return FALSE;
}

gboolean
ivl_format_fail_size (GError          **error,
                      const IvlFormat  *format)
{
  return ivl_format_fail (error, format, "its parts disagree about its size");
}

/* nocheck:name: the verb belongs to IvlProbe */
void
ivl_probe_grow_area (IvlProbe *probe,
                     guint32   width,
                     guint32   height)
{
  probe->area = MAX (probe->area, (guint64) width * height);
}

/* nocheck:name: the verb belongs to IvlProbe */
void
ivl_probe_clear (IvlProbe *probe)
{
  ivl_colour_space_clear (&probe->colours);
}

const IvlFormat *
ivl_format_find (const guint8  *data,
                 gsize          size,
                 GError       **error)
{
  const char *foreign;

  if (size == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "the file is empty");
      return NULL;
    }
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i]->sniff (data, size))
      return formats[i];
  foreign = ivl_foreign_find (data, size);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "not a picture in a format that is read here (" FORMAT_NAMES ")%s%s",
               foreign != NULL ? "; it is " : "", foreign != NULL ? foreign : "");
  return NULL;
}

gboolean
ivl_format_probe (const guint8  *data,
                  gsize          size,
                  guint          page,
                  IvlProbe      *probe,
                  GError       **error)
{
  *probe = (IvlProbe) { .orientation = 1, .page = page, .n_pages = 1 };
  probe->format = ivl_format_find (data, size, error);
  if (probe->format == NULL || !probe->format->probe (data, size, probe, error))
    return FALSE;
  if (page >= probe->n_pages)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "there is no page %u, the last is %u", page + 1, probe->n_pages);
      return FALSE;
    }
  if (probe->width == 0 || probe->height == 0)
    return ivl_format_fail (error, probe->format, "no width or height");
  ivl_probe_grow_area (probe, probe->width, probe->height);
  return TRUE;
}
