/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * HEIC and AVIF files through libheif: the primary picture. Its container says how the picture is
 * turned, mirrored and cropped, and libheif does that: orientation in Exif says it again and does
 * not count.
 *
 * libheif before 1.23 decodes what the bitstream holds, whatever size the container declares: an
 * AVIF file of 1 kB that says 16 x 16 took 810 MB. Such versions are not used. */
#include "image/ivl-format.h"

#include <libheif/heif.h>
#include <libheif/heif_items.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_ITEMS = 2000,              /* tiles of a large photo, and its thumbnails */
  MAX_MEMORY = 1024 * 1024 * 1024, /* of libheif's own, besides the limit for the picture */
};

/* What is open while a file is looked at */
typedef struct
{
  heif_context      *context; /* (owned) */
  heif_image_handle *picture; /* (owned) (nullable) */
} Reader;

static void
reader_clear (Reader *self)
{
  if (self->picture != NULL)
    heif_image_handle_release (self->picture);
  heif_context_free (self->context);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static gboolean
fail_memory (GError **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "not enough memory to decode HEIF");
  return FALSE;
}

static gboolean
fail (GError     **error,
      heif_error   cause)
{
  g_autofree char *why = g_utf8_make_valid (cause.message != NULL ? cause.message : "", -1);

  switch (cause.code)
    {
    case heif_error_Ok:
      return TRUE;
    case heif_error_Memory_allocation_error:
      if (cause.subcode == heif_suberror_Security_limit_exceeded)
        return ivl_format_fail_unsupported (error, &ivl_format_heif, why);
      return fail_memory (error);
    case heif_error_Unsupported_filetype:
    case heif_error_Unsupported_feature:
    case heif_error_Color_profile_does_not_exist:
      return ivl_format_fail_unsupported (error, &ivl_format_heif, why);
    case heif_error_Plugin_loading_error:
      return ivl_format_fail_unsupported (error, &ivl_format_heif,
                                          "libheif's decoder for it is not installed");
    default:
      return ivl_format_fail (error, &ivl_format_heif, why);
    }
}

static gboolean
reader_init (Reader        *self,
             const guint8  *data,
             gsize          size,
             GError       **error)
{
  heif_security_limits *limits;

  *self = (Reader) { heif_context_alloc () };
  if (self->context == NULL)
    return fail_memory (error);
  /* No threads that a host does not know of */
  heif_context_set_max_decoding_threads (self->context, 0);
  limits = heif_context_get_security_limits (self->context);
  limits->max_items = MAX_ITEMS;
  limits->max_number_of_tiles = MAX_ITEMS;
  limits->max_color_profile_size = IVL_PROFILE_MAX_BYTES;
  limits->max_memory_block_size = MAX_MEMORY;
  limits->max_total_memory = MAX_MEMORY;
  return fail (error, heif_context_read_from_memory_without_copy (self->context, data, size, NULL))
         && fail (error,
                  heif_context_get_primary_image_handle (self->context, &self->picture));
}

/* The profile counts before the code points, as the standard has it where both are there. */
static gboolean
read_colours (const Reader    *reader,
              IvlColourSpace  *colours,
              GError         **error)
{
  const gsize size = heif_image_handle_get_raw_color_profile_size (reader->picture);
  heif_color_profile_nclx *nclx = NULL;
  g_autofree guint8 *icc = NULL;

  if (size > 0)
    {
      icc = size <= IVL_PROFILE_MAX_BYTES ? g_try_malloc (size) : NULL;
      if (icc == NULL)
        return size > IVL_PROFILE_MAX_BYTES || fail_memory (error);
      if (heif_image_handle_get_raw_color_profile (reader->picture, icc).code == heif_error_Ok)
        colours->icc = g_bytes_new_take (g_steal_pointer (&icc), size);
      return TRUE;
    }
  if (heif_image_handle_get_nclx_color_profile (reader->picture, &nclx).code != heif_error_Ok)
    return TRUE;
  colours->cicp_primaries = nclx->color_primaries;
  colours->cicp_transfer = nclx->transfer_characteristics;
  heif_nclx_color_profile_free (nclx);
  return TRUE;
}

/* What decoding takes for each pixel besides the finished picture: the decoder's planes and the
 * picture in RGB. Measured with libheif 1.23, 12 and 49 megapixels: libde265 2.8, dav1d 9.4; with
 * 10 bits 4.3 and 21.8. */
