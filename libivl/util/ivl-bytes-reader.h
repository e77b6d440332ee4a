/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads little-endian numbers and byte runs from borrowed bytes. Every read either succeeds within
 * the bounds or returns FALSE and leaves both the position and the result as they were. */
typedef struct
{
  const guint8 *data;
  gsize         size;
  gsize         offset;
} IvlBytesReader;

void     ivl_bytes_reader_init (IvlBytesReader *self,
                                const guint8   *data,
                                gsize           size);
gsize    ivl_bytes_reader_get_remaining (const IvlBytesReader *self);
gboolean ivl_bytes_reader_read_u8 (IvlBytesReader *self,
                                   guint8         *value);
gboolean ivl_bytes_reader_read_u16 (IvlBytesReader *self,
                                    guint16        *value);
gboolean ivl_bytes_reader_read_u32 (IvlBytesReader *self,
                                    guint32        *value);
gboolean ivl_bytes_reader_read_u64 (IvlBytesReader *self,
                                    guint64        *value);
/* A protobuf varint: 7 bits a byte, at most 10 bytes; FALSE if it does not fit 64 bits. */
gboolean ivl_bytes_reader_read_varint (IvlBytesReader *self,
                                       guint64        *value);
/* *bytes points into the borrowed data. */
gboolean ivl_bytes_reader_read_bytes (IvlBytesReader  *self,
                                      guint64          n,
                                      const guint8   **bytes);
gboolean ivl_bytes_reader_skip (IvlBytesReader *self,
                                guint64         n);

G_END_DECLS
