/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-reference: one model folder at every stage: vision rows, projector, hidden rows, logits,
 * greedy ids, chats.
 */
#include "check-reference.h"
#include "formats/ivl-safetensors.h"
#include "image/ivl-tiling.h"
#include "models/ivl-timeline.h"

#include <math.h>

/* Largest absolute errors that the reference folder's README suggests for float32. */
#define HIDDEN_LIMIT 1e-4
#define LOGIT_LIMIT 3e-4

typedef struct
{
  const char     *folder;
  IvlNetwork     *network;
  IvlSafetensors *values;
  char           *prefix;   /* of the names in values that are looked at now */
  const guint32  *rows;     /* token rows of the current case */
  gsize           n_rows;
  gsize           first;    /* position of the pass that is seen now */
  gsize           n_pass;
  Section         vit, projector, ids, hidden, logits, greedy, chat_ids, chat_text;
} Check;

static gboolean
find_values (Check      *check,
             const char *name,
             IvlTensor  *tensor)
{
  g_autofree char *full = g_strconcat (check->prefix, name, NULL);

  return ivl_safetensors_lookup (check->values, full, tensor);
}

static void
compare_rows (Check         *check,
              Section       *section,
              const char    *name,
              const float   *values,
              gsize          dim,
              const guint32 *rows,
              gsize          n_rows,
              gsize          first,
              gsize          n_pass)
{
  IvlTensor expected;

  if (!find_values (check, name, &expected))
    return;
  for (gsize i = 0; i < n_rows; i++)
    if (rows[i] >= first && rows[i] < first + n_pass)
      {
        g_autofree char *what = g_strdup_printf ("%s%s row %u", check->prefix, name, rows[i]);

        section_near (section, values + (rows[i] - first) * dim,
                      (const float *) expected.data + i * dim, dim, what);
      }
}

/* Rows of the current vit entry for each stage, as the JSON lists them. */
typedef struct
{
  Check  *check;
  GArray *patch_rows, *token_rows, *shuffle_rows;
  guint   n_hidden; /* layers seen */
} VitCheck;

static void
check_final_norms (Check       *check,
                   const float *values,
                   gsize        n_rows,
                   gsize        dim)
{
  g_autofree float *norms = g_new (float, n_rows);
  IvlTensor expected;

  if (!find_values (check, "final_row_l2", &expected))
    return;
  for (gsize i = 0; i < n_rows; i++)
    {
      double sum = 0;

      for (gsize c = 0; c < dim; c++)
        sum += (double) values[i * dim + c] * values[i * dim + c];
      norms[i] = sqrt (sum);
    }
  section_near (&check->vit, norms, (const float *) expected.data, n_rows, "final_row_l2");
}

static void
see_vit (const char  *stage,
         guint        layer,
         const float *values,
         gsize        n_rows,
         gsize        dim,
         gpointer     data)
{
  VitCheck *vit = data;
  Check *check = vit->check;
  GArray *rows = vit->shuffle_rows;
  Section *section = &check->projector;
  g_autofree char *name = g_strdup (stage);

  if (g_str_equal (stage, "vit_hidden"))
    {
      g_free (name);
      name = g_strdup_printf ("hidden.%u", layer);
      rows = vit->token_rows;
      section = &check->vit;
      vit->n_hidden++;
      if (layer == check->network->parts.vit.config.n_layers)
        check_final_norms (check, values, n_rows, dim);
    }
  else if (g_str_equal (stage, "patch_embed"))
    {
      rows = vit->patch_rows;
      section = &check->vit;
    }
  else if (g_str_equal (stage, "projector"))
    {
      IvlTensor expected;

      if (find_values (check, stage, &expected))
        section_near (section, values, (const float *) expected.data, n_rows * dim, stage);
      return;
    }
  compare_rows (check, section, name, values, dim, (const guint32 *) rows->data, rows->len, 0,
                n_rows);
}

/* Tiles of a picture of the folder: u8 [n, S, S, 3]. */
static GBytes *
cut_picture (Check      *check,
             const char *file,
             guint       min_num,
             guint       max_num,
             gboolean    use_thumbnail,
             guint      *n_tiles)
{
  guint size = check->network->config->vision.image_size;
  g_auto (IvlDecode) picture = { 0 };
  g_autoptr (GError) error = NULL;
  IvlTileGrid grid;
  guint8 *tiles;

  load_picture (check->folder, file, &picture);
  ivl_tile_grid_choose (picture.width, picture.height, size, min_num, max_num, use_thumbnail,
                        &grid);
  tiles = ivl_tiles_cut (g_bytes_get_data (picture.pixels, NULL), picture.width, picture.height,
                         3 * (gsize) picture.width, size, &grid, &error);
  if (tiles == NULL)
    give_up ("%s: %s", file, error->message);
  *n_tiles = grid.n_tiles;
  return g_bytes_new_take (tiles, grid.n_tiles * (gsize) size * size * 3);
}

