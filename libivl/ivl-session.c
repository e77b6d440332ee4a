/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One conversation: its messages, the engine's timeline for it, and who is told of progress.
 */
#include <libivl/ivl-session.h>

#include "ivl-reply-private.h"

/* Whom to tell of progress. Counted, because reports may still be on their way to a main loop
 * when the session is gone or someone else is to be told. */
typedef struct
{
  gatomicrefcount ref_count;
  IvlProgressFunc func;
  gpointer        data;
  GDestroyNotify  notify;
} Listener;

struct _IvlSession
{
  GObject       parent_instance;
  IvlModel     *model;    /* (owned) */
  IvlEngine    *engine;   /* (owned) */
  gpointer      timeline; /* (owned), the engine's */
  GPtrArray    *messages; /* (element-type IvlMessage) */
  Listener     *listener; /* (owned) (nullable) */
  /* (owned) (nullable): where the current reply's progress is told; NULL: in its thread */
  GMainContext *context;
  guint         max_tokens; /* of the current reply */
  gboolean      begins_in_thought; /* the model's answers: known from earlier ones */
  int           is_busy;  /* atomic */
};

G_DEFINE_FINAL_TYPE (IvlSession, ivl_session, G_TYPE_OBJECT)

static void
listener_unref (gpointer data)
{
  Listener *listener = data;

  if (!g_atomic_ref_count_dec (&listener->ref_count))
    return;
  if (listener->notify != NULL)
    listener->notify (listener->data);
  g_free (listener);
}

static void
ivl_session_finalize (GObject *object)
{
  IvlSession *self = IVL_SESSION (object);

  if (self->timeline != NULL)
    IVL_ENGINE_GET_CLASS (self->engine)->close_timeline (self->engine, self->timeline);
  g_clear_object (&self->engine);
  g_clear_object (&self->model);
  g_clear_pointer (&self->messages, g_ptr_array_unref);
  g_clear_pointer (&self->listener, listener_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  G_OBJECT_CLASS (ivl_session_parent_class)->finalize (object);
}

static void
ivl_session_class_init (IvlSessionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_session_finalize;
}

static void
ivl_session_init (IvlSession *self)
{
  self->messages = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * ivl_session_new:
 * @model: a model
 *
 * A new conversation.
 *
 * Returns: (transfer full): the session
 */
IvlSession *
ivl_session_new (IvlModel *model)
{
  IvlSession *self;

  g_return_val_if_fail (IVL_IS_MODEL (model), NULL);

  self = g_object_new (IVL_TYPE_SESSION, NULL);
  self->model = g_object_ref (model);
  self->engine = g_object_ref (ivl_model_get_engine (model));
  self->timeline = IVL_ENGINE_GET_CLASS (self->engine)->open_timeline (self->engine);
  return self;
}

/**
 * ivl_session_get_model:
 * @self: a session
 *
 * Returns: (transfer none): its model
 */
IvlModel *
ivl_session_get_model (IvlSession *self)
{
  g_return_val_if_fail (IVL_IS_SESSION (self), NULL);

  return self->model;
}

/**
 * ivl_session_set_progress:
 * @self: a session
 * @progress: (nullable) (scope notified): told how far a reply is
 * @user_data: (closure progress): for @progress
 * @notify: (nullable) (destroy user_data): called when @progress is not used any more
 *
 * Says whom to tell of progress. Not while a reply is under way.
 */
void
ivl_session_set_progress (IvlSession      *self,
                          IvlProgressFunc  progress,
                          gpointer         user_data,
                          GDestroyNotify   notify)
{
  g_return_if_fail (IVL_IS_SESSION (self));

  g_clear_pointer (&self->listener, listener_unref);
  if (progress == NULL)
    return;
  self->listener = g_new0 (Listener, 1);
  g_atomic_ref_count_init (&self->listener->ref_count);
  self->listener->func = progress;
  self->listener->data = user_data;
  self->listener->notify = notify;
}

/* One report on its way to a main loop. */
typedef struct
{
  Listener *listener;
  IvlPhase  phase;
  guint64   done;
  guint64   total;
} Report;

static void
report_free (gpointer data)
{
  Report *report = data;

  listener_unref (report->listener);
  g_free (report);
}

static gboolean
deliver_report (gpointer data)
{
  Report *report = data;

  report->listener->func (report->phase, report->done, report->total, report->listener->data);
  return G_SOURCE_REMOVE;
}

static void
tell_progress (IvlPhase phase,
               guint64  done,
               guint64  total,
               gpointer data)
{
  IvlSession *self = data;
  g_autoptr (GSource) source = NULL;
  Report *report;

  if (self->listener == NULL)
    return;
  if (self->context == NULL)
    {
      self->listener->func (phase, done, total, self->listener->data);
      return;
    }
  report = g_new0 (Report, 1);
  g_atomic_ref_count_inc (&self->listener->ref_count);
  report->listener = self->listener;
  report->phase = phase;
  report->done = done;
  report->total = total;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, deliver_report, report, report_free);
  g_source_attach (source, self->context);
}

static gboolean
claim (IvlSession  *self,
       GError     **error)
{
  if (g_atomic_int_compare_and_exchange (&self->is_busy, FALSE, TRUE))
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_BUSY,
                       "The session already works on a reply: wait for it, or cancel it");
  return FALSE;
}

