/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "models/ivl-prompt.h"

G_BEGIN_DECLS

/* The state of one conversation: which tokens its KV cache holds, and the logits behind the last
 * one. Used by one caller at a time; several timelines of a network, each on a thread of its own,
 * take turns tile by tile and pass by pass, and append their tokens together. */
typedef struct _IvlTimeline IvlTimeline;

typedef enum
{
  IVL_TIMELINE_TILES,   /* tiles encoded */
  IVL_TIMELINE_PREFILL, /* prompt tokens read */
} IvlTimelinePhase;

typedef struct
{
  void           (*progress) (IvlTimelinePhase phase,
                              gsize            done,
                              gsize            total,
                              gpointer         data);
  gpointer         data;
  const IvlTrace  *trace;
} IvlTimelineWatcher;

typedef struct
{
  gsize  n_cached;        /* prompt tokens that were in the cache or the store */
  guint  n_tiles_encoded; /* tiles that the vision model had to run for */
  double tile_seconds;
  double prefill_seconds;
} IvlTimelineCost;

IvlTimeline *ivl_timeline_new (IvlNetwork *network);
void         ivl_timeline_free (IvlTimeline *self);
/* Brings the cache to exactly the prompt's tokens, keeping the longest common prefix, or what the
 * network's store has where that is longer, and computes the logits of its last token. After a
 * failure or cancellation the timeline holds some prefix and can be used again. */
gboolean     ivl_timeline_prefill (IvlTimeline              *self,
                                   IvlPrompt                *prompt,
                                   const IvlTimelineWatcher *watcher,
                                   IvlTimelineCost          *cost,
                                   GCancellable             *cancellable,
                                   GError                  **error);
/* Appends one token and computes the logits behind it, in one pass with other timelines that do the
 * same now. */
gboolean     ivl_timeline_append (IvlTimeline   *self,
                                  guint32        id,
                                  GCancellable  *cancellable,
                                  GError       **error);
/* The answer has ended: others need not wait for this timeline's next token. */
void         ivl_timeline_rest (IvlTimeline *self);
/* f32 [vocab], the caller's to change until the next call. */
float       *ivl_timeline_get_logits (IvlTimeline *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTimeline, ivl_timeline_free)

G_END_DECLS
