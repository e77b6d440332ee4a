/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Reads the recorded and constructed replies of tests/remote/data. */
#include "recordings.h"

#include <string.h>

/* Replies that end early are recorded as well: what there is of the last chunk counts. */
static GString *
join_chunks (const char *text,
             gsize       n)
{
  GString *body = g_string_new (NULL);
  const char *end = text + n;

  while (text < end)
    {
      char *line_end;
      gsize size = g_ascii_strtoull (text, &line_end, 16);

      if (size == 0 || end - line_end < 2)
        break;
      text = line_end + 2;
      g_string_append_len (body, text, MIN (size, (gsize) (end - text)));
      text += MIN (size + 2, (gsize) (end - text));
    }
  return body;
}

GString *
recordings_read_body (const char *name,
                      guint      *status)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "remote", "data", name, NULL);
  g_autofree char *text = NULL;
  g_autofree char *header = NULL;
  g_autofree char *lower = NULL;
  const char *body;
  gsize n;

  g_file_get_contents (path, &text, &n, &error);
  g_assert_no_error (error);
  *status = 200;
  if (!g_str_has_suffix (name, ".resp"))
    return g_string_new_len (text, n);
  body = strstr (text, "\r\n\r\n");
  g_assert_nonnull (body);
  header = g_strndup (text, body - text);
  lower = g_ascii_strdown (header, -1);
  *status = (guint) g_ascii_strtoull (strchr (header, ' '), NULL, 10);
  body += 4;
  if (strstr (lower, "transfer-encoding: chunked") != NULL)
    return join_chunks (body, text + n - body);
  return g_string_new_len (body, text + n - body);
}

static void
list_folder (const char *folder,
             const char *suffix,
             GPtrArray  *names)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "remote", "data", folder, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, suffix))
      g_ptr_array_add (names, *folder != '\0' ? g_build_filename (folder, name, NULL)
                                              : g_strdup (name));
}

GStrv
recordings_list (const char *suffix)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  list_folder ("", suffix, names);
  list_folder ("constructed", suffix, names);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}
