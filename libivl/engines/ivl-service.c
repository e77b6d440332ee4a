/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's own service: found by its socket, started when it does not answer.
 */
#include "engines/ivl-service.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_ENVIRONMENT "IVL_SERVE_COMMAND"
/* Minutes without a request after which a service that was started on demand leaves. */
#define IDLE_MINUTES "15"
#define HEALTH_SECONDS 2
#define POLL_MICROSECONDS (50 * 1000)
/* The weights are mapped, so a service is ready within seconds; a busy machine is given more. */
#define START_SECONDS 300
#define LOG_TAIL_BYTES 4096
#define LOG_LINE_BYTES 400

/* One attempt to reach the service. */
typedef struct
{
  const IvlRemote *remote;
  IvlProgressFunc  progress;
  gpointer         progress_data;
  GCancellable    *cancellable;
  char            *folder;  /* (owned) where the socket is */
  gint64           deadline;
  GSubprocess     *process; /* (owned) what this attempt has started; (nullable) */
  int              lock;    /* descriptor of start.lock, -1 without */
} ServiceStart;

static void
service_start_clear (ServiceStart *self)
{
  g_free (self->folder);
  g_clear_object (&self->process);
  if (self->lock >= 0)
    close (self->lock);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ServiceStart, service_start_clear)

/* The folder is this user's alone, so nobody else can listen in place of the service. */
static gboolean
check_folder (const char  *folder,
              GError     **error)
{
  struct stat info;

  if (g_mkdir_with_parents (folder, 0700) != 0 || g_lstat (folder, &info) != 0)
    {
      int code = errno;

      g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
                   "%s: the folder of the service's socket cannot be made: %s", folder,
                   g_strerror (code));
      return FALSE;
    }
  if (!S_ISDIR (info.st_mode) || info.st_uid != geteuid () ||
      (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%s: not a folder that this user alone can write (mode %04o, owner %u): remove "
                   "it or make it so with chmod 700",
                   folder, (guint) (info.st_mode & 07777), (guint) info.st_uid);
      return FALSE;
    }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    g_chmod (folder, 0700);
  return TRUE;
}

char *
ivl_service_get_socket (GError **error)
{
  g_autofree char *socket = ivl_remote_get_service_socket ();
  g_autofree char *folder = g_path_get_dirname (socket);

  return check_folder (folder, error) ? g_steal_pointer (&socket) : NULL;
}

/* The status of an HTTP reply's first bytes; 0 while its first line is incomplete. */
static guint
parse_status (const char *bytes)
{
  if (strchr (bytes, '\n') == NULL || !g_str_has_prefix (bytes, "HTTP/1.") ||
      strlen (bytes) < strlen ("HTTP/1.1 200"))
    return 0;
  return (guint) g_ascii_strtoull (bytes + strlen ("HTTP/1.1 "), NULL, 10);
}

static guint
ask_health (GIOStream    *stream,
            GCancellable *cancellable)
{
  static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
                                "Connection: close\r\n\r\n";
  char bytes[512] = { 0 };
  gsize length = 0;
  gssize n;

  if (!g_output_stream_write_all (g_io_stream_get_output_stream (stream), request,
                                  sizeof request - 1, NULL, cancellable, NULL))
    return 0;
  while (length < sizeof bytes - 1 && parse_status (bytes) == 0)
    {
      n = g_input_stream_read (g_io_stream_get_input_stream (stream), bytes + length,
                               sizeof bytes - 1 - length, cancellable, NULL);
      if (n <= 0)
        break;
      length += (gsize) n;
    }
  return parse_status (bytes);
}

IvlServiceState
ivl_service_get_state (const char   *socket,
                       GCancellable *cancellable)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (socket);
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError) error = NULL;
  guint status;

  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, HEALTH_SECONDS);
  connection =
      g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), cancellable, &error);
  if (connection == NULL)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? IVL_SERVICE_SILENT
                                                                     : IVL_SERVICE_ABSENT;
  status = ask_health (G_IO_STREAM (connection), cancellable);
  if (status == 0)
    return IVL_SERVICE_SILENT;
  return status == 200 ? IVL_SERVICE_READY : IVL_SERVICE_LOADING;
}

