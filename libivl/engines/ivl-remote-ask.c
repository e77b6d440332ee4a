/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts a question to a server and sees it through: which failures are worth another try, how long
 * to wait for it, and when the answer is complete.
 */
#include "engines/ivl-remote-ask.h"

#include <libivl/ivl-error.h>

#include "engines/ivl-remote-retry.h"
#include "engines/ivl-service.h"
#include "wire/ivl-wire-error.h"

enum
{
  MAX_DOCUMENT = 4 * 1024 * 1024,
  /* So long a question waits for others of this program. */
  MAX_QUEUE_SECONDS = 900,
  REFUSAL_SECONDS = 10,
};

struct _IvlRemoteAsk
{
  const IvlRemoteLine *line;
  IvlRemoteCall       *call;
  IvlWireAnswer       *answer;
  GByteArray          *bytes;
  GString             *text; /* what has come before anyone could read it */
  IvlProgressFunc      progress; /* (nullable) */
  gpointer             progress_data;
  IvlWireProgress      told; /* last, by the server */
  IvlRemoteTicket      ticket;
  gboolean             has_place;
  gboolean             is_finished;
};

/* The tries of one request. */
typedef struct
{
  const IvlRemoteLine *line;
  guint                n_tries;
  gint64               start;
  gint64               end_down; /* no more tries after that when there was no reply */
  gint64               end_busy; /* and when there was one */
  gboolean             has_reconnected;
  gboolean             has_ensured; /* that the user's own service runs */
  IvlProgressFunc      progress;
  gpointer             data;
  GCancellable        *cancellable;
} Effort;

/* What a failed try means. */
typedef struct
{
  gboolean may_retry;
  gboolean is_asked; /* the wait is the server's wish */
  gboolean is_busy;
  gboolean is_down;
  gboolean was_reused;
  guint    wait_ms;
} Verdict;

/* nocheck:name: the struct is this file's */
void
ivl_remote_refusal_clear (IvlRemoteRefusal *self)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  self->status = 0;
}

static const IvlRemote *
get_remote (const IvlRemoteLine *line)
{
  return ivl_remote_http_get_remote (line->http);
}

static void
judge (Effort                *effort,
       const IvlRemoteFailure *failure,
       IvlRemoteCall         *call,
       Verdict               *verdict)
{
  IvlRemoteState state;

  ivl_remote_call_get_state (call, &state);
  verdict->may_retry = ivl_remote_retry_may (failure, effort->n_tries);
  verdict->is_asked = failure->retry_after != NULL || failure->retry_after_ms != NULL;
  verdict->is_busy = ivl_remote_retry_is_busy (failure);
  verdict->is_down = failure->status == 0;
  verdict->was_reused = state.was_reused && state.is_broken && failure->status == 0;
  verdict->wait_ms = ivl_remote_retry_get_wait (failure, effort->n_tries,
                                                g_get_real_time () / G_TIME_SPAN_SECOND,
                                                g_random_double ());
}

/* A try that got no reply, or only the beginning of one. */
static void
judge_silence (Effort        *effort,
               IvlRemoteCall *call,
               const GError  *error,
               Verdict       *verdict)
{
  IvlRemoteFailure failure = {
    .is_garbled = g_error_matches (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL),
  };
  IvlRemoteState state;

  ivl_remote_call_get_state (call, &state);
  failure.is_lasting = state.is_lasting;
  judge (effort, &failure, call, verdict);
}

/* A reply's body of at most max bytes; what comes of it when it breaks off. */
static GBytes *
read_body (Effort        *effort,
           IvlRemoteCall *call,
           gsize          max)
{
  const IvlRemoteTimeouts *timeouts = &effort->line->timeouts;
  gint64 deadline = g_get_monotonic_time () + REFUSAL_SECONDS * G_TIME_SPAN_SECOND;
  GByteArray *body = g_byte_array_new ();
  guint len;

  do
    len = body->len;
  while (len < max && ivl_remote_call_read (call, body, timeouts->idle, deadline,
                                            effort->cancellable, NULL) &&
         body->len > len);
  if (body->len == len && len < max)
    ivl_remote_call_finish (call, timeouts->linger);
  g_byte_array_set_size (body, MIN (body->len, max));
  return g_byte_array_free_to_bytes (body);
}

