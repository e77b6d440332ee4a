/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options: defaults, values from strings, and values that must be refused and leave everything as
 * it was.
 */
#include <libivl/ivl-options.h>

#include <locale.h>
#include <math.h>
#include <string.h>

static void
assert_same (IvlOptions *a,
             IvlOptions *b)
{
  g_assert_cmpuint (ivl_options_get_max_tokens (a), ==, ivl_options_get_max_tokens (b));
  g_assert_cmpfloat (ivl_options_get_temperature (a), ==, ivl_options_get_temperature (b));
  g_assert_cmpuint (ivl_options_get_top_k (a), ==, ivl_options_get_top_k (b));
  g_assert_cmpfloat (ivl_options_get_top_p (a), ==, ivl_options_get_top_p (b));
  g_assert_cmpfloat (ivl_options_get_repetition_penalty (a), ==,
                     ivl_options_get_repetition_penalty (b));
  g_assert_cmpuint (ivl_options_get_seed (a), ==, ivl_options_get_seed (b));
  g_assert_cmpstrv (ivl_options_get_stop (a), ivl_options_get_stop (b));
  g_assert_cmpuint (ivl_options_get_min_tiles (a), ==, ivl_options_get_min_tiles (b));
  g_assert_cmpuint (ivl_options_get_max_tiles (a), ==, ivl_options_get_max_tiles (b));
  g_assert_cmpint (ivl_options_get_detect_repetition (a), ==,
                   ivl_options_get_detect_repetition (b));
  g_assert_cmpint (ivl_options_get_top_logprobs (a), ==, ivl_options_get_top_logprobs (b));
  g_assert_cmpstr (ivl_options_get_json_schema (a), ==, ivl_options_get_json_schema (b));
  g_assert_cmpint (ivl_options_get_patience (a), ==, ivl_options_get_patience (b));
}

static void
test_defaults (void)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();

  g_assert_cmpuint (ivl_options_get_max_tokens (options), ==, 0);
  g_assert_cmpfloat (ivl_options_get_temperature (options), ==, 0.0);
  g_assert_cmpuint (ivl_options_get_top_k (options), ==, 0);
  g_assert_cmpfloat (ivl_options_get_top_p (options), ==, 1.0);
  g_assert_cmpfloat (ivl_options_get_repetition_penalty (options), ==, 1.0);
  g_assert_cmpuint (ivl_options_get_seed (options), ==, 0);
  g_assert_cmpuint (g_strv_length ((char **) ivl_options_get_stop (options)), ==, 0);
  g_assert_cmpuint (ivl_options_get_min_tiles (options), ==, 0);
  g_assert_cmpuint (ivl_options_get_max_tiles (options), ==, 0);
  g_assert_true (ivl_options_get_detect_repetition (options));
  g_assert_cmpint (ivl_options_get_top_logprobs (options), ==, -1);
  g_assert_null (ivl_options_get_json_schema (options));
  g_assert_cmpint (ivl_options_get_patience (options), ==, -1);
}

static const char *const good_values[][2] = {
  { "max-tokens", "77" },  { "temperature", "0.7" },        { "top-k", "40" },
  { "top-p", "9.5e-1" },   { "repetition-penalty", "1.1" }, { "seed", "18446744073709551615" },
  { "stop", "\n\n" },      { "stop", "Ende" },              { "min-tiles", "2" },
  { "max-tiles", "12" },   { "detect-repetition", "false" },
  { "top-logprobs", "5" }, { "json-schema", "{\"type\": \"object\"}" }, { "patience", "30" },
};

static void
set_all (IvlOptions *options)
{
  for (guint i = 0; i < G_N_ELEMENTS (good_values); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (ivl_options_set_string (options, good_values[i][0], good_values[i][1],
                                             &error));
      g_assert_no_error (error);
    }
}

static void
test_strings (void)
{
  static const char *const stop[] = { "\n\n", "Ende", NULL };
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlOptions) copy = NULL;

  set_all (options);
  g_assert_cmpuint (ivl_options_get_max_tokens (options), ==, 77);
  g_assert_cmpfloat (ivl_options_get_temperature (options), ==, 0.7);
  g_assert_cmpuint (ivl_options_get_top_k (options), ==, 40);
  g_assert_cmpfloat (ivl_options_get_top_p (options), ==, 0.95);
  g_assert_cmpfloat (ivl_options_get_repetition_penalty (options), ==, 1.1);
  g_assert_cmpuint (ivl_options_get_seed (options), ==, G_MAXUINT64);
  g_assert_cmpstrv (ivl_options_get_stop (options), stop);
  g_assert_cmpuint (ivl_options_get_min_tiles (options), ==, 2);
  g_assert_cmpuint (ivl_options_get_max_tiles (options), ==, 12);
  g_assert_false (ivl_options_get_detect_repetition (options));
  g_assert_cmpint (ivl_options_get_top_logprobs (options), ==, 5);
  g_assert_cmpstr (ivl_options_get_json_schema (options), ==, "{\"type\": \"object\"}");
  g_assert_cmpint (ivl_options_get_patience (options), ==, 30);

  copy = ivl_options_copy (options);
  assert_same (copy, options);
  g_assert_true (ivl_options_set_string (options, "stop", "", NULL));
  g_assert_cmpuint (g_strv_length ((char **) ivl_options_get_stop (options)), ==, 0);
  g_assert_cmpstrv (ivl_options_get_stop (copy), stop);
  g_assert_true (ivl_options_set_string (options, "json-schema", "", NULL));
  g_assert_null (ivl_options_get_json_schema (options));
  g_assert_nonnull (ivl_options_get_json_schema (copy));
}

