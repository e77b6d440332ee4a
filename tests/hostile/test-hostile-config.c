/* SPDX-License-Identifier: LGPL-2.1-or-later
 * config.json and generation_config.json that must be refused, each with its error code. Every
 * case is a good config with one piece of its text replaced. */
#include "formats/ivl-hf-config.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "temp-files.h"

#define INVALID IVL_ERROR_INVALID_DATA
#define UNSUPPORTED IVL_ERROR_UNSUPPORTED

static const char good_config[] =
  "{\"model_type\":\"internvl_chat\",\"template\":\"internvl2_5\",\"ps_version\":\"v2\","
  "\"select_layer\":-1,"
  "\"force_image_size\":448,\"downsample_ratio\":0.5,\"min_dynamic_patch\":1,"
  "\"max_dynamic_patch\":12,"
  "\"dynamic_image_size\":true,\"use_thumbnail\":true,\"torch_dtype\":\"bfloat16\","
  "\"llm_config\":{\"architectures\":[\"InternLM2ForCausalLM\"],\"model_type\":\"internlm2\","
  "\"hidden_size\":2048,"
  "\"num_attention_heads\":16,\"num_key_value_heads\":8,\"num_hidden_layers\":24,"
  "\"vocab_size\":92553,"
  "\"max_position_embeddings\":32768,\"rms_norm_eps\":1e-05,\"hidden_act\":\"silu\",\"bias\":false,"
  "\"rope_scaling\":{\"factor\":2.0,\"type\":\"dynamic\"},\"rope_theta\":1000000,"
  "\"eos_token_id\":2},"
  "\"vision_config\":{\"hidden_size\":1024,\"num_attention_heads\":16,\"image_size\":448,"
  "\"patch_size\":14,\"num_channels\":3,\"hidden_act\":\"gelu\",\"norm_type\":\"layer_norm\","
  "\"qkv_bias\":true,"
  "\"layer_norm_eps\":1e-06}}";

typedef struct
{
  const char *name;
  const char *from; /* its first occurrence in good_config */
  const char *to;
  int         code;
  const char *message; /* part of it */
} ConfigCase;

