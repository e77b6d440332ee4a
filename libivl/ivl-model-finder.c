/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where models lie: a name, a path or nothing at all becomes the location of a model.
 */
#include <libivl/ivl-model-finder.h>

#include <string.h>

#include "engines/ivl-remote.h"
#include "formats/ivl-checkpoint.h"
#include "formats/ivl-model-folder.h"
#include "util/ivl-conf-file.h"
#include "util/ivl-model-folders.h"

/* Where meson installs data files, the demonstration model among them. */
#ifndef IVL_DATADIR
#error "IVL_DATADIR must be the folder that data files are installed into"
#endif

#define DEMO_FOLDER IVL_DATADIR G_DIR_SEPARATOR_S "ivl" G_DIR_SEPARATOR_S "demo" \
  G_DIR_SEPARATOR_S "model"
#define CONFIG_KEY "model"
#define ENVIRONMENT "IVL_MODEL"

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Names of the sub-folders that hold a model's config.json, in alphabetical order. */
static GPtrArray *
list_models (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (ivl_model_folder_has_model (path))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

/**
 * ivl_model_list_installed:
 *
 * Names of the models under `ivl/models` in the user's and the system's data folders: the
 * sub-folders that hold a `config.json`. Each can be given to ivl_model_find().
 *
 * Returns: (transfer full) (array zero-terminated=1) (element-type filename): the names, the user's
 *   own first, each group in alphabetical order, none twice
 */
char **
ivl_model_list_installed (void)
{
  GPtrArray *all = g_ptr_array_new ();
  g_autoptr (GPtrArray) folders = ivl_model_folders_list ();

  for (guint i = 0; i < folders->len; i++)
    {
      g_autoptr (GPtrArray) names = list_models (g_ptr_array_index (folders, i));

      for (guint j = 0; j < names->len; j++)
        {
          const char *name = g_ptr_array_index (names, j);

          if (!g_ptr_array_find_with_equal_func (all, name, g_str_equal, NULL))
            g_ptr_array_add (all, g_strdup (name));
        }
    }
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (all, FALSE);
}

static void
say_unknown (const char         *name,
             const char *const  *remotes,
             GError            **error)
{
  g_autofree char *guess = ivl_model_folder_guess (name);
  g_autoptr (GPtrArray) folders = ivl_model_folders_list ();
  g_auto (GStrv) installed = ivl_model_list_installed ();
  g_autofree char *models = g_strjoinv (", ", installed);
  g_autofree char *servers = g_strjoinv (", ", (char **) remotes);
  g_autofree char *shown = g_utf8_make_valid (name, -1);

  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               "There is no model \"%s\": it is neither a folder here, nor one under %s, nor a "
               "remote in the configuration file. Installed: %s. Remotes: %s%s%s",
               shown, (const char *) g_ptr_array_index (folders, 0),
               *models != '\0' ? models : "none", *servers != '\0' ? servers : "none",
               guess != NULL ? ". " : "", guess != NULL ? guess : "");
}

/* "remote:NAME" for the NAME (and NAME#MODEL) of a configured remote. */
static char *
find_remote (const char  *name,
             GError     **error)
{
  g_auto (GStrv) remotes = ivl_remote_list (error);
  g_autofree char *plain = g_strndup (name, strcspn (name, "#"));

  if (remotes == NULL)
    return NULL;
  if (g_strv_contains ((const char *const *) remotes, plain))
    return g_strconcat ("remote:", name, NULL);
  say_unknown (name, (const char *const *) remotes, error);
  return NULL;
}

/* Takes `location` over. A malformed one passes: opening it says what is wrong with it. */
static char *
check_allowed (char    *location,
               GError **error)
{
  g_autoptr (IvlRemote) remote = ivl_remote_parse (location, NULL);

  if (remote == NULL || ivl_remote_check_allowed (remote, error))
    return location;
  g_free (location);
  return NULL;
}

/* What is on this computer comes first: a folder of a remote's name keeps pictures here. */
static char *
find_named (const char  *name,
            GError     **error)
{
  g_autofree char *found = NULL;

  if (ivl_remote_is_location (name))
    return check_allowed (g_strdup (name), error);
  if (strchr (name, '/') != NULL || strchr (name, G_DIR_SEPARATOR) != NULL ||
      g_file_test (name, G_FILE_TEST_IS_DIR))
    return g_strdup (name);
  found = ivl_model_folders_find (name);
  if (found != NULL)
    return g_steal_pointer (&found);
  found = find_remote (name, error);
  return found != NULL ? check_allowed (g_steal_pointer (&found), error) : NULL;
}

