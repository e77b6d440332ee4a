/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Temporary folders and hand-made files for tests.
 */
#include "temp-files.h"

#include <glib/gstdio.h>
#include <string.h>

char *
temp_files_make_folder (void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp ("ivl-test-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
temp_files_remove_folder (char *folder)
{
  g_autoptr(GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        temp_files_remove_folder (g_steal_pointer (&path));
      else
        g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

char *
temp_files_write (const char *folder,
                  const char *name,
                  const void *data,
                  gsize       size)
{
  g_autoptr(GError) error = NULL;
  char *path = g_build_filename (folder, name, NULL);

  g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);
  return path;
}

char *
temp_files_write_text (const char *folder,
                       const char *name,
                       const char *text)
{
  return temp_files_write (folder, name, text, strlen (text));
}

GByteArray *
temp_files_build_safetensors (const char *header,
                              gsize       n_data)
{
  GByteArray *file = g_byte_array_new ();
  gsize n_header = (strlen (header) + 7) / 8 * 8;
  guint64 length = GUINT64_TO_LE (n_header);

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header, strlen (header));
  while (file->len < 8 + n_header)
    g_byte_array_append (file, (const guint8 *) " ", 1);
  for (gsize i = 0; i < n_data; i++)
    g_byte_array_append (file, &(guint8) { i & 0xff }, 1);
  return file;
}

char *
temp_files_write_safetensors (const char *folder,
                              const char *name,
                              const char *header,
                              gsize       n_data)
{
  g_autoptr(GByteArray) file = temp_files_build_safetensors (header, n_data);

  return temp_files_write (folder, name, file->data, file->len);
}
