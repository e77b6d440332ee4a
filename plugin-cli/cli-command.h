/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sub-command: one row of the table in main.c, one run function in a cmd-*.c file. Help texts and
 * the shell completion's word list are made from the rows. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the process returns. 129, 130 and 143 (cli-interrupt.h) are added by signals. */
typedef enum
{
  CLI_EXIT_DONE = 0,
  CLI_EXIT_SOME_FAILED = 1,
  CLI_EXIT_USAGE = 2,
  CLI_EXIT_MODEL = 3,
  CLI_EXIT_LISTEN = 4, /* of serve: the address or the key file cannot be used */
} CliExit;

typedef struct _CliCommand CliCommand;

struct _CliCommand
{
  const char *name;
  const char *arguments;   /* what follows the options, translatable */
  const char *summary;     /* translatable */
  const char *examples[4]; /* NULL after the last; without the leading "ivl" */
  gboolean    asks;          /* takes a question */
  gboolean    shows_regions; /* prints the rectangles of an answer instead of its text */
  /* argv[0] is the command's name */
  CliExit (*run) (const CliCommand *command, int argc, char **argv);
};

CliExit cmd_bench_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_chat_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_doctor_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_embed_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_info_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_serve_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_task_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_tiles_run (const CliCommand *command, int argc, char **argv);
CliExit cmd_tokenize_run (const CliCommand *command, int argc, char **argv);

G_END_DECLS
