/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models on their own: the parts of the tiny checkpoints opened as bare models give the reference's
 * numbers, and weights that are not finite or all zeros are found and named.
 */
#include <glib/gstdio.h>
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <math.h>
#include <unistd.h>

#include "formats/ivl-safetensors.h"
#include "image/ivl-decode.h"
#include "image/ivl-tiling.h"
#include "models/ivl-timeline.h"
#include "part-model.h"
#include "temp-files.h"

/* Limits of the reference's README for float32. */
#define HIDDEN_LIMIT 1e-4
#define LOGIT_LIMIT 3e-4

static char *
fixture (const char *folder,
         const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "golden", "fixtures", folder, name, NULL);
}

static IvlSafetensors *
open_expected (const char *variant)
{
  g_autofree char *name = g_strconcat (variant, ".safetensors", NULL);
  g_autofree char *path = fixture ("expected", name);
  g_autoptr (GError) error = NULL;
  IvlSafetensors *values = ivl_safetensors_open (path, &error);

  g_assert_no_error (error);
  return values;
}

static void
assert_near (const float     *values,
             const IvlTensor *expected,
             gsize            n,
             double           limit)
{
  const float *wanted = (const float *) expected->data;

  for (gsize i = 0; i < n; i++)
    g_assert_cmpfloat (fabs ((double) values[i] - wanted[i]), <, limit);
}

static IvlNetwork *
open_part (const char  *folder,
           const char  *variant,
           const char  *prefix,
           const char  *section)
{
  g_autofree char *source = fixture ("models", variant);
  g_autoptr (GError) error = NULL;
  IvlNetwork *network;

  part_model_write (folder, source, prefix, section);
  network = ivl_network_open (folder, &error);
  g_assert_no_error (error);
  return network;
}

/* The first tile of a fixture picture in one tile, u8 [448, 448, 3]. */
static guint8 *
cut_tile (const char *name,
          guint       size)
{
  g_autofree char *path = fixture ("images", name);
  g_auto (IvlDecode) picture = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  IvlTileGrid grid = { 1, 1, FALSE, 1 };
  guint8 *tile;
  char *contents;
  gsize length;

  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);
  bytes = g_bytes_new_take (contents, length);
  ivl_decode_bytes (bytes, name, IVL_DECODE_DEFAULT, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, &picture,
                    &error);
  g_assert_no_error (error);
  tile = ivl_tiles_cut (g_bytes_get_data (picture.pixels, NULL), picture.width, picture.height,
                        3 * (gsize) picture.width, size, &grid, &error);
  g_assert_no_error (error);
  return tile;
}

/* The class token of a bare InternViT is row 0 of the last hidden state that the reference
 * stored. */