/* Empty bytes have no data. */
static const char *
get_text (GBytes *body)
{
  return g_bytes_get_size (body) > 0 ? g_bytes_get_data (body, NULL) : "";
}

static GError *
create_redirect_error (const IvlRemote     *remote,
                       const IvlRemoteHead *head)
{
  g_autoptr (GUri) target =
      head->location != NULL
          ? g_uri_parse_relative (NULL, head->location, SOUP_HTTP_URI_FLAGS, NULL)
          : NULL;
  const char *host = target != NULL ? g_uri_get_host (target) : NULL;
  g_autofree char *safe =
      ivl_wire_make_safe (host != NULL ? host : "another address of its own", -1, 100);

  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
                      "%s sends requests on to %s (status %u), which is not followed: name the "
                      "right address instead",
                      remote->origin, safe, head->status);
}

/* Whether the reply is one to be read; else why not. */
static gboolean
check_head (Effort               *effort,
            IvlRemoteCall        *call,
            const IvlRemoteHead  *head,
            IvlRemoteRefusal     *refusal,
            Verdict              *verdict,
            GError              **error)
{
  const IvlRemote *remote = get_remote (effort->line);
  IvlRemoteFailure failure = {
    .status = head->status,
    .retry_after = head->retry_after,
    .retry_after_ms = head->retry_after_ms,
    .should_retry = head->should_retry,
  };
  g_autoptr (GString) safe = NULL;
  g_autoptr (GError) reason = NULL;

  if (head->encoding != NULL && g_ascii_strcasecmp (head->encoding, "identity") != 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
                   "%s answers compressed, which was not asked for", remote->origin);
      return FALSE;
    }
  if (head->status == 200)
    return TRUE;
  if (head->status >= 300 && head->status < 400)
    {
      g_propagate_error (error, create_redirect_error (remote, head));
      return FALSE;
    }
  refusal->status = head->status;
  refusal->body = read_body (effort, call, IVL_REMOTE_MAX_REFUSAL);
  safe = ivl_remote_http_hide_key (effort->line->http, get_text (refusal->body),
                                   g_bytes_get_size (refusal->body));
  if (g_cancellable_set_error_if_cancelled (effort->cancellable, error))
    return FALSE;
  reason = ivl_wire_error_from_body (head->status, safe->str, safe->len);
  failure.message = reason->message;
  judge (effort, &failure, call, verdict);
  /* Not worth another try, whatever the status. */
  if (head->status == 500 && reason->code != IVL_ERROR_REMOTE_FAILED)
    verdict->may_retry = FALSE;
  g_propagate_prefixed_error (error, g_steal_pointer (&reason), "%s: ", remote->origin);
  return FALSE;
}

