/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * config.json and generation_config.json of a checkpoint folder, into plain numbers that were
 * checked.
 *
 * Fields that a file leaves out have the defaults of the official classes: InternVisionConfig and
 * InternVLChatConfig (OpenGVLab/InternVL,
 * internvl_chat/internvl/model/internvl_chat/configuration_*.py), InternLM2Config
 * (.../model/internlm2/configuration_internlm2.py) and transformers' Qwen2Config. Nothing else of
 * the folder is looked at: auto_map's Python and chat templates are never run.
 */
#include "formats/ivl-hf-config.h"

#include <libivl/ivl-error.h>

#include "formats/ivl-json.h"
#include "formats/ivl-model-file.h"
#include "formats/ivl-weight-kind.h"
#include "formats/ivl-rope-config.h"

/* Far above any model of these kinds, and such that the product of any three fits 64 bits. */
#define MAX_WIDTH (1 << 18)
#define MAX_LAYERS 1024
#define MAX_HEADS 4096
#define MAX_VOCAB (1 << 24)
#define MAX_POSITION (1 << 26)
#define MAX_PIXELS 8192 /* as large as tiles can be (ivl-image.h) */
#define MAX_PATCHES_PER_SIDE 1024
#define MAX_DYNAMIC_PATCH 1024
#define MAX_EOS_IDS 64
#define MAX_STRING 65536

static gboolean
set_unsupported (const IvlJsonScope  *scope,
                 const char          *field,
                 const char          *found,
                 const char          *expected,
                 GError             **error)
{
  g_autofree char *shown = found != NULL ? g_strescape (found, NULL) : g_strdup ("nothing");

  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s: %s%s%s: found %.80s, this version reads %s",
               scope->source, scope->section != NULL ? scope->section : "",
               scope->section != NULL ? "." : "", field, shown, expected);
  return FALSE;
}

/* A string field with one value that is understood, which is also its default if is_default. */
static gboolean
require_string (const IvlJsonScope  *scope,
                const char          *field,
                const char          *expected,
                gboolean             is_default,
                GError             **error)
{
  const char *value = is_default ? expected : NULL;

  if (!ivl_json_get_string (scope, field, MAX_STRING, &value, error))
    return FALSE;
  if (g_strcmp0 (value, expected) == 0)
    return TRUE;
  return set_unsupported (scope, field, value, expected, error);
}

static gboolean
check_divides (const IvlJsonScope  *scope,
               const char          *field,
               guint                value,
               const char          *divisor_field,
               guint                divisor,
               GError             **error)
{
  if (value % divisor == 0)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s%s%s %u is no multiple of %s %u",
               scope->source, scope->section != NULL ? scope->section : "",
               scope->section != NULL ? "." : "", field, value, divisor_field, divisor);
  return FALSE;
}

static gboolean
read_norm_type (const IvlJsonScope  *scope,
                IvlNormType         *norm,
                GError             **error)
{
  const char *value = "rms_norm";

  if (!ivl_json_get_string (scope, "norm_type", MAX_STRING, &value, error))
    return FALSE;
  if (g_str_equal (value, "rms_norm"))
    *norm = IVL_NORM_RMS;
  else if (g_str_equal (value, "layer_norm"))
    *norm = IVL_NORM_LAYER;
  else
    return set_unsupported (scope, "norm_type", value, "rms_norm and layer_norm", error);
  return TRUE;
}

