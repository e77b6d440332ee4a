/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IVL_TILE_KEY_SIZE 32

/* What identifies a tile: SHA-256 of its pixels. */
typedef struct
{
  guint8 bytes[IVL_TILE_KEY_SIZE];
} IvlTileKey;

/* Features of tiles already encoded, by content; the least recently used ones go when max_bytes
 * is passed. */
typedef struct _IvlTileCache IvlTileCache;

void          ivl_tile_key_compute (const guint8 *pixels,
                                    gsize         n_bytes,
                                    IvlTileKey   *key);

IvlTileCache *ivl_tile_cache_new (gsize n_values,
                                  gsize max_bytes);
void          ivl_tile_cache_free (IvlTileCache *self);
/* Copies a tile's n_values features to out. FALSE if they are not there. */
gboolean      ivl_tile_cache_lookup (IvlTileCache     *self,
                                     const IvlTileKey *key,
                                     float            *out);
/* Keeps a copy; without memory for it nothing is kept. */
void          ivl_tile_cache_insert (IvlTileCache     *self,
                                     const IvlTileKey *key,
                                     const float      *values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTileCache, ivl_tile_cache_free)

G_END_DECLS
