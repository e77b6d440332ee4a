/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "formats/ivl-hf-config.h"
#include "lm/ivl-kv-cache.h"
#include "ops/ivl-ops.h"
#include "ops/ivl-trace.h"

G_BEGIN_DECLS

/* Weights of one layer; H hidden size, Q = n_heads * head_dim, K = n_kv_heads * head_dim, M MLP.
 * Qwen2 has q, k, v apart; InternLM2 has them packed in qkv_w. */
typedef struct
{
  IvlTensor attention_norm; /* [H] */
  IvlTensor qkv_w, qkv_b;   /* [Q + 2K, H]: for each kv head its query heads, one key, one value */
  IvlTensor q_w, q_b;       /* [Q, H], [Q] */
  IvlTensor k_w, k_b;       /* [K, H], [K] */
  IvlTensor v_w, v_b;       /* [K, H], [K] */
  IvlTensor out_w, out_b;   /* [H, Q], [H] */
  IvlTensor mlp_norm;       /* [H] */
  IvlTensor gate_w, up_w;   /* [M, H] */
  IvlTensor down_w;         /* [H, M] */
} IvlDecoderLayer;

/* A decoder-only language model: Qwen2.5 or InternLM2.5, by its config. */
typedef struct
{
  IvlLmConfig      config;
  IvlTensor        embedding; /* [vocab, H] */
  IvlTensor        norm;      /* [H] */
  IvlTensor        head;      /* [vocab, H]; the embedding itself when tied */
  IvlDecoderLayer *layers;    /* config.n_layers */
} IvlDecoder;

/* Most tokens of one forward pass: bounds the activations, and how long a cancelled pass goes
 * on. */
#define IVL_DECODER_MAX_ROWS 512

IvlKvCache *ivl_decoder_new_cache (const IvlDecoder *decoder);

/* out f32 [n, H] = embeddings of ids, each of which is below vocab_size. */
void     ivl_decoder_embed (const IvlDecoder *decoder,
                            IvlOps           *ops,
                            const guint32    *ids,
                            gsize             n,
                            float            *out);

/* The base of the rotary embedding for a sequence of `total` tokens: dynamic NTK as the
 * reference does it, theta * (f * T / M - (f - 1))^(d / (d - 2)) beyond M = max_position tokens. */
double   ivl_decoder_rope_base (const IvlDecoder *decoder,
                                gsize             total);

/* One sequence's rows of a pass. */
typedef struct
{
  IvlKvCache *cache;
  gsize       n;     /* rows behind those in the cache */
  gsize       total; /* length of the whole sequence that they belong to (cached and still to come
                      * in this prompt), which sets the rotary base */
} IvlDecoderPart;

/* Runs new tokens of several sequences at once: x f32 [sum of n, H] embeddings in, final-normed
 * hidden states out; each cache grows by its n. Where every n is 1 and there are at most
 * ivl_op_linear_get_max_dots() parts, each row is bit for bit what it is alone. On failure the
 * caches' lengths are as before; x is undefined then. Pauses between layers (ivl_ops_pause()), and
 * stops within one when cancelled. */
gboolean ivl_decoder_forward (const IvlDecoder     *decoder,
                              IvlOps               *ops,
                              const IvlDecoderPart *parts,
                              guint                 n_parts,
                              float                *x,
                              const IvlTrace       *trace,
                              GCancellable         *cancellable,
                              GError              **error);

/* logits f32 [n, vocab] of final hidden states [n, H]. */
void     ivl_decoder_logits (const IvlDecoder *decoder,
                             IvlOps           *ops,
                             const float      *hidden,
                             gsize             n,
                             float            *logits);

G_END_DECLS
