/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * States of conversations by their tokens. Entries are few and mostly differ early, so they are
 * searched one after the other.
 */
#include "models/ivl-prefix-store.h"

#include <string.h>

/* A state that is being computed is waited for when it brings this many tokens more. */
#define WORTH_WAITING 32

/* They are searched one after the other, so there are never many. */
#define MAX_ENTRIES 128

/* How soon a thread that waits notices that it was cancelled, in microseconds. */
#define CANCEL_INTERVAL 50000

struct _IvlPrefix
{
  gatomicrefcount n_refs;
  IvlPrefixKey    key;       /* its arrays are owned */
  float          *rows;      /* (owned): as ivl_kv_cache_read() writes them */
  float          *logits;    /* (owned) (nullable) */
  gsize           n_logits;
  gsize           logits_at; /* tokens that they are behind */
  guint64         n_bytes;
};

struct _IvlPrefixStore
{
  guint32   image_token;
  gsize     per_tile;
  GMutex    mutex;   /* covers all that follows */
  GCond     ended;   /* something in begun has ended */
  GQueue    recent;  /* IvlPrefix (owned), most recent first */
  GQueue    begun;   /* IvlPrefixKey (unowned) */
  guint64   limit;
  guint64   n_bytes; /* of all in recent */
};

IvlPrefixStore *
ivl_prefix_store_new (guint32 image_token,
                      gsize   per_tile)
{
  IvlPrefixStore *self = g_new0 (IvlPrefixStore, 1);

  self->image_token = image_token;
  self->per_tile = per_tile;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->ended);
  g_queue_init (&self->recent);
  g_queue_init (&self->begun);
  return self;
}

void
ivl_prefix_unref (IvlPrefix *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  g_free ((guint32 *) self->key.ids);
  g_free ((IvlTileKey *) self->key.tiles);
  g_free (self->rows);
  g_free (self->logits);
  g_free (self);
}

void
ivl_prefix_store_free (IvlPrefixStore *self)
{
  g_queue_clear_full (&self->recent, (GDestroyNotify) ivl_prefix_unref);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->ended);
  g_free (self);
}

/* With the mutex held. */
static void
remove_link (IvlPrefixStore *self,
             GList          *link)
{
  IvlPrefix *prefix = link->data;

  self->n_bytes -= prefix->n_bytes;
  g_queue_delete_link (&self->recent, link);
  ivl_prefix_unref (prefix);
}

static void
touch (IvlPrefixStore *self,
       GList          *link)
{
  g_queue_unlink (&self->recent, link);
  g_queue_push_head_link (&self->recent, link);
}

static void
evict (IvlPrefixStore *self)
{
  while (self->n_bytes > self->limit || self->recent.length > MAX_ENTRIES)
    remove_link (self, self->recent.tail);
}

void
ivl_prefix_store_set_limit (IvlPrefixStore *self,
                            guint64         n_bytes)
{
  g_mutex_lock (&self->mutex);
  self->limit = n_bytes;
  evict (self);
  g_mutex_unlock (&self->mutex);
}

guint64
ivl_prefix_store_get_limit (IvlPrefixStore *self)
{
  guint64 limit;

  g_mutex_lock (&self->mutex);
  limit = self->limit;
  g_mutex_unlock (&self->mutex);
  return limit;
}

guint64
ivl_prefix_store_get_n_bytes (IvlPrefixStore *self)
{
  guint64 n_bytes;

  g_mutex_lock (&self->mutex);
  n_bytes = self->n_bytes;
  g_mutex_unlock (&self->mutex);
  return n_bytes;
}

gsize
ivl_prefix_store_compare (IvlPrefixStore     *self,
                          const IvlPrefixKey *a,
                          const IvlPrefixKey *b)
{
  gsize n = MIN (a->n_ids, b->n_ids), n_picture = 0;
  gsize i;

  for (i = 0; i < n && a->ids[i] == b->ids[i]; i++)
    {
      gsize tile;

      if (self->per_tile == 0 || a->ids[i] != self->image_token)
        continue;
      tile = n_picture++ / self->per_tile;
      if (tile >= MIN (a->n_tiles, b->n_tiles) ||
          memcmp (&a->tiles[tile], &b->tiles[tile], sizeof (IvlTileKey)) != 0)
        break;
    }
  return i;
}

