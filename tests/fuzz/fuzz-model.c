/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A whole model folder, opened and asked about a picture. The bytes are pairs that change a small
 * model: a field of config.json gets one of its values, or a dimension of a tensor grows or
 * shrinks; 0xff begins another model. Shapes follow the config by the reference's own formulas,
 * whatever the config says, so that what is accepted is also computed.
 *
 * Opening and looking must agree: a folder is opened exactly if the survey finds no problem. */
#include <glib/gstdio.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "fuzz-target.h"
#include "models/ivl-timeline.h"
#include "temp-tokenizer.h"

#define MAX_MODELS 16
#define MAX_ELEMENTS 400000
#define MAX_PATCHES 1100
#define MAX_LAYERS 6
#define N_WORDS 264
#define N_TOKENS 3  /* of an answer */

static const char base_config[] =
    "{\"model_type\":\"internvl_chat\",\"template\":\"internvl2_5\",\"ps_version\":\"v2\","
    "\"select_layer\":-1,\"force_image_size\":32,\"downsample_ratio\":0.5,"
    "\"min_dynamic_patch\":1,\"max_dynamic_patch\":2,\"dynamic_image_size\":true,"
    "\"use_thumbnail\":true,\"torch_dtype\":\"float32\","
    "\"llm_config\":{\"architectures\":[\"Qwen2ForCausalLM\"],\"model_type\":\"qwen2\","
    "\"hidden_size\":8,\"intermediate_size\":12,\"num_hidden_layers\":2,"
    "\"num_attention_heads\":2,\"num_key_value_heads\":1,\"vocab_size\":264,"
    "\"max_position_embeddings\":512,\"rms_norm_eps\":1e-06,\"hidden_act\":\"silu\","
    "\"bias\":false,\"rope_theta\":10000.0,\"tie_word_embeddings\":false,\"eos_token_id\":257},"
    "\"vision_config\":{\"model_type\":\"intern_vit_6b\",\"hidden_size\":8,"
    "\"intermediate_size\":12,\"num_hidden_layers\":2,\"num_attention_heads\":2,"
    "\"image_size\":32,\"patch_size\":8,\"num_channels\":3,\"hidden_act\":\"gelu\","
    "\"norm_type\":\"layer_norm\",\"qkv_bias\":true,\"qk_normalization\":false,"
    "\"layer_norm_eps\":1e-06}}";

/* Sizes that meet each other's edges. */
#define SIZES "1 2 3 4 5 6 7 8 9 12 13 15 16 17 24 31 32 33 40 48 56 63 64 65 72 96 128 255 256 257"

/* Values are JSON, with spaces between. */
static const struct
{
  const char *section; /* "" is the top */
  const char *field;
  const char *values;
} fields[] = {
  { "", "downsample_ratio", "0.5 1.0 0.25 0.3333333333333333 0.125 0.2 0 0.7 null" },
  { "both", "image_size", SIZES " 120 248 264 520" },
  { "vision_config", "image_size", SIZES },
  { "", "force_image_size", SIZES " null" },
  { "vision_config", "patch_size", SIZES },
  { "vision_config", "hidden_size", SIZES },
  { "vision_config", "num_attention_heads", SIZES },
  { "vision_config", "intermediate_size", SIZES },
  { "vision_config", "num_hidden_layers", "0 1 2 3 4 1024" },
  { "vision_config", "norm_type", "\"rms_norm\" \"layer_norm\" null" },
  { "vision_config", "qkv_bias", "true false null" },
  { "vision_config", "qk_normalization", "true false null" },
  { "vision_config", "num_channels", "1 3 4" },
  { "vision_config", "layer_norm_eps", "1e-06 0.1 1e-15" },
  { "", "select_layer", "-1 -2 -3 -4 0 1 2 3 -1000 1000" },
  { "", "min_dynamic_patch", "1 2 3 1024" },
  { "", "max_dynamic_patch", "1 2 3 1024" },
  { "", "dynamic_image_size", "true false" },
  { "", "use_thumbnail", "true false" },
  { "llm_config", "architectures", "[\"Qwen2ForCausalLM\"] [\"InternLM2ForCausalLM\"]" },
  { "llm_config", "hidden_size", SIZES },
  { "llm_config", "intermediate_size", SIZES },
  { "llm_config", "num_hidden_layers", "0 1 2 3 4 1024" },
  { "llm_config", "num_attention_heads", SIZES },
  { "llm_config", "num_key_value_heads", SIZES " null" },
  { "llm_config", "head_dim", SIZES " null" },
  { "llm_config", "vocab_size", "1 255 256 257 261 262 263 264 265 300 1000" },
  { "llm_config", "max_position_embeddings", "1 2 8 64 100 128 256 512 67108864" },
  { "llm_config", "rope_theta", "1.0 10000.0 1e12" },
  { "llm_config", "rope_scaling",
    "null {} {\"type\":\"dynamic\",\"factor\":2.0} {\"type\":\"dynamic\",\"factor\":1000000.0} "
    "{\"rope_theta\":5.0}" },
  { "llm_config", "rope_parameters", "null {\"rope_theta\":100.0}" },
  { "llm_config", "bias", "true false null" },
  { "llm_config", "tie_word_embeddings", "true false" },
  { "llm_config", "eos_token_id", "0 257 263 264 [1,2] null" },
};