static void
release (IvlSession *self)
{
  g_clear_pointer (&self->context, g_main_context_unref);
  g_atomic_int_set (&self->is_busy, FALSE);
}

/**
 * ivl_session_add_message:
 * @self: a session
 * @message: what was said
 * @error: return location for an error
 *
 * Adds to the history without asking anything: a system line (first only) or an earlier turn.
 *
 * Errors: %IVL_ERROR_BUSY, %IVL_ERROR_INVALID_OPTION (a system line that is not first).
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_session_add_message (IvlSession  *self,
                         IvlMessage  *message,
                         GError     **error)
{
  g_return_val_if_fail (IVL_IS_SESSION (self), FALSE);
  g_return_val_if_fail (IVL_IS_MESSAGE (message), FALSE);

  if (!claim (self, error))
    return FALSE;
  if (ivl_message_get_role (message) == IVL_ROLE_SYSTEM && self->messages->len > 0)
    {
      release (self);
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                           "A system line can only be the first message of a conversation");
      return FALSE;
    }
  g_ptr_array_add (self->messages, g_object_ref (message));
  release (self);
  return TRUE;
}

/**
 * ivl_session_get_n_messages:
 * @self: a session
 *
 * Returns: messages in the history, answers among them
 */
guint
ivl_session_get_n_messages (IvlSession *self)
{
  g_return_val_if_fail (IVL_IS_SESSION (self), 0);

  return self->messages->len;
}

/**
 * ivl_session_reset:
 * @self: a session
 * @error: return location for an error
 *
 * Forgets the conversation. Errors: %IVL_ERROR_BUSY.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_session_reset (IvlSession  *self,
                   GError     **error)
{
  g_return_val_if_fail (IVL_IS_SESSION (self), FALSE);

  if (!claim (self, error))
    return FALSE;
  g_ptr_array_set_size (self->messages, 0);
  release (self);
  return TRUE;
}

/* The picture that an answer's regions lie in: the last one of the conversation. */
static IvlImage *
find_last_image (IvlSession *self)
{
  for (guint i = self->messages->len; i > 0; i--)
    {
      IvlMessage *message = g_ptr_array_index (self->messages, i - 1);

      for (guint p = ivl_message_get_n_parts (message); p > 0; p--)
        if (ivl_message_get_part_kind (message, p - 1) == IVL_PART_IMAGE)
          return ivl_message_get_part_image (message, p - 1);
    }
  return NULL;
}

/* The engine's beginning. What an engine calls without a cancellable, such as cutting a picture,
 * stops by the thread's current one. */
static gboolean
begin (IvlSession    *self,
       IvlOptions    *settings,
       IvlUsage      *usage,
       GCancellable  *cancellable,
       GError       **error)
{
  gboolean ok;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (cancellable != NULL)
    g_cancellable_push_current (cancellable);
  ok = IVL_ENGINE_GET_CLASS (self->engine)
           ->begin (self->engine, self->timeline, self->messages, settings, usage, tell_progress,
                    self, cancellable, error);
  if (cancellable != NULL)
    g_cancellable_pop_current (cancellable);
  return ok;
}

