/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers held to a JSON schema, on models of random weights: what they would say is noise, so that
 * every sign of the JSON is the schema's doing. What ends by itself must be JSON that the schema
 * describes.
 */
#include <jansson.h>
#include <libivl/ivl.h>

#include "json-validity.h"
#include "lm/ivl-json-acceptor.h"

static const char *const schemas[] = {
  "{\"type\":\"object\",\"properties\":{\"title\":{\"type\":\"string\",\"maxLength\":12},"
  "\"pages\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":999},"
  "\"rating\":{\"type\":\"number\",\"minimum\":0,\"maximum\":5},"
  "\"kind\":{\"enum\":[\"book\",\"article\",\"bookmark\",7]},"
  "\"open\":{\"type\":\"boolean\"},\"note\":{\"type\":[\"string\",\"null\"],\"maxLength\":3}},"
  "\"required\":[\"title\",\"pages\",\"kind\"],\"additionalProperties\":false}",
  "{\"type\":\"array\",\"minItems\":1,\"maxItems\":4,\"items\":{\"type\":\"object\","
  "\"properties\":{\"x\":{\"type\":\"integer\",\"minimum\":-5,\"maximum\":5},"
  "\"label \\u00e4\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":4}},"
  "\"required\":[\"x\",\"label \\u00e4\"]}}",
  "{\"type\":\"string\",\"minLength\":1,\"maxLength\":20}",
  "{\"type\":\"integer\",\"minimum\":100,\"maximum\":123456}",
  "{\"enum\":[\"yes\",\"no\",\"not sure\"]}",
  "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"array\",\"maxItems\":3,\"items\":"
  "{\"type\":\"number\",\"exclusiveMinimum\":-1,\"exclusiveMaximum\":1}}]}",
};

static IvlModel *
open_model (const char *variant)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "models", variant, NULL);
  g_autoptr (GError) error = NULL;
  IvlModel *model = ivl_model_open (path, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static IvlReply *
ask (IvlModel   *model,
     IvlOptions *options)
{
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = ivl_message_new (IVL_ROLE_USER);
  g_autoptr (GError) error = NULL;
  IvlReply *reply;

  ivl_message_add_text (question, "Say it in JSON.");
  reply = ivl_session_send_and_read (session, question, options, NULL, &error);
  g_assert_no_error (error);
  return reply;
}

static void
assert_valid (IvlReply   *reply,
              const char *schema_text)
{
  json_auto_t *schema = json_loads (schema_text, JSON_DECODE_ANY, NULL);
  json_auto_t *value = json_loads (ivl_reply_get_text (reply),
                                   JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

  g_assert_nonnull (schema);
  g_assert_nonnull (value);
  g_assert_true (json_is_valid (schema, value));
}

static void
check_schema (IvlModel   *model,
              const char *schema,
              guint       seed,
              double      temperature,
              guint      *n_ended)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlReply) reply = NULL;

  g_object_set (options, "max-tokens", 150, "json-schema", schema, "seed", (guint64) seed,
                "temperature", temperature, NULL);
  if (seed % 3 == 1)
    g_object_set (options, "top-k", 40, "top-p", 0.8, "repetition-penalty", 1.1, NULL);
  reply = ask (model, options);
  g_test_message ("%s", ivl_reply_get_text (reply));
  if (ivl_reply_get_finish_reason (reply) == IVL_FINISH_STOP)
    {
      assert_valid (reply, schema);
      (*n_ended)++;
    }
  else
    {
      g_assert_cmpint (ivl_reply_get_finish_reason (reply), ==, IVL_FINISH_LENGTH);
      g_assert_cmpuint (ivl_reply_get_usage (reply)->n_answer_tokens, ==, 150);
    }
}

static void
test_schemas (gconstpointer variant)
{
  g_autoptr (IvlModel) model = open_model (variant);

  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      const guint n_seeds = g_test_slow () ? 200 : 12;
      guint n_ended = 0;

      check_schema (model, schemas[i], 0, 0.0, &n_ended);
      for (guint seed = 1; seed <= n_seeds; seed++)
        check_schema (model, schemas[i], seed, seed % 2 ? 1.0 : 3.0, &n_ended);
      g_test_message ("%u of %u ended", n_ended, n_seeds + 1);
      /* Noise can be long, but not always: all limits above are small. */
      g_assert_cmpuint (n_ended, >=, n_seeds / 2);
    }
}

/* Whether the text can go on to any JSON object. */
static gboolean
begins_object (const char *text)
{
  g_autoptr (IvlJsonSchema) schema = ivl_json_schema_parse ("{}", 2, NULL);
  g_autoptr (IvlJsonAcceptor) acceptor = ivl_json_acceptor_new (schema);
  IvlJsonState state;

  ivl_json_acceptor_start (acceptor, &state);
  for (; *text != '\0'; text++)
    if (!ivl_json_acceptor_step (acceptor, &state, (guint8) *text))
      return FALSE;
  return TRUE;
}

