/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what the user said to an opened model that can do what the command needs. */
#include "cli-model.h"

#include "cli-interrupt.h"
#include "cli-output.h"
#include "cli-progress.h"

#include <glib/gi18n.h>
#include <string.h>

static gboolean
check_capabilities (IvlModel              *model,
                    IvlEngineCapabilities  needs)
{
  IvlEngineCapabilities missing = needs & ~ivl_model_get_capabilities (model);
  const char *name = ivl_model_get_name (model);

  if (missing & IVL_ENGINE_VISION)
    cli_output_error (_ ("%s cannot see pictures"), name);
  else if (missing & IVL_ENGINE_CHAT)
    cli_output_error (_ ("%s does not answer in text"), name);
  else if (missing & IVL_ENGINE_EMBED)
    cli_output_error (_ ("%s gives no picture features"), name);
  else if (missing & IVL_ENGINE_TOKENS)
    cli_output_error (_ ("%s does not tell its tokens"), name);
  return missing == 0;
}

IvlModel *
cli_model_open (const CliOptions      *options,
                const char            *name,
                IvlEngineCapabilities  needs)
{
  g_autofree char *location = NULL;
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (GError) error = NULL;

  location = ivl_model_find (name != NULL ? name : options->model, &error);
  if (location == NULL)
    {
      cli_output_error ("%s", error->message);
      return NULL;
    }

  cli_progress_set_place (location);
  cli_progress_start (location, IVL_PHASE_LOAD);
  model = ivl_model_open_patient (location, ivl_options_get_patience (options->answer),
                                  cli_progress_report, NULL, cli_interrupt_get_cancellable (),
                                  &error);
  cli_progress_hide ();
  if (model == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        cli_output_error ("%s", error->message);
      return NULL;
    }

  cli_progress_set_place (ivl_model_get_origin (model));
  return check_capabilities (model, needs) ? g_steal_pointer (&model) : NULL;
}

gboolean
cli_model_is_failure (const GError *error)
{
  return g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA) ||
         g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED) ||
         g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
}

void
cli_model_announce (IvlModel *model)
{
  static gboolean announced;
  const char *origin = ivl_model_get_origin (model);

  if (announced || strcmp (origin, "this computer") == 0)
    return;
  announced = TRUE;
  cli_output_error (_ ("Pictures go to %s"), origin);
}
