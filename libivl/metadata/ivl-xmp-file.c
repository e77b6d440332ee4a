/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The texts of a picture file of any format that can carry them.
 */
#include "metadata/ivl-xmp-file.h"

#include "metadata/ivl-xmp-jpeg.h"
#include "metadata/ivl-xmp-png.h"
#include "metadata/ivl-xmp-tiff.h"
#include "metadata/ivl-xmp-webp.h"

#include <libivl/ivl-error.h>
#include <string.h>

static gboolean
find_format (const guint8      *data,
             gsize              size,
             IvlXmpFileFormat  *format,
             GError           **error)
{
  if (size >= 3 && memcmp (data, "\xff\xd8\xff", 3) == 0)
    *format = IVL_XMP_FILE_JPEG;
  else if (size >= 8 && memcmp (data, "\x89PNG\r\n\x1a\n", 8) == 0)
    *format = IVL_XMP_FILE_PNG;
  else if (size >= 4 && (memcmp (data, "II*\0", 4) == 0 || memcmp (data, "MM\0*", 4) == 0
                         || memcmp (data, "II+\0", 4) == 0 || memcmp (data, "MM\0+", 4) == 0))
    *format = IVL_XMP_FILE_TIFF;
  else if (size >= 12 && memcmp (data, "RIFF", 4) == 0 && memcmp (data + 8, "WEBP", 4) == 0)
    *format = IVL_XMP_FILE_WEBP;
  else
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "not a JPEG, PNG, TIFF or WebP file: no others can carry texts here");
      return FALSE;
    }
  return TRUE;
}

static IvlXmpPacket *
parse (GBytes  *packet,
       GError **error)
{
  if (packet == NULL)
    return ivl_xmp_packet_new (FALSE, error);
  return ivl_xmp_packet_parse (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), error);
}

static gboolean
read_packets (IvlXmpFile  *self,
              GError     **error)
{
  self->packet = parse (self->place.packet, error);
  if (self->packet == NULL)
    return FALSE;
  if (self->place.extension != NULL)
    self->extension = parse (self->place.extension, error);
  if (self->place.extension != NULL && self->extension == NULL)
    return FALSE;
  self->copies = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_xmp_packet_free);
  for (guint i = 0; i < self->place.copies->len; i++)
    {
      IvlXmpPacket *copy = parse (self->place.copies->pdata[i], error);

      if (copy == NULL)
        return FALSE;
      g_ptr_array_add (self->copies, copy);
    }
  return TRUE;
}

gboolean
ivl_xmp_file_read (IvlXmpFile    *self,
                   const guint8  *data,
                   gsize          size,
                   GError       **error)
{
  static gboolean (*const scan[]) (const guint8 *, gsize, IvlXmpPlace *, GError **) = {
    [IVL_XMP_FILE_JPEG] = ivl_xmp_jpeg_scan,
    [IVL_XMP_FILE_PNG] = ivl_xmp_png_scan,
    [IVL_XMP_FILE_TIFF] = ivl_xmp_tiff_scan,
    [IVL_XMP_FILE_WEBP] = ivl_xmp_webp_scan,
  };
  g_auto (IvlXmpFile) file = { 0 };

  ivl_xmp_place_init (&file.place);
  if (!find_format (data, size, &file.format, error)
      || !scan[file.format](data, size, &file.place, error) || !read_packets (&file, error))
    return FALSE;
  *self = file;
  file = (IvlXmpFile) { 0 };
  return TRUE;
}

void
ivl_xmp_file_clear (IvlXmpFile *self)
{
  ivl_xmp_place_clear (&self->place);
  g_clear_pointer (&self->packet, ivl_xmp_packet_free);
  g_clear_pointer (&self->extension, ivl_xmp_packet_free);
  g_clear_pointer (&self->copies, g_ptr_array_unref);
}

