/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a model folder holds, from configs and headers alone.
 */
#include <libivl/ivl-model-info.h>

#include "formats/ivl-manifest.h"
#include "models/ivl-network.h"

struct _IvlModelInfo
{
  GObject          parent_instance;
  const IvlFamily *family;
  IvlHfConfig     *config;
  char            *folder;
  char            *architecture;
  guint64          n_parameters;
  guint64          n_bytes;
  GPtrArray       *problems; /* (element-type utf8) */
};

G_DEFINE_FINAL_TYPE (IvlModelInfo, ivl_model_info, G_TYPE_OBJECT)

static void
ivl_model_info_finalize (GObject *object)
{
  IvlModelInfo *self = IVL_MODEL_INFO (object);

  g_clear_pointer (&self->config, ivl_hf_config_free);
  g_free (self->folder);
  g_free (self->architecture);
  g_ptr_array_unref (self->problems);
  G_OBJECT_CLASS (ivl_model_info_parent_class)->finalize (object);
}

static void
ivl_model_info_class_init (IvlModelInfoClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_model_info_finalize;
}

static void
ivl_model_info_init (IvlModelInfo *self)
{
  self->problems = g_ptr_array_new_with_free_func (g_free);
}

static const char *
lm_name (const IvlHfConfig *config)
{
  return config->lm.type == IVL_LM_QWEN2 ? "Qwen2.5" : "InternLM2.5";
}

static char *
describe_architecture (IvlModelInfo *self)
{
  const IvlHfConfig *config = self->config;
  g_autofree char *vision = NULL;
  g_autofree char *lm = NULL;

  if (config->has_vision)
    vision = g_strdup_printf ("InternViT (%u layers of %u)", config->vision.n_layers,
                              config->vision.hidden_size);
  if (config->has_lm)
    lm = g_strdup_printf ("%s (%u layers of %u)", lm_name (config), config->lm.n_layers,
                          config->lm.hidden_size);
  if (vision != NULL && lm != NULL)
    return g_strdup_printf ("%s, MLP projector, %s", vision, lm);
  return g_strdup (vision != NULL ? vision : lm);
}

static void
add_problem (IvlModelInfo *self,
             GError       *error)
{
  g_ptr_array_add (self->problems, g_strdup (error->message));
  g_error_free (error);
}

static void
check_weights (IvlModelInfo *self,
               const char   *folder)
{
  IvlWeightBinder binder = { .problems = self->problems };
  g_autoptr (IvlCheckpoint) checkpoint = NULL;
  IvlParts parts = { 0 };
  GError *error = NULL;

  checkpoint = ivl_checkpoint_open (folder, &error);
  if (checkpoint != NULL)
    self->n_bytes = ivl_checkpoint_get_n_bytes (checkpoint);
  else
    add_problem (self, error);
  binder.checkpoint = checkpoint;
  ivl_family_bind (self->family, self->config, &binder, &parts, NULL);
  ivl_family_clear_parts (&parts);
  self->n_parameters = binder.n_parameters;
}

static void
check_tokenizer (IvlModelInfo *self,
                 const char   *folder)
{
  GError *error = NULL;
  g_autoptr (IvlTokenizer) tokenizer = ivl_tokenizer_open (folder, &error);

  if (tokenizer == NULL)
    add_problem (self, error);
  else if (ivl_tokenizer_get_size (tokenizer) > self->config->lm.vocab_size)
    g_ptr_array_add (self->problems,
                     g_strdup_printf ("The tokenizer has ids up to %u, the model only %u tokens",
                                      ivl_tokenizer_get_size (tokenizer) - 1,
                                      self->config->lm.vocab_size));
}

/**
 * ivl_model_info_new_for_folder:
 * @folder: a checkpoint folder
 * @error: return location for an error
 *
 * Looks at a model folder: its config, the headers of its weight files and its tokenizer. What is
 * missing or misshapen is not an error but a problem, see [method@ModelInfo.get_problems].
 *
 * Errors: %IVL_ERROR_NOT_FOUND, %IVL_ERROR_INVALID_DATA, %IVL_ERROR_UNSUPPORTED, all for
 * `config.json` alone.
 *
 * Returns: (transfer full): the facts, or %NULL with @error set
 */
IvlModelInfo *
ivl_model_info_new_for_folder (const char  *folder,
                               GError     **error)
{
  g_autoptr (IvlModelInfo) self = NULL;
  IvlHfConfig *config;

  g_return_val_if_fail (folder != NULL, NULL);

  config = ivl_hf_config_load (folder, error);
  if (config == NULL)
    return NULL;
  self = g_object_new (IVL_TYPE_MODEL_INFO, NULL);
  self->folder = g_strdup (folder);
  self->config = config;
  self->family = ivl_family_lookup (config->arch);
  self->architecture = describe_architecture (self);
  check_weights (self, folder);
  if (config->has_lm)
    check_tokenizer (self, folder);
  return g_steal_pointer (&self);
}

/**
 * ivl_model_info_get_family:
 * @self: facts about a model
 *
 * Returns: name of the family, such as `InternVL2.5`
 */
