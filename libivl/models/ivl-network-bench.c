/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Times a network's three kinds of work and the machine they run on.
 */
#include "models/ivl-network-bench.h"

#include <stdlib.h>

#include "models/ivl-timeline.h"
#include "ops/ivl-machine.h"

/* Words that each of several conversations begins with, at most. */
#define SHORT_PROMPT 32

static double
seconds_since (gint64 start)
{
  return (g_get_monotonic_time () - start) / 1e6;
}

static int
compare_doubles (gconstpointer a,
                 gconstpointer b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double *values,
        guint   n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[n / 2];
}

/* Operations of one tile, a multiplication and an addition counted as two. */
static double
count_tile_gflop (const IvlNetwork *network)
{
  const IvlVisionConfig *c = &network->config->vision;
  const IvlProjector *projector = &network->parts.projector;
  double tokens = ivl_vit_n_tokens (&network->parts.vit);
  double width = c->hidden_size;
  double layer =
      tokens * (4 * width * width + 2 * width * c->intermediate_size) + 2 * tokens * tokens * width;
  double patches = (tokens - 1) * width * 3 * c->patch_size * c->patch_size;
  double rest = 0;

  if (network->tiles != NULL)
    {
      double size = ivl_projector_out_size (projector);

      rest = ivl_projector_n_tokens (projector) * (4 * width * size + size * size);
    }
  return 2e-9 * (c->n_layers * layer + patches + rest);
}

/* Numbers and bytes in the weights that every token passes; the head's bytes count for answers
 * only. */
static void
count_token_work (const IvlNetwork *network,
                  double           *gflop,
                  guint64          *bytes)
{
  const IvlDecoder *decoder = &network->parts.decoder;
  guint64 n_numbers = 0;

  *bytes = decoder->head.n_bytes;
  for (guint i = 0; i < decoder->config.n_layers; i++)
    {
      const IvlDecoderLayer *l = &decoder->layers[i];
      const IvlTensor *weights[] = { &l->qkv_w, &l->q_w,    &l->k_w,  &l->v_w,
                                     &l->out_w, &l->gate_w, &l->up_w, &l->down_w };

      for (gsize w = 0; w < G_N_ELEMENTS (weights); w++)
        {
          if (weights[w]->data == NULL)
            continue;
          n_numbers += ivl_tensor_n_elements (weights[w]);
          *bytes += weights[w]->n_bytes;
        }
    }
  *gflop = 2e-9 * n_numbers;
}

static gboolean
time_tiles (IvlNetwork    *network,
            guint          repeats,
            double        *seconds,
            GCancellable  *cancellable,
            GError       **error)
{
  gsize size = network->config->vision.image_size;
  g_autofree guint8 *pixels = g_malloc (3 * size * size);
  g_autofree float *out =
      g_new (float, MAX (network->config->vision.hidden_size,
                         ivl_network_tokens_per_tile (network) * network->config->lm.hidden_size));
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  double times[IVL_NETWORK_BENCH_MAX_REPEATS];

  for (guint i = 0; i < repeats; i++)
    {
      gint64 start;
      gboolean ok, encoded;
      IvlTileKey key;

      for (gsize p = 0; p < 3 * size * size; p++)
        pixels[p] = g_rand_int (random);
      ivl_tile_key_compute (pixels, 3 * size * size, &key);
      start = g_get_monotonic_time ();
      if (!ivl_turns_take (network->turns, IVL_TURN_LONG, cancellable, error))
        return FALSE;
      if (network->tiles != NULL)
        ok = ivl_network_encode_tile (network, pixels, &key, out, &encoded, NULL, cancellable,
                                      error);
      else
        ok = ivl_network_embed_tile (network, pixels, out, cancellable, error);
      ivl_turns_give (network->turns);
      if (!ok)
        return FALSE;
      times[i] = seconds_since (start);
    }
  *seconds = median (times, repeats);
  return TRUE;
}

static IvlPrompt *
make_prompt (IvlNetwork  *network,
             guint        n_words,
             GError     **error)
{
  g_autoptr (IvlPrompt) prompt = ivl_prompt_new (network);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n_words; i++)
    g_string_append (text, " a");
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, text->str);
  return ivl_prompt_finish (prompt, error) ? g_steal_pointer (&prompt) : NULL;
}

