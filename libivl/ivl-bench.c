/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public face of measuring a local model.
 */
#include <libivl/ivl-bench.h>

#include "engines/ivl-engine-local.h"
#include "models/ivl-network-bench.h"

static gboolean
check_counts (IvlNetwork  *network,
              guint        n_prompt,
              guint        n_answer,
              guint        repeats,
              GError     **error)
{
  gboolean too_long = ivl_network_has_lm (network) &&
                      (guint64) n_prompt + n_answer >= ivl_network_context_length (network);

  if (n_prompt >= 1 && n_answer >= 1 && repeats >= 1 &&
      repeats <= IVL_NETWORK_BENCH_MAX_REPEATS && !too_long)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "Prompt and answer must have a token at least and fit the context, and repeats be 1 "
               "to %d",
               IVL_NETWORK_BENCH_MAX_REPEATS);
  return FALSE;
}

/**
 * ivl_bench_run:
 * @model: a local model
 * @n_prompt: about how many prompt tokens to read, at least 1
 * @n_answer: how many answer tokens to generate, at least 1
 * @repeats: how often each measurement is made, 1 to 100; the median counts
 * @result: (out caller-allocates): what was measured
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Measures a model on random pictures and text, and the machine's limits beside it.
 *
 * Errors: %IVL_ERROR_UNSUPPORTED (the model does not run in this process),
 * %IVL_ERROR_INVALID_OPTION, and what answering reports.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_bench_run (IvlModel        *model,
               guint            n_prompt,
               guint            n_answer,
               guint            repeats,
               IvlBenchResult  *result,
               GCancellable    *cancellable,
               GError         **error)
{
  IvlNetworkBench measured;
  IvlNetwork *network;

  g_return_val_if_fail (IVL_IS_MODEL (model), FALSE);
  g_return_val_if_fail (result != NULL, FALSE);

  if (!IVL_IS_ENGINE_LOCAL (ivl_model_get_engine (model)))
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                           "Only a model on this computer can be measured");
      return FALSE;
    }
  network = ivl_engine_local_get_network (IVL_ENGINE_LOCAL (ivl_model_get_engine (model)));
  if (!check_counts (network, n_prompt, n_answer, repeats, error) ||
      !ivl_network_bench_run (network, n_prompt, n_answer, repeats, &measured, cancellable, error))
    return FALSE;
  *result = (IvlBenchResult) {
    .isa = ivl_ops_get_isa (network->ops),
    .n_threads = ivl_ops_get_n_threads (network->ops),
    .machine_gflops = measured.machine_gflops,
    .machine_gbytes = measured.machine_gbytes,
    .tile_seconds = measured.tile_seconds,
    .tile_gflop = measured.tile_gflop,
    .prefill_rate = measured.prefill_rate,
    .token_gflop = measured.token_gflop,
    .decode_rate = measured.decode_rate,
    .token_bytes = measured.token_bytes,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (result->stream_rates); i++)
    result->stream_rates[i] = measured.stream_rates[i];
  return TRUE;
}
