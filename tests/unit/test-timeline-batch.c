/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Several conversations on one network at once: what each one says is bit for bit what it says
 * alone, whoever else is there, comes late, is cancelled or stops calling. And states that are kept
 * for others: what is found, what it saves, what is let go.
 */
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "kernels/ivl-kernels.h"
#include "models/ivl-batch.h"
#include "models/ivl-timeline.h"

#define N_ANSWER 24
#define MAX_TALKS 8

/* Logits of the reference's README for float32. */
#define LOGIT_LIMIT 3e-4

static IvlNetwork *
open_network (const char *variant)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "models", variant, NULL);
  g_autoptr (GError) error = NULL;
  IvlNetwork *network = ivl_network_open (path, &error);

  g_assert_no_error (error);
  return network;
}

/* A prompt of n_words words, different for each seed from its first word on; with a picture of
 * one tile of that colour where the colour is not 0. */
static IvlPrompt *
make_prompt (IvlNetwork *network,
             guint       seed,
             guint       n_words,
             guint8      colour)
{
  static const char *const words[] = { " a", " the", " cat", " is", " on", " red", " box", " two" };
  IvlPrompt *prompt = ivl_prompt_new (network);
  g_autoptr (GString) text = g_string_new (words[seed % G_N_ELEMENTS (words)]);
  g_autoptr (GError) error = NULL;

  if (colour != 0)
    {
      gsize size = network->config->vision.image_size, n_bytes = 3 * size * size;
      guint8 *pixels = g_malloc (n_bytes);
      g_autoptr (GBytes) tile = NULL;

      memset (pixels, colour, n_bytes);
      tile = g_bytes_new_take (pixels, n_bytes);
      ivl_prompt_add_picture (prompt, tile, 1);
    }
  for (guint i = 1; i < n_words; i++)
    g_string_append (text, words[(i * 7 + seed * i / 3) % G_N_ELEMENTS (words)]);
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, text->str);
  ivl_prompt_finish (prompt, &error);
  g_assert_no_error (error);
  return prompt;
}

/* Most words that make a prompt of fewer than n tokens. */
static guint
fit_words (IvlNetwork *network,
           guint       seed,
           gsize       n)
{
  for (guint n_words = n; n_words > 1; n_words--)
    {
      g_autoptr (IvlPrompt) prompt = make_prompt (network, seed, n_words, 0);
      gsize n_ids;

      ivl_prompt_get_ids (prompt, &n_ids);
      if (n_ids < n)
        return n_words;
    }
  g_assert_not_reached ();
}

/* Where conversations meet between prompt and answer, so that they do share passes. */
typedef struct
{
  GMutex   mutex;
  GCond    cond;
  guint    n_ready;
  gboolean is_open;
} Gate;

