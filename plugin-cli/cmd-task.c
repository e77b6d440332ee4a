/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl caption, detail, alt, ocr, ask, locate, and every task that a user adds as a file: one
 * question about each of several pictures. What makes the tasks differ is in IvlTask alone. */
#include "cli-answer.h"
#include "cli-interrupt.h"
#include "cli-jobs.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-picture.h"
#include "cli-progress.h"

#include <glib/gi18n.h>

/* A node that is restarted is back within minutes; a person who asks about one picture waits for
 * less, which is the library's own default. */
#define BATCH_PATIENCE (15 * 60)
#define MAX_JOBS 256
/* of an answer that breaks off */
#define MAX_ATTEMPTS 3
#define NO_JOBS G_MININT

typedef struct
{
  const CliCommand *command;
  const CliOptions *options;
  IvlTask          *task;
  IvlModel         *model;
  IvlOptions       *answer_options; /* completed by the task */
  const char       *question; /* (nullable) */
  char            **files;
  guint             n_files;
  guint             n_jobs;
  int               page;    /* from 1 on; 0: all of them, one after the other */
  gboolean          streams; /* answers are shown while they are made */
  guint             n_unreachable; /* pictures in a row that the server did not answer */
  guint             n_refused;     /* that it refused before any was answered */
  gboolean          is_answered;   /* one at least */
  CliExit           exit;
} TaskRun;

/* What is shown of a picture, without the picture itself */
typedef struct
{
  char           *text;    /* (owned) NULL: failed */
  char           *remark;  /* (owned) (nullable) what was said in place of an answer */
  GPtrArray      *regions; /* (owned) (nullable) (element-type IvlRegion) */
  json_t         *objects; /* (owned) an array: one for each page */
  guint           page;    /* the last that was read, from 0 on */
  guint           n_pages;
  IvlFinishReason finish_reason;
  GError         *error;        /* (owned) */
  gboolean        picture_read; /* the failure is not the file's */
} TaskResult;

static void
task_result_free (TaskResult *self)
{
  g_free (self->text);
  g_free (self->remark);
  g_clear_pointer (&self->regions, g_ptr_array_unref);
  json_decref (self->objects);
  g_clear_error (&self->error);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TaskResult, task_result_free)

static json_t *
describe_failure (const TaskRun *run,
                  const char    *file,
                  const GError  *error)
{
  const char *origin = run->model != NULL ? ivl_model_get_origin (run->model) : NULL;

  return cli_output_json_for_file (
      file, json_pack ("{s:s, s:o*, s:o}",
                       "task", ivl_task_get_name (run->task),
                       "origin", origin != NULL ? cli_output_json_string (origin) : NULL,
                       "error", cli_output_json_string (error->message)));
}

static json_t *
describe_answer (const TaskRun *run,
                 const char    *file,
                 IvlImage      *image,
                 IvlReply      *reply,
                 double         seconds)
{
  json_t *object = cli_output_json_for_file (
      file, json_pack ("{s:s, s:o, s:o}",
                       "task", ivl_task_get_name (run->task),
                       "model", cli_output_json_string (ivl_reply_get_model (reply)),
                       "origin", cli_output_json_string (ivl_model_get_origin (run->model))));
  json_t *answer = cli_answer_to_json (reply);
  guint n_cols, n_rows, n_tiles;

  json_object_set_new (json_object_get (answer, "timings"), "total_seconds", json_real (seconds));
  json_object_update_missing (object, answer);
  json_decref (answer);
  if (ivl_model_get_grid (run->model, image, run->answer_options, &n_cols, &n_rows, &n_tiles, NULL))
    json_object_set_new (object, "grid", cli_picture_grid_to_json (n_cols, n_rows, n_tiles));
  cli_picture_add_page (object, ivl_image_get_page (image), ivl_image_get_n_pages (image));
  return object;
}

static void
get_style (const TaskRun  *run,
           const char     *file,
           CliAnswerStyle *style)
{
  *style = (CliAnswerStyle) {
    .subject = cli_picture_get_label (file),
    .prefix = run->n_files > 1 ? file : NULL,
    .show = !run->options->json && !run->command->shows_regions,
    .raw = run->options->raw,
  };
}

/* Nothing of an answer that breaks off is shown, so it can be asked for again: the server went away
 * while it answered, and is waited for as the patience allows. */