typedef struct
{
  gint64  vit, vit_mlp, side, patch, vit_layers, shuffled;
  gint64  hidden, mlp, query, key, layers, vocab;
  gboolean is_internlm2, norm_bias, qkv_bias, qk_norm, bias, tied;
} Sizes;

typedef struct
{
  GString       *header;
  GByteArray    *data;
  const guint8  *edits; /* pairs: tensor, dimension and step */
  gsize          n_edits;
  guint          n_tensors;
  gsize          n_elements;
} Weights;

static gint64
get_int (json_t     *object,
         const char *field,
         gint64      fallback)
{
  json_t *value = json_object_get (object, field);

  return json_is_integer (value) ? json_integer_value (value) : fallback;
}

static gboolean
get_flag (json_t     *object,
          const char *field,
          gboolean    fallback)
{
  json_t *value = json_object_get (object, field);

  return json_is_boolean (value) ? json_is_true (value) : fallback;
}

/* By the reference's classes: configuration_intern_vit.py, configuration_internvl_chat.py,
 * configuration_internlm2.py and transformers' Qwen2Config. */
static void
compute_sizes (json_t *config,
               Sizes  *s)
{
  json_t *v = json_object_get (config, "vision_config");
  json_t *l = json_object_get (config, "llm_config");
  json_t *ratio = json_object_get (config, "downsample_ratio");
  const char *norm = json_string_value (json_object_get (v, "norm_type"));
  gint64 heads = MAX (1, get_int (l, "num_attention_heads", 32));
  gint64 factor = json_is_number (ratio) && json_number_value (ratio) > 0
                      ? (gint64) (1 / json_number_value (ratio))
                      : 2;
  gint64 head_dim;

  s->vit = get_int (v, "hidden_size", 8);
  s->vit_mlp = get_int (v, "intermediate_size", 12);
  s->patch = MAX (1, get_int (v, "patch_size", 14));
  s->side = get_int (v, "image_size", 32) / s->patch;
  s->vit_layers = get_int (v, "num_hidden_layers", 2);
  s->shuffled = s->vit * factor * factor;
  s->norm_bias = g_strcmp0 (norm, "layer_norm") == 0;
  s->qkv_bias = get_flag (v, "qkv_bias", FALSE);
  s->qk_norm = get_flag (v, "qk_normalization", TRUE);
  s->is_internlm2 =
      g_strcmp0 (json_string_value (json_array_get (json_object_get (l, "architectures"), 0)),
                 "InternLM2ForCausalLM") == 0;
  s->hidden = get_int (l, "hidden_size", 8);
  s->mlp = get_int (l, "intermediate_size", 12);
  head_dim = s->hidden / heads;
  if (!s->is_internlm2)
    head_dim = get_int (l, "head_dim", head_dim);
  s->query = heads * head_dim;
  s->key = get_int (l, "num_key_value_heads", heads) * head_dim;
  s->layers = get_int (l, "num_hidden_layers", 2);
  s->vocab = get_int (l, "vocab_size", N_WORDS);
  s->bias = get_flag (l, "bias", TRUE);
  s->tied = get_flag (l, "tie_word_embeddings", FALSE);
}

/* The changes of the input for this tensor. */
static void
edit_shape (Weights *w,
            gint64  *shape,
            guint    n_dims)
{
  for (gsize i = 0; i + 1 < w->n_edits; i += 2)
    if (w->edits[i] % 64 == w->n_tensors % 64 && n_dims > 0)
      shape[w->edits[i + 1] % n_dims] += (gint64) (w->edits[i + 1] / 16) - 8;
}

