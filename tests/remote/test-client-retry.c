/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the client does when something goes wrong: which failures it tries again, how often, and
 * that nothing is repeated once the answer has begun. */
#include <string.h>

#include "remote-fixture.h"

#define EVENTS                                                                                     \
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
/* Two chunks of a stream: nothing but the role, and some text */
#define ROLE                                                                                       \
  "4d\r\n"                                                                                         \
  "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n\r\n"
#define TEXT                                                                                       \
  "3d\r\n"                                                                                         \
  "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half \"}}]}\n\n\r\n"

/* What the server does with a question. */
/* Between two reports of a slow server */
#define PROGRESS_MS 150

typedef struct
{
  const char *raw;    /* bytes to send as they are; NULL: a whole reply */
  ReplayEnd   end;
  guint       status; /* 0: the answer "fine" */
  const char *extra;  /* header lines */
  const char *body;
} Step;

typedef struct
{
  const Step *steps; /* the last one is repeated */
  guint       n_steps;
  int         n_asked; /* atomic */
} Script;

static ReplayEnd
follow (ReplayConnection    *connection,
        const ReplayRequest *request,
        gpointer             data)
{
  Script *script = data;
  const Step *step;
  guint n;

  if (remote_fixture_answer_models (connection, request, "unknown"))
    return REPLAY_KEEP;
  n = g_atomic_int_add (&script->n_asked, 1);
  step = &script->steps[MIN (n, script->n_steps - 1)];
  if (step->raw != NULL)
    replay_send (connection, step->raw, -1);
  else if (step->status == 0)
    remote_fixture_send_answer (connection, "fine");
  else
    remote_fixture_send (connection, step->status, step->extra != NULL ? step->extra : "",
                         step->body != NULL ? step->body : "{}");
  return step->end;
}

/* Asks once, with patience in milliseconds. */
static RemoteOutcome *
run (const Step *steps,
     guint       n_steps,
     guint       patience,
     guint      *n_asked)
{
  Script script = { steps, n_steps, 0 };
  g_autoptr (ReplayServer) server = replay_server_new (NULL, follow, &script);
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autoptr (IvlEngine) engine = NULL;
  RemoteOutcome *outcome;

  timeouts.patience = patience;
  engine = remote_fixture_open (server, "openai", &timeouts);
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  g_test_message ("%s", outcome->error != NULL ? outcome->error->message : outcome->text->str);
  *n_asked = g_atomic_int_get (&script.n_asked);
  return outcome;
}

static void
check_recovery (const Step *failure,
                guint       n_failures)
{
  Step steps[4];
  g_autoptr (RemoteOutcome) outcome = NULL;
  guint n_asked;

  for (guint i = 0; i < n_failures; i++)
    steps[i] = *failure;
  steps[n_failures] = (Step) { 0 };
  outcome = run (steps, n_failures + 1, 20 * 1000, &n_asked);
  remote_outcome_check (outcome, "fine");
  g_assert_cmpuint (n_asked, ==, n_failures + 1);
}