static IvlReply *
fetch (const TaskRun  *run,
       IvlMessage     *message,
       GError        **error)
{
  guint n_attempts = ivl_options_get_patience (run->answer_options) == 0 ? 1 : MAX_ATTEMPTS;

  for (guint i = 1;; i++)
    {
      g_autoptr (IvlSession) session = ivl_session_new (run->model);
      g_autoptr (GError) failure = NULL;
      gboolean was_cut;
      IvlReply *reply =
          cli_answer_fetch (session, message, run->answer_options, &was_cut, &failure);

      if (reply != NULL)
        return reply;
      if (was_cut && i < n_attempts && cli_interrupt_get_exit_code () == 0 &&
          g_error_matches (failure, IVL_ERROR, IVL_ERROR_REMOTE_FAILED))
        continue;
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
}

static IvlReply *
ask (const TaskRun  *run,
     const char     *file,
     IvlImage       *image,
     GError        **error)
{
  g_autoptr (IvlMessage) message = NULL;
  g_autoptr (IvlSession) session = NULL;
  CliAnswerStyle style;
  IvlReply *reply;

  message =
      ivl_task_create_message (run->task, image, run->question, run->options->language, error);
  if (message == NULL)
    return NULL;
  if (run->n_jobs > 1)
    return fetch (run, message, error);
  get_style (run, file, &style);
  if (run->streams)
    {
      session = ivl_session_new (run->model);
      return cli_answer_read (session, message, run->answer_options, &style, error);
    }
  cli_progress_start (style.subject, IVL_PHASE_PREFILL);
  reply = fetch (run, message, error);
  cli_progress_hide ();
  return reply;
}

/* One page's answer to the result's. */
static void
add_reply (TaskResult *result,
           GString    *text,
           IvlReply   *reply)
{
  const char *remark = ivl_reply_get_remark (reply);
  const IvlFinishReason reason = ivl_reply_get_finish_reason (reply);

  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append_c (text, '\n');
  g_string_append (text, ivl_reply_get_text (reply));
  if (remark != NULL && result->remark == NULL)
    result->remark = g_strdup (remark);
  if (result->page == 0 || reason != IVL_FINISH_STOP)
    result->finish_reason = reason;
}

static gboolean
answer_page (const TaskRun *run,
             const char    *file,
             TaskResult    *result,
             GString       *text)
{
  const gint64 started = g_get_monotonic_time ();
  g_autoptr (IvlImage) image =
      cli_picture_load_page (run->options, file, result->page, &result->error);
  g_autoptr (IvlReply) reply = NULL;

  result->picture_read = image != NULL;
  if (image != NULL)
    {
      result->n_pages = ivl_image_get_n_pages (image);
      reply = ask (run, file, image, &result->error);
    }
  if (reply == NULL)
    {
      if (run->page == 0 && result->page > 0)
        g_prefix_error (&result->error, _ ("page %u: "), result->page + 1);
      return FALSE;
    }

  add_reply (result, text, reply);
  if (run->options->json)
    json_array_append_new (result->objects,
                           describe_answer (run, file, image, reply,
                                            (double) (g_get_monotonic_time () - started) /
                                                G_TIME_SPAN_SECOND));
  else if (run->command->shows_regions)
    result->regions = ivl_reply_get_regions (reply);
  return TRUE;
}

/* The work of a job: from the file to what is shown of it */
static gpointer
answer_picture (guint    index,
                gpointer data)
{
  const TaskRun *run = data;
  g_autoptr (TaskResult) result = g_new0 (TaskResult, 1);
  g_autoptr (GString) text = g_string_new (NULL);

  result->objects = json_array ();
  result->page = run->page > 0 ? (guint) run->page - 1 : 0;
  for (;;)
    {
      if (!answer_page (run, run->files[index], result, text))
        return g_steal_pointer (&result);
      if (run->page > 0 || result->page + 1 >= result->n_pages)
        break;
      result->page++;
    }
  result->text = g_string_free (g_steal_pointer (&text), FALSE);
  return g_steal_pointer (&result);
}

static void
show_regions (const TaskRun    *run,
              const char       *file,
              const TaskResult *result)
{
  if (result->regions->len == 0)
    cli_output_error (_ ("%s: no place is given in the answer: %s"), cli_picture_get_label (file),
                      result->text);
  for (guint i = 0; i < result->regions->len; i++)
    {
      IvlRegion *region = g_ptr_array_index (result->regions, i);
      const char *name = ivl_region_get_name (region);
      int x, y, width, height;

      ivl_region_get_rectangle (region, &x, &y, &width, &height);
      if (run->n_files > 1)
        {
          cli_output_name (file);
          cli_output_print (": ");
        }
      cli_output_name (name != NULL ? name : "");
      cli_output_print ("%s%dx%d+%d+%d\n", name != NULL ? " " : "", width, height, x, y);
    }
}

/* Whether no other picture can be answered either. A server that was waited for in vain by as many
 * pictures as are asked about at a time is not there, and one that refuses so many before it has
 * answered any refuses the key; a single such picture may be its own fault. */
static gboolean
is_hopeless (TaskRun          *run,
             const TaskResult *result)
{
  if (g_error_matches (result->error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE))
    run->n_unreachable++;
  if (g_error_matches (result->error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED) && !run->is_answered)
    run->n_refused++;
  return MAX (run->n_unreachable, run->n_refused) >= MAX (2, run->n_jobs) ||
         (result->picture_read && cli_model_is_failure (result->error));
}

/* FALSE: the run ends. */
static gboolean
show_failure (TaskRun          *run,
              const char       *file,
              const TaskResult *result)
{
  if (cli_interrupt_get_exit_code () != 0)
    {
      run->exit = CLI_EXIT_SOME_FAILED;
      return FALSE;
    }

  cli_picture_refuse (file, result->error);
  if (run->options->json)
    cli_output_json (describe_failure (run, file, result->error));
  if (run->exit == CLI_EXIT_DONE)
    run->exit = CLI_EXIT_SOME_FAILED;
  if (!is_hopeless (run, result))
    return TRUE;
  run->exit = CLI_EXIT_MODEL;
  return FALSE;
}

static void
show_answer (const TaskRun *run,
             const char    *file,
             TaskResult    *result)
{
  CliAnswerStyle style;

  get_style (run, file, &style);
  if (run->options->json)
    for (gsize i = 0; i < json_array_size (result->objects); i++)
      cli_output_json (json_incref (json_array_get (result->objects, i)));
  else if (run->command->shows_regions)
    show_regions (run, file, result);
  else if (!run->streams)
    cli_answer_show (result->text, &style);
  cli_answer_warn (result->finish_reason, result->remark, style.subject);
  if (run->page > 0)
    cli_picture_tell_page (file, result->page, result->n_pages);
}

/* What a job's result means for the run */
static gboolean
show_result (guint    index,
             gpointer result_pointer,
             gpointer data)
{
  TaskRun *run = data;
  g_autoptr (TaskResult) result = result_pointer;
  gboolean goes_on = TRUE;

  if (run->n_jobs > 1)
    cli_progress_hide ();
  if (result->text == NULL)
    goes_on = show_failure (run, run->files[index], result);
  else
    {
      run->n_unreachable = 0;
      run->is_answered = TRUE;
      show_answer (run, run->files[index], result);
    }
  if (run->n_jobs > 1)
    cli_progress_start_many (index + 1, run->n_files);
  return goes_on && cli_interrupt_get_exit_code () == 0;
}

static CliExit
answer_pictures (TaskRun *run)
{
  const CliJobs jobs = { .work = answer_picture, .show = show_result, .data = run };
  guint n_shown;

  cli_model_announce (run->model);
  if (run->n_jobs > 1)
    cli_progress_start_many (0, run->n_files);
  n_shown = cli_jobs_run (&jobs, run->n_files, run->n_jobs);
  cli_progress_hide ();
  if (!run->is_answered && run->n_unreachable > 0 && run->n_unreachable == n_shown)
    run->exit = CLI_EXIT_MODEL;
  if (n_shown < run->n_files && cli_interrupt_get_exit_code () == 0)
    cli_output_error (_ ("the last %u of %u pictures were not tried"), run->n_files - n_shown,
                      run->n_files);
  return run->exit;
}

/* None of the files can be opened: each is named, as if the model had been asked. */
static CliExit
refuse_all (TaskRun *run)
{
  for (guint i = 0; i < run->n_files && cli_interrupt_get_exit_code () == 0; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlImage) image = cli_picture_load (run->options, run->files[i], &error);

      if (image != NULL)
        continue;
      cli_picture_refuse (run->files[i], error);
      if (run->options->json)
        cli_output_json (describe_failure (run, run->files[i], error));
    }
  return CLI_EXIT_SOME_FAILED;
}

