/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An opened model: an engine and its facts.
 */
#include <libivl/ivl-model.h>

#include "engines/ivl-engine-local.h"
#include "engines/ivl-engine-openai.h"

struct _IvlModel
{
  GObject       parent_instance;
  IvlEngine    *engine; /* (owned) */
  IvlEngineInfo info;
  guint         parallel; /* questions at a time that are worth asking */
};

/* Requests that keep a GPU node busy without letting the last one wait for long. */
#define DEFAULT_PARALLEL 8

G_DEFINE_FINAL_TYPE (IvlModel, ivl_model, G_TYPE_OBJECT)

static void
ivl_model_finalize (GObject *object)
{
  IvlModel *self = IVL_MODEL (object);

  g_clear_object (&self->engine);
  G_OBJECT_CLASS (ivl_model_parent_class)->finalize (object);
}

static void
ivl_model_class_init (IvlModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_model_finalize;
}

static void
ivl_model_init (IvlModel *self)
{
}

/**
 * ivl_model_new_for_engine:
 * @engine: an engine
 *
 * A model that @engine answers for, such as a program's own engine.
 *
 * Returns: (transfer full): the model
 */
IvlModel *
ivl_model_new_for_engine (IvlEngine *engine)
{
  IvlModel *self;

  g_return_val_if_fail (IVL_IS_ENGINE (engine), NULL);

  self = g_object_new (IVL_TYPE_MODEL, NULL);
  self->engine = g_object_ref (engine);
  self->parallel = 1;
  IVL_ENGINE_GET_CLASS (engine)->get_info (engine, &self->info);
  return self;
}

static IvlModel *
open_local (const char  *location,
            GError     **error)
{
  g_autoptr (IvlEngine) engine = ivl_engine_local_open (location, error);

  return engine != NULL ? ivl_model_new_for_engine (engine) : NULL;
}

/* Servers that are other computers are asked only if nothing forbids it. */
static IvlModel *
open_remote (const char       *location,
             int               patience,
             IvlProgressFunc   progress,
             gpointer          progress_data,
             GCancellable     *cancellable,
             GError          **error)
{
  g_autoptr (IvlRemote) remote = ivl_remote_parse (location, error);
  g_autoptr (IvlEngine) engine = NULL;
  IvlModel *model;
  guint parallel;

  if (remote == NULL || !ivl_remote_check_allowed (remote, error))
    return NULL;
  parallel = remote->parallel != 0 ? remote->parallel : DEFAULT_PARALLEL;
  engine = ivl_engine_openai_open (g_steal_pointer (&remote), patience, progress, progress_data,
                                   cancellable, error);
  if (engine == NULL)
    return NULL;
  model = ivl_model_new_for_engine (engine);
  model->parallel = parallel;
  return model;
}

/**
 * ivl_model_open_patient:
 * @location: a checkpoint folder, or a server: see [func@Model.open]
 * @patience: how many seconds a server that is down, loading or busy is waited for; 0 asks once, -1
 *   is the default: 10 for one that does not answer, 900 for one that is loading
 * @progress: (nullable) (scope call): called with %IVL_PHASE_LOAD and %IVL_PHASE_WAIT while a
 *   server starts, loads or does not answer yet
 * @progress_data: for @progress
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Does what ivl_model_open() does, and tells how it goes. @patience has no effect on a folder.
 *
 * Returns: (transfer full): the model, or %NULL with @error set
 */
