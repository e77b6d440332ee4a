/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The two language model families and the two vision models of InternVL2.5. */
typedef enum
{
  RANDOM_MODEL_QWEN2,
  RANDOM_MODEL_INTERNLM2,
} RandomModelFamily;

typedef struct
{
  guint    hidden_size;
  guint    n_layers;
  guint    n_heads;
  guint    intermediate_size;
  gboolean is_6b; /* RMSNorm, q and k norms, no qkv bias */
} RandomModelVision;

/* One of the published sizes. */
typedef struct
{
  const char              *name;
  const char              *llm_name;
  const RandomModelVision *vision;
  RandomModelFamily        family;
  guint                    hidden_size;
  guint                    n_layers;
  guint                    n_heads;
  guint                    n_kv_heads;
  guint                    intermediate_size;
  guint                    vocab_size;
} RandomModelSize;

#define RANDOM_MODEL_QWEN2_N_WORDS 151643u   /* entries of vocab.json */
#define RANDOM_MODEL_INTERNLM2_N_WORDS 92544u /* pieces of tokenizer.model */

/* config.json, generation_config.json, preprocessor_config.json */
gboolean random_model_write_config (const RandomModelSize  *size,
                                    gboolean                is_f32,
                                    const char             *folder,
                                    GError                **error);
/* model.safetensors, or shards of at most 5 GB and their index; with dry_run nothing is written. */
gboolean random_model_write_weights (const RandomModelSize  *size,
                                     gboolean                is_f32,
                                     const char             *folder,
                                     gboolean                dry_run,
                                     guint64                *n_parameters,
                                     GError                **error);
/* A vocabulary of the published number of entries: single bytes or characters, a few English
 * pieces, and filler; the added tokens at their published ids. */
gboolean random_model_write_tokenizer (RandomModelFamily   family,
                                       const char         *folder,
                                       GError            **error);
gboolean random_model_write_text (const char  *folder,
                                  const char  *name,
                                  const char  *text,
                                  gssize       length,
                                  GError     **error);