static gboolean
read_vision (const IvlJsonScope  *scope,
             IvlVisionConfig     *vision,
             GError             **error)
{
  guint n_channels = 3;
  double eps = 1e-6;

  /* InternVisionConfig.__init__ */
  vision->hidden_size = 3200;
  vision->intermediate_size = 12800;
  vision->n_layers = 48;
  vision->n_heads = 25;
  vision->image_size = 224;
  vision->patch_size = 14;
  vision->qkv_bias = FALSE;
  vision->qk_normalization = TRUE;

  if (!ivl_json_get_uint (scope, "hidden_size", 1, MAX_WIDTH, &vision->hidden_size, error)
      || !ivl_json_get_uint (scope, "intermediate_size", 1, MAX_WIDTH, &vision->intermediate_size,
                             error)
      || !ivl_json_get_uint (scope, "num_hidden_layers", 1, MAX_LAYERS, &vision->n_layers, error)
      || !ivl_json_get_uint (scope, "num_attention_heads", 1, MAX_HEADS, &vision->n_heads, error)
      || !ivl_json_get_uint (scope, "image_size", 1, MAX_PIXELS, &vision->image_size, error)
      || !ivl_json_get_uint (scope, "patch_size", 1, MAX_PIXELS, &vision->patch_size, error)
      || !ivl_json_get_uint (scope, "num_channels", 1, 1024, &n_channels, error)
      || !ivl_json_get_boolean (scope, "qkv_bias", &vision->qkv_bias, error)
      || !ivl_json_get_boolean (scope, "qk_normalization", &vision->qk_normalization, error)
      || !ivl_json_get_double (scope, "layer_norm_eps", 1e-15, 0.1, &eps, error)
      || !read_norm_type (scope, &vision->norm, error)
      || !require_string (scope, "hidden_act", "gelu", TRUE, error))
    return FALSE;
  vision->norm_eps = eps;
  if (n_channels != 3)
    return set_unsupported (scope, "num_channels", "another number", "3", error);
  if (!check_divides (scope, "hidden_size", vision->hidden_size, "num_attention_heads",
                      vision->n_heads, error)
      || !check_divides (scope, "image_size", vision->image_size, "patch_size", vision->patch_size,
                         error))
    return FALSE;
  if (vision->image_size / vision->patch_size > MAX_PATCHES_PER_SIDE)
    return set_unsupported (scope, "patch_size", "a very small one", "at most 1024 patches a side",
                            error);
  return TRUE;
}

static void
set_lm_defaults (IvlLmConfig *lm)
{
  gboolean is_qwen2 = lm->type == IVL_LM_QWEN2;

  lm->hidden_size = 4096;
  lm->intermediate_size = is_qwen2 ? 22016 : 11008;
  lm->n_layers = 32;
  lm->n_heads = 32;
  lm->vocab_size = is_qwen2 ? 151936 : 103168;
  lm->max_position = is_qwen2 ? 32768 : 2048;
  lm->rope_theta = 10000.0;
  lm->norm_eps = 1e-6;
  lm->bias = TRUE;
  lm->tie_word_embeddings = FALSE;
}

static gboolean
check_lm_heads (const IvlJsonScope  *scope,
                IvlLmConfig         *lm,
                GError             **error)
{
  if (lm->n_kv_heads > lm->n_heads || lm->n_heads % lm->n_kv_heads != 0)
    return check_divides (scope, "num_attention_heads", lm->n_heads, "num_key_value_heads",
                          lm->n_kv_heads,
                          error);
  if (lm->head_dim == 0)
    {
      if (!check_divides (scope, "hidden_size", lm->hidden_size, "num_attention_heads", lm->n_heads,
                          error))
        return FALSE;
      lm->head_dim = lm->hidden_size / lm->n_heads;
    }
  /* Rotary embedding turns pairs. */
  return check_divides (scope, "head_dim", lm->head_dim, "its halves", 2, error);
}

/* Sliding windows come with Qwen2Config and are off in every published model of the family.
 * transformers 5 names each layer's kind as well. */
static gboolean
check_no_sliding_window (const IvlJsonScope  *scope,
                         GError             **error)
{
  gboolean use_sliding_window = FALSE;
  json_t *layer_types = NULL;
  json_t *value;
  gsize i;

  if (!ivl_json_get_boolean (scope, "use_sliding_window", &use_sliding_window, error)
      || !ivl_json_get_array (scope, "layer_types", &layer_types, error))
    return FALSE;
  if (use_sliding_window)
    return set_unsupported (scope, "use_sliding_window", "true", "false", error);
  json_array_foreach (layer_types, i, value)
    if (g_strcmp0 (json_string_value (value), "full_attention") != 0)
      return set_unsupported (scope, "layer_types",
                              json_is_string (value) ? json_string_value (value) : "no string",
                              "full_attention", error);
  return TRUE;
}

/* Qwen2 has head_dim in newer releases of transformers; InternLM2's own class never looks at it. */
static gboolean
read_head_dim (const IvlJsonScope  *scope,
               IvlLmConfig         *lm,
               GError             **error)
{
  return lm->type != IVL_LM_QWEN2
         || ivl_json_get_uint (scope, "head_dim", 1, MAX_WIDTH, &lm->head_dim, error);
}

