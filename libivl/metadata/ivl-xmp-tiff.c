/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tag 700 of TIFF files (XMP part 3, 1.1.4). Everything keeps its place in the file, since other
 * things in it point there: a packet that grows goes to the end, and so does the first directory
 * when it gets its new entry.
 */
#include "metadata/ivl-xmp-tiff.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  TAG_STRIP_OFFSETS = 273,
  TAG_STRIP_SIZES = 279,
  TAG_TILE_OFFSETS = 324,
  TAG_TILE_SIZES = 325,
  TAG_SUB_DIRECTORIES = 330,
  TAG_XMP = 700,
  TAG_EXIF = 34665,
  TAG_GPS = 34853,
  TAG_INTEROP = 40965,
  TYPE_BYTE = 1,
  TYPE_SHORT = 3,
  TYPE_LONG = 4,
  TYPE_UNDEFINED = 7,
  TYPE_IFD = 13,
  HEADER_SIZE = 8,
  ENTRY_SIZE = 12,
  MAX_DIRECTORIES = 20000,
  MAX_ENTRIES = 1000000,
  MAX_PARTS = 16 * 1024 * 1024, /* strips and tiles: a row of pixels each is allowed */
};

typedef struct
{
  const guint8 *data;
  guint64       size;
  gboolean      big_endian;
  IvlXmpPlace  *place;
  GArray       *queue;     /* guint32: offsets of directories that were found */
  GHashTable   *seen;      /* offsets that are in queue or were */
  guint         n_entries; /* of all directories so far */
  guint64       n_parts;   /* strips and tiles so far */
} Tiff;

typedef struct
{
  guint   tag;
  guint   type;
  guint32 count;
  guint64 offset; /* of the values, wherever they are */
  guint64 size;   /* bytes of the values; 0 for a type that is not known */
} Entry;

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: %s", why);
  return FALSE;
}

static guint
get16 (const Tiff *self,
       guint64     offset)
{
  const guint8 *p = self->data + offset;

  return self->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

static guint32
get32 (const Tiff *self,
       guint64     offset)
{
  const guint32 first = get16 (self, offset);
  const guint32 second = get16 (self, offset + 2);

  return self->big_endian ? first << 16 | second : second << 16 | first;
}

static void
put16 (const Tiff *self,
       guint8     *p,
       guint       value)
{
  p[self->big_endian ? 0 : 1] = value >> 8;
  p[self->big_endian ? 1 : 0] = value;
}

static void
put32 (const Tiff *self,
       guint8     *p,
       guint32     value)
{
  put16 (self, p, self->big_endian ? value >> 16 : value & 0xffff);
  put16 (self, p + 2, self->big_endian ? value & 0xffff : value >> 16);
}

static gboolean
read_entry (const Tiff  *self,
            guint64      offset,
            Entry       *entry,
            GError     **error)
{
  static const guint8 sizes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };

  entry->tag = get16 (self, offset);
  entry->type = get16 (self, offset + 2);
  entry->count = get32 (self, offset + 4);
  entry->size = entry->type < sizeof sizes ? (guint64) sizes[entry->type] * entry->count : 0;
  entry->offset = entry->size <= 4 ? offset + 8 : get32 (self, offset + 8);
  if (entry->offset > self->size || entry->size > self->size - entry->offset)
    return fail (error, "a value reaches over its end");
  return TRUE;
}

/* Value i of an entry of SHORT or LONG. */
static guint32
get_value (const Tiff  *self,
           const Entry *entry,
           guint32      i)
{
  if (entry->type == TYPE_SHORT)
    return get16 (self, entry->offset + (guint64) i * 2);
  return get32 (self, entry->offset + (guint64) i * 4);
}

static gboolean
is_number (const Entry *entry)
{
  return entry->type == TYPE_SHORT || entry->type == TYPE_LONG || entry->type == TYPE_IFD;
}