/* The program and the words before "serve" (transfer full). */
static GStrv
find_command (GError **error)
{
  const char *environment = g_getenv (COMMAND_ENVIRONMENT);
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *beside = folder != NULL ? g_build_filename (folder, "ivl", NULL) : NULL;
  g_autofree char *program = NULL;
  g_auto (GStrv) words = NULL;

  if (environment != NULL && *environment != '\0')
    {
      if (g_shell_parse_argv (environment, NULL, &words, NULL))
        return g_steal_pointer (&words);
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                   "The service cannot be started: " COMMAND_ENVIRONMENT " is no command line");
      return NULL;
    }
  if (beside != NULL && g_file_test (beside, G_FILE_TEST_IS_REGULAR) &&
      g_file_test (beside, G_FILE_TEST_IS_EXECUTABLE))
    program = g_steal_pointer (&beside);
  else
    program = g_find_program_in_path ("ivl");
  if (program != NULL)
    {
      const char *const found[] = { program, NULL };

      return g_strdupv ((GStrv) found);
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
               "The service cannot be started: the program ivl is not installed");
  return NULL;
}

static GStrv
build_command (const IvlRemote  *remote,
               GError          **error)
{
  g_auto (GStrv) words = find_command (error);
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();

  if (words == NULL)
    return NULL;
  g_strv_builder_addv (command, (const char **) words);
  g_strv_builder_add_many (command, "serve", "--idle-exit", IDLE_MINUTES, NULL);
  if (remote->served != NULL)
    g_strv_builder_add_many (command, "--model", remote->served, NULL);
  return g_strv_builder_end (command);
}

/* A session of its own: neither Ctrl-C nor the end of the terminal that started it reaches it. */
static void
leave_session (gpointer data)
{
  setsid ();
}

/* The service runs in another folder, has no use for a key, and cannot serve a server. */
static void
set_environment (GSubprocessLauncher *launcher)
{
  const char *model = g_getenv ("IVL_MODEL");
  g_autofree char *whole = NULL;

  g_subprocess_launcher_unsetenv (launcher, "IVL_API_KEY");
  if (model == NULL)
    return;
  whole = g_canonicalize_filename (model, NULL);
  if (ivl_remote_is_location (model))
    g_subprocess_launcher_unsetenv (launcher, "IVL_MODEL");
  else if (g_file_test (model, G_FILE_TEST_IS_DIR))
    g_subprocess_launcher_setenv (launcher, "IVL_MODEL", whole, TRUE);
}

static gboolean
start_process (ServiceStart  *self,
               GError       **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *log = g_build_filename (self->folder, "serve.log", NULL);
  g_auto (GStrv) command = build_command (self->remote, error);
  g_autoptr (GError) reason = NULL;
  int fd;

  if (command == NULL)
    return FALSE;
  fd = open (log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "%s: %s", log,
                   g_strerror (errno));
      return FALSE;
    }
  g_subprocess_launcher_take_stdout_fd (launcher, fd);
  g_subprocess_launcher_take_stderr_fd (launcher, fcntl (fd, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_set_child_setup (launcher, leave_session, NULL, NULL);
  set_environment (launcher);
  g_clear_object (&self->process);
  self->process =
      g_subprocess_launcher_spawnv (launcher, (const char *const *) command, &reason);
  if (self->process != NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
               "The service cannot be started: %s", reason->message);
  return FALSE;
}

/* The last line with something in it; NULL when there is none. */
static char *
read_log_line (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "serve.log", NULL);
  g_autofree char *text = NULL;
  g_autofree char *valid = NULL;
  const char *start;
  const char *line;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return NULL;
  start = length > LOG_TAIL_BYTES ? text + length - LOG_TAIL_BYTES : text;
  valid = g_utf8_make_valid (g_strchomp ((char *) start), -1);
  line = strrchr (valid, '\n') != NULL ? strrchr (valid, '\n') + 1 : valid;
  if (g_str_has_prefix (line, "ivl: "))
    line += strlen ("ivl: ");
  return *line != '\0' ? g_utf8_substring (line, 0, MIN (LOG_LINE_BYTES, g_utf8_strlen (line, -1)))
                       : NULL;
}

