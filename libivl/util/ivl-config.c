/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's configuration file: reads it and says what is wrong with a key.
 */
#include "util/ivl-config.h"

#include <libivl/ivl-error.h>

char *
ivl_config_get_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "ivl", "ivl.conf", NULL);
}

GKeyFile *
ivl_config_load (GError **error)
{
  g_autofree char *path = ivl_config_get_path ();
  g_autoptr (GKeyFile) config = g_key_file_new ();
  g_autoptr (GError) reason = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) ||
      g_key_file_load_from_file (config, path, G_KEY_FILE_NONE, &reason))
    return g_steal_pointer (&config);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", path, reason->message);
  return NULL;
}

static void
refuse (const char  *group,
        const char  *key,
        const char  *reason,
        GError     **error)
{
  g_autofree char *path = ivl_config_get_path ();

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: group [%s], key %s: %s", path, group,
               key, reason);
}

char *
ivl_config_get_string (GKeyFile    *config,
                       const char  *group,
                       const char  *key,
                       GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *text = NULL;

  if (!g_key_file_has_key (config, group, key, NULL))
    return NULL;
  text = g_key_file_get_string (config, group, key, &reason);
  /* GKeyFile gives a value and an error for a bad escape. */
  if (reason == NULL && *text != '\0')
    return g_steal_pointer (&text);
  refuse (group, key, reason != NULL ? reason->message : "empty", error);
  return NULL;
}

char *
ivl_config_get_file (GKeyFile    *config,
                     const char  *group,
                     const char  *key,
                     GError     **error)
{
  g_autofree char *text = ivl_config_get_string (config, group, key, error);
  g_autofree char *path = NULL;
  g_autofree char *folder = NULL;

  if (text == NULL)
    return NULL;
  if (g_str_has_prefix (text, "~/"))
    return g_build_filename (g_get_home_dir (), text + 2, NULL);
  path = ivl_config_get_path ();
  folder = g_path_get_dirname (path);
  return g_canonicalize_filename (text, folder);
}

gboolean
ivl_config_get_boolean (GKeyFile    *config,
                        const char  *group,
                        const char  *key,
                        gboolean    *value,
                        GError     **error)
{
  g_autoptr (GError) reason = NULL;

  *value = FALSE;
  if (!g_key_file_has_key (config, group, key, NULL))
    return TRUE;
  *value = g_key_file_get_boolean (config, group, key, &reason);
  if (reason == NULL)
    return TRUE;
  refuse (group, key, "neither true nor false", error);
  return FALSE;
}

gboolean
ivl_config_get_number (GKeyFile    *config,
                       const char  *group,
                       const char  *key,
                       guint        most,
                       guint       *value,
                       GError     **error)
{
  g_autoptr (GError) text_error = NULL;
  g_autofree char *text = ivl_config_get_string (config, group, key, &text_error);
  g_autofree char *range = NULL;
  guint64 number = 0;

  *value = 0;
  if (text_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&text_error));
      return FALSE;
    }
  if (text == NULL)
    return TRUE;
  g_strchomp (text);
  if (g_ascii_string_to_unsigned (text, 10, 1, most, &number, NULL))
    {
      *value = (guint) number;
      return TRUE;
    }
  range = g_strdup_printf ("not a number from 1 to %u", most);
  refuse (group, key, range, error);
  return FALSE;
}
