/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What counts as an answer: every recorded and constructed stream whole, in single bytes and cut at
 * every byte, and what engines and proxies get wrong. */
#include "wire/ivl-wire-answer.h"

#include <string.h>

#include "recordings.h"

#define OK -1

/* Text of more than a few characters is given by its SHA-256; both come from Python's json. */
static const struct
{
  const char *name;
  int code; /* OK, or of IvlError */
  IvlFinishReason reason;
  const char *text;
} streams[] = {
  { "chat_stream.resp", OK, IVL_FINISH_LENGTH,
    "cd45ecb1a9e75077785d954c60177486e4fab8bb9aa78cc6cd0dd96e5e894508" },
  { "chat_stream_usage.resp", OK, IVL_FINISH_LENGTH,
    "cd45ecb1a9e75077785d954c60177486e4fab8bb9aa78cc6cd0dd96e5e894508" },
  { "chat_utf8_stream.resp", OK, IVL_FINISH_LENGTH,
    "3d3c9bee04d30160b052052c5f0204003be3f268238ebd58f067e35dd00dc924" },
  { "img_ok_stream.resp", OK, IVL_FINISH_LENGTH,
    "12b2cba5b7bab23dde8da35a8f4e88e4058f1003a13ef0f625f5495d5d9a8961" },
  { "to_context_end.resp", OK, IVL_FINISH_LENGTH,
    "7e624330f0ec240ffadf03e296fa781b1b2f4df8307e2a22237b01d727ff62a2" },
  { "ping_slow_prefill.resp", OK, IVL_FINISH_LENGTH, "\xef\xbf\xbd*\xef\xbf\xbd" },
  { "queued_stream.resp", OK, IVL_FINISH_LENGTH, "**" },
  { "stop.resp", OK, IVL_FINISH_STOP, "d" },
  { "killed_midstream.resp", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/content_null_chunks.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/deep_json.sse", IVL_ERROR_REMOTE_PROTOCOL, IVL_FINISH_NONE, NULL },
  { "constructed/endless_line_1MB.sse", IVL_ERROR_REMOTE_PROTOCOL, IVL_FINISH_NONE, NULL },
  { "constructed/escape_and_html_payload.sse", OK, IVL_FINISH_STOP,
    "32877dadc9dcf124b9a7001e996f8a36e633bcff1fa4ba50a8155ac38f066d7d" },
  { "constructed/finish_abort.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/finish_and_text_same_chunk.sse", OK, IVL_FINISH_STOP, "A cat" },
  { "constructed/finish_content_filter.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/litellm_usage_nonempty_choices.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/lmdeploy_error_then_done.sse", IVL_ERROR_CONTEXT_FULL, IVL_FINISH_NONE, NULL },
  { "constructed/reasoning_content.sse", OK, IVL_FINISH_STOP, "A cat" },
  { "constructed/role_only_then_silence.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_afterdone.sse", OK, IVL_FINISH_STOP, "h" },
  { "constructed/s_badjson.sse", IVL_ERROR_REMOTE_PROTOCOL, IVL_FINISH_NONE, NULL },
  { "constructed/s_bom.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_comments.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_cr.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_crlf.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_err.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_err_event.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_err_flat.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_err_legacy.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_ls.sse", OK, IVL_FINISH_STOP, "a\xe2\x80\xa8" "b\xc2\x85" "c" },
  { "constructed/s_minimal.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/s_multiline.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_nochoices.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_nodone.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_nospace.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_ok.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/s_trunc.sse", IVL_ERROR_REMOTE_FAILED, IVL_FINISH_NONE, NULL },
  { "constructed/tgi_usage_with_choice.sse", OK, IVL_FINISH_STOP, "hi" },
  { "constructed/two_json_one_event.sse", IVL_ERROR_REMOTE_PROTOCOL, IVL_FINISH_NONE, NULL },
  { "constructed/vllm_error_object_nested_old.sse", IVL_ERROR_REMOTE_REFUSED, IVL_FINISH_NONE,
    NULL },
};

static void
assert_text (const GString *text,
             const char    *expected)
{
  g_autofree char *sum = NULL;

  g_assert_true (g_utf8_validate_len (text->str, text->len, NULL));
  if (strlen (expected) < 64)
    {
      g_assert_cmpstr (text->str, ==, expected);
      return;
    }
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text->str, text->len);
  g_assert_cmpstr (sum, ==, expected);
}

