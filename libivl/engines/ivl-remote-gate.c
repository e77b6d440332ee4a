/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How many requests a server gets at a time: additive increase, multiplicative decrease.
 */
#include "engines/ivl-remote-gate.h"

#include <libivl/ivl-error.h>

struct _IvlRemoteGate
{
  GMutex lock;
  GCond  changed;
  guint  max;
  guint  n_running;
  double limit;
  /* Counts the times that the limit was halved. Requests that were under way at such a time and
   * then fail too tell nothing new. */
  guint  round;
};

IvlRemoteGate *
ivl_remote_gate_new (guint max_running)
{
  IvlRemoteGate *self = g_new0 (IvlRemoteGate, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->max = MAX (max_running, 1);
  self->limit = self->max;
  return self;
}

void
ivl_remote_gate_free (IvlRemoteGate *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  IvlRemoteGate *self = data;

  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

gboolean
ivl_remote_gate_enter (IvlRemoteGate    *self,
                       guint             max_seconds,
                       IvlRemoteTicket  *ticket,
                       GCancellable     *cancellable,
                       GError          **error)
{
  gint64 end = g_get_monotonic_time () + max_seconds * G_TIME_SPAN_SECOND;
  gulong handler = 0;
  gboolean in_time = TRUE;
  gboolean is_in;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  g_mutex_lock (&self->lock);
  while (in_time && self->n_running >= (guint) self->limit &&
         !g_cancellable_is_cancelled (cancellable))
    in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  is_in = self->n_running < (guint) self->limit && !g_cancellable_is_cancelled (cancellable);
  if (is_in)
    {
      self->n_running++;
      *ticket = self->round;
    }
  g_mutex_unlock (&self->lock);
  if (handler != 0)
    g_cancellable_disconnect (cancellable, handler);
  if (!is_in && !g_cancellable_set_error_if_cancelled (cancellable, error))
    g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY,
                 "Other requests to the server have taken all places for %u seconds", max_seconds);
  return is_in;
}

void
ivl_remote_gate_leave (IvlRemoteGate    *self,
                       IvlRemoteTicket   ticket,
                       IvlRemoteOutcome  outcome)
{
  g_mutex_lock (&self->lock);
  self->n_running--;
  if (outcome == IVL_REMOTE_WENT_WELL)
    {
      self->limit = MIN (self->limit + 1.0 / self->limit, self->max);
    }
  else if (outcome == IVL_REMOTE_WAS_BUSY && ticket == self->round)
    {
      self->limit = MAX (self->limit / 2, 1.0);
      self->round++;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

guint
ivl_remote_gate_get_limit (IvlRemoteGate *self)
{
  guint limit;

  g_mutex_lock (&self->lock);
  limit = (guint) self->limit;
  g_mutex_unlock (&self->lock);
  return limit;
}
