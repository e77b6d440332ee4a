/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tokenizer/ivl-tokenizer.h"

G_BEGIN_DECLS

#define IVL_JSON_VOCABULARY_NO_CHARS 255
#define IVL_JSON_VOCABULARY_MAX_BYTES 255

/* Tokens in the order of their bytes, so that those with the same beginning are neighbours. */
typedef struct
{
  guint32 *ids;
  guint8  *n_shared; /* bytes that a token shares with the one before it */
  guint    n;
  guint    first[257]; /* by the first byte; [256]: n */
} IvlJsonTokens;

/* A tokenizer's text tokens, prepared for finding those that may come next in JSON. Immutable. */
typedef struct
{
  guint         n_ids;
  guint8       *bytes;
  guint32      *offsets; /* [n_ids + 1] into bytes; nothing for tokens that are no text */
  /* [n_ids]: characters of a token of whole characters that may stand in a string as they are;
   * IVL_JSON_VOCABULARY_NO_CHARS for the others. */
  guint8       *n_chars;
  IvlJsonTokens all;
  IvlJsonTokens rest;    /* those without n_chars */
} IvlJsonVocabulary;

/* Takes some hundred milliseconds for a large vocabulary. Tokens of more than
 * IVL_JSON_VOCABULARY_MAX_BYTES bytes are left out. NULL without memory. */
IvlJsonVocabulary *ivl_json_vocabulary_new (IvlTokenizer  *tokenizer,
                                            GError       **error);
void               ivl_json_vocabulary_free (IvlJsonVocabulary *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlJsonVocabulary, ivl_json_vocabulary_free)

G_END_DECLS
