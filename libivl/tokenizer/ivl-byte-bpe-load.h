/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "tokenizer/ivl-byte-bpe.h"

G_BEGIN_DECLS

/* The bytes of a file and its name for messages; borrowed. */
typedef struct
{
  const char *data;
  gsize       size;
  const char *name;
} IvlByteBpeFile;

/* From Hugging Face's vocab.json and merges.txt.
 * Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_NO_MEMORY. */
IvlByteBpe *ivl_byte_bpe_load_vocab (const IvlByteBpeFile *vocab,
                                     const IvlByteBpeFile *merges,
                                     GError              **error);
/* From Hugging Face's tokenizer.json. *added_tokens is the JSON array of that name, within the
 * file, or NULL. IVL_ERROR_UNSUPPORTED if the file asks for anything but Qwen2's tokenizer. */
IvlByteBpe *ivl_byte_bpe_load_json (const IvlByteBpeFile *file,
                                    const char          **added_tokens,
                                    gsize                *n_added_tokens,
                                    GError              **error);

G_END_DECLS
