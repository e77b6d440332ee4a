/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Servers that keep the client waiting, or that never stop: each limit of time ends its kind of
 * waiting and no other, memory stays as it is, and giving up closes the connection. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote-fixture.h"

#define EVENTS "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define TEXT "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half \"}}]}\n\n"
#define FINISH                                                                                     \
  "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"

/* What a server sends to a question, and again and again afterwards. */
typedef struct
{
  guint       wait_ms;
  const char *first;
  const char *again;    /* (nullable): nothing more, but the connection stays open */
  gsize       n_again;  /* 0: a string */
  guint       pause_ms; /* between these */
  guint       n_times;  /* of these, then finish; 0: no end */
  int         was_left; /* atomic: the client has closed the connection */
  int         is_silent; /* atomic: what first says has been sent */
} Flow;

static ReplayEnd
flow (ReplayConnection    *connection,
      const ReplayRequest *request,
      gpointer             data)
{
  Flow *self = data;
  gboolean is_there;

  if (remote_fixture_answer_models (connection, request, "unknown"))
    return REPLAY_KEEP;
  if (self->wait_ms > 0)
    replay_wait_closed (connection, self->wait_ms);
  is_there = replay_send (connection, self->first, -1);
  g_atomic_int_set (&self->is_silent, TRUE);
  if (self->again == NULL)
    {
      is_there = !replay_wait_closed (connection, 20 * 1000);
    }
  else
    {
      gssize n = self->n_again > 0 ? (gssize) self->n_again : -1;

      for (guint i = 0; is_there && (self->n_times == 0 || i < self->n_times); i++)
        {
          is_there = replay_send (connection, self->again, n);
          if (self->pause_ms > 0)
            is_there = is_there && !replay_wait_closed (connection, self->pause_ms);
        }
      if (is_there)
        replay_send (connection, FINISH, -1);
    }
  g_atomic_int_set (&self->was_left, !is_there);
  return REPLAY_CLOSE;
}

static RemoteOutcome *
run (Flow                    *self,
     const IvlRemoteTimeouts *timeouts)
{
  g_autoptr (ReplayServer) server = replay_server_new (NULL, flow, self);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", timeouts);

  return remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
}

static void
check_limit (Flow                    *self,
             const IvlRemoteTimeouts *timeouts,
             int                      code,
             const char              *says)
{
  g_autoptr (RemoteOutcome) outcome = run (self, timeouts);

  remote_outcome_check_error (outcome, IVL_ERROR, code, says);
  g_assert_true (g_atomic_int_get (&self->was_left));
}

static void
test_first_byte (void)
{
  Flow nothing = { .first = "" };
  Flow half = { .first = "HTTP/1.1 200 OK\r\nContent-Type: te" };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;

  timeouts.first_byte = 200;
  check_limit (&nothing, &timeouts, IVL_ERROR_REMOTE_UNREACHABLE, "not begun to answer");
  check_limit (&half, &timeouts, IVL_ERROR_REMOTE_UNREACHABLE, "not begun to answer");
}

/* Whoever is patient waits for a place in the server's queue. */
static void
test_first_byte_patient (void)
{
  Flow slow = { .wait_ms = 300, .first = EVENTS, .again = TEXT, .n_times = 1 };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autoptr (RemoteOutcome) outcome = NULL;

  timeouts.first_byte = 1;
  timeouts.patience = 5000;
  timeouts.down = 5000;
  outcome = run (&slow, &timeouts);
  remote_outcome_check (outcome, "half");
}

static void
test_idle (void)
{
  Flow after_head = { .first = EVENTS };
  Flow after_text = { .first = EVENTS TEXT };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;

  timeouts.idle = 200;
  check_limit (&after_head, &timeouts, IVL_ERROR_REMOTE_FAILED, "nothing for 0.2 seconds");
  check_limit (&after_text, &timeouts, IVL_ERROR_REMOTE_FAILED, "nothing for 0.2 seconds");
}

