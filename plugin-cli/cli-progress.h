/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The line on standard error that says what is going on. It appears after a second, only on a
 * terminal. */
#pragma once

#include <libivl/ivl.h>

G_BEGIN_DECLS

/* A piece of work about `subject` (a file or model name) begins. The second is counted from the
 * first of several that follow each other without a pause. */
void cli_progress_start (const char *subject,
                         IvlPhase    phase);

/* Many pieces of work at a time, `done` of `total` finished: the line tells this instead. The
 * second is counted from the first call. */
void cli_progress_start_many (guint done,
                              guint total);

/* Whom work waits for, in what is said about it */
void cli_progress_set_place (const char *place);

/* An IvlProgressFunc, for any thread. A long wait is told in a line of its own where no progress
 * line is shown. */
void cli_progress_report (IvlPhase phase,
                          guint64  done,
                          guint64  total,
                          gpointer user_data);

/* The work is over, or its output is about to be shown: takes the line away until the next start */
void cli_progress_hide (void);

G_END_DECLS
