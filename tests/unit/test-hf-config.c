/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Good config files: the published ones, the reference fixtures', bare parts, and the defaults.
 * What is refused is in hostile/test-hostile-config.c. */
#include "formats/ivl-hf-config.h"

#include <libivl/ivl-error.h>
#include <string.h>

static IvlHfConfig *
parse (const char *config,
       const char *generation)
{
  g_autoptr(GError) error = NULL;
  IvlHfConfig *self = ivl_hf_config_parse (config, strlen (config), generation,
                                           generation != NULL ? strlen (generation) : 0, &error);

  g_assert_no_error (error);
  return self;
}

static char *
read_file (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "unit", "data", "configs", name,
                                                 NULL);
  g_autoptr(GError) error = NULL;
  char *contents = NULL;

  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  return contents;
}

static void
assert_eos_ids (IvlHfConfig *config,
                guint        n,
                guint32      first,
                guint32      last)
{
  g_assert_cmpuint (config->eos_ids->len, ==, n);
  g_assert_cmpuint (g_array_index (config->eos_ids, guint32, 0), ==, first);
  g_assert_cmpuint (g_array_index (config->eos_ids, guint32, n - 1), ==, last);
}

static void
assert_vit_300m (const IvlVisionConfig *vision)
{
  g_assert_cmpuint (vision->hidden_size, ==, 1024);
  g_assert_cmpuint (vision->intermediate_size, ==, 4096);
  g_assert_cmpuint (vision->n_layers, ==, 24);
  g_assert_cmpuint (vision->n_heads, ==, 16);
  g_assert_cmpuint (vision->image_size, ==, 448);
  g_assert_cmpuint (vision->patch_size, ==, 14);
  g_assert_cmpint (vision->norm, ==, IVL_NORM_LAYER);
  g_assert_true (vision->qkv_bias);
  g_assert_false (vision->qk_normalization);
  g_assert_cmpfloat (vision->norm_eps, ==, 1e-6f);
}

static void
test_published_8b_mpo (void)
{
  g_autofree char *config = read_file ("8b-mpo-config.json");
  g_autofree char *generation = read_file ("8b-mpo-generation_config.json");
  g_autoptr(IvlHfConfig) self = parse (config, generation);

  g_assert_cmpint (self->arch, ==, IVL_ARCH_INTERNVL);
  g_assert_true (self->has_vision && self->has_lm);
  assert_vit_300m (&self->vision);
  g_assert_cmpint (self->lm.type, ==, IVL_LM_INTERNLM2);
  g_assert_cmpuint (self->lm.hidden_size, ==, 4096);
  g_assert_cmpuint (self->lm.intermediate_size, ==, 14336);
  g_assert_cmpuint (self->lm.n_layers, ==, 32);
  g_assert_cmpuint (self->lm.n_heads, ==, 32);
  g_assert_cmpuint (self->lm.n_kv_heads, ==, 8);
  g_assert_cmpuint (self->lm.head_dim, ==, 128);
  g_assert_cmpuint (self->lm.vocab_size, ==, 92553);
  g_assert_cmpuint (self->lm.max_position, ==, 32768);
  g_assert_cmpfloat (self->lm.rope_theta, ==, 1e6);
  g_assert_cmpfloat (self->lm.rope_factor, ==, 2.0);
  g_assert_cmpfloat (self->lm.norm_eps, ==, 1e-5f);
  g_assert_false (self->lm.bias);
  g_assert_false (self->lm.tie_word_embeddings);
  g_assert_cmpuint (self->vision.image_size, ==, 448);
  g_assert_cmpuint (self->min_dynamic_patch, ==, 1);
  g_assert_cmpuint (self->max_dynamic_patch, ==, 12);
  g_assert_true (self->dynamic_image_size && self->use_thumbnail);
  g_assert_cmpuint (self->n_used_layers, ==, 24);
  g_assert_cmpstr (self->template_name, ==, "internvl2_5");
  g_assert_null (self->system_message);
  g_assert_cmpstr (self->torch_dtype, ==, "bfloat16");
  assert_eos_ids (self, 2, 92542, 92543);
}

static void
test_published_2b (void)
{
  g_autofree char *config = read_file ("2b-config.json");
  g_autoptr(IvlHfConfig) self = parse (config, NULL);

  assert_vit_300m (&self->vision);
  g_assert_cmpuint (self->lm.hidden_size, ==, 2048);
  g_assert_cmpuint (self->lm.n_heads, ==, 16);
  g_assert_cmpuint (self->lm.n_kv_heads, ==, 8);
  assert_eos_ids (self, 1, 2, 2); /* llm_config's, for want of a generation_config.json */
}

