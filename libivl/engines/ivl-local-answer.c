/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way from logits to text: tokens that fit the schema -> sampler -> loop detection -> decoder
 * -> stop strings. Each stage may hold something back, so text once shown
 * never has to be taken back. Tokens with their probabilities are told when all of their text has
 * passed.
 */
#include "engines/ivl-local-answer.h"

#include <string.h>

#include "lm/ivl-json-guide.h"
#include "lm/ivl-logprobs.h"
#include "lm/ivl-repetition.h"
#include "lm/ivl-sampler.h"
#include "lm/ivl-stop.h"
#include "tokenizer/ivl-token-bytes.h"

/* A token that has been drawn, and where its text lies in what the decoder gives. The end of one
 * behind which half a character is held back lies beyond that. */
typedef struct
{
  IvlToken *token;
  gsize     start;
  gsize     end;
} Told;

struct _IvlLocalAnswer
{
  IvlNetwork      *network;
  IvlTimeline     *timeline;
  IvlSampler      *sampler;
  IvlRepetition   *repetition; /* NULL: not wanted */
  IvlStop         *stop;
  IvlTokenDecoder *decoder;
  GArray          *ids;        /* guint32: the answer so far */
  guint            n_decoded;  /* of these, given to the decoder */
  guint            max_tokens;

  IvlJsonGuide    *guide;      /* NULL: any text */
  guint8          *allowed;    /* [vocabulary], with a guide */

  int              n_top;      /* alternatives to tell; -1: tell no tokens */
  float           *raw;        /* f32 [vocabulary]: the logits before the sampler; NULL without */
  GArray          *told;       /* Told, by position in ids */
  guint            n_told;     /* of these, handed to take_tokens() or dropped */
  GPtrArray       *ready;      /* IvlToken */
  gsize            n_spelled;  /* bytes that the decoder gave */
  gsize            n_passed;   /* of these, those that the stop strings let through */
};

/* The prompt's tokens do not count for the repetition penalty: the reference hands embeddings to
 * its generate(), which then knows only the tokens that it has made itself. */
static IvlSampler *
create_sampler (IvlNetwork  *network,
                IvlOptions  *options,
                GError     **error)
{
  IvlSamplerOptions sampling = {
    .temperature = ivl_options_get_temperature (options),
    .top_k = ivl_options_get_top_k (options),
    .top_p = ivl_options_get_top_p (options),
    .repetition_penalty = ivl_options_get_repetition_penalty (options),
    .seed = ivl_options_get_seed (options),
  };

  return ivl_sampler_new (&sampling, network->config->lm.vocab_size, error);
}

static void
told_clear (gpointer data)
{
  g_clear_pointer (&((Told *) data)->token, ivl_token_free);
}

/* What a schema and probabilities need. */
static gboolean
prepare_extras (IvlLocalAnswer           *self,
                IvlOptions               *options,
                const IvlJsonVocabulary  *vocabulary,
                GError                  **error)
{
  const char *text = ivl_options_get_json_schema (options);
  gsize n_vocab = self->network->config->lm.vocab_size;
  g_autoptr (IvlJsonSchema) schema = NULL;

  self->n_top = ivl_options_get_top_logprobs (options);
  self->told = g_array_new (FALSE, FALSE, sizeof (Told));
  g_array_set_clear_func (self->told, told_clear);
  self->ready = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
  if (text != NULL)
    {
      schema = ivl_json_schema_parse (text, strlen (text), error);
      if (schema == NULL)
        return FALSE;
      self->guide = ivl_json_guide_new (schema, vocabulary);
    }
  self->allowed = text != NULL ? g_try_malloc (n_vocab) : NULL;
  self->raw = self->n_top >= 0 ? g_try_malloc_n (n_vocab, sizeof (float)) : NULL;
  if ((text == NULL || self->allowed != NULL) && (self->n_top < 0 || self->raw != NULL))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "No memory for choosing among %" G_GSIZE_FORMAT " tokens", n_vocab);
  return FALSE;
}

IvlLocalAnswer *
ivl_local_answer_new (IvlNetwork               *network,
                      IvlTimeline              *timeline,
                      IvlOptions               *options,
                      guint                     max_tokens,
                      const IvlJsonVocabulary  *vocabulary,
                      GError                  **error)
{
  IvlSampler *sampler = create_sampler (network, options, error);
  g_autoptr (IvlLocalAnswer) self = NULL;

  if (sampler == NULL)
    return NULL;
  self = g_new0 (IvlLocalAnswer, 1);
  self->network = network;
  self->timeline = timeline;
  self->sampler = sampler;
  /* Tables of equal rows are common in JSON, and half a document is of no use. */
  if (ivl_options_get_detect_repetition (options) && ivl_options_get_json_schema (options) == NULL)
    self->repetition = ivl_repetition_new ();
  self->stop = ivl_stop_new (ivl_options_get_stop (options));
  self->decoder = ivl_token_decoder_new (network->tokenizer, FALSE);
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->max_tokens = max_tokens;
  return prepare_extras (self, options, vocabulary, error) ? g_steal_pointer (&self) : NULL;
}