/* Begins to answer; context (nullable) is where progress is told. */
static IvlReply *
start (IvlSession    *self,
       IvlMessage    *message,
       IvlOptions    *options,
       GMainContext  *context,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autoptr (IvlOptions) settings =
      options != NULL ? ivl_options_copy (options) : ivl_options_new ();
  IvlUsage usage = { 0 };

  if (!claim (self, error))
    return NULL;
  self->context = context != NULL ? g_main_context_ref (context) : NULL;
  self->max_tokens = ivl_options_get_max_tokens (settings);
  g_ptr_array_add (self->messages, g_object_ref (message));
  if (!begin (self, settings, &usage, cancellable, error))
    {
      ivl_session_end (self, NULL);
      return NULL;
    }
  return ivl_reply_new (self, find_last_image (self), settings, self->begins_in_thought, &usage);
}

gboolean
ivl_session_advance (IvlSession    *self,
                     GString       *text,
                     GArray        *ids,
                     IvlUsage      *usage,
                     GCancellable  *cancellable,
                     GError       **error)
{
  if (!IVL_ENGINE_GET_CLASS (self->engine)
           ->advance (self->engine, self->timeline, text, ids, usage, cancellable, error))
    return FALSE;
  tell_progress (IVL_PHASE_DECODE, usage->n_answer_tokens, self->max_tokens, self);
  return TRUE;
}

void
ivl_session_take_tokens (IvlSession *self,
                         GPtrArray  *tokens)
{
  IvlEngineClass *engine_class = IVL_ENGINE_GET_CLASS (self->engine);

  if (engine_class->take_tokens != NULL)
    engine_class->take_tokens (self->engine, self->timeline, tokens);
}

const char *
ivl_session_get_answering (IvlSession *self)
{
  IvlEngineClass *class = IVL_ENGINE_GET_CLASS (self->engine);
  const char *name = class->get_answering != NULL
                         ? class->get_answering (self->engine, self->timeline)
                         : NULL;

  return name != NULL ? name : ivl_model_get_name (self->model);
}

void
ivl_session_note_thought (IvlSession *self)
{
  self->begins_in_thought = TRUE;
}

void
ivl_session_end (IvlSession *self,
                 const char *answer)
{
  IVL_ENGINE_GET_CLASS (self->engine)->end (self->engine, self->timeline);
  if (answer != NULL)
    {
      IvlMessage *message = ivl_message_new (IVL_ROLE_ASSISTANT);

      ivl_message_add_text (message, answer);
      g_ptr_array_add (self->messages, message);
    }
  else
    {
      g_ptr_array_set_size (self->messages, self->messages->len - 1);
    }
  release (self);
}

/**
 * ivl_session_send:
 * @self: a session
 * @message: the question
 * @options: (nullable): how to answer
 * @cancellable: (nullable): to give up, within one layer of work
 * @error: return location for an error
 *
 * Asks: encodes what is new in the conversation and returns the reply, to be read piece by piece.
 * Blocks until the first token can be generated.
 *
 * Errors: %IVL_ERROR_BUSY, %IVL_ERROR_CONTEXT_FULL (names both numbers, before any work),
 * %IVL_ERROR_UNSUPPORTED (a picture for a model without vision), %IVL_ERROR_NO_MEMORY,
 * %IVL_ERROR_INVALID_DATA (weights that are not finite, a model file that changed),
 * %G_IO_ERROR_CANCELLED. The session is then as it was before.
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 */
IvlReply *
ivl_session_send (IvlSession    *self,
                  IvlMessage    *message,
                  IvlOptions    *options,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_return_val_if_fail (IVL_IS_SESSION (self), NULL);
  g_return_val_if_fail (IVL_IS_MESSAGE (message), NULL);

  return start (self, message, options, NULL, cancellable, error);
}

typedef struct
{
  IvlMessage   *message;
  IvlOptions   *options; /* (nullable) */
  /* (owned) (nullable): where the current reply's progress is told; NULL: in its thread */
  GMainContext *context;
} SendData;

