/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Requests: what each engine is sent, what the official clients send, what is refused and with
 * which field's name, and that what one side writes the other reads. */
#include "wire/ivl-wire-request.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

static const char every_field[] =
    "fields=top_p;top_k;repetition_penalty;seed;stop;n;logprobs;response_format\n";

static IvlWireDialect *
make_dialect (const char *tiles,
              const char *place,
              const char *fields)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf ("[dialect]\nname=x\ntitle=X\ntiles=%s\nplace=%s\n%s",
                                           tiles, place, fields);
  IvlWireDialect *dialect = ivl_wire_dialect_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return dialect;
}

/* The beginning of text, on one line. */
static void
show (const char *text)
{
  g_autofree char *start = g_strndup (text, 200);
  g_autofree char *shown = g_strescape (start, NULL);

  g_test_message ("%s", shown);
}

static IvlWireRequest *
read_good (const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *param = NULL;
  IvlWireRequest *request =
      ivl_wire_request_from_json (json, strlen (json), &param, &error);

  show (json);
  g_assert_no_error (error);
  g_assert_null (param);
  g_assert_nonnull (request);
  return request;
}

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

/* members stand before a good "messages". */
static void
assert_refused (const char *members,
                const char *expected_param)
{
  g_autofree char *json = g_strdup_printf ("{%s%s" HI "}", members, *members != '\0' ? "," : "");
  g_autoptr (GError) error = NULL;
  g_autofree char *param = NULL;

  show (members);
  g_assert_null (ivl_wire_request_from_json (json, strlen (json), &param, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_cmpstr (param, ==, expected_param);
}

static void
assert_body_refused (const char *json,
                     gsize       n,
                     const char *expected_param)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *param = NULL;

  g_assert_null (ivl_wire_request_from_json (json, n, &param, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_cmpstr (param, ==, expected_param);
}

static void
assert_message_refused (const char *message,
                        const char *expected_param)
{
  g_autofree char *json = g_strdup_printf ("{\"messages\":[%s]}", message);

  show (json);
  assert_body_refused (json, strlen (json), expected_param);
}

/* What openai-python and openai-node send. */
static void
test_official_clients (void)
{
  g_autoptr (IvlWireRequest) request = read_good (
      "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"?\"},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\","
      "\"detail\":\"high\"}}]}],\"model\":\"m\",\"max_tokens\":4}");
  const IvlWireMessage *message = request->messages->pdata[0];
  const IvlWirePart *text = message->parts->pdata[0];
  const IvlWirePart *picture = message->parts->pdata[1];

  g_assert_cmpstr (request->model, ==, "m");
  g_assert_cmpuint (request->max_tokens, ==, 4);
  g_assert_cmpint (message->role, ==, IVL_WIRE_USER);
  g_assert_cmpuint (message->parts->len, ==, 2);
  g_assert_cmpstr (text->text, ==, "?");
  g_assert_null (text->url);
  g_assert_cmpstr (picture->url, ==, "data:image/png;base64,AAAA");
  g_assert_null (picture->text);
  g_assert_cmpuint (picture->max_tiles, ==, 0);
  g_assert_cmpuint (request->n, ==, 1);
  g_assert_cmpint (request->top_logprobs, ==, -1);
  g_assert_cmpfloat (request->temperature, <, 0);
  g_assert_false (request->stream || request->include_usage || request->has_seed);
  g_assert_null (request->stop);
}

static void
test_every_field (void)
{
  g_autoptr (IvlWireRequest) request = read_good (
      "{\"model\":\"m\",\"max_tokens\":5,\"max_completion_tokens\":6,\"temperature\":0,"
      "\"top_p\":0.5,\"top_k\":7,\"repetition_penalty\":1.1,\"seed\":-3,\"stop\":\"x\",\"n\":2,"
      "\"stream\":true,\"stream_options\":{\"include_usage\":true},\"logprobs\":true,"
      "\"top_logprobs\":3,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
      "{\"name\":\"a\",\"schema\":{\"type\": \"object\"}}},\"user\":\"u\",\"store\":false,"
      "\"metadata\":{},\"tools\":[],\"tool_choice\":\"none\",\"logit_bias\":{},"
      "\"presence_penalty\":0,\"frequency_penalty\":0.0,\"modalities\":[\"text\"],"
      "\"parallel_tool_calls\":true,\"unknown\":[{}]," HI "}");

  g_assert_cmpuint (request->max_tokens, ==, 6);
  g_assert_cmpfloat (request->temperature, ==, 0);
  g_assert_cmpfloat (request->top_p, ==, 0.5);
  g_assert_cmpint (request->top_k, ==, 7);
  g_assert_cmpfloat (request->repetition_penalty, ==, 1.1);
  g_assert_true (request->has_seed);
  g_assert_cmpuint (request->seed, ==, (guint64) -3);
  g_assert_cmpstr (request->stop[0], ==, "x");
  g_assert_null (request->stop[1]);
  g_assert_cmpuint (request->n, ==, 2);
  g_assert_true (request->stream);
  g_assert_true (request->include_usage);
  g_assert_cmpint (request->top_logprobs, ==, 3);
  g_assert_cmpstr (request->json_schema, ==, "{\"type\":\"object\"}");
}

static void
test_nulls (void)
{
  g_autoptr (IvlWireRequest) request = read_good (
      "{\"model\":null,\"max_tokens\":null,\"max_completion_tokens\":null,\"temperature\":null,"
      "\"top_p\":null,\"top_k\":null,\"repetition_penalty\":null,\"seed\":null,\"stop\":null,"
      "\"n\":null,\"stream\":null,\"stream_options\":null,\"logprobs\":null,\"top_logprobs\":null,"
      "\"response_format\":null,\"tools\":null,\"tool_choice\":null,\"logit_bias\":null,"
      "\"audio\":null,\"modalities\":null," HI "}");

  g_assert_null (request->model);
  g_assert_cmpuint (request->n, ==, 1);
  g_assert_cmpint (request->top_logprobs, ==, -1);
  g_assert_null (request->json_schema);
}

static void
test_variants (void)
{
  g_autoptr (IvlWireRequest) request = read_good (
      "{\"stop\":[\"a\",\"b\"],\"logprobs\":true,\"response_format\":{\"type\":\"json_object\"},"
      "\"max_tokens\":99999999999,\"seed\":5.0,\"top_k\":-1,\"messages\":["
      "{\"role\":\"developer\",\"content\":\"d\",\"name\":\"x\"},"
      "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"\"}]},"
      "{\"role\":\"assistant\",\"content\":\"a\",\"refusal\":null,\"tool_calls\":null,"
      "\"function_call\":null},"
      "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":\"data:,\"},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"DATA:x\",\"min_dynamic_patch\":2,"
      "\"max_dynamic_patch\":6}},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\",\"ivl_tiles\":13}},"
      "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:x\",\"ivl_tiles\":true}}]}]}");
  const IvlWireMessage *last = request->messages->pdata[3];
  const IvlWirePart *parts[4];

  for (guint i = 0; i < 4; i++)
    parts[i] = last->parts->pdata[i];
  g_assert_cmpstr (request->stop[1], ==, "b");
  g_assert_cmpint (request->top_logprobs, ==, 0);
  g_assert_cmpstr (request->json_schema, ==, "{}");
  g_assert_cmpuint (request->max_tokens, ==, G_MAXINT);
  g_assert_cmpuint (request->seed, ==, 5);
  g_assert_cmpint (((IvlWireMessage *) request->messages->pdata[0])->role, ==, IVL_WIRE_SYSTEM);
  g_assert_cmpint (((IvlWireMessage *) request->messages->pdata[2])->role, ==,
                   IVL_WIRE_ASSISTANT);
  g_assert_cmpstr (parts[0]->url, ==, "data:,");
  g_assert_cmpuint (parts[1]->min_tiles, ==, 2);
  g_assert_cmpuint (parts[1]->max_tiles, ==, 6);
  g_assert_false (parts[1]->is_tiles);
  g_assert_true (parts[2]->is_tiles);
  g_assert_cmpuint (parts[2]->min_tiles, ==, 13);
  g_assert_cmpuint (parts[2]->max_tiles, ==, 13);
  g_assert_true (parts[3]->is_tiles);
  g_assert_cmpuint (parts[3]->max_tiles, ==, 0);
}

static void
test_refused_fields (void)
{
  static const struct
  {
    const char *members;
    const char *param;
  } cases[] = {
    { "\"n\":1000000", "n" },
    { "\"n\":0", "n" },
    { "\"n\":1.5", "n" },
    { "\"n\":\"2\"", "n" },
    { "\"n\":true", "n" },
    { "\"max_tokens\":0", "max_tokens" },
    { "\"max_tokens\":-1", "max_tokens" },
    { "\"max_completion_tokens\":0", "max_completion_tokens" },
    { "\"max_tokens\":9223372036854775808", NULL },
    { "\"temperature\":-1", "temperature" },
    { "\"temperature\":101", "temperature" },
    { "\"temperature\":1e999", NULL },
    { "\"temperature\":NaN", NULL },
    { "\"temperature\":-Infinity", NULL },
    { "\"temperature\":\"1\"", "temperature" },
    { "\"top_p\":1.1", "top_p" },
    { "\"top_p\":-0.1", "top_p" },
    { "\"top_k\":-2", "top_k" },
    { "\"repetition_penalty\":0", "repetition_penalty" },
    { "\"seed\":1.5", "seed" },
    { "\"seed\":\"1\"", "seed" },
    { "\"seed\":1e300", "seed" },
    { "\"stop\":\"\"", "stop" },
    { "\"stop\":5", "stop" },
    { "\"stop\":{}", "stop" },
    { "\"stop\":[\"a\",null]", "stop" },
    { "\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\","
      "\"14\",\"15\",\"16\",\"17\"]", "stop" },
    { "\"stream\":1", "stream" },
    { "\"stream_options\":1", "stream_options" },
    { "\"stream_options\":{\"include_usage\":1}", "stream_options.include_usage" },
    { "\"stream_options\":{\"ivl_progress\":1}", "stream_options.ivl_progress" },
    { "\"logprobs\":5", "logprobs" },
    { "\"top_logprobs\":5", "top_logprobs" },
    { "\"logprobs\":true,\"top_logprobs\":21", "top_logprobs" },
    { "\"logprobs\":true,\"top_logprobs\":-1", "top_logprobs" },
    { "\"response_format\":\"json\"", "response_format.type" },
    { "\"response_format\":{\"type\":\"xml\"}", "response_format.type" },
    { "\"response_format\":{\"type\":\"json_schema\"}", "response_format.json_schema.schema" },
    { "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":[]}}",
      "response_format.json_schema.schema" },
    { "\"tools\":[{}]", "tools" },
    { "\"functions\":[{}]", "functions" },
    { "\"tool_choice\":\"required\"", "tool_choice" },
    { "\"tool_choice\":{}", "tool_choice" },
    { "\"logit_bias\":{\"1\":5}", "logit_bias" },
    { "\"presence_penalty\":0.5", "presence_penalty" },
    { "\"frequency_penalty\":\"0\"", "frequency_penalty" },
    { "\"modalities\":[\"text\",\"audio\"]", "modalities" },
    { "\"modalities\":\"text\"", "modalities" },
    { "\"audio\":{\"voice\":\"x\"}", "audio" },
    { "\"model\":5", "model" },
    { "\"model\":\"\\u0000\"", NULL },
    { "\"model\":\"\\ud800\"", NULL },
    { "\"model\":\"\xff\"", NULL },
    { "\"model\":\"a\",\"model\":\"b\"", NULL },
    { "\"messages\":[]", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].members, cases[i].param);
}

#define PICTURE "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\"}}"
#define PICTURES PICTURE "," PICTURE "," PICTURE "," PICTURE

static void
test_refused_messages (void)
{
  static const struct
  {
    const char *message;
    const char *param;
  } cases[] = {
    { "", "messages" },
    { "5", "messages[0].role" },
    { "{\"content\":\"a\"}", "messages[0].role" },
    { "{\"role\":\"wizard\",\"content\":\"a\"}", "messages[0].role" },
    { "{\"role\":\"tool\",\"content\":\"a\"}", "messages[0].role" },
    { "{\"role\":\"function\",\"content\":\"a\"}", "messages[0].role" },
    { "{\"role\":\"user\"}", "messages[0].content" },
    { "{\"role\":\"user\",\"content\":null}", "messages[0].content" },
    { "{\"role\":\"user\",\"content\":[]}", "messages[0].content" },
    { "{\"role\":\"user\",\"content\":{}}", "messages[0].content" },
    { "{\"role\":\"user\",\"content\":[\"a\"]}", "messages[0].content[0].type" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}", "messages[0].content[0].text" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
      "{\"type\":\"input_audio\",\"input_audio\":{}}]}", "messages[0].content[1].type" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}",
      "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":5}}]}",
      "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
      "{\"url\":\"http://169.254.169.254/\"}}]}", "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
      "{\"url\":\"file:///etc/passwd\"}}]}", "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":\"/etc/passwd\"}]}",
      "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
      "{\"url\":\"data:,\",\"max_dynamic_patch\":0}}]}", "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
      "{\"url\":\"data:,\",\"max_dynamic_patch\":2,\"min_dynamic_patch\":3}}]}",
      "messages[0].content[0].image_url" },
    { "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
      "{\"url\":\"data:,\",\"ivl_tiles\":1e9}}]}", "messages[0].content[0].image_url" },
    { "{\"role\":\"system\",\"content\":[" PICTURE "]}", "messages[0].content[0].image_url" },
    { "{\"role\":\"assistant\",\"content\":\"a\",\"tool_calls\":[{}]}",
      "messages[0].tool_calls" },
    { "{\"role\":\"assistant\",\"content\":null}", "messages[0].content" },
    { "{\"role\":\"user\",\"content\":[" PICTURES "," PICTURES "," PICTURE "]}",
      "messages[0].content[8].image_url" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_message_refused (cases[i].message, cases[i].param);
}

