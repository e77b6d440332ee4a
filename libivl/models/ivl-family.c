/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of model families, and the names and shapes of their weights as published.
 */
#include "models/ivl-family.h"

static const IvlFamily families[] = {
  { IVL_ARCH_INTERNVL, "InternVL2.5", "vision_model.", "mlp1.", "language_model.", NULL },
  { IVL_ARCH_INTERNVIT, "InternViT", "", NULL, NULL, NULL },
  { IVL_ARCH_QWEN2, "Qwen2.5", NULL, NULL, "", "qwen2" },
  { IVL_ARCH_INTERNLM2, "InternLM2.5", NULL, NULL, "", "internlm2" },
};

/* Dimension indices of the tables below. */
enum
{
  END,
  ONE,
  RGB,
  VIT,        /* vision hidden size */
  VIT_QKV,    /* three times that */
  VIT_MLP,
  PATCH,      /* pixels */
  VIT_TOKENS, /* class token and patches */
  SHUFFLED,   /* four patches */
  HIDDEN,     /* language model hidden size */
  QUERY,      /* n_heads * head_dim */
  KEY,        /* n_kv_heads * head_dim */
  PACKED,     /* queries, keys and values */
  MLP,
  VOCAB,
  N_SIZES
};

enum
{
  LAYER_NORM = 1 << 0,
  QKV_BIAS = 1 << 1,
  QK_NORM = 1 << 2,
  LM_BIAS = 1 << 3,
  UNTIED = 1 << 4,
};

#define AT(type, member) G_STRUCT_OFFSET (type, member)

static const IvlWeightRow vit_rows[] = {
  { "embeddings.class_embedding", AT (IvlVit, class_embedding), { ONE, ONE, VIT }, 0 },
  { "embeddings.patch_embedding.weight", AT (IvlVit, patch_w), { VIT, RGB, PATCH, PATCH }, 0 },
  { "embeddings.patch_embedding.bias", AT (IvlVit, patch_b), { VIT }, 0 },
  { "embeddings.position_embedding", AT (IvlVit, position), { ONE, VIT_TOKENS, VIT }, 0 },
};

static const IvlWeightRow vit_layer_rows[] = {
  { "norm1.weight", AT (IvlVitLayer, norm1_w), { VIT }, 0 },
  { "norm1.bias", AT (IvlVitLayer, norm1_b), { VIT }, LAYER_NORM },
  { "attn.qkv.weight", AT (IvlVitLayer, qkv_w), { VIT_QKV, VIT }, 0 },
  { "attn.qkv.bias", AT (IvlVitLayer, qkv_b), { VIT_QKV }, QKV_BIAS },
  { "attn.q_norm.weight", AT (IvlVitLayer, q_norm), { VIT }, QK_NORM },
  { "attn.k_norm.weight", AT (IvlVitLayer, k_norm), { VIT }, QK_NORM },
  { "attn.proj.weight", AT (IvlVitLayer, proj_w), { VIT, VIT }, 0 },
  { "attn.proj.bias", AT (IvlVitLayer, proj_b), { VIT }, 0 },
  { "ls1", AT (IvlVitLayer, ls1), { VIT }, 0 },
  { "norm2.weight", AT (IvlVitLayer, norm2_w), { VIT }, 0 },
  { "norm2.bias", AT (IvlVitLayer, norm2_b), { VIT }, LAYER_NORM },
  { "mlp.fc1.weight", AT (IvlVitLayer, fc1_w), { VIT_MLP, VIT }, 0 },
  { "mlp.fc1.bias", AT (IvlVitLayer, fc1_b), { VIT_MLP }, 0 },
  { "mlp.fc2.weight", AT (IvlVitLayer, fc2_w), { VIT, VIT_MLP }, 0 },
  { "mlp.fc2.bias", AT (IvlVitLayer, fc2_b), { VIT }, 0 },
  { "ls2", AT (IvlVitLayer, ls2), { VIT }, 0 },
};

static const IvlWeightRow projector_rows[] = {
  { "0.weight", AT (IvlProjector, norm_w), { SHUFFLED }, 0 },
  { "0.bias", AT (IvlProjector, norm_b), { SHUFFLED }, 0 },
  { "1.weight", AT (IvlProjector, fc1_w), { HIDDEN, SHUFFLED }, 0 },
  { "1.bias", AT (IvlProjector, fc1_b), { HIDDEN }, 0 },
  { "3.weight", AT (IvlProjector, fc2_w), { HIDDEN, HIDDEN }, 0 },
  { "3.bias", AT (IvlProjector, fc2_b), { HIDDEN }, 0 },
};

static const IvlWeightRow qwen2_rows[] = {
  { "model.embed_tokens.weight", AT (IvlDecoder, embedding), { VOCAB, HIDDEN }, 0 },
  { "model.norm.weight", AT (IvlDecoder, norm), { HIDDEN }, 0 },
  { "lm_head.weight", AT (IvlDecoder, head), { VOCAB, HIDDEN }, UNTIED },
};

