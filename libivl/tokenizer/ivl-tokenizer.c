/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tokenizer of a checkpoint folder: joins spans of text, finds the added tokens in what is
 * trusted, and hands the stretches between them to the folder's kind of BPE.
 */
#include "tokenizer/ivl-tokenizer.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "tokenizer/ivl-char-class.h"
#include "tokenizer/ivl-tokenizer-private.h"
#include "tokenizer/ivl-utf8.h"

IvlTokenizer *
ivl_tokenizer_open (const char *folder,
                    GError    **error)
{
  g_autoptr (IvlTokenizer) self = g_new0 (IvlTokenizer, 1);
  const IvlAddedTokens *added;

  if (!ivl_tokenizer_files_read (folder, &self->files, error))
    return NULL;
  self->is_special = g_try_malloc0 (MAX (self->files.size, 1));
  if (self->is_special == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "tokenizer: no memory for %" G_GSIZE_FORMAT " tokens", (gsize) self->files.size);
      return NULL;
    }
  added = self->files.added;
  for (guint i = 0; i < ivl_added_tokens_get_n_tokens (added); i++)
    {
      IvlAddedTokenFlags flags;
      guint32 id;
      gsize len;

      ivl_added_tokens_get (added, i, &id, &len, &flags);
      self->is_special[id] = (flags & IVL_ADDED_TOKEN_SPECIAL) != 0;
    }
  return g_steal_pointer (&self);
}

void
ivl_tokenizer_free (IvlTokenizer *self)
{
  if (self == NULL)
    return;
  ivl_tokenizer_files_clear (&self->files);
  g_free (self->is_special);
  g_free (self);
}

guint
ivl_tokenizer_get_size (IvlTokenizer *self)
{
  return self->files.size;
}

gint32
ivl_tokenizer_get_bos (IvlTokenizer *self)
{
  return self->files.bos;
}

gint32
ivl_tokenizer_find (IvlTokenizer *self,
                    const char   *token)
{
  int i = ivl_added_tokens_find (self->files.added, token, strlen (token));
  IvlAddedTokenFlags flags;
  guint32 id;
  gsize len;

  if (i < 0)
    return -1;
  ivl_added_tokens_get (self->files.added, i, &id, &len, &flags);
  return id;
}

gboolean
ivl_tokenizer_is_special (IvlTokenizer *self,
                          guint32       id)
{
  return id < self->files.size && self->is_special[id];
}

/* Bytes [start, end) of the joined text. */
typedef struct
{
  gsize       start;
  gsize       end;
  IvlTextKind kind;
} Run;

/* One call of ivl_tokenizer_encode(). */
typedef struct
{
  const IvlTokenizer *self;
  const char         *text;
  gsize               len;
  GArray             *runs;   /* Run, in order, without gaps, neighbours of different kinds */
  GArray             *guards; /* IvlSentencepieceGuard, for one stretch */
  guint               first;  /* no run before this one reaches into the next stretch */
  IvlMergeList        list;
  GString            *normal;
  GArray             *ids;
} Encoding;

static void
append_run (GArray     *runs,
            gsize       end,
            IvlTextKind kind)
{
  Run run = { 0, end, kind };

  if (runs->len > 0)
    {
      Run *last = &g_array_index (runs, Run, runs->len - 1);

      run.start = last->end;
      if (last->kind == kind)
        {
          last->end = end;
          return;
        }
    }
  if (run.end > run.start)
    g_array_append_val (runs, run);
}

/* Replaces what is not UTF-8; a character belongs to the run of its first byte. */
static GString *
make_valid (const char *text,
            gsize       len,
            GArray    **runs)
{
  GString *valid = g_string_sized_new (len + 64);
  GArray *moved = g_array_new (FALSE, FALSE, sizeof (Run));
  gsize i = 0;

  for (guint r = 0; r < (*runs)->len; r++)
    {
      const Run *run = &g_array_index (*runs, Run, r);

      while (i < run->end)
        {
          gsize n;

          if (ivl_utf8_step ((const guint8 *) text + i, len - i, &n) == IVL_UTF8_VALID)
            g_string_append_len (valid, text + i, n);
          else
            ivl_utf8_append_replacement (valid);
          i += n;
        }
      append_run (moved, valid->len, run->kind);
    }
  g_array_unref (*runs);
  *runs = moved;
  return valid;
}

static void
find_guards (Encoding *encoding,
             gsize     start,
             gsize     end)
{
  g_array_set_size (encoding->guards, 0);
  for (guint r = encoding->first; r < encoding->runs->len; r++)
    {
      const Run *run = &g_array_index (encoding->runs, Run, r);

      if (run->start >= end)
        break;
      if (run->end <= start)
        encoding->first = r + 1;
      else if (run->kind == IVL_TEXT_USER)
        {
          IvlSentencepieceGuard guard = { MAX (run->start, start) - start,
                                          MIN (run->end, end) - start };

          g_array_append_val (encoding->guards, guard);
        }
    }
}