static void
test_refused_bodies (void)
{
  const char *const bodies[] = { "", " ", "[]", "\"a\"", "5", "null", "{", "{}x", "{'a':1}" };
  g_autoptr (GString) deep = g_string_new ("{\"a\":");
  g_autoptr (GString) wide = g_string_new ("{\"a\":[");
  g_autoptr (GString) many = g_string_new ("{\"messages\":[");

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    assert_body_refused (bodies[i], strlen (bodies[i]), NULL);
  assert_body_refused ("{}", 2, "messages");
  assert_body_refused ("{\"messages\":5}", 14, "messages");
  assert_body_refused ("{\0}", 3, NULL);
  for (guint i = 0; i < 200000; i++)
    g_string_append_c (deep, '[');
  assert_body_refused (deep->str, deep->len, NULL);
  for (guint i = 0; i < 2000000; i++)
    g_string_append (wide, "[],");
  assert_body_refused (wide->str, wide->len, NULL);
  for (guint i = 0; i <= IVL_WIRE_MAX_MESSAGES; i++)
    g_string_append (many, "{\"role\":\"user\",\"content\":\"a\"},");
  many->str[many->len - 1] = ']';
  g_string_append_c (many, '}');
  assert_body_refused (many->str, many->len, "messages");
}

/* A request that uses all there is. */
static IvlWireRequest *
make_full_request (void)
{
  static const char *const stops[] = { "\n\n", "</s>\"", NULL };
  static const guint8 bytes[] = { 0, 1, 2, 253, 254, 255, 7 };
  IvlWireRequest *request = ivl_wire_request_new ();
  IvlWireMessage *message;
  IvlWirePart *part;

  request->model = g_strdup ("a \"model\"");
  request->max_tokens = 77;
  request->temperature = 0.1;
  request->top_p = 1.0 / 3;
  request->top_k = 40;
  request->repetition_penalty = 1.05;
  request->has_seed = TRUE;
  request->seed = G_MAXUINT64 - 5;
  request->stop = g_strdupv ((GStrv) stops);
  request->n = 3;
  request->stream = TRUE;
  request->include_usage = TRUE;
  request->top_logprobs = 4;
  request->json_schema = g_strdup ("{\"type\":\"object\",\"properties\":{\"a\":{}}}");
  message = ivl_wire_request_add_message (request, IVL_WIRE_SYSTEM);
  ivl_wire_message_add_text (message, "line\nline\ttab \x01 \\ \"quoted\" \xe2\x82\xac \x7f");
  message = ivl_wire_request_add_message (request, IVL_WIRE_USER);
  part = ivl_wire_message_add_picture (message, "image/jpeg", bytes, sizeof bytes, NULL);
  part->min_tiles = 1;
  part->max_tiles = 12;
  ivl_wire_message_add_text (message, "What is this?");
  part = ivl_wire_message_add_picture (message, "image/png", bytes, 6, NULL);
  part->is_tiles = TRUE;
  part->min_tiles = 13;
  part->max_tiles = 13;
  message = ivl_wire_request_add_message (request, IVL_WIRE_ASSISTANT);
  ivl_wire_message_add_text (message, "");
  message = ivl_wire_request_add_message (request, IVL_WIRE_USER);
  ivl_wire_message_add_text (message, "a");
  ivl_wire_message_add_text (message, "b")->is_trusted = TRUE;
  ivl_wire_message_add_text (ivl_wire_request_add_message (request, IVL_WIRE_USER), "c")
      ->is_trusted = TRUE;
  return request;
}

