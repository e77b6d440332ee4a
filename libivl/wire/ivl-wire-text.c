/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text of an answer in whole characters, from pieces that an engine or a proxy has cut anywhere.
 */
#include "wire/ivl-wire-text.h"

#include <string.h>

#include "wire/ivl-wire-json.h"

#define REPLACEMENT 0xfffd

void
ivl_wire_text_end (IvlWireText *self,
                   GString     *out)
{
  if (self->high != 0 || self->n_bytes > 0)
    g_string_append_unichar (out, REPLACEMENT);
  self->high = 0;
  self->n_bytes = 0;
}

static void
append_surrogate (IvlWireText *self,
                  gunichar     u,
                  GString     *out)
{
  if (u >= 0xdc00 && self->high != 0)
    {
      g_string_append_unichar (out, 0x10000 + ((self->high - 0xd800) << 10) + (u - 0xdc00));
      self->high = 0;
      return;
    }
  ivl_wire_text_end (self, out);
  if (u < 0xdc00)
    self->high = u;
  else
    g_string_append_unichar (out, REPLACEMENT);
}

static void
append_byte (IvlWireText *self,
             guchar       byte,
             GString     *out)
{
  gunichar c;

  if (self->high != 0 || byte >= 0xc0)
    ivl_wire_text_end (self, out);
  self->bytes[self->n_bytes++] = (char) byte;
  c = g_utf8_get_char_validated (self->bytes, self->n_bytes);
  if (c == (gunichar) -2)
    return;
  self->n_bytes = 0;
  g_string_append_unichar (out, c == (gunichar) -1 ? REPLACEMENT : c);
}

void
ivl_wire_text_append (IvlWireText *self,
                      const char  *piece,
                      gsize        n,
                      gboolean     repaired,
                      GString     *out)
{
  const char *end = piece + n;

  if (!repaired && self->high == 0 && self->n_bytes == 0 && memchr (piece, '\0', n) == NULL)
    {
      g_string_append_len (out, piece, n);
      return;
    }
  for (; piece < end; piece = g_utf8_next_char (piece))
    {
      gunichar c = g_utf8_get_char (piece);

      if (repaired && c >= IVL_WIRE_JSON_SURROGATE && c < IVL_WIRE_JSON_SURROGATE + 0x800)
        append_surrogate (self, 0xd800 + c - IVL_WIRE_JSON_SURROGATE, out);
      else if (repaired && c >= IVL_WIRE_JSON_BYTE && c < IVL_WIRE_JSON_BYTE + 0x100)
        append_byte (self, (guchar) (c - IVL_WIRE_JSON_BYTE), out);
      else
        {
          ivl_wire_text_end (self, out);
          g_string_append_unichar (out, c == 0 ? REPLACEMENT : c);
        }
    }
}
