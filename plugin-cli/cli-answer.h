/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One question to a session: the answer shown while it is made, or kept until it is whole. */
#pragma once

#include <jansson.h>
#include <libivl/ivl.h>

G_BEGIN_DECLS

typedef struct
{
  const char *subject; /* for the progress line and messages */
  const char *prefix;  /* (nullable) a file name shown before the answer */
  gboolean    show;    /* FALSE: nothing goes to standard output */
  gboolean    raw;
} CliAnswerStyle;

/* Sends `message` and reads the whole answer. To a terminal it streams; elsewhere it is written
 * when it is whole, so that a pipe never gets half an answer. NULL with `error` when it failed or
 * was cancelled. */
IvlReply *cli_answer_read (IvlSession            *session,
                           IvlMessage            *message,
                           IvlOptions            *options,
                           const CliAnswerStyle  *style,
                           GError               **error);

/* The same without showing anything, for many answers at a time. *was_cut: it failed after a part
 * of it had come. */
IvlReply *cli_answer_fetch (IvlSession  *session,
                            IvlMessage  *message,
                            IvlOptions  *options,
                            gboolean    *was_cut,
                            GError     **error);
void      cli_answer_show (const char           *text,
                           const CliAnswerStyle *style);

/* Says on standard error when an answer is cut, and the remark (nullable) that came in place of
 * one */
void cli_answer_warn (IvlFinishReason  reason,
                      const char      *remark,
                      const char      *subject);

/* text, remark (where there is one), regions, finish_reason, token_ids, timings and tokens of a
 * finished answer */
json_t *cli_answer_to_json (IvlReply *reply);

G_END_DECLS