static void
test_recovery (void)
{
  static const Step failures[] = {
    { .status = 503,
      .body = "{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}" },
    { .status = 429, .extra = "Retry-After: 0\r\n" },
    { .status = 429, .extra = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n" },
    { .status = 429, .extra = "Retry-After: soon\r\n" },
    { .status = 502, .extra = "Content-Type: text/html\r\n", .body = "<html>502</html>" },
    { .status = 504 },
    { .status = 408 },
    { .status = 500, .body = "{\"error\":{\"message\":\"CUDA error\"}}" },
    { .raw = "", .end = REPLAY_CLOSE },
    { .raw = "", .end = REPLAY_RESET },
    { .raw = "HTTP/1.1 200 O", .end = REPLAY_CLOSE },
    { .raw = "HTTP/1.1 200 OK\r\nContent-Ty", .end = REPLAY_CLOSE },
    { .raw = EVENTS, .end = REPLAY_CLOSE },
    { .raw = EVENTS, .end = REPLAY_RESET },
    { .raw = EVENTS ROLE, .end = REPLAY_CLOSE },
    { .raw = EVENTS ROLE, .end = REPLAY_RESET },
    { .raw = EVENTS "3\r\n:\n\n\r\n", .end = REPLAY_CLOSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_test_message ("failure %u", i);
      check_recovery (&failures[i], 1);
    }
  check_recovery (&failures[0], 3);
}

/* Refusals stand, and so does what the server says of retrying. */
static void
test_no_retry (void)
{
  static const struct
  {
    Step step;
    int  code;
  } rows[] = {
    { { .status = 400 }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 400, .body = "" }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 401, .extra = "WWW-Authenticate: Basic realm=\"x\"\r\n" },
      IVL_ERROR_REMOTE_REFUSED },
    { { .status = 403 }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 404 }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 413 }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 422 }, IVL_ERROR_REMOTE_REFUSED },
    { { .status = 407, .extra = "Proxy-Authenticate: Basic realm=\"x\"\r\n" },
      IVL_ERROR_REMOTE_REFUSED },
    { { .status = 503, .extra = "X-Should-Retry: false\r\n" }, IVL_ERROR_REMOTE_FAILED },
    { { .status = 500,
        .body = "{\"error\":{\"message\":\"image input is not supported - hint: if this is "
                "unexpected, you may need to provide the mmproj\"}}" },
      IVL_ERROR_UNSUPPORTED },
    { { .status = 200, .extra = "Content-Type: text/html\r\n",
        .body = "<!DOCTYPE html><title>Hotel Wi-Fi</title>Please log in" },
      IVL_ERROR_REMOTE_PROTOCOL },
    { { .status = 200, .extra = "Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n" },
      IVL_ERROR_REMOTE_PROTOCOL },
    { { .status = 200, .extra = "Content-Type: text/event-stream\r\nContent-Encoding: br\r\n" },
      IVL_ERROR_REMOTE_PROTOCOL },
    { { .raw = EVENTS ROLE TEXT, .end = REPLAY_CLOSE }, IVL_ERROR_REMOTE_FAILED },
    { { .raw = EVENTS ROLE TEXT, .end = REPLAY_RESET }, IVL_ERROR_REMOTE_FAILED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint n_asked;
      g_autoptr (RemoteOutcome) outcome = run (&rows[i].step, 1, 20 * 1000, &n_asked);

      g_test_message ("row %u", i);
      remote_outcome_check_error (outcome, IVL_ERROR, rows[i].code, NULL);
      g_assert_cmpuint (n_asked, ==, 1);
    }
}

/* Without patience there is one try; internal errors and what is no HTTP get three however long the
 * patience. */
static void
test_giving_up (void)
{
  static const Step busy = { .status = 503 };
  static const Step broken = { .status = 500 };
  static const Step garbled = { .raw = "SSH-2.0-OpenSSH_9.2p1\r\n", .end = REPLAY_CLOSE };
  static const Step later = { .status = 429, .extra = "Retry-After: 1000000000\r\n" };
  static const Step soon = { .status = 429, .extra = "Retry-After: 0\r\n" };
  g_autoptr (RemoteOutcome) impatient = NULL;
  g_autoptr (RemoteOutcome) thrice = NULL;
  g_autoptr (RemoteOutcome) garbage = NULL;
  g_autoptr (RemoteOutcome) late = NULL;
  g_autoptr (RemoteOutcome) patient = NULL;
  guint n_asked;

  impatient = run (&busy, 1, 0, &n_asked);
  remote_outcome_check_error (impatient, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, NULL);
  g_assert_cmpuint (n_asked, ==, 1);
  thrice = run (&broken, 1, 60 * 1000, &n_asked);
  remote_outcome_check_error (thrice, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, NULL);
  g_assert_cmpuint (n_asked, ==, 3);
  garbage = run (&garbled, 1, 60 * 1000, &n_asked);
  remote_outcome_check_error (garbage, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL, "no HTTP");
  g_assert_cmpuint (n_asked, ==, 3);
  /* It wants to be left alone for longer than the patience: no use in waiting */
  late = run (&later, 1, 60 * 1000, &n_asked);
  remote_outcome_check_error (late, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, NULL);
  g_assert_cmpuint (n_asked, ==, 1);
  patient = run (&soon, 1, 2000, &n_asked);
  remote_outcome_check_error (patient, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "ried");
  g_assert_cmpuint (n_asked, >, 1);
}

/* A connection that lay idle and is closed when it is used: asked again at once, even without
 * patience. */
static void
test_idle_connection (void)
{
  static const Step steps[] = { { 0 }, { .raw = "", .end = REPLAY_RESET }, { 0 } };
  Script script = { steps, G_N_ELEMENTS (steps), 0 };
  g_autoptr (ReplayServer) server = replay_server_new (NULL, follow, &script);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
  g_autoptr (RemoteOutcome) first = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  g_autoptr (RemoteOutcome) second = NULL;

  remote_outcome_check (first, "fine");
  /* The list of models and the answer went over one connection */
  g_assert_cmpuint (replay_server_count_connections (server), ==, 1);
  second = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (second, "fine");
  g_assert_cmpuint (replay_server_count_connections (server), ==, 2);
  g_assert_cmpint (script.n_asked, ==, 3);
}

