/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Replies as the server writes them: their form, and that the client's side reads a stream of them
 * as the same answer. */
#include "wire/ivl-wire-reply.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "wire/ivl-sse.h"
#include "wire/ivl-wire-answer.h"
#include "wire/ivl-wire-json.h"

static const IvlWireReplyHead head = { "chatcmpl-1", 1700000000, "a \"model\"" };
static const IvlUsage usage = { .n_prompt_tokens = 300, .n_cached_tokens = 20, .n_answer_tokens = 4,
                                .n_tiles = 13, .n_tiles_encoded = 6 };

static void
assert_json (char       *json,
             const char *expected)
{
  g_autofree char *owned = json;
  json_auto_t *root = json_loads (json, JSON_REJECT_DUPLICATES, NULL);

  g_assert_nonnull (root);
  g_assert_cmpstr (json, ==, expected);
}

#define CHUNK_HEAD "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\"," \
                   "\"created\":1700000000,\"model\":\"a \\\"model\\\"\",\"choices\":["
#define USAGE "\"usage\":{\"prompt_tokens\":300,\"completion_tokens\":4,\"total_tokens\":304," \
              "\"prompt_tokens_details\":{\"cached_tokens\":20}," \
              "\"ivl\":{\"tiles\":13,\"tiles_encoded\":6}}"

static void
test_chunks (void)
{
  assert_json (ivl_wire_chunk_role (&head, 0),
               CHUNK_HEAD "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
               "\"logprobs\":null,\"finish_reason\":null}]}");
  assert_json (ivl_wire_chunk_text (&head, 2, "a\n\"\x1b", NULL),
               CHUNK_HEAD "{\"index\":2,\"delta\":{\"content\":\"a\\n\\\"\\u001b\"},"
               "\"logprobs\":null,\"finish_reason\":null}]}");
  assert_json (ivl_wire_chunk_finish (&head, 1, IVL_FINISH_LENGTH),
               CHUNK_HEAD "{\"index\":1,\"delta\":{},\"logprobs\":null,"
               "\"finish_reason\":\"length\"}]}");
  assert_json (ivl_wire_chunk_finish (&head, 1, IVL_FINISH_REPETITION),
               CHUNK_HEAD "{\"index\":1,\"delta\":{},\"logprobs\":null,"
               "\"finish_reason\":\"stop\"}]}");
  assert_json (ivl_wire_chunk_usage (&head, &usage), CHUNK_HEAD "]," USAGE "}");
}

static void
test_completion (void)
{
  const IvlWireChoice choices[] = { { "one", IVL_FINISH_STOP, NULL },
                                    { "t\two", IVL_FINISH_LENGTH, NULL } };

  assert_json (ivl_wire_completion (&head, choices, 2, &usage),
               "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,"
               "\"model\":\"a \\\"model\\\"\",\"choices\":["
               "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"one\","
               "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"},"
               "{\"index\":1,\"message\":{\"role\":\"assistant\",\"content\":\"t\\two\","
               "\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"length\"}]," USAGE "}");
}

/* Half a character, its likeliest rivals, and one that cannot be. */
static GPtrArray *
make_tokens (void)
{
  static const IvlWireTokenChance rivals[] = { { (char *) "\xe2\x82", 2, -0.25f },
                                               { (char *) "a", 1, -INFINITY } };
  static IvlWireToken tokens[2];
  GPtrArray *array = g_ptr_array_new ();

  tokens[0].chosen = rivals[0];
  tokens[0].top = g_array_new (FALSE, FALSE, sizeof (IvlWireTokenChance));
  g_array_append_vals (tokens[0].top, rivals, 2);
  tokens[1].chosen = (IvlWireTokenChance) { (char *) "", 0, -0.1f };
  g_ptr_array_add (array, &tokens[0]);
  g_ptr_array_add (array, &tokens[1]);
  return array;
}

static void
free_tokens (GPtrArray *tokens)
{
  g_array_unref (((IvlWireToken *) tokens->pdata[0])->top);
  g_ptr_array_unref (tokens);
}

static void
test_logprobs (void)
{
  GPtrArray *tokens = make_tokens ();

  assert_json (ivl_wire_chunk_text (&head, 0, "x", tokens),
               CHUNK_HEAD "{\"index\":0,\"delta\":{\"content\":\"x\"},\"logprobs\":{\"content\":["
               "{\"token\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"logprob\":-0.25,\"bytes\":[226,130],"
               "\"top_logprobs\":[{\"token\":\"\xef\xbf\xbd\xef\xbf\xbd\",\"logprob\":-0.25,"
               "\"bytes\":[226,130]},{\"token\":\"a\",\"logprob\":-9999,\"bytes\":[97]}]},"
               "{\"token\":\"\",\"logprob\":-0.1,\"bytes\":[],"
               "\"top_logprobs\":[]}],\"refusal\":null},\"finish_reason\":null}]}");
  free_tokens (tokens);
}

static void
append_chunk (GString *stream,
              char    *json)
{
  ivl_sse_append_event (stream, json);
  g_free (json);
}

