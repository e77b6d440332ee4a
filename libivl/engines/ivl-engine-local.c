/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IvlEngine over a network in this process: conversations become prompts, timelines do the work.
 */
#include "engines/ivl-engine-local.h"

#include "engines/ivl-local-answer.h"
#include "engines/ivl-local-prompt.h"
#include "kernels/ivl-kernels.h"

/* Length of an answer when neither task nor caller says: the published models' own setting. */
#define DEFAULT_MAX_TOKENS 1024

struct _IvlEngineLocal
{
  IvlEngine          parent_instance;
  IvlNetwork        *network;
  GMutex             vocabulary_lock;
  IvlJsonVocabulary *vocabulary; /* made for the first answer with a JSON schema */
};

G_DEFINE_FINAL_TYPE (IvlEngineLocal, ivl_engine_local, IVL_TYPE_ENGINE)

typedef struct
{
  IvlTimeline    *timeline;
  IvlLocalAnswer *answer; /* while one is being made */
} LocalTimeline;

static void
ivl_engine_local_finalize (GObject *object)
{
  IvlEngineLocal *self = IVL_ENGINE_LOCAL (object);

  g_clear_pointer (&self->vocabulary, ivl_json_vocabulary_free);
  g_mutex_clear (&self->vocabulary_lock);
  g_clear_pointer (&self->network, ivl_network_free);
  G_OBJECT_CLASS (ivl_engine_local_parent_class)->finalize (object);
}

static void
ivl_engine_local_get_info (IvlEngine     *engine,
                           IvlEngineInfo *info)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;

  *info = (IvlEngineInfo) {
    .name = network->name,
    .family = network->family->name,
    .origin = "this computer",
    .n_parameters = network->n_parameters,
    .n_bytes = ivl_checkpoint_get_n_bytes (network->checkpoint),
  };
  if (ivl_network_has_lm (network))
    {
      info->capabilities |= IVL_ENGINE_CHAT | IVL_ENGINE_TOKENS;
      info->context_length = ivl_network_context_length (network);
    }
  if (ivl_network_has_vision (network))
    {
      info->capabilities |= IVL_ENGINE_EMBED;
      info->tile_size = network->config->vision.image_size;
      info->min_tiles = ivl_network_min_tiles (network);
      info->max_tiles = ivl_network_max_tiles (network);
      info->use_thumbnail = network->config->use_thumbnail;
    }
  if (network->tiles != NULL)
    info->capabilities |= IVL_ENGINE_VISION;
}

static gpointer
ivl_engine_local_open_timeline (IvlEngine *engine)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;
  LocalTimeline *local = g_new0 (LocalTimeline, 1);

  if (ivl_network_has_lm (network))
    local->timeline = ivl_timeline_new (network);
  return local;
}

static void
ivl_engine_local_close_timeline (IvlEngine *engine,
                                 gpointer   timeline)
{
  LocalTimeline *local = timeline;

  g_clear_pointer (&local->answer, ivl_local_answer_free);
  g_clear_pointer (&local->timeline, ivl_timeline_free);
  g_free (local);
}

typedef struct
{
  IvlProgressFunc progress; /* (nullable) */
  gpointer        data;
} Watch;

static void
on_progress (IvlTimelinePhase phase,
             gsize            done,
             gsize            total,
             gpointer         data)
{
  Watch *watch = data;

  if (watch->progress != NULL)
    watch->progress (phase == IVL_TIMELINE_TILES ? IVL_PHASE_TILES : IVL_PHASE_PREFILL, done, total,
                     watch->data);
}

static const IvlJsonVocabulary *
get_vocabulary (IvlEngineLocal  *self,
                GError         **error)
{
  g_mutex_lock (&self->vocabulary_lock);
  if (self->vocabulary == NULL)
    self->vocabulary = ivl_json_vocabulary_new (self->network->tokenizer, error);
  g_mutex_unlock (&self->vocabulary_lock);
  return self->vocabulary;
}

