/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Added tokens: where Hugging Face's files name them, and how they are found in text.
 */
#include "tokenizer/ivl-added-tokens.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "tokenizer/ivl-prefix-trie.h"
#include "tokenizer/ivl-token-table.h"
#include "tokenizer/ivl-utf8.h"

/* InternVL2.5 has 31 of them; Qwen2's other models some hundreds. */
#define MAX_TOKENS 65536

typedef struct
{
  char              *text;
  gsize              len;
  guint32            id;
  IvlAddedTokenFlags flags;
} AddedToken;

struct _IvlAddedTokens
{
  GArray        *tokens; /* AddedToken */
  GHashTable    *by_id;  /* id -> index + 1 */
  IvlPrefixTrie *texts;  /* gives the index */
};

static void
clear_token (gpointer data)
{
  g_free (((AddedToken *) data)->text);
}

IvlAddedTokens *
ivl_added_tokens_new (void)
{
  IvlAddedTokens *self = g_new0 (IvlAddedTokens, 1);

  self->tokens = g_array_new (FALSE, FALSE, sizeof (AddedToken));
  g_array_set_clear_func (self->tokens, clear_token);
  self->by_id = g_hash_table_new (NULL, NULL);
  self->texts = ivl_prefix_trie_new ();
  return self;
}

void
ivl_added_tokens_free (IvlAddedTokens *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->tokens);
  g_hash_table_unref (self->by_id);
  ivl_prefix_trie_free (self->texts);
  g_free (self);
}

static AddedToken *
get_token (const IvlAddedTokens *self,
           int                   i)
{
  return &g_array_index (self->tokens, AddedToken, i);
}

static gboolean
fail_token (const char *name,
            const char *text,
            gsize       len,
            const char *problem,
            GError    **error)
{
  g_autofree char *shown = ivl_utf8_show ((const guint8 *) text, len);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: added token \"%s\" %s", name, shown,
               problem);
  return FALSE;
}

gboolean
ivl_added_tokens_add (IvlAddedTokens     *self,
                      const char         *name,
                      const char         *text,
                      gsize               len,
                      guint64             id,
                      IvlAddedTokenFlags  flags,
                      GError            **error)
{
  AddedToken token = { NULL, len, id, flags };
  IvlError code = IVL_ERROR_INVALID_DATA;
  int by_text;
  int by_id;

  if (len == 0 || len > IVL_PREFIX_TRIE_MAX_BYTES)
    return fail_token (name, text, len, "is empty or too long", error);
  if (id >= IVL_TOKEN_TABLE_MAX_IDS)
    {
      g_autofree char *problem = g_strdup_printf (
          "has id %" G_GUINT64_FORMAT ", expected less than %u", id, IVL_TOKEN_TABLE_MAX_IDS);

      return fail_token (name, text, len, problem, error);
    }
  by_text = ivl_added_tokens_find (self, text, len);
  by_id = ivl_added_tokens_find_id (self, id);
  if (by_text != by_id)
    return fail_token (name, text, len, by_text < 0 ? "has the id of another one" : "has two ids",
                       error);
  if (by_text >= 0)
    {
      get_token (self, by_text)->flags |= flags;
      return TRUE;
    }
  if (self->tokens->len == MAX_TOKENS ||
      !ivl_prefix_trie_add (self->texts, (const guint8 *) text, len, self->tokens->len, &code))
    {
      if (code != IVL_ERROR_NO_MEMORY)
        return fail_token (name, text, len, "is one too many", error);
      g_set_error (error, IVL_ERROR, code, "%s: no memory for %u added tokens", name,
                   self->tokens->len + 1);
      return FALSE;
    }
  token.text = g_memdup2 (text, len);
  g_array_append_val (self->tokens, token);
  g_hash_table_insert (self->by_id, GUINT_TO_POINTER (id), GUINT_TO_POINTER (self->tokens->len));
  return TRUE;
}

/* { content, special, lstrip, rstrip, normalized, single_word }. "normalized" makes a difference
 * only to texts that NFC changes, and none of the models' tokens is one. */
