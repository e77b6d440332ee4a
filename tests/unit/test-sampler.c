/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sampling against definitions written the slow way: sort everything, add up, compare.
 */
#include "lm/ivl-sampler.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <libivl/ivl-error.h>

static const IvlSamplerOptions greedy = { .temperature = 0, .top_p = 1, .repetition_penalty = 1 };

static IvlSampler *
new_sampler (double  temperature,
             guint   top_k,
             double  top_p,
             double  penalty,
             guint64 seed,
             gsize   n_vocab)
{
  IvlSamplerOptions options = { temperature, top_k, top_p, penalty, seed };
  g_autoptr (GError) error = NULL;
  IvlSampler *self = ivl_sampler_new (&options, n_vocab, &error);

  g_assert_no_error (error);
  return self;
}

/* Draws from a copy of the logits. */
static guint32
draw (IvlSampler  *self,
      const float *logits,
      gsize        n)
{
  g_autofree float *copy = g_memdup2 (logits, n * sizeof (float));
  g_autoptr (GError) error = NULL;
  guint32 id = G_MAXUINT32;

  g_assert_true (ivl_sampler_draw (self, copy, &id, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (id, <, n);
  return id;
}

static void
test_greedy (void)
{
  static const float first_of_equals[] = { 1, 3, -2, 3, 3 };
  static const float all_negative[] = { -7, -3, -4, -3, -9 };
  static const float zeros[] = { -0.0f, 0, 0, 0, 0 };
  g_autoptr (IvlSampler) self = ivl_sampler_new (&greedy, 5, NULL);

  g_assert_cmpuint (draw (self, first_of_equals, 5), ==, 1);
  g_assert_cmpuint (draw (self, all_negative, 5), ==, 1);
  g_assert_cmpuint (draw (self, zeros, 5), ==, 0);
}

static void
test_not_finite (void)
{
  const float bad[] = { NAN, INFINITY, -INFINITY };

  for (guint i = 0; i < 9; i++)
    {
      float logits[] = { 1, 2, 3 };
      g_autoptr (IvlSampler) self = new_sampler (i % 2, 0, 1, 1.2, 0, 3);
      g_autoptr (GError) error = NULL;
      guint32 id = 42;

      logits[i % 3] = bad[i / 3];
      g_assert_false (ivl_sampler_draw (self, logits, &id, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, "not finite"));
      g_assert_cmpuint (id, ==, 42);
    }
}

/* transformers' RepetitionPenaltyLogitsProcessor: divide what is positive, multiply what is
 * negative. */
static void
test_penalty (void)
{
  static const float logits[] = { 2.0f, 3.0f, -1.0f, 1.9f };
  static const float negative[] = { -1.0f, -1.1f, -9, -9 };
  static const guint32 seen[] = { 1, 1, 1, 77 };
  g_autoptr (IvlSampler) self = new_sampler (0, 0, 1, 1.6, 0, 4);
  g_autoptr (IvlSampler) other = new_sampler (0, 0, 1, 1.2, 0, 4);
  static const guint32 zero = 0;

  g_assert_cmpuint (draw (self, logits, 4), ==, 1);    /* now 1 is seen, 3 / 1.6 = 1.875 */
  g_assert_cmpuint (draw (self, logits, 4), ==, 0);    /* 2 / 1.6 = 1.25 */
  g_assert_cmpuint (draw (self, logits, 4), ==, 3);    /* 1.9 / 1.6 = 1.19 */
  g_assert_cmpuint (draw (self, logits, 4), ==, 1);    /* 1.875 again: said twice, counts once */

  ivl_sampler_accept (other, seen, G_N_ELEMENTS (seen));
  g_assert_cmpuint (draw (other, logits, 4), ==, 1);   /* 3 / 1.2 = 2.5 */
  ivl_sampler_accept (other, &zero, 1);
  g_assert_cmpuint (draw (other, negative, 4), ==, 0); /* -1.2 and -1.32 */
}

static void
test_extremes (void)
{
  static const float logits[] = { FLT_MAX, -FLT_MAX, 1e38f, FLT_MIN / 8 };
  static const guint32 all[] = { 0, 1, 2, 3 };

  for (double penalty = 0.01; penalty <= 100; penalty *= 10)
    {
      g_autoptr (IvlSampler) self = new_sampler (DBL_MIN, 2, 0.5, penalty, 0, 4);
      g_autoptr (IvlSampler) hot = new_sampler (100, 0, 1, penalty, 0, 4);

      ivl_sampler_accept (self, all, 4);
      ivl_sampler_accept (hot, all, 4);
      for (guint i = 0; i < 20; i++)
        {
          g_assert_cmpuint (draw (self, logits, 4), !=, 1);
          g_assert_cmpuint (draw (hot, logits, 4), !=, 1);
        }
    }
}

/* With equal logits the token is the top bits of the random numbers, for which the PCG paper's
 * demonstration program prints, at seed 42: a15c02b7 7b47f409 ba1d3330 83d2f293 bfa4784b cbed606e.
 * Two make one fraction. */
static void
test_random_numbers (void)
{
  static const guint32 expected[] = { 0xa15c, 0xba1d, 0xbfa4 };
  g_autofree float *logits = g_new0 (float, 65536);
  g_autoptr (IvlSampler) self = new_sampler (1, 0, 1, 1, 42, 65536);

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmphex (draw (self, logits, 65536), ==, expected[i]);
}

typedef struct
{
  float   logit;
  guint32 id;
} Ranked;

static int
compare_ranked (gconstpointer a,
                gconstpointer b)
{
  const Ranked *x = a, *y = b;

  if (x->logit != y->logit)
    return x->logit > y->logit ? -1 : 1;
  return x->id < y->id ? -1 : x->id > y->id;
}

/* Probabilities of all tokens, by sorting. */
static void
slow_probabilities (const float *logits,
                    guint        n,
                    double       temperature,
                    guint        top_k,
                    double       top_p,
                    double      *out)
{
  g_autofree Ranked *ranked = g_new (Ranked, n);
  guint kept = n;
  double total = 0, sum = 0, nucleus = 0;

  for (guint i = 0; i < n; i++)
    ranked[i] = (Ranked) { logits[i], i };
  qsort (ranked, n, sizeof (Ranked), compare_ranked);
  memset (out, 0, n * sizeof (double));
  if (top_k > 0 && top_k < n)
    for (kept = top_k; kept < n && ranked[kept].logit == ranked[top_k - 1].logit; kept++)
      ;
  for (guint i = 0; i < kept; i++)
    total += exp ((ranked[i].logit - ranked[0].logit) / temperature);
  for (guint i = 0; i < kept; i++)
    {
      double weight = exp ((ranked[i].logit - ranked[0].logit) / temperature);

      if (top_p < 1 && i > 0 && sum >= top_p * total)
        break;
      sum += weight;
      out[ranked[i].id] = weight;
      nucleus = sum;
    }
  for (guint i = 0; i < n; i++)
    out[i] /= nucleus;
}

static const struct
{
  guint  n;
  double spread; /* of the logits; 0 for whole numbers, which tie often */
  double temperature;
  guint  top_k;
  double top_p;
} draw_cases[] = {
  { 1, 1, 1, 0, 1 },        { 2, 1, 1, 0, 1 },       { 8, 2, 1, 0, 1 },       { 8, 2, 0.3, 0, 1 },
  { 30, 3, 1, 5, 1 },       { 30, 3, 2, 1, 1 },      { 30, 3, 1, 30, 1 },     { 30, 3, 1, 99, 1 },
  { 30, 3, 1, 0, 0.5 },     { 30, 3, 1, 0, 0.9 },    { 30, 3, 1, 0, 0.999 },  { 30, 3, 1, 0, 0 },
  { 30, 3, 0.7, 10, 0.8 },  { 40, 0, 1, 3, 1 },      { 40, 0, 1, 0, 0.6 },    { 40, 0, 1.5, 12,
                                                                                0.85 },
  { 500, 6, 1, 40, 0.95 },  { 500, 6, 1, 0, 0.7 },   { 500, 80, 1, 0, 0.99 }, { 500, 400, 1, 7,
                                                                                0.9999999 },
};

/* Every token is drawn about as often as it should be (within five standard deviations), and one
 * with no probability never. Random numbers are fixed by the seeds: it passes always or never. */
static void
test_distribution (void)
{
  const guint n_draws = 20000;
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  for (guint c = 0; c < G_N_ELEMENTS (draw_cases); c++)
    {
      guint n = draw_cases[c].n;
      g_autofree float *logits = g_new (float, n);
      g_autofree double *expected = g_new (double, n);
      g_autofree guint *counts = g_new0 (guint, n);
      g_autoptr (IvlSampler) self = new_sampler (draw_cases[c].temperature, draw_cases[c].top_k,
                                                 draw_cases[c].top_p, 1, c, n);

      for (guint i = 0; i < n; i++)
        logits[i] = draw_cases[c].spread > 0 ? g_rand_double_range (rand, -draw_cases[c].spread,
                                                                    draw_cases[c].spread)
                                             : g_rand_int_range (rand, -2, 3);
      slow_probabilities (logits, n, draw_cases[c].temperature, draw_cases[c].top_k,
                          draw_cases[c].top_p, expected);
      for (guint i = 0; i < n_draws; i++)
        counts[draw (self, logits, n)]++;
      for (guint i = 0; i < n; i++)
        {
          double mean = expected[i] * n_draws;
          double bound = expected[i] == 0 ? 0 : 5 * sqrt (mean * (1 - expected[i])) + 5;

          if (fabs (counts[i] - mean) > bound)
            g_test_message ("case %u token %u: %u, expected %.1f", c, i, counts[i], mean);
          g_assert_cmpfloat (fabs (counts[i] - mean), <=, bound);
        }
    }
}

static void
test_seed (void)
{
  static const float logits[] = { 0.1f, 0.5f, 0.3f, 0.2f, 0.9f, -0.4f, 0, 1 };
  g_autoptr (IvlSampler) a = new_sampler (1, 0, 0.9, 1, 5, 8);
  g_autoptr (IvlSampler) b = new_sampler (1, 0, 0.9, 1, 5, 8);
  g_autoptr (IvlSampler) c = new_sampler (1, 0, 0.9, 1, 6, 8);
  guint differences = 0;

  for (guint i = 0; i < 100; i++)
    {
      guint32 id = draw (a, logits, 8);

      g_assert_cmpuint (draw (b, logits, 8), ==, id);
      differences += draw (c, logits, 8) != id;
    }
  g_assert_cmpuint (differences, >, 40);
}

/* The size of Qwen2.5's vocabulary. The likeliest tokens stand at the end, where a wrong selection
 * loses them. */
static void
test_large (void)
{
  const guint n = 151674;
  g_autofree float *logits = g_new (float, n);
  g_autoptr (IvlSampler) self = new_sampler (1, 50, 0.9, 1, 1, n);
  gint64 start;

  for (guint i = 0; i < n; i++)
    logits[i] = -20.0f + 40.0f * i / n;
  start = g_get_monotonic_time ();
  for (guint i = 0; i < 50; i++)
    g_assert_cmpuint (draw (self, logits, n), >=, n - 50);
  g_test_message ("top-k: %.2f ms a token", (g_get_monotonic_time () - start) / 50e3);

  ivl_sampler_free (self);
  self = new_sampler (1, 0, 0.9, 1, 1, n);
  start = g_get_monotonic_time ();
  /* the top 90 % of an exponential */
  for (guint i = 0; i < 50; i++)
    g_assert_cmpuint (draw (self, logits, n), >=, n - n / 40 * log (10) - 1);
  g_test_message ("top-p: %.2f ms a token", (g_get_monotonic_time () - start) / 50e3);
}

/* Drawing among some tokens is drawing from a vocabulary of these alone. */
static void
test_among (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);

  for (guint round = 0; round < 300; round++)
    {
      float all[64], some[64];
      guint8 allowed[64];
      guint32 ids[64], id, expected;
      gsize n = 0;
      double temperature = round % 3 * 0.8;
      g_autoptr (IvlSampler) self = new_sampler (temperature, round % 7, 0.9, 1.0, round, 64);
      g_autoptr (IvlSampler) other = NULL;
      g_autoptr (GError) error = NULL;

      for (guint i = 0; i < 64; i++)
        {
          all[i] = (float) g_rand_double_range (rand, -4, 4);
          allowed[i] = g_rand_boolean (rand) || i == round % 64;
          if (!allowed[i])
            continue;
          ids[n] = i;
          some[n++] = all[i];
        }
      other = new_sampler (temperature, round % 7, 0.9, 1.0, round, n);
      expected = ids[draw (other, some, n)];
      g_assert_true (ivl_sampler_draw_among (self, all, allowed, &id, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (id, ==, expected);
    }
}

static void
test_none_allowed (void)
{
  float logits[] = { 1, 2, 3 };
  const guint8 allowed[] = { 0, 0, 0 };
  g_autoptr (IvlSampler) self = ivl_sampler_new (&greedy, 3, NULL);
  g_autoptr (GError) error = NULL;
  guint32 id;

  g_assert_false (ivl_sampler_draw_among (self, logits, allowed, &id, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sampler/greedy", test_greedy);
  g_test_add_func ("/sampler/not-finite", test_not_finite);
  g_test_add_func ("/sampler/penalty", test_penalty);
  g_test_add_func ("/sampler/extremes", test_extremes);
  g_test_add_func ("/sampler/random-numbers", test_random_numbers);
  g_test_add_func ("/sampler/distribution", test_distribution);
  g_test_add_func ("/sampler/seed", test_seed);
  g_test_add_func ("/sampler/large", test_large);
  g_test_add_func ("/sampler/among", test_among);
  g_test_add_func ("/sampler/none-allowed", test_none_allowed);
  return g_test_run ();
}
