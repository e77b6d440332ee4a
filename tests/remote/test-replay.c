/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every recorded and constructed reply of other servers, byte for byte through the real engine: the
 * verdict that verdicts.json gives for it, and no other verdict when it is cut off at any byte.
 *
 * verdicts.json holds for each file either the code of the error and a part of what it says, or the
 * text, the finish reason, and the byte behind the event that finishes the answer (in files without
 * a header: of the body). These were worked out from the files by other code.
 *
 * Without an argument of GTest, --long cuts all recordings at every byte; else most of them only
 * here and there. */
#include <jansson.h>
#include <string.h>

#include "remote-fixture.h"

typedef enum
{
  AS_IT_IS, /* a whole reply */
  CHUNKED,  /* a body, each line a chunk */
  TO_END,   /* a body that ends with the connection */
  N_FRAMINGS,
} Framing;

/* A reply that is to be sent, up to some byte. Connections that the engine has given up may still
 * be at the one before. */
typedef struct
{
  GBytes   *reply;
  gsize     n_sent;
  ReplayEnd end;
} Player;

static Player player;
static GMutex player_lock;
static json_t *verdicts;
static gboolean is_long;

static ReplayEnd
play (ReplayConnection    *connection,
      const ReplayRequest *request,
      gpointer             data)
{
  Player copy;

  if (remote_fixture_answer_models (connection, request, "unknown"))
    return REPLAY_CLOSE;
  g_mutex_lock (&player_lock);
  copy = player;
  g_bytes_ref (copy.reply);
  g_mutex_unlock (&player_lock);
  replay_send (connection, g_bytes_get_data (copy.reply, NULL), copy.n_sent);
  g_bytes_unref (copy.reply);
  return copy.end;
}

static void
set_player (GBytes    *reply,
            gsize      n_sent,
            ReplayEnd  end)
{
  g_mutex_lock (&player_lock);
  g_bytes_ref (reply);
  g_clear_pointer (&player.reply, g_bytes_unref);
  player = (Player) { reply, n_sent, end };
  g_mutex_unlock (&player_lock);
}

static GString *
read_file (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "remote", "data", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize n;

  g_file_get_contents (path, &text, &n, &error);
  g_assert_no_error (error);
  return g_string_new_len (text, n);
}

/* Appends one chunk of a chunked body, and tells where in the reply its bytes begin. */
static void
append_chunk (GString    *reply,
              const char *bytes,
              gsize       n)
{
  g_string_append_printf (reply, "%" G_GSIZE_MODIFIER "x\r\n", n);
  g_string_append_len (reply, bytes, n);
  g_string_append (reply, "\r\n");
}

/* The reply of a file in a framing; *finished_at, a place in the file, becomes one in the reply. */
static GBytes *
frame (const char *name,
       Framing     framing,
       gsize      *finished_at)
{
  g_autoptr (GString) file = read_file (name);
  gsize finished = *finished_at;
  GString *reply;
  gsize from = 0;

  if (framing == AS_IT_IS)
    return g_string_free_to_bytes (g_steal_pointer (&file));
  reply = g_string_new ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
  if (framing == TO_END)
    {
      g_string_append (reply, "Connection: close\r\n\r\n");
      *finished_at += finished > 0 ? reply->len : 0;
      g_string_append_len (reply, file->str, file->len);
      return g_string_free_to_bytes (reply);
    }
  g_string_append (reply, "Transfer-Encoding: chunked\r\n\r\n");
  while (from < file->len)
    {
      const char *line_end = memchr (file->str + from, '\n', file->len - from);
      gsize n = line_end != NULL ? line_end + 1 - (file->str + from) : file->len - from;

      append_chunk (reply, file->str + from, n);
      if (finished > from && finished <= from + n)
        *finished_at = reply->len - 2 - (from + n - finished);
      from += n;
    }
  g_string_append (reply, "0\r\n\r\n");
  return g_string_free_to_bytes (reply);
}