static void
assert_same_messages (const IvlWireRequest *a,
                      const IvlWireRequest *b)
{
  g_assert_cmpuint (a->messages->len, ==, b->messages->len);
  for (guint i = 0; i < a->messages->len; i++)
    {
      const IvlWireMessage *first = a->messages->pdata[i];
      const IvlWireMessage *second = b->messages->pdata[i];

      g_assert_cmpint (first->role, ==, second->role);
      g_assert_cmpuint (first->parts->len, ==, second->parts->len);
      for (guint j = 0; j < first->parts->len; j++)
        {
          const IvlWirePart *one = first->parts->pdata[j];
          const IvlWirePart *other = second->parts->pdata[j];

          g_assert_cmpstr (one->text, ==, other->text);
          g_assert_cmpstr (one->url, ==, other->url);
          g_assert_cmpuint (one->min_tiles, ==, other->min_tiles);
          g_assert_cmpuint (one->max_tiles, ==, other->max_tiles);
          g_assert_cmpint (one->is_tiles, ==, other->is_tiles);
          g_assert_cmpint (one->is_trusted, ==, other->is_trusted);
        }
    }
}

static void
assert_same (const IvlWireRequest *a,
             const IvlWireRequest *b)
{
  assert_same_messages (a, b);
  g_assert_cmpstr (a->model, ==, b->model);
  g_assert_cmpuint (a->max_tokens, ==, b->max_tokens);
  g_assert_cmpfloat (a->temperature, ==, b->temperature);
  g_assert_cmpfloat (a->top_p, ==, b->top_p);
  g_assert_cmpint (a->top_k, ==, b->top_k);
  g_assert_cmpfloat (a->repetition_penalty, ==, b->repetition_penalty);
  g_assert_cmpint (a->has_seed, ==, b->has_seed);
  g_assert_cmpuint (a->seed, ==, b->seed);
  g_assert_cmpint (a->stop != NULL, ==, b->stop != NULL);
  if (a->stop != NULL)
    g_assert_cmpstrv (a->stop, b->stop);
  g_assert_cmpuint (a->n, ==, b->n);
  g_assert_cmpint (a->stream, ==, b->stream);
  g_assert_cmpint (a->include_usage, ==, b->include_usage);
  g_assert_cmpint (a->top_logprobs, ==, b->top_logprobs);
  g_assert_cmpstr (a->json_schema, ==, b->json_schema);
}

