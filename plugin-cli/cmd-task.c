/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl caption, detail, alt, ocr, ask, locate, and every task that a user adds as a file: one
 * question about each of several pictures. What makes the tasks differ is in IvlTask alone. */
#include "cli-answer.h"
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-picture.h"

#include <glib/gi18n.h>

typedef struct
{
  const CliCommand *command;
  const CliOptions *options;
  IvlTask          *task;
  IvlModel         *model;
  IvlOptions       *answer_options; /* completed by the task */
  const char       *question; /* (nullable) */
  gboolean          several;
} TaskRun;

typedef enum
{
  STEP_DONE,
  STEP_FAILED,      /* this picture; others go on */
  STEP_MODEL,       /* no picture can be answered */
  STEP_INTERRUPTED,
} TaskStep;

/* Pictures are read before the model sees them, so what goes wrong later and is no matter of one
 * picture's size is a matter of the model's files. */
static gboolean
is_model_failure (const GError *error)
{
  return g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA) ||
         g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED) ||
         g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
}

static TaskStep
report_failure (const TaskRun *run,
                const char    *file,
                const GError  *error,
                gboolean       picture_read)
{
  json_t *object;

  if (cli_interrupt_get_exit_code () != 0)
    return STEP_INTERRUPTED;

  cli_picture_refuse (file, error);
  if (run->options->json)
    {
      object = json_pack ("{s:o, s:s, s:o}",
                          "file", cli_output_json_string (file),
                          "task", ivl_task_get_name (run->task),
                          "error", cli_output_json_string (error->message));
      cli_output_json (object);
    }
  return picture_read && is_model_failure (error) ? STEP_MODEL : STEP_FAILED;
}

static void
show_regions (const TaskRun *run,
              const char    *file,
              IvlReply      *reply)
{
  g_autoptr (GPtrArray) regions = ivl_reply_get_regions (reply);

  if (regions->len == 0)
    cli_output_error (_ ("%s: no place is given in the answer: %s"), cli_picture_get_label (file),
                      ivl_reply_get_text (reply));
  for (guint i = 0; i < regions->len; i++)
    {
      IvlRegion *region = g_ptr_array_index (regions, i);
      const char *name = ivl_region_get_name (region);
      int x, y, width, height;

      ivl_region_get_rectangle (region, &x, &y, &width, &height);
      if (run->several)
        {
          cli_output_name (file);
          cli_output_print (": ");
        }
      cli_output_name (name != NULL ? name : "");
      cli_output_print ("%s%dx%d+%d+%d\n", name != NULL ? " " : "", width, height, x, y);
    }
}

static void
show_json (const TaskRun *run,
           const char    *file,
           IvlImage      *image,
           IvlReply      *reply,
           double         seconds)
{
  json_t *object = json_pack ("{s:o, s:s, s:s}",
                              "file", cli_output_json_string (file),
                              "task", ivl_task_get_name (run->task),
                              "model", ivl_model_get_name (run->model));
  json_t *answer = cli_answer_to_json (reply);
  guint n_cols, n_rows, n_tiles;

  json_object_set_new (json_object_get (answer, "timings"), "total_seconds", json_real (seconds));
  json_object_update_missing (object, answer);
  json_decref (answer);
  if (ivl_model_get_grid (run->model, image, run->answer_options, &n_cols, &n_rows, &n_tiles, NULL))
    json_object_set_new (object, "grid", cli_picture_grid_to_json (n_cols, n_rows, n_tiles));
  cli_output_json (object);
}