/* The verdict on a body that comes in pieces of step bytes. */
static gboolean
judge (const char       *body,
       gsize             n,
       gsize             step,
       GString          *text,
       IvlFinishReason  *reason,
       GError          **error)
{
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);

  for (gsize i = 0; i < n; i += step)
    if (!ivl_wire_answer_push (answer, body + i, MIN (step, n - i), text, error))
      return FALSE;
  *reason = ivl_wire_answer_get_finish_reason (answer);
  return ivl_wire_answer_end (answer, text, error);
}

static void
assert_verdict (guint          row,
                const GString *body,
                gsize          step)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  IvlFinishReason reason = IVL_FINISH_NONE;
  gboolean ok = judge (body->str, body->len, step, text, &reason, &error);

  g_test_message ("%s: %s", streams[row].name, ok ? "answered" : error->message);
  if (streams[row].code != OK)
    {
      g_assert_false (ok);
      g_assert_error (error, IVL_ERROR, streams[row].code);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpint (reason, ==, streams[row].reason);
  assert_text (text, streams[row].text);
}

static void
test_streams (void)
{
  guint status;

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (GString) body = recordings_read_body (streams[i].name, &status);

      g_assert_cmpuint (status, ==, 200);
      assert_verdict (i, body, body->len);
      assert_verdict (i, body, 1);
      assert_verdict (i, body, 7);
    }
}

