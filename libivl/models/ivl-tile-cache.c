/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Features of encoded tiles by content, so that a follow-up question or another picture with the
 * same tile costs no second pass through the vision model. Not locked: its network's lock covers
 * it.
 */
#include "models/ivl-tile-cache.h"

#include <string.h>

typedef struct
{
  IvlTileKey key;
  float     *values;
} Entry;

struct _IvlTileCache
{
  gsize       n_values;
  gsize       max_entries;
  GHashTable *by_key; /* IvlTileKey (in the entry) -> GList in recent */
  GQueue      recent; /* Entry, most recent first */
};

void
ivl_tile_key_compute (const guint8 *pixels,
                      gsize         n_bytes,
                      IvlTileKey   *key)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = sizeof key->bytes;

  g_checksum_update (checksum, pixels, n_bytes);
  g_checksum_get_digest (checksum, key->bytes, &size);
}

static guint
key_hash (gconstpointer key)
{
  guint hash;

  memcpy (&hash, key, sizeof hash);
  return hash;
}

static gboolean
key_equal (gconstpointer a,
           gconstpointer b)
{
  return memcmp (a, b, sizeof (IvlTileKey)) == 0;
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->values);
  g_free (entry);
}

IvlTileCache *
ivl_tile_cache_new (gsize n_values,
                    gsize max_bytes)
{
  IvlTileCache *self = g_new0 (IvlTileCache, 1);

  self->n_values = n_values;
  self->max_entries = MAX (1, max_bytes / (n_values * sizeof (float)));
  self->by_key = g_hash_table_new (key_hash, key_equal);
  g_queue_init (&self->recent);
  return self;
}

void
ivl_tile_cache_free (IvlTileCache *self)
{
  g_hash_table_unref (self->by_key);
  g_queue_clear_full (&self->recent, entry_free);
  g_free (self);
}

gboolean
ivl_tile_cache_lookup (IvlTileCache     *self,
                       const IvlTileKey *key,
                       float            *out)
{
  GList *link = g_hash_table_lookup (self->by_key, key);
  Entry *entry;

  if (link == NULL)
    return FALSE;
  g_queue_unlink (&self->recent, link);
  g_queue_push_head_link (&self->recent, link);
  entry = link->data;
  memcpy (out, entry->values, self->n_values * sizeof (float));
  return TRUE;
}

void
ivl_tile_cache_insert (IvlTileCache     *self,
                       const IvlTileKey *key,
                       const float      *values)
{
  Entry *entry;

  if (g_hash_table_contains (self->by_key, key))
    return;
  if (self->recent.length >= self->max_entries)
    {
      Entry *oldest = g_queue_pop_tail (&self->recent);

      g_hash_table_remove (self->by_key, &oldest->key);
      entry_free (oldest);
    }
  entry = g_new0 (Entry, 1);
  entry->key = *key;
  entry->values = g_try_malloc_n (self->n_values, sizeof (float));
  if (entry->values == NULL)
    {
      entry_free (entry);
      return;
    }
  memcpy (entry->values, values, self->n_values * sizeof (float));
  g_queue_push_head (&self->recent, entry);
  g_hash_table_insert (self->by_key, &entry->key, self->recent.head);
}
