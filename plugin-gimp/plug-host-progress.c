/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How far GIMP is with an export, told to who watches it, and how far a script is, told to GIMP;
 * the same for every GIMP. */
#include "plug-host-progress.h"

#include "plug-host.h"

#include <libgimp/gimp.h>

static PlugHostProgress watcher;
static gpointer         watcher_data;

void
plug_host_watch_export (PlugHostProgress function,
                        gpointer         user_data)
{
  watcher = function;
  watcher_data = user_data;
}

static void
on_progress_start (const char *message,
                   gboolean    cancelable,
                   gpointer    user_data)
{
  if (watcher != NULL)
    watcher (0, watcher_data);
}

static void
on_progress_end (gpointer user_data)
{
}

static void
on_progress_text (const char *message,
                  gpointer    user_data)
{
}

static void
on_progress_value (double   fraction,
                   gpointer user_data)
{
  if (watcher != NULL)
    watcher (CLAMP (fraction, 0, 1), watcher_data);
}

static void
on_progress_pulse (gpointer user_data)
{
  if (watcher != NULL)
    watcher (-1, watcher_data);
}

const char *
plug_host_begin_progress (void)
{
  static const GimpProgressVtable functions = {
    .start = on_progress_start,
    .end = on_progress_end,
    .set_text = on_progress_text,
    .set_value = on_progress_value,
    .pulse = on_progress_pulse,
  };

  if (watcher == NULL)
    return NULL;
#if GIMP_CHECK_VERSION(2, 99, 0)
  return gimp_progress_install_vtable (&functions, NULL, NULL);
#else
  return gimp_progress_install_vtable (&functions, NULL);
#endif
}

void
plug_host_end_progress (const char *progress)
{
  if (progress != NULL)
    gimp_progress_uninstall (progress);
}

void
plug_host_begin_wait (const char *sentence)
{
  gimp_progress_init (sentence);
}

void
plug_host_pulse_wait (void)
{
  gimp_progress_pulse ();
}

void
plug_host_end_wait (void)
{
  gimp_progress_end ();
}