static void
test_reference_folder (void)
{
  const char *tied = g_test_get_filename (G_TEST_DIST, "golden", "fixtures", "models", "qwen-300m",
                                          NULL);
  const char *rms = g_test_get_filename (G_TEST_DIST, "golden", "fixtures", "models", "internlm-6b",
                                         NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlHfConfig) qwen = ivl_hf_config_load (tied, &error);
  g_autoptr(IvlHfConfig) internlm = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (qwen->lm.type, ==, IVL_LM_QWEN2);
  g_assert_true (qwen->lm.tie_word_embeddings);
  g_assert_cmpfloat (qwen->lm.rope_factor, ==, 0.0);
  g_assert_cmpfloat (qwen->lm.norm_eps, ==, 1e-6f);
  g_assert_cmpuint (qwen->lm.head_dim, ==, 16);
  assert_eos_ids (qwen, 3, 721, 720);

  internlm = ivl_hf_config_load (rms, &error);
  g_assert_no_error (error);
  g_assert_cmpint (internlm->vision.norm, ==, IVL_NORM_RMS);
  g_assert_true (internlm->vision.qk_normalization);
  g_assert_false (internlm->vision.qkv_bias);
  g_assert_cmpuint (internlm->lm.max_position, ==, 768);
}

static void
test_bare_vision (void)
{
  g_autoptr(IvlHfConfig) defaults = parse ("{\"model_type\":\"intern_vit_6b\"}", NULL);
  g_autoptr(IvlHfConfig) self = parse (
    "{\"model_type\":\"intern_vit_6b\","
    "\"auto_map\":{\"AutoModel\":\"modeling_intern_vit.InternVisionModel\"},"
    "\"hidden_size\":1024,\"image_size\":448,\"intermediate_size\":4096,"
    "\"norm_type\":\"layer_norm\","
    "\"num_attention_heads\":16,\"num_hidden_layers\":24,\"qk_normalization\":false,"
    "\"qkv_bias\":true,"
    "\"patch_size\":14,\"torch_dtype\":\"bfloat16\"}", NULL);

  g_assert_cmpint (self->arch, ==, IVL_ARCH_INTERNVIT);
  g_assert_true (self->has_vision && !self->has_lm);
  assert_vit_300m (&self->vision);
  g_assert_cmpuint (self->vision.image_size, ==, 448);
  g_assert_cmpuint (self->eos_ids->len, ==, 0);

  /* InternVisionConfig() */
  g_assert_cmpuint (defaults->vision.hidden_size, ==, 3200);
  g_assert_cmpuint (defaults->vision.intermediate_size, ==, 12800);
  g_assert_cmpuint (defaults->vision.n_layers, ==, 48);
  g_assert_cmpuint (defaults->vision.n_heads, ==, 25);
  g_assert_cmpuint (defaults->vision.image_size, ==, 224);
  g_assert_cmpint (defaults->vision.norm, ==, IVL_NORM_RMS);
  g_assert_true (defaults->vision.qk_normalization);
  g_assert_false (defaults->vision.qkv_bias);
}

static void
test_bare_language (void)
{
  g_autoptr(IvlHfConfig) qwen = parse (
    "{\"architectures\":[\"Qwen2ForCausalLM\"],\"model_type\":\"qwen2\",\"hidden_size\":896,"
    "\"intermediate_size\":4864,\"num_attention_heads\":14,\"num_hidden_layers\":24,"
    "\"num_key_value_heads\":2,\"rope_theta\":1000000.0,\"sliding_window\":32768,"
    "\"max_window_layers\":21,"
    "\"tie_word_embeddings\":true,\"use_sliding_window\":false,\"vocab_size\":151936,"
    "\"bos_token_id\":151643,"
    "\"eos_token_id\":151645,\"rms_norm_eps\":1e-06}",
    "{\"eos_token_id\":[151645,151643],\"temperature\":0.7}");
  g_autoptr(IvlHfConfig) internlm = parse ("{\"model_type\":\"internlm2\",\"bias\":null}", NULL);
  g_autoptr(IvlHfConfig) resaved = parse (
    "{\"model_type\":\"qwen2\",\"dtype\":\"bfloat16\",\"head_dim\":64,\"num_key_value_heads\":null,"
    "\"rope_parameters\":{\"rope_theta\":1000000.0,\"rope_type\":\"default\"}}", "{}");

  g_assert_cmpint (qwen->arch, ==, IVL_ARCH_QWEN2);
  g_assert_true (qwen->has_lm && !qwen->has_vision);
  g_assert_true (qwen->lm.tie_word_embeddings);
  g_assert_cmpuint (qwen->lm.head_dim, ==, 64);
  assert_eos_ids (qwen, 2, 151645, 151643);

  /* InternLM2Config() */
  g_assert_cmpint (internlm->arch, ==, IVL_ARCH_INTERNLM2);
  g_assert_cmpuint (internlm->lm.vocab_size, ==, 103168);
  g_assert_cmpuint (internlm->lm.hidden_size, ==, 4096);
  g_assert_cmpuint (internlm->lm.intermediate_size, ==, 11008);
  g_assert_cmpuint (internlm->lm.n_kv_heads, ==, 32);
  g_assert_cmpuint (internlm->lm.max_position, ==, 2048);
  g_assert_cmpfloat (internlm->lm.rope_theta, ==, 10000.0);
  g_assert_cmpfloat (internlm->lm.rope_factor, ==, 0.0);
  g_assert_cmpfloat (internlm->lm.norm_eps, ==, 1e-6f);
  g_assert_true (internlm->lm.bias);
  assert_eos_ids (internlm, 1, 2, 2);

  /* Qwen2Config(), as transformers 5 saves it */
  g_assert_cmpuint (resaved->lm.vocab_size, ==, 151936);
  g_assert_cmpuint (resaved->lm.intermediate_size, ==, 22016);
  g_assert_cmpuint (resaved->lm.max_position, ==, 32768);
  g_assert_cmpuint (resaved->lm.n_kv_heads, ==, 32);
  g_assert_cmpuint (resaved->lm.head_dim, ==, 64);
  g_assert_cmpfloat (resaved->lm.rope_theta, ==, 1e6);
  g_assert_cmpstr (resaved->torch_dtype, ==, "bfloat16");
  g_assert_cmpuint (resaved->eos_ids->len, ==, 0);
}