/* Whether the model works in this process: others do not tell their tokens. */
static gboolean
is_here (IvlModel *model)
{
  return (ivl_model_get_capabilities (model) & IVL_ENGINE_TOKENS) != 0;
}

/* How many pictures are asked about at a time; a single one needs no threads. */
static guint
choose_jobs (const TaskRun *run,
             int            wanted)
{
  if (run->n_files == 1)
    return 1;
  return wanted != NO_JOBS ? (guint) wanted : ivl_model_get_parallel (run->model);
}

/* `argv[1]` is the question when none was given by option and the task wants one */
static CliExit
run_task (const CliCommand *command,
          const CliOptions *options,
          const char       *question,
          int               page,
          int               n_jobs,
          int               argc,
          char            **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTask) task = ivl_task_load (command->name, &error);
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlOptions) answer_options = NULL;
  guint tile_size, min_tiles, max_tiles;
  TaskRun run = {
    .command = command, .options = options, .question = question, .page = page
  };
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

  run.task = task;
  run.files = argv + first;
  run.n_files = (guint) (argc - first);
  /* A model takes gigabytes, a look at a file takes nothing. */
  if (!cli_picture_any_is_there (run.files, run.n_files))
    return refuse_all (&run);
  if (run.n_files > 1 && ivl_options_get_patience (options->answer) < 0)
    g_object_set (options->answer, "patience", BATCH_PATIENCE, NULL);
  model = cli_model_open (options, NULL, IVL_ENGINE_CHAT | IVL_ENGINE_VISION);
  if (model == NULL)
    return CLI_EXIT_MODEL;
  answer_options = ivl_task_complete_options (task, options->answer);
  if (!cli_picture_get_budget (answer_options, model, &tile_size, &min_tiles, &max_tiles, &error))
    return cli_options_refuse (command, "%s", error->message);

  run.model = model;
  run.answer_options = answer_options;
  run.n_jobs = choose_jobs (&run, n_jobs);
  /* What has been shown cannot be asked for again, and a server may go away in the middle. */
  run.streams = run.n_jobs == 1 && cli_output_is_terminal () && !options->json &&
                !command->shows_regions && is_here (model);
  return answer_pictures (&run);
}

