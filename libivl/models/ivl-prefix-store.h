/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "lm/ivl-kv-cache.h"
#include "models/ivl-tile-cache.h"

G_BEGIN_DECLS

/* What timelines have computed, by tokens, so that another one can begin where they were. The
 * least recently used goes first when the limit is passed; a state that is the beginning of
 * another is kept only once. For use from many threads. */
typedef struct _IvlPrefixStore IvlPrefixStore;

/* Tokens of a prompt or conversation, and the tiles of their picture tokens, in order. */
typedef struct
{
  const guint32    *ids;
  gsize             n_ids;
  const IvlTileKey *tiles;
  gsize             n_tiles;
} IvlPrefixKey;

/* A state that is kept: constant, counted. */
typedef struct _IvlPrefix IvlPrefix;

/* Picture tokens are those of id image_token, per_tile of them a tile; per_tile 0: there are none.
 * The limit is 0 at first: nothing is kept. */
IvlPrefixStore *ivl_prefix_store_new (guint32 image_token,
                                      gsize   per_tile);
void            ivl_prefix_store_free (IvlPrefixStore *self);
void            ivl_prefix_store_set_limit (IvlPrefixStore *self,
                                            guint64         n_bytes);
guint64         ivl_prefix_store_get_limit (IvlPrefixStore *self);
guint64         ivl_prefix_store_get_n_bytes (IvlPrefixStore *self);

/* Leading tokens that two have in common: equal ids, and picture tokens of equal tiles. */
gsize           ivl_prefix_store_compare (IvlPrefixStore     *self,
                                          const IvlPrefixKey *a,
                                          const IvlPrefixKey *b);

/* The state (transfer full, nullable) with most in common with the key, and how much that is;
 * NULL where it is not more than n_own. Then the caller computes the rest, and until it calls
 * ivl_prefix_store_end() with the same key, which stays as it is, others wait here for it where it
 * is mostly their own beginning. cancellable ends the waiting, not with an error. */
IvlPrefix      *ivl_prefix_store_begin (IvlPrefixStore     *self,
                                       const IvlPrefixKey *key,
                                       gsize               n_own,
                                       gsize              *n_common,
                                       GCancellable       *cancellable);
void            ivl_prefix_store_end (IvlPrefixStore     *self,
                                      const IvlPrefixKey *key);

/* Keeps a copy of a cache's first key->n_ids tokens, and of the logits f32 [n_logits] behind the
 * last of them (nullable). Nothing is copied where it is there already, is too large for the
 * limit, or memory is lacking. */
void            ivl_prefix_store_keep (IvlPrefixStore     *self,
                                       const IvlPrefixKey *key,
                                       IvlKvCache         *cache,
                                       const float        *logits,
                                       gsize               n_logits);

/* Copies tokens first .. n - 1 to a cache with room for n, whose length is n then. */
void            ivl_prefix_copy (IvlPrefix  *self,
                                 IvlKvCache *cache,
                                 gsize       first,
                                 gsize       n);
/* The logits behind the first n tokens; NULL where they were not kept. */
const float    *ivl_prefix_get_logits (IvlPrefix *self,
                                       gsize      n);
void            ivl_prefix_unref (IvlPrefix *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlPrefixStore, ivl_prefix_store_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlPrefix, ivl_prefix_unref)

G_END_DECLS