/* A dimension of -1 is none. */
static void
put (Weights    *w,
     const char *prefix,
     gint64      layer,
     const char *name,
     gint64      a,
     gint64      b,
     gint64      c,
     gint64      d)
{
  gint64 shape[4] = { a, b, c, d };
  guint n_dims = 0;
  gsize n = 1, begin = w->data->len;

  while (n_dims < 4 && shape[n_dims] >= 0)
    n_dims++;
  edit_shape (w, shape, n_dims);
  for (guint i = 0; i < n_dims; i++)
    {
      shape[i] = CLAMP (shape[i], 0, MAX_ELEMENTS);
      n = MIN (n * shape[i], MAX_ELEMENTS + 1);
    }
  w->n_tensors++;
  w->n_elements += n;
  if (w->n_elements > MAX_ELEMENTS)
    return;
  g_string_append_printf (w->header, "%s\"%s", w->header->len > 1 ? "," : "", prefix);
  if (layer >= 0)
    g_string_append_printf (w->header, "%" G_GINT64_FORMAT ".", layer);
  g_string_append_printf (w->header, "%s\":{\"dtype\":\"F32\",\"shape\":[", name);
  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (w->header, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", shape[i]);
  for (gsize i = 0; i < n; i++)
    {
      float value = (float) ((i * 7 + w->n_tensors * 3) % 17 + 1) / 64 - 0.125f;

      g_byte_array_append (w->data, (const guint8 *) &value, sizeof value);
    }
  g_string_append_printf (w->header, "],\"data_offsets\":[%" G_GSIZE_FORMAT ",%u]}", begin,
                          w->data->len);
}

#define PUT1(prefix, layer, name, a) put (w, prefix, layer, name, a, -1, -1, -1)
#define PUT2(prefix, layer, name, a, b) put (w, prefix, layer, name, a, b, -1, -1)

static void
put_vision (Weights     *w,
            const Sizes *s)
{
  static const char top[] = "vision_model.embeddings.", layers[] = "vision_model.encoder.layers.";

  put (w, top, -1, "class_embedding", 1, 1, s->vit, -1);
  put (w, top, -1, "patch_embedding.weight", s->vit, 3, s->patch, s->patch);
  PUT1 (top, -1, "patch_embedding.bias", s->vit);
  put (w, top, -1, "position_embedding", 1, 1 + s->side * s->side, s->vit, -1);
  for (gint64 i = 0; i < s->vit_layers; i++)
    {
      static const char *const vectors[] = { "norm1.weight", "norm2.weight", "ls1",
                                             "ls2",          "attn.proj.bias", "mlp.fc2.bias" };

      for (guint k = 0; k < G_N_ELEMENTS (vectors); k++)
        PUT1 (layers, i, vectors[k], s->vit);
      if (s->norm_bias)
        PUT1 (layers, i, "norm1.bias", s->vit);
      if (s->norm_bias)
        PUT1 (layers, i, "norm2.bias", s->vit);
      if (s->qkv_bias)
        PUT1 (layers, i, "attn.qkv.bias", 3 * s->vit);
      if (s->qk_norm)
        PUT1 (layers, i, "attn.q_norm.weight", s->vit);
      if (s->qk_norm)
        PUT1 (layers, i, "attn.k_norm.weight", s->vit);
      PUT2 (layers, i, "attn.qkv.weight", 3 * s->vit, s->vit);
      PUT2 (layers, i, "attn.proj.weight", s->vit, s->vit);
      PUT2 (layers, i, "mlp.fc1.weight", s->vit_mlp, s->vit);
      PUT1 (layers, i, "mlp.fc1.bias", s->vit_mlp);
      PUT2 (layers, i, "mlp.fc2.weight", s->vit, s->vit_mlp);
    }
  PUT1 ("mlp1.", -1, "0.weight", s->shuffled);
  PUT1 ("mlp1.", -1, "0.bias", s->shuffled);
  PUT2 ("mlp1.", -1, "1.weight", s->hidden, s->shuffled);
  PUT1 ("mlp1.", -1, "1.bias", s->hidden);
  PUT2 ("mlp1.", -1, "3.weight", s->hidden, s->hidden);
  PUT1 ("mlp1.", -1, "3.bias", s->hidden);
}

static void
put_qwen2 (Weights     *w,
           const Sizes *s)
{
  static const char top[] = "language_model.", layers[] = "language_model.model.layers.";

  PUT2 (top, -1, "model.embed_tokens.weight", s->vocab, s->hidden);
  PUT1 (top, -1, "model.norm.weight", s->hidden);
  if (!s->tied)
    PUT2 (top, -1, "lm_head.weight", s->vocab, s->hidden);
  for (gint64 i = 0; i < s->layers; i++)
    {
      PUT1 (layers, i, "input_layernorm.weight", s->hidden);
      PUT1 (layers, i, "post_attention_layernorm.weight", s->hidden);
      PUT2 (layers, i, "self_attn.q_proj.weight", s->query, s->hidden);
      PUT1 (layers, i, "self_attn.q_proj.bias", s->query);
      PUT2 (layers, i, "self_attn.k_proj.weight", s->key, s->hidden);
      PUT1 (layers, i, "self_attn.k_proj.bias", s->key);
      PUT2 (layers, i, "self_attn.v_proj.weight", s->key, s->hidden);
      PUT1 (layers, i, "self_attn.v_proj.bias", s->key);
      PUT2 (layers, i, "self_attn.o_proj.weight", s->hidden, s->query);
      PUT2 (layers, i, "mlp.gate_proj.weight", s->mlp, s->hidden);
      PUT2 (layers, i, "mlp.up_proj.weight", s->mlp, s->hidden);
      PUT2 (layers, i, "mlp.down_proj.weight", s->hidden, s->mlp);
    }
}

static void
put_internlm2 (Weights     *w,
               const Sizes *s)
{
  static const char top[] = "language_model.", layers[] = "language_model.model.layers.";

  PUT2 (top, -1, "model.tok_embeddings.weight", s->vocab, s->hidden);
  PUT1 (top, -1, "model.norm.weight", s->hidden);
  if (!s->tied)
    PUT2 (top, -1, "output.weight", s->vocab, s->hidden);
  for (gint64 i = 0; i < s->layers; i++)
    {
      PUT1 (layers, i, "attention_norm.weight", s->hidden);
      PUT1 (layers, i, "ffn_norm.weight", s->hidden);
      PUT2 (layers, i, "attention.wqkv.weight", s->query + 2 * s->key, s->hidden);
      if (s->bias)
        PUT1 (layers, i, "attention.wqkv.bias", s->query + 2 * s->key);
      PUT2 (layers, i, "attention.wo.weight", s->hidden, s->query);
      if (s->bias)
        PUT1 (layers, i, "attention.wo.bias", s->hidden);
      PUT2 (layers, i, "feed_forward.w1.weight", s->mlp, s->hidden);
      PUT2 (layers, i, "feed_forward.w3.weight", s->mlp, s->hidden);
      PUT2 (layers, i, "feed_forward.w2.weight", s->hidden, s->mlp);
    }
}

static void
write_text (const char *folder,
            const char *name,
            const char *text,
            gssize      size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  FILE *file = g_fopen (path, "wb");

  g_assert_nonnull (file);
  size = size < 0 ? (gssize) strlen (text) : size;
  g_assert_cmpint (fwrite (text, 1, size, file), ==, size);
  g_assert_cmpint (fclose (file), ==, 0);
}

/* FALSE if the model would be too large for a quick look. */
static gboolean
write_weights (const char   *folder,
               json_t       *config,
               const guint8 *edits,
               gsize         n_edits)
{
  g_autoptr (GString) header = g_string_new ("{");
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GByteArray) file = g_byte_array_new ();
  Weights w = { header, data, edits, n_edits, 0, 0 };
  guint64 length;
  Sizes s;

  compute_sizes (config, &s);
  if (s.side * s.side > MAX_PATCHES || s.vit_layers > MAX_LAYERS || s.layers > MAX_LAYERS)
    {
      s.side = MIN (s.side, 4);
      s.vit_layers = MIN (s.vit_layers, MAX_LAYERS);
      s.layers = MIN (s.layers, MAX_LAYERS);
    }
  put_vision (&w, &s);
  if (s.is_internlm2)
    put_internlm2 (&w, &s);
  else
    put_qwen2 (&w, &s);
  if (w.n_elements > MAX_ELEMENTS)
    return FALSE;
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  length = GUINT64_TO_LE (header->len);
  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) header->str, header->len);
  g_byte_array_append (file, data->data, data->len);
  write_text (folder, "model.safetensors", (const char *) file->data, file->len);
  return TRUE;
}

