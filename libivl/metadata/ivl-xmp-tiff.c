/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tag 700 of TIFF files (XMP part 3, 1.1.4). Everything keeps its place in the file, since other
 * things in it point there: a packet that grows goes to the end, and so does the first directory
 * when it gets its new entry.
 */
#include "metadata/ivl-xmp-tiff.h"

#include "metadata/ivl-xmp-packet.h"
#include "util/ivl-tiff-directory.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  TAG_MAKE = 271,
  TAG_PHOTOMETRIC = 262,
  TAG_STRIP_OFFSETS = 273,
  TAG_STRIP_SIZES = 279,
  TAG_TILE_OFFSETS = 324,
  TAG_TILE_SIZES = 325,
  TAG_SUB_DIRECTORIES = 330,
  TAG_XMP = 700,
  TAG_EXIF = 34665,
  TAG_GPS = 34853,
  TAG_INTEROP = 40965,
  TAG_DNG_VERSION = 50706,
  TYPE_SIGNED_BYTE = 6,
  PHOTOMETRIC_MOSAIC = 32803,
  PHOTOMETRIC_LINEAR = 34892,
  MAX_PARTS = 4 * 1024 * 1024, /* strips and tiles: a row of pixels each is allowed */
};

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: %s", why);
  return FALSE;
}

static gboolean
add_sub_directories (IvlTiffWalk         *walk,
                     const IvlTiffEntry  *entry,
                     GError             **error)
{
  if (!ivl_tiff_entry_is_number (entry))
    return TRUE;
  if (entry->count > IVL_TIFF_MAX_DIRECTORIES)
    return fail (error, "too many directories");
  for (guint32 i = 0; i < entry->count; i++)
    {
      const guint32 offset = ivl_tiff_entry_get (entry, &walk->tiff, i);

      if (offset != 0 && !ivl_tiff_walk_add (walk, offset, error))
        return FALSE;
    }
  return TRUE;
}

/* Strips or tiles. A directory without their sizes says nothing about where they end. */
static gboolean
keep_parts (const IvlTiff       *tiff,
            const IvlTiffEntry  *offsets,
            const IvlTiffEntry  *sizes,
            IvlXmpPlace         *place,
            guint64             *n_parts,
            GError             **error)
{
  if (offsets->count == 0 || sizes->count == 0)
    return TRUE;
  if (!ivl_tiff_entry_is_number (offsets) || !ivl_tiff_entry_is_number (sizes)
      || offsets->count != sizes->count)
    return fail (error, "the list of its strips is broken");
  *n_parts += offsets->count;
  if (*n_parts > MAX_PARTS)
    return fail (error, "too many strips");
  for (guint32 i = 0; i < offsets->count; i++)
    {
      const guint64 offset = ivl_tiff_entry_get (offsets, tiff, i);
      const guint64 size = ivl_tiff_entry_get (sizes, tiff, i);

      if (offset > tiff->size || size > tiff->size - offset)
        return fail (error, "it ends before its picture does");
      ivl_xmp_place_keep (place, offset, size);
    }
  return TRUE;
}

static gboolean
is_directory_tag (guint tag)
{
  return tag == TAG_SUB_DIRECTORIES || tag == TAG_EXIF || tag == TAG_GPS || tag == TAG_INTEROP;
}

/* BYTE or UNDEFINED as it should be, or what other programs write for a row of bytes */
static gboolean
is_packet_type (guint type)
{
  return type == IVL_TIFF_TYPE_BYTE || type == IVL_TIFF_TYPE_UNDEFINED
         || type == IVL_TIFF_TYPE_ASCII || type == TYPE_SIGNED_BYTE || type == IVL_TIFF_TYPE_LONG;
}

static gboolean
read_directory (IvlTiffWalk             *walk,
                const IvlTiffDirectory  *directory,
                gboolean                 is_first,
                IvlXmpPlace             *place,
                guint64                 *n_parts,
                GError                 **error)
{
  const guint64 end = (guint64) directory->offset + 2
                      + (guint64) directory->n_entries * IVL_TIFF_ENTRY_SIZE;
  IvlTiffEntry parts[4] = { 0 }; /* strip offsets and sizes, tile offsets and sizes */

  if (!ivl_tiff_directory_check_tags (directory, error))
    return FALSE;
  for (guint i = 0; i < directory->n_entries; i++)
    {
      IvlTiffEntry entry;

      if (!ivl_tiff_directory_get_entry (directory, i, &entry, error))
        return FALSE;
      if (is_first && entry.tag == TAG_XMP)
        {
          if (!is_packet_type (entry.type))
            return fail (error, "its XMP packet has a wrong type");
          if (!ivl_xmp_place_add_packet (place, walk->tiff.data + entry.offset, entry.size, error))
            return FALSE;
          continue;
        }
      ivl_xmp_place_keep (place, entry.at, IVL_TIFF_ENTRY_SIZE);
      if (entry.size > 4)
        ivl_xmp_place_keep (place, entry.offset, entry.size);
      if (is_directory_tag (entry.tag) && !add_sub_directories (walk, &entry, error))
        return FALSE;
      if (entry.tag == TAG_STRIP_OFFSETS || entry.tag == TAG_STRIP_SIZES)
        parts[entry.tag == TAG_STRIP_SIZES] = entry;
      else if (entry.tag == TAG_TILE_OFFSETS || entry.tag == TAG_TILE_SIZES)
        parts[2 + (entry.tag == TAG_TILE_SIZES)] = entry;
    }
  if (walk->tiff.size - end >= 4)
    ivl_xmp_place_keep (place, end, 4);
  return keep_parts (&walk->tiff, &parts[0], &parts[1], place, n_parts, error)
         && keep_parts (&walk->tiff, &parts[2], &parts[3], place, n_parts, error);
}

