/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What stays of a conversation after a pass that was cancelled or failed, and after a prompt beyond
 * max_position: whatever is asked next is answered as by a conversation that begins with it.
 */
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "models/ivl-batch.h"
#include "models/ivl-timeline.h"
#include "ops/ivl-ops-private.h"
#include "part-model.h"
#include "temp-files.h"

/* Logits of the reference's README for float32: rows are computed in other blocks. */
#define LOGIT_LIMIT 3e-4

static char *
find_model (const char *variant)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "models", variant, NULL);
}

static IvlNetwork *
open_network (const char *path)
{
  g_autoptr (GError) error = NULL;
  IvlNetwork *network = ivl_network_open (path, &error);

  g_assert_no_error (error);
  return network;
}

/* A tile in which no two places are alike, u8 [size, size, 3] */
static GBytes *
make_tile (gsize  size,
           guint8 seed)
{
  guint8 *pixels = g_malloc (3 * size * size);

  for (gsize i = 0; i < 3 * size * size; i++)
    pixels[i] = (i / 97 * (seed + 3) + i % 3 * 50 + i / (3 * size) * 5) % 256;
  return g_bytes_new_take (pixels, 3 * size * size);
}

static IvlPrompt *
make_prompt (IvlNetwork *network,
             guint       n_pictures,
             guint       n_words)
{
  static const char *const words[] = { " a", " the", " cat", " is", " on", " red", " box", " two" };
  IvlPrompt *prompt = ivl_prompt_new (network);
  g_autoptr (GString) text = g_string_new ("Say");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n_pictures; i++)
    {
      g_autoptr (GBytes) tile = make_tile (network->config->vision.image_size, i);

      ivl_prompt_add_picture (prompt, tile, 1);
    }
  for (guint i = 0; i < n_words; i++)
    g_string_append (text, words[i * 7 % G_N_ELEMENTS (words)]);
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, text->str);
  ivl_prompt_finish (prompt, &error);
  g_assert_no_error (error);
  return prompt;
}

static gsize
count_tokens (IvlPrompt *prompt)
{
  gsize n;

  ivl_prompt_get_ids (prompt, &n);
  return n;
}

static void
read_prompt (IvlTimeline *timeline,
             IvlPrompt   *prompt,
             gsize       *n_cached)
{
  IvlTimelineCost cost = { 0 };
  g_autoptr (GError) error = NULL;

  ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, &error);
  g_assert_no_error (error);
  if (n_cached != NULL)
    *n_cached = cost.n_cached;
}

/* The timeline's logits are those that a new one has for the prompt. */
static void
assert_as_fresh (IvlNetwork  *network,
                 IvlTimeline *timeline,
                 IvlPrompt   *prompt)
{
  g_autoptr (IvlTimeline) fresh = ivl_timeline_new (network);
  const float *found = ivl_timeline_get_logits (timeline);
  const float *expected;

  read_prompt (fresh, prompt, NULL);
  expected = ivl_timeline_get_logits (fresh);
  for (gsize i = 0; i < network->config->lm.vocab_size; i++)
    g_assert_cmpfloat (fabs ((double) found[i] - expected[i]), <, LOGIT_LIMIT);
}

static void
cancel_second_pass (IvlTimelinePhase phase,
                    gsize            done,
                    gsize            total,
                    gpointer         cancellable)
{
  if (phase == IVL_TIMELINE_PREFILL && done > 0)
    g_cancellable_cancel (cancellable);
}

/* Cancelled when the first pass ended amid the tokens of a picture, and asked again: the rest of
 * the picture gets the rest of its features. */