/* Languages of the first packet count before those of others. */
GPtrArray *
ivl_xmp_file_list_texts (const IvlXmpFile *self,
                         IvlXmpText        which)
{
  GPtrArray *list = ivl_xmp_packet_list_texts (self->packet, which);
  g_autoptr (GPtrArray) others = g_ptr_array_new ();

  if (self->extension != NULL)
    g_ptr_array_add (others, self->extension);
  for (guint i = 0; i < self->copies->len; i++)
    g_ptr_array_add (others, self->copies->pdata[i]);
  for (guint i = 0; i < others->len; i++)
    {
      g_autoptr (GPtrArray) more = ivl_xmp_packet_list_texts (others->pdata[i], which);

      for (guint k = 0; k < more->len; k++)
        {
          const IvlXmpAlternative *alternative = more->pdata[k];

          ivl_xmp_text_list_add (list, alternative->language, alternative->text);
        }
    }
  return list;
}

/* The text goes into the first packet, where every program looks for it, and out of the second,
 * unless it has something there that would not go along. */
gboolean
ivl_xmp_file_set_texts (IvlXmpFile  *self,
                        IvlXmpText   which,
                        GPtrArray   *texts,
                        GError     **error)
{
  g_autoptr (GPtrArray) none = ivl_xmp_text_list_new ();

  for (guint i = 0; i < self->copies->len; i++)
    if (ivl_xmp_packet_has_text (self->copies->pdata[i], which)
        && !ivl_xmp_packet_set_texts (self->copies->pdata[i], which, texts, error))
      return FALSE;
  if (self->extension != NULL && !ivl_xmp_packet_has_text (self->packet, which)
      && ivl_xmp_packet_is_tied (self->extension, which))
    return ivl_xmp_packet_set_texts (self->extension, which, texts, error);
  return (self->extension == NULL
          || ivl_xmp_packet_set_texts (self->extension, which, none, error))
         && ivl_xmp_packet_set_texts (self->packet, which, texts, error);
}

/* Moves a text into the second packet. */
static gboolean
move_text (IvlXmpFile  *self,
           IvlXmpText   which,
           GError     **error)
{
  g_autoptr (GPtrArray) texts = ivl_xmp_packet_list_texts (self->packet, which);
  g_autoptr (GPtrArray) none = ivl_xmp_text_list_new ();

  if (texts->len == 0 || ivl_xmp_packet_is_tied (self->packet, which))
    return TRUE;
  if (self->extension == NULL)
    self->extension = ivl_xmp_packet_new (TRUE, error);
  return self->extension != NULL
         && ivl_xmp_packet_set_texts (self->extension, which, texts, error)
         && ivl_xmp_packet_set_texts (self->packet, which, none, error);
}

/* The second packet as it is to be written, and its name in the first one */
static gboolean
name_extension (IvlXmpFile  *self,
                GBytes     **extension,
                char       **guid,
                GError     **error)
{
  g_clear_pointer (extension, g_bytes_unref);
  g_clear_pointer (guid, g_free);
  if (self->extension != NULL && ivl_xmp_packet_is_empty (self->extension))
    g_clear_pointer (&self->extension, ivl_xmp_packet_free);
  if (self->extension == NULL)
    return self->place.has_broken_extension
           || ivl_xmp_packet_set_extension (self->packet, NULL, error);
  *extension = ivl_xmp_packet_serialize (self->extension);
  if (self->place.extension != NULL && g_bytes_equal (*extension, self->place.extension))
    {
      *guid = ivl_xmp_packet_get_extension (self->packet);
      return TRUE;
    }
  *guid = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, *extension);
  for (char *p = *guid; *p != '\0'; p++)
    *p = g_ascii_toupper (*p);
  return ivl_xmp_packet_set_extension (self->packet, *guid, error);
}

/* The packets for a JPEG file: the longest text that need not be found at once goes first into the
 * second packet when the first is full. */
