/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One answer, pulled piece by piece from its session's engine through IvlAnswerText.
 */
#include "ivl-reply-private.h"

#include <libivl/ivl-region.h>

#include "engines/ivl-answer-text.h"

struct _IvlReply
{
  GObject        parent_instance;
  IvlSession    *session; /* (owned); NULL once the reply has ended */
  IvlImage      *image;   /* (owned) (nullable) */
  IvlAnswerText *text;
  char          *model;   /* its name */
  GArray        *ids;     /* guint32 */
  GPtrArray     *tokens;  /* IvlToken: read and not yet taken */
  IvlUsage       usage;
  int            is_reading; /* atomic: a read is under way */
};

G_DEFINE_FINAL_TYPE (IvlReply, ivl_reply, G_TYPE_OBJECT)

static void
ivl_reply_dispose (GObject *object)
{
  ivl_reply_close (IVL_REPLY (object));
  G_OBJECT_CLASS (ivl_reply_parent_class)->dispose (object);
}

static void
ivl_reply_finalize (GObject *object)
{
  IvlReply *self = IVL_REPLY (object);

  g_clear_object (&self->image);
  g_clear_pointer (&self->text, ivl_answer_text_free);
  g_free (self->model);
  g_array_unref (self->ids);
  g_ptr_array_unref (self->tokens);
  G_OBJECT_CLASS (ivl_reply_parent_class)->finalize (object);
}

static void
ivl_reply_class_init (IvlReplyClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ivl_reply_dispose;
  G_OBJECT_CLASS (klass)->finalize = ivl_reply_finalize;
}

static GPtrArray *
create_tokens (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
}

static void
ivl_reply_init (IvlReply *self)
{
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->tokens = create_tokens ();
}

IvlReply *
ivl_reply_new (IvlSession     *session,
               IvlImage       *image,
               IvlOptions     *options,
               gboolean        begins_in_thought,
               const IvlUsage *usage)
{
  IvlReply *self = g_object_new (IVL_TYPE_REPLY, NULL);

  self->session = g_object_ref (session);
  g_set_object (&self->image, image);
  self->text = ivl_answer_text_new (options, begins_in_thought);
  self->model = g_strdup (ivl_session_get_answering (session));
  self->usage = *usage;
  return self;
}

static void
end_session (IvlReply   *self,
             const char *answer)
{
  g_autoptr (IvlSession) session = g_steal_pointer (&self->session);

  if (session != NULL)
    ivl_session_end (session, answer);
}

/* Has the engine write on, up to the answer's end if it is not reached yet. */
static gboolean
advance (IvlReply      *self,
         GCancellable  *cancellable,
         GError       **error)
{
  g_autoptr (GString) piece = g_string_new (NULL);

  if (!ivl_session_advance (self->session, piece, self->ids, &self->usage, cancellable, error))
    return FALSE;
  ivl_session_take_tokens (self->session, self->tokens);
  ivl_answer_text_push (self->text, piece);
  if (ivl_answer_text_began_in_thought (self->text))
    ivl_session_note_thought (self->session);
  if (self->usage.finish_reason == IVL_FINISH_NONE)
    return TRUE;
  if (!ivl_answer_text_end (self->text, &self->usage, self->model, error))
    {
      self->usage.finish_reason = IVL_FINISH_NONE;
      return FALSE;
    }
  end_session (self, ivl_answer_text_get_marked (self->text));
  return TRUE;
}

static char *
read_piece (IvlReply      *self,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autoptr (GError) failure = NULL;
  char *piece = ivl_answer_text_take (self->text, self->model, &failure);

  while (piece == NULL && failure == NULL && self->session != NULL)
    if (advance (self, cancellable, &failure))
      piece = ivl_answer_text_take (self->text, self->model, &failure);
  if (failure == NULL)
    return piece;
  end_session (self, NULL);
  self->usage.finish_reason = IVL_FINISH_NONE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static gboolean
claim (IvlReply  *self,
       GError   **error)
{
  if (g_atomic_int_compare_and_exchange (&self->is_reading, FALSE, TRUE))
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_BUSY, "The reply is being read already");
  return FALSE;
}

/**
 * ivl_reply_read:
 * @self: a reply
 * @cancellable: (nullable): to give up the whole reply, within one layer of work
 * @error: return location for an error
 *
 * Waits for the next piece of the answer: whole characters of valid UTF-8, never empty.
 *
 * After an error (a cancelled read among them) the reply has ended without a finish reason, and
 * the session is as it was before the question.
 *
 * What has been read is never taken back. A model whose reasoning does not begin as such can have
 * some of it read as its answer: the reply then fails with %IVL_ERROR_NO_ANSWER, and later replies
 * of the session wait for the reasoning's end. [method@Reply.read_all] is free of that.
 *
 * Errors: %G_IO_ERROR_CANCELLED, %IVL_ERROR_BUSY (another read is under way), %IVL_ERROR_NO_ANSWER
 * (no text, reasoning alone, a tool's call; see #IvlOptions:raw), and what the engine reports.
 *
 * Returns: (transfer full) (nullable): the piece; %NULL without @error at the end of the answer
 */
char *
ivl_reply_read (IvlReply      *self,
                GCancellable  *cancellable,
                GError       **error)
{
  char *piece;

  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  if (!claim (self, error))
    return NULL;
  piece = read_piece (self, cancellable, error);
  g_atomic_int_set (&self->is_reading, FALSE);
  return piece;
}