static const IvlWeightRow qwen2_layer_rows[] = {
  { "input_layernorm.weight", AT (IvlDecoderLayer, attention_norm), { HIDDEN }, 0 },
  { "self_attn.q_proj.weight", AT (IvlDecoderLayer, q_w), { QUERY, HIDDEN }, 0 },
  { "self_attn.q_proj.bias", AT (IvlDecoderLayer, q_b), { QUERY }, 0 },
  { "self_attn.k_proj.weight", AT (IvlDecoderLayer, k_w), { KEY, HIDDEN }, 0 },
  { "self_attn.k_proj.bias", AT (IvlDecoderLayer, k_b), { KEY }, 0 },
  { "self_attn.v_proj.weight", AT (IvlDecoderLayer, v_w), { KEY, HIDDEN }, 0 },
  { "self_attn.v_proj.bias", AT (IvlDecoderLayer, v_b), { KEY }, 0 },
  { "self_attn.o_proj.weight", AT (IvlDecoderLayer, out_w), { HIDDEN, QUERY }, 0 },
  { "post_attention_layernorm.weight", AT (IvlDecoderLayer, mlp_norm), { HIDDEN }, 0 },
  { "mlp.gate_proj.weight", AT (IvlDecoderLayer, gate_w), { MLP, HIDDEN }, 0 },
  { "mlp.up_proj.weight", AT (IvlDecoderLayer, up_w), { MLP, HIDDEN }, 0 },
  { "mlp.down_proj.weight", AT (IvlDecoderLayer, down_w), { HIDDEN, MLP }, 0 },
};

static const IvlWeightRow internlm2_rows[] = {
  { "model.tok_embeddings.weight", AT (IvlDecoder, embedding), { VOCAB, HIDDEN }, 0 },
  { "model.norm.weight", AT (IvlDecoder, norm), { HIDDEN }, 0 },
  { "output.weight", AT (IvlDecoder, head), { VOCAB, HIDDEN }, UNTIED },
};

static const IvlWeightRow internlm2_layer_rows[] = {
  { "attention_norm.weight", AT (IvlDecoderLayer, attention_norm), { HIDDEN }, 0 },
  { "attention.wqkv.weight", AT (IvlDecoderLayer, qkv_w), { PACKED, HIDDEN }, 0 },
  { "attention.wqkv.bias", AT (IvlDecoderLayer, qkv_b), { PACKED }, LM_BIAS },
  { "attention.wo.weight", AT (IvlDecoderLayer, out_w), { HIDDEN, QUERY }, 0 },
  { "attention.wo.bias", AT (IvlDecoderLayer, out_b), { HIDDEN }, LM_BIAS },
  { "ffn_norm.weight", AT (IvlDecoderLayer, mlp_norm), { HIDDEN }, 0 },
  { "feed_forward.w1.weight", AT (IvlDecoderLayer, gate_w), { MLP, HIDDEN }, 0 },
  { "feed_forward.w3.weight", AT (IvlDecoderLayer, up_w), { MLP, HIDDEN }, 0 },
  { "feed_forward.w2.weight", AT (IvlDecoderLayer, down_w), { HIDDEN, MLP }, 0 },
};

/* The weight tables of a language model type. */
static const struct
{
  const IvlWeightRow *rows;
  gsize               n_rows;
  const IvlWeightRow *layer_rows;
  gsize               n_layer_rows;
} lm_tables[] = {
  [IVL_LM_QWEN2] = { qwen2_rows, G_N_ELEMENTS (qwen2_rows), qwen2_layer_rows,
                     G_N_ELEMENTS (qwen2_layer_rows) },
  [IVL_LM_INTERNLM2] = { internlm2_rows, G_N_ELEMENTS (internlm2_rows), internlm2_layer_rows,
                         G_N_ELEMENTS (internlm2_layer_rows) },
};

const IvlFamily *
ivl_family_lookup (IvlArch arch)
{
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    if (families[i].arch == arch)
      return &families[i];
  return NULL;
}

gboolean
ivl_family_has_own_head (const IvlFamily   *family,
                         const IvlHfConfig *config,
                         IvlCheckpoint     *checkpoint)
{
  const IvlLmType type = config->lm.type;

  for (gsize i = 0; config->has_lm && i < lm_tables[type].n_rows; i++)
    {
      const IvlWeightRow *row = &lm_tables[type].rows[i];
      g_autofree char *name = g_strconcat (family->lm_prefix, row->name, NULL);

      if ((row->only_if & UNTIED) != 0 && ivl_checkpoint_lookup (checkpoint, name, NULL))
        return TRUE;
    }
  return FALSE;
}