static void
assert_round_trip (IvlWireRequest *request)
{
  g_autoptr (IvlWireDialect) dialect = make_dialect ("ivl", "parts", every_field);
  g_autofree char *json = ivl_wire_request_to_json (request, dialect, NULL);
  g_autoptr (IvlWireRequest) read = read_good (json);

  assert_same (request, read);
  g_assert_null (strchr (json, '\n'));
}

static void
test_round_trip (void)
{
  g_autoptr (IvlWireRequest) full = make_full_request ();
  g_autoptr (IvlWireRequest) least = ivl_wire_request_new ();

  ivl_wire_message_add_text (ivl_wire_request_add_message (least, IVL_WIRE_USER), "hi");
  assert_round_trip (full);
  assert_round_trip (least);
  least->json_schema = g_strdup ("{}");
  least->top_logprobs = 0;
  least->temperature = 0;
  assert_round_trip (least);
}

static void
assert_json (const IvlWireRequest *request,
             const char           *tiles,
             const char           *place,
             const char           *fields,
             const char           *expected)
{
  g_autoptr (IvlWireDialect) dialect = make_dialect (tiles, place, fields);
  g_autofree char *json = ivl_wire_request_to_json (request, dialect, NULL);

  g_assert_cmpstr (json, ==, expected);
}