static gboolean
add_directory (Tiff     *self,
               guint32   offset,
               GError  **error)
{
  if (offset < HEADER_SIZE || offset > self->size || self->size - offset < 2)
    return fail (error, "a directory is outside of it");
  if (!g_hash_table_add (self->seen, GUINT_TO_POINTER (offset)))
    return fail (error, "its directories go in a circle");
  if (self->queue->len >= MAX_DIRECTORIES)
    return fail (error, "too many directories");
  g_array_append_val (self->queue, offset);
  return TRUE;
}

static gboolean
add_sub_directories (Tiff         *self,
                     const Entry  *entry,
                     GError      **error)
{
  if (!is_number (entry))
    return TRUE;
  for (guint32 i = 0; i < entry->count; i++)
    if (get_value (self, entry, i) != 0 && !add_directory (self, get_value (self, entry, i), error))
      return FALSE;
  return TRUE;
}

/* Strips or tiles. A directory without their sizes says nothing about where they end. */
static gboolean
keep_parts (Tiff         *self,
            const Entry  *offsets,
            const Entry  *sizes,
            GError      **error)
{
  if (offsets->count == 0 || sizes->count == 0)
    return TRUE;
  if (!is_number (offsets) || !is_number (sizes) || offsets->count != sizes->count)
    return fail (error, "the list of its strips is broken");
  self->n_parts += offsets->count;
  if (self->n_parts > MAX_PARTS)
    return fail (error, "too many strips");
  for (guint32 i = 0; i < offsets->count; i++)
    {
      const guint64 offset = get_value (self, offsets, i);
      const guint64 size = get_value (self, sizes, i);

      if (offset > self->size || size > self->size - offset)
        return fail (error, "it ends before its picture does");
      ivl_xmp_place_keep (self->place, offset, size);
    }
  return TRUE;
}

static gboolean
is_directory_tag (guint tag)
{
  return tag == TAG_SUB_DIRECTORIES || tag == TAG_EXIF || tag == TAG_GPS || tag == TAG_INTEROP;
}

static gboolean
read_directory (Tiff     *self,
                guint32   start,
                gboolean  is_first,
                GError  **error)
{
  const guint n = get16 (self, start);
  Entry parts[4] = { 0 }; /* strip offsets and sizes, tile offsets and sizes */
  guint64 end = (guint64) start + 2 + (guint64) n * ENTRY_SIZE;

  self->n_entries += n;
  if (self->n_entries > MAX_ENTRIES)
    return fail (error, "too many entries");
  if (end > self->size || self->size - end < 4)
    return fail (error, "a directory reaches over its end");
  for (guint64 at = start + 2; at < end; at += ENTRY_SIZE)
    {
      Entry entry;

      if (!read_entry (self, at, &entry, error))
        return FALSE;
      if (is_first && entry.tag == TAG_XMP)
        {
          if (entry.type != TYPE_BYTE && entry.type != TYPE_UNDEFINED)
            return fail (error, "its XMP packet has a wrong type");
          ivl_xmp_place_add_packet (self->place, self->data + entry.offset, entry.size);
          continue;
        }
      ivl_xmp_place_keep (self->place, at, ENTRY_SIZE);
      if (entry.size > 4)
        ivl_xmp_place_keep (self->place, entry.offset, entry.size);
      if (is_directory_tag (entry.tag) && !add_sub_directories (self, &entry, error))
        return FALSE;
      if (entry.tag == TAG_STRIP_OFFSETS || entry.tag == TAG_STRIP_SIZES)
        parts[entry.tag == TAG_STRIP_SIZES] = entry;
      else if (entry.tag == TAG_TILE_OFFSETS || entry.tag == TAG_TILE_SIZES)
        parts[2 + (entry.tag == TAG_TILE_SIZES)] = entry;
    }
  ivl_xmp_place_keep (self->place, end, 4);
  return keep_parts (self, &parts[0], &parts[1], error)
         && keep_parts (self, &parts[2], &parts[3], error)
         && (get32 (self, end) == 0 || add_directory (self, get32 (self, end), error));
}

