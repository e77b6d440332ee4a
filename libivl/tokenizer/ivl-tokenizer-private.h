/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What encoding and decoding share.
 */
#pragma once

#include "tokenizer/ivl-tokenizer-files.h"
#include "tokenizer/ivl-tokenizer.h"

G_BEGIN_DECLS

struct _IvlTokenizer
{
  IvlTokenizerFiles files;
  guint8           *is_special; /* by id */
};

struct _IvlTokenDecoder
{
  const IvlTokenizer *tokenizer;
  gboolean            skip_special;
  gboolean            at_start; /* nothing was emitted yet */
  guint8              pending[4]; /* the beginning of a character */
  guint               n_pending;
};

G_END_DECLS
