/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Turns: who comes first is served first, short turns go between the steps of long ones, and who is
 * cancelled while waiting is out. */
#include "threads/ivl-turns.h"

typedef struct
{
  IvlTurns *turns;
  IvlTurnKind kind;
  GCancellable *cancellable;
  guint pauses;
  char name;
  GString *log; /* covered by the turn */
} Guest;

static gpointer
visit (gpointer data)
{
  Guest *guest = data;
  g_autoptr (GError) error = NULL;

  if (!ivl_turns_take (guest->turns, guest->kind, guest->cancellable, &error))
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      return NULL;
    }
  g_string_append_c (guest->log, guest->name);
  for (guint i = 0; i < guest->pauses; i++)
    {
      ivl_turns_pause (guest->turns);
      g_string_append_c (guest->log, guest->name);
    }
  ivl_turns_give (guest->turns);
  return NULL;
}

/* Starts a guest, while the turn is taken, and waits until it is in the queue. */
static GThread *
send (Guest *guest)
{
  guint n = ivl_turns_get_n_waiting (guest->turns);
  GThread *thread = g_thread_new (NULL, visit, guest);

  while (ivl_turns_get_n_waiting (guest->turns) == n)
    g_usleep (1000);
  return thread;
}

/* While the test has a turn: a and b (long, two steps), c and d (short) come. */
static void
test_order (void)
{
  g_autoptr (IvlTurns) turns = ivl_turns_new (0);
  g_autoptr (GString) log = g_string_new (NULL);
  Guest guests[] = { { turns, IVL_TURN_LONG, NULL, 3, 'a', log },
                     { turns, IVL_TURN_LONG, NULL, 1, 'b', log },
                     { turns, IVL_TURN_SHORT, NULL, 1, 'c', log },
                     { turns, IVL_TURN_SHORT, NULL, 0, 'd', log } };
  GThread *threads[4];

  g_assert_true (ivl_turns_take (turns, IVL_TURN_LONG, NULL, NULL));
  for (guint i = 0; i < 4; i++)
    threads[i] = send (&guests[i]);
  g_string_append_c (log, 'x');
  ivl_turns_give (turns);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  /* a steps, c between (its own pause lets nobody in), then d, then a's end, then b */
  g_assert_cmpstr (log->str, ==, "xaccadaabb");
}

/* With a share a long turn goes on after a short one for that many times as long. */
static void
test_share (void)
{
  g_autoptr (IvlTurns) turns = ivl_turns_new (1e9);
  g_autoptr (GString) log = g_string_new (NULL);
  Guest guests[] = { { turns, IVL_TURN_SHORT, NULL, 0, 'a', log },
                     { turns, IVL_TURN_SHORT, NULL, 0, 'b', log } };
  GThread *threads[2];

  g_assert_true (ivl_turns_take (turns, IVL_TURN_LONG, NULL, NULL));
  for (guint i = 0; i < 2; i++)
    threads[i] = send (&guests[i]);
  /* nothing is known of short turns yet */
  ivl_turns_pause (turns);
  g_string_append_c (log, 'x');
  ivl_turns_pause (turns);
  g_string_append_c (log, 'x');
  ivl_turns_give (turns);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  g_assert_cmpstr (log->str, ==, "axxb");
}

/* Nothing waits: a pause is none. A turn can be had again. */
static void
test_alone (void)
{
  g_autoptr (IvlTurns) turns = ivl_turns_new (0);

  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (ivl_turns_take (turns, i % 2 ? IVL_TURN_SHORT : IVL_TURN_LONG, NULL, NULL));
      ivl_turns_pause (turns);
      ivl_turns_give (turns);
    }
}

static void
test_cancel (void)
{
  g_autoptr (IvlTurns) turns = ivl_turns_new (0);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Guest guests[] = { { turns, IVL_TURN_SHORT, cancellable, 0, 'a', log },
                     { turns, IVL_TURN_LONG, cancellable, 0, 'b', log },
                     { turns, IVL_TURN_LONG, NULL, 0, 'c', log } };
  g_autoptr (GError) error = NULL;
  GThread *threads[3];

  g_assert_true (ivl_turns_take (turns, IVL_TURN_LONG, NULL, NULL));
  for (guint i = 0; i < 3; i++)
    threads[i] = send (&guests[i]);
  g_cancellable_cancel (cancellable);
  /* they leave while the turn is still taken */
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  ivl_turns_pause (turns);
  ivl_turns_give (turns);
  g_thread_join (threads[2]);
  g_assert_cmpstr (log->str, ==, "c");
  g_assert_false (ivl_turns_take (turns, IVL_TURN_SHORT, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (ivl_turns_take (turns, IVL_TURN_SHORT, NULL, NULL));
  ivl_turns_give (turns);
}

/* Many threads, and never two at once. */
static gpointer
crowd (gpointer data)
{
  IvlTurns *turns = ((gpointer *) data)[0];
  gint *inside = ((gpointer *) data)[1];

  for (guint i = 0; i < 300; i++)
    {
      IvlTurnKind kind = i % 3 == 0 ? IVL_TURN_LONG : IVL_TURN_SHORT;

      g_assert_true (ivl_turns_take (turns, kind, NULL, NULL));
      for (guint step = 0; step < 3; step++)
        {
          g_assert_cmpint (g_atomic_int_add (inside, 1), ==, 0);
          g_assert_cmpint (g_atomic_int_add (inside, -1), ==, 1);
          ivl_turns_pause (turns);
        }
      ivl_turns_give (turns);
    }
  return NULL;
}

static void
test_crowd (void)
{
  g_autoptr (IvlTurns) turns = ivl_turns_new (0);
  gint inside = 0;
  gpointer data[] = { turns, &inside };
  GThread *threads[6];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, crowd, data);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/turns/order", test_order);
  g_test_add_func ("/turns/share", test_share);
  g_test_add_func ("/turns/alone", test_alone);
  g_test_add_func ("/turns/cancel", test_cancel);
  g_test_add_func ("/turns/crowd", test_crowd);
  return g_test_run ();
}