static GPtrArray *
put_jpeg (IvlXmpFile  *self,
          GBytes      *file,
          GError     **error)
{
  static const IvlXmpText order[] = { IVL_XMP_TEXT_LONG, IVL_XMP_TEXT_CAPTION, IVL_XMP_TEXT_ALT };
  g_autoptr (GBytes) packet = NULL;
  g_autoptr (GBytes) extension = NULL;
  g_autofree char *guid = NULL;

  for (guint n_moved = 0;; n_moved++)
    {
      if (!name_extension (self, &extension, &guid, error))
        return NULL;
      g_clear_pointer (&packet, g_bytes_unref);
      packet = ivl_xmp_packet_serialize (self->packet);
      if (g_bytes_get_size (packet) <= IVL_XMP_JPEG_MAX_PACKET)
        return ivl_xmp_jpeg_put (file, packet, extension, guid, error);
      if (n_moved == G_N_ELEMENTS (order) || self->place.has_broken_extension)
        break;
      if (!move_text (self, order[n_moved], error))
        return NULL;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "the XMP packet would have %" G_GSIZE_FORMAT " bytes, more than the %u that fit a "
               "JPEG file%s",
               g_bytes_get_size (packet), IVL_XMP_JPEG_MAX_PACKET,
               self->place.has_broken_extension ? ", and its second XMP packet is damaged" : "");
  return NULL;
}

static GPtrArray *
put_png (IvlXmpFile  *self,
         GBytes      *file,
         GBytes      *packet,
         GError     **error)
{
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  for (guint i = 0; i < self->copies->len; i++)
    g_ptr_array_add (copies, ivl_xmp_packet_serialize (self->copies->pdata[i]));
  return ivl_xmp_png_put (file, packet, copies, error);
}

GPtrArray *
ivl_xmp_file_put (IvlXmpFile  *self,
                  GBytes      *file,
                  GError     **error)
{
  g_autoptr (GBytes) packet = NULL;

  if (self->place.n_packets > 1)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "damaged %s file: it has %u XMP packets, and only one may be there",
                   ivl_xmp_file_format_to_string (self->format), self->place.n_packets);
      return NULL;
    }
  if (self->format == IVL_XMP_FILE_JPEG)
    return put_jpeg (self, file, error);
  packet = ivl_xmp_packet_serialize (self->packet);
  if (self->format == IVL_XMP_FILE_PNG)
    return put_png (self, file, packet, error);
  if (self->format == IVL_XMP_FILE_TIFF)
    return ivl_xmp_tiff_put (file, packet, error);
  return ivl_xmp_webp_put (file, packet, error);
}

static gboolean
fail_comparison (GError **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "its other XMP properties do not stay as they are");
  return FALSE;
}

static gboolean
compare_packets (const IvlXmpPacket  *a,
                 const IvlXmpPacket  *b,
                 GError             **error)
{
  return g_string_equal (ivl_xmp_packet_get_rest (a), ivl_xmp_packet_get_rest (b))
         || fail_comparison (error);
}

/* A second packet may come with a text that is too long for the first, and go with it. */
static gboolean
compare_extensions (const IvlXmpPacket  *before,
                    const IvlXmpPacket  *after,
                    GError             **error)
{
  if (before != NULL && after != NULL)
    return compare_packets (before, after, error);
  return ((before == NULL || !ivl_xmp_packet_has_others (before))
          && (after == NULL || !ivl_xmp_packet_has_others (after)))
         || fail_comparison (error);
}

static gboolean
compare_copies (const IvlXmpFile  *self,
                const IvlXmpFile  *other,
                GError           **error)
{
  if (self->copies->len != other->copies->len)
    return fail_comparison (error);
  for (guint i = 0; i < self->copies->len; i++)
    if (!compare_packets (self->copies->pdata[i], other->copies->pdata[i], error))
      return FALSE;
  return TRUE;
}

gboolean
ivl_xmp_file_compare (const IvlXmpFile  *self,
                      const guint8      *data,
                      const IvlXmpFile  *other,
                      const guint8      *other_data,
                      GError           **error)
{
  if (self->format != other->format
      || !ivl_xmp_place_is_same (&self->place, data, &other->place, other_data))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "its picture and its other parts do not stay as they are");
      return FALSE;
    }
  return compare_packets (self->packet, other->packet, error)
         && compare_extensions (self->extension, other->extension, error)
         && compare_copies (self, other, error);
}

const char *
ivl_xmp_file_format_to_string (IvlXmpFileFormat format)
{
  static const char *const names[] = {
    [IVL_XMP_FILE_JPEG] = "JPEG",
    [IVL_XMP_FILE_PNG] = "PNG",
    [IVL_XMP_FILE_TIFF] = "TIFF",
    [IVL_XMP_FILE_WEBP] = "WebP",
  };

  return names[format];
}
