/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counting what people take for one character, by the rules of Unicode's annex 29: a row for each.
 */
#include "util/ivl-graphemes.h"

static const struct
{
  const char *rule;
  const char *text;
  guint       n;
} rows[] = {
  { "GB1 nothing", "", 0 },
  { "GB999 letters", "abc", 3 },
  { "GB3 a line's end", "a\r\nb", 3 },
  { "GB4 controls stand alone", "\n\r\xcc\x81", 3 },
  { "GB6 to GB8 Hangul: L V T, LV T, LVT T",
    "\u1112\u1161\u11ab\ud558\u11ab\ud55c\u11a8", 3 },
  { "GB7 a syllable that is whole takes no vowel", "\ud55c\u1161", 2 },
  { "GB9 accents", "e\u0301\u0323o", 2 },
  { "GB9a vowel signs", "\u0e01\u0e33", 1 },
  { "GB9b a sign in front", "\u06001", 1 },
  { "GB11 a family of three", "\U0001f468\u200d\U0001f469\u200d\U0001f467", 1 },
  { "GB11 a heart on fire", "\u2764\ufe0f\u200d\U0001f525", 1 },
  { "GB11 a joiner behind a letter joins no picture", "a\u200d\U0001f467", 2 },
  { "GB11 a joiner joins no letters", "a\u200db", 2 },
  { "GB11 a picture joins no letter", "\U0001f468\u200da", 2 },
  { "GB9 a shade of skin", "\U0001f44d\U0001f3fd", 1 },
  { "GB12 two flags", "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2 },
  { "GB13 a flag and a half behind a letter", "a\U0001f1e9\U0001f1ea\U0001f1eb", 3 },
};

static void
test_count (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].rule);
      g_assert_cmpuint (ivl_graphemes_count (rows[i].text), ==, rows[i].n);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graphemes/count", test_count);
  return g_test_run ();
}
