/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A vocabulary sorted by bytes, and its tokens that can stand in a JSON string as they are told
 * apart from the rest: most of the vocabulary then needs no look while a string is written.
 */
#include "lm/ivl-json-vocabulary.h"

#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer/ivl-token-bytes.h"
#include "util/ivl-string-room.h"

/* Characters of the token, or IVL_JSON_VOCABULARY_NO_CHARS. */
static guint8
count_chars (const guint8 *bytes,
             gsize         n_bytes)
{
  glong n;

  for (gsize i = 0; i < n_bytes; i++)
    if (bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\')
      return IVL_JSON_VOCABULARY_NO_CHARS;
  if (n_bytes == 0 || !g_utf8_validate ((const char *) bytes, n_bytes, NULL))
    return IVL_JSON_VOCABULARY_NO_CHARS;
  n = g_utf8_strlen ((const char *) bytes, n_bytes);
  return (guint8) MIN (n, IVL_JSON_VOCABULARY_NO_CHARS);
}

static gsize
get_length (const IvlJsonVocabulary *self,
            guint32                  id)
{
  return self->offsets[id + 1] - self->offsets[id];
}

static int
compare_tokens (gconstpointer a,
                gconstpointer b,
                gpointer      data)
{
  const IvlJsonVocabulary *self = data;
  guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;
  gsize n_left = get_length (self, left), n_right = get_length (self, right);
  int order = memcmp (self->bytes + self->offsets[left], self->bytes + self->offsets[right],
                      MIN (n_left, n_right));

  if (order != 0)
    return order;
  return n_left < n_right ? -1 : n_left > n_right;
}

static guint8
count_shared (const IvlJsonVocabulary *self,
              guint32                  left,
              guint32                  right)
{
  const guint8 *a = self->bytes + self->offsets[left], *b = self->bytes + self->offsets[right];
  gsize n_max = MIN (get_length (self, left), get_length (self, right));
  gsize n = 0;

  while (n < n_max && a[n] == b[n])
    n++;
  return (guint8) n;
}

/* What is kept of a sorted list: the tokens with n_chars of at least min_chars. FALSE without
 * memory. */
static gboolean
tokens_fill (IvlJsonTokens           *tokens,
             const IvlJsonVocabulary *self,
             const guint32           *sorted,
             guint                    n_sorted,
             guint                    min_chars)
{
  guint byte = 0;

  tokens->ids = g_try_new (guint32, MAX (n_sorted, 1));
  tokens->n_shared = g_try_new (guint8, MAX (n_sorted, 1));
  if (tokens->ids == NULL || tokens->n_shared == NULL)
    return FALSE;
  for (guint i = 0; i < n_sorted; i++)
    {
      guint32 id = sorted[i];
      guint n = tokens->n;

      if (self->n_chars[id] < min_chars)
        continue;
      for (; byte <= self->bytes[self->offsets[id]]; byte++)
        tokens->first[byte] = n;
      tokens->ids[n] = id;
      tokens->n_shared[n] = n > 0 ? count_shared (self, tokens->ids[n - 1], id) : 0;
      tokens->n++;
    }
  for (; byte <= 256; byte++)
    tokens->first[byte] = tokens->n;
  return TRUE;
}

/* Fills offsets, n_chars and bytes, and lists the tokens that have some. FALSE without memory. */
static gboolean
read_tokens (IvlJsonVocabulary *self,
             IvlTokenizer      *tokenizer,
             guint32           *listed,
             guint             *n_listed)
{
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GString) token = g_string_new (NULL);

  for (guint32 id = 0; id < self->n_ids; id++)
    {
      self->offsets[id] = (guint32) all->len;
      g_string_truncate (token, 0);
      if (ivl_token_bytes_is_text (tokenizer, id))
        ivl_token_bytes_append (tokenizer, id, token);
      if (token->len > IVL_JSON_VOCABULARY_MAX_BYTES)
        g_string_truncate (token, 0);
      self->n_chars[id] = count_chars ((const guint8 *) token->str, token->len);
      if (token->len == 0)
        continue;
      if (!ivl_string_room_make (all, token->len, NULL))
        return FALSE;
      g_string_append_len (all, token->str, token->len);
      listed[(*n_listed)++] = id;
    }
  self->offsets[self->n_ids] = (guint32) all->len;
  self->bytes = (guint8 *) g_string_free (g_steal_pointer (&all), FALSE);
  return TRUE;
}

IvlJsonVocabulary *
ivl_json_vocabulary_new (IvlTokenizer  *tokenizer,
                         GError       **error)
{
  g_autoptr (IvlJsonVocabulary) self = g_new0 (IvlJsonVocabulary, 1);
  g_autofree guint32 *sorted = NULL;
  guint n = 0;

  self->n_ids = ivl_tokenizer_get_size (tokenizer);
  self->offsets = g_try_new (guint32, self->n_ids + 1);
  self->n_chars = g_try_malloc (MAX (self->n_ids, 1));
  sorted = g_try_new (guint32, MAX (self->n_ids, 1));
  if (self->offsets != NULL && self->n_chars != NULL && sorted != NULL
      && read_tokens (self, tokenizer, sorted, &n))
    {
      /* Not with GLib, whose sorting ends the process where there is no memory for it. */
      qsort_r (sorted, n, sizeof (guint32), compare_tokens, self);
      if (tokens_fill (&self->all, self, sorted, n, 0)
          && tokens_fill (&self->rest, self, sorted, n, IVL_JSON_VOCABULARY_NO_CHARS))
        return g_steal_pointer (&self);
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "No memory for guiding an answer by a schema: %u tokens", self->n_ids);
  return NULL;
}

void
ivl_json_vocabulary_free (IvlJsonVocabulary *self)
{
  g_free (self->all.ids);
  g_free (self->all.n_shared);
  g_free (self->rest.ids);
  g_free (self->rest.n_shared);
  g_free (self->offsets);
  g_free (self->n_chars);
  g_free (self->bytes);
  g_free (self);
}
