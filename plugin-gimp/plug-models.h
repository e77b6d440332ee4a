/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The model that the settings name: opened when it is first asked, and shared by all
 * conversations of the process while the settings name it. Main thread. */
#pragma once

#include <libivl/ivl.h>

G_BEGIN_DECLS

/* What is opened now; NULL: nothing, or the settings name another since (transfer none) */
IvlModel *plug_models_get (void);
/* progress (nullable) is called in the main context of the call until callback, and data is then
 * freed by notify. */
void      plug_models_open_async (IvlProgressFunc      progress,
                                  gpointer             data,
                                  GDestroyNotify       notify,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data);
/* Errors beside those of ivl_model_open_full(): of the user's own service, what it suffers from
 * where that can be told (PLUG_ADVICE_ERROR_NO_MODEL, PLUG_ADVICE_ERROR_MODEL_MISSING,
 * IVL_ERROR_NO_MEMORY, IVL_ERROR_INVALID_DATA); IVL_ERROR_UNSUPPORTED when the model sees no
 * pictures (transfer full) */
IvlModel *plug_models_open_finish (GAsyncResult *result, GError **error);
/* The next one who asks opens it anew: it did not answer, or what it depends on was changed.
 * NULL: whatever there is */
void      plug_models_forget (IvlModel *model);

/* Where the settings say that pictures go, without opening: see ivl_model_find_origin() */
char     *plug_models_find_origin (GError **error);
gboolean  plug_models_is_remote (void);
/* Whether the user's own service answers, which is started on demand */
gboolean  plug_models_is_service (void);
/* The model's name, as far as it can be told; "" when it cannot (transfer full) */
char     *plug_models_find_name (void);

G_END_DECLS
