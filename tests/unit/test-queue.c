/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The line in front of the model: who is next, who has to give way. Jobs are strings. */
#include "server/ivl-queue.h"

#include <string.h>

static GString *started;

static void
start (gpointer job)
{
  g_string_append_printf (started, "%s ", (const char *) job);
}

static void
evict (gpointer job)
{
  g_string_append_printf (started, "-%s ", (const char *) job);
}

static void
expect_started (const char *wanted)
{
  g_assert_cmpstr (started->str, ==, wanted);
  g_string_truncate (started, 0);
}

static IvlQueue *
make_queue (guint max_running,
            guint max_waiting)
{
  g_string_truncate (started, 0);
  return ivl_queue_new (max_running, max_waiting, start, evict);
}

#define PUSH(job, client, weight) ivl_queue_push (queue, (gpointer) job, client, weight)
#define FINISH(job) ivl_queue_finish (queue, (gpointer) job)

static const char *const a[] = { "a0", "a1", "a2", "a3", "a4", "a5" };
static const char *const b[] = { "b0", "b1", "b2" };
static const char *const c[] = { "c0" };

static void
test_order (void)
{
  g_autoptr (IvlQueue) queue = make_queue (2, 10);

  for (guint i = 0; i < 5; i++)
    g_assert_true (PUSH (a[i], "A", 1));
  expect_started ("a0 a1 ");
  FINISH (a[1]);
  expect_started ("a2 ");
  FINISH (a[0]);
  FINISH (a[2]);
  expect_started ("a3 a4 ");
}

/* A client that comes later is not behind all that another one has asked. */
static void
test_fair (void)
{
  g_autoptr (IvlQueue) queue = make_queue (2, 10);
  guint n_running, n_waiting;

  for (guint i = 0; i < 6; i++)
    PUSH (a[i], "A", 1);
  PUSH (b[0], "B", 1);
  PUSH (b[1], "B", 1);
  PUSH (c[0], "C", 1);
  expect_started ("a0 a1 ");
  ivl_queue_get_counts (queue, &n_running, &n_waiting);
  g_assert_cmpuint (n_running, ==, 2);
  g_assert_cmpuint (n_waiting, ==, 7);
  FINISH (a[0]);
  FINISH (a[1]);
  expect_started ("b0 a2 ");
  FINISH (b[0]);
  expect_started ("b1 ");
  FINISH (b[1]);
  expect_started ("c0 ");
}

/* Who is told which place, while all stays as it is: by arithmetic from the rule above. */
static void
test_place (void)
{
  static const struct
  {
    const char *job;
    guint       place;
  } rows[] = { { "b0", 1 }, { "c0", 2 }, { "b1", 3 }, { "a2", 4 }, { "a3", 5 } };
  g_autoptr (IvlQueue) queue = make_queue (2, 10);
  guint n_waiting;

  for (guint i = 0; i < 4; i++)
    PUSH (a[i], "A", 1);
  PUSH (b[0], "B", 1);
  PUSH (b[1], "B", 1);
  PUSH (c[0], "C", 1);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gpointer job = (gpointer) (rows[i].job[0] == 'a'   ? a[rows[i].job[1] - '0']
                                 : rows[i].job[0] == 'b' ? b[rows[i].job[1] - '0']
                                                         : c[0]);

      g_assert_cmpuint (ivl_queue_get_place (queue, job, &n_waiting), ==, rows[i].place);
      g_assert_cmpuint (n_waiting, ==, 5);
    }
  /* It runs already */
  g_assert_cmpuint (ivl_queue_get_place (queue, (gpointer) a[0], &n_waiting), ==, 0);
  expect_started ("a0 a1 ");
}

/* Several answers count as many; a heavy job waits for room and is not passed for ever. */
static void
test_weight (void)
{
  g_autoptr (IvlQueue) queue = make_queue (4, 10);

  PUSH (a[0], "A", 2);
  PUSH (a[1], "A", 1);
  PUSH (a[2], "A", 3);
  PUSH (a[3], "A", 1);
  expect_started ("a0 a1 ");
  FINISH (a[1]);
  expect_started ("");
  FINISH (a[0]);
  expect_started ("a2 a3 ");
  FINISH (a[2]);
  FINISH (a[3]);
  /* More than ever runs at a time: alone. */
  PUSH (b[0], "B", 16);
  PUSH (b[1], "B", 1);
  expect_started ("b0 ");
  FINISH (b[0]);
  expect_started ("b1 ");
}

static void
test_full (void)
{
  g_autoptr (IvlQueue) queue = make_queue (1, 2);

  PUSH (a[0], "A", 1);
  PUSH (a[1], "A", 1);
  g_assert_false (ivl_queue_is_full (queue, "A"));
  PUSH (a[2], "A", 1);
  g_assert_true (ivl_queue_is_full (queue, "A"));
  g_assert_false (PUSH (a[3], "A", 1));
  expect_started ("a0 ");
  /* The newest of who has most waiting gives way to who has none. */
  g_assert_false (ivl_queue_is_full (queue, "B"));
  g_assert_true (PUSH (b[0], "B", 1));
  expect_started ("-a2 ");
  g_assert_false (PUSH (b[1], "B", 1));
  g_assert_false (PUSH (c[0], "C", 1));
  FINISH (a[0]);
  expect_started ("a1 ");
}

static void
test_remove (void)
{
  g_autoptr (IvlQueue) queue = make_queue (2, 2);

  PUSH (a[0], "A", 1);
  PUSH (a[1], "A", 2);
  PUSH (a[2], "A", 1);
  expect_started ("a0 ");
  g_assert_false (ivl_queue_remove (queue, (gpointer) a[0]));
  /* What it held up may go. */
  g_assert_true (ivl_queue_remove (queue, (gpointer) a[1]));
  expect_started ("a2 ");
  g_assert_false (ivl_queue_remove (queue, (gpointer) a[1]));
}

static void
test_none_waits (void)
{
  g_autoptr (IvlQueue) queue = make_queue (1, 0);

  g_assert_false (ivl_queue_is_full (queue, "A"));
  g_assert_true (PUSH (a[0], "A", 1));
  g_assert_true (ivl_queue_is_full (queue, "B"));
  g_assert_false (PUSH (b[0], "B", 1));
  FINISH (a[0]);
  g_assert_true (PUSH (b[1], "B", 1));
  expect_started ("a0 b1 ");
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  started = g_string_new (NULL);
  g_test_add_func ("/queue/order", test_order);
  g_test_add_func ("/queue/fair", test_fair);
  g_test_add_func ("/queue/place", test_place);
  g_test_add_func ("/queue/weight", test_weight);
  g_test_add_func ("/queue/full", test_full);
  g_test_add_func ("/queue/remove", test_remove);
  g_test_add_func ("/queue/none-waits", test_none_waits);
  result = g_test_run ();
  g_string_free (started, TRUE);
  return result;
}