static void
test_bare_vision (gconstpointer data)
{
  const char *variant = data;
  char *folder = temp_files_make_folder ();
  g_autoptr (IvlNetwork) network = open_part (folder, variant, "vision_model.", "vision_config");
  g_autoptr (IvlSafetensors) values = open_expected (variant);
  g_autofree char *key = g_strdup_printf ("vit.square_small.png.max1.t0.hidden.%u",
                                          network->config->vision.n_layers);
  g_autofree guint8 *tile = cut_tile ("square_small.png", network->config->vision.image_size);
  g_autofree float *pooled = g_new (float, network->config->vision.hidden_size);
  g_autoptr (GError) error = NULL;
  IvlTensor expected;

  g_assert_false (ivl_network_has_lm (network));
  g_assert_true (ivl_network_embed_tile (network, tile, pooled, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (ivl_safetensors_lookup (values, key, &expected));
  assert_near (pooled, &expected, network->config->vision.hidden_size, HIDDEN_LIMIT);
  temp_files_remove_folder (folder);
}

static char *
load_text_prompt (const char *variant)
{
  g_autofree char *name = g_strconcat (variant, ".json", NULL);
  g_autofree char *path = fixture ("expected", name);
  json_t *root = json_load_file (path, JSON_ALLOW_NUL, NULL);
  char *prompt = NULL;
  json_t *item;
  gsize i;

  json_array_foreach (json_object_get (root, "cases"), i, item)
    if (g_str_equal (json_string_value (json_object_get (item, "name")), "text_only"))
      prompt = g_strdup (json_string_value (json_object_get (item, "prompt")));
  json_decref (root);
  g_assert_nonnull (prompt);
  return prompt;
}

static void
test_bare_language (gconstpointer data)
{
  const char *variant = data;
  char *folder = temp_files_make_folder ();
  g_autoptr (IvlNetwork) network = open_part (folder, variant, "language_model.", "llm_config");
  g_autoptr (IvlSafetensors) values = open_expected (variant);
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
  g_autoptr (IvlPrompt) prompt = ivl_prompt_new (network);
  g_autofree char *text = load_text_prompt (variant);
  g_autoptr (GError) error = NULL;
  IvlTimelineCost cost = { 0 };
  IvlTensor expected;

  g_assert_false (ivl_network_has_vision (network));
  ivl_prompt_add_text (prompt, IVL_TEXT_TRUSTED, text);
  g_assert_true (ivl_prompt_finish (prompt, &error));
  ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ivl_safetensors_lookup (values, "case.text_only.prompt_logits", &expected));
  assert_near (ivl_timeline_get_logits (timeline), &expected, network->config->lm.vocab_size,
               LOGIT_LIMIT);
  temp_files_remove_folder (folder);
}

/* Features of one tile for the language model, from a folder with this config.json. */
static GArray *
encode_with (const char *folder,
             const char *select_layer,
             const char *n_layers)
{
  g_autofree char *source = fixture ("models", "qwen-300m");
  g_autoptr (IvlNetwork) network = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *tile = cut_tile ("square_small.png", 448);
  GArray *features = g_array_new (FALSE, FALSE, sizeof (float));
  IvlTileKey key = { { 0 } };
  gboolean encoded;

  part_model_write (folder, source, "", NULL);
  part_model_set (folder, NULL, "select_layer", select_layer);
  if (n_layers != NULL)
    part_model_set (folder, "vision_config", "num_hidden_layers", n_layers);
  network = ivl_network_open (folder, &error);
  g_assert_no_error (error);
  g_array_set_size (features, ivl_network_tokens_per_tile (network) *
                                  network->config->lm.hidden_size);
  ivl_network_encode_tile (network, tile, &key, (float *) (gpointer) features->data, &encoded, NULL,
                           NULL, &error);
  g_assert_no_error (error);
  g_assert_true (encoded);
  return features;
}

static gboolean
are_equal (GArray *a,
           GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (float)) == 0;
}

/* The reference takes hidden_states[select_layer]: what a tower gives that ends there. The
 * fixture's has three layers. */
static void
test_select_layer (void)
{
  static const struct
  {
    const char *select_layer;
    const char *same_as; /* -1 of a tower of so many layers */
  } cases[] = { { "-1", "3" }, { "3", "3" }, { "-2", "2" }, { "2", "2" }, { "-3", "1" } };
  char *folder = temp_files_make_folder ();
  g_autoptr (GArray) last = encode_with (folder, "-1", NULL);
  g_autoptr (GArray) embedding = encode_with (folder, "0", NULL);
  g_autoptr (GArray) first = encode_with (folder, "-4", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GArray) selected = encode_with (folder, cases[i].select_layer, NULL);
      g_autoptr (GArray) shorter = encode_with (folder, "-1", cases[i].same_as);

      g_assert_true (are_equal (selected, shorter));
      g_assert_true (are_equal (selected, last) == g_str_equal (cases[i].same_as, "3"));
    }
  g_assert_true (are_equal (embedding, first));
  g_assert_false (are_equal (embedding, last));
  temp_files_remove_folder (folder);
}

/* One damaged weight of a whole model. The stored types differ, so an element is given in bytes. */
typedef struct
{
  const char *variant;
  const char *weight;
  guint8      element[4];
  gsize       size;
  gboolean    only_first;
  gboolean    at_open; /* found when the model is opened, not when it is used */
} Damage;

