/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one opened model of the process, and what to say when it cannot be opened. */
#include "plug-models.h"

#include "plug-advice.h"
#include "plug-settings.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>

#define SERVICE "service:"
#define REMOTE "remote:"

static IvlModel *opened;          /* (owned) (nullable) */
static char     *opened_location; /* (owned) (nullable) */
static char     *opened_stamp;    /* (owned) (nullable): state of the configuration before that */

/* What a thread opens, and whom it tells */
typedef struct
{
  char           *location;
  char           *stamp;
  IvlProgressFunc progress; /* (nullable) */
  gpointer        data;
  GDestroyNotify  notify; /* (nullable) */
  GMainContext   *context;
} Opening;

/* One report on its way to the main loop; holds its task, and so the opening */
typedef struct
{
  GTask   *task;
  IvlPhase phase;
  guint64  done;
  guint64  total;
} Report;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  if (opening->notify != NULL)
    opening->notify (opening->data);
  g_main_context_unref (opening->context);
  g_free (opening->location);
  g_free (opening->stamp);
  g_free (opening);
}

static const char *
get_location (void)
{
  return plug_settings_get_location (plug_settings_get ());
}

/* Another one means another configuration file, whoever has changed it (transfer full) */
static char *
get_stamp (void)
{
  g_autofree char *path =
      g_build_filename (g_get_user_config_dir (), "ivl", "ivl.conf", NULL);
  struct stat info;

  if (stat (path, &info) != 0)
    return g_strdup ("");
  return g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld",
                          (guint64) info.st_ino, (gint64) info.st_size,
                          (gint64) info.st_mtim.tv_sec, (long) info.st_mtim.tv_nsec);
}

IvlModel *
plug_models_get (void)
{
  g_autofree char *stamp = opened != NULL ? get_stamp () : NULL;

  return g_strcmp0 (opened_location, get_location ()) == 0 && g_strcmp0 (opened_stamp, stamp) == 0
             ? opened
             : NULL;
}

void
plug_models_forget (IvlModel *model)
{
  if (model != NULL && model != opened)
    return;
  g_clear_object (&opened);
  g_clear_pointer (&opened_location, g_free);
  g_clear_pointer (&opened_stamp, g_free);
}

static gboolean
deliver_report (gpointer data)
{
  Report *report = data;
  Opening *opening = g_task_get_task_data (report->task);

  if (!g_task_get_completed (report->task))
    opening->progress (report->phase, report->done, report->total, opening->data);
  return G_SOURCE_REMOVE;
}

static void
report_free (gpointer data)
{
  Report *report = data;

  g_object_unref (report->task);
  g_free (report);
}

static void
send_report (IvlPhase phase,
             guint64  done,
             guint64  total,
             gpointer data)
{
  GTask *task = data;
  Opening *opening = g_task_get_task_data (task);
  g_autoptr (GSource) source = NULL;
  Report *report;

  if (opening->progress == NULL)
    return;
  report = g_new0 (Report, 1);
  report->task = g_object_ref (task);
  report->phase = phase;
  report->done = done;
  report->total = total;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, deliver_report, report, report_free);
  g_source_attach (source, opening->context);
}

/* Whether a model folder can be used at all: a service that dies of it says so in its own log
 * only. */
static gboolean
check_folder (const char  *folder,
              GError     **error)
{
  g_autoptr (IvlModelInfo) info = NULL;
  g_auto (GStrv) problems = NULL;

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_MODEL_MISSING,
                   _ ("There is no folder %s."), folder);
      return FALSE;
    }
  info = ivl_model_info_new_for_folder (folder, error);
  if (info == NULL)
    return FALSE;
  problems = ivl_model_info_get_problems (info);
  if (problems[0] == NULL)
    return plug_advice_check_memory (ivl_model_info_get_memory_needed (info), error);
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, problems[0]);
  return FALSE;
}

