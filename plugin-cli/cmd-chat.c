/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl chat: a conversation in the terminal, about pictures or not. */
#include "cli-answer.h"
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-picture.h"
#include "cli-prompt.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const CliOptions *options;
  IvlModel         *model;
  IvlSession       *session;
  GPtrArray        *images; /* (element-type IvlImage) they go with the next question */
  gboolean          interactive;
  gboolean          some_failed;
  gboolean          model_failed; /* no other answer can come either */
  IvlTask          *task;   /* (owned by the caller) its wording asks for the language */
} Chat;

typedef struct
{
  const char *name;
  const char *help; /* translatable */
  /* `rest`: what follows the name; FALSE ends the conversation */
  gboolean (*run) (Chat *chat, const char *rest);
} ChatVerb;

static gboolean show_verbs (Chat *chat, const char *rest);

static gboolean
attach_image (Chat       *chat,
              const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = NULL;

  if (*file == '\0')
    {
      cli_output_error (_ ("no picture is given"));
      return FALSE;
    }
  if (!(ivl_model_get_capabilities (chat->model) & IVL_ENGINE_VISION))
    {
      cli_output_error (_ ("%s cannot see pictures"), ivl_model_get_name (chat->model));
      return FALSE;
    }
  image = cli_picture_load (chat->options, file, &error);
  if (image == NULL)
    {
      if (cli_interrupt_get_exit_code () == 0)
        cli_picture_refuse (file, error);
      return FALSE;
    }
  cli_model_announce (chat->model);
  g_ptr_array_add (chat->images, g_steal_pointer (&image));
  return TRUE;
}

/* A script's failures count; a person sees them and types again. */
static void
note_failure (Chat *chat)
{
  chat->some_failed = chat->some_failed || !chat->interactive;
}

/* `rest` as a shell reads it: ~, quotes and backslashes. A name with spaces can also stand without
 * quotes. */
static gboolean
show_image (Chat       *chat,
            const char *rest)
{
  g_auto (GStrv) words = NULL;
  g_autofree char *path = NULL;

  if (strpbrk (rest, "\"'\\") != NULL && g_shell_parse_argv (rest, NULL, &words, NULL) &&
      !g_file_test (rest, G_FILE_TEST_EXISTS))
    rest = words[1] == NULL ? words[0] : rest;
  path = g_str_has_prefix (rest, "~/") ? g_build_filename (g_get_home_dir (), rest + 2, NULL)
                                       : g_strdup (rest);
  if (!attach_image (chat, path))
    note_failure (chat);
  return TRUE;
}

static gboolean
reset_chat (Chat       *chat,
            const char *rest)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (chat->images, 0);
  if (!ivl_session_reset (chat->session, &error))
    cli_output_error ("%s", error->message);
  return TRUE;
}

static gboolean
quit_chat (Chat       *chat,
           const char *rest)
{
  return FALSE;
}

static const ChatVerb chat_verbs[] = {
  { "/help", N_ ("show these lines"), show_verbs },
  { "/image", N_ ("FILE: show the model a picture with the next question"), show_image },
  { "/reset", N_ ("forget everything said and shown"), reset_chat },
  { "/quit", N_ ("leave"), quit_chat },
};

static gboolean
show_verbs (Chat       *chat,
            const char *rest)
{
  for (gsize i = 0; i < G_N_ELEMENTS (chat_verbs); i++)
    cli_output_print ("%-8s %s\n", chat_verbs[i].name, _ (chat_verbs[i].help));
  return TRUE;
}

static gboolean
run_verb (Chat       *chat,
          const char *line)
{
  gsize length = strcspn (line, " \t");
  g_autofree char *rest = g_strstrip (g_strdup (line + length));

  for (gsize i = 0; i < G_N_ELEMENTS (chat_verbs); i++)
    if (strlen (chat_verbs[i].name) == length && strncmp (line, chat_verbs[i].name, length) == 0)
      return chat_verbs[i].run (chat, rest);
  cli_output_error (_ ("“%s” is no command here; /help shows those there are"), line);
  note_failure (chat);
  return TRUE;
}

/* The pictures, the person's words, and what asks for the language if one is named */
static IvlMessage *
create_message (Chat        *chat,
                const char  *text,
                GError     **error)
{
  g_autoptr (IvlMessage) words =
      ivl_task_create_message (chat->task, NULL, text, chat->options->language, error);
  IvlMessage *message;

  if (words == NULL)
    return NULL;
  message = ivl_message_new (IVL_ROLE_USER);
  for (guint i = 0; i < chat->images->len; i++)
    ivl_message_add_image (message, g_ptr_array_index (chat->images, i));
  for (guint i = 0; i < ivl_message_get_n_parts (words); i++)
    if (ivl_message_get_part_kind (words, i) == IVL_PART_TEXT)
      ivl_message_add_text (message, ivl_message_get_part_text (words, i));
    else
      ivl_message_add_prompt (message, ivl_message_get_part_text (words, i));
  return message;
}

