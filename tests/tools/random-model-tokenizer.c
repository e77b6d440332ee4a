/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A vocabulary with the published numbers of entries and the added tokens at their ids. It reads
 * any text, mostly byte by byte.
 */
#include <string.h>

#include "random-model.h"

typedef struct
{
  const char *text;
  gboolean    is_special;
} AddedToken;

/* Qwen2.5's from 151643 on, then those that InternVL adds. */
static const AddedToken qwen2_added[] = {
  { "<|endoftext|>", TRUE }, { "<|im_start|>", TRUE }, { "<|im_end|>", TRUE },
  { "<|object_ref_start|>", TRUE },
  { "<|object_ref_end|>", TRUE }, { "<|box_start|>", TRUE }, { "<|box_end|>", TRUE },
  { "<|quad_start|>", TRUE },
  { "<|quad_end|>", TRUE }, { "<|vision_start|>", TRUE }, { "<|vision_end|>", TRUE },
  { "<|vision_pad|>", TRUE },
  { "<|image_pad|>", TRUE }, { "<|video_pad|>", TRUE }, { "<tool_call>", FALSE },
  { "</tool_call>", FALSE },
  { "<|fim_prefix|>", FALSE }, { "<|fim_middle|>", FALSE }, { "<|fim_suffix|>", FALSE },
  { "<|fim_pad|>", FALSE },
  { "<|repo_name|>", FALSE }, { "<|file_sep|>", FALSE }, { "<img>", TRUE }, { "</img>", TRUE },
  { "<IMG_CONTEXT>", TRUE }, { "<quad>", TRUE }, { "</quad>", TRUE }, { "<ref>", TRUE },
  { "</ref>", TRUE },
  { "<box>", TRUE }, { "</box>", TRUE },
};

/* InternLM2's chat tokens take the ids 92538 on of reserved pieces; those that InternVL adds
 * follow. */
static const AddedToken internlm2_added[] = {
  { "<|plugin|>", TRUE }, { "<|interpreter|>", TRUE }, { "<|action_end|>", TRUE },
  { "<|action_start|>", TRUE },
  { "<|im_end|>", TRUE }, { "<|im_start|>", TRUE }, { "<img>", TRUE }, { "</img>", TRUE },
  { "<IMG_CONTEXT>", TRUE }, { "<quad>", TRUE }, { "</quad>", TRUE }, { "<ref>", TRUE },
  { "</ref>", TRUE },
  { "<box>", TRUE }, { "</box>", TRUE },
};

#define INTERNLM2_FIRST_ADDED 92538u
#define INTERNLM2_FIRST_UNUSED (INTERNLM2_FIRST_ADDED - 141u) /* [UNUSED_TOKEN_141] is <|plugin|> */

/* GPT-2's way to write bytes as characters: printable ones as themselves, the others from U+0100
 * on. */
static void
append_byte_symbol (GString *text,
                    guint    byte)
{
  guint n_before = 0;

  if ((byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte != 0xad))
    {
      g_string_append_unichar (text, byte);
      return;
    }
  for (guint i = 0; i < byte; i++)
    n_before += !((i >= '!' && i <= '~') || (i >= 0xa1 && i != 0xad));
  g_string_append_unichar (text, 256 + n_before);
}

static const char *const merges[] = { "i n", "h e", "t he", "e r", "o n", "a n", "r e",
                                      "\xc4\xa0 t", "\xc4\xa0t he",
                                      "\xc4\xa0 a" };

static gboolean
write_qwen2_vocabulary (const char  *folder,
                        GError     **error)
{
  g_autoptr(GString) vocab = g_string_new ("{");
  g_autoptr(GString) merges_text = g_string_new ("#version: 0.2\n");
  guint id = 0;

  for (; id < 256; id++)
    {
      g_string_append (vocab, id > 0 ? ",\"" : "\"");
      if (id == '"' || id == '\\')
        g_string_append_c (vocab, '\\');
      append_byte_symbol (vocab, id);
      g_string_append_printf (vocab, "\":%u", id);
    }
  for (guint i = 0; i < G_N_ELEMENTS (merges); i++, id++)
    {
      const char *space = strchr (merges[i], ' ');

      g_string_append_printf (vocab, ",\"%.*s%s\":%u", (int) (space - merges[i]), merges[i],
                              space + 1, id);
      g_string_append_printf (merges_text, "%s\n", merges[i]);
    }
  for (; id < RANDOM_MODEL_QWEN2_N_WORDS; id++)
    g_string_append_printf (vocab, ",\"filler%u\":%u", id, id);
  g_string_append (vocab, "}\n");
  return random_model_write_text (folder, "vocab.json", vocab->str, vocab->len, error)
         && random_model_write_text (folder, "merges.txt", merges_text->str, merges_text->len,
                                     error);
}

