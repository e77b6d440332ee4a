/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A fork-join pool of threads for loops. A worker enters a loop under the lock and the caller
 * closes the loop under it, so a worker that wakes up late finds nothing to do and nobody waits for
 * it. */
#include "threads/ivl-pool.h"

/* How often a waiting thread looks before it sleeps. A pause takes 40 to 140 cycles, which makes 20
 * to 100 us: longer than the gap between two operations of a decode step, far shorter than a time
 * slice. */
#define N_SPINS 2000

typedef struct
{
  IvlPool *pool; /* (unowned) */
  guint thread;
} Worker;

struct _IvlPool
{
  GMutex mutex;
  GCond wake; /* a loop was opened, or the pool ends */
  GCond done; /* the last worker left a closed loop */
  GPtrArray *threads; /* (owned) GThread */
  Worker *workers; /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable) */

  /* guarded by mutex; generation and n_active are also read without it while spinning */
  gint generation;
  gint n_active;
  guint n_asleep;
  gboolean is_open;
  gboolean is_ending;

  /* the loop, constant while workers are in it */
  IvlPoolFunc func;
  gpointer data;
  gsize n_items;
  gsize grain;
  gsize next; /* atomic: first item not taken */
};

static inline void
pause_briefly (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static void
work (IvlPool *pool,
      guint    thread)
{
  while (!g_cancellable_is_cancelled (pool->cancellable))
    {
      gsize begin = __atomic_fetch_add (&pool->next, pool->grain, __ATOMIC_RELAXED);

      if (begin >= pool->n_items)
        return;
      pool->func (begin, MIN (begin + pool->grain, pool->n_items), thread, pool->data);
    }
}

static gpointer
worker_main (gpointer data)
{
  Worker *worker = data;
  IvlPool *pool = worker->pool;
  gint seen = 0;

  for (;;)
    {
      for (guint i = 0; i < N_SPINS && g_atomic_int_get (&pool->generation) == seen; i++)
        pause_briefly ();

      g_mutex_lock (&pool->mutex);
      while (pool->generation == seen)
        {
          pool->n_asleep++;
          g_cond_wait (&pool->wake, &pool->mutex);
          pool->n_asleep--;
        }
      seen = pool->generation;
      if (pool->is_ending)
        {
          g_mutex_unlock (&pool->mutex);
          return NULL;
        }
      if (!pool->is_open)
        {
          g_mutex_unlock (&pool->mutex);
          continue;
        }
      g_atomic_int_inc (&pool->n_active);
      g_mutex_unlock (&pool->mutex);

      work (pool, worker->thread);

      g_mutex_lock (&pool->mutex);
      if (g_atomic_int_dec_and_test (&pool->n_active))
        g_cond_signal (&pool->done);
      g_mutex_unlock (&pool->mutex);
    }
}

IvlPool *
ivl_pool_new (guint n_threads)
{
  IvlPool *pool = g_new0 (IvlPool, 1);

  if (n_threads == 0)
    n_threads = g_get_num_processors ();
  g_mutex_init (&pool->mutex);
  g_cond_init (&pool->wake);
  g_cond_init (&pool->done);
  pool->threads = g_ptr_array_new ();
  pool->workers = g_new0 (Worker, n_threads);
  for (guint i = 1; i < n_threads; i++)
    {
      GThread *thread;

      pool->workers[i] = (Worker) { pool, i };
      thread = g_thread_try_new ("ivl-pool", worker_main, &pool->workers[i], NULL);
      if (thread == NULL)
        break;
      g_ptr_array_add (pool->threads, thread);
    }
  return pool;
}

void
ivl_pool_free (IvlPool *pool)
{
  g_mutex_lock (&pool->mutex);
  pool->is_ending = TRUE;
  g_atomic_int_inc (&pool->generation);
  g_cond_broadcast (&pool->wake);
  g_mutex_unlock (&pool->mutex);
  for (guint i = 0; i < pool->threads->len; i++)
    g_thread_join (pool->threads->pdata[i]);

  g_ptr_array_unref (pool->threads);
  g_free (pool->workers);
  g_clear_object (&pool->cancellable);
  g_mutex_clear (&pool->mutex);
  g_cond_clear (&pool->wake);
  g_cond_clear (&pool->done);
  g_free (pool);
}

guint
ivl_pool_get_n_threads (IvlPool *pool)
{
  return pool->threads->len + 1;
}

void
ivl_pool_set_cancellable (IvlPool      *pool,
                          GCancellable *cancellable)
{
  g_set_object (&pool->cancellable, cancellable);
}

gboolean
ivl_pool_run (IvlPool    *pool,
              gsize       n_items,
              gsize       grain,
              IvlPoolFunc func,
              gpointer    data)
{
  gboolean wake;

  g_return_val_if_fail (grain > 0, FALSE);

  pool->func = func;
  pool->data = data;
  pool->n_items = n_items;
  pool->grain = grain;
  pool->next = 0;
  if (n_items <= grain || pool->threads->len == 0)
    {
      work (pool, 0);
      return pool->next >= n_items;
    }

  g_mutex_lock (&pool->mutex);
  pool->is_open = TRUE;
  g_atomic_int_inc (&pool->generation);
  wake = pool->n_asleep > 0;
  g_mutex_unlock (&pool->mutex);
  if (wake)
    g_cond_broadcast (&pool->wake);

  work (pool, 0);

  g_mutex_lock (&pool->mutex);
  pool->is_open = FALSE;
  g_mutex_unlock (&pool->mutex);
  for (guint i = 0; i < N_SPINS && g_atomic_int_get (&pool->n_active) > 0; i++)
    pause_briefly ();
  g_mutex_lock (&pool->mutex);
  while (pool->n_active > 0)
    g_cond_wait (&pool->done, &pool->mutex);
  g_mutex_unlock (&pool->mutex);
  return pool->next >= n_items;
}