static void
check_vit (Check  *check,
           json_t *entry)
{
  gsize tile_bytes =
      3 * (gsize) check->network->config->vision.image_size *
      check->network->config->vision.image_size;
  VitCheck vit = { check };
  IvlTrace trace = { see_vit, &vit };
  g_autofree float *out = NULL;
  g_autoptr (GBytes) tiles = NULL;
  g_autoptr (GError) error = NULL;
  gboolean encoded;
  IvlTileKey key;
  guint n_tiles;
  const guint8 *pixels;

  g_free (check->prefix);
  check->prefix = g_strconcat (text_of (entry, "key"), ".", NULL);
  vit.patch_rows = json_ids_read (json_object_get (entry, "patch_rows"));
  vit.token_rows = json_ids_read (json_object_get (entry, "token_rows"));
  vit.shuffle_rows = json_ids_read (json_object_get (entry, "shuffle_rows"));
  tiles = cut_picture (check, text_of (entry, "image"), 1, number_of (entry, "max_num"), TRUE,
                       &n_tiles);
  pixels = (const guint8 *) g_bytes_get_data (tiles, NULL) + number_of (entry, "tile") * tile_bytes;
  out = g_new (float, ivl_network_tokens_per_tile (check->network) *
                          check->network->config->lm.hidden_size);
  ivl_tile_key_compute (pixels, tile_bytes, &key);
  if (!ivl_network_encode_tile (check->network, pixels, &key, out, &encoded, &trace, NULL, &error))
    give_up ("%s", error->message);
  section_exact (&check->vit, vit.n_hidden == number_of (entry, "n_hidden"), "%s has %u stages",
                 check->prefix, vit.n_hidden);
  g_array_unref (vit.patch_rows);
  g_array_unref (vit.token_rows);
  g_array_unref (vit.shuffle_rows);
}

/* Adds text in which the first n_pictures "<image>" stand for the pictures. */
static IvlPrompt *
make_prompt (Check       *check,
             const char  *text,
             GPtrArray   *pictures,
             GArray      *n_tiles)
{
  g_autoptr (GError) error = NULL;
  IvlPrompt *prompt = ivl_prompt_new (check->network);
  guint i;

  for (i = 0; i < pictures->len; i++)
    {
      const char *place = strstr (text, "<image>");
      g_autofree char *before = NULL;

      if (place == NULL)
        give_up ("A prompt has fewer <image> than pictures");
      before = g_strndup (text, place - text);
      ivl_prompt_add_text (prompt, IVL_TEXT_TRUSTED, before);
      ivl_prompt_add_picture (prompt, g_ptr_array_index (pictures, i),
                              g_array_index (n_tiles, guint, i));
      text = place + strlen ("<image>");
    }
  ivl_prompt_add_text (prompt, IVL_TEXT_TRUSTED, text);
  if (!ivl_prompt_finish (prompt, &error))
    give_up ("%s", error->message);
  return prompt;
}

static void
see_lm (const char  *stage,
        guint        layer,
        const float *values,
        gsize        n_rows,
        gsize        dim,
        gpointer     data)
{
  Check *check = data;
  g_autofree char *name = g_strdup_printf ("hidden.%u", layer);

  if (!g_str_equal (stage, "lm_hidden"))
    return;
  if (layer == 0)
    {
      check->first += check->n_pass;
      check->n_pass = n_rows;
      compare_rows (check, &check->hidden, "inputs_embeds", values, dim, check->rows, check->n_rows,
                    check->first, n_rows);
    }
  compare_rows (check, &check->hidden, name, values, dim, check->rows, check->n_rows, check->first,
                n_rows);
}

static guint32
likeliest (Check       *check,
           const float *logits)
{
  guint32 best = 0;

  for (guint i = 1; i < check->network->config->lm.vocab_size; i++)
    if (logits[i] > logits[best])
      best = i;
  return best;
}

static void
need_values (Check      *check,
             const char *name,
             IvlTensor  *tensor)
{
  if (!find_values (check, name, tensor))
    give_up ("The reference lacks %s%s", check->prefix, name);
}

