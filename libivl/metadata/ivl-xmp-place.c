/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The XMP packet of a picture file and all that must not change around it.
 */
#include "metadata/ivl-xmp-place.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>

void
ivl_xmp_place_init (IvlXmpPlace *self)
{
  *self = (IvlXmpPlace) { 0 };
  self->kept = g_array_new (FALSE, FALSE, sizeof (IvlXmpRange));
  self->copies = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

void
ivl_xmp_place_clear (IvlXmpPlace *self)
{
  g_clear_pointer (&self->packet, g_bytes_unref);
  g_clear_pointer (&self->extension, g_bytes_unref);
  g_clear_pointer (&self->kept, g_array_unref);
  g_clear_pointer (&self->copies, g_ptr_array_unref);
}

void
ivl_xmp_place_keep (IvlXmpPlace *self,
                    guint64      offset,
                    guint64      size)
{
  const IvlXmpRange range = { offset, size };
  IvlXmpRange *last = NULL;

  if (size == 0)
    return;
  self->n_kept += size;
  if (self->kept->len > 0)
    last = &g_array_index (self->kept, IvlXmpRange, self->kept->len - 1);
  if (last != NULL && last->offset + last->size == offset)
    last->size += size;
  else
    g_array_append_val (self->kept, range);
}

GBytes *
ivl_xmp_place_copy (const guint8  *data,
                    gsize          size,
                    GError       **error)
{
  guint8 *copy;

  if (size > IVL_XMP_PACKET_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "its XMP packet has %" G_GSIZE_FORMAT " bytes, more than the %d that are read",
                   size, IVL_XMP_PACKET_MAX_BYTES);
      return NULL;
    }
  copy = g_try_malloc (MAX (size, 1));
  if (copy == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
      return NULL;
    }
  if (size > 0)
    memcpy (copy, data, size);
  return g_bytes_new_take (copy, size);
}

gboolean
ivl_xmp_place_add_packet (IvlXmpPlace   *self,
                          const guint8  *data,
                          gsize          size,
                          GError       **error)
{
  self->n_packets++;
  if (self->packet == NULL)
    self->packet = ivl_xmp_place_copy (data, size, error);
  return self->packet != NULL;
}

gboolean
ivl_xmp_place_is_same (const IvlXmpPlace *self,
                       const guint8      *data,
                       const IvlXmpPlace *other,
                       const guint8      *other_data)
{
  IvlXmpRange a = { 0 };
  IvlXmpRange b = { 0 };
  guint n_a = 0;
  guint n_b = 0;

  if (self->n_kept != other->n_kept)
    return FALSE;
  for (;;)
    {
      guint64 n;

      if (a.size == 0 && n_a < self->kept->len)
        a = g_array_index (self->kept, IvlXmpRange, n_a++);
      if (b.size == 0 && n_b < other->kept->len)
        b = g_array_index (other->kept, IvlXmpRange, n_b++);
      n = MIN (a.size, b.size);
      if (n == 0)
        return a.size == b.size;
      if (memcmp (data + a.offset, other_data + b.offset, n) != 0)
        return FALSE;
      a = (IvlXmpRange) { a.offset + n, a.size - n };
      b = (IvlXmpRange) { b.offset + n, b.size - n };
    }
}

void
ivl_xmp_place_append_part (GPtrArray *pieces,
                           GBytes    *file,
                           guint64    offset,
                           guint64    size)
{
  if (size > 0)
    g_ptr_array_add (pieces, g_bytes_new_from_bytes (file, offset, size));
}
