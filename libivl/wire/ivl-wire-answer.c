/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decides what an engine's stream says: the text, and whether it is an answer at all. A server that
 * dies looks like one that has finished, and failures come with status 200, so that nothing counts
 * but a finish reason that is known.
 */
#include "wire/ivl-wire-answer.h"

#include <string.h>

#include "wire/ivl-sse.h"
#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-event.h"
#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-text.h"

#define MAX_MODEL 256
/* Of a body that is no stream: enough for its message. */
#define MAX_OTHER 65536
#define MAX_COUNT ((gint64) 1 << 40)

struct _IvlWireAnswer
{
  const IvlWireDialect *dialect; /* (nullable) */
  IvlSseDecoder        *decoder;
  IvlWireBodyKind       kind;
  GString              *start;   /* bytes before the kind is known, or a body of another kind */
  IvlWireText           text;
  GString              *held;    /* text that may turn out to be a failure's */
  gboolean              is_held; /* whether all text so far is in held */
  GString              *out;     /* the caller's, while bytes are pushed */
  gsize                 n_text;
  gboolean              has_content;
  gboolean              has_reasoned;
  gboolean              is_done;
  gboolean              has_failed;
  IvlFinishReason       reason;
  char                 *model;
  IvlWireUsage          usage;
  GPtrArray            *tokens;  /* IvlWireToken: those not taken yet */
  IvlWireProgress       progress;
  gboolean              has_progress; /* that was not taken yet */
};

static void
free_token (gpointer data)
{
  ivl_wire_token_free (data);
}

IvlWireAnswer *
ivl_wire_answer_new (const IvlWireDialect *dialect)
{
  IvlWireAnswer *self = g_new0 (IvlWireAnswer, 1);

  self->dialect = dialect;
  self->decoder = ivl_sse_decoder_new ();
  self->start = g_string_new (NULL);
  self->held = g_string_new (NULL);
  self->is_held = TRUE;
  self->reason = IVL_FINISH_NONE;
  self->usage = (IvlWireUsage) { -1, -1, -1, -1, -1 };
  self->tokens = g_ptr_array_new_with_free_func (free_token);
  return self;
}

void
ivl_wire_answer_free (IvlWireAnswer *self)
{
  ivl_sse_decoder_free (self->decoder);
  g_string_free (self->start, TRUE);
  g_string_free (self->held, TRUE);
  g_ptr_array_unref (self->tokens);
  g_free (self->model);
  g_free (self);
}

static gboolean
fail (GError     **error,
      IvlError     code,
      const char  *message)
{
  g_set_error_literal (error, IVL_ERROR, code, message);
  return FALSE;
}

/* Hands out what is no failure's text. */
static void
release_text (IvlWireAnswer *self)
{
  if (!self->is_held || ivl_wire_event_is_failure_so_far (self->held->str))
    return;
  g_string_append_len (self->out, self->held->str, self->held->len);
  g_string_truncate (self->held, 0);
  self->is_held = FALSE;
}

static gboolean
take_content (IvlWireAnswer  *self,
              const json_t   *content,
              gboolean        repaired,
              GError        **error)
{
  gsize n = json_string_length (content);

  if (content == NULL || json_is_null (content))
    return TRUE;
  if (!json_is_string (content))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "the stream's content is not text");
  if (n == 0)
    return TRUE;
  if (self->reason != IVL_FINISH_NONE)
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "the stream goes on after its finish reason");
  self->has_content = TRUE;
  self->n_text += n;
  if (self->n_text > IVL_WIRE_MAX_TEXT)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
                   "the answer has more than %d bytes", IVL_WIRE_MAX_TEXT);
      return FALSE;
    }
  ivl_wire_text_append (&self->text, json_string_value (content), n, repaired,
                        self->is_held ? self->held : self->out);
  release_text (self);
  return TRUE;
}

/* No text comes any more: what was held back is handed out, or was the server's failure. */
static gboolean
finish_text (IvlWireAnswer  *self,
             GError        **error)
{
  g_autofree char *trimmed = NULL;

  ivl_wire_text_end (&self->text, self->is_held ? self->held : self->out);
  if (!self->is_held)
    return TRUE;
  trimmed = g_strstrip (g_strdup (self->held->str));
  if (g_ascii_strcasecmp (trimmed, IVL_WIRE_FAILURE_TEXT) == 0)
    return fail (error, IVL_ERROR_REMOTE_FAILED, "the server failed: " IVL_WIRE_FAILURE_TEXT);
  g_string_append_len (self->out, self->held->str, self->held->len);
  g_string_truncate (self->held, 0);
  self->is_held = FALSE;
  return TRUE;
}

static gboolean
take_reason (IvlWireAnswer  *self,
             const json_t   *value,
             GError        **error)
{
  const char *text = json_string_value (value);
  IvlFinishReason reason;

  /* Some gateways give "" instead of null on the way. */
  if (value == NULL || json_is_null (value) || (text != NULL && *text == '\0'))
    return TRUE;
  if (text == NULL)
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "the stream's finish reason is not text");
  reason = ivl_wire_event_read_reason (text, self->dialect, error);
  if (reason == IVL_FINISH_NONE)
    return FALSE;
  if (self->reason != IVL_FINISH_NONE)
    return TRUE;
  self->reason = reason;
  return finish_text (self, error);
}

