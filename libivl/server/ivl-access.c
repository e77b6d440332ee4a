/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Decides from a request's head whether it may be answered at all.
 */
#include "server/ivl-access.h"

#include <string.h>
#include <sys/stat.h>

#include <libivl/ivl-error.h>

#include "util/ivl-bounded-file.h"

#define MAX_KEY_FILE (64 << 10)
#define MIN_KEY_LENGTH 16
#define DIGEST_BYTES 32

/* Wrong keys that one peer may send in a row, and seconds until one more is allowed. */
#define MAX_WRONG 10
#define WRONG_SECONDS 6
/* Peers that are remembered; beyond it all are forgotten, which no attacker gains much by. */
#define MAX_PEERS 4096

struct _IvlAccess
{
  GPtrArray  *keys;  /* guint8[DIGEST_BYTES]; (nullable) */
  char       *host;  /* (nullable) */
  gboolean    is_local;
  GHashTable *wrong; /* peer -> gint64 *: when its wrong keys are forgotten */
};

static void
make_digest (const char *key,
             guint8     *digest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize n = DIGEST_BYTES;

  g_checksum_update (checksum, (const guchar *) key, (gssize) strlen (key));
  g_checksum_get_digest (checksum, digest, &n);
}

static gboolean
add_key (GPtrArray   *keys,
         const char  *key,
         guint        line,
         const char  *path,
         GError     **error)
{
  guint8 *digest;
  gsize n = strlen (key);

  for (gsize i = 0; i < n; i++)
    if (key[i] <= ' ' || key[i] > '~')
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                     "%s, line %u: a key consists of printable ASCII characters without spaces",
                     path, line);
        return FALSE;
      }
  if (n < MIN_KEY_LENGTH)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s, line %u: a key has at least %d characters; “openssl rand -hex 32” makes a "
                   "good one",
                   path, line, MIN_KEY_LENGTH);
      return FALSE;
    }
  digest = g_malloc (DIGEST_BYTES);
  make_digest (key, digest);
  g_ptr_array_add (keys, digest);
  return TRUE;
}

/* Whether systemd handed the file over (systemd.exec(5), LoadCredential=): nobody but the service
 * sees its folder, and the rights of the group in its mode stand for the service's own. */
static gboolean
is_credential (const char *path)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *parent = g_path_get_dirname (path);

  return folder != NULL && g_path_is_absolute (folder) && strcmp (parent, folder) == 0;
}

static gboolean
check_mode (const char  *path,
            GError     **error)
{
  const guint others = is_credential (path) ? S_IWGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  struct stat status;

  if (stat (path, &status) != 0 || (status.st_mode & others) == 0)
    return TRUE; /* reading it tells what is wrong */
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "%s: others can read the keys; “chmod 600” keeps them secret", path);
  return FALSE;
}

gboolean
ivl_access_read_keys (const char  *path,
                      GPtrArray  **keys,
                      GError     **error)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gsize size;

  if (!check_mode (path, error))
    return FALSE;
  text = ivl_bounded_file_read (path, MAX_KEY_FILE, &size, error);
  if (text == NULL)
    return FALSE;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *key = g_strstrip (lines[i]);

      if (*key != '\0' && *key != '#' && !add_key (found, key, i + 1, path, error))
        return FALSE;
    }
  if (found->len == 0 || strlen (text) != size)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "%s: there is no key in the file",
                   path);
      return FALSE;
    }
  *keys = g_steal_pointer (&found);
  return TRUE;
}

