/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds added tokens and atomic pieces in text, in one pass from each position.
 */
#include "tokenizer/ivl-prefix-trie.h"

#include "tokenizer/ivl-hash.h"

/* Published models have a few thousand places; an edge's key has room for 2^24. */
#define MAX_PLACES (1u << 22)

struct _IvlPrefixTrie
{
  guint32  first[256]; /* the places after one byte: most positions of a text end here */
  gint32  *ids;        /* by place */
  guint    n_places;
  guint    n_allocated;
  guint64 *edges;      /* (place << 8 | byte) << 32 | place after it; 0: free */
  guint    n_slots;
  guint    n_edges;
  guint64  seed;
};

IvlPrefixTrie *
ivl_prefix_trie_new (void)
{
  IvlPrefixTrie *self = g_new0 (IvlPrefixTrie, 1);

  self->n_allocated = 256;
  self->ids = g_new (gint32, self->n_allocated);
  self->ids[self->n_places++] = -1;
  self->n_slots = 256;
  self->seed = (guint64) g_random_int () << 32 | g_random_int ();
  self->edges = g_new0 (guint64, self->n_slots);
  for (guint i = 0; i < 256; i++)
    self->first[i] = IVL_PREFIX_TRIE_NONE;
  return self;
}

void
ivl_prefix_trie_free (IvlPrefixTrie *self)
{
  if (self == NULL)
    return;
  g_free (self->ids);
  g_free (self->edges);
  g_free (self);
}

static guint64 *
find_edge (const IvlPrefixTrie *self,
           guint32              key)
{
  guint i = ivl_hash_u64 (self->seed, key) & (self->n_slots - 1);

  while (self->edges[i] != 0 && self->edges[i] >> 32 != key)
    i = (i + 1) & (self->n_slots - 1);
  return &self->edges[i];
}

static gboolean
grow_edges (IvlPrefixTrie *self)
{
  guint64 *fresh = g_try_new0 (guint64, 2 * (gsize) self->n_slots);
  g_autofree guint64 *old = NULL;
  guint n_old = self->n_slots;

  if (fresh == NULL)
    return FALSE;
  old = g_steal_pointer (&self->edges);
  self->edges = fresh;
  self->n_slots *= 2;
  for (guint i = 0; i < n_old; i++)
    if (old[i] != 0)
      *find_edge (self, old[i] >> 32) = old[i];
  return TRUE;
}

/* Room for n places more, and the edges to them. */
static gboolean
reserve (IvlPrefixTrie *self,
         gsize          n)
{
  if (self->n_places + n > self->n_allocated)
    {
      const gsize n_wanted = MAX (2 * (gsize) self->n_allocated, self->n_places + n);
      gint32 *ids = g_try_renew (gint32, self->ids, n_wanted);

      if (ids == NULL)
        return FALSE;
      self->ids = ids;
      self->n_allocated = (guint) n_wanted;
    }
  while (self->n_edges + n > self->n_slots / 2)
    if (!grow_edges (self))
      return FALSE;
  return TRUE;
}

static guint32
add_place (IvlPrefixTrie *self)
{
  self->ids[self->n_places] = -1;
  return self->n_places++;
}

static guint32
step_or_add (IvlPrefixTrie *self,
             guint32        place,
             guint8         byte)
{
  guint32 key = place << 8 | byte;
  guint32 next = ivl_prefix_trie_step (self, place, byte);

  if (next != IVL_PREFIX_TRIE_NONE)
    return next;
  next = add_place (self);
  if (place == IVL_PREFIX_TRIE_ROOT)
    {
      self->first[byte] = next;
      return next;
    }
  self->n_edges++;
  *find_edge (self, key) = (guint64) key << 32 | next;
  return next;
}

gboolean
ivl_prefix_trie_add (IvlPrefixTrie *self,
                     const guint8  *bytes,
                     gsize          n_bytes,
                     guint32        id,
                     IvlError      *code)
{
  guint32 place = IVL_PREFIX_TRIE_ROOT;

  *code = IVL_ERROR_INVALID_DATA;
  if (n_bytes > IVL_PREFIX_TRIE_MAX_BYTES || self->n_places + n_bytes > MAX_PLACES)
    return FALSE;
  *code = IVL_ERROR_NO_MEMORY;
  if (!reserve (self, n_bytes))
    return FALSE;
  for (gsize i = 0; i < n_bytes; i++)
    place = step_or_add (self, place, bytes[i]);
  self->ids[place] = id;
  return TRUE;
}

guint32
ivl_prefix_trie_step (const IvlPrefixTrie *self,
                      guint32              place,
                      guint8               byte)
{
  guint64 edge;

  if (place == IVL_PREFIX_TRIE_ROOT)
    return self->first[byte];
  edge = *find_edge (self, place << 8 | byte);
  return edge == 0 ? IVL_PREFIX_TRIE_NONE : (guint32) edge;
}

gint32
ivl_prefix_trie_get_id (const IvlPrefixTrie *self,
                        guint32              place)
{
  return self->ids[place];
}
