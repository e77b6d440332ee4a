/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Opens a model folder and runs its vision side. Conversations are in ivl-timeline.c.
 */
#include "models/ivl-network.h"

#include <math.h>
#include <string.h>

#include "formats/ivl-model-folder.h"
#include "formats/ivl-weight-kind.h"
#include "image/ivl-tiling.h"
#include "kernels/ivl-kernels.h"
#include "models/ivl-batch.h"
#include "util/ivl-system-memory.h"
#include <libivl/ivl-error.h>

/* Enough for the tiles of some ten pictures of the larger models, a hundred of the smaller ones. */
#define TILE_CACHE_BYTES (128u << 20)

/* While prompts and tiles are computed, answers get at most half of the time: less would stall
 * them, and more would let the first of many conversations end before the next one can join it. */
#define LONG_SHARE 1.0

/* Conversation that memory is reckoned for. */
#define TYPICAL_TOKENS 4096

gboolean
ivl_network_has_vision (const IvlNetwork *self)
{
  return self->family->vision_prefix != NULL;
}

gboolean
ivl_network_has_lm (const IvlNetwork *self)
{
  return self->family->lm_prefix != NULL;
}

gsize
ivl_network_tokens_per_tile (const IvlNetwork *self)
{
  return self->family->projector_prefix != NULL ? ivl_projector_n_tokens (&self->parts.projector)
                                                : 0;
}

static gboolean
has_dynamic_tiles (const IvlNetwork *self)
{
  return self->tiles != NULL && self->config->dynamic_image_size;
}

guint
ivl_network_min_tiles (const IvlNetwork *self)
{
  return has_dynamic_tiles (self) ? self->config->min_dynamic_patch : 1;
}

guint
ivl_network_max_tiles (const IvlNetwork *self)
{
  return has_dynamic_tiles (self) ? self->config->max_dynamic_patch : 1;
}

gsize
ivl_network_context_length_for (const IvlHfConfig *config)
{
  return MIN (config->lm.max_position * MAX (1.0, config->lm.rope_factor), G_MAXINT32);
}

gsize
ivl_network_context_length (const IvlNetwork *self)
{
  return ivl_network_context_length_for (self->config);
}

guint64
ivl_network_memory_needed (const IvlHfConfig *config,
                           guint64            weight_bytes)
{
  guint64 needed = weight_bytes;

  if (config->has_vision)
    {
      guint64 side = config->vision.image_size / config->vision.patch_size;

      needed += (1 + side * side) *
                (6 * (guint64) config->vision.hidden_size + config->vision.intermediate_size) *
                sizeof (float);
    }
  if (config->has_lm)
    {
      needed +=
          IVL_DECODER_MAX_ROWS *
          (5 * (guint64) config->lm.hidden_size + 2 * (guint64) config->lm.intermediate_size) *
          sizeof (float);
      needed += TYPICAL_TOKENS * 2 * (guint64) config->lm.n_layers * config->lm.n_kv_heads *
                config->lm.head_dim * sizeof (float);
    }
  return needed;
}

static gboolean
check_memory (IvlNetwork  *self,
              GError     **error)
{
  guint64 needed =
      ivl_network_memory_needed (self->config, ivl_checkpoint_get_n_bytes (self->checkpoint));
  guint64 available = ivl_system_memory_available ();
  g_autofree char *needed_text = ivl_system_memory_format (needed);
  g_autofree char *available_text = ivl_system_memory_format (available);

  if (needed <= available)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               "%s needs %s of memory, and %s are available: take a smaller model", self->name,
               needed_text, available_text);
  return FALSE;
}

static gboolean
find_token (IvlNetwork  *self,
            const char  *text,
            guint32     *id,
            GError     **error)
{
  gint32 found = ivl_tokenizer_find (self->tokenizer, text);

  if (found < 0 || (guint) found >= self->config->lm.vocab_size)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "The tokenizer of %s lacks the token %s that its model is used with", self->name,
                   text);
      return FALSE;
    }
  *id = found;
  return TRUE;
}

static void
pause_turn (gpointer data)
{
  ivl_turns_pause (data);
}

/* An answer ends at the template's end token, and at every id that the generation config names. */
static gboolean
collect_end_ids (IvlNetwork  *self,
                 GError     **error)
{
  guint32 end;

  if (!find_token (self, self->chat->end_token, &end, error))
    return FALSE;
  self->end_ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_array_append_val (self->end_ids, end);
  g_array_append_vals (self->end_ids, self->config->eos_ids->data, self->config->eos_ids->len);
  return TRUE;
}

