/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>
#include <libivl/ivl-types.h>

G_BEGIN_DECLS

#define IVL_TYPE_MODEL_INFO (ivl_model_info_get_type ())

/**
 * IvlModelInfo:
 *
 * What a model folder holds, read from its headers alone: nothing large is loaded, and a folder
 * that
 * cannot be opened says why, weight by weight.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlModelInfo, ivl_model_info, IVL, MODEL_INFO, GObject)

IVL_AVAILABLE_IN_ALL
IvlModelInfo *ivl_model_info_new_for_folder (const char  *folder,
                                             GError     **error);
IVL_AVAILABLE_IN_ALL
const char *ivl_model_info_get_family (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_model_info_get_architecture (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_model_info_get_n_parameters (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_model_info_get_n_bytes (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_model_info_get_memory_needed (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
guint ivl_model_info_get_context_length (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
char **ivl_model_info_get_details (IvlModelInfo *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_model_info_verify (IvlModelInfo  *self,
                                GCancellable  *cancellable,
                                GError       **error);
IVL_AVAILABLE_IN_ALL
char **ivl_model_info_get_problems (IvlModelInfo *self);

G_END_DECLS