static void
compute_sizes (const IvlHfConfig *config,
               guint64           *sizes)
{
  guint64 side = config->has_vision ? config->vision.image_size / config->vision.patch_size : 0;

  sizes[END] = 0;
  sizes[ONE] = 1;
  sizes[RGB] = 3;
  sizes[VIT] = config->vision.hidden_size;
  sizes[VIT_QKV] = 3 * sizes[VIT];
  sizes[VIT_MLP] = config->vision.intermediate_size;
  sizes[PATCH] = config->vision.patch_size;
  sizes[VIT_TOKENS] = 1 + side * side;
  sizes[SHUFFLED] = 4 * sizes[VIT];
  sizes[HIDDEN] = config->lm.hidden_size;
  sizes[QUERY] = (guint64) config->lm.n_heads * config->lm.head_dim;
  sizes[KEY] = (guint64) config->lm.n_kv_heads * config->lm.head_dim;
  sizes[PACKED] = sizes[QUERY] + 2 * sizes[KEY];
  sizes[MLP] = config->lm.intermediate_size;
  sizes[VOCAB] = config->lm.vocab_size;
}

static guint
compute_flags (const IvlHfConfig *config)
{
  guint flags = 0;

  if (config->vision.norm == IVL_NORM_LAYER)
    flags |= LAYER_NORM;
  if (config->vision.qkv_bias)
    flags |= QKV_BIAS;
  if (config->vision.qk_normalization)
    flags |= QK_NORM;
  if (config->lm.bias)
    flags |= LM_BIAS;
  if (!config->lm.tie_word_embeddings)
    flags |= UNTIED;
  return flags;
}

static gboolean
bind_vision (const IvlFamily    *family,
             const IvlHfConfig  *config,
             IvlWeightBinder    *binder,
             IvlVit             *vit,
             GError            **error)
{
  vit->config = config->vision;
  vit->layers = g_new0 (IvlVitLayer, config->vision.n_layers);
  if (!ivl_weight_map_bind (binder, family->vision_prefix, vit_rows, G_N_ELEMENTS (vit_rows), vit,
                            error))
    return FALSE;
  for (guint i = 0; i < config->vision.n_layers; i++)
    {
      g_autofree char *prefix = g_strdup_printf ("%sencoder.layers.%u.", family->vision_prefix, i);

      if (!ivl_weight_map_bind (binder, prefix, vit_layer_rows, G_N_ELEMENTS (vit_layer_rows),
                                &vit->layers[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
bind_projector (const IvlFamily    *family,
                const IvlHfConfig  *config,
                IvlWeightBinder    *binder,
                IvlProjector       *projector,
                GError            **error)
{
  projector->side = config->vision.image_size / config->vision.patch_size;
  projector->vision_size = config->vision.hidden_size;
  return ivl_weight_map_bind (binder, family->projector_prefix, projector_rows,
                              G_N_ELEMENTS (projector_rows), projector, error);
}

static gboolean
bind_lm (const IvlFamily    *family,
         const IvlHfConfig  *config,
         IvlWeightBinder    *binder,
         IvlDecoder         *decoder,
         GError            **error)
{
  IvlLmType type = config->lm.type;

  decoder->config = config->lm;
  decoder->layers = g_new0 (IvlDecoderLayer, config->lm.n_layers);
  if (!ivl_weight_map_bind (binder, family->lm_prefix, lm_tables[type].rows, lm_tables[type].n_rows,
                            decoder, error))
    return FALSE;
  for (guint i = 0; i < config->lm.n_layers; i++)
    {
      g_autofree char *prefix = g_strdup_printf ("%smodel.layers.%u.", family->lm_prefix, i);

      if (!ivl_weight_map_bind (binder, prefix, lm_tables[type].layer_rows,
                                lm_tables[type].n_layer_rows, &decoder->layers[i], error))
        return FALSE;
    }
  if (config->lm.tie_word_embeddings)
    decoder->head = decoder->embedding;
  return TRUE;
}

gboolean
ivl_family_bind (const IvlFamily    *family,
                 const IvlHfConfig  *config,
                 IvlWeightBinder    *binder,
                 IvlParts           *parts,
                 GError            **error)
{
  guint64 sizes[N_SIZES];
  gboolean ok;

  compute_sizes (config, sizes);
  binder->sizes = sizes;
  binder->flags = compute_flags (config);
  ok =
      (family->vision_prefix == NULL || bind_vision (family, config, binder, &parts->vit, error)) &&
      (family->projector_prefix == NULL ||
       bind_projector (family, config, binder, &parts->projector, error)) &&
      (family->lm_prefix == NULL || bind_lm (family, config, binder, &parts->decoder, error));
  binder->sizes = NULL;
  return ok;
}

void
ivl_family_clear_parts (IvlParts *parts)
{
  g_clear_pointer (&parts->vit.layers, g_free);
  g_clear_pointer (&parts->decoder.layers, g_free);
}