/* Any JSON object. Noise seldom ends one, so most answers are beginnings. */
static void
test_any_object (gconstpointer variant)
{
  g_autoptr (IvlModel) model = open_model (variant);

  for (guint seed = 0; seed < (g_test_slow () ? 400u : 30u); seed++)
    {
      g_autoptr (IvlOptions) options = ivl_options_new ();
      g_autoptr (IvlReply) reply = NULL;
      const char *text;

      g_object_set (options, "max-tokens", 60, "json-schema", "{}", "seed", (guint64) seed,
                    "temperature", seed * 0.2, NULL);
      reply = ask (model, options);
      text = ivl_reply_get_text (reply);
      g_test_message ("%s", text);
      g_assert_cmpint (*text, ==, '{');
      if (ivl_reply_get_finish_reason (reply) == IVL_FINISH_STOP)
        {
          json_auto_t *value = json_loads (text, JSON_REJECT_DUPLICATES, NULL);

          g_assert_true (json_is_object (value));
        }
      /* Half a character at the end becomes U+FFFD, which is a character too. */
      g_assert_true (begins_object (text));
    }
}

static void
test_length (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlReply) reply = NULL;

  g_object_set (options, "max-tokens", 3, "json-schema", "{\"const\":\"0123456789\"}", NULL);
  reply = ask (model, options);
  g_assert_cmpint (ivl_reply_get_finish_reason (reply), ==, IVL_FINISH_LENGTH);
  g_assert_cmpuint (ivl_reply_get_usage (reply)->n_answer_tokens, ==, 3);
  g_assert_true (g_str_has_prefix ("\"0123456789\"", ivl_reply_get_text (reply)));
}

/* The last token that fits still ends the document: that is no cut. */
static void
test_ends_at_limit (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlReply) whole = NULL, again = NULL;

  g_object_set (options, "json-schema", "{\"const\":\"0123456789\"}", NULL);
  whole = ask (model, options);
  g_assert_cmpint (ivl_reply_get_finish_reason (whole), ==, IVL_FINISH_STOP);
  g_assert_cmpstr (ivl_reply_get_text (whole), ==, "\"0123456789\"");
  g_object_set (options, "max-tokens", ivl_reply_get_usage (whole)->n_answer_tokens, NULL);
  again = ask (model, options);
  g_assert_cmpint (ivl_reply_get_finish_reason (again), ==, IVL_FINISH_STOP);
}

/* What is asked for counts, also where it leaves half a document; loops are no reason to end. */
static void
test_stop_and_loops (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlReply) reply = NULL, stopped = NULL;
  json_auto_t *value = NULL;

  g_object_set (options, "max-tokens", 2000, "json-schema",
                "{\"type\":\"array\",\"minItems\":300,\"maxItems\":300,\"items\":{\"const\":7}}",
                NULL);
  reply = ask (model, options);
  g_assert_cmpint (ivl_reply_get_finish_reason (reply), ==, IVL_FINISH_STOP);
  value = json_loads (ivl_reply_get_text (reply), 0, NULL);
  g_assert_cmpuint (json_array_size (value), ==, 300);

  g_object_set (options, "json-schema", "{\"const\":\"one two three\"}", NULL);
  g_assert_true (ivl_options_set_string (options, "stop", "two", NULL));
  stopped = ask (model, options);
  g_assert_cmpstr (ivl_reply_get_text (stopped), ==, "\"one");
}

/* A guided answer is part of the conversation like any other. */
static void
test_turns (void)
{
  g_autoptr (IvlModel) model = open_model ("internlm-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = ivl_options_new ();

  g_object_set (options, "json-schema", "{\"enum\":[\"yes\",\"no\"]}", NULL);
  for (guint turn = 0; turn < 3; turn++)
    {
      g_autoptr (IvlMessage) question = ivl_message_new (IVL_ROLE_USER);
      g_autoptr (IvlReply) reply = NULL;
      g_autoptr (GError) error = NULL;

      ivl_message_add_text (question, "Well?");
      reply = ivl_session_send_and_read (session, question, options, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (ivl_reply_get_finish_reason (reply), ==, IVL_FINISH_STOP);
      g_assert_true (g_str_equal (ivl_reply_get_text (reply), "\"yes\"") ||
                     g_str_equal (ivl_reply_get_text (reply), "\"no\""));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/guided/schemas/byte-bpe", "qwen-300m", test_schemas);
  g_test_add_data_func ("/guided/schemas/sentencepiece", "internlm-300m", test_schemas);
  g_test_add_data_func ("/guided/any-object/byte-bpe", "qwen-300m", test_any_object);
  g_test_add_data_func ("/guided/any-object/sentencepiece", "internlm-300m", test_any_object);
  g_test_add_func ("/guided/length", test_length);
  g_test_add_func ("/guided/ends-at-limit", test_ends_at_limit);
  g_test_add_func ("/guided/stop-and-loops", test_stop_and_loops);
  g_test_add_func ("/guided/turns", test_turns);
  return g_test_run ();
}