void
ivl_local_answer_free (IvlLocalAnswer *self)
{
  ivl_sampler_free (self->sampler);
  g_clear_pointer (&self->repetition, ivl_repetition_free);
  ivl_stop_free (self->stop);
  ivl_token_decoder_free (self->decoder);
  g_array_unref (self->ids);
  g_clear_pointer (&self->guide, ivl_json_guide_free);
  g_free (self->allowed);
  g_free (self->raw);
  g_array_unref (self->told);
  g_ptr_array_unref (self->ready);
  g_free (self);
}

static gboolean
is_end (IvlLocalAnswer *self,
        guint32         id)
{
  for (guint i = 0; i < self->network->end_ids->len; i++)
    if (g_array_index (self->network->end_ids, guint32, i) == id)
      return TRUE;
  return FALSE;
}

/* Special tokens are not shown, but for those that regions are read from. */
static gboolean
is_shown (IvlLocalAnswer *self,
          guint32         id)
{
  IvlTokenizer *tokenizer = self->network->tokenizer;

  if (!ivl_tokenizer_is_special (tokenizer, id))
    return TRUE;
  for (gsize i = 0; ivl_chat_template_text_markup[i] != NULL; i++)
    if (ivl_tokenizer_find (tokenizer, ivl_chat_template_text_markup[i]) == (gint32) id)
      return TRUE;
  return FALSE;
}

/* Tells the tokens whose text has passed. Of those behind it, the answer's end keeps the ones that
 * a stop string cut in two. */
static void
tell_tokens (IvlLocalAnswer *self,
             gboolean        is_end)
{
  for (; self->n_told < MIN (self->told->len, self->n_decoded); self->n_told++)
    {
      Told *told = &g_array_index (self->told, Told, self->n_told);

      if (told->end > self->n_passed && !(is_end && told->start < self->n_passed))
        return;
      g_ptr_array_add (self->ready, g_steal_pointer (&told->token));
    }
}

void
ivl_local_answer_take_tokens (IvlLocalAnswer *self,
                              GPtrArray      *tokens)
{
  g_ptr_array_extend_and_steal (tokens, g_steal_pointer (&self->ready));
  self->ready = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
}

/* Decodes one of the answer's tokens, and notes where its text lies. */
static void
decode_token (IvlLocalAnswer *self,
              gsize           position,
              GString        *decoded)
{
  guint32 id = g_array_index (self->ids, guint32, position);
  gsize start = decoded->len;

  if (is_shown (self, id))
    ivl_token_decoder_push (self->decoder, id, decoded);
  if (position < self->told->len)
    {
      Told *told = &g_array_index (self->told, Told, position);

      told->start = self->n_spelled;
      told->end = self->n_spelled + decoded->len - start +
                  (ivl_token_decoder_has_pending (self->decoder) ? 1 : 0);
    }
  self->n_spelled += decoded->len - start;
}

/* Decodes the answer's tokens up to n. TRUE if a stop string was met. */
static gboolean
show_tokens (IvlLocalAnswer *self,
             gsize           n,
             GString        *text,
             GArray         *ids)
{
  g_autoptr (GString) decoded = g_string_new (NULL);
  g_autoptr (GString) passed = g_string_new (NULL);
  gboolean stopped;

  for (; self->n_decoded < n; self->n_decoded++)
    {
      guint32 id = g_array_index (self->ids, guint32, self->n_decoded);

      if (ids != NULL)
        g_array_append_val (ids, id);
      decode_token (self, self->n_decoded, decoded);
    }
  stopped = ivl_stop_push (self->stop, decoded->str, decoded->len, passed);
  self->n_passed += passed->len;
  tell_tokens (self, stopped);
  g_string_append_len (text, passed->str, (gssize) passed->len);
  return stopped;
}

static void
finish (IvlLocalAnswer  *self,
        IvlFinishReason  reason,
        gsize            n_kept,
        GString         *text,
        GArray          *ids,
        IvlUsage        *usage)
{
  usage->finish_reason = reason;
  usage->n_answer_tokens = n_kept;
  if (!show_tokens (self, n_kept, text, ids))
    {
      g_autoptr (GString) rest = g_string_new (NULL);
      g_autoptr (GString) passed = g_string_new (NULL);

      /* Where a loop is cut off, half a character can be left over: it belongs to the loop. */
      if (reason != IVL_FINISH_REPETITION)
        ivl_token_decoder_finish (self->decoder, rest);
      if (!ivl_stop_push (self->stop, rest->str, rest->len, passed))
        ivl_stop_flush (self->stop, passed);
      self->n_passed += passed->len;
      tell_tokens (self, TRUE);
      g_string_append_len (text, passed->str, (gssize) passed->len);
    }
}