static TaskStep
answer_picture (const TaskRun *run,
                const char    *file)
{
  gint64 started = g_get_monotonic_time ();
  g_autoptr (IvlSession) session = ivl_session_new (run->model);
  g_autoptr (IvlMessage) message = NULL;
  g_autoptr (IvlImage) image = NULL;
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  CliAnswerStyle style = {
    .subject = cli_picture_get_label (file),
    .prefix = run->several ? file : NULL,
    .show = !run->options->json && !run->command->shows_regions,
    .raw = run->options->raw,
  };

  image = cli_picture_load (run->options, file, &error);
  if (image == NULL)
    return report_failure (run, file, error, FALSE);

  message =
      ivl_task_create_message (run->task, image, run->question, run->options->language, &error);
  if (message == NULL)
    return report_failure (run, file, error, FALSE);

  reply = cli_answer_read (session, message, run->answer_options, &style, &error);
  if (reply == NULL)
    return report_failure (run, file, error, TRUE);

  if (run->options->json)
    show_json (run, file, image, reply,
               (double) (g_get_monotonic_time () - started) / G_TIME_SPAN_SECOND);
  else if (run->command->shows_regions)
    show_regions (run, file, reply);
  cli_answer_warn (reply, style.subject);
  return STEP_DONE;
}

static CliExit
answer_pictures (const TaskRun  *run,
                 char          **files,
                 int             n_files)
{
  CliExit result = CLI_EXIT_DONE;

  for (int i = 0; i < n_files; i++)
    switch (answer_picture (run, files[i]))
      {
      case STEP_FAILED:
        result = CLI_EXIT_SOME_FAILED;
        break;
      case STEP_MODEL:
        return CLI_EXIT_MODEL;
      case STEP_INTERRUPTED:
        return CLI_EXIT_SOME_FAILED;
      case STEP_DONE:
      default:
        break;
      }

  return result;
}

/* `argv[1]` is the question when none was given by option and the task wants one */
static CliExit
run_task (const CliCommand *command,
          const CliOptions *options,
          const char       *question,
          int               argc,
          char            **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTask) task = ivl_task_load (command->name, &error);
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlOptions) answer_options = NULL;
  guint tile_size, min_tiles, max_tiles;
  TaskRun run = { .command = command, .options = options, .question = question };
  int first = 1;

  if (task == NULL)
    return cli_options_refuse (command, "%s", error->message);
  if (!ivl_task_get_needs_text (task) && question != NULL)
    return cli_options_refuse (command, _ ("this command takes no question"));
  if (ivl_task_get_needs_text (task) && question == NULL && argc > first)
    run.question = argv[first++];
  if (ivl_task_get_needs_text (task) && (run.question == NULL || *run.question == '\0'))
    return cli_options_refuse (command, _ ("the question is missing"));
  if (argc <= first)
    return cli_options_refuse (command, _ ("no picture is given"));
  if (run.question != NULL && !g_utf8_validate (run.question, -1, NULL))
    return cli_options_refuse (command, _ ("the question is not valid UTF-8"));

  model = cli_model_open (options, NULL, IVL_ENGINE_CHAT | IVL_ENGINE_VISION);
  if (model == NULL)
    return CLI_EXIT_MODEL;
  answer_options = ivl_task_complete_options (task, options->answer);
  if (!cli_picture_get_budget (answer_options, model, &tile_size, &min_tiles, &max_tiles, &error))
    return cli_options_refuse (command, "%s", error->message);

  run.task = task;
  run.model = model;
  run.answer_options = answer_options;
  run.several = argc - first > 1;
  return answer_pictures (&run, argv + first, argc - first);
}

CliExit
cmd_task_run (const CliCommand *command,
              int               argc,
              char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autofree char *question = NULL;
  const GOptionEntry extra[] = {
    { "question", 'q', 0, G_OPTION_ARG_STRING, &question,
      N_ ("What to ask or look for; without it the first argument is the question"), N_ ("TEXT") },
    G_OPTION_ENTRY_NULL,
  };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_ANSWER | CLI_OPTIONS_TILES |
                            CLI_OPTIONS_PICTURE | CLI_OPTIONS_JSON,
                          command->asks ? extra : NULL, &argc, &argv))
    return CLI_EXIT_USAGE;

  return run_task (command, &options, question, argc, argv);
}
