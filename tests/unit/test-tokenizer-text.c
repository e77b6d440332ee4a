/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What tokenizers ask of text, against GLib's regular expressions and normalisation. */
#include "tokenizer/ivl-chat-template.h"
#include "tokenizer/ivl-json-scan.h"
#include "tokenizer/ivl-nfc.h"
#include "tokenizer/ivl-qwen-split.h"
#include "tokenizer/ivl-utf8.h"

#include <jansson.h>
#include <libivl/ivl-error.h>
#include <string.h>

/* Characters that decide something: letters, digits, spaces of every kind, marks, jamo,
 * contractions. */
static const gunichar interesting[] = {
  'a',    's',     'T',     'l',     'L',     'v',    'e',    'r',    'R',    '\'',   '\'',
  '\'',   '1',     '#',     '.',     ' ',     ' ',    ' ',    '\n',   '\r',   '\t',   0x1c,
  0x85,   0xa0,    0x17f,   0xe9,    0xb2,    0x301,  0x316,  0x323,  0x344,  0x3b1,  0x660,
  0x915,  0x93c,   0x9c7,   0x9be,   0x1100,  0x1161, 0x11a8, 0x1680, 0x180e, 0x200b, 0x2028,
  0x2126, 0x212b,  0x2160,  0x3000,  0x304b,  0x3099, 0x4e2d, 0xac00, 0xf900, 0xfeff, 0xfb1d,
  0xfffd, 0x1d15e, 0x1f600, 0x110ba, 0x2f800, 0x958,  0x1e9b, 0x1b06, 0x1b35,
};

static GString *
make_random_text (GRand *rand,
                  guint  n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      gunichar c = interesting[g_rand_int_range (rand, 0, G_N_ELEMENTS (interesting))];

      if (g_rand_int_range (rand, 0, 8) == 0)
        do
          c = g_rand_int_range (rand, 1, 0x3100);
        while (!g_unichar_isdefined (c));
      g_string_append_unichar (text, c);
    }
  return text;
}

/* The expression with \s written out as White_Space: PCRE2's own also has U+180E. */
static GRegex *
make_split_regex (void)
{
  static const char members[] = "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
                                "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
  g_autoptr (GString) pattern = g_string_new (IVL_QWEN_SPLIT_REGEX);
  g_autofree char *space = g_strconcat ("[", members, "]", NULL);
  g_autofree char *not_space = g_strconcat ("[^", members, "]", NULL);
  g_autofree char *inside = g_strconcat ("[^", members, "\\p{L}", NULL);
  g_autoptr (GError) error = NULL;
  GRegex *regex;

  g_string_replace (pattern, "[^\\s\\p{L}", inside, 0);
  g_string_replace (pattern, "\\s", space, 0);
  g_string_replace (pattern, "\\S", not_space, 0);
  regex = g_regex_new (pattern->str, 0, 0, &error);
  g_assert_no_error (error);
  return regex;
}

static void
test_split (void)
{
  g_autoptr (GRegex) regex = make_split_regex ();
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint round = 0; round < 4000; round++)
    {
      g_autoptr (GString) text = make_random_text (rand, g_rand_int_range (rand, 1, 24));
      g_autoptr (GMatchInfo) match = NULL;
      gsize done = 0;

      g_regex_match (regex, text->str, 0, &match);
      while (done < text->len)
        {
          gsize n = ivl_qwen_split_next ((const guint8 *) text->str + done, text->len - done);
          int start;
          int end;

          g_assert_true (g_match_info_fetch_pos (match, 0, &start, &end));
          g_assert_cmpint (start, ==, done);
          g_assert_cmpint (end, ==, done + n);
          done += n;
          g_match_info_next (match, NULL);
        }
      g_assert_false (g_match_info_matches (match));
    }
}

static void
test_nfc (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (8);

  for (guint round = 0; round < 20000; round++)
    {
      g_autoptr (GString) text = make_random_text (rand, g_rand_int_range (rand, 0, 24));
      g_autofree char *expected =
          g_utf8_normalize (text->str, text->len, G_NORMALIZE_DEFAULT_COMPOSE);
      g_autoptr (GString) out = g_string_new (NULL);

      if (!ivl_nfc_normalise (text->str, text->len, out))
        {
          g_assert_cmpuint (out->len, ==, 0);
          g_string_assign (out, text->str);
        }
      g_assert_cmpstr (out->str, ==, expected);
    }
}

/* Many marks in wrong order, sorted by the other way of sorting; and NUL. */
static void
test_nfc_long (void)
{
  g_autoptr (GString) text = g_string_new ("a");
  g_autoptr (GString) expected = g_string_new ("\xc3\xa5"); /* the first ring joins the letter */
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "\xcc\x8a\xcc\xb4"); /* U+030A of class 230, U+0334 of class 1 */
  for (guint i = 0; i < 1000; i++)
    g_string_append (expected, "\xcc\xb4");
  for (guint i = 1; i < 1000; i++)
    g_string_append (expected, "\xcc\x8a");
  g_assert_true (ivl_nfc_normalise (text->str, text->len, out));
  g_assert_true (g_string_equal (out, expected));

  g_string_truncate (out, 0);
  g_assert_true (ivl_nfc_normalise ("e\xcc\x81\0e\xcc\x81", 7, out));
  g_assert_cmpmem (out->str, out->len, "\xc3\xa9\0\xc3\xa9", 5);
}

