/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What config.json and generation_config.json of a checkpoint folder say
 * (preprocessor_config.json is not used: the reference code has its own preprocessing). Every
 * count is checked to lie in a sane range at reading, so products of them fit 64 bits. */

typedef enum
{
  IVL_ARCH_INTERNVL,   /* model_type internvl_chat: vision + projector + llm */
  IVL_ARCH_INTERNVIT,  /* model_type intern_vit_6b (also the 300M): bare vision tower */
  IVL_ARCH_QWEN2,      /* model_type qwen2: bare language model */
  IVL_ARCH_INTERNLM2,  /* model_type internlm2: bare language model */
} IvlArch;

typedef enum
{
  IVL_NORM_LAYER,
  IVL_NORM_RMS,
} IvlNormType;

typedef struct
{
  guint       hidden_size;
  guint       intermediate_size;
  guint       n_layers;
  guint       n_heads;
  guint       image_size;   /* pixels, square */
  guint       patch_size;   /* pixels, square */
  IvlNormType norm;
  gboolean    qkv_bias;
  gboolean    qk_normalization;
  float       norm_eps;
} IvlVisionConfig;

typedef enum
{
  IVL_LM_QWEN2,
  IVL_LM_INTERNLM2,
} IvlLmType;

typedef struct
{
  IvlLmType type;
  guint     hidden_size;
  guint     intermediate_size;
  guint     n_layers;
  guint     n_heads;
  guint     n_kv_heads;
  guint     head_dim;       /* hidden_size / n_heads unless Qwen2's head_dim says another */
  guint     vocab_size;
  guint     max_position;   /* tokens */
  double    rope_theta;
  double    rope_factor;    /* dynamic NTK factor; 0 means no scaling */
  float     norm_eps;
  gboolean  bias;           /* InternLM2's "bias"; Qwen2 always has q, k, v bias */
  gboolean  tie_word_embeddings;
} IvlLmConfig;

typedef struct
{
  IvlArch         arch;
  gboolean        has_vision;
  gboolean        has_lm;
  IvlVisionConfig vision;
  IvlLmConfig     lm;
  /* internvl_chat only */
  guint           min_dynamic_patch;
  guint           max_dynamic_patch;
  gboolean        dynamic_image_size;
  gboolean        use_thumbnail;
  guint           n_used_layers;      /* vision layers before the projector, by select_layer */
  char           *template_name;      /* "internvl2_5" */
  char           *system_message;     /* (nullable): overrides the template's */
  char           *torch_dtype;        /* (nullable) nocheck:reader: weights have their own types */
  /* generation_config.json, else llm_config */
  GArray         *eos_ids;            /* guint32 */
} IvlHfConfig;

/* Errors: IVL_ERROR_NOT_FOUND (no config.json), IVL_ERROR_INVALID_DATA (broken JSON, a wrong
 * type or range: file and field are named), IVL_ERROR_UNSUPPORTED (an architecture, template,
 * ps_version, activation or rope scaling that is not InternVL2.5's). */
IvlHfConfig *ivl_hf_config_load (const char  *folder,
                                 GError     **error);
/* The same from bytes; generation is generation_config.json, or NULL if there is none. */
IvlHfConfig *ivl_hf_config_parse (const char  *config,
                                  gsize        config_size,
                                  const char  *generation,
                                  gsize        generation_size,
                                  GError     **error);
void         ivl_hf_config_free (IvlHfConfig *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlHfConfig, ivl_hf_config_free)

G_END_DECLS
