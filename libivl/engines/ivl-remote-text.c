/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Text that goes to engines which join everything to one string before they look for control
 * tokens.
 */
#include "engines/ivl-remote-text.h"

#include <string.h>

#include "tokenizer/ivl-chat-template.h"

#define ZERO_WIDTH_SPACE "\342\200\213"

/* What begins a control token of some engine or of a model that it may serve. */
static const char *const beginnings[] = {
  "<|", "<\357\275\234", "</|",
  "<img>", "</img>", "<image>", "</image>", "<IMG_CONTEXT>", "<IMAGE_TOKEN>", "<image_soft_token>",
  "<start_of_image>", "<__media__>", "[IMG]", "[IMG_BREAK]", "[IMG_END]",
  "<video>", "<VIDEO_CONTEXT>",
  "<ref>", "</ref>", "<box>", "</box>", "<quad>", "</quad>",
  "<s>", "</s>", "<unk>", "<pad>", "<bos>", "<eos>",
  "<tool_call>", "</tool_call>", "<think>", "</think>",
  "<start_of_turn>", "<end_of_turn>", "<<SYS>>", "[INST]", "[/INST]", "[UNUSED_TOKEN_",
};

static gboolean
begins_token (const char *text)
{
  if (*text != '<' && *text != '[')
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    if (g_ascii_strncasecmp (text, beginnings[i], strlen (beginnings[i])) == 0)
      return TRUE;
  return FALSE;
}

void
ivl_remote_text_append_safe (GString    *out,
                             const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      g_string_append_c (out, *p);
      if (begins_token (p))
        g_string_append (out, ZERO_WIDTH_SPACE);
    }
}
