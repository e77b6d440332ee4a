/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The language model: one decoder for Qwen2.5 and InternLM2.5, which differ in how weights are
 * packed, in biases and in the scaling of the rotary embedding, all of it config and weights.
 * Reference: transformers' Qwen2ForCausalLM; OpenGVLab/InternVL, modeling_internlm2.py.
 */
#include "lm/ivl-decoder.h"

#include <math.h>
#include <string.h>

#include <libivl/ivl-error.h>

/* Activations of one pass of n rows. */
typedef struct
{
  float *normed; /* [n, max (H, Q)] */
  float *q;      /* [n, Q] */
  float *packed; /* [n, Q + 2K]; NULL unless weights are packed */
  float *mixed;  /* [n, H] */
  float *gate;   /* [n, M] */
  float *up;     /* [n, M] */
} Scratch;

static void
scratch_clear (Scratch *s)
{
  g_free (s->normed);
  g_free (s->q);
  g_free (s->packed);
  g_free (s->mixed);
  g_free (s->gate);
  g_free (s->up);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scratch, scratch_clear)

static gsize
query_size (const IvlDecoder *decoder)
{
  return (gsize) decoder->config.n_heads * decoder->config.head_dim;
}

static gsize
key_size (const IvlDecoder *decoder)
{
  return (gsize) decoder->config.n_kv_heads * decoder->config.head_dim;
}

static gboolean
scratch_init (Scratch           *s,
              const IvlDecoder  *decoder,
              gsize              n,
              GError           **error)
{
  const IvlLmConfig *config = &decoder->config;
  gsize hidden = config->hidden_size;
  gsize query = query_size (decoder);
  gboolean packed = decoder->layers[0].qkv_w.data != NULL;

  s->normed = g_try_malloc_n (n * MAX (hidden, query), sizeof (float));
  s->q = g_try_malloc_n (n * query, sizeof (float));
  s->packed = packed ? g_try_malloc_n (n * (query + 2 * key_size (decoder)), sizeof (float)) : NULL;
  s->mixed = g_try_malloc_n (n * hidden, sizeof (float));
  s->gate = g_try_malloc_n (n * config->intermediate_size, sizeof (float));
  s->up = g_try_malloc_n (n * config->intermediate_size, sizeof (float));
  if (s->normed == NULL || s->q == NULL || (packed && s->packed == NULL) || s->mixed == NULL ||
      s->gate == NULL || s->up == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for reading %" G_GSIZE_FORMAT " tokens at once", n);
      return FALSE;
    }
  return TRUE;
}

IvlKvCache *
ivl_decoder_new_cache (const IvlDecoder *decoder)
{
  return ivl_kv_cache_new (decoder->config.n_layers, key_size (decoder));
}

void
ivl_decoder_embed (const IvlDecoder *decoder,
                   IvlOps           *ops,
                   const guint32    *ids,
                   gsize             n,
                   float            *out)
{
  for (gsize i = 0; i < n; i++)
    ivl_op_get_row (ops, &decoder->embedding, ids[i], out + i * decoder->config.hidden_size);
}

double
ivl_decoder_rope_base (const IvlDecoder *decoder,
                       gsize             total)
{
  const IvlLmConfig *config = &decoder->config;
  double factor = config->rope_factor;
  double dim = config->head_dim;

  if (factor <= 0 || total <= config->max_position)
    return config->rope_theta;
  return config->rope_theta *
         pow (factor * (double) total / config->max_position - (factor - 1), dim / (dim - 2));
}

/* Takes packed rows apart: queries to q, keys and values to the cache's rows. */
static void
unpack_qkv (const IvlDecoder *decoder,
            const float      *packed,
            gsize             n,
            float            *q,
            float            *k,
            float            *v)
{
  gsize dim = decoder->config.head_dim;
  gsize n_kv = decoder->config.n_kv_heads;
  gsize group = decoder->config.n_heads / n_kv;

  for (gsize i = 0; i < n * n_kv; i++)
    {
      memcpy (q + i * group * dim, packed, group * dim * sizeof (float));
      memcpy (k + i * dim, packed + group * dim, dim * sizeof (float));
      memcpy (v + i * dim, packed + (group + 1) * dim, dim * sizeof (float));
      packed += (group + 2) * dim;
    }
}