static const ConfigCase config_cases[] = {
  /* wrong types */
  { "hidden-string", "\"hidden_size\":2048", "\"hidden_size\":\"2048\"", INVALID,
    "llm_config.hidden_size" },
  { "hidden-real", "\"hidden_size\":2048", "\"hidden_size\":2048.0", INVALID,
    "llm_config.hidden_size" },
  { "hidden-list", "\"hidden_size\":2048", "\"hidden_size\":[2048]", INVALID,
    "llm_config.hidden_size" },
  { "hidden-true", "\"hidden_size\":2048", "\"hidden_size\":true", INVALID,
    "llm_config.hidden_size" },
  { "llm-list", "\"llm_config\":{", "\"llm_config\":[],\"x\":{", INVALID, "llm_config" },
  { "llm-missing", "\"llm_config\":{", "\"x\":{", INVALID, "llm_config" },
  { "vision-null", "\"vision_config\":{", "\"vision_config\":null,\"x\":{", INVALID,
    "vision_config" },
  { "vision-string", "\"vision_config\":{", "\"vision_config\":\"a\",\"x\":{", INVALID,
    "vision_config" },
  { "bias-number", "\"bias\":false", "\"bias\":0", INVALID, "llm_config.bias" },
  { "qkv-bias-string", "\"qkv_bias\":true", "\"qkv_bias\":\"true\"", INVALID,
    "vision_config.qkv_bias" },
  { "thumbnail-number", "\"use_thumbnail\":true", "\"use_thumbnail\":1", INVALID, "use_thumbnail" },
  { "model-type-number", "\"model_type\":\"internvl_chat\"", "\"model_type\":1", INVALID,
    "model_type" },
  { "model-type-missing", "\"model_type\":\"internvl_chat\"", "\"x\":1", INVALID, "model_type" },
  { "template-list", "\"template\":\"internvl2_5\"", "\"template\":[]", INVALID, "template" },
  { "dtype-number", "\"torch_dtype\":\"bfloat16\"", "\"torch_dtype\":16", INVALID, "torch_dtype" },
  { "architectures-string", "[\"InternLM2ForCausalLM\"]", "\"InternLM2ForCausalLM\"", INVALID,
    "architectures" },
  { "architectures-number", "[\"InternLM2ForCausalLM\"]", "[7]", INVALID, "architectures[0]" },
  { "rope-scaling-list", "\"rope_scaling\":{\"factor\":2.0,\"type\":\"dynamic\"}",
    "\"rope_scaling\":[2.0]", INVALID,
    "llm_config.rope_scaling" },
  { "rope-factor-string", "\"factor\":2.0", "\"factor\":\"2.0\"", INVALID, "rope_scaling.factor" },
  { "rope-factor-missing", "\"factor\":2.0", "\"x\":2.0", INVALID, "rope_scaling.factor" },
  /* zero, negative, huge */
  { "hidden-0", "\"hidden_size\":2048", "\"hidden_size\":0", INVALID, "llm_config.hidden_size" },
  { "hidden-negative", "\"hidden_size\":2048", "\"hidden_size\":-2048", INVALID,
    "llm_config.hidden_size" },
  { "hidden-2^32", "\"hidden_size\":2048", "\"hidden_size\":4294969344", INVALID,
    "llm_config.hidden_size" },
  { "hidden-2^63", "\"hidden_size\":2048", "\"hidden_size\":9223372036854775808", INVALID,
    "too big integer" },
  { "vision-hidden-0", "\"hidden_size\":1024", "\"hidden_size\":0", INVALID,
    "vision_config.hidden_size" },
  { "heads-0", "\"num_attention_heads\":16", "\"num_attention_heads\":0", INVALID,
    "num_attention_heads" },
  { "kv-heads-0", "\"num_key_value_heads\":8", "\"num_key_value_heads\":0", INVALID,
    "num_key_value_heads" },
  { "layers-0", "\"num_hidden_layers\":24", "\"num_hidden_layers\":0", INVALID,
    "num_hidden_layers" },
  { "layers-many", "\"num_hidden_layers\":24", "\"num_hidden_layers\":1000000", INVALID,
    "num_hidden_layers" },
  { "vocab-0", "\"vocab_size\":92553", "\"vocab_size\":0", INVALID, "vocab_size" },
  { "vocab-huge", "\"vocab_size\":92553", "\"vocab_size\":2147483648", INVALID, "vocab_size" },
  { "position-0", "\"max_position_embeddings\":32768", "\"max_position_embeddings\":0", INVALID,
    "max_position_embeddings" },
  { "patch-0", "\"patch_size\":14", "\"patch_size\":0", INVALID, "patch_size" },
  { "image-0", "\"image_size\":448,\"patch", "\"image_size\":0,\"patch", INVALID,
    "vision_config.image_size" },
  { "image-huge", "\"image_size\":448,\"patch", "\"image_size\":1073741824,\"patch", INVALID,
    "vision_config.image_size" },
  { "image-above-tiles", "\"image_size\":448,\"patch", "\"image_size\":8204,\"patch", INVALID,
    "vision_config.image_size: expected an integer from 1 to 8192" },
  { "tile-0", "\"force_image_size\":448", "\"force_image_size\":0", INVALID, "force_image_size" },
  { "dynamic-0", "\"max_dynamic_patch\":12", "\"max_dynamic_patch\":0", INVALID,
    "max_dynamic_patch" },
  { "dynamic-min-over-max", "\"min_dynamic_patch\":1", "\"min_dynamic_patch\":13", INVALID,
    "max_dynamic_patch" },
  { "dynamic-huge", "\"max_dynamic_patch\":12", "\"max_dynamic_patch\":1000000000", INVALID,
    "max_dynamic_patch" },
  { "select-layer-past", "\"select_layer\":-1", "\"select_layer\":-50", INVALID, "select_layer" },
  { "ratio-negative", "\"downsample_ratio\":0.5", "\"downsample_ratio\":-0.5", INVALID,
    "downsample_ratio" },
  { "ratio-over-1", "\"downsample_ratio\":0.5", "\"downsample_ratio\":2", INVALID,
    "downsample_ratio" },
  { "eps-0", "\"rms_norm_eps\":1e-05", "\"rms_norm_eps\":0", INVALID, "rms_norm_eps" },
  { "eps-negative", "\"layer_norm_eps\":1e-06", "\"layer_norm_eps\":-1e-06", INVALID,
    "layer_norm_eps" },
  { "theta-0", "\"rope_theta\":1000000", "\"rope_theta\":0", INVALID, "rope_theta" },
  { "theta-infinite", "\"rope_theta\":1000000", "\"rope_theta\":1e999", INVALID, "overflow" },
  { "rope-factor-half", "\"factor\":2.0", "\"factor\":0.5", INVALID, "rope_scaling.factor" },
  /* numbers that do not fit each other */
  { "heads-no-divisor", "\"num_attention_heads\":16", "\"num_attention_heads\":24", INVALID,
    "hidden_size 2048" },
  { "kv-no-divisor", "\"num_key_value_heads\":8", "\"num_key_value_heads\":3", INVALID,
    "num_key_value_heads 3" },
  { "kv-more-than-heads", "\"num_key_value_heads\":8", "\"num_key_value_heads\":32", INVALID,
    "num_key_value_heads 32" },
  { "head-dim-odd", "\"hidden_size\":2048", "\"hidden_size\":2064", INVALID, "head_dim 129" },
  { "vision-heads", "\"hidden_size\":1024,\"num_attention_heads\":16",
    "\"hidden_size\":1000,\"num_attention_heads\":16",
    INVALID, "vision_config.hidden_size 1000" },
  { "image-no-multiple", "\"patch_size\":14", "\"patch_size\":15", INVALID,
    "vision_config.image_size 448" },
  { "eos-is-vocab", "\"eos_token_id\":2", "\"eos_token_id\":92553", INVALID,
    "llm_config.eos_token_id" },
  { "eos-negative", "\"eos_token_id\":2", "\"eos_token_id\":-1", INVALID,
    "llm_config.eos_token_id" },
  { "eos-string", "\"eos_token_id\":2", "\"eos_token_id\":\"</s>\"", INVALID,
    "llm_config.eos_token_id" },
  { "eos-nested", "\"eos_token_id\":2", "\"eos_token_id\":[[2]]", INVALID,
    "llm_config.eos_token_id" },
  /* what this version cannot do */
  { "ratio-0", "\"downsample_ratio\":0.5", "\"downsample_ratio\":0", UNSUPPORTED,
    "downsample_ratio: found 0," },
  { "ratio-quarter", "\"downsample_ratio\":0.5", "\"downsample_ratio\":0.25", UNSUPPORTED,
    "downsample_ratio: found 0.25" },
  { "ratio-third", "\"downsample_ratio\":0.5", "\"downsample_ratio\":0.3333333333333333",
    UNSUPPORTED, "downsample_ratio: found 0.333333" },
  { "ratio-1", "\"downsample_ratio\":0.5", "\"downsample_ratio\":1.0", UNSUPPORTED,
    "downsample_ratio: found 1," },
  { "padded-squares", "\"use_thumbnail\":true", "\"pad2square\":true", UNSUPPORTED,
    "pad2square" },
  { "awq", "\"bias\":false", "\"quantization_config\":{\"quant_method\":\"awq\"}", UNSUPPORTED,
    "llm_config.quantization_config: the weights are quantised (AWQ)" },
  { "bitsandbytes", "\"use_thumbnail\":true",
    "\"quantization_config\":{\"quant_method\":\"bitsandbytes\",\"load_in_4bit\":true}",
    UNSUPPORTED, "(bitsandbytes)" },
  { "quantised-vision", "\"num_channels\":3",
    "\"quantization_config\":{\"quant_method\":\"gptq\"}", UNSUPPORTED, "vision_config.quant" },
  { "mlx", "\"use_thumbnail\":true", "\"quantization\":{\"group_size\":64,\"bits\":4}",
    UNSUPPORTED, "(MLX)" },
  { "quantised-somehow", "\"use_thumbnail\":true", "\"quantization_config\":{}", UNSUPPORTED,
    "without a name" },
  { "internlm2-base-elsewhere", "\"rope_theta\":1000000",
    "\"rope_parameters\":{\"rope_theta\":1000000.0}", UNSUPPORTED, "rope_parameters.rope_theta" },
  { "other-model", "\"model_type\":\"internvl_chat\"", "\"model_type\":\"llama\"", UNSUPPORTED,
    "found llama" },
  { "other-model-escape", "\"model_type\":\"internvl_chat\"",
    "\"model_type\":\"\\u001b]0;x\\u0007\"", UNSUPPORTED,
    "\\033]0;x\\007" },
  { "converted-model", "\"model_type\":\"internvl_chat\"", "\"model_type\":\"internvl\"",
    UNSUPPORTED, "-HF" },
  { "other-llm", "InternLM2ForCausalLM", "Phi3ForCausalLM", UNSUPPORTED, "Phi3ForCausalLM" },
  { "other-template", "\"template\":\"internvl2_5\"", "\"template\":\"Hermes-2\"", UNSUPPORTED,
    "Hermes-2" },
  { "no-template", "\"template\":\"internvl2_5\"", "\"template\":null", UNSUPPORTED,
    "found nothing" },
  { "ps-v1", "\"ps_version\":\"v2\"", "\"ps_version\":\"v1\"", UNSUPPORTED, "ps_version" },
  { "activation", "\"hidden_act\":\"silu\"", "\"hidden_act\":\"gelu\"", UNSUPPORTED,
    "llm_config.hidden_act" },
  { "vision-activation", "\"hidden_act\":\"gelu\"", "\"hidden_act\":\"quick_gelu\"", UNSUPPORTED,
    "vision_config.hidden_act" },
  { "norm-type", "\"norm_type\":\"layer_norm\"", "\"norm_type\":\"batch_norm\"", UNSUPPORTED,
    "batch_norm" },
  { "channels", "\"num_channels\":3", "\"num_channels\":4", UNSUPPORTED, "num_channels" },
  { "rope-linear", "\"type\":\"dynamic\"", "\"type\":\"linear\"", UNSUPPORTED,
    "rope_scaling.type" },
  { "rope-no-type", "\"type\":\"dynamic\"", "\"x\":\"dynamic\"", UNSUPPORTED, "rope_scaling.type" },
  { "tile-not-image", "\"force_image_size\":448", "\"force_image_size\":224", UNSUPPORTED,
    "force_image_size" },
  { "qwen2-rope", "InternLM2ForCausalLM", "Qwen2ForCausalLM", UNSUPPORTED, "none for Qwen2" },
  /* the JSON itself */
  { "duplicate", "\"select_layer\":-1", "\"select_layer\":-1,\"select_layer\":-2", INVALID,
    "duplicate" },
  { "duplicate-inside", "\"bias\":false", "\"bias\":false,\"bias\":true", INVALID, "duplicate" },
  { "nul-in-string", "internvl2_5", "internvl2_5\\u0000x", INVALID, "line 1" },
  { "bad-utf8", "internvl2_5", "internvl\xff", INVALID, "line 1" },
  { "lone-surrogate", "internvl2_5", "internvl\\udc00", INVALID, "line 1" },
  { "not-a-number", "\"rope_theta\":1000000", "\"rope_theta\":NaN", INVALID, "line 1" },
  { "comment", "\"bias\"", "/* */\"bias\"", INVALID, "line 1" },
  { "trailing", "1e-06}}", "1e-06}}x", INVALID, "line 1" },
  { "array", "{\"model_type\"", "[{\"model_type\"", INVALID, "line 1" },
};

