/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The configuration file for programs in which it can be edited: what was changed here is put into
 * the file as it is then, so that comments, unknown groups and others' changes stay.
 */
#include "ivl-config-private.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "engines/ivl-api-key.h"
#include "engines/ivl-remote-dialect.h"
#include "engines/ivl-remote.h"
#include "util/ivl-conf-file.h"

/* key NULL: the whole group goes. value NULL: the key goes. */
typedef struct
{
  char *group;
  char *key;
  char *value;
} Change;

struct _IvlConfig
{
  GObject    parent_instance;
  GKeyFile  *file;    /* (owned) as it was read, with the changes */
  GPtrArray *changes; /* (owned) of Change, in order, since it was read or saved */
};

G_DEFINE_FINAL_TYPE (IvlConfig, ivl_config, G_TYPE_OBJECT)

static void
change_free (Change *change)
{
  g_free (change->group);
  g_free (change->key);
  g_free (change->value);
  g_free (change);
}

static void
apply (const Change *change,
       GKeyFile     *file)
{
  if (change->key == NULL)
    g_key_file_remove_group (file, change->group, NULL);
  else if (change->value == NULL)
    g_key_file_remove_key (file, change->group, change->key, NULL);
  else
    g_key_file_set_string (file, change->group, change->key, change->value);
}

static void
apply_all (GKeyFile *file,
           gpointer  data)
{
  const GPtrArray *changes = data;

  for (guint i = 0; i < changes->len; i++)
    apply (g_ptr_array_index (changes, i), file);
}

static void
change (IvlConfig  *self,
        const char *group,
        const char *key,
        const char *value)
{
  Change *new_change = g_new (Change, 1);

  *new_change = (Change) { g_strdup (group), g_strdup (key), g_strdup (value) };
  apply (new_change, self->file);
  g_ptr_array_add (self->changes, new_change);
}

static void
ivl_config_finalize (GObject *object)
{
  IvlConfig *self = IVL_CONFIG (object);

  g_clear_pointer (&self->file, g_key_file_unref);
  g_ptr_array_unref (self->changes);
  G_OBJECT_CLASS (ivl_config_parent_class)->finalize (object);
}

static void
ivl_config_class_init (IvlConfigClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_config_finalize;
}

static void
ivl_config_init (IvlConfig *self)
{
  self->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
}

/**
 * ivl_config_load:
 * @error: return location for an error
 *
 * Reads `ivl/ivl.conf` in the user's configuration folder. One that is not there is as an empty
 * one; a link to a file that is not there yet is as no file, if the folder for it is there.
 *
 * Returns: (transfer full): the configuration, or %NULL with %IVL_ERROR_INVALID_DATA when the file
 *   cannot be read or understood, or when it cannot be told whether there is one (a folder that may
 *   not be entered, a link that leads nowhere); nothing overwrites it then
 */
IvlConfig *
ivl_config_load (GError **error)
{
  GKeyFile *file = ivl_conf_file_load (error);
  IvlConfig *self;

  if (file == NULL)
    return NULL;
  self = g_object_new (IVL_TYPE_CONFIG, NULL);
  self->file = file;
  return self;
}

/**
 * ivl_config_save:
 * @self: a configuration
 * @error: return location for an error
 *
 * Puts what was changed since ivl_config_load() or the last call into the file as it is now, in one
 * step. Comments, what this version does not know, and what others have changed meanwhile stay;
 * programs that save at the same time wait for each other.
 *
 * Returns: %TRUE, also when nothing was changed, or %FALSE with %IVL_ERROR_INVALID_DATA when the
 *   file has been damaged meanwhile, which is not overwritten, %IVL_ERROR_BUSY when another program
 *   has been writing it for half a minute, or a plain file error. The changes are kept for another
 *   try
 */
gboolean
ivl_config_save (IvlConfig  *self,
                 GError    **error)
{
  GKeyFile *file;

  g_return_val_if_fail (IVL_IS_CONFIG (self), FALSE);

  if (self->changes->len == 0)
    return TRUE;
  if (!ivl_conf_file_change (apply_all, self->changes, &file, error))
    return FALSE;
  g_ptr_array_set_size (self->changes, 0);
  g_key_file_unref (self->file);
  self->file = file;
  return TRUE;
}