/* "all", which is 0, or a number from 1 on. What is to be read is read on every page; a place is
 * one of a single page. */
static gboolean
parse_page (const CliCommand *command,
            const char       *text,
            int              *page)
{
  guint64 number;

  *page = g_strcmp0 (command->name, "ocr") == 0 ? 0 : 1;
  if (text == NULL)
    return TRUE;
  if (g_strcmp0 (text, "all") == 0 && !command->shows_regions)
    {
      *page = 0;
      return TRUE;
    }
  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT, &number, NULL))
    return FALSE;
  *page = (int) number;
  return TRUE;
}

CliExit
cmd_task_run (const CliCommand *command,
              int               argc,
              char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autofree char *question = NULL;
  g_autofree char *page_text = NULL;
  int page;
  int n_jobs = NO_JOBS;
  const GOptionEntry asking[] = {
    { "jobs", 0, 0, G_OPTION_ARG_INT, &n_jobs,
      N_ ("Ask about N pictures at a time (a server: 8 by default, a model here: 1)"), "N" },
    { "page", 0, 0, G_OPTION_ARG_STRING, &page_text,
      N_ ("Page of a TIFF file, or all of them (ocr: all by default, others: 1)"), N_ ("N|all") },
    { "question", 'q', 0, G_OPTION_ARG_FILENAME, &question,
      N_ ("What to ask or look for; without it the first argument is the question"), N_ ("TEXT") },
    G_OPTION_ENTRY_NULL,
  };
  const GOptionEntry plain[] = { asking[0], asking[1], G_OPTION_ENTRY_NULL };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_ANSWER | CLI_OPTIONS_TILES |
                            CLI_OPTIONS_PICTURE | CLI_OPTIONS_JSON,
                          command->asks ? asking : plain, &argc, &argv))
    return CLI_EXIT_USAGE;
  if (n_jobs != NO_JOBS && (n_jobs < 1 || n_jobs > MAX_JOBS))
    return cli_options_refuse (command, _ ("--jobs must be between 1 and %d"), MAX_JOBS);

  if (!parse_page (command, page_text, &page))
    return cli_options_refuse (command, _ ("--page must be a number from 1 on, or \"all\""));

  return run_task (command, &options, question, page, n_jobs, argc, argv);
}