static void
test_gate_halves (void)
{
  static const Step steps[] = { { .status = 429, .extra = "Retry-After: 0\r\n" }, { 0 } };
  Script script = { steps, G_N_ELEMENTS (steps), 0 };
  g_autoptr (ReplayServer) server = replay_server_new (NULL, follow, &script);
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  guint before;

  timeouts.patience = 5000;
  engine = remote_fixture_open (server, "openai", &timeouts);
  before = ivl_engine_openai_get_limit (IVL_ENGINE_OPENAI (engine));
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");
  g_assert_cmpuint (ivl_engine_openai_get_limit (IVL_ENGINE_OPENAI (engine)), ==, before / 2);
}

static void
on_progress (IvlPhase phase,
             guint64  done,
             guint64  total,
             gpointer data)
{
  guint *phases = data;

  *phases |= 1u << phase;
}

static void
test_refused (void)
{
  static const Step fine = { 0 };
  Script script = { &fine, 1, 0 };
  ReplayServer *server = replay_server_new (NULL, follow, &script);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
  g_autoptr (IvlOptions) options = g_object_new (IVL_TYPE_OPTIONS, "patience", 2, NULL);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (RemoteOutcome) outcome = NULL;
  guint phases = 0;

  replay_server_free (server);
  g_ptr_array_add (messages, ivl_message_new (IVL_ROLE_USER));
  ivl_message_add_text (messages->pdata[0], "Hello");
  outcome = remote_fixture_ask_messages (engine, messages, options, on_progress, &phases, NULL);
  remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "refuses");
  g_assert_cmpuint (phases & (1u << IVL_PHASE_WAIT), !=, 0);
}

/* What a slow server says of how far it is reaches whoever asked, and is a sign of life: three of
 * the times in which nothing may be missing of a server that says nothing. */
static ReplayEnd
say_progress (ReplayConnection    *connection,
              const ReplayRequest *request,
              gpointer             data)
{
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             "Connection: close\r\n\r\n";
  static const char end[] = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
                            "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  const gboolean *is_stuck = data;

  if (remote_fixture_answer_models (connection, request, "ivl"))
    return REPLAY_KEEP;
  g_assert_nonnull (strstr (request->body, "\"ivl_progress\":true"));
  replay_send (connection, head, -1);
  for (guint i = 1; i <= 6; i++)
    {
      g_autofree char *event =
          g_strdup_printf ("event: ivl.progress\ndata: {\"phase\":\"tiles\",\"done\":%u,"
                           "\"total\":6}\n\n", *is_stuck ? 1 : i);

      replay_send (connection, event, -1);
      g_usleep (PROGRESS_MS * 1000);
    }
  replay_send (connection, end, -1);
  return REPLAY_CLOSE;
}

static void
note_tiles (IvlPhase phase,
            guint64  done,
            guint64  total,
            gpointer data)
{
  GString *tiles = data;

  if (phase == IVL_PHASE_TILES)
    g_string_append_printf (tiles, "%u/%u ", (guint) done, (guint) total);
}

static void
test_progress (void)
{
  for (gboolean is_stuck = FALSE; is_stuck <= TRUE; is_stuck++)
    {
      IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
      g_autoptr (ReplayServer) server = replay_server_new (NULL, say_progress, &is_stuck);
      g_autoptr (IvlEngine) engine = NULL;
      g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (RemoteOutcome) outcome = NULL;
      g_autoptr (GString) tiles = g_string_new (NULL);

      timeouts.first_token = 2 * PROGRESS_MS;
      timeouts.idle = 60 * 1000;
      engine = remote_fixture_open (server, "ivl", &timeouts);
      g_ptr_array_add (messages, ivl_message_new (IVL_ROLE_USER));
      ivl_message_add_text (messages->pdata[0], "Hello");
      outcome = remote_fixture_ask_messages (engine, messages, NULL, note_tiles, tiles, NULL);
      if (is_stuck)
        {
          remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                                      "writes no answer");
          continue;
        }
      remote_outcome_check (outcome, "Hi");
      g_assert_cmpstr (tiles->str, ==, "1/6 2/6 3/6 4/6 5/6 6/6 ");
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("IVL_API_KEY");
  g_test_add_func ("/client-retry/recovery", test_recovery);
  g_test_add_func ("/client-retry/no-retry", test_no_retry);
  g_test_add_func ("/client-retry/giving-up", test_giving_up);
  g_test_add_func ("/client-retry/idle-connection", test_idle_connection);
  g_test_add_func ("/client-retry/gate-halves", test_gate_halves);
  g_test_add_func ("/client-retry/refused", test_refused);
  g_test_add_func ("/client-retry/progress", test_progress);
  return g_test_run ();
}