static void
gate_pass (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->n_ready++;
  g_cond_broadcast (&gate->cond);
  while (!gate->is_open)
    g_cond_wait (&gate->cond, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

static void
gate_wait (Gate  *gate,
           guint  n)
{
  g_mutex_lock (&gate->mutex);
  while (gate->n_ready < n)
    g_cond_wait (&gate->cond, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

static void
gate_open (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->is_open = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->mutex);
}

/* One conversation: a prompt, a greedy answer, and all logits on the way. */
typedef struct
{
  IvlNetwork   *network;
  guint         seed, n_words;
  guint8        colour;
  guint         n_answer;
  guint         cancel_at;   /* fires its cancellable before that token; 0: never */
  gboolean      vanishes;    /* ends without a word after 3 tokens */
  gulong        think;       /* microseconds between two tokens */
  GCancellable *cancellable; /* (nullable) */
  Gate         *gate;        /* (nullable) */

  gsize   n_prompt;
  guint32 ids[N_ANSWER];
  float  *logits;            /* [n_answer + 1, vocab] */
  guint   n_done;
  IvlTimelineCost cost;
  GError *error;
} Talk;

static void
talk_init (Talk       *talk,
           IvlNetwork *network,
           guint       index)
{
  /* one-token prompts' lengths, several passes and all between */
  static const guint lengths[MAX_TALKS] = { 5, 40, 1, 130, 17, 64, 9, 33 };

  *talk = (Talk) { .network = network, .seed = index, .n_words = lengths[index],
                   .n_answer = N_ANSWER };
  talk->logits = g_new0 (float, (N_ANSWER + 1) * network->config->lm.vocab_size);
}

static void
talk_clear (Talk *talk)
{
  g_free (talk->logits);
  g_clear_error (&talk->error);
  g_clear_object (&talk->cancellable);
}

static guint32
find_best (const float *logits,
           gsize        n)
{
  guint32 best = 0;

  for (gsize i = 1; i < n; i++)
    if (logits[i] > logits[best])
      best = i;
  return best;
}

static gpointer
run_talk (gpointer data)
{
  Talk *talk = data;
  gsize vocab = talk->network->config->lm.vocab_size;
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (talk->network);
  g_autoptr (IvlPrompt) prompt =
      make_prompt (talk->network, talk->seed, talk->n_words, talk->colour);

  ivl_prompt_get_ids (prompt, &talk->n_prompt);
  if (!ivl_timeline_prefill (timeline, prompt, NULL, &talk->cost, talk->cancellable, &talk->error))
    return NULL;
  memcpy (talk->logits, ivl_timeline_get_logits (timeline), vocab * sizeof (float));
  if (talk->gate != NULL)
    gate_pass (talk->gate);
  for (guint i = 0; i < talk->n_answer; i++)
    {
      if (talk->vanishes && i == 3)
        {
          g_usleep (300000);
          break;
        }
      if (talk->cancel_at != 0 && i == talk->cancel_at)
        g_cancellable_cancel (talk->cancellable);
      if (talk->think != 0)
        g_usleep (talk->think);
      talk->ids[i] = find_best (ivl_timeline_get_logits (timeline), vocab);
      /* the caller may change them */
      memset (ivl_timeline_get_logits (timeline), 0, sizeof (float));
      if (!ivl_timeline_append (timeline, talk->ids[i], talk->cancellable, &talk->error))
        break;
      memcpy (talk->logits + (i + 1) * vocab, ivl_timeline_get_logits (timeline),
              vocab * sizeof (float));
      talk->n_done++;
    }
  return NULL;
}

static void
run_together (Talk  *talks,
              guint  n)
{
  GThread *threads[MAX_TALKS];

  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("talk", run_talk, &talks[i]);
  if (talks[0].gate != NULL)
    {
      /* the turn is held until they have queued up */
      gate_wait (talks[0].gate, n);
      g_assert_true (ivl_turns_take (talks[0].network->turns, IVL_TURN_LONG, NULL, NULL));
      gate_open (talks[0].gate);
      g_usleep (50000);
      ivl_turns_give (talks[0].network->turns);
    }
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
}

static void
assert_same (const Talk *found,
             const Talk *alone,
             guint       n_done)
{
  gsize vocab = found->network->config->lm.vocab_size;

  g_assert_no_error (alone->error);
  g_assert_cmpuint (found->n_done, ==, n_done);
  g_assert_cmpmem (found->ids, n_done * sizeof (guint32), alone->ids, n_done * sizeof (guint32));
  g_assert_true (memcmp (found->logits, alone->logits, (n_done + 1) * vocab * sizeof (float)) ==
                 0);
}

typedef struct
{
  const char *variant;
  const char *isa;
} Case;

/* Each conversation alone, then 1, 3 and 8 of them at once; some with pictures. */
static void
test_together (gconstpointer data)
{
  static const guint numbers[] = { 1, 3, 8 };
  const Case *c = data;
  g_autoptr (IvlNetwork) network = NULL;
  Talk alone[MAX_TALKS];

  g_setenv ("IVL_ISA", c->isa, TRUE);
  network = open_network (c->variant);
  if (!g_str_equal (ivl_ops_get_isa (network->ops), c->isa))
    {
      g_test_skip ("this processor lacks it");
      return;
    }
  for (guint i = 0; i < MAX_TALKS; i++)
    {
      talk_init (&alone[i], network, i);
      alone[i].colour = i % 4 == 1 ? 50 + i : 0;
      run_talk (&alone[i]);
    }
  for (guint k = 0; k < G_N_ELEMENTS (numbers); k++)
    {
      Talk talks[MAX_TALKS];
      guint64 passes, tokens, passes_before, tokens_before;
      Gate gate = { 0 };

      ivl_batch_count (network->batch, &passes_before, &tokens_before);
      for (guint i = 0; i < numbers[k]; i++)
        {
          talk_init (&talks[i], network, i);
          talks[i].colour = alone[i].colour;
          talks[i].gate = &gate;
        }
      run_together (talks, numbers[k]);
      for (guint i = 0; i < numbers[k]; i++)
        {
          g_assert_no_error (talks[i].error);
          assert_same (&talks[i], &alone[i], N_ANSWER);
          talk_clear (&talks[i]);
        }
      ivl_batch_count (network->batch, &passes, &tokens);
      g_assert_cmpuint (tokens - tokens_before, ==, numbers[k] * N_ANSWER);
      g_test_message ("%u conversations: %u passes for %u tokens", numbers[k],
                      (guint) (passes - passes_before), (guint) (tokens - tokens_before));
      g_assert_true (numbers[k] == 1 || passes - passes_before < tokens - tokens_before);
    }
  for (guint i = 0; i < MAX_TALKS; i++)
    talk_clear (&alone[i]);
  g_unsetenv ("IVL_ISA");
}

/* Three of six are cancelled at different tokens, by themselves or while they wait, and one of the
 * others stops calling: the rest goes on unharmed. */
static void
test_cancel (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  Talk alone[6], talks[6];

  for (guint i = 0; i < 6; i++)
    {
      talk_init (&alone[i], network, i);
      run_talk (&alone[i]);
    }
  for (guint round = 0; round < 10; round++)
    {
      for (guint i = 0; i < 6; i++)
        {
          talk_init (&talks[i], network, i);
          talks[i].think = (i * 37 + round * 91) % 300;
          if (i % 2 == 0)
            {
              talks[i].cancellable = g_cancellable_new ();
              talks[i].cancel_at = 1 + (i * 5 + round) % (N_ANSWER - 1);
            }
        }
      talks[5].vanishes = round == 0;
      run_together (talks, 6);
      for (guint i = 0; i < 6; i++)
        {
          if (talks[i].cancellable != NULL)
            g_assert_error (talks[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          else
            g_assert_no_error (talks[i].error);
          assert_same (&talks[i], &alone[i],
                       talks[i].vanishes              ? 3
                       : talks[i].cancellable != NULL ? talks[i].cancel_at
                                                      : N_ANSWER);
          talk_clear (&talks[i]);
        }
    }
  for (guint i = 0; i < 6; i++)
    talk_clear (&alone[i]);
}

/* Cancelled from outside at any moment; a timeline can be used again after that. */
static void
test_cancel_outside (void)
{
  g_autoptr (IvlNetwork) network = open_network ("internlm-300m");
  Talk alone, other_alone;

  talk_init (&alone, network, 3);
  run_talk (&alone);
  talk_init (&other_alone, network, 1);
  other_alone.colour = 77;
  run_talk (&other_alone);
  for (guint round = 0; round < 20; round++)
    {
      Talk victim, other;
      GThread *threads[2];

      talk_init (&victim, network, 1);
      victim.colour = 77;
      victim.cancellable = g_cancellable_new ();
      talk_init (&other, network, 3);
      threads[0] = g_thread_new (NULL, run_talk, &victim);
      threads[1] = g_thread_new (NULL, run_talk, &other);
      g_usleep (round * 700);
      g_cancellable_cancel (victim.cancellable);
      g_thread_join (threads[0]);
      g_thread_join (threads[1]);
      g_assert_no_error (other.error);
      assert_same (&other, &alone, N_ANSWER);
      if (victim.error != NULL)
        g_assert_error (victim.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        assert_same (&victim, &other_alone, N_ANSWER);
      talk_clear (&victim);
      talk_clear (&other);
    }
  talk_clear (&alone);
  talk_clear (&other_alone);
}

static void
cancel_two (gpointer data)
{
  Talk *talks = data;

  g_cancellable_cancel (talks[0].cancellable);
  g_cancellable_cancel (talks[1].cancellable);
}

/* Two of three are cancelled after the first layer of the pass that all three are in: the pass is
 * finished for all, and the two stop after it. */
static void
test_cancel_inside (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  Talk alone[3];

  for (guint i = 0; i < 3; i++)
    {
      talk_init (&alone[i], network, i);
      run_talk (&alone[i]);
    }
  for (guint round = 0; round < 8; round++)
    {
      Talk talks[3];
      GThread *threads[3];
      Gate gate = { 0 };

      for (guint i = 0; i < 3; i++)
        {
          talk_init (&talks[i], network, i);
          talks[i].cancellable = g_cancellable_new ();
          talks[i].gate = &gate;
          threads[i] = g_thread_new ("talk", run_talk, &talks[i]);
        }
      gate_wait (&gate, 3);
      g_assert_true (ivl_turns_take (network->turns, IVL_TURN_LONG, NULL, NULL));
      ivl_ops_set_pause (network->ops, cancel_two, talks);
      gate_open (&gate);
      g_usleep (50000);
      ivl_turns_give (network->turns);
      for (guint i = 0; i < 3; i++)
        g_thread_join (threads[i]);
      ivl_ops_set_pause (network->ops, NULL, NULL);
      for (guint i = 0; i < 3; i++)
        {
          if (i < 2)
            g_assert_error (talks[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          else
            g_assert_no_error (talks[i].error);
          assert_same (&talks[i], &alone[i], i < 2 ? 1 : N_ANSWER);
          talk_clear (&talks[i]);
        }
    }
  for (guint i = 0; i < 3; i++)
    talk_clear (&alone[i]);
}

/* Rows beyond max_position have rotary bases of their own, and share passes with others. */
static void
test_long (void)
{
  g_autoptr (IvlNetwork) network = open_network ("internlm-300m");
  guint limit = network->config->lm.max_position;
  Talk alone[3], talks[3];
  Gate gate = { 0 };

  for (guint i = 0; i < 3; i++)
    {
      talk_init (&alone[i], network, i);
      /* the first answer crosses the limit */
      alone[i].n_words = i == 0   ? fit_words (network, i, limit - 2)
                         : i == 1 ? fit_words (network, i, limit + 40)
                                  : 20;
      run_talk (&alone[i]);
      talk_init (&talks[i], network, i);
      talks[i].n_words = alone[i].n_words;
      talks[i].gate = &gate;
    }
  run_together (talks, 3);
  g_assert_cmpuint (talks[0].n_prompt, <, limit);
  g_assert_cmpuint (talks[0].n_prompt + N_ANSWER, >, limit);
  g_assert_cmpuint (talks[1].n_prompt, >, limit);
  for (guint i = 0; i < 3; i++)
    {
      assert_same (&talks[i], &alone[i], N_ANSWER);
      talk_clear (&alone[i]);
      talk_clear (&talks[i]);
    }
}

/* One token at a time, with the store on: n_cached tells what was found. */
static void
ask (IvlNetwork *network,
     Talk       *talk,
     guint       seed,
     guint       n_words,
     guint8      colour,
     guint       n_answer)
{
  talk_init (talk, network, 0);
  talk->seed = seed;
  talk->n_words = n_words;
  talk->colour = colour;
  talk->n_answer = n_answer;
  run_talk (talk);
  g_assert_no_error (talk->error);
}

static void
assert_near (const Talk *found,
             const Talk *expected)
{
  gsize n = (found->n_answer + 1) * found->network->config->lm.vocab_size;

  g_assert_cmpmem (found->ids, sizeof found->ids, expected->ids, sizeof expected->ids);
  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (fabs ((double) found->logits[i] - expected->logits[i]), <, LOGIT_LIMIT);
}

static void
test_store_off (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  Talk first, second;

  ask (network, &first, 1, 60, 0, 4);
  ask (network, &second, 1, 60, 0, 4);
  g_assert_cmpuint (second.cost.n_cached, ==, 0);
  g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), ==, 0);
  talk_clear (&first);
  talk_clear (&second);
}

static void
test_store_hits (gconstpointer data)
{
  g_autoptr (IvlNetwork) network = open_network (data);
  Talk fresh, first, again, longer, longer_fresh, other;

  ask (network, &fresh, 1, 60, 90, 8);
  ask (network, &longer_fresh, 1, 100, 90, 8);
  ivl_prefix_store_set_limit (network->prefixes, 1 << 30);
  ask (network, &first, 1, 60, 90, 8);
  g_assert_cmpuint (first.cost.n_cached, ==, 0);
  assert_same (&first, &fresh, 8);

  /* the same prompt: nothing is computed, and the logits are the same ones */
  ask (network, &again, 1, 60, 90, 8);
  g_assert_cmpuint (again.cost.n_cached, ==, again.n_prompt);
  g_assert_cmpuint (again.cost.n_tiles_encoded, ==, 0);
  assert_same (&again, &fresh, 8);

  /* the same beginning: only what follows is computed, to rounding */
  ask (network, &longer, 1, 100, 90, 8);
  g_assert_cmpuint (longer.cost.n_cached, >=, first.n_prompt - 1);
  g_assert_cmpuint (longer.cost.n_cached, <, longer.n_prompt);
  g_assert_cmpuint (longer.cost.n_tiles_encoded, ==, 0);
  assert_near (&longer, &longer_fresh);

  /* another picture: what stands before it */
  ask (network, &other, 1, 60, 91, 8);
  g_assert_cmpuint (other.cost.n_cached, <, 4);
  g_assert_cmpuint (other.cost.n_tiles_encoded, ==, 1);
  talk_clear (&fresh);
  talk_clear (&first);
  talk_clear (&again);
  talk_clear (&longer);
  talk_clear (&longer_fresh);
  talk_clear (&other);
  ivl_prefix_store_set_limit (network->prefixes, 0);
  g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), ==, 0);
}

/* A conversation that ended is there with its answer. */
static void
test_store_answer (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  g_autoptr (IvlPrefix) found = NULL;
  g_autoptr (IvlPrompt) prompt = make_prompt (network, 2, 30, 0);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  IvlPrefixKey key = { 0 };
  gsize n_ids, n_common;
  Talk talk;

  ivl_prefix_store_set_limit (network->prefixes, 1 << 30);
  ask (network, &talk, 2, 30, 0, 10);
  g_array_append_vals (ids, ivl_prompt_get_ids (prompt, &n_ids), talk.n_prompt);
  g_array_append_vals (ids, talk.ids, 10);
  key.ids = (const guint32 *) ids->data;
  key.n_ids = ids->len;
  found = ivl_prefix_store_begin (network->prefixes, &key, 0, &n_common, NULL);
  ivl_prefix_store_end (network->prefixes, &key);
  g_assert_nonnull (found);
  g_assert_cmpuint (n_common, ==, talk.n_prompt + 10);
  /* the prompt's logits went over to the longer state, which replaced it */
  g_assert_nonnull (ivl_prefix_get_logits (found, talk.n_prompt));
  g_assert_null (ivl_prefix_get_logits (found, talk.n_prompt + 10));
  talk_clear (&talk);
}

/* The limit holds, the least recently used goes first, and what is too large is not kept. */
static void
test_store_eviction (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  guint64 one;
  Talk talk;

  ivl_prefix_store_set_limit (network->prefixes, 1 << 30);
  ask (network, &talk, 0, 200, 0, 0);
  one = ivl_prefix_store_get_n_bytes (network->prefixes);
  g_assert_cmpuint (one, >, talk.n_prompt * 3 * 2 * 32 * sizeof (float));
  talk_clear (&talk);

  ivl_prefix_store_set_limit (network->prefixes, one * 5 / 2);
  for (guint i = 0; i < 4; i++)
    {
      /* 0, 1, 0 again, 2: 1 has to go */
      static const guint seeds[] = { 0, 1, 0, 2 };

      ask (network, &talk, seeds[i], 200, 0, 0);
      g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), <=, one * 5 / 2);
      g_assert_true ((talk.cost.n_cached >= 100) == (i % 2 == 0));
      talk_clear (&talk);
    }
  ask (network, &talk, 0, 200, 0, 0);
  g_assert_cmpuint (talk.cost.n_cached, ==, talk.n_prompt);
  talk_clear (&talk);
  ask (network, &talk, 1, 200, 0, 0);
  g_assert_cmpuint (talk.cost.n_cached, <, 100);
  talk_clear (&talk);

  ivl_prefix_store_set_limit (network->prefixes, one / 2);
  g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), ==, 0);
  ask (network, &talk, 0, 200, 0, 0);
  g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), ==, 0);
  talk_clear (&talk);
}