/**
 * ivl_config_get_model:
 * @self: a configuration
 *
 * Returns: (transfer full) (nullable): the model that is taken when a person names none: a folder,
 *   a name or a location; %NULL when none is set
 */
char *
ivl_config_get_model (IvlConfig *self)
{
  g_return_val_if_fail (IVL_IS_CONFIG (self), NULL);

  return ivl_conf_file_get_string (self->file, IVL_CONF_FILE_GROUP, "model", NULL);
}

/**
 * ivl_config_set_model:
 * @self: a configuration
 * @model: (nullable): what ivl_model_find() takes; %NULL or empty for none
 *
 * Sets the model that is taken when a person names none.
 */
void
ivl_config_set_model (IvlConfig  *self,
                      const char *model)
{
  g_return_if_fail (IVL_IS_CONFIG (self));

  change (self, IVL_CONF_FILE_GROUP, "model", model != NULL && *model != '\0' ? model : NULL);
}

/**
 * ivl_config_get_idle_exit:
 * @self: a configuration
 *
 * Returns: minutes without a request after which the user's service ends, if it was started on
 *   demand; 0: it stays
 */
guint
ivl_config_get_idle_exit (IvlConfig *self)
{
  guint minutes;

  g_return_val_if_fail (IVL_IS_CONFIG (self), IVL_CONF_FILE_IDLE_EXIT);

  ivl_conf_file_get_idle_exit (self->file, &minutes, NULL);
  return minutes;
}

/**
 * ivl_config_set_idle_exit:
 * @self: a configuration
 * @minutes: minutes, a year at most; 0: the service stays
 *
 * Sets how long the user's service waits for requests. One that runs goes on as it was started.
 */
void
ivl_config_set_idle_exit (IvlConfig *self,
                          guint      minutes)
{
  g_autofree char *text = NULL;

  g_return_if_fail (IVL_IS_CONFIG (self));

  text = g_strdup_printf ("%u", MIN (minutes, IVL_CONF_FILE_MAX_IDLE_EXIT));
  change (self, IVL_CONF_FILE_SERVICE_GROUP, "idle-exit", text);
}

/**
 * ivl_config_get_local_only:
 * @self: a configuration
 *
 * Returns: whether no picture may leave this computer; also when the file says so in a way that
 *   cannot be understood
 */
gboolean
ivl_config_get_local_only (IvlConfig *self)
{
  gboolean local_only;

  g_return_val_if_fail (IVL_IS_CONFIG (self), TRUE);

  return !ivl_conf_file_get_boolean (self->file, IVL_CONF_FILE_GROUP, "local-only", &local_only,
                                     NULL) ||
         local_only;
}

/**
 * ivl_config_set_local_only:
 * @self: a configuration
 * @local_only: whether no picture may leave this computer
 *
 * Forbids or allows remotes on other computers, from ivl_config_save() on and for all programs.
 */
void
ivl_config_set_local_only (IvlConfig *self,
                           gboolean   local_only)
{
  g_return_if_fail (IVL_IS_CONFIG (self));

  change (self, IVL_CONF_FILE_GROUP, "local-only", local_only ? "true" : "false");
}

/**
 * ivl_config_list_remotes:
 * @self: a configuration
 *
 * Returns: (transfer full) (array zero-terminated=1): the names of the remotes, in the file's order
 */
char **
ivl_config_list_remotes (IvlConfig *self)
{
  g_return_val_if_fail (IVL_IS_CONFIG (self), NULL);

  return ivl_remote_list_configured (self->file);
}

/**
 * ivl_config_list_engines:
 *
 * Returns: (transfer full) (array zero-terminated=1): what a remote's field `engine` can be
 */
char **
ivl_config_list_engines (void)
{
  return ivl_remote_dialect_list ();
}

/**
 * ivl_config_get_remote:
 * @self: a configuration
 * @remote: the remote's name
 * @field: `url`, `model`, `engine`, `ca-file`, `key-file`, `parallel` or `insecure-http`
 *
 * Returns: (transfer full) (nullable): the field as it stands in the file, or %NULL when it or the
 *   remote is not there
 */
