/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON schemas and the acceptor: which documents each schema lets through, which beginnings can
 * still become one, and which schemas are refused by name.
 */
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <string.h>

#include "lm/ivl-json-acceptor.h"

static IvlJsonSchema *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  IvlJsonSchema *schema = ivl_json_schema_parse (text, strlen (text), &error);

  g_assert_no_error (error);
  return schema;
}

typedef enum
{
  DEAD,  /* no document begins so */
  ALIVE, /* the beginning of one */
  WHOLE, /* one, and the beginning of a longer one */
  ENDED, /* one to which nothing can be added */
} Verdict;

static Verdict
judge (const char *schema_text,
       const char *document)
{
  g_autoptr (IvlJsonSchema) schema = parse (schema_text);
  g_autoptr (IvlJsonAcceptor) acceptor = ivl_json_acceptor_new (schema);
  IvlJsonState state;

  ivl_json_acceptor_start (acceptor, &state);
  for (const char *p = document; *p != '\0'; p++)
    if (!ivl_json_acceptor_step (acceptor, &state, (guint8) *p))
      return DEAD;
  if (!ivl_json_acceptor_is_complete (&state))
    return ALIVE;
  return ivl_json_acceptor_is_ended (acceptor, &state) ? ENDED : WHOLE;
}

#define PERSON                                                                                     \
  "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},"                           \
  "\"nick\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"}},"                                \
  "\"required\":[\"name\",\"age\"],\"additionalProperties\":false}"
#define STRING(members) "{\"type\":\"string\"" members "}"
#define INTEGER(members) "{\"type\":\"integer\"" members "}"
#define NUMBER(members) "{\"type\":\"number\"" members "}"
#define ARRAY(members) "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}" members "}"

