/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What stands in the text of answers and is none of the answer: control tokens that an engine has
 * let through, reasoning, calls of tools, places in the picture. */
typedef enum
{
  IVL_ANSWER_MARK_NONE,       /* text */
  IVL_ANSWER_MARK_MAYBE,      /* more text decides */
  IVL_ANSWER_MARK_START,      /* a control token that stands before answers; elsewhere an end */
  IVL_ANSWER_MARK_END,        /* any other control token */
  IVL_ANSWER_MARK_S,          /* <s>: a start, or struck-out text in HTML */
  IVL_ANSWER_MARK_S_END,      /* </s>: an end, or that of struck-out text */
  IVL_ANSWER_MARK_FILLER,     /* stands for nothing */
  IVL_ANSWER_MARK_FRAME,      /* around the answer itself, beside reasoning */
  IVL_ANSWER_MARK_REASONING,  /* reasoning begins */
  IVL_ANSWER_MARK_REASONED,   /* and ends */
  IVL_ANSWER_MARK_TOOL,       /* a call of a tool */
  IVL_ANSWER_MARK_NAME,       /* before and behind the name of a place */
  IVL_ANSWER_MARK_PLACE,      /* coordinates follow */
  IVL_ANSWER_MARK_PLACE_END,
} IvlAnswerMark;

/* What text begins with, and how many bytes that mark has. IVL_ANSWER_MARK_MAYBE is only for text
 * that goes on. */
IvlAnswerMark ivl_answer_mark_read (const char *text,
                                    gsize       n,
                                    gboolean    goes_on,
                                    gsize      *length);
/* Bytes at the start of text that no mark can begin in. */
gsize         ivl_answer_mark_skip (const char *text,
                                    gsize       n);
/* Whether the end of an answer is a control token that was cut off. */
gboolean      ivl_answer_mark_is_cut (const char *text,
                                      gsize       n);

G_END_DECLS
