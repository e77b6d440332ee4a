/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "formats/ivl-hf-config.h"
#include "ops/ivl-ops.h"
#include "ops/ivl-trace.h"

G_BEGIN_DECLS

/* Weights of one InternViT layer; C is the hidden size, M the MLP's. Absent ones have no data. */
typedef struct
{
  IvlTensor norm1_w, norm1_b; /* [C]; no bias with RMSNorm */
  IvlTensor qkv_w, qkv_b;     /* [3C, C], [3C]: all of Q, then K, then V, heads inside */
  IvlTensor q_norm, k_norm;   /* [C]: RMSNorm over all heads at once; only with qk_normalization */
  IvlTensor proj_w, proj_b;   /* [C, C], [C] */
  IvlTensor ls1, ls2;         /* [C]: layer scale */
  IvlTensor norm2_w, norm2_b; /* [C] */
  IvlTensor fc1_w, fc1_b;     /* [M, C], [M] */
  IvlTensor fc2_w, fc2_b;     /* [C, M], [C] */
} IvlVitLayer;

/* A vision tower: InternViT-300M or -6B, by its config. P is the number of patches of a tile. */
typedef struct
{
  IvlVisionConfig config;
  IvlTensor       class_embedding; /* [1, 1, C] */
  IvlTensor       patch_w, patch_b; /* [C, 3, patch, patch], [C] */
  IvlTensor       position;        /* [1, 1 + P, C] */
  IvlVitLayer    *layers;          /* config.n_layers */
} IvlVit;

gsize    ivl_vit_n_tokens (const IvlVit *vit); /* 1 + P: the class token comes first */

/* Encodes one tile: pixels f32 [3, S, S], normalised -> out f32 [1 + P, C], what the first n_layers
 * layers give (at most config.n_layers; 0: the embedding alone). Looks at cancellable before each
 * layer. IVL_ERROR_NO_MEMORY if there is no room for the activations. */
gboolean ivl_vit_forward (const IvlVit   *vit,
                          IvlOps         *ops,
                          const float    *pixels,
                          guint           n_layers,
                          float          *out,
                          const IvlTrace *trace,
                          GCancellable   *cancellable,
                          GError        **error);

G_END_DECLS