/* Pings keep the connection, not the hope. */
static void
test_first_token (void)
{
  Flow pings = { .first = EVENTS, .again = ":\n\n", .pause_ms = 20 };
  Flow later = { .first = EVENTS TEXT, .again = ": ping\n\n", .pause_ms = 20 };
  Flow empty = {
    .first = EVENTS,
    .again = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}]}\n\n",
    .pause_ms = 20,
  };
  Flow drip = { .first = EVENTS "data: ", .again = "x", .pause_ms = 20 };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;

  timeouts.first_token = 500;
  check_limit (&pings, &timeouts, IVL_ERROR_REMOTE_FAILED, "writes no answer");
  check_limit (&later, &timeouts, IVL_ERROR_REMOTE_FAILED, "writes no answer");
  check_limit (&empty, &timeouts, IVL_ERROR_REMOTE_FAILED, "writes no answer");
  check_limit (&drip, &timeouts, IVL_ERROR_REMOTE_FAILED, "writes no answer");
}

/* Longer than the idle limit in all, but never silent for so long. */
static void
test_pings_reset_idle (void)
{
  Flow pings = { .first = EVENTS TEXT, .again = ":\n\n", .pause_ms = 50, .n_times = 40 };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autoptr (RemoteOutcome) outcome = NULL;

  timeouts.idle = 1500;
  outcome = run (&pings, &timeouts);
  remote_outcome_check (outcome, "half");
}

