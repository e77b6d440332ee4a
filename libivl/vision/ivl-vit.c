/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * InternViT: patches -> embeddings -> pre-norm transformer layers with layer scale. Both published
 * towers (300M: LayerNorm, qkv bias; 6B: RMSNorm, normalised queries and keys) are this code with
 * another config. Reference: OpenGVLab/InternVL, modeling_intern_vit.py.
 */
#include "vision/ivl-vit.h"

#include <string.h>

#include <libivl/ivl-error.h>

/* Activations of one tile; T tokens, C hidden, M MLP. */
typedef struct
{
  float *normed; /* [T, C] */
  float *qkv;    /* [T, 3C] */
  float *mixed;  /* [T, C]: attention output, then the projected one */
  float *mlp;    /* [T, M] */
} Scratch;

static void
scratch_clear (Scratch *s)
{
  g_free (s->normed);
  g_free (s->qkv);
  g_free (s->mixed);
  g_free (s->mlp);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Scratch, scratch_clear)

static gboolean
scratch_init (Scratch       *s,
              const IvlVit  *vit,
              GError       **error)
{
  gsize tokens = ivl_vit_n_tokens (vit);
  gsize hidden = vit->config.hidden_size;

  s->normed = g_try_malloc_n (tokens * hidden, sizeof (float));
  s->qkv = g_try_malloc_n (tokens * 3 * hidden, sizeof (float));
  s->mixed = g_try_malloc_n (tokens * hidden, sizeof (float));
  s->mlp = g_try_malloc_n (tokens * vit->config.intermediate_size, sizeof (float));
  if (s->normed == NULL || s->qkv == NULL || s->mixed == NULL || s->mlp == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for encoding a tile (%" G_GSIZE_FORMAT " MB needed)",
                   tokens * (5 * hidden + vit->config.intermediate_size) * sizeof (float) /
                       1000000);
      return FALSE;
    }
  return TRUE;
}

static guint
patches_per_side (const IvlVit *vit)
{
  return vit->config.image_size / vit->config.patch_size;
}

gsize
ivl_vit_n_tokens (const IvlVit *vit)
{
  gsize side = patches_per_side (vit);

  return 1 + side * side;
}

/* pixels [3, S, S] -> columns [P, 3 * patch * patch], the order of the convolution's weight. */
static void
unfold_patches (const IvlVit *vit,
                const float  *pixels,
                float        *columns)
{
  gsize size = vit->config.image_size;
  gsize patch = vit->config.patch_size;
  gsize side = patches_per_side (vit);

  for (gsize py = 0; py < side; py++)
    for (gsize px = 0; px < side; px++)
      for (gsize c = 0; c < 3; c++)
        for (gsize y = 0; y < patch; y++)
          {
            memcpy (columns, pixels + (c * size + py * patch + y) * size + px * patch,
                    patch * sizeof (float));
            columns += patch;
          }
}

/* x [T, C] = class token, then patches, plus the position table as it is. */
static gboolean
embed (const IvlVit   *vit,
       IvlOps         *ops,
       const float    *pixels,
       float          *x,
       const IvlTrace *trace,
       GError        **error)
{
  gsize hidden = vit->config.hidden_size;
  gsize n_patches = ivl_vit_n_tokens (vit) - 1;
  gsize depth = 3 * (gsize) vit->config.patch_size * vit->config.patch_size;
  g_autofree float *columns = g_try_malloc_n (n_patches * depth, sizeof (float));
  g_autofree float *row = g_try_malloc_n (hidden, sizeof (float));
  IvlTensor kernel = vit->patch_w;
  IvlTensor position = vit->position;
  IvlTensor class_row = vit->class_embedding;

  if (columns == NULL || row == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                           "No memory for the patches of a tile");
      return FALSE;
    }
  kernel.n_dims = 2;
  kernel.shape[1] = depth;
  position.n_dims = 2;
  position.shape[0] = n_patches + 1;
  position.shape[1] = hidden;
  class_row.n_dims = 2;
  class_row.shape[1] = hidden;

  unfold_patches (vit, pixels, columns);
  ivl_op_linear (ops, columns, n_patches, &kernel, &vit->patch_b, x + hidden);
  ivl_trace_see (trace, "patch_embed", 0, x + hidden, n_patches, hidden);
  ivl_op_get_row (ops, &class_row, 0, x);
  for (gsize t = 0; t <= n_patches; t++)
    {
      ivl_op_get_row (ops, &position, t, row);
      ivl_op_add (ops, x + t * hidden, row, 1, hidden, NULL);
    }
  return TRUE;
}

