/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-engine.h>

G_BEGIN_DECLS

#define IVL_TYPE_MODEL (ivl_model_get_type ())

/**
 * IvlModel:
 *
 * An opened model. Immutable; any number of sessions and threads may share it.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlModel, ivl_model, IVL, MODEL, GObject)

IVL_AVAILABLE_IN_ALL
IvlModel *ivl_model_open (const char    *location,
                          GCancellable  *cancellable,
                          GError       **error);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_model_open_full (const char       *location,
                               IvlProgressFunc   progress,
                               gpointer          progress_data,
                               GCancellable     *cancellable,
                               GError          **error);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_model_open_patient (const char       *location,
                                  int               patience,
                                  IvlProgressFunc   progress,
                                  gpointer          progress_data,
                                  GCancellable     *cancellable,
                                  GError          **error);
IVL_AVAILABLE_IN_ALL
void ivl_model_open_async (const char          *location,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_model_open_finish (GAsyncResult  *result,
                                 GError       **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_model_is_remote (const char *location);
IVL_AVAILABLE_IN_ALL
gboolean ivl_model_is_server (const char *location);
IVL_AVAILABLE_IN_ALL
char *ivl_model_find_origin (const char  *location,
                             GError     **error);
IVL_AVAILABLE_IN_ALL
void ivl_model_forbid_remote (void);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_model_new_for_engine (IvlEngine *engine);
IVL_AVAILABLE_IN_ALL
IvlEngine *ivl_model_get_engine (IvlModel *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_model_get_name (IvlModel *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_model_get_family (IvlModel *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_model_get_origin (IvlModel *self);
IVL_AVAILABLE_IN_ALL
IvlEngineCapabilities ivl_model_get_capabilities (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_model_get_n_parameters (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_model_get_n_bytes (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_get_context_length (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_get_tile_size (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_get_min_tiles (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_get_max_tiles (IvlModel *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_model_get_use_thumbnail (IvlModel *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_get_parallel (IvlModel *self);
IVL_AVAILABLE_IN_ALL
void ivl_model_set_cache_limit (IvlModel *self,
                                guint64   n_bytes);
IVL_AVAILABLE_IN_ALL
gboolean ivl_model_get_grid (IvlModel    *self,
                             IvlImage    *image,
                             IvlOptions  *options,
                             guint       *n_cols,
                             guint       *n_rows,
                             guint       *n_tiles,
                             GError     **error);
IVL_AVAILABLE_IN_ALL
float *ivl_model_embed (IvlModel      *self,
                        IvlImage      *image,
                        gsize         *n_values,
                        GCancellable  *cancellable,
                        GError       **error);
IVL_AVAILABLE_IN_ALL
guint32 *ivl_model_tokenize (IvlModel    *self,
                             const char  *text,
                             gboolean     special,
                             gsize       *n_ids,
                             GError     **error);
IVL_AVAILABLE_IN_ALL
char *ivl_model_detokenize (IvlModel       *self,
                            const guint32  *ids,
                            gsize           n_ids,
                            GError        **error);

G_END_DECLS
