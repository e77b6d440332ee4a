/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "tokenizer/ivl-added-tokens.h"
#include "tokenizer/ivl-byte-bpe.h"
#include "tokenizer/ivl-sentencepiece.h"

G_BEGIN_DECLS

/* What the tokenizer files of a folder say. Just one of bpe and pieces is there. */
typedef struct
{
  IvlByteBpe       *bpe;
  IvlSentencepiece *pieces;
  IvlAddedTokens   *added;
  gint32            bos;  /* -1: no prompt begins with one */
  guint             size; /* largest id + 1 */
} IvlTokenizerFiles;

/* Every id and every special token comes from the folder. Prefers vocab.json + merges.txt (what the
 * published models were used with) to tokenizer.json. Errors as ivl_tokenizer_open(). */
gboolean ivl_tokenizer_files_read (const char         *folder,
                                   IvlTokenizerFiles  *files,
                                   GError            **error);
void     ivl_tokenizer_files_clear (IvlTokenizerFiles *files);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlTokenizerFiles, ivl_tokenizer_files_clear)

G_END_DECLS
