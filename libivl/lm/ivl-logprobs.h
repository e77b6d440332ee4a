/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A token and the natural logarithm of its probability: its logit less the logarithm of the sum of
 * the exponentials of all logits. */
typedef struct
{
  guint32 id;
  double  logprob;
} IvlLogprob;

/* Sets *chosen's logprob for its id, and top[0..n_top - 1] to the likeliest tokens, likeliest first
 * and the lowest id of equals first. logits f32 [n], all finite. Returns how many were set in top:
 * n_top, or n if that is less. */
guint ivl_logprobs_find (const float *logits,
                         gsize        n,
                         IvlLogprob  *chosen,
                         IvlLogprob  *top,
                         guint        n_top);

G_END_DECLS
