/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The marks by which models and engines set apart what is no text, as a table and as patterns.
 */
#include "engines/ivl-answer-mark.h"

#include <string.h>

#define MAX_NAME 64
#define FULL_BAR "\357\275\234"  /* the bar in DeepSeek's tokens */
#define TRIANGLE "\342\227\201"  /* before Kimi's names */
#define TRIANGLE_END "\342\226\267"

/* Of several that fit, the longest counts. */
static const struct
{
  const char   *text;
  IvlAnswerMark mark;
} marks[] = {
  { "<think>", IVL_ANSWER_MARK_REASONING },
  { "</think>", IVL_ANSWER_MARK_REASONED },
  { "<thinking>", IVL_ANSWER_MARK_REASONING },
  { "</thinking>", IVL_ANSWER_MARK_REASONED },
  { "<thought>", IVL_ANSWER_MARK_REASONING },
  { "</thought>", IVL_ANSWER_MARK_REASONED },
  { "<reasoning>", IVL_ANSWER_MARK_REASONING },
  { "</reasoning>", IVL_ANSWER_MARK_REASONED },
  { "<seed:think>", IVL_ANSWER_MARK_REASONING },
  { "</seed:think>", IVL_ANSWER_MARK_REASONED },
  { "[THINK]", IVL_ANSWER_MARK_REASONING },
  { "[/THINK]", IVL_ANSWER_MARK_REASONED },
  { TRIANGLE "think" TRIANGLE_END, IVL_ANSWER_MARK_REASONING },
  { TRIANGLE "/think" TRIANGLE_END, IVL_ANSWER_MARK_REASONED },
  { "<|begin_of_thought|>", IVL_ANSWER_MARK_REASONING },
  { "<|end_of_thought|>", IVL_ANSWER_MARK_REASONED },
  { "<|channel|>analysis<|message|>", IVL_ANSWER_MARK_REASONING },
  { "<|channel|>final<|message|>", IVL_ANSWER_MARK_REASONED },
  { "<|start|>assistant<|channel|>final<|message|>", IVL_ANSWER_MARK_REASONED },
  { "<answer>", IVL_ANSWER_MARK_FRAME },
  { "</answer>", IVL_ANSWER_MARK_FRAME },
  { "<|begin_of_solution|>", IVL_ANSWER_MARK_FRAME },
  { "<|end_of_solution|>", IVL_ANSWER_MARK_FRAME },

  { "<tool_call>", IVL_ANSWER_MARK_TOOL },
  { "<tool_calls>", IVL_ANSWER_MARK_TOOL },
  { "<function_call>", IVL_ANSWER_MARK_TOOL },
  { "<function_calls>", IVL_ANSWER_MARK_TOOL },
  { "<|tool_call|>", IVL_ANSWER_MARK_TOOL },
  { "<|tool_calls_section_begin|>", IVL_ANSWER_MARK_TOOL },
  { "<|action_start|>", IVL_ANSWER_MARK_TOOL },
  { "<|python_tag|>", IVL_ANSWER_MARK_TOOL },
  { "[TOOL_CALLS]", IVL_ANSWER_MARK_TOOL },

  { "<ref>", IVL_ANSWER_MARK_NAME },
  { "</ref>", IVL_ANSWER_MARK_NAME },
  { "<|object_ref_start|>", IVL_ANSWER_MARK_NAME },
  { "<|object_ref_end|>", IVL_ANSWER_MARK_NAME },
  { "<|ref|>", IVL_ANSWER_MARK_NAME },
  { "<|/ref|>", IVL_ANSWER_MARK_NAME },
  { "<box>", IVL_ANSWER_MARK_PLACE },
  { "</box>", IVL_ANSWER_MARK_PLACE_END },
  { "<quad>", IVL_ANSWER_MARK_PLACE },
  { "</quad>", IVL_ANSWER_MARK_PLACE_END },
  { "<|box_start|>", IVL_ANSWER_MARK_PLACE },
  { "<|box_end|>", IVL_ANSWER_MARK_PLACE_END },
  { "<|quad_start|>", IVL_ANSWER_MARK_PLACE },
  { "<|quad_end|>", IVL_ANSWER_MARK_PLACE_END },
  { "<|det|>", IVL_ANSWER_MARK_PLACE },
  { "<|/det|>", IVL_ANSWER_MARK_PLACE_END },

  { "<s>", IVL_ANSWER_MARK_S },
  { "</s>", IVL_ANSWER_MARK_S_END },
  { "<bos>", IVL_ANSWER_MARK_START },
  { "<|im_start|>", IVL_ANSWER_MARK_START },
  { "<|im_start|>assistant\n", IVL_ANSWER_MARK_START },
  { "<|start_header_id|>", IVL_ANSWER_MARK_START },
  { "<|start_header_id|>assistant<|end_header_id|>", IVL_ANSWER_MARK_START },
  { "<|end_header_id|>", IVL_ANSWER_MARK_START },
  { "<start_of_turn>", IVL_ANSWER_MARK_START },
  { "<start_of_turn>model\n", IVL_ANSWER_MARK_START },
  { "<|start|>", IVL_ANSWER_MARK_START },
  { "<|start|>assistant", IVL_ANSWER_MARK_START },
  { "<|assistant|>", IVL_ANSWER_MARK_START },
  { "<|begin_of_text|>", IVL_ANSWER_MARK_START },
  { "<|startoftext|>", IVL_ANSWER_MARK_START },
  { "<|begin_of_box|>", IVL_ANSWER_MARK_FRAME },
  { "<|end_of_box|>", IVL_ANSWER_MARK_FRAME },
  { "<" FULL_BAR "begin\342\226\201of\342\226\201sentence" FULL_BAR ">", IVL_ANSWER_MARK_START },
  { "<" FULL_BAR "Assistant" FULL_BAR ">", IVL_ANSWER_MARK_START },
  { "<pad>", IVL_ANSWER_MARK_FILLER },
  { "[PAD]", IVL_ANSWER_MARK_FILLER },
  { "<unk>", IVL_ANSWER_MARK_FILLER },
  { "<|grounding|>", IVL_ANSWER_MARK_FILLER },
  { "<eos>", IVL_ANSWER_MARK_END },
  { "<eoa>", IVL_ANSWER_MARK_END },
  { "<eoh>", IVL_ANSWER_MARK_END },
  { "<eot>", IVL_ANSWER_MARK_END },
  { "<end_of_turn>", IVL_ANSWER_MARK_END },
  { "<end_of_utterance>", IVL_ANSWER_MARK_END },
  { "<IMG_CONTEXT>", IVL_ANSWER_MARK_END },
  { "[INST]", IVL_ANSWER_MARK_END },
  { "[/INST]", IVL_ANSWER_MARK_END },
  { "<<SYS>>", IVL_ANSWER_MARK_END },
  { "[gMASK]", IVL_ANSWER_MARK_END },
};