/* FALSE ends the conversation: the process is asked to stop */
static gboolean
ask (Chat       *chat,
     const char *text)
{
  g_autoptr (IvlMessage) message = NULL;
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) error = NULL;
  CliAnswerStyle style = { .subject = ivl_model_get_name (chat->model),
                           .show = TRUE,
                           .raw = chat->options->raw };

  if (!g_utf8_validate (text, -1, NULL))
    {
      cli_output_error (_ ("the question is not valid UTF-8"));
      note_failure (chat);
      return TRUE;
    }

  message = create_message (chat, text, &error);
  if (message != NULL)
    reply = cli_answer_read (chat->session, message, chat->options->answer, &style, &error);
  if (reply != NULL)
    {
      g_ptr_array_set_size (chat->images, 0);
      cli_answer_warn (ivl_reply_get_finish_reason (reply), NULL, style.subject);
      return TRUE;
    }
  if (cli_interrupt_get_exit_code () != 0)
    return chat->interactive && cli_interrupt_forget ();

  cli_output_error ("%s", error->message);
  chat->some_failed = TRUE;
  chat->model_failed = cli_model_is_failure (error) ||
                       g_error_matches (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE);
  return TRUE;
}

static void
run_chat (Chat *chat)
{
  gboolean goes_on = TRUE;

  cli_prompt_init ();
  if (chat->interactive)
    {
      g_autofree char *place = g_strdup_printf (_ ("%s at %s"), ivl_model_get_name (chat->model),
                                                ivl_model_get_origin (chat->model));
      gboolean is_here = strcmp (ivl_model_get_origin (chat->model), "this computer") == 0;

      cli_output_name (is_here ? ivl_model_get_name (chat->model) : place);
      cli_output_print (
          _ (". /help shows what can be done here; Ctrl-C stops an answer, Ctrl-D leaves.\n"));
    }

  while (goes_on)
    {
      g_autofree char *line = cli_prompt_read ("> ");

      if (line == NULL)
        break;
      g_strstrip (line);
      if (*line == '/')
        goes_on = run_verb (chat, line);
      else if (*line != '\0')
        goes_on = ask (chat, line);
    }

  if (chat->interactive)
    cli_output_print ("\n");
  cli_prompt_finish ();
}

/* None of the pictures can be opened: a model is not opened for that */
static CliExit
refuse_pictures (const CliOptions *options,
                 char            **files)
{
  for (; *files != NULL; files++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlImage) image = cli_picture_load (options, *files, &error);

      if (image == NULL && cli_interrupt_get_exit_code () == 0)
        cli_picture_refuse (*files, error);
    }
  return CLI_EXIT_SOME_FAILED;
}

CliExit
cmd_chat_run (const CliCommand *command,
              int               argc,
              char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlSession) session = NULL;
  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (IvlTask) task = NULL;
  g_autoptr (IvlMessage) trial = NULL;
  g_autoptr (GError) error = NULL;
  Chat chat = { .options = &options, .images = images };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_ANSWER | CLI_OPTIONS_TILES |
                              CLI_OPTIONS_PICTURE,
                          NULL, &argc, &argv))
    return CLI_EXIT_USAGE;
  task = ivl_task_load ("ask", &error);
  if (task != NULL)
    trial = ivl_task_create_message (task, NULL, "?", options.language, &error);
  if (trial == NULL)
    return cli_options_refuse (command, "%s", error->message);
  if (argc > 1 && !cli_picture_any_is_there (argv + 1, (guint) (argc - 1)))
    return refuse_pictures (&options, argv + 1);

  chat.task = task;
  model = cli_model_open (&options, NULL, IVL_ENGINE_CHAT);
  if (model == NULL)
    return CLI_EXIT_MODEL;

  session = ivl_session_new (model);
  chat.model = model;
  chat.session = session;
  chat.interactive = isatty (STDIN_FILENO) && cli_output_is_terminal ();
  for (int i = 1; i < argc; i++)
    if (!attach_image (&chat, argv[i]))
      chat.some_failed = TRUE;
  if (chat.some_failed && images->len == 0)
    return CLI_EXIT_SOME_FAILED;

  run_chat (&chat);
  if (chat.model_failed)
    return CLI_EXIT_MODEL;
  return chat.some_failed ? CLI_EXIT_SOME_FAILED : CLI_EXIT_DONE;
}