#define URL "data:image/jpeg;base64,AQ=="

static IvlWireRequest *
make_picture_request (gboolean picture_first)
{
  static const guint8 bytes[] = { 1 };
  IvlWireRequest *request = ivl_wire_request_new ();
  IvlWireMessage *message = ivl_wire_request_add_message (request, IVL_WIRE_USER);
  IvlWirePart *part;

  request->model = g_strdup ("m");
  request->max_tokens = 9;
  request->temperature = 0;
  request->stream = TRUE;
  request->include_usage = TRUE;
  request->top_p = 0.9;
  request->has_seed = TRUE;
  request->seed = G_MAXUINT64;
  request->repetition_penalty = 1.5;
  request->json_schema = g_strdup ("{}");
  if (!picture_first)
    ivl_wire_message_add_text (message, "A");
  part = ivl_wire_message_add_picture (message, "image/jpeg", bytes, sizeof bytes, NULL);
  part->min_tiles = 2;
  part->max_tiles = 6;
  ivl_wire_message_add_text (message, "B")->is_trusted = TRUE;
  return request;
}

#define BEFORE "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":["
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define IMAGE(more) "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" URL "\"" more "}}"
#define BASE "]}],\"max_tokens\":9,\"temperature\":0"
#define AFTER ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"

static void
test_dialects (void)
{
  g_autoptr (IvlWireRequest) request = make_picture_request (TRUE);

  assert_json (request, "none", "parts", "fields=\n",
               BEFORE IMAGE ("") "," TEXT ("B") BASE AFTER);
  assert_json (request, "image-url", "parts", "fields=top_p;seed\n",
               BEFORE IMAGE (",\"max_dynamic_patch\":6") "," TEXT ("B") BASE
               ",\"top_p\":0.9,\"seed\":9223372036854775807" AFTER);
  assert_json (request, "mm-kwargs", "markers", "fields=response_format\n",
               BEFORE IMAGE ("") "," TEXT ("B") BASE
               ",\"response_format\":{\"type\":\"json_object\"}"
               ",\"mm_processor_kwargs\":{\"min_dynamic_patch\":2,\"max_dynamic_patch\":6,"
               "\"dynamic_image_size\":true}" AFTER);
  assert_json (request, "request", "parts", "fields=repeat_penalty\n",
               BEFORE IMAGE ("") "," TEXT ("B") BASE
               ",\"repeat_penalty\":1.5,\"max_dynamic_patch\":6" AFTER);
  assert_json (request, "ivl", "parts", "fields=repetition_penalty;seed\n",
               BEFORE IMAGE (",\"min_dynamic_patch\":2,\"max_dynamic_patch\":6") ","
               "{\"type\":\"text\",\"text\":\"B\",\"ivl_trusted\":true}"
               BASE ",\"repetition_penalty\":1.5,\"seed\":-1" AFTER);
  /* Only who knows the field is asked for it */
  request->include_progress = TRUE;
  assert_json (request, "none", "parts", "fields=\n",
               BEFORE IMAGE ("") "," TEXT ("B") BASE AFTER);
  assert_json (request, "none", "parts", "fields=ivl_progress\n",
               BEFORE IMAGE ("") "," TEXT ("B") BASE ",\"stream\":true,\"stream_options\":"
               "{\"include_usage\":true,\"ivl_progress\":true}}");
}

