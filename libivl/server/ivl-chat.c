/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way of a chat completion request: read, put in line, answered in one or several sessions,
 * given up when nobody waits for it.
 */
#include "server/ivl-chat.h"

#include <libivl/ivl-error.h>

#include "server/ivl-chat-output.h"
#include "server/ivl-chat-request.h"
#include "server/ivl-crash-notice.h"
#include "server/ivl-queue.h"

/* Requests whose JSON is read at a time. */
#define N_READERS 2
#define RETRY_SECONDS 1

struct _IvlChat
{
  IvlMetrics  *metrics;
  IvlModel    *model;   /* (nullable) */
  IvlChatDamageFunc on_damage;
  gpointer     damage_data;
  IvlQueue    *queue;
  GThreadPool *readers;
  GPtrArray   *jobs;    /* Job of exchanges that have not ended */
  int          is_stopping; /* atomic */
  GMutex       lock;
  GCond        ended;
  guint        n_threads; /* under the lock */
};

typedef struct
{
  gatomicrefcount  ref_count;
  IvlChat         *chat;
  IvlModel        *model;
  IvlHttpExchange *exchange;
  IvlWireRequest  *wire;    /* until it is answered */
  IvlChatRequest  *request; /* once it is */
  IvlChatOutput   *output;  /* (atomic) (nullable) while it is read */
  GMutex           lock;
  IvlChatFailure   failure; /* the first one; under the lock */
  GThread        **helpers; /* of the answers after the first */
} Job;

/* One answer of a job. */
typedef struct
{
  Job  *job;
  guint index;
} Answer;

static void
job_unref (gpointer data)
{
  Job *job = data;

  if (!g_atomic_ref_count_dec (&job->ref_count))
    return;
  g_clear_pointer (&job->output, ivl_chat_output_free);
  g_clear_pointer (&job->request, ivl_chat_request_free);
  g_clear_pointer (&job->wire, ivl_wire_request_free);
  ivl_chat_failure_clear (&job->failure);
  ivl_http_exchange_unref (job->exchange);
  g_object_unref (job->model);
  g_mutex_clear (&job->lock);
  g_free (job->helpers);
  g_free (job);
}

static Job *
job_ref (Job *job)
{
  g_atomic_ref_count_inc (&job->ref_count);
  return job;
}

/* Remembers why the request failed, the first reason alone, and has its other answers given up. */
static void
job_note_failure (Job            *job,
                  IvlChatFailure *failure)
{
  g_mutex_lock (&job->lock);
  if (job->failure.status == 0)
    {
      job->failure = *failure;
      *failure = (IvlChatFailure) { 0 };
    }
  g_mutex_unlock (&job->lock);
  ivl_chat_failure_clear (failure);
  g_cancellable_cancel (job->exchange->gone);
}

static void
job_note_error (Job          *job,
                const GError *error)
{
  IvlChatFailure failure = { 0 };

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  ivl_chat_failure_set_from_error (&failure, error);
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA) && job->chat->on_damage != NULL &&
      job->chat->on_damage (job->model, job->chat->damage_data))
    {
      failure.status = 503;
      failure.code = "model_changed";
    }
  job_note_failure (job, &failure);
}

static void
report (IvlPhase phase,
        guint64  done,
        guint64  total,
        gpointer data)
{
  Job *job = data;

  ivl_chat_output_report (job->output, &(IvlWireProgress) { phase, done, total });
}

static IvlReply *
begin_answer (Job     *job,
              guint    index,
              GError **error)
{
  g_autoptr (IvlSession) session = ivl_session_new (job->model);
  g_autoptr (IvlOptions) options = ivl_chat_request_make_options (job->request, index);

  if (index == 0 && ivl_chat_output_wants_progress (job->output))
    ivl_session_set_progress (session, report, job, NULL);
  for (guint i = 0; i < job->request->history->len; i++)
    if (!ivl_session_add_message (session, g_ptr_array_index (job->request->history, i), error))
      return NULL;
  return ivl_session_send (session, job->request->question, options, job->exchange->gone, error);
}

/* Reads an answer to its end and passes it on. */
static void
read_answer (Job      *job,
             guint     index,
             IvlReply *reply)
{
  GCancellable *gone = job->exchange->gone;
  gboolean is_read = TRUE;

  while (is_read)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *piece = ivl_reply_read (reply, gone, &error);
      g_autoptr (GPtrArray) tokens = NULL;

      if (error != NULL)
        {
          job_note_error (job, error);
          break;
        }
      tokens = ivl_reply_take_tokens (reply);
      if (piece != NULL || tokens->len > 0)
        is_read = ivl_chat_output_add (job->output, index, piece != NULL ? piece : "", tokens);
      if (piece == NULL)
        {
          ivl_chat_output_finish (job->output, index, ivl_reply_get_usage (reply));
          break;
        }
    }
  ivl_metrics_count_answer (job->chat->metrics, ivl_reply_get_usage (reply));
}