static const struct
{
  const char *schema;
  const char *document;
  Verdict     verdict;
} documents[] = {
  /* Any object */
  { "{}", "", ALIVE },
  { "{}", "{}", ENDED },
  { "{}", " {}", ENDED },
  { "{}", "  ", DEAD },
  { "{}", "\n", DEAD },
  { "{}", "{} ", DEAD },
  { "{}", "[", DEAD },
  { "{}", "{\"a\":[1,-2.5e3,true,false,null,\"x\",{\"b\":{}}]}", ENDED },
  { "{}", "{\"a\": 1, \"b\": [ ] }", ENDED },
  { "{}", "{\n    \"a\": 1\n}", ENDED },
  { "{}", "{\n\n", DEAD },
  { "{}", "{\n     ", DEAD },
  { "{}", "{\n\t\"a\":1}", ENDED },
  { "{}", "{\n\t\t", DEAD },
  { "{}", "{ \n", DEAD },
  { "{}", "{\"a\":1,\"a\"", DEAD },
  { "{}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", ENDED },
  { "{}", "{\"a\":{\"c\":1},\"b\":{\"c\":1,\"d\":2},\"a\"", DEAD },
  { "{}", "{\"a\":{\"b\":1},\"b\":2,\"b\"", DEAD },
  { "{}", "{\"\":1}", ENDED },
  { "{}", "{\"a\\", DEAD },
  { "{}", "{\"a\":1,}", DEAD },
  { "{}", "{\"a\":[1,]", DEAD },
  { "{}", "{\"a\" :1}", ENDED },
  { "{}", "{\"a\"\n", DEAD },
  { "{}", "{,", DEAD },
  { "{}", "{\"a\":[1}", DEAD },
  { "{}", "{\"a\":01", DEAD },
  { "{}", "{\"a\":truE", DEAD },
  { "{\"type\":\"object\"}", "{\"x\":[[]]}", ENDED },
  { "{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"x\":1,\"y\":2}", ENDED },
  { "{\"additionalProperties\":{\"type\":\"integer\"}}", "{\"x\":\"", DEAD },
  { "{\"type\":\"object\",\"additionalProperties\":false}", "{}", ENDED },
  { "{\"type\":\"object\",\"additionalProperties\":false}", "{\"", DEAD },
  /* Named properties */
  { PERSON, "{\"name\":\"A\",\"age\":3}", ENDED },
  { PERSON, "{\"name\":\"A\",\"nick\":\"B\",\"age\":3}", ENDED },
  { PERSON, "{\"name\":\"A\",\"n", ALIVE },
  { PERSON, "{\"na", ALIVE },
  { PERSON, "{\"ni", DEAD },
  { PERSON, "{\"age", DEAD },
  { PERSON, "{}", DEAD },
  { PERSON, "{\"name\":\"A\"}", DEAD },
  { PERSON, "{\"name\":\"A\",\"age\":3,", DEAD },
  { PERSON, "{\"name\":\"A\",\"name", DEAD },
  { PERSON, "{\"name\":1", DEAD },
  { "{\"properties\":{\"a\":{},\"b\":{}}}", "{}", ENDED },
  { "{\"properties\":{\"a\":{},\"b\":{}}}", "{\"b\":[{}]}", ENDED },
  { "{\"properties\":{\"a\":{},\"b\":{}}}", "{\"b\":0,\"a", DEAD },
  { "{\"properties\":{\"a\":true,\"ab\":true}}", "{\"ab\":1}", ENDED },
  { "{\"properties\":{\"a\\\"\":true,\"a\":true}}", "{\"a\\\"\":1,\"a\":2}", ENDED },
  { "{\"properties\":{\"a\\n\":true}}", "{\"a\\n\":1}", ENDED },
  { "{\"properties\":{\"\\u00e4\":true}}", "{\"\xc3\xa4\":1}", ENDED },
  { "{\"properties\":{}}", "{\"", DEAD },
  /* Strings */
  { STRING (""), "\"\"", ENDED },
  { STRING (""), "\"", ALIVE },
  { STRING (""), "\"a\\n\\u00e4\\\"\\\\\\/\\b\\f\\r\\t\"", ENDED },
  { STRING (""), "\"\\x", DEAD },
  { STRING (""), "\"\\u00g", DEAD },
  { STRING (""), "\"\\ud8", DEAD },
  { STRING (""), "\"\\ud7ff\"", ENDED },
  { STRING (""), "\"\\u0000", DEAD },
  { STRING (""), "\"\\u0001\"", ENDED },
  { STRING (""), "\"\n", DEAD },
  { STRING (""), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", ENDED },
  { STRING (""), "\"\xc3\"", DEAD },
  { STRING (""), "\"\xc1", DEAD },
  { STRING (""), "\"\x80", DEAD },
  { STRING (""), "\"\xe0\x80", DEAD },
  { STRING (""), "\"\xed\xa0", DEAD },
  { STRING (""), "\"\xf4\x90", DEAD },
  { STRING (""), "\"\xf5", DEAD },
  { STRING (",\"maxLength\":2"), "\"\xe2\x82\xac\\n\"", ENDED },
  { STRING (",\"maxLength\":2"), "\"\xe2\x82\xac\\na", DEAD },
  { STRING (",\"maxLength\":2"), "\"ab\\", DEAD },
  { STRING (",\"maxLength\":0"), "\"\"", ENDED },
  { STRING (",\"minLength\":2"), "\"a\"", DEAD },
  { STRING (",\"minLength\":2"), "\"\\u00e4\xc3\xa4\"", ENDED },
  /* Numbers */
  { INTEGER (""), "0", ENDED },
  { INTEGER (""), "-", ALIVE },
  { INTEGER (""), "-0", DEAD },
  { INTEGER (""), "00", DEAD },
  { INTEGER (""), "1.", DEAD },
  { INTEGER (""), "1e", DEAD },
  { INTEGER (""), "12 ", DEAD },
  { INTEGER (""), "999999999999999999", ENDED },
  { INTEGER (""), "-999999999999999999", ENDED },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "1", ALIVE },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "2", ALIVE },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "20", ENDED },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "21", DEAD },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "3", DEAD },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "0", DEAD },
  { INTEGER (",\"minimum\":10,\"maximum\":20"), "-", DEAD },
  { INTEGER (",\"exclusiveMinimum\":10,\"exclusiveMaximum\":12"), "10", DEAD },
  { INTEGER (",\"exclusiveMinimum\":10,\"exclusiveMaximum\":12"), "11", ENDED },
  { INTEGER (",\"exclusiveMinimum\":10,\"exclusiveMaximum\":12"), "12", DEAD },
  { INTEGER (",\"minimum\":-3,\"maximum\":-2"), "-2", ENDED },
  { INTEGER (",\"minimum\":-3,\"maximum\":-2"), "-1", DEAD },
  { INTEGER (",\"minimum\":-3,\"maximum\":-2"), "2", DEAD },
  { INTEGER (",\"minimum\":-3,\"maximum\":100"), "-4", DEAD },
  { INTEGER (",\"minimum\":0"), "-", DEAD },
  { INTEGER (",\"maximum\":0"), "0", ENDED },
  { INTEGER (",\"maximum\":0"), "1", DEAD },
  { INTEGER (",\"minimum\":1e6"), "1000000", WHOLE },
  { INTEGER (",\"minimum\":2.5,\"maximum\":3.5"), "3", ENDED },
  { INTEGER (",\"minimum\":2.5,\"maximum\":3.5"), "2", DEAD },
  { NUMBER (""), "-0.5e-10", ENDED },
  { NUMBER (""), "0", WHOLE },
  { NUMBER (""), "-0", WHOLE },
  { NUMBER (""), "1.", ALIVE },
  { NUMBER (""), ".", DEAD },
  { NUMBER (""), "1e", ALIVE },
  { NUMBER (""), "1e+", ALIVE },
  { NUMBER (""), "1E5", WHOLE },
  { NUMBER (""), "1e100", DEAD },
  { NUMBER (""), "1.5e3.", DEAD },
  { NUMBER (""), "123456789012345", WHOLE },
  { NUMBER (""), "1234567890123456", DEAD },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "0.25", WHOLE },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "0.123456", ENDED },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "1", WHOLE },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "1.0", WHOLE },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "1.1", DEAD },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "-", DEAD },
  { NUMBER (",\"minimum\":0,\"maximum\":1"), "1e", DEAD },
  { NUMBER (",\"minimum\":-0.5,\"maximum\":0.5"), "-0", ALIVE },
  { NUMBER (",\"minimum\":-0.5,\"maximum\":0.5"), "-0.5", WHOLE },
  { NUMBER (",\"minimum\":-0.5,\"maximum\":0.5"), "-0.50", WHOLE },
  { NUMBER (",\"minimum\":-0.5,\"maximum\":0.5"), "-0.500001", DEAD },
  { NUMBER (",\"exclusiveMinimum\":0.3"), "0.3", ALIVE },
  { NUMBER (",\"exclusiveMinimum\":0.3"), "0.300000", DEAD },
  { NUMBER (",\"exclusiveMinimum\":0.3"), "0.300001", ENDED },
  { NUMBER (",\"maximum\":1e300"), "999999999.999998", ENDED },
  /* Arrays */
  { ARRAY (""), "[]", ENDED },
  { ARRAY (""), "[1, 2,\n    3]", ENDED },
  { ARRAY (""), "[\"", DEAD },
  { ARRAY (",\"minItems\":1"), "[]", DEAD },
  { ARRAY (",\"minItems\":2"), "[1]", DEAD },
  { ARRAY (",\"minItems\":2"), "[1,2]", ENDED },
  { ARRAY (",\"maxItems\":1"), "[1,", DEAD },
  { ARRAY (",\"maxItems\":0"), "[1", DEAD },
  { ARRAY (",\"maxItems\":0"), "[]", ENDED },
  { "{\"type\":\"array\"}", "[1,\"a\",{}]", ENDED },
  { "{\"items\":" PERSON "}", "[{\"name\":\"\",\"age\":1},{\"name\":\"\",", ALIVE },
  /* Choices */
  { "{\"enum\":[\"red\",\"green\"]}", "\"red\"", ENDED },
  { "{\"enum\":[\"red\",\"green\"]}", "\"g", ALIVE },
  { "{\"enum\":[\"red\",\"green\"]}", "\"gr\"", DEAD },
  { "{\"enum\":[1,12,null,true,[1,{\"a\":2}],1.5]}", "1", WHOLE },
  { "{\"enum\":[1,12,null,true,[1,{\"a\":2}],1.5]}", "12", ENDED },
  { "{\"enum\":[1,12,null,true,[1,{\"a\":2}],1.5]}", "1.5", ENDED },
  { "{\"enum\":[1,12,null,true,[1,{\"a\":2}],1.5]}", "[1,{\"a\":2}]", ENDED },
  { "{\"enum\":[1,12,null,true,[1,{\"a\":2}],1.5]}", "13", DEAD },
  { "{\"type\":\"string\",\"enum\":[1,\"a\"]}", "1", DEAD },
  { "{\"type\":\"array\",\"items\":{\"enum\":[1,12,\"a,b\"]}}", "[1,12,\"a,b\",12 ]", ENDED },
  { "{\"const\":\"\\u00e4\\\"\"}", "\"\xc3\xa4\\\"\"", ENDED },
  { "{\"const\":0.1}", "0.1", ENDED },
  { "{\"type\":\"boolean\"}", "true", ENDED },
  { "{\"type\":\"boolean\"}", "n", DEAD },
  { "{\"type\":\"null\"}", "null", ENDED },
  { "{\"type\":[\"string\",\"null\"]}", "null", ENDED },
  { "{\"type\":[\"string\",\"null\"]}", "\"null\"", ENDED },
  { "{\"type\":[\"integer\",\"number\"]}", "1.5", WHOLE },
  { "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"},{\"const\":\"x\"}]}", "\"x\"", ENDED },
  { "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"},{\"const\":\"x\"}]}", "7", WHOLE },
  { "{\"anyOf\":[{\"const\":\"x\"},{\"enum\":[\"y\"]}]}", "\"y\"", ENDED },
  { "{\"oneOf\":[" PERSON "," ARRAY ("") "]}", "{\"name\":\"\",\"age\":0}", ENDED },
  { "{\"oneOf\":[" PERSON "," ARRAY ("") "]}", "[0]", ENDED },
  /* References, and what explains */
  { "{\"$schema\":\"x\",\"title\":\"t\",\"description\":\"d\",\"default\":1,\"examples\":[],"
    "\"$defs\":{\"d\":{\"type\":\"integer\"}},\"properties\":{\"a\":{\"$ref\":\"#/$defs/d\"}},"
    "\"required\":[\"a\"]}",
    "{\"a\":1}", ENDED },
  { "{\"$ref\":\"#/definitions/d\",\"definitions\":{\"d\":{\"const\":1}}}", "1", ENDED },
  { "{\"type\":\"array\",\"uniqueItems\":false}", "[1,1]", ENDED },
};