/* The model that the configuration file names, with a leading `~/` made the home folder; NULL when
 * it names none, with an error only if the file is there and cannot be read. */
static char *
read_config (GError **error)
{
  g_autoptr (GKeyFile) config = ivl_conf_file_load (error);
  g_autofree char *model = NULL;

  if (config == NULL)
    return NULL;
  model = ivl_conf_file_get_string (config, IVL_CONF_FILE_GROUP, CONFIG_KEY, error);
  if (model != NULL && g_str_has_prefix (model, "~/"))
    return g_build_filename (g_get_home_dir (), model + 2, NULL);
  return g_steal_pointer (&model);
}

static gboolean
has_weights (const char *location)
{
  g_autofree char *folder = ivl_model_folder_resolve (location, NULL);

  return folder != NULL && ivl_checkpoint_is_complete (folder);
}

/* A folder that is being downloaded, or lost its weights, is passed over while there is a whole
 * one; when it is all there is, opening it says what it lacks. */
static char *
find_first (GError **error)
{
  g_autoptr (GPtrArray) folders = ivl_model_folders_list ();
  g_autofree char *incomplete = NULL;

  for (guint i = 0; i < folders->len; i++)
    {
      g_autoptr (GPtrArray) names = list_models (g_ptr_array_index (folders, i));

      for (guint j = 0; j < names->len; j++)
        {
          g_autofree char *path = g_build_filename (g_ptr_array_index (folders, i),
                                                    g_ptr_array_index (names, j), NULL);

          if (has_weights (path))
            return g_steal_pointer (&path);
          if (incomplete == NULL)
            incomplete = g_steal_pointer (&path);
        }
    }
  if (incomplete != NULL)
    return g_steal_pointer (&incomplete);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               "No model is installed. Download the folder of an InternVL2_5 checkpoint, such as "
               "OpenGVLab/InternVL2_5-1B, from its model hub (the hub's own client does it) into "
               "%s, or name a folder with --model DIR. A small demonstration model comes with ivl "
               "in %s: it reads only drawn shapes and a few words, and is never chosen by itself",
               (const char *) g_ptr_array_index (folders, 0), DEMO_FOLDER);
  return NULL;
}

/**
 * ivl_model_find:
 * @name: (nullable) (type filename): what the person asked for; %NULL for nothing in particular
 * @error: return location for an error
 *
 * Finds where a model lies. A @name with `/` in it, or that is a folder here, or that names a
 * server (`https://...`, `unix:PATH`, `service:`), is a location already and comes back as it is;
 * whether anything is there is seen when it is opened. Any other @name is looked for under
 * `ivl/models` in the user's data folder, then in the system's, then among the groups
 * `[remote "NAME"]` of the configuration file, which gives `remote:NAME`. With %NULL, the
 * environment variable `IVL_MODEL` is taken as the name, then the key `model` in the group `[ivl]`
 * of `ivl/ivl.conf` in the user's configuration folder, then the first model in alphabetical order
 * in the user's folder, then in the system's; folders without all of their weights are passed over
 * while there is another.
 *
 * Returns: (transfer full) (type filename): the location, for ivl_model_open(), or %NULL with
 *   %IVL_ERROR_NOT_FOUND, whose message says how to get a model, %IVL_ERROR_INVALID_DATA when the
 *   configuration file cannot be read, or %IVL_ERROR_REMOTE_REFUSED when it is a server elsewhere
 *   and nothing may leave this computer
 */
char *
ivl_model_find (const char  *name,
                GError     **error)
{
  const char *environment = g_getenv (ENVIRONMENT);
  g_autoptr (GError) reason = NULL;
  g_autofree char *configured = NULL;

  if (name != NULL)
    return find_named (name, error);
  if (environment != NULL && *environment != '\0')
    return find_named (environment, error);
  configured = read_config (&reason);
  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  return configured != NULL ? find_named (configured, error) : find_first (error);
}

/**
 * ivl_model_find_local:
 * @error: return location for an error
 *
 * Finds the model that is taken on this computer when a person names none: as ivl_model_find() does
 * with %NULL, but where that gives a server, the first installed model is taken in its place. It is
 * what a service is started with.
 *
 * Returns: (transfer full) (type filename): the folder, or %NULL with %IVL_ERROR_NOT_FOUND, whose
 *   message says how to get a model, or %IVL_ERROR_INVALID_DATA when the configuration file cannot
 *   be read
 */
char *
ivl_model_find_local (GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *found = ivl_model_find (NULL, &reason);

  if (found != NULL && !ivl_remote_is_location (found))
    return g_steal_pointer (&found);
  if (found != NULL || g_error_matches (reason, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED))
    return find_first (error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}
