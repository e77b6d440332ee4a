/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sampling: repetition penalty, temperature, top-k, top-p, in this order and with the meaning that
 * transformers' logits processors give them, then one draw. Linear in the vocabulary: the limits of
 * top-k and top-p are found by counting the logits' bits (a radix selection), never by sorting.
 *
 * Equal logits and an equal seed give equal tokens on every machine: random numbers, exponentials
 * and the order of all sums are fixed here (and the file is built without fused multiply-add, see
 * meson.build).
 */
#include "lm/ivl-sampler.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <libivl/ivl-error.h>

/* Radix selection looks at 32 bits in three digits. */
#define DIGIT_BITS 11
#define N_BINS (1 << DIGIT_BITS)

struct _IvlSampler
{
  IvlSamplerOptions options;
  gsize             n_vocab;
  guint64           random_state;
  guint8           *is_seen; /* [n_vocab] */
  guint32          *seen;    /* [n_vocab], the first n_seen are distinct ids in the text */
  gsize             n_seen;
  guint32          *ids;     /* [n_vocab] candidates, ascending; NULL when greedy. Their
                              * logits move to the front of the caller's array with them. */
  double           *weights; /* [n_vocab] of the candidates; NULL when greedy */
  double            bins[N_BINS];
};

/* PCG32 (M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms
 * for Random Number Generation", 2014), variant XSH-RR, stream 54 as in the paper's demonstration.
 * */
static guint32
next_random (IvlSampler *self)
{
  guint64 old = self->random_state;
  guint32 shifted = (guint32) (((old >> 18) ^ old) >> 27);
  guint32 turn = (guint32) (old >> 59);

  self->random_state = old * G_GUINT64_CONSTANT (6364136223846793005) + (54 * 2 + 1);
  return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

static void
seed_random (IvlSampler *self,
             guint64     seed)
{
  self->random_state = 0;
  next_random (self);
  self->random_state += seed;
  next_random (self);
}

/* Uniform in [0, 1), all 53 bits of a double. */
static double
next_fraction (IvlSampler *self)
{
  double high = next_random (self) >> 5;
  double low = next_random (self) >> 6;

  return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* e^x for x <= 0 from the four operations alone, which IEEE 754 defines to the bit; libm's exp
 * differs between libraries and processors. Relative error below 1e-11, where float32 logits leave
 * 1e-6. Under e^-60 it is 0: even a million such tokens together are less than the rounding of the
 * sum. */
static double
exp_portable (double x)
{
  /* ln 2 in two parts, the first short enough for an exact product */
  const double log2_high = 0x1.62e42feep-1;
  const double log2_low = 0x1.a39ef35793c76p-33;
  static const double inverse[] = { 1.0 / 9, 1.0 / 8, 1.0 / 7, 1.0 / 6, 1.0 / 5,
                                    1.0 / 4, 1.0 / 3, 1.0 / 2, 1.0 };
  double sum = 1.0;
  double rest, scale;
  guint64 bits;
  int power;

  if (!(x >= -60.0))
    return 0.0;
  power = (int) (x * 1.4426950408889634 - 0.5);
  rest = (x - power * log2_high) - power * log2_low;
  /* |rest| <= ln 2 / 2: the first term left out is below 1e-11 */
  for (gsize i = 0; i < G_N_ELEMENTS (inverse); i++)
    sum = 1.0 + rest * sum * inverse[i];
  bits = (guint64) (1023 + power) << 52; /* 2^power */
  memcpy (&scale, &bits, sizeof scale);
  return sum * scale;
}

IvlSampler *
ivl_sampler_new (const IvlSamplerOptions *options,
                 gsize                    n_vocab,
                 GError                 **error)
{
  g_autoptr (IvlSampler) self = g_new0 (IvlSampler, 1);
  gboolean draws = options->temperature > 0;

  self->options = *options;
  self->n_vocab = n_vocab;
  self->is_seen = g_try_malloc0 (n_vocab);
  self->seen = g_try_malloc_n (n_vocab, sizeof (guint32));
  self->ids = draws ? g_try_malloc_n (n_vocab, sizeof (guint32)) : NULL;
  self->weights = draws ? g_try_malloc_n (n_vocab, sizeof (double)) : NULL;
  if (self->is_seen == NULL || self->seen == NULL ||
      (draws && (self->ids == NULL || self->weights == NULL)))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for choosing among %" G_GSIZE_FORMAT " tokens", n_vocab);
      return NULL;
    }
  seed_random (self, options->seed);
  return g_steal_pointer (&self);
}

void
ivl_sampler_free (IvlSampler *self)
{
  g_free (self->is_seen);
  g_free (self->seen);
  g_free (self->ids);
  g_free (self->weights);
  g_free (self);
}

void
ivl_sampler_accept (IvlSampler    *self,
                    const guint32 *ids,
                    gsize          n)
{
  for (gsize i = 0; i < n; i++)
    {
      if (ids[i] >= self->n_vocab || self->is_seen[ids[i]])
        continue;
      self->is_seen[ids[i]] = TRUE;
      self->seen[self->n_seen++] = ids[i];
    }
}

static void
penalise_seen (IvlSampler *self,
               float      *logits)
{
  double penalty = self->options.repetition_penalty;

  if (penalty == 1.0)
    return;
  for (gsize i = 0; i < self->n_seen; i++)
    {
      float *logit = &logits[self->seen[i]];
      double changed = *logit > 0 ? *logit / penalty : *logit * penalty;

      *logit = (float) CLAMP (changed, -FLT_MAX, FLT_MAX);
    }
}

static gboolean
check_finite (const float *logits,
              gsize        n,
              GError     **error)
{
  for (gsize i = 0; i < n; i++)
    if (!isfinite (logits[i]))
      {
        g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                             "The model's output is not finite: its weights are damaged");
        return FALSE;
      }
  return TRUE;
}

