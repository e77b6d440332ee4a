/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A fair lock: a queue of waiting threads, each with its own condition, of which the one that ends
 * its turn wakes exactly one. */
#include "threads/ivl-turns.h"

/* How soon a thread that waits notices that it was cancelled, in microseconds. */
#define CANCEL_INTERVAL 50000

typedef struct
{
  GCond cond;
  IvlTurnKind kind;
  gboolean is_served;
} Waiter;

struct _IvlTurns
{
  GMutex mutex;
  GQueue waiting; /* (unowned) Waiter, on the stacks of their threads */
  gboolean is_taken;
  IvlTurnKind kind; /* of the turn taken */
  gint n_short;     /* short ones in waiting; also read without the mutex */
  double share;
  gint64 served;     /* when the turn taken was served last, in microseconds */
  gint64 short_time; /* what the last short turn took */
};

IvlTurns *
ivl_turns_new (double share)
{
  IvlTurns *self = g_new0 (IvlTurns, 1);

  self->share = share;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->waiting);
  return self;
}

void
ivl_turns_free (IvlTurns *self)
{
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static void
serve (IvlTurns *self,
       GList    *link)
{
  Waiter *waiter = link->data;

  g_queue_delete_link (&self->waiting, link);
  if (waiter->kind == IVL_TURN_SHORT)
    g_atomic_int_add (&self->n_short, -1);
  self->kind = waiter->kind;
  self->served = g_get_monotonic_time ();
  waiter->is_served = TRUE;
  g_cond_signal (&waiter->cond);
}

/* Waits until served; FALSE when cancelled before, and out of the queue then. */
static gboolean
wait_in_queue (IvlTurns     *self,
               Waiter       *waiter,
               GCancellable *cancellable)
{
  while (!waiter->is_served)
    if (cancellable == NULL)
      {
        g_cond_wait (&waiter->cond, &self->mutex);
      }
    else if (g_cancellable_is_cancelled (cancellable))
      {
        g_queue_remove (&self->waiting, waiter);
        if (waiter->kind == IVL_TURN_SHORT)
          g_atomic_int_add (&self->n_short, -1);
        return FALSE;
      }
    else
      {
        g_cond_wait_until (&waiter->cond, &self->mutex, g_get_monotonic_time () + CANCEL_INTERVAL);
      }
  return TRUE;
}

gboolean
ivl_turns_take (IvlTurns      *self,
                IvlTurnKind    kind,
                GCancellable  *cancellable,
                GError       **error)
{
  Waiter waiter = { .kind = kind };
  gboolean is_served = TRUE;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  if (!self->is_taken)
    {
      self->is_taken = TRUE;
      self->kind = kind;
      self->served = g_get_monotonic_time ();
    }
  else
    {
      g_cond_init (&waiter.cond);
      g_queue_push_tail (&self->waiting, &waiter);
      if (kind == IVL_TURN_SHORT)
        g_atomic_int_inc (&self->n_short);
      is_served = wait_in_queue (self, &waiter, cancellable);
      g_cond_clear (&waiter.cond);
    }
  g_mutex_unlock (&self->mutex);
  return is_served || !g_cancellable_set_error_if_cancelled (cancellable, error);
}

void
ivl_turns_give (IvlTurns *self)
{
  g_mutex_lock (&self->mutex);
  if (self->kind == IVL_TURN_SHORT)
    self->short_time = MAX (1, g_get_monotonic_time () - self->served);
  if (self->waiting.head != NULL)
    serve (self, self->waiting.head);
  else
    self->is_taken = FALSE;
  g_mutex_unlock (&self->mutex);
}

void
ivl_turns_pause (IvlTurns *self)
{
  Waiter waiter = { .kind = IVL_TURN_LONG };
  GList *link;

  if (g_atomic_int_get (&self->n_short) == 0)
    return;
  g_mutex_lock (&self->mutex);
  link = self->waiting.head;
  while (link != NULL && ((Waiter *) link->data)->kind != IVL_TURN_SHORT)
    link = link->next;
  if (link != NULL && self->kind == IVL_TURN_LONG &&
      g_get_monotonic_time () - self->served >= self->share * self->short_time)
    {
      g_cond_init (&waiter.cond);
      serve (self, link);
      g_queue_push_head (&self->waiting, &waiter);
      wait_in_queue (self, &waiter, NULL);
      g_cond_clear (&waiter.cond);
    }
  g_mutex_unlock (&self->mutex);
}

guint
ivl_turns_get_n_waiting (IvlTurns *self)
{
  guint n;

  g_mutex_lock (&self->mutex);
  n = self->waiting.length;
  g_mutex_unlock (&self->mutex);
  return n;
}