IvlModel *
ivl_model_open_patient (const char       *location,
                        int               patience,
                        IvlProgressFunc   progress,
                        gpointer          progress_data,
                        GCancellable     *cancellable,
                        GError          **error)
{
  g_return_val_if_fail (location != NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (ivl_remote_is_location (location))
    return open_remote (location, patience, progress, progress_data, cancellable, error);
  return open_local (location, error);
}

/**
 * ivl_model_open_full:
 * @location: (type filename): a checkpoint folder, or a server: see [func@Model.open]
 * @progress: (nullable) (scope call): called with %IVL_PHASE_LOAD and %IVL_PHASE_WAIT while a
 *   server starts, loads or does not answer yet
 * @progress_data: for @progress
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Does what ivl_model_open() does, and tells how it goes.
 *
 * Returns: (transfer full): the model, or %NULL with @error set
 */
IvlModel *
ivl_model_open_full (const char       *location,
                     IvlProgressFunc   progress,
                     gpointer          progress_data,
                     GCancellable     *cancellable,
                     GError          **error)
{
  return ivl_model_open_patient (location, -1, progress, progress_data, cancellable, error);
}

/**
 * ivl_model_open:
 * @location: (type filename): a checkpoint folder as published: `config.json`, `*.safetensors`,
 *   tokenizer files, or the folder of a model hub's cache that holds one; or a server:
 *   `https://HOST[:PORT][/PATH][#MODEL]`, `http://...`, `unix:PATH[#MODEL]` (a socket),
 *   `remote:NAME` (of the configuration file), `service:[MODEL]` (the user's own, started when it
 *   does not run)
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Opens a model. Weights are mapped, not read, so this takes a fraction of a second; a server is
 * asked what it has, and waited for while it loads.
 *
 * Errors: %IVL_ERROR_NOT_FOUND (the folder, a file, a weight, a remote's name or model),
 * %IVL_ERROR_INVALID_DATA (a damaged or misshapen file: the message names it),
 * %IVL_ERROR_UNSUPPORTED (another kind of model), %IVL_ERROR_NO_MEMORY, %IVL_ERROR_INVALID_OPTION
 * (a malformed address), %IVL_ERROR_REMOTE_UNREACHABLE, %IVL_ERROR_REMOTE_REFUSED (also when
 * nothing may leave this computer), %IVL_ERROR_REMOTE_FAILED, %IVL_ERROR_REMOTE_PROTOCOL.
 *
 * Returns: (transfer full): the model, or %NULL with @error set
 */
IvlModel *
ivl_model_open (const char    *location,
                GCancellable  *cancellable,
                GError       **error)
{
  return ivl_model_open_full (location, NULL, NULL, cancellable, error);
}

/**
 * ivl_model_is_remote:
 * @location: (type filename): as for ivl_model_open()
 *
 * Whether pictures that a model there is asked about leave this computer. A socket, a loopback
 * address and the user's own service do not count; what cannot be read as an address does.
 *
 * Returns: %TRUE when pictures would leave
 */
gboolean
ivl_model_is_remote (const char *location)
{
  g_autoptr (IvlRemote) remote = NULL;

  g_return_val_if_fail (location != NULL, FALSE);

  if (!ivl_remote_is_location (location))
    return FALSE;
  remote = ivl_remote_parse (location, NULL);
  return remote == NULL || ivl_remote_leaves_computer (remote);
}

/**
 * ivl_model_is_server:
 * @location: (type filename): as for ivl_model_open()
 *
 * Whether a location names a server, on this computer or another, and not a folder.
 *
 * Returns: %TRUE for a server
 */
gboolean
ivl_model_is_server (const char *location)
{
  g_return_val_if_fail (location != NULL, FALSE);

  return ivl_remote_is_location (location);
}

/**
 * ivl_model_find_origin:
 * @location: (type filename): as for ivl_model_open()
 * @error: return location for an error
 *
 * Where pictures would go if a model there were asked, without opening it or asking anybody: what
 * ivl_model_get_origin() says later. A program asks the person for leave by it.
 *
 * Errors: %IVL_ERROR_INVALID_OPTION (a malformed address), %IVL_ERROR_INVALID_DATA (a configuration
 * that cannot be read), %IVL_ERROR_NOT_FOUND (no such remote), %IVL_ERROR_REMOTE_REFUSED (pictures
 * would leave this computer, and that is forbidden).
 *
 * Returns: (transfer full): `this computer` or a host's name, or %NULL with @error set
 */
char *
ivl_model_find_origin (const char  *location,
                       GError     **error)
{
  g_autoptr (IvlRemote) remote = NULL;

  g_return_val_if_fail (location != NULL, NULL);

  if (!ivl_remote_is_location (location))
    return g_strdup ("this computer");
  remote = ivl_remote_parse (location, error);
  if (remote == NULL || !ivl_remote_check_allowed (remote, error))
    return NULL;
  return g_strdup (remote->origin);
}

/**
 * ivl_model_forbid_remote:
 *
 * Forbids models on other computers for the rest of the process: opening one is
 * %IVL_ERROR_REMOTE_REFUSED and nothing is sent. The key `local-only` in the group `[ivl]` of the
 * configuration file does the same.
 */
void
ivl_model_forbid_remote (void)
{
  ivl_remote_forbid ();
}

static void
open_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  GError *error = NULL;
  IvlModel *model = ivl_model_open (data, cancellable, &error);

  if (model != NULL)
    g_task_return_pointer (task, model, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * ivl_model_open_async:
 * @location: (type filename): as for [func@Model.open]
 * @cancellable: (nullable): to give up
 * @callback: (scope async): called when it is done
 * @user_data: for @callback
 *
 * Opens a model without blocking.
 */
void
ivl_model_open_async (const char          *location,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_return_if_fail (location != NULL);

  g_task_set_source_tag (task, ivl_model_open_async);
  g_task_set_task_data (task, g_strdup (location), g_free);
  g_task_run_in_thread (task, open_in_thread);
}

/**
 * ivl_model_open_finish:
 * @result: what the callback got
 * @error: return location for an error
 *
 * Finishes [func@Model.open_async].
 *
 * Returns: (transfer full): the model, or %NULL with @error set
 */
IvlModel *
ivl_model_open_finish (GAsyncResult  *result,
                       GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ivl_model_get_engine:
 * @self: a model
 *
 * Returns: (transfer none): what answers for the model
 */
IvlEngine *
ivl_model_get_engine (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);

  return self->engine;
}

/**
 * ivl_model_get_name:
 * @self: a model
 *
 * Returns: short name, such as `InternVL2_5-1B`
 */
const char *
ivl_model_get_name (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);

  return self->info.name;
}

/**
 * ivl_model_get_family:
 * @self: a model
 *
 * Returns: name of the family, such as `InternVL2.5`
 */
const char *
ivl_model_get_family (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);

  return self->info.family;
}

