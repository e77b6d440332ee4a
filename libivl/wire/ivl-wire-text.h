/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Joins text that comes in pieces which may end within a character: half of a surrogate pair, or
 * the first bytes of a character, waits for the next piece. */
typedef struct
{
  gunichar high;     /* a high surrogate that waits for its low one, or 0 */
  char     bytes[8]; /* the first bytes of a character */
  gsize    n_bytes;
} IvlWireText;

/* Appends a piece as ivl_wire_json_parse_reply() gives it, valid UTF-8 that may hold NUL. What can
 * never be a character, and NUL, becomes U+FFFD. */
void ivl_wire_text_append (IvlWireText *self,
                           const char  *piece,
                           gsize        n,
                           gboolean     repaired,
                           GString     *out);
/* No more pieces come. */
void ivl_wire_text_end (IvlWireText *self,
                        GString     *out);

G_END_DECLS
