/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Brings a picture to the size that a model sees of it, and encodes its pixels.
 */
#include "engines/ivl-remote-upload.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <libivl/ivl-error.h>

#include "engines/ivl-remote-png.h"
#include "image/ivl-resize.h"

/* The longest side that every decoder takes. */
#define MAX_SIDE 16384

void
ivl_remote_upload_free (IvlRemoteUpload *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self);
}

static GBytes *
encode (GBytes      *rgb,
        guint        width,
        guint        height,
        const char  *quality,
        GError     **error)
{
  g_autoptr (GdkPixbuf) pixbuf =
      gdk_pixbuf_new_from_bytes (rgb, GDK_COLORSPACE_RGB, FALSE, 8, width, height, width * 3);
  g_autoptr (GError) failure = NULL;
  char *buffer;
  gsize size;

  if (gdk_pixbuf_save_to_buffer (pixbuf, &buffer, &size, "jpeg", &failure, "quality", quality,
                                 NULL))
    return g_bytes_new_take (buffer, size);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "A picture of %u x %u pixels cannot be encoded as JPEG: %s", width, height,
               failure->message);
  return NULL;
}

static GBytes *
resize (IvlImage  *image,
        guint      width,
        guint      height,
        GError   **error)
{
  gsize size = (gsize) width * height * 3;
  g_autofree guint8 *rgb = g_try_malloc (size);

  if (rgb == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "not enough memory for a picture of %u x %u", width, height);
      return NULL;
    }
  if (!ivl_resize_bicubic (g_bytes_get_data (ivl_image_get_pixels (image), NULL),
                           ivl_image_get_width (image), ivl_image_get_height (image),
                           3 * (gsize) ivl_image_get_width (image), rgb, width, height, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&rgb), size);
}

/* A picture that is smaller than the canvas goes as it is: the engine enlarges it in the same way,
 * and larger pixels would tell it nothing. */
static gboolean
send_picture (IvlRemoteUpload  *self,
              IvlImage         *image,
              guint             width,
              guint             height,
              gboolean          is_small,
              GError          **error)
{
  guint own_width = ivl_image_get_width (image);
  guint own_height = ivl_image_get_height (image);
  g_autoptr (GBytes) rgb = NULL;

  if ((guint64) own_width * own_height <= (guint64) width * height &&
      MAX (own_width, own_height) <= MAX_SIDE)
    {
      width = own_width;
      height = own_height;
    }
  if (is_small)
    {
      width = MAX (width / 2, 1);
      height = MAX (height / 2, 1);
    }
  if (width == own_width && height == own_height)
    rgb = g_bytes_ref (ivl_image_get_pixels (image));
  else
    rgb = resize (image, width, height, error);
  if (rgb == NULL)
    return FALSE;
  self->mime = "image/jpeg";
  self->bytes = encode (rgb, width, height, is_small ? "85" : "92", error);
  return self->bytes != NULL;
}

static gboolean
send_column (IvlRemoteUpload        *self,
             IvlImage               *image,
             const IvlRemoteBudget  *budget,
             IvlRemotePngEffort      effort,
             GError                **error)
{
  const gint64 since = g_get_monotonic_time ();
  g_autoptr (GBytes) tiles =
      ivl_image_cut_tiles (image, budget->tile_size, budget->min_tiles, budget->max_tiles,
                           budget->use_thumbnail, error);
  const gint64 cut_at = g_get_monotonic_time ();

  if (tiles == NULL)
    return FALSE;
  self->is_column = TRUE;
  self->mime = "image/png";
  self->bytes = ivl_remote_png_encode (g_bytes_get_data (tiles, NULL), budget->tile_size,
                                       budget->tile_size * self->n_tiles, effort, error);
  g_debug ("Cut %u x %u pixels into %u tiles: %.3f s, encoded them: %.3f s",
           ivl_image_get_width (image), ivl_image_get_height (image), self->n_tiles,
           (double) (cut_at - since) / G_USEC_PER_SEC,
           (double) (g_get_monotonic_time () - cut_at) / G_USEC_PER_SEC);
  return self->bytes != NULL;
}

IvlRemoteUpload *
ivl_remote_upload_new (IvlImage               *image,
                       const IvlRemoteBudget  *budget,
                       IvlRemoteUploadKind     kind,
                       GError                **error)
{
  g_autoptr (IvlRemoteUpload) self = g_new0 (IvlRemoteUpload, 1);
  guint n_cols, n_rows;

  if (!ivl_image_get_grid (image, budget->tile_size, budget->min_tiles, budget->max_tiles,
                           budget->use_thumbnail, &n_cols, &n_rows, &self->n_tiles, error))
    return NULL;
  self->n_cells = n_cols * n_rows;
  if (kind == IVL_UPLOAD_COLUMN || kind == IVL_UPLOAD_COLUMN_FAST)
    {
      if (!send_column (self, image, budget,
                        kind == IVL_UPLOAD_COLUMN ? IVL_REMOTE_PNG_SMALL : IVL_REMOTE_PNG_FAST,
                        error))
        return NULL;
      return g_steal_pointer (&self);
    }
  if (ivl_image_get_tile_size (image) != 0)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                           "A picture that is cut already can only be sent to ivl's own server, "
                           "and whole");
      return NULL;
    }
  if (!send_picture (self, image, n_cols * budget->tile_size, n_rows * budget->tile_size,
                     kind == IVL_UPLOAD_SMALL, error))
    return NULL;
  return g_steal_pointer (&self);
}
