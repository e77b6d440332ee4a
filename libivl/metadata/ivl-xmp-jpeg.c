/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * XMP segments of JPEG files (XMP part 3, 1.1.3). Picture data is never touched.
 */
#include "metadata/ivl-xmp-jpeg.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MARKER_TEM = 0x01,
  MARKER_RST0 = 0xd0,
  MARKER_EOI = 0xd9,
  MARKER_SOS = 0xda,
  MARKER_APP0 = 0xe0,
  MARKER_APP1 = 0xe1,
  MARKER_APP2 = 0xe2,
  MAX_SEGMENTS = 100000,
  SEGMENT_HEADER = 4,
  GUID_LENGTH = 32,
  EXTENSION_HEADER = 35 + GUID_LENGTH + 8, /* name, checksum, whole size, offset */
  EXTENSION_CHUNK = 65400,                 /* what fits with this header, as others cut it */
};

static const char packet_name[29] = "http://ns.adobe.com/xap/1.0/";
static const char extension_name[35] = "http://ns.adobe.com/xmp/extension/";

typedef enum
{
  SEGMENT_OTHER,
  SEGMENT_LEADING, /* JFIF, JFXX, Exif: readers look for them first */
  SEGMENT_PACKET,
  SEGMENT_EXTENSION,
  SEGMENT_MULTI_PICTURE, /* has offsets of pictures after this one, counted from itself */
} SegmentKind;

typedef struct
{
  gsize       offset; /* of the marker, with fill bytes before it */
  gsize       size;   /* all of it */
  gsize       body;   /* offset of what follows the length */
  SegmentKind kind;
} Segment;

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged JPEG file: %s", why);
  return FALSE;
}

static gboolean
starts_with (const guint8 *data,
             gsize         size,
             const char   *start,
             gsize         n)
{
  return size >= n && memcmp (data, start, n) == 0;
}

static SegmentKind
get_kind (guint         marker,
          const guint8 *body,
          gsize         size)
{
  if (marker == MARKER_APP0 && (starts_with (body, size, "JFIF", 5)
                                || starts_with (body, size, "JFXX", 5)))
    return SEGMENT_LEADING;
  if (marker == MARKER_APP1 && starts_with (body, size, "Exif", 5))
    return SEGMENT_LEADING;
  if (marker == MARKER_APP1 && starts_with (body, size, packet_name, sizeof packet_name))
    return SEGMENT_PACKET;
  if (marker == MARKER_APP1 && size >= EXTENSION_HEADER
      && starts_with (body, size, extension_name, sizeof extension_name))
    return SEGMENT_EXTENSION;
  if (marker == MARKER_APP2 && starts_with (body, size, "MPF", 4))
    return SEGMENT_MULTI_PICTURE;
  return SEGMENT_OTHER;
}

/* Decoders skip bytes that belong to no segment. */
static gsize
skip_stray (const guint8 *data,
            gsize         size,
            gsize         offset)
{
  while (size - offset > 2 && (data[offset] != 0xff || data[offset + 1] == 0))
    offset++;
  return offset;
}

/* The segments before the first scan, stray bytes as segments of their own; *scan is where that
 * begins. */
static GArray *
list_segments (const guint8  *data,
               gsize          size,
               gsize         *scan,
               GError       **error)
{
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (Segment));
  gsize offset = 2;

  if (!starts_with (data, size, "\xff\xd8", 2))
    return fail (error, "it does not begin as one"), NULL;
  for (;;)
    {
      Segment segment = { .offset = offset };
      guint marker;
      gsize length;

      if (list->len >= MAX_SEGMENTS)
        return fail (error, "too many segments"), NULL;
      offset = skip_stray (data, size, offset);
      if (offset > segment.offset)
        {
          segment.body = segment.offset;
          segment.size = offset - segment.offset;
          g_array_append_val (list, segment);
          continue;
        }
      while (size - offset > 2 && data[offset] == 0xff && data[offset + 1] == 0xff)
        offset++;
      if (size - offset < SEGMENT_HEADER || data[offset] != 0xff)
        return fail (error, "it ends or breaks off before its picture"), NULL;
      marker = data[offset + 1];
      if (marker == MARKER_SOS)
        {
          *scan = segment.offset;
          return g_steal_pointer (&list);
        }
      if (marker == MARKER_TEM || (marker >= MARKER_RST0 && marker <= MARKER_EOI) || marker == 0)
        return fail (error, "a marker stands where none may"), NULL;
      length = ivl_xmp_place_get_be16 (data + offset + 2);
      if (length < 2 || length > size - offset - 2)
        return fail (error, "a segment reaches over its end"), NULL;
      segment.body = offset + SEGMENT_HEADER;
      segment.kind = get_kind (marker, data + segment.body, length - 2);
      offset += 2 + length;
      segment.size = offset - segment.offset;
      g_array_append_val (list, segment);
    }
}

static gsize
get_body_size (const Segment *segment)
{
  return segment->offset + segment->size - segment->body;
}

