/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turns ids into text one by one, holding back the beginning of a character that is not complete.
 */
#include <string.h>

#include "tokenizer/ivl-tokenizer-private.h"
#include "tokenizer/ivl-tokenizer.h"
#include "tokenizer/ivl-utf8.h"

#define SPACE_SYMBOL "\xe2\x96\x81"

IvlTokenDecoder *
ivl_token_decoder_new (IvlTokenizer *tokenizer,
                       gboolean      skip_special)
{
  IvlTokenDecoder *self = g_new0 (IvlTokenDecoder, 1);

  self->tokenizer = tokenizer;
  self->skip_special = skip_special;
  self->at_start = TRUE;
  return self;
}

void
ivl_token_decoder_free (IvlTokenDecoder *self)
{
  g_free (self);
}

/* Takes one byte. It may complete a character, or show that those held back were none: byte-
 * level BPE then puts one U+FFFD for all of them, sentencepiece one for each. */
static void
push_byte (IvlTokenDecoder *self,
           guint8           byte,
           GString         *out)
{
  gboolean each = self->tokenizer->files.pieces != NULL;

  self->pending[self->n_pending++] = byte;
  while (self->n_pending > 0)
    {
      gsize n;
      IvlUtf8Status status = ivl_utf8_step (self->pending, self->n_pending, &n);

      if (status == IVL_UTF8_INCOMPLETE)
        return;
      if (status == IVL_UTF8_VALID)
        g_string_append_len (out, (const char *) self->pending, n);
      else
        {
          n = each ? 1 : n;
          ivl_utf8_append_replacement (out);
        }
      self->n_pending -= n;
      memmove (self->pending, self->pending + n, self->n_pending);
    }
}

static void
push_bytes (IvlTokenDecoder *self,
            const guint8    *bytes,
            gsize            n_bytes,
            GString         *out)
{
  gsize done = 0;

  while (done < n_bytes)
    {
      if (self->n_pending == 0)
        {
          gsize n = ivl_utf8_count_valid (bytes + done, n_bytes - done);

          g_string_append_len (out, (const char *) bytes + done, n);
          done += n;
        }
      if (done < n_bytes)
        push_byte (self, bytes[done++], out);
    }
}

void
ivl_token_decoder_finish (IvlTokenDecoder *self,
                          GString         *out)
{
  guint n = self->tokenizer->files.pieces != NULL ? self->n_pending : MIN (self->n_pending, 1);

  for (guint i = 0; i < n; i++)
    ivl_utf8_append_replacement (out);
  self->n_pending = 0;
}

gboolean
ivl_token_decoder_has_pending (const IvlTokenDecoder *self)
{
  return self->n_pending > 0;
}

/* A piece's text with spaces for U+2581. If encoding puts a space before the text or drops
 * spaces there, decoding drops it (sentencepiece_processor.cc, Decode). */
static void
push_piece (IvlTokenDecoder *self,
            const guint8    *bytes,
            gsize            n_bytes,
            GString         *out)
{
  const IvlSentencepieceFlags *flags = ivl_sentencepiece_get_flags (self->tokenizer->files.pieces);
  const char *p = (const char *) bytes;
  const char *end = p + n_bytes;

  if (self->at_start && (flags->add_dummy_prefix || flags->remove_extra_whitespaces) &&
      n_bytes >= 3 && memcmp (p, SPACE_SYMBOL, 3) == 0)
    {
      p += 3;
      self->at_start = flags->remove_extra_whitespaces;
    }
  if (p < end)
    self->at_start = FALSE;
  while (p < end)
    {
      const char *space = memmem (p, end - p, SPACE_SYMBOL, 3);

      g_string_append_len (out, p, (space != NULL ? space : end) - p);
      if (space == NULL)
        return;
      g_string_append_c (out, ' ');
      p = space + 3;
    }
}

static void
push_sentencepiece (IvlTokenDecoder *self,
                    guint32          id,
                    GString         *out)
{
  const IvlSentencepiece *pieces = self->tokenizer->files.pieces;
  gsize n_bytes;
  const guint8 *bytes = ivl_sentencepiece_get_piece (pieces, id, &n_bytes);

  switch (ivl_sentencepiece_get_type (pieces, id))
    {
    case IVL_PIECE_BYTE:
      self->at_start = FALSE;
      push_byte (self, ivl_sentencepiece_get_byte (pieces, id), out);
      break;
    case IVL_PIECE_UNKNOWN:
      ivl_token_decoder_finish (self, out);
      self->at_start = FALSE;
      g_string_append (out, " \xe2\x81\x87 "); /* sentencepiece's default for it, U+2047 */
      break;
    case IVL_PIECE_NORMAL:
    case IVL_PIECE_USER_DEFINED:
      ivl_token_decoder_finish (self, out);
      push_piece (self, bytes, n_bytes, out);
      break;
    default:
      break;
    }
}

void
ivl_token_decoder_push (IvlTokenDecoder *self,
                        guint32          id,
                        GString         *out)
{
  const IvlTokenizerFiles *files = &self->tokenizer->files;
  const guint8 *bytes;
  gsize n_bytes;
  int i;

  if (id >= files->size || (self->skip_special && self->tokenizer->is_special[id]))
    return;
  i = ivl_added_tokens_find_id (files->added, id);
  if (i >= 0)
    {
      IvlAddedTokenFlags flags;
      const char *text = ivl_added_tokens_get (files->added, i, &id, &n_bytes, &flags);

      ivl_token_decoder_finish (self, out);
      self->at_start = FALSE;
      g_string_append_len (out, text, n_bytes);
      return;
    }
  if (files->pieces != NULL)
    {
      push_sentencepiece (self, id, out);
      return;
    }
  bytes = ivl_byte_bpe_get_token (files->bpe, id, &n_bytes);
  if (bytes != NULL)
    push_bytes (self, bytes, n_bytes, out);
}
