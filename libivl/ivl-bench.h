/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-model.h>

G_BEGIN_DECLS

/**
 * IvlBenchResult:
 * @isa: instruction set in use
 * @n_threads: threads in use
 * @machine_gflops: float32 operations per second that the machine reaches, in units of 1e9
 * @machine_gbytes: bytes per second that it reads from memory, in units of 1e9
 * @tile_seconds: one tile through vision model and projector; 0 without vision
 * @tile_gflop: operations of one tile, in units of 1e9
 * @prefill_rate: prompt tokens per second; 0 without a language model
 * @token_gflop: operations of one prompt token, in units of 1e9
 * @decode_rate: answer tokens per second
 * @token_bytes: bytes of weights read for one answer token
 * @stream_rates: answer tokens per second of 1, 2, 4 and 8 conversations at once, all together,
 *   each with a short prompt
 *
 * What a benchmark measured. Each rate's share of the machine's limit follows from the pairs.
 */
typedef struct
{
  const char *isa;
  guint       n_threads;
  double      machine_gflops;
  double      machine_gbytes;
  double      tile_seconds;
  double      tile_gflop;
  double      prefill_rate;
  double      token_gflop;
  double      decode_rate;
  guint64     token_bytes;
  double      stream_rates[4];
} IvlBenchResult;

IVL_AVAILABLE_IN_ALL
gboolean ivl_bench_run (IvlModel        *model,
                        guint            n_prompt,
                        guint            n_answer,
                        guint            repeats,
                        IvlBenchResult  *result,
                        GCancellable    *cancellable,
                        GError         **error);

G_END_DECLS
