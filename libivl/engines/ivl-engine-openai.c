/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IvlEngine over a server: finds out what it serves, turns conversations into requests and streams
 * into pieces of an answer.
 */
#include "engines/ivl-engine-openai.h"

#include <libivl/ivl-error.h>
#include <libivl/ivl-token.h>
#include <string.h>

#include "engines/ivl-api-key.h"
#include "engines/ivl-remote-ask.h"
#include "engines/ivl-remote-dialect.h"
#include "engines/ivl-remote-prompt.h"
#include "engines/ivl-service.h"
#include "lm/ivl-stop.h"
#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-models.h"

enum
{
  DEFAULT_PARALLEL = 8,
  /* Of every InternVL2.5: what is sent to servers that do not tell. */
  TILE_SIZE = 448,
  MIN_TILES = 1,
  MAX_TILES = 12,
  /* What a server may tell: pictures of more pixels would take all memory. */
  MAX_PIXELS = 64 * 1024 * 1024,
};

static const IvlRemoteTimeouts usual_timeouts = {
  .connect = 10 * 1000,
  .first_byte = 30 * 1000,
  .first_token = 300 * 1000,
  .idle = 60 * 1000,
  .linger = 1000,
  .patience = 60 * 1000,
  .down = 10 * 1000,
  .loading = 900 * 1000,
};

struct _IvlEngineOpenai
{
  IvlEngine             parent_instance;
  IvlRemote            *remote;
  IvlRemoteLine         line;
  IvlWireModel         *served;   /* (nullable): the server does not list its models */
  char                 *model;    /* what requests ask for; (nullable) */
  char                 *name;
  IvlRemoteFacts        facts;
  gboolean              is_model_chosen; /* by the user, by name */
  GMutex                lock;
  /* Under the lock. A dialect is replaced when the server turns out to refuse a field; those that
   * were in use are kept. */
  const IvlWireDialect *dialect;
  GPtrArray            *dialects; /* IvlWireDialect: owned ones */
  gboolean              has_told_model;
};

G_DEFINE_FINAL_TYPE (IvlEngineOpenai, ivl_engine_openai, IVL_TYPE_ENGINE)

/* A conversation. */
typedef struct
{
  IvlRemotePictures *pictures;
  IvlRemoteAsk      *ask;  /* while it is answered */
  IvlStop           *stop;
  GString           *document; /* the answer so far where it has to be JSON, else NULL */
  char              *answering; /* the name under which it comes, if that is another; else NULL */
  gint64             start; /* of the answer */
  guint              n_pieces;
} RemoteTimeline;

static void
free_dialect (gpointer data)
{
  ivl_wire_dialect_free (data);
}

static void
ivl_engine_openai_finalize (GObject *object)
{
  IvlEngineOpenai *self = IVL_ENGINE_OPENAI (object);

  g_clear_pointer (&self->line.http, ivl_remote_http_free);
  g_clear_pointer (&self->line.gate, ivl_remote_gate_free);
  g_clear_pointer (&self->remote, ivl_remote_free);
  g_clear_pointer (&self->served, ivl_wire_model_free);
  g_clear_pointer (&self->dialects, g_ptr_array_unref);
  g_free (self->model);
  g_free (self->name);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (ivl_engine_openai_parent_class)->finalize (object);
}

static void
ivl_engine_openai_get_info (IvlEngine     *engine,
                            IvlEngineInfo *info)
{
  IvlEngineOpenai *self = IVL_ENGINE_OPENAI (engine);
  const IvlWireModel *served = self->served;

  *info = (IvlEngineInfo) {
    .name = self->name,
    .family = served != NULL && served->family != NULL ? served->family : "",
    .origin = self->remote->origin,
    .capabilities = IVL_ENGINE_CHAT,
    .context_length = self->facts.context_length,
  };
  if (served != NULL)
    {
      info->n_parameters = served->n_parameters;
      info->n_bytes = served->n_bytes;
    }
  if (!self->facts.has_vision)
    return;
  info->capabilities |= IVL_ENGINE_VISION;
  info->tile_size = self->facts.tile_size;
  info->min_tiles = self->facts.min_tiles;
  info->max_tiles = self->facts.max_tiles;
  info->use_thumbnail = self->facts.use_thumbnail;
}

