/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Endless repetition. For each period p the detector counts for how many tokens in a row each has
 * equalled the one p before it; a run of r such tokens is a block of p tokens said (r + p) / p
 * times.
 *
 * How often is endless? A wrong alarm loses the rest of an answer, a late one only time, which the
 * token limit bounds anyway: so the counts lie above what pages really say again and again.
 *  - Blocks of few different tokens are rules, dotted lines, empty or zero cells and rows of
 *    tables, base64 padding: a blank form has some twenty equal rows, and a line of dashes some
 *    hundred tokens. They need 24 rounds and 192 tokens.
 *  - Blocks with six or more different tokens are phrases. Choruses and lists say one four to six
 *    times; it takes eight rounds and 96 tokens.
 *  - Such blocks of 64 tokens or more are paragraphs: nobody writes one four times.
 * Sheets of equal labels break the last two rules; for them there is IvlOptions:detect-repetition.
 *
 * The longest period is what fits four times into twice the usual limit of 1024 tokens.
 */
#include "lm/ivl-repetition.h"

#define MAX_PERIOD 512
#define MIN_DISTINCT 6
#define PARAGRAPH 64
#define PARAGRAPH_ROUNDS 4
#define PHRASE_ROUNDS 8
#define PHRASE_TOKENS 96
#define POOR_ROUNDS 24
#define POOR_TOKENS 192

struct _IvlRepetition
{
  gsize   n_tokens;
  gsize   n_safe;
  gsize   n_kept;
  guint   period;                 /* 0 until a loop is found */
  guint32 recent[2 * MAX_PERIOD]; /* a ring of MAX_PERIOD tokens, written twice in a row */
  gsize   runs[MAX_PERIOD + 1];   /* [p]: tokens in a row that equal the one p before */
};

IvlRepetition *
ivl_repetition_new (void)
{
  return g_new0 (IvlRepetition, 1);
}

void
ivl_repetition_free (IvlRepetition *self)
{
  g_free (self);
}

/* The last tokens, oldest first: window[MAX_PERIOD - p] is the one that was pushed p pushes ago. */
static const guint32 *
get_window (IvlRepetition *self)
{
  return self->recent + self->n_tokens % MAX_PERIOD;
}

/* Whether the last `period` tokens hold at least MIN_DISTINCT different ones. */
static gboolean
is_rich (const guint32 *tokens,
         guint          period)
{
  guint32 seen[MIN_DISTINCT];
  guint n = 0;

  for (guint i = 0; i < period && n < MIN_DISTINCT; i++)
    {
      guint j = 0;

      while (j < n && seen[j] != tokens[i])
        j++;
      if (j == n)
        seen[n++] = tokens[i];
    }
  return n == MIN_DISTINCT;
}

static gsize
tokens_needed (guint period,
               gsize rounds,
               gsize tokens)
{
  return MAX (rounds * period, tokens);
}

/* Whether `length` tokens, all of them repeating each other at this period, are a loop. */
static gboolean
is_loop (const guint32 *window,
         guint          period,
         gsize          length)
{
  gsize needed = period < PARAGRAPH ? tokens_needed (period, PHRASE_ROUNDS, PHRASE_TOKENS)
                                    : tokens_needed (period, PARAGRAPH_ROUNDS, 0);

  if (length < needed)
    return FALSE;
  return length >= tokens_needed (period, POOR_ROUNDS, POOR_TOKENS) ||
         is_rich (window + MAX_PERIOD - period, period);
}

gboolean
ivl_repetition_push (IvlRepetition *self,
                     guint32        id)
{
  const guint32 *window = get_window (self);
  guint known = (guint) MIN (self->n_tokens, MAX_PERIOD);
  gsize longest = 0;

  if (self->period != 0)
    return TRUE;

  for (guint p = 1; p <= known; p++)
    {
      self->runs[p] = window[MAX_PERIOD - p] == id ? self->runs[p] + 1 : 0;
      longest = MAX (longest, self->runs[p]);
    }
  self->recent[self->n_tokens % MAX_PERIOD] = id;
  self->recent[self->n_tokens % MAX_PERIOD + MAX_PERIOD] = id;
  self->n_tokens++;
  self->n_safe = self->n_tokens - longest;
  self->n_kept = self->n_tokens;

  window = get_window (self);
  for (guint p = 1; p <= known; p++)
    {
      if (self->runs[p] == 0 || !is_loop (window, p, self->runs[p] + p))
        continue;
      self->period = p;
      self->n_kept = self->n_tokens - self->runs[p];
      return TRUE;
    }
  return FALSE;
}

gsize
ivl_repetition_get_n_kept (IvlRepetition *self)
{
  return self->n_kept;
}

gsize
ivl_repetition_get_n_safe (IvlRepetition *self)
{
  return self->n_safe;
}

guint
ivl_repetition_get_period (IvlRepetition *self)
{
  return self->period;
}
