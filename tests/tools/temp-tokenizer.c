/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small tokenizer files for tests of what real ones do not have.
 */
#include "temp-tokenizer.h"

#include <string.h>

char *
temp_tokenizer_make_vocab (const char *more)
{
  GString *vocab = g_string_new ("{");
  guint n_others = 0;

  for (guint byte = 0; byte < 256; byte++)
    {
      gboolean printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
      gunichar c = printable ? byte : 256 + n_others++;

      g_string_append_printf (vocab, "%s\"\\u%04x\":%u", byte > 0 ? "," : "", c, byte);
    }
  g_string_append (vocab, more);
  g_string_append_c (vocab, '}');
  return g_string_free (vocab, FALSE);
}

char *
temp_tokenizer_make_json (const char *vocab,
                          const char *merges,
                          const char *added)
{
  return g_strconcat (
      "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":", added,
      ",\"normalizer\":{\"type\":\"NFC\"},\"pre_tokenizer\":{\"type\":\"Sequence\","
      "\"pretokenizers\":["
      "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
      "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|"
      "\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":false},"
      "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":"
      "false}]},"
      "\"post_processor\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":"
      "false,"
      "\"use_regex\":false},\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
      "\"trim_offsets\":false,\"use_regex\":false},\"model\":{\"type\":\"BPE\",\"dropout\":null,"
      "\"unk_token\":null,\"continuing_subword_prefix\":\"\",\"end_of_word_suffix\":\"\","
      "\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":false,\"vocab\":",
      vocab, ",\"merges\":", merges, "}}", NULL);
}

static void
append_varint (GByteArray *out,
               guint64     value)
{
  do
    {
      guint8 byte = (value & 0x7f) | (value >= 0x80 ? 0x80 : 0);

      g_byte_array_append (out, &byte, 1);
      value >>= 7;
    }
  while (value > 0);
}

void
temp_tokenizer_append_message (GByteArray   *model,
                               guint         field,
                               const guint8 *bytes,
                               gsize         n_bytes)
{
  append_varint (model, field << 3 | 2);
  append_varint (model, n_bytes);
  g_byte_array_append (model, bytes, n_bytes);
}

void
temp_tokenizer_append_piece (GByteArray   *model,
                             const guint8 *text,
                             gsize         n_bytes,
                             float         score,
                             guint         type)
{
  g_autoptr (GByteArray) piece = g_byte_array_new ();
  guint32 bits;

  memcpy (&bits, &score, sizeof bits);
  bits = GUINT32_TO_LE (bits);
  temp_tokenizer_append_message (piece, 1, text, n_bytes);
  append_varint (piece, 2 << 3 | 5);
  g_byte_array_append (piece, (const guint8 *) &bits, 4);
  append_varint (piece, 3 << 3);
  append_varint (piece, type);
  temp_tokenizer_append_message (model, 1, piece->data, piece->len);
}

void
temp_tokenizer_append_base (GByteArray *model)
{
  temp_tokenizer_append_piece (model, (const guint8 *) "<unk>", 5, 0, 2);
  temp_tokenizer_append_piece (model, (const guint8 *) "<s>", 3, 0, 3);
  temp_tokenizer_append_piece (model, (const guint8 *) "</s>", 4, 0, 3);
  for (guint byte = 0; byte < 256; byte++)
    {
      g_autofree char *text = g_strdup_printf ("<0x%02X>", byte);

      temp_tokenizer_append_piece (model, (const guint8 *) text, 6, 0, 6);
    }
}

void
temp_tokenizer_append_specs (GByteArray *model,
                             gboolean    add_dummy_prefix,
                             gboolean    remove_extra_whitespaces)
{
  g_autoptr (GByteArray) trainer = g_byte_array_new ();
  g_autoptr (GByteArray) normalizer = g_byte_array_new ();

  append_varint (trainer, 3 << 3);
  append_varint (trainer, 2);
  append_varint (trainer, 35 << 3);
  append_varint (trainer, 1);
  temp_tokenizer_append_message (model, 2, trainer->data, trainer->len);
  append_varint (normalizer, 3 << 3);
  append_varint (normalizer, add_dummy_prefix);
  append_varint (normalizer, 4 << 3);
  append_varint (normalizer, remove_extra_whitespaces);
  temp_tokenizer_append_message (model, 3, normalizer->data, normalizer->len);
}
