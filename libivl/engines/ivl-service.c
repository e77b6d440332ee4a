/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's own service: found by its socket, started when it does not answer, and started anew
 * when it has another model and nothing to do.
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

#include "engines/ivl-service-end.h"
#include "engines/ivl-service-program.h"
#include "util/ivl-conf-file.h"
#include "util/ivl-model-folders.h"
#include "wire/ivl-wire-models.h"

#define REPLY_SECONDS 2
/* More than /metrics and the entry of one model have. */
#define MOST_REPLY_BYTES (256 * 1024)
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
  gboolean         is_served; /* another starter has done it */
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

/* What the service says to a GET; *status is 0 when it does not answer in time. NULL with an error
 * when nobody listens (transfer full). */
static GString *
ask (const char    *socket,
     const char    *path,
     GCancellable  *cancellable,
     guint         *status,
     GError       **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (socket);
  g_autofree char *request =
      g_strdup_printf ("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
  g_autoptr (GSocketConnection) connection = NULL;
  GString *reply;
  char bytes[4096];
  gssize n = 0;

  *status = 0;
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, REPLY_SECONDS);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), cancellable, error);
  if (connection == NULL)
    return NULL;
  reply = g_string_new (NULL);
  if (!g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                                  request, strlen (request), NULL, cancellable, NULL))
    return reply;
  while (reply->len < MOST_REPLY_BYTES &&
         (n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), bytes,
                                   sizeof bytes, cancellable, NULL)) > 0)
    g_string_append_len (reply, bytes, n);
  *status = parse_status (reply->str);
  return reply;
}

/* The body of a reply of status 200; NULL without one (transfer full). */
static char *
ask_body (const char   *socket,
          const char   *path,
          GCancellable *cancellable)
{
  guint status;
  g_autoptr (GString) reply = ask (socket, path, cancellable, &status, NULL);
  const char *end = reply != NULL ? strstr (reply->str, "\r\n\r\n") : NULL;

  return status == 200 && end != NULL ? g_strdup (end + strlen ("\r\n\r\n")) : NULL;
}

IvlServiceState
ivl_service_get_state (const char   *socket,
                       GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  guint status;
  g_autoptr (GString) reply = ask (socket, "/health", cancellable, &status, &error);

  if (reply == NULL)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? IVL_SERVICE_SILENT
                                                                     : IVL_SERVICE_ABSENT;
  if (status == 0)
    return IVL_SERVICE_SILENT;
  return status == 200 ? IVL_SERVICE_READY : IVL_SERVICE_LOADING;
}