static void
append_piece (GByteArray *model,
              const char *text,
              float       score,
              guint8      type)
{
  gsize length = strlen (text);
  guint32 score_bits;

  g_assert (length < 100);
  memcpy (&score_bits, &score, sizeof score_bits);
  score_bits = GUINT32_TO_LE (score_bits);
  /* ModelProto.pieces = 1 { piece = 1, score = 2 (fixed32), type = 3 }: all lengths fit one byte */
  g_byte_array_append (model, (guint8[]) { 0x0a, length + 9, 0x0a, length }, 4);
  g_byte_array_append (model, (const guint8 *) text, length);
  g_byte_array_append (model, (guint8[]) { 0x15 }, 1);
  g_byte_array_append (model, (const guint8 *) &score_bits, 4);
  g_byte_array_append (model, (guint8[]) { 0x18, type }, 2);
}

enum { PIECE_NORMAL = 1, PIECE_UNKNOWN = 2, PIECE_CONTROL = 3, PIECE_USER_DEFINED = 4,
       PIECE_BYTE = 6 };

static gboolean
write_internlm2_vocabulary (const char  *folder,
                            GError     **error)
{
  static const char *const words[] = { "in", "he", "the", "er", "on", "an", "re", "\xe2\x96\x81t",
                                       "\xe2\x96\x81the", "\xe2\x96\x81" "a", "\xe2\x96\x81" };
  /* trainer_spec: model_type BPE, byte_fallback; normalizer_spec: identity, no dummy prefix,
   * spaces kept */
  static const guint8 specs[] = { 0x12, 0x05, 0x18, 0x02, 0x98, 0x02, 0x01, 0x1a, 0x10, 0x0a, 0x08,
                                  'i', 'd', 'e',
                                  'n', 't', 'i', 't', 'y', 0x12, 0x00, 0x18, 0x00, 0x20, 0x00 };
  g_autoptr(GByteArray) model = g_byte_array_new ();
  guint n_normal = 0;
  guint id = 3;
  char text[32];

  append_piece (model, "<unk>", 0, PIECE_UNKNOWN);
  append_piece (model, "<s>", 0, PIECE_CONTROL);
  append_piece (model, "</s>", 0, PIECE_CONTROL);
  for (guint byte = 0; byte < 256; byte++, id++)
    {
      g_snprintf (text, sizeof text, "<0x%02X>", byte);
      append_piece (model, text, 0, PIECE_BYTE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (words); i++, id++)
    append_piece (model, words[i], -(float) n_normal++, PIECE_NORMAL);
  for (char c = '!'; c <= '~'; c++, id++)
    append_piece (model, (char[]) { c, '\0' }, -(float) n_normal++, PIECE_NORMAL);
  for (; id < INTERNLM2_FIRST_UNUSED; id++)
    {
      g_snprintf (text, sizeof text, "filler%u", id);
      append_piece (model, text, -(float) n_normal++, PIECE_NORMAL);
    }
  for (; id < RANDOM_MODEL_INTERNLM2_N_WORDS; id++)
    {
      g_snprintf (text, sizeof text, "[UNUSED_TOKEN_%u]", id - INTERNLM2_FIRST_UNUSED);
      append_piece (model, text, 0, PIECE_USER_DEFINED);
    }
  g_byte_array_append (model, specs, sizeof specs);
  return random_model_write_text (folder, "tokenizer.model", (const char *) model->data, model->len,
                                  error);
}

static void
append_decoder_entry (GString          *config,
                      guint             id,
                      const AddedToken *token,
                      gboolean          is_first)
{
  g_string_append_printf (config,
                          "%s\n    \"%u\": {\"content\": \"%s\", \"lstrip\": false, "
                          "\"normalized\": false, "
                          "\"rstrip\": false, \"single_word\": false, \"special\": %s}",
                          is_first ? "" : ",", id, token->text,
                          token->is_special ? "true" : "false");
}

static gboolean
write_added_tokens (const char        *folder,
                    const AddedToken  *tokens,
                    guint              n_tokens,
                    guint              first_id,
                    gboolean           is_qwen2,
                    GError           **error)
{
  static const AddedToken internlm2_controls[] = { { "<unk>", TRUE }, { "<s>", TRUE },
                                                   { "</s>", TRUE } };
  g_autoptr(GString) added = g_string_new ("{");
  g_autoptr(GString) special = g_string_new (NULL);
  g_autoptr(GString) config = g_string_new (NULL);
  g_autofree char *map = NULL;

  g_string_append_printf (config, "{\n  \"add_bos_token\": %s,\n  \"add_eos_token\": false,\n"
                          "  \"added_tokens_decoder\": {", is_qwen2 ? "false" : "true");
  for (guint i = 0; !is_qwen2 && i < G_N_ELEMENTS (internlm2_controls); i++)
    append_decoder_entry (config, i, &internlm2_controls[i], i == 0);
  for (guint i = 0; i < n_tokens; i++)
    {
      append_decoder_entry (config, first_id + i, &tokens[i], is_qwen2 && i == 0);
      /* The chat tokens of InternLM2 are pieces of its model, not added ones. */
      if (is_qwen2 || first_id + i >= RANDOM_MODEL_INTERNLM2_N_WORDS)
        g_string_append_printf (added, "%s\n  \"%s\": %u", added->len > 1 ? "," : "",
                                tokens[i].text, first_id + i);
      if (tokens[i].is_special && !g_str_equal (tokens[i].text, "<|endoftext|>"))
        g_string_append_printf (special, "%s\"%s\"", special->len > 0 ? ", " : "", tokens[i].text);
    }
  g_string_append (added, "\n}\n");
  g_string_append_printf (config,
                          "\n  },\n  \"additional_special_tokens\": [%s],\n"
                          "  \"clean_up_tokenization_spaces\": "
                          "false,\n  \"eos_token\": \"%s\",\n  \"model_max_length\": 16384,\n"
                          "  \"tokenizer_class\": \"%s\"\n}\n",
                          special->str, is_qwen2 ? "<|im_end|>" : "</s>",
                          is_qwen2 ? "Qwen2Tokenizer" : "InternLM2Tokenizer");
  map = g_strdup_printf ("{\n  \"additional_special_tokens\": [%s],\n%s  \"eos_token\": \"%s\",\n"
                         "  \"pad_token\": \"%s\"\n}\n",
                         special->str, is_qwen2 ? "" : "  \"bos_token\": \"<s>\",\n"
                                                       "  \"unk_token\": \"<unk>\",\n",
                         is_qwen2 ? "<|im_end|>" : "</s>", is_qwen2 ? "<|endoftext|>" : "</s>");
  return random_model_write_text (folder, "added_tokens.json", added->str, added->len, error)
         && random_model_write_text (folder, "tokenizer_config.json", config->str, config->len,
                                     error)
         && random_model_write_text (folder, "special_tokens_map.json", map, -1, error);
}

gboolean
random_model_write_tokenizer (RandomModelFamily   family,
                              const char         *folder,
                              GError            **error)
{
  if (family == RANDOM_MODEL_QWEN2)
    return write_qwen2_vocabulary (folder, error)
           && write_added_tokens (folder, qwen2_added, G_N_ELEMENTS (qwen2_added),
                                  RANDOM_MODEL_QWEN2_N_WORDS,
                                  TRUE, error);
  return write_internlm2_vocabulary (folder, error)
         && write_added_tokens (folder, internlm2_added, G_N_ELEMENTS (internlm2_added),
                                INTERNLM2_FIRST_ADDED,
                                FALSE, error);
}
