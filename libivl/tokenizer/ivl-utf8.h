/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Unlike GLib's own, these take NUL as the character it is. */
typedef enum
{
  IVL_UTF8_VALID,
  IVL_UTF8_INCOMPLETE, /* all n bytes are the beginning of some character */
  IVL_UTF8_INVALID,
} IvlUtf8Status;

/* Looks at the first character of n >= 1 bytes. *consumed is its length, or n if it is
 * incomplete, or the length of the longest beginning of a character that is there (at least 1:
 * the "maximal subpart" that becomes one U+FFFD). */
IvlUtf8Status ivl_utf8_step (const guint8 *bytes,
                             gsize         n,
                             gsize        *consumed);
/* How many of the n bytes come before the first one that is not valid UTF-8. */
gsize         ivl_utf8_count_valid (const guint8 *bytes,
                                    gsize         n);
/* The beginning of a file's text for messages: printable, controls and bad bytes as escapes. */
char         *ivl_utf8_show (const guint8 *bytes,
                             gsize         n);
/* Appends U+FFFD. */
void          ivl_utf8_append_replacement (GString *out);

/* The character at p, in text known to be valid. */
static inline gunichar
ivl_utf8_get (const guint8 *p,
              guint        *n_bytes)
{
  if (p[0] < 0x80)
    {
      *n_bytes = 1;
      return p[0];
    }
  if (p[0] < 0xe0)
    {
      *n_bytes = 2;
      return (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    }
  if (p[0] < 0xf0)
    {
      *n_bytes = 3;
      return (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    }
  *n_bytes = 4;
  return (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

G_END_DECLS
