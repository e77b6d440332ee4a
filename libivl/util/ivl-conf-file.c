/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The user's configuration file: reads it, says what is wrong with a key, and writes it.
 */
#include "util/ivl-conf-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>

#include "util/ivl-bounded-file.h"
#include "util/ivl-file-target.h"
#include "util/ivl-replace-file.h"

enum
{
  MAX_BYTES = 1024 * 1024,
};

char *
ivl_conf_file_get_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "ivl", "ivl.conf", NULL);
}

/* Whether nothing is forbidden, because nothing is said, depends on this: "there is none" is an
 * answer of its own, and whatever else stands in the way of reading is an error. */
IvlConfFileState
ivl_conf_file_read (GKeyFile **config,
                    GError   **error)
{
  g_autofree char *path = ivl_conf_file_get_path ();
  g_autoptr (GKeyFile) read = g_key_file_new ();
  g_autoptr (GError) reason = NULL;
  g_autofree char *text = NULL;
  gsize length;

  *config = NULL;
  text = ivl_bounded_file_read (path, MAX_BYTES, &length, &reason);
  if (text == NULL && g_error_matches (reason, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    {
      if (ivl_file_target_is_absent (path))
        return IVL_CONF_FILE_NONE;
      /* Another process may have made the first one between the two looks. */
      g_clear_error (&reason);
      text = ivl_bounded_file_read (path, MAX_BYTES, &length, &reason);
    }
  if (text == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s (what it forbids is not known: make it readable, or remove it)",
                   reason->message);
      return IVL_CONF_FILE_UNREADABLE;
    }
  if (!g_key_file_load_from_data (read, text, length,
                                  G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS,
                                  &reason))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", path, reason->message);
      return IVL_CONF_FILE_UNREADABLE;
    }
  *config = g_steal_pointer (&read);
  return IVL_CONF_FILE_READ;
}

GKeyFile *
ivl_conf_file_load (GError **error)
{
  GKeyFile *config;

  if (ivl_conf_file_read (&config, error) == IVL_CONF_FILE_NONE)
    return g_key_file_new ();
  return config;
}

/* The folder that the file is in, or will be in. */
static gboolean
make_folder (const char  *path,
             GError     **error)
{
  g_autofree char *target = ivl_file_target_resolve (path);
  g_autofree char *folder = g_path_get_dirname (target != NULL ? target : path);

  if (g_mkdir_with_parents (folder, 0700) == 0)
    return TRUE;
  g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), "%s: %s: %s", path,
               folder, g_strerror (errno));
  return FALSE;
}

gboolean
ivl_conf_file_change (IvlConfFileChange   change,
                      gpointer            data,
                      GKeyFile          **result,
                      GError            **error)
{
  g_autofree char *path = ivl_conf_file_get_path ();
  g_auto (IvlReplaceFile) replacement = IVL_REPLACE_FILE_INIT;
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GKeyFile) config = NULL;
  char *text;
  gsize length;

  if (!make_folder (path, error) ||
      !ivl_replace_file_begin (&replacement, path, 0600, NULL, error))
    return FALSE;
  /* What is read from here on, nobody else writes until this is done. */
  config = ivl_conf_file_load (error);
  if (config == NULL)
    return FALSE;
  change (config, data);
  text = g_key_file_to_data (config, &length, NULL);
  g_ptr_array_add (pieces, g_bytes_new_take (text, length));
  if (!ivl_replace_file_write (&replacement, pieces, NULL, error) ||
      !ivl_replace_file_commit (&replacement, error))
    return FALSE;
  *result = g_steal_pointer (&config);
  return TRUE;
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
