/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The options that sub-commands share, parsed once in one place. */
#pragma once

#include "cli-command.h"

#include <libivl/ivl.h>

G_BEGIN_DECLS

typedef enum
{
  CLI_OPTIONS_MODEL = 1 << 0,   /* --model, --local-only */
  CLI_OPTIONS_ANSWER = 1 << 1,  /* sampling, limits, --lang, --raw */
  CLI_OPTIONS_TILES = 1 << 2,   /* --min-tiles, --max-tiles */
  CLI_OPTIONS_PICTURE = 1 << 3, /* how pictures are read */
  CLI_OPTIONS_JSON = 1 << 4,    /* --json */
  CLI_OPTIONS_LOCAL = 1 << 5,   /* --local-only, without a model */
} CliOptionsGroups;

typedef struct
{
  char          *model;        /* (nullable) as given */
  char          *language;     /* (nullable) */
  IvlOptions    *answer;
  gboolean       json;
  gboolean       raw;
  gboolean       keep_orientation;
  gboolean       drop_alpha;
  gboolean       keep_profile;
  gboolean       local_only;
  gboolean       help;
  double         max_megapixels; /* 0: the library's own limit */
} CliOptions;

/* Parses `argc`, `argv` (changed: options are taken out, argv[0] stays). `extra`: the command's own
 * entries (nullable). FALSE: wrong usage, already said on standard error. `--help` ends here. */
gboolean cli_options_parse (CliOptions         *self,
                            const CliCommand   *command,
                            CliOptionsGroups    groups,
                            const GOptionEntry *extra,
                            int                *argc,
                            char             ***argv);
void     cli_options_clear (CliOptions *self);

/* Says on standard error what is wrong and where help is */
CliExit  cli_options_refuse (const CliCommand *command,
                             const char       *format,
                             ...) G_GNUC_PRINTF (2, 3);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CliOptions, cli_options_clear)

G_END_DECLS