static gboolean
read_lm (const IvlJsonScope  *scope,
         IvlLmConfig         *lm,
         GError             **error)
{
  double eps;

  set_lm_defaults (lm);
  eps = lm->norm_eps;
  if (!ivl_json_get_uint (scope, "hidden_size", 1, MAX_WIDTH, &lm->hidden_size, error)
      || !ivl_json_get_uint (scope, "intermediate_size", 1, MAX_WIDTH, &lm->intermediate_size,
                             error)
      || !ivl_json_get_uint (scope, "num_hidden_layers", 1, MAX_LAYERS, &lm->n_layers, error)
      || !ivl_json_get_uint (scope, "num_attention_heads", 1, MAX_HEADS, &lm->n_heads, error))
    return FALSE;
  /* Both classes: None means as many as attention heads; Qwen2Config's own default is its 32
   * heads. */
  lm->n_kv_heads = lm->n_heads;
  if (!ivl_json_get_uint (scope, "num_key_value_heads", 1, MAX_HEADS, &lm->n_kv_heads, error)
      || !read_head_dim (scope, lm, error)
      || !ivl_json_get_uint (scope, "vocab_size", 1, MAX_VOCAB, &lm->vocab_size, error)
      || !ivl_json_get_uint (scope, "max_position_embeddings", 1, MAX_POSITION, &lm->max_position,
                             error)
      || !ivl_json_get_double (scope, "rms_norm_eps", 1e-15, 0.1, &eps, error)
      || !ivl_json_get_boolean (scope, "tie_word_embeddings", &lm->tie_word_embeddings, error)
      || !require_string (scope, "hidden_act", "silu", TRUE, error)
      || !check_lm_heads (scope, lm, error)
      || !ivl_rope_config_read (scope, lm, error))
    return FALSE;
  lm->norm_eps = eps;
  if (lm->type == IVL_LM_QWEN2)
    return check_no_sliding_window (scope, error);
  return ivl_json_get_boolean (scope, "bias", &lm->bias, error);
}

/* The official class chooses by architectures[0]; model_type says the same in a bare folder. */
static gboolean
read_lm_type (const IvlJsonScope  *scope,
              IvlLmType           *type,
              GError             **error)
{
  json_t *architectures = NULL;
  const char *name = NULL;

  if (!ivl_json_get_array (scope, "architectures", &architectures, error)
      || !ivl_json_get_string (scope, "model_type", MAX_STRING, &name, error))
    return FALSE;
  if (architectures != NULL && json_array_size (architectures) > 0)
    {
      json_t *first = json_array_get (architectures, 0);

      if (!json_is_string (first))
        {
          ivl_json_set_field_error (scope, "architectures[0]", "a string", first, error);
          return FALSE;
        }
      name = json_string_value (first);
    }
  if (g_strcmp0 (name, "Qwen2ForCausalLM") == 0 || g_strcmp0 (name, "qwen2") == 0)
    *type = IVL_LM_QWEN2;
  else if (g_strcmp0 (name, "InternLM2ForCausalLM") == 0 || g_strcmp0 (name, "internlm2") == 0)
    *type = IVL_LM_INTERNLM2;
  else
    return set_unsupported (scope, "architectures", name,
                            "Qwen2ForCausalLM and InternLM2ForCausalLM", error);
  return TRUE;
}

/* The projector joins 2 x 2 patches into one token (IvlProjector), so their number a side is
 * even. */
static gboolean
check_downsampling (const IvlJsonScope     *scope,
                    const IvlVisionConfig  *vision,
                    GError                **error)
{
  const guint side = vision->image_size / vision->patch_size;
  double ratio = 0.5;

  if (!ivl_json_get_double (scope, "downsample_ratio", 0.0, 1.0, &ratio, error))
    return FALSE;
  if (ratio != 0.5)
    {
      char shown[G_ASCII_DTOSTR_BUF_SIZE];

      return set_unsupported (scope, "downsample_ratio",
                              g_ascii_formatd (shown, sizeof shown, "%g", ratio),
                              "0.5: two by two patches become one token", error);
    }
  return check_divides (scope, "patches a side (vision_config.image_size / patch_size)", side,
                        "1 / downsample_ratio", 2, error);
}

