/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the tokenizer files of a checkpoint folder, in the layouts of Hugging Face's slow and fast
 * tokenizers, and checks that they agree.
 */
#include "tokenizer/ivl-tokenizer-files.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "formats/ivl-json.h"
#include "formats/ivl-model-file.h"
#include "tokenizer/ivl-byte-bpe-load.h"
#include "tokenizer/ivl-sentencepiece-load.h"
#include "tokenizer/ivl-utf8.h"
#include "util/ivl-json-text.h"

/* Published ones have up to 11 MB. */
#define MAX_FILE_BYTES (64 * 1024 * 1024)

/* The small files; NULL where there is none. */
typedef struct
{
  json_t *config;
  json_t *special_map;
  json_t *added;
} SmallFiles;

static void
small_files_clear (SmallFiles *self)
{
  g_clear_pointer (&self->config, json_decref);
  g_clear_pointer (&self->special_map, json_decref);
  g_clear_pointer (&self->added, json_decref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SmallFiles, small_files_clear)

void
ivl_tokenizer_files_clear (IvlTokenizerFiles *files)
{
  g_clear_pointer (&files->bpe, ivl_byte_bpe_free);
  g_clear_pointer (&files->pieces, ivl_sentencepiece_free);
  g_clear_pointer (&files->added, ivl_added_tokens_free);
}

/* TRUE without error if the file is not there. */
static gboolean
read_optional_json (const char *folder,
                    const char *name,
                    json_t    **value,
                    GError    **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) local = NULL;

  *value = ivl_json_load (path, IVL_JSON_MAX_CONFIG_BYTES, IVL_JSON_MAX_CONFIG_VALUES, &local);
  if (*value != NULL || !ivl_model_file_is_there (folder, name))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
read_small_files (const char *folder,
                  SmallFiles *small,
                  GError    **error)
{
  return read_optional_json (folder, "tokenizer_config.json", &small->config, error) &&
         read_optional_json (folder, "special_tokens_map.json", &small->special_map, error) &&
         read_optional_json (folder, "added_tokens.json", &small->added, error);
}

/* Classes of transformers that say what the files are kept in and nothing about the tokenizer: all
 * of that is in tokenizer.json. Version 5 writes the names that end in Backend. */
static gboolean
is_container (const char *class)
{
  static const char *const names[] = {
    "TokenizersBackend",   "PythonBackend",           "SentencePieceBackend",
    "PreTrainedTokenizer", "PreTrainedTokenizerFast", "AutoTokenizer",
    NULL,
  };

  return g_strv_contains (names, class);
}

/* vocab.json and merges.txt do not say how text is split: several families share their form. */
static gboolean
check_class (const char *folder,
             const char *class,
             GError    **error)
{
  g_autofree char *shown = NULL;

  if (class == NULL || is_container (class) || g_str_equal (class, "Qwen2Tokenizer") ||
      g_str_equal (class, "Qwen2TokenizerFast"))
    return TRUE;
  shown = ivl_utf8_show ((const guint8 *) class, strlen (class));
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s/tokenizer_config.json: tokenizer_class: expected Qwen2Tokenizer, found %s",
               folder, shown);
  return FALSE;
}

static gboolean
read_vocab_and_merges (const char        *folder,
                       const char        *class,
                       IvlTokenizerFiles *files,
                       GError           **error)
{
  g_autofree char *vocab_path = g_build_filename (folder, "vocab.json", NULL);
  g_autofree char *merges_path = g_build_filename (folder, "merges.txt", NULL);
  g_autofree char *vocab_data = NULL;
  g_autofree char *merges_data = NULL;
  IvlByteBpeFile vocab = { .name = vocab_path };
  IvlByteBpeFile merges = { .name = merges_path };

  if (!check_class (folder, class, error))
    return FALSE;
  vocab.data = vocab_data = ivl_model_file_read (vocab_path, MAX_FILE_BYTES, &vocab.size, error);
  if (vocab.data == NULL)
    return FALSE;
  merges.data = merges_data =
      ivl_model_file_read (merges_path, MAX_FILE_BYTES, &merges.size, error);
  if (merges.data == NULL)
    return FALSE;
  files->bpe = ivl_byte_bpe_load_vocab (&vocab, &merges, error);
  return files->bpe != NULL;
}

static gboolean
read_model (const char        *folder,
            IvlTokenizerFiles *files,
            GError           **error)
{
  g_autofree char *path = g_build_filename (folder, "tokenizer.model", NULL);
  gsize size;
  g_autofree char *data = ivl_model_file_read (path, MAX_FILE_BYTES, &size, error);

  if (data == NULL)
    return FALSE;
  files->pieces = ivl_sentencepiece_load ((const guint8 *) data, size, path, error);
  return files->pieces != NULL;
}

