/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's configuration file: reads it, says what is wrong with a key, and writes it.
 */
#include "util/ivl-conf-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <sys/stat.h>

char *
ivl_conf_file_get_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "ivl", "ivl.conf", NULL);
}

GKeyFile *
ivl_conf_file_load (GError **error)
{
  g_autofree char *path = ivl_conf_file_get_path ();
  g_autoptr (GKeyFile) config = g_key_file_new ();
  g_autoptr (GError) reason = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS) ||
      g_key_file_load_from_file (config, path,
                                 G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, &reason))
    return g_steal_pointer (&config);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", path, reason->message);
  return NULL;
}

/* Where the file is if its name is a link: people keep their settings elsewhere (transfer full). */
static char *
resolve_path (const char *path)
{
  char *real = realpath (path, NULL);
  char *copy = g_strdup (real != NULL ? real : path);

  free (real);
  return copy;
}

gboolean
ivl_conf_file_save (GKeyFile  *config,
                    GError   **error)
{
  g_autofree char *path = ivl_conf_file_get_path ();
  g_autofree char *real = resolve_path (path);
  g_autofree char *folder = g_path_get_dirname (real);
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;
  gsize length;
  GStatBuf info;
  int mode = g_stat (real, &info) == 0 ? (int) (info.st_mode & 0755) : 0600;

  text = g_key_file_to_data (config, &length, NULL);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    g_set_error_literal (&reason, G_FILE_ERROR, (int) g_file_error_from_errno (errno),
                         g_strerror (errno));
  if (reason == NULL &&
      g_file_set_contents_full (real, text, (gssize) length,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, mode,
                                &reason))
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&reason), "%s: ", path);
  return FALSE;
}

static void
refuse (const char  *group,
        const char  *key,
        const char  *reason,
        GError     **error)
{
  g_autofree char *path = ivl_conf_file_get_path ();

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: group [%s], key %s: %s", path, group,
               key, reason);
}

char *
ivl_conf_file_get_string (GKeyFile    *config,
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
ivl_conf_file_get_file (GKeyFile    *config,
                        const char  *group,
                        const char  *key,
                        GError     **error)
{
  g_autofree char *text = ivl_conf_file_get_string (config, group, key, error);
  g_autofree char *path = NULL;
  g_autofree char *folder = NULL;

  if (text == NULL)
    return NULL;
  if (g_str_has_prefix (text, "~/"))
    return g_build_filename (g_get_home_dir (), text + 2, NULL);
  path = ivl_conf_file_get_path ();
  folder = g_path_get_dirname (path);
  return g_canonicalize_filename (text, folder);
}

gboolean
ivl_conf_file_get_boolean (GKeyFile    *config,
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

/* A number from `least` to `most`; *value stays as it is when the key is not there. */
static gboolean
read_number (GKeyFile    *config,
             const char  *group,
             const char  *key,
             guint        least,
             guint        most,
             guint       *value,
             GError     **error)
{
  g_autoptr (GError) text_error = NULL;
  g_autofree char *text = ivl_conf_file_get_string (config, group, key, &text_error);
  g_autofree char *range = NULL;
  guint64 number = 0;

  if (text_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&text_error));
      return FALSE;
    }
  if (text == NULL)
    return TRUE;
  g_strchomp (text);
  if (g_ascii_string_to_unsigned (text, 10, least, most, &number, NULL))
    {
      *value = (guint) number;
      return TRUE;
    }
  range = g_strdup_printf ("not a number from %u to %u", least, most);
  refuse (group, key, range, error);
  return FALSE;
}

gboolean
ivl_conf_file_get_number (GKeyFile    *config,
                          const char  *group,
                          const char  *key,
                          guint        most,
                          guint       *value,
                          GError     **error)
{
  *value = 0;
  return read_number (config, group, key, 1, most, value, error);
}

gboolean
ivl_conf_file_get_idle_exit (GKeyFile  *config,
                             guint     *minutes,
                             GError   **error)
{
  *minutes = IVL_CONF_FILE_IDLE_EXIT;
  return read_number (config, IVL_CONF_FILE_SERVICE_GROUP, "idle-exit", 0,
                      IVL_CONF_FILE_MAX_IDLE_EXIT, minutes, error);
}