static void
encode_stretch (Encoding *encoding,
                gsize     start,
                gsize     end)
{
  const IvlTokenizerFiles *files = &encoding->self->files;

  if (start >= end)
    return;
  if (files->bpe != NULL)
    {
      ivl_byte_bpe_encode (files->bpe, encoding->text + start, end - start, &encoding->list,
                           encoding->normal, encoding->ids);
      return;
    }
  find_guards (encoding, start, end);
  ivl_sentencepiece_encode (files->pieces, encoding->text + start, end - start,
                            (const IvlSentencepieceGuard *) (void *) encoding->guards->data,
                            encoding->guards->len, &encoding->list, encoding->normal,
                            encoding->ids);
}

static gsize
strip_end (const char *text,
           gsize       start,
           gsize       end)
{
  while (end > start)
    {
      const char *last = g_utf8_prev_char (text + end);
      guint n;

      if (!(ivl_char_class_get (ivl_utf8_get ((const guint8 *) last, &n)) & IVL_CHAR_SPACE))
        break;
      end = last - text;
    }
  return end;
}

static gsize
strip_start (const char *text,
             gsize       start,
             gsize       end)
{
  while (start < end)
    {
      guint n;
      gunichar c = ivl_utf8_get ((const guint8 *) text + start, &n);

      if (!(ivl_char_class_get (c) & IVL_CHAR_SPACE))
        break;
      start += n;
    }
  return start;
}

/* Encodes up to the last added token of the run. done is what was encoded before; returns what
 * is now. */
static gsize
encode_trusted_run (Encoding  *encoding,
                    const Run *run,
                    gsize      done)
{
  const IvlAddedTokens *added = encoding->self->files.added;
  gsize pos = MAX (run->start, done);

  while (pos < run->end)
    {
      IvlAddedTokenFlags flags;
      guint32 id;
      gsize len;
      gsize start;
      int i = ivl_added_tokens_search (added, encoding->text + pos, run->end - pos, &start);

      if (i < 0)
        break;
      ivl_added_tokens_get (added, i, &id, &len, &flags);
      start += pos;
      encode_stretch (encoding, done,
                      flags & IVL_ADDED_TOKEN_LSTRIP ? strip_end (encoding->text, done, start)
                                                     : start);
      g_array_append_val (encoding->ids, id);
      pos = done = start + len;
      if (flags & IVL_ADDED_TOKEN_RSTRIP)
        pos = done = strip_start (encoding->text, done, encoding->len);
    }
  return done;
}

static void
encode_text (Encoding *encoding)
{
  gsize done = 0;

  for (guint r = 0; r < encoding->runs->len; r++)
    {
      const Run *run = &g_array_index (encoding->runs, Run, r);

      if (run->kind == IVL_TEXT_TRUSTED)
        done = encode_trusted_run (encoding, run, done);
    }
  encode_stretch (encoding, done, encoding->len);
}

void
ivl_tokenizer_encode (IvlTokenizer      *self,
                      const IvlTextSpan *spans,
                      guint              n_spans,
                      GArray            *ids)
{
  g_autoptr (GArray) runs = g_array_new (FALSE, FALSE, sizeof (Run));
  g_autoptr (GArray) guards = g_array_new (FALSE, FALSE, sizeof (IvlSentencepieceGuard));
  g_autoptr (GString) normal = g_string_new (NULL);
  g_autoptr (GString) joined = NULL;
  Encoding encoding = { .self = self, .guards = guards, .normal = normal, .ids = ids };
  gsize len = 0;

  for (guint i = 0; i < n_spans; i++)
    {
      len += spans[i].len;
      append_run (runs, len, spans[i].kind);
    }
  if (len == 0)
    return;
  encoding.text = spans[0].text;
  if (n_spans > 1)
    {
      joined = g_string_sized_new (len);
      for (guint i = 0; i < n_spans; i++)
        g_string_append_len (joined, spans[i].text, spans[i].len);
      encoding.text = joined->str;
    }
  if (ivl_utf8_count_valid ((const guint8 *) encoding.text, len) != len)
    {
      GString *valid = make_valid (encoding.text, len, &runs);

      if (joined != NULL)
        g_string_free (joined, TRUE);
      joined = valid;
      encoding.text = valid->str;
      len = valid->len;
    }
  encoding.len = len;
  encoding.runs = runs;
  encode_text (&encoding);
  ivl_merge_list_clear (&encoding.list);
}

void
ivl_tokenizer_decode (IvlTokenizer  *self,
                      const guint32 *ids,
                      gsize          n_ids,
                      gboolean       skip_special,
                      GString       *out)
{
  g_autoptr (IvlTokenDecoder) decoder = ivl_token_decoder_new (self, skip_special);

  for (gsize i = 0; i < n_ids; i++)
    ivl_token_decoder_push (decoder, ids[i], out);
  ivl_token_decoder_finish (decoder, out);
}