/* Position of the largest logit that is allowed (NULL: all are), the first of equals; n when there
 * is none. */
static gsize
find_largest (const float  *logits,
              const guint8 *allowed,
              gsize         n)
{
  gsize largest = n;

  for (gsize i = 0; i < n; i++)
    if ((allowed == NULL || allowed[i]) && (largest == n || logits[i] > logits[largest]))
      largest = i;
  return largest;
}

/* Lists the candidates, ascending, and moves their logits to the front. Returns how many. */
static gsize
list_candidates (IvlSampler   *self,
                 float        *logits,
                 const guint8 *allowed)
{
  gsize n = 0;

  for (gsize i = 0; i < self->n_vocab; i++)
    {
      if (allowed != NULL && !allowed[i])
        continue;
      logits[n] = logits[i];
      self->ids[n++] = (guint32) i;
    }
  return n;
}

/* Bits of a float in an order that grows with its value. Both zeros are the same. */
static guint32
to_ordered (float value)
{
  guint32 bits;

  value += 0.0f;
  memcpy (&bits, &value, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* The lowest logit (as ordered bits) that is still needed so that all candidates from the largest
 * down to it weigh at least `target`. A candidate weighs 1 while there are no weights. *above
 * becomes what those larger than it weigh. One digit of the bits at a time: sum the weights for
 * each of its values, go down from the largest until there is enough, and look only into that value
 * at the next digit. */
static guint32
select_lowest (IvlSampler  *self,
               const float *logits,
               gsize        n,
               gboolean     weighted,
               double       target,
               double      *above)
{
  guint32 prefix = 0;
  guint32 mask = 0;

  *above = 0;
  for (int shift = 32 - DIGIT_BITS; mask != G_MAXUINT32; shift = MAX (shift - DIGIT_BITS, 0))
    {
      int bin = N_BINS - 1;
      int last = 0;

      memset (self->bins, 0, sizeof self->bins);
      for (gsize i = 0; i < n; i++)
        {
          guint32 bits = to_ordered (logits[i]);

          if ((bits & mask) == prefix)
            self->bins[(bits & ~mask) >> shift] += weighted ? self->weights[i] : 1.0;
        }
      /* Sums in another order may miss the target by a rounding: then it is the last value there
       * is. */
      for (; bin >= 0; bin--)
        {
          if (self->bins[bin] <= 0)
            continue;
          last = bin;
          if (*above + self->bins[bin] >= target)
            break;
          *above += self->bins[bin];
        }
      if (bin < 0)
        *above -= self->bins[last];
      prefix |= (guint32) last << shift;
      mask = shift == 0 ? G_MAXUINT32 : G_MAXUINT32 << shift;
    }
  return prefix;
}

/* Keeps the candidates that are not below the k-th largest (more than k if there are equals, as in
 * transformers). */
static gsize
keep_top_k (IvlSampler *self,
            float      *logits,
            gsize       n)
{
  double above;
  guint32 lowest;
  gsize kept = 0;

  if (self->options.top_k == 0 || self->options.top_k >= n)
    return n;
  lowest = select_lowest (self, logits, n, FALSE, self->options.top_k, &above);
  for (gsize i = 0; i < n; i++)
    {
      if (to_ordered (logits[i]) < lowest)
        continue;
      self->ids[kept] = self->ids[i];
      logits[kept++] = logits[i];
    }
  return kept;
}

/* Keeps the smallest set of the likeliest candidates that weighs at least p of `total`, never
 * nothing; among equals the lowest ids go first. *total becomes what they weigh. */
static gsize
keep_top_p (IvlSampler  *self,
            const float *logits,
            gsize        n,
            double      *total)
{
  double target = MAX (self->options.top_p * *total, DBL_MIN);
  double sum = 0;
  double reached;
  guint32 lowest;
  gsize kept = 0;

  if (self->options.top_p >= 1.0)
    return n;
  lowest = select_lowest (self, logits, n, TRUE, target, &reached);
  for (gsize i = 0; i < n; i++)
    {
      guint32 bits = to_ordered (logits[i]);

      if (bits < lowest || (bits == lowest && reached >= target))
        continue;
      if (bits == lowest)
        reached += self->weights[i];
      self->ids[kept] = self->ids[i];
      self->weights[kept++] = self->weights[i];
      sum += self->weights[kept - 1];
    }
  *total = sum;
  return kept;
}

static guint32
draw_candidate (IvlSampler   *self,
                float        *logits,
                const guint8 *allowed,
                float         largest)
{
  double total = 0;
  double passed = 0;
  double point;
  guint32 drawn = 0;
  gsize n = list_candidates (self, logits, allowed);

  n = keep_top_k (self, logits, n);
  for (gsize i = 0; i < n; i++)
    {
      self->weights[i] = exp_portable (((double) logits[i] - largest) / self->options.temperature);
      total += self->weights[i];
    }
  n = keep_top_p (self, logits, n, &total);

  point = next_fraction (self) * total;
  for (gsize i = 0; i < n; i++)
    {
      if (self->weights[i] <= 0)
        continue;
      drawn = self->ids[i];
      passed += self->weights[i];
      if (passed > point)
        break;
    }
  return drawn;
}

gboolean
ivl_sampler_draw_among (IvlSampler   *self,
                        float        *logits,
                        const guint8 *allowed,
                        guint32      *id,
                        GError      **error)
{
  gsize largest;

  if (!check_finite (logits, self->n_vocab, error))
    return FALSE;
  penalise_seen (self, logits);
  largest = find_largest (logits, allowed, self->n_vocab);
  if (largest >= self->n_vocab)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                           "The vocabulary has no token that the answer can go on with");
      return FALSE;
    }
  *id = self->ids == NULL ? (guint32) largest
                          : draw_candidate (self, logits, allowed, logits[largest]);
  ivl_sampler_accept (self, id, 1);
  return TRUE;
}

gboolean
ivl_sampler_draw (IvlSampler *self,
                  float      *logits,
                  guint32    *id,
                  GError    **error)
{
  return ivl_sampler_draw_among (self, logits, NULL, id, error);
}