/* Names that come with any word or number in them. */
static const struct
{
  const char *before;
  const char *after;
  gboolean    is_number;
} patterns[] = {
  { "<|", "|>", FALSE },
  { "</|", "|>", FALSE },
  { "<" FULL_BAR, FULL_BAR ">", FALSE },
  { "[UNUSED_TOKEN_", "]", TRUE },
  { "<TOKENS_UNUSED_", ">", TRUE },
  { "<reserved_", ">", TRUE },
  { "<unused", ">", TRUE },
};

/* Whether text begins as expected, and *is_all when all of that is there. */
static gboolean
fits (const char *text,
      gsize       n,
      const char *expected,
      gboolean   *is_all)
{
  gsize length = strlen (expected);

  *is_all = n >= length;
  return g_ascii_strncasecmp (text, expected, MIN (n, length)) == 0;
}

static gboolean
is_in_name (char     c,
            gboolean is_number)
{
  if (is_number)
    return g_ascii_isdigit (c);
  return g_ascii_isalnum (c) || strchr ("_-/:.", c) != NULL || (guchar) c >= 0x80;
}

/* 0: not this pattern; *is_open: it may become it */
static gsize
match_pattern (guint       index,
               const char *text,
               gsize       n,
               gboolean   *is_open)
{
  const char *after = patterns[index].after;
  gsize start = strlen (patterns[index].before);
  gsize end = start;
  gboolean is_all;

  *is_open = FALSE;
  if (!fits (text, n, patterns[index].before, &is_all))
    return 0;
  if (!is_all)
    {
      *is_open = TRUE;
      return 0;
    }
  for (; end < n && end - start <= MAX_NAME; end++)
    {
      if (fits (text + end, n - end, after, &is_all))
        {
          *is_open = !is_all && end > start;
          return is_all && end > start ? end + strlen (after) : 0;
        }
      if (text[end] == '\0' || !is_in_name (text[end], patterns[index].is_number))
        return 0;
    }
  *is_open = end - start <= MAX_NAME;
  return 0;
}

IvlAnswerMark
ivl_answer_mark_read (const char *text,
                      gsize       n,
                      gboolean    goes_on,
                      gsize      *length)
{
  IvlAnswerMark found = IVL_ANSWER_MARK_NONE;
  gboolean is_open = FALSE;

  *length = 0;
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      gsize size = strlen (marks[i].text);
      gboolean is_all;

      if (!fits (text, n, marks[i].text, &is_all))
        continue;
      is_open = is_open || !is_all;
      if (is_all && size > *length)
        {
          found = marks[i].mark;
          *length = size;
        }
    }
  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      gboolean may_match;
      gsize size = match_pattern (i, text, n, &may_match);

      is_open = is_open || may_match;
      if (size > *length)
        {
          found = IVL_ANSWER_MARK_END;
          *length = size;
        }
    }
  return is_open && goes_on ? IVL_ANSWER_MARK_MAYBE : found;
}

gsize
ivl_answer_mark_skip (const char *text,
                      gsize       n)
{
  gsize i = 0;

  while (i < n && text[i] != '<' && text[i] != '[' && text[i] != TRIANGLE[0])
    i++;
  return i;
}

gboolean
ivl_answer_mark_is_cut (const char *text,
                        gsize       n)
{
  static const char *const sure[] = { "<|", "</|", "<" FULL_BAR };
  static const char *const likely[] = { "[UNUSED_TOKEN_", "<end_of_turn>", "</think>", "<think>" };

  for (guint i = 0; i < G_N_ELEMENTS (sure); i++)
    if (n > strlen (sure[i]) && memcmp (text, sure[i], strlen (sure[i])) == 0)
      return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (likely); i++)
    if (n >= 5 && g_ascii_strncasecmp (text, likely[i], MIN (n, strlen (likely[i]))) == 0)
      return TRUE;
  return FALSE;
}