static gboolean
read_tokenizer_json (const char        *folder,
                     IvlTokenizerFiles *files,
                     GError           **error)
{
  g_autofree char *path = g_build_filename (folder, "tokenizer.json", NULL);
  IvlByteBpeFile file = { .name = path };
  g_autofree char *data = ivl_model_file_read (path, MAX_FILE_BYTES, &file.size, error);
  json_auto_t *array = NULL;
  json_error_t json_error;
  const char *added;
  gsize n_added;

  if (data == NULL)
    return FALSE;
  file.data = data;
  files->bpe = ivl_byte_bpe_load_json (&file, &added, &n_added, error);
  if (files->bpe == NULL || added == NULL)
    return files->bpe != NULL;
  if (n_added > IVL_JSON_MAX_CONFIG_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: added_tokens of %" G_GSIZE_FORMAT
                   " bytes, expected at most %u", path, n_added, (guint) IVL_JSON_MAX_CONFIG_BYTES);
      return FALSE;
    }
  array = ivl_json_text_parse (added, n_added, JSON_REJECT_DUPLICATES, &json_error);
  if (array == NULL)
    {
      g_autofree char *shown = ivl_utf8_show ((const guint8 *) json_error.text,
                                              strlen (json_error.text));
      const gboolean no_memory = ivl_json_text_lacked_memory (&json_error);

      g_set_error (error, IVL_ERROR, no_memory ? IVL_ERROR_NO_MEMORY : IVL_ERROR_INVALID_DATA,
                   "%s: added_tokens: %s", path, no_memory ? "no memory for them" : shown);
      return FALSE;
    }
  return ivl_added_tokens_read_array (files->added, path, array, error);
}

static gboolean
read_vocabulary (const char        *folder,
                 json_t            *config,
                 IvlTokenizerFiles *files,
                 GError           **error)
{
  const char *class = json_string_value (json_object_get (config, "tokenizer_class"));
  gboolean has_json = ivl_model_file_is_there (folder, "tokenizer.json");
  gboolean wants_json = has_json && class != NULL && is_container (class);

  if (!wants_json && ivl_model_file_is_there (folder, "vocab.json") &&
      (ivl_model_file_is_there (folder, "merges.txt") || !has_json))
    return read_vocab_and_merges (folder, class, files, error);
  if (ivl_model_file_is_there (folder, "tokenizer.model"))
    return read_model (folder, files, error);
  if (has_json)
    return read_tokenizer_json (folder, files, error);
  g_set_error (
      error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
      "%s: no tokenizer: expected vocab.json and merges.txt, tokenizer.model or tokenizer.json",
      folder);
  return FALSE;
}

static gint32
find_base (const IvlTokenizerFiles *files,
           const char              *text,
           gsize                    len)
{
  if (files->bpe != NULL)
    return ivl_byte_bpe_find (files->bpe, (const guint8 *) text, len);
  return ivl_sentencepiece_find (files->pieces, (const guint8 *) text, len);
}

/* Names a special token: a string, or an object with "content". */
static gboolean
mark_special (IvlTokenizerFiles *files,
              const char        *folder,
              json_t            *value,
              GError           **error)
{
  json_t *string = json_is_object (value) ? json_object_get (value, "content") : value;
  const char *text = json_string_value (string);
  gsize len = json_string_length (string);
  IvlAddedTokenFlags flags;
  guint32 id;
  gint32 base;
  int i;

  if (text == NULL)
    return TRUE;
  i = ivl_added_tokens_find (files->added, text, len);
  base = find_base (files, text, len);
  if (i >= 0)
    ivl_added_tokens_get (files->added, i, &id, &len, &flags);
  else if (base >= 0)
    id = base;
  else
    return TRUE;
  return ivl_added_tokens_add (files->added, folder, text, len, id, IVL_ADDED_TOKEN_SPECIAL, error);
}