/* The entry with most in common, with the mutex held. Among equals one whose logits can serve. */
static GList *
find_link (IvlPrefixStore     *self,
           const IvlPrefixKey *key,
           gsize              *n_common)
{
  GList *best = NULL;

  *n_common = 0;
  for (GList *link = self->recent.head; link != NULL; link = link->next)
    {
      IvlPrefix *prefix = link->data;
      gsize n = ivl_prefix_store_compare (self, key, &prefix->key);

      if (n > *n_common || (best != NULL && n == *n_common && n == key->n_ids &&
                            ivl_prefix_get_logits (prefix, n) != NULL))
        {
          best = link;
          *n_common = n;
        }
    }
  return best;
}

/* Whether another thread is computing what brings the key from n tokens much further, and not much
 * else, with the mutex held. */
static gboolean
is_coming (IvlPrefixStore     *self,
           const IvlPrefixKey *key,
           gsize               n)
{
  for (GList *link = self->begun.head; link != NULL; link = link->next)
    {
      const IvlPrefixKey *begun = link->data;
      gsize n_common = ivl_prefix_store_compare (self, key, begun);

      if (n_common >= n + WORTH_WAITING && 4 * (n_common - n) >= 3 * (begun->n_ids - n))
        return TRUE;
    }
  return FALSE;
}

IvlPrefix *
ivl_prefix_store_begin (IvlPrefixStore     *self,
                        const IvlPrefixKey *key,
                        gsize               n_own,
                        gsize              *n_common,
                        GCancellable       *cancellable)
{
  IvlPrefix *found = NULL;
  GList *link;

  g_mutex_lock (&self->mutex);
  link = find_link (self, key, n_common);
  while (self->limit > 0 && !g_cancellable_is_cancelled (cancellable) &&
         is_coming (self, key, MAX (*n_common, n_own)))
    {
      g_cond_wait_until (&self->ended, &self->mutex, g_get_monotonic_time () + CANCEL_INTERVAL);
      link = find_link (self, key, n_common);
    }
  g_queue_push_tail (&self->begun, (gpointer) key);
  if (link != NULL && *n_common > n_own)
    {
      touch (self, link);
      found = link->data;
      g_atomic_ref_count_inc (&found->n_refs);
    }
  g_mutex_unlock (&self->mutex);
  return found;
}

void
ivl_prefix_store_end (IvlPrefixStore     *self,
                      const IvlPrefixKey *key)
{
  g_mutex_lock (&self->mutex);
  g_queue_remove (&self->begun, key);
  g_cond_broadcast (&self->ended);
  g_mutex_unlock (&self->mutex);
}

/* Picture tokens among the key's, in tiles begun. */
static gsize
count_tiles (IvlPrefixStore     *self,
             const IvlPrefixKey *key)
{
  gsize n = 0;

  if (self->per_tile == 0)
    return 0;
  for (gsize i = 0; i < key->n_ids; i++)
    n += key->ids[i] == self->image_token;
  return MIN (key->n_tiles, (n + self->per_tile - 1) / self->per_tile);
}

static guint64
count_bytes (const IvlPrefixKey *key,
             IvlKvCache         *cache,
             gsize               n_logits)
{
  return sizeof (IvlPrefix) + key->n_ids * (guint64) sizeof (guint32) +
         key->n_tiles * (guint64) sizeof (IvlTileKey) +
         key->n_ids * (guint64) ivl_kv_cache_get_token_bytes (cache) +
         n_logits * (guint64) sizeof (float);
}

/* TRUE if a state of at most this size should be copied, and moves up what holds it already. */
static gboolean
is_wanted (IvlPrefixStore     *self,
           const IvlPrefixKey *key,
           guint64             n_bytes,
           gboolean            with_logits)
{
  gboolean wanted;
  gsize n_common;
  GList *link;

  g_mutex_lock (&self->mutex);
  wanted = self->limit > 0 && n_bytes <= self->limit;
  link = wanted ? find_link (self, key, &n_common) : NULL;
  if (link != NULL && n_common == key->n_ids)
    {
      IvlPrefix *prefix = link->data;

      touch (self, link);
      wanted =
          with_logits && prefix->key.n_ids == n_common && prefix->logits_at != prefix->key.n_ids;
    }
  g_mutex_unlock (&self->mutex);
  return wanted;
}

