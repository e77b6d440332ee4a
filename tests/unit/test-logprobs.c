/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Probabilities of tokens: the arithmetic against long double, the values against the reference's
 * logits, and which tokens are told.
 */
#include <libivl/ivl.h>
#include <math.h>
#include <string.h>

#include "formats/ivl-safetensors.h"
#include "lm/ivl-logprobs.h"

/* How far the fixtures' logits may be off, which their README gives; a logarithm of probability is
 * the difference of a logit and a mean of logits, or of two. */
#define TOLERANCE (2 * 3e-4)
#define N_STEPS 24

static void
test_arithmetic (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint round = 0; round < 100; round++)
    {
      float logits[1000];
      IvlLogprob chosen, top[20];
      long double sum = 0;
      gsize n = (gsize) g_rand_int_range (rand, 1, 1001);
      double width = g_rand_double_range (rand, 0.01, 60);
      guint n_top = (guint) g_rand_int_range (rand, 0, 21);

      for (gsize i = 0; i < n; i++)
        {
          /* Every other round has many equals, and one is far above what exp() can hold. */
          logits[i] = (float) g_rand_double_range (rand, -width, width);
          if (round % 2 == 1)
            logits[i] = roundf (logits[i]) + (round == 1 ? 2000.0f : 0.0f);
        }
      for (gsize i = 0; i < n; i++)
        sum += expl ((long double) logits[i] - logits[0]);
      chosen.id = (guint32) g_rand_int_range (rand, 0, (gint32) n);
      g_assert_cmpuint (ivl_logprobs_find (logits, n, &chosen, top, n_top), ==, MIN (n_top, n));
      g_assert_cmpfloat_with_epsilon (chosen.logprob,
                                      logits[chosen.id] - (logits[0] + (double) logl (sum)), 1e-11);
      for (guint k = 0; k < MIN (n_top, n); k++)
        {
          gsize n_before = 0;

          for (gsize i = 0; i < n; i++)
            n_before += logits[i] > logits[top[k].id] ||
                        (logits[i] == logits[top[k].id] && i < top[k].id);
          g_assert_cmpuint (n_before, ==, k);
          g_assert_cmpfloat_with_epsilon (top[k].logprob - chosen.logprob,
                                          (double) logits[top[k].id] - logits[chosen.id], 1e-11);
        }
    }
}

static IvlModel *
open_model (const char *variant)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "models", variant, NULL);
  g_autoptr (GError) error = NULL;
  IvlModel *model = ivl_model_open (path, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static IvlOptions *
make_options (int n_top)
{
  IvlOptions *options = ivl_options_new ();

  g_object_set (options, "max-tokens", N_STEPS, "detect-repetition", FALSE, "top-logprobs", n_top,
                NULL);
  return options;
}

/* Asks the fixtures' text_only question; tokens (nullable) become those told, each with the piece
 * that it came with or before. */
static IvlReply *
ask (const char  *variant,
     IvlOptions  *options,
     GPtrArray  **tokens)
{
  g_autoptr (IvlModel) model = open_model (variant);
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = ivl_message_new (IVL_ROLE_USER);
  g_autoptr (GError) error = NULL;
  IvlReply *reply;
  char *piece;

  ivl_message_add_text (question, "Hello, who are you? It's 12:30.");
  reply = ivl_session_send (session, question, options, NULL, &error);
  g_assert_no_error (error);
  *tokens = ivl_reply_take_tokens (reply);
  g_assert_cmpuint ((*tokens)->len, ==, 0);
  while ((piece = ivl_reply_read (reply, NULL, &error)) != NULL)
    {
      g_ptr_array_extend_and_steal (*tokens, ivl_reply_take_tokens (reply));
      g_free (piece);
    }
  /* Random weights may write control tokens alone, which are no answer and have probabilities */
  if (!g_error_matches (error, IVL_ERROR, IVL_ERROR_NO_ANSWER))
    g_assert_no_error (error);
  g_ptr_array_extend_and_steal (*tokens, ivl_reply_take_tokens (reply));
  return reply;
}

static IvlToken *
get_token (GPtrArray *tokens,
           guint      i)
{
  g_assert_cmpuint (i, <, tokens->len);
  return g_ptr_array_index (tokens, i);
}

static IvlSafetensors *
open_expected (const char *variant)
{
  g_autofree char *name = g_strconcat (variant, ".safetensors", NULL);
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "expected", name, NULL);
  g_autoptr (GError) error = NULL;
  IvlSafetensors *file = ivl_safetensors_open (path, &error);

  g_assert_no_error (error);
  return file;
}

