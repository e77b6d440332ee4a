/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one reader of TIFF directories: pictures, EXIF data and XMP packets in TIFF files are found
 * by it, so that all of them, and libtiff behind them, read the same file in the same way. */
#include "util/ivl-tiff-directory.h"

#include <libivl/ivl-error.h>

enum
{
  MAGIC_CLASSIC = 42,
  MAGIC_BIG = 43,
  N_TAGS = G_MAXUINT16 + 1,
};

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: %s", why);
  return FALSE;
}

static gboolean
fail_tag (GError     **error,
          guint        tag,
          const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: tag %u %s", tag, why);
  return FALSE;
}

static gboolean
is_inside (const IvlTiff *self,
           guint64        offset,
           guint64        size)
{
  return offset <= self->size && size <= self->size - offset;
}

guint
ivl_tiff_get16 (const IvlTiff *self,
                guint64        offset)
{
  const guint8 *p;

  if (!is_inside (self, offset, 2))
    return 0;
  p = self->data + offset;
  return self->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0];
}

guint32
ivl_tiff_get32 (const IvlTiff *self,
                guint64        offset)
{
  const guint32 first = ivl_tiff_get16 (self, offset);
  const guint32 second = ivl_tiff_get16 (self, offset + 2);

  if (!is_inside (self, offset, 4))
    return 0;
  return self->big_endian ? first << 16 | second : second << 16 | first;
}

void
ivl_tiff_put16 (const IvlTiff *self,
                guint8        *p,
                guint          value)
{
  p[self->big_endian ? 0 : 1] = value >> 8;
  p[self->big_endian ? 1 : 0] = value;
}

void
ivl_tiff_put32 (const IvlTiff *self,
                guint8        *p,
                guint32        value)
{
  ivl_tiff_put16 (self, p, self->big_endian ? value >> 16 : value & 0xffff);
  ivl_tiff_put16 (self, p + 2, self->big_endian ? value & 0xffff : value >> 16);
}

gboolean
ivl_tiff_init (IvlTiff       *self,
               const guint8  *data,
               gsize          size,
               GError       **error)
{
  *self = (IvlTiff) { .data = data, .size = size };
  if (size < IVL_TIFF_HEADER_SIZE || data[0] != data[1] || (data[0] != 'M' && data[0] != 'I'))
    return fail (error, "it does not begin as one");
  self->big_endian = data[0] == 'M';
  if (ivl_tiff_get16 (self, 2) == MAGIC_BIG)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "it is a BigTIFF file; only classic TIFF files, of up to 4 GB, are read here: "
                   "save it as one of these");
      return FALSE;
    }
  if (ivl_tiff_get16 (self, 2) != MAGIC_CLASSIC)
    return fail (error, "it does not begin as one");
  self->first = ivl_tiff_get32 (self, 4);
  return TRUE;
}

gboolean
ivl_tiff_read_directory (const IvlTiff     *self,
                         guint32            offset,
                         IvlTiffDirectory  *directory,
                         GError           **error)
{
  const guint n = ivl_tiff_get16 (self, offset);
  const guint64 entries = (guint64) offset + 2;
  const guint64 size = (guint64) n * IVL_TIFF_ENTRY_SIZE;

  if (offset < IVL_TIFF_HEADER_SIZE || !is_inside (self, offset, 2))
    return fail (error, "a directory is outside of it");
  if (!is_inside (self, entries, size))
    return fail (error, "a directory reaches over its end");
  *directory = (IvlTiffDirectory) { *self, offset, n, ivl_tiff_get32 (self, entries + size) };
  return TRUE;
}

gboolean
ivl_tiff_directory_check_tags (const IvlTiffDirectory  *self,
                               GError                 **error)
{
  guint64 at = (guint64) self->offset + 2;
  guint8 seen[N_TAGS / 8] = { 0 };

  for (guint i = 0; i < self->n_entries; i++, at += IVL_TIFF_ENTRY_SIZE)
    {
      const guint tag = ivl_tiff_get16 (&self->tiff, at);

      if (seen[tag / 8] & 1 << tag % 8)
        return fail_tag (error, tag, "is there twice");
      seen[tag / 8] |= 1 << tag % 8;
    }
  return TRUE;
}

