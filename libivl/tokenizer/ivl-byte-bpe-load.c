/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads byte-level BPE from Hugging Face's files. The two large tables are scanned in place; what
 * is small goes through jansson.
 */
#include "tokenizer/ivl-byte-bpe-load.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "formats/ivl-json.h"
#include "tokenizer/ivl-json-scan.h"
#include "tokenizer/ivl-qwen-split.h"
#include "tokenizer/ivl-utf8.h"
#include "util/ivl-json-text.h"

static gboolean
scan_vocab (IvlJsonScan *scan,
            IvlByteBpe  *bpe,
            GError     **error)
{
  gboolean first = TRUE;
  gboolean more;

  if (!ivl_json_scan_enter (scan, '{', error))
    return FALSE;
  while (ivl_json_scan_next (scan, '}', &first, &more, error))
    {
      const guint8 *text;
      gsize n_bytes;
      guint64 id;

      if (!more)
        return TRUE;
      if (!ivl_json_scan_key (scan, &text, &n_bytes, error) ||
          !ivl_json_scan_unsigned (scan, &id, error) ||
          !ivl_byte_bpe_add_token (bpe, scan->name, text, n_bytes, id, error))
        return FALSE;
    }
  return FALSE;
}

static gboolean
add_spaced_merge (IvlByteBpe   *bpe,
                  const char   *name,
                  const guint8 *text,
                  gsize         n_bytes,
                  GError      **error)
{
  const guint8 *space = memchr (text, ' ', n_bytes);

  if (space == NULL || memchr (space + 1, ' ', text + n_bytes - space - 1) != NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: merge %u is not two tokens with a space between", name,
                   ivl_byte_bpe_get_n_merges (bpe));
      return FALSE;
    }
  return ivl_byte_bpe_add_merge (bpe, name, text, space - text, space + 1,
                                 text + n_bytes - space - 1, error);
}

/* Lines of two tokens. The only comment is the version line: other lines that begin with # are
 * merges of that character. */
static gboolean
read_merges (IvlByteBpe           *bpe,
             const IvlByteBpeFile *file,
             GError              **error)
{
  const guint8 *p = (const guint8 *) file->data;
  const guint8 *end = p + file->size;

  while (p < end)
    {
      const guint8 *newline = memchr (p, '\n', end - p);
      const guint8 *line_end = newline != NULL ? newline : end;
      gsize n;

      n = line_end - p;
      if (n > 0 && p[n - 1] == '\r')
        n--;
      if (n > 0 && !(n >= 8 && memcmp (p, "#version", 8) == 0) &&
          !add_spaced_merge (bpe, file->name, p, n, error))
        return FALSE;
      p = newline != NULL ? newline + 1 : end;
    }
  return TRUE;
}

IvlByteBpe *
ivl_byte_bpe_load_vocab (const IvlByteBpeFile *vocab,
                         const IvlByteBpeFile *merges,
                         GError              **error)
{
  g_autoptr (IvlByteBpe) bpe = ivl_byte_bpe_new (vocab->size, vocab->size / 18, error);
  g_auto (IvlJsonScan) scan = { 0 };

  if (bpe == NULL)
    return NULL;
  ivl_json_scan_init (&scan, vocab->data, vocab->size, vocab->name);
  if (!scan_vocab (&scan, bpe, error) || !ivl_json_scan_finish (&scan, error) ||
      !read_merges (bpe, merges, error) || !ivl_byte_bpe_finish (bpe, vocab->name, error))
    return NULL;
  return g_steal_pointer (&bpe);
}

/* An array of strings "a b", as before tokenizers 0.20, or of pairs ["a", "b"], as since. */
static gboolean
scan_merges (IvlJsonScan *scan,
             IvlByteBpe  *bpe,
             GError     **error)
{
  g_autoptr (GByteArray) left = g_byte_array_new ();
  gboolean first = TRUE;
  gboolean more;

  if (!ivl_json_scan_enter (scan, '[', error))
    return FALSE;
  while (ivl_json_scan_next (scan, ']', &first, &more, error))
    {
      gboolean first_half = FALSE;
      gboolean more_halves;
      const guint8 *text;
      gsize n;

      if (!more)
        return TRUE;
      if (ivl_json_scan_peek (scan) == '"')
        {
          if (!ivl_json_scan_string (scan, &text, &n, error) ||
              !add_spaced_merge (bpe, scan->name, text, n, error))
            return FALSE;
          continue;
        }
      if (!ivl_json_scan_enter (scan, '[', error) || !ivl_json_scan_string (scan, &text, &n, error))
        return FALSE;
      g_byte_array_set_size (left, 0);
      g_byte_array_append (left, text, n);
      if (!ivl_json_scan_next (scan, ']', &first_half, &more_halves, error) ||
          !ivl_json_scan_string (scan, &text, &n, error) ||
          !ivl_byte_bpe_add_merge (bpe, scan->name, left->data, left->len, text, n, error) ||
          !ivl_json_scan_next (scan, ']', &first_half, &more_halves, error))
        return FALSE;
      if (more_halves)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "%s: merge %u has more than two parts", scan->name,
                       ivl_byte_bpe_get_n_merges (bpe) - 1);
          return FALSE;
        }
    }
  return FALSE;
}

