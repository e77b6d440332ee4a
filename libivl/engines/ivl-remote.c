/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locations of servers: what a person writes, checked and taken apart, completed by the
 * configuration file; and whether pictures may go there.
 */
#include "engines/ivl-remote.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/un.h>

#include "util/ivl-conf-file.h"

#define THIS_COMPUTER "this computer"
#define DEFAULT_PATH "/v1"
/* People copy it with the address; it is part of every request already. */
#define ENDPOINT "/chat/completions"
#define GROUP_PREFIX "remote \""
#define GROUP_SUFFIX "\""
/* Longer than any name that a server gives a model, short enough for a header and a log line. */
#define MAX_MODEL_BYTES 512
#define MAX_PARALLEL 1024
/* Longer than anybody types, short enough for a menu. */
#define MAX_NAME_BYTES 64

static gint remote_forbidden;

static gboolean
refuse (GError     **error,
        const char  *reason)
{
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, reason);
  return FALSE;
}

static gboolean
has_scheme (const char *location)
{
  const char *end = strstr (location, "://");

  if (end == NULL || !g_ascii_isalpha (*location))
    return FALSE;
  for (const char *p = location; p < end; p++)
    if (!g_ascii_isalnum (*p) && strchr ("+-.", *p) == NULL)
      return FALSE;
  return TRUE;
}

gboolean
ivl_remote_is_location (const char *location)
{
  return g_str_has_prefix (location, "unix:") || g_str_has_prefix (location, "remote:") ||
         g_str_has_prefix (location, "service:") || has_scheme (location);
}

/* CR, LF and NUL would end a header; nothing else below a space, and no C1 control or direction
 * mark, has a place in a name either. */
static gboolean
is_printable (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT ||
          g_unichar_type (c) == G_UNICODE_LINE_SEPARATOR ||
          g_unichar_type (c) == G_UNICODE_PARAGRAPH_SEPARATOR)
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_model (IvlRemote   *self,
           const char  *model,
           GError     **error)
{
  if (model == NULL || *model == '\0')
    return TRUE;
  if (strlen (model) > MAX_MODEL_BYTES || !is_printable (model))
    return refuse (error, "The name of the remote model holds characters that no name has, or is "
                          "too long");
  g_free (self->model);
  self->model = g_strdup (model);
  return TRUE;
}

/* "localhost", names under it (RFC 6761), 127.0.0.0/8 and ::1, also as IPv4 in IPv6. Short forms
 * such as 127.1 count as other computers, which is the careful side. */
static gboolean
is_loopback_host (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  const guint8 *bytes;
  static const guint8 mapped[12] = { [10] = 0xFF, [11] = 0xFF };

  if (address == NULL)
    return strcmp (host, "localhost") == 0 || g_str_has_suffix (host, ".localhost");
  if (g_inet_address_get_is_loopback (address))
    return TRUE;
  bytes = g_inet_address_to_bytes (address);
  return g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6 &&
         memcmp (bytes, mapped, sizeof mapped) == 0 && bytes[12] == 127;
}

/* A name of letters, digits, '-', '_' and '.', or an IPv6 address: nothing that could be read as
 * another part of an address. */
static gboolean
is_host (const char *host)
{
  if (strchr (host, ':') != NULL)
    return g_hostname_is_ip_address (host) && strchr (host, '%') == NULL;
  for (const char *p = host; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("-_.", *p) == NULL)
      return FALSE;
  return *host != '\0' && *host != '.' && strlen (host) <= 255;
}

/* The path without slashes at its end, and /v1 when there is none. */
static char *
clean_path (const char *path)
{
  g_autofree char *clean = g_strdup (path);
  gsize length = strlen (clean);

  while (length > 0 && clean[length - 1] == '/')
    clean[--length] = '\0';
  if (g_str_has_suffix (clean, ENDPOINT))
    clean[length - strlen (ENDPOINT)] = '\0';
  return *clean == '\0' ? g_strdup (DEFAULT_PATH) : g_steal_pointer (&clean);
}

static void
set_address (IvlRemote  *self,
             const char *scheme,
             const char *host,
             int         port,
             const char *path)
{
  int own_port = strcmp (scheme, "https") == 0 ? 443 : 80;
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  g_autofree char *lower = g_ascii_strdown (host, -1);
  g_autofree char *bracketed = is_ipv6 ? g_strdup_printf ("[%s]", lower) : g_strdup (lower);
  g_autofree char *clean = clean_path (path);

  self->authority = port < 0 || port == own_port ? g_strdup (bracketed)
                                                 : g_strdup_printf ("%s:%d", bracketed, port);
  self->base = g_strdup_printf ("%s://%s%s", scheme, self->authority, clean);
  self->is_loopback = is_loopback_host (lower);
  /* A port of this computer may be the near end of a tunnel, so it is named like any other. */
  self->origin = g_strdup (self->authority);
}

