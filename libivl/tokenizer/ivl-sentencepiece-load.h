/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "tokenizer/ivl-sentencepiece.h"

G_BEGIN_DECLS

/* From the bytes of a tokenizer.model; name is the file, for messages. Errors:
 * IVL_ERROR_INVALID_DATA, IVL_ERROR_NO_MEMORY; IVL_ERROR_UNSUPPORTED if the model is not BPE
 * with byte fallback, or rewrites text before encoding. */
IvlSentencepiece *ivl_sentencepiece_load (const guint8 *data,
                                          gsize         size,
                                          const char   *name,
                                          GError      **error);

G_END_DECLS