static GStrv
build_command (const IvlRemote  *remote,
               GError          **error)
{
  g_autoptr (GKeyFile) config = ivl_conf_file_load (error);
  g_auto (GStrv) words = config != NULL ? ivl_service_program_find (error) : NULL;
  g_autoptr (GStrvBuilder) command = g_strv_builder_new ();
  g_autofree char *idle = NULL;
  guint minutes;

  if (words == NULL || !ivl_conf_file_get_idle_exit (config, &minutes, error))
    return NULL;
  idle = g_strdup_printf ("%u", minutes);
  g_strv_builder_addv (command, (const char **) words);
  g_strv_builder_add_many (command, "serve", "--idle-exit", idle, NULL);
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

/* The name of the model that the service has; NULL when it does not tell (transfer full). */
static char *
get_model (const ServiceStart *self)
{
  g_autofree char *list = ask_body (self->remote->socket, "/v1/models", self->cancellable);
  g_autoptr (GPtrArray) models =
      list != NULL ? ivl_wire_models_parse (list, strlen (list), NULL) : NULL;

  return models != NULL && models->len == 1
             ? g_strdup (((const IvlWireModel *) g_ptr_array_index (models, 0))->id)
             : NULL;
}

/* The folder of the model that the service has, which is nobody's business but this user's: it
 * stands in the locked file. NULL when nothing does (transfer full). */
static char *
read_folder (const ServiceStart *self)
{
  g_autofree char *path = g_build_filename (self->folder, "serve.lock", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && g_path_is_absolute (text)
             ? g_steal_pointer (&text)
             : NULL;
}

/* The folder of the wanted model; NULL when it is not there (transfer full). */
static char *
find_folder (const ServiceStart *self)
{
  const char *served = self->remote->served;

  if (!g_path_is_absolute (served))
    return ivl_model_folders_find (served);
  return g_file_test (served, G_FILE_TEST_IS_DIR) ? g_strdup (served) : NULL;
}

/* Folders are told apart as far as they are known, else names. A service that does not tell its
 * model is left to who opens it. */
static gboolean
has_wanted_model (const ServiceStart  *self,
                  char               **present)
{
  g_autofree char *folder = NULL;
  g_autofree char *wanted = NULL;
  GStatBuf info;
  GStatBuf wanted_info;

  *present = self->remote->served != NULL ? get_model (self) : NULL;
  if (*present == NULL)
    return TRUE;
  if (strcmp (*present, self->remote->model) != 0)
    return FALSE;
  folder = read_folder (self);
  wanted = find_folder (self);
  return folder == NULL || wanted == NULL || g_stat (folder, &info) != 0 ||
         g_stat (wanted, &wanted_info) != 0 ||
         (info.st_dev == wanted_info.st_dev && info.st_ino == wanted_info.st_ino);
}

/* Holds start.lock, or sees the wanted service ready while another holds it (is_served). */
static gboolean
take_lock (ServiceStart     *self,
           IvlServiceState  *state,
           GError          **error)
{
  g_autofree char *path = g_build_filename (self->folder, "start.lock", NULL);
  g_autofree char *present = NULL;

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
      self->is_served = *state == IVL_SERVICE_READY && has_wanted_model (self, &present);
      if (self->is_served)
        return TRUE;
      g_clear_pointer (&present, g_free);
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

/* FALSE also when it cannot be told. */
static gboolean
is_at_rest (const ServiceStart *self)
{
  g_autofree char *metrics = ask_body (self->remote->socket, "/metrics", self->cancellable);

  return metrics != NULL && strstr (metrics, "\nivl_requests_running 0\n") != NULL &&
         strstr (metrics, "\nivl_requests_waiting 0\n") != NULL;
}

/* Ends a service that has another model and nothing to do, and waits until it is gone. A model that
 * is not there is no reason to end it. */
static gboolean
end_other (ServiceStart  *self,
           const char    *present,
           GError       **error)
{
  const char *served = self->remote->served;
  g_autofree char *wanted = find_folder (self);

  if (wanted == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   g_path_is_absolute (served) ? "There is no model folder %s"
                                               : "There is no model %s installed",
                   served);
      return FALSE;
    }
  if (!is_at_rest (self))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_BUSY,
                   "The service answers other questions with the model %s, so %s cannot take its "
                   "place now: try again when they are answered",
                   present, served);
      return FALSE;
    }
  if (!ivl_service_end (self->remote->socket, self->folder, error))
    return FALSE;
  while (is_lock_held (self->folder))
    if (!wait_step (self, error))
      return FALSE;
  return TRUE;
}

/* With start.lock held. A service that was started here has the model, whatever it calls it. */
static gboolean
serve_wanted (ServiceStart     *self,
              IvlServiceState   state,
              GError          **error)
{
  g_autofree char *present = NULL;

  if (!start_and_wait (self, state, error))
    return FALSE;
  if (self->process != NULL || has_wanted_model (self, &present))
    return TRUE;
  return end_other (self, present, error) && start_and_wait (self, IVL_SERVICE_ABSENT, error);
}

gboolean
ivl_service_ensure (const IvlRemote  *remote,
                    IvlProgressFunc   progress,
                    gpointer          progress_data,
                    GCancellable     *cancellable,
                    GError          **error)
{
  g_autofree char *socket = ivl_service_get_socket (error);
  g_autofree char *present = NULL;
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
  start.folder = g_path_get_dirname (socket);
  state = ivl_service_get_state (remote->socket, cancellable);
  if (state == IVL_SERVICE_READY && has_wanted_model (&start, &present))
    return TRUE;
  if (!take_lock (&start, &state, error))
    return FALSE;
  return start.is_served || serve_wanted (&start, state, error);
}
