/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whom the client trusts: certificates that are wrong in every way, connections torn down while
 * they are made, proxies, and old protocols. The servers run in a process of their own, started
 * with --serve. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include <libivl/ivl-error.h>

#include "remote-fixture.h"

#define KEY "sk-Secret0123456789abcdef"

static const char *own_path;

/* The other process: a TLS server that answers every request alike, a connection at a time, and
 * tells on standard output its port, and then of each connection what was settled. */
static void
serve_connection (GSocketConnection *plain,
                  GTlsCertificate   *certificate)
{
  static const char *const protocols[] = { "h2", "http/1.1", NULL };
  static const char models[] = "{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\"}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) secure =
      g_tls_server_connection_new (G_IO_STREAM (plain), certificate, &error);
  char buffer[65536];
  gssize n;

  g_assert_no_error (error);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (secure), protocols);
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (secure), NULL, &error))
    return;
  g_print ("version %d, protocol %s\n",
           g_tls_connection_get_protocol_version (G_TLS_CONNECTION (secure)),
           g_tls_connection_get_negotiated_protocol (G_TLS_CONNECTION (secure)));
  fflush (stdout);
  while ((n = g_input_stream_read (g_io_stream_get_input_stream (secure), buffer, sizeof buffer,
                                   NULL, NULL)) > 0)
    {
      g_autofree char *reply = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                                                strlen (models), models);

      g_print ("request %.8s\n", buffer);
      fflush (stdout);
      g_output_stream_write_all (g_io_stream_get_output_stream (secure), reply, strlen (reply),
                                 NULL, NULL, NULL);
    }
}

