/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "lm/ivl-kv-cache.h"
#include "models/ivl-network.h"

G_BEGIN_DECLS

/* Joins the next tokens of a network's conversations into one pass over the weights. Callers stay
 * on their own threads: one of those that wait does the pass for all. It waits a little for
 * conversations that took part in the pass before and have not come back yet, at most a quarter of
 * that pass's time, so whoever is slow or gone is left behind. A token's logits do not depend on
 * who else is in its pass, and cancelling one caller leaves the others alone. */

/* A conversation's place among those that are waited for; zeroed at first. */
typedef struct
{
  guint64 pass; /* number of the last pass it took part in; 0: not waited for */
} IvlBatchSeat;

typedef struct
{
  IvlBatchSeat *seat;
  IvlKvCache   *cache;  /* gets the token's row */
  guint32       id;
  float        *logits; /* [vocab]: behind the token */
} IvlBatchToken;

IvlBatch *ivl_batch_new (IvlNetwork *network);
void      ivl_batch_free (IvlBatch *self);
/* Runs one token. On failure the cache's length is as before, and logits are undefined. */
gboolean  ivl_batch_run (IvlBatch             *self,
                         const IvlBatchToken  *token,
                         GCancellable         *cancellable,
                         GError              **error);
/* Nobody is to wait for that conversation any more: its answer has ended. */
void      ivl_batch_leave (IvlBatch     *self,
                           IvlBatchSeat *seat);
/* Passes made so far, and tokens in all of them. */
void      ivl_batch_count (IvlBatch *self,
                           guint64  *n_passes,
                           guint64  *n_tokens);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlBatch, ivl_batch_free)

G_END_DECLS