static gpointer
ivl_engine_openai_open_timeline (IvlEngine *engine)
{
  RemoteTimeline *timeline = g_new0 (RemoteTimeline, 1);

  timeline->pictures = ivl_remote_pictures_new ();
  return timeline;
}

static void
ivl_engine_openai_end (IvlEngine *engine,
                       gpointer   data)
{
  RemoteTimeline *timeline = data;

  g_clear_pointer (&timeline->ask, ivl_remote_ask_free);
  g_clear_pointer (&timeline->stop, ivl_stop_free);
  if (timeline->document != NULL)
    g_string_free (g_steal_pointer (&timeline->document), TRUE);
}

static void
ivl_engine_openai_close_timeline (IvlEngine *engine,
                                  gpointer   data)
{
  RemoteTimeline *timeline = data;

  ivl_engine_openai_end (engine, timeline);
  ivl_remote_pictures_free (timeline->pictures);
  g_free (timeline->answering);
  g_free (timeline);
}

static const char *
ivl_engine_openai_get_answering (IvlEngine *engine,
                                 gpointer   data)
{
  RemoteTimeline *timeline = data;

  return timeline->answering;
}

static const IvlWireDialect *
get_dialect (IvlEngineOpenai *self)
{
  const IvlWireDialect *dialect;

  g_mutex_lock (&self->lock);
  dialect = self->dialect;
  g_mutex_unlock (&self->lock);
  return dialect;
}

/* Some versions of an engine refuse a field that others take: it is left out from now on. */
static gboolean
drop_refused_field (IvlEngineOpenai        *self,
                    const IvlWireDialect   *dialect,
                    const IvlRemoteRefusal *refusal)
{
  g_autoptr (GPtrArray) fields = g_ptr_array_new ();
  IvlWireDialect *reduced;
  const char *field;

  if ((refusal->status != 400 && refusal->status != 422) || refusal->body == NULL ||
      g_bytes_get_size (refusal->body) == 0)
    return FALSE;
  field = ivl_wire_error_get_refused_field (g_bytes_get_data (refusal->body, NULL),
                                            g_bytes_get_size (refusal->body),
                                            (const char *const *) dialect->fields);
  if (field == NULL)
    return FALSE;
  g_message ("%s refuses the field \"%s\": it is left out", self->remote->origin, field);
  for (guint i = 0; dialect->fields[i] != NULL; i++)
    if (strcmp (dialect->fields[i], field) != 0)
      g_ptr_array_add (fields, dialect->fields[i]);
  g_ptr_array_add (fields, NULL);
  reduced = g_new0 (IvlWireDialect, 1);
  *reduced = *dialect;
  reduced->name = g_strdup (dialect->name);
  reduced->title = g_strdup (dialect->title);
  reduced->fields = g_strdupv ((char **) fields->pdata);
  reduced->finished = g_strdupv (dialect->finished);
  reduced->owners = g_strdupv (dialect->owners);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->dialects, reduced);
  self->dialect = reduced;
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Whether a model goes by both names: engines drop folders and endings, or add a date. */
static gboolean
is_same_model (const char *asked,
               const char *told)
{
  const char *a = strrchr (asked, '/');
  const char *b = strrchr (told, '/');
  gsize n_a, n_b;

  a = a != NULL ? a + 1 : asked;
  b = b != NULL ? b + 1 : told;
  n_a = strlen (a);
  n_b = strlen (b);
  return n_a > 0 && n_b > 0 && g_ascii_strncasecmp (a, b, MIN (n_a, n_b)) == 0 &&
         (n_a == n_b || g_ascii_ispunct (n_a > n_b ? a[n_b] : b[n_a]));
}

/* Several engines answer with what they have, whatever they are asked for: a name that was not in
 * the list, or that no list was there for, is refused then. One that the server lists itself may
 * stand for another, as a router's names do: that is said once, and kept with the answer. */
