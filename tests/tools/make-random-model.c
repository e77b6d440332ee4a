/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * make-random-model SIZE DIR: writes a checkpoint folder in the published layout, with the true
 * dimensions of one of the seven InternVL2.5 sizes and random weights. Benchmarks run on it; its
 * answers are noise.
 */
#include <glib/gstdio.h>
#include <locale.h>

#include "random-model.h"

static const RandomModelVision vit_300m = { 1024, 24, 16, 4096, FALSE };
static const RandomModelVision vit_6b = { 3200, 45, 25, 12800, TRUE };

#define QWEN2(...) RANDOM_MODEL_QWEN2, __VA_ARGS__, 151674
#define INTERNLM2(...) RANDOM_MODEL_INTERNLM2, __VA_ARGS__, 92553

/* hidden, layers, heads, key/value heads, intermediate: the published models' */
static const RandomModelSize sizes[] = {
  { "1B", "Qwen/Qwen2.5-0.5B-Instruct", &vit_300m, QWEN2 (896, 24, 14, 2, 4864) },
  { "2B", "internlm/internlm2_5-1_8b-chat", &vit_300m, INTERNLM2 (2048, 24, 16, 8, 8192) },
  { "4B", "Qwen/Qwen2.5-3B-Instruct", &vit_300m, QWEN2 (2048, 36, 16, 2, 11008) },
  { "8B", "internlm/internlm2_5-7b-chat", &vit_300m, INTERNLM2 (4096, 32, 32, 8, 14336) },
  { "26B", "internlm/internlm2_5-20b-chat", &vit_6b, INTERNLM2 (6144, 48, 48, 8, 16384) },
  { "38B", "Qwen/Qwen2.5-32B-Instruct", &vit_6b, QWEN2 (5120, 64, 40, 8, 27648) },
  { "78B", "Qwen/Qwen2.5-72B-Instruct", &vit_6b, QWEN2 (8192, 80, 64, 8, 29568) },
};

static const RandomModelSize *
find_size (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (g_ascii_strcasecmp (name, sizes[i].name) == 0)
      return &sizes[i];
  return NULL;
}

gboolean
random_model_write_text (const char  *folder,
                         const char  *name,
                         const char  *text,
                         gssize       length,
                         GError     **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_set_contents (path, text, length, error);
}

/* Copies those tokenizer files that are there; at least one must be. */
static gboolean
copy_tokenizer (const char  *source_folder,
                const char  *folder,
                GError     **error)
{
  static const char *const names[] = { "vocab.json", "merges.txt", "tokenizer.json",
                                       "tokenizer.model",
                                       "added_tokens.json", "special_tokens_map.json",
                                       "tokenizer_config.json" };
  guint n_copied = 0;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (source_folder, names[i], NULL);
      g_autofree char *contents = NULL;
      gsize length;

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      if (!g_file_get_contents (path, &contents, &length, error)
          || !random_model_write_text (folder, names[i], contents, length, error))
        return FALSE;
      n_copied++;
    }
  if (n_copied == 0)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s: no tokenizer files", source_folder);
  return n_copied > 0;
}

static gboolean
write_model (const RandomModelSize  *size,
             const char             *folder,
             gboolean                is_f32,
             gboolean                config_only,
             const char             *tokenizer,
             GError                **error)
{
  guint64 n_parameters = 0;

  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: cannot make this folder", folder);
      return FALSE;
    }
  if (!random_model_write_config (size, is_f32, folder, error)
      || !(tokenizer != NULL ? copy_tokenizer (tokenizer, folder, error)
                             : random_model_write_tokenizer (size->family, folder, error))
      || !random_model_write_weights (size, is_f32, folder, config_only, &n_parameters, error))
    return FALSE;
  g_print ("%s: %" G_GUINT64_FORMAT " parameters\n", size->name, n_parameters);
  return TRUE;
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GOptionContext) context = g_option_context_new ("SIZE DIR");
  g_autoptr(GError) error = NULL;
  g_autofree char *dtype = NULL;
  g_autofree char *tokenizer = NULL;
  gboolean config_only = FALSE;
  const GOptionEntry entries[] = {
    { "dtype", 0, 0, G_OPTION_ARG_STRING, &dtype, "bf16 (default) or f32", "TYPE" },
    { "config-only", 0, 0, G_OPTION_ARG_NONE, &config_only, "Leave out the weights", NULL },
    { "tokenizer", 0, 0, G_OPTION_ARG_FILENAME, &tokenizer,
      "Copy the tokenizer files of this folder", "DIR" },
    { 0 },
  };
  const RandomModelSize *size;

  setlocale (LC_ALL, "");
  g_option_context_set_summary (context, "SIZE is 1B, 2B, 4B, 8B, 26B, 38B or 78B.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  size = argc == 3 ? find_size (argv[1]) : NULL;
  if (size == NULL || (dtype != NULL && !g_str_equal (dtype, "bf16")
                       && !g_str_equal (dtype, "f32")))
    {
      g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

      g_printerr ("%s", help);
      return 2;
    }
  if (!write_model (size, argv[2], g_strcmp0 (dtype, "f32") == 0, config_only, tokenizer, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}
