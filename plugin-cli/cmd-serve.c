/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl serve: two processes. The first one listens and starts the second one, which opens the model
 * and answers; it starts it again when it crashes. */
#include "cli-interrupt.h"
#include "cli-options.h"
#include "cli-output.h"
#include "cli-supervisor.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char    *address;
  char    *socket;
  char    *key_file;
  double   idle_exit;
  int      max_running;
  int      max_waiting;
  int      cache;       /* MiB */
  gboolean verbose;
  gboolean is_worker;
} Settings;

static void
settings_clear (Settings *self)
{
  g_free (self->address);
  g_free (self->socket);
  g_free (self->key_file);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Settings, settings_clear)

static IvlServer *
make_server (const Settings *settings,
             const char     *model)
{
  return g_object_new (IVL_TYPE_SERVER,
                       "model", model,
                       "address", settings->address,
                       "socket", settings->socket,
                       "api-key-file", settings->key_file,
                       "idle-exit", settings->idle_exit,
                       "max-running", (guint) settings->max_running,
                       "max-waiting", (guint) settings->max_waiting,
                       "cache-limit", (guint64) settings->cache << 20,
                       "crash-notice", TRUE,
                       NULL);
}

static void
on_ready (IvlServer *server,
          gpointer   data)
{
  g_autofree char *location = ivl_server_get_location (server);

  cli_output_error (_ ("ready at %s"), location);
}

/* The library's lines go to standard error, where GLib would not put them. */
static void
on_log (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        data)
{
  cli_output_error ("%s", message);
}

static gboolean
wants_log (const Settings *settings)
{
  const char *domains = g_getenv ("G_MESSAGES_DEBUG");

  return settings->verbose ||
         (domains != NULL && (strstr (domains, "Ivl") != NULL || strcmp (domains, "all") == 0));
}

static CliExit
run_worker (IvlServer      *server,
            const Settings *settings)
{
  g_autoptr (GError) error = NULL;

  if (wants_log (settings))
    g_log_set_handler ("Ivl", G_LOG_LEVEL_INFO, on_log, NULL);
  g_signal_connect (server, "ready", G_CALLBACK (on_ready), NULL);
  if (ivl_server_adopt (server, CLI_SUPERVISOR_FD, &error) &&
      ivl_server_run (server, cli_interrupt_get_cancellable (), &error))
    return CLI_EXIT_DONE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return CLI_EXIT_DONE;
  cli_output_error ("%s", error->message);
  return CLI_EXIT_MODEL;
}

/* Whether the key file is one that a server can use: only for its owner to read */
static gboolean
can_read_keys (const Settings *settings)
{
  GStatBuf status;

  return settings->key_file == NULL ||
         (g_stat (settings->key_file, &status) == 0 && S_ISREG (status.st_mode) &&
          (status.st_mode & 077) == 0 && g_access (settings->key_file, R_OK) == 0 &&
          status.st_size > 0);
}

/* The worker gets the same options, with the model that was found. */
static CliExit
run_supervisor (IvlServer      *server,
                const Settings *settings,
                const char     *model)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = NULL;
  g_autofree char *idle = NULL;
  g_autofree char *running = g_strdup_printf ("--max-running=%d", settings->max_running);
  g_autofree char *waiting = g_strdup_printf ("--max-waiting=%d", settings->max_waiting);
  g_autofree char *cache = g_strdup_printf ("--cache=%d", settings->cache);
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_autoptr (GError) error = NULL;

  if (!ivl_server_listen (server, cli_interrupt_get_cancellable (), &error))
    {
      cli_output_error ("%s", error->message);
      /* A malformed address is a typing error; a port that is taken or a file that is not there is
       * none. */
      return g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION) &&
                     can_read_keys (settings)
                 ? CLI_EXIT_USAGE
                 : CLI_EXIT_LISTEN;
    }
  idle = g_strconcat ("--idle-exit=", g_ascii_dtostr (digits, sizeof digits, settings->idle_exit),
                      NULL);
  g_strv_builder_add_many (builder, "ivl", "serve", "--worker", idle, running, waiting,
                           cache, "--model", model, NULL);
  if (settings->address != NULL)
    g_strv_builder_add_many (builder, "--listen", settings->address, NULL);
  if (settings->key_file != NULL)
    g_strv_builder_add_many (builder, "--api-key-file", settings->key_file, NULL);
  if (settings->verbose)
    g_strv_builder_add (builder, "--verbose");
  argv = g_strv_builder_end (builder);
  return (CliExit) cli_supervisor_run (argv, ivl_server_get_fd (server),
                                       cli_interrupt_get_cancellable ());
}