static void
attend (const IvlDecoder      *decoder,
        const IvlDecoderLayer *layer,
        IvlOps                *ops,
        float                 *keys,
        float                 *values,
        gsize                  past,
        float                 *x,
        gsize                  n,
        double                 base,
        Scratch               *s)
{
  const IvlLmConfig *config = &decoder->config;
  gsize hidden = config->hidden_size;
  gsize row = key_size (decoder);
  float *k = keys + past * row;
  float *v = values + past * row;

  ivl_op_rms_norm (ops, x, hidden, n, hidden, &layer->attention_norm, config->norm_eps, s->normed,
                   hidden);
  if (s->packed != NULL)
    {
      ivl_op_linear (ops, s->normed, n, &layer->qkv_w, ivl_tensor_if_present (&layer->qkv_b),
                     s->packed);
      unpack_qkv (decoder, s->packed, n, s->q, k, v);
    }
  else
    {
      ivl_op_linear (ops, s->normed, n, &layer->q_w, ivl_tensor_if_present (&layer->q_b), s->q);
      ivl_op_linear (ops, s->normed, n, &layer->k_w, ivl_tensor_if_present (&layer->k_b), k);
      ivl_op_linear (ops, s->normed, n, &layer->v_w, ivl_tensor_if_present (&layer->v_b), v);
    }
  ivl_op_rope (ops, s->q, query_size (decoder), n, config->n_heads, config->head_dim, past, base);
  ivl_op_rope (ops, k, row, n, config->n_kv_heads, config->head_dim, past, base);
  ivl_op_attention (ops, s->q, query_size (decoder), keys, values, row, n, past + n,
                    config->n_heads, config->n_kv_heads, config->head_dim, TRUE, s->normed);
  ivl_op_linear (ops, s->normed, n, &layer->out_w, ivl_tensor_if_present (&layer->out_b), s->mixed);
  ivl_op_add (ops, x, s->mixed, n, hidden, NULL);
}

static void
feed_forward (const IvlDecoder      *decoder,
              const IvlDecoderLayer *layer,
              IvlOps                *ops,
              float                 *x,
              gsize                  n,
              Scratch               *s)
{
  const IvlLmConfig *config = &decoder->config;
  gsize hidden = config->hidden_size;

  ivl_op_rms_norm (ops, x, hidden, n, hidden, &layer->mlp_norm, config->norm_eps, s->normed,
                   hidden);
  ivl_op_linear (ops, s->normed, n, &layer->gate_w, NULL, s->gate);
  ivl_op_linear (ops, s->normed, n, &layer->up_w, NULL, s->up);
  ivl_op_swiglu (ops, s->gate, s->up, n * config->intermediate_size);
  ivl_op_linear (ops, s->gate, n, &layer->down_w, NULL, s->mixed);
  ivl_op_add (ops, x, s->mixed, n, hidden, NULL);
}

static gboolean
run_layers (const IvlDecoder *decoder,
            IvlOps           *ops,
            IvlKvCache       *cache,
            float            *x,
            gsize             n,
            gsize             total,
            const IvlTrace   *trace,
            GCancellable     *cancellable,
            GError          **error)
{
  gsize past = ivl_kv_cache_get_length (cache);
  double base = ivl_decoder_rope_base (decoder, total);
  g_auto (Scratch) scratch = { 0 };

  if (!ivl_kv_cache_reserve (cache, past + n, error) || !scratch_init (&scratch, decoder, n, error))
    return FALSE;
  for (guint i = 0; i < decoder->config.n_layers; i++)
    {
      ivl_trace_see (trace, "lm_hidden", i, x, n, decoder->config.hidden_size);
      attend (decoder, &decoder->layers[i], ops, ivl_kv_cache_get_keys (cache, i),
              ivl_kv_cache_get_values (cache, i), past, x, n, base, &scratch);
      feed_forward (decoder, &decoder->layers[i], ops, x, n, &scratch);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ivl_decoder_forward (const IvlDecoder *decoder,
                     IvlOps           *ops,
                     IvlKvCache       *cache,
                     float            *x,
                     gsize             n,
                     gsize             total,
                     const IvlTrace   *trace,
                     GCancellable     *cancellable,
                     GError          **error)
{
  const IvlLmConfig *config = &decoder->config;
  gsize hidden = config->hidden_size;
  gboolean ok;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  ivl_ops_set_cancellable (ops, cancellable);
  ok = run_layers (decoder, ops, cache, x, n, total, trace, cancellable, error);
  ivl_ops_set_cancellable (ops, NULL);
  if (!ok)
    return FALSE;
  ivl_op_rms_norm (ops, x, hidden, n, hidden, &decoder->norm, config->norm_eps, x, hidden);
  ivl_trace_see (trace, "lm_hidden", config->n_layers, x, n, hidden);
  ivl_kv_cache_set_length (cache, ivl_kv_cache_get_length (cache) + n);
  return TRUE;
}

void
ivl_decoder_logits (const IvlDecoder *decoder,
                    IvlOps           *ops,
                    const float      *hidden,
                    gsize             n,
                    float            *logits)
{
  ivl_op_linear (ops, hidden, n, &decoder->head, NULL, logits);
}
