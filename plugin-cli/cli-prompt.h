/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines that a person types, with editing and a history that is kept between runs. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads the history. Without a terminal at both ends nothing is edited, shown or kept. */
void  cli_prompt_init (void);

/* The next line without its end (transfer full). NULL at the end of input or after a signal. */
char *cli_prompt_read (const char *prompt);

/* Writes the history; a failure is no reason to trouble anybody */
void  cli_prompt_finish (void);

G_END_DECLS
