/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probabilities of tokens. Sums run in double: their error stays below that of the logits, which
 * are float.
 */
#include "lm/ivl-logprobs.h"

#include <math.h>
#include <string.h>

static double
log_of_sum (const float *logits,
            gsize        n)
{
  float largest = logits[0];
  double sum = 0;

  for (gsize i = 1; i < n; i++)
    largest = MAX (largest, logits[i]);
  for (gsize i = 0; i < n; i++)
    sum += exp ((double) logits[i] - largest);
  return largest + log (sum);
}

guint
ivl_logprobs_find (const float *logits,
                   gsize        n,
                   IvlLogprob  *chosen,
                   IvlLogprob  *top,
                   guint        n_top)
{
  double log_sum = log_of_sum (logits, n);
  guint n_found = 0;

  chosen->logprob = logits[chosen->id] - log_sum;
  for (gsize i = 0; i < n && n_top > 0; i++)
    {
      guint place = n_found;

      if (n_found == n_top && !(logits[i] > logits[top[n_top - 1].id]))
        continue;
      while (place > 0 && logits[i] > logits[top[place - 1].id])
        place--;
      n_found = MIN (n_found + 1, n_top);
      memmove (&top[place + 1], &top[place], (n_found - 1 - place) * sizeof *top);
      top[place].id = (guint32) i;
    }
  for (guint i = 0; i < n_found; i++)
    top[i].logprob = logits[top[i].id] - log_sum;
  return n_found;
}
