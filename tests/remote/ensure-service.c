/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes sure that the user's service runs, as a program that opens "service:" does.
 * Usage: ensure-service LOCATION [MILLISECONDS until it is given up]
 */
#include "engines/ivl-service.h"

#include <stdio.h>
#include <stdlib.h>

static guint n_reports;

static void
count_report (IvlPhase phase,
              guint64  done,
              guint64  total,
              gpointer user_data)
{
  n_reports += phase == IVL_PHASE_LOAD;
}

typedef struct
{
  GCancellable *cancellable;
  int           milliseconds;
} Later;

static gpointer
run_later (gpointer data)
{
  Later *later = data;

  g_usleep (1000 * (gulong) later->milliseconds);
  g_cancellable_cancel (later->cancellable);
  return NULL;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlRemote) remote = NULL;
  Later later = { .cancellable = cancellable };
  g_autoptr (GThread) thread = NULL;

  if (argc < 2)
    return 2;
  remote = ivl_remote_parse (argv[1], &error);
  if (argc > 2)
    {
      later.milliseconds = atoi (argv[2]);
      thread = g_thread_new ("later", run_later, &later);
    }
  if (remote == NULL ||
      !ivl_service_ensure (remote, count_report, NULL, cancellable, &error))
    {
      printf ("%s %d: %s\n", g_quark_to_string (error->domain), error->code, error->message);
      return 1;
    }
  printf ("ready after %u reports\n", n_reports);
  fflush (stdout);
  return 0;
}