static const struct
{
  const char *name;
  const char *value;
  const char *in_message;
} bad_values[] = {
  { "max-tokens", "-1", "0 to 1048576" },
  { "max-tokens", "1048577", "0 to 1048576" },
  { "max-tokens", "", "whole number" },
  { "max-tokens", "12 ", "whole number" },
  { "max-tokens", "+5", "whole number" },
  { "max-tokens", "99999999999999999999999999", "whole number" },
  { "temperature", "-0.1", "from 0 to 100" },
  { "temperature", "0,7", "from 0 to 100" },
  { "temperature", "nan", "from 0 to 100" },
  { "temperature", "inf", "from 0 to 100" },
  { "temperature", "1e999", "from 0 to 100" },
  { "temperature", "0x1", "from 0 to 100" },
  { "temperature", " 1", "from 0 to 100" },
  { "top-p", "1.0001", "from 0 to 1" },
  { "top-p", "", "from 0 to 1" },
  { "top-p", "e", "from 0 to 1" },
  { "repetition-penalty", "0", "from 0.01 to 100" },
  { "seed", "18446744073709551616", "18446744073709551615" },
  { "seed", "-1", "18446744073709551615" },
  { "stop", "\xff", "UTF-8" },
  { "min-tiles", "1025", "0 to 1024" },
  { "detect-repetition", "maybe", "true or false" },
  { "top-logprobs", "-2", "from -1 to 20" },
  { "top-logprobs", "21", "from -1 to 20" },
  { "top-logprobs", "many", "from -1 to 20" },
  { "patience", "86401", "-1 to 86400" },
  { "json-schema", "no schema", "line 1" },
  { "json-schema", "[]", "object" },
  { "json-schema", "{\"type\": \"object\",", "line 1" },
  { "max_tokens", "5", "there are max-tokens, temperature" },
  { "", "5", "there is no option" },
};

static void
test_bad_strings (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_values); i++)
    {
      g_autoptr (IvlOptions) options = ivl_options_new ();
      g_autoptr (IvlOptions) before = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *lower = NULL;
      g_autofree char *expected = NULL;

      set_all (options);
      before = ivl_options_copy (options);
      g_test_message ("row %u: %s", i, bad_values[i].name);
      g_assert_false (ivl_options_set_string (options, bad_values[i].name, bad_values[i].value,
                                              &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_nonnull (strstr (error->message, bad_values[i].name));
      lower = g_ascii_strdown (error->message, -1);
      expected = g_ascii_strdown (bad_values[i].in_message, -1);
      g_assert_nonnull (strstr (lower, expected));
      assert_same (options, before);
    }
}

static void
test_stop_limits (void)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *longest = g_strnfill (1024, 'x');
  g_autofree char *too_long = g_strnfill (1025, 'x');

  g_assert_false (ivl_options_set_string (options, "stop", too_long, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_clear_error (&error);
  for (guint i = 0; i < 32; i++)
    g_assert_true (ivl_options_set_string (options, "stop", longest, NULL));
  g_assert_false (ivl_options_set_string (options, "stop", "one more", &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_cmpuint (g_strv_length ((char **) ivl_options_get_stop (options)), ==, 32);
}

/* Whether a property takes a value as it is. GObject refuses others with a message whose level
 * differs between its versions. */
static gboolean
takes_double (IvlOptions *options,
              const char *name,
              double      number)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (options), name);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_DOUBLE);
  g_value_set_double (&value, number);
  return !g_param_value_validate (pspec, &value);
}

static gboolean
takes_uint (IvlOptions *options,
            const char *name,
            guint       number)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (options), name);
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_UINT);
  g_value_set_uint (&value, number);
  return !g_param_value_validate (pspec, &value);
}

/* A property out of range is refused, never bent into the range. */
static void
test_properties (void)
{
  static const char *const stop[] = { "a", "", NULL };
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlOptions) before = NULL;

  set_all (options);
  before = ivl_options_copy (options);
  g_assert_true (takes_double (options, "top-p", 1.0));
  g_assert_false (takes_double (options, "top-p", 1.5));
  g_assert_true (takes_uint (options, "max-tokens", 4096));
  g_assert_false (takes_uint (options, "max-tokens", G_MAXUINT));
  g_assert_true (takes_double (options, "temperature", 0.5));
  g_assert_false (takes_double (options, "temperature", (double) NAN));
  g_test_expect_message ("Ivl", G_LOG_LEVEL_WARNING, "*stop*refused*");
  g_object_set (options, "stop", stop, NULL);
  g_test_assert_expected_messages ();
  assert_same (options, before);

  g_object_set (options, "temperature", 1.25, "stop", NULL, NULL);
  g_assert_cmpfloat (ivl_options_get_temperature (options), ==, 1.25);
  g_assert_cmpuint (g_strv_length ((char **) ivl_options_get_stop (options)), ==, 0);
}

static void
test_locale (void)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GError) error = NULL;

  if (setlocale (LC_ALL, "tr_TR.UTF-8") == NULL && setlocale (LC_ALL, "de_DE.UTF-8") == NULL)
    {
      g_test_skip ("no locale with a decimal comma is installed");
      return;
    }
  g_assert_true (ivl_options_set_string (options, "top-p", "0.5", NULL));
  g_assert_cmpfloat (ivl_options_get_top_p (options), ==, 0.5);
  g_assert_false (ivl_options_set_string (options, "repetition-penalty", "0", &error));
  g_assert_nonnull (strstr (error->message, "0.01"));
  setlocale (LC_ALL, "C.UTF-8");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/defaults", test_defaults);
  g_test_add_func ("/options/strings", test_strings);
  g_test_add_func ("/options/bad-strings", test_bad_strings);
  g_test_add_func ("/options/stop-limits", test_stop_limits);
  g_test_add_func ("/options/properties", test_properties);
  g_test_add_func ("/options/locale", test_locale);
  return g_test_run ();
}