static gpointer
run_helper (gpointer data)
{
  g_autofree Answer *answer = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlReply) reply = NULL;

  ivl_crash_notice_work_on (answer->job->exchange->notice);
  reply = begin_answer (answer->job, answer->index, &error);
  if (reply != NULL)
    read_answer (answer->job, answer->index, reply);
  else
    job_note_error (answer->job, error);
  return NULL;
}

/* Starts the answers after the first, once its prompt is read: they find that done. */
static void
start_helpers (Job *job)
{
  job->helpers = g_new0 (GThread *, job->wire->n);
  for (guint i = 1; i < job->wire->n; i++)
    {
      g_autoptr (GError) error = NULL;
      Answer *answer = g_new (Answer, 1);
      IvlChatFailure failure = { 0 };

      *answer = (Answer) { job, i };
      job->helpers[i] = g_thread_try_new ("ivl-answer", run_helper, answer, &error);
      if (job->helpers[i] != NULL)
        continue;
      g_free (answer);
      failure = (IvlChatFailure) { 503, g_strdup (error->message), NULL, NULL };
      job_note_failure (job, &failure);
      return;
    }
}

static void
answer_job (Job *job)
{
  IvlChatFailure failure = { 0 };
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) error = NULL;

  job->request = ivl_chat_request_new (job->wire, job->model, job->exchange->gone, &failure);
  if (job->request == NULL)
    {
      if (failure.status != 0)
        job_note_failure (job, &failure);
      return;
    }
  reply = begin_answer (job, 0, &error);
  if (reply == NULL)
    {
      job_note_error (job, error);
      return;
    }
  start_helpers (job);
  read_answer (job, 0, reply);
  for (guint i = 1; i < job->wire->n; i++)
    if (job->helpers[i] != NULL)
      g_thread_join (job->helpers[i]);
}

/* Tells the client how it ended; one that is gone is told nothing. */
static void
end_job (Job *job)
{
  IvlChat *chat = job->chat;

  if (job->failure.status != 0)
    ivl_chat_output_fail (job->output, job->failure.status, job->failure.message,
                          job->failure.param, job->failure.code,
                          job->failure.status == 503 ? RETRY_SECONDS : 0);
  else if (!g_cancellable_is_cancelled (job->exchange->gone))
    ivl_chat_output_complete (job->output);
  else if (g_atomic_int_get (&chat->is_stopping))
    ivl_chat_output_fail (job->output, 503, "The server is shutting down", NULL, "shutting_down",
                          RETRY_SECONDS);
}

static void
leave_thread (IvlChat *chat)
{
  g_mutex_lock (&chat->lock);
  chat->n_threads--;
  g_cond_broadcast (&chat->ended);
  g_mutex_unlock (&chat->lock);
}

static gpointer
run_job (gpointer data)
{
  Job *job = data;
  IvlChat *chat = job->chat;

  ivl_crash_notice_work_on (job->exchange->notice);
  answer_job (job);
  end_job (job);
  /* Sessions are gone by now: their memory is free before the next one starts. */
  ivl_queue_finish (chat->queue, job);
  job_unref (job);
  leave_thread (chat);
  return NULL;
}