char *
ivl_config_get_remote (IvlConfig  *self,
                       const char *remote,
                       const char *field)
{
  g_autofree char *group = NULL;

  g_return_val_if_fail (IVL_IS_CONFIG (self), NULL);
  g_return_val_if_fail (remote != NULL && field != NULL, NULL);

  group = ivl_remote_get_group (remote);
  return ivl_conf_file_get_string (self->file, group, field, NULL);
}

/* What opening checks beyond the text itself. */
static gboolean
check_target (GKeyFile    *file,
              const char  *group,
              const char  *field,
              GError     **error)
{
  g_autoptr (GTlsDatabase) certificates = NULL;
  g_autofree char *path = NULL;
  char *key = NULL;
  gboolean ok;

  if (strcmp (field, "engine") == 0)
    {
      path = ivl_conf_file_get_string (file, group, field, error);
      return path != NULL && ivl_remote_dialect_find (path, error) != NULL;
    }
  if (strcmp (field, "ca-file") != 0 && strcmp (field, "key-file") != 0)
    return TRUE;
  path = ivl_conf_file_get_file (file, group, field, error);
  if (path == NULL)
    return FALSE;
  if (strcmp (field, "ca-file") == 0)
    {
      certificates = ivl_remote_load_certificates (path, error);
      return certificates != NULL;
    }
  key = ivl_api_key_read_file (path, error);
  ok = key != NULL;
  ivl_api_key_free (key);
  return ok;
}

/**
 * ivl_config_set_remote:
 * @self: a configuration
 * @remote: the remote's name; one that is not there is added
 * @field: `url`, `model`, `engine`, `ca-file`, `key-file`, `parallel` or `insecure-http`
 * @value: (nullable): the text; %NULL or empty takes the field away
 * @error: return location for an error
 *
 * Sets a field of a remote, if it is one that opening the remote would take: files are looked into,
 * servers are not asked. A remote needs its `url` before it can be used, so that cannot be taken
 * away.
 *
 * Returns: %TRUE, or %FALSE with %IVL_ERROR_INVALID_OPTION, %IVL_ERROR_INVALID_DATA or
 *   %IVL_ERROR_NOT_FOUND (a file that is not there); nothing is changed then
 */
gboolean
ivl_config_set_remote (IvlConfig   *self,
                       const char  *remote,
                       const char  *field,
                       const char  *value,
                       GError     **error)
{
  g_autoptr (GKeyFile) scratch = g_key_file_new ();
  g_autofree char *group = NULL;
  gboolean is_empty = value == NULL || *value == '\0';

  g_return_val_if_fail (IVL_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (remote != NULL && field != NULL, FALSE);

  group = ivl_remote_get_group (remote);
  if (!ivl_remote_check_name (remote, error) ||
      (!is_empty && !ivl_remote_check_field (field, value, error)))
    return FALSE;
  if (is_empty && strcmp (field, "url") == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "The remote %s needs an address",
                   remote);
      return FALSE;
    }
  if (!is_empty)
    {
      g_key_file_set_string (scratch, group, field, value);
      if (!check_target (scratch, group, field, error))
        return FALSE;
    }
  change (self, group, field, is_empty ? NULL : value);
  return TRUE;
}

/**
 * ivl_config_remove_remote:
 * @self: a configuration
 * @remote: the remote's name
 *
 * Takes a remote away. Its API key stays in the keyring: see ivl_config_store_key_async().
 */
void
ivl_config_remove_remote (IvlConfig  *self,
                          const char *remote)
{
  g_autofree char *group = NULL;

  g_return_if_fail (IVL_IS_CONFIG (self));
  g_return_if_fail (remote != NULL);

  group = ivl_remote_get_group (remote);
  change (self, group, NULL, NULL);
}

/* What a call to the keyring needs in its own thread. */
typedef struct
{
  IvlRemote *remote;
  char      *key; /* (nullable) */
} KeyCall;

static void
key_call_free (KeyCall *call)
{
  ivl_remote_free (call->remote);
  ivl_api_key_free (call->key);
  g_free (call);
}

/* The task for a call about the remote's key; it has failed already if there is no such remote
 * (nullable). */
static GTask *
start_key_call (IvlConfig           *self,
                const char          *name,
                const char          *key,
                gpointer             source_tag,
                GCancellable        *cancellable,
                GAsyncReadyCallback  callback,
                gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse_configured (name, self->file, &error);
  KeyCall *call;

  g_task_set_source_tag (task, source_tag);
  if (remote == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return NULL;
    }
  call = g_new (KeyCall, 1);
  *call = (KeyCall) { remote, g_strdup (key) };
  g_task_set_task_data (task, call, (GDestroyNotify) key_call_free);
  return g_steal_pointer (&task);
}

