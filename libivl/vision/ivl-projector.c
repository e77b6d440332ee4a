/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the vision tower's patches to tokens of the language model: pixel shuffle (ps_version v2),
 * LayerNorm, Linear, GELU, Linear. Reference: OpenGVLab/InternVL, modeling_internvl_chat.py
 * (pixel_shuffle, mlp1).
 */
#include "vision/ivl-projector.h"

#include <string.h>

#include <libivl/ivl-error.h>

/* PyTorch's default for nn.LayerNorm, which mlp1.0 uses (the tower's own eps is 1e-6). */
#define PROJECTOR_NORM_EPS 1e-5f

gsize
ivl_projector_n_tokens (const IvlProjector *projector)
{
  gsize side = projector->side / 2;

  return side * side;
}

gsize
ivl_projector_out_size (const IvlProjector *projector)
{
  return projector->fc2_w.shape[0];
}

/* Output token (R, C) is the concatenation of patches (2R, 2C), (2R, 2C+1), (2R+1, 2C), (2R+1,
 * 2C+1). */
static void
pixel_shuffle (const IvlProjector *projector,
               const float        *patches,
               float              *out)
{
  gsize side = projector->side;
  gsize width = projector->vision_size;

  for (gsize row = 0; row < side; row += 2)
    for (gsize col = 0; col < side; col += 2)
      for (gsize dy = 0; dy < 2; dy++)
        {
          memcpy (out, patches + ((row + dy) * side + col) * width, 2 * width * sizeof (float));
          out += 2 * width;
        }
}

gboolean
ivl_projector_forward (const IvlProjector *projector,
                       IvlOps             *ops,
                       const float        *patches,
                       float              *out,
                       const IvlTrace     *trace,
                       GError            **error)
{
  gsize tokens = ivl_projector_n_tokens (projector);
  gsize wide = 4 * (gsize) projector->vision_size;
  gsize size = ivl_projector_out_size (projector);
  g_autofree float *shuffled = g_try_malloc_n (tokens * wide, sizeof (float));
  g_autofree float *inner = g_try_malloc_n (tokens * size, sizeof (float));

  if (shuffled == NULL || inner == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                           "No memory for projecting a tile");
      return FALSE;
    }
  pixel_shuffle (projector, patches, shuffled);
  ivl_trace_see (trace, "pixel_shuffle", 0, shuffled, tokens, wide);
  ivl_op_layer_norm (ops, shuffled, tokens, wide, &projector->norm_w, &projector->norm_b,
                     PROJECTOR_NORM_EPS, shuffled);
  ivl_trace_see (trace, "mlp1_ln", 0, shuffled, tokens, wide);
  ivl_op_linear (ops, shuffled, tokens, &projector->fc1_w, &projector->fc1_b, inner);
  ivl_op_gelu (ops, inner, tokens * size);
  ivl_op_linear (ops, inner, tokens, &projector->fc2_w, &projector->fc2_b, out);
  ivl_trace_see (trace, "projector", 0, out, tokens, size);
  return TRUE;
}