/* transformers 5: rope_scaling if it holds anything, else rope_parameters; the flat field fills in.
 * InternLM2's own class: rope_theta and rope_scaling alone. */
static void
test_rope (void)
{
  static const struct
  {
    const char *model_type;
    const char *members;
    double      base;
    double      factor;
  } cases[] = {
    { "qwen2", "\"rope_theta\":20000", 20000, 0 },
    { "qwen2", "\"rope_theta\":10000,\"rope_parameters\":{\"rope_theta\":1e6}", 1e6, 0 },
    { "qwen2", "\"rope_parameters\":{\"rope_theta\":1e6,\"rope_type\":\"default\"}", 1e6, 0 },
    { "qwen2", "\"rope_theta\":20000,\"rope_parameters\":{\"rope_type\":\"default\"}", 20000, 0 },
    { "qwen2", "\"rope_theta\":20000,\"rope_parameters\":null", 20000, 0 },
    { "qwen2",
      "\"rope_theta\":1,\"rope_parameters\":{\"rope_theta\":2},\"rope_scaling\":{\"rope_theta\":3}",
      3, 0 },
    { "qwen2",
      "\"rope_theta\":7,\"rope_parameters\":{\"rope_theta\":2},"
      "\"rope_scaling\":{\"type\":\"default\"}", 7, 0 },
    { "qwen2", "\"rope_parameters\":{\"rope_theta\":2},\"rope_scaling\":{}", 2, 0 },
    { "qwen2", "\"rope_parameters\":{\"rope_theta\":2},\"rope_scaling\":null", 2, 0 },
    { "qwen2", "\"rope_scaling\":{\"type\":\"yarn\",\"rope_type\":\"default\"}", 10000, 0 },
    { "internlm2", "\"rope_theta\":1e6,\"rope_parameters\":{\"rope_theta\":10000}", 1e6, 0 },
    { "internlm2",
      "\"rope_theta\":1e6,\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2,\"rope_theta\":5}",
      1e6, 2 },
    { "internlm2", "\"rope_theta\":1e6,\"rope_scaling\":null", 1e6, 0 },
    { "internlm2",
      "\"rope_theta\":1e6,\"rope_parameters\":{\"rope_type\":\"dynamic\",\"factor\":4.0}", 1e6, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *config = g_strdup_printf ("{\"model_type\":\"%s\",%s}",
                                                 cases[i].model_type, cases[i].members);
      g_autoptr(IvlHfConfig) self = parse (config, NULL);

      g_assert_cmpfloat (self->lm.rope_theta, ==, cases[i].base);
      g_assert_cmpfloat (self->lm.rope_factor, ==, cases[i].factor);
    }
}

/* Only Qwen2's class looks at head_dim. */
static void
test_head_dim (void)
{
  g_autoptr(IvlHfConfig) qwen = parse ("{\"model_type\":\"qwen2\",\"head_dim\":96}", NULL);
  g_autoptr(IvlHfConfig) internlm = parse ("{\"model_type\":\"internlm2\",\"head_dim\":96}", NULL);

  g_assert_cmpuint (qwen->lm.head_dim, ==, 96);
  g_assert_cmpuint (internlm->lm.head_dim, ==, 128);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hf-config/published-8b-mpo", test_published_8b_mpo);
  g_test_add_func ("/hf-config/published-2b", test_published_2b);
  g_test_add_func ("/hf-config/reference-folder", test_reference_folder);
  g_test_add_func ("/hf-config/bare-vision", test_bare_vision);
  g_test_add_func ("/hf-config/bare-language", test_bare_language);
  g_test_add_func ("/hf-config/rope", test_rope);
  g_test_add_func ("/hf-config/head-dim", test_head_dim);
  return g_test_run ();
}