static const Damage damages[] = {
  { "qwen-300m",
    "language_model.model.layers.1.mlp.up_proj.weight",
    { 0xc0, 0x7f },
    2,
    TRUE,
    FALSE },
  { "qwen-300m", "language_model.model.norm.weight", { 0x80, 0x7f }, 2, TRUE, FALSE },
  { "qwen-300m", "vision_model.encoder.layers.2.mlp.fc1.weight", { 0xc0, 0xff }, 2, TRUE, FALSE },
  { "internlm-300m", "language_model.output.weight", { 0, 0, 0xc0, 0x7f }, 4, FALSE, FALSE },
  { "internlm-300m", "mlp1.1.weight", { 0, 0, 0x80, 0xff }, 4, TRUE, FALSE },
  { "internlm-300m", "language_model.output.weight", { 0, 0, 0, 0 }, 4, FALSE, TRUE },
  { "qwen-300m", "language_model.model.embed_tokens.weight", { 0, 0 }, 2, FALSE, TRUE },
  { "qwen-300m", "vision_model.encoder.layers.0.ls1", { 0, 0x80 }, 2, FALSE, TRUE },
};

static gboolean
use_network (IvlNetwork  *network,
             GError     **error)
{
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (network);
  g_autoptr (IvlPrompt) prompt = ivl_prompt_new (network);
  guint size = network->config->vision.image_size;
  g_autoptr (GBytes) tile =
      g_bytes_new_take (cut_tile ("square_small.png", size), 3 * (gsize) size * size);
  IvlTimelineCost cost = { 0 };

  ivl_prompt_add_picture (prompt, tile, 1);
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, "What is it?");
  return ivl_prompt_finish (prompt, error) &&
         ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, error);
}

static void
test_damage (gconstpointer data)
{
  const Damage *damage = data;
  char *folder = temp_files_make_folder ();
  g_autofree char *source = fixture ("models", damage->variant);
  g_autoptr (IvlNetwork) network = NULL;
  g_autoptr (GError) error = NULL;

  part_model_write (folder, source, "", NULL);
  part_model_fill (folder, damage->weight, damage->element, damage->size, damage->only_first);
  network = ivl_network_open (folder, &error);
  if (!damage->at_open)
    {
      g_assert_no_error (error);
      g_assert_false (use_network (network, &error));
    }
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, damage->weight));
  temp_files_remove_folder (folder);
}

/* The same folder undamaged works, so the damage is what the tests above see. */
static void
test_undamaged (void)
{
  char *folder = temp_files_make_folder ();
  g_autoptr (IvlNetwork) network = open_part (folder, "qwen-300m", "", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (use_network (network, &error));
  g_assert_no_error (error);
  temp_files_remove_folder (folder);
}

/* Logits of a prompt of text, of a Qwen2.5 model whose config says that its head is tied. */
static GArray *
compute_logits (const char *folder,
                const char *tied,
                gboolean   *is_tied)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlNetwork) network = NULL;
  g_autoptr (IvlTimeline) timeline = NULL;
  g_autoptr (IvlPrompt) prompt = NULL;
  GArray *logits = g_array_new (FALSE, FALSE, sizeof (float));
  IvlTimelineCost cost = { 0 };

  part_model_set (folder, NULL, "tie_word_embeddings", tied);
  network = ivl_network_open (folder, &error);
  g_assert_no_error (error);
  timeline = ivl_timeline_new (network);
  prompt = ivl_prompt_new (network);
  ivl_prompt_add_text (prompt, IVL_TEXT_USER, "What is it?");
  g_assert_true (ivl_prompt_finish (prompt, &error));
  ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, &error);
  g_assert_no_error (error);
  g_array_append_vals (logits, ivl_timeline_get_logits (timeline), network->config->lm.vocab_size);
  *is_tied = network->config->lm.tie_word_embeddings;
  return logits;
}

/* Files that hold a head are answered with it, whatever the config says: transformers 5 ties only
 * what is not there or equal. The head's rows are the embedding's in reverse order, so the logits
 * are too. */
