/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connections to one server: a libsoup session with everything switched off that is not needed,
 * on a thread of its own. What may be trusted, and who gets the key, is decided here.
 */
#include "engines/ivl-remote-http.h"

#include <gio/gunixsocketaddress.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_CONNECTIONS = 256, /* the gate decides; libsoup's own two for a host would queue unseen */
  IDLE_SECONDS = 30,
};

struct _IvlRemoteHttp
{
  const IvlRemote    *remote;
  GSocketConnectable *connectable;   /* (nullable) */
  GTlsDatabase       *certificates;  /* (nullable): the system's */
  GProxyResolver     *proxies;       /* (nullable): none */
  char               *authorization; /* (nullable) */
  GThread            *thread;
  GMainContext       *context;
  /* Only in the thread */
  SoupSession        *session;
  GMainLoop          *loop;
  int                 n_open;
};

static gboolean
is_https (const IvlRemote *remote)
{
  return g_str_has_prefix (remote->base, "https://");
}

/* The hosts of no_proxy (transfer full). */
static GStrv
list_exceptions (void)
{
  const char *text = g_getenv ("no_proxy");
  g_auto (GStrv) words = NULL;
  GPtrArray *hosts = g_ptr_array_new ();

  if (text == NULL)
    text = g_getenv ("NO_PROXY");
  words = g_strsplit_set (text != NULL ? text : "", ", ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_ptr_array_add (hosts, g_strdup (words[i]));
  g_ptr_array_add (hosts, NULL);
  return (GStrv) g_ptr_array_free (hosts, FALSE);
}

/* Proxies see where a connection goes, so none is asked for what stays on this computer; and they
 * see everything of plain HTTP. */
static GProxyResolver *
create_proxy_resolver (const IvlRemote *remote)
{
  static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
  g_auto (GStrv) hosts = list_exceptions ();

  if (remote->is_loopback || remote->socket != NULL || !is_https (remote))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *proxy = g_getenv (names[i]);
      g_autofree char *address = NULL;

      if (proxy == NULL || *proxy == '\0')
        continue;
      address = strstr (proxy, "://") != NULL ? g_strdup (proxy)
                                              : g_strconcat ("http://", proxy, NULL);
      if (g_strv_contains ((const char *const *) hosts, "*"))
        return NULL;
      return g_simple_proxy_resolver_new (address, hosts);
    }
  return g_object_ref (g_proxy_resolver_get_default ());
}

static gboolean
load_certificates (IvlRemoteHttp  *self,
                   GError        **error)
{
  if (self->remote->ca_file == NULL)
    return TRUE;
  self->certificates = ivl_remote_load_certificates (self->remote->ca_file, error);
  return self->certificates != NULL;
}

static gboolean
set_key (IvlRemoteHttp  *self,
         const char     *key,
         GError        **error)
{
  const IvlRemote *remote = self->remote;

  if (key == NULL)
    return TRUE;
  for (const char *p = key; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                     "The API key for %s has characters that no key has", remote->origin);
        return FALSE;
      }
  if (!is_https (remote) && !remote->is_loopback && remote->socket == NULL &&
      !remote->insecure_http)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "The API key for %s would be sent over plain HTTP, readable for everyone on "
                   "the way: use https, or allow it with insecure-http in the configuration",
                   remote->origin);
      return FALSE;
    }
  self->authorization = g_strconcat ("Bearer ", key, NULL);
  return TRUE;
}

GString *
ivl_remote_http_hide_key (IvlRemoteHttp *self,
                          const char    *text,
                          gsize          n)
{
  GString *safe = g_string_sized_new (n + 1);
  const char *key = self->authorization != NULL ? self->authorization + strlen ("Bearer ") : NULL;
  const char *end = text + n;
  const char *found;

  while (key != NULL && (found = memmem (text, (gsize) (end - text), key, strlen (key))) != NULL)
    {
      g_string_append_len (safe, text, found - text);
      g_string_append (safe, "[the key]");
      text = found + strlen (key);
    }
  return g_string_append_len (safe, text, end - text);
}

/* Only what a request needs. An authentication manager would repeat requests, a decoder turn 200 kB
 * into gigabytes, cookies tell one run from another. */