static gboolean
is_listed (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    if (strcmp (streams[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

/* Every recording is in the table, or is no stream: and that is never an answer. */
static void
test_all_recordings (void)
{
  const char *const suffixes[] = { ".sse", ".resp" };
  guint n_other = 0;

  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_auto (GStrv) names = recordings_list (suffixes[i]);

      for (guint j = 0; names[j] != NULL; j++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (GString) text = g_string_new (NULL);
          g_autoptr (GString) body = NULL;
          IvlFinishReason reason;
          IvlError code;
          guint status;

          if (is_listed (names[j]))
            continue;
          n_other++;
          g_test_message ("%s", names[j]);
          body = recordings_read_body (names[j], &status);
          g_assert_false (judge (body->str, body->len, MAX (body->len, 1), text, &reason,
                                 &error));
          code = body->len > 0 ? IVL_ERROR_REMOTE_PROTOCOL : IVL_ERROR_REMOTE_FAILED;
          g_assert_error (error, IVL_ERROR, code);
          g_assert_cmpuint (text->len, ==, 0);
        }
    }
  g_assert_cmpuint (n_other, >, 50);
}

/* Where the body first holds a finish reason and the empty line after it: no earlier cut may be an
 * answer. */
static gsize
find_earliest_success (const GString *body)
{
  const char *const marks[] = { "\"finish_reason\":\"", "\"finish_reason\": \"" };
  const char *const empty_lines[] = { "\n\n", "\r\r", "\n\r" };
  const char *first = NULL;
  const char *end = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      const char *mark = strstr (body->str, marks[i]);

      if (mark != NULL && (first == NULL || mark < first))
        first = mark;
    }
  if (first == NULL)
    return G_MAXSIZE;
  for (guint i = 0; i < G_N_ELEMENTS (empty_lines); i++)
    {
      const char *found = strstr (first, empty_lines[i]);

      if (found != NULL && (end == NULL || found < end))
        end = found;
    }
  return end != NULL ? (gsize) (end - body->str) + 2 : G_MAXSIZE;
}

/* How many of the cuts are answers. */
static guint
count_cut_successes (guint          row,
                     const GString *body)
{
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize earliest = find_earliest_success (body);
  gboolean ok = TRUE;
  guint n = 0;

  for (gsize cut = 0; cut <= body->len; cut++)
    {
      if (cut > 0 && ok)
        ok = ivl_wire_answer_push (answer, body->str + cut - 1, 1, text, NULL);
      if (!ivl_wire_answer_end (answer, text, NULL))
        continue;
      n++;
      g_assert_cmpint (streams[row].code, ==, OK);
      g_assert_cmpuint (cut, >=, earliest);
      assert_text (text, streams[row].text);
      if (body->len > 10000 && n > 100)
        break;
    }
  return n;
}

/* Cut at every byte: a failure, or after the finish reason the whole answer. */
static void
test_cuts (void)
{
  guint status;

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (GString) body = recordings_read_body (streams[i].name, &status);
      guint n = count_cut_successes (i, body);

      g_test_message ("%s: %u", streams[i].name, n);
      if (streams[i].code == OK)
        g_assert_cmpuint (n, >, 0);
      else
        g_assert_cmpuint (n, ==, 0);
    }
}

/* The same with a connection of its own for every cut, for the short ones. */
static void
test_fresh_cuts (void)
{
  guint status;

  for (guint i = 0; i < G_N_ELEMENTS (streams); i++)
    {
      g_autoptr (GString) body = recordings_read_body (streams[i].name, &status);
      gsize earliest = find_earliest_success (body);

      for (gsize cut = 0; cut <= body->len && body->len <= 1600; cut++)
        {
          g_autoptr (GString) text = g_string_new (NULL);
          IvlFinishReason reason;

          if (!judge (body->str, cut, MAX (cut, 1), text, &reason, NULL))
            continue;
          g_assert_cmpint (streams[i].code, ==, OK);
          g_assert_cmpuint (cut, >=, earliest);
          assert_text (text, streams[i].text);
        }
    }
}

static void
assert_body (const char *body,
             int         code,
             const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  IvlFinishReason reason;
  g_autofree char *shown = g_strescape (body, NULL);
  gboolean ok;

  g_test_message ("%s", shown);
  ok = judge (body, strlen (body), strlen (body), text, &reason, &error);
  if (code != OK)
    {
      g_assert_false (ok);
      g_assert_error (error, IVL_ERROR, code);
      if (expected != NULL)
        g_assert_nonnull (strstr (error->message, expected));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (text->str, ==, expected);
}

#define CHUNK(content) "data: {\"choices\":[{\"delta\":{\"content\":" content "}}]}\n\n"
#define FINISH(reason) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":" reason "}]}\n\n"

static void
test_reasons (void)
{
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop\""), OK, "a");
  assert_body (CHUNK ("\"a\"") FINISH ("\"length\""), OK, "a");
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop_sequence\""), OK, "a");
  assert_body (CHUNK ("\"a\"") FINISH ("\"\"") FINISH ("\"stop\""), OK, "a");
  assert_body (CHUNK ("\"a\"") FINISH ("\"\""), IVL_ERROR_REMOTE_FAILED, "cut off");
  assert_body (CHUNK ("\"a\"") FINISH ("\"error\""), IVL_ERROR_REMOTE_FAILED, "\"error\"");
  assert_body (CHUNK ("\"a\"") FINISH ("\"parse_error\""), IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("\"tool_calls\""), IVL_ERROR_NO_ANSWER, "tool");
  assert_body ("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}\n\n"
               FINISH ("\"stop\""), IVL_ERROR_NO_ANSWER, "tool");
  assert_body ("data: {\"choices\":[{\"delta\":{\"content\":\"a\",\"tool_calls\":[]}}]}\n\n"
               FINISH ("\"stop\""), OK, "a");
  assert_body (CHUNK ("\"a\"") FINISH ("\"Stop\""), IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("\"done\""), IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("1"), IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("true"), IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop\"") FINISH ("\"abort\""), IVL_ERROR_REMOTE_FAILED,
               NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop\"") CHUNK ("\"b\""), IVL_ERROR_REMOTE_PROTOCOL,
               "goes on");
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop\"") CHUNK ("\"\"") CHUNK ("null"), OK, "a");
  assert_body (FINISH ("\"stop\""), OK, "");
}

