/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * API keys: found in the environment, a private file or the keyring, checked, and wiped after use.
 */
#include "engines/ivl-api-key.h"

#include <errno.h>
#include <fcntl.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef IVL_HAVE_LIBSECRET
#include <libsecret/secret.h>
#endif

#define ENVIRONMENT "IVL_API_KEY"
/* What a person has typed in */
#define ENTRY "the entry"
/* Engines' keys have some tens of characters, signed tokens of gateways up to a few thousand. */
#define MAX_KEY_BYTES 8192
/* A keyring that is there answers in milliseconds; */
#define KEYRING_SECONDS 5
/* one that is locked asks a person for a password first. */
#define UNLOCK_SECONDS 120

void
ivl_api_key_free (char *key)
{
  if (key == NULL)
    return;
  explicit_bzero (key, strlen (key));
  g_free (key);
}

/* Takes `text` over. White space around a key is left out: files end with a newline. */
static char *
check_key (char        *text,
           const char  *source,
           GError     **error)
{
  gsize length;

  g_strstrip (text);
  length = strlen (text);
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      {
        ivl_api_key_free (text);
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                     "The API key in %s is not one line of printable ASCII characters", source);
        return NULL;
      }
  if (length > 0 && length <= MAX_KEY_BYTES)
    return text;
  ivl_api_key_free (text);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "The API key in %s is %s", source,
               length == 0 ? "empty" : "too long");
  return NULL;
}

/* Only its owner may read the file, and nobody else may have put it there. */
static gboolean
check_privacy (int          fd,
               const char  *path,
               GError     **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0 || !S_ISREG (info.st_mode))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "%s: not a regular file", path);
      return FALSE;
    }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s: others may read this key file (mode %04o): chmod 600 makes it private",
                   path, (guint) (info.st_mode & 07777));
      return FALSE;
    }
  if (info.st_uid != geteuid () && info.st_uid != 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s: this key file belongs to another user", path);
      return FALSE;
    }
  return TRUE;
}

char *
ivl_api_key_read_file (const char  *path,
                       GError     **error)
{
  /* room for a newline, and for one byte that shows that there is more */
  char bytes[MAX_KEY_BYTES + 3] = { 0 };
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  ssize_t n = 0;
  gsize length = 0;
  char *key;

  if (fd < 0)
    {
      g_set_error (error, IVL_ERROR,
                   errno == ENOENT ? IVL_ERROR_NOT_FOUND : IVL_ERROR_INVALID_OPTION,
                   "%s: this key file cannot be opened: %s", path, g_strerror (errno));
      return NULL;
    }
  if (!check_privacy (fd, path, error))
    {
      close (fd);
      return NULL;
    }
  while (length < sizeof bytes - 1 &&
         ((n = read (fd, bytes + length, sizeof bytes - 1 - length)) > 0 ||
          (n < 0 && errno == EINTR)))
    length += n > 0 ? (gsize) n : 0;
  close (fd);
  if (n < 0 || memchr (bytes, '\0', length) != NULL)
    {
      explicit_bzero (bytes, sizeof bytes);
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "%s: this key file cannot be read, or holds no text", path);
      return NULL;
    }
  key = check_key (g_strdup (bytes), path, error);
  explicit_bzero (bytes, sizeof bytes);
  return key;
}

#ifdef IVL_HAVE_LIBSECRET

/* One call to the keyring. Everything happens in a context of its own, so that no loop of the
 * program is run. */
typedef struct
{
  GMainContext *context;     /* (owned) */
  GCancellable *cancellable; /* (owned) of the call */
  GCancellable *outer;       /* (nullable): the caller's */
  gulong        handler;
  GSource      *timer;       /* (owned) */
  guint         seconds;
  gboolean      expired;
  GAsyncResult *result;      /* (owned) once it is there */
} KeyringWait;

static const SecretSchema *
get_schema (void)
{
  static const SecretSchema schema = {
    "io.github.ivl.Key",
    SECRET_SCHEMA_NONE,
    { { "origin", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
  };

  return &schema;
}

static void
take_result (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  KeyringWait *wait = data;

  wait->result = g_object_ref (result);
}

static gboolean
expire (gpointer data)
{
  KeyringWait *wait = data;

  wait->expired = TRUE;
  g_cancellable_cancel (wait->cancellable);
  return G_SOURCE_REMOVE;
}

static void
forward_cancel (GCancellable *from,
                gpointer      to)
{
  g_cancellable_cancel (to);
}

static void
keyring_wait_begin (KeyringWait  *self,
                    guint         seconds,
                    GCancellable *cancellable)
{
  *self = (KeyringWait) {
    .context = g_main_context_new (),
    .cancellable = g_cancellable_new (),
    .outer = cancellable,
    .timer = g_timeout_source_new_seconds (seconds),
    .seconds = seconds,
  };
  g_main_context_push_thread_default (self->context);
  g_source_set_callback (self->timer, expire, self, NULL);
  g_source_attach (self->timer, self->context);
  if (cancellable != NULL)
    self->handler =
        g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel),
                               g_object_ref (self->cancellable), g_object_unref);
}

