/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks a server about a small picture. */
#include "plug-remote-check.h"

#include <glib/gi18n.h>

/* Seconds that a busy server is waited for: a person looks on. */
#define PATIENCE 10

/* What is asked: a location, or a remote of a configuration */
typedef struct
{
  char      *location; /* (owned) (nullable) */
  IvlConfig *config;   /* (owned) (nullable) */
  char      *name;     /* (owned) (nullable) */
  char      *key;      /* (owned) (nullable) */
} Check;

static void
check_free (gpointer data)
{
  Check *self = data;

  g_free (self->location);
  g_clear_object (&self->config);
  g_free (self->name);
  g_free (self->key);
  g_free (self);
}

static IvlModel *
open_model (const Check   *self,
            GCancellable  *cancellable,
            GError       **error)
{
  if (self->config == NULL)
    return ivl_model_open (self->location, cancellable, error);
  return ivl_config_open_remote (self->config, self->name, self->key, cancellable, error);
}

static void
check (GTask        *task,
       gpointer      source,
       gpointer      data,
       GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModel) model = open_model (data, cancellable, &error);

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

static void
start (const Check         *what,
       GCancellable        *cancellable,
       GAsyncReadyCallback  callback,
       gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_task_data (task, g_memdup2 (what, sizeof *what), check_free);
  g_task_run_in_thread (task, check);
}

void
plug_remote_check_async (const char          *location,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  const Check what = { .location = g_strdup (location) };

  start (&what, cancellable, callback, user_data);
}

void
plug_remote_check_entered_async (IvlConfig           *config,
                                 const char          *name,
                                 const char          *key,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  const Check what = { .config = g_object_ref (config),
                       .name = g_strdup (name),
                       .key = g_strdup (key) };

  start (&what, cancellable, callback, user_data);
}

char *
plug_remote_check_finish (GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