static void
test_synonym (void)
{
  const char *body = CHUNK ("\"a\"") FINISH ("\"end_turn\"");
  g_autoptr (IvlWireDialect) dialect =
      ivl_wire_dialect_parse ("[dialect]\nname=x\ntitle=X\nfinished=end_turn\n", -1, NULL);
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (dialect);
  g_autoptr (GString) text = g_string_new (NULL);

  assert_body (body, IVL_ERROR_REMOTE_FAILED, "end_turn");
  g_assert_true (ivl_wire_answer_push (answer, body, strlen (body), text, NULL));
  g_assert_true (ivl_wire_answer_end (answer, text, NULL));
  g_assert_cmpint (ivl_wire_answer_get_finish_reason (answer), ==, IVL_FINISH_STOP);
}

/* LMDeploy's failure, however it is cut; other text that begins like it is an answer. */
static void
test_failure_text (void)
{
  const char *stop = FINISH ("\"stop\"");
  g_autofree char *other = g_strconcat (CHUNK ("\"Internal\"") CHUNK ("\" error\""), stop, NULL);
  g_autofree char *longer =
      g_strconcat (CHUNK ("\"internal error happened\"") CHUNK ("\" here\""), stop, NULL);

  assert_body (CHUNK ("\"internal error happened\"") FINISH ("\"stop\""), IVL_ERROR_REMOTE_FAILED,
               "internal error");
  assert_body (CHUNK ("\" Internal\"") CHUNK ("\" error happened\\n\"") FINISH ("\"stop\""),
               IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body (other, OK, "Internal error");
  assert_body (longer, OK, "internal error happened here");
}

static void
test_held_text (void)
{
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *first = CHUNK ("\"int\"");
  const char *second = CHUNK ("\"ricate\"");
  const char *third = CHUNK ("\" int\"");

  g_assert_true (ivl_wire_answer_push (answer, first, strlen (first), text, NULL));
  g_assert_cmpstr (text->str, ==, "");
  g_assert_true (ivl_wire_answer_has_content (answer));
  g_assert_true (ivl_wire_answer_push (answer, second, strlen (second), text, NULL));
  g_assert_cmpstr (text->str, ==, "intricate");
  g_assert_true (ivl_wire_answer_push (answer, third, strlen (third), text, NULL));
  g_assert_cmpstr (text->str, ==, "intricate int");
  g_assert_false (ivl_wire_answer_is_finished (answer));
}

static void
test_shapes (void)
{
  const char *const stop = FINISH ("\"stop\"");
  g_autofree char *index =
      g_strconcat ("data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"},"
                   "\"finish_reason\":\"error\"},{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
                   stop, NULL);
  g_autofree char *nothing =
      g_strconcat ("data: {\"choices\":null}\n\ndata: {\"choices\":[]}\n\n"
                   "data: {\"choices\":[{}]}\n\ndata: {\"choices\":[{\"delta\":null}]}\n\n",
                   CHUNK ("\"a\""), stop, NULL);

  assert_body (index, OK, "a");
  assert_body (nothing, OK, "a");
  assert_body ("data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
               IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body ("data: {\"choices\":{}}\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: {\"choices\":[1]}\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: {\"choices\":[{\"delta\":\"a\"}]}\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body (CHUNK ("[\"a\"]"), IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body (CHUNK ("5"), IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: []\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: \"a\"\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: 1\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: {\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}"
               "\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\n",
               IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot\"}}]}\n\n",
               IVL_ERROR_REMOTE_FAILED, "refuses");
  assert_body ("data: {\"id\":1,\"id\":2}\n\n", IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("data: [DONE]\n\n", IVL_ERROR_REMOTE_FAILED, "without a finish reason");
}

static void
test_errors (void)
{
  assert_body ("data: {\"error\":\"Unauthorized\"}\n\n", IVL_ERROR_REMOTE_FAILED, "Unauthorized");
  assert_body ("data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n", IVL_ERROR_REMOTE_FAILED,
               "x");
  assert_body ("data: {\"error\":{\"message\":\"boom\\u001b[2J\"}}\n\n", IVL_ERROR_REMOTE_FAILED,
               "boom[2J");
  assert_body ("data: {\"error\":{}}\n\n", IVL_ERROR_REMOTE_FAILED, NULL);
  assert_body ("data: {\"error\":null,\"choices\":[]}\n\n" FINISH ("\"stop\""), OK, "");
  assert_body ("data: {\"object\":\"error\",\"message\":\"flat\",\"code\":400}\n\n",
               IVL_ERROR_REMOTE_REFUSED, "flat");
  assert_body ("data: {\"detail\":\"gone\"}\n\n", IVL_ERROR_REMOTE_FAILED, "gone");
  assert_body ("event: error\ndata: out of memory\n\n", IVL_ERROR_REMOTE_FAILED, "out of memory");
  assert_body ("error: out of memory\n\n", IVL_ERROR_REMOTE_FAILED, "out of memory");
  assert_body ("data: {\"error\":{\"message\":\"image input is not supported\",\"code\":500}}\n\n",
               IVL_ERROR_UNSUPPORTED, NULL);
  assert_body (CHUNK ("\"a\"") FINISH ("\"stop\"") "data: {\"error\":\"late\"}\n\n",
               IVL_ERROR_REMOTE_FAILED, "late");
}

/* After a failure nothing is an answer. */
static void
test_failure_stays (void)
{
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *bad = CHUNK ("\"a\"") FINISH ("\"stop\"") "data: {\"error\":\"late\"}\n\n";
  const char *good = "data: [DONE]\n\n";

  g_assert_false (ivl_wire_answer_push (answer, bad, strlen (bad), text, NULL));
  g_assert_false (ivl_wire_answer_is_finished (answer));
  g_assert_false (ivl_wire_answer_push (answer, good, strlen (good), text, NULL));
  g_assert_false (ivl_wire_answer_end (answer, text, NULL));
}

static void
test_characters (void)
{
  const char *stop = FINISH ("\"stop\"");
  static const struct
  {
    const char *chunks;
    const char *text;
  } cases[] = {
    { CHUNK ("\"\\ud83d\\ude00\""), "\xf0\x9f\x98\x80" },
    { CHUNK ("\"x\\ud83d\"") CHUNK ("\"\\ude00y\""), "x\xf0\x9f\x98\x80y" },
    { CHUNK ("\"x\\uD83D\"") CHUNK ("\"y\""), "x\xef\xbf\xbdy" },
    { CHUNK ("\"x\\ud83d\\ud83d\\ude00\""), "x\xef\xbf\xbd\xf0\x9f\x98\x80" },
    { CHUNK ("\"\\ude00\\ud83d\""), "\xef\xbf\xbd\xef\xbf\xbd" },
    { CHUNK ("\"\xe2\x82\"") CHUNK ("\"\xac!\""), "\xe2\x82\xac!" },
    { CHUNK ("\"\xe2\x82\"") CHUNK ("\"!\""), "\xef\xbf\xbd!" },
    { CHUNK ("\"\xe2\"") CHUNK ("\"\x82\"") CHUNK ("\"\xac\""), "\xe2\x82\xac" },
    { CHUNK ("\"a\xff" "b\""), "a\xef\xbf\xbd" "b" },
    { CHUNK ("\"a\\u0000b\""), "a\xef\xbf\xbd" "b" },
    { CHUNK ("\"a\x01" "b\tc\""), "a\x01" "b\tc" },
    { CHUNK ("\"a\\\\ud83d\\\"\x02\""), "a\\ud83d\"\x02" },
    { CHUNK ("\"\xf4\x8f\x80\x80\""), "\xf4\x8f\x80\x80" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *body = g_strconcat (cases[i].chunks, stop, NULL);

      assert_body (body, OK, cases[i].text);
    }
  assert_body (CHUNK ("\"a\\ud8\""), IVL_ERROR_REMOTE_PROTOCOL, NULL);
}

static void
test_no_stream (void)
{
  assert_body ("<html><title>Log in</title></html>", IVL_ERROR_REMOTE_PROTOCOL, "Log in");
  assert_body ("{\"error\":{\"message\":\"sleeping\"}}", IVL_ERROR_REMOTE_PROTOCOL, "sleeping");
  assert_body ("{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}",
               IVL_ERROR_REMOTE_PROTOCOL, "no stream");
  assert_body ("Bad Gateway\n\n" FINISH ("\"stop\""), IVL_ERROR_REMOTE_PROTOCOL, "Bad Gateway");
  assert_body ("datum: x\n\n" FINISH ("\"stop\""), IVL_ERROR_REMOTE_PROTOCOL, NULL);
  assert_body ("\n\r\n", IVL_ERROR_REMOTE_FAILED, "before an answer");
  assert_body ("", IVL_ERROR_REMOTE_FAILED, "before an answer");
  assert_body ("dat", IVL_ERROR_REMOTE_FAILED, "before an answer");
}

/* Memory stays bounded, whatever is sent without an end. */
static void
test_endless (void)
{
  const char *const endless[] = {
    "<p>", "\n", "{", CHUNK ("\"0123456789012345678901234567890123456789012345678901234567890\""),
    "data: "
  };

  for (guint i = 0; i < G_N_ELEMENTS (endless); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GString) piece = g_string_new (NULL);
      gsize n = 0;

      while (piece->len < 65536)
        g_string_append (piece, endless[i]);
      while (n < 64 << 20 &&
             ivl_wire_answer_push (answer, piece->str, piece->len, text, &error))
        n += piece->len;
      g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL);
      g_assert_cmpuint (text->len, <=, IVL_WIRE_MAX_TEXT);
    }
}

static void
test_facts (void)
{
  guint status;
  g_autoptr (GString) body = recordings_read_body ("chat_stream_usage.resp", &status);
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  const char *ours = "data: {\"choices\":[],\"model\":\"m\\u001b[1m\\n\",\"usage\":"
                     "{\"prompt_tokens\":7,\"completion_tokens\":-1,\"ivl\":{\"tiles\":13,"
                     "\"tiles_encoded\":6}}}\n\n";
  IvlWireUsage usage;

  ivl_wire_answer_get_usage (answer, &usage);
  g_assert_cmpint (usage.n_prompt_tokens, ==, -1);
  g_assert_null (ivl_wire_answer_get_model (answer));
  g_assert_true (ivl_wire_answer_push (answer, body->str, body->len, text, NULL));
  g_assert_true (ivl_wire_answer_is_done (answer));
  g_assert_cmpstr (ivl_wire_answer_get_model (answer), ==, "tiny");
  ivl_wire_answer_get_usage (answer, &usage);
  g_assert_cmpint (usage.n_prompt_tokens, ==, 23);
  g_assert_cmpint (usage.n_answer_tokens, ==, 24);
  g_assert_cmpint (usage.n_cached_tokens, ==, 22);
  g_assert_cmpint (usage.n_tiles, ==, -1);

  g_clear_pointer (&answer, ivl_wire_answer_free);
  answer = ivl_wire_answer_new (NULL);
  g_assert_true (ivl_wire_answer_push (answer, ours, strlen (ours), text, NULL));
  g_assert_cmpstr (ivl_wire_answer_get_model (answer), ==, "m[1m");
  ivl_wire_answer_get_usage (answer, &usage);
  g_assert_cmpint (usage.n_answer_tokens, ==, -1);
  g_assert_cmpint (usage.n_tiles, ==, 13);
  g_assert_cmpint (usage.n_tiles_encoded, ==, 6);
}

/* Usage beside a choice (TGI, LiteLLM), not only after the last one. */
static void
test_early_usage (void)
{
  const char *const names[] = { "constructed/tgi_usage_with_choice.sse",
                                "constructed/litellm_usage_nonempty_choices.sse" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      guint status;
      g_autoptr (GString) body = recordings_read_body (names[i], &status);
      g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
      g_autoptr (GString) text = g_string_new (NULL);
      IvlWireUsage usage;

      g_assert_true (ivl_wire_answer_push (answer, body->str, body->len, text, NULL));
      ivl_wire_answer_get_usage (answer, &usage);
      g_assert_cmpint (usage.n_prompt_tokens, ==, 1);
      g_assert_cmpint (usage.n_answer_tokens, ==, 1);
    }
}

/* What keeps the connection open is no content. */
static void
test_pings (void)
{
  guint status;
  g_autoptr (GString) body = recordings_read_body ("ping_slow_prefill.resp", &status);
  const char *content = strstr (body->str, "\"content\":\"");
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_true (ivl_wire_answer_push (answer, body->str, content - body->str, text, NULL));
  g_assert_false (ivl_wire_answer_has_content (answer));
  g_assert_true (ivl_wire_answer_push (answer, content, strlen (content), text, NULL));
  g_assert_true (ivl_wire_answer_has_content (answer));
}

/* What ivl serve says of how far it is: beside the answer, whatever stands in it. */
static void
test_progress (void)
{
  static const struct
  {
    const char     *data;
    gboolean        is_told;
    IvlWireProgress progress;
  } rows[] = {
    { "{\"phase\":\"tiles\",\"done\":3,\"total\":13}", TRUE, { IVL_PHASE_TILES, 3, 13 } },
    { "{\"phase\":\"prompt\",\"done\":0,\"total\":9}", TRUE, { IVL_PHASE_PREFILL, 0, 9 } },
    { "{\"phase\":\"answer\",\"done\":7,\"total\":0}", TRUE, { IVL_PHASE_DECODE, 7, 0 } },
    { "{\"phase\":\"queue\",\"done\":1,\"total\":2}", TRUE, { IVL_PHASE_QUEUE, 1, 2 } },
    { "{\"phase\":\"brewing\",\"done\":1,\"total\":2}", FALSE, { 0 } },
    { "{\"phase\":\"tiles\",\"done\":-1,\"total\":2}", FALSE, { 0 } },
    { "{\"phase\":\"tiles\",\"done\":\"1\"}", FALSE, { 0 } },
    { "{\"choices\":[{\"delta\":{\"content\":\"no\"}}]}", FALSE, { 0 } },
    { "{\"error\":{\"message\":\"no\"}}", FALSE, { 0 } },
    { "[DONE]", FALSE, { 0 } },
    { "not JSON", FALSE, { 0 } },
  };
  static const char end[] =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GString) body = g_string_new (NULL);
      g_autoptr (GError) error = NULL;
      IvlWireProgress progress = { 0 };

      g_string_append_printf (body, "event: ivl.progress\ndata: %s\n\n", rows[i].data);
      g_assert_false (ivl_wire_answer_take_progress (answer, &progress));
      ivl_wire_answer_push (answer, body->str, body->len, text, &error);
      g_assert_no_error (error);
      g_assert_cmpint (ivl_wire_answer_take_progress (answer, &progress), ==, rows[i].is_told);
      g_assert_cmpint (progress.phase, ==, rows[i].progress.phase);
      g_assert_cmpuint (progress.done, ==, rows[i].progress.done);
      g_assert_cmpuint (progress.total, ==, rows[i].progress.total);
      g_assert_false (ivl_wire_answer_take_progress (answer, &progress));
      g_assert_false (ivl_wire_answer_has_content (answer));
      ivl_wire_answer_push (answer, end, strlen (end), text, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (text->str, ==, "Hi");
      g_assert_true (ivl_wire_answer_is_done (answer));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-answer/streams", test_streams);
  g_test_add_func ("/wire-answer/all-recordings", test_all_recordings);
  g_test_add_func ("/wire-answer/cuts", test_cuts);
  g_test_add_func ("/wire-answer/fresh-cuts", test_fresh_cuts);
  g_test_add_func ("/wire-answer/reasons", test_reasons);
  g_test_add_func ("/wire-answer/synonym", test_synonym);
  g_test_add_func ("/wire-answer/failure-text", test_failure_text);
  g_test_add_func ("/wire-answer/held-text", test_held_text);
  g_test_add_func ("/wire-answer/shapes", test_shapes);
  g_test_add_func ("/wire-answer/errors", test_errors);
  g_test_add_func ("/wire-answer/failure-stays", test_failure_stays);
  g_test_add_func ("/wire-answer/characters", test_characters);
  g_test_add_func ("/wire-answer/no-stream", test_no_stream);
  g_test_add_func ("/wire-answer/endless", test_endless);
  g_test_add_func ("/wire-answer/facts", test_facts);
  g_test_add_func ("/wire-answer/early-usage", test_early_usage);
  g_test_add_func ("/wire-answer/pings", test_pings);
  g_test_add_func ("/wire-answer/progress", test_progress);
  return g_test_run ();
}