/* After the call was begun */
static void
keyring_wait_run (KeyringWait *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_source_destroy (self->timer);
  if (self->handler != 0)
    g_cancellable_disconnect (self->outer, self->handler);
}

/* Takes the call's failure (nullable) over, and says in its place that time was up if it was. */
static void
keyring_wait_end (KeyringWait  *self,
                  GError       *failure,
                  GError      **error)
{
  /* what the items' proxies have left to be freed */
  while (g_main_context_iteration (self->context, FALSE))
    continue;
  g_main_context_pop_thread_default (self->context);
  if (self->expired && failure != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                   "the keyring did not answer within %u s", self->seconds);
      g_error_free (failure);
    }
  else if (failure != NULL)
    g_propagate_error (error, failure);
  g_object_unref (self->result);
  g_source_unref (self->timer);
  g_object_unref (self->cancellable);
  g_main_context_unref (self->context);
}

/* The first item's text; NULL when there is none, or when it is locked. */
static char *
get_secret (GList        *items,
            gboolean     *is_locked,
            GCancellable *cancellable)
{
  SecretValue *value = NULL;
  char *key = NULL;

  *is_locked =
      items != NULL && SECRET_IS_ITEM (items->data) && secret_item_get_locked (items->data);
  if (items != NULL && SECRET_IS_ITEM (items->data))
    value = secret_item_get_secret (items->data);
  else if (items != NULL)
    value = secret_retrievable_retrieve_secret_sync (items->data, cancellable, NULL);
  if (value == NULL)
    return NULL;
  key = g_strdup (secret_value_get_text (value));
  secret_value_unref (value);
  return key;
}

/* The keyring's secret for an authority, looked for within `seconds`. NULL with or without an
 * error. */
static char *
search_keyring (const char         *authority,
                SecretSearchFlags   flags,
                guint               seconds,
                gboolean           *is_locked,
                GCancellable       *cancellable,
                GError            **error)
{
  GError *failure = NULL;
  KeyringWait wait;
  GList *items;
  char *key;

  keyring_wait_begin (&wait, seconds, cancellable);
  secret_password_search (get_schema (), flags, wait.cancellable, take_result, &wait, "origin",
                          authority, NULL);
  keyring_wait_run (&wait);
  items = secret_password_search_finish (wait.result, &failure);
  key = get_secret (items, is_locked, wait.cancellable);
  g_list_free_full (items, g_object_unref);
  keyring_wait_end (&wait, failure, error);
  return key;
}

/* key (nullable): NULL takes away what is there. */
static gboolean
change_keyring (const char    *authority,
                const char    *key,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autofree char *label = g_strdup_printf ("API key of ivl for %s", authority);
  GError *failure = NULL;
  gboolean ok;
  KeyringWait wait;

  keyring_wait_begin (&wait, UNLOCK_SECONDS, cancellable);
  if (key != NULL)
    secret_password_store (get_schema (), SECRET_COLLECTION_DEFAULT, label, key, wait.cancellable,
                           take_result, &wait, "origin", authority, NULL);
  else
    secret_password_clear (get_schema (), wait.cancellable, take_result, &wait, "origin", authority,
                           NULL);
  keyring_wait_run (&wait);
  if (key != NULL)
    secret_password_store_finish (wait.result, &failure);
  else
    secret_password_clear_finish (wait.result, &failure);
  ok = failure == NULL;
  keyring_wait_end (&wait, failure, error);
  return ok;
}

static char *
find_in_keyring (const char    *authority,
                 GCancellable  *cancellable,
                 GError       **error)
{
  gboolean is_locked;
  char *key = search_keyring (authority, SECRET_SEARCH_LOAD_SECRETS, KEYRING_SECONDS, &is_locked,
                              cancellable, NULL);

  if (key == NULL && is_locked)
    key = search_keyring (authority, SECRET_SEARCH_LOAD_SECRETS | SECRET_SEARCH_UNLOCK,
                          UNLOCK_SECONDS, &is_locked, cancellable, NULL);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      ivl_api_key_free (key);
      return NULL;
    }
  return key != NULL ? check_key (key, "the keyring", error) : NULL;
}