gboolean
ivl_xmp_tiff_scan (const guint8  *data,
                   gsize          size,
                   IvlXmpPlace   *place,
                   GError       **error)
{
  g_auto (IvlTiffWalk) walk = { 0 };
  g_autoptr (GError) local = NULL;
  IvlTiffDirectory directory;
  IvlTiff tiff;
  guint64 n_parts = 0;

  if (!ivl_tiff_init (&tiff, data, size, error) || !ivl_tiff_walk_init (&walk, &tiff, error))
    return FALSE;
  ivl_xmp_place_keep (place, 0, 4);
  while (ivl_tiff_walk_next (&walk, &directory, &local))
    {
      if (!read_directory (&walk, &directory, directory.offset == tiff.first, place, &n_parts,
                           error))
        return FALSE;
      /* Parts that lie over each other would be read and compared many times. */
      if (place->n_kept / 4 > size)
        return fail (error, "its parts lie over each other");
    }
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

/* --------------------------------------------------------------------------------- raw files */

/* The maker's name for the raw format of its cameras; (nullable) */
static const char *
find_maker_format (const IvlTiff          *tiff,
                   const IvlTiffDirectory *directory)
{
  static const char *const rows[][2] = {
    { "NIKON", "NEF" }, { "SONY", "ARW" },       { "PENTAX", "PEF" }, { "Canon", "CR2" },
    { "SAMSUNG", "SRW" }, { "EASTMAN", "DCR" }, { "Hasselblad", "3FR" }, { "Phase One", "IIQ" },
  };
  IvlTiffEntry make;

  if (!ivl_tiff_directory_find (directory, TAG_MAKE, &make, NULL))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const gsize n = strlen (rows[i][0]);

      if (make.size > n
          && g_ascii_strncasecmp ((const char *) tiff->data + make.offset, rows[i][0], n) == 0)
        return rows[i][1];
    }
  return NULL;
}

/* What a camera's sensor saw, in any directory */
static gboolean
is_raw_directory (const IvlTiff          *tiff,
                  const IvlTiffDirectory *directory)
{
  IvlTiffEntry entry;
  guint32 photometric;

  if (!ivl_tiff_directory_find (directory, TAG_PHOTOMETRIC, &entry, NULL)
      || !ivl_tiff_entry_is_number (&entry) || entry.count == 0)
    return FALSE;
  photometric = ivl_tiff_entry_get (&entry, tiff, 0);
  return photometric == PHOTOMETRIC_MOSAIC || photometric == PHOTOMETRIC_LINEAR;
}

/* Cameras' raw files begin as TIFF files. Their makers' notes point into them as they please, and
 * no program here could tell afterwards that the picture is still the same. */