static gboolean
time_text (IvlNetwork      *network,
           guint            n_prompt,
           guint            n_answer,
           guint            repeats,
           IvlNetworkBench  *result,
           GCancellable    *cancellable,
           GError         **error)
{
  g_autoptr (IvlPrompt) prompt = make_prompt (network, n_prompt, error);
  double prefill[IVL_NETWORK_BENCH_MAX_REPEATS], decode[IVL_NETWORK_BENCH_MAX_REPEATS];
  const guint32 *ids;
  gsize n_ids;

  if (prompt == NULL)
    return FALSE;
  ids = ivl_prompt_get_ids (prompt, &n_ids);
  for (guint i = 0; i < repeats; i++)
    {
      g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
      IvlTimelineCost cost = { 0 };
      gint64 start;

      if (!ivl_timeline_prefill (timeline, prompt, NULL, &cost, cancellable, error))
        return FALSE;
      prefill[i] = cost.prefill_seconds / n_ids;
      start = g_get_monotonic_time ();
      for (guint t = 0; t < n_answer; t++)
        if (!ivl_timeline_append (timeline, ids[t % n_ids], cancellable, error))
          return FALSE;
      decode[i] = seconds_since (start) / n_answer;
    }
  result->prefill_rate = 1 / median (prefill, repeats);
  result->decode_rate = 1 / median (decode, repeats);
  return TRUE;
}

typedef struct
{
  IvlTimeline  *timeline; /* (owned) */
  guint         n_answer;
  guint32       id;
  GCancellable *cancellable;
  GError       *error;
} Stream;

static gpointer
run_stream (gpointer data)
{
  Stream *stream = data;

  for (guint i = 0; i < stream->n_answer; i++)
    if (!ivl_timeline_append (stream->timeline, stream->id, stream->cancellable, &stream->error))
      break;
  ivl_timeline_rest (stream->timeline);
  return NULL;
}

/* n conversations, each on a thread, from the moment that all prompts are read. */
static gboolean
time_streams (IvlNetwork    *network,
              IvlPrompt     *prompt,
              guint          n,
              guint          n_answer,
              double        *rate,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autofree Stream *streams = g_new0 (Stream, n);
  g_autofree GThread **threads = g_new0 (GThread *, n);
  gboolean ok = TRUE;
  gint64 start;

  for (guint i = 0; i < n; i++)
    {
      IvlTimelineCost cost = { 0 };

      streams[i] = (Stream) { ivl_timeline_new (network), n_answer, i, cancellable, NULL };
      ok = ok &&
           ivl_timeline_prefill (streams[i].timeline, prompt, NULL, &cost, cancellable, error);
    }
  start = g_get_monotonic_time ();
  for (guint i = 0; ok && i < n; i++)
    threads[i] = g_thread_new ("ivl-bench", run_stream, &streams[i]);
  for (guint i = 0; ok && i < n; i++)
    g_thread_join (threads[i]);
  *rate = n * n_answer / seconds_since (start);
  for (guint i = 0; i < n; i++)
    {
      ivl_timeline_free (streams[i].timeline);
      if (streams[i].error == NULL)
        continue;
      if (ok)
        g_propagate_error (error, streams[i].error);
      else
        g_error_free (streams[i].error);
      ok = FALSE;
    }
  return ok;
}

/* The numbers of conversations take turns, for a busy moment to hit none of them alone. */
static gboolean
time_all_streams (IvlNetwork       *network,
                  guint             n_prompt,
                  guint             n_answer,
                  guint             repeats,
                  IvlNetworkBench  *result,
                  GCancellable     *cancellable,
                  GError          **error)
{
  g_autoptr (IvlPrompt) prompt = make_prompt (network, MIN (n_prompt, SHORT_PROMPT), error);
  double rates[IVL_NETWORK_BENCH_N_STREAMS][IVL_NETWORK_BENCH_MAX_REPEATS];

  if (prompt == NULL)
    return FALSE;
  for (guint i = 0; i < repeats; i++)
    for (guint s = 0; s < IVL_NETWORK_BENCH_N_STREAMS; s++)
      if (!time_streams (network, prompt, 1u << s, n_answer, &rates[s][i], cancellable, error))
        return FALSE;
  for (guint s = 0; s < IVL_NETWORK_BENCH_N_STREAMS; s++)
    result->stream_rates[s] = median (rates[s], repeats);
  return TRUE;
}

gboolean
ivl_network_bench_run (IvlNetwork       *network,
                       guint             n_prompt,
                       guint             n_answer,
                       guint             repeats,
                       IvlNetworkBench  *result,
                       GCancellable     *cancellable,
                       GError          **error)
{
  *result = (IvlNetworkBench) { 0 };
  ivl_machine_measure (&result->machine_gflops, &result->machine_gbytes,
                       ivl_ops_get_n_threads (network->ops));
  if (ivl_network_has_vision (network))
    {
      result->tile_gflop = count_tile_gflop (network);
      if (!time_tiles (network, repeats, &result->tile_seconds, cancellable, error))
        return FALSE;
    }
  if (!ivl_network_has_lm (network))
    return TRUE;
  count_token_work (network, &result->token_gflop, &result->token_bytes);
  return time_text (network, n_prompt, n_answer, repeats, result, cancellable, error) &&
         time_all_streams (network, n_prompt, n_answer, repeats, result, cancellable, error);
}
