/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What error replies mean, in every recorded shape; refused fields; text from servers made safe;
 * and errors in the shape that the official clients understand. */
#include "wire/ivl-wire-error.h"

#include <jansson.h>
#include <string.h>

#include "recordings.h"

/* code of IvlError, and words that the message must hold. */
static const struct
{
  const char *name;
  int code;
  const char *words;
} replies[] = {
  { "bad_part.resp", IVL_ERROR_UNSUPPORTED, "unsupported content[].type" },
  { "bad_utf8.resp", IVL_ERROR_REMOTE_REFUSED, "parse error" },
  { "body_60MB.resp", IVL_ERROR_CONTEXT_FULL, "60000018 tokens" },
  { "deep_json.resp", IVL_ERROR_REMOTE_REFUSED, "must contain 'content'" },
  { "empty_body.resp", IVL_ERROR_REMOTE_REFUSED, "parse error" },
  { "get_chat.resp", IVL_ERROR_REMOTE_REFUSED, "File Not Found" },
  { "image_no_mmproj.resp", IVL_ERROR_UNSUPPORTED, "takes no pictures" },
  { "image_no_mmproj_stream.resp", IVL_ERROR_UNSUPPORTED, "takes no pictures" },
  { "img_badb64.resp", IVL_ERROR_REMOTE_REFUSED, "Failed to load image" },
  { "img_bomb.resp", IVL_ERROR_REMOTE_REFUSED, "Failed to load image" },
  { "img_file.resp", IVL_ERROR_REMOTE_REFUSED, "file:// URLs" },
  { "img_http.resp", IVL_ERROR_REMOTE_FAILED, "cannot make GET request" },
  { "img_nomime.resp", IVL_ERROR_REMOTE_REFUSED, "Invalid uri format" },
  { "img_strurl.resp", IVL_ERROR_REMOTE_REFUSED, "Invalid base64" },
  { "key_bad.resp", IVL_ERROR_REMOTE_REFUSED, "refuses the key (401): Invalid API Key" },
  { "key_models_none.resp", IVL_ERROR_REMOTE_REFUSED, "refuses the key" },
  { "loading_chat.resp", IVL_ERROR_REMOTE_FAILED, "Loading model" },
  { "malformed.resp", IVL_ERROR_REMOTE_REFUSED, "parse error" },
  { "messages_not_array.resp", IVL_ERROR_REMOTE_REFUSED, "'messages'" },
  { "metrics.resp", IVL_ERROR_REMOTE_FAILED, "--metrics" },
  { "n2.resp", IVL_ERROR_REMOTE_REFUSED, "Field 'n'" },
  { "no_messages.resp", IVL_ERROR_REMOTE_REFUSED, "'messages' is required" },
  { "too_long.resp", IVL_ERROR_CONTEXT_FULL, "3019 tokens" },
  { "unknown_path.resp", IVL_ERROR_REMOTE_REFUSED, "no such address (404)" },
  { "chat.resp", IVL_ERROR_REMOTE_PROTOCOL, "no stream" },
  { "health.resp", IVL_ERROR_REMOTE_PROTOCOL, "no stream" },
  { "slots.resp", IVL_ERROR_REMOTE_PROTOCOL, "no stream" },
  { "constructed/axum_413_plain.resp", IVL_ERROR_REMOTE_REFUSED, "length limit exceeded" },
  { "constructed/fastapi_404_detail.resp", IVL_ERROR_REMOTE_REFUSED, "Not Found" },
  { "constructed/gateway_404_for_413.resp", IVL_ERROR_REMOTE_REFUSED, "Cannot POST" },
  { "constructed/lmdeploy_400_flat.resp", IVL_ERROR_CONTEXT_FULL, "Input length (9000)" },
  { "constructed/lmdeploy_404_flat.resp", IVL_ERROR_NOT_FOUND, "The model 'x' does not exist" },
  { "constructed/lmdeploy_old_200_internal_error.resp", IVL_ERROR_REMOTE_PROTOCOL, "no stream" },
  { "constructed/nginx_413_html.resp", IVL_ERROR_REMOTE_REFUSED, "Request Entity Too Large" },
  { "constructed/nginx_502_html.resp", IVL_ERROR_REMOTE_FAILED, "502 Bad Gateway" },
  { "constructed/ollama_503_busy.resp", IVL_ERROR_REMOTE_FAILED, "server busy" },
  { "constructed/rate_429_retry_after_date.resp", IVL_ERROR_REMOTE_FAILED, "Rate limit" },
  { "constructed/rate_429_retry_after_seconds.resp", IVL_ERROR_REMOTE_FAILED, "Rate limit" },
  { "constructed/redirect_307_other_host.resp", IVL_ERROR_REMOTE_PROTOCOL, "307" },
  { "constructed/vllm_400_flat_old.resp", IVL_ERROR_CONTEXT_FULL, "4096 tokens" },
  { "constructed/vllm_400_too_many_images.resp", IVL_ERROR_REMOTE_REFUSED, "At most 1 image" },
  { "constructed/vllm_401.resp", IVL_ERROR_REMOTE_REFUSED, "refuses the key (401): Unauthorized" },
  { "constructed/vllm_404_model_nested.resp", IVL_ERROR_NOT_FOUND, "`x` does not exist" },
};

