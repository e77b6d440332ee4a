/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plug-double FILE[:FILE…] [PROCEDURE [IMAGE]]: the plug-in's own window over picture files
 * instead of GIMP (host-double.h). Without a procedure it is plug-in-ivl-ask; images are
 * numbered from 1 in the order of the files.
 *
 * IVL_DOUBLE_GIMP_PID: GIMP's process id (default: this program's parent). IVL_DOUBLE_DARK: the
 * dark theme. IVL_DOUBLE_RTL: from right to left. Prints "window N ms TITLE" when a window has
 * been drawn, N from this program's start or the last order `menu`. */
#include "host-double.h"

#include "plug-app.h"
#include "plug-handover.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n.h>

typedef struct
{
  const PlugAction *action;
  int               image;
} Choice;

static gint64 started;

/* A menu entry is a process of its own in GIMP; here it is a thread that does what the process
 * does */
static gpointer
hand_over (gpointer data)
{
  g_autofree Choice *choice = data;
  if (!plug_handover_send (plug_host_get_pid (), choice->action, choice->image, NULL))
    g_print ("menu entry %s was not taken over\n", choice->action->procedure);
  return NULL;
}

static gboolean
choose_menu (const char *procedure, int image)
{
  const PlugAction *action = plug_action_find (procedure);
  if (!action)
    return FALSE;
  Choice *choice = g_new (Choice, 1);
  *choice = (Choice){ action, image };
  started = g_get_monotonic_time ();
  g_thread_unref (g_thread_new ("menu", hand_over, choice));
  return TRUE;
}

static void
on_painted (GdkFrameClock *clock, GtkWindow *window)
{
  g_signal_handlers_disconnect_by_func (clock, on_painted, window);
  g_print ("window %" G_GINT64_FORMAT " ms %s\n", (g_get_monotonic_time () - started) / 1000,
           gtk_window_get_title (window));
}

static gboolean
on_map (GSignalInvocationHint *hint, guint n_values, const GValue *values, gpointer user_data)
{
  GtkWidget *widget = g_value_get_object (values);
  if (GTK_IS_WINDOW (widget) && gtk_window_get_title (GTK_WINDOW (widget)))
    g_signal_connect_object (gtk_widget_get_frame_clock (widget), "after-paint",
                             G_CALLBACK (on_painted), widget, 0);
  return TRUE;
}

int
main (int argc, char **argv)
{
  started = g_get_monotonic_time ();
  setlocale (LC_ALL, "");
  const char *locale_dir = g_getenv ("IVL_LOCALE_DIR");
  bindtextdomain (GETTEXT_PACKAGE, locale_dir ? locale_dir : IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  const PlugAction *action = plug_action_find (argc > 2 ? argv[2] : "plug-in-ivl-ask");
  int image = argc > 3 ? atoi (argv[3]) : 1;
  if (argc < 2 || !action)
    {
      g_printerr ("usage: plug-double FILE[:FILE…] [PROCEDURE [IMAGE]]\n");
      return 2;
    }
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) files = g_strsplit (argv[1], ":", -1);
  for (guint i = 0; files[i]; i++)
    if (!host_double_add (files[i], &error))
      {
        g_printerr ("plug-double: %s\n", error->message);
        return 2;
      }
  host_double_listen (choose_menu);
  setvbuf (stdout, NULL, _IOLBF, 0);
  g_type_class_unref (g_type_class_ref (GTK_TYPE_WIDGET));
  g_signal_add_emission_hook (g_signal_lookup ("map", GTK_TYPE_WIDGET), 0, on_map, NULL, NULL);
  if (!plug_app_run (action, image, &error))
    {
      g_printerr ("plug-double: %s\n", error->message);
      return 1;
    }
  g_print ("ended\n");
  return EXIT_SUCCESS;
}
