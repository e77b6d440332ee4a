/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-tokenizer FILE FOLDER: checks the tokenizer in FOLDER against the golden cases in FILE.
 * Prints a line for each section with its counts; exit status 1 if a case misses, 2 if it cannot be
 * checked.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/ivl-tokenizer.h"
#include "json-ids.h"

#define MAX_SHOWN 5

typedef struct
{
  const char *title;
  guint n_cases;
  guint n_missed;
} Section;

typedef struct
{
  IvlTokenizer *tokenizer;
  gboolean hash_merges; /* FALSE: merges.txt lacks the merges of # (the *_nohash ids hold) */
  Section encode;
  Section plain;
  Section split;
  Section decode;
  Section skip;
  Section stream;
  Section decode_only;
} Check;

static void
count_case (Section *section, gboolean good, const char *id)
{
  section->n_cases++;
  if (good)
    return;
  if (section->n_missed++ < MAX_SHOWN)
    g_print ("  %s: %s\n", section->title, id);
}

static gboolean
print_section (const Section *section)
{
  g_print ("%-44s %5u of %5u\n", section->title, section->n_cases - section->n_missed,
           section->n_cases);
  return section->n_missed == 0;
}

static gboolean
ids_equal (const GArray *a, const GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (guint32)) == 0;
}

static gboolean
text_equals (const GString *text, json_t *expected)
{
  return text->len == json_string_length (expected) &&
         memcmp (text->str, json_string_value (expected), text->len) == 0;
}

static gboolean
encodes_to (Check *check, const IvlTextSpan *spans, guint n_spans, const GArray *expected)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));

  ivl_tokenizer_encode (check->tokenizer, spans, n_spans, ids);
  return ids_equal (ids, expected);
}

/* The ids under key, or under key + "_nohash" where these hold and are given. */
static json_t *
get_ids (const Check *check, json_t *item, const char *key)
{
  g_autofree char *nohash = g_strconcat (key, "_nohash", NULL);
  json_t *ids = check->hash_merges ? NULL : json_object_get (item, nohash);

  return ids != NULL ? ids : json_object_get (item, key);
}

static void
check_encode (Check *check, json_t *item, const char *id)
{
  json_t *text = json_object_get (item, "text");
  gsize len = json_string_length (text);
  IvlTextSpan whole = { json_string_value (text), len, IVL_TEXT_TRUSTED };
  IvlTextSpan halves[2] = { { whole.text, len / 2, IVL_TEXT_PLAIN },
                            { whole.text + len / 2, len - len / 2, IVL_TEXT_PLAIN } };
  json_t *plain = get_ids (check, item, "ids_plain");
  g_autoptr (GArray) expected = json_ids_read (get_ids (check, item, "ids"));
  g_autoptr (GArray) expected_plain =
      json_ids_read (plain != NULL ? plain : get_ids (check, item, "ids"));

  count_case (&check->encode, encodes_to (check, &whole, 1, expected), id);
  whole.kind = IVL_TEXT_PLAIN;
  count_case (&check->plain, encodes_to (check, &whole, 1, expected_plain), id);
  count_case (&check->split, encodes_to (check, halves, 2, expected_plain), id);
}

/* Token by token: whole characters only, and the same text in the end. */
static gboolean
streams_as (Check *check, const GArray *ids, gboolean skip_special, json_t *expected)
{
  g_autoptr (IvlTokenDecoder) decoder = ivl_token_decoder_new (check->tokenizer, skip_special);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean whole = TRUE;

  for (guint i = 0; i < ids->len; i++)
    {
      gsize done = text->len;
      json_t *piece;

      ivl_token_decoder_push (decoder, g_array_index (ids, guint32, i), text);
      piece = json_stringn (text->str + done, text->len - done);
      whole &= piece != NULL;
      json_decref (piece);
    }
  ivl_token_decoder_finish (decoder, text);
  return whole && text_equals (text, expected);
}

static void
check_decode (Check *check, Section *section, json_t *item, const char *id)
{
  g_autoptr (GArray) ids = json_ids_read (get_ids (check, item, "ids"));
  json_t *expected = json_object_get (item, "decode");
  json_t *expected_skip = json_object_get (item, "decode_skip_special");
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) skipped = g_string_new (NULL);

  if (json_is_true (expected))
    expected = json_object_get (item, "text");
  if (expected_skip == NULL)
    expected_skip = expected;
  ivl_tokenizer_decode (check->tokenizer, (const guint32 *) (void *) ids->data, ids->len, FALSE,
                        text);
  count_case (section, text_equals (text, expected), id);
  ivl_tokenizer_decode (check->tokenizer, (const guint32 *) (void *) ids->data, ids->len, TRUE,
                        skipped);
  count_case (&check->skip, text_equals (skipped, expected_skip), id);
  count_case (
      &check->stream,
      streams_as (check, ids, FALSE, expected) && streams_as (check, ids, TRUE, expected_skip), id);
}

static gboolean
check_all (Check *check, json_t *root)
{
  json_t *item;
  gboolean good = TRUE;
  gsize i;

  json_array_foreach (json_object_get (root, "items"), i, item)
  {
    const char *id = json_string_value (json_object_get (item, "id"));

    check_encode (check, item, id);
    check_decode (check, &check->decode, item, id);
  }
  json_array_foreach (json_object_get (root, "decode_only"), i, item)
  {
    g_autofree char *id = g_strdup_printf ("decode_only %" G_GSIZE_FORMAT, i);

    check_decode (check, &check->decode_only, item, id);
  }
  good &= print_section (&check->encode);
  good &= print_section (&check->plain);
  good &= print_section (&check->split);
  good &= print_section (&check->decode);
  good &= print_section (&check->decode_only);
  good &= print_section (&check->skip);
  good &= print_section (&check->stream);
  return good && check->encode.n_cases > 0;
}

/* Without a merges.txt the question does not arise. */
static gboolean
has_hash_merges (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "merges.txt", NULL);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return TRUE;
  for (const char *line = text; line != NULL; line = strchr (line, '\n'))
    {
      line += *line == '\n';
      if (*line == '#' && !g_str_has_prefix (line, "#version"))
        return TRUE;
    }
  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTokenizer) tokenizer = NULL;
  json_auto_t *root = NULL;
  json_error_t json_error;
  Check check = { .encode = { "ids, added tokens recognised" },
                  .plain = { "ids, added tokens not recognised" },
                  .split = { "ids, text in two spans" },
                  .decode = { "text of the ids" },
                  .decode_only = { "text of other ids" },
                  .skip = { "text without special tokens" },
                  .stream = { "text token by token" } };

  if (argc != 3)
    {
      g_printerr ("Usage: %s FILE FOLDER\n", argv[0]);
      return 2;
    }
  root = json_load_file (argv[1], JSON_ALLOW_NUL, &json_error);
  if (root == NULL)
    {
      g_printerr ("%s: %s\n", argv[1], json_error.text);
      return 2;
    }
  tokenizer = ivl_tokenizer_open (argv[2], &error);
  if (tokenizer == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  check.tokenizer = tokenizer;
  check.hash_merges = has_hash_merges (argv[2]);
  if (!check.hash_merges)
    g_print ("(no merges of #: the ids for that)\n");
  return check_all (&check, root) ? 0 : 1;
}