/* Engines name what the model thinks beside its answer in several ways. */
static gboolean
has_reasoning (const json_t *delta)
{
  static const char *const keys[] = {
    "reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details",
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const json_t *value = json_object_get (delta, keys[i]);

      if (json_string_length (value) > 0 || json_array_size (value) > 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
calls_tool (const json_t *delta)
{
  return json_array_size (json_object_get (delta, "tool_calls")) > 0 ||
         json_object_size (json_object_get (delta, "function_call")) > 0;
}

/* Probabilities are beside the answer: an engine's odd ones are no failure. */
static void
take_tokens (IvlWireAnswer *self,
             const json_t  *logprobs)
{
  const json_t *content = json_object_get (logprobs, "content");

  for (gsize i = 0; i < json_array_size (content) && self->tokens->len < IVL_WIRE_MAX_TOKENS; i++)
    {
      IvlWireToken *token = ivl_wire_token_read (json_array_get (content, i));

      if (token != NULL)
        g_ptr_array_add (self->tokens, token);
    }
}

static gboolean
take_choice (IvlWireAnswer  *self,
             const json_t   *choice,
             gboolean        repaired,
             GError        **error)
{
  const json_t *index = json_object_get (choice, "index");
  const json_t *delta = json_object_get (choice, "delta");
  const json_t *refusal = json_object_get (delta, "refusal");

  if (!json_is_object (choice))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "a choice of the stream is no object");
  if (json_is_integer (index) && json_integer_value (index) != 0)
    return TRUE;
  if (delta != NULL && !json_is_object (delta) && !json_is_null (delta))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "a delta of the stream is no object");
  /* A whole answer, or one of the older completions: its text would be lost. */
  if (delta == NULL &&
      (json_object_get (choice, "message") != NULL || json_object_get (choice, "text") != NULL))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "the events are no chunks of a chat completion");
  if (json_string_length (refusal) > 0)
    return fail (error, IVL_ERROR_REMOTE_FAILED, "the model refuses to answer");
  if (calls_tool (delta))
    return fail (error, IVL_ERROR_NO_ANSWER, "the model called a tool instead of answering");
  self->has_reasoned = self->has_reasoned || has_reasoning (delta);
  take_tokens (self, json_object_get (choice, "logprobs"));
  return take_content (self, json_object_get (delta, "content"), repaired, error) &&
         take_reason (self, json_object_get (choice, "finish_reason"), error);
}

static void
take_count (gint64       *count,
            const json_t *object,
            const char   *key)
{
  *count = ivl_wire_json_get_int (object, key, 0, MAX_COUNT, *count);
}

static void
take_usage (IvlWireAnswer *self,
            const json_t  *usage)
{
  const json_t *ivl = json_object_get (usage, "ivl");

  take_count (&self->usage.n_prompt_tokens, usage, "prompt_tokens");
  take_count (&self->usage.n_answer_tokens, usage, "completion_tokens");
  take_count (&self->usage.n_cached_tokens, json_object_get (usage, "prompt_tokens_details"),
              "cached_tokens");
  take_count (&self->usage.n_tiles, ivl, "tiles");
  take_count (&self->usage.n_tiles_encoded, ivl, "tiles_encoded");
}

static gboolean
take_chunk (IvlWireAnswer  *self,
            const json_t   *root,
            gboolean        repaired,
            GError        **error)
{
  const json_t *choices = json_object_get (root, "choices");
  const char *model = ivl_wire_json_get_string (root, "model");

  if (choices != NULL && !json_is_array (choices) && !json_is_null (choices))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "the stream's choices are no array");
  if (self->model == NULL && model != NULL && *model != '\0')
    self->model = ivl_wire_make_safe (model, -1, MAX_MODEL);
  take_usage (self, json_object_get (root, "usage"));
  for (gsize i = 0; i < json_array_size (choices); i++)
    if (!take_choice (self, json_array_get (choices, i), repaired, error))
      return FALSE;
  return TRUE;
}

/* Beside the answer: an odd one is no failure. */
static void
take_progress (IvlWireAnswer *self,
               const char    *data,
               gsize          n)
{
  json_auto_t *root = ivl_wire_json_parse (data, n, NULL);

  self->has_progress = ivl_wire_progress_read (&self->progress, root) || self->has_progress;
}

