/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ops/ivl-ops.h"
#include "ops/ivl-trace.h"

G_BEGIN_DECLS

/* Pixel shuffle and the two-layer MLP from vision to language features. C: vision hidden size,
 * H: the language model's; the published models shuffle 2 x 2 patches into one token
 * (downsample_ratio 0.5). */
typedef struct
{
  guint     side;             /* patches on a tile's side, even */
  guint     vision_size;      /* C */
  IvlTensor norm_w, norm_b;   /* [4C] */
  IvlTensor fc1_w, fc1_b;     /* [H, 4C], [H] */
  IvlTensor fc2_w, fc2_b;     /* [H, H], [H] */
} IvlProjector;

gsize    ivl_projector_n_tokens (const IvlProjector *projector); /* (side / 2)^2 for each tile */
gsize    ivl_projector_out_size (const IvlProjector *projector); /* H */

/* patches f32 [side * side, C] (no class token) -> out f32 [(side / 2)^2, H].
 * IVL_ERROR_NO_MEMORY. */
gboolean ivl_projector_forward (const IvlProjector *projector,
                                IvlOps             *ops,
                                const float        *patches,
                                float              *out,
                                const IvlTrace     *trace,
                                GError            **error);

G_END_DECLS
