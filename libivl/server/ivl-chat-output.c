/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts answers into the protocol's form, streamed or whole.
 */
#include "server/ivl-chat-output.h"

#include "wire/ivl-sse.h"
#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-reply.h"

/* A client that waits for the first token hears something this often. */
#define PING_SECONDS 10
/* And how far it is as often as this, if it wants to know, though not from the beginning: as long
 * as nothing has been said, a request can still be refused with a status. */
#define REPORT_US (G_TIME_SPAN_SECOND / 4)
#define FIRST_REPORT_US G_TIME_SPAN_SECOND

typedef struct
{
  GString  *text;
  GPtrArray *tokens; /* IvlWireToken; (nullable): none wanted */
  IvlUsage  usage;
  gboolean  has_role; /* its first chunk is sent */
} Answer;

struct _IvlChatOutput
{
  GMutex           lock;
  IvlHttpExchange *exchange;
  IvlWireReplyHead head;
  char            *id;
  char            *model;
  Answer          *answers;
  guint            n;
  gboolean         streams;
  gboolean         include_usage;
  gboolean         has_text;
  gint64           pinged; /* monotonic time, µs */
  gboolean         reports;  /* progress, which was asked for */
  gboolean         has_progress; /* any is known */
  gboolean         is_unsaid;    /* what is known was not said yet */
  IvlWireProgress  progress;
  gint64           reported;     /* when it was said last; 0: never */
};

static void
wire_token_free (gpointer data)
{
  IvlWireToken *token = data;

  g_free (token->chosen.bytes);
  if (token->top != NULL)
    g_array_unref (token->top);
  g_free (token);
}

static void
clear_chance (gpointer data)
{
  IvlWireTokenChance *chance = data;

  g_free (chance->bytes);
}

IvlChatOutput *
ivl_chat_output_new (IvlHttpExchange      *exchange,
                     const IvlWireRequest *request,
                     const char           *model)
{
  IvlChatOutput *self = g_new0 (IvlChatOutput, 1);

  g_mutex_init (&self->lock);
  self->exchange = ivl_http_exchange_ref (exchange);
  self->id = g_strdup_printf ("chatcmpl-%s", exchange->id);
  self->model = g_strdup (model);
  self->head = (IvlWireReplyHead) { self->id, g_get_real_time () / G_USEC_PER_SEC, self->model };
  self->n = request->n;
  self->answers = g_new0 (Answer, self->n);
  for (guint i = 0; i < self->n; i++)
    {
      self->answers[i].text = g_string_new (NULL);
      if (request->top_logprobs >= 0)
        self->answers[i].tokens = g_ptr_array_new_with_free_func (wire_token_free);
    }
  self->streams = request->stream;
  self->include_usage = request->include_usage;
  self->reports = request->stream && request->include_progress;
  self->pinged = g_get_monotonic_time ();
  return self;
}

void
ivl_chat_output_free (IvlChatOutput *self)
{
  for (guint i = 0; i < self->n; i++)
    {
      g_string_free (self->answers[i].text, TRUE);
      g_clear_pointer (&self->answers[i].tokens, g_ptr_array_unref);
    }
  ivl_http_exchange_unref (self->exchange);
  g_mutex_clear (&self->lock);
  g_free (self->answers);
  g_free (self->id);
  g_free (self->model);
  g_free (self);
}

static IvlWireTokenChance
make_chance (IvlToken *token)
{
  GBytes *bytes = ivl_token_get_bytes (token);
  gsize n;
  gconstpointer data = g_bytes_get_data (bytes, &n);

  return (IvlWireTokenChance) { g_memdup2 (data, n), n, ivl_token_get_logprob (token) };
}

static void
append_token (GPtrArray *tokens,
              IvlToken  *token)
{
  GPtrArray *alternatives = ivl_token_get_alternatives (token);
  IvlWireToken *wire = g_new0 (IvlWireToken, 1);

  wire->chosen = make_chance (token);
  if (alternatives != NULL)
    {
      wire->top = g_array_new (FALSE, FALSE, sizeof (IvlWireTokenChance));
      g_array_set_clear_func (wire->top, clear_chance);
      for (guint i = 0; i < alternatives->len; i++)
        {
          IvlWireTokenChance chance = make_chance (g_ptr_array_index (alternatives, i));

          g_array_append_val (wire->top, chance);
        }
    }
  g_ptr_array_add (tokens, wire);
}

static void
begin_stream (IvlChatOutput *self)
{
  if (!ivl_http_exchange_has_begun (self->exchange))
    ivl_http_exchange_begin (self->exchange, "text/event-stream", "X-Accel-Buffering: no\r\n");
}

static void
append_event (GString *out,
              char    *json)
{
  ivl_sse_append_event (out, json);
  g_free (json);
}

/* The chunk that opens answer `index`, unless it is sent. With the lock held. */
static void
append_role (IvlChatOutput *self,
             GString       *out,
             guint          index)
{
  begin_stream (self);
  if (self->answers[index].has_role)
    return;
  self->answers[index].has_role = TRUE;
  append_event (out, ivl_wire_chunk_role (&self->head, index));
}

gboolean
ivl_chat_output_add (IvlChatOutput *self,
                     guint          index,
                     const char    *text,
                     GPtrArray     *tokens)
{
  Answer *answer = &self->answers[index];
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean is_read = TRUE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; answer->tokens != NULL && tokens != NULL && i < tokens->len; i++)
    append_token (answer->tokens, g_ptr_array_index (tokens, i));
  if (!self->streams)
    {
      g_string_append (answer->text, text);
    }
  else
    {
      append_role (self, out, index);
      append_event (out, ivl_wire_chunk_text (&self->head, index, text, answer->tokens));
      if (answer->tokens != NULL)
        g_ptr_array_set_size (answer->tokens, 0);
      self->has_text = TRUE;
      is_read = ivl_http_exchange_write (self->exchange, out->str, out->len, TRUE);
    }
  g_mutex_unlock (&self->lock);
  return is_read;
}