/* Messages hold no part of the address but its scheme and host: a password may stand anywhere in an
 * address that cannot be read. */
static gboolean
parse_address (IvlRemote   *self,
               const char  *location,
               GError     **error)
{
  g_autoptr (GUri) uri = g_uri_parse (
      location, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY,
      NULL);
  const char *host;

  if (uri == NULL)
    return refuse (error, "The remote's address is malformed: it should look like "
                          "https://gpu.example:8000/v1#MODEL");
  if (strcmp (g_uri_get_scheme (uri), "https") != 0 && strcmp (g_uri_get_scheme (uri), "http") != 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "A remote model is reached by https:// or http://, not by %s://",
                   g_uri_get_scheme (uri));
      return FALSE;
    }
  host = g_uri_get_host (uri);
  if (host == NULL || !is_host (host))
    return refuse (error, "The remote's address names no proper host");
  if (g_uri_get_userinfo (uri) != NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "The address of %s holds a user name or password. Take them out: an API key "
                   "belongs into the keyring, a key file or IVL_API_KEY",
                   host);
      return FALSE;
    }
  if (g_uri_get_query (uri) != NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "The address of %s has a part after \"?\", which cannot be used. Keys belong "
                   "into the keyring, a key file or IVL_API_KEY",
                   host);
      return FALSE;
    }
  if (g_uri_get_port (uri) == 0)
    return refuse (error, "The remote's address names port 0");

  set_address (self, g_uri_get_scheme (uri), host, g_uri_get_port (uri), g_uri_get_path (uri));
  return set_model (self, g_uri_get_fragment (uri), error);
}

static gboolean
set_socket (IvlRemote   *self,
            const char  *path,
            GError     **error)
{
  struct sockaddr_un address;

  if (*path == '\0')
    return refuse (error, "After \"unix:\" the path of a socket is missing");
  if (g_str_has_prefix (path, "~/"))
    self->socket = g_build_filename (g_get_home_dir (), path + 2, NULL);
  else
    self->socket = g_canonicalize_filename (path, NULL);
  if (strlen (self->socket) >= sizeof address.sun_path)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "The path of the socket has %" G_GSIZE_FORMAT " bytes; the system takes %"
                   G_GSIZE_FORMAT " at most: %s",
                   strlen (self->socket), sizeof address.sun_path - 1, self->socket);
      return FALSE;
    }
  self->base = g_strdup ("http://localhost" DEFAULT_PATH);
  self->authority = g_strdup_printf ("unix:%s", self->socket);
  self->origin = g_strdup (THIS_COMPUTER);
  self->is_loopback = TRUE;
  return TRUE;
}

static gboolean
parse_socket (IvlRemote   *self,
              const char  *rest,
              GError     **error)
{
  const char *hash = strrchr (rest, '#');
  g_autofree char *path = hash != NULL ? g_strndup (rest, (gsize) (hash - rest)) : g_strdup (rest);

  return set_socket (self, path, error) &&
         set_model (self, hash != NULL ? hash + 1 : NULL, error);
}

char *
ivl_remote_get_service_socket (void)
{
  return g_build_filename (g_get_user_runtime_dir (), "ivl", "serve.sock", NULL);
}

/* The service is another process with a folder of its own, so a path is made whole. It calls a
 * model by the name of its folder. */
static gboolean
parse_service (IvlRemote   *self,
               const char  *rest,
               GError     **error)
{
  g_autofree char *socket = ivl_remote_get_service_socket ();
  g_autofree char *name = NULL;

  self->is_service = TRUE;
  if (!set_socket (self, socket, error))
    return FALSE;
  if (*rest == '\0')
    return TRUE;
  self->served = strchr (rest, '/') != NULL ? g_canonicalize_filename (rest, NULL)
                                            : g_strdup (rest);
  name = g_path_get_basename (self->served);
  return set_model (self, name, error);
}

static gboolean
parse_plain (IvlRemote   *self,
             const char  *location,
             GError     **error)
{
  if (g_str_has_prefix (location, "unix:"))
    return parse_socket (self, location + strlen ("unix:"), error);
  return parse_address (self, location, error);
}

