/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Checkpoint folders: the reference's, the Hugging Face cache's layout of links, and require().
 * Folders that are refused are in hostile/test-hostile-checkpoint.c. */
#include "formats/ivl-checkpoint.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <unistd.h>

#include "temp-files.h"

#define HEADER_A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
#define HEADER_B "{\"b\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}"

/* Written by the official library. */
static void
test_reference_folders (void)
{
  static const struct
  {
    const char *folder;
    guint       n_tensors;
    IvlDtype    dtype;
    const char *name;
    guint64     shape[4];
    guint       n_dims;
  } cases[] = {
    /* counted in the files' headers with Python */
    { "qwen-300m", 90, IVL_DTYPE_BF16, "vision_model.embeddings.patch_embedding.weight",
      { 64, 3, 14, 14 }, 4 },
    { "qwen-6b", 75, IVL_DTYPE_BF16, "language_model.lm_head.weight", { 751, 96 }, 2 },
    { "internlm-300m", 62, IVL_DTYPE_F32, "language_model.output.weight", { 875, 96 }, 2 },
    { "internlm-6b", 66, IVL_DTYPE_F16, "language_model.model.layers.1.attention.wqkv.weight",
      { 192, 128 }, 2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *folder = g_test_get_filename (G_TEST_DIST, "golden", "fixtures", "models",
                                                cases[i].folder, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(IvlCheckpoint) checkpoint = ivl_checkpoint_open (folder, &error);
      IvlTensor tensor;

      g_assert_no_error (error);
      g_assert_cmpuint (ivl_checkpoint_get_n_tensors (checkpoint), ==, cases[i].n_tensors);
      g_assert_true (ivl_checkpoint_require (checkpoint, cases[i].name, cases[i].n_dims,
                                             cases[i].shape,
                                             &tensor, &error));
      g_assert_cmpint (tensor.dtype, ==, cases[i].dtype);
      for (guint j = 0; j < cases[i].n_tensors; j++)
        {
          const char *name = ivl_checkpoint_get_tensor (checkpoint, j, &tensor);
          IvlTensor found;

          g_assert_true (ivl_checkpoint_lookup (checkpoint, name, &found));
          g_assert_true (found.data == tensor.data);
        }
      g_assert_true (ivl_checkpoint_check (checkpoint, &error));
    }
}

static void
test_require (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_files_write_safetensors (
    folder, "model.safetensors",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
    "\"i\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlCheckpoint) checkpoint = ivl_checkpoint_open (folder, &error);
  const guint64 shape[] = { 1, 2 };
  const guint64 other[] = { 2, 1 };
  const guint64 two[] = { 2 };
  IvlTensor tensor;
  g_autofree char *expected = NULL;

  g_assert_no_error (error);
  g_assert_true (ivl_checkpoint_require (checkpoint, "a", 2, shape, &tensor, &error));
  g_assert_false (ivl_checkpoint_require (checkpoint, "x", 2, shape, &tensor, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (ivl_checkpoint_require (checkpoint, "a", 2, other, &tensor, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  expected = g_strdup_printf ("%s: tensor a: expected shape [2,1], found [1,2]", folder);
  g_assert_cmpstr (error->message, ==, expected);
  g_clear_error (&error);
  g_assert_false (ivl_checkpoint_require (checkpoint, "a", 1, two, &tensor, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_false (ivl_checkpoint_require (checkpoint, "i", 1, two, &tensor, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);

  g_clear_error (&error);
  g_assert_cmpint (truncate (path, 20), ==, 0);
  g_assert_false (ivl_checkpoint_check (checkpoint, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  temp_files_remove_folder (folder);
}

/* models--x/blobs/<hash> and models--x/snapshots/<commit>/<name> -> ../../blobs/<hash> */
static void
test_cache_layout (void)
{
  char *root = temp_files_make_folder ();
  g_autofree char *blobs = g_build_filename (root, "blobs", NULL);
  g_autofree char *snapshot = g_build_filename (root, "snapshots", "1234", NULL);
  g_autofree char *link_a = g_build_filename (snapshot, "model-00001-of-00002.safetensors", NULL);
  g_autofree char *link_b = g_build_filename (snapshot, "model-00002-of-00002.safetensors", NULL);
  g_autofree char *link_index = g_build_filename (snapshot, "model.safetensors.index.json", NULL);
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *index = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlCheckpoint) checkpoint = NULL;

  g_assert_cmpint (g_mkdir_with_parents (blobs, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (snapshot, 0700), ==, 0);
  a = temp_files_write_safetensors (blobs, "aaaa", HEADER_A, 8);
  b = temp_files_write_safetensors (blobs, "bbbb", HEADER_B, 8);
  index = temp_files_write_text (blobs, "cccc", "{\"metadata\":{\"total_size\":16},\"weight_map\":{"
                                 "\"a\":\"model-00001-of-00002.safetensors\","
                                 "\"b\":\"model-00002-of-00002.safetensors\"}}");
  g_assert_cmpint (symlink ("../../blobs/aaaa", link_a), ==, 0);
  g_assert_cmpint (symlink ("../../blobs/bbbb", link_b), ==, 0);
  g_assert_cmpint (symlink ("../../blobs/cccc", link_index), ==, 0);

  checkpoint = ivl_checkpoint_open (snapshot, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ivl_checkpoint_get_n_tensors (checkpoint), ==, 2);
  g_assert_cmpuint (ivl_checkpoint_get_n_bytes (checkpoint), ==, 2 * (8 + 56 + 8));
  g_assert_true (ivl_checkpoint_lookup (checkpoint, "b", NULL));
  temp_files_remove_folder (root);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checkpoint/reference-folders", test_reference_folders);
  g_test_add_func ("/checkpoint/require", test_require);
  g_test_add_func ("/checkpoint/cache-layout", test_cache_layout);
  return g_test_run ();
}
