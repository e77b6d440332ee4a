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
  GArray  *ids;        /* gint32 by place */
  guint64 *edges;      /* (place << 8 | byte) << 32 | place after it; 0: free */
  guint    n_slots;
  guint    n_edges;
  guint64  seed;
};

IvlPrefixTrie *
ivl_prefix_trie_new (void)
{
  IvlPrefixTrie *self = g_new0 (IvlPrefixTrie, 1);
  gint32 none = -1;

  self->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_array_append_val (self->ids, none);
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
  g_array_unref (self->ids);
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

static void
grow (IvlPrefixTrie *self)
{
  g_autofree guint64 *old = self->edges;
  guint n_old = self->n_slots;

  self->n_slots *= 2;
  self->edges = g_new0 (guint64, self->n_slots);
  for (guint i = 0; i < n_old; i++)
    if (old[i] != 0)
      *find_edge (self, old[i] >> 32) = old[i];
}

static guint32
add_place (IvlPrefixTrie *self)
{
  gint32 none = -1;

  g_array_append_val (self->ids, none);
  return self->ids->len - 1;
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
  if (++self->n_edges > self->n_slots / 2)
    grow (self);
  *find_edge (self, key) = (guint64) key << 32 | next;
  return next;
}

gboolean
ivl_prefix_trie_add (IvlPrefixTrie *self,
                     const guint8  *bytes,
                     gsize          n_bytes,
                     guint32        id)
{
  guint32 place = IVL_PREFIX_TRIE_ROOT;

  if (n_bytes > IVL_PREFIX_TRIE_MAX_BYTES || self->ids->len + n_bytes > MAX_PLACES)
    return FALSE;
  for (gsize i = 0; i < n_bytes; i++)
    place = step_or_add (self, place, bytes[i]);
  g_array_index (self->ids, gint32, place) = id;
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
  return g_array_index (self->ids, gint32, place);
}
