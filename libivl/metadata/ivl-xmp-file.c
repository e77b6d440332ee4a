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
    return ivl_xmp_packet_new (error);
  return ivl_xmp_packet_parse (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet), error);
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
      || !scan[file.format](data, size, &file.place, error))
    return FALSE;
  file.packet = parse (file.place.packet, error);
  if (file.packet == NULL)
    return FALSE;
  if (file.place.extension != NULL)
    {
      file.extension = parse (file.place.extension, error);
      if (file.extension == NULL)
        return FALSE;
    }
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
}

char *
ivl_xmp_file_get_text (const IvlXmpFile  *self,
                       IvlXmpText         which,
                       char             **language)
{
  char *text = ivl_xmp_packet_get_text (self->packet, which, language);

  if (text == NULL && self->extension != NULL)
    text = ivl_xmp_packet_get_text (self->extension, which, language);
  return text;
}

gboolean
ivl_xmp_file_set_text (IvlXmpFile  *self,
                       IvlXmpText   which,
                       const char  *text,
                       const char  *language,
                       GError     **error)
{
  g_autofree char *here = ivl_xmp_packet_get_text (self->packet, which, NULL);

  /* Other languages of it may be there. */
  if (here == NULL && self->extension != NULL
      && !ivl_xmp_packet_move_text (self->extension, which, self->packet, error))
    return FALSE;
  if (here != NULL && self->extension != NULL
      && !ivl_xmp_packet_set_text (self->extension, which, "", NULL, error))
    return FALSE;
  return ivl_xmp_packet_set_text (self->packet, which, text, language, error);
}

/* A second packet that lost its last text goes away. */
static gboolean
drop_empty_extension (IvlXmpFile  *self,
                      GError     **error)
{
  g_autoptr (IvlXmpPacket) none = NULL;
  g_autoptr (GBytes) empty = NULL;
  g_autoptr (GBytes) extension = NULL;

  if (self->extension == NULL)
    return TRUE;
  none = ivl_xmp_packet_new (error);
  if (none == NULL)
    return FALSE;
  empty = ivl_xmp_packet_serialize (none, TRUE, error);
  extension = empty != NULL ? ivl_xmp_packet_serialize (self->extension, TRUE, error) : NULL;
  if (extension == NULL)
    return FALSE;
  if (g_bytes_equal (extension, empty))
    g_clear_pointer (&self->extension, ivl_xmp_packet_free);
  return TRUE;
}

/* The packets for a JPEG file: the longest text that need not be found at once goes first into the
 * second packet when the first is full. */
static gboolean
split (IvlXmpFile  *self,
       GBytes     **packet,
       GBytes     **extension,
       char       **guid,
       GError     **error)
{
  static const IvlXmpText order[] = { IVL_XMP_TEXT_LONG, IVL_XMP_TEXT_CAPTION, IVL_XMP_TEXT_ALT };

  for (guint n_moved = 0;; n_moved++)
    {
      g_clear_pointer (packet, g_bytes_unref);
      g_clear_pointer (extension, g_bytes_unref);
      g_clear_pointer (guid, g_free);
      if (self->extension != NULL)
        {
          *extension = ivl_xmp_packet_serialize (self->extension, TRUE, error);
          if (*extension == NULL)
            return FALSE;
          *guid = g_compute_checksum_for_bytes (G_CHECKSUM_MD5, *extension);
          for (char *p = *guid; *p != '\0'; p++)
            *p = g_ascii_toupper (*p);
        }
      if (!ivl_xmp_packet_set_extension (self->packet, *guid, error))
        return FALSE;
      *packet = ivl_xmp_packet_serialize (self->packet, FALSE, error);
      if (*packet == NULL)
        return FALSE;
      if (g_bytes_get_size (*packet) <= IVL_XMP_JPEG_MAX_PACKET)
        return TRUE;
      if (n_moved == G_N_ELEMENTS (order))
        break;
      if (self->extension == NULL)
        self->extension = ivl_xmp_packet_new (error);
      if (self->extension == NULL
          || !ivl_xmp_packet_move_text (self->packet, order[n_moved], self->extension, error))
        return FALSE;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "the XMP packet would have %" G_GSIZE_FORMAT " bytes, more than the %u that fit a "
               "JPEG file",
               g_bytes_get_size (*packet), IVL_XMP_JPEG_MAX_PACKET);
  return FALSE;
}

static GPtrArray *
put_jpeg (IvlXmpFile  *self,
          GBytes      *file,
          GError     **error)
{
  g_autoptr (GBytes) packet = NULL;
  g_autoptr (GBytes) extension = NULL;
  g_autofree char *guid = NULL;

  if (!drop_empty_extension (self, error) || !split (self, &packet, &extension, &guid, error))
    return NULL;
  return ivl_xmp_jpeg_put (file, packet, extension, guid, error);
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
  packet = ivl_xmp_packet_serialize (self->packet, FALSE, error);
  if (packet == NULL)
    return NULL;
  if (self->format == IVL_XMP_FILE_PNG)
    return ivl_xmp_png_put (file, packet, error);
  if (self->format == IVL_XMP_FILE_TIFF)
    return ivl_xmp_tiff_put (file, packet, error);
  return ivl_xmp_webp_put (file, packet, error);
}

/* (transfer full): NULL with error set */
static char *
dump_rest (IvlXmpPacket  *packet,
           GError       **error)
{
  g_autoptr (IvlXmpPacket) empty = NULL;

  if (packet != NULL)
    return ivl_xmp_packet_dump_rest (packet, error);
  empty = ivl_xmp_packet_new (error);
  return empty != NULL ? ivl_xmp_packet_dump_rest (empty, error) : NULL;
}

static gboolean
compare_packets (IvlXmpPacket  *a,
                 IvlXmpPacket  *b,
                 GError       **error)
{
  g_autofree char *rest_a = dump_rest (a, error);
  g_autofree char *rest_b = rest_a != NULL ? dump_rest (b, error) : NULL;

  if (rest_a == NULL || rest_b == NULL)
    return FALSE;
  if (strcmp (rest_a, rest_b) == 0)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "its other XMP properties do not stay as they are");
  return FALSE;
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
         && compare_packets (self->extension, other->extension, error);
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
