/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a model folder holds, from configs and headers alone.
 */
#include <libivl/ivl-model-info.h>

#include "formats/ivl-manifest.h"
#include "formats/ivl-model-folder.h"
#include "ivl-model-info-private.h"
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
  GPtrArray       *problems; /* (element-type utf8) of the folder */
  char            *shortage; /* (nullable): too little memory on this computer */
};

G_DEFINE_FINAL_TYPE (IvlModelInfo, ivl_model_info, G_TYPE_OBJECT)

static void
ivl_model_info_finalize (GObject *object)
{
  IvlModelInfo *self = IVL_MODEL_INFO (object);

  g_clear_pointer (&self->config, ivl_hf_config_free);
  g_free (self->folder);
  g_free (self->architecture);
  g_free (self->shortage);
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

/**
 * ivl_model_info_new_for_folder:
 * @folder: (type filename): a checkpoint folder, or one of a model hub's cache
 * @error: return location for an error
 *
 * Looks at a model folder: its config, the headers of its weight files and its tokenizer, by the
 * same checks as ivl_model_open(). What is missing or misshapen is not an error but a problem, see
 * [method@ModelInfo.get_problems].
 *
 * Errors: %IVL_ERROR_NOT_FOUND, %IVL_ERROR_INVALID_DATA, %IVL_ERROR_UNSUPPORTED, all for
 * `config.json` alone, or for a location that is no model folder.
 *
 * Returns: (transfer full): the facts, or %NULL with @error set
 */
IvlModelInfo *
ivl_model_info_new_for_folder (const char  *folder,
                               GError     **error)
{
  g_autoptr (IvlModelInfo) self = NULL;
  g_autoptr (IvlNetwork) network = NULL;

  g_return_val_if_fail (folder != NULL, NULL);

  self = g_object_new (IVL_TYPE_MODEL_INFO, NULL);
  network = ivl_network_survey (folder, self->problems, &self->shortage, error);
  if (network == NULL)
    return NULL;
  self->folder = ivl_model_folder_resolve (folder, error);
  if (self->folder == NULL)
    return NULL;
  self->family = network->family;
  self->n_parameters = network->n_parameters;
  if (network->checkpoint != NULL)
    self->n_bytes = ivl_checkpoint_get_n_bytes (network->checkpoint);
  self->config = g_steal_pointer (&network->config);
  self->architecture = describe_architecture (self);
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
 * All that opening the model would stumble over, one sentence each. The last one may say that this
 * computer has too little memory for it now.
 *
 * Returns: (transfer full): why the model cannot be opened; empty if nothing is wrong
 */
char **
ivl_model_info_get_problems (IvlModelInfo *self)
{
  g_autoptr (GStrvBuilder) problems = g_strv_builder_new ();

  g_return_val_if_fail (IVL_IS_MODEL_INFO (self), NULL);

  for (guint i = 0; i < self->problems->len; i++)
    {
      g_autofree char *shown = g_utf8_make_valid (g_ptr_array_index (self->problems, i), -1);

      g_strv_builder_add (problems, shown);
    }
  if (self->shortage != NULL)
    g_strv_builder_add (problems, self->shortage);
  return g_strv_builder_end (problems);
}

gboolean
ivl_model_info_is_whole (IvlModelInfo *self)
{
  return self->problems->len == 0;
}
