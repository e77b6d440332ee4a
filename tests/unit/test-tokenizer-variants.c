/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The golden cases on other forms of the same tokenizer: merges lost on the way, and
 * tokenizer.json. They read the large vocabulary again and again, so they are not repeated with
 * sanitizers.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "temp-files.h"
#include "temp-tokenizer.h"

/* Runs build/tests/check-tokenizer on the golden cases of Qwen2 and a folder. */
static void
check_golden (const char *folder,
              gboolean    hash_merges)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "check-tokenizer", NULL);
  g_autofree char *cases =
      g_test_build_filename (G_TEST_DIST, "golden", "tokenizers", "golden-qwen2.json", NULL);
  const char *argv[] = { program, cases, folder, NULL };
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, NULL, 0, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s", output);
  g_assert_cmpint (strstr (output, "no merges of #") == NULL, ==, hash_merges);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static char *
read_golden (const char *name)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "tokenizers", "qwen2", name, NULL);
  char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

static void
test_lost_hash_merges (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *vocab = read_golden ("vocab.json");
  g_autofree char *merges = read_golden ("merges.txt");
  g_autofree char *added = read_golden ("added_tokens.json");
  g_autofree char *config = read_golden ("tokenizer_config.json");
  g_auto (GStrv) lines = g_strsplit (merges, "\n", -1);
  g_autoptr (GString) kept = g_string_new (NULL);
  guint n_lost = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] == '#' && !g_str_has_prefix (lines[i], "#version"))
      n_lost++;
    else
      g_string_append_printf (kept, "%s\n", lines[i]);
  g_assert_cmpuint (n_lost, ==, 96);
  g_free (temp_files_write_text (folder, "vocab.json", vocab));
  g_free (temp_files_write_text (folder, "merges.txt", kept->str));
  g_free (temp_files_write_text (folder, "added_tokens.json", added));
  g_free (temp_files_write_text (folder, "tokenizer_config.json", config));
  check_golden (folder, FALSE);
  temp_files_remove_folder (folder);
}

/* The same vocabulary as tokenizer.json, with merges in either form. */
static void
test_tokenizer_json (gconstpointer data)
{
  gboolean pairs = GPOINTER_TO_INT (data);
  char *folder = temp_files_make_folder ();
  g_autofree char *vocab = read_golden ("vocab.json");
  g_autofree char *merges = read_golden ("merges.txt");
  g_autofree char *config = read_golden ("tokenizer_config.json");
  g_auto (GStrv) lines = g_strsplit (merges, "\n", -1);
  g_autoptr (GString) array = g_string_new ("[");
  g_autofree char *json = NULL;

  for (guint i = 1; lines[i] != NULL && lines[i][0] != '\0'; i++)
    {
      if (i > 1)
        g_string_append_c (array, ',');
      g_string_append_c (array, pairs ? '[' : '"');
      if (pairs)
        g_string_append_c (array, '"');
      for (const char *p = lines[i]; *p != '\0'; p++)
        {
          if (*p == '"' || *p == '\\')
            g_string_append_c (array, '\\');
          if (*p == ' ' && pairs)
            g_string_append (array, "\",\"");
          else
            g_string_append_c (array, *p);
        }
      g_string_append (array, pairs ? "\"]" : "\"");
    }
  g_string_append_c (array, ']');
  json = temp_tokenizer_make_json (vocab, array->str, "[]");
  g_free (temp_files_write_text (folder, "tokenizer.json", json));
  g_free (temp_files_write_text (folder, "tokenizer_config.json", config));
  check_golden (folder, TRUE);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tokenizer/lost-hash-merges", test_lost_hash_merges);
  g_test_add_data_func ("/tokenizer/json/strings", GINT_TO_POINTER (FALSE), test_tokenizer_json);
  g_test_add_data_func ("/tokenizer/json/pairs", GINT_TO_POINTER (TRUE), test_tokenizer_json);
  return g_test_run ();
}
