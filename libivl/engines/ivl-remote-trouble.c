/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Errors of names, connections and certificates as sentences.
 */
#include "engines/ivl-remote-trouble.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "engines/ivl-remote-dialect.h"

char *
ivl_remote_trouble_name_certificate (GTlsCertificateFlags flags)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const char          *text;
  } reasons[] = {
    { G_TLS_CERTIFICATE_EXPIRED, "has expired" },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, "is not valid yet (is this computer's clock right?)" },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, "is made out to another name" },
    { G_TLS_CERTIFICATE_REVOKED, "has been revoked" },
    { G_TLS_CERTIFICATE_INSECURE, "is signed in a way that is no longer safe" },
    { G_TLS_CERTIFICATE_UNKNOWN_CA,
      "is signed by nobody whom this computer trusts (if it is your own, name it with ca-file)" },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if (flags & reasons[i].flag)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", and " : "", reasons[i].text);
  if (text->len == 0)
    g_string_append (text, "is not valid");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GError *
explain_tls (const GError    *failure,
             const IvlRemote *remote,
             SoupMessage     *message,
             gboolean        *is_lasting)
{
  GTlsCertificateFlags flags =
      message != NULL ? soup_message_get_tls_peer_certificate_errors (message) : 0;

  *is_lasting = TRUE;
  if (failure->code == G_TLS_ERROR_BAD_CERTIFICATE || flags != 0)
    {
      g_autofree char *reason = ivl_remote_trouble_name_certificate (flags);

      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                          "%s is not trusted: its certificate %s", remote->origin, reason);
    }
  if (failure->code == G_TLS_ERROR_UNAVAILABLE)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s needs TLS, which is not installed (package glib-networking)",
                        remote->origin);
  if (failure->code == G_TLS_ERROR_CERTIFICATE_REQUIRED)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s asks for a certificate of yours, which is not supported",
                        remote->origin);
  *is_lasting = failure->code != G_TLS_ERROR_EOF;
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                      "No safe connection with %s could be agreed on: %s", remote->origin,
                      failure->message);
}

/* Without the port (transfer full). */
static char *
get_host (const IvlRemote *remote)
{
  g_autoptr (GUri) uri = g_uri_parse (remote->base, G_URI_FLAGS_NONE, NULL);

  return g_strdup (uri != NULL && g_uri_get_host (uri) != NULL ? g_uri_get_host (uri)
                                                               : remote->origin);
}

static GError *
explain_name (const GError    *failure,
              const IvlRemote *remote,
              gboolean        *is_lasting)
{
  g_autofree char *host = get_host (remote);

  *is_lasting = failure->code != G_RESOLVER_ERROR_TEMPORARY_FAILURE;
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                      *is_lasting ? "There is no computer named %s"
                                  : "The name %s cannot be looked up now: is there a network?",
                      host);
}

static const char *
name_socket_trouble (int code)
{
  switch (code)
    {
    case G_IO_ERROR_NOT_FOUND:
      return "nothing listens there";
    case G_IO_ERROR_CONNECTION_REFUSED:
      return "it refuses connections";
    case G_IO_ERROR_PERMISSION_DENIED:
      return "access is denied";
    default:
      return NULL;
    }
}

/* Nobody listens on a port of this computer: the program that should is known by the engine that is
 * named, else by the port that is its own. */
static GError *
explain_not_started (const IvlRemote *remote)
{
  g_autoptr (GUri) uri = g_uri_parse (remote->base, G_URI_FLAGS_NONE, NULL);
  const IvlWireDialect *dialect =
      remote->engine != NULL ? ivl_remote_dialect_find (remote->engine, NULL)
                             : ivl_remote_dialect_find_by_port (g_uri_get_port (uri));

  if (dialect == NULL || dialect->start == NULL)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s refuses connections: start the program that listens there",
                        remote->origin);
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                      remote->engine != NULL
                          ? "%s refuses connections: start %s with \"%s\""
                          : "%s refuses connections: start the program that listens there; if it "
                            "is %s, with \"%s\"",
                      remote->origin, dialect->title, dialect->start);
}

static GError *
explain_io (const GError    *failure,
            const IvlRemote *remote,
            gboolean        *is_lasting)
{
  const char *origin = remote->origin;
  const char *reason = name_socket_trouble (failure->code);

  if (remote->socket != NULL && reason != NULL)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "The server of socket %s cannot be reached: %s", remote->socket, reason);
  switch (failure->code)
    {
    case G_IO_ERROR_CONNECTION_REFUSED:
      if (remote->is_loopback)
        return explain_not_started (remote);
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                          "%s refuses connections: is the server running?", origin);
    case G_IO_ERROR_HOST_NOT_FOUND:
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "There is no computer named %s",
                          origin);
    case G_IO_ERROR_HOST_UNREACHABLE:
    case G_IO_ERROR_NETWORK_UNREACHABLE:
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                          "There is no way to %s: is there a network?", origin);
    case G_IO_ERROR_TIMED_OUT:
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "%s does not answer", origin);
    case G_IO_ERROR_CONNECTION_CLOSED:
    case G_IO_ERROR_PARTIAL_INPUT:
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                          "%s has closed the connection without an answer", origin);
    case G_IO_ERROR_PROXY_NOT_ALLOWED:
      *is_lasting = TRUE;
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "No connection to %s: %s",
                          origin, failure->message);
    default:
      return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "No connection to %s: %s",
                          origin, failure->message);
    }
}

GError *
ivl_remote_trouble_explain (const GError    *failure,
                            const IvlRemote *remote,
                            SoupMessage     *message,
                            IvlRemoteMoment  moment,
                            gboolean        *is_lasting)
{
  *is_lasting = moment == IVL_REMOTE_AT_OLD_TLS;
  if (*is_lasting)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
                        "%s has only versions of TLS that are no longer safe (before 1.2)",
                        remote->origin);
  if (moment == IVL_REMOTE_AFTER_HEAD)
    return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                        "The answer of %s was cut off: the connection broke", remote->origin);
  if (failure->domain == G_TLS_ERROR)
    return explain_tls (failure, remote, message, is_lasting);
  if (failure->domain == G_RESOLVER_ERROR)
    return explain_name (failure, remote, is_lasting);
  if (failure->domain == G_IO_ERROR)
    return explain_io (failure, remote, is_lasting);
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL, "What %s sends is no HTTP: %s",
                      remote->origin, failure->message);
}

gboolean
ivl_remote_trouble_check_sender (SoupMessage  *message,
                                 GError      **error)
{
  guint status = soup_message_get_status (message);

  if (strcmp (g_uri_get_scheme (soup_message_get_uri (message)), "https") != 0 ||
      soup_message_get_tls_peer_certificate (message) != NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR,
               status < 500 ? G_IO_ERROR_PROXY_NOT_ALLOWED : G_IO_ERROR_PROXY_FAILED,
               "the proxy refuses the way (%u)", status);
  return FALSE;
}

gboolean
ivl_remote_trouble_is_old_tls (GIOStream *connection)
{
  GTlsProtocolVersion version;

  if (!G_IS_TLS_CONNECTION (connection))
    return FALSE;
  version = g_tls_connection_get_protocol_version (G_TLS_CONNECTION (connection));
  return version != G_TLS_PROTOCOL_VERSION_UNKNOWN && version < G_TLS_PROTOCOL_VERSION_TLS_1_2;
}
