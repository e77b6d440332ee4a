/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Threads take the pieces in order; their results wait in a row until it is their turn. */
#include "cli-jobs.h"

/* How far the work may run ahead of a slow piece, in pieces for each job: its results are kept in
 * memory. */
#define MAX_AHEAD 16

typedef struct
{
  const CliJobs *jobs;
  guint          n_pieces;
  guint          n_ahead;
  GMutex         lock;
  GCond          changed;
  gpointer      *results;  /* [n_pieces]; the rest under the lock */
  guint          n_begun;
  guint          n_shown;
  gboolean       stopped;
} JobsRun;

static gpointer
work_on_pieces (gpointer data)
{
  JobsRun *self = data;

  g_mutex_lock (&self->lock);
  while (!self->stopped && self->n_begun < self->n_pieces)
    {
      guint index;
      gpointer result;

      if (self->n_begun >= self->n_shown + self->n_ahead)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      index = self->n_begun++;
      g_mutex_unlock (&self->lock);
      result = self->jobs->work (index, self->jobs->data);
      g_mutex_lock (&self->lock);
      self->results[index] = result;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Waits for each result in turn; after a stop only for those that are begun. */
static void
show_results (JobsRun *self)
{
  g_mutex_lock (&self->lock);
  while (self->n_shown < (self->stopped ? self->n_begun : self->n_pieces))
    {
      gpointer result = self->results[self->n_shown];
      gboolean goes_on;

      if (result == NULL)
        {
          g_cond_wait (&self->changed, &self->lock);
          continue;
        }
      g_mutex_unlock (&self->lock);
      goes_on = self->jobs->show (self->n_shown, result, self->jobs->data);
      g_mutex_lock (&self->lock);
      self->n_shown++;
      self->stopped = self->stopped || !goes_on;
      g_cond_broadcast (&self->changed);
    }
  g_mutex_unlock (&self->lock);
}

static guint
run_one_by_one (const CliJobs *jobs,
                guint          n_pieces)
{
  for (guint i = 0; i < n_pieces; i++)
    if (!jobs->show (i, jobs->work (i, jobs->data), jobs->data))
      return i + 1;
  return n_pieces;
}

guint
cli_jobs_run (const CliJobs *jobs,
              guint          n_pieces,
              guint          n_jobs)
{
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  g_autofree gpointer *results = NULL;
  JobsRun self = { .jobs = jobs, .n_pieces = n_pieces, .n_ahead = n_jobs * MAX_AHEAD };

  if (n_jobs <= 1 || n_pieces <= 1)
    return run_one_by_one (jobs, n_pieces);

  results = g_new0 (gpointer, n_pieces);
  self.results = results;
  g_mutex_init (&self.lock);
  g_cond_init (&self.changed);
  for (guint i = 0; i < MIN (n_jobs, n_pieces); i++)
    {
      GThread *thread = g_thread_try_new ("ivl-job", work_on_pieces, &self, NULL);

      if (thread == NULL)
        break;
      g_ptr_array_add (threads, thread);
    }
  if (threads->len == 0)
    self.n_shown = run_one_by_one (jobs, n_pieces);
  else
    show_results (&self);
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (g_ptr_array_index (threads, i));
  g_mutex_clear (&self.lock);
  g_cond_clear (&self.changed);
  return self.n_shown;
}