/* Why the user's own service does not start, where that can be seen from here. TRUE: it cannot. */
static gboolean
check_service (const char  *location,
               GError     **error)
{
  const char *name = location + strlen (SERVICE);
  g_autoptr (GError) failure = NULL;
  g_autofree char *folder =
      *name != '\0' ? ivl_model_find (name, &failure) : ivl_model_find_local (&failure);
  g_auto (GStrv) installed = ivl_model_list_installed ();

  if (folder != NULL)
    return ivl_model_is_server (folder) || check_folder (folder, error);
  if (g_error_matches (failure, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    g_set_error_literal (error, PLUG_ADVICE_ERROR,
                         installed[0] == NULL ? PLUG_ADVICE_ERROR_NO_MODEL
                                              : PLUG_ADVICE_ERROR_MODEL_MISSING,
                         failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

/* Says what a failure comes from, if more can be known. failure: (transfer full) */
static GError *
explain_failure (const char *location,
                 GError     *failure)
{
  GError *cause = NULL;

  if (g_str_has_prefix (location, SERVICE) &&
      (g_error_matches (failure, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE) ||
       g_error_matches (failure, IVL_ERROR, IVL_ERROR_NOT_FOUND)) &&
      !check_service (location, &cause))
    {
      g_error_free (failure);
      return cause;
    }
  if (g_error_matches (failure, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    {
      failure->domain = PLUG_ADVICE_ERROR;
      failure->code = PLUG_ADVICE_ERROR_MODEL_MISSING;
    }
  return failure;
}

/* "service:" is content with whatever model the service has; the one that the window names is meant
 * (transfer full) */
static char *
name_usual_model (const char *location)
{
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (strcmp (location, SERVICE) == 0)
    folder = ivl_model_find_local (NULL);
  if (folder == NULL)
    return g_strdup (location);
  path = g_canonicalize_filename (folder, NULL);
  return g_strconcat (SERVICE, path, NULL);
}

static void
open_in_thread (GTask        *task,
                gpointer      source,
                gpointer      data,
                GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;
  g_autofree char *location = name_usual_model (opening->location);
  IvlModel *model = ivl_model_open_full (location, send_report, task, cancellable, &error);

  if (model == NULL)
    {
      g_task_return_error (task, explain_failure (opening->location, error));
      return;
    }
  if (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION)
    {
      g_task_return_pointer (task, model, g_object_unref);
      return;
    }
  g_task_return_new_error (task, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                           _ ("The model %s takes no pictures."), ivl_model_get_name (model));
  g_object_unref (model);
}

void
plug_models_open_async (IvlProgressFunc      progress,
                        gpointer             data,
                        GDestroyNotify       notify,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Opening *opening = g_new0 (Opening, 1);

  opening->location = g_strdup (get_location ());
  opening->stamp = get_stamp ();
  opening->progress = progress;
  opening->data = data;
  opening->notify = notify;
  opening->context = g_main_context_ref_thread_default ();
  g_task_set_source_tag (task, plug_models_open_async);
  g_task_set_task_data (task, opening, opening_free);
  if (plug_models_get () != NULL)
    g_task_return_pointer (task, g_object_ref (opened), g_object_unref);
  else
    g_task_run_in_thread (task, open_in_thread);
}

IvlModel *
plug_models_open_finish (GAsyncResult  *result,
                         GError       **error)
{
  Opening *opening;
  IvlModel *model;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  opening = g_task_get_task_data (G_TASK (result));
  model = g_task_propagate_pointer (G_TASK (result), error);
  if (model == NULL || strcmp (opening->location, get_location ()) != 0)
    return model;
  /* Another conversation may have been quicker */
  if (plug_models_get () != NULL)
    {
      g_object_unref (model);
      return g_object_ref (opened);
    }
  g_set_object (&opened, model);
  g_free (opened_location);
  opened_location = g_strdup (opening->location);
  g_free (opened_stamp);
  opened_stamp = g_strdup (opening->stamp);
  return model;
}

char *
plug_models_find_origin (GError **error)
{
  return ivl_model_find_origin (get_location (), error);
}

gboolean
plug_models_is_remote (void)
{
  return ivl_model_is_remote (get_location ());
}

gboolean
plug_models_is_service (void)
{
  return g_str_has_prefix (get_location (), SERVICE);
}

char *
plug_models_find_name (void)
{
  const char *location = get_location ();
  const char *model = strchr (location, '#');
  g_autofree char *folder = NULL;

  if (plug_models_get () != NULL)
    return g_strdup (ivl_model_get_name (opened));
  if (ivl_model_is_server (location) && !g_str_has_prefix (location, SERVICE))
    {
      if (model == NULL && g_str_has_prefix (location, REMOTE))
        model = location + strlen (REMOTE) - 1;
      return g_strdup (model != NULL ? model + 1 : "");
    }
  if (g_str_has_prefix (location, SERVICE))
    location += strlen (SERVICE);
  folder = *location != '\0' ? ivl_model_find (location, NULL) : ivl_model_find_local (NULL);
  return folder != NULL && !ivl_model_is_server (folder) ? g_path_get_basename (folder)
                                                         : g_strdup ("");
}