static gboolean
fail_unsupported (const char *name,
                  const char *what,
                  GError    **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: %s is not that of Qwen2's tokenizer",
               name, what);
  return FALSE;
}

static gboolean
has_type (json_t     *object,
          const char *type)
{
  return g_strcmp0 (json_string_value (json_object_get (object, "type")), type) == 0;
}

static gboolean
check_normalizer (json_t     *value,
                  IvlByteBpe *bpe,
                  const char *name,
                  GError    **error)
{
  ivl_byte_bpe_set_nfc (bpe, !json_is_null (value));
  return json_is_null (value) || has_type (value, "NFC") ||
         fail_unsupported (name, "normalizer", error);
}

/* A split by the regular expression, then the byte-level alphabet without a split of its own. */
static gboolean
check_pre_tokenizer (json_t     *value,
                     const char *name,
                     GError    **error)
{
  json_t *steps = json_object_get (value, "pretokenizers");
  json_t *split = json_array_get (steps, 0);
  json_t *byte_level = json_array_get (steps, 1);
  json_t *pattern = json_object_get (split, "pattern");
  const char *regex = json_string_value (json_object_get (pattern, "Regex"));

  if (has_type (value, "Sequence") && json_array_size (steps) == 2 && has_type (split, "Split") &&
      g_strcmp0 (regex, IVL_QWEN_SPLIT_REGEX) == 0 &&
      g_strcmp0 (json_string_value (json_object_get (split, "behavior")), "Isolated") == 0 &&
      json_is_false (json_object_get (split, "invert")) && has_type (byte_level, "ByteLevel") &&
      json_is_false (json_object_get (byte_level, "add_prefix_space")) &&
      json_is_false (json_object_get (byte_level, "use_regex")))
    return TRUE;
  return fail_unsupported (name, "pre_tokenizer", error);
}

static json_t *
parse_small (IvlJsonScan *scan,
             GError     **error)
{
  json_error_t json_error;
  const char *text;
  gsize n_bytes;
  json_t *value;

  if (!ivl_json_scan_skip (scan, &text, &n_bytes, error))
    return NULL;
  if (n_bytes > IVL_JSON_MAX_CONFIG_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: a setting of %" G_GSIZE_FORMAT " bytes", scan->name, n_bytes);
      return NULL;
    }
  value = ivl_json_text_parse (text, n_bytes,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
                               &json_error);
  if (value == NULL)
    {
      g_autofree char *shown = ivl_utf8_show ((const guint8 *) json_error.text,
                                              strlen (json_error.text));
      const gboolean no_memory = ivl_json_text_lacked_memory (&json_error);

      g_set_error (error, IVL_ERROR, no_memory ? IVL_ERROR_NO_MEMORY : IVL_ERROR_INVALID_DATA,
                   "%s: %s", scan->name, no_memory ? "no memory for a setting" : shown);
    }
  return value;
}

/* What the walk through tokenizer.json has seen. */
typedef struct
{
  IvlJsonScan *scan;
  IvlByteBpe  *bpe;
  const char  *merges; /* the array, if it came before the vocabulary */
  gsize        n_merges;
  gboolean     has_vocab;
  gboolean     has_merges;
  gboolean     has_model;
  gboolean     has_pre_tokenizer;
  const char  *added;
  gsize        n_added;
} JsonWalk;

static gboolean
walk_merges (JsonWalk *walk,
             GError  **error)
{
  walk->has_merges = TRUE;
  if (walk->has_vocab)
    return scan_merges (walk->scan, walk->bpe, error);
  return ivl_json_scan_skip (walk->scan, &walk->merges, &walk->n_merges, error);
}

/* A setting of the model that must have the value Qwen2 gives it. */
static gboolean
check_model_setting (JsonWalk   *walk,
                     const char *key,
                     GError    **error)
{
  json_t *value = parse_small (walk->scan, error);
  gboolean good = TRUE;

  if (value == NULL)
    return FALSE;
  if (g_str_equal (key, "type"))
    good = g_strcmp0 (json_string_value (value), "BPE") == 0;
  else if (g_str_equal (key, "dropout") || g_str_equal (key, "unk_token"))
    good = json_is_null (value);
  else if (g_str_equal (key, "continuing_subword_prefix") ||
           g_str_equal (key, "end_of_word_suffix"))
    good = json_is_null (value) || g_strcmp0 (json_string_value (value), "") == 0;
  else if (g_str_equal (key, "byte_fallback") || g_str_equal (key, "ignore_merges"))
    good = json_is_false (value) || json_is_null (value);
  json_decref (value);
  return good || fail_unsupported (walk->scan->name, key, error);
}