const char *
ivl_model_info_get_family (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), NULL);

  return self->family->name;
}

/**
 * ivl_model_info_get_architecture:
 * @self: facts about a model
 *
 * Returns: its parts and their sizes, for people
 */
const char *
ivl_model_info_get_architecture (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), NULL);

  return self->architecture;
}

/**
 * ivl_model_info_get_n_parameters:
 * @self: facts about a model
 *
 * Returns: numbers in all weights that the config asks for, whether they are there or not
 */
guint64
ivl_model_info_get_n_parameters (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), 0);

  return self->n_parameters;
}

/* Bytes of the weights: of the files, or what they would take as published if there are none. */
static guint64
weight_bytes (IvlModelInfo *self)
{
  gboolean is_f32 = g_strcmp0 (self->config->torch_dtype, "float32") == 0;

  return self->n_bytes > 0 ? self->n_bytes : self->n_parameters * (is_f32 ? 4 : 2);
}

/**
 * ivl_model_info_get_n_bytes:
 * @self: facts about a model
 *
 * Returns: bytes of the weight files; 0 if there are none
 */
guint64
ivl_model_info_get_n_bytes (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), 0);

  return self->n_bytes;
}

/**
 * ivl_model_info_get_memory_needed:
 * @self: facts about a model
 *
 * Returns: bytes of memory for a conversation of 4096 tokens: weights, keys and values, working
 *   memory
 */
guint64
ivl_model_info_get_memory_needed (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), 0);

  return ivl_network_memory_needed (self->config, weight_bytes (self));
}

/**
 * ivl_model_info_get_context_length:
 * @self: facts about a model
 *
 * Returns: longest conversation in tokens; 0 without a language model
 */
guint
ivl_model_info_get_context_length (IvlModelInfo *self)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), 0);

  return self->config->has_lm ? ivl_network_context_length_for (self->config) : 0;
}

/**
 * ivl_model_info_get_details:
 * @self: facts about a model
 *
 * Returns: (transfer full): further lines for people, each `name: value`
 */
char **
ivl_model_info_get_details (IvlModelInfo *self)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  const IvlHfConfig *config;

  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), NULL);

  config = self->config;
  if (config->has_vision)
    {
      const IvlVisionConfig *vision = &config->vision;
      g_autofree char *line = g_strdup_printf (
          "vision: %u heads, MLP %u, tiles of %u x %u pixels in patches of %u, %s%s",
          vision->n_heads, vision->intermediate_size, vision->image_size, vision->image_size,
          vision->patch_size, vision->norm == IVL_NORM_LAYER ? "LayerNorm" : "RMSNorm",
          vision->qk_normalization ? ", normalised queries and keys" : "");

      g_strv_builder_add (lines, line);
    }
  if (config->has_lm)
    {
      const IvlLmConfig *lm = &config->lm;
      g_autofree char *line =
          g_strdup_printf ("language: %u heads, %u key-value heads, MLP %u, %u tokens in the "
                           "vocabulary, %s head",
                           lm->n_heads, lm->n_kv_heads, lm->intermediate_size, lm->vocab_size,
                           lm->tie_word_embeddings ? "tied" : "untied");

      g_strv_builder_add (lines, line);
    }
  if (config->has_lm && config->has_vision)
    {
      g_autofree char *line = NULL;

      if (config->dynamic_image_size)
        line = g_strdup_printf ("tiles: %u to %u a picture%s", config->min_dynamic_patch,
                                config->max_dynamic_patch,
                                config->use_thumbnail ? ", and a thumbnail" : "");
      else
        line = g_strdup ("tiles: one a picture");
      g_strv_builder_add (lines, line);
    }
  if (config->torch_dtype != NULL)
    {
      g_autofree char *line = g_strdup_printf ("weights: %s", config->torch_dtype);

      g_strv_builder_add (lines, line);
    }
  return g_strv_builder_end (lines);
}

/**
 * ivl_model_info_verify:
 * @self: facts about a model
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Compares the folder's files with its `SHA256SUMS`, a list as `sha256sum` writes it: weights
 * swapped
 * for others of the same shape are found by nothing else. Reads every listed file whole. What does
 * not agree becomes a problem, see [method@ModelInfo.get_problems].
 *
 * Errors: %IVL_ERROR_NOT_FOUND (the folder has no such list), %IVL_ERROR_INVALID_DATA (it is none),
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if all files were compared, whatever came out; %FALSE with @error set
 */
gboolean
ivl_model_info_verify (IvlModelInfo  *self,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), FALSE);

  return ivl_manifest_check (self->folder, self->problems, cancellable, error);
}

/**
 * ivl_model_info_get_problems:
 * @self: facts about a model
 *
 * Returns: (transfer full): why the model cannot be opened, one sentence each; empty if nothing
 *   is wrong
 */
char **
ivl_model_info_get_problems (IvlModelInfo *self)
{
  char **problems;

  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), NULL);

  problems = g_new0 (char *, self->problems->len + 1);
  for (guint i = 0; i < self->problems->len; i++)
    problems[i] = g_strdup (g_ptr_array_index (self->problems, i));
  return problems;
}