/* select_layer counts the states between the layers as Python counts a list: 0 is the patches'
 * embedding, -1 what the last layer gives. */
static gboolean
read_select_layer (const IvlJsonScope  *scope,
                   IvlHfConfig         *self,
                   GError             **error)
{
  const int n_layers = self->vision.n_layers;
  int select_layer = -1;

  if (!ivl_json_get_int (scope, "select_layer", -n_layers - 1, n_layers, &select_layer, error))
    return FALSE;
  self->n_used_layers = select_layer < 0 ? n_layers + 1 + select_layer : select_layer;
  return TRUE;
}

/* Tiles of another size than the vision tower's would need other positions, and pictures that are
 * filled up to squares another preprocessing. */
static gboolean
check_tiles (const IvlJsonScope  *scope,
             const IvlHfConfig   *self,
             GError             **error)
{
  guint tile_size = self->vision.image_size;
  gboolean pad2square = FALSE;

  if (!ivl_json_get_uint (scope, "force_image_size", 1, MAX_PIXELS, &tile_size, error)
      || !ivl_json_get_boolean (scope, "pad2square", &pad2square, error))
    return FALSE;
  if (tile_size != self->vision.image_size)
    return set_unsupported (scope, "force_image_size", "another size", "vision_config.image_size",
                            error);
  return !pad2square || set_unsupported (scope, "pad2square", "true", "false", error);
}

static gboolean
read_chat_fields (const IvlJsonScope  *scope,
                  IvlHfConfig         *self,
                  GError             **error)
{
  const char *system_message = NULL;

  /* InternVLChatConfig.__init__; its template None and ps_version v1 are not InternVL2.5's. */
  self->min_dynamic_patch = 1;
  self->max_dynamic_patch = 6;
  self->dynamic_image_size = FALSE;
  self->use_thumbnail = FALSE;
  if (!require_string (scope, "template", "internvl2_5", FALSE, error)
      || !require_string (scope, "ps_version", "v2", FALSE, error)
      || !check_tiles (scope, self, error)
      || !check_downsampling (scope, &self->vision, error)
      || !ivl_json_get_uint (scope, "min_dynamic_patch", 1, MAX_DYNAMIC_PATCH,
                             &self->min_dynamic_patch, error)
      || !ivl_json_get_uint (scope, "max_dynamic_patch", self->min_dynamic_patch, MAX_DYNAMIC_PATCH,
                             &self->max_dynamic_patch, error)
      || !ivl_json_get_boolean (scope, "dynamic_image_size", &self->dynamic_image_size, error)
      || !ivl_json_get_boolean (scope, "use_thumbnail", &self->use_thumbnail, error)
      || !read_select_layer (scope, self, error)
      || !ivl_json_get_string (scope, "system_message", MAX_STRING, &system_message, error))
    return FALSE;
  /* The default can be below a min_dynamic_patch that the file gives. */
  self->max_dynamic_patch = MAX (self->max_dynamic_patch, self->min_dynamic_patch);
  self->template_name = g_strdup ("internvl2_5");
  self->system_message = g_strdup (system_message);
  return TRUE;
}

static gboolean
read_chat (const IvlJsonScope  *scope,
           IvlHfConfig         *self,
           json_t             **lm_object,
           GError             **error)
{
  IvlJsonScope vision = { scope->source, "vision_config", NULL };
  IvlJsonScope lm = { scope->source, "llm_config", NULL };

  if (!ivl_json_get_object (scope, "vision_config", &vision.object, error)
      || !ivl_json_get_object (scope, "llm_config", &lm.object, error))
    return FALSE;
  if (vision.object == NULL || lm.object == NULL)
    {
      ivl_json_set_field_error (scope, vision.object == NULL ? "vision_config" : "llm_config",
                                "an object",
                                NULL, error);
      return FALSE;
    }
  self->has_vision = self->has_lm = TRUE;
  *lm_object = lm.object;
  return read_vision (&vision, &self->vision, error)
         && read_lm_type (&lm, &self->lm.type, error)
         && read_lm (&lm, &self->lm, error)
         && read_chat_fields (scope, self, error);
}

