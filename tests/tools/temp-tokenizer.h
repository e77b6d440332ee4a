/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A vocab.json of the 256 bytes with ids 0..255 and then more, such as ",\"ab\":256". */
char *temp_tokenizer_make_vocab (const char *more);
/* A tokenizer.json around that vocabulary. merges is a JSON array, added another one. */
char *temp_tokenizer_make_json (const char *vocab,
                                const char *merges,
                                const char *added);

/* A sentencepiece model, field by field. Types: 1 normal, 2 unknown, 3 control, 4 user-defined,
 * 6 byte. */
void  temp_tokenizer_append_piece (GByteArray   *model,
                                   const guint8 *text,
                                   gsize         n_bytes,
                                   float         score,
                                   guint         type);
/* <unk>, <s>, </s> and the 256 bytes: ids 0..258. */
void  temp_tokenizer_append_base (GByteArray *model);
/* A protobuf field of wire type 2 around bytes. */
void  temp_tokenizer_append_message (GByteArray   *model,
                                     guint         field,
                                     const guint8 *bytes,
                                     gsize         n_bytes);
/* trainer_spec: BPE with byte fallback; normalizer_spec: identity, and the flags. */
void  temp_tokenizer_append_specs (GByteArray *model,
                                   gboolean    add_dummy_prefix,
                                   gboolean    remove_extra_whitespaces);
