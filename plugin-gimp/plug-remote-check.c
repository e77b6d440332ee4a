/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks a server about a small picture. */
#include "plug-remote-check.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>

/* Seconds that a busy server is waited for: a person looks on. */
#define PATIENCE 10

static void
check (GTask        *task,
       gpointer      source,
       gpointer      data,
       GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModel) model = ivl_model_open (data, cancellable, &error);

  if (model != NULL && (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) == 0)
    g_set_error (&error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, _ ("The model %s takes no pictures."),
                 ivl_model_get_name (model));
  if (error != NULL || !ivl_doctor_try_picture (model, PATIENCE, cancellable, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    /* Translators: the first is a host such as gpu.example, the second a model */
    g_task_return_pointer (task,
                           g_strdup_printf (_ ("%s answers about pictures, with the model %s."),
                                            ivl_model_get_origin (model),
                                            ivl_model_get_name (model)),
                           g_free);
}

void
plug_remote_check_async (const char          *location,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_task_data (task, g_strdup (location), g_free);
  g_task_run_in_thread (task, check);
}

char *
plug_remote_check_finish (GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