static gboolean
check_model (IvlEngineOpenai  *self,
             RemoteTimeline   *timeline,
             GError          **error)
{
  const char *told = ivl_wire_answer_get_model (ivl_remote_ask_get_answer (timeline->ask));
  gboolean is_first;

  g_clear_pointer (&timeline->answering, g_free);
  if (told == NULL || self->model == NULL || is_same_model (self->model, told))
    return TRUE;
  if (self->is_model_chosen && self->served == NULL && !self->facts.dialect->checks_model)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   "%s was asked for the model %s and answers with %s", self->remote->origin,
                   self->model, told);
      return FALSE;
    }
  timeline->answering = g_strdup (told);
  g_mutex_lock (&self->lock);
  is_first = !self->has_told_model;
  self->has_told_model = TRUE;
  g_mutex_unlock (&self->lock);
  if (is_first)
    g_message ("%s was asked for the model %s and answers as %s", self->remote->origin, self->model,
               told);
  return TRUE;
}

typedef struct
{
  GPtrArray       *messages;
  IvlOptions      *options;
  IvlUsage        *usage;
  IvlProgressFunc  progress;
  gpointer         data;
  GCancellable    *cancellable;
} Question;

/* Asks once in the present dialect, with pictures as they are or smaller ones. */
static IvlRemoteAsk *
ask (IvlEngineOpenai        *self,
     RemoteTimeline         *timeline,
     const Question         *question,
     const IvlWireDialect   *dialect,
     gboolean                is_small,
     gsize                  *n_bytes,
     IvlRemoteRefusal       *refusal,
     GError                **error)
{
  int patience = ivl_options_get_patience (question->options);
  IvlRemoteFacts facts = self->facts;
  g_autoptr (IvlWireRequest) request = NULL;
  g_autoptr (GBytes) body = NULL;
  char *json;

  facts.dialect = dialect;
  request = ivl_remote_prompt_new (&facts, question->messages, question->options,
                                   timeline->pictures, is_small, question->usage, error);
  if (request == NULL)
    return NULL;
  json = ivl_wire_request_to_json (request, dialect, error);
  if (json == NULL)
    return NULL;
  *n_bytes = strlen (json);
  body = g_bytes_new_take (json, *n_bytes);
  return ivl_remote_ask_new (&self->line, dialect, body,
                             patience >= 0 ? (guint) MIN (patience, G_MAXINT32 / 1000) * 1000
                                           : self->line.timeouts.patience,
                             refusal, question->progress, question->data, question->cancellable,
                             error);
}

static gboolean
is_too_large (const IvlRemoteRefusal *refusal,
              guint                   n_tiles,
              gsize                   n_bytes)
{
  /* One gateway says 404 for it, so that 404 to a request that is large counts as well. */
  return n_tiles > 0 &&
         (refusal->status == 413 || (refusal->status == 404 && n_bytes > 1024 * 1024));
}

static GError *
create_size_error (IvlEngineOpenai *self,
                   gsize            n_first,
                   gsize            n_second)
{
  return g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_REFUSED,
                      "%s takes no requests of %.1f MB, and none of %.1f MB with smaller pictures: "
                      "raise its limit (client_max_body_size where it is behind nginx), or use "
                      "fewer pictures",
                      self->remote->origin, n_first / 1e6, n_second / 1e6);
}

