/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Text that others wrote (models, file names, error messages) made safe for where it goes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  CLI_TEXT_TERMINAL, /* what is obeyed is shown as \x1b or \u202e; newline and tab stay */
  CLI_TEXT_NAME,     /* the same, and newline and tab are shown too: for names inside a line */
  CLI_TEXT_PIPE,     /* C0 controls but newline and tab left out */
  CLI_TEXT_RAW,      /* as it is */
} CliTextMode;

/* Whether a terminal obeys the character instead of showing it, or shows nothing for it: controls,
 * direction marks, separators of lines, characters without a width */
gboolean cli_text_is_obeyed (gunichar c);

/* `text` may hold invalid UTF-8; such bytes are shown as \xNN except in CLI_TEXT_PIPE and
 * CLI_TEXT_RAW */
char *cli_text_clean (const char  *text,
                      CliTextMode  mode);

G_END_DECLS
