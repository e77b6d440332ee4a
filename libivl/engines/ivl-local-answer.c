/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The way from logits to text: sampler -> loop detection -> decoder -> stop strings -> white space
 * trimmed. Each stage may hold something back, so text once shown never has to be taken back.
 */
#include "engines/ivl-local-answer.h"

#include <string.h>

#include "lm/ivl-repetition.h"
#include "lm/ivl-sampler.h"
#include "lm/ivl-stop.h"

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
  GString         *space;      /* white space that is shown only if something follows */
  gboolean         has_text;
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

IvlLocalAnswer *
ivl_local_answer_new (IvlNetwork   *network,
                      IvlTimeline  *timeline,
                      IvlOptions   *options,
                      guint         max_tokens,
                      GError      **error)
{
  IvlSampler *sampler = create_sampler (network, options, error);
  IvlLocalAnswer *self;

  if (sampler == NULL)
    return NULL;
  self = g_new0 (IvlLocalAnswer, 1);
  self->network = network;
  self->timeline = timeline;
  self->sampler = sampler;
  if (ivl_options_get_detect_repetition (options))
    self->repetition = ivl_repetition_new ();
  self->stop = ivl_stop_new (ivl_options_get_stop (options));
  self->decoder = ivl_token_decoder_new (network->tokenizer, FALSE);
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->max_tokens = max_tokens;
  self->space = g_string_new (NULL);
  return self;
}

void
ivl_local_answer_free (IvlLocalAnswer *self)
{
  ivl_sampler_free (self->sampler);
  g_clear_pointer (&self->repetition, ivl_repetition_free);
  ivl_stop_free (self->stop);
  ivl_token_decoder_free (self->decoder);
  g_array_unref (self->ids);
  g_string_free (self->space, TRUE);
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

/* Shows text but for white space at the answer's ends. NUL, which a vocabulary can contain and C
 * strings cannot, becomes U+FFFD. */
static void
show (IvlLocalAnswer *self,
      const GString  *piece,
      GString        *text)
{
  for (const char *p = piece->str; p < piece->str + piece->len;
       p += *p == '\0' ? 1 : g_utf8_skip[(guchar) *p])
    {
      if (g_ascii_isspace (*p))
        {
          g_string_append_c (self->space, *p);
          continue;
        }
      if (self->has_text)
        g_string_append_len (text, self->space->str, self->space->len);
      g_string_truncate (self->space, 0);
      self->has_text = TRUE;
      if (*p == '\0')
        g_string_append (text, "\357\277\275");
      else
        g_string_append_len (text, p, g_utf8_skip[(guchar) *p]);
    }
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
      if (is_shown (self, id))
        ivl_token_decoder_push (self->decoder, id, decoded);
    }
  stopped = ivl_stop_push (self->stop, decoded->str, decoded->len, passed);
  show (self, passed, text);
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
      show (self, passed, text);
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
  n_safe = self->repetition != NULL ? ivl_repetition_get_n_safe (self->repetition) : self->ids->len;
  if (show_tokens (self, MAX (n_safe, self->n_decoded), text, ids))
    usage->finish_reason = IVL_FINISH_STOP;
  else if (self->ids->len >= self->max_tokens)
    finish (self, IVL_FINISH_LENGTH, self->ids->len, text, ids, usage);
  return usage->finish_reason != IVL_FINISH_NONE;
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
      !ivl_sampler_draw (self->sampler, ivl_timeline_get_logits (self->timeline), &id, error))
    return FALSE;
  if (is_end (self, id))
    finish (self, IVL_FINISH_STOP, self->ids->len, text, ids, usage);
  else if (!take_token (self, id, text, ids, usage))
    ok = ivl_timeline_append (self->timeline, id, cancellable, error);
  usage->decode_seconds += (g_get_monotonic_time () - start) / 1e6;
  return ok;
}
