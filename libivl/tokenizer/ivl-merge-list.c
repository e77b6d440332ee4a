/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The merging of byte pair encoding, for both kinds of tokenizer: they differ in what a pair's rank
 * is.
 */
#include "tokenizer/ivl-merge-list.h"

/* Up to this many symbols, looking at all of them for the next merge is faster than a queue. */
#define SHORT_WORD 40

void
ivl_merge_list_clear (IvlMergeList *self)
{
  g_clear_pointer (&self->symbols, g_free);
  g_clear_pointer (&self->queue, g_free);
}

void
ivl_merge_list_reset (IvlMergeList *self)
{
  self->n_symbols = 0;
  self->n_queued = 0;
}

void
ivl_merge_list_append (IvlMergeList *self,
                       guint32       start,
                       guint32       n_bytes,
                       guint32       id)
{
  IvlMergeSymbol *symbol;

  if (self->n_symbols == self->n_allocated)
    {
      self->n_allocated = MAX (64, self->n_allocated * 2);
      self->symbols = g_renew (IvlMergeSymbol, self->symbols, self->n_allocated);
    }
  symbol = &self->symbols[self->n_symbols];
  symbol->start = start;
  symbol->n_bytes = n_bytes;
  symbol->id = id;
  symbol->next = IVL_MERGE_NONE;
  symbol->prev = self->n_symbols > 0 ? self->n_symbols - 1 : IVL_MERGE_NONE;
  if (self->n_symbols > 0)
    self->symbols[self->n_symbols - 1].next = self->n_symbols;
  self->n_symbols++;
}

static void
push (IvlMergeList *self,
      guint64       entry)
{
  gsize i = self->n_queued++;

  if (i == self->n_queue_allocated)
    {
      self->n_queue_allocated = MAX (256, self->n_queue_allocated * 2);
      self->queue = g_renew (guint64, self->queue, self->n_queue_allocated);
    }
  while (i > 0 && self->queue[(i - 1) / 2] > entry)
    {
      self->queue[i] = self->queue[(i - 1) / 2];
      i = (i - 1) / 2;
    }
  self->queue[i] = entry;
}

static guint64
pop (IvlMergeList *self)
{
  guint64 top = self->queue[0];
  guint64 last = self->queue[--self->n_queued];
  gsize i = 0;

  while (i * 2 + 1 < self->n_queued)
    {
      gsize child = i * 2 + 1;

      if (child + 1 < self->n_queued && self->queue[child + 1] < self->queue[child])
        child++;
      if (self->queue[child] >= last)
        break;
      self->queue[i] = self->queue[child];
      i = child;
    }
  self->queue[i] = last;
  return top;
}

static void
set_rank (IvlMergeList     *self,
          guint32           i,
          IvlMergeRankFunc  rank,
          gconstpointer     model)
{
  IvlMergeSymbol *symbol = &self->symbols[i];

  symbol->rank = IVL_MERGE_NONE;
  if (symbol->next != IVL_MERGE_NONE)
    symbol->rank = rank (model, symbol, &self->symbols[symbol->next], &symbol->merged);
}

/* Merges symbol i with the next one and ranks the two pairs that change. */
static void
merge (IvlMergeList     *self,
       guint32           i,
       IvlMergeRankFunc  rank,
       gconstpointer     model)
{
  IvlMergeSymbol *symbol = &self->symbols[i];
  IvlMergeSymbol *gone = &self->symbols[symbol->next];

  symbol->n_bytes += gone->n_bytes;
  symbol->id = symbol->merged;
  symbol->next = gone->next;
  gone->n_bytes = 0;
  gone->rank = IVL_MERGE_NONE;
  if (symbol->next != IVL_MERGE_NONE)
    self->symbols[symbol->next].prev = i;
  set_rank (self, i, rank, model);
  if (symbol->prev != IVL_MERGE_NONE)
    set_rank (self, symbol->prev, rank, model);
}

static void
run_short (IvlMergeList     *self,
           IvlMergeRankFunc  rank,
           gconstpointer     model)
{
  for (;;)
    {
      guint32 best = IVL_MERGE_NONE;
      guint32 best_rank = IVL_MERGE_NONE;

      for (guint32 i = 0; i != IVL_MERGE_NONE; i = self->symbols[i].next)
        if (self->symbols[i].rank < best_rank)
          {
            best = i;
            best_rank = self->symbols[i].rank;
          }
      if (best == IVL_MERGE_NONE)
        return;
      merge (self, best, rank, model);
    }
}

static void
push_symbol (IvlMergeList *self,
             guint32       i)
{
  if (i != IVL_MERGE_NONE && self->symbols[i].rank != IVL_MERGE_NONE)
    push (self, (guint64) self->symbols[i].rank << 32 | i);
}

static void
run_long (IvlMergeList     *self,
          IvlMergeRankFunc  rank,
          gconstpointer     model)
{
  for (guint32 i = 0; i < self->n_symbols; i++)
    push_symbol (self, i);
  while (self->n_queued > 0)
    {
      guint64 top = pop (self);
      guint32 i = (guint32) top;

      /* An entry may be older than the last change of its pair. */
      if (self->symbols[i].rank != top >> 32)
        continue;
      merge (self, i, rank, model);
      push_symbol (self, i);
      push_symbol (self, self->symbols[i].prev);
    }
}

void
ivl_merge_list_run (IvlMergeList     *self,
                    IvlMergeRankFunc  rank,
                    gconstpointer     model)
{
  if (self->n_symbols == 0)
    return;
  for (gsize i = 0; i < self->n_symbols; i++)
    set_rank (self, i, rank, model);
  if (self->n_symbols <= SHORT_WORD)
    run_short (self, rank, model);
  else
    run_long (self, rank, model);
}
