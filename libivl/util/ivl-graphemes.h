/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Characters as people see them: extended grapheme clusters of Unicode's UAX #29. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* text: UTF-8; a byte that is not counts as one */
guint ivl_graphemes_count (const char *text);

G_END_DECLS
