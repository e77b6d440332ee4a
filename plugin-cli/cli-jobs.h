/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Many pieces of work, several at a time, whose results are shown in the order of the pieces. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  /* Makes the result of piece `index`; in any thread, several at a time. Never NULL. */
  gpointer (*work) (guint index, gpointer data);
  /* Takes the result over; in the caller's thread, in order. FALSE: no further piece is begun, and
   * those under way are shown as they end. */
  gboolean (*show) (guint index, gpointer result, gpointer data);
  gpointer data;
} CliJobs;

/* Returns how many pieces were shown. With one job at a time everything is done in this thread. */
guint cli_jobs_run (const CliJobs *jobs,
                    guint          n_pieces,
                    guint          n_jobs);

G_END_DECLS