/**
 * ivl_model_get_origin:
 * @self: a model
 *
 * Where answers are made and pictures go: `this computer`, or a host's name.
 *
 * Returns: the origin
 */
const char *
ivl_model_get_origin (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);

  return self->info.origin;
}

/**
 * ivl_model_get_capabilities:
 * @self: a model
 *
 * Returns: what it can do
 */
IvlEngineCapabilities
ivl_model_get_capabilities (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.capabilities;
}

/**
 * ivl_model_get_n_parameters:
 * @self: a model
 *
 * Returns: numbers in all weights; 0 when unknown
 */
guint64
ivl_model_get_n_parameters (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.n_parameters;
}

/**
 * ivl_model_get_n_bytes:
 * @self: a model
 *
 * Returns: bytes of the weight files; 0 when unknown
 */
guint64
ivl_model_get_n_bytes (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.n_bytes;
}

/**
 * ivl_model_get_context_length:
 * @self: a model
 *
 * Returns: longest conversation in tokens, picture tokens included; 0 when unknown
 */
guint
ivl_model_get_context_length (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.context_length;
}

/**
 * ivl_model_get_tile_size:
 * @self: a model
 *
 * Returns: width and height of a picture tile in pixels; 0 without vision
 */
guint
ivl_model_get_tile_size (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.tile_size;
}

/**
 * ivl_model_get_min_tiles:
 * @self: a model
 *
 * Returns: least tiles of a picture in the model's own budget, thumbnail not counted
 */
guint
ivl_model_get_min_tiles (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.min_tiles;
}

/**
 * ivl_model_get_max_tiles:
 * @self: a model
 *
 * Returns: most tiles of a picture in the model's own budget, thumbnail not counted
 */
guint
ivl_model_get_max_tiles (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 0);

  return self->info.max_tiles;
}

/**
 * ivl_model_get_use_thumbnail:
 * @self: a model
 *
 * Returns: whether a thumbnail of the whole picture follows the tiles when there are several
 */
gboolean
ivl_model_get_use_thumbnail (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), FALSE);

  return self->info.use_thumbnail;
}

/**
 * ivl_model_get_parallel:
 * @self: a model
 *
 * How many questions at a time are worth asking when there are many: each needs a session of its
 * own, and a thread or an asynchronous call.
 *
 * Returns: the number; 1 for a model in this process, what the configuration says or 8 for a server
 */
guint
ivl_model_get_parallel (IvlModel *self)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), 1);

  return self->parallel;
}

/**
 * ivl_model_set_cache_limit:
 * @self: a model
 * @n_bytes: most memory for the states of earlier conversations; 0 (the default) keeps none
 *
 * Lets conversations begin where earlier ones were: what they have in common is read once. Nothing
 * happens for engines that cannot, such as servers, which do this by themselves.
 */
void
ivl_model_set_cache_limit (IvlModel *self,
                           guint64   n_bytes)
{
  g_return_if_fail (IVL_IS_MODEL (self));

  if (IVL_ENGINE_GET_CLASS (self->engine)->set_cache_limit != NULL)
    IVL_ENGINE_GET_CLASS (self->engine)->set_cache_limit (self->engine, n_bytes);
}