gboolean
ivl_tiff_directory_get_entry (const IvlTiffDirectory  *self,
                              guint                    i,
                              IvlTiffEntry            *entry,
                              GError                 **error)
{
  static const guint8 sizes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4 };
  const IvlTiff *tiff = &self->tiff;
  const guint64 at = (guint64) self->offset + 2 + (guint64) i * IVL_TIFF_ENTRY_SIZE;

  g_return_val_if_fail (i < self->n_entries, FALSE);

  entry->tag = ivl_tiff_get16 (tiff, at);
  entry->type = ivl_tiff_get16 (tiff, at + 2);
  entry->count = ivl_tiff_get32 (tiff, at + 4);
  entry->at = at;
  entry->size = entry->type < sizeof sizes ? (guint64) sizes[entry->type] * entry->count : 0;
  entry->offset = entry->size <= 4 ? at + 8 : ivl_tiff_get32 (tiff, at + 8);
  return is_inside (tiff, entry->offset, entry->size)
         || fail_tag (error, entry->tag, "has a value that reaches over its end");
}

gboolean
ivl_tiff_directory_find (const IvlTiffDirectory  *self,
                         guint                    tag,
                         IvlTiffEntry            *entry,
                         GError                 **error)
{
  guint64 at = (guint64) self->offset + 2;
  guint found = self->n_entries;

  for (guint i = 0; i < self->n_entries; i++, at += IVL_TIFF_ENTRY_SIZE)
    {
      if (ivl_tiff_get16 (&self->tiff, at) != tag)
        continue;
      if (found < self->n_entries)
        return fail_tag (error, tag, "is there twice");
      found = i;
    }
  return found < self->n_entries && ivl_tiff_directory_get_entry (self, found, entry, error);
}

gboolean
ivl_tiff_directory_get_number (const IvlTiffDirectory  *self,
                               guint                    tag,
                               guint32                 *value,
                               GError                 **error)
{
  g_autoptr (GError) cause = NULL;
  IvlTiffEntry entry;

  if (!ivl_tiff_directory_find (self, tag, &entry, &cause))
    {
      if (cause == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (entry.type != IVL_TIFF_TYPE_SHORT && entry.type != IVL_TIFF_TYPE_LONG)
    return fail_tag (error, tag, "has a type other than SHORT and LONG");
  if (entry.count != 1)
    return fail_tag (error, tag, "does not have one value");
  *value = ivl_tiff_entry_get (&entry, &self->tiff, 0);
  return TRUE;
}

gboolean
ivl_tiff_entry_is_number (const IvlTiffEntry *self)
{
  return self->type == IVL_TIFF_TYPE_BYTE || self->type == IVL_TIFF_TYPE_SHORT
         || self->type == IVL_TIFF_TYPE_LONG || self->type == IVL_TIFF_TYPE_IFD;
}

guint32
ivl_tiff_entry_get (const IvlTiffEntry *self,
                    const IvlTiff      *tiff,
                    guint32             i)
{
  g_return_val_if_fail (i < self->count && ivl_tiff_entry_is_number (self), 0);

  if (self->type == IVL_TIFF_TYPE_BYTE)
    return tiff->data[self->offset + i];
  if (self->type == IVL_TIFF_TYPE_SHORT)
    return ivl_tiff_get16 (tiff, self->offset + (guint64) i * 2);
  return ivl_tiff_get32 (tiff, self->offset + (guint64) i * 4);
}

gboolean
ivl_tiff_walk_init (IvlTiffWalk    *walk,
                    const IvlTiff  *tiff,
                    GError        **error)
{
  *walk = (IvlTiffWalk) { .tiff = *tiff };
  walk->queue = g_array_new (FALSE, FALSE, sizeof (guint32));
  walk->seen = g_hash_table_new (NULL, NULL);
  return ivl_tiff_walk_add (walk, tiff->first, error);
}

void
ivl_tiff_walk_clear (IvlTiffWalk *walk)
{
  g_clear_pointer (&walk->queue, g_array_unref);
  g_clear_pointer (&walk->seen, g_hash_table_unref);
}

gboolean
ivl_tiff_walk_add (IvlTiffWalk  *walk,
                   guint32       offset,
                   GError      **error)
{
  if (!g_hash_table_add (walk->seen, GUINT_TO_POINTER (offset)))
    return fail (error, "its directories go in a circle");
  if (walk->queue->len >= IVL_TIFF_MAX_DIRECTORIES)
    return fail (error, "too many directories");
  g_array_append_val (walk->queue, offset);
  return TRUE;
}

gboolean
ivl_tiff_walk_next (IvlTiffWalk       *walk,
                    IvlTiffDirectory  *directory,
                    GError           **error)
{
  if (walk->n_done == walk->queue->len)
    return FALSE;
  if (!ivl_tiff_read_directory (&walk->tiff, g_array_index (walk->queue, guint32, walk->n_done),
                                directory, error))
    return FALSE;
  walk->n_done++;
  walk->n_entries += directory->n_entries;
  if (walk->n_entries > IVL_TIFF_MAX_ENTRIES)
    return fail (error, "too many entries");
  return directory->next == 0 || ivl_tiff_walk_add (walk, directory->next, error);
}