/* Where problems are collected, TRUE after adding this one: go on. */
static gboolean
note (GPtrArray  *problems,
      GError     *problem,
      GError    **error)
{
  if (problems == NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  g_ptr_array_add (problems, g_strdup (problem->message));
  g_error_free (problem);
  return TRUE;
}

static gboolean
find_prompt_tokens (IvlNetwork  *self,
                    GPtrArray   *problems,
                    GError     **error)
{
  const struct
  {
    const char *text;
    guint32    *id;
  } tokens[] = { { "<img>", &self->image_start },
                 { "</img>", &self->image_end },
                 { "<IMG_CONTEXT>", &self->image_token } };
  GError *problem = NULL;

  if (!collect_end_ids (self, &problem) && !note (problems, problem, error))
    return FALSE;
  for (guint i = 0; self->family->projector_prefix != NULL && i < G_N_ELEMENTS (tokens); i++)
    {
      problem = NULL;
      if (!find_token (self, tokens[i].text, tokens[i].id, &problem) &&
          !note (problems, problem, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
open_language (IvlNetwork  *self,
               const char  *folder,
               GPtrArray   *problems,
               GError     **error)
{
  const char *name = self->family->template_name;
  GError *problem = NULL;

  if (name == NULL)
    name = self->config->template_name;
  self->chat = ivl_chat_template_lookup (name);
  if (self->chat == NULL)
    return note (problems,
                 g_error_new (IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                              "%s: unknown prompt template \"%s\"", self->name, name),
                 error);
  self->tokenizer = ivl_tokenizer_open (folder, &problem);
  if (self->tokenizer == NULL)
    return note (problems, problem, error);
  if (ivl_tokenizer_get_size (self->tokenizer) > self->config->lm.vocab_size &&
      !note (problems,
             g_error_new (IVL_ERROR, IVL_ERROR_INVALID_DATA,
                          "The tokenizer of %s has ids up to %u, and its model only %u tokens",
                          self->name, ivl_tokenizer_get_size (self->tokenizer) - 1,
                          self->config->lm.vocab_size),
             error))
    return FALSE;
  return find_prompt_tokens (self, problems, error);
}

/* Binds the weights, or counts them where the files are not there. What explains many faults at
 * once takes their place. */
static gboolean
bind_weights (IvlNetwork  *self,
              GPtrArray   *problems,
              GError     **error)
{
  const guint n_before = problems != NULL ? problems->len : 0;
  IvlWeightBinder binder = { .checkpoint = self->checkpoint, .problems = problems };
  g_autoptr (GError) problem = NULL;
  g_autofree char *reason = NULL;

  if (self->checkpoint != NULL)
    reason = ivl_weight_kind_explain_adapter (self->checkpoint);
  if (reason == NULL || problems != NULL)
    ivl_family_bind (self->family, self->config, &binder, &self->parts, &problem);
  self->n_parameters = binder.n_parameters;
  if (reason == NULL && self->checkpoint != NULL &&
      (problem != NULL || (problems != NULL && problems->len > n_before)))
    reason = ivl_weight_kind_explain_quantised (self->checkpoint);
  if (reason != NULL)
    {
      if (problems != NULL)
        g_ptr_array_set_size (problems, n_before);
      return note (problems,
                   g_error_new (IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: %s", self->name, reason),
                   error);
    }
  if (problem == NULL)
    return TRUE;
  g_propagate_prefixed_error (error, g_steal_pointer (&problem), "%s: ", self->name);
  return FALSE;
}

/* The official class ties nothing, and transformers' own (version 5) only where the file lacks the
 * head or holds an equal one: a head that is there counts. */
static void
untie_own_head (IvlNetwork *self)
{
  if (self->checkpoint != NULL
      && ivl_family_has_own_head (self->family, self->config, self->checkpoint))
    self->config->lm.tie_word_embeddings = FALSE;
}

static gboolean
open_weights (IvlNetwork  *self,
              const char  *folder,
              GPtrArray   *problems,
              GError     **error)
{
  if (problems != NULL)
    self->checkpoint = ivl_checkpoint_survey (folder, problems);
  else
    self->checkpoint = ivl_checkpoint_open (folder, error);
  untie_own_head (self);
  return (self->checkpoint != NULL || problems != NULL) && bind_weights (self, problems, error);
}

/* A setting that says nothing is not passed over. */
static gboolean
check_isa (GPtrArray  *problems,
           GError    **error)
{
  const char *unknown = ivl_kernels_get_unknown_limit ();
  g_autofree char *shown = NULL;
  g_autoptr (GString) names = NULL;

  if (unknown == NULL)
    return TRUE;
  shown = g_utf8_make_valid (unknown, MIN (strlen (unknown), 40));
  names = g_string_new (ivl_kernels_get_isa_name (0));
  for (gsize i = 1; i < ivl_kernels_get_n_isas (); i++)
    g_string_append_printf (names, ", %s", ivl_kernels_get_isa_name (i));
  return note (problems,
               g_error_new (IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                            "The environment variable IVL_ISA is “%s”, and names no instruction "
                            "set that ivl knows: expected %s, or nothing", shown, names->str),
               error);
}

/* The parts that come from files; every check of them is here, for opening and for looking. */
static IvlNetwork *
read_folder (const char  *location,
             GPtrArray   *problems,
             GError     **error)
{
  g_autoptr (IvlNetwork) self = g_new0 (IvlNetwork, 1);
  g_autofree char *folder = ivl_model_folder_resolve (location, error);

  if (folder == NULL || !check_isa (problems, error))
    return NULL;
  self->turns = ivl_turns_new (LONG_SHARE);
  self->name = ivl_model_folder_get_name (location);
  self->config = ivl_hf_config_load (folder, error);
  if (self->config == NULL)
    return NULL;
  self->family = ivl_family_lookup (self->config->arch);
  if (!open_weights (self, folder, problems, error))
    return NULL;
  if (ivl_network_has_lm (self) && !open_language (self, folder, problems, error))
    return NULL;
  return g_steal_pointer (&self);
}

IvlNetwork *
ivl_network_survey (const char  *folder,
                    GPtrArray   *problems,
                    char       **shortage,
                    GError     **error)
{
  g_autoptr (IvlNetwork) self = read_folder (folder, problems, error);
  g_autoptr (GError) problem = NULL;

  *shortage = NULL;
  if (self == NULL)
    return NULL;
  if (problems->len == 0 && !check_memory (self, &problem))
    *shortage = g_strdup (problem->message);
  return g_steal_pointer (&self);
}

IvlNetwork *
ivl_network_open (const char  *folder,
                  GError     **error)
{
  g_autoptr (IvlNetwork) self = read_folder (folder, NULL, error);

  if (self == NULL || !check_memory (self, error))
    return NULL;
  if (self->family->projector_prefix != NULL)
    self->tiles = ivl_tile_cache_new (
        ivl_network_tokens_per_tile (self) * self->config->lm.hidden_size, TILE_CACHE_BYTES);
  self->ops = ivl_ops_new (0);
  ivl_ops_set_pause (self->ops, pause_turn, self->turns);
  if (ivl_network_has_lm (self))
    {
      self->batch = ivl_batch_new (self);
      self->prefixes =
          ivl_prefix_store_new (self->image_token, ivl_network_tokens_per_tile (self));
    }
  return g_steal_pointer (&self);
}

void
ivl_network_free (IvlNetwork *self)
{
  g_clear_pointer (&self->batch, ivl_batch_free);
  g_clear_pointer (&self->prefixes, ivl_prefix_store_free);
  g_clear_pointer (&self->ops, ivl_ops_free);
  g_clear_pointer (&self->tiles, ivl_tile_cache_free);
  g_clear_pointer (&self->end_ids, g_array_unref);
  g_clear_pointer (&self->tokenizer, ivl_tokenizer_free);
  ivl_family_clear_parts (&self->parts);
  g_clear_pointer (&self->checkpoint, ivl_checkpoint_free);
  g_clear_pointer (&self->config, ivl_hf_config_free);
  g_free (self->name);
  g_clear_pointer (&self->turns, ivl_turns_free);
  g_free (self);
}

/* One tile through the first layers of the vision tower: f32 [1 + P, C] (transfer full). */
static float *
run_vit (IvlNetwork      *self,
         const guint8    *pixels,
         guint            n_layers,
         const IvlTrace  *trace,
         GCancellable    *cancellable,
         GError         **error)
{
  const IvlVit *vit = &self->parts.vit;
  gsize size = vit->config.image_size;
  gsize n_values = ivl_vit_n_tokens (vit) * vit->config.hidden_size;
  g_autofree float *normalised = g_try_malloc_n (3 * size * size, sizeof (float));
  g_autofree float *hidden = g_try_malloc_n (n_values, sizeof (float));

  if (normalised == NULL || hidden == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for encoding a tile");
      return NULL;
    }
  ivl_tile_normalise (pixels, size, normalised);
  if (!ivl_vit_forward (vit, self->ops, normalised, n_layers, hidden, trace, cancellable, error))
    return NULL;
  return g_steal_pointer (&hidden);
}

gboolean
ivl_network_encode_tile (IvlNetwork        *self,
                         const guint8      *pixels,
                         const IvlTileKey  *key,
                         float             *out,
                         gboolean          *encoded,
                         const IvlTrace    *trace,
                         GCancellable      *cancellable,
                         GError           **error)
{
  const IvlProjector *projector = &self->parts.projector;
  g_autofree float *hidden = NULL;

  *encoded = FALSE;
  if (ivl_tile_cache_lookup (self->tiles, key, out))
    return TRUE;
  hidden = run_vit (self, pixels, self->config->n_used_layers, trace, cancellable, error);
  if (hidden == NULL ||
      !ivl_projector_forward (projector, self->ops, hidden + projector->vision_size, out, trace,
                              error) ||
      !ivl_network_check_output (
          self, out, ivl_projector_n_tokens (projector) * ivl_projector_out_size (projector),
          error))
    return FALSE;
  ivl_tile_cache_insert (self->tiles, key, out);
  *encoded = TRUE;
  return TRUE;
}

gboolean
ivl_network_embed_tile (IvlNetwork    *self,
                        const guint8  *pixels,
                        float         *out,
                        GCancellable  *cancellable,
                        GError       **error)
{
  gsize width = self->parts.vit.config.hidden_size;
  g_autofree float *hidden =
      run_vit (self, pixels, self->parts.vit.config.n_layers, NULL, cancellable, error);

  if (hidden == NULL || !ivl_network_check_output (self, hidden, width, error))
    return FALSE;
  memcpy (out, hidden, width * sizeof (float));
  return TRUE;
}

static gboolean
has_non_finite (IvlNetwork      *self,
                const IvlTensor *tensor)
{
  IvlTensor rows = *tensor;
  g_autofree float *row = NULL;

  rows.n_dims = 2;
  rows.shape[1] =
      tensor->n_dims > 1 ? tensor->shape[tensor->n_dims - 1] : ivl_tensor_n_elements (tensor);
  rows.shape[0] = ivl_tensor_n_elements (tensor) / MAX (1, rows.shape[1]);
  row = g_try_malloc_n (rows.shape[1], sizeof (float));
  for (guint64 i = 0; row != NULL && i < rows.shape[0]; i++)
    {
      ivl_op_get_row (self->ops, &rows, i, row);
      if (ivl_op_find_non_finite (self->ops, row, rows.shape[1]) >= 0)
        return TRUE;
    }
  return FALSE;
}

/* Name of the first weight with a NaN or an infinity; NULL if all are finite. Reads every
 * weight. */
static const char *
find_bad_weight (IvlNetwork *self)
{
  guint n = ivl_checkpoint_get_n_tensors (self->checkpoint);

  for (guint i = 0; i < n; i++)
    {
      IvlTensor tensor;
      const char *name = ivl_checkpoint_get_tensor (self->checkpoint, i, &tensor);

      if (ivl_dtype_get_info (tensor.dtype)->is_weight && has_non_finite (self, &tensor))
        return name;
    }
  return NULL;
}

gboolean
ivl_network_check_output (IvlNetwork   *self,
                          const float  *values,
                          gsize         n,
                          GError      **error)
{
  const char *name;

  if (!ivl_ops_check (self->ops, error) || !ivl_checkpoint_check (self->checkpoint, error))
    return FALSE;
  if (ivl_op_find_non_finite (self->ops, values, n) < 0)
    return TRUE;
  name = find_bad_weight (self);
  if (name != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "%s: the model's output is not finite, because weight %s holds NaN or infinity",
                 self->name, name);
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "%s: the model's output is not finite, though all its weights are", self->name);
  return FALSE;
}
