/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Keys and values of one conversation: for each layer, keys f32 [n, n_kv_heads * head_dim] (already
 * rotated) and values likewise. Grows as needed. */
typedef struct _IvlKvCache IvlKvCache;

IvlKvCache *ivl_kv_cache_new (guint n_layers,
                              gsize row_size);
void        ivl_kv_cache_free (IvlKvCache *self);
gsize       ivl_kv_cache_get_length (IvlKvCache *self); /* tokens */
/* Makes room for n tokens in all; FALSE with IVL_ERROR_NO_MEMORY and the cache as before. */
gboolean    ivl_kv_cache_reserve (IvlKvCache  *self,
                                  gsize        n,
                                  GError     **error);
/* Where a layer's rows lie, row_size floats apart; valid until the next reserve. */
float      *ivl_kv_cache_get_keys (IvlKvCache *self,
                                   guint       layer);
float      *ivl_kv_cache_get_values (IvlKvCache *self,
                                     guint       layer);
/* Says that n tokens are filled now (after a forward pass, or fewer to forget the rest). */
void        ivl_kv_cache_set_length (IvlKvCache *self,
                                     gsize       n);

gsize       ivl_kv_cache_get_token_bytes (IvlKvCache *self);
/* Copies the first n tokens to rows: for each layer keys f32 [n, row_size], then values. */
void        ivl_kv_cache_read (IvlKvCache *self,
                               gsize       n,
                               float      *rows);
/* Copies tokens first .. n - 1 from rows that were read with n_rows tokens; n are filled then.
 * There must be room. */
void        ivl_kv_cache_write (IvlKvCache  *self,
                                gsize        first,
                                gsize        n,
                                const float *rows,
                                gsize        n_rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlKvCache, ivl_kv_cache_free)

G_END_DECLS