static int
find_code (const char *name)
{
  static const struct
  {
    const char *name;
    int         code;
  } codes[] = {
    { "refused", IVL_ERROR_REMOTE_REFUSED },   { "failed", IVL_ERROR_REMOTE_FAILED },
    { "protocol", IVL_ERROR_REMOTE_PROTOCOL }, { "context-full", IVL_ERROR_CONTEXT_FULL },
    { "unsupported", IVL_ERROR_UNSUPPORTED },  { "not-found", IVL_ERROR_NOT_FOUND },
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (strcmp (codes[i].name, name) == 0)
      return codes[i].code;
  g_error ("no code \"%s\"", name);
}

static void
check_success (RemoteOutcome *outcome,
               const json_t  *verdict)
{
  remote_outcome_check (outcome, json_string_value (json_object_get (verdict, "text")));
  g_assert_cmpstr (ivl_finish_reason_to_string (outcome->usage.finish_reason), ==,
                   json_string_value (json_object_get (verdict, "reason")));
}

/* Whole replies, in every framing that the file leaves open. */
static void
test_verdicts (void)
{
  g_autoptr (ReplayServer) server = replay_server_new (NULL, play, NULL);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
  const char *name;
  json_t *verdict;
  guint n = 0;

  json_object_foreach (verdicts, name, verdict)
    for (Framing framing = 0; framing < N_FRAMINGS; framing++)
      {
        const char *error = json_string_value (json_object_get (verdict, "error"));
        g_autoptr (RemoteOutcome) outcome = NULL;
        g_autoptr (GBytes) reply = NULL;
        gsize finished_at = 0;

        if ((framing == AS_IT_IS) == g_str_has_suffix (name, ".sse"))
          continue;
        reply = frame (name, framing, &finished_at);
        set_player (reply, g_bytes_get_size (reply), REPLAY_CLOSE);
        outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
        g_test_message ("%s, framing %d: %s", name, framing,
                        outcome->error != NULL ? outcome->error->message : "answered");
        if (error == NULL)
          check_success (outcome, verdict);
        else
          remote_outcome_check_error (outcome, IVL_ERROR, find_code (error),
                                      json_string_value (json_object_get (verdict, "says")));
        n++;
      }
  g_assert_cmpuint (n, >, 120);
}

static gboolean
is_small (const char *name)
{
  return strcmp (name, "chat_stream_usage.resp") == 0 || strcmp (name, "stop.resp") == 0 ||
         strcmp (name, "constructed/s_ok.sse") == 0 || strcmp (name, "constructed/s_cr.sse") == 0;
}

/* One cut. A success is right only behind the finishing event, and then with the whole text. */
static void
check_cut (IvlEngine    *engine,
           const char   *name,
           const json_t *verdict,
           gsize         finished_at)
{
  g_autoptr (RemoteOutcome) outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);

  if (outcome->error == NULL && finished_at > 0 && player.n_sent >= finished_at)
    {
      check_success (outcome, verdict);
      return;
    }
  if (outcome->error == NULL)
    g_error ("%s cut at byte %" G_GSIZE_FORMAT " passes as \"%s\"", name, player.n_sent,
             outcome->text->str);
  g_assert_cmpint (outcome->usage.finish_reason, ==, IVL_FINISH_NONE);
  /* A cut between the finishing event and the end is nobody's loss, unless it tears the
   * connection down with bytes on their way. */
  if (finished_at > 0 && player.n_sent >= finished_at && player.end == REPLAY_CLOSE)
    g_error ("%s cut at byte %" G_GSIZE_FORMAT ", behind the finish at %" G_GSIZE_FORMAT ": %s",
             name, player.n_sent, finished_at, outcome->error->message);
}

static guint
cut_everywhere (IvlEngine    *engine,
                const char   *name,
                const json_t *verdict,
                Framing       framing)
{
  gsize finished_at = json_integer_value (json_object_get (verdict, "finished_at"));
  g_autoptr (GBytes) reply = frame (name, framing, &finished_at);
  gsize n_reply = g_bytes_get_size (reply);
  gsize step = is_long || is_small (name) ? 1 : 61;
  guint n = 0;

  if (n_reply > 100 * 1000)
    step = n_reply / 100;
  for (gsize n_sent = 0; n_sent < n_reply; n_sent += step, n++)
    {
      set_player (reply, n_sent, n % 8 == 7 ? REPLAY_RESET : REPLAY_CLOSE);
      check_cut (engine, name, verdict, finished_at);
    }
  return n;
}

static void
test_cuts (void)
{
  g_autoptr (ReplayServer) server = replay_server_new (NULL, play, NULL);
  g_autoptr (IvlEngine) engine = remote_fixture_open (server, "openai", NULL);
  const char *name;
  json_t *verdict;
  guint n = 0;

  json_object_foreach (verdicts, name, verdict)
    for (Framing framing = 0; framing < N_FRAMINGS; framing++)
      {
        gboolean is_body = g_str_has_suffix (name, ".sse");

        if ((framing == AS_IT_IS) == is_body ||
            (!is_body && json_object_get (verdict, "finished_at") == NULL &&
             strcmp (name, "killed_midstream.resp") != 0))
          continue;
        n += cut_everywhere (engine, name, verdict, framing);
      }
  g_test_message ("%u cuts", n);
}

static json_t *
load_verdicts (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "remote", "verdicts.json", NULL);
  json_error_t error;
  json_t *root = json_load_file (path, JSON_ALLOW_NUL, &error);

  if (root == NULL)
    g_error ("%s: %s", path, error.text);
  return root;
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i < argc; i++)
    is_long = is_long || strcmp (argv[i], "--long") == 0;
  g_unsetenv ("IVL_API_KEY");
  verdicts = load_verdicts ();
  g_test_add_func ("/replay/verdicts", test_verdicts);
  g_test_add_func ("/replay/cuts", test_cuts);
  status = g_test_run ();
  json_decref (verdicts);
  return status;
}