static void
set_field (json_t *config,
           guint   field,
           guint   choice)
{
  g_auto (GStrv) values = g_strsplit (fields[field].values, " ", -1);
  const char *text = values[choice % g_strv_length (values)];
  gboolean both = g_str_equal (fields[field].section, "both");
  json_t *value = json_loads (text, JSON_DECODE_ANY, NULL);
  json_t *section = both ? json_object_get (config, "vision_config")
                    : *fields[field].section != '\0'
                        ? json_object_get (config, fields[field].section)
                        : config;

  json_object_set_new (section, fields[field].field, value);
  if (both)
    json_object_set (config, "force_image_size", value);
}

/* A picture of as many tiles as the model allows, up to two, a question, and some tokens. */
static void
ask (IvlNetwork *network)
{
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
  g_autoptr (IvlPrompt) prompt = ivl_prompt_new (network);
  const gsize size = network->config->vision.image_size, n_vocab = network->config->lm.vocab_size;
  const guint n_tiles = MIN (2, ivl_network_max_tiles (network));
  const gsize n_bytes = n_tiles * size * size * 3;
  g_autofree guint8 *pixels = g_malloc (n_bytes);
  g_autofree float *pooled = g_new (float, network->config->vision.hidden_size);
  g_autoptr (GBytes) tiles = NULL;
  IvlTimelineCost cost = { 0 };
  gsize n_ids;

  for (gsize i = 0; i < n_bytes; i++)
    pixels[i] = i * 31;
  ivl_network_embed_tile (network, pixels, pooled, NULL, NULL);
  tiles = g_bytes_new_take (g_steal_pointer (&pixels), n_bytes);
  ivl_prompt_add_picture (prompt, tiles, n_tiles);
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, "What is it?");
  if (!ivl_prompt_finish (prompt, NULL))
    return;
  ivl_prompt_get_ids (prompt, &n_ids);
  if (n_ids + N_TOKENS >= ivl_network_context_length (network) ||
      !ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, NULL))
    return;
  for (guint i = 0; i < N_TOKENS; i++)
    {
      const float *logits = ivl_timeline_get_logits (timeline);
      gsize best = 0;

      for (gsize id = 1; id < n_vocab; id++)
        if (logits[id] > logits[best])
          best = id;
      if (!ivl_timeline_append (timeline, best, NULL, NULL))
        return;
    }
}

