/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tokens that may come next, on the published vocabularies: the walk over the sorted vocabulary
 * must find just those whose bytes the acceptor takes one by one.
 */
#include <string.h>

#include "lm/ivl-json-acceptor.h"
#include "lm/ivl-json-guide.h"
#include "tokenizer/ivl-token-bytes.h"

static const char *const schemas[] = {
  "{}",
  "{\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":30},\"n\":{\"type\":\"integer\"},"
  "\"tags\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"enum\":[\"a\",\"ab\",\"b c\"]}}},"
  "\"required\":[\"name\",\"n\",\"tags\"]}",
  "{\"type\":\"array\",\"maxItems\":5,\"items\":{\"type\":\"string\",\"maxLength\":4}}",
};

static IvlTokenizer *
open_tokenizer (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizers", name, NULL);
  g_autoptr (GError) error = NULL;
  IvlTokenizer *tokenizer = ivl_tokenizer_open (path, &error);

  g_assert_no_error (error);
  return tokenizer;
}

static gboolean
take_bytes (IvlJsonAcceptor *acceptor,
            IvlJsonState    *state,
            const GString   *bytes)
{
  for (gsize i = 0; i < bytes->len; i++)
    if (!ivl_json_acceptor_step (acceptor, state, (guint8) bytes->str[i]))
      return FALSE;
  return bytes->len > 0;
}

/* The same answer by taking each token by itself. */
static gboolean
may_come (IvlTokenizer       *tokenizer,
          IvlJsonAcceptor    *acceptor,
          const IvlJsonState *state,
          guint32             id,
          GString            *bytes)
{
  IvlJsonState next;

  g_string_truncate (bytes, 0);
  ivl_token_bytes_append (tokenizer, id, bytes);
  if (!ivl_token_bytes_is_text (tokenizer, id) || bytes->len > IVL_JSON_VOCABULARY_MAX_BYTES)
    return FALSE;
  ivl_json_acceptor_copy_state (&next, state);
  return take_bytes (acceptor, &next, bytes);
}

/* Compares all tokens, and picks one of those that may come. -1: none may. */
static gint64
compare (IvlTokenizer       *tokenizer,
         IvlJsonAcceptor    *acceptor,
         const IvlJsonState *state,
         const guint8       *allowed,
         gsize               n,
         GRand              *rand)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  gint64 chosen = -1;
  guint n_allowed = 0;

  for (guint32 id = 0; id < n; id++)
    {
      g_assert_cmpint (allowed[id], ==, may_come (tokenizer, acceptor, state, id, bytes));
      if (allowed[id] && (guint) g_rand_int_range (rand, 0, (gint32) ++n_allowed) == 0)
        chosen = id;
    }
  return chosen;
}

static void
check_answer (IvlTokenizer            *tokenizer,
              const IvlJsonVocabulary *vocabulary,
              const char              *schema_text,
              guint                    seed)
{
  gsize n = ivl_tokenizer_get_size (tokenizer) + 7; /* as models pad their vocabularies */
  g_autoptr (IvlJsonSchema) schema =
      ivl_json_schema_parse (schema_text, strlen (schema_text), NULL);
  g_autoptr (IvlJsonGuide) guide = ivl_json_guide_new (schema, vocabulary);
  g_autoptr (IvlJsonAcceptor) acceptor = ivl_json_acceptor_new (schema);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree guint8 *allowed = g_malloc (n);
  double seconds = 0, longest = 0;
  IvlJsonState state;
  guint n_tokens = 0;

  ivl_json_acceptor_start (acceptor, &state);
  for (; n_tokens < 25 && !ivl_json_guide_must_end (guide); n_tokens++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (GString) bytes = g_string_new (NULL);
      double took;
      gint64 id;

      memset (allowed, 2, n);
      ivl_json_guide_fill (guide, allowed, n);
      took = (g_get_monotonic_time () - start) / 1e6;
      seconds += took;
      longest = MAX (longest, took);
      id = compare (tokenizer, acceptor, &state, allowed, n, rand);
      g_assert_cmpint (id, >=, 0);
      g_assert_true (ivl_json_guide_push (guide, (guint32) id));
      ivl_token_bytes_append (tokenizer, (guint32) id, bytes);
      g_assert_true (take_bytes (acceptor, &state, bytes));
      g_string_append_len (text, bytes->str, bytes->len);
      g_assert_cmpint (ivl_json_guide_may_end (guide), ==,
                       ivl_json_acceptor_is_complete (&state));
    }
  g_test_message ("%u tokens, %.3f ms each, %.3f ms at most: %s", n_tokens,
                  seconds / n_tokens * 1e3, longest * 1e3, text->str);
}

static void
test_vocabulary (gconstpointer name)
{
  g_autoptr (IvlTokenizer) tokenizer = open_tokenizer (name);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (IvlJsonVocabulary) vocabulary = ivl_json_vocabulary_new (tokenizer, NULL);

  g_test_message ("%u tokens, %u of them not plain text; sorted in %.0f ms", vocabulary->all.n,
                  vocabulary->rest.n, (g_get_monotonic_time () - start) / 1e3);
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    for (guint seed = 0; seed < (g_test_slow () ? 20u : 2u); seed++)
      check_answer (tokenizer, vocabulary, schemas[i], seed);
}

/* What does not fit changes nothing. */
static void
test_push (void)
{
  static const char text[] = "{\"a\":1}";
  g_autoptr (IvlTokenizer) tokenizer = open_tokenizer ("qwen2");
  g_autoptr (IvlJsonVocabulary) vocabulary = ivl_json_vocabulary_new (tokenizer, NULL);
  g_autoptr (IvlJsonSchema) schema = ivl_json_schema_parse ("{}", 2, NULL);
  g_autoptr (IvlJsonGuide) guide = ivl_json_guide_new (schema, vocabulary);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  IvlTextSpan span = { text, strlen (text), IVL_TEXT_PLAIN };

  ivl_tokenizer_encode (tokenizer, &span, 1, ids);
  g_assert_cmpuint (ids->len, >, 2);
  g_assert_false (ivl_json_guide_push (guide, g_array_index (ids, guint32, ids->len - 1)));
  g_assert_false (ivl_json_guide_push (guide, G_MAXUINT32));
  g_assert_false (
    ivl_json_guide_push (guide, (guint32) ivl_tokenizer_find (tokenizer, "<|im_end|>")));
  for (guint i = 0; i < ids->len; i++)
    {
      g_assert_false (ivl_json_guide_may_end (guide));
      g_assert_true (ivl_json_guide_push (guide, g_array_index (ids, guint32, i)));
    }
  g_assert_true (ivl_json_guide_may_end (guide));
  g_assert_true (ivl_json_guide_must_end (guide));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/json-guide/byte-bpe", "qwen2", test_vocabulary);
  g_test_add_data_func ("/json-guide/sentencepiece", "internlm2", test_vocabulary);
  g_test_add_func ("/json-guide/push", test_push);
  return g_test_run ();
}