static const char *
get_guid (const Segment *segment,
          const guint8  *data)
{
  return (const char *) data + segment->body + sizeof extension_name;
}

/* The name of the extension that goes with the first packet. A packet that cannot be read is
 * an error where it is read; here it has no extension. */
static char *
read_guid (const IvlXmpPlace *place)
{
  g_autoptr (IvlXmpPacket) packet = NULL;
  g_autofree char *guid = NULL;

  if (place->packet == NULL)
    return NULL;
  packet = ivl_xmp_packet_parse (g_bytes_get_data (place->packet, NULL),
                                 g_bytes_get_size (place->packet), NULL);
  if (packet == NULL)
    return NULL;
  guid = ivl_xmp_packet_get_extension (packet);
  return guid != NULL && strlen (guid) == GUID_LENGTH ? g_steal_pointer (&guid) : NULL;
}

static gboolean
is_extension_of (const Segment *segment,
                 const guint8  *data,
                 const char    *guid)
{
  return segment->kind == SEGMENT_EXTENSION && guid != NULL
         && memcmp (get_guid (segment, data), guid, GUID_LENGTH) == 0;
}

/* A part of the second packet */
typedef struct
{
  guint32       offset;
  gsize         size;
  const guint8 *data;
} Part;

static int
compare_parts (gconstpointer a,
               gconstpointer b)
{
  const Part *one = a;
  const Part *other = b;

  return one->offset < other->offset ? -1 : one->offset > other->offset;
}

/* The parts by their offsets, wherever they stand in the file; NULL if they do not make a whole. */
static GBytes *
join_parts (GArray *parts,
            guint32 whole)
{
  g_autoptr (GByteArray) joined = NULL;
  guint64 size = 0;

  g_array_sort (parts, compare_parts);
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);

      if (part->offset != size)
        return NULL;
      size += part->size;
    }
  if (size != whole || whole == 0 || whole > IVL_XMP_PACKET_MAX_BYTES)
    return NULL;
  joined = g_byte_array_sized_new (whole);
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = &g_array_index (parts, Part, i);

      g_byte_array_append (joined, part->data, part->size);
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&joined));
}

/* NULL: it cannot be read, or is not there. */
static GBytes *
read_extension (GArray       *segments,
                const guint8 *data,
                const char   *guid)
{
  g_autoptr (GArray) parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_autoptr (GBytes) extension = NULL;
  g_autoptr (IvlXmpPacket) packet = NULL;
  guint32 whole = 0;

  for (guint i = 0; i < segments->len; i++)
    {
      const Segment *segment = &g_array_index (segments, Segment, i);
      const guint8 *numbers = data + segment->body + sizeof extension_name + GUID_LENGTH;
      Part part;

      if (!is_extension_of (segment, data, guid))
        continue;
      if (parts->len == 0)
        whole = ivl_xmp_place_get_be32 (numbers);
      if (ivl_xmp_place_get_be32 (numbers) != whole)
        return NULL;
      part = (Part) { ivl_xmp_place_get_be32 (numbers + 4),
                      get_body_size (segment) - EXTENSION_HEADER,
                      data + segment->body + EXTENSION_HEADER };
      g_array_append_val (parts, part);
    }
  extension = join_parts (parts, whole);
  if (extension != NULL)
    packet = ivl_xmp_packet_parse (g_bytes_get_data (extension, NULL),
                                   g_bytes_get_size (extension), NULL);
  return packet != NULL ? g_steal_pointer (&extension) : NULL;
}

gboolean
ivl_xmp_jpeg_scan (const guint8  *data,
                   gsize          size,
                   IvlXmpPlace   *place,
                   GError       **error)
{
  g_autoptr (GArray) segments = NULL;
  g_autofree char *guid = NULL;
  gsize scan;

  segments = list_segments (data, size, &scan, error);
  if (segments == NULL)
    return FALSE;
  for (guint i = 0; i < segments->len; i++)
    {
      const Segment *segment = &g_array_index (segments, Segment, i);

      if (segment->kind == SEGMENT_PACKET
          && !ivl_xmp_place_add_packet (place, data + segment->body + sizeof packet_name,
                                        get_body_size (segment) - sizeof packet_name, error))
        return FALSE;
    }
  guid = read_guid (place);
  if (guid != NULL)
    place->extension = read_extension (segments, data, guid);
  place->has_broken_extension = guid != NULL && place->extension == NULL;
  ivl_xmp_place_keep (place, 0, 2);
  for (guint i = 0; i < segments->len; i++)
    {
      const Segment *segment = &g_array_index (segments, Segment, i);

      if (segment->kind != SEGMENT_PACKET
          && (place->extension == NULL || !is_extension_of (segment, data, guid)))
        ivl_xmp_place_keep (place, segment->offset, segment->size);
    }
  ivl_xmp_place_keep (place, scan, size - scan);
  return TRUE;
}