static const void *
find (IvlSafetensors *file,
      const char     *name)
{
  g_autofree char *key = g_strconcat ("case.text_only.", name, NULL);
  IvlTensor tensor;

  g_assert_true (ivl_safetensors_lookup (file, key, &tensor));
  return tensor.data;
}

static double
log_of_sum (IvlSafetensors *file,
            const char     *name,
            gsize           n)
{
  const float *logits = find (file, name);
  long double sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += expl (logits[i]);
  return (double) logl (sum);
}

typedef struct
{
  const char *variant;
  gsize       n_vocab;
} Variant;

static void
test_reference (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (IvlSafetensors) file = open_expected (variant->variant);
  const gint32 *ids = find (file, "greedy_ids");
  const gint32 *top_ids = find (file, "top5_ids");
  const float *top_logits = find (file, "top5_logits");
  g_autoptr (IvlOptions) options = make_options (5);
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (IvlReply) reply = NULL;
  double first = log_of_sum (file, "prompt_logits", variant->n_vocab);
  double last = log_of_sum (file, "last_step_logits", variant->n_vocab);

  /* Neither is known to the probabilities. */
  g_object_set (options, "temperature", 1e-6, "repetition-penalty", 1.0001, NULL);
  reply = ask (variant->variant, options, &tokens);
  g_assert_cmpuint (tokens->len, ==, N_STEPS);
  for (guint step = 0; step < N_STEPS; step++)
    {
      IvlToken *token = get_token (tokens, step);
      GPtrArray *alternatives = ivl_token_get_alternatives (token);

      g_assert_cmpint (ivl_token_get_id (token), ==, ids[step]);
      g_assert_cmpuint (alternatives->len, ==, 5);
      for (guint k = 0; k < 5; k++)
        {
          IvlToken *other = get_token (alternatives, k);
          float gap = top_logits[step * 5 + k] - top_logits[step * 5];

          g_assert_cmpint (ivl_token_get_id (other), ==, top_ids[step * 5 + k]);
          g_assert_cmpfloat_with_epsilon (
            ivl_token_get_logprob (other) - ivl_token_get_logprob (token), gap, TOLERANCE);
          g_assert_null (ivl_token_get_alternatives (other));
        }
    }
  g_assert_cmpfloat_with_epsilon (ivl_token_get_logprob (get_token (tokens, 0)),
                                  top_logits[0] - first, TOLERANCE);
  g_assert_cmpfloat_with_epsilon (ivl_token_get_logprob (get_token (tokens, N_STEPS - 1)),
                                  top_logits[(N_STEPS - 1) * 5] - last, TOLERANCE);
}

/* The tokens' bytes together are the text, but for white space at its ends and for what is no
 * UTF-8. */
static void
assert_spells (GPtrArray  *tokens,
               const char *text)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  g_autofree char *valid = NULL;
  g_autofree char *bare = g_strdup (text);

  for (guint i = 0; i < tokens->len; i++)
    {
      gsize n;
      const char *piece = g_bytes_get_data (ivl_token_get_bytes (get_token (tokens, i)), &n);

      g_string_append_len (bytes, piece, (gssize) n);
    }
  valid = g_strstrip (g_utf8_make_valid (bytes->str, (gssize) bytes->len));
  g_assert_cmpstr (valid, ==, g_strstrip (bare));
}