static void
store_key (GTask        *task,
           gpointer      source,
           gpointer      data,
           GCancellable *cancellable)
{
  KeyCall *call = data;
  GError *error = NULL;

  if (ivl_api_key_store (call->remote, call->key, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * ivl_config_store_key_async:
 * @self: a configuration
 * @remote: the remote's name; its address may be unsaved yet
 * @key: (nullable): the API key, or %NULL to take away the one that is there
 * @cancellable: (nullable): to give up
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Keeps an API key for the remote's host and port in the user's keyring, where every program of ivl
 * finds it. The keyring may ask the person to unlock it.
 */
void
ivl_config_store_key_async (IvlConfig           *self,
                            const char          *remote,
                            const char          *key,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IVL_IS_CONFIG (self));
  g_return_if_fail (remote != NULL);

  task = start_key_call (self, remote, key, ivl_config_store_key_async, cancellable, callback,
                         user_data);
  if (task != NULL)
    g_task_run_in_thread (task, store_key);
}

/**
 * ivl_config_store_key_finish:
 * @self: a configuration
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends ivl_config_store_key_async().
 *
 * Returns: %TRUE, or %FALSE with %IVL_ERROR_UNSUPPORTED when no keyring keeps it,
 *   %IVL_ERROR_INVALID_OPTION when it is no key or would go by plain HTTP to another computer, an
 *   error of the remote's fields, or %G_IO_ERROR_CANCELLED
 */
gboolean
ivl_config_store_key_finish (IvlConfig     *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
find_key (GTask        *task,
          gpointer      source,
          gpointer      data,
          GCancellable *cancellable)
{
  KeyCall *call = data;
  g_autoptr (GError) error = NULL;
  char *place = ivl_api_key_find_source (call->remote, cancellable, &error);

  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, place, g_free);
}

/**
 * ivl_config_find_key_async:
 * @self: a configuration
 * @remote: the remote's name
 * @cancellable: (nullable): to give up
 * @callback: called when it is done
 * @user_data: for @callback
 *
 * Looks where an API key for the remote would come from: the environment, its key file or the
 * keyring.
 */
void
ivl_config_find_key_async (IvlConfig           *self,
                           const char          *remote,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IVL_IS_CONFIG (self));
  g_return_if_fail (remote != NULL);

  task = start_key_call (self, remote, NULL, ivl_config_find_key_async, cancellable, callback,
                         user_data);
  if (task != NULL)
    g_task_run_in_thread (task, find_key);
}

/**
 * ivl_config_find_key_finish:
 * @self: a configuration
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends ivl_config_find_key_async().
 *
 * Returns: (transfer full) (nullable): the place: `IVL_API_KEY`, the file, or `the keyring`; %NULL
 *   without an error when there is no key, or with one when there is a key that cannot be used
 */
char *
ivl_config_find_key_finish (IvlConfig     *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ivl_config_check_key:
 * @self: a configuration
 * @remote: the remote's name
 * @key: an API key
 * @error: return location for an error
 *
 * Looks whether a key could be used for the remote, without asking the server and before it is
 * kept.
 *
 * Returns: %TRUE, or %FALSE with %IVL_ERROR_INVALID_OPTION when it is no key or would go by plain
 *   HTTP to another computer, or an error of the remote's fields
 */
gboolean
ivl_config_check_key (IvlConfig   *self,
                      const char  *remote,
                      const char  *key,
                      GError     **error)
{
  g_autoptr (IvlRemote) parsed = NULL;

  g_return_val_if_fail (IVL_IS_CONFIG (self), FALSE);
  g_return_val_if_fail (remote != NULL && key != NULL, FALSE);

  parsed = ivl_remote_parse_configured (remote, self->file, error);
  return parsed != NULL && ivl_api_key_check (parsed, key, error);
}

IvlRemote *
ivl_config_parse_remote (IvlConfig   *self,
                         const char  *remote,
                         GError     **error)
{
  return ivl_remote_parse_configured (remote, self->file, error);
}