/* Where an engine moves pictures in front, the text names their places. */
static void
test_markers (void)
{
  g_autoptr (IvlWireRequest) request = make_picture_request (FALSE);

  assert_json (request, "none", "parts", "",
               BEFORE TEXT ("A") "," IMAGE ("") "," TEXT ("B") BASE AFTER);
  assert_json (request, "none", "markers", "",
               BEFORE IMAGE ("") "," TEXT ("A<image>\\nB") BASE AFTER);
}

static void
test_minus_zero (void)
{
  g_autoptr (IvlWireRequest) request = read_good ("{\"temperature\":-0.0," HI "}");

  g_assert_cmpfloat (request->temperature, ==, 0);
  g_assert_false (signbit (request->temperature));
}

static void
test_not_finite (void)
{
  g_autoptr (IvlWireRequest) request = ivl_wire_request_new ();

  ivl_wire_message_add_text (ivl_wire_request_add_message (request, IVL_WIRE_USER), "\xff");
  request->temperature = NAN;
  request->top_p = INFINITY;
  request->json_schema = g_strdup ("not JSON");
  assert_json (request, "ivl", "parts", every_field,
               "{\"messages\":[{\"role\":\"user\",\"content\":\"\xef\xbf\xbd\"}]}");
}

static void
assert_url (const char *url,
            gsize       max_bytes,
            int         code,
            const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = ivl_wire_decode_data_url (url, max_bytes, &error);

  show (url);
  if (expected == NULL)
    {
      g_assert_null (bytes);
      g_assert_error (error, IVL_ERROR, code);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected,
                   strlen (expected));
}

