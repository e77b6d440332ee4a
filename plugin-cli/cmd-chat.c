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
      return TRUE;
    }
  if (!(ivl_model_get_capabilities (chat->model) & IVL_ENGINE_VISION))
    {
      cli_output_error (_ ("%s cannot see pictures"), ivl_model_get_name (chat->model));
      chat->some_failed = TRUE;
      return TRUE;
    }
  image = cli_picture_load (chat->options, file, &error);
  if (image == NULL)
    {
      if (cli_interrupt_get_exit_code () == 0)
        cli_picture_refuse (file, error);
      chat->some_failed = TRUE;
      return TRUE;
    }
  cli_model_announce (chat->model);
  g_ptr_array_add (chat->images, g_steal_pointer (&image));
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
  { "/image", N_ ("FILE: show the model a picture with the next question"), attach_image },
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
  chat->some_failed = TRUE;
  return TRUE;
}

static IvlMessage *
create_message (Chat       *chat,
                const char *text)
{
  IvlMessage *message = ivl_message_new (IVL_ROLE_USER);

  for (guint i = 0; i < chat->images->len; i++)
    ivl_message_add_image (message, g_ptr_array_index (chat->images, i));
  ivl_message_add_text (message, text);
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
      chat->some_failed = TRUE;
      return TRUE;
    }

  message = create_message (chat, text);
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

CliExit
cmd_chat_run (const CliCommand *command,
              int               argc,
              char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlSession) session = NULL;
  g_autoptr (GPtrArray) images = g_ptr_array_new_with_free_func (g_object_unref);
  Chat chat = { .options = &options, .images = images };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_ANSWER | CLI_OPTIONS_TILES |
                              CLI_OPTIONS_PICTURE,
                          NULL, &argc, &argv))
    return CLI_EXIT_USAGE;

  model = cli_model_open (&options, NULL, IVL_ENGINE_CHAT);
  if (model == NULL)
    return CLI_EXIT_MODEL;

  session = ivl_session_new (model);
  chat.model = model;
  chat.session = session;
  chat.interactive = isatty (STDIN_FILENO) && cli_output_is_terminal ();
  for (int i = 1; i < argc; i++)
    attach_image (&chat, argv[i]);
  if (chat.some_failed && images->len == 0)
    return CLI_EXIT_SOME_FAILED;

  run_chat (&chat);
  return chat.some_failed ? CLI_EXIT_SOME_FAILED : CLI_EXIT_DONE;
}