static gboolean
add_eos_id (const IvlJsonScope  *scope,
            const json_t        *value,
            IvlHfConfig         *self,
            GError             **error)
{
  guint32 id;

  if (!json_is_integer (value) || json_integer_value (value) < 0
      || json_integer_value (value) >= self->lm.vocab_size)
    {
      g_autofree char *expected = g_strdup_printf ("token ids below vocab_size %u",
                                                   self->lm.vocab_size);

      ivl_json_set_field_error (scope, "eos_token_id", expected, value, error);
      return FALSE;
    }
  id = json_integer_value (value);
  g_array_append_val (self->eos_ids, id);
  return TRUE;
}

/* A number or a list; TRUE without ids if there is none. */
static gboolean
read_eos_ids (const IvlJsonScope  *scope,
              IvlHfConfig         *self,
              GError             **error)
{
  json_t *found = json_object_get (scope->object, "eos_token_id");
  json_t *value;
  gsize i;

  if (found == NULL || json_is_null (found))
    return TRUE;
  if (!json_is_array (found))
    return add_eos_id (scope, found, self, error);
  if (json_array_size (found) > MAX_EOS_IDS)
    {
      ivl_json_set_field_error (scope, "eos_token_id", "at most 64 ids", found, error);
      return FALSE;
    }
  json_array_foreach (found, i, value)
    if (!add_eos_id (scope, value, self, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_all_eos_ids (const IvlJsonScope  *lm_scope,
                  const IvlJsonScope  *generation,
                  IvlHfConfig         *self,
                  GError             **error)
{
  /* InternLM2Config's default; Qwen2Config has none. */
  guint32 default_id = 2;

  if (generation->object != NULL && !read_eos_ids (generation, self, error))
    return FALSE;
  if (self->eos_ids->len == 0 && !read_eos_ids (lm_scope, self, error))
    return FALSE;
  if (self->eos_ids->len == 0 && self->lm.type == IVL_LM_INTERNLM2
      && default_id < self->lm.vocab_size)
    g_array_append_val (self->eos_ids, default_id);
  return TRUE;
}

/* Weights of a few bits are told by quantization_config, MLX's by quantization, wherever the
 * program that made them put it. */
static gboolean
check_not_quantised (const IvlJsonScope  *scope,
                     GError             **error)
{
  static const char *const sections[] = { NULL, "llm_config", "vision_config" };
  static const char *const fields[] = { "quantization_config", "quantization" };

  for (guint i = 0; i < G_N_ELEMENTS (sections) * G_N_ELEMENTS (fields); i++)
    {
      const char *section = sections[i / G_N_ELEMENTS (fields)];
      const char *field = fields[i % G_N_ELEMENTS (fields)];
      const json_t *object =
          section != NULL ? json_object_get (scope->object, section) : scope->object;
      const json_t *found = json_object_get (object, field);
      const char *method = json_string_value (json_object_get (found, "quant_method"));
      g_autofree char *shown = NULL;

      if (found == NULL || json_is_null (found))
        continue;
      if (method == NULL)
        method = g_str_equal (field, "quantization") ? "MLX" : "a method without a name";
      shown = ivl_weight_kind_describe_method (method);
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: %s%s%s: %s", scope->source,
                   section != NULL ? section : "", section != NULL ? "." : "", field, shown);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_dtype (const IvlJsonScope  *scope,
            IvlHfConfig         *self,
            GError             **error)
{
  const char *torch_dtype = NULL;

  /* transformers 5 writes dtype for torch_dtype. */
  if (!ivl_json_get_string (scope, "dtype", MAX_STRING, &torch_dtype, error)
      || !ivl_json_get_string (scope, "torch_dtype", MAX_STRING, &torch_dtype, error))
    return FALSE;
  self->torch_dtype = g_strdup (torch_dtype);
  return TRUE;
}

static gboolean
read_arch (const IvlJsonScope  *scope,
           IvlArch             *arch,
           GError             **error)
{
  static const char *const names[] = {
    [IVL_ARCH_INTERNVL] = "internvl_chat",
    [IVL_ARCH_INTERNVIT] = "intern_vit_6b",
    [IVL_ARCH_QWEN2] = "qwen2",
    [IVL_ARCH_INTERNLM2] = "internlm2",
  };
  const char *name = NULL;

  if (!ivl_json_get_string (scope, "model_type", MAX_STRING, &name, error))
    return FALSE;
  if (name == NULL)
    {
      ivl_json_set_field_error (scope, "model_type", "a string", NULL, error);
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name, names[i]))
      {
        *arch = i;
        return TRUE;
      }
  if (g_str_equal (name, "internvl"))
    return set_unsupported (scope, "model_type", "internvl (converted for transformers)",
                            "the original checkpoint, the one without -HF in its name", error);
  return set_unsupported (scope, "model_type", name,
                          "internvl_chat, intern_vit_6b, qwen2 and internlm2", error);
}

static gboolean
read_config (const IvlJsonScope  *scope,
             const IvlJsonScope  *generation,
             IvlHfConfig         *self,
             GError             **error)
{
  IvlJsonScope lm_scope = *scope;

  if (!read_arch (scope, &self->arch, error) || !check_not_quantised (scope, error)
      || !read_dtype (scope, self, error))
    return FALSE;
  switch (self->arch)
    {
    case IVL_ARCH_INTERNVL:
      lm_scope.section = "llm_config";
      if (!read_chat (scope, self, &lm_scope.object, error))
        return FALSE;
      break;
    case IVL_ARCH_INTERNVIT:
      self->has_vision = TRUE;
      if (!read_vision (scope, &self->vision, error))
        return FALSE;
      return TRUE;
    case IVL_ARCH_QWEN2:
    case IVL_ARCH_INTERNLM2:
      self->has_lm = TRUE;
      self->lm.type = self->arch == IVL_ARCH_QWEN2 ? IVL_LM_QWEN2 : IVL_LM_INTERNLM2;
      if (!read_lm (scope, &self->lm, error))
        return FALSE;
      break;
    default:
      g_return_val_if_reached (FALSE);
    }
  return read_all_eos_ids (&lm_scope, generation, self, error);
}

static IvlHfConfig *
config_from_json (json_t      *config,
                  const char  *config_source,
                  json_t      *generation,
                  const char  *generation_source,
                  GError     **error)
{
  g_autoptr(IvlHfConfig) self = g_new0 (IvlHfConfig, 1);
  IvlJsonScope config_scope = { config_source, NULL, config };
  IvlJsonScope generation_scope = { generation_source, NULL, generation };

  self->eos_ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  if (!read_config (&config_scope, &generation_scope, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

IvlHfConfig *
ivl_hf_config_parse (const char  *config,
                     gsize        config_size,
                     const char  *generation,
                     gsize        generation_size,
                     GError     **error)
{
  json_auto_t *config_root = NULL;
  json_auto_t *generation_root = NULL;

  config_root = ivl_json_parse (config, config_size, IVL_JSON_MAX_CONFIG_VALUES, "config.json",
                                error);
  if (config_root == NULL)
    return NULL;
  if (generation != NULL)
    {
      generation_root = ivl_json_parse (generation, generation_size, IVL_JSON_MAX_CONFIG_VALUES,
                                        "generation_config.json", error);
      if (generation_root == NULL)
        return NULL;
    }
  return config_from_json (config_root, "config.json", generation_root, "generation_config.json",
                           error);
}

IvlHfConfig *
ivl_hf_config_load (const char  *folder,
                    GError     **error)
{
  g_autofree char *config_path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *generation_path = g_build_filename (folder, "generation_config.json", NULL);
  g_autofree char *config_name = g_filename_display_name (config_path);
  g_autofree char *generation_name = g_filename_display_name (generation_path);
  g_autoptr(GError) generation_error = NULL;
  json_auto_t *config = NULL;
  json_auto_t *generation = NULL;

  config = ivl_json_load (config_path, IVL_JSON_MAX_CONFIG_BYTES, IVL_JSON_MAX_CONFIG_VALUES,
                          error);
  if (config == NULL)
    return NULL;
  generation = ivl_json_load (generation_path, IVL_JSON_MAX_CONFIG_BYTES,
                              IVL_JSON_MAX_CONFIG_VALUES,
                              &generation_error);
  if (generation == NULL && ivl_model_file_is_there (folder, "generation_config.json"))
    {
      g_propagate_error (error, g_steal_pointer (&generation_error));
      return NULL;
    }
  return config_from_json (config, config_name, generation, generation_name, error);
}

void
ivl_hf_config_free (IvlHfConfig *self)
{
  if (self == NULL)
    return;
  g_free (self->template_name);
  g_free (self->system_message);
  g_free (self->torch_dtype);
  g_array_unref (self->eos_ids);
  g_free (self);
}
