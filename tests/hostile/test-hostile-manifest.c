/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights swapped for others of the same shape: the folder's SHA256SUMS tells.
 */
#include "formats/ivl-manifest.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>

#include "temp-files.h"

#define N_BYTES (3 * (1 << 20) + 17)

/* Two files and their list, which is as sha256sum writes it. */
static char *
make_folder (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *weights = g_malloc0 (N_BYTES);
  g_autofree char *hash = NULL;
  g_autofree char *list = NULL;

  for (gsize i = 0; i < N_BYTES; i++)
    weights[i] = i * 31 >> 3;
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *) weights, N_BYTES);
  /* the SHA-256 of "abc\n", from coreutils */
  list = g_strdup_printf ("%s  model.safetensors\n"
                          "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb "
                          "*config.json\n",
                          hash);
  g_free (temp_files_write (folder, "model.safetensors", weights, N_BYTES));
  g_free (temp_files_write_text (folder, "config.json", "abc\n"));
  g_free (temp_files_write_text (folder, IVL_MANIFEST_NAME, list));
  return folder;
}

static guint
count_problems (const char *folder,
                const char *named)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_assert_true (ivl_manifest_check (folder, problems, NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < problems->len; i++)
    g_assert_nonnull (strstr (g_ptr_array_index (problems, i), named));
  return problems->len;
}

static void
test_untouched (void)
{
  char *folder = make_folder ();

  g_assert_cmpuint (count_problems (folder, ""), ==, 0);
  temp_files_remove_folder (folder);
}

/* One bit in each MiB, one at a time. */
static void
test_bit_flips (void)
{
  char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *weights = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &weights, &size, NULL));
  for (gsize at = 1000; at < size; at += 1 << 20)
    {
      weights[at] ^= 4;
      g_free (temp_files_write (folder, "model.safetensors", weights, size));
      g_assert_cmpuint (count_problems (folder, "model.safetensors"), ==, 1);
      weights[at] ^= 4;
    }
  temp_files_remove_folder (folder);
}

static void
test_absent_and_unlisted (void)
{
  char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpuint (count_problems (folder, "config.json"), ==, 1);
  g_free (temp_files_write_text (folder, "config.json", "abc\n"));
  g_free (temp_files_write_text (folder, "other.safetensors", "x"));
  g_assert_cmpuint (count_problems (folder, "other.safetensors"), ==, 1);
  temp_files_remove_folder (folder);
}

#define HASH "edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb"

static const char *const bad_lists[] = {
  "model.safetensors\n",
  HASH "\n",
  HASH " model.safetensors\n",
  HASH "  \n",
  HASH "  ../config.json\n",
  HASH "  /etc/passwd\n",
  HASH "  ..\n",
  HASH "0  config.json\n",
  HASH "  config.json\n" HASH "  config.json\n",
  "gdeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb  config.json\n",
};

static void
test_bad_list (gconstpointer data)
{
  char *folder = make_folder ();
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_free (temp_files_write_text (folder, IVL_MANIFEST_NAME, data));
  g_assert_false (ivl_manifest_check (folder, problems, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  temp_files_remove_folder (folder);
}

static void
test_no_list (void)
{
  char *folder = temp_files_make_folder ();
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_manifest_check (folder, problems, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  temp_files_remove_folder (folder);
}

static void
test_cancelled (void)
{
  char *folder = make_folder ();
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_manifest_check (folder, problems, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/manifest/untouched", test_untouched);
  g_test_add_func ("/manifest/bit-flips", test_bit_flips);
  g_test_add_func ("/manifest/absent-and-unlisted", test_absent_and_unlisted);
  g_test_add_func ("/manifest/no-list", test_no_list);
  g_test_add_func ("/manifest/cancelled", test_cancelled);
  for (gsize i = 0; i < G_N_ELEMENTS (bad_lists); i++)
    {
      g_autofree char *name = g_strdup_printf ("/manifest/bad-list/%u", (guint) i);

      g_test_add_data_func (name, bad_lists[i], test_bad_list);
    }
  return g_test_run ();
}