static void
send_data_free (gpointer data)
{
  SendData *send = data;

  g_object_unref (send->message);
  g_clear_object (&send->options);
  g_main_context_unref (send->context);
  g_free (send);
}

static void
return_reply (GTask    *task,
              IvlReply *reply,
              GError   *error)
{
  if (error == NULL)
    {
      g_task_return_pointer (task, reply, g_object_unref);
      return;
    }
  g_clear_object (&reply);
  g_task_return_error (task, error);
}

static void
send_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  SendData *send = data;
  GError *error = NULL;
  IvlReply *reply =
      start (source, send->message, send->options, send->context, cancellable, &error);

  return_reply (task, reply, error);
}

static void
send_and_read_in_thread (GTask        *task,
                         gpointer      source,
                         gpointer      data,
                         GCancellable *cancellable)
{
  SendData *send = data;
  GError *error = NULL;
  IvlReply *reply =
      start (source, send->message, send->options, send->context, cancellable, &error);

  if (reply != NULL)
    ivl_reply_read_all (reply, cancellable, &error);
  return_reply (task, reply, error);
}

static void
run_send (IvlSession          *self,
          IvlMessage          *message,
          IvlOptions          *options,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             source_tag,
          GTaskThreadFunc      func)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  SendData *send = g_new0 (SendData, 1);

  send->message = g_object_ref (message);
  g_set_object (&send->options, options);
  send->context = g_main_context_ref_thread_default ();
  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, send, send_data_free);
  g_task_run_in_thread (task, func);
}

/**
 * ivl_session_send_async:
 * @self: a session
 * @message: the question
 * @options: (nullable): how to answer
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when the reply can be read
 * @user_data: for @callback
 *
 * Asks without blocking; see [method@Session.send].
 */
void
ivl_session_send_async (IvlSession          *self,
                        IvlMessage          *message,
                        IvlOptions          *options,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_return_if_fail (IVL_IS_SESSION (self));
  g_return_if_fail (IVL_IS_MESSAGE (message));

  run_send (self, message, options, cancellable, callback, user_data, ivl_session_send_async,
            send_in_thread);
}

/**
 * ivl_session_send_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Session.send_async].
 *
 * Returns: (transfer full): the reply, or %NULL with @error set
 */
IvlReply *
ivl_session_send_finish (IvlSession    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ivl_session_send_and_read:
 * @self: a session
 * @message: the question
 * @options: (nullable): how to answer
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Asks and reads the whole answer. Errors are those of [method@Session.send] and
 * [method@Reply.read].
 *
 * Returns: (transfer full): the finished reply, or %NULL with @error set
 */
IvlReply *
ivl_session_send_and_read (IvlSession    *self,
                           IvlMessage    *message,
                           IvlOptions    *options,
                           GCancellable  *cancellable,
                           GError       **error)
{
  g_autoptr (IvlReply) reply = ivl_session_send (self, message, options, cancellable, error);

  if (reply == NULL || !ivl_reply_read_all (reply, cancellable, error))
    return NULL;
  return g_steal_pointer (&reply);
}

/**
 * ivl_session_send_and_read_async:
 * @self: a session
 * @message: the question
 * @options: (nullable): how to answer
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when the answer is complete
 * @user_data: for @callback
 *
 * Asks and reads the whole answer without blocking.
 */
void
ivl_session_send_and_read_async (IvlSession          *self,
                                 IvlMessage          *message,
                                 IvlOptions          *options,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_return_if_fail (IVL_IS_SESSION (self));
  g_return_if_fail (IVL_IS_MESSAGE (message));

  run_send (self, message, options, cancellable, callback, user_data,
            ivl_session_send_and_read_async, send_and_read_in_thread);
}

/**
 * ivl_session_send_and_read_finish:
 * @self: a session
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Session.send_and_read_async].
 *
 * Returns: (transfer full): the finished reply, or %NULL with @error set
 */
IvlReply *
ivl_session_send_and_read_finish (IvlSession    *self,
                                  GAsyncResult  *result,
                                  GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
