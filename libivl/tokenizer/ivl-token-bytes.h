/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tokenizer/ivl-tokenizer.h"

G_BEGIN_DECLS

/* Whether a token is ordinary text: no added token, and none that stands for something else. */
gboolean ivl_token_bytes_is_text (IvlTokenizer *tokenizer,
                                  guint32       id);
/* Appends what a token spells by itself, maybe a part of a character: spaces as they are, also
 * where a text begins. Tokens that are no text give what names them, ids outside the vocabulary
 * nothing. */
void     ivl_token_bytes_append (IvlTokenizer *tokenizer,
                                 guint32       id,
                                 GString      *out);

G_END_DECLS
