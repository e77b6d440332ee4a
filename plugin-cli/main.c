/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command `ivl`: the table of sub-commands, and the way from the command line to one of its
 * rows. */
#include "cli-command.h"

#include "cli-interrupt.h"
#include "cli-output.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const CliCommand commands[] = {
  { .name = "caption",
    .run = cmd_task_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Say in one sentence what a picture shows"),
    .examples = { "caption photo.jpg", "caption --json *.jpg > captions.jsonl",
                  "caption --lang de -m ~/models/InternVL2_5-1B photo.jpg" } },
  { .name = "detail",
    .run = cmd_task_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Describe a picture at length"),
    .examples = { "detail photo.jpg", "detail --max-tokens 300 photo.jpg" } },
  { .name = "alt",
    .run = cmd_task_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Write alternative text for people who do not see the picture"),
    .examples = { "alt banner.png", "alt --lang fr *.webp" } },
  { .name = "ocr",
    .run = cmd_task_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Read the text in a picture"),
    .examples = { "ocr receipt.jpg", "ocr --max-tiles 24 page.png", "ocr - < scan.png" } },
  { .name = "ask",
    .run = cmd_task_run,
    .arguments = N_ ("QUESTION IMAGE…"),
    .asks = TRUE,
    .summary = N_ ("Answer a question about a picture"),
    .examples = { "ask \"How many people are there?\" photo.jpg",
                  "ask -q \"Is it raining?\" *.jpg" } },
  { .name = "locate",
    .run = cmd_task_run,
    .arguments = N_ ("THING IMAGE…"),
    .asks = TRUE,
    .shows_regions = TRUE,
    .summary = N_ ("Find something in a picture: its name, WIDTHxHEIGHT+X+Y in pixels"),
    .examples = { "locate \"the dog\" photo.jpg", "locate --json -q \"the dog\" *.jpg" } },
  { .name = "chat",
    .run = cmd_chat_run,
    .arguments = N_ ("[IMAGE…]"),
    .summary = N_ ("Talk with a model in the terminal, about pictures or not"),
    .examples = { "chat photo.jpg", "chat before.jpg after.jpg" } },
  { .name = "info",
    .run = cmd_info_run,
    .arguments = N_ ("[MODEL]"),
    .summary = N_ ("Tell what a model folder or server holds, needs and lacks"),
    .examples = { "info ~/models/InternVL2_5-1B", "info --json" } },
  { .name = "tiles",
    .run = cmd_tiles_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Show how a picture is cut into tiles"),
    .examples = { "tiles photo.jpg", "tiles --max-tiles 6 -o tiles photo.jpg" } },
  { .name = "embed",
    .run = cmd_embed_run,
    .arguments = N_ ("IMAGE…"),
    .summary = N_ ("Write the features of pictures, or rank pictures by likeness"),
    .examples = { "embed -o features.npy *.jpg", "embed --json photo.jpg",
                  "embed --similar this.jpg *.jpg" } },
  { .name = "tokenize",
    .run = cmd_tokenize_run,
    .arguments = N_ ("[TEXT…]"),
    .summary = N_ ("Turn text into the model's tokens, or back"),
    .examples = { "tokenize \"a red circle\"", "tokenize --decode 785 2035 374" } },
  { .name = "serve",
    .run = cmd_serve_run,
    .summary = N_ ("Answer other programs on this computer, or on the network"),
    .examples = { "serve", "serve --listen 127.0.0.1:8080 -m ~/models/InternVL2_5-1B",
                  "serve --listen 0.0.0.0:8080 --api-key-file keys.txt" } },
  { .name = "doctor",
    .run = cmd_doctor_run,
    .summary = N_ ("Check models, memory and servers, and say what to do"),
    .examples = { "doctor", "doctor --local-only --json" } },
  { .name = "bench",
    .run = cmd_bench_run,
    .arguments = N_ ("[MODEL]"),
    .summary = N_ ("Measure how fast a model is here"),
    .examples = { "bench ~/models/InternVL2_5-1B", "bench --json" } },
};

static const CliCommand *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (name, commands[i].name) == 0)
      return &commands[i];
  return NULL;
}

/* Those that a user has added as files, in the same list as the built-in ones */
static void
show_installed_tasks (void)
{
  g_auto (GStrv) tasks = ivl_task_list ();

  for (gsize i = 0; tasks[i] != NULL; i++)
    {
      g_autoptr (IvlTask) task =
          find_command (tasks[i]) == NULL ? ivl_task_load (tasks[i], NULL) : NULL;
      g_autofree char *title = task != NULL ? ivl_task_get_title (task, NULL) : NULL;

      if (title == NULL)
        continue;
      cli_output_print ("  %-9s ", tasks[i]);
      cli_output_name (title);
      cli_output_print ("\n");
    }
}