static const IvlRemoteHead *
wait_for_head (Effort         *effort,
               IvlRemoteCall  *call,
               Verdict        *verdict,
               GError        **error)
{
  g_autoptr (GError) failure = NULL;
  const IvlRemoteHead *head =
      ivl_remote_call_wait (call, &effort->line->timeouts, effort->end_down, effort->progress,
                            effort->data, effort->cancellable, &failure);

  if (head != NULL)
    return head;
  if (!g_cancellable_is_cancelled (effort->cancellable))
    judge_silence (effort, call, failure, verdict);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

/* Waits, telling the progress, for as long as a failed try makes sensible. FALSE when it does not:
 * the error then stands. */
static gboolean
may_go_on (Effort        *effort,
           const Verdict *verdict)
{
  gint64 end = verdict->is_down ? effort->end_down : effort->end_busy;
  gint64 now = g_get_monotonic_time ();
  gint64 until;
  GPollFD fd;
  gboolean has_fd;

  if (!verdict->may_retry || g_cancellable_is_cancelled (effort->cancellable))
    return FALSE;
  /* The server has closed a connection that lay idle: that tells nothing about the request. */
  if (verdict->was_reused && !effort->has_reconnected)
    {
      effort->has_reconnected = TRUE;
      return TRUE;
    }
  until = now + verdict->wait_ms * G_TIME_SPAN_MILLISECOND;
  if (now >= end || (verdict->is_asked && until > end))
    return FALSE;
  until = MIN (until, end);
  has_fd = g_cancellable_make_pollfd (effort->cancellable, &fd);
  for (; now < until && !g_cancellable_is_cancelled (effort->cancellable);
       now = g_get_monotonic_time ())
    {
      if (effort->progress != NULL)
        effort->progress (IVL_PHASE_WAIT, (now - effort->start) / G_TIME_SPAN_SECOND,
                          (end - effort->start) / G_TIME_SPAN_SECOND, effort->data);
      g_poll (&fd, has_fd, MIN ((until - now) / G_TIME_SPAN_MILLISECOND + 1, 1000));
    }
  if (has_fd)
    g_cancellable_release_fd (effort->cancellable);
  return !g_cancellable_is_cancelled (effort->cancellable);
}

/* The user's own service may have been killed, or may have ended for want of work. */
static gboolean
ensure_service (Effort         *effort,
                const Verdict  *verdict,
                GError        **error)
{
  const IvlRemote *remote = get_remote (effort->line);

  if (!remote->is_service || effort->has_ensured || !verdict->is_down || !verdict->may_retry)
    return FALSE;
  effort->has_ensured = TRUE;
  return ivl_service_ensure (remote, effort->progress, effort->data, effort->cancellable, error);
}

/* Decides after a failed try, whose error is in *failure, whether there is another. */
static gboolean
try_again (Effort        *effort,
           const Verdict *verdict,
           GError       **failure,
           GError       **error)
{
  g_autoptr (GError) service_failure = NULL;

  if (ensure_service (effort, verdict, &service_failure) || may_go_on (effort, verdict))
    {
      g_clear_error (failure);
      return TRUE;
    }
  if (service_failure != NULL)
    g_propagate_error (error, g_steal_pointer (&service_failure));
  else if (g_cancellable_set_error_if_cancelled (effort->cancellable, error))
    return FALSE;
  else if (effort->n_tries > 1 && verdict->may_retry)
    g_propagate_prefixed_error (
        error, g_steal_pointer (failure), "Tried %u times in %u seconds: ", effort->n_tries,
        (guint) ((g_get_monotonic_time () - effort->start) / G_TIME_SPAN_SECOND));
  else
    g_propagate_error (error, g_steal_pointer (failure));
  return FALSE;
}

static void
leave (IvlRemoteAsk     *self,
       IvlRemoteOutcome  outcome)
{
  if (self->has_place)
    ivl_remote_gate_leave (self->line->gate, self->ticket, outcome);
  self->has_place = FALSE;
}

/* Names the server in what its stream says. */
static gboolean
fail (IvlRemoteAsk  *self,
      GError       **failure,
      GError       **error)
{
  GError *named = g_steal_pointer (failure);
  GString *safe = ivl_remote_http_hide_key (self->line->http, named->message,
                                            strlen (named->message));

  g_free (named->message);
  named->message = g_string_free (safe, FALSE);
  g_propagate_prefixed_error (error, named, "%s: ", get_remote (self->line)->origin);
  return FALSE;
}

/* What follows the answer's end is worth a short wait only: the usage, and then the end of the
 * reply, with which the connection is free for the next question. */
static gint64
shorten (IvlRemoteAsk *self,
         gint64        deadline)
{
  gint64 now = g_get_monotonic_time ();
  guint linger = self->line->timeouts.linger;

  if (ivl_wire_answer_is_done (self->answer))
    return MIN (deadline, now + linger * G_TIME_SPAN_MILLISECOND / 10);
  if (ivl_wire_answer_is_finished (self->answer))
    return MIN (deadline, now + linger * G_TIME_SPAN_MILLISECOND);
  return deadline;
}

static gboolean
end_answer (IvlRemoteAsk  *self,
            gboolean      *is_cut,
            GError       **error)
{
  g_autoptr (GError) failure = NULL;

  if (!ivl_wire_answer_end (self->answer, self->text, &failure))
    {
      *is_cut = failure->code == IVL_ERROR_REMOTE_FAILED &&
                !ivl_wire_answer_is_done (self->answer);
      return fail (self, &failure, error);
    }
  self->is_finished = TRUE;
  ivl_remote_call_finish (self->call, self->line->timeouts.linger);
  leave (self, IVL_REMOTE_WENT_WELL);
  return TRUE;
}

/* Passes on how far the server says that it is. TRUE: that is a sign of life. What stays the same
 * is none but in a queue, where others decide how long it does. */
static gboolean
tell_progress (IvlRemoteAsk *self)
{
  IvlWireProgress told;
  gboolean is_alive;

  if (!ivl_wire_answer_take_progress (self->answer, &told))
    return FALSE;
  is_alive = told.phase == IVL_PHASE_QUEUE || told.phase != self->told.phase ||
             told.done != self->told.done || told.total != self->told.total;
  self->told = told;
  if (self->progress != NULL)
    self->progress (told.phase, told.done, told.total, self->progress_data);
  return is_alive;
}

static gint64
get_token_deadline (IvlRemoteAsk *self)
{
  return g_get_monotonic_time () +
         self->line->timeouts.first_token * G_TIME_SPAN_MILLISECOND;
}

/* Reads until there is text to show, the answer's end, or a failure. *is_cut: the connection ended
 * or fell silent, as opposed to what the server said. */
static gboolean
read_some (IvlRemoteAsk  *self,
           gint64         deadline,
           gboolean      *is_cut,
           GCancellable  *cancellable,
           GError       **error)
{
  *is_cut = FALSE;
  for (;;)
    {
      g_autoptr (GError) failure = NULL;

      g_byte_array_set_size (self->bytes, 0);
      if (!ivl_remote_call_read (self->call, self->bytes, self->line->timeouts.idle, deadline,
                                 cancellable, &failure) &&
          (g_cancellable_is_cancelled (cancellable) ||
           !(ivl_wire_answer_is_finished (self->answer) || ivl_wire_answer_is_done (self->answer))))
        {
          *is_cut = TRUE;
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      g_clear_error (&failure);
      if (!ivl_wire_answer_push (self->answer, (const char *) self->bytes->data, self->bytes->len,
                                 self->text, &failure))
        return fail (self, &failure, error);
      if (self->bytes->len == 0)
        return end_answer (self, is_cut, error);
      if (tell_progress (self))
        deadline = MAX (deadline, get_token_deadline (self));
      if (self->text->len > 0 && !ivl_wire_answer_is_finished (self->answer))
        return TRUE;
      deadline = shorten (self, deadline);
    }
}

/* One try up to the first content. */
static gboolean
try_once (IvlRemoteAsk          *self,
          Effort                *effort,
          const IvlWireDialect  *dialect,
          GBytes                *body,
          IvlRemoteRefusal      *refusal,
          Verdict               *verdict,
          GError               **error)
{
  const IvlRemoteHead *head;
  gboolean is_cut;

  g_clear_pointer (&self->call, ivl_remote_call_free);
  g_clear_pointer (&self->answer, ivl_wire_answer_free);
  g_string_truncate (self->text, 0);
  self->answer = ivl_wire_answer_new (dialect);
  self->call = ivl_remote_call_new (self->line->http, "/chat/completions", body);
  head = wait_for_head (effort, self->call, verdict, error);
  if (head == NULL || !check_head (effort, self->call, head, refusal, verdict, error))
    return FALSE;
  if (read_some (self, get_token_deadline (self), &is_cut, effort->cancellable, error))
    return TRUE;
  if (is_cut && !ivl_wire_answer_has_content (self->answer))
    judge_silence (effort, self->call, NULL, verdict);
  return FALSE;
}

static void
start_effort (Effort              *effort,
              const IvlRemoteLine *line,
              guint                down,
              guint                busy,
              IvlProgressFunc      progress,
              gpointer             progress_data,
              GCancellable        *cancellable)
{
  gint64 now = g_get_monotonic_time ();

  *effort = (Effort) {
    .line = line,
    .start = now,
    .end_down = now + down * G_TIME_SPAN_MILLISECOND,
    .end_busy = now + busy * G_TIME_SPAN_MILLISECOND,
    .progress = progress,
    .data = progress_data,
    .cancellable = cancellable,
  };
}

IvlRemoteAsk *
ivl_remote_ask_new (const IvlRemoteLine   *line,
                    const IvlWireDialect  *dialect,
                    GBytes                *body,
                    guint                  patience,
                    IvlRemoteRefusal      *refusal,
                    IvlProgressFunc        progress,
                    gpointer               progress_data,
                    GCancellable          *cancellable,
                    GError               **error)
{
  g_autoptr (IvlRemoteAsk) self = g_new0 (IvlRemoteAsk, 1);
  Effort effort;

  self->line = line;
  self->bytes = g_byte_array_new ();
  self->text = g_string_new (NULL);
  self->progress = progress;
  self->progress_data = progress_data;
  start_effort (&effort, line, patience, patience, progress, progress_data, cancellable);
  for (;;)
    {
      g_autoptr (GError) failure = NULL;
      Verdict verdict = { 0 };

      ivl_remote_refusal_clear (refusal);
      if (!ivl_remote_gate_enter (line->gate, MAX_QUEUE_SECONDS, &self->ticket, cancellable, error))
        return NULL;
      self->has_place = TRUE;
      effort.n_tries++;
      if (try_once (self, &effort, dialect, body, refusal, &verdict, &failure))
        return g_steal_pointer (&self);
      leave (self, verdict.is_busy ? IVL_REMOTE_WAS_BUSY : IVL_REMOTE_WENT_WRONG);
      g_clear_pointer (&self->call, ivl_remote_call_free);
      if (!try_again (&effort, &verdict, &failure, error))
        return NULL;
    }
}

void
ivl_remote_ask_free (IvlRemoteAsk *self)
{
  g_clear_pointer (&self->call, ivl_remote_call_free);
  g_clear_pointer (&self->answer, ivl_wire_answer_free);
  leave (self, IVL_REMOTE_WENT_WRONG);
  g_byte_array_unref (self->bytes);
  g_string_free (self->text, TRUE);
  g_free (self);
}

gboolean
ivl_remote_ask_read (IvlRemoteAsk  *self,
                     GString       *text,
                     gboolean      *is_finished,
                     GCancellable  *cancellable,
                     GError       **error)
{
  gboolean is_cut;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->text->len == 0 && !self->is_finished &&
      !read_some (self, get_token_deadline (self), &is_cut, cancellable, error))
    return FALSE;
  g_string_append_len (text, self->text->str, self->text->len);
  g_string_truncate (self->text, 0);
  *is_finished = self->is_finished;
  return TRUE;
}

IvlWireAnswer *
ivl_remote_ask_get_answer (IvlRemoteAsk *self)
{
  return self->answer;
}

GBytes *
ivl_remote_ask_get (const IvlRemoteLine  *line,
                    const char           *path,
                    char                **server,
                    IvlRemoteRefusal     *refusal,
                    IvlProgressFunc       progress,
                    gpointer              progress_data,
                    GCancellable         *cancellable,
                    GError              **error)
{
  Effort effort;

  start_effort (&effort, line, line->timeouts.down, line->timeouts.loading, progress,
                progress_data, cancellable);
  for (;;)
    {
      g_autoptr (IvlRemoteCall) call = ivl_remote_call_new (line->http, path, NULL);
      g_autoptr (GError) failure = NULL;
      const IvlRemoteHead *head;
      Verdict verdict = { 0 };

      ivl_remote_refusal_clear (refusal);
      effort.n_tries++;
      head = wait_for_head (&effort, call, &verdict, &failure);
      if (head != NULL && check_head (&effort, call, head, refusal, &verdict, &failure))
        {
          *server = g_strdup (head->server);
          return read_body (&effort, call, MAX_DOCUMENT);
        }
      if (!try_again (&effort, &verdict, &failure, error))
        return NULL;
    }
}