void
ivl_chat_output_finish (IvlChatOutput  *self,
                        guint           index,
                        const IvlUsage *usage)
{
  g_autoptr (GString) out = g_string_new (NULL);

  g_mutex_lock (&self->lock);
  self->answers[index].usage = *usage;
  if (self->streams)
    {
      append_role (self, out, index);
      append_event (out, ivl_wire_chunk_finish (&self->head, index, usage->finish_reason));
      ivl_http_exchange_write (self->exchange, out->str, out->len, FALSE);
    }
  g_mutex_unlock (&self->lock);
}

/* The answers share one prompt: its tokens count once, as they do elsewhere. */
static IvlUsage
sum_usage (IvlChatOutput *self)
{
  IvlUsage sum = self->answers[0].usage;

  for (guint i = 1; i < self->n; i++)
    sum.n_answer_tokens += self->answers[i].usage.n_answer_tokens;
  return sum;
}

static char *
make_completion (IvlChatOutput *self)
{
  IvlUsage usage = sum_usage (self);
  g_autofree IvlWireChoice *choices = g_new0 (IvlWireChoice, self->n);

  for (guint i = 0; i < self->n; i++)
    choices[i] = (IvlWireChoice) { self->answers[i].text->str, self->answers[i].usage.finish_reason,
                                   self->answers[i].tokens };
  return ivl_wire_completion (&self->head, choices, self->n, &usage);
}

void
ivl_chat_output_complete (IvlChatOutput *self)
{
  IvlUsage usage = sum_usage (self);

  g_mutex_lock (&self->lock);
  if (self->streams)
    {
      g_autoptr (GString) out = g_string_new (NULL);

      if (self->include_usage)
        append_event (out, ivl_wire_chunk_usage (&self->head, &usage));
      ivl_sse_append_event (out, "[DONE]");
      ivl_http_exchange_write (self->exchange, out->str, out->len, FALSE);
      ivl_http_exchange_end (self->exchange, TRUE);
    }
  else
    {
      g_autofree char *json = make_completion (self);

      ivl_http_exchange_respond (self->exchange, 200, "application/json", NULL, json);
    }
  g_mutex_unlock (&self->lock);
}

void
ivl_chat_output_fail (IvlChatOutput *self,
                      guint          status,
                      const char    *message,
                      const char    *param,
                      const char    *code,
                      guint          retry_after)
{
  g_mutex_lock (&self->lock);
  if (!ivl_http_exchange_has_begun (self->exchange))
    {
      ivl_http_exchange_fail (self->exchange, status, message, param, code, retry_after);
    }
  else
    {
      g_autoptr (GString) out = g_string_new (NULL);
      const char *type = status < 500 ? "invalid_request_error" : "server_error";

      append_event (out, ivl_wire_error_to_json (message, type, param, code));
      ivl_http_exchange_write (self->exchange, out->str, out->len, FALSE);
      ivl_http_exchange_end (self->exchange, FALSE);
    }
  g_mutex_unlock (&self->lock);
}

/* With the lock held. */
static void
say_progress (IvlChatOutput *self,
              gint64         now)
{
  g_autofree char *json = ivl_wire_progress_to_json (&self->progress);
  g_autoptr (GString) out = g_string_new (NULL);

  begin_stream (self);
  ivl_sse_append_typed (out, IVL_WIRE_PROGRESS_EVENT, json);
  ivl_http_exchange_write (self->exchange, out->str, out->len, FALSE);
  self->is_unsaid = FALSE;
  self->reported = now;
  self->pinged = now;
}

/* With the lock held. */
static gboolean
is_report_due (IvlChatOutput *self,
               gint64         now)
{
  return self->is_unsaid && now - self->exchange->began >= FIRST_REPORT_US &&
         now - self->reported >= REPORT_US;
}

gboolean
ivl_chat_output_wants_progress (IvlChatOutput *self)
{
  return self->reports;
}

void
ivl_chat_output_report (IvlChatOutput         *self,
                        const IvlWireProgress *progress)
{
  gint64 now = g_get_monotonic_time ();
  gboolean is_late;

  if (!self->reports)
    return;
  g_mutex_lock (&self->lock);
  /* The queue is looked at by another thread than the one that has begun to work meanwhile */
  is_late = progress->phase == IVL_PHASE_QUEUE && self->has_progress &&
            self->progress.phase != IVL_PHASE_QUEUE;
  if (!is_late)
    {
      self->progress = *progress;
      self->has_progress = TRUE;
      self->is_unsaid = TRUE;
      if (is_report_due (self, now))
        say_progress (self, now);
    }
  g_mutex_unlock (&self->lock);
}

void
ivl_chat_output_ping (IvlChatOutput *self)
{
  gint64 now = g_get_monotonic_time ();
  g_autoptr (GString) out = NULL;

  /* Whoever holds the lock is about to say something. */
  if (!self->streams || !g_mutex_trylock (&self->lock))
    return;
  if (is_report_due (self, now) ||
      (self->has_progress && now - self->pinged >= PING_SECONDS * G_TIME_SPAN_SECOND))
    say_progress (self, now);
  else if (!self->has_text && now - self->pinged >= PING_SECONDS * G_TIME_SPAN_SECOND)
    {
      out = g_string_new (NULL);
      begin_stream (self);
      ivl_sse_append_comment (out);
      ivl_http_exchange_write (self->exchange, out->str, out->len, FALSE);
      self->pinged = now;
    }
  g_mutex_unlock (&self->lock);
}