/**
 * ivl_reply_read_all:
 * @self: a reply
 * @cancellable: (nullable): to give up the whole reply
 * @error: return location for an error
 *
 * Waits for the whole answer, which [method@Reply.get_text] then holds. Errors: those of
 * [method@Reply.read].
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_reply_read_all (IvlReply      *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  gboolean ok = TRUE;

  g_return_val_if_fail (IVL_IS_REPLY (self), FALSE);

  if (!claim (self, error))
    return FALSE;
  while (ok && self->session != NULL)
    ok = advance (self, cancellable, error);
  if (!ok)
    end_session (self, NULL);
  g_atomic_int_set (&self->is_reading, FALSE);
  return ok;
}

static void
read_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  char *piece = ivl_reply_read (source, cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, piece, g_free);
}

/**
 * ivl_reply_read_async:
 * @self: a reply
 * @cancellable: (nullable): to give up the whole reply
 * @callback: (scope async): called with the next piece
 * @user_data: for @callback
 *
 * Reads the next piece without blocking; see [method@Reply.read].
 */
void
ivl_reply_read_async (IvlReply            *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IVL_IS_REPLY (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ivl_reply_read_async);
  g_task_run_in_thread (task, read_in_thread);
}

/**
 * ivl_reply_read_finish:
 * @self: a reply
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [method@Reply.read_async].
 *
 * Returns: (transfer full) (nullable): the piece; %NULL without @error at the end of the answer
 */
char *
ivl_reply_read_finish (IvlReply      *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ivl_reply_close:
 * @self: a reply
 *
 * Gives up an answer that has not ended; the session is then as it was before the question. Not
 * while a read is under way: cancel that one.
 */
void
ivl_reply_close (IvlReply *self)
{
  g_return_if_fail (IVL_IS_REPLY (self));

  end_session (self, NULL);
}

/**
 * ivl_reply_get_text:
 * @self: a reply
 *
 * The answer alone: what is none of it, such as reasoning and control tokens, is left out (see
 * #IvlOptions:raw).
 *
 * Returns: all of the answer read so far, without white space at its ends; only an answer with a
 *   finish reason counts
 */
const char *
ivl_reply_get_text (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  return ivl_answer_text_get (self->text);
}

/**
 * ivl_reply_get_remark:
 * @self: a reply
 *
 * What the model said instead of an answer where there is nothing to tell, such as `No text.` for a
 * page without text: one of #IvlOptions:nothing. The answer itself is empty then.
 *
 * Returns: (nullable): the model's words, or %NULL where there are none
 */
const char *
ivl_reply_get_remark (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  return ivl_answer_text_get_remark (self->text);
}

/**
 * ivl_reply_get_model:
 * @self: a reply
 *
 * The name of the model that answers. A router lists names that stand for other models: then it is
 * the name under which the answer came, and not that of ivl_model_get_name().
 *
 * Returns: the name
 */
const char *
ivl_reply_get_model (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  return self->model;
}

/**
 * ivl_reply_get_finish_reason:
 * @self: a reply
 *
 * Returns: how the answer ended; %IVL_FINISH_NONE while it has not, and when it failed
 */
IvlFinishReason
ivl_reply_get_finish_reason (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), IVL_FINISH_NONE);

  return self->usage.finish_reason;
}

/**
 * ivl_reply_get_usage:
 * @self: a reply
 *
 * Returns: (transfer none): what the answer has cost so far
 */
const IvlUsage *
ivl_reply_get_usage (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  return &self->usage;
}

/**
 * ivl_reply_get_token_ids:
 * @self: a reply
 * @n_ids: (out): number of ids
 *
 * Token ids of the answer read so far, the end token not among them.
 *
 * Returns: (transfer none) (array length=n_ids): the ids
 */
const guint32 *
ivl_reply_get_token_ids (IvlReply *self,
                         gsize    *n_ids)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);
  g_return_val_if_fail (n_ids != NULL, NULL);

  *n_ids = self->ids->len;
  return (const guint32 *) self->ids->data;
}

/**
 * ivl_reply_take_tokens:
 * @self: a reply
 *
 * Tokens of the answer that have been read since the last call, where #IvlOptions:top-logprobs
 * asks for them. They are those that the text is made of: the end token, a stop string and what
 * was cut off because it repeats itself are not among them; white space at the ends is, which the
 * text leaves out. Not while a read is under way.
 *
 * Returns: (transfer full) (element-type IvlToken): the tokens, maybe none
 */
GPtrArray *
ivl_reply_take_tokens (IvlReply *self)
{
  GPtrArray *tokens;

  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  tokens = self->tokens;
  self->tokens = create_tokens ();
  return tokens;
}

/**
 * ivl_reply_get_regions:
 * @self: a reply
 *
 * Named rectangles in the answer (`<ref>name</ref><box>[[x1, y1, x2, y2]]</box>`), in pixels of
 * the last picture of the conversation.
 *
 * Returns: (transfer full) (element-type IvlRegion): the regions, in the answer's order; none
 *   without a picture
 */
GPtrArray *
ivl_reply_get_regions (IvlReply *self)
{
  g_return_val_if_fail (IVL_IS_REPLY (self), NULL);

  if (self->image == NULL)
    return g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_region_unref);
  return ivl_region_parse (ivl_answer_text_get_marked (self->text),
                           ivl_image_get_width (self->image), ivl_image_get_height (self->image));
}
