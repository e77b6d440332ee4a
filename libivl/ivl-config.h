/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libivl/ivl-model.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

#define IVL_TYPE_CONFIG (ivl_config_get_type ())

/**
 * IvlConfig:
 *
 * The user's configuration file `ivl/ivl.conf`, for programs in which it can be edited. Comments
 * and groups that this version does not know are kept. Nothing is written before
 * ivl_config_save(). Keys to servers never stand in the file: they go into the keyring.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlConfig, ivl_config, IVL, CONFIG, GObject)

IVL_AVAILABLE_IN_ALL
IvlConfig *ivl_config_load (GError **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_config_save (IvlConfig  *self,
                          GError    **error);
IVL_AVAILABLE_IN_ALL
char *ivl_config_get_model (IvlConfig *self);
IVL_AVAILABLE_IN_ALL
void ivl_config_set_model (IvlConfig  *self,
                           const char *model);
IVL_AVAILABLE_IN_ALL
guint ivl_config_get_idle_exit (IvlConfig *self);
IVL_AVAILABLE_IN_ALL
void ivl_config_set_idle_exit (IvlConfig *self,
                               guint      minutes);
IVL_AVAILABLE_IN_ALL
gboolean ivl_config_get_local_only (IvlConfig *self);
IVL_AVAILABLE_IN_ALL
void ivl_config_set_local_only (IvlConfig *self,
                                gboolean   local_only);
IVL_AVAILABLE_IN_ALL
char **ivl_config_list_remotes (IvlConfig *self);
IVL_AVAILABLE_IN_ALL
char **ivl_config_list_engines (void);
IVL_AVAILABLE_IN_ALL
char *ivl_config_get_remote (IvlConfig  *self,
                             const char *remote,
                             const char *field);
IVL_AVAILABLE_IN_ALL
gboolean ivl_config_set_remote (IvlConfig   *self,
                                const char  *remote,
                                const char  *field,
                                const char  *value,
                                GError     **error);
IVL_AVAILABLE_IN_ALL
void ivl_config_remove_remote (IvlConfig  *self,
                               const char *remote);
IVL_AVAILABLE_IN_ALL
gboolean ivl_config_check_key (IvlConfig   *self,
                               const char  *remote,
                               const char  *key,
                               GError     **error);
IVL_AVAILABLE_IN_ALL
IvlModel *ivl_config_open_remote (IvlConfig     *self,
                                  const char    *remote,
                                  const char    *key,
                                  GCancellable  *cancellable,
                                  GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_config_store_key_async (IvlConfig           *self,
                                 const char          *remote,
                                 const char          *key,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
IVL_AVAILABLE_IN_ALL
gboolean ivl_config_store_key_finish (IvlConfig     *self,
                                      GAsyncResult  *result,
                                      GError       **error);
IVL_AVAILABLE_IN_ALL
void ivl_config_find_key_async (IvlConfig           *self,
                                const char          *remote,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data);
IVL_AVAILABLE_IN_ALL
char *ivl_config_find_key_finish (IvlConfig     *self,
                                  GAsyncResult  *result,
                                  GError       **error);

G_END_DECLS