/* The queue's turn; takes its reference. */
static void
start_job (gpointer data)
{
  Job *job = data;
  IvlChat *chat = job->chat;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_mutex_lock (&chat->lock);
  chat->n_threads++;
  g_mutex_unlock (&chat->lock);
  thread = g_thread_try_new ("ivl-request", run_job, job, &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  ivl_chat_output_fail (job->output, 503, error->message, NULL, NULL, RETRY_SECONDS);
  ivl_queue_finish (chat->queue, job);
  job_unref (job);
  leave_thread (chat);
}

static void
refuse_full (Job *job)
{
  ivl_chat_output_fail (job->output, 429, "Too many requests are waiting; try again later", NULL,
                        "queue_full", RETRY_SECONDS);
}

static void
evict_job (gpointer data)
{
  refuse_full (data);
  job_unref (data);
}

static void
fail_reading (IvlHttpExchange *exchange,
              const GError    *error,
              const char      *param)
{
  const gboolean lacks_memory = g_error_matches (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);

  ivl_http_exchange_fail (exchange, lacks_memory ? 503 : 400, error->message, param,
                          lacks_memory ? "no_memory" : NULL, 0);
}

/* Reads the request and puts it in line. Takes the reference. */
static void
read_job (gpointer data,
          gpointer chat_data)
{
  IvlChat *chat = chat_data;
  Job *job = data;
  IvlHttpExchange *exchange = job->exchange;
  IvlChatFailure failure = { 0 };
  g_autofree char *param = NULL;
  g_autoptr (GError) error = NULL;
  gsize n;
  const char *body = g_bytes_get_data (exchange->body, &n);

  if (g_cancellable_is_cancelled (exchange->gone))
    {
      job_unref (job);
      return;
    }
  ivl_crash_notice_work_on (exchange->notice);
  job->wire = ivl_wire_request_from_json (body, n, &param, &error);
  ivl_crash_notice_work_on (0);
  g_clear_pointer (&exchange->body, g_bytes_unref);
  if (job->wire == NULL)
    fail_reading (exchange, error, param);
  else if (!ivl_chat_request_check (job->wire, job->model, &failure))
    ivl_http_exchange_fail (exchange, failure.status, failure.message, failure.param, failure.code,
                            0);
  else
    {
      g_atomic_pointer_set (&job->output, ivl_chat_output_new (exchange, job->wire,
                                                               ivl_model_get_name (job->model)));
      if (ivl_queue_push (chat->queue, job, exchange->peer, job->wire->n))
        return;
      refuse_full (job);
    }
  ivl_chat_failure_clear (&failure);
  job_unref (job);
}

IvlChat *
ivl_chat_new (IvlMetrics *metrics,
              guint       max_running,
              guint       max_waiting)
{
  IvlChat *self = g_new0 (IvlChat, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->ended);
  self->metrics = metrics;
  self->queue = ivl_queue_new (max_running, max_waiting, start_job, evict_job);
  self->jobs = g_ptr_array_new_with_free_func (job_unref);
  self->readers = g_thread_pool_new (read_job, self, N_READERS, FALSE, NULL);
  return self;
}

void
ivl_chat_free (IvlChat *self)
{
  g_thread_pool_free (self->readers, FALSE, TRUE);
  g_mutex_lock (&self->lock);
  while (self->n_threads > 0)
    g_cond_wait (&self->ended, &self->lock);
  g_mutex_unlock (&self->lock);
  g_ptr_array_unref (self->jobs);
  ivl_queue_free (self->queue);
  g_clear_object (&self->model);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->ended);
  g_free (self);
}

void
ivl_chat_set_model (IvlChat  *self,
                    IvlModel *model)
{
  g_set_object (&self->model, model);
}

void
ivl_chat_set_damage_func (IvlChat           *self,
                          IvlChatDamageFunc  func,
                          gpointer           data)
{
  self->on_damage = func;
  self->damage_data = data;
}

IvlModel *
ivl_chat_get_model (IvlChat *self)
{
  return self->model;
}

void
ivl_chat_take (IvlChat         *self,
               IvlHttpExchange *exchange)
{
  Job *job;

  if (ivl_queue_is_full (self->queue, exchange->peer))
    {
      ivl_http_exchange_fail (exchange, 429, "Too many requests are waiting; try again later", NULL,
                              "queue_full", RETRY_SECONDS);
      return;
    }
  job = g_new0 (Job, 1);
  g_atomic_ref_count_init (&job->ref_count);
  g_mutex_init (&job->lock);
  job->chat = self;
  job->model = g_object_ref (self->model);
  job->exchange = ivl_http_exchange_ref (exchange);
  g_ptr_array_add (self->jobs, job_ref (job));
  g_thread_pool_push (self->readers, job, NULL);
}

void
ivl_chat_forget (IvlChat         *self,
                 IvlHttpExchange *exchange)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = g_ptr_array_index (self->jobs, i);

      if (job->exchange != exchange)
        continue;
      if (ivl_queue_remove (self->queue, job))
        job_unref (job);
      g_ptr_array_remove_index_fast (self->jobs, i);
      return;
    }
}

static void
report_place (IvlChat *self,
              Job     *job)
{
  guint n_waiting;
  guint place = ivl_queue_get_place (self->queue, job, &n_waiting);

  if (place > 0)
    ivl_chat_output_report (job->output,
                            &(IvlWireProgress) { IVL_PHASE_QUEUE, place, n_waiting });
}

void
ivl_chat_tick (IvlChat *self)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = g_ptr_array_index (self->jobs, i);
      IvlChatOutput *output = g_atomic_pointer_get (&job->output);

      if (output == NULL)
        continue;
      if (ivl_chat_output_wants_progress (output))
        report_place (self, job);
      ivl_chat_output_ping (output);
    }
}

void
ivl_chat_stop (IvlChat *self)
{
  g_atomic_int_set (&self->is_stopping, TRUE);
}

void
ivl_chat_get_counts (IvlChat *self,
                     guint   *n_running,
                     guint   *n_waiting)
{
  ivl_queue_get_counts (self->queue, n_running, n_waiting);
}