static void
test_utf8 (void)
{
  static const struct
  {
    const char   *bytes;
    gsize         n;
    IvlUtf8Status status;
    gsize         consumed;
  } cases[] = {
    { "a", 1, IVL_UTF8_VALID, 1 },
    { "\0", 1, IVL_UTF8_VALID, 1 },
    { "\xc3\xa9", 2, IVL_UTF8_VALID, 2 },
    { "\xf4\x8f\xbf\xbf", 4, IVL_UTF8_VALID, 4 },
    { "\xc3", 1, IVL_UTF8_INCOMPLETE, 1 },
    { "\xf0\x9f\x98", 3, IVL_UTF8_INCOMPLETE, 3 },
    { "\x80", 1, IVL_UTF8_INVALID, 1 },
    { "\xc0\x80", 2, IVL_UTF8_INVALID, 1 },
    { "\xe0\x9f\xbf", 3, IVL_UTF8_INVALID, 1 },
    { "\xed\xa0\x80", 3, IVL_UTF8_INVALID, 1 },
    { "\xf4\x90\x80\x80", 4, IVL_UTF8_INVALID, 1 },
    { "\xf5\x80", 2, IVL_UTF8_INVALID, 1 },
    { "\xe4\xb8" "a", 3, IVL_UTF8_INVALID, 2 },
    { "\xf0\x9f\x98" "a", 4, IVL_UTF8_INVALID, 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize consumed = 0;
      const guint8 *bytes = (const guint8 *) cases[i].bytes;

      g_assert_cmpint (ivl_utf8_step (bytes, cases[i].n, &consumed), ==, cases[i].status);
      g_assert_cmpuint (consumed, ==, cases[i].consumed);
      g_assert_cmpuint (ivl_utf8_count_valid (bytes, cases[i].n), ==,
                        cases[i].status == IVL_UTF8_VALID ? cases[i].n : 0);
    }
  g_assert_cmpuint (ivl_utf8_count_valid ((const guint8 *) "0123456789012\xff", 14), ==, 13);
}

static void
test_json_strings (void)
{
  static const struct
  {
    const char *json;
    const char *text;
    gsize       n;
  } cases[] = {
    { "\"\"", "", 0 },
    { " \"a b\" ", "a b", 3 },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
    { "\"x\\u0000y\\u00e9\"", "x\0y\xc3\xa9", 5 },
    { "\"\\ud83d\\uDE00!\"", "\xf0\x9f\x98\x80!", 5 },
    { "\"\xe4\xb8\xad\"", "\xe4\xb8\xad", 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (IvlJsonScan) scan = { 0 };
      g_autoptr (GError) error = NULL;
      const guint8 *bytes;
      gsize n;

      ivl_json_scan_init (&scan, cases[i].json, strlen (cases[i].json), "test");
      g_assert_true (ivl_json_scan_string (&scan, &bytes, &n, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (bytes, n, cases[i].text, cases[i].n);
      g_assert_true (ivl_json_scan_finish (&scan, &error));
    }
}

static void
test_json_depth (void)
{
  for (guint depth = IVL_JSON_SCAN_MAX_DEPTH; depth <= IVL_JSON_SCAN_MAX_DEPTH + 1; depth++)
    {
      g_autofree char *open = g_strnfill (depth, '[');
      g_autofree char *close = g_strnfill (depth, ']');
      g_autofree char *json = g_strconcat (open, close, NULL);
      g_auto (IvlJsonScan) scan = { 0 };
      g_autoptr (GError) error = NULL;
      const char *text;
      gsize n;

      ivl_json_scan_init (&scan, json, strlen (json), "test");
      g_assert_cmpint (ivl_json_scan_skip (&scan, &text, &n, &error), ==,
                       depth <= IVL_JSON_SCAN_MAX_DEPTH);
      if (depth > IVL_JSON_SCAN_MAX_DEPTH)
        g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      else
        g_assert_cmpmem (text, n, json, strlen (json));
    }
}

static void
test_templates (void)
{
  const IvlChatTemplate *internvl = ivl_chat_template_lookup ("internvl2_5");
  const IvlChatTemplate *qwen = ivl_chat_template_lookup ("qwen2");
  const IvlChatTemplate *internlm = ivl_chat_template_lookup ("internlm2");

  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "expected",
                                                 "qwen-300m.json", NULL);
  json_auto_t *expected = json_load_file (path, 0, NULL);

  g_assert_cmpstr (internvl->system_message, ==,
                   json_string_value (json_object_get (expected, "system_message")));
  g_assert_cmpstr (internvl->system_prefix, ==, "<|im_start|>system\n");
  g_assert_cmpstr (internvl->user_prefix, ==, "<|im_start|>user\n");
  g_assert_cmpstr (internvl->assistant_prefix, ==, "<|im_start|>assistant\n");
  g_assert_cmpstr (internvl->end, ==, "<|im_end|>\n");
  g_assert_cmpstr (internvl->end_token, ==, "<|im_end|>");
  g_assert_cmpstr (qwen->system_message, ==,
                   "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.");
  g_assert_null (internlm->system_message);
  g_assert_null (ivl_chat_template_lookup ("phi3-chat"));
  g_assert_null (ivl_chat_template_lookup (NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer-text/split", test_split);
  g_test_add_func ("/tokenizer-text/nfc", test_nfc);
  g_test_add_func ("/tokenizer-text/nfc-long", test_nfc_long);
  g_test_add_func ("/tokenizer-text/utf8", test_utf8);
  g_test_add_func ("/tokenizer-text/json-strings", test_json_strings);
  g_test_add_func ("/tokenizer-text/json-depth", test_json_depth);
  g_test_add_func ("/tokenizer-text/templates", test_templates);
  return g_test_run ();
}