IvlAccess *
ivl_access_new (GPtrArray  *keys,
                const char *host,
                gboolean    is_local)
{
  IvlAccess *self = g_new0 (IvlAccess, 1);

  self->keys = keys != NULL ? g_ptr_array_ref (keys) : NULL;
  self->host = g_strdup (host);
  self->is_local = is_local;
  self->wrong = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
ivl_access_free (IvlAccess *self)
{
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_hash_table_unref (self->wrong);
  g_free (self->host);
  g_free (self);
}

/* The name in "name", "name:port" or "[address]:port", without brackets; NULL: it is none. */
static char *
get_host_name (const char *host)
{
  const char *end;
  const char *port;
  char *name;

  if (*host == '[')
    {
      end = strchr (host, ']');
      if (end == NULL)
        return NULL;
      port = end + 1;
      name = g_strndup (host + 1, (gsize) (end - host - 1));
    }
  else
    {
      port = host + strcspn (host, ":");
      name = g_strndup (host, (gsize) (port - host));
    }
  if ((*port == '\0' || (*port == ':' && strspn (port + 1, "0123456789") == strlen (port + 1))) &&
      *name != '\0' && strspn (name, "0123456789abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_:%") == strlen (name))
    return name;
  g_free (name);
  return NULL;
}

static gboolean
is_own_host (IvlAccess  *self,
             const char *name)
{
  static const char *const loopback[] = { "localhost", "127.0.0.1", "::1", NULL };

  for (guint i = 0; loopback[i] != NULL; i++)
    if (g_ascii_strcasecmp (name, loopback[i]) == 0)
      return TRUE;
  return self->host != NULL && g_ascii_strcasecmp (name, self->host) == 0;
}

gboolean
ivl_access_check_origin (IvlAccess         *self,
                         const IvlHttpHead *head,
                         IvlHttpRefusal    *refusal)
{
  const char *origin = ivl_http_head_get (head, "origin");
  const char *site = ivl_http_head_get (head, "sec-fetch-site");

  if (head->host != NULL)
    {
      g_autofree char *name = get_host_name (head->host);

      if (name == NULL)
        return ivl_http_head_refuse (refusal, 400, "The field Host is malformed");
      if (self->keys == NULL && !self->is_local && !is_own_host (self, name))
        return ivl_http_head_refuse (refusal, 421, "The field Host names another computer");
    }
  if (origin != NULL)
    {
      const char *rest = g_str_has_prefix (origin, "http://")    ? origin + 7
                         : g_str_has_prefix (origin, "https://") ? origin + 8
                                                                 : NULL;

      if (rest == NULL || head->host == NULL || g_ascii_strcasecmp (rest, head->host) != 0)
        return ivl_http_head_refuse (refusal, 403,
                                     "Pages of other origins may not ask this server");
    }
  if (site != NULL && g_ascii_strcasecmp (site, "same-origin") != 0 &&
      g_ascii_strcasecmp (site, "none") != 0)
    return ivl_http_head_refuse (refusal, 403, "Pages of other origins may not ask this server");
  return TRUE;
}

/* The key of "Bearer KEY"; NULL: none. */
static const char *
get_bearer (const IvlHttpHead *head)
{
  const char *value = ivl_http_head_get (head, "authorization");

  if (value == NULL || g_ascii_strncasecmp (value, "bearer ", 7) != 0)
    return NULL;
  return value + 7 + strspn (value + 7, " ");
}

/* Takes the same time whichever key it is, and whether it is one. */
static gboolean
is_key (IvlAccess  *self,
        const char *key)
{
  guint8 digest[DIGEST_BYTES];
  guint n_equal = 0;

  make_digest (key, digest);
  for (guint i = 0; i < self->keys->len; i++)
    {
      const volatile guint8 *wanted = g_ptr_array_index (self->keys, i);
      guint difference = 0;

      for (guint b = 0; b < DIGEST_BYTES; b++)
        difference |= (guint) (wanted[b] ^ digest[b]);
      n_equal += (difference - 1) >> 31;
    }
  return n_equal > 0;
}

/* Seconds until this peer may try again; 0: now. */
static guint
get_wait (IvlAccess  *self,
          const char *peer,
          gint64      now)
{
  gint64 *until = g_hash_table_lookup (self->wrong, peer);
  gint64 allowed = now + (gint64) (MAX_WRONG - 1) * WRONG_SECONDS * G_TIME_SPAN_SECOND;

  return until == NULL || *until <= allowed
             ? 0
             : (guint) ((*until - allowed) / G_TIME_SPAN_SECOND) + 1;
}

static void
note_wrong (IvlAccess  *self,
            const char *peer,
            gint64      now)
{
  gint64 *until = g_hash_table_lookup (self->wrong, peer);

  if (until == NULL)
    {
      if (g_hash_table_size (self->wrong) >= MAX_PEERS)
        g_hash_table_remove_all (self->wrong);
      until = g_new (gint64, 1);
      *until = now;
      g_hash_table_insert (self->wrong, g_strdup (peer), until);
    }
  *until = MAX (*until, now) + WRONG_SECONDS * G_TIME_SPAN_SECOND;
}

gboolean
ivl_access_check_key (IvlAccess         *self,
                      const IvlHttpHead *head,
                      const char        *peer,
                      guint             *retry_after,
                      IvlHttpRefusal    *refusal)
{
  gint64 now = g_get_monotonic_time ();
  const char *key;

  *retry_after = 0;
  if (self->keys == NULL)
    return TRUE;
  *retry_after = get_wait (self, peer, now);
  if (*retry_after > 0)
    return ivl_http_head_refuse (refusal, 429, "Too many wrong API keys came from here");
  key = get_bearer (head);
  if (key != NULL && is_key (self, key))
    return TRUE;
  note_wrong (self, peer, now);
  return ivl_http_head_refuse (refusal, 401, "The API key is missing or wrong");
}