/* A prompt beyond max_position has other keys throughout: it takes nothing and leaves nothing. */
static void
test_store_long (void)
{
  g_autoptr (IvlNetwork) network = open_network ("internlm-300m");
  guint limit = network->config->lm.max_position;
  guint short_words = fit_words (network, 1, limit - 10);
  guint long_words = fit_words (network, 1, limit + 40);
  Talk talk, fresh, again;

  ask (network, &fresh, 1, long_words, 0, 8);
  ivl_prefix_store_set_limit (network->prefixes, 1 << 30);
  ask (network, &talk, 1, short_words, 0, 8);
  ask (network, &again, 1, long_words, 0, 8);
  g_assert_cmpuint (again.n_prompt, >, limit);
  g_assert_cmpuint (again.cost.n_cached, ==, 0);
  assert_same (&again, &fresh, 8);
  talk_clear (&again);
  ask (network, &again, 1, long_words, 0, 8);
  g_assert_cmpuint (again.cost.n_cached, ==, 0);
  talk_clear (&again);
  ask (network, &again, 1, short_words, 0, 8);
  g_assert_cmpuint (again.cost.n_cached, ==, again.n_prompt);
  assert_same (&again, &talk, 8);
  talk_clear (&again);
  talk_clear (&talk);
  talk_clear (&fresh);
}