/* Asks until there is content, with what the server takes. */
static IvlRemoteAsk *
ask_fittingly (IvlEngineOpenai  *self,
               RemoteTimeline   *timeline,
               const Question   *question,
               GError          **error)
{
  gsize n_first = 0;

  for (;;)
    {
      const IvlWireDialect *dialect = get_dialect (self);
      g_auto (IvlRemoteRefusal) refusal = { 0 };
      g_autoptr (GError) failure = NULL;
      gsize n_bytes = 0;
      IvlRemoteAsk *result = ask (self, timeline, question, dialect, n_first > 0, &n_bytes,
                                  &refusal, &failure);

      if (result != NULL)
        return result;
      if (drop_refused_field (self, dialect, &refusal))
        continue;
      if (is_too_large (&refusal, question->usage->n_tiles, n_bytes) && n_first == 0)
        {
          n_first = n_bytes;
          continue;
        }
      if (n_first > 0 && refusal.status == 413)
        g_propagate_error (error, create_size_error (self, n_first, n_bytes));
      else
        g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
}

static void
take_usage (RemoteTimeline *timeline,
            IvlUsage       *usage)
{
  IvlWireUsage told;

  ivl_wire_answer_get_usage (ivl_remote_ask_get_answer (timeline->ask), &told);
  usage->has_reasoned = ivl_wire_answer_has_reasoned (ivl_remote_ask_get_answer (timeline->ask));
  if (told.n_prompt_tokens >= 0)
    usage->n_prompt_tokens = MIN (told.n_prompt_tokens, G_MAXUINT);
  if (told.n_cached_tokens >= 0)
    usage->n_cached_tokens = MIN (told.n_cached_tokens, G_MAXUINT);
  if (told.n_answer_tokens >= 0)
    usage->n_answer_tokens = MIN (told.n_answer_tokens, G_MAXUINT);
  if (told.n_tiles >= 0)
    usage->n_tiles = MIN (told.n_tiles, G_MAXUINT);
  if (told.n_tiles_encoded >= 0)
    usage->n_tiles_encoded = MIN (told.n_tiles_encoded, G_MAXUINT);
}

static gboolean
ivl_engine_openai_begin (IvlEngine        *engine,
                         gpointer          data,
                         GPtrArray        *messages,
                         IvlOptions       *options,
                         IvlUsage         *usage,
                         IvlProgressFunc   progress,
                         gpointer          progress_data,
                         GCancellable     *cancellable,
                         GError          **error)
{
  IvlEngineOpenai *self = IVL_ENGINE_OPENAI (engine);
  RemoteTimeline *timeline = data;
  Question question = { messages, options, usage, progress, progress_data, cancellable };
  gint64 start = g_get_monotonic_time ();

  /* What is forbidden since the model was opened stays on this computer. */
  if (!ivl_remote_check_allowed (self->remote, error))
    return FALSE;
  timeline->ask = ask_fittingly (self, timeline, &question, error);
  if (timeline->ask == NULL)
    return FALSE;
  if (!check_model (self, timeline, error))
    {
      ivl_engine_openai_end (engine, timeline);
      return FALSE;
    }
  timeline->stop = ivl_stop_new (ivl_options_get_stop (options));
  if (ivl_options_get_json_schema (options) != NULL)
    timeline->document = g_string_new (NULL);
  timeline->n_pieces = 0;
  timeline->start = g_get_monotonic_time ();
  usage->prefill_seconds = (timeline->start - start) / (double) G_TIME_SPAN_SECOND;
  take_usage (timeline, usage);
  return TRUE;
}

/* An engine may take a schema and not keep to it: what is asked for as JSON is JSON when the engine
 * has ended it. The schema itself is the engine's matter. */
static gboolean
check_document (RemoteTimeline   *timeline,
                IvlUsage         *usage,
                GError          **error)
{
  g_autoptr (GString) list = NULL;
  json_t *parsed;

  if (timeline->document == NULL || usage->finish_reason != IVL_FINISH_STOP)
    return TRUE;
  list = g_string_new ("[");
  g_string_append_len (list, timeline->document->str, timeline->document->len);
  g_string_append_c (list, ']');
  parsed = ivl_wire_json_parse (list->str, list->len, NULL);
  if (json_array_size (parsed) == 1)
    {
      json_decref (parsed);
      return TRUE;
    }
  json_decref (parsed);
  usage->finish_reason = IVL_FINISH_NONE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                       "The server was asked for JSON and answered with something else: its engine "
                       "does not honour a schema");
  return FALSE;
}

