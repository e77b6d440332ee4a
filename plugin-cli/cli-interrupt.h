/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * SIGINT, SIGTERM and SIGHUP as a GCancellable. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Call once, at the start of main */
void cli_interrupt_init (void);

/* The cancellable that the next signal fires (transfer none) */
GCancellable *cli_interrupt_get_cancellable (void);

/* 0, or what the process must return: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP */
int cli_interrupt_get_exit_code (void);

/* Forgets a SIGINT, so that a conversation can go on after an answer was given up: the cancellable
 * is a new one from here on. FALSE after the others, which are never forgotten. */
gboolean cli_interrupt_forget (void);

G_END_DECLS
