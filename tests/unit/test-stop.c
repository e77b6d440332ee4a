/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stop strings: the same outcome however the text is cut into pieces, nothing emitted that belongs
 * to a stop string, and nothing held back that cannot.
 */
#include "lm/ivl-stop.h"

#include <string.h>

static const struct
{
  const char *stop[4];
  const char *text;
  const char *expected;
  gboolean    stops;
} cases[] = {
  { { NULL }, "anything", "anything", FALSE },
  { { "END" }, "one END two", "one ", TRUE },
  { { "END" }, "one EN two E", "one EN two E", FALSE },
  { { "END" }, "END", "", TRUE },
  { { "END" }, "ENEND.", "EN", TRUE },
  { { "aab" }, "aaaab", "aa", TRUE },
  { { "abab!" }, "ababab!x", "ab", TRUE },
  { { "aabaaac" }, "aabaaabaaac!", "aaba", TRUE },
  { { "\n\n" }, "a\nb\n\nc", "a\nb", TRUE },
  { { "abcd", "bc" }, "xabcd", "xa", TRUE },   /* the one that ends first */
  { { "bc", "abc" }, "xabcd", "x", TRUE },     /* the longer of two that end together */
  { { "x", "y", "z" }, "abzyx", "ab", TRUE },
  { { "ö" }, "aäö!", "aä", TRUE },             /* shares its first byte with ä */
  { { "日本" }, "日月日本語", "日月", TRUE },
  { { "<|im_end|>" }, "a <|im_end| b", "a <|im_end| b", FALSE },
};

static void
run_case (guint i,
          gsize step)
{
  g_autoptr (IvlStop) stop = ivl_stop_new (cases[i].stop);
  g_autoptr (GString) out = g_string_new (NULL);
  gsize length = strlen (cases[i].text);
  gboolean stopped = FALSE;

  for (gsize at = 0; at < length; at += step)
    {
      gboolean now = ivl_stop_push (stop, cases[i].text + at, MIN (step, length - at), out);

      g_assert_true (now || !stopped);
      stopped = now;
      g_assert_true (g_str_has_prefix (cases[i].expected, out->str));
    }
  ivl_stop_flush (stop, out);
  g_assert_cmpstr (out->str, ==, cases[i].expected);
  g_assert_cmpint (stopped, ==, cases[i].stops);
}

static void
test_pieces (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= strlen (cases[i].text); step++)
      {
        g_test_message ("%s by %" G_GSIZE_FORMAT, cases[i].text, step);
        run_case (i, step);
      }
}

/* What is held back is exactly the longest beginning of a stop string. */
static void
test_held_back (void)
{
  static const char *const strings[] = { "abcd", "cde", NULL };
  static const char *const steps[][2] = {
    { "x", "x" }, { "ab", "" }, { "c", "" }, { "x", "abcx" }, { "abc", "" },
    { "e", "abce" }, { "é", "é" },
  };
  g_autoptr (IvlStop) stop = ivl_stop_new (strings);

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (GString) out = g_string_new (NULL);

      g_assert_false (ivl_stop_push (stop, steps[i][0], strlen (steps[i][0]), out));
      g_assert_cmpstr (out->str, ==, steps[i][1]);
    }
}

/* Pieces of whole characters give pieces of whole characters. */
static void
test_whole_characters (void)
{
  static const char *const strings[] = { "éa", "日本語!", NULL };
  const char *text = "ééé日本日本語日本語? é";
  g_autoptr (IvlStop) stop = ivl_stop_new (strings);
  g_autoptr (GString) all = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      g_autoptr (GString) out = g_string_new (NULL);

      g_assert_false (ivl_stop_push (stop, p, g_utf8_next_char (p) - p, out));
      g_assert_true (g_utf8_validate (out->str, out->len, NULL));
      g_string_append (all, out->str);
    }
  ivl_stop_flush (stop, all);
  g_assert_cmpstr (all->str, ==, text);
}

static void
test_random (void)
{
  for (guint round = 0; round < 3000; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GString) needle = g_string_new (NULL);
      g_autoptr (GString) out = g_string_new (NULL);
      g_autoptr (IvlStop) stop = NULL;
      const char *strings[2] = { NULL };
      const char *found;

      for (int i = g_test_rand_int_range (0, 40); i > 0; i--)
        g_string_append_c (text, g_test_rand_int_range ('a', 'c'));
      for (int i = g_test_rand_int_range (1, 6); i > 0; i--)
        g_string_append_c (needle, g_test_rand_int_range ('a', 'c'));
      strings[0] = needle->str;
      stop = ivl_stop_new (strings);
      found = strstr (text->str, needle->str);
      for (gsize at = 0; at < text->len;)
        {
          gsize step = MIN ((gsize) g_test_rand_int_range (1, 8), text->len - at);

          ivl_stop_push (stop, text->str + at, step, out);
          at += step;
        }
      ivl_stop_flush (stop, out);
      if (found != NULL)
        g_string_truncate (text, found - text->str);
      g_assert_cmpstr (out->str, ==, text->str);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stop/pieces", test_pieces);
  g_test_add_func ("/stop/held-back", test_held_back);
  g_test_add_func ("/stop/whole-characters", test_whole_characters);
  g_test_add_func ("/stop/random", test_random);
  return g_test_run ();
}
