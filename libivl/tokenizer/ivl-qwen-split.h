/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The regular expression of Qwen2's pre-tokenizer, as tokenizer.json spells it. */
#define IVL_QWEN_SPLIT_REGEX                                                                       \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"                              \
  "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

/* The length of the expression's match at the start of len >= 1 bytes of valid UTF-8. It matches
 * everywhere, and looks no further than the match and one character. */
gsize ivl_qwen_split_next (const guint8 *text,
                           gsize         len);

G_END_DECLS
