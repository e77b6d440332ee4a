/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The folders that models are installed into.
 */
#include "util/ivl-model-folders.h"

GPtrArray *
ivl_model_folders_list (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  const char *const *system = g_get_system_data_dirs ();

  g_ptr_array_add (folders, g_build_filename (g_get_user_data_dir (), "ivl", "models", NULL));
  for (guint i = 0; system[i] != NULL; i++)
    g_ptr_array_add (folders, g_build_filename (system[i], "ivl", "models", NULL));
  return folders;
}

/* A model folder is taken by its name even if it has no config.json: opening it says what it
 * lacks. */
char *
ivl_model_folders_find (const char *name)
{
  g_autoptr (GPtrArray) folders = ivl_model_folders_list ();

  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *path = g_build_filename (g_ptr_array_index (folders, i), name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }
  return NULL;
}