static void
test_data_urls (void)
{
  static const char *const bad[] = {
    "", "data:", "http://x/", "file:///x", "/x", "data:image/png;base64,", "data:;base64",
    "data:image/png,AAAA", "data:image/png;base64,QQ=", "data:image/png;base64,QUJD=",
    "data:image/png;base64,Q", "data:image/png;base64,QUJDR", "data:image/png;base64,QU JD",
    "data:image/png;base64,QUJD\n", "data:image/png;base64,QUI-", "data:image/png;base64,QQ===",
    "data:image/png;base64,Q=Q=", "data:image/png;base64,QR==", "data:image/png;base64,QUJ=",
    "data:image/png;base64,====", "data:image/png;base64,%41%41", "QUJD"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    assert_url (bad[i], 100, IVL_ERROR_INVALID_OPTION, NULL);
  assert_url ("data:image/png;base64,QUJD", 3, 0, "ABC");
  assert_url ("data:image/png;base64,QUI=", 3, 0, "AB");
  assert_url ("data:image/png;base64,QUI", 3, 0, "AB");
  assert_url ("data:image/png;base64,QQ==", 3, 0, "A");
  assert_url ("data:image/png;base64,QQ", 3, 0, "A");
  assert_url ("DATA:Image/PNG;x=y;Base64,QUJDQUJD", 6, 0, "ABCABC");
  assert_url ("data:;base64,Pz8/Pj4+", 6, 0, "?\?\?>>>");
  assert_url ("data:;base64,QUJDQUJD", 5, IVL_ERROR_NO_MEMORY, NULL);
}

/* Every length and every byte value, and a picture as large as the largest. */
static void
test_pictures (void)
{
  gsize n_large = 6 << 20;
  g_autofree guint8 *large = g_malloc (n_large);

  for (gsize i = 0; i < n_large; i++)
    large[i] = (guint8) (i * 167 + (i >> 8));
  for (gsize n = 1; n <= n_large; n = n < 300 ? n + 1 : n * 3 + 1)
    {
      g_autoptr (IvlWireRequest) request = ivl_wire_request_new ();
      IvlWireMessage *message = ivl_wire_request_add_message (request, IVL_WIRE_USER);
      IvlWirePart *part = ivl_wire_message_add_picture (message, "image/png", large, n, NULL);
      g_autoptr (GBytes) bytes = ivl_wire_decode_data_url (part->url, n_large, NULL);

      g_assert_nonnull (bytes);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), large, n);
      if (n % 64 == 0 || n > 300)
        assert_round_trip (request);
    }
}

/* Large pictures are taken out before the rest is parsed: the right ones come back, in every form,
 * and nothing else is taken for one. */
static void
test_large (void)
{
  g_autofree char *a = g_strnfill (5000, 'a');
  g_autofree char *b = g_strnfill (6000, 'b');
  g_autofree char *json = g_strdup_printf (
      "{\"url\":\"data:%s\",\"messages\":[{\"role\":\"user\",\"content\":["
      "{\"type\":\"image_url\",\"image_url\":{\"url\" :\n\"data:%s\"}},"
      "{\"type\":\"text\",\"text\":\"data:%s\"},"
      "{\"type\":\"text\",\"text\":\"\\\"url\\\":\\\"data:%s\"},"
      "{\"type\":\"text\",\"text\":\"ivl-picture:0\"},"
      "{\"type\":\"image_url\",\"image_url\":\"data:%s\\n\"},"
      "{\"type\":\"image_url\",\"image_url\":\"data:%s\"}]}]}", b, a, a, a, a, b);
  g_autofree char *expected_a = g_strconcat ("data:", a, NULL);
  g_autofree char *expected_b = g_strconcat ("data:", b, NULL);
  g_autofree char *quoted = g_strconcat ("\"url\":\"data:", a, NULL);
  g_autofree char *with_line = g_strconcat ("data:", a, "\n", NULL);
  g_autoptr (IvlWireRequest) request = read_good (json);
  const IvlWireMessage *message = request->messages->pdata[0];
  const IvlWirePart *parts[6];

  g_assert_cmpuint (message->parts->len, ==, 6);
  for (guint i = 0; i < 6; i++)
    parts[i] = message->parts->pdata[i];
  g_assert_cmpstr (parts[0]->url, ==, expected_a);
  g_assert_cmpstr (parts[1]->text, ==, expected_a);
  g_assert_cmpstr (parts[2]->text, ==, quoted);
  g_assert_cmpstr (parts[3]->text, ==, "ivl-picture:0");
  g_assert_cmpstr (parts[4]->url, ==, with_line);
  g_assert_cmpstr (parts[5]->url, ==, expected_b);
}

