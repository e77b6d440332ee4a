/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Finds and opens the model of a command. */
#pragma once

#include "cli-options.h"

G_BEGIN_DECLS

/* NULL: said on standard error; the command returns CLI_EXIT_MODEL. `name` overrides --model
 * (nullable). `needs`: what the model must be able to do. */
IvlModel *cli_model_open (const CliOptions      *options,
                          const char            *name,
                          IvlEngineCapabilities  needs);

/* Whether what went wrong with a picture that had been read is a matter of the model's files, so
 * that no other can be answered either: the command ends with CLI_EXIT_MODEL. */
gboolean  cli_model_is_failure (const GError *error);

/* Names on standard error, once, the computer that pictures go to; nothing when they stay here. */
void      cli_model_announce (IvlModel *model);

G_END_DECLS
