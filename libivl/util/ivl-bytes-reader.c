/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bounds-checked little-endian reads from bytes that somebody else made.
 */
#include "util/ivl-bytes-reader.h"

#include <string.h>

void
ivl_bytes_reader_init (IvlBytesReader *self,
                       const guint8   *data,
                       gsize           size)
{
  self->data = data;
  self->size = size;
  self->offset = 0;
}

gsize
ivl_bytes_reader_get_remaining (const IvlBytesReader *self)
{
  return self->size - self->offset;
}

gboolean
ivl_bytes_reader_read_bytes (IvlBytesReader  *self,
                             guint64          n,
                             const guint8   **bytes)
{
  /* offset <= size always holds, so the difference cannot wrap, while offset + n could. */
  if (n > self->size - self->offset)
    return FALSE;
  *bytes = self->data + self->offset;
  self->offset += n;
  return TRUE;
}

gboolean
ivl_bytes_reader_skip (IvlBytesReader *self,
                       guint64         n)
{
  const guint8 *bytes;

  return ivl_bytes_reader_read_bytes (self, n, &bytes);
}

gboolean
ivl_bytes_reader_read_u8 (IvlBytesReader *self,
                          guint8         *value)
{
  const guint8 *bytes;

  if (!ivl_bytes_reader_read_bytes (self, 1, &bytes))
    return FALSE;
  *value = bytes[0];
  return TRUE;
}

gboolean
ivl_bytes_reader_read_u16 (IvlBytesReader *self,
                           guint16        *value)
{
  const guint8 *bytes;
  guint16 raw;

  if (!ivl_bytes_reader_read_bytes (self, sizeof raw, &bytes))
    return FALSE;
  memcpy (&raw, bytes, sizeof raw);
  *value = GUINT16_FROM_LE (raw);
  return TRUE;
}

gboolean
ivl_bytes_reader_read_u32 (IvlBytesReader *self,
                           guint32        *value)
{
  const guint8 *bytes;
  guint32 raw;

  if (!ivl_bytes_reader_read_bytes (self, sizeof raw, &bytes))
    return FALSE;
  memcpy (&raw, bytes, sizeof raw);
  *value = GUINT32_FROM_LE (raw);
  return TRUE;
}

gboolean
ivl_bytes_reader_read_u64 (IvlBytesReader *self,
                           guint64        *value)
{
  const guint8 *bytes;
  guint64 raw;

  if (!ivl_bytes_reader_read_bytes (self, sizeof raw, &bytes))
    return FALSE;
  memcpy (&raw, bytes, sizeof raw);
  *value = GUINT64_FROM_LE (raw);
  return TRUE;
}

gboolean
ivl_bytes_reader_read_varint (IvlBytesReader *self,
                              guint64        *value)
{
  guint64 result = 0;
  gsize offset = self->offset;

  for (guint shift = 0; shift < 64 && offset < self->size; shift += 7)
    {
      guint8 byte = self->data[offset++];

      /* The tenth byte holds bit 63 alone. */
      if (shift == 63 && byte > 1)
        return FALSE;
      result |= (guint64) (byte & 0x7f) << shift;
      if (byte < 0x80)
        {
          self->offset = offset;
          *value = result;
          return TRUE;
        }
    }
  return FALSE;
}