/* A request cannot make one large picture stand for many. */
static void
test_large_once (void)
{
  const char *const names[] = { "0", "1", "4294967296", "-1", "", "0x" };
  g_autofree char *a = g_strnfill (5000, 'a');

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *message = g_strdup_printf (
          "{\"role\":\"user\",\"content\":["
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:%s\"}},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"ivl-picture:%s\"}}]}", a,
          names[i]);

      assert_message_refused (message, "messages[0].content[1].image_url");
    }
}

/* How long a picture takes: for people, never a verdict. */
static void
test_speed (void)
{
  gsize n = 6 << 20;
  g_autofree guint8 *bytes = g_malloc0 (n);
  g_autoptr (IvlWireDialect) dialect = make_dialect ("ivl", "parts", every_field);
  g_autoptr (IvlWireRequest) request = ivl_wire_request_new ();
  IvlWireMessage *message = ivl_wire_request_add_message (request, IVL_WIRE_USER);
  IvlWirePart *part;
  g_autofree char *json = NULL;
  g_autoptr (IvlWireRequest) read = NULL;
  g_autoptr (GBytes) back = NULL;
  gint64 times[5];

  times[0] = g_get_monotonic_time ();
  part = ivl_wire_message_add_picture (message, "image/jpeg", bytes, n, NULL);
  times[1] = g_get_monotonic_time ();
  json = ivl_wire_request_to_json (request, dialect, NULL);
  times[2] = g_get_monotonic_time ();
  read = ivl_wire_request_from_json (json, strlen (json), NULL, NULL);
  times[3] = g_get_monotonic_time ();
  back = ivl_wire_decode_data_url (part->url, n, NULL);
  times[4] = g_get_monotonic_time ();
  g_assert_nonnull (read);
  g_assert_nonnull (back);
  g_test_message ("%" G_GSIZE_FORMAT " bytes: base64 %.1f ms, written %.1f ms, read %.1f ms, "
                  "decoded %.1f ms", n, (times[1] - times[0]) / 1e3, (times[2] - times[1]) / 1e3,
                  (times[3] - times[2]) / 1e3, (times[4] - times[3]) / 1e3);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-request/official-clients", test_official_clients);
  g_test_add_func ("/wire-request/every-field", test_every_field);
  g_test_add_func ("/wire-request/nulls", test_nulls);
  g_test_add_func ("/wire-request/variants", test_variants);
  g_test_add_func ("/wire-request/refused-fields", test_refused_fields);
  g_test_add_func ("/wire-request/refused-messages", test_refused_messages);
  g_test_add_func ("/wire-request/refused-bodies", test_refused_bodies);
  g_test_add_func ("/wire-request/round-trip", test_round_trip);
  g_test_add_func ("/wire-request/dialects", test_dialects);
  g_test_add_func ("/wire-request/markers", test_markers);
  g_test_add_func ("/wire-request/minus-zero", test_minus_zero);
  g_test_add_func ("/wire-request/not-finite", test_not_finite);
  g_test_add_func ("/wire-request/data-urls", test_data_urls);
  g_test_add_func ("/wire-request/pictures", test_pictures);
  g_test_add_func ("/wire-request/large", test_large);
  g_test_add_func ("/wire-request/large-once", test_large_once);
  g_test_add_func ("/wire-request/speed", test_speed);
  return g_test_run ();
}