/* What the server writes the client reads. */
static void
test_stream (void)
{
  GPtrArray *tokens = make_tokens ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) stream = g_string_new (NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (GPtrArray) read = NULL;
  const IvlWireToken *first;
  IvlWireUsage told;

  append_chunk (stream, ivl_wire_chunk_role (&head, 0));
  ivl_sse_append_comment (stream);
  append_chunk (stream, ivl_wire_chunk_text (&head, 0, "a cat\n", tokens));
  append_chunk (stream, ivl_wire_chunk_text (&head, 1, "other", NULL));
  append_chunk (stream, ivl_wire_chunk_text (&head, 0, "\xe2\x82\xac\"\\", NULL));
  append_chunk (stream, ivl_wire_chunk_finish (&head, 0, IVL_FINISH_STOP));
  append_chunk (stream, ivl_wire_chunk_usage (&head, &usage));
  ivl_sse_append_event (stream, "[DONE]");
  free_tokens (tokens);
  g_assert_true (ivl_wire_answer_push (answer, stream->str, stream->len, text, &error));
  g_assert_true (ivl_wire_answer_end (answer, text, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (text->str, ==, "a cat\n\xe2\x82\xac\"\\");
  g_assert_cmpint (ivl_wire_answer_get_finish_reason (answer), ==, IVL_FINISH_STOP);
  g_assert_cmpstr (ivl_wire_answer_get_model (answer), ==, head.model);
  g_assert_true (ivl_wire_answer_is_done (answer));
  ivl_wire_answer_get_usage (answer, &told);
  g_assert_cmpint (told.n_prompt_tokens, ==, 300);
  g_assert_cmpint (told.n_cached_tokens, ==, 20);
  g_assert_cmpint (told.n_answer_tokens, ==, 4);
  g_assert_cmpint (told.n_tiles, ==, 13);
  g_assert_cmpint (told.n_tiles_encoded, ==, 6);

  read = ivl_wire_answer_take_tokens (answer);
  g_assert_cmpuint (read->len, ==, 2);
  first = read->pdata[0];
  g_assert_cmpmem (first->chosen.bytes, first->chosen.n_bytes, "\xe2\x82", 2);
  g_assert_cmpfloat (first->chosen.logprob, ==, -0.25f);
  g_assert_cmpuint (first->top->len, ==, 2);
  g_assert_cmpfloat (g_array_index (first->top, IvlWireTokenChance, 1).logprob, ==, -9999.0f);
  g_clear_pointer (&read, g_ptr_array_unref);
  read = ivl_wire_answer_take_tokens (answer);
  g_assert_cmpuint (read->len, ==, 0);
}

static void
assert_no_token (const char *json)
{
  json_auto_t *entry = json_loads (json, 0, NULL);

  g_assert_nonnull (entry);
  g_assert_null (ivl_wire_token_read (entry));
}

static void
test_tokens (void)
{
  json_auto_t *plain = json_loads ("{\"token\":\"dog\",\"logprob\":-1}", 0, NULL);
  json_auto_t *many = json_loads ("{\"token\":\"\",\"logprob\":0,\"bytes\":[300,-1,\"x\",1.5],"
                                  "\"top_logprobs\":[{},5,{\"token\":\"a\",\"logprob\":-2}]}", 0,
                                  NULL);
  IvlWireToken *token = ivl_wire_token_read (plain);

  g_assert_cmpstr (token->chosen.bytes, ==, "dog");
  g_assert_null (token->top);
  ivl_wire_token_free (token);
  token = ivl_wire_token_read (many);
  g_assert_cmpuint (token->chosen.n_bytes, ==, 4);
  g_assert_cmpuint (token->top->len, ==, 1);
  ivl_wire_token_free (token);
  for (guint i = 0; i < 100; i++)
    json_array_append_new (json_object_get (many, "top_logprobs"),
                           json_deep_copy (plain));
  token = ivl_wire_token_read (many);
  g_assert_cmpuint (token->top->len, ==, 20);
  ivl_wire_token_free (token);
  assert_no_token ("{}");
  assert_no_token ("[]");
  assert_no_token ("{\"token\":\"a\"}");
  assert_no_token ("{\"token\":\"a\",\"logprob\":\"-1\"}");
  assert_no_token ("{\"logprob\":-1}");
}

static void
assert_double (double      value,
               const char *expected)
{
  g_autoptr (GString) out = g_string_new (NULL);

  ivl_wire_json_append_double (out, value);
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_numbers (void)
{
  assert_double (0, "0");
  assert_double (1, "1");
  assert_double (0.1, "0.1");
  assert_double (1.05, "1.05");
  assert_double (-9999, "-9999");
  assert_double (0.1 + 0.2, "0.30000000000000004");
  assert_double (1.0 / 3, "0.3333333333333333");
  assert_double (1e300, "1e+300");
}

/* Every byte, at every place within the eight that are looked at together. */
static void
test_strings (void)
{
  for (guint c = 1; c < 128; c++)
    for (guint place = 0; place < 20; place++)
      {
        char text[] = "0123456789!~\x7f" "ABCDEFGHI";
        g_autoptr (GString) out = g_string_new (NULL);
        json_auto_t *root = NULL;

        text[place] = (char) c;
        ivl_wire_json_append_string (out, text, -1);
        root = json_loadb (out->str, out->len, JSON_DECODE_ANY, NULL);
        g_assert_cmpstr (json_string_value (root), ==, text);
      }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-reply/chunks", test_chunks);
  g_test_add_func ("/wire-reply/completion", test_completion);
  g_test_add_func ("/wire-reply/logprobs", test_logprobs);
  g_test_add_func ("/wire-reply/stream", test_stream);
  g_test_add_func ("/wire-reply/tokens", test_tokens);
  g_test_add_func ("/wire-reply/numbers", test_numbers);
  g_test_add_func ("/wire-reply/strings", test_strings);
  return g_test_run ();
}
