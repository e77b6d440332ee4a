/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What single tokens spell, without regard to their neighbours.
 */
#include "tokenizer/ivl-token-bytes.h"

#include <string.h>

#include "tokenizer/ivl-tokenizer-private.h"

#define SPACE_SYMBOL "\xe2\x96\x81"

gboolean
ivl_token_bytes_is_text (IvlTokenizer *tokenizer,
                         guint32       id)
{
  const IvlTokenizerFiles *files = &tokenizer->files;
  IvlPieceType type;
  gsize n_bytes;

  if (id >= files->size || tokenizer->is_special[id] ||
      ivl_added_tokens_find_id (files->added, id) >= 0)
    return FALSE;
  if (files->bpe != NULL)
    return ivl_byte_bpe_get_token (files->bpe, id, &n_bytes) != NULL;
  type = ivl_sentencepiece_get_type (files->pieces, id);
  return type == IVL_PIECE_NORMAL || type == IVL_PIECE_BYTE;
}

static void
append_piece (const char *piece,
              gsize       n_bytes,
              GString    *out)
{
  const char *end = piece + n_bytes;

  while (piece < end)
    {
      const char *space = memmem (piece, end - piece, SPACE_SYMBOL, 3);

      g_string_append_len (out, piece, (space != NULL ? space : end) - piece);
      if (space == NULL)
        return;
      g_string_append_c (out, ' ');
      piece = space + 3;
    }
}

void
ivl_token_bytes_append (IvlTokenizer *tokenizer,
                        guint32       id,
                        GString      *out)
{
  const IvlTokenizerFiles *files = &tokenizer->files;
  const guint8 *bytes;
  gsize n_bytes;
  int i;

  if (id >= files->size)
    return;
  i = ivl_added_tokens_find_id (files->added, id);
  if (i >= 0)
    {
      IvlAddedTokenFlags flags;
      const char *text = ivl_added_tokens_get (files->added, i, &id, &n_bytes, &flags);

      g_string_append_len (out, text, n_bytes);
      return;
    }
  if (files->pieces != NULL && ivl_sentencepiece_get_type (files->pieces, id) == IVL_PIECE_BYTE)
    {
      g_string_append_c (out, (char) ivl_sentencepiece_get_byte (files->pieces, id));
      return;
    }
  bytes = files->bpe != NULL ? ivl_byte_bpe_get_token (files->bpe, id, &n_bytes)
                             : ivl_sentencepiece_get_piece (files->pieces, id, &n_bytes);
  if (bytes == NULL)
    return;
  if (files->bpe != NULL)
    g_string_append_len (out, (const char *) bytes, n_bytes);
  else
    append_piece ((const char *) bytes, n_bytes, out);
}