static gboolean
ivl_engine_openai_advance (IvlEngine     *engine,
                           gpointer       data,
                           GString       *text,
                           GArray        *ids,
                           IvlUsage      *usage,
                           GCancellable  *cancellable,
                           GError       **error)
{
  RemoteTimeline *timeline = data;
  g_autoptr (GString) piece = g_string_new (NULL);
  g_autoptr (GString) passed = g_string_new (NULL);
  gboolean is_finished;
  gboolean is_stopped;

  if (!ivl_remote_ask_read (timeline->ask, piece, &is_finished, cancellable, error))
    return FALSE;
  is_stopped = ivl_stop_push (timeline->stop, piece->str, piece->len, passed);
  if (is_finished && !is_stopped)
    ivl_stop_flush (timeline->stop, passed);
  g_string_append_len (text, passed->str, (gssize) passed->len);
  if (timeline->document != NULL)
    g_string_append_len (timeline->document, passed->str, passed->len);
  usage->n_answer_tokens = ++timeline->n_pieces;
  usage->decode_seconds =
      (g_get_monotonic_time () - timeline->start) / (double) G_TIME_SPAN_SECOND;
  if (is_finished)
    usage->finish_reason =
        ivl_wire_answer_get_finish_reason (ivl_remote_ask_get_answer (timeline->ask));
  if (is_stopped)
    usage->finish_reason = IVL_FINISH_STOP;
  take_usage (timeline, usage);
  return is_stopped || check_document (timeline, usage, error);
}

static IvlToken *
create_token (const IvlWireTokenChance *chance,
              GPtrArray                *alternatives)
{
  g_autoptr (GBytes) bytes = g_bytes_new (chance->bytes, chance->n_bytes);

  return ivl_token_new (-1, bytes, chance->logprob, alternatives);
}

static void
ivl_engine_openai_take_tokens (IvlEngine *engine,
                               gpointer   data,
                               GPtrArray *tokens)
{
  RemoteTimeline *timeline = data;
  g_autoptr (GPtrArray) told = NULL;

  if (timeline->ask == NULL)
    return;
  told = ivl_wire_answer_take_tokens (ivl_remote_ask_get_answer (timeline->ask));
  for (guint i = 0; i < told->len; i++)
    {
      const IvlWireToken *token = g_ptr_array_index (told, i);
      g_autoptr (GPtrArray) others = NULL;

      if (token->top != NULL)
        others = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
      for (guint k = 0; token->top != NULL && k < token->top->len; k++)
        g_ptr_array_add (others,
                         create_token (&g_array_index (token->top, IvlWireTokenChance, k), NULL));
      g_ptr_array_add (tokens, create_token (&token->chosen, others));
    }
}

static gboolean
refuse (IvlEngine   *engine,
        const char  *what,
        GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s gives no %s: only a model on this "
               "computer does", IVL_ENGINE_OPENAI (engine)->remote->origin, what);
  return FALSE;
}

static float *
ivl_engine_openai_embed (IvlEngine     *engine,
                         IvlImage      *image,
                         gsize         *n_values,
                         GCancellable  *cancellable,
                         GError       **error)
{
  refuse (engine, "picture features", error);
  return NULL;
}

static guint32 *
ivl_engine_openai_tokenize (IvlEngine   *engine,
                            const char  *text,
                            gboolean     special,
                            gsize       *n_ids,
                            GError     **error)
{
  refuse (engine, "token ids", error);
  return NULL;
}

static char *
ivl_engine_openai_detokenize (IvlEngine      *engine,
                              const guint32  *ids,
                              gsize           n_ids,
                              GError        **error)
{
  refuse (engine, "text of token ids", error);
  return NULL;
}

static void
ivl_engine_openai_class_init (IvlEngineOpenaiClass *klass)
{
  IvlEngineClass *engine_class = IVL_ENGINE_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ivl_engine_openai_finalize;
  engine_class->get_info = ivl_engine_openai_get_info;
  engine_class->open_timeline = ivl_engine_openai_open_timeline;
  engine_class->close_timeline = ivl_engine_openai_close_timeline;
  engine_class->begin = ivl_engine_openai_begin;
  engine_class->advance = ivl_engine_openai_advance;
  engine_class->end = ivl_engine_openai_end;
  engine_class->embed = ivl_engine_openai_embed;
  engine_class->tokenize = ivl_engine_openai_tokenize;
  engine_class->detokenize = ivl_engine_openai_detokenize;
  engine_class->take_tokens = ivl_engine_openai_take_tokens;
  engine_class->get_answering = ivl_engine_openai_get_answering;
}

static void
ivl_engine_openai_init (IvlEngineOpenai *self)
{
  g_mutex_init (&self->lock);
  self->dialects = g_ptr_array_new_with_free_func (free_dialect);
}