/* The reference's answer: "a\u00f1[ * * qu p...", of the tokens a\u00f1, [, ␣*, ␣*, ␣qu, ␣p. */
static const struct
{
  const char *stop;
  guint       n_told;
  const char *text;
} stops[] = {
  { "\xc3\xb1", 1, "a" },   { "a", 0, "" },           { "[", 1, "a\xc3\xb1" },
  { " * qu", 3, "a\xc3\xb1[ *" }, { "* qu", 4, "a\xc3\xb1[ *" }, { "u p", 5, "a\xc3\xb1[ * * q" },
};

static void
test_stop (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (stops); i++)
    {
      g_autoptr (IvlOptions) options = make_options (0);
      g_autoptr (GPtrArray) tokens = NULL;
      g_autoptr (IvlReply) reply = NULL;

      g_assert_true (ivl_options_set_string (options, "stop", stops[i].stop, NULL));
      reply = ask ("qwen-300m", options, &tokens);
      g_assert_cmpstr (ivl_reply_get_text (reply), ==, stops[i].text);
      g_assert_cmpuint (tokens->len, ==, stops[i].n_told);
      if (tokens->len > 0)
        g_assert_null (ivl_token_get_alternatives (get_token (tokens, 0)));
    }
}

/* The first character that two tokens make together: its text, and the first one's position. NULL:
 * there is none, or the text has it before as well. */
static char *
find_character_in_parts (GPtrArray *tokens,
                         guint     *position)
{
  g_autoptr (GString) before = g_string_new (NULL);

  for (guint i = 0; i + 1 < tokens->len; i++)
    {
      gsize n, n_next;
      const char *bytes = g_bytes_get_data (ivl_token_get_bytes (get_token (tokens, i)), &n);
      const char *next = g_bytes_get_data (ivl_token_get_bytes (get_token (tokens, i + 1)),
                                           &n_next);
      g_autofree char *both = g_malloc0 (n + n_next + 1);

      memcpy (both, bytes, n);
      memcpy (both + n, next, n_next);
      *position = i;
      if (!g_utf8_validate (bytes, (gssize) n, NULL) && g_utf8_validate (both, -1, NULL) &&
          g_utf8_strlen (both, -1) == 1)
        return strstr (before->str, both) == NULL ? g_steal_pointer (&both) : NULL;
      g_string_append_len (before, bytes, (gssize) n);
    }
  return NULL;
}

/* A token that is the first part of a stop string's character is no part of the answer. */
static void
test_stop_in_parts (void)
{
  guint n_found = 0;

  for (guint seed = 1; seed <= 60 && n_found < 3; seed++)
    {
      g_autoptr (IvlOptions) options = make_options (0);
      g_autoptr (GPtrArray) tokens = NULL, stopped_tokens = NULL;
      g_autoptr (IvlReply) reply = NULL, stopped = NULL;
      g_autofree char *stop = NULL;
      guint position;

      g_object_set (options, "temperature", 1.0, "seed", (guint64) seed, "max-tokens", 60, NULL);
      reply = ask ("qwen-300m", options, &tokens);
      stop = find_character_in_parts (tokens, &position);
      if (stop == NULL)
        continue;
      g_assert_true (ivl_options_set_string (options, "stop", stop, NULL));
      stopped = ask ("qwen-300m", options, &stopped_tokens);
      g_assert_cmpint (ivl_reply_get_finish_reason (stopped), ==, IVL_FINISH_STOP);
      g_assert_cmpuint (stopped_tokens->len, ==, position);
      n_found++;
    }
  g_assert_cmpuint (n_found, ==, 3);
}

/* A stop string that never comes holds tokens back, and they come all the same; a character in
 * parts is told when it is whole. */
static void
test_all_are_told (gconstpointer data)
{
  const Variant *variant = data;
  g_autoptr (IvlOptions) options = make_options (1);
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (IvlReply) reply = NULL;
  const guint32 *ids;
  gsize n_ids;

  g_object_set (options, "temperature", 1.5, "max-tokens", 200, NULL);
  g_assert_true (ivl_options_set_string (options, "stop", " no such thing", NULL));
  reply = ask (variant->variant, options, &tokens);
  ids = ivl_reply_get_token_ids (reply, &n_ids);
  g_assert_cmpuint (n_ids, ==, tokens->len);
  for (guint i = 0; i < tokens->len; i++)
    {
      IvlToken *token = get_token (tokens, i);
      IvlToken *best = get_token (ivl_token_get_alternatives (token), 0);

      g_assert_cmpint (ivl_token_get_id (token), ==, ids[i]);
      g_assert_cmpfloat (ivl_token_get_logprob (token), <=, ivl_token_get_logprob (best));
      g_assert_cmpfloat (ivl_token_get_logprob (best), <=, 0);
    }
}

