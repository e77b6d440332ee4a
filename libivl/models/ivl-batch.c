/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Passes of several conversations: who waits for whom, and the pass itself.
 *
 * A caller puts its row into the queue. If nobody leads, it leads: it waits until those of the last
 * pass are back or the time for that is over, takes its turn at the network, takes all rows that
 * wait by then, runs them and wakes their callers.
 */
#include "models/ivl-batch.h"

#include <string.h>

#include <libivl/ivl-error.h>

/* The leader waits for the others at most 1 / PATIENCE_SHARE of the last pass's time, within these
 * limits in microseconds: waking a thread takes some 50, and beyond the other nobody gains. */
#define PATIENCE_SHARE 4
#define MIN_PATIENCE 200
#define MAX_PATIENCE 10000

/* How soon a caller that waits notices that it was cancelled, in microseconds. */
#define CANCEL_INTERVAL 50000

typedef enum
{
  ROW_WAITS,
  ROW_RUNS,
  ROW_DONE,
} RowState;

typedef struct
{
  const IvlBatchToken *token;
  GCancellable        *cancellable;
  RowState             state;
  GError              *error; /* (nullable): why it failed */
} Row;

struct _IvlBatch
{
  IvlNetwork *network;
  guint       max_rows;

  GMutex   mutex;     /* covers all that follows but the buffers */
  GCond    arrived;   /* a row was put into the queue, or a seat was left: for the leader */
  GCond    changed;   /* rows are done, or nobody leads any more */
  GQueue   waiting;   /* Row, on the stacks of their threads */
  gboolean has_leader;
  guint64  pass;      /* number of the last pass */
  guint    n_missing; /* seats of that pass that have not come back */
  gint64   patient_until;
  guint64  n_tokens;

  /* the leader's, while it has its turn */
  float *x;           /* (nullable): [max_rows, H] */
  float *logits;      /* [n_logits, vocab] */
  guint  n_logits;
};

IvlBatch *
ivl_batch_new (IvlNetwork *network)
{
  IvlBatch *self = g_new0 (IvlBatch, 1);

  self->network = network;
  self->max_rows = ivl_op_linear_get_max_dots (network->ops);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->arrived);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  return self;
}

void
ivl_batch_free (IvlBatch *self)
{
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->arrived);
  g_cond_clear (&self->changed);
  g_free (self->x);
  g_free (self->logits);
  g_free (self);
}

void
ivl_batch_count (IvlBatch *self,
                 guint64  *n_passes,
                 guint64  *n_tokens)
{
  g_mutex_lock (&self->mutex);
  *n_passes = self->pass;
  *n_tokens = self->n_tokens;
  g_mutex_unlock (&self->mutex);
}

/* With the mutex held. */
static void
leave_seat (IvlBatch     *self,
            IvlBatchSeat *seat)
{
  if (seat->pass != 0 && seat->pass == self->pass && self->n_missing > 0)
    self->n_missing--;
  seat->pass = 0;
}

void
ivl_batch_leave (IvlBatch     *self,
                 IvlBatchSeat *seat)
{
  g_mutex_lock (&self->mutex);
  leave_seat (self, seat);
  g_cond_signal (&self->arrived);
  g_mutex_unlock (&self->mutex);
}

/* Memory for n rows and their logits; one row's go where they are wanted. */
static gboolean
grow (IvlBatch  *self,
      guint      n,
      GError   **error)
{
  const IvlLmConfig *lm = &self->network->config->lm;

  if (self->x == NULL)
    self->x = g_try_malloc_n ((gsize) self->max_rows * lm->hidden_size, sizeof (float));
  if (n > self->n_logits && n > 1)
    {
      g_free (self->logits);
      self->logits = g_try_malloc_n ((gsize) n * lm->vocab_size, sizeof (float));
      self->n_logits = self->logits != NULL ? n : 0;
    }
  if (self->x != NULL && (n == 1 || self->logits != NULL))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for %u answers at once", n);
  return FALSE;
}

/* One pass; cancellable only where there is but one row. */
static gboolean
forward (IvlBatch      *self,
         GPtrArray     *rows,
         GCancellable  *cancellable,
         GError       **error)
{
  IvlNetwork *network = self->network;
  const IvlDecoder *decoder = &network->parts.decoder;
  gsize hidden = network->config->lm.hidden_size, vocab = network->config->lm.vocab_size;
  g_autofree IvlDecoderPart *parts = g_new (IvlDecoderPart, rows->len);
  float *logits;
  gboolean has_memory;

  if (!grow (self, rows->len, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const IvlBatchToken *token = ((Row *) rows->pdata[i])->token;

      ivl_decoder_embed (decoder, network->ops, &token->id, 1, self->x + i * hidden);
      parts[i] =
          (IvlDecoderPart) { token->cache, 1, ivl_kv_cache_get_length (token->cache) + 1 };
    }
  if (!ivl_decoder_forward (decoder, network->ops, parts, rows->len, self->x, NULL, cancellable,
                            error))
    return FALSE;
  logits = rows->len == 1 ? ((Row *) rows->pdata[0])->token->logits : self->logits;
  ivl_decoder_logits (decoder, network->ops, self->x, rows->len, logits);
  /* Told but once, and true of all rows. */
  has_memory = ivl_ops_check (network->ops, error);
  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];

      if (rows->len > 1)
        memcpy (row->token->logits, logits + i * vocab, vocab * sizeof (float));
      if (!has_memory
          || !ivl_network_check_output (network, row->token->logits, vocab, &row->error))
        ivl_kv_cache_set_length (row->token->cache,
                                 ivl_kv_cache_get_length (row->token->cache) - 1);
    }
  return has_memory;
}

