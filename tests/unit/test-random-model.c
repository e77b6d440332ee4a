/* SPDX-License-Identifier: LGPL-2.1-or-later
 * make-random-model: the seven sizes have the published numbers of parameters, and the config
 * that it writes says the same as the tensors that it would write. */
#include <string.h>

#include "formats/ivl-hf-config.h"
#include "temp-files.h"

static const struct
{
  const char *size;
  guint       n_millions; /* as published, in 10^6 */
} sizes[] = {
  { "1B", 938 }, { "2B", 2206 }, { "4B", 3713 }, { "8B", 8075 }, { "26B", 25514 }, { "38B", 38388 },
  { "78B", 78408 },
};

static guint64
run_tool (const char *size,
          const char *folder)
{
  const char *argv[] = { g_getenv ("IVL_MAKE_RANDOM_MODEL"), size, folder, "--config-only", NULL };
  g_autofree char *output = NULL;
  g_autofree char *prefix = g_strconcat (size, ": ", NULL);
  g_autoptr(GError) error = NULL;
  int status = -1;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_str_has_prefix (output, prefix));
  return g_ascii_strtoull (output + strlen (prefix), NULL, 10);
}

static guint64
count_vision (const IvlVisionConfig *vision)
{
  guint64 c = vision->hidden_size;
  guint64 m = vision->intermediate_size;
  guint64 n_side = vision->image_size / vision->patch_size;
  guint64 n_positions = n_side * n_side + 1;
  guint64 norms = vision->norm == IVL_NORM_LAYER ? 4 * c : 2 * c;
  guint64 attention = 4 * c * c + c + (vision->qkv_bias ? 3 * c : 0)
  + (vision->qk_normalization ? 2 * c : 0);
  guint64 mlp = 2 * c * m + m + c;

  return c + c * 3 * vision->patch_size * vision->patch_size + c + n_positions * c
         + vision->n_layers * (norms + attention + mlp + 2 * c);
}

static guint64
count_lm (const IvlLmConfig *lm)
{
  guint64 h = lm->hidden_size;
  guint64 kv = (guint64) lm->head_dim * lm->n_kv_heads;
  guint64 biases = lm->type == IVL_LM_QWEN2 ? h + 2 * kv : 0;
  guint64 layer = 2 * h * h + 2 * kv * h + biases + 3 * h * lm->intermediate_size + 2 * h;

  return (lm->tie_word_embeddings ? 1 : 2) * (guint64) lm->vocab_size * h + lm->n_layers * layer
  + h;
}

static void
test_size (gconstpointer data)
{
  guint index = GPOINTER_TO_UINT (data);
  char *folder = temp_files_make_folder ();
  guint64 n_parameters = run_tool (sizes[index].size, folder);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlHfConfig) config = ivl_hf_config_load (folder, &error);
  guint64 c, h;

  g_assert_no_error (error);
  g_assert_cmpuint ((n_parameters + 500000) / 1000000, ==, sizes[index].n_millions);
  c = 4 * config->vision.hidden_size;
  h = config->lm.hidden_size;
  g_assert_cmpuint (count_vision (&config->vision) + count_lm (&config->lm) + 2 * c + c * h + h
                    + h * h + h, ==,
                    n_parameters);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *path = g_strconcat ("/random-model/", sizes[i].size, NULL);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_size);
    }
  return g_test_run ();
}