static gboolean
take_token (IvlLocalAnswer  *self,
            guint32          id,
            GString         *text,
            GArray          *ids,
            IvlUsage        *usage)
{
  gsize n_safe;

  g_array_append_val (self->ids, id);
  usage->n_answer_tokens = self->ids->len;
  if (self->repetition != NULL && ivl_repetition_push (self->repetition, id))
    {
      finish (self, IVL_FINISH_REPETITION, ivl_repetition_get_n_kept (self->repetition), text, ids,
              usage);
      return TRUE;
    }
  if (self->guide != NULL && ivl_json_guide_must_end (self->guide))
    {
      finish (self, IVL_FINISH_STOP, self->ids->len, text, ids, usage);
      return TRUE;
    }
  n_safe = self->repetition != NULL ? ivl_repetition_get_n_safe (self->repetition) : self->ids->len;
  if (show_tokens (self, MAX (n_safe, self->n_decoded), text, ids))
    usage->finish_reason = IVL_FINISH_STOP;
  else if (self->ids->len >= self->max_tokens)
    finish (self, IVL_FINISH_LENGTH, self->ids->len, text, ids, usage);
  return usage->finish_reason != IVL_FINISH_NONE;
}

static gboolean
draw_token (IvlLocalAnswer  *self,
            guint32         *id,
            GError         **error)
{
  gsize n_vocab = self->network->config->lm.vocab_size;
  float *logits = ivl_timeline_get_logits (self->timeline);

  if (self->raw != NULL)
    memcpy (self->raw, logits, n_vocab * sizeof *logits);
  if (self->guide == NULL)
    return ivl_sampler_draw (self->sampler, logits, id, error);
  ivl_json_guide_fill (self->guide, self->allowed, n_vocab);
  for (guint i = 0; i < self->network->end_ids->len; i++)
    {
      guint32 end = g_array_index (self->network->end_ids, guint32, i);

      if (end < n_vocab)
        self->allowed[end] = ivl_json_guide_may_end (self->guide);
    }
  return ivl_sampler_draw_among (self->sampler, logits, self->allowed, id, error);
}

static IvlToken *
create_token (IvlLocalAnswer   *self,
              const IvlLogprob *logprob,
              GPtrArray        *alternatives)
{
  g_autoptr (GBytes) bytes = NULL;
  GString *text = g_string_new (NULL);

  ivl_token_bytes_append (self->network->tokenizer, logprob->id, text);
  bytes = g_string_free_to_bytes (text);
  return ivl_token_new (logprob->id, bytes, (float) logprob->logprob, alternatives);
}

/* Notes how probable the token was that has been drawn. */
static void
note_token (IvlLocalAnswer *self,
            guint32         id)
{
  g_autofree IvlLogprob *top = g_new (IvlLogprob, self->n_top + 1);
  g_autoptr (GPtrArray) alternatives = NULL;
  IvlLogprob chosen = { id, 0 };
  guint n_found = ivl_logprobs_find (self->raw, self->network->config->lm.vocab_size, &chosen, top,
                                     (guint) self->n_top);
  Told told = { NULL, 0, 0 };

  if (self->n_top > 0)
    alternatives = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
  for (guint i = 0; i < n_found; i++)
    g_ptr_array_add (alternatives, create_token (self, &top[i], NULL));
  told.token = create_token (self, &chosen, alternatives);
  g_array_append_val (self->told, told);
}

gboolean
ivl_local_answer_advance (IvlLocalAnswer  *self,
                          GString         *text,
                          GArray          *ids,
                          IvlUsage        *usage,
                          GCancellable    *cancellable,
                          GError         **error)
{
  gint64 start = g_get_monotonic_time ();
  gboolean ok = TRUE;
  guint32 id;

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !draw_token (self, &id, error))
    return FALSE;
  if (is_end (self, id))
    finish (self, IVL_FINISH_STOP, self->ids->len, text, ids, usage);
  else
    {
      if (self->raw != NULL)
        note_token (self, id);
      if (self->guide != NULL)
        ivl_json_guide_push (self->guide, id);
      if (!take_token (self, id, text, ids, usage))
        ok = ivl_timeline_append (self->timeline, id, cancellable, error);
    }
  usage->decode_seconds += (g_get_monotonic_time () - start) / 1e6;
  return ok;
}