/* NULL without memory. */
static IvlPrefix *
copy_state (const IvlPrefixKey *key,
            IvlKvCache         *cache,
            const float        *logits,
            gsize               n_logits,
            guint64             n_bytes)
{
  IvlPrefix *prefix = g_new0 (IvlPrefix, 1);

  g_atomic_ref_count_init (&prefix->n_refs);
  prefix->key = (IvlPrefixKey) {
    .ids = g_memdup2 (key->ids, key->n_ids * sizeof (guint32)),
    .n_ids = key->n_ids,
    .tiles = g_memdup2 (key->tiles, key->n_tiles * sizeof (IvlTileKey)),
    .n_tiles = key->n_tiles,
  };
  prefix->n_bytes = n_bytes;
  prefix->rows = g_try_malloc_n (key->n_ids, ivl_kv_cache_get_token_bytes (cache));
  if (logits != NULL)
    {
      prefix->logits = g_try_malloc_n (n_logits, sizeof (float));
      prefix->n_logits = n_logits;
      prefix->logits_at = key->n_ids;
    }
  if (prefix->rows == NULL || (logits != NULL && prefix->logits == NULL))
    {
      ivl_prefix_unref (prefix);
      return NULL;
    }
  ivl_kv_cache_read (cache, key->n_ids, prefix->rows);
  if (logits != NULL)
    memcpy (prefix->logits, logits, n_logits * sizeof (float));
  return prefix;
}

/* Hands logits on to a longer state that has none. Others may be reading the older one. */
static void
inherit_logits (IvlPrefix *prefix,
                IvlPrefix *older)
{
  gsize size = older->n_logits * sizeof (float);

  if (older->logits == NULL || prefix->logits_at >= older->logits_at)
    return;
  if (prefix->logits == NULL)
    {
      prefix->logits = g_try_malloc (size);
      if (prefix->logits == NULL)
        return;
      prefix->n_logits = older->n_logits;
      prefix->n_bytes += size;
    }
  memcpy (prefix->logits, older->logits, size);
  prefix->logits_at = older->logits_at;
}

/* Takes over a state; what is a beginning of it goes. */
static void
insert (IvlPrefixStore *self,
        IvlPrefix      *prefix)
{
  GList *next;

  g_mutex_lock (&self->mutex);
  for (GList *link = self->recent.head; link != NULL; link = next)
    {
      IvlPrefix *other = link->data;

      next = link->next;
      if (ivl_prefix_store_compare (self, &prefix->key, &other->key) < other->key.n_ids)
        continue;
      inherit_logits (prefix, other);
      remove_link (self, link);
    }
  g_queue_push_head (&self->recent, prefix);
  self->n_bytes += prefix->n_bytes;
  evict (self);
  g_mutex_unlock (&self->mutex);
}

void
ivl_prefix_store_keep (IvlPrefixStore     *self,
                       const IvlPrefixKey *key,
                       IvlKvCache         *cache,
                       const float        *logits,
                       gsize               n_logits)
{
  IvlPrefixKey own = *key;
  IvlPrefix *prefix;
  guint64 n_bytes;

  if (key->n_ids == 0 || ivl_prefix_store_get_limit (self) == 0)
    return;
  own.n_tiles = count_tiles (self, key);
  n_bytes = count_bytes (&own, cache, logits != NULL ? n_logits : 0);
  if (!is_wanted (self, &own, n_bytes, logits != NULL))
    return;
  prefix = copy_state (&own, cache, logits, n_logits, n_bytes);
  if (prefix != NULL)
    insert (self, prefix);
}

void
ivl_prefix_copy (IvlPrefix  *self,
                 IvlKvCache *cache,
                 gsize       first,
                 gsize       n)
{
  ivl_kv_cache_write (cache, first, n, self->rows, self->key.n_ids);
}

const float *
ivl_prefix_get_logits (IvlPrefix *self,
                       gsize      n)
{
  return n > 0 && self->logits_at == n ? self->logits : NULL;
}
