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
  float *k;      /* [n, K] */
  float *v;      /* [n, K] */
  float *packed; /* [n, Q + 2K]; NULL unless weights are packed */
  float *mixed;  /* [n, H] */
  float *gate;   /* [n, M] */
  float *up;     /* [n, M] */
  IvlRopeRow *rope; /* [n] */
  IvlOpKeys *keys;  /* [n]: one for each part that has one row */
} Scratch;

static void
scratch_clear (Scratch *s)
{
  g_free (s->normed);
  g_free (s->q);
  g_free (s->k);
  g_free (s->v);
  g_free (s->packed);
  g_free (s->mixed);
  g_free (s->gate);
  g_free (s->up);
  g_free (s->rope);
  g_free (s->keys);
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
  s->k = g_try_malloc_n (n * key_size (decoder), sizeof (float));
  s->v = g_try_malloc_n (n * key_size (decoder), sizeof (float));
  s->packed = packed ? g_try_malloc_n (n * (query + 2 * key_size (decoder)), sizeof (float)) : NULL;
  s->mixed = g_try_malloc_n (n * hidden, sizeof (float));
  s->gate = g_try_malloc_n (n * config->intermediate_size, sizeof (float));
  s->up = g_try_malloc_n (n * config->intermediate_size, sizeof (float));
  s->rope = g_try_malloc_n (n, sizeof (IvlRopeRow));
  s->keys = g_try_malloc_n (n, sizeof (IvlOpKeys));
  if (s->normed == NULL || s->q == NULL || s->k == NULL || s->v == NULL ||
      (packed && s->packed == NULL) || s->mixed == NULL || s->gate == NULL || s->up == NULL ||
      s->rope == NULL || s->keys == NULL)
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

/* Takes packed rows apart. */
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

/* Rows of one pass and whose they are. */
typedef struct
{
  const IvlDecoderPart *parts;
  guint                 n_parts;
  gsize                 n; /* rows in all */
} Rows;

/* Queries, keys and values of all rows, rotated. */
static void
project (const IvlDecoder      *decoder,
         const IvlDecoderLayer *layer,
         IvlOps                *ops,
         gsize                  n,
         Scratch               *s)
{
  const IvlLmConfig *config = &decoder->config;

  if (s->packed != NULL)
    {
      ivl_op_linear (ops, s->normed, n, &layer->qkv_w, ivl_tensor_if_present (&layer->qkv_b),
                     s->packed);
      unpack_qkv (decoder, s->packed, n, s->q, s->k, s->v);
    }
  else
    {
      ivl_op_linear (ops, s->normed, n, &layer->q_w, ivl_tensor_if_present (&layer->q_b), s->q);
      ivl_op_linear (ops, s->normed, n, &layer->k_w, ivl_tensor_if_present (&layer->k_b), s->k);
      ivl_op_linear (ops, s->normed, n, &layer->v_w, ivl_tensor_if_present (&layer->v_b), s->v);
    }
  ivl_op_rope (ops, s->q, query_size (decoder), s->rope, n, config->n_heads, config->head_dim);
  ivl_op_rope (ops, s->k, key_size (decoder), s->rope, n, config->n_kv_heads, config->head_dim);
}

/* Puts the new keys and values behind those in the caches, and lets each row see its own. */
static void
mix (const IvlDecoder *decoder,
     IvlOps           *ops,
     guint             layer,
     const Rows       *rows,
     Scratch          *s)
{
  const IvlLmConfig *config = &decoder->config;
  gsize row = key_size (decoder), query = query_size (decoder);
  gsize first = 0;

  for (guint p = 0; p < rows->n_parts; p++)
    {
      const IvlDecoderPart *part = &rows->parts[p];
      gsize past = ivl_kv_cache_get_length (part->cache), size = part->n * row * sizeof (float);
      float *keys = ivl_kv_cache_get_keys (part->cache, layer);
      float *values = ivl_kv_cache_get_values (part->cache, layer);

      memcpy (keys + past * row, s->k + first * row, size);
      memcpy (values + past * row, s->v + first * row, size);
      s->keys[p] = (IvlOpKeys) { keys, values, past + part->n };
      first += part->n;
    }
  if (rows->n == rows->n_parts)
    {
      ivl_op_attention_each (ops, s->q, query, s->keys, row, rows->n, config->n_heads,
                             config->n_kv_heads, config->head_dim, s->normed);
      return;
    }
  first = 0;
  for (guint p = 0; p < rows->n_parts; first += rows->parts[p++].n)
    ivl_op_attention (ops, s->q + first * query, query, s->keys[p].k, s->keys[p].v, row,
                      rows->parts[p].n, s->keys[p].n, config->n_heads, config->n_kv_heads,
                      config->head_dim, TRUE, s->normed + first * query);
}

static void
attend (const IvlDecoder *decoder,
        IvlOps           *ops,
        guint             index,
        const Rows       *rows,
        float            *x,
        Scratch          *s)
{
  const IvlDecoderLayer *layer = &decoder->layers[index];
  gsize hidden = decoder->config.hidden_size;

  ivl_op_rms_norm (ops, x, hidden, rows->n, hidden, &layer->attention_norm,
                   decoder->config.norm_eps, s->normed, hidden);
  project (decoder, layer, ops, rows->n, s);
  mix (decoder, ops, index, rows, s);
  ivl_op_linear (ops, s->normed, rows->n, &layer->out_w, ivl_tensor_if_present (&layer->out_b),
                 s->mixed);
  ivl_op_add (ops, x, s->mixed, rows->n, hidden, NULL);
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
reserve (const Rows  *rows,
         GError     **error)
{
  for (guint p = 0; p < rows->n_parts; p++)
    {
      IvlKvCache *cache = rows->parts[p].cache;

      if (!ivl_kv_cache_reserve (cache, ivl_kv_cache_get_length (cache) + rows->parts[p].n, error))
        return FALSE;
    }
  return TRUE;
}

static void
fill_rope (const IvlDecoder *decoder,
           const Rows       *rows,
           IvlRopeRow       *rope)
{
  for (guint p = 0; p < rows->n_parts; p++)
    {
      gsize past = ivl_kv_cache_get_length (rows->parts[p].cache);
      double base = ivl_decoder_rope_base (decoder, rows->parts[p].total);

      for (gsize i = 0; i < rows->parts[p].n; i++)
        *rope++ = (IvlRopeRow) { past + i, base };
    }
}

static gboolean
run_layers (const IvlDecoder *decoder,
            IvlOps           *ops,
            const Rows       *rows,
            float            *x,
            const IvlTrace   *trace,
            GCancellable     *cancellable,
            GError          **error)
{
  g_auto (Scratch) scratch = { 0 };

  if (!reserve (rows, error) || !scratch_init (&scratch, decoder, rows->n, error))
    return FALSE;
  fill_rope (decoder, rows, scratch.rope);
  for (guint i = 0; i < decoder->config.n_layers; i++)
    {
      ivl_trace_see (trace, "lm_hidden", i, x, rows->n, decoder->config.hidden_size);
      attend (decoder, ops, i, rows, x, &scratch);
      feed_forward (decoder, &decoder->layers[i], ops, x, rows->n, &scratch);
      if (!ivl_ops_check (ops, error))
        return FALSE;
      ivl_ops_pause (ops);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
ivl_decoder_forward (const IvlDecoder     *decoder,
                     IvlOps               *ops,
                     const IvlDecoderPart *parts,
                     guint                 n_parts,
                     float                *x,
                     const IvlTrace       *trace,
                     GCancellable         *cancellable,
                     GError              **error)
{
  const IvlLmConfig *config = &decoder->config;
  gsize hidden = config->hidden_size;
  Rows rows = { parts, n_parts, 0 };
  gboolean ok;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  for (guint p = 0; p < n_parts; p++)
    rows.n += parts[p].n;
  ivl_ops_set_cancellable (ops, cancellable);
  ok = run_layers (decoder, ops, &rows, x, trace, cancellable, error);
  ivl_ops_set_cancellable (ops, NULL);
  if (!ok)
    return FALSE;
  ivl_op_rms_norm (ops, x, hidden, rows.n, hidden, &decoder->norm, config->norm_eps, x, hidden);
  ivl_trace_see (trace, "lm_hidden", config->n_layers, x, rows.n, hidden);
  for (guint p = 0; p < n_parts; p++)
    ivl_kv_cache_set_length (parts[p].cache, ivl_kv_cache_get_length (parts[p].cache) + parts[p].n);
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