static void
assert_error (guint       status,
              const char *body,
              gsize       n,
              int         code,
              const char *words)
{
  g_autoptr (GError) error = ivl_wire_error_from_body (status, body, n);

  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_recordings (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      guint status;
      g_autoptr (GString) body = recordings_read_body (replies[i].name, &status);

      g_test_message ("%s", replies[i].name);
      assert_error (status, body->str, body->len, replies[i].code, replies[i].words);
    }
}

static void
assert_text_error (guint       status,
                   const char *body,
                   int         code,
                   const char *words)
{
  assert_error (status, body, strlen (body), code, words);
}

static void
test_shapes (void)
{
  g_autofree char *large = g_strnfill (100000, 'x');

  assert_text_error (422, "{\"detail\":[{\"loc\":[\"body\",\"seed\"],\"msg\":\"bad value\"}]}",
                     IVL_ERROR_REMOTE_REFUSED, "seed: bad value");
  assert_text_error (400, "[{\"error\":{\"message\":\"in an array\"}}]", IVL_ERROR_REMOTE_REFUSED,
                     "in an array");
  assert_text_error (500, "\"text\"", IVL_ERROR_REMOTE_FAILED, "text");
  assert_text_error (500, "", IVL_ERROR_REMOTE_FAILED, "(500)");
  assert_text_error (500, "{\"error\":{\"message\":5}}", IVL_ERROR_REMOTE_FAILED, "(500)");
  assert_text_error (403, "<html>", IVL_ERROR_REMOTE_REFUSED, "key");
  assert_text_error (400, "{\"error\":{\"message\":\"x\",\"code\":\"context_length_exceeded\"}}",
                     IVL_ERROR_CONTEXT_FULL, "x");
  assert_text_error (400, "{\"error\":{\"message\":\"No such model\","
                     "\"code\":\"model_not_found\"}}",
                     IVL_ERROR_NOT_FOUND, "No such model");
  assert_text_error (413, "the context length", IVL_ERROR_REMOTE_REFUSED, "larger");
  assert_text_error (408, "", IVL_ERROR_REMOTE_FAILED, "408");
  assert_text_error (503, "invalid model", IVL_ERROR_REMOTE_FAILED, "busy");
  assert_text_error (500, "unsupported field", IVL_ERROR_REMOTE_REFUSED, "unsupported field");
  assert_text_error (0, "x", IVL_ERROR_REMOTE_PROTOCOL, "x");
  assert_text_error (502, large, IVL_ERROR_REMOTE_FAILED, "xxx");
  assert_text_error (500, "<title>\x1b[31m a\xe2\x80\xae" "b </title>", IVL_ERROR_REMOTE_FAILED,
                     ": [31m ab");
  assert_text_error (500, "<title>", IVL_ERROR_REMOTE_FAILED, "(500)");
  assert_text_error (500, "\xff\xfe{", IVL_ERROR_REMOTE_FAILED, "{");
}