static gboolean
read_header (Tiff          *self,
             const guint8  *data,
             gsize          size,
             GError       **error)
{
  self->data = data;
  self->size = size;
  self->big_endian = size > 0 && data[0] == 'M';
  if (size < HEADER_SIZE || data[0] != data[1] || (data[0] != 'M' && data[0] != 'I'))
    return fail (error, "it does not begin as one");
  if (get16 (self, 2) == 43)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "it is a BigTIFF file; only classic TIFF files, of up to 4 GB, carry texts "
                   "here");
      return FALSE;
    }
  return get16 (self, 2) == 42 || fail (error, "it does not begin as one");
}

gboolean
ivl_xmp_tiff_scan (const guint8  *data,
                   gsize          size,
                   IvlXmpPlace   *place,
                   GError       **error)
{
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  Tiff self = { .place = place, .queue = queue, .seen = seen };

  if (!read_header (&self, data, size, error) || !add_directory (&self, get32 (&self, 4), error))
    return FALSE;
  ivl_xmp_place_keep (place, 0, 4);
  for (guint i = 0; i < queue->len; i++)
    if (!read_directory (&self, g_array_index (queue, guint32, i), i == 0, error))
      return FALSE;
  /* Parts that lie over each other would be compared many times. */
  return place->n_kept / 4 <= size || fail (error, "its parts lie over each other");
}

/* Replaces a few bytes of the old file by as many others. */
typedef struct
{
  guint64 offset;
  GBytes *bytes;
} Patch;

static void
append_patched (GPtrArray   *pieces,
                GBytes      *file,
                const Patch *patches,
                guint        n,
                guint64      end)
{
  guint64 offset = 0;

  for (guint i = 0; i < n; i++)
    {
      ivl_xmp_place_append_part (pieces, file, offset, patches[i].offset - offset);
      g_ptr_array_add (pieces, g_bytes_ref (patches[i].bytes));
      offset = patches[i].offset + g_bytes_get_size (patches[i].bytes);
    }
  ivl_xmp_place_append_part (pieces, file, offset, end - offset);
}

/* Values begin at even offsets. */
static guint64
append_padding (GPtrArray *pieces,
                guint64    end)
{
  if (end % 2 != 0)
    g_ptr_array_add (pieces, g_bytes_new_static ("", 1));
  return end + end % 2;
}

static GBytes *
make_entry (const Tiff *self,
            guint32     count,
            guint64     offset)
{
  guint8 *entry = g_malloc (ENTRY_SIZE);

  put16 (self, entry, TAG_XMP);
  put16 (self, entry + 2, TYPE_BYTE);
  put32 (self, entry + 4, count);
  put32 (self, entry + 8, offset);
  return g_bytes_new_take (entry, ENTRY_SIZE);
}

/* size bytes of spaces, which a packet may end with, or begin with one that is given. */
static GBytes *
make_room (gsize   size,
           GBytes *packet)
{
  guint8 *room = g_malloc (MAX (size, 1));

  memset (room, ' ', size);
  if (packet != NULL)
    memcpy (room, g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));
  return g_bytes_new_take (room, size);
}

/* The old packet's room is used again if the new one fits. If not, its text is wiped out: nobody
 * finds it there again, except those who must not. */