static gboolean
read_description (IvlAddedTokens *self,
                  const char     *name,
                  json_t         *object,
                  guint64         id,
                  GError        **error)
{
  json_t *content = json_object_get (object, "content");
  IvlAddedTokenFlags flags = 0;

  if (!json_is_string (content))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: added token %" G_GUINT64_FORMAT
                   " has no content", name, id);
      return FALSE;
    }
  if (json_is_true (json_object_get (object, "single_word")))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: added token %" G_GUINT64_FORMAT
                   " is a single_word", name, id);
      return FALSE;
    }
  if (json_is_true (json_object_get (object, "special")))
    flags |= IVL_ADDED_TOKEN_SPECIAL;
  if (json_is_true (json_object_get (object, "lstrip")))
    flags |= IVL_ADDED_TOKEN_LSTRIP;
  if (json_is_true (json_object_get (object, "rstrip")))
    flags |= IVL_ADDED_TOKEN_RSTRIP;
  return ivl_added_tokens_add (self, name, json_string_value (content),
                               json_string_length (content), id, flags, error);
}

static gboolean
fail_json (const char *name,
           const char *what,
           GError    **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", name, what);
  return FALSE;
}

gboolean
ivl_added_tokens_read_map (IvlAddedTokens *self,
                           const char     *name,
                           json_t         *map,
                           GError        **error)
{
  const char *text;
  json_t *id;

  json_object_foreach (map, text, id)
  {
    if (!json_is_integer (id) || json_integer_value (id) < 0)
      return fail_token (name, text, strlen (text), "has no number for its id", error);
    if (!ivl_added_tokens_add (self, name, text, strlen (text), json_integer_value (id), 0, error))
      return FALSE;
  }
  return TRUE;
}

gboolean
ivl_added_tokens_read_decoder (IvlAddedTokens *self,
                               const char     *name,
                               json_t         *decoder,
                               GError        **error)
{
  const char *key;
  json_t *object;

  if (decoder != NULL && !json_is_object (decoder))
    return fail_json (name, "added_tokens_decoder is not an object", error);
  json_object_foreach (decoder, key, object)
    {
      guint64 id;

      if (!g_ascii_string_to_unsigned (key, 10, 0, G_MAXUINT64, &id, NULL))
        return fail_json (name, "a key of added_tokens_decoder is no id", error);
      if (!read_description (self, name, object, id, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ivl_added_tokens_read_array (IvlAddedTokens *self,
                             const char     *name,
                             json_t         *array,
                             GError        **error)
{
  gsize i;
  json_t *object;

  if (!json_is_array (array))
    return fail_json (name, "added_tokens is not an array", error);
  json_array_foreach (array, i, object)
    {
      json_t *id = json_object_get (object, "id");

      if (!json_is_integer (id) || json_integer_value (id) < 0)
        return fail_json (name, "an entry of added_tokens has no id", error);
      if (!read_description (self, name, object, json_integer_value (id), error))
        return FALSE;
    }
  return TRUE;
}

guint
ivl_added_tokens_get_n_tokens (const IvlAddedTokens *self)
{
  return self->tokens->len;
}

const char *
ivl_added_tokens_get (const IvlAddedTokens *self,
                      guint                 i,
                      guint32              *id,
                      gsize                *len,
                      IvlAddedTokenFlags   *flags)
{
  const AddedToken *token = get_token (self, i);

  *id = token->id;
  *len = token->len;
  *flags = token->flags;
  return token->text;
}

int
ivl_added_tokens_find (const IvlAddedTokens *self,
                       const char           *text,
                       gsize                 len)
{
  guint32 place = IVL_PREFIX_TRIE_ROOT;

  for (gsize i = 0; i < len && place != IVL_PREFIX_TRIE_NONE; i++)
    place = ivl_prefix_trie_step (self->texts, place, text[i]);
  return place == IVL_PREFIX_TRIE_NONE ? -1 : ivl_prefix_trie_get_id (self->texts, place);
}

int
ivl_added_tokens_find_id (const IvlAddedTokens *self,
                          guint32               id)
{
  return (int) GPOINTER_TO_UINT (g_hash_table_lookup (self->by_id, GUINT_TO_POINTER (id))) - 1;
}

int
ivl_added_tokens_search (const IvlAddedTokens *self,
                         const char           *text,
                         gsize                 len,
                         gsize                *start)
{
  for (gsize i = 0; i < len; i++)
    {
      guint32 place = IVL_PREFIX_TRIE_ROOT;
      int found = -1;

      for (gsize j = i; j < len; j++)
        {
          int index;

          place = ivl_prefix_trie_step (self->texts, place, text[j]);
          if (place == IVL_PREFIX_TRIE_NONE)
            break;
          index = ivl_prefix_trie_get_id (self->texts, place);
          if (index >= 0)
            found = index;
        }
      if (found >= 0)
        {
          *start = i;
          return found;
        }
    }
  return -1;
}
