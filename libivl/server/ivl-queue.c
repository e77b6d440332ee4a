/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decides which request is answered next: that of the client with the fewest answers running, and
 * of these the one that came first.
 */
#include "server/ivl-queue.h"

#include <string.h>

typedef struct
{
  gpointer job;
  char    *client;
  guint    weight;
} Entry;

struct _IvlQueue
{
  GMutex       lock;
  GPtrArray   *waiting; /* Entry, in the order of arrival */
  GPtrArray   *running; /* Entry */
  guint        max_running; /* answers */
  guint        max_waiting; /* jobs */
  IvlQueueFunc start;
  IvlQueueFunc evict;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->client);
  g_free (entry);
}

IvlQueue *
ivl_queue_new (guint        max_running,
               guint        max_waiting,
               IvlQueueFunc start,
               IvlQueueFunc evict)
{
  IvlQueue *self = g_new0 (IvlQueue, 1);

  g_mutex_init (&self->lock);
  self->waiting = g_ptr_array_new_with_free_func (entry_free);
  self->running = g_ptr_array_new_with_free_func (entry_free);
  self->max_running = max_running;
  self->max_waiting = max_waiting;
  self->start = start;
  self->evict = evict;
  return self;
}

void
ivl_queue_free (IvlQueue *self)
{
  g_ptr_array_unref (self->waiting);
  g_ptr_array_unref (self->running);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Sum of the weights of a client's entries, or of all with NULL. */
static guint
get_weight (GPtrArray  *entries,
            const char *client)
{
  guint weight = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);

      if (client == NULL || strcmp (entry->client, client) == 0)
        weight += entry->weight;
    }
  return weight;
}

/* Index of the waiting entry whose client has the fewest answers running, the oldest of these;
 * there is one. */
static guint
find_next (GPtrArray *waiting,
           GPtrArray *running)
{
  guint best_load = G_MAXUINT;
  guint best = 0;

  for (guint i = 0; i < waiting->len; i++)
    {
      guint load = get_weight (running, ((Entry *) g_ptr_array_index (waiting, i))->client);

      if (load < best_load)
        {
          best_load = load;
          best = i;
        }
    }
  return best;
}

/* Moves the next entry to the running ones; NULL: none may start. A job that is heavier than what
 * is free is waited for, lest lighter ones pass it for ever. */
static gpointer
take_next (IvlQueue *self)
{
  guint n_running = get_weight (self->running, NULL);
  guint best;
  Entry *entry;

  if (self->waiting->len == 0)
    return NULL;
  best = find_next (self->waiting, self->running);
  entry = g_ptr_array_index (self->waiting, best);
  if (n_running > 0 && n_running + entry->weight > self->max_running)
    return NULL;
  g_ptr_array_add (self->running, g_ptr_array_steal_index (self->waiting, best));
  return entry->job;
}

static void
start_next (IvlQueue *self)
{
  for (;;)
    {
      gpointer job;

      g_mutex_lock (&self->lock);
      job = take_next (self);
      g_mutex_unlock (&self->lock);
      if (job == NULL)
        return;
      self->start (job);
    }
}

static guint
count_waiting (IvlQueue   *self,
               const char *client)
{
  guint n = 0;

  for (guint i = 0; i < self->waiting->len; i++)
    n += strcmp (((Entry *) g_ptr_array_index (self->waiting, i))->client, client) == 0;
  return n;
}

/* Index of the newest entry of the client that has most of them waiting, if that is at least two
 * more than this client has; else -1. */
static int
find_victim (IvlQueue   *self,
             const char *client)
{
  guint most = count_waiting (self, client) + 1;
  int victim = -1;

  for (guint i = 0; i < self->waiting->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->waiting, i);
      guint n = count_waiting (self, entry->client);

      if (n > most || (victim >= 0 && n == most))
        {
          most = n;
          victim = (int) i;
        }
    }
  return victim;
}

gboolean
ivl_queue_is_full (IvlQueue   *self,
                   const char *client)
{
  gboolean is_full;

  g_mutex_lock (&self->lock);
  is_full = self->waiting->len >= self->max_waiting &&
            get_weight (self->running, NULL) >= self->max_running &&
            find_victim (self, client) < 0;
  g_mutex_unlock (&self->lock);
  return is_full;
}

gboolean
ivl_queue_push (IvlQueue   *self,
                gpointer    job,
                const char *client,
                guint       weight)
{
  Entry *entry = g_new0 (Entry, 1);
  gpointer evicted = NULL;

  entry->job = job;
  entry->client = g_strdup (client);
  entry->weight = weight;
  g_mutex_lock (&self->lock);
  if (self->waiting->len >= self->max_waiting &&
      get_weight (self->running, NULL) + weight > self->max_running)
    {
      int victim = find_victim (self, client);

      if (victim < 0)
        {
          g_mutex_unlock (&self->lock);
          entry_free (entry);
          return FALSE;
        }
      evicted = ((Entry *) g_ptr_array_index (self->waiting, victim))->job;
      g_ptr_array_remove_index (self->waiting, (guint) victim);
    }
  g_ptr_array_add (self->waiting, entry);
  g_mutex_unlock (&self->lock);
  if (evicted != NULL)
    self->evict (evicted);
  start_next (self);
  return TRUE;
}

static gboolean
remove_job (GPtrArray *entries,
            gpointer   job)
{
  for (guint i = 0; i < entries->len; i++)
    if (((Entry *) g_ptr_array_index (entries, i))->job == job)
      {
        g_ptr_array_remove_index (entries, i);
        return TRUE;
      }
  return FALSE;
}

gboolean
ivl_queue_remove (IvlQueue *self,
                  gpointer  job)
{
  gboolean waited;

  g_mutex_lock (&self->lock);
  waited = remove_job (self->waiting, job);
  g_mutex_unlock (&self->lock);
  if (waited)
    start_next (self);
  return waited;
}

/* Who is taken before it, if nobody else comes and nothing ends: the client with the fewest answers
 * running always is next, also in this. */
guint
ivl_queue_get_place (IvlQueue *self,
                     gpointer  job,
                     guint    *n_waiting)
{
  g_autoptr (GPtrArray) waiting = g_ptr_array_new ();
  g_autoptr (GPtrArray) running = g_ptr_array_new ();
  guint place = 0;
  gboolean is_found = FALSE;

  g_mutex_lock (&self->lock);
  *n_waiting = self->waiting->len;
  g_ptr_array_extend (waiting, self->waiting, NULL, NULL);
  g_ptr_array_extend (running, self->running, NULL, NULL);
  while (!is_found && waiting->len > 0)
    {
      guint next = find_next (waiting, running);
      Entry *entry = g_ptr_array_index (waiting, next);

      is_found = entry->job == job;
      place++;
      g_ptr_array_add (running, g_ptr_array_remove_index (waiting, next));
    }
  g_mutex_unlock (&self->lock);
  return is_found ? place : 0;
}

void
ivl_queue_finish (IvlQueue *self,
                  gpointer  job)
{
  g_mutex_lock (&self->lock);
  remove_job (self->running, job);
  g_mutex_unlock (&self->lock);
  start_next (self);
}

void
ivl_queue_get_counts (IvlQueue *self,
                      guint    *n_running,
                      guint    *n_waiting)
{
  g_mutex_lock (&self->lock);
  *n_running = self->running->len;
  *n_waiting = self->waiting->len;
  g_mutex_unlock (&self->lock);
}