char *
ivl_remote_get_group (const char *name)
{
  return g_strconcat (GROUP_PREFIX, name, GROUP_SUFFIX, NULL);
}

/* Reads the optional text of a key into *text; FALSE on an error only. */
static gboolean
read_key (GKeyFile    *config,
          const char  *group,
          const char  *key,
          char       *(*read) (GKeyFile *, const char *, const char *, GError **),
          char       **text,
          GError     **error)
{
  g_autoptr (GError) reason = NULL;

  *text = read (config, group, key, &reason);
  if (reason == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
read_settings (IvlRemote   *self,
               GKeyFile    *config,
               const char  *group,
               GError     **error)
{
  g_autofree char *model = NULL;

  return read_key (config, group, "model", ivl_conf_file_get_string, &model, error) &&
         set_model (self, model, error) &&
         read_key (config, group, "engine", ivl_conf_file_get_string, &self->engine, error) &&
         read_key (config, group, "ca-file", ivl_conf_file_get_file, &self->ca_file, error) &&
         read_key (config, group, "key-file", ivl_conf_file_get_file, &self->key_file, error) &&
         ivl_conf_file_get_number (config, group, "parallel", MAX_PARALLEL, &self->parallel,
                                   error) &&
         ivl_conf_file_get_boolean (config, group, "insecure-http", &self->insecure_http, error);
}

const char *const *
ivl_remote_get_fields (void)
{
  static const char *const fields[] = { "url",      "model",    "engine",        "ca-file",
                                        "key-file", "parallel", "insecure-http", NULL };

  return fields;
}

static gboolean
is_address (const char *url)
{
  return has_scheme (url) || g_str_has_prefix (url, "unix:");
}

static gboolean
read_group (IvlRemote   *self,
            GKeyFile    *config,
            GError     **error)
{
  g_autofree char *group = ivl_remote_get_group (self->name);
  g_autofree char *path = ivl_conf_file_get_path ();
  g_autofree char *url = NULL;

  if (!g_key_file_has_group (config, group))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   "There is no group [%s] in %s, so no remote is called that", group, path);
      return FALSE;
    }
  if (!read_key (config, group, "url", ivl_conf_file_get_string, &url, error))
    return FALSE;
  if (url == NULL || !is_address (url))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s: group [%s] needs a key url, such as url=https://gpu.example/v1", path,
                   group);
      return FALSE;
    }
  if (!is_printable (url))
    return refuse (error, "The remote's address holds control characters");
  if (!parse_plain (self, url, error))
    {
      g_prefix_error (error, "%s: group [%s], key url: ", path, group);
      return FALSE;
    }
  return read_settings (self, config, group, error);
}

/* "NAME" or "NAME#MODEL" */
static gboolean
parse_named (IvlRemote   *self,
             const char  *rest,
             GError     **error)
{
  const char *hash = strchr (rest, '#');
  g_autoptr (GKeyFile) config = ivl_conf_file_load (error);

  self->name = hash != NULL ? g_strndup (rest, (gsize) (hash - rest)) : g_strdup (rest);
  return config != NULL && read_group (self, config, error) &&
         set_model (self, hash != NULL ? hash + 1 : NULL, error);
}

IvlRemote *
ivl_remote_parse_configured (const char  *name,
                             GKeyFile    *config,
                             GError     **error)
{
  g_autoptr (IvlRemote) self = g_new0 (IvlRemote, 1);

  self->name = g_strdup (name);
  return read_group (self, config, error) ? g_steal_pointer (&self) : NULL;
}

GTlsDatabase *
ivl_remote_load_certificates (const char  *path,
                              GError     **error)
{
  g_autoptr (GError) failure = NULL;
  GTlsDatabase *certificates = g_tls_file_database_new (path, &failure);

  if (certificates == NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                 "The certificates of ca-file \"%s\" cannot be read: %s", path, failure->message);
  return certificates;
}

gboolean
ivl_remote_check_name (const char  *name,
                       GError     **error)
{
  /* They would end the group, or make a path, a location or NAME#MODEL of it. */
  if (*name != '\0' && strlen (name) <= MAX_NAME_BYTES && is_printable (name) &&
      strpbrk (name, "\"[]#/:\\") == NULL && !g_ascii_isspace (*name) &&
      !g_ascii_isspace (name[strlen (name) - 1]))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "A remote's name has 1 to %u bytes, no space at its ends and none of "
               "\" [ ] # / : \\",
               MAX_NAME_BYTES);
  return FALSE;
}