static char *
replace_first (const char *text,
               const char *from,
               const char *to)
{
  const char *at = strstr (text, from);
  GString *result;

  g_assert_nonnull (at);
  result = g_string_new_len (text, at - text);
  g_string_append (result, to);
  g_string_append (result, at + strlen (from));
  return g_string_free (result, FALSE);
}

static void
assert_refused (const char *config,
                const char *generation,
                int         code,
                const char *message)
{
  g_autoptr(GError) error = NULL;
  IvlHfConfig *self = ivl_hf_config_parse (config, strlen (config), generation,
                                           generation != NULL ? strlen (generation) : 0, &error);

  g_assert_null (self);
  g_assert_error (error, IVL_ERROR, code);
  if (strstr (error->message, message) == NULL)
    g_error ("\"%s\" is not in \"%s\"", message, error->message);
  g_assert_nonnull (strstr (error->message, "config.json"));
  g_assert_null (strchr (error->message, '\x1b'));
}

static void
test_good (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlHfConfig) self = ivl_hf_config_parse (good_config, strlen (good_config), NULL, 0,
                                                     &error);

  g_assert_no_error (error);
}

static void
test_config (gconstpointer data)
{
  const ConfigCase *config_case = data;
  g_autofree char *config = replace_first (good_config, config_case->from, config_case->to);

  assert_refused (config, NULL, config_case->code, config_case->message);
}