/* Nobody takes the connection: a queue of one that is full. */
static void
test_connect (void)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
  socklen_t size = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  int fillers[4];
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autofree char *location = NULL;
  g_autoptr (GError) error = NULL;
  IvlRemote *remote;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (fd, 0), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (fillers); i++)
    {
      fillers[i] = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      connect (fillers[i], (struct sockaddr *) &address, size);
    }
  g_usleep (100 * 1000);
  location = g_strdup_printf ("http://127.0.0.1:%u/v1", ntohs (address.sin_port));
  remote = ivl_remote_parse (location, &error);
  g_assert_no_error (error);
  timeouts.connect = 300;
  g_assert_null (ivl_engine_openai_open_timed (remote, &timeouts, NULL, NULL, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
  g_assert_nonnull (strstr (error->message, "no connection within"));
  for (guint i = 0; i < G_N_ELEMENTS (fillers); i++)
    close (fillers[i]);
  close (fd);
}

/* The text of an answer may grow to 16 MB, which is held a few times; sanitizers keep what is
 * freed. */
#ifdef __SANITIZE_ADDRESS__
#define MAX_GROWTH (768 * 1024 * 1024)
#else
#define MAX_GROWTH (96 * 1024 * 1024)
#endif

static guint64
get_peak_memory (void)
{
  g_autofree char *status = NULL;
  const char *line;

  g_file_get_contents ("/proc/self/status", &status, NULL, NULL);
  line = status != NULL ? strstr (status, "VmHWM:") : NULL;
  return line != NULL ? g_ascii_strtoull (line + strlen ("VmHWM:"), NULL, 10) * 1024 : 0;
}

/* Each would send more than any memory holds, as fast as it is read. */
static void
test_endless (void)
{
  g_autofree char *line = g_malloc (1 << 20);
  g_autoptr (GString) text = g_string_new (NULL);
  Flow flows[6];
  static const int codes[] = {
    IVL_ERROR_REMOTE_PROTOCOL, IVL_ERROR_REMOTE_FAILED, IVL_ERROR_REMOTE_PROTOCOL,
    IVL_ERROR_REMOTE_PROTOCOL, IVL_ERROR_REMOTE_FAILED, IVL_ERROR_REMOTE_UNREACHABLE,
  };
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  guint64 before;

  memset (line, 'x', 1 << 20);
  for (guint i = 0; i < 100; i++)
    g_string_append_printf (
        text, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%.1000s\"}}]}\n\n", line);
  flows[0] = (Flow) { .first = EVENTS "data: ", .again = line, .n_again = 1 << 20 };
  flows[1] = (Flow) { .first = EVENTS, .again = ":\n:\n:\n:\n:\n:\n:\n:\n:\n:\n:\n:\n:\n:\n:\n" };
  flows[2] = (Flow) { .first = EVENTS, .again = text->str };
  flows[3] = (Flow) { .first = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>",
                      .again = line, .n_again = 1 << 20 };
  flows[4] = (Flow) { .first = "HTTP/1.1 500 X\r\nContent-Type: application/json\r\n\r\n{\"",
                      .again = line, .n_again = 1 << 20 };
  flows[5] = (Flow) { .first = "HTTP/1.1 200 OK\r\nX-Long: ", .again = line, .n_again = 1 << 20 };
  timeouts.first_token = 1500;
  timeouts.first_byte = 1500;
  before = get_peak_memory ();
  for (guint i = 0; i < G_N_ELEMENTS (flows); i++)
    {
      g_autoptr (RemoteOutcome) outcome = run (&flows[i], &timeouts);
      guint64 peak = get_peak_memory ();

      g_test_message ("flow %u: %s; memory grew by %" G_GUINT64_FORMAT " kB", i,
                      outcome->error != NULL ? outcome->error->message : "answered",
                      (peak - before) / 1024);
      g_assert_nonnull (outcome->error);
      if (i < 5)
        g_assert_cmpint (outcome->error->code, ==, codes[i]);
      g_assert_true (g_atomic_int_get (&flows[i].was_left));
      g_assert_cmpuint (peak - before, <, MAX_GROWTH);
    }
}

typedef struct
{
  GCancellable *cancellable;
  Flow         *flow;
  gint64        when; /* it was cancelled */
} Canceller;

static gpointer
cancel_soon (gpointer data)
{
  Canceller *self = data;

  while (!g_atomic_int_get (&self->flow->is_silent))
    g_usleep (1000);
  g_usleep (100 * 1000);
  self->when = g_get_monotonic_time ();
  g_cancellable_cancel (self->cancellable);
  return NULL;
}

/* At every stage: the question returns at once, and the server sees the connection closed. */
static void
test_cancel (void)
{
  static const char *const firsts[] = { "", "HTTP/1.1 200 OK\r\nCont", EVENTS, EVENTS TEXT };

  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    {
      Flow silent = { .first = firsts[i] };
      ReplayServer *server = replay_server_new (NULL, flow, &silent);
      g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Canceller canceller = { cancellable, &silent, 0 };
      GThread *thread = g_thread_new ("cancel", cancel_soon, &canceller);
      g_autoptr (RemoteOutcome) outcome =
          remote_fixture_ask (engine, "Hello", NULL, NULL, cancellable);
      gint64 returned = g_get_monotonic_time ();
      gint64 closed;

      remote_outcome_check_error (outcome, G_IO_ERROR, G_IO_ERROR_CANCELLED, NULL);
      g_thread_join (thread);
      replay_server_free (server);
      closed = g_get_monotonic_time ();
      g_assert_true (g_atomic_int_get (&silent.was_left));
      g_test_message ("stage %u: returned after %.1f ms, closed within %.1f ms", i,
                      (returned - canceller.when) / 1000.0, (closed - canceller.when) / 1000.0);
    }
}

/* A reply that is given up while nobody reads it frees the server as well. */
static void
test_abandon (void)
{
  Flow silent = { .first = EVENTS TEXT };
  ReplayServer *server = replay_server_new (NULL, flow, &silent);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
  IvlEngineClass *klass = IVL_ENGINE_GET_CLASS (engine);
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GError) error = NULL;
  gpointer timeline = klass->open_timeline (engine);
  IvlUsage usage = { 0 };

  g_ptr_array_add (messages, ivl_message_new (IVL_ROLE_USER));
  ivl_message_add_text (messages->pdata[0], "Hello");
  g_assert_true (klass->begin (engine, timeline, messages, options, &usage, NULL, NULL, NULL,
                               &error));
  klass->end (engine, timeline);
  klass->close_timeline (engine, timeline);
  replay_server_free (server);
  g_assert_true (g_atomic_int_get (&silent.was_left));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("IVL_API_KEY");
  g_test_add_func ("/client-limits/connect", test_connect);
  g_test_add_func ("/client-limits/first-byte", test_first_byte);
  g_test_add_func ("/client-limits/first-byte-patient", test_first_byte_patient);
  g_test_add_func ("/client-limits/idle", test_idle);
  g_test_add_func ("/client-limits/first-token", test_first_token);
  g_test_add_func ("/client-limits/pings-reset-idle", test_pings_reset_idle);
  g_test_add_func ("/client-limits/endless", test_endless);
  g_test_add_func ("/client-limits/cancel", test_cancel);
  g_test_add_func ("/client-limits/abandon", test_abandon);
  return g_test_run ();
}