static gboolean
check_no_raw (const guint8  *data,
              gsize          size,
              GError       **error)
{
  g_auto (IvlTiffWalk) walk = { 0 };
  IvlTiffDirectory directory;
  IvlTiff tiff;
  IvlTiffEntry entry;
  const char *format = NULL;
  gboolean is_raw;

  if (!ivl_tiff_init (&tiff, data, size, error) || !ivl_tiff_walk_init (&walk, &tiff, error))
    return FALSE;
  is_raw = size > 10 && memcmp (data + 8, "CR", 2) == 0;
  while (ivl_tiff_walk_next (&walk, &directory, NULL))
    {
      if (format == NULL && ivl_tiff_directory_find (&directory, TAG_DNG_VERSION, &entry, NULL))
        {
          format = "DNG";
          is_raw = TRUE;
        }
      if (format == NULL)
        format = find_maker_format (&tiff, &directory);
      is_raw = is_raw || is_raw_directory (&tiff, &directory);
      if (ivl_tiff_directory_find (&directory, TAG_SUB_DIRECTORIES, &entry, NULL)
          && !add_sub_directories (&walk, &entry, NULL))
        break;
    }
  if (!is_raw)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "it is a camera's raw file (%s), into which no texts are written here: write them "
               "into the JPEG or TIFF file that is made of it",
               format != NULL ? format : "of an unknown kind");
  return FALSE;
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
make_entry (const IvlTiff *self,
            guint32        count,
            guint64        offset)
{
  guint8 *entry = g_malloc (IVL_TIFF_ENTRY_SIZE);

  ivl_tiff_put16 (self, entry, TAG_XMP);
  ivl_tiff_put16 (self, entry + 2, IVL_TIFF_TYPE_BYTE);
  ivl_tiff_put32 (self, entry + 4, count);
  ivl_tiff_put32 (self, entry + 8, offset);
  return g_bytes_new_take (entry, IVL_TIFF_ENTRY_SIZE);
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
replace_packet (const IvlTiff       *self,
                GPtrArray           *pieces,
                GBytes              *file,
                const IvlTiffEntry  *old,
                GBytes              *packet,
                GError             **error)
{
  const gsize size = g_bytes_get_size (packet);
  const guint64 at = old->at;
  const gboolean fits = size <= old->size;
  const gboolean is_inline = old->size <= 4;
  const gboolean is_last = !is_inline && old->offset + old->size == self->size;
  const guint64 end = is_last && !fits ? old->offset : self->size;
  g_autoptr (GBytes) entry = NULL;
  g_autoptr (GBytes) room = make_room (is_last && !fits ? 0 : old->size, fits ? packet : NULL);
  Patch patches[2];
  guint n = 0;

  if (!is_inline && old->offset < at + IVL_TIFF_ENTRY_SIZE && at < old->offset + old->size)
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
add_packet (const IvlTiff           *self,
            const IvlTiffDirectory  *first,
            GPtrArray               *pieces,
            GBytes                  *file,
            GBytes                  *packet,
            GError                 **error)
{
  const guint64 entries = (guint64) first->offset + 2;
  const guint n = first->n_entries;
  const guint64 new_start = self->size + self->size % 2;
  const guint64 new_size = 2 + ((guint64) n + 1) * IVL_TIFF_ENTRY_SIZE + 4;
  guint8 number[4];
  g_autoptr (GBytes) offset = NULL;
  g_autoptr (GBytes) entry = make_entry (self, g_bytes_get_size (packet), new_start + new_size);
  Patch patch = { 4, NULL };
  guint before = 0;

  if (n == G_MAXUINT16)
    return fail (error, "its directory is full");
  while (before < n && ivl_tiff_get16 (self, entries + before * IVL_TIFF_ENTRY_SIZE) < TAG_XMP)
    before++;
  ivl_tiff_put32 (self, number, new_start);
  offset = g_bytes_new (number, 4);
  patch.bytes = offset;
  append_patched (pieces, file, &patch, 1, self->size);
  append_padding (pieces, self->size);
  ivl_tiff_put16 (self, number, n + 1);
  g_ptr_array_add (pieces, g_bytes_new (number, 2));
  ivl_xmp_place_append_part (pieces, file, entries, before * IVL_TIFF_ENTRY_SIZE);
  g_ptr_array_add (pieces, g_bytes_ref (entry));
  ivl_xmp_place_append_part (pieces, file, entries + before * IVL_TIFF_ENTRY_SIZE,
                             (n - before) * IVL_TIFF_ENTRY_SIZE);
  ivl_tiff_put32 (self, number, first->next);
  g_ptr_array_add (pieces, g_bytes_new (number, 4));
  g_ptr_array_add (pieces, g_bytes_ref (packet));
  return TRUE;
}

GPtrArray *
ivl_xmp_tiff_put (GBytes  *file,
                  GBytes  *packet,
                  GError **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GError) local = NULL;
  g_auto (IvlXmpPlace) place;
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  IvlTiffDirectory first;
  IvlTiffEntry old;
  IvlTiff tiff;
  gboolean done;

  ivl_xmp_place_init (&place);
  if (!ivl_xmp_tiff_scan (data, size, &place, error) || !check_no_raw (data, size, error)
      || !ivl_tiff_init (&tiff, data, size, error)
      || !ivl_tiff_read_directory (&tiff, tiff.first, &first, error))
    return NULL;
  if (size > G_MAXUINT32 - 2 * IVL_XMP_PACKET_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "a TIFF file cannot grow over 4 GB");
      return NULL;
    }
  if (ivl_tiff_directory_find (&first, TAG_XMP, &old, &local))
    done = replace_packet (&tiff, pieces, file, &old, packet, error);
  else if (local == NULL)
    done = add_packet (&tiff, &first, pieces, file, packet, error);
  else
    {
      g_propagate_error (error, g_steal_pointer (&local));
      done = FALSE;
    }
  return done ? g_steal_pointer (&pieces) : NULL;
}
