/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The XMP chunk of WebP files, through libwebpmux, which also turns a simple file into an extended
 * one and keeps its flags right.
 */
#include "metadata/ivl-xmp-webp.h"

#include "metadata/ivl-xmp-packet.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <webp/mux.h>

enum
{
  RIFF_HEADER = 12,
  CHUNK_HEADER = 8,
  MAX_CHUNKS = 1000000,
};

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged WebP file: %s", why);
  return FALSE;
}

static guint32
get_le32 (const guint8 *p)
{
  return (guint32) p[3] << 24 | (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

/* *end: where the RIFF file ends, which others may follow with bytes of their own */
static gboolean
read_header (const guint8  *data,
             gsize          size,
             gsize         *end,
             GError       **error)
{
  gsize riff_size;

  if (size < RIFF_HEADER + CHUNK_HEADER || memcmp (data, "RIFF", 4) != 0
      || memcmp (data + 8, "WEBP", 4) != 0)
    return fail (error, "it does not begin as one");
  riff_size = get_le32 (data + 4);
  if (riff_size < RIFF_HEADER || riff_size % 2 != 0 || riff_size > size - 8)
    return fail (error, "it ends before its picture does");
  *end = 8 + riff_size;
  return TRUE;
}

gboolean
ivl_xmp_webp_scan (const guint8  *data,
                   gsize          size,
                   IvlXmpPlace   *place,
                   GError       **error)
{
  gsize offset = RIFF_HEADER;
  gsize end;
  guint n_chunks = 0;

  if (!read_header (data, size, &end, error))
    return FALSE;
  while (offset < end)
    {
      const guint8 *chunk = data + offset;
      gsize length;

      if (end - offset < CHUNK_HEADER)
        return fail (error, "it ends within a chunk");
      length = get_le32 (chunk + 4);
      if (length > end - offset - CHUNK_HEADER)
        return fail (error, "a chunk reaches over its end");
      if (n_chunks++ == MAX_CHUNKS)
        return fail (error, "too many chunks");
      if (memcmp (chunk, "XMP ", 4) == 0)
        ivl_xmp_place_add_packet (place, chunk + CHUNK_HEADER, length);
      else if (memcmp (chunk, "VP8X", 4) != 0)
        ivl_xmp_place_keep (place, offset, CHUNK_HEADER + length);
      offset += CHUNK_HEADER + length + length % 2;
    }
  ivl_xmp_place_keep (place, end, size - end);
  return TRUE;
}

static gboolean
is_animation (WebPMux *mux)
{
  guint32 flags = 0;

  return WebPMuxGetFeatures (mux, &flags) == WEBP_MUX_OK && (flags & ANIMATION_FLAG) != 0;
}

static gboolean
assemble (WebPMux   *mux,
          GBytes    *packet,
          WebPData  *assembled,
          GError   **error)
{
  const WebPData chunk = { g_bytes_get_data (packet, NULL), g_bytes_get_size (packet) };
  const gboolean was_animation = is_animation (mux);

  if (WebPMuxSetChunk (mux, "XMP ", &chunk, 0) != WEBP_MUX_OK
      || WebPMuxAssemble (mux, assembled) != WEBP_MUX_OK)
    return fail (error, "its parts cannot be put together again");
  /* The other flags say what parts there are, and libwebpmux writes them from the parts. */
  return is_animation (mux) == was_animation || fail (error, "its flags do not fit its parts");
}

static void
free_assembled (gpointer data)
{
  WebPFree (data);
}

GPtrArray *
ivl_xmp_webp_put (GBytes  *file,
                  GBytes  *packet,
                  GError **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  WebPData assembled = { 0 };
  WebPData riff = { data, 0 };
  WebPMux *mux;
  gboolean done;

  if (!read_header (data, size, &riff.size, error))
    return NULL;
  mux = WebPMuxCreate (&riff, 0);
  if (mux == NULL)
    {
      fail (error, "its parts do not fit together");
      return NULL;
    }
  done = assemble (mux, packet, &assembled, error);
  WebPMuxDelete (mux);
  if (!done)
    {
      WebPDataClear (&assembled);
      return NULL;
    }
  g_ptr_array_add (pieces, g_bytes_new_with_free_func (assembled.bytes, assembled.size,
                                                       free_assembled, (gpointer) assembled.bytes));
  ivl_xmp_place_append_part (pieces, file, riff.size, size - riff.size);
  return g_steal_pointer (&pieces);
}
