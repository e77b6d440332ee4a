/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client's rules that need no server: when a request is made again, how many may run, which
 * engine it is, what happens to control tokens. */
#include <libivl/ivl-error.h>
#include <libsoup/soup.h>
#include <string.h>

#include "engines/ivl-remote-dialect.h"
#include "engines/ivl-remote-gate.h"
#include "engines/ivl-remote-retry.h"
#include "engines/ivl-remote-text.h"
#include "engines/ivl-remote-trouble.h"

/* 7 November 2026, 12:00:00 UTC, and ways to write the time half a minute later */
#define NOW 1794052800
#define IN_30_SECONDS "Sat, 07 Nov 2026 12:00:30 GMT"
#define IN_30_SECONDS_OLD "Saturday, 07-Nov-26 12:00:30 GMT"
#define IN_30_SECONDS_C "Sat Nov  7 12:00:30 2026"
#define LONG_AGO "Sun, 06 Nov 1994 08:49:37 GMT"

static void
test_may_retry (void)
{
  static const struct
  {
    IvlRemoteFailure failure;
    guint            n_tries;
    gboolean         may;
  } rows[] = {
    { { .status = 0 }, 1, TRUE },
    { { .status = 0 }, 50, TRUE },
    { { .status = 0, .is_lasting = TRUE }, 1, FALSE },
    { { .status = 0, .is_garbled = TRUE }, 2, TRUE },
    { { .status = 0, .is_garbled = TRUE }, 3, FALSE },
    { { .status = 408 }, 1, TRUE },
    { { .status = 429 }, 9, TRUE },
    { { .status = 502 }, 9, TRUE },
    { { .status = 503 }, 9, TRUE },
    { { .status = 504 }, 9, TRUE },
    { { .status = 503, .should_retry = "false" }, 1, FALSE },
    { { .status = 503, .should_retry = "true" }, 1, TRUE },
    { { .status = 400, .should_retry = "true" }, 1, FALSE },
    { { .status = 400 }, 1, FALSE },
    { { .status = 401 }, 1, FALSE },
    { { .status = 403 }, 1, FALSE },
    { { .status = 404 }, 1, FALSE },
    { { .status = 413 }, 1, FALSE },
    { { .status = 422 }, 1, FALSE },
    { { .status = 302 }, 1, FALSE },
    { { .status = 501 }, 1, FALSE },
    { { .status = 500 }, 1, TRUE },
    { { .status = 500, .message = "CUDA error" }, 2, TRUE },
    { { .status = 500, .message = "CUDA error" }, 3, FALSE },
    { { .status = 500, .message = "image input is not supported - provide the mmproj" }, 1, FALSE },
    { { .status = 500, .message = "Invalid base64 value" }, 1, FALSE },
    { { .status = 500, .message = "UNSUPPORTED operation" }, 1, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (ivl_remote_retry_may (&rows[i].failure, rows[i].n_tries) != rows[i].may)
      g_error ("row %u: status %u, try %u", i, rows[i].failure.status, rows[i].n_tries);
}

static void
test_wait (void)
{
  static const struct
  {
    const char *retry_after;
    const char *retry_after_ms;
    guint       n_tries;
    double      chance;
    guint       ms;
  } rows[] = {
    { "7", NULL, 1, 0.5, 7000 },
    { " 7 ", NULL, 1, 0.5, 7000 },
    { "0", NULL, 1, 0.5, 250 },
    { "0", NULL, 6, 0.5, 8000 },
    { "119", NULL, 1, 0.5, 119 * 1000 },
    { "1000000000", NULL, 1, 0.5, 120 * 1000 },
    { "99999999999999999999999999", NULL, 1, 0.5, 120 * 1000 },
    { IN_30_SECONDS, NULL, 1, 0.5, 30 * 1000 },
    { IN_30_SECONDS_OLD, NULL, 1, 0.5, 30 * 1000 },
    { IN_30_SECONDS_C, NULL, 1, 0.5, 30 * 1000 },
    { LONG_AGO, NULL, 1, 0.5, 250 },
    { "7", "300", 1, 0.5, 300 },
    { NULL, "99999999", 1, 0.5, 120 * 1000 },
    /* Garbage counts as nothing */
    { "soon", NULL, 1, 0.5, 250 },
    { "-5", NULL, 1, 0.5, 250 },
    { "7 or so", NULL, 1, 0.5, 250 },
    { "", NULL, 1, 0.5, 250 },
    { "1e3", NULL, 1, 0.5, 250 },
    { "Sat, 32 Foo 2026 12:00:30 GMT", "x", 1, 0.5, 250 },
    /* Doubling, with full jitter */
    { NULL, NULL, 1, 0.0, 0 },
    { NULL, NULL, 1, 1.0, 500 },
    { NULL, NULL, 2, 1.0, 1000 },
    { NULL, NULL, 6, 1.0, 16000 },
    { NULL, NULL, 7, 1.0, 30000 },
    { NULL, NULL, 4000000000u, 1.0, 30000 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      IvlRemoteFailure failure = {
        .status = 429,
        .retry_after = rows[i].retry_after,
        .retry_after_ms = rows[i].retry_after_ms,
      };

      g_test_message ("row %u", i);
      g_assert_cmpuint (
          ivl_remote_retry_get_wait (&failure, rows[i].n_tries, NOW, rows[i].chance), ==,
          rows[i].ms);
    }
}

static IvlRemoteTicket
enter (IvlRemoteGate *gate)
{
  g_autoptr (GError) error = NULL;
  IvlRemoteTicket ticket = 0;

  g_assert_true (ivl_remote_gate_enter (gate, 10, &ticket, NULL, &error));
  g_assert_no_error (error);
  return ticket;
}

static void
test_gate (void)
{
  g_autoptr (IvlRemoteGate) gate = ivl_remote_gate_new (8);
  g_autoptr (GError) error = NULL;
  IvlRemoteTicket tickets[8];
  IvlRemoteTicket late;

  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 8);
  for (guint i = 0; i < 8; i++)
    tickets[i] = enter (gate);
  g_assert_false (ivl_remote_gate_enter (gate, 0, &late, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_BUSY);
  /* All eight are told that the server is busy: that is one piece of news */
  for (guint i = 0; i < 8; i++)
    ivl_remote_gate_leave (gate, tickets[i], IVL_REMOTE_WAS_BUSY);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 4);
  for (guint i = 0; i < 6; i++)
    ivl_remote_gate_leave (gate, enter (gate), IVL_REMOTE_WAS_BUSY);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 1);
  /* One round each for 2, 3, 4, and never beyond the start */
  ivl_remote_gate_leave (gate, enter (gate), IVL_REMOTE_WENT_WELL);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 2);
  ivl_remote_gate_leave (gate, enter (gate), IVL_REMOTE_WENT_WELL);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 2);
  ivl_remote_gate_leave (gate, enter (gate), IVL_REMOTE_WENT_WRONG);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 2);
  for (guint i = 0; i < 100; i++)
    ivl_remote_gate_leave (gate, enter (gate), IVL_REMOTE_WENT_WELL);
  g_assert_cmpuint (ivl_remote_gate_get_limit (gate), ==, 8);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (50 * 1000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_gate_cancel (void)
{
  g_autoptr (IvlRemoteGate) gate = ivl_remote_gate_new (1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  IvlRemoteTicket first = enter (gate);
  IvlRemoteTicket second;
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_false (ivl_remote_gate_enter (gate, 600, &second, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  ivl_remote_gate_leave (gate, first, IVL_REMOTE_WENT_WELL);
}

static void
test_dialects (void)
{
  static const struct
  {
    const char *owner;
    const char *server;
    const char *name;
  } rows[] = {
    { "vllm", "uvicorn", "vllm" },
    { "lmdeploy", "uvicorn", "lmdeploy" },
    { "sglang", NULL, "sglang" },
    { "llamacpp", "llama.cpp", "llama-server" },
    { NULL, "llama.cpp", "llama-server" },
    { "ivl", NULL, "ivl" },
    { "library", NULL, "ollama" },
    { "OpenGVLab", "uvicorn", NULL },
    { "", "", NULL },
    { NULL, "nginx", NULL },
    { NULL, NULL, NULL },
  };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const IvlWireDialect *dialect = ivl_remote_dialect_detect (rows[i].owner, rows[i].server);

      g_assert_cmpstr (dialect != NULL ? dialect->name : NULL, ==, rows[i].name);
      if (dialect != NULL)
        g_assert_true (ivl_remote_dialect_find (rows[i].name, NULL) == dialect);
    }
  g_assert_nonnull (ivl_remote_dialect_find ("openai", NULL));
  g_assert_null (ivl_remote_dialect_find ("gpt", &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_nonnull (strstr (error->message, "lmdeploy"));
}

#define Z "\342\200\213"

static void
test_control_tokens (void)
{
  static const char *const rows[][2] = {
    { "a < b, 1 <| 2 [x] <i>", "a < b, 1 <" Z "| 2 [x] <i>" },
    { "<|im_end|>\n<|im_start|>system", "<" Z "|im_end|>\n<" Z "|im_start|>system" },
    { "<IMG_CONTEXT><img></img>", "<" Z "IMG_CONTEXT><" Z "img><" Z "/img>" },
    { "<image> <IMAGE_TOKEN>", "<" Z "image> <" Z "IMAGE_TOKEN>" },
    { "[UNUSED_TOKEN_145]", "[" Z "UNUSED_TOKEN_145]" },
    { "<box>[[1, 2]]</box>", "<" Z "box>[[1, 2]]<" Z "/box>" },
    { "<<|im_end|>", "<<" Z "|im_end|>" },
    { "<S></S>", "<" Z "S><" Z "/S>" },
    { "<\357\275\234end\357\275\234>", "<" Z "\357\275\234end\357\275\234>" },
    { "caf\303\251 \360\237\220\210", "caf\303\251 \360\237\220\210" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      ivl_remote_text_append_safe (text, rows[i][0]);
      g_assert_cmpstr (text->str, ==, rows[i][1]);
    }
}

/* What to start on this computer: by the engine that is named, else by the engines' own ports as
 * their documentation has them */
static void
test_not_started (void)
{
  static const struct
  {
    const char *address;
    const char *engine; /* (nullable) */
    const char *says;
  } rows[] = {
    { "http://127.0.0.1:8080/v1", NULL, "llama-server" },
    { "http://localhost:11434", NULL, "\"ollama serve\"" },
    { "http://[::1]:8000/v1", NULL, "\"vllm serve\"" },
    { "http://127.0.0.1:23333/v1", NULL, "lmdeploy serve api_server" },
    { "http://127.0.0.1:30000/v1", NULL, "SGLang" },
    { "http://127.0.0.1:4711/v1", NULL, ": start the program that listens there" },
    { "http://127.0.0.1:4711/v1", "ollama", ": start Ollama with \"ollama serve\"" },
    { "http://127.0.0.1:8080/v1", "openai", ": start the program that listens there" },
    { "http://192.0.2.1:8080/v1", NULL, "is the server running?" },
  };
  g_autoptr (GError) refused =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Connection refused");

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlRemote) remote = ivl_remote_parse (rows[i].address, &error);
      gboolean is_lasting;

      g_assert_no_error (error);
      remote->engine = g_strdup (rows[i].engine);
      error = ivl_remote_trouble_explain (refused, remote, NULL, IVL_REMOTE_BEFORE_HEAD,
                                          &is_lasting);
      g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, rows[i].says));
      g_assert_nonnull (strstr (error->message, remote->origin));
      g_assert_false (is_lasting);
    }
}

static void
test_certificates (void)
{
  g_autofree char *two = ivl_remote_trouble_name_certificate (G_TLS_CERTIFICATE_EXPIRED |
                                                              G_TLS_CERTIFICATE_BAD_IDENTITY);
  g_autofree char *unknown = ivl_remote_trouble_name_certificate (G_TLS_CERTIFICATE_UNKNOWN_CA);
  g_autofree char *none = ivl_remote_trouble_name_certificate (G_TLS_CERTIFICATE_GENERIC_ERROR);

  g_assert_cmpstr (two, ==, "has expired, and is made out to another name");
  g_assert_nonnull (strstr (unknown, "ca-file"));
  g_assert_cmpstr (none, ==, "is not valid");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client-rules/may-retry", test_may_retry);
  g_test_add_func ("/client-rules/wait", test_wait);
  g_test_add_func ("/client-rules/gate", test_gate);
  g_test_add_func ("/client-rules/gate-cancel", test_gate_cancel);
  g_test_add_func ("/client-rules/dialects", test_dialects);
  g_test_add_func ("/client-rules/control-tokens", test_control_tokens);
  g_test_add_func ("/client-rules/not-started", test_not_started);
  g_test_add_func ("/client-rules/certificates", test_certificates);
  return g_test_run ();
}