static gboolean
check_length (IvlNetwork  *network,
              gsize        n_tokens,
              GError     **error)
{
  gsize context = ivl_network_context_length (network);

  if (n_tokens < context)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_CONTEXT_FULL,
               "The conversation takes %" G_GSIZE_FORMAT
               " tokens, and the model's context holds %" G_GSIZE_FORMAT
               ": use fewer tiles or pictures, or start again",
               n_tokens, context);
  return FALSE;
}

static gboolean
ivl_engine_local_begin (IvlEngine        *engine,
                        gpointer          timeline,
                        GPtrArray        *messages,
                        IvlOptions       *options,
                        IvlUsage         *usage,
                        IvlProgressFunc   progress,
                        gpointer          progress_data,
                        GCancellable     *cancellable,
                        GError          **error)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;
  LocalTimeline *local = timeline;
  Watch watch = { progress, progress_data };
  IvlTimelineWatcher watcher = { on_progress, &watch, NULL };
  IvlTimelineCost cost = { 0 };
  g_autoptr (IvlPrompt) prompt = NULL;
  const IvlJsonVocabulary *vocabulary = NULL;
  guint max_tokens = ivl_options_get_max_tokens (options);
  gsize n_tokens;

  if (local->timeline == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%s is a vision model alone: it gives picture features, not text",
                   network->name);
      return FALSE;
    }
  prompt = ivl_local_prompt_new (network, messages, options, error);
  if (prompt == NULL)
    return FALSE;
  ivl_prompt_get_ids (prompt, &n_tokens);
  usage->n_prompt_tokens = n_tokens;
  usage->n_tiles = ivl_prompt_get_n_tiles (prompt);
  if (!check_length (network, n_tokens, error) ||
      !ivl_timeline_prefill (local->timeline, prompt, &watcher, &cost, cancellable, error))
    return FALSE;
  usage->n_cached_tokens = cost.n_cached;
  usage->n_tiles_encoded = cost.n_tiles_encoded;
  usage->tile_seconds = cost.tile_seconds;
  usage->prefill_seconds = cost.prefill_seconds;
  max_tokens = MIN (max_tokens > 0 ? max_tokens : DEFAULT_MAX_TOKENS,
                    ivl_network_context_length (network) - n_tokens);
  if (ivl_options_get_json_schema (options) != NULL
      && (vocabulary = get_vocabulary (IVL_ENGINE_LOCAL (engine), error)) == NULL)
    return FALSE;
  local->answer = ivl_local_answer_new (network, local->timeline, options, max_tokens, vocabulary,
                                        error);
  return local->answer != NULL;
}

static gboolean
ivl_engine_local_advance (IvlEngine     *engine,
                          gpointer       timeline,
                          GString       *text,
                          GArray        *ids,
                          IvlUsage      *usage,
                          GCancellable  *cancellable,
                          GError       **error)
{
  LocalTimeline *local = timeline;

  return ivl_local_answer_advance (local->answer, text, ids, usage, cancellable, error);
}

static void
ivl_engine_local_take_tokens (IvlEngine *engine,
                              gpointer   timeline,
                              GPtrArray *tokens)
{
  LocalTimeline *local = timeline;

  if (local->answer != NULL)
    ivl_local_answer_take_tokens (local->answer, tokens);
}

static void
ivl_engine_local_end (IvlEngine *engine,
                      gpointer   timeline)
{
  LocalTimeline *local = timeline;

  g_clear_pointer (&local->answer, ivl_local_answer_free);
  if (local->timeline != NULL)
    ivl_timeline_rest (local->timeline);
}

static float *
ivl_engine_local_embed (IvlEngine     *engine,
                        IvlImage      *image,
                        gsize         *n_values,
                        GCancellable  *cancellable,
                        GError       **error)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;
  g_autoptr (GBytes) tile = NULL;
  g_autofree float *values = NULL;
  gboolean ok;
  guint n_tiles;

  if (!ivl_network_has_vision (network))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s takes text only, no pictures",
                   network->name);
      return NULL;
    }
  tile = ivl_local_prompt_cut (network, image, 1, 1, &n_tiles, error);
  if (tile == NULL)
    return NULL;
  *n_values = network->config->vision.hidden_size;
  values = g_try_new (float, *n_values);
  if (values == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                           "No memory for the picture's features");
      return NULL;
    }
  if (!ivl_turns_take (network->turns, IVL_TURN_LONG, cancellable, error))
    return NULL;
  ok = ivl_network_embed_tile (network, g_bytes_get_data (tile, NULL), values, cancellable, error);
  ivl_turns_give (network->turns);
  return ok ? g_steal_pointer (&values) : NULL;
}