static void
test_documents (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      const char *document = documents[i].document;
      g_autofree char *shown = g_strescape (document, NULL);
      Verdict verdict = judge (documents[i].schema, document);

      g_test_message ("row %u: %s: %s", i, documents[i].schema, shown);
      g_assert_cmpint (verdict, ==, documents[i].verdict);
      if (verdict >= WHOLE)
        {
          json_auto_t *value =
              json_loads (document, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

          g_assert_nonnull (value);
        }
    }
}

static const struct
{
  const char *schema;
  int         code;
  const char *in_message;
} refused[] = {
  { "", IVL_ERROR_INVALID_DATA, "line 1" },
  { "[]", IVL_ERROR_INVALID_DATA, "object" },
  { "true", IVL_ERROR_INVALID_DATA, "line 1" },
  { STRING (",\"pattern\":\"a\""), IVL_ERROR_UNSUPPORTED, "\"pattern\" at #" },
  { STRING (",\"format\":\"date\""), IVL_ERROR_UNSUPPORTED, "\"format\" at #" },
  { INTEGER (",\"multipleOf\":2"), IVL_ERROR_UNSUPPORTED, "\"multipleOf\"" },
  { "{\"properties\":{\"a\":{\"not\":{}}}}", IVL_ERROR_UNSUPPORTED, "\"not\" at #/properties/a" },
  { "{\"allOf\":[{}]}", IVL_ERROR_UNSUPPORTED, "\"allOf\"" },
  { "{\"if\":{}}", IVL_ERROR_UNSUPPORTED, "\"if\"" },
  { "{\"patternProperties\":{}}", IVL_ERROR_UNSUPPORTED, "\"patternProperties\"" },
  { "{\"minProperties\":1}", IVL_ERROR_UNSUPPORTED, "\"minProperties\"" },
  { "{\"type\":\"array\",\"uniqueItems\":true}", IVL_ERROR_UNSUPPORTED, "\"uniqueItems\"" },
  { "{\"type\":\"array\",\"items\":[{}]}", IVL_ERROR_UNSUPPORTED, "\"items\"" },
  { "{\"type\":\"array\",\"contains\":{}}", IVL_ERROR_UNSUPPORTED, "\"contains\"" },
  { "{\"type\":\"array\",\"items\":{\"x-y\":1}}", IVL_ERROR_UNSUPPORTED, "\"x-y\" at #/items" },
  { "{\"type\":\"text\"}", IVL_ERROR_INVALID_DATA, "\"type\"" },
  { "{\"type\":[]}", IVL_ERROR_INVALID_DATA, "\"type\"" },
  { "{\"type\":[\"null\",\"null\"]}", IVL_ERROR_INVALID_DATA, "\"type\"" },
  { "{\"type\":7}", IVL_ERROR_INVALID_DATA, "\"type\"" },
  { "{\"type\":\"string\",\"enum\":[1]}", IVL_ERROR_INVALID_DATA, "\"enum\"" },
  { "{\"enum\":[]}", IVL_ERROR_INVALID_DATA, "\"enum\"" },
  { "{\"enum\":7}", IVL_ERROR_INVALID_DATA, "\"enum\"" },
  { "{\"enum\":[1],\"minimum\":0}", IVL_ERROR_UNSUPPORTED, "\"enum\"" },
  { "{\"enum\":[1],\"const\":1}", IVL_ERROR_UNSUPPORTED, "beside" },
  { STRING (",\"minLength\":-1"), IVL_ERROR_INVALID_DATA, "\"minLength\"" },
  { STRING (",\"minLength\":3,\"maxLength\":2"), IVL_ERROR_INVALID_DATA, "\"minLength\"" },
  { STRING (",\"maxLength\":1.5"), IVL_ERROR_INVALID_DATA, "\"maxLength\"" },
  { ARRAY (",\"minItems\":3,\"maxItems\":2"), IVL_ERROR_INVALID_DATA, "\"minItems\"" },
  { INTEGER (",\"minimum\":\"a\""), IVL_ERROR_INVALID_DATA, "\"minimum\"" },
  { INTEGER (",\"exclusiveMinimum\":true"), IVL_ERROR_INVALID_DATA, "\"exclusiveMinimum\"" },
  { INTEGER (",\"minimum\":1e16"), IVL_ERROR_UNSUPPORTED, "\"minimum\"" },
  { INTEGER (",\"minimum\":1.2,\"maximum\":1.8"), IVL_ERROR_UNSUPPORTED, "no integer" },
  { NUMBER (",\"minimum\":1e-9,\"maximum\":1e-8"), IVL_ERROR_UNSUPPORTED, "no number" },
  { NUMBER (",\"maximum\":-1e10"), IVL_ERROR_UNSUPPORTED, "\"maximum\"" },
  { "{\"properties\":[]}", IVL_ERROR_INVALID_DATA, "\"properties\"" },
  { "{\"properties\":{\"a\":7}}", IVL_ERROR_INVALID_DATA, "#/properties/a" },
  { "{\"properties\":{\"a\":{}},\"required\":[\"b\"]}", IVL_ERROR_UNSUPPORTED, "\"required\"" },
  { "{\"required\":[\"b\"]}", IVL_ERROR_UNSUPPORTED, "\"required\"" },
  { "{\"properties\":{},\"required\":\"a\"}", IVL_ERROR_INVALID_DATA, "\"required\"" },
  { "{\"additionalProperties\":{\"pattern\":\"\"}}", IVL_ERROR_UNSUPPORTED, "\"pattern\"" },
  { "{\"anyOf\":[]}", IVL_ERROR_INVALID_DATA, "\"anyOf\"" },
  { "{\"anyOf\":[{\"type\":\"string\"},{\"const\":\"a\"}]}", IVL_ERROR_UNSUPPORTED, "\"anyOf\"" },
  { "{\"anyOf\":[{\"type\":\"object\"},{\"type\":\"object\"}]}", IVL_ERROR_UNSUPPORTED, "alike" },
  { "{\"oneOf\":[{\"enum\":[\"a\"]},{\"enum\":[\"a\"]}]}", IVL_ERROR_UNSUPPORTED, "\"oneOf\"" },
  { "{\"oneOf\":[{\"const\":1},{\"const\":1.0}]}", IVL_ERROR_UNSUPPORTED, "\"oneOf\"" },
  { "{\"oneOf\":[{\"minimum\":1},{\"type\":\"string\"}]}", IVL_ERROR_UNSUPPORTED, "\"oneOf\"" },
  { "{\"$ref\":\"#/$defs/a~1b\"}", IVL_ERROR_UNSUPPORTED, "\"$ref\"" },
  { "{\"anyOf\":[{}],\"type\":\"string\"}", IVL_ERROR_UNSUPPORTED, "beside" },
  { "{\"$ref\":\"other.json\"}", IVL_ERROR_UNSUPPORTED, "\"$ref\"" },
  { "{\"$ref\":\"#/$defs/a\"}", IVL_ERROR_INVALID_DATA, "\"$ref\"" },
  { "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}", IVL_ERROR_UNSUPPORTED,
    "referring to itself" },
  { "{\"properties\":{\"a\\n\\u001b[31m\":{\"x\":1}}}", IVL_ERROR_UNSUPPORTED, "a??[31m" },
};

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      const char *text = refused[i].schema;
      g_autoptr (GError) error = NULL;

      g_test_message ("row %u: %s", i, text);
      g_assert_null (ivl_json_schema_parse (text, strlen (text), &error));
      g_assert_error (error, IVL_ERROR, refused[i].code);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, refused[i].in_message));
    }
}

