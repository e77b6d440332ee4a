/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The signal handler only writes the signal's number into a pipe; a thread reads it and fires the
 * cancellable. Signals are not blocked and waited for with sigwait(): OpenBLAS starts its threads
 * before main() runs, with every signal let through, so one of them could take the signal and end
 * the process. A process that does not end by itself is ended by the same thread, and at once by a
 * second signal. */
#include "cli-interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Everything in the library gives way within one layer of work; this is for what cannot, such as a
 * write to a pipe that nobody reads. Below the two seconds that people are promised. */
#define GRACE_SECONDS 1.7

static GMutex        interrupt_lock;
static GCond         interrupt_changed;
static GCancellable *interrupt_cancellable; /* (owned) */
static int           interrupt_signal;      /* 0: none; under the lock */
static int           interrupt_pipe[2];
static volatile sig_atomic_t n_signals;

static void
on_signal (int number)
{
  unsigned char byte = (unsigned char) number;
  int saved_errno = errno;

  n_signals = n_signals + 1;
  if (n_signals > 1)
    _exit (128 + number);
  if (write (interrupt_pipe[1], &byte, 1) != 1)
    _exit (128 + number);
  errno = saved_errno;
}

/* Waits until the signal is forgotten, or ends the process */
static void
watch_grace (void)
{
  gint64 end = g_get_monotonic_time () + (gint64) (GRACE_SECONDS * G_TIME_SPAN_SECOND);

  g_mutex_lock (&interrupt_lock);
  while (interrupt_signal != 0)
    if (!g_cond_wait_until (&interrupt_changed, &interrupt_lock, end))
      _exit (128 + interrupt_signal);
  g_mutex_unlock (&interrupt_lock);
}

static gpointer
watch_signals (gpointer data)
{
  unsigned char byte;

  for (;;)
    {
      ssize_t n = read (interrupt_pipe[0], &byte, 1);

      if (n < 0 && errno == EINTR)
        continue;
      if (n != 1)
        return NULL;

      g_autoptr (GCancellable) cancellable = NULL;
      g_mutex_lock (&interrupt_lock);
      interrupt_signal = byte;
      cancellable = g_object_ref (interrupt_cancellable);
      g_mutex_unlock (&interrupt_lock);

      g_cancellable_cancel (cancellable);
      watch_grace ();
    }
}

/* A signal that whoever started this ignores stays ignored, as with nohup and in the background. */
static void
catch_signal (int                     number,
              const struct sigaction *action)
{
  struct sigaction before;

  if (sigaction (number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
    return;
  sigaction (number, action, NULL);
}

void
cli_interrupt_init (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  interrupt_cancellable = g_cancellable_new ();
  if (pipe (interrupt_pipe) != 0)
    return; /* the default action of the signals stays: they end the process */

  g_thread_unref (g_thread_new ("ivl-signals", watch_signals, NULL));
  catch_signal (SIGINT, &action);
  catch_signal (SIGTERM, &action);
  catch_signal (SIGHUP, &action);
}

GCancellable *
cli_interrupt_get_cancellable (void)
{
  return interrupt_cancellable;
}

int
cli_interrupt_get_exit_code (void)
{
  int number;

  g_mutex_lock (&interrupt_lock);
  number = interrupt_signal;
  g_mutex_unlock (&interrupt_lock);
  return number == 0 ? 0 : 128 + number;
}

gboolean
cli_interrupt_forget (void)
{
  gboolean forgotten;

  g_mutex_lock (&interrupt_lock);
  forgotten = interrupt_signal == 0 || interrupt_signal == SIGINT;
  if (forgotten && interrupt_signal != 0)
    {
      g_object_unref (interrupt_cancellable);
      interrupt_cancellable = g_cancellable_new ();
      interrupt_signal = 0;
      n_signals = 0;
      g_cond_broadcast (&interrupt_changed);
    }
  g_mutex_unlock (&interrupt_lock);
  return forgotten;
}
