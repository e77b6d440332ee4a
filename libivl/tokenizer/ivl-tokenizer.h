/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The tokenizer of a checkpoint folder: byte-level BPE (Qwen2.5: vocab.json + merges.txt +
 * added_tokens.json / tokenizer_config.json, or tokenizer.json) or sentencepiece BPE
 * (InternLM2.5: tokenizer.model + the same added-token files). Immutable once open; safe to use
 * from any thread. */
typedef struct _IvlTokenizer IvlTokenizer;

typedef enum
{
  IVL_TEXT_TRUSTED, /* written by us: added tokens such as <|im_end|> are recognised */
  IVL_TEXT_PLAIN,   /* no added token is recognised; otherwise exactly the reference */
  IVL_TEXT_USER,    /* as PLAIN, and sentencepiece's [UNUSED_TOKEN_n] are plain characters too */
} IvlTextKind;

/* A stretch of UTF-8 text, len bytes (NUL allowed inside). */
typedef struct
{
  const char  *text;
  gsize        len;
  IvlTextKind  kind;
} IvlTextSpan;

/* Errors: IVL_ERROR_NOT_FOUND (no tokenizer files), IVL_ERROR_INVALID_DATA,
 * IVL_ERROR_UNSUPPORTED. */
IvlTokenizer *ivl_tokenizer_open (const char  *folder,
                                  GError     **error);
void          ivl_tokenizer_free (IvlTokenizer *self);
/* Largest id + 1. */
guint         ivl_tokenizer_get_size (IvlTokenizer *self);
/* The id that opens every prompt (InternLM2's <s>), or -1. ivl_tokenizer_encode() does not add
 * it. */
gint32        ivl_tokenizer_get_bos (IvlTokenizer *self);
/* The id of an added token, by its exact text, or -1. */
gint32        ivl_tokenizer_find (IvlTokenizer *self,
                                  const char   *token);
gboolean      ivl_tokenizer_is_special (IvlTokenizer *self,
                                        guint32       id);
/* Appends the ids of the concatenated spans to ids (guint32). Plain text runs on across span
 * borders: only added tokens found inside TRUSTED spans separate it, so splitting text into
 * spans changes nothing but what is recognised as an added token. Invalid UTF-8 is replaced by
 * U+FFFD first. */
void          ivl_tokenizer_encode (IvlTokenizer      *self,
                                    const IvlTextSpan *spans,
                                    guint              n_spans,
                                    GArray            *ids);
/* Appends the text of ids to out, always valid UTF-8 (bad bytes become U+FFFD as in the
 * reference: one for each maximal bad sequence with Qwen, one for each byte with sentencepiece).
 * NUL can occur. Ids outside the vocabulary give nothing. */
void          ivl_tokenizer_decode (IvlTokenizer  *self,
                                    const guint32 *ids,
                                    gsize          n_ids,
                                    gboolean       skip_special,
                                    GString       *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTokenizer, ivl_tokenizer_free)

/* Decoding token by token: emits only whole characters and holds back the start of an incomplete
 * one. The concatenation of all pushes and the finish equals ivl_tokenizer_decode(). */
typedef struct _IvlTokenDecoder IvlTokenDecoder;

IvlTokenDecoder *ivl_token_decoder_new (IvlTokenizer *tokenizer,
                                        gboolean      skip_special);
void             ivl_token_decoder_free (IvlTokenDecoder *self);
void             ivl_token_decoder_push (IvlTokenDecoder *self,
                                         guint32          id,
                                         GString         *out);
/* Whether the start of a character is held back. */
gboolean         ivl_token_decoder_has_pending (const IvlTokenDecoder *self);
void             ivl_token_decoder_finish (IvlTokenDecoder *self,
                                           GString         *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTokenDecoder, ivl_token_decoder_free)

G_END_DECLS