static void
test_events (void)
{
  const char *named = "{\"error\":{\"message\":\"m\",\"code\":404,\"type\":\"model\"}}";
  const char *plain = "{\"error\":\"m\"}";
  g_autoptr (GError) first = ivl_wire_error_from_event (named, strlen (named));
  g_autoptr (GError) second = ivl_wire_error_from_event (plain, strlen (plain));

  g_assert_error (first, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  g_assert_error (second, IVL_ERROR, IVL_ERROR_REMOTE_FAILED);
  g_assert_cmpstr (second->message, ==, "the server failed: m");
}

static void
assert_safe (const char *text,
             gssize      len,
             gsize       max_chars,
             const char *expected)
{
  g_autofree char *safe = ivl_wire_make_safe (text, len, max_chars);

  g_assert_cmpstr (safe, ==, expected);
}

static void
test_safe (void)
{
  g_autofree char *large = g_strnfill (1 << 20, 'x');
  g_autofree char *safe = ivl_wire_make_safe (large, -1, 256);

  assert_safe ("plain text", -1, 100, "plain text");
  assert_safe ("a\nb\t\tc\r\n", -1, 100, "a b c");
  assert_safe ("  a  ", -1, 100, "a");
  assert_safe ("\x1b[2J\x1b]0;x\x07", -1, 100, "[2J]0;x");
  assert_safe ("a\xc2\x9b" "31m", -1, 100, "a31m");
  assert_safe ("a\xe2\x80\xae" "b\xe2\x81\xa6" "c\xe2\x80\x8e", -1, 100, "abc");
  assert_safe ("a\xff" "b", -1, 100, "a\xef\xbf\xbd" "b");
  assert_safe ("a\0b", 3, 100, "a\xef\xbf\xbd" "b");
  assert_safe ("\xee\x80\x80", -1, 100, "\xef\xbf\xbd");
  assert_safe ("\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80", -1, 3,
               "\xc3\xa4\xe6\x97\xa5\xf0\x9f\x98\x80");
  assert_safe ("abcdef", -1, 5, "abcd\xe2\x80\xa6");
  assert_safe ("abcde", -1, 5, "abcde");
  assert_safe ("abcd ", -1, 4, "abcd");
  assert_safe ("a bcd", -1, 2, "a\xe2\x80\xa6");
  assert_safe ("", -1, 5, "");
  assert_safe ("abc", 2, 5, "ab");
  g_assert_cmpint (g_utf8_strlen (safe, -1), ==, 256);
}

static void
assert_field (const char *body,
              const char *expected)
{
  static const char *const fields[] = { "seed", "top_p", "top_k", "n", "repetition_penalty",
                                        "mm_processor_kwargs", NULL };

  g_assert_cmpstr (ivl_wire_error_get_refused_field (body, strlen (body), fields), ==, expected);
}

static void
test_refused_field (void)
{
  assert_field ("{\"error\":{\"message\":\"Unrecognized request argument supplied: top_k\"}}",
                "top_k");
  assert_field ("{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"seed\"],"
                "\"msg\":\"Extra inputs are not permitted\"}]}", "seed");
  assert_field ("unknown field `mm_processor_kwargs`, expected one of `model`, `n`",
                "mm_processor_kwargs");
  assert_field ("Field 'n': Value must be between 1 <= value <= 1, but got 2", NULL);
  assert_field ("unexpected picture of a seedling in a column", NULL);
  assert_field ("", NULL);
}

static void
test_written (void)
{
  g_autofree char *json =
      ivl_wire_error_to_json ("no \"x\"\n", "invalid_request_error", "messages[0]", NULL);
  g_autofree char *bad = ivl_wire_error_to_json ("\xff", "t", NULL, "c");
  g_autoptr (GError) error = ivl_wire_error_from_body (400, json, strlen (json));

  g_assert_cmpstr (json, ==,
                   "{\"error\":{\"message\":\"no \\\"x\\\"\\n\",\"type\":\"invalid_request_error\","
                   "\"param\":\"messages[0]\",\"code\":null}}");
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
  g_assert_nonnull (strstr (error->message, "no \"x\""));
  g_assert_cmpstr (bad, ==, "{\"error\":{\"message\":\"\xef\xbf\xbd\",\"type\":\"t\","
                            "\"param\":null,\"code\":\"c\"}}");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-error/recordings", test_recordings);
  g_test_add_func ("/wire-error/shapes", test_shapes);
  g_test_add_func ("/wire-error/events", test_events);
  g_test_add_func ("/wire-error/safe", test_safe);
  g_test_add_func ("/wire-error/refused-field", test_refused_field);
  g_test_add_func ("/wire-error/written", test_written);
  return g_test_run ();
}
