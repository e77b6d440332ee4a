/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Endless repetition: loops are found, and cut behind their first round; what pages really repeat
 * is not taken for one.
 */
#include "lm/ivl-repetition.h"

/* Pushes `prefix` tokens that never repeat, then rounds of `period` tokens of which `distinct`
 * differ, at most `limit` tokens in all. Returns how many were pushed when the loop was found, 0 if
 * it was not. */
static gsize
run_loop (IvlRepetition *self,
          guint          prefix,
          guint          period,
          guint          distinct,
          gsize          limit)
{
  gsize safe = 0;

  for (gsize i = 0; i < limit; i++)
    {
      guint32 id = i < prefix ? 1000 + (guint32) i : (guint32) ((i - prefix) % period % distinct);
      gboolean found = ivl_repetition_push (self, id);

      g_assert_cmpuint (ivl_repetition_get_n_safe (self), >=, safe);
      safe = ivl_repetition_get_n_safe (self);
      if (found)
        return i + 1;
      g_assert_cmpuint (ivl_repetition_get_n_kept (self), ==, i + 1);
    }
  return 0;
}

static const struct
{
  guint prefix, period, distinct;
  gsize found_at; /* tokens from the start of the loop; 0: never */
} loop_cases[] = {
  { 0, 1, 1, 192 },    { 17, 1, 1, 192 },   { 5, 2, 2, 192 },     { 3, 7, 5, 192 },     { 0, 10, 3,
                                                                                          240 },
  { 9, 6, 6, 96 },     { 40, 12, 12, 96 },  { 1000, 20, 15, 160 }, { 2, 63, 63, 504 },  { 0, 64, 64,
                                                                                          256 },
  { 700, 200, 90, 800 }, { 0, 512, 512, 2048 }, { 0, 513, 513, 0 },
};

static void
test_loops (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (loop_cases); i++)
    {
      g_autoptr (IvlRepetition) self = ivl_repetition_new ();
      guint prefix = loop_cases[i].prefix;
      guint period = loop_cases[i].period;
      gsize at = run_loop (self, prefix, period, loop_cases[i].distinct, 5000);

      g_test_message ("period %u: found at %" G_GSIZE_FORMAT, period, at);
      if (loop_cases[i].found_at == 0)
        {
          g_assert_cmpuint (at, ==, 0);
          g_assert_cmpuint (ivl_repetition_get_period (self), ==, 0);
          continue;
        }
      g_assert_cmpuint (at, ==, prefix + loop_cases[i].found_at);
      g_assert_cmpuint (ivl_repetition_get_period (self), ==, period);
      g_assert_cmpuint (ivl_repetition_get_n_kept (self), ==, prefix + period);
      g_assert_cmpuint (ivl_repetition_get_n_safe (self), <=, prefix + period);
      g_assert_true (ivl_repetition_push (self, 123456));
      g_assert_cmpuint (ivl_repetition_get_n_kept (self), ==, prefix + period);
    }
}

/* Rounds of a block, each followed by whatever breaks the loop at last. */
static const struct
{
  const char *what;
  guint       period, distinct, rounds;
} honest_cases[] = {
  { "a line of dashes or dots", 1, 1, 150 },
  { "a column of ones", 2, 2, 80 },
  { "rows of an empty form", 26, 3, 22 },
  { "rows of a table of zeros", 22, 3, 20 },
  { "a chorus", 8, 7, 6 },
  { "a refrain of short words", 4, 3, 16 },
  { "a stanza said three times", 30, 20, 3 },
  { "a paragraph that a page prints three times", 120, 80, 3 },
};

static void
test_honest (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (honest_cases); i++)
    {
      g_autoptr (IvlRepetition) self = ivl_repetition_new ();
      guint32 other = 5000;

      g_test_message ("%s", honest_cases[i].what);
      for (guint block = 0; block < 5; block++)
        {
          for (guint j = 0; j < honest_cases[i].period * honest_cases[i].rounds; j++)
            {
              guint32 id = j % honest_cases[i].period % honest_cases[i].distinct;

              g_assert_false (ivl_repetition_push (self, id));
            }
          for (guint j = 0; j < 3; j++)
            g_assert_false (ivl_repetition_push (self, other++));
        }
      g_assert_cmpuint (ivl_repetition_get_period (self), ==, 0);
    }
}

/* A table whose rows count up, "| 1 | 0.00 | ok |", repeats all but one token of each row for ever.
 * */
static void
test_counting_rows (void)
{
  g_autoptr (IvlRepetition) self = ivl_repetition_new ();

  for (guint row = 0; row < 400; row++)
    for (guint column = 0; column < 10; column++)
      g_assert_false (ivl_repetition_push (self, column == 1 ? 100 + row : column));
}

static void
test_random (void)
{
  g_autoptr (IvlRepetition) self = ivl_repetition_new ();

  for (guint i = 0; i < 20000; i++)
    g_assert_false (ivl_repetition_push (self, g_test_rand_int_range (0, 4)));
}

/* Text shown up to the safe position is never taken back, and with nothing repeating all is safe.
 * */
static void
test_safe (void)
{
  g_autoptr (IvlRepetition) self = ivl_repetition_new ();

  for (guint32 i = 0; i < 600; i++)
    {
      ivl_repetition_push (self, i);
      g_assert_cmpuint (ivl_repetition_get_n_safe (self), ==, i + 1);
    }
  ivl_repetition_push (self, 599);
  g_assert_cmpuint (ivl_repetition_get_n_safe (self), ==, 600);
  ivl_repetition_push (self, 599);
  g_assert_cmpuint (ivl_repetition_get_n_safe (self), ==, 600);
  ivl_repetition_push (self, 9999);
  g_assert_cmpuint (ivl_repetition_get_n_safe (self), ==, 603);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/repetition/loops", test_loops);
  g_test_add_func ("/repetition/honest", test_honest);
  g_test_add_func ("/repetition/counting-rows", test_counting_rows);
  g_test_add_func ("/repetition/random", test_random);
  g_test_add_func ("/repetition/safe", test_safe);
  return g_test_run ();
}
