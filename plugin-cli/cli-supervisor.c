/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The parent of a worker process. It holds the listening socket, so that clients who come while the
 * worker is started again wait instead of being refused. */
#include "cli-supervisor.h"

#include "cli-output.h"

#include <glib/gi18n.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first restart comes so soon; each further one takes twice as long, up to a limit. */
#define FIRST_DELAY_MS 100
#define MAX_DELAY_MS 10000
/* A worker that lived so long crashed because of what it was asked, not because it cannot live. */
#define LONG_LIFE_SECONDS 20
#define MAX_CRASHES 30
/* Below the time after which the process of a signal ends by itself (cli-interrupt.c). */
#define GRACE_MS 1400

typedef struct
{
  GMainLoop *loop;
  char     **argv;
  int        fd;
  pid_t      parent;
  GPid       pid;       /* 0: none runs */
  gint64     started;   /* monotonic time, µs */
  guint      n_crashes; /* in a row, each after a short life */
  gboolean   is_ending;
  int        exit_code;
} Supervisor;

static void start_worker (Supervisor *self);

/* In the child, between fork and exec: nothing but system calls. */
static void
set_up_child (gpointer data)
{
  Supervisor *self = data;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != self->parent)
    _exit (1);
}

static void
end (Supervisor *self,
     int         exit_code)
{
  self->exit_code = exit_code;
  g_main_loop_quit (self->loop);
}

static gboolean
on_restart (gpointer data)
{
  Supervisor *self = data;

  if (self->is_ending)
    end (self, 0);
  else
    start_worker (self);
  return G_SOURCE_REMOVE;
}

static gboolean
has_client (int fd)
{
  struct pollfd waiting = { .fd = fd, .events = POLLIN };

  return poll (&waiting, 1, 0) == 1;
}

static void
handle_crash (Supervisor *self,
              int         number)
{
  gint64 life = g_get_monotonic_time () - self->started;
  guint delay;

  if (life > LONG_LIFE_SECONDS * G_TIME_SPAN_SECOND)
    self->n_crashes = 0;
  self->n_crashes++;
  if (self->n_crashes > MAX_CRASHES)
    {
      cli_output_error (_ ("the server crashes again and again (%s); giving up"),
                        strsignal (number));
      end (self, 128 + number);
      return;
    }
  cli_output_error (_ ("the server crashed (%s) and is started again"), strsignal (number));
  delay = FIRST_DELAY_MS << MIN (self->n_crashes - 1, 10);
  g_timeout_add (MIN (delay, MAX_DELAY_MS), on_restart, self);
}

static void
on_worker_exit (GPid     pid,
                int      status,
                gpointer data)
{
  Supervisor *self = data;
  int number = WIFSIGNALED (status) ? WTERMSIG (status) : 0;

  g_spawn_close_pid (pid);
  self->pid = 0;
  if (self->is_ending || number == SIGTERM || number == SIGINT || number == SIGHUP)
    end (self, number != 0 ? 128 + number : WEXITSTATUS (status));
  else if (number != 0)
    handle_crash (self, number);
  else if (WEXITSTATUS (status) == 0 && has_client (self->fd))
    start_worker (self);
  else
    end (self, WEXITSTATUS (status));
}

static void
start_worker (Supervisor *self)
{
  const int source_fds[] = { self->fd };
  const int target_fds[] = { CLI_SUPERVISOR_FD };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  guint n = g_strv_length (self->argv);

  /* The program itself, also when its file was replaced meanwhile */
  argv = g_new0 (char *, n + 2);
  argv[0] = g_strdup ("/proc/self/exe");
  for (guint i = 0; i < n; i++)
    argv[i + 1] = g_strdup (self->argv[i]);
  self->started = g_get_monotonic_time ();
  if (!g_spawn_async_with_pipes_and_fds (
          NULL, (const char *const *) argv, NULL,
          G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_FILE_AND_ARGV_ZERO, set_up_child, self, -1, -1, -1,
          source_fds, target_fds, 1, &self->pid, NULL, NULL, NULL, &error))
    {
      cli_output_error ("%s", error->message);
      end (self, 1);
      return;
    }
  g_child_watch_add (self->pid, on_worker_exit, self);
}

static gboolean
on_grace_over (gpointer data)
{
  Supervisor *self = data;

  if (self->pid != 0)
    kill (self->pid, SIGKILL);
  return G_SOURCE_REMOVE;
}

static gboolean
begin_ending (gpointer data)
{
  Supervisor *self = data;

  self->is_ending = TRUE;
  if (self->pid == 0)
    {
      end (self, 0);
      return G_SOURCE_REMOVE;
    }
  kill (self->pid, SIGTERM);
  g_timeout_add (GRACE_MS, on_grace_over, self);
  return G_SOURCE_REMOVE;
}

/* In the thread that cancels. */
static void
on_cancelled (GCancellable *cancellable,
              gpointer      data)
{
  g_idle_add (begin_ending, data);
}

int
cli_supervisor_run (char         **argv,
                    int            fd,
                    GCancellable  *cancellable)
{
  Supervisor self = { .argv = argv, .fd = fd, .parent = getpid () };
  gulong handler;

  self.loop = g_main_loop_new (NULL, FALSE);
  handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), &self, NULL);
  start_worker (&self);
  if (self.pid != 0)
    g_main_loop_run (self.loop);
  g_cancellable_disconnect (cancellable, handler);
  g_main_loop_unref (self.loop);
  return self.exit_code;
}
