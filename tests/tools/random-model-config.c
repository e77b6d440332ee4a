/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The JSON files beside the weights, with the fields that the published ones have.
 */
#include "random-model.h"

static char *
format_qwen2 (const RandomModelSize *size,
              const char            *torch_dtype)
{
  return g_strdup_printf (
    "  \"llm_config\": {\n    \"_name_or_path\": \"%s\",\n"
    "    \"architectures\": [\"Qwen2ForCausalLM\"],\n"
    "    \"attention_dropout\": 0.0,\n    \"bos_token_id\": 151643,\n"
    "    \"eos_token_id\": 151645,\n"
    "    \"hidden_act\": \"silu\",\n    \"hidden_size\": %u,\n    \"initializer_range\": 0.02,\n"
    "    \"intermediate_size\": %u,\n    \"max_position_embeddings\": 32768,\n"
    "    \"max_window_layers\": 70,\n"
    "    \"model_type\": \"qwen2\",\n    \"num_attention_heads\": %u,\n"
    "    \"num_hidden_layers\": %u,\n"
    "    \"num_key_value_heads\": %u,\n    \"rms_norm_eps\": 1e-06,\n"
    "    \"rope_theta\": 1000000.0,\n"
    "    \"sliding_window\": null,\n    \"tie_word_embeddings\": false,\n"
    "    \"torch_dtype\": \"%s\",\n"
    "    \"use_cache\": true,\n    \"use_sliding_window\": false,\n    \"vocab_size\": %u\n  },\n",
    size->llm_name, size->hidden_size, size->intermediate_size, size->n_heads, size->n_layers,
    size->n_kv_heads, torch_dtype, size->vocab_size);
}

/* The 26B's rope_scaling factor is not known here; below max_position_embeddings it has no
 * effect. */
static char *
format_internlm2 (const RandomModelSize *size,
                  const char            *torch_dtype)
{
  return g_strdup_printf (
    "  \"llm_config\": {\n    \"_name_or_path\": \"%s\",\n"
    "    \"architectures\": [\"InternLM2ForCausalLM\"],\n"
    "    \"attn_implementation\": \"eager\",\n    \"bias\": false,\n    \"bos_token_id\": 1,\n"
    "    \"eos_token_id\": 2,\n    \"hidden_act\": \"silu\",\n    \"hidden_size\": %u,\n"
    "    \"initializer_range\": 0.02,\n    \"intermediate_size\": %u,\n"
    "    \"max_position_embeddings\": 32768,\n"
    "    \"model_type\": \"internlm2\",\n    \"num_attention_heads\": %u,\n"
    "    \"num_hidden_layers\": %u,\n"
    "    \"num_key_value_heads\": %u,\n    \"pad_token_id\": 2,\n    \"rms_norm_eps\": 1e-05,\n"
    "    \"rope_scaling\": {\"factor\": 2.0, \"type\": \"dynamic\"},\n"
    "    \"rope_theta\": 1000000,\n"
    "    \"tie_word_embeddings\": false,\n    \"torch_dtype\": \"%s\",\n    \"use_cache\": true,\n"
    "    \"vocab_size\": %u\n  },\n",
    size->llm_name, size->hidden_size, size->intermediate_size, size->n_heads, size->n_layers,
    size->n_kv_heads, torch_dtype, size->vocab_size);
}

static char *
format_vision (const RandomModelVision *vision,
               const char              *torch_dtype)
{
  return g_strdup_printf (
    "  \"vision_config\": {\n    \"architectures\": [\"InternVisionModel\"],\n"
    "    \"attention_dropout\": 0.0,\n"
    "    \"drop_path_rate\": 0.0,\n    \"dropout\": 0.0,\n    \"hidden_act\": \"gelu\",\n"
    "    \"hidden_size\": %u,\n    \"image_size\": 448,\n    \"initializer_factor\": 0.1,\n"
    "    \"initializer_range\": 1e-10,\n    \"intermediate_size\": %u,\n"
    "    \"layer_norm_eps\": 1e-06,\n"
    "    \"model_type\": \"intern_vit_6b\",\n    \"norm_type\": \"%s\",\n"
    "    \"num_attention_heads\": %u,\n"
    "    \"num_channels\": 3,\n    \"num_hidden_layers\": %u,\n    \"patch_size\": 14,\n"
    "    \"qk_normalization\": %s,\n    \"qkv_bias\": %s,\n    \"torch_dtype\": \"%s\",\n"
    "    \"use_flash_attn\": true\n  }\n",
    vision->hidden_size, vision->intermediate_size, vision->is_6b ? "rms_norm" : "layer_norm",
    vision->n_heads, vision->n_layers, vision->is_6b ? "true" : "false",
    vision->is_6b ? "false" : "true",
    torch_dtype);
}

static const char preprocessor_config[] =
  "{\n  \"crop_size\": 448,\n  \"do_center_crop\": true,\n  \"do_normalize\": true,\n"
  "  \"do_resize\": true,\n"
  "  \"feature_extractor_type\": \"CLIPFeatureExtractor\",\n"
  "  \"image_mean\": [0.485, 0.456, 0.406],\n"
  "  \"image_std\": [0.229, 0.224, 0.225],\n  \"resample\": 3,\n  \"size\": 448\n}\n";

gboolean
random_model_write_config (const RandomModelSize  *size,
                           gboolean                is_f32,
                           const char             *folder,
                           GError                **error)
{
  const char *torch_dtype = is_f32 ? "float32" : "bfloat16";
  gboolean is_qwen2 = size->family == RANDOM_MODEL_QWEN2;
  g_autofree char *llm = is_qwen2 ? format_qwen2 (size, torch_dtype)
                                  : format_internlm2 (size, torch_dtype);
  g_autofree char *vision = format_vision (size->vision, torch_dtype);
  g_autofree char *config = g_strdup_printf (
    "{\n  \"_name_or_path\": \"random-InternVL2_5-%s\",\n"
    "  \"architectures\": [\"InternVLChatModel\"],\n"
    "  \"downsample_ratio\": 0.5,\n  \"dynamic_image_size\": true,\n  \"force_image_size\": 448,\n"
    "%s"
    "  \"max_dynamic_patch\": 12,\n  \"min_dynamic_patch\": 1,\n"
    "  \"model_type\": \"internvl_chat\",\n"
    "  \"pad2square\": false,\n  \"ps_version\": \"v2\",\n  \"select_layer\": -1,\n"
    "  \"template\": \"internvl2_5\",\n  \"torch_dtype\": \"%s\",\n  \"use_backbone_lora\": 0,\n"
    "  \"use_llm_lora\": 0,\n  \"use_thumbnail\": true,\n%s}\n",
    size->name, llm, torch_dtype, vision);
  const char *generation = is_qwen2 ? "{\n  \"eos_token_id\": [151644, 151645, 151643]\n}\n"
                                    : "{\n  \"eos_token_id\": [92542, 92543]\n}\n";

  return random_model_write_text (folder, "config.json", config, -1, error)
         && random_model_write_text (folder, "generation_config.json", generation, -1, error)
         && random_model_write_text (folder, "preprocessor_config.json", preprocessor_config, -1,
                                     error);
}
