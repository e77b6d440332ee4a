/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a menu entry to a window: in the process that has the windows of this GIMP, if there is
 * one, else in this one, which then stays until its last window is closed or GIMP is gone. */
#include "plug-app.h"

#include "plug-handover.h"
#include "plug-host.h"
#include "plug-preferences.h"
#include "plug-window.h"

#include <signal.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <glib-unix.h>
#include <glib/gi18n.h>

/* Two menu entries at once: whoever comes second finds the socket when the first has made it */
#define START_TRIES 20
#define START_PAUSE_US 50000
/* Where the system cannot tell that a process has ended */
#define POLL_SECONDS 2

typedef struct
{
  GHashTable   *windows; /* image id -> PlugWindow, which GTK owns */
  GMainLoop    *loop;
  PlugHandover *handover; /* (nullable) */
} App;

/* Preferences outlive the last image's window: somebody may be in the middle of a change */
static void
end_without_windows (App *self)
{
  GtkWidget *preferences = plug_preferences_get_window ();
  if (g_hash_table_size (self->windows) > 0)
    return;
  if (preferences)
    {
      g_signal_connect_swapped (preferences, "destroy", G_CALLBACK (end_without_windows), self);
      return;
    }
  /* Before the loop ends: a menu entry chosen now must not be handed to a process that goes */
  g_clear_pointer (&self->handover, plug_handover_close);
  g_main_loop_quit (self->loop);
}

static void
on_window_destroyed (GtkWidget *window, gpointer user_data)
{
  App *self = user_data;
  g_hash_table_remove (self->windows,
                       GINT_TO_POINTER (plug_window_get_image (PLUG_WINDOW (window))));
  end_without_windows (self);
}

static void
open_window (const PlugAction *action, int image, gpointer user_data)
{
  App *self = user_data;
  GtkWidget *window = g_hash_table_lookup (self->windows, GINT_TO_POINTER (image));
  if (!window)
    {
      window = plug_window_new (image);
      g_hash_table_insert (self->windows, GINT_TO_POINTER (image), window);
      g_signal_connect (window, "destroy", G_CALLBACK (on_window_destroyed), self);
    }
  plug_window_start (PLUG_WINDOW (window), action);
}

static void
close_all (App *self)
{
  g_autoptr (GList) windows = g_hash_table_get_values (self->windows);
  for (GList *item = windows; item; item = item->next)
    gtk_widget_destroy (item->data);
  if (plug_preferences_get_window ())
    gtk_widget_destroy (plug_preferences_get_window ());
  g_main_loop_quit (self->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  close_all (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_gimp_ended (int fd, GIOCondition condition, gpointer user_data)
{
  close_all (user_data);
  close (fd);
  return G_SOURCE_REMOVE;
}

static gboolean
look_for_gimp (gpointer user_data)
{
  if (kill (plug_host_get_pid (), 0) == 0)
    return G_SOURCE_CONTINUE;
  close_all (user_data);
  return G_SOURCE_REMOVE;
}

/* No window outlives its GIMP, however that ended */
static void
watch_gimp (App *self)
{
#ifdef SYS_pidfd_open
  int fd = (int)syscall (SYS_pidfd_open, plug_host_get_pid (), 0);
  if (fd >= 0)
    {
      g_unix_fd_add (fd, G_IO_IN, on_gimp_ended, self);
      return;
    }
#endif
  g_timeout_add_seconds (POLL_SECONDS, look_for_gimp, self);
}

static gboolean tells_wait; /* GIMP shows that the window comes later */

static void
tell_wait (void)
{
  if (!tells_wait)
    plug_host_begin_wait (
        _ ("The Image Assistant is busy, as with an export: its window opens afterwards"));
  tells_wait = TRUE;
}

/* TRUE: another process has taken the action. Else this process is the first, with or without a
 * socket: where none can be had, each menu entry has its own process. */
static gboolean
hand_over_or_listen (App *self, const PlugAction *action, int image)
{
  for (int try = 0; try < START_TRIES; try++)
    {
      if (plug_handover_send (plug_host_get_pid (), action, image, tell_wait))
        return TRUE;
      g_autoptr (GError) error = NULL;
      self->handover = plug_handover_listen (plug_host_get_pid (), open_window, self, &error);
      if (self->handover)
        return FALSE;
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_EXIST))
        {
          g_info ("Each menu entry has a process of its own: %s", error->message);
          return FALSE;
        }
      g_usleep (START_PAUSE_US);
    }
  return FALSE;
}

gboolean
plug_app_run (const PlugAction *action, int image, GError **error)
{
  App app = { 0 };
  gboolean is_taken = hand_over_or_listen (&app, action, image);
  if (tells_wait)
    plug_host_end_wait ();
  if (is_taken)
    return TRUE;
  if (!plug_host_init_ui (error))
    {
      g_clear_pointer (&app.handover, plug_handover_close);
      return FALSE;
    }
  app.windows = g_hash_table_new (NULL, NULL);
  app.loop = g_main_loop_new (NULL, FALSE);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &app);
  guint hang_up = g_unix_signal_add (SIGHUP, on_signal, &app);
  watch_gimp (&app);
  open_window (action, image, &app);
  g_main_loop_run (app.loop);

  g_source_remove (terminate);
  g_source_remove (hang_up);
  g_clear_pointer (&app.handover, plug_handover_close);
  /* What was copied stays for others, where the desktop has somebody who keeps it */
  gtk_clipboard_store (gtk_clipboard_get (GDK_SELECTION_CLIPBOARD));
  g_autoptr (GError) trouble = NULL;
  if (!plug_settings_save (plug_settings_get (), &trouble))
    g_warning ("%s", trouble->message);
  g_main_loop_unref (app.loop);
  g_hash_table_unref (app.windows);
  return TRUE;
}