/* Follows the reference's greedy ids and compares logits at each step. */
static void
check_steps (Check       *check,
             IvlTimeline *timeline)
{
  IvlTensor prompt_logits, last_logits, greedy, top_ids, top_logits;
  guint vocab = check->network->config->lm.vocab_size;
  gsize n_steps, n_top;

  need_values (check, "prompt_logits", &prompt_logits);
  need_values (check, "last_step_logits", &last_logits);
  need_values (check, "greedy_ids", &greedy);
  need_values (check, "top5_ids", &top_ids);
  need_values (check, "top5_logits", &top_logits);
  n_steps = greedy.shape[0];
  n_top = top_ids.shape[1];
  section_near (&check->logits, ivl_timeline_get_logits (timeline),
                (const float *) prompt_logits.data, vocab, check->prefix);
  for (gsize step = 0; step < n_steps; step++)
    {
      guint32 expected = ((const guint32 *) greedy.data)[step];
      const float *logits = ivl_timeline_get_logits (timeline);
      g_autofree float *top = g_new (float, n_top);
      g_autoptr (GError) error = NULL;

      for (gsize i = 0; i < n_top; i++)
        top[i] = logits[((const guint32 *) top_ids.data)[step * n_top + i]];
      section_near (&check->logits, top, (const float *) top_logits.data + step * n_top, n_top,
                    check->prefix);
      section_exact (&check->greedy, likeliest (check, logits) == expected, "%s step %u",
                     check->prefix, (guint) step);
      if (step + 1 == n_steps)
        section_near (&check->logits, logits, (const float *) last_logits.data, vocab,
                      check->prefix);
      else if (!ivl_timeline_append (timeline, expected, NULL, &error))
        give_up ("%s", error->message);
    }
}

static void
check_case (Check  *check,
            json_t *item)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GArray) n_tiles = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (check->network);
  g_autoptr (IvlPrompt) prompt = NULL;
  g_autoptr (GError) error = NULL;
  IvlTrace trace = { see_lm, check };
  IvlTimelineWatcher watcher = { NULL, NULL, &trace };
  IvlTimelineCost cost = { 0 };
  IvlTensor input_ids, rows;
  const guint32 *ids;
  json_t *image;
  gsize i, n_ids;

  g_free (check->prefix);
  check->prefix = g_strdup_printf ("case.%s.", text_of (item, "name"));
  json_array_foreach (json_object_get (item, "images"), i, image)
    {
      guint n;

      g_ptr_array_add (pictures,
                       cut_picture (check, text_of (image, "file"), number_of (image, "min_num"),
                                    number_of (image, "max_num"),
                                    json_is_true (json_object_get (image, "use_thumbnail")), &n));
      g_array_append_val (n_tiles, n);
    }
  prompt = make_prompt (check, text_of (item, "prompt"), pictures, n_tiles);
  ids = ivl_prompt_get_ids (prompt, &n_ids);
  need_values (check, "input_ids", &input_ids);
  need_values (check, "rows", &rows);
  section_exact (&check->ids,
                 n_ids == input_ids.shape[0] &&
                     memcmp (ids, input_ids.data, input_ids.n_bytes) == 0,
                 "%s: %u tokens", check->prefix, (guint) n_ids);
  check->rows = (const guint32 *) rows.data;
  check->n_rows = rows.shape[0];
  check->first = check->n_pass = 0;
  if (!ivl_timeline_prefill (timeline, prompt, &watcher, &cost, NULL, &error))
    give_up ("%s%s", check->prefix, error->message);
  check_steps (check, timeline);
}

/* What the reference's slow InternLM2 tokenizer does to every decoded text (transformers'
 * clean_up_tokenization), so that its chat answers can be compared. */
static char *
clean_up (const char *text)
{
  static const char *const pairs[][2] = { { " .", "." },    { " ?", "?" },   { " !", "!" },
                                          { " ,", "," },    { " ' ", "'" },  { " n't", "n't" },
                                          { " 'm", "'m" },  { " 's", "'s" }, { " 've", "'ve" },
                                          { " 're", "'re" } };
  GString *out = g_string_new (text);

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    g_string_replace (out, pairs[i][0], pairs[i][1], 0);
  return g_string_free (out, FALSE);
}