static void
append_segment (GPtrArray    *pieces,
                GByteArray   *head, /* taken: the header of what the segment is */
                const guint8 *data,
                gsize         size)
{
  const gsize length = 2 + head->len + size;
  const guint8 start[SEGMENT_HEADER] = { 0xff, MARKER_APP1, length >> 8, length & 0xff };

  g_byte_array_prepend (head, start, sizeof start);
  g_byte_array_append (head, data, size);
  g_ptr_array_add (pieces, g_byte_array_free_to_bytes (head));
}

static void
append_extension (GPtrArray  *pieces,
                  GBytes     *extension,
                  const char *guid)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (extension, &size);

  for (gsize offset = 0; offset < size; offset += EXTENSION_CHUNK)
    {
      GByteArray *head = g_byte_array_new ();
      guint8 numbers[8];

      ivl_xmp_place_put_be32 (numbers, size);
      ivl_xmp_place_put_be32 (numbers + 4, offset);
      g_byte_array_append (head, (const guint8 *) extension_name, sizeof extension_name);
      g_byte_array_append (head, (const guint8 *) guid, GUID_LENGTH);
      g_byte_array_append (head, numbers, sizeof numbers);
      append_segment (pieces, head, data + offset, MIN (size - offset, EXTENSION_CHUNK));
    }
}

/* Offsets in a multi-picture segment count from there: nothing behind it may change its size.
 * extension_goes: that of the old guid. extension_comes: another one, right behind the packet. */
static gboolean
check_multi_picture (GArray       *segments,
                     const guint8 *data,
                     GBytes       *packet,
                     gboolean      extension_goes,
                     gboolean      extension_comes,
                     const char   *guid,
                     GError      **error)
{
  gboolean seen = FALSE;

  for (guint i = 0; i < segments->len; i++)
    {
      const Segment *segment = &g_array_index (segments, Segment, i);
      gboolean changes = extension_goes && is_extension_of (segment, data, guid);

      if (segment->kind == SEGMENT_PACKET)
        changes = extension_goes || extension_comes
                  || get_body_size (segment) - sizeof packet_name != g_bytes_get_size (packet);
      seen = seen || segment->kind == SEGMENT_MULTI_PICTURE;
      if (seen && changes)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                       "it holds several pictures, and its XMP packet stands where it cannot "
                       "change its size without harm to them");
          return FALSE;
        }
    }
  return TRUE;
}

/* Before which segment the packet comes in a file that has none: behind those that readers look
 * for first. */
static guint
find_place (GArray *segments)
{
  guint i = 0;

  for (guint k = 0; k < segments->len; k++)
    if (g_array_index (segments, Segment, k).kind == SEGMENT_PACKET)
      return k;
  while (i < segments->len && g_array_index (segments, Segment, i).kind == SEGMENT_LEADING)
    i++;
  return i;
}

static void
append_packets (GPtrArray  *pieces,
                GBytes     *packet,
                GBytes     *extension,
                const char *guid)
{
  GByteArray *head = g_byte_array_new ();

  g_byte_array_append (head, (const guint8 *) packet_name, sizeof packet_name);
  append_segment (pieces, head, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
  if (extension != NULL)
    append_extension (pieces, extension, guid);
}

GPtrArray *
ivl_xmp_jpeg_put (GBytes      *file,
                  GBytes      *packet,
                  GBytes      *extension,
                  const char  *guid,
                  GError     **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_auto (IvlXmpPlace) place;
  g_autoptr (GArray) segments = NULL;
  g_autofree char *old_guid = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  gboolean extension_stays;
  gboolean extension_goes;
  gsize scan;
  guint at;

  ivl_xmp_place_init (&place);
  if (!ivl_xmp_jpeg_scan (data, size, &place, error))
    return NULL;
  segments = list_segments (data, size, &scan, error);
  if (segments == NULL)
    return NULL;
  old_guid = read_guid (&place);
  extension_stays = extension != NULL && place.extension != NULL
                    && g_strcmp0 (guid, old_guid) == 0
                    && g_bytes_equal (extension, place.extension);
  extension_goes = place.extension != NULL && !extension_stays;
  if (!check_multi_picture (segments, data, packet, extension_goes,
                            extension != NULL && !extension_stays, old_guid, error))
    return NULL;
  at = find_place (segments);
  ivl_xmp_place_append_part (pieces, file, 0, 2);
  for (guint i = 0; i <= segments->len; i++)
    {
      const Segment *segment = &g_array_index (segments, Segment, i);

      if (i == at)
        append_packets (pieces, packet, extension_stays ? NULL : extension, guid);
      if (i < segments->len && segment->kind != SEGMENT_PACKET
          && !(extension_goes && is_extension_of (segment, data, old_guid)))
        ivl_xmp_place_append_part (pieces, file, segment->offset, segment->size);
    }
  ivl_xmp_place_append_part (pieces, file, scan, size - scan);
  return g_steal_pointer (&pieces);
}