static guint
get_extra_bytes (const Reader *reader)
{
  const heif_item_id id = heif_image_handle_get_item_id (reader->picture);
  const gboolean is_av1 =
      heif_item_get_item_type (reader->context, id) == heif_fourcc ('a', 'v', '0', '1');
  const gboolean is_deep = heif_image_handle_get_luma_bits_per_pixel (reader->picture) > 8;

  if (is_av1)
    return is_deep ? 22 : 10;
  return is_deep ? 5 : 3;
}

static gboolean
probe_heif (const guint8  *data,
            gsize          size,
            IvlProbe      *probe,
            GError       **error)
{
  g_auto (Reader) reader = { NULL };
  int width;
  int height;

  if (!reader_init (&reader, data, size, error))
    return FALSE;
  width = heif_image_handle_get_width (reader.picture);
  height = heif_image_handle_get_height (reader.picture);
  if (width <= 0 || height <= 0)
    return ivl_format_fail (error, &ivl_format_heif, "no width or height");
  probe->width = width;
  probe->height = height;
  ivl_probe_grow_area (probe, heif_image_handle_get_ispe_width (reader.picture),
                       heif_image_handle_get_ispe_height (reader.picture));
  probe->extra_bytes = probe->area * get_extra_bytes (&reader);
  return read_colours (&reader, &probe->colours, error);
}

static int
on_cancel (void *rows)
{
  return !ivl_rows_check_cancelled (rows, NULL);
}

static gboolean
put_rows (const heif_image  *image,
          const IvlProbe    *probe,
          IvlRows           *rows,
          GError           **error)
{
  size_t stride;
  const guint8 *pixels = heif_image_get_plane_readonly2 (image, heif_channel_interleaved, &stride);

  if (pixels == NULL
      || heif_image_get_primary_width (image) != (int) probe->width
      || heif_image_get_primary_height (image) != (int) probe->height)
    return ivl_format_fail_size (error, &ivl_format_heif);
  for (guint32 y = 0; y < probe->height; y++)
    if (!ivl_rows_put (rows, 0, y, 1, probe->width, pixels + y * stride, error))
      return FALSE;
  return TRUE;
}

static gboolean
decode_heif (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  g_auto (Reader) reader = { NULL };
  IvlLayout layout = { IVL_COLOURS_RGB, 8, FALSE, FALSE };
  heif_decoding_options *options;
  heif_image *image = NULL;
  heif_error cause;
  gboolean done;

  if (!reader_init (&reader, data, size, error))
    return FALSE;
  layout.has_alpha = heif_image_handle_has_alpha_channel (reader.picture);
  layout.premultiplied =
      layout.has_alpha && heif_image_handle_is_premultiplied_alpha (reader.picture);
  options = heif_decoding_options_alloc ();
  options->convert_hdr_to_8bit = TRUE;
  options->strict_decoding = TRUE;
  options->progress_user_data = rows;
  options->cancel_decoding = on_cancel;
  cause = heif_decode_image (reader.picture, &image, heif_colorspace_RGB,
                             layout.has_alpha ? heif_chroma_interleaved_RGBA
                                              : heif_chroma_interleaved_RGB,
                             options);
  heif_decoding_options_free (options);
  done = ivl_rows_check_cancelled (rows, error) && fail (error, cause)
         && ivl_rows_begin (rows, &layout, error) && put_rows (image, probe, rows, error);
  heif_image_release (image);
  return done;
}

/* libheif knows many formats; these are the two that people have. */
static gboolean
sniff_heif (const guint8 *data,
            gsize         size)
{
  static const char *const brands[] = { "avif", "avis", "heic", "heix", "heim", "heis", "hevc",
                                        "hevx", "mif1", "msf1" };

  if (size < 12 || memcmp (data + 4, "ftyp", 4) != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (brands); i++)
    if (memcmp (data + 8, brands[i], 4) == 0)
      return TRUE;
  return FALSE;
}

const IvlFormat ivl_format_heif = {
  .name = "HEIF (HEIC, AVIF)",
  .stores_orientation = TRUE,
  .sniff = sniff_heif,
  .probe = probe_heif,
  .decode = decode_heif,
};
