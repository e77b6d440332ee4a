/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is shown of an answer and what of it returns into a conversation, whoever made it. */

/* Appends a piece of an answer to text but for white space at the answer's ends: `space` holds what
 * is shown only if something follows, and *has_text says whether something was shown before. NUL,
 * which a vocabulary can contain and C strings cannot, becomes U+FFFD. */
void  ivl_answer_text_show (const GString *piece,
                            GString       *space,
                            gboolean      *has_text,
                            GString       *text);
/* An earlier answer as the reference puts it back: decoded without special tokens, so without
 * region markup, and stripped (transfer full). */
char *ivl_answer_text_clean (const char *answer);

G_END_DECLS