static void
test_half_picture (void)
{
  g_autofree char *path = find_model ("qwen-300m");
  g_autoptr (IvlNetwork) network = open_network (path);
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
  g_autoptr (IvlPrompt) prompt = make_prompt (network, 3, 12);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  IvlTimelineWatcher watcher = { .progress = cancel_second_pass, .data = cancellable };
  IvlTimelineCost cost = { 0 };
  g_autoptr (GError) error = NULL;
  gsize n_pictures = 0, n_cached, n_ids;
  const guint32 *ids = ivl_prompt_get_ids (prompt, &n_ids);

  g_assert_false (ivl_timeline_prefill (timeline, prompt, &watcher, &cost, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  read_prompt (timeline, prompt, &n_cached);
  g_assert_cmpuint (n_cached, >, 0);
  for (gsize i = 0; i < n_cached; i++)
    n_pictures += ids[i] == network->image_token;
  g_assert_cmpuint (n_pictures % ivl_network_tokens_per_tile (network), !=, 0);
  assert_as_fresh (network, timeline, prompt);
}

/* Keys beyond max_position are rotated with another base: a shorter prompt that begins alike takes
 * none of them. */
static void
test_shorter (void)
{
  g_autofree char *path = find_model ("internlm-300m");
  g_autoptr (IvlNetwork) network = open_network (path);
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
  guint limit = network->config->lm.max_position;
  g_autoptr (IvlPrompt) longer = make_prompt (network, 0, 2 * limit);
  g_autoptr (IvlPrompt) shorter = make_prompt (network, 0, limit / 8);
  gsize n_cached;

  g_assert_cmpuint (count_tokens (longer), >, limit);
  g_assert_cmpuint (count_tokens (shorter), <, limit);
  read_prompt (timeline, longer, NULL);
  read_prompt (timeline, shorter, &n_cached);
  g_assert_cmpuint (n_cached, ==, 0);
  assert_as_fresh (network, timeline, shorter);
}

static void
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
}

/* A pass of two sequences that is cancelled after its first layer leaves both caches as long as
 * they were. */
static void
test_cancelled_pass (void)
{
  g_autofree char *path = find_model ("qwen-300m");
  g_autoptr (IvlNetwork) network = open_network (path);
  const IvlDecoder *decoder = &network->parts.decoder;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IvlKvCache) first = ivl_decoder_new_cache (decoder);
  g_autoptr (IvlKvCache) second = ivl_decoder_new_cache (decoder);
  const IvlDecoderPart parts[] = { { first, 3, 3 }, { second, 2, 2 } };
  static const guint32 ids[] = { 5, 6, 7, 8, 9 };
  g_autofree float *x = g_new (float, G_N_ELEMENTS (ids) * network->config->lm.hidden_size);
  g_autoptr (GError) error = NULL;

  ivl_decoder_embed (decoder, network->ops, ids, G_N_ELEMENTS (ids), x);
  g_assert_true (ivl_decoder_forward (decoder, network->ops, parts, 2, x, NULL, NULL, &error));
  ivl_ops_set_pause (network->ops, cancel, cancellable);
  ivl_decoder_embed (decoder, network->ops, ids, G_N_ELEMENTS (ids), x);
  g_assert_false (
      ivl_decoder_forward (decoder, network->ops, parts, 2, x, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (ivl_kv_cache_get_length (first), ==, 3);
  g_assert_cmpuint (ivl_kv_cache_get_length (second), ==, 2);
  ivl_ops_set_pause (network->ops, NULL, NULL);
}

/* Arithmetic that lacked memory is an error of the pass, or of the output that is made of it. */
static void
test_no_memory (void)
{
  g_autofree char *path = find_model ("qwen-300m");
  g_autoptr (IvlNetwork) network = open_network (path);
  const IvlDecoder *decoder = &network->parts.decoder;
  g_autoptr (IvlKvCache) cache = ivl_decoder_new_cache (decoder);
  const IvlDecoderPart part = { cache, 1, 1 };
  const guint n_layers = network->config->vision.n_layers;
  g_autofree float *x = g_new0 (float, network->config->lm.hidden_size);
  gsize size = network->config->vision.image_size;
  g_autofree float *pixels = g_new0 (float, 3 * size * size);
  g_autofree float *out = g_new (float, ivl_vit_n_tokens (&network->parts.vit) *
                                            network->config->vision.hidden_size);
  g_autoptr (GError) error = NULL;

  ivl_ops_note_no_memory (network->ops);
  g_assert_false (ivl_decoder_forward (decoder, network->ops, &part, 1, x, NULL, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_assert_cmpuint (ivl_kv_cache_get_length (cache), ==, 0);
  g_clear_error (&error);
  ivl_ops_note_no_memory (network->ops);
  g_assert_false (ivl_vit_forward (&network->parts.vit, network->ops, pixels, n_layers, out, NULL,
                                   NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_clear_error (&error);
  ivl_ops_note_no_memory (network->ops);
  g_assert_false (ivl_network_check_output (network, x, 1, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_assert_true (ivl_network_check_output (network, x, 1, NULL));
}

typedef struct
{
  IvlNetwork *network;
  IvlBatch   *batch;
  guint       n_layers; /* done */
} BatchTest;

/* When the last layer is done, what follows it lacks memory. */
static void
starve_end (gpointer data)
{
  BatchTest *test = data;

  if (++test->n_layers % test->network->config->lm.n_layers == 0)
    ivl_ops_note_no_memory (test->network->ops);
}

static gpointer
run_token (gpointer data)
{
  BatchTest *test = data;
  g_autoptr (IvlKvCache) cache = ivl_decoder_new_cache (&test->network->parts.decoder);
  g_autofree float *logits = g_new (float, test->network->config->lm.vocab_size);
  IvlBatchSeat seat = { 0 };
  const IvlBatchToken token = { &seat, cache, 5, logits };
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_batch_run (test->batch, &token, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_assert_cmpuint (ivl_kv_cache_get_length (cache), ==, 0);
  return NULL;
}

/* Each row of a pass that lacked memory fails: tried until two rows did share one. */
static void
test_no_memory_for_batch (void)
{
  g_autofree char *path = find_model ("qwen-300m");
  g_autoptr (IvlNetwork) network = open_network (path);
  g_autoptr (IvlBatch) batch = ivl_batch_new (network);
  BatchTest test = { network, batch, 0 };
  guint64 before, after = 0, n_tokens;
  guint n_tries = 0;

  ivl_ops_set_pause (network->ops, starve_end, &test);
  do
    {
      GThread *threads[2];

      before = after;
      g_assert_true (ivl_turns_take (network->turns, IVL_TURN_LONG, NULL, NULL));
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("row", run_token, &test);
      g_usleep (1000);
      ivl_turns_give (network->turns);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      ivl_batch_count (batch, &after, &n_tokens);
      g_assert_cmpuint (n_tokens, ==, 0);
      g_assert_cmpuint (++n_tries, <, 1000);
    }
  while (after != before + 1);
}

static void
append (IvlTimeline *timeline,
        guint32      id)
{
  g_autoptr (GError) error = NULL;

  ivl_timeline_append (timeline, id, NULL, &error);
  g_assert_no_error (error);
}

/* A token whose numbers are not finite is an error with the weight's name, and not a part of what
 * was said. */
static void
test_bad_token (void)
{
  static const char weight[] = "language_model.model.tok_embeddings.weight";
  static const guint8 not_a_number[] = { 0, 0, 0xc0, 0x7f };
  char *folder = temp_files_make_folder ();
  g_autofree char *source = find_model ("internlm-300m");
  g_autoptr (IvlNetwork) network = NULL;
  g_autoptr (IvlTimeline) timeline = NULL;
  g_autoptr (IvlTimeline) other = NULL;
  g_autoptr (IvlPrompt) prompt = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  part_model_write (folder, source, "", NULL);
  /* that of token 0 */
  part_model_fill (folder, weight, not_a_number, sizeof not_a_number, TRUE);
  network = open_network (folder);
  size = network->config->lm.vocab_size * sizeof (float);
  prompt = make_prompt (network, 0, 5);
  timeline = ivl_timeline_new (network);
  read_prompt (timeline, prompt, NULL);
  g_assert_false (ivl_timeline_append (timeline, 0, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, weight));
  append (timeline, 7);
  other = ivl_timeline_new (network);
  read_prompt (other, prompt, NULL);
  append (other, 7);
  g_assert_cmpmem (ivl_timeline_get_logits (timeline), size, ivl_timeline_get_logits (other), size);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resume/half-picture", test_half_picture);
  g_test_add_func ("/resume/shorter", test_shorter);
  g_test_add_func ("/resume/cancelled-pass", test_cancelled_pass);
  g_test_add_func ("/resume/no-memory", test_no_memory);
  g_test_add_func ("/resume/no-memory-for-batch", test_no_memory_for_batch);
  g_test_add_func ("/resume/bad-token", test_bad_token);
  return g_test_run ();
}