static void
try_model (const char   *folder,
           const guint8 *data,
           gsize         size)
{
  json_t *config = json_loads (base_config, 0, NULL);
  g_autoptr (GByteArray) edits = g_byte_array_new ();
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (IvlNetwork) seen = NULL;
  g_autoptr (IvlNetwork) network = NULL;
  g_autofree char *text = NULL;
  g_autofree char *shortage = NULL;
  gboolean is_small;

  g_assert_nonnull (config);
  for (gsize i = 0; i + 1 < size; i += 2)
    if (data[i] < G_N_ELEMENTS (fields))
      set_field (config, data[i], data[i + 1]);
    else
      g_byte_array_append (edits, data + i, 2);
  text = json_dumps (config, 0);
  write_text (folder, "config.json", text, -1);
  is_small = write_weights (folder, config, edits->data, edits->len);
  json_decref (config);
  if (!is_small)
    return;
  seen = ivl_network_survey (folder, problems, &shortage, NULL);
  network = ivl_network_open (folder, NULL);
  g_assert_true ((network != NULL) ==
                 (seen != NULL && problems->len == 0 && shortage == NULL));
  if (network != NULL)
    ask (network);
}

static char *folder;

static void
remove_folder (void)
{
  static const char *const names[] = { "config.json", "model.safetensors", "vocab.json",
                                       "merges.txt", "added_tokens.json" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

static void
make_folder (void)
{
  g_autofree char *vocab = temp_tokenizer_make_vocab ("");

  folder = g_dir_make_tmp ("ivl-fuzz-XXXXXX", NULL);
  g_assert_nonnull (folder);
  write_text (folder, "vocab.json", vocab, -1);
  write_text (folder, "merges.txt", "#version: 0.2\n", -1);
  write_text (folder, "added_tokens.json",
              "{\"<|endoftext|>\":256,\"<|im_end|>\":257,\"<|im_start|>\":258,\"<img>\":259,"
              "\"</img>\":260,\"<IMG_CONTEXT>\":261}", -1);
  atexit (remove_folder);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  gsize begin = 0;

  if (folder == NULL)
    make_folder ();
  for (guint n = 0; n < MAX_MODELS && begin <= size; n++)
    {
      const guint8 *mark = memchr (data + begin, 0xff, size - begin);
      gsize end = mark != NULL ? (gsize) (mark - data) : size;

      try_model (folder, data + begin, end - begin);
      begin = end + 1;
    }
  return 0;
}