static int
serve (const char *file)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GInetAddress) host = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (host, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (file, &error);

  g_assert_no_error (error);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  g_socket_listener_add_address (listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                 NULL, &bound, &error);
  g_assert_no_error (error);
  g_print ("port %u\n", g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  fflush (stdout);
  for (;;)
    {
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (listener, NULL, NULL, NULL);

      if (connection != NULL)
        serve_connection (connection, certificate);
    }
  return 0;
}

/* Such a process. */
typedef struct
{
  GSubprocess *process;
  char        *port;
} Server;

static void
server_start (Server     *self,
              const char *certificate,
              const char *priority)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "remote", "tls", certificate, NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *line = NULL;

  if (priority != NULL)
    g_subprocess_launcher_setenv (launcher, "G_TLS_GNUTLS_PRIORITY", priority, TRUE);
  self->process =
      g_subprocess_launcher_spawn (launcher, &error, own_path, "--serve", path, NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
  g_buffered_input_stream_set_buffer_size (G_BUFFERED_INPUT_STREAM (output), 1);
  line = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (line != NULL && g_str_has_prefix (line, "port "));
  self->port = g_strdup (line + strlen ("port "));
}

/* Ends it; what it has told of its connections. */
static char *
server_stop (Server *self)
{
  GInputStream *pipe = g_subprocess_get_stdout_pipe (self->process);
  GString *output = g_string_new (NULL);
  char buffer[4096];
  gssize n;

  /* What it was sent is dealt with by now, or never. */
  g_usleep (50 * 1000);
  g_subprocess_force_exit (self->process);
  while ((n = g_input_stream_read (pipe, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_string_append_len (output, buffer, n);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
  g_free (self->port);
  return g_string_free (output, FALSE);
}

/* Opens a model at https://HOST:PORT with the key in the environment. */
static IvlEngine *
open_at (const char  *host,
         const char  *port,
         gboolean     has_ca,
         GError     **error)
{
  g_autofree char *location = g_strdup_printf ("https://%s:%s/v1", host, port);
  IvlRemote *remote = ivl_remote_parse (location, error);
  IvlEngine *engine;

  g_assert_nonnull (remote);
  if (has_ca)
    remote->ca_file = g_test_build_filename (G_TEST_DIST, "remote", "tls", "ca.pem", NULL);
  g_setenv ("IVL_API_KEY", KEY, TRUE);
  engine = ivl_engine_openai_open_timed (remote, &remote_fixture_timeouts, NULL, NULL, NULL, error);
  g_unsetenv ("IVL_API_KEY");
  return engine;
}

static void
test_certificates (void)
{
  static const struct
  {
    const char *certificate;
    const char *host;
    gboolean    has_ca;
    const char *says; /* NULL: trusted */
  } rows[] = {
    { "good.pem", "127.0.0.1", TRUE, NULL },
    { "good.pem", "localhost", TRUE, NULL },
    { "good.pem", "127.0.0.1", FALSE, "ca-file" },
    { "self-signed.pem", "127.0.0.1", TRUE, "nobody whom this computer trusts" },
    { "self-signed.pem", "127.0.0.1", FALSE, "nobody whom this computer trusts" },
    { "expired.pem", "127.0.0.1", TRUE, "has expired" },
    { "future.pem", "127.0.0.1", TRUE, "not valid yet" },
    { "other-host.pem", "127.0.0.1", TRUE, "another name" },
    { "other-host.pem", "localhost", TRUE, "another name" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlEngine) engine = NULL;
      g_autofree char *told = NULL;
      Server server;

      server_start (&server, rows[i].certificate, NULL);
      engine = open_at (rows[i].host, server.port, rows[i].has_ca, &error);
      g_test_message ("row %u: %s", i, error != NULL ? error->message : "trusted");
      if (rows[i].says == NULL)
        {
          g_autoptr (RemoteOutcome) outcome = NULL;

          g_assert_no_error (error);
          /* Over the same connection; the reply is no stream */
          outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
          remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL, NULL);
        }
      else
        {
          g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
          g_assert_nonnull (strstr (error->message, rows[i].says));
          g_assert_null (strstr (error->message, "Secret"));
        }
      g_clear_object (&engine);
      told = server_stop (&server);
      /* A distrusted server gets no request; a trusted one speaks HTTP/1.1, though it would rather
       * speak HTTP/2 */
      g_assert_true ((strstr (told, "request GET /v1/") != NULL) == (rows[i].says == NULL));
      if (rows[i].says == NULL)
        g_assert_nonnull (strstr (told, "protocol http/1.1"));
    }
}

static void
test_old_protocols (void)
{
  static const char *const priorities[] = {
    "NORMAL:-VERS-ALL:+VERS-TLS1.0:%COMPAT",
    "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT",
  };

  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *told = NULL;
      Server server;

      server_start (&server, "good.pem", priorities[i]);
      g_assert_null (open_at ("127.0.0.1", server.port, TRUE, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
      g_test_message ("%s", error->message);
      told = server_stop (&server);
      /* The handshake succeeded, so that it is the client's own rule that is tried here */
      if (strstr (told, "version") == NULL)
        g_test_message ("the TLS library refuses it itself");
      else
        g_assert_nonnull (strstr (error->message, "no longer safe"));
      g_assert_null (strstr (told, "request"));
    }
}

static ReplayEnd
hang_up (ReplayConnection    *connection,
         const ReplayRequest *request,
         gpointer             data)
{
  return GPOINTER_TO_INT (data);
}

/* Something that is no TLS: the greeting is no request, so that the replay server waits on, and
 * ends with the connection. */
static void
test_no_tls (void)
{
  g_autoptr (ReplayServer) server =
      replay_server_new (NULL, hang_up, GINT_TO_POINTER (REPLAY_RESET));
  g_autofree char *port = g_strdup_printf ("%u", replay_server_get_port (server));
  IvlRemoteTimeouts timeouts = remote_fixture_timeouts;
  g_autofree char *location = g_strdup_printf ("https://127.0.0.1:%s/v1", port);
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse (location, &error);

  g_assert_no_error (error);
  timeouts.connect = 300;
  g_assert_null (ivl_engine_openai_open_timed (remote, &timeouts, NULL, NULL, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
  g_test_message ("%s", error->message);
}

/* What the server of a proxy was asked. */
static ReplayEnd
refuse_tunnel (ReplayConnection    *connection,
               const ReplayRequest *request,
               gpointer             data)
{
  char **head = data;

  g_free (*head);
  *head = g_strdup (request->head);
  remote_fixture_send (connection, 403, "", "no");
  return REPLAY_CLOSE;
}

/* A proxy of the environment is asked for a tunnel, and gets neither key nor request; for this
 * computer none is asked. */
static void
test_proxy (void)
{
  g_autofree char *head = NULL;
  g_autoptr (ReplayServer) proxy = replay_server_new (NULL, refuse_tunnel, &head);
  g_autofree char *address =
      g_strdup_printf ("http://127.0.0.1:%u", replay_server_get_port (proxy));
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) excepted = NULL;
  g_autoptr (GError) local = NULL;
  IvlEngine *engine;

  g_setenv ("https_proxy", address, TRUE);
  g_assert_null (open_at ("gpu.invalid", "443", FALSE, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
  g_assert_nonnull (head);
  g_assert_true (g_str_has_prefix (head, "CONNECT gpu.invalid:443 "));
  g_assert_nonnull (strstr (error->message, "proxy"));
  g_assert_null (strstr (head, "Secret"));
  g_assert_null (strstr (head, "Authorization"));
  g_clear_pointer (&head, g_free);

  g_setenv ("no_proxy", "other.example, gpu.invalid", TRUE);
  engine = open_at ("gpu.invalid", "443", FALSE, &excepted);
  g_assert_null (engine);
  g_test_message ("%s", excepted->message);
  g_assert_null (head);
  g_unsetenv ("no_proxy");

  engine = open_at ("127.0.0.1", "9", FALSE, &local);
  g_assert_null (engine);
  g_assert_null (head);
  g_unsetenv ("https_proxy");
}

/* A name that cannot exist. */
static void
test_name (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_at ("gpu.invalid", "8000", FALSE, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "gpu.invalid"));
  g_assert_null (strstr (error->message, "8000"));
}

static void
test_ca_file (void)
{
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse ("https://127.0.0.1:9/v1", &error);

  g_assert_no_error (error);
  remote->ca_file = g_strdup ("/nonexistent/ca.pem");
  g_assert_null (ivl_engine_openai_open_timed (remote, &remote_fixture_timeouts, NULL, NULL, NULL,
                                               &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_nonnull (strstr (error->message, "/nonexistent/ca.pem"));
}

/* The leak checker itself dies of the threads' memory once GnuTLS has been loaded (GCC 12: "Tracer
 * caught signal 11"); all other checks stay on. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}

int
main (int    argc,
      char **argv)
{
  if (argc == 3 && strcmp (argv[1], "--serve") == 0)
    return serve (argv[2]);
  own_path = argv[0];
  g_test_init (&argc, &argv, NULL);
  /* GnuTLS warns of a system without ca-certificates; what is trusted here is another matter. */
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  g_unsetenv ("IVL_API_KEY");
  g_unsetenv ("https_proxy");
  g_unsetenv ("no_proxy");
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_print ("1..0 # SKIP glib-networking is not installed\n");
      return 0;
    }
  g_test_add_func ("/client-tls/certificates", test_certificates);
  g_test_add_func ("/client-tls/old-protocols", test_old_protocols);
  g_test_add_func ("/client-tls/no-tls", test_no_tls);
  g_test_add_func ("/client-tls/proxy", test_proxy);
  g_test_add_func ("/client-tls/name", test_name);
  g_test_add_func ("/client-tls/ca-file", test_ca_file);
  return g_test_run ();
}