/**
 * ivl_model_get_grid:
 * @self: a model with %IVL_ENGINE_VISION
 * @image: a picture
 * @options: (nullable): the tile budget
 * @n_cols: (out) (optional): tiles side by side
 * @n_rows: (out) (optional): tiles one above the other
 * @n_tiles: (out) (optional): all tiles, with the thumbnail
 * @error: return location for an error
 *
 * The tiles into which the model cuts a picture when it is asked with these options.
 *
 * Errors: %IVL_ERROR_UNSUPPORTED (no vision), %IVL_ERROR_INVALID_OPTION (an impossible budget).
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_model_get_grid (IvlModel    *self,
                    IvlImage    *image,
                    IvlOptions  *options,
                    guint       *n_cols,
                    guint       *n_rows,
                    guint       *n_tiles,
                    GError     **error)
{
  g_autoptr (IvlOptions) settings = options != NULL ? g_object_ref (options) : ivl_options_new ();
  guint min_tiles, max_tiles;

  g_return_val_if_fail (IVL_IS_MODEL (self), FALSE);
  g_return_val_if_fail (IVL_IS_IMAGE (image), FALSE);

  if (self->info.tile_size == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s takes text only, no pictures",
                   self->info.name);
      return FALSE;
    }
  return ivl_options_get_tile_budget (settings, self->info.min_tiles, self->info.max_tiles,
                                      &min_tiles, &max_tiles, error) &&
         ivl_image_get_grid (image, self->info.tile_size, min_tiles, max_tiles,
                             self->info.use_thumbnail, n_cols, n_rows, n_tiles, error);
}

/**
 * ivl_model_embed:
 * @self: a model with %IVL_ENGINE_EMBED
 * @image: a picture; it is seen whole, as one tile
 * @n_values: (out): number of values
 * @cancellable: (nullable): to give up, within one layer of work
 * @error: return location for an error
 *
 * Pooled features of a picture: the vision model's class token after the last layer, float32, not
 * normalised.
 *
 * Errors: %IVL_ERROR_UNSUPPORTED, %IVL_ERROR_NO_MEMORY, %IVL_ERROR_INVALID_DATA (weights that are
 * not finite).
 *
 * Returns: (transfer full) (array length=n_values): the features, freed with g_free(), or %NULL
 *   with @error set
 */
float *
ivl_model_embed (IvlModel      *self,
                 IvlImage      *image,
                 gsize         *n_values,
                 GCancellable  *cancellable,
                 GError       **error)
{
  float *values;

  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);
  g_return_val_if_fail (IVL_IS_IMAGE (image), NULL);
  g_return_val_if_fail (n_values != NULL, NULL);

  *n_values = 0;
  /* cutting the picture stops by the thread's current one */
  if (cancellable != NULL)
    g_cancellable_push_current (cancellable);
  values = IVL_ENGINE_GET_CLASS (self->engine)
               ->embed (self->engine, image, n_values, cancellable, error);
  if (cancellable != NULL)
    g_cancellable_pop_current (cancellable);
  return values;
}

/**
 * ivl_model_tokenize:
 * @self: a model with %IVL_ENGINE_TOKENS
 * @text: UTF-8 text
 * @special: whether added tokens such as `<|im_end|>` are recognised; %FALSE treats @text as a
 *   user's
 * @n_ids: (out): number of ids
 * @error: return location for an error
 *
 * Token ids of a text, without the token that opens a prompt.
 *
 * Errors: %IVL_ERROR_UNSUPPORTED.
 *
 * Returns: (transfer full) (array length=n_ids): the ids, freed with g_free(), or %NULL with
 *   @error set
 */
guint32 *
ivl_model_tokenize (IvlModel    *self,
                    const char  *text,
                    gboolean     special,
                    gsize       *n_ids,
                    GError     **error)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);
  g_return_val_if_fail (text != NULL, NULL);
  g_return_val_if_fail (n_ids != NULL, NULL);

  *n_ids = 0;
  return IVL_ENGINE_GET_CLASS (self->engine)->tokenize (self->engine, text, special, n_ids, error);
}

/**
 * ivl_model_detokenize:
 * @self: a model with %IVL_ENGINE_TOKENS
 * @ids: (array length=n_ids): token ids; unknown ones give nothing
 * @n_ids: number of ids
 * @error: return location for an error
 *
 * Text of token ids, added tokens included, as valid UTF-8.
 *
 * Errors: %IVL_ERROR_UNSUPPORTED.
 *
 * Returns: (transfer full): the text, or %NULL with @error set
 */
char *
ivl_model_detokenize (IvlModel       *self,
                      const guint32  *ids,
                      gsize           n_ids,
                      GError        **error)
{
  g_return_val_if_fail (IVL_IS_MODEL (self), NULL);
  g_return_val_if_fail (ids != NULL || n_ids == 0, NULL);

  return IVL_ENGINE_GET_CLASS (self->engine)->detokenize (self->engine, ids, n_ids, error);
}