/* Runs rows; each gets its own error where it fails. Who lacks memory fails alone. */
static void
run_rows (IvlBatch  *self,
          GPtrArray *rows)
{
  g_autoptr (GPtrArray) ready = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];
      IvlKvCache *cache = row->token->cache;

      if (ivl_kv_cache_reserve (cache, ivl_kv_cache_get_length (cache) + 1, &row->error))
        g_ptr_array_add (ready, row);
    }
  if (ready->len == 0 ||
      forward (self, ready, ready->len == 1 ? ((Row *) ready->pdata[0])->cancellable : NULL,
               &error))
    return;
  for (guint i = 0; i < ready->len; i++)
    ((Row *) ready->pdata[i])->error = g_error_copy (error);
}

/* Waits for those of the last pass, with the mutex held. From then on nobody is missing. */
static void
gather (IvlBatch *self)
{
  while (self->n_missing > 0 && self->waiting.length < self->max_rows &&
         g_get_monotonic_time () < self->patient_until)
    g_cond_wait_until (&self->arrived, &self->mutex, self->patient_until);
  self->n_missing = 0;
  self->pass++;
}

/* Rows of the pass that follows, with the mutex held. */
static GPtrArray *
take_rows (IvlBatch *self)
{
  GPtrArray *rows = g_ptr_array_new ();

  while (self->waiting.head != NULL && rows->len < self->max_rows)
    {
      Row *row = g_queue_pop_head (&self->waiting);

      row->state = ROW_RUNS;
      g_ptr_array_add (rows, row);
    }
  return rows;
}

/* With the mutex held. */
static void
finish_rows (IvlBatch  *self,
             GPtrArray *rows,
             gint64     started)
{
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = rows->pdata[i];

      row->state = ROW_DONE;
      if (row->error != NULL)
        continue;
      row->token->seat->pass = self->pass;
      self->n_missing++;
      self->n_tokens++;
    }
  self->patient_until = now + CLAMP ((now - started) / PATIENCE_SHARE, MIN_PATIENCE, MAX_PATIENCE);
}

/* Leads a pass, with the mutex held before and after. Fails only where no turn was had. */
static gboolean
lead (IvlBatch      *self,
      GCancellable  *cancellable,
      GError       **error)
{
  g_autoptr (GPtrArray) rows = NULL;
  gint64 started;
  gboolean has_turn;

  self->has_leader = TRUE;
  gather (self);
  g_mutex_unlock (&self->mutex);
  has_turn = ivl_turns_take (self->network->turns, IVL_TURN_SHORT, cancellable, error);
  started = g_get_monotonic_time ();
  g_mutex_lock (&self->mutex);
  if (has_turn)
    {
      rows = take_rows (self);
      g_mutex_unlock (&self->mutex);
      run_rows (self, rows);
      ivl_turns_give (self->network->turns);
      g_mutex_lock (&self->mutex);
      finish_rows (self, rows, started);
    }
  self->has_leader = FALSE;
  g_cond_broadcast (&self->changed);
  return has_turn;
}

/* Until the row is done, with the mutex held. FALSE when it was taken back before it ran. */
static gboolean
see_through (IvlBatch  *self,
             Row       *row,
             GError   **error)
{
  while (row->state != ROW_DONE)
    {
      gboolean waits = row->state == ROW_WAITS;
      gboolean failed = waits && g_cancellable_set_error_if_cancelled (row->cancellable, error);

      if (waits && !failed && !self->has_leader)
        failed = !lead (self, row->cancellable, error);
      else if (!failed && row->cancellable == NULL)
        g_cond_wait (&self->changed, &self->mutex);
      else if (!failed)
        g_cond_wait_until (&self->changed, &self->mutex,
                           g_get_monotonic_time () + CANCEL_INTERVAL);
      if (failed)
        {
          g_queue_remove (&self->waiting, row);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
ivl_batch_run (IvlBatch             *self,
               const IvlBatchToken  *token,
               GCancellable         *cancellable,
               GError              **error)
{
  Row row = { token, cancellable, ROW_WAITS, NULL };
  gboolean ran;

  g_mutex_lock (&self->mutex);
  leave_seat (self, token->seat);
  g_queue_push_tail (&self->waiting, &row);
  g_cond_signal (&self->arrived);
  ran = see_through (self, &row, error);
  g_mutex_unlock (&self->mutex);
  if (row.error != NULL)
    g_propagate_error (error, row.error);
  return ran && row.error == NULL;
}