/* Reads a key, copied, and refuses one that seen holds already. */
static char *
read_new_key (IvlJsonScan *scan,
              GHashTable  *seen,
              GError     **error)
{
  g_autofree char *key = NULL;
  const guint8 *text;
  gsize n_bytes;

  if (!ivl_json_scan_key (scan, &text, &n_bytes, error))
    return NULL;
  key = g_strndup ((const char *) text, n_bytes);
  if (strlen (key) != n_bytes || !g_hash_table_add (seen, g_strdup (key)))
    {
      g_autofree char *shown = ivl_utf8_show (text, n_bytes);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: key \"%s\" occurs twice or holds NUL", scan->name, shown);
      return NULL;
    }
  return g_steal_pointer (&key);
}

/* Walks the members of an object: handle gets each key and reads the value. */
static gboolean
walk_object (JsonWalk *walk,
             gboolean (*handle) (JsonWalk   *walk,
                                 const char *key,
                                 GError    **error),
             GError  **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean first = TRUE;
  gboolean more;

  if (!ivl_json_scan_enter (walk->scan, '{', error))
    return FALSE;
  while (ivl_json_scan_next (walk->scan, '}', &first, &more, error))
    {
      g_autofree char *key = NULL;

      if (!more)
        return TRUE;
      key = read_new_key (walk->scan, seen, error);
      if (key == NULL || !handle (walk, key, error))
        return FALSE;
    }
  return FALSE;
}

static gboolean
handle_model_member (JsonWalk   *walk,
                     const char *key,
                     GError    **error)
{
  if (g_str_equal (key, "vocab"))
    {
      walk->has_vocab = TRUE;
      return scan_vocab (walk->scan, walk->bpe, error);
    }
  if (g_str_equal (key, "merges"))
    return walk_merges (walk, error);
  return check_model_setting (walk, key, error);
}

static gboolean
handle_top_member (JsonWalk   *walk,
                   const char *key,
                   GError    **error)
{
  const char *name = walk->scan->name;
  json_t *value;
  gboolean good = TRUE;

  if (g_str_equal (key, "model"))
    {
      walk->has_model = TRUE;
      return walk_object (walk, handle_model_member, error);
    }
  if (g_str_equal (key, "added_tokens"))
    return ivl_json_scan_skip (walk->scan, &walk->added, &walk->n_added, error);
  value = parse_small (walk->scan, error);
  if (value == NULL)
    return FALSE;
  if (g_str_equal (key, "normalizer"))
    good = check_normalizer (value, walk->bpe, name, error);
  else if (g_str_equal (key, "pre_tokenizer"))
    {
      walk->has_pre_tokenizer = TRUE;
      good = check_pre_tokenizer (value, name, error);
    }
  else if (g_str_equal (key, "post_processor") || g_str_equal (key, "decoder"))
    good = json_is_null (value) || has_type (value, "ByteLevel") ||
           fail_unsupported (name, key, error);
  json_decref (value);
  return good;
}

static gboolean
finish_json (JsonWalk *walk,
             GError  **error)
{
  const char *name = walk->scan->name;

  if (!walk->has_model || !walk->has_vocab || !walk->has_merges || !walk->has_pre_tokenizer)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: \"%s\" is missing", name,
                   !walk->has_model            ? "model"
                   : !walk->has_vocab          ? "model.vocab"
                   : !walk->has_merges         ? "model.merges"
                                               : "pre_tokenizer");
      return FALSE;
    }
  if (walk->merges != NULL)
    {
      g_auto (IvlJsonScan) scan = { 0 };

      ivl_json_scan_init (&scan, walk->merges, walk->n_merges, name);
      if (!scan_merges (&scan, walk->bpe, error))
        return FALSE;
    }
  return ivl_byte_bpe_finish (walk->bpe, name, error);
}

IvlByteBpe *
ivl_byte_bpe_load_json (const IvlByteBpeFile *file,
                        const char          **added_tokens,
                        gsize                *n_added_tokens,
                        GError              **error)
{
  g_autoptr (IvlByteBpe) bpe = ivl_byte_bpe_new (file->size, file->size / 46, error);
  g_auto (IvlJsonScan) scan = { 0 };
  JsonWalk walk = { .scan = &scan, .bpe = bpe };

  *added_tokens = NULL;
  *n_added_tokens = 0;
  if (bpe == NULL)
    return NULL;
  ivl_json_scan_init (&scan, file->data, file->size, file->name);
  if (!walk_object (&walk, handle_top_member, error) || !ivl_json_scan_finish (&scan, error) ||
      !finish_json (&walk, error))
    return NULL;
  *added_tokens = walk.added;
  *n_added_tokens = walk.n_added;
  return g_steal_pointer (&bpe);
}