static gboolean
check_tokenizer (IvlNetwork  *network,
                 GError     **error)
{
  if (network->tokenizer != NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s is a vision model alone: it has no tokenizer", network->name);
  return FALSE;
}

static guint32 *
ivl_engine_local_tokenize (IvlEngine   *engine,
                           const char  *text,
                           gboolean     special,
                           gsize       *n_ids,
                           GError     **error)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;
  IvlTextSpan span = { text, strlen (text), special ? IVL_TEXT_TRUSTED : IVL_TEXT_USER };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));

  if (!check_tokenizer (network, error))
    return NULL;
  ivl_tokenizer_encode (network->tokenizer, &span, 1, ids);
  *n_ids = ids->len;
  return (guint32 *) g_array_steal (ids, NULL);
}

static char *
ivl_engine_local_detokenize (IvlEngine      *engine,
                             const guint32  *ids,
                             gsize           n_ids,
                             GError        **error)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;
  GString *text;

  if (!check_tokenizer (network, error))
    return NULL;
  for (gsize i = 0; i < n_ids; i++)
    if (ids[i] >= ivl_tokenizer_get_size (network->tokenizer))
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                     "%s has no token %u: its ids are 0 to %u", network->name, ids[i],
                     ivl_tokenizer_get_size (network->tokenizer) - 1);
        return NULL;
      }
  text = g_string_new (NULL);
  ivl_tokenizer_decode (network->tokenizer, ids, n_ids, FALSE, text);
  return g_string_free (text, FALSE);
}

static void
ivl_engine_local_set_cache_limit (IvlEngine *engine,
                                  guint64    n_bytes)
{
  IvlNetwork *network = IVL_ENGINE_LOCAL (engine)->network;

  if (network->prefixes != NULL)
    ivl_prefix_store_set_limit (network->prefixes, n_bytes);
}

static void
ivl_engine_local_class_init (IvlEngineLocalClass *klass)
{
  IvlEngineClass *engine_class = IVL_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ivl_engine_local_finalize;
  engine_class->get_info = ivl_engine_local_get_info;
  engine_class->open_timeline = ivl_engine_local_open_timeline;
  engine_class->close_timeline = ivl_engine_local_close_timeline;
  engine_class->begin = ivl_engine_local_begin;
  engine_class->advance = ivl_engine_local_advance;
  engine_class->end = ivl_engine_local_end;
  engine_class->take_tokens = ivl_engine_local_take_tokens;
  engine_class->embed = ivl_engine_local_embed;
  engine_class->tokenize = ivl_engine_local_tokenize;
  engine_class->detokenize = ivl_engine_local_detokenize;
  engine_class->set_cache_limit = ivl_engine_local_set_cache_limit;
}

static void
ivl_engine_local_init (IvlEngineLocal *self)
{
  g_mutex_init (&self->vocabulary_lock);
}

IvlEngine *
ivl_engine_local_open (const char  *folder,
                       GError     **error)
{
  g_autoptr (IvlEngineLocal) self = NULL;
  IvlNetwork *network = ivl_network_open (folder, error);

  if (network == NULL)
    return NULL;
  self = g_object_new (IVL_TYPE_ENGINE_LOCAL, NULL);
  self->network = network;
  return IVL_ENGINE (g_steal_pointer (&self));
}

IvlNetwork *
ivl_engine_local_get_network (IvlEngineLocal *self)
{
  return self->network;
}

const char *
ivl_engine_local_get_isa (void)
{
  IvlKernels kernels;

  ivl_kernels_init (&kernels);
  return kernels.isa;
}

const char *
ivl_engine_local_get_unknown_isa (void)
{
  return ivl_kernels_get_unknown_limit ();
}
