/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IVL_MERGE_NONE G_MAXUINT32

/* One symbol of a word while its neighbours are merged. */
typedef struct
{
  guint32 start;   /* within the word, bytes */
  guint32 n_bytes; /* 0: merged into the one before */
  guint32 id;      /* IVL_MERGE_NONE if no token has this text */
  guint32 next;    /* index; IVL_MERGE_NONE at the end */
  guint32 prev;
  guint32 rank;   /* of merging it with the next one; IVL_MERGE_NONE: they do not merge */
  guint32 merged; /* the id that gives */
} IvlMergeSymbol;

/* The rank of merging two neighbours, smallest first, and the id of the result; or
 * IVL_MERGE_NONE. */
typedef guint32 (*IvlMergeRankFunc) (gconstpointer         model,
                                     const IvlMergeSymbol *left,
                                     const IvlMergeSymbol *right,
                                     guint32              *merged);

/* The symbols of one word, and room to work on them. */
typedef struct
{
  IvlMergeSymbol *symbols;
  gsize           n_symbols;
  gsize           n_allocated;
  guint64        *queue; /* rank << 32 | index, a heap with the smallest on top */
  gsize           n_queued;
  gsize           n_queue_allocated;
} IvlMergeList;

void ivl_merge_list_clear (IvlMergeList *self);
/* Forgets the last word. */
void ivl_merge_list_reset (IvlMergeList *self);
void ivl_merge_list_append (IvlMergeList *self,
                            guint32       start,
                            guint32       n_bytes,
                            guint32       id);
/* Merges the pair of smallest rank, the leftmost one on ties, until none is left: O(n log n). What
 * remains hangs together by next, from symbol 0 on. */
void ivl_merge_list_run (IvlMergeList     *self,
                         IvlMergeRankFunc  rank,
                         gconstpointer     model);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlMergeList, ivl_merge_list_clear)

G_END_DECLS