static void
normalise (const IvlVit    *vit,
           IvlOps          *ops,
           const float     *x,
           const IvlTensor *w,
           const IvlTensor *b,
           float           *y)
{
  gsize tokens = ivl_vit_n_tokens (vit);
  gsize hidden = vit->config.hidden_size;

  if (vit->config.norm == IVL_NORM_LAYER)
    ivl_op_layer_norm (ops, x, tokens, hidden, w, b, vit->config.norm_eps, y);
  else
    ivl_op_rms_norm (ops, x, hidden, tokens, hidden, w, vit->config.norm_eps, y, hidden);
}

static void
attend (const IvlVit      *vit,
        const IvlVitLayer *layer,
        IvlOps            *ops,
        float             *x,
        Scratch           *s)
{
  gsize tokens = ivl_vit_n_tokens (vit);
  gsize hidden = vit->config.hidden_size;
  gsize heads = vit->config.n_heads;
  float *q = s->qkv;
  float *k = s->qkv + hidden;
  float *v = s->qkv + 2 * hidden;

  normalise (vit, ops, x, &layer->norm1_w, &layer->norm1_b, s->normed);
  ivl_op_linear (ops, s->normed, tokens, &layer->qkv_w, ivl_tensor_if_present (&layer->qkv_b),
                 s->qkv);
  if (vit->config.qk_normalization)
    {
      float eps = vit->config.norm_eps;

      ivl_op_rms_norm (ops, q, 3 * hidden, tokens, hidden, &layer->q_norm, eps, q, 3 * hidden);
      ivl_op_rms_norm (ops, k, 3 * hidden, tokens, hidden, &layer->k_norm, eps, k, 3 * hidden);
    }
  ivl_op_attention (ops, q, 3 * hidden, k, v, 3 * hidden, tokens, tokens, heads, heads,
                    hidden / heads, FALSE, s->normed);
  ivl_op_linear (ops, s->normed, tokens, &layer->proj_w, &layer->proj_b, s->mixed);
  ivl_op_add (ops, x, s->mixed, tokens, hidden, &layer->ls1);
}

static void
feed_forward (const IvlVit      *vit,
              const IvlVitLayer *layer,
              IvlOps            *ops,
              float             *x,
              Scratch           *s)
{
  gsize tokens = ivl_vit_n_tokens (vit);

  normalise (vit, ops, x, &layer->norm2_w, &layer->norm2_b, s->normed);
  ivl_op_linear (ops, s->normed, tokens, &layer->fc1_w, &layer->fc1_b, s->mlp);
  ivl_op_gelu (ops, s->mlp, tokens * vit->config.intermediate_size);
  ivl_op_linear (ops, s->mlp, tokens, &layer->fc2_w, &layer->fc2_b, s->mixed);
  ivl_op_add (ops, x, s->mixed, tokens, vit->config.hidden_size, &layer->ls2);
}

static gboolean
run_layers (const IvlVit   *vit,
            IvlOps         *ops,
            guint           n_layers,
            float          *x,
            const IvlTrace *trace,
            GCancellable   *cancellable,
            GError        **error)
{
  gsize tokens = ivl_vit_n_tokens (vit);
  gsize hidden = vit->config.hidden_size;
  g_auto (Scratch) scratch = { 0 };

  if (!scratch_init (&scratch, vit, error))
    return FALSE;
  for (guint i = 0; i < n_layers; i++)
    {
      attend (vit, &vit->layers[i], ops, x, &scratch);
      feed_forward (vit, &vit->layers[i], ops, x, &scratch);
      if (!ivl_ops_check (ops, error))
        return FALSE;
      ivl_ops_pause (ops);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      ivl_trace_see (trace, "vit_hidden", i + 1, x, tokens, hidden);
    }
  return TRUE;
}

gboolean
ivl_vit_forward (const IvlVit   *vit,
                 IvlOps         *ops,
                 const float    *pixels,
                 guint           n_layers,
                 float          *out,
                 const IvlTrace *trace,
                 GCancellable   *cancellable,
                 GError        **error)
{
  gboolean ok;

  g_return_val_if_fail (n_layers <= vit->config.n_layers, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !embed (vit, ops, pixels, out, trace, error))
    return FALSE;
  ivl_trace_see (trace, "vit_hidden", 0, out, ivl_vit_n_tokens (vit), vit->config.hidden_size);
  ivl_ops_set_cancellable (ops, cancellable);
  ok = run_layers (vit, ops, n_layers, out, trace, cancellable, error);
  ivl_ops_set_cancellable (ops, NULL);
  return ok;
}