/* Whether a service runs or is about to leave, though it may not answer. */
static gboolean
is_lock_held (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "serve.lock", NULL);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean held;

  if (fd < 0)
    return FALSE;
  held = flock (fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close (fd);
  return held;
}

/* One step of waiting: FALSE with an error when it is over. */
static gboolean
wait_step (const ServiceStart  *self,
           GError             **error)
{
  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  if (g_get_monotonic_time () > self->deadline)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                   "The service at %s did not become ready within %u s", self->remote->socket,
                   (guint) START_SECONDS);
      return FALSE;
    }
  if (self->progress != NULL)
    self->progress (IVL_PHASE_LOAD, 0, 0, self->progress_data);
  g_usleep (POLL_MICROSECONDS);
  return TRUE;
}

/* Holds start.lock, or sees the service ready while another holds it. */
static gboolean
take_lock (ServiceStart     *self,
           IvlServiceState  *state,
           GError          **error)
{
  g_autofree char *path = g_build_filename (self->folder, "start.lock", NULL);

  self->lock = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (self->lock < 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "%s: %s", path,
                   g_strerror (errno));
      return FALSE;
    }
  while (flock (self->lock, LOCK_EX | LOCK_NB) != 0)
    {
      if (!wait_step (self, error))
        return FALSE;
      *state = ivl_service_get_state (self->remote->socket, self->cancellable);
      if (*state == IVL_SERVICE_READY)
        return TRUE;
    }
  *state = ivl_service_get_state (self->remote->socket, self->cancellable);
  return TRUE;
}

/* The started process is gone without having served: because another one still holds the lock, and
 * then it is worth trying again, or for a reason that it wrote down. */
static gboolean
handle_exit (ServiceStart  *self,
             GError       **error)
{
  g_autofree char *line = NULL;

  g_clear_object (&self->process);
  if (is_lock_held (self->folder))
    return TRUE;
  line = read_log_line (self->folder);
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
               "The service ended before it was ready: %s", line != NULL ? line : "without a word");
  return FALSE;
}

/* With start.lock held: starts a process whenever nobody serves, until the service is ready. */
static gboolean
start_and_wait (ServiceStart     *self,
                IvlServiceState   state,
                GError          **error)
{
  while (state != IVL_SERVICE_READY)
    {
      gboolean running =
          self->process != NULL && g_subprocess_get_identifier (self->process) != NULL;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error) ||
          (self->process != NULL && !running && !handle_exit (self, error)))
        return FALSE;
      if (state == IVL_SERVICE_ABSENT && self->process == NULL && !is_lock_held (self->folder) &&
          !start_process (self, error))
        return FALSE;
      if (!wait_step (self, error))
        return FALSE;
      state = ivl_service_get_state (self->remote->socket, self->cancellable);
    }
  return TRUE;
}

gboolean
ivl_service_ensure (const IvlRemote  *remote,
                    IvlProgressFunc   progress,
                    gpointer          progress_data,
                    GCancellable     *cancellable,
                    GError          **error)
{
  g_autofree char *socket = ivl_service_get_socket (error);
  g_auto (ServiceStart) start = {
    .remote = remote,
    .progress = progress,
    .progress_data = progress_data,
    .cancellable = cancellable,
    .deadline = g_get_monotonic_time () + START_SECONDS * G_TIME_SPAN_SECOND,
    .lock = -1,
  };
  IvlServiceState state;

  if (socket == NULL)
    return FALSE;
  state = ivl_service_get_state (remote->socket, cancellable);
  if (state == IVL_SERVICE_READY)
    return TRUE;
  start.folder = g_path_get_dirname (socket);
  return take_lock (&start, &state, error) && start_and_wait (&start, state, error);
}