/* The same prompt eight times at once is computed once. */
static void
test_store_together (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  gsize n_computed = 0;
  guint n_tiles = 0;
  Talk fresh, talks[MAX_TALKS];

  ask (network, &fresh, 1, 300, 60, N_ANSWER);
  ivl_prefix_store_set_limit (network->prefixes, 1 << 30);
  for (guint i = 0; i < MAX_TALKS; i++)
    {
      talk_init (&talks[i], network, i);
      talks[i].seed = 1;
      talks[i].n_words = 300;
      talks[i].colour = 60;
    }
  run_together (talks, MAX_TALKS);
  for (guint i = 0; i < MAX_TALKS; i++)
    {
      assert_same (&talks[i], &fresh, N_ANSWER);
      n_computed += talks[i].n_prompt - talks[i].cost.n_cached;
      n_tiles += talks[i].cost.n_tiles_encoded;
      talk_clear (&talks[i]);
    }
  g_assert_cmpuint (n_computed, ==, fresh.n_prompt);
  g_assert_cmpuint (n_tiles, ==, 0);
  talk_clear (&fresh);
}

/* Small limits, shared beginnings, many threads: answers stay right. */
static void
test_store_crowd (void)
{
  g_autoptr (IvlNetwork) network = open_network ("qwen-300m");
  Talk alone[MAX_TALKS];

  for (guint i = 0; i < MAX_TALKS; i++)
    ask (network, &alone[i], i % 3, 20 + 20 * i, i % 2 ? 60 : 0, 6);
  for (guint round = 0; round < 6; round++)
    {
      Talk talks[MAX_TALKS];

      ivl_prefix_store_set_limit (network->prefixes, round * 200000);
      for (guint i = 0; i < MAX_TALKS; i++)
        {
          talk_init (&talks[i], network, 0);
          talks[i].seed = alone[i].seed;
          talks[i].n_words = alone[i].n_words;
          talks[i].colour = alone[i].colour;
          talks[i].n_answer = 6;
        }
      run_together (talks, MAX_TALKS);
      for (guint i = 0; i < MAX_TALKS; i++)
        {
          g_assert_no_error (talks[i].error);
          assert_near (&talks[i], &alone[i]);
          talk_clear (&talks[i]);
        }
      g_assert_cmpuint (ivl_prefix_store_get_n_bytes (network->prefixes), <=, round * 200000);
    }
  for (guint i = 0; i < MAX_TALKS; i++)
    talk_clear (&alone[i]);
}