static gboolean
take_event (const char  *event,
            const char  *data,
            gsize        n,
            gpointer     user_data,
            GError     **error)
{
  IvlWireAnswer *self = user_data;
  gboolean is_error_event = event != NULL && strcmp (event, "error") == 0;
  json_auto_t *root = NULL;
  gboolean repaired;

  if (self->is_done)
    return TRUE;
  if (g_strcmp0 (event, IVL_WIRE_PROGRESS_EVENT) == 0)
    {
      take_progress (self, data, n);
      return TRUE;
    }
  if (!is_error_event && ivl_wire_event_is_done (data, n))
    {
      self->is_done = TRUE;
      return TRUE;
    }
  root = ivl_wire_json_parse_reply (data, n, &repaired, is_error_event ? NULL : error);
  if (root == NULL && !is_error_event)
    {
      g_prefix_error (error, "an event of the stream: ");
      return FALSE;
    }
  if (ivl_wire_event_is_error (root, event))
    {
      g_propagate_error (error, ivl_wire_error_from_event (data, n));
      return FALSE;
    }
  if (!json_is_object (root))
    return fail (error, IVL_ERROR_REMOTE_PROTOCOL, "an event of the stream is no object");
  return take_chunk (self, root, repaired, error);
}

static gboolean
fail_for_other (IvlWireAnswer  *self,
                GError        **error)
{
  g_propagate_error (error,
                     ivl_wire_error_from_body (200, self->start->str, self->start->len));
  return FALSE;
}

/* Bytes of a body whose kind is not known, or that is no stream. Endless line ends are no stream
 * either. */
static gboolean
push_start (IvlWireAnswer  *self,
            const char     *bytes,
            gsize           n,
            GError        **error)
{
  g_string_append_len (self->start, bytes, MIN (n, MAX_OTHER));
  if (self->kind == IVL_WIRE_BODY_UNKNOWN)
    self->kind = ivl_wire_event_look_at_body (self->start->str, self->start->len);
  if (self->kind == IVL_WIRE_BODY_EVENTS)
    {
      gsize taken = MIN (n, MAX_OTHER);

      return ivl_sse_decoder_push (self->decoder, self->start->str, self->start->len, take_event,
                                   self, error) &&
             ivl_sse_decoder_push (self->decoder, bytes + taken, n - taken, take_event, self,
                                   error);
    }
  if (self->start->len >= MAX_OTHER)
    return fail_for_other (self, error);
  return TRUE;
}

/* Nothing that comes after a failure makes it an answer. */
static gboolean
fail_again (GError **error)
{
  return fail (error, IVL_ERROR_REMOTE_FAILED, "the answer has failed before");
}

gboolean
ivl_wire_answer_push (IvlWireAnswer  *self,
                      const char     *bytes,
                      gsize           n,
                      GString        *text,
                      GError        **error)
{
  gboolean ok;

  if (self->has_failed)
    return fail_again (error);
  if (self->is_done)
    return TRUE;
  self->out = text;
  if (self->kind != IVL_WIRE_BODY_EVENTS)
    ok = push_start (self, bytes, n, error);
  else
    ok = ivl_sse_decoder_push (self->decoder, bytes, n, take_event, self, error);
  self->has_failed = !ok;
  return ok;
}

gboolean
ivl_wire_answer_end (IvlWireAnswer  *self,
                     GString        *text,
                     GError        **error)
{
  if (self->has_failed)
    return fail_again (error);
  if (self->reason != IVL_FINISH_NONE)
    return TRUE;
  if (self->kind == IVL_WIRE_BODY_OTHER)
    return fail_for_other (self, error);
  if (self->is_done)
    return fail (error, IVL_ERROR_REMOTE_FAILED,
                 "the server ended the answer without a finish reason");
  return fail (error, IVL_ERROR_REMOTE_FAILED,
               self->has_content ? "the answer was cut off: the connection ended before it was "
                                   "finished"
                                 : "the connection ended before an answer came");
}

gboolean
ivl_wire_answer_is_finished (IvlWireAnswer *self)
{
  return self->reason != IVL_FINISH_NONE && !self->has_failed;
}

gboolean
ivl_wire_answer_is_done (IvlWireAnswer *self)
{
  return self->is_done;
}

gboolean
ivl_wire_answer_has_content (IvlWireAnswer *self)
{
  return self->has_content;
}

gboolean
ivl_wire_answer_has_reasoned (IvlWireAnswer *self)
{
  return self->has_reasoned;
}

IvlFinishReason
ivl_wire_answer_get_finish_reason (IvlWireAnswer *self)
{
  return self->reason;
}

const char *
ivl_wire_answer_get_model (IvlWireAnswer *self)
{
  return self->model;
}

void
ivl_wire_answer_get_usage (IvlWireAnswer *self,
                           IvlWireUsage  *usage)
{
  *usage = self->usage;
}

gboolean
ivl_wire_answer_take_progress (IvlWireAnswer   *self,
                               IvlWireProgress *progress)
{
  gboolean has_progress = self->has_progress;

  if (has_progress)
    *progress = self->progress;
  self->has_progress = FALSE;
  return has_progress;
}

GPtrArray *
ivl_wire_answer_take_tokens (IvlWireAnswer *self)
{
  GPtrArray *tokens = self->tokens;

  self->tokens = g_ptr_array_new_with_free_func (free_token);
  return tokens;
}
