/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tokens that may come next: a walk over the vocabulary in the order of its bytes, with the
 * acceptor's state behind each byte of the token in hand, so that what tokens share is read once
 * and what they share with a token that failed is passed over. In strings, where nearly all tokens
 * may come, the walk takes only those with quotation marks, escapes or parts of characters.
 */
#include "lm/ivl-json-guide.h"

#include <string.h>

#include "lm/ivl-json-acceptor.h"

struct _IvlJsonGuide
{
  IvlJsonAcceptor         *acceptor;
  const IvlJsonVocabulary *vocabulary;
  /* [0]: behind all that came; [n]: behind n bytes more, while tokens are tried */
  IvlJsonState             states[IVL_JSON_VOCABULARY_MAX_BYTES + 1];
};

IvlJsonGuide *
ivl_json_guide_new (IvlJsonSchema           *schema,
                    const IvlJsonVocabulary *vocabulary)
{
  IvlJsonGuide *self = g_new0 (IvlJsonGuide, 1);

  self->acceptor = ivl_json_acceptor_new (schema);
  self->vocabulary = vocabulary;
  ivl_json_acceptor_start (self->acceptor, &self->states[0]);
  return self;
}

void
ivl_json_guide_free (IvlJsonGuide *self)
{
  ivl_json_acceptor_free (self->acceptor);
  g_free (self);
}

/* Tries a token whose first `from` bytes have been tried. Returns how many of its bytes fit. */
static guint
try_bytes (IvlJsonGuide *self,
           const guint8 *bytes,
           guint         from,
           guint         n)
{
  for (guint i = from; i < n; i++)
    {
      ivl_json_acceptor_copy_state (&self->states[i + 1], &self->states[i]);
      if (!ivl_json_acceptor_step (self->acceptor, &self->states[i + 1], bytes[i]))
        return i;
    }
  return n;
}

static void
try_tokens (IvlJsonGuide        *self,
            const IvlJsonTokens *tokens,
            guint8              *allowed,
            gsize                n)
{
  const IvlJsonVocabulary *vocabulary = self->vocabulary;
  guint fitting = 0; /* bytes of the last token tried */
  guint i = 0;

  while (i < tokens->n)
    {
      guint32 id = tokens->ids[i];
      const guint8 *bytes = vocabulary->bytes + vocabulary->offsets[id];
      guint length = vocabulary->offsets[id + 1] - vocabulary->offsets[id];

      if (tokens->n_shared[i] <= fitting)
        {
          fitting = try_bytes (self, bytes, tokens->n_shared[i], length);
          if (fitting == 0)
            {
              i = tokens->first[bytes[0] + 1];
              continue;
            }
          if (fitting == length && id < n)
            allowed[id] = TRUE;
        }
      i++;
    }
}

void
ivl_json_guide_fill (IvlJsonGuide *self,
                     guint8       *allowed,
                     gsize         n)
{
  const IvlJsonVocabulary *vocabulary = self->vocabulary;
  guint n_free = ivl_json_acceptor_count_free_chars (&self->states[0]);
  guint8 limit = (guint8) MIN (n_free, IVL_JSON_VOCABULARY_NO_CHARS - 1);
  gsize n_known = MIN (n, vocabulary->n_ids);

  if (n_free == 0)
    {
      memset (allowed, 0, n);
      try_tokens (self, &vocabulary->all, allowed, n);
      return;
    }
  for (gsize i = 0; i < n_known; i++)
    allowed[i] = vocabulary->n_chars[i] <= limit;
  memset (allowed + n_known, 0, n - n_known);
  try_tokens (self, &vocabulary->rest, allowed, n);
}

gboolean
ivl_json_guide_push (IvlJsonGuide *self,
                     guint32       id)
{
  const IvlJsonVocabulary *vocabulary = self->vocabulary;
  const guint8 *bytes;
  guint length;

  if (id >= vocabulary->n_ids)
    return FALSE;
  bytes = vocabulary->bytes + vocabulary->offsets[id];
  length = vocabulary->offsets[id + 1] - vocabulary->offsets[id];
  if (length == 0 || try_bytes (self, bytes, 0, length) < length)
    return FALSE;
  ivl_json_acceptor_copy_state (&self->states[0], &self->states[length]);
  return TRUE;
}

gboolean
ivl_json_guide_may_end (IvlJsonGuide *self)
{
  return ivl_json_acceptor_is_complete (&self->states[0]);
}

gboolean
ivl_json_guide_must_end (IvlJsonGuide *self)
{
  return ivl_json_acceptor_is_ended (self->acceptor, &self->states[0]);
}
