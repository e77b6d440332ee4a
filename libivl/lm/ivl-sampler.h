/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  double  temperature;        /* 0: greedy */
  guint   top_k;              /* 0: all tokens */
  double  top_p;              /* 1: all tokens */
  double  repetition_penalty; /* 1: none */
  guint64 seed;
} IvlSamplerOptions;

/* Chooses the next token from logits. One sampler serves one answer. */
typedef struct _IvlSampler IvlSampler;

/* NULL with IVL_ERROR_NO_MEMORY. Options have been checked (IvlOptions keeps them in range). */
IvlSampler *ivl_sampler_new (const IvlSamplerOptions *options,
                             gsize                    n_vocab,
                             GError                 **error);
void        ivl_sampler_free (IvlSampler *self);

/* Says that these ids are in the text, for the repetition penalty. The ids that the sampler draws
 * count by themselves; whether those of the prompt count too is the caller's choice. Ids beyond the
 * vocabulary are ignored. */
void        ivl_sampler_accept (IvlSampler    *self,
                                const guint32 *ids,
                                gsize          n);

/* logits f32 [n_vocab], overwritten. Sets *id to the token drawn: the likeliest (the lowest id of
 * equals) when greedy. FALSE with IVL_ERROR_INVALID_DATA when a logit is NaN or infinite. Allocates
 * nothing. */
gboolean    ivl_sampler_draw (IvlSampler *self,
                              float      *logits,
                              guint32    *id,
                              GError    **error);
/* The same among the tokens whose allowed[id] is not 0 (NULL: all). The others have no part in
 * top-k, top-p and probabilities. IVL_ERROR_UNSUPPORTED if there is none. */
gboolean    ivl_sampler_draw_among (IvlSampler   *self,
                                    float        *logits,
                                    const guint8 *allowed,
                                    guint32      *id,
                                    GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlSampler, ivl_sampler_free)

G_END_DECLS