gboolean
ivl_api_key_has_keyring (GCancellable  *cancellable,
                         char         **reason)
{
  g_autoptr (GError) error = NULL;
  gboolean is_locked;

  ivl_api_key_free (search_keyring ("none", SECRET_SEARCH_NONE, KEYRING_SECONDS, &is_locked,
                                    cancellable, &error));
  *reason = error != NULL ? g_strdup (error->message) : NULL;
  return error == NULL;
}

#else

static char *
find_in_keyring (const char    *authority,
                 GCancellable  *cancellable,
                 GError       **error)
{
  return NULL;
}

gboolean
ivl_api_key_has_keyring (GCancellable  *cancellable,
                         char         **reason)
{
  *reason = g_strdup ("this ivl was built without libsecret");
  return FALSE;
}

static gboolean
change_keyring (const char    *authority,
                const char    *key,
                GCancellable  *cancellable,
                GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "it has no keyring");
  return FALSE;
}

#endif

/* A key may be read by everybody between here and there if nothing encrypts it. */
static gboolean
check_transport (const IvlRemote  *remote,
                 GError          **error)
{
  if (remote->is_loopback || remote->insecure_http || g_str_has_prefix (remote->base, "https:"))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "There is an API key for %s, and plain HTTP would show it to everybody on the way: "
               "use https://, or set insecure-http=true for this remote in the configuration file",
               remote->authority);
  return FALSE;
}

/* The key, and where it was found in *source (transfer full). */
static char *
find_with_source (const IvlRemote  *remote,
                  GCancellable     *cancellable,
                  char            **source,
                  GError          **error)
{
  const char *environment = g_getenv (ENVIRONMENT);
  g_autoptr (GError) reason = NULL;
  char *key = NULL;

  *source = NULL;
  if (remote->is_service)
    return NULL;
  if (remote->key != NULL)
    {
      *source = g_strdup (ENTRY);
      key = check_key (g_strdup (remote->key), ENTRY, &reason);
    }
  else if (environment != NULL && *environment != '\0')
    {
      *source = g_strdup (ENVIRONMENT);
      key = check_key (g_strdup (environment), ENVIRONMENT, &reason);
    }
  else if (remote->key_file != NULL)
    {
      *source = g_strdup (remote->key_file);
      key = ivl_api_key_read_file (remote->key_file, &reason);
    }
  else
    {
      *source = g_strdup ("the keyring");
      key = find_in_keyring (remote->authority, cancellable, &reason);
    }
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else if (key != NULL && !check_transport (remote, error))
    g_clear_pointer (&key, ivl_api_key_free);
  if (key == NULL)
    g_clear_pointer (source, g_free);
  return key;
}

char *
ivl_api_key_find (const IvlRemote  *remote,
                  GCancellable     *cancellable,
                  GError          **error)
{
  g_autofree char *source = NULL;

  return find_with_source (remote, cancellable, &source, error);
}

char *
ivl_api_key_find_source (const IvlRemote  *remote,
                         GCancellable     *cancellable,
                         GError          **error)
{
  g_autofree char *source = NULL;
  char *key = find_with_source (remote, cancellable, &source, error);

  ivl_api_key_free (key);
  return g_steal_pointer (&source);
}

gboolean
ivl_api_key_check (const IvlRemote  *remote,
                   const char       *key,
                   GError          **error)
{
  char *checked = check_key (g_strdup (key), ENTRY, error);
  gboolean is_right = checked != NULL && check_transport (remote, error);

  ivl_api_key_free (checked);
  return is_right;
}

gboolean
ivl_api_key_store (const IvlRemote  *remote,
                   const char       *key,
                   GCancellable     *cancellable,
                   GError          **error)
{
  char *checked = key != NULL ? check_key (g_strdup (key), ENTRY, error) : NULL;
  g_autofree char *reason = NULL;
  g_autoptr (GError) failure = NULL;

  if (key != NULL && (checked == NULL || !check_transport (remote, error)))
    {
      ivl_api_key_free (checked);
      return FALSE;
    }
  /* A keyring that is not there is told from one that asks a person for a password. */
  if (ivl_api_key_has_keyring (cancellable, &reason))
    change_keyring (remote->authority, checked, cancellable, &failure);
  else if (!g_cancellable_is_cancelled (cancellable))
    g_set_error (&failure, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                 "There is no keyring to keep the API key in (%s): put it into a file that only "
                 "you can read and name that in key-file= of the configuration file",
                 reason);
  ivl_api_key_free (checked);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (failure == NULL)
    return TRUE;
  if (failure->domain == IVL_ERROR)
    g_propagate_error (error, g_steal_pointer (&failure));
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                 "The keyring did not keep the API key: %s", failure->message);
  return FALSE;
}