/* The projector joins two by two patches, so a side of an odd number would leave one over. */
static void
test_odd_patches (void)
{
  static const guint sides[] = { 1, 3, 9, 31, 585 };

  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autofree char *force = g_strdup_printf ("\"force_image_size\":%u", 14 * sides[i]);
      g_autofree char *size = g_strdup_printf ("\"image_size\":%u", 14 * sides[i]);
      g_autofree char *message = g_strdup_printf ("%u is no multiple", sides[i]);
      g_autofree char *forced = replace_first (good_config, "\"force_image_size\":448", force);
      g_autofree char *config = replace_first (forced, "\"image_size\":448", size);

      assert_refused (config, NULL, IVL_ERROR_INVALID_DATA, message);
      assert_refused (config, NULL, IVL_ERROR_INVALID_DATA, "patches a side");
    }
}

static void
test_generation (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "{\"eos_token_id\":92553}", "below vocab_size 92553" },
    { "{\"eos_token_id\":[2,-1]}", "found -1" },
    { "{\"eos_token_id\":[2,1.5]}", "found 1.5" },
    { "{\"eos_token_id\":true}", "found true" },
    { "{\"eos_token_id\":{}}", "found an object" },
    { "{\"eos_token_id\":18446744073709551616}", "too big" },
    { "{\"eos_token_id\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
      "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}", "at most 64" },
    { "{\"eos_token_id\":", "line 1" },
    { "[]", "expected an object" },
    { "", "line" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_refused (good_config, cases[i].text, IVL_ERROR_INVALID_DATA, cases[i].message);
      assert_refused (good_config, cases[i].text, IVL_ERROR_INVALID_DATA, "generation_config.json");
    }
}

