/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>
#include <libivl/ivl-message.h>
#include <libivl/ivl-options.h>
#include <libivl/ivl-usage.h>

G_BEGIN_DECLS

#define IVL_TYPE_ENGINE (ivl_engine_get_type ())

/**
 * IvlEngine:
 *
 * What answers a session: a model in this process, or a server. Sessions call it from one thread
 * at a time for each timeline, never from several for the same one.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_DERIVABLE_TYPE (IvlEngine, ivl_engine, IVL, ENGINE, GObject)

/**
 * IvlEngineCapabilities:
 * @IVL_ENGINE_CHAT: answers in text
 * @IVL_ENGINE_VISION: takes pictures
 * @IVL_ENGINE_EMBED: gives picture features
 * @IVL_ENGINE_TOKENS: token ids can be asked for
 *
 * What an engine can do.
 */
typedef enum
{
  IVL_ENGINE_CHAT = 1 << 0,
  IVL_ENGINE_VISION = 1 << 1,
  IVL_ENGINE_EMBED = 1 << 2,
  IVL_ENGINE_TOKENS = 1 << 3,
} IvlEngineCapabilities;

/**
 * IvlEngineInfo:
 * @name: short name of the model, such as `InternVL2_5-1B`
 * @family: name of the family, such as `InternVL2.5`
 * @origin: where answers come from: `this computer` or a host name
 * @capabilities: what the engine can do
 * @n_parameters: numbers in all weights; 0 when unknown
 * @n_bytes: bytes of the weight files; 0 when unknown
 * @context_length: longest conversation in tokens; 0 when unknown
 * @tile_size: width and height of a tile in pixels; 0 without vision
 * @min_tiles: the model's own tile budget
 * @max_tiles: the model's own tile budget
 * @use_thumbnail: whether a thumbnail follows the tiles when there are several
 *
 * Facts about an engine's model. Strings belong to the engine.
 */
typedef struct
{
  const char           *name;
  const char           *family;
  const char           *origin;
  IvlEngineCapabilities capabilities;
  guint64               n_parameters;
  guint64               n_bytes;
  guint                 context_length;
  guint                 tile_size;
  guint                 min_tiles;
  guint                 max_tiles;
  gboolean              use_thumbnail;
} IvlEngineInfo;

/**
 * IvlEngineClass:
 * @get_info: facts about the model
 * @open_timeline: makes the state of one conversation
 * @close_timeline: frees it
 * @begin: takes the whole conversation, whose last message is the question, checks that it fits and
 *   does the work up to the first token. On failure the timeline is as before.
 * @advance: makes the next piece of the answer: appends whole UTF-8 characters to `text` (maybe
 *   none yet) and the new ids to `ids` (nullable). The answer has ended when usage->finish_reason
 *   is set.
 * @end: called after the last advance, or when the answer is given up
 * @embed: features of a picture, `*n_values` floats
 * @tokenize: ids of a text
 * @detokenize: text of ids
 * @take_tokens: (nullable): moves the answer's tokens since the last call, as #IvlToken, to the
 *   array; called after each advance, adds nothing unless the options want probabilities
 * @set_cache_limit: (nullable): how many bytes the states of conversations may take so that new
 *   conversations can begin where earlier ones were; 0 (the default) keeps none
 * @get_answering: (nullable): the name under which the answer that has begun comes, where it is
 *   another than the model's: a router's alias for several; else %NULL
 *
 * The functions that an engine implements. All are synchronous, called from a worker thread, and
 * must return soon after @cancellable fires.
 */
struct _IvlEngineClass
{
  GObjectClass parent_class;

  void     (*get_info) (IvlEngine     *self,
                        IvlEngineInfo *info);
  gpointer (*open_timeline) (IvlEngine *self);
  void     (*close_timeline) (IvlEngine *self,
                              gpointer   timeline);
  gboolean (*begin) (IvlEngine       *self,
                     gpointer         timeline,
                     GPtrArray       *messages,
                     IvlOptions      *options,
                     IvlUsage        *usage,
                     IvlProgressFunc  progress,
                     gpointer         progress_data,
                     GCancellable    *cancellable,
                     GError         **error);
  gboolean (*advance) (IvlEngine     *self,
                       gpointer       timeline,
                       GString       *text,
                       GArray        *ids,
                       IvlUsage      *usage,
                       GCancellable  *cancellable,
                       GError       **error);
  void     (*end) (IvlEngine *self,
                   gpointer   timeline);
  float   *(*embed) (IvlEngine     *self,
                     IvlImage      *image,
                     gsize         *n_values,
                     GCancellable  *cancellable,
                     GError       **error);
  guint32 *(*tokenize) (IvlEngine   *self,
                        const char  *text,
                        gboolean     special,
                        gsize       *n_ids,
                        GError     **error);
  char    *(*detokenize) (IvlEngine      *self,
                          const guint32  *ids,
                          gsize           n_ids,
                          GError        **error);
  void     (*take_tokens) (IvlEngine *self,
                           gpointer   timeline,
                           GPtrArray *tokens);
  void     (*set_cache_limit) (IvlEngine *self,
                               guint64    n_bytes);
  const char *(*get_answering) (IvlEngine *self,
                                gpointer   timeline);

  /*< private >*/
  gpointer padding[5];
};

G_END_DECLS