/* Generates greedily up to the end token and compares the text. */
static void
check_answer (Check       *check,
              IvlTimeline *timeline,
              guint        max_tokens,
              guint32      end,
              json_t      *round)
{
  const char *expected = text_of (round, "response");
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *cleaned = NULL;

  while (ids->len < max_tokens)
    {
      guint32 id = likeliest (check, ivl_timeline_get_logits (timeline));
      g_autoptr (GError) error = NULL;

      if (id == end)
        break;
      g_array_append_val (ids, id);
      if (!ivl_timeline_append (timeline, id, NULL, &error))
        give_up ("%s", error->message);
    }
  ivl_tokenizer_decode (check->network->tokenizer, (const guint32 *) ids->data, ids->len, TRUE,
                        text);
  g_strstrip (text->str);
  cleaned = g_strstrip (clean_up (text->str));
  section_exact (&check->chat_text,
                 g_str_equal (text->str, expected) || g_str_equal (cleaned, expected),
                 "\"%s\", expected \"%s\"", text->str, expected);
}

/* The rounds of a chat share a timeline, as a session's do: what the cache keeps must not change
 * an answer. */
static void
check_chat (Check   *check,
            json_t  *chat,
            guint32  end)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  g_autoptr (GArray) n_tiles = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (IvlTimeline) timeline = ivl_timeline_new (check->network);
  const char *image = text_of (chat, "image");
  json_t *round;
  gsize i;

  if (image != NULL)
    {
      guint n;

      g_ptr_array_add (pictures,
                       cut_picture (check, image, 1, number_of (chat, "max_num"), TRUE, &n));
      g_array_append_val (n_tiles, n);
    }
  json_array_foreach (json_object_get (chat, "rounds"), i, round)
    {
      g_autoptr (IvlPrompt) prompt =
          make_prompt (check, text_of (round, "prompt"), pictures, n_tiles);
      g_autoptr (GArray) tail = json_ids_read (json_object_get (round, "input_ids_tail"));
      g_autoptr (GError) error = NULL;
      IvlTimelineCost cost = { 0 };
      gsize n_ids;
      const guint32 *ids = ivl_prompt_get_ids (prompt, &n_ids);

      section_exact (
          &check->chat_ids,
          n_ids == number_of (round, "n_tokens") && n_ids >= tail->len &&
              memcmp (ids + n_ids - tail->len, tail->data, tail->len * sizeof (guint32)) == 0,
          "%s round %u: %u tokens", text_of (chat, "name"), (guint) i, (guint) n_ids);
      if (!ivl_timeline_prefill (timeline, prompt, NULL, &cost, NULL, &error))
        give_up ("%s", error->message);
      check_answer (check, timeline, number_of (chat, "max_new_tokens"), end, round);
    }
}

static gboolean
print_sections (Check      *check,
                const char *variant)
{
  Section *sections[] = { &check->vit,    &check->projector, &check->ids,      &check->hidden,
                          &check->logits, &check->greedy,    &check->chat_ids, &check->chat_text };
  gboolean ok = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      g_autofree char *title = g_strdup_printf ("%s: %s", variant, sections[i]->title);

      sections[i]->title = title;
      ok &= section_print (sections[i]);
    }
  return ok;
}

gboolean
check_model (const char *folder,
             const char *variant)
{
  g_autofree char *json_name = g_strdup_printf ("expected/%s.json", variant);
  g_autofree char *values_name = g_strdup_printf ("%s/expected/%s.safetensors", folder, variant);
  g_autofree char *model_name = g_build_filename (folder, "models", variant, NULL);
  json_t *root = load_json (folder, json_name);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlNetwork) network = ivl_network_open (model_name, &error);
  g_autoptr (IvlSafetensors) values =
      network != NULL ? ivl_safetensors_open (values_name, &error) : NULL;
  Check check = {
    .folder = folder, .network = network, .values = values,
    .vit = { "vision rows", HIDDEN_LIMIT },
    .projector = { "projector", HIDDEN_LIMIT },
    .ids = { "prompt ids" },
    .hidden = { "hidden rows", HIDDEN_LIMIT },
    .logits = { "logits", LOGIT_LIMIT },
    .greedy = { "greedy ids" },
    .chat_ids = { "chat prompt ids" },
    .chat_text = { "chat answers" },
  };
  json_t *item;
  gsize i;

  if (values == NULL)
    give_up ("%s", error->message);
  json_array_foreach (json_object_get (root, "vit"), i, item)
    check_vit (&check, item);
  json_array_foreach (json_object_get (root, "cases"), i, item)
    check_case (&check, item);
  json_array_foreach (json_object_get (root, "chats"), i, item)
    check_chat (&check, item, number_of (root, "im_end_id"));
  json_decref (root);
  g_free (check.prefix);
  return print_sections (&check, variant);
}