/* Of the fields that are read with their group's name in the message */
static gboolean
check_setting (IvlRemote   *scratch,
               const char  *field,
               const char  *value,
               GError     **error)
{
  g_autoptr (GKeyFile) config = g_key_file_new ();

  g_key_file_set_string (config, "remote", field, value);
  return read_settings (scratch, config, "remote", error);
}

gboolean
ivl_remote_check_field (const char  *field,
                        const char  *value,
                        GError     **error)
{
  g_autoptr (IvlRemote) scratch = g_new0 (IvlRemote, 1);

  if (!is_printable (value))
    return refuse (error, "The value holds control characters");
  if (strcmp (field, "url") == 0)
    return is_address (value) ? parse_plain (scratch, value, error)
                              : refuse (error, "The remote's address should look like "
                                               "https://gpu.example:8000/v1");
  if (strcmp (field, "model") == 0)
    return set_model (scratch, value, error);
  if (!g_strv_contains (ivl_remote_get_fields (), field))
    return refuse (error, "A remote has no field of this name");
  return check_setting (scratch, field, value, error);
}

IvlRemote *
ivl_remote_parse (const char  *location,
                  GError     **error)
{
  g_autoptr (IvlRemote) self = g_new0 (IvlRemote, 1);
  gboolean parsed;

  if (!is_printable (location))
    {
      refuse (error, "The remote's address holds control characters");
      return NULL;
    }
  if (g_str_has_prefix (location, "remote:"))
    parsed = parse_named (self, location + strlen ("remote:"), error);
  else if (g_str_has_prefix (location, "service:"))
    parsed = parse_service (self, location + strlen ("service:"), error);
  else
    parsed = parse_plain (self, location, error);
  return parsed ? g_steal_pointer (&self) : NULL;
}

void
ivl_remote_free (IvlRemote *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->base);
  g_free (self->socket);
  g_free (self->authority);
  g_free (self->origin);
  g_free (self->model);
  g_free (self->served);
  g_free (self->engine);
  g_free (self->ca_file);
  g_free (self->key_file);
  if (self->key != NULL)
    explicit_bzero (self->key, strlen (self->key));
  g_free (self->key);
  g_free (self);
}

GStrv
ivl_remote_list_configured (GKeyFile *config)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_auto (GStrv) groups = g_key_file_get_groups (config, NULL);

  for (gsize i = 0; groups[i] != NULL; i++)
    if (g_str_has_prefix (groups[i], GROUP_PREFIX) && g_str_has_suffix (groups[i], GROUP_SUFFIX) &&
        strlen (groups[i]) > strlen (GROUP_PREFIX GROUP_SUFFIX))
      {
        g_autofree char *name = g_strdup (groups[i] + strlen (GROUP_PREFIX));

        name[strlen (name) - strlen (GROUP_SUFFIX)] = '\0';
        g_strv_builder_add (names, name);
      }
  return g_strv_builder_end (names);
}

GStrv
ivl_remote_list (GError **error)
{
  g_autoptr (GKeyFile) config = ivl_conf_file_load (error);

  return config != NULL ? ivl_remote_list_configured (config) : NULL;
}

gboolean
ivl_remote_leaves_computer (const IvlRemote *self)
{
  return !self->is_loopback;
}

void
ivl_remote_forbid (void)
{
  g_atomic_int_set (&remote_forbidden, TRUE);
}

gboolean
ivl_remote_is_forbidden (void)
{
  g_autoptr (GKeyFile) config = NULL;
  gboolean forbidden;

  if (g_atomic_int_get (&remote_forbidden))
    return TRUE;
  config = ivl_conf_file_load (NULL);
  return config == NULL ||
         !ivl_conf_file_get_boolean (config, IVL_CONF_FILE_GROUP, "local-only", &forbidden, NULL) ||
         forbidden;
}

gboolean
ivl_remote_check_allowed (const IvlRemote  *self,
                          GError          **error)
{
  g_autofree char *path = NULL;

  if (!ivl_remote_leaves_computer (self) || !ivl_remote_is_forbidden ())
    return TRUE;
  path = ivl_conf_file_get_path ();
  if (g_atomic_int_get (&remote_forbidden))
    g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED,
                 "Nothing was sent to %s: only models on this computer may be used now",
                 self->origin);
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED,
                 "Nothing was sent to %s: the key local-only in %s forbids that pictures leave "
                 "this computer, or the file cannot be read",
                 self->origin, path);
  return FALSE;
}