static gboolean
mark_specials (IvlTokenizerFiles *files,
               const char        *folder,
               json_t            *object,
               GError           **error)
{
  static const char *const keys[] = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  };
  /* Lists in transformers 4 and 5; objects of the tokens that have a role of their own are the
   * second one in version 4 and the last one in version 5. */
  static const char *const groups[] = {
    "additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens",
  };
  const char *name;
  json_t *value;
  gsize i;

  for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
    if (!mark_special (files, folder, json_object_get (object, keys[k]), error))
      return FALSE;
  for (guint k = 0; k < G_N_ELEMENTS (groups); k++)
    {
      json_t *group = json_object_get (object, groups[k]);

      json_array_foreach (group, i, value)
        if (!mark_special (files, folder, value, error))
          return FALSE;
      json_object_foreach (group, name, value)
        if (!mark_special (files, folder, value, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
read_added_tokens (const char        *folder,
                   const SmallFiles  *small,
                   IvlTokenizerFiles *files,
                   GError           **error)
{
  g_autofree char *config_path = g_build_filename (folder, "tokenizer_config.json", NULL);
  g_autofree char *added_path = g_build_filename (folder, "added_tokens.json", NULL);

  return ivl_added_tokens_read_decoder (files->added, config_path,
                                        json_object_get (small->config, "added_tokens_decoder"),
                                        error) &&
         ivl_added_tokens_read_map (files->added, added_path, small->added, error) &&
         mark_specials (files, folder, small->special_map, error) &&
         mark_specials (files, folder, small->config, error);
}

/* TRUE if an added token may have the id of this base token: InternLM2 gives its reserved pieces
 * new names that way. Such pieces become out of reach for users' text. */
static gboolean
take_over (IvlTokenizerFiles *files,
           guint32            id,
           gboolean           same_text)
{
  if (files->pieces == NULL)
    return same_text;
  switch (ivl_sentencepiece_get_type (files->pieces, id))
    {
    case IVL_PIECE_USER_DEFINED:
      ivl_sentencepiece_set_control (files->pieces, id);
      return TRUE;
    case IVL_PIECE_CONTROL:
    case IVL_PIECE_UNKNOWN:
      return TRUE;
    default:
      return same_text;
    }
}

static gboolean
check_added_tokens (const char        *folder,
                    IvlTokenizerFiles *files,
                    GError           **error)
{
  for (guint i = 0; i < ivl_added_tokens_get_n_tokens (files->added); i++)
    {
      IvlAddedTokenFlags flags;
      guint32 id;
      gsize len;
      const char *text = ivl_added_tokens_get (files->added, i, &id, &len, &flags);
      gint32 base = find_base (files, text, len);
      gsize n_bytes;
      const guint8 *bytes = files->bpe != NULL
                                ? ivl_byte_bpe_get_token (files->bpe, id, &n_bytes)
                                : ivl_sentencepiece_get_piece (files->pieces, id, &n_bytes);
      gboolean same_text = base == (gint32) id;

      if ((base >= 0 && !same_text) || (bytes != NULL && !take_over (files, id, same_text)))
        {
          g_autofree char *shown = ivl_utf8_show ((const guint8 *) text, len);

          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "%s: added token \"%s\" (id %u) contradicts the vocabulary", folder, shown,
                       id);
          return FALSE;
        }
      files->size = MAX (files->size, id + 1);
    }
  return TRUE;
}

/* The reference prepends bos_token where add_bos_token is true; its InternLM2 tokenizer by
 * default. */
static gboolean
read_bos (const char        *folder,
          json_t            *config,
          IvlTokenizerFiles *files,
          GError           **error)
{
  json_t *add = json_object_get (config, "add_bos_token");
  json_t *token = json_object_get (config, "bos_token");
  json_t *string = json_is_object (token) ? json_object_get (token, "content") : token;
  const char *text = token == NULL && files->pieces != NULL ? "<s>" : json_string_value (string);
  g_autofree char *shown = NULL;
  IvlAddedTokenFlags flags;
  guint32 id;
  gsize len;
  int i;

  files->bos = -1;
  if (add == NULL ? files->pieces == NULL : !json_is_true (add))
    return TRUE;
  if (text == NULL)
    return TRUE;
  i = ivl_added_tokens_find (files->added, text, strlen (text));
  if (i >= 0)
    {
      ivl_added_tokens_get (files->added, i, &id, &len, &flags);
      files->bos = id;
    }
  else
    files->bos = find_base (files, text, strlen (text));
  if (files->bos >= 0)
    return TRUE;
  shown = ivl_utf8_show ((const guint8 *) text, strlen (text));
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: bos_token \"%s\" is not in the vocabulary", folder, shown);
  return FALSE;
}

gboolean
ivl_tokenizer_files_read (const char         *folder,
                          IvlTokenizerFiles  *files,
                          GError            **error)
{
  g_auto (SmallFiles) small = { 0 };

  memset (files, 0, sizeof *files);
  files->added = ivl_added_tokens_new ();
  if (!read_small_files (folder, &small, error) ||
      !read_vocabulary (folder, small.config, files, error) ||
      !read_added_tokens (folder, &small, files, error))
    return FALSE;
  files->size = files->bpe != NULL ? ivl_byte_bpe_get_size (files->bpe)
                                   : ivl_sentencepiece_get_size (files->pieces);
  return check_added_tokens (folder, files, error) && read_bos (folder, small.config, files, error);
}