/* What only Qwen2's class reads. */
static void
test_qwen2 (void)
{
  static const struct
  {
    const char *member;
    int         code;
    const char *message;
  } cases[] = {
    { "\"use_sliding_window\":true", UNSUPPORTED, "use_sliding_window" },
    { "\"layer_types\":[\"full_attention\",\"sliding_attention\"]", UNSUPPORTED,
      "found sliding_attention" },
    { "\"layer_types\":[7]", UNSUPPORTED, "layer_types" },
    { "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":4.0}", UNSUPPORTED, "found yarn" },
    { "\"rope_parameters\":{\"rope_type\":\"yarn\",\"type\":\"default\"}", UNSUPPORTED,
      "found yarn" },
    { "\"rope_parameters\":{\"rope_theta\":0.5}", INVALID, "rope_parameters.rope_theta" },
    { "\"rope_parameters\":{\"partial_rotary_factor\":0.5}", UNSUPPORTED, "partial_rotary" },
    { "\"rope_parameters\":{\"full_attention\":{\"rope_theta\":10000}}", INVALID,
      "full_attention" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *config = g_strdup_printf ("{\"model_type\":\"qwen2\",%s}",
                                                 cases[i].member);

      assert_refused (config, NULL, cases[i].code, cases[i].message);
    }
}

static void
test_cut_everywhere (void)
{
  for (gsize size = 0; size < strlen (good_config); size++)
    {
      g_autofree char *bytes = g_memdup2 (good_config, size);
      g_autoptr(GError) error = NULL;

      g_assert_null (ivl_hf_config_parse (bytes, size, NULL, 0, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
}

static void
test_deep_nesting (void)
{
  static const char brackets[] = { '[', '{' };

  for (guint i = 0; i < G_N_ELEMENTS (brackets); i++)
    {
      g_autofree char *deep = g_strnfill (1000000, brackets[i]);
      g_autofree char *config = g_strconcat ("{\"x\":", deep, NULL);

      assert_refused (config, NULL, IVL_ERROR_INVALID_DATA, "nested deeper than 64");
    }
}

/* From a folder: absent, too large, not a file. */
static void
test_files (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *huge = g_malloc0 (5 * 1024 * 1024);
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  g_autoptr(GError) error = NULL;
  IvlHfConfig *self;

  g_assert_null (ivl_hf_config_load (folder, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  g_free (temp_files_write (folder, "config.json", huge, 5 * 1024 * 1024));
  g_assert_null (ivl_hf_config_load (folder, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "expected at most"));
  g_clear_error (&error);

  g_free (temp_files_write_text (folder, "config.json", good_config));
  self = ivl_hf_config_load (folder, &error);
  g_assert_no_error (error);
  ivl_hf_config_free (self);

  g_free (temp_files_write_text (folder, "generation_config.json", "{"));
  g_assert_null (ivl_hf_config_load (folder, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "generation_config.json"));
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hostile/config/good", test_good);
  for (guint i = 0; i < G_N_ELEMENTS (config_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/hostile/config/field/", config_cases[i].name, NULL);

      g_test_add_data_func (path, &config_cases[i], test_config);
    }
  g_test_add_func ("/hostile/config/odd-patches", test_odd_patches);
  g_test_add_func ("/hostile/config/generation", test_generation);
  g_test_add_func ("/hostile/config/qwen2", test_qwen2);
  g_test_add_func ("/hostile/config/cut-everywhere", test_cut_everywhere);
  g_test_add_func ("/hostile/config/deep-nesting", test_deep_nesting);
  g_test_add_func ("/hostile/config/files", test_files);
  return g_test_run ();
}