int
main (int    argc,
      char **argv)
{
  static const char *const variants[] = { "qwen-300m", "internlm-300m" };
  static Case cases[8];
  guint n = 0;

  g_test_init (&argc, &argv, NULL);
  for (gsize isa = 0; isa < ivl_kernels_get_n_isas (); isa++)
    for (gsize v = 0; v < G_N_ELEMENTS (variants) && n < G_N_ELEMENTS (cases); v++, n++)
      {
        g_autofree char *name = NULL;

        cases[n] = (Case) { variants[v], ivl_kernels_get_isa_name (isa) };
        name = g_strdup_printf ("/batch/together/%s/%s", cases[n].isa, variants[v]);
        g_test_add_data_func (name, &cases[n], test_together);
      }
  g_test_add_func ("/batch/cancel", test_cancel);
  g_test_add_func ("/batch/cancel-inside", test_cancel_inside);
  g_test_add_func ("/batch/cancel-outside", test_cancel_outside);
  g_test_add_func ("/batch/long", test_long);
  g_test_add_func ("/store/off", test_store_off);
  g_test_add_data_func ("/store/hits/qwen-300m", "qwen-300m", test_store_hits);
  g_test_add_data_func ("/store/hits/internlm-300m", "internlm-300m", test_store_hits);
  g_test_add_func ("/store/answer", test_store_answer);
  g_test_add_func ("/store/eviction", test_store_eviction);
  g_test_add_func ("/store/long", test_store_long);
  g_test_add_func ("/store/together", test_store_together);
  g_test_add_func ("/store/crowd", test_store_crowd);
  return g_test_run ();
}