static void
show_help (void)
{
  cli_output_print ("%s\n\n  ivl %s\n\n%s\n", _ ("Usage:"), _ ("COMMAND [OPTION…] [ARGUMENT…]"),
                    _ ("Commands:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    cli_output_print ("  %-9s %s\n", commands[i].name, _ (commands[i].summary));
  show_installed_tasks ();
  cli_output_print ("\n%s\n", _ ("Examples:"));
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    cli_output_print ("  ivl %s\n", commands[i].examples[0]);
  cli_output_print (
      "\n%s\n", _ ("“ivl help COMMAND” shows the options of a command. An IMAGE “-” is read from "
                   "standard input.\nThe model is found by --model, IVL_MODEL, the configuration "
                   "file ivl/ivl.conf, or in ivl/models\nunder the user's data folder."));
}

static gboolean
is_installed_task (const char *name)
{
  g_auto (GStrv) tasks = ivl_task_list ();

  return g_strv_contains ((const char *const *) tasks, name);
}

/* A task that a user has added as a file is a command too */
static CliExit
run_installed_task (int    argc,
                    char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTask) task = ivl_task_load (argv[0], &error);
  g_autofree char *title = NULL;
  CliCommand command = { .name = argv[0], .run = cmd_task_run };

  if (task == NULL)
    {
      cli_output_error ("%s", error->message);
      return CLI_EXIT_USAGE;
    }
  title = ivl_task_get_title (task, NULL);
  command.summary = title;
  command.asks = ivl_task_get_needs_text (task);
  command.arguments = command.asks ? N_ ("QUESTION IMAGE…") : N_ ("IMAGE…");
  return cmd_task_run (&command, argc, argv);
}

static CliExit
run_command (int    argc,
             char **argv)
{
  const CliCommand *command = find_command (argv[0]);

  if (command != NULL)
    return command->run (command, argc, argv);
  if (is_installed_task (argv[0]))
    return run_installed_task (argc, argv);

  cli_output_error (_ ("there is no command “%s”; “ivl --help” lists them"), argv[0]);
  return CLI_EXIT_USAGE;
}

/* Whatever is opened later must not get the number of a stream that whoever started this has
 * closed: messages would be written into it. */
static void
open_missing_streams (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) < 0 && errno == EBADF && open ("/dev/null", O_RDWR) != fd)
      _exit (CLI_EXIT_SOME_FAILED);
}

/* What the library says goes the way of all other messages. */
static void
on_log (const char     *domain,
        GLogLevelFlags  level,
        const char     *message,
        gpointer        data)
{
  cli_output_error ("%s", message);
}

/* Misspelt names in the configuration file do nothing: better said than searched for. */
static void
tell_unread_names (void)
{
  g_autoptr (GPtrArray) findings = ivl_doctor_check_names ();
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint i = 0; i < findings->len; i++)
    g_string_append_printf (line, "%s%s", i > 0 ? "; " : "",
                            ivl_finding_get_message (g_ptr_array_index (findings, i)));
  if (line->len > 0)
    cli_output_error (_ ("ivl.conf: %s (“ivl doctor” tells more)"), line->str);
}

/* The user's service is this program: the library does not start whatever links it. */
static void
offer_to_serve (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *quoted = self != NULL ? g_shell_quote (self) : NULL;

  if (quoted != NULL)
    g_setenv ("IVL_SERVE_COMMAND", quoted, FALSE);
}

int
main (int    argc,
      char **argv)
{
  char help_option[] = "--help";
  CliExit result;
  int signal_code;

  open_missing_streams ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("ivl");
  signal (SIGPIPE, SIG_IGN);
  cli_interrupt_init ();
  offer_to_serve ();
  g_log_set_handler ("Ivl", G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_WARNING, on_log, NULL);

  if (argc < 2)
    {
      cli_output_error (_ ("a command is missing; “ivl --help” lists them"));
      return CLI_EXIT_USAGE;
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 ||
      (strcmp (argv[1], "help") == 0 && argc == 2))
    {
      show_help ();
      return CLI_EXIT_DONE;
    }
  if (strcmp (argv[1], "help") == 0)
    return (int) run_command (2, (char *[]) { argv[2], help_option, NULL });
  if (strcmp (argv[1], "--version") == 0)
    {
      cli_output_print ("ivl %s\n", IVL_VERSION);
      return CLI_EXIT_DONE;
    }

  if (strcmp (argv[1], "doctor") != 0)
    tell_unread_names ();
  result = run_command (argc - 1, argv + 1);
  signal_code = cli_interrupt_get_exit_code ();
  return signal_code != 0 ? signal_code : (int) result;
}