/* Schemas that unfold, or are nested, without bound must end soon and with little memory. */
static void
test_bombs (void)
{
  g_autoptr (GString) text = g_string_new ("{\"$ref\":\"#/$defs/a0\",\"$defs\":{");
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (IVL_JSON_SCHEMA_MAX_BYTES + 1, ' ');

  for (guint level = 0; level < 10; level++)
    {
      g_string_append_printf (text, "\"a%u\":{\"properties\":{", level);
      for (guint i = 0; i < 20; i++)
        g_string_append_printf (text, "%s\"%u\":{\"$ref\":\"#/$defs/a%u\"}", i > 0 ? "," : "", i,
                                level + 1);
      g_string_append (text, "}},");
    }
  g_string_append (text, "\"a10\":{}}}");
  g_assert_null (ivl_json_schema_parse (text->str, text->len, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_clear_error (&error);

  g_string_assign (text, "{\"type\":\"array\"}");
  for (guint level = 0; level < 30; level++)
    {
      g_string_prepend (text, "{\"items\":");
      g_string_append (text, "}");
    }
  g_assert_null (ivl_json_schema_parse (text->str, text->len, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_clear_error (&error);

  g_assert_null (ivl_json_schema_parse (large, strlen (large), &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
}

static void
test_depth (void)
{
  g_autoptr (GString) text = g_string_new ("{\"a\":");
  g_autofree char *deep = NULL;

  for (guint i = 1; i < IVL_JSON_ACCEPTOR_MAX_DEPTH; i++)
    g_string_append_c (text, '[');
  g_assert_cmpint (judge ("{}", text->str), ==, ALIVE);
  deep = g_strconcat (text->str, "[", NULL);
  g_assert_cmpint (judge ("{}", deep), ==, DEAD);
  for (guint i = 1; i < IVL_JSON_ACCEPTOR_MAX_DEPTH; i++)
    g_string_append_c (text, ']');
  g_string_append_c (text, '}');
  g_assert_cmpint (judge ("{}", text->str), ==, ENDED);
}

static const char *const wandering[] = {
  "{}",
  PERSON,
  "{\"properties\":{\"a\":" NUMBER (",\"minimum\":-7.25,\"maximum\":11") ",\"b\":" ARRAY ("")
  ",\"c\":{\"anyOf\":[" STRING (",\"minLength\":2") ",{\"type\":\"null\"}]}},\"required\":[\"c\"]}",
  INTEGER (",\"minimum\":-1234,\"maximum\":99999"),
  INTEGER (",\"minimum\":123,\"maximum\":4567"),
  NUMBER (",\"exclusiveMinimum\":0.001,\"exclusiveMaximum\":0.0011"),
  NUMBER (",\"minimum\":-1000.5,\"maximum\":-999.25"),
  "{\"enum\":[1,12,123,\"a\",\"ab\",null]}",
  STRING (",\"minLength\":3,\"maxLength\":5"),
};

static gboolean
step_all (IvlJsonAcceptor *acceptor,
          IvlJsonState    *state,
          const char      *text)
{
  for (; *text != '\0'; text++)
    if (!ivl_json_acceptor_step (acceptor, state, (guint8) *text))
      return FALSE;
  return TRUE;
}

/* Keys that were only tried leave nothing behind. */
static void
test_tries (void)
{
  g_autoptr (IvlJsonSchema) schema = parse ("{}");
  g_autoptr (IvlJsonAcceptor) acceptor = ivl_json_acceptor_new (schema);
  IvlJsonState state, next;

  ivl_json_acceptor_start (acceptor, &state);
  g_assert_true (step_all (acceptor, &state, "{\"a\":1,"));
  ivl_json_acceptor_copy_state (&next, &state);
  g_assert_true (step_all (acceptor, &next, "\"b\":1,\"c\":2}"));
  g_assert_true (step_all (acceptor, &state, "\"d\":1,"));
  ivl_json_acceptor_copy_state (&next, &state);
  g_assert_true (step_all (acceptor, &next, "\"b\":1,\"c\":2}"));
  ivl_json_acceptor_copy_state (&next, &state);
  g_assert_false (step_all (acceptor, &next, "\"a\""));
  ivl_json_acceptor_copy_state (&next, &state);
  g_assert_false (step_all (acceptor, &next, "\"d\""));
}

static gboolean
is_in_text (const IvlJsonState *state)
{
  return state->place == IVL_JSON_IN_STRING || state->place == IVL_JSON_IN_KEY;
}

/* Bytes at random, each of them one that the acceptor takes: there is always one until the text is
 * whole, and what is whole then jansson reads. */
static void
test_wandering (void)
{
  for (guint i = 0; i < 200 * G_N_ELEMENTS (wandering); i++)
    {
      g_autoptr (IvlJsonSchema) schema = parse (wandering[i % G_N_ELEMENTS (wandering)]);
      g_autoptr (IvlJsonAcceptor) acceptor = ivl_json_acceptor_new (schema);
      g_autoptr (GRand) rand = g_rand_new_with_seed (i);
      g_autoptr (GString) text = g_string_new (NULL);
      json_auto_t *value = NULL;
      IvlJsonState state;

      ivl_json_acceptor_start (acceptor, &state);
      while (!ivl_json_acceptor_is_ended (acceptor, &state) && text->len < 2000)
        {
          guint8 bytes[256];
          guint n = 0;
          guint8 byte;

          for (guint b = 0; b < 256; b++)
            {
              IvlJsonState next;

              ivl_json_acceptor_copy_state (&next, &state);
              if (ivl_json_acceptor_step (acceptor, &next, (guint8) b))
                bytes[n++] = (guint8) b;
            }
          g_assert_cmpuint (n, >, 0);
          byte = bytes[g_rand_int_range (rand, 0, (gint32) n)];
          /* Ends come too seldom by chance. */
          for (guint b = 0; b < n && text->len > 50; b++)
            if (is_in_text (&state) ? bytes[b] == '"' : bytes[b] == ']' || bytes[b] == '}')
              byte = bytes[b];
          g_assert_true (ivl_json_acceptor_step (acceptor, &state, byte));
          g_string_append_c (text, (char) byte);
        }
      g_test_message ("%s", text->str);
      g_assert_true (ivl_json_acceptor_is_complete (&state));
      value = json_loads (text->str, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
      g_assert_nonnull (value);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-acceptor/documents", test_documents);
  g_test_add_func ("/json-acceptor/refused", test_refused);
  g_test_add_func ("/json-acceptor/bombs", test_bombs);
  g_test_add_func ("/json-acceptor/depth", test_depth);
  g_test_add_func ("/json-acceptor/tries", test_tries);
  g_test_add_func ("/json-acceptor/wandering", test_wandering);
  return g_test_run ();
}
