/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text of answers: trimmed while it comes, and cleaned for the conversation that goes on.
 */
#include "engines/ivl-answer-text.h"

#include "tokenizer/ivl-chat-template.h"

void
ivl_answer_text_show (const GString *piece,
                      GString       *space,
                      gboolean      *has_text,
                      GString       *text)
{
  for (const char *p = piece->str; p < piece->str + piece->len; p++)
    {
      if (g_ascii_isspace (*p))
        {
          g_string_append_c (space, *p);
          continue;
        }
      if (*has_text)
        g_string_append_len (text, space->str, space->len);
      g_string_truncate (space, 0);
      *has_text = TRUE;
      if (*p == '\0')
        g_string_append (text, "\357\277\275");
      else
        g_string_append_c (text, *p);
    }
}

char *
ivl_answer_text_clean (const char *answer)
{
  GString *text = g_string_new (answer);

  for (gsize i = 0; ivl_chat_template_text_markup[i] != NULL; i++)
    g_string_replace (text, ivl_chat_template_text_markup[i], "", 0);
  return g_strstrip (g_string_free (text, FALSE));
}