static CliExit
check_settings (const CliCommand *command,
                const Settings   *settings)
{
  if (settings->address != NULL && settings->socket != NULL)
    return cli_options_refuse (command, _ ("--listen and --socket exclude each other"));
  if (!(settings->idle_exit >= 0 && settings->idle_exit <= 525600))
    return cli_options_refuse (command, _ ("--idle-exit is a number of minutes"));
  if (settings->max_running < 1 || settings->max_running > 1024)
    return cli_options_refuse (command, _ ("--max-running is 1 to 1024"));
  if (settings->max_waiting < 0 || settings->max_waiting > 65536)
    return cli_options_refuse (command, _ ("--max-waiting is 0 to 65536"));
  if (settings->cache < 0 || settings->cache > 1 << 20)
    return cli_options_refuse (command, _ ("--cache is 0 to 1048576"));
  return CLI_EXIT_DONE;
}

CliExit
cmd_serve_run (const CliCommand *command,
               int               argc,
               char            **argv)
{
  g_auto (Settings) settings = { .max_running = 16, .max_waiting = 64, .cache = 1024 };
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_FILENAME, &settings.address,
      N_ ("Listen on a TCP address; port 0 takes a free one"), N_ ("HOST:PORT") },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &settings.socket,
      N_ ("Listen on a Unix socket other than your own service's"), N_ ("PATH") },
    { "api-key-file", 0, 0, G_OPTION_ARG_FILENAME, &settings.key_file,
      N_ ("Ask for one of the keys in a file of mode 0600, one a line"), N_ ("FILE") },
    { "idle-exit", 0, 0, G_OPTION_ARG_DOUBLE, &settings.idle_exit,
      N_ ("End when nobody has asked for so long"), N_ ("MINUTES") },
    { "max-running", 0, 0, G_OPTION_ARG_INT, &settings.max_running,
      N_ ("Answers made at a time (16)"), N_ ("N") },
    { "max-waiting", 0, 0, G_OPTION_ARG_INT, &settings.max_waiting,
      N_ ("Requests that may wait in line (64)"), N_ ("N") },
    { "cache", 0, 0, G_OPTION_ARG_INT, &settings.cache,
      N_ ("Memory for what further requests can begin with, in MiB (1024)"), N_ ("N") },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &settings.verbose,
      N_ ("Write a line for each request on standard error"), NULL },
    { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &settings.is_worker, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (CliOptions) options = { 0 };
  g_autoptr (IvlServer) server = NULL;
  g_autofree char *model = NULL;
  g_autoptr (GError) error = NULL;
  CliExit code;

  if (!cli_options_parse (&options, command, CLI_OPTIONS_MODEL, entries, &argc, &argv))
    return CLI_EXIT_USAGE;
  if (argc > 1)
    return cli_options_refuse (command, _ ("the model is named by --model"));
  code = check_settings (command, &settings);
  if (code != CLI_EXIT_DONE)
    return code;

  model = options.model != NULL ? ivl_model_find (options.model, &error)
                                : ivl_model_find_local (&error);
  if (model == NULL)
    {
      cli_output_error ("%s", error->message);
      return CLI_EXIT_MODEL;
    }
  if (!g_file_test (model, G_FILE_TEST_IS_DIR))
    {
      cli_output_error (_ ("%s is no model folder on this computer"), model);
      return CLI_EXIT_MODEL;
    }
  server = make_server (&settings, model);
  return settings.is_worker ? run_worker (server, &settings)
                            : run_supervisor (server, &settings, model);
}
