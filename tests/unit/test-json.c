/* SPDX-License-Identifier: LGPL-2.1-or-later
 * JSON from outside: what the getters give, their messages, and the bounds. */
#include "formats/ivl-json.h"

#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <string.h>

#include "util/ivl-json-text.h"

static json_t *
parse (const char  *text,
       GError     **error)
{
  return ivl_json_parse (text, strlen (text), 1000, "t.json", error);
}

static void
test_values (void)
{
  g_autoptr(GError) error = NULL;
  json_auto_t *root = parse ("{\"u\":4294967295,\"i\":-7,\"d\":0.25,\"n\":3,\"t\":true,"
                             "\"s\":\"a\",\"null\":null,"
                             "\"o\":{},\"a\":[1]}", &error);
  IvlJsonScope scope = { "t.json", NULL, root };
  guint u = 1;
  int i = 1;
  double d = 1;
  gboolean t = FALSE;
  const char *s = "default";
  json_t *o = NULL;
  json_t *a = NULL;

  g_assert_no_error (error);
  g_assert_true (ivl_json_get_uint (&scope, "u", 0, G_MAXUINT, &u, &error));
  g_assert_cmpuint (u, ==, G_MAXUINT);
  g_assert_true (ivl_json_get_int (&scope, "i", -7, -7, &i, &error));
  g_assert_cmpint (i, ==, -7);
  g_assert_true (ivl_json_get_double (&scope, "d", 0, 1, &d, &error));
  g_assert_cmpfloat (d, ==, 0.25);
  g_assert_true (ivl_json_get_double (&scope, "n", 0, 3, &d, &error));
  g_assert_cmpfloat (d, ==, 3.0);
  g_assert_true (ivl_json_get_boolean (&scope, "t", &t, &error));
  g_assert_true (t);
  g_assert_true (ivl_json_get_string (&scope, "s", 1, &s, &error));
  g_assert_cmpstr (s, ==, "a");
  g_assert_true (ivl_json_get_object (&scope, "o", &o, &error));
  g_assert_true (json_is_object (o));
  g_assert_true (ivl_json_get_array (&scope, "a", &a, &error));
  g_assert_cmpuint (json_array_size (a), ==, 1);

  g_assert_true (ivl_json_get_string (&scope, "null", 1, &s, &error));
  g_assert_true (ivl_json_get_uint (&scope, "absent", 0, 5, &u, &error));
  g_assert_cmpstr (s, ==, "a");
  g_assert_cmpuint (u, ==, G_MAXUINT);
}

/* The same text in any locale; where it has a point of two bytes, see the suite locale. */
static void
test_number_format (void)
{
  json_auto_t *value = json_pack ("[f, f]", 0.25, -1.5);
  json_auto_t *again = NULL;
  char *text = ivl_json_text_print (value, JSON_COMPACT);

  g_assert_cmpstr (text, ==, "[0.25,-1.5]");
  again = ivl_json_text_parse (text, strlen (text), 0, NULL);
  g_assert_true (json_equal (value, again));
  free (text);
}

static void
test_field_errors (void)
{
  g_autoptr(GError) error = NULL;
  json_auto_t *root = parse ("{\"f\":3.0,\"big\":9,\"s\":\"\\u001b[31m\",\"o\":[]}", &error);
  IvlJsonScope scope = { "t.json", "part", root };
  guint u = 1;
  double d;
  gboolean b;
  const char *s;
  json_t *o;

  g_assert_no_error (error);
  g_assert_false (ivl_json_get_uint (&scope, "f", 0, 5, &u, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_cmpstr (error->message, ==, "t.json: part.f: expected an integer from 0 to 5, found 3");
  g_clear_error (&error);
  g_assert_false (ivl_json_get_uint (&scope, "big", 0, 5, &u, &error));
  g_assert_cmpstr (error->message, ==,
                   "t.json: part.big: expected an integer from 0 to 5, found 9");
  g_clear_error (&error);
  g_assert_false (ivl_json_get_double (&scope, "s", 0, 5, &d, &error));
  g_assert_cmpstr (error->message, ==,
                   "t.json: part.s: expected a number from 0 to 5, found \"\\033[31m\"");
  g_clear_error (&error);
  g_assert_false (ivl_json_get_boolean (&scope, "big", &b, &error));
  g_assert_cmpstr (error->message, ==, "t.json: part.big: expected true or false, found 9");
  g_clear_error (&error);
  g_assert_false (ivl_json_get_string (&scope, "s", 4, &s, &error));
  g_clear_error (&error);
  g_assert_false (ivl_json_get_object (&scope, "o", &o, &error));
  g_assert_cmpstr (error->message, ==, "t.json: part.o: expected an object, found an array");
  g_assert_cmpuint (u, ==, 1);
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "", "[]", "1", "\"a\"", "{", "{}x", "{}{}", "{'a':1}", "{\"a\":1,}", "{\"a\":01}", "{/**/}",
    "{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}",
    "{\"a\":\"\xff\"}", "{\"a\":1e999}", "{\"a\":99999999999999999999}", "{\"a\":NaN}",
    "{\"a\":\"\\ud800\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (parse (bad[i], &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_true (g_str_has_prefix (error->message, "t.json: "));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

/* {"a":{"a":... with depth objects */
static char *
nest (guint depth)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < depth; i++)
    g_string_append (text, i + 1 < depth ? "{\"a\":" : "{");
  for (guint i = 0; i < depth; i++)
    g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
test_bounds (void)
{
  g_autofree char *deep = nest (IVL_JSON_MAX_DEPTH);
  g_autofree char *too_deep = nest (IVL_JSON_MAX_DEPTH + 1);
  g_autoptr(GError) error = NULL;
  json_t *root = parse (deep, &error);

  g_assert_no_error (error);
  json_decref (root);
  g_assert_null (parse (too_deep, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "nested deeper than 64"));
  g_clear_error (&error);

  /* brackets and commas inside strings count for nothing */
  root = ivl_json_parse ("{\"a\":\"[[[,,,\\\"[[[\"}", 19, 2, "t.json", &error);
  g_assert_no_error (error);
  json_decref (root);
  g_assert_null (ivl_json_parse ("{\"a\":[1,2,3]}", 13, 4, "t.json", &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "more than 4 values"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/values", test_values);
  g_test_add_func ("/json/number-format", test_number_format);
  g_test_add_func ("/json/field-errors", test_field_errors);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/bounds", test_bounds);
  return g_test_run ();
}