static SoupSession *
create_session (IvlRemoteHttp *self)
{
  const GType unwanted[] = {
    SOUP_TYPE_AUTH_MANAGER, SOUP_TYPE_CONTENT_DECODER, SOUP_TYPE_CONTENT_SNIFFER,
    SOUP_TYPE_COOKIE_JAR,   SOUP_TYPE_HSTS_ENFORCER,   SOUP_TYPE_WEBSOCKET_EXTENSION_MANAGER,
    SOUP_TYPE_CACHE,
  };
  /* No timeout of its own: the calls have theirs. */
  SoupSession *session = g_object_new (
      SOUP_TYPE_SESSION, "max-conns", MAX_CONNECTIONS, "max-conns-per-host", MAX_CONNECTIONS,
      "timeout", 0, "idle-timeout", IDLE_SECONDS, "user-agent", "ivl", "accept-language-auto",
      FALSE, "remote-connectable", self->connectable, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (unwanted); i++)
    soup_session_remove_feature_by_type (session, unwanted[i]);
  soup_session_set_proxy_resolver (session, self->proxies);
  if (self->certificates != NULL)
    soup_session_set_tls_database (session, self->certificates);
  return session;
}

/* GLib may lock up when one thread makes the first object of a class while another registers a type
 * that this class uses (seen with 2.74: SoupSession here, GProxyAddress there). Classes that
 * threads share are made before there are two. */
static void
prepare_classes (void)
{
  static gsize prepared;

  if (g_once_init_enter (&prepared))
    {
      const GType types[] = {
        G_TYPE_UNIX_SOCKET_ADDRESS, G_TYPE_PROXY_ADDRESS, G_TYPE_NETWORK_ADDRESS,
        G_TYPE_SOCKET_CLIENT,       G_TYPE_TCP_CONNECTION, G_TYPE_TLS_CERTIFICATE,
        SOUP_TYPE_SESSION,          SOUP_TYPE_MESSAGE,
      };

      for (guint i = 0; i < G_N_ELEMENTS (types); i++)
        g_type_class_unref (g_type_class_ref (types[i]));
      g_once_init_leave (&prepared, 1);
    }
}

static gpointer
run_thread (gpointer data)
{
  IvlRemoteHttp *self = data;

  g_main_context_push_thread_default (self->context);
  self->session = create_session (self);
  g_main_loop_run (self->loop);
  soup_session_abort (self->session);
  while (self->n_open > 0)
    g_main_context_iteration (self->context, TRUE);
  g_clear_object (&self->session);
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

IvlRemoteHttp *
ivl_remote_http_new (const IvlRemote  *remote,
                     const char       *key,
                     GError          **error)
{
  g_autoptr (IvlRemoteHttp) self = g_new0 (IvlRemoteHttp, 1);

  prepare_classes ();
  self->remote = remote;
  if (!set_key (self, key, error) || !load_certificates (self, error))
    return NULL;
  if (remote->socket != NULL)
    self->connectable = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (remote->socket));
  self->proxies = create_proxy_resolver (remote);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->thread = g_thread_try_new ("ivl-remote", run_thread, self, error);
  if (self->thread == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
ivl_remote_http_free (IvlRemoteHttp *self)
{
  if (self->thread != NULL)
    {
      ivl_remote_http_run (self, quit, self->loop);
      g_thread_join (self->thread);
    }
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_object (&self->connectable);
  g_clear_object (&self->certificates);
  g_clear_object (&self->proxies);
  if (self->authorization != NULL)
    explicit_bzero (self->authorization, strlen (self->authorization));
  g_free (self->authorization);
  g_free (self);
}

const IvlRemote *
ivl_remote_http_get_remote (IvlRemoteHttp *self)
{
  return self->remote;
}

void
ivl_remote_http_run (IvlRemoteHttp *self,
                     GSourceFunc    func,
                     gpointer       data)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, self->context);
}

/* HTTP/2 is settled while the TLS connection is made: offering HTTP/1.1 alone keeps to it. */
static void
on_network_event (SoupMessage        *message,
                  GSocketClientEvent  event,
                  GIOStream          *connection,
                  gpointer            data)
{
  static const char *const protocols[] = { "http/1.1", NULL };

  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING && G_IS_TLS_CONNECTION (connection))
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (connection), protocols);
}

SoupMessage *
ivl_remote_http_create_message (IvlRemoteHttp *self,
                                const char    *method,
                                const char    *path)
{
  g_autofree char *address = g_strconcat (self->remote->base, path, NULL);
  SoupMessage *message = soup_message_new (method, address);
  SoupMessageHeaders *headers;

  if (message == NULL)
    return NULL;
  headers = soup_message_get_request_headers (message);
  /* A question changes nothing: without the second flag libsoup makes a new connection for each. */
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT);
  if (self->authorization != NULL)
    soup_message_headers_replace (headers, "Authorization", self->authorization);
  g_signal_connect (message, "network-event", G_CALLBACK (on_network_event), NULL);
  return message;
}

SoupSession *
ivl_remote_http_get_session (IvlRemoteHttp *self)
{
  return self->session;
}

void
ivl_remote_http_count (IvlRemoteHttp *self,
                       int            n)
{
  self->n_open += n;
}
