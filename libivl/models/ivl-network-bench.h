/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "models/ivl-network.h"

G_BEGIN_DECLS

#define IVL_NETWORK_BENCH_MAX_REPEATS 100

/* 1, 2, 4 and 8 conversations at once */
#define IVL_NETWORK_BENCH_N_STREAMS 4

typedef struct
{
  double  machine_gflops; /* float32 operations per second that the machine reaches, in 1e9 */
  double  machine_gbytes; /* bytes per second that it reads from memory, in 1e9 */
  double  tile_seconds;   /* one tile through vision model and projector */
  double  tile_gflop;     /* operations of that, in 1e9 */
  double  prefill_rate;   /* prompt tokens per second */
  double  token_gflop;    /* operations of one prompt token, in 1e9 */
  double  decode_rate;    /* answer tokens per second */
  guint64 token_bytes;    /* bytes of weights read for one answer token */
  /* answer tokens per second of 2^i conversations together, each with a short prompt */
  double  stream_rates[IVL_NETWORK_BENCH_N_STREAMS];
} IvlNetworkBench;

/* Measures what the network has: the machine, a tile of noise, n_prompt words and n_answer
 * tokens, each `repeats` times (at most IVL_NETWORK_BENCH_MAX_REPEATS); medians count. */
gboolean ivl_network_bench_run (IvlNetwork       *network,
                                guint             n_prompt,
                                guint             n_answer,
                                guint             repeats,
                                IvlNetworkBench  *result,
                                GCancellable     *cancellable,
                                GError          **error);

G_END_DECLS
