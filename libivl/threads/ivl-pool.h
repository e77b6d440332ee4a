/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A fork-join pool of threads for loops. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Used by one caller at a time, who works along. Idle workers spin for some microseconds and then
 * sleep, and a loop waits only for workers that took up a part of it, so a busy machine costs no
 * more than the lost core. */
typedef struct _IvlPool IvlPool;

/* Does items begin .. end - 1. thread: 0 for the caller, else 1 .. n_threads - 1, never the same
 * one twice at a time. */
typedef void (*IvlPoolFunc) (gsize    begin,
                             gsize    end,
                             guint    thread,
                             gpointer data);

/* n_threads, the caller counted; 0: as many as processors may be used. Fewer when the system
 * refuses threads. */
IvlPool *ivl_pool_new (guint n_threads);
void     ivl_pool_free (IvlPool *pool);
guint    ivl_pool_get_n_threads (IvlPool *pool);

/* From now on loops stop between two ranges once cancellable is cancelled. NULL: never. */
void ivl_pool_set_cancellable (IvlPool      *pool,
                               GCancellable *cancellable);

/* Calls func for 0 .. n_items - 1, cut into ranges of at most grain items that threads take one
 * after another, so that a slow core holds up nothing. FALSE when cancelled before the last range
 * was begun. */
gboolean ivl_pool_run (IvlPool    *pool,
                       gsize       n_items,
                       gsize       grain,
                       IvlPoolFunc func,
                       gpointer    data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlPool, ivl_pool_free)

G_END_DECLS
