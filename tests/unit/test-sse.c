/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Server-sent events: the standard's rules, whatever the pieces that the bytes come in, and the
 * bounds. */
#include "wire/ivl-sse.h"

#include <libivl/ivl-error.h>
#include <string.h>

/* Notes events as "TYPE=DATA;". */
static gboolean
note_event (const char  *event,
            const char  *data,
            gsize        len,
            gpointer     user_data,
            GError     **error)
{
  g_assert_cmpuint (strlen (data), ==, len);
  g_string_append_printf (user_data, "%s=%s;", event != NULL ? event : "", data);
  return TRUE;
}

static void
assert_events (const char *bytes,
               gsize       n,
               gsize       step,
               const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
  g_autoptr (GString) events = g_string_new (NULL);

  for (gsize i = 0; i < n; i += step)
    {
      ivl_sse_decoder_push (decoder, bytes + i, MIN (step, n - i), note_event, events, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpstr (events->str, ==, expected);
}

/* The same with each of the line ends, in pieces of every size and cut in two at every byte. */
static void
assert_all_ways (const char *text,
                 const char *expected)
{
  const char *const line_ends[] = { "\n", "\r", "\r\n" };

  for (guint i = 0; i < G_N_ELEMENTS (line_ends); i++)
    {
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
      g_autofree char *bytes = g_strjoinv (line_ends[i], lines);
      gsize n = strlen (bytes);

      for (gsize step = 1; step <= n; step++)
        assert_events (bytes, n, step, expected);
      for (gsize cut = 0; cut <= n; cut++)
        {
          g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
          g_autoptr (GString) events = g_string_new (NULL);

          ivl_sse_decoder_push (decoder, bytes, cut, note_event, events, NULL);
          ivl_sse_decoder_push (decoder, bytes + cut, n - cut, note_event, events, NULL);
          g_assert_cmpstr (events->str, ==, expected);
        }
    }
}

static void
test_rules (void)
{
  assert_all_ways ("data: a\n\ndata: b\n\n", "=a;=b;");
  assert_all_ways ("data:a\n\ndata:  b\n\n", "=a;= b;");
  assert_all_ways ("\xef\xbb\xbf" "data: a\n\n", "=a;");
  assert_all_ways ("data: a\ndata: b\ndata\ndata:\n\n", "=a\nb\n\n;");
  assert_all_ways (": ping\n\n:\n\ndata: a\n:x\ndata: b\n\n", "=a\nb;");
  assert_all_ways ("id: 1\nretry: 5\nfoo: bar\nfoo\ndata: a\n\n", "=a;");
  assert_all_ways ("event: error\ndata: a\n\ndata: b\n\n", "error=a;=b;");
  assert_all_ways ("event: x\n\ndata: b\n\n", "=b;");
  assert_all_ways ("error: {}\n\ndata: b\n\n", "error={};=b;");
  assert_all_ways ("data: \xe2\x82\xac\n\n", "=\xe2\x82\xac;");
  assert_all_ways ("\n\n\ndata: a:b\n\n\n\n", "=a:b;");
  assert_all_ways (" data: a\n\ndatax: a\n\nData: a\n\ndat: a\n\n", "");
}

/* A byte order mark that is not one, or comes later, is text. */
static void
test_half_mark (void)
{
  assert_all_ways ("\xef\xbb" "data: a\n\ndata: b\n\n", "=b;");
  assert_all_ways ("data: a\n\n\xef\xbb\xbf" "data: b\n\n", "=a;");
}

/* An event counts when its empty line has come, not before. */
static void
test_cut (void)
{
  const char *text = "data: a\n\n";

  for (gsize n = 0; n < strlen (text); n++)
    assert_events (text, n, 3, "");
  assert_events (text, strlen (text), 3, "=a;");
  assert_events ("data: a\r\r", 9, 9, "=a;");
  assert_events ("data: a\r\n\r", 10, 10, "=a;");
}

static gboolean
push_times (IvlSseDecoder  *decoder,
            const char     *bytes,
            gsize           times,
            GString        *events,
            GError        **error)
{
  for (gsize i = 0; i < times; i++)
    if (!ivl_sse_decoder_push (decoder, bytes, strlen (bytes), note_event, events, error))
      return FALSE;
  return TRUE;
}

static void
test_caps (void)
{
  static const char kilobyte[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const char *const endless[] = { "x", kilobyte, "data: 0123456789\n", "data:\n", "event: x" };

  for (guint i = 0; i < G_N_ELEMENTS (endless); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
      g_autoptr (GString) events = g_string_new (NULL);

      g_assert_false (push_times (decoder, endless[i], 2 * IVL_SSE_MAX_EVENT, events, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL);
      g_assert_cmpuint (events->len, ==, 0);
    }
}

/* What keeps a connection open costs nothing, however long it is. */
static void
test_comments (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
  g_autoptr (GString) events = g_string_new (NULL);

  g_assert_true (push_times (decoder, ":\n\n", 40, events, &error));
  g_assert_cmpuint (ivl_sse_decoder_get_n_comments (decoder), ==, 40);
  g_assert_true (push_times (decoder, ":xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 100000, events, &error));
  g_assert_true (push_times (decoder, "\ndata: a\n\n", 1, events, &error));
  g_assert_cmpstr (events->str, ==, "=a;");
  g_assert_cmpuint (ivl_sse_decoder_get_n_comments (decoder), ==, 41);
}

static gboolean
refuse_event (const char  *event,
              const char  *data,
              gsize        len,
              gpointer     user_data,
              GError     **error)
{
  ++*(guint *) user_data;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "no");
  return FALSE;
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
  guint n_events = 0;

  g_assert_false (ivl_sse_decoder_push (decoder, "data: a\n\ndata: b\n\n", 18, refuse_event,
                                        &n_events, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED);
  g_assert_cmpuint (n_events, ==, 1);
}

static void
test_written (void)
{
  g_autoptr (GString) out = g_string_new (NULL);

  ivl_sse_append_comment (out);
  ivl_sse_append_event (out, "{\"a\":1}");
  ivl_sse_append_event (out, "[DONE]");
  g_assert_cmpstr (out->str, ==, ":\n\ndata: {\"a\":1}\n\ndata: [DONE]\n\n");
  assert_events (out->str, out->len, 5, "={\"a\":1};=[DONE];");
  g_string_truncate (out, 0);
  ivl_sse_append_event (out, "a\nb\r\nc\rd\n");
  assert_events (out->str, out->len, out->len, "=a\nb\nc\nd\n;");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sse/rules", test_rules);
  g_test_add_func ("/sse/half-mark", test_half_mark);
  g_test_add_func ("/sse/cut", test_cut);
  g_test_add_func ("/sse/caps", test_caps);
  g_test_add_func ("/sse/comments", test_comments);
  g_test_add_func ("/sse/refused", test_refused);
  g_test_add_func ("/sse/written", test_written);
  return g_test_run ();
}
