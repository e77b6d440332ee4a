/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "formats/ivl-checkpoint.h"
#include "models/ivl-family.h"
#include "models/ivl-prefix-store.h"
#include "models/ivl-tile-cache.h"
#include "ops/ivl-ops.h"
#include "threads/ivl-turns.h"
#include "tokenizer/ivl-chat-template.h"
#include "tokenizer/ivl-tokenizer.h"

G_BEGIN_DECLS

typedef struct _IvlBatch IvlBatch;

/* An opened model folder: config, weights in place, tokenizer and arithmetic. Immutable but for
 * the arithmetic's scratch memory, which a turn covers: take one around every computation, a long
 * one for tiles and prompts, a short one for the next tokens of answers, which go between the
 * layers of long ones. Long turns cover the tile cache too. */
typedef struct
{
  const IvlFamily       *family;
  IvlHfConfig           *config;
  IvlCheckpoint         *checkpoint;
  IvlParts               parts;
  IvlTokenizer          *tokenizer;  /* NULL without a language model */
  const IvlChatTemplate *chat;       /* NULL without a language model */
  char                  *name;       /* of the folder */
  guint64                n_parameters;
  IvlTurns              *turns;
  IvlOps                *ops;
  IvlTileCache          *tiles;      /* NULL without a projector */
  IvlBatch              *batch;      /* NULL without a language model */
  IvlPrefixStore        *prefixes;   /* NULL without a language model */
  /* Token ids that a prompt is made of; only with a language model. */
  GArray                *end_ids;    /* guint32: an answer ends at any of them */
  guint32                image_start, image_end, image_token; /* only with a projector */
} IvlNetwork;

/* Opens a folder without reading the weights but for a page of each. Errors: what the parts
 * report, and IVL_ERROR_NO_MEMORY if weights and working memory cannot fit. */
IvlNetwork *ivl_network_open (const char  *folder,
                              GError     **error);
/* Every check of opening, going on after a fault: adds a sentence for each to problems, and sets
 * *shortage (transfer full) if memory is all that lacks. What comes back has no tiles, operations
 * or batch, and cannot compute. NULL with error set if the config cannot be read. */
IvlNetwork *ivl_network_survey (const char  *folder,
                                GPtrArray   *problems,
                                char       **shortage,
                                GError     **error);
void        ivl_network_free (IvlNetwork *self);

gboolean    ivl_network_has_vision (const IvlNetwork *self);
gboolean    ivl_network_has_lm (const IvlNetwork *self);
gsize       ivl_network_tokens_per_tile (const IvlNetwork *self); /* 0 without a projector */
/* The model's own tile budget for a picture; a model without dynamic tiles was trained on one. */
guint       ivl_network_min_tiles (const IvlNetwork *self);
guint       ivl_network_max_tiles (const IvlNetwork *self);
/* Longest conversation in tokens: max_position, times the factor where the rotary embedding
 * scales, and no more than programs keep in an int. */
gsize       ivl_network_context_length (const IvlNetwork *self);
gsize       ivl_network_context_length_for (const IvlHfConfig *config);
/* Weights, one tile's or prompt part's activations, and a conversation of some thousand tokens,
 * in bytes. */
guint64     ivl_network_memory_needed (const IvlHfConfig *config,
                                       guint64            weight_bytes);

/* Features of one tile u8 [S, S, 3] for the language model: f32 [tokens_per_tile, H]. Uses and
 * fills the tile cache; *encoded tells whether the vision model had to run. Call with a
 * long turn. */
gboolean    ivl_network_encode_tile (IvlNetwork        *self,
                                     const guint8      *pixels,
                                     const IvlTileKey  *key,
                                     float             *out,
                                     gboolean          *encoded,
                                     const IvlTrace    *trace,
                                     GCancellable      *cancellable,
                                     GError           **error);

/* The vision tower's class token of one tile: f32 [C]. Call with a long turn. */
gboolean    ivl_network_embed_tile (IvlNetwork    *self,
                                    const guint8  *pixels,
                                    float         *out,
                                    GCancellable  *cancellable,
                                    GError       **error);

/* Fails if memory lacked for them, numbers are not all finite or the files changed meanwhile; it
 * looks for the weight at fault then, and names it. */
gboolean    ivl_network_check_output (IvlNetwork   *self,
                                      const float  *values,
                                      gsize         n,
                                      GError      **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlNetwork, ivl_network_free)

G_END_DECLS