/* A loop that is cut off is not told. */
static void
test_repetition (void)
{
  g_autoptr (IvlOptions) options = make_options (0);
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (IvlReply) reply = NULL;

  g_object_set (options, "detect-repetition", TRUE, "max-tokens", 600, "repetition-penalty", 0.01,
                NULL);
  reply = ask ("qwen-300m", options, &tokens);
  g_assert_cmpint (ivl_reply_get_finish_reason (reply), ==, IVL_FINISH_REPETITION);
  g_assert_cmpuint (tokens->len, ==, ivl_reply_get_usage (reply)->n_answer_tokens);
  g_assert_cmpuint (tokens->len, <, 500);
}

static void
test_none (void)
{
  g_autoptr (IvlOptions) options = make_options (-1);
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (IvlReply) reply = ask ("qwen-300m", options, &tokens);

  g_assert_cmpuint (tokens->len, ==, 0);
}

/* A schema changes what may come, not how probable it was. */
static void
test_guided (void)
{
  g_autoptr (IvlOptions) options = make_options (1);
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (IvlReply) reply = NULL;

  g_object_set (options, "json-schema", "{\"enum\":[\"red\",\"green\"]}", NULL);
  reply = ask ("qwen-300m", options, &tokens);
  assert_spells (tokens, ivl_reply_get_text (reply));
  g_assert_cmpfloat (ivl_token_get_logprob (get_token (tokens, 0)), <, -1);
  g_assert_cmpint (
    ivl_token_get_id (get_token (ivl_token_get_alternatives (get_token (tokens, 0)), 0)), ==, 709);
}

static void
test_token (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("ab", 2);
  g_autoptr (GPtrArray) others =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
  IvlToken *other = ivl_token_new (-1, text, -2.0f, NULL);
  g_autoptr (IvlToken) copy = NULL;

  g_ptr_array_add (others, other);
  {
    g_autoptr (IvlToken) token = ivl_token_new (G_MAXUINT32, text, -0.5f, others);

    copy = ivl_token_copy (token);
  }
  g_assert_cmpint (ivl_token_get_id (copy), ==, G_MAXUINT32);
  g_assert_true (g_bytes_equal (ivl_token_get_bytes (copy), text));
  g_assert_cmpfloat (ivl_token_get_logprob (copy), ==, -0.5f);
  g_assert_true (get_token (ivl_token_get_alternatives (copy), 0) == other);
  g_assert_cmpint (ivl_token_get_id (other), ==, -1);
}

int
main (int    argc,
      char **argv)
{
  static const Variant qwen = { "qwen-300m", 751 }, internlm = { "internlm-300m", 875 };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/logprobs/arithmetic", test_arithmetic);
  g_test_add_func ("/logprobs/token", test_token);
  g_test_add_data_func ("/logprobs/reference/byte-bpe", &qwen, test_reference);
  g_test_add_data_func ("/logprobs/reference/sentencepiece", &internlm, test_reference);
  g_test_add_data_func ("/logprobs/all-are-told/byte-bpe", &qwen, test_all_are_told);
  g_test_add_data_func ("/logprobs/all-are-told/sentencepiece", &internlm, test_all_are_told);
  g_test_add_func ("/logprobs/stop", test_stop);
  g_test_add_func ("/logprobs/stop-in-parts", test_stop_in_parts);
  g_test_add_func ("/logprobs/repetition", test_repetition);
  g_test_add_func ("/logprobs/none", test_none);
  g_test_add_func ("/logprobs/guided", test_guided);
  return g_test_run ();
}