/* Names of models for a message, not too many. */
static char *
list_models (GPtrArray *models)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < models->len && i < 8; i++)
    {
      IvlWireModel *model = g_ptr_array_index (models, i);

      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", model->id);
    }
  if (models->len > 8)
    g_string_append_printf (list, " and %u more", models->len - 8);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* The entry of models that the remote means; NULL without an error when there is none and the
 * server is to decide. */
static gboolean
choose_model (IvlEngineOpenai  *self,
              GPtrArray        *models,
              gint             *index,
              GError          **error)
{
  const char *wanted = self->remote->model;
  g_autofree char *list = list_models (models);

  *index = -1;
  for (guint i = 0; wanted != NULL && i < models->len; i++)
    if (strcmp (((IvlWireModel *) g_ptr_array_index (models, i))->id, wanted) == 0)
      *index = i;
  for (guint i = 0; wanted != NULL && *index < 0 && i < models->len; i++)
    if (is_same_model (wanted, ((IvlWireModel *) g_ptr_array_index (models, i))->id))
      *index = i;
  if (wanted == NULL && models->len == 1)
    *index = 0;
  if (*index >= 0)
    return TRUE;
  if (wanted == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   models->len == 0 ? "%s does not tell its models: name one, as in ADDRESS#MODEL%s"
                                    : "%s has several models: name one, as in ADDRESS#MODEL, of %s",
                   self->remote->origin, list);
      return FALSE;
    }
  return TRUE;
}

static void
set_facts (IvlEngineOpenai *self)
{
  const IvlWireModel *served = self->served;
  IvlRemoteFacts *facts = &self->facts;

  *facts = (IvlRemoteFacts) {
    .dialect = self->dialect,
    .model = self->model,
    .name = self->name,
    .is_near = self->remote->is_loopback || self->remote->socket != NULL,
    .has_vision = served == NULL || !served->knows_pictures || served->has_pictures,
    .tile_size = TILE_SIZE,
    .min_tiles = MIN_TILES,
    .max_tiles = MAX_TILES,
    .use_thumbnail = TRUE,
  };
  if (served == NULL)
    return;
  facts->context_length = served->context_length;
  if (served->tile_size == 0)
    return;
  facts->tile_size = served->tile_size;
  facts->min_tiles = MAX (served->min_tiles, 1);
  facts->max_tiles = MAX (served->max_tiles, facts->min_tiles);
  facts->use_thumbnail = served->use_thumbnail;
}

static gboolean
check_facts (IvlEngineOpenai  *self,
             GError          **error)
{
  guint64 pixels = (guint64) self->facts.tile_size * self->facts.tile_size;

  if (self->facts.tile_size < 8192 && self->facts.max_tiles <= 1024 &&
      pixels * self->facts.max_tiles <= MAX_PIXELS)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
               "%s tells of pictures of %u tiles of %u pixels, which cannot be",
               self->remote->origin, self->facts.max_tiles, self->facts.tile_size);
  return FALSE;
}

/* By configuration, else by what the server says of itself. */
static gboolean
choose_dialect (IvlEngineOpenai  *self,
                const char       *owner,
                const char       *server,
                GError          **error)
{
  if (self->remote->engine != NULL)
    self->dialect = ivl_remote_dialect_find (self->remote->engine, error);
  else if (self->remote->is_service)
    self->dialect = ivl_remote_dialect_find ("ivl", error);
  else
    self->dialect = ivl_remote_dialect_detect (owner, server);
  if (self->dialect == NULL && self->remote->engine == NULL && !self->remote->is_service)
    {
      self->dialect = ivl_remote_dialect_find ("openai", error);
      g_message ("%s does not say which engine it is: it gets what all engines understand, so "
                 "that the number of tiles is its own choice. Say which by the key “engine” of a "
                 "[remote \"NAME\"] in ivl.conf",
                 self->remote->origin);
    }
  return self->dialect != NULL;
}

/* The list of models is optional: gateways hide it, and `transformers serve` without a cache folder
 * fails over it (500) while it answers chats. */
