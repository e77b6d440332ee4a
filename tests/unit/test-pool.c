/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The pool: every item once, thread numbers, cancelling, and no waiting for workers that sleep. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "threads/ivl-pool.h"

typedef struct
{
  IvlPool *pool;
  GCancellable *cancellable;
  gint *counts;
  gint *busy;
  gsize grain;
  gint n_ranges;
} Loop;

static void
count_items (gsize    begin,
             gsize    end,
             guint    thread,
             gpointer data)
{
  Loop *loop = data;

  g_assert_cmpuint (begin, <, end);
  g_assert_cmpuint (end - begin, <=, loop->grain);
  g_assert_cmpuint (thread, <, ivl_pool_get_n_threads (loop->pool));
  g_assert_true (g_atomic_int_compare_and_exchange (&loop->busy[thread], 0, 1));
  for (gsize i = begin; i < end; i++)
    g_atomic_int_inc (&loop->counts[i]);
  g_atomic_int_set (&loop->busy[thread], 0);
}

static void
check_loop (IvlPool *pool,
            gsize    n,
            gsize    grain)
{
  g_autofree gint *counts = g_new0 (gint, n + 1),
                  *busy = g_new0 (gint, ivl_pool_get_n_threads (pool));
  Loop loop = { pool, NULL, counts, busy, grain };

  g_assert_true (ivl_pool_run (pool, n, grain, count_items, &loop));
  for (gsize i = 0; i < n; i++)
    g_assert_cmpint (counts[i], ==, 1);
  g_assert_cmpint (counts[n], ==, 0);
}

static void
test_every_item_once (void)
{
  for (guint n_threads = 1; n_threads <= 8; n_threads++)
    {
      g_autoptr (IvlPool) pool = ivl_pool_new (n_threads);

      g_assert_cmpuint (ivl_pool_get_n_threads (pool), ==, n_threads);
      for (gsize n = 0; n < 40; n++)
        for (gsize grain = 1; grain < 9; grain += 3)
          check_loop (pool, n, grain);
      check_loop (pool, 100000, 7);
    }
}

static void
test_many_loops (void)
{
  g_autoptr (IvlPool) pool = ivl_pool_new (3);

  for (guint i = 0; i < 20000; i++)
    {
      if (i % 4000 == 0)
        g_usleep (2000); /* long enough for the workers to fall asleep */
      check_loop (pool, 5, 1);
    }
}

static void
test_default_count (void)
{
  g_autoptr (IvlPool) pool = ivl_pool_new (0);

  g_assert_cmpuint (ivl_pool_get_n_threads (pool), ==, g_get_num_processors ());
}

static void
cancel_third (gsize    begin,
              gsize    end,
              guint    thread,
              gpointer data)
{
  Loop *loop = data;

  if (g_atomic_int_add (&loop->n_ranges, 1) == 2)
    g_cancellable_cancel (loop->cancellable);
}

static void
test_cancel (void)
{
  g_autoptr (IvlPool) pool = ivl_pool_new (2);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Loop loop = { pool, cancellable };

  ivl_pool_set_cancellable (pool, cancellable);
  g_assert_false (ivl_pool_run (pool, 1000000, 1, cancel_third, &loop));
  /* the other thread may have begun one more before it looked */
  g_assert_cmpint (loop.n_ranges, <, 1000000);
  g_assert_cmpint (loop.n_ranges, >=, 3);

  ivl_pool_set_cancellable (pool, NULL);
  check_loop (pool, 1000, 10);
}

static gdouble
get_cpu_seconds (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_utime.tv_sec + usage.ru_utime.tv_usec * 1e-6 + usage.ru_stime.tv_sec +
         usage.ru_stime.tv_usec * 1e-6;
}

/* An idle pool burns no processor time: 4 threads may spin for 100 us each, not for the 300 ms. */
static void
test_sleeps (void)
{
  g_autoptr (IvlPool) pool = ivl_pool_new (4);
  gdouble before;

  check_loop (pool, 100, 1);
  before = get_cpu_seconds ();
  g_usleep (300000);
  g_assert_cmpfloat (get_cpu_seconds () - before, <, 0.02);
}

/* Without a single worker (the system refuses threads) the caller does it all. */
static void
test_refused_threads (void)
{
  if (g_test_subprocess ())
    {
      const struct rlimit limit = { 0, 0 };
      g_autoptr (IvlPool) pool = NULL;

      if (geteuid () == 0 && setuid (65534) != 0)
        return;
      g_assert_cmpint (setrlimit (RLIMIT_NPROC, &limit), ==, 0);
      pool = ivl_pool_new (4);
      g_assert_cmpuint (ivl_pool_get_n_threads (pool), ==, 1);
      check_loop (pool, 1000, 3);
      /* at once: a leak checker would need a thread, too */
      _exit (EXIT_SUCCESS);
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/every-item-once", test_every_item_once);
  g_test_add_func ("/pool/many-loops", test_many_loops);
  g_test_add_func ("/pool/default-count", test_default_count);
  g_test_add_func ("/pool/cancel", test_cancel);
  g_test_add_func ("/pool/sleeps", test_sleeps);
  g_test_add_func ("/pool/refused-threads", test_refused_threads);
  return g_test_run ();
}