static gboolean
replace_packet (const Tiff  *self,
                GPtrArray   *pieces,
                GBytes      *file,
                guint64      at,
                const Entry *old,
                GBytes      *packet,
                GError     **error)
{
  const gsize size = g_bytes_get_size (packet);
  const gboolean fits = size <= old->size;
  const gboolean is_inline = old->size <= 4;
  const gboolean is_last = !is_inline && old->offset + old->size == self->size;
  const guint64 end = is_last && !fits ? old->offset : self->size;
  g_autoptr (GBytes) entry = NULL;
  g_autoptr (GBytes) room = make_room (is_last && !fits ? 0 : old->size, fits ? packet : NULL);
  Patch patches[2];
  guint n = 0;

  if (!is_inline && old->offset < at + ENTRY_SIZE && at < old->offset + old->size)
    return fail (error, "its XMP packet lies over a directory");
  if (fits)
    {
      patches[0] = (Patch) { old->offset, room };
      append_patched (pieces, file, patches, 1, end);
      return TRUE;
    }
  entry = make_entry (self, size, end + end % 2);
  patches[n++] = (Patch) { at, entry };
  if (!is_inline && !is_last)
    {
      const Patch wiped = { old->offset, room };

      patches[n++] = wiped;
      if (wiped.offset < at)
        {
          patches[1] = patches[0];
          patches[0] = wiped;
        }
    }
  append_patched (pieces, file, patches, n, end);
  append_padding (pieces, end);
  g_ptr_array_add (pieces, g_bytes_ref (packet));
  return TRUE;
}

/* The first directory again, with one entry more, and the packet behind it. */
static gboolean
add_packet (const Tiff  *self,
            GPtrArray   *pieces,
            GBytes      *file,
            GBytes      *packet,
            GError     **error)
{
  const guint64 start = get32 (self, 4);
  const guint n = get16 (self, start);
  const guint64 new_start = self->size + self->size % 2;
  const guint64 new_size = 2 + ((guint64) n + 1) * ENTRY_SIZE + 4;
  guint8 number[4];
  g_autoptr (GBytes) offset = NULL;
  g_autoptr (GBytes) entry = make_entry (self, g_bytes_get_size (packet), new_start + new_size);
  Patch patch = { 4, NULL };
  guint before = 0;

  if (n == G_MAXUINT16)
    return fail (error, "its directory is full");
  while (before < n && get16 (self, start + 2 + before * ENTRY_SIZE) < TAG_XMP)
    before++;
  put32 (self, number, new_start);
  offset = g_bytes_new (number, 4);
  patch.bytes = offset;
  append_patched (pieces, file, &patch, 1, self->size);
  append_padding (pieces, self->size);
  put16 (self, number, n + 1);
  g_ptr_array_add (pieces, g_bytes_new (number, 2));
  ivl_xmp_place_append_part (pieces, file, start + 2, before * ENTRY_SIZE);
  g_ptr_array_add (pieces, g_bytes_ref (entry));
  ivl_xmp_place_append_part (pieces, file, start + 2 + before * ENTRY_SIZE,
                             (n - before) * ENTRY_SIZE + 4);
  g_ptr_array_add (pieces, g_bytes_ref (packet));
  return TRUE;
}

GPtrArray *
ivl_xmp_tiff_put (GBytes  *file,
                  GBytes  *packet,
                  GError **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_auto (IvlXmpPlace) place;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  Tiff self = { 0 };
  guint64 start;

  ivl_xmp_place_init (&place);
  if (!ivl_xmp_tiff_scan (data, size, &place, error) || !read_header (&self, data, size, error))
    return NULL;
  if (size > G_MAXUINT32 - 2 * IVL_XMP_PACKET_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "a TIFF file cannot grow over 4 GB");
      return NULL;
    }
  start = get32 (&self, 4);
  for (guint i = 0; i < get16 (&self, start); i++)
    {
      const guint64 at = start + 2 + i * ENTRY_SIZE;
      Entry old;

      if (!read_entry (&self, at, &old, error))
        return NULL;
      if (old.tag != TAG_XMP)
        continue;
      return replace_packet (&self, pieces, file, at, &old, packet, error)
                 ? g_steal_pointer (&pieces)
                 : NULL;
    }
  return add_packet (&self, pieces, file, packet, error) ? g_steal_pointer (&pieces) : NULL;
}