static gboolean
is_list_optional (const IvlRemoteRefusal *refusal)
{
  return refusal->status == 401 || refusal->status == 403 || refusal->status == 404 ||
         refusal->status == 405 || refusal->status == 500 || refusal->status == 501;
}

static gboolean
discover (IvlEngineOpenai  *self,
          IvlProgressFunc   progress,
          gpointer          progress_data,
          GCancellable     *cancellable,
          GError          **error)
{
  g_auto (IvlRemoteRefusal) refusal = { 0 };
  g_autofree char *server = NULL;
  g_autoptr (GPtrArray) models = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) list =
      ivl_remote_ask_get (&self->line, "/models", &server, &refusal, progress, progress_data,
                          cancellable, &failure);
  gint index;

  if (list != NULL)
    models =
        ivl_wire_models_parse (g_bytes_get_size (list) > 0 ? g_bytes_get_data (list, NULL) : "",
                               g_bytes_get_size (list), &failure);
  else if (is_list_optional (&refusal) && self->remote->model != NULL)
    models = g_ptr_array_new ();
  if (models == NULL)
    {
      if (list != NULL)
        g_prefix_error (&failure, "%s: ", self->remote->origin);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!choose_model (self, models, &index, error))
    return FALSE;
  if (index >= 0)
    self->served = g_ptr_array_steal_index (models, index);
  self->is_model_chosen = self->remote->model != NULL;
  self->model = g_strdup (self->served != NULL ? self->served->id : self->remote->model);
  self->name = g_strdup (strrchr (self->model, '/') != NULL ? strrchr (self->model, '/') + 1
                                                            : self->model);
  if (!choose_dialect (self, self->served != NULL ? self->served->owner : NULL, server, error))
    return FALSE;
  if (models->len > 0 && self->served == NULL)
    {
      g_autofree char *names = list_models (models);

      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s has no model %s; it has %s",
                   self->remote->origin, self->remote->model, names);
      return FALSE;
    }
  set_facts (self);
  return check_facts (self, error);
}

IvlEngine *
ivl_engine_openai_open_timed (IvlRemote                *remote,
                              const IvlRemoteTimeouts  *timeouts,
                              IvlProgressFunc           progress,
                              gpointer                  progress_data,
                              GCancellable             *cancellable,
                              GError                  **error)
{
  g_autoptr (IvlEngineOpenai) self = g_object_new (IVL_TYPE_ENGINE_OPENAI, NULL);
  g_autoptr (GError) failure = NULL;
  char *key;

  self->remote = remote;
  self->line.timeouts = timeouts != NULL ? *timeouts : usual_timeouts;
  self->line.gate = ivl_remote_gate_new (remote->parallel > 0 ? remote->parallel
                                                              : DEFAULT_PARALLEL);
  if (!ivl_remote_check_allowed (remote, error))
    return NULL;
  key = ivl_api_key_find (remote, cancellable, &failure);
  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  self->line.http = ivl_remote_http_new (remote, key, error);
  ivl_api_key_free (key);
  if (self->line.http == NULL)
    return NULL;
  if (remote->is_service &&
      !ivl_service_ensure (remote, progress, progress_data, cancellable, error))
    return NULL;
  if (!discover (self, progress, progress_data, cancellable, error))
    return NULL;
  return IVL_ENGINE (g_steal_pointer (&self));
}

IvlEngine *
ivl_engine_openai_open (IvlRemote        *remote,
                        int               patience,
                        IvlProgressFunc   progress,
                        gpointer          progress_data,
                        GCancellable     *cancellable,
                        GError          **error)
{
  IvlRemoteTimeouts timeouts = usual_timeouts;

  if (patience >= 0)
    timeouts.down = timeouts.loading = (guint) MIN (patience, G_MAXINT32 / 1000) * 1000;
  return ivl_engine_openai_open_timed (remote, &timeouts, progress, progress_data, cancellable,
                                       error);
}

const IvlWireDialect *
ivl_engine_openai_get_dialect (IvlEngineOpenai *self)
{
  return get_dialect (self);
}

guint
ivl_engine_openai_get_limit (IvlEngineOpenai *self)
{
  return ivl_remote_gate_get_limit (self->line.gate);
}
