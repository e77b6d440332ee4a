/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The line of requests in front of the model: so many answers at a time, so many requests waiting,
 * fair between those who ask. For all threads. */
typedef struct _IvlQueue IvlQueue;

typedef void (*IvlQueueFunc) (gpointer job);

/* start: the job may run now. evict: a waiting job has to give way to one of somebody who has fewer
 * waiting. Both are called without the queue's lock, in any thread. */
IvlQueue *ivl_queue_new (guint        max_running,
                         guint        max_waiting,
                         IvlQueueFunc start,
                         IvlQueueFunc evict);
void      ivl_queue_free (IvlQueue *self);
/* weight: answers that the job makes at a time. FALSE: the line is full. */
gboolean  ivl_queue_push (IvlQueue   *self,
                          gpointer    job,
                          const char *client,
                          guint       weight);
/* Whether a push by this client would be refused now. */
gboolean  ivl_queue_is_full (IvlQueue   *self,
                             const char *client);
/* Takes a job out of the line; FALSE: it does not wait. */
gboolean  ivl_queue_remove (IvlQueue *self,
                            gpointer  job);
/* The place of a job in the line, 1 for the next one, as it is now; 0: it does not wait. n_waiting:
 * how many do. */
guint     ivl_queue_get_place (IvlQueue *self,
                               gpointer  job,
                               guint    *n_waiting);
/* A job that was started has ended. */
void      ivl_queue_finish (IvlQueue *self,
                            gpointer  job);
void      ivl_queue_get_counts (IvlQueue *self,
                                guint    *n_running,
                                guint    *n_waiting);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlQueue, ivl_queue_free)

G_END_DECLS