static void
test_own_head (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *source = fixture ("models", "qwen-300m");
  g_autoptr (GArray) shared = NULL;
  g_autoptr (GArray) own = NULL;
  g_autoptr (GArray) untied = NULL;
  gboolean is_tied;

  part_model_write (folder, source, "language_model.", "llm_config");
  shared = compute_logits (folder, "true", &is_tied);
  g_assert_true (is_tied);
  part_model_add_reversed (folder, "lm_head.weight", "model.embed_tokens.weight");
  own = compute_logits (folder, "true", &is_tied);
  g_assert_false (is_tied);
  untied = compute_logits (folder, "false", &is_tied);
  g_assert_true (are_equal (own, untied));
  for (guint i = 0; i < own->len; i++)
    g_assert_cmpfloat_with_epsilon (g_array_index (own, float, i),
                                    g_array_index (shared, float, own->len - 1 - i), LOGIT_LIMIT);
  temp_files_remove_folder (folder);
}

/* A weight of a little more than 16 MiB, all zeros but for one number. */
static gboolean
bind_zeros_but (gsize    index,
                GError **error)
{
  enum { N = (16 << 18) + 1 };
  const guint64 sizes[] = { 0, N };
  const IvlWeightRow row = { "w", 0, { 1 }, 0 };
  const float one = 1.0f;
  g_autofree char *header = g_strdup_printf (
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}   ", N, 4 * N);
  const guint64 length = strlen (header) / 4 * 4;
  char *folder = temp_files_make_folder ();
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  FILE *file = g_fopen (path, "wb");
  g_autoptr (IvlCheckpoint) checkpoint = NULL;
  IvlWeightBinder binder = { .sizes = sizes };
  IvlTensor tensor;
  gboolean ok;

  g_assert_nonnull (file);
  g_assert_cmpint (fwrite (&length, sizeof length, 1, file), ==, 1);
  g_assert_cmpint (fwrite (header, length, 1, file), ==, 1);
  g_assert_cmpint (ftruncate (fileno (file), sizeof length + length + 4 * (gsize) N), ==, 0);
  g_assert_cmpint (fseek (file, sizeof length + length + 4 * index, SEEK_SET), ==, 0);
  g_assert_cmpint (fwrite (&one, sizeof one, 1, file), ==, 1);
  g_assert_cmpint (fclose (file), ==, 0);
  checkpoint = ivl_checkpoint_open (folder, error);
  g_assert_nonnull (checkpoint);
  binder.checkpoint = checkpoint;
  ok = ivl_weight_map_bind (&binder, "", &row, 1, &tensor, error);
  temp_files_remove_folder (folder);
  return ok;
}

/* So much is looked at and no more: a sparse file may announce terabytes. */
static void
test_many_zeros (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (bind_zeros_but ((16 << 18) - 1, &error));
  g_assert_no_error (error);
  g_assert_false (bind_zeros_but (16 << 18, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "begins with 16 MiB of zeros"));
}

/* 65,536 positions times 65,536 are 2^32. */
static void
test_context_length (void)
{
  IvlHfConfig config = { .lm = { .max_position = 65536, .rope_factor = 65536.0 } };

  g_assert_cmpuint (ivl_network_context_length_for (&config), ==, G_MAXINT32);
  config.lm.rope_factor = 2.5;
  g_assert_cmpuint (ivl_network_context_length_for (&config), ==, 163840);
  config.lm.rope_factor = 0.0;
  g_assert_cmpuint (ivl_network_context_length_for (&config), ==, 65536);
}

int
main (int    argc,
      char **argv)
{
  static const char *const variants[] = { "qwen-300m", "internlm-300m", "internlm-6b", "qwen-6b" };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autofree char *vision = g_strconcat ("/network/bare-vision/", variants[i], NULL);
      g_autofree char *language = g_strconcat ("/network/bare-language/", variants[i], NULL);

      g_test_add_data_func (vision, variants[i], test_bare_vision);
      g_test_add_data_func (language, variants[i], test_bare_language);
    }
  g_test_add_func ("/network/select-layer", test_select_layer);
  g_test_add_func ("/network/undamaged", test_undamaged);
  g_test_add_func ("/network/own-head", test_own_head);
  g_test_add_func ("/network/context-length", test_context_length);
  g_test_add_func ("/network/many-zeros", test_many_zeros);
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *name =
          g_strdup_printf ("/network/damage/%s/%s/%s", damages[i].variant, damages[i].weight,
                           damages[i].at_open ? "open" : "use");

      g_test_add_data_func (name, &damages[i], test_damage);
    }
  return g_test_run ();
}
