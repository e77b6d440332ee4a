/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keeps a process of this program alive: starts it again when it crashes, and leaves nothing behind
 * when either of the two ends, however that happens. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The descriptor under which the worker finds the listening socket. */
#define CLI_SUPERVISOR_FD 3

/* Runs this program with `argv` (argv[0] is for show) until it ends by itself, and returns how: its
 * exit code, or 128 and the signal. `fd`: a listening socket that it gets; a connection that waits
 * there when the worker ended as it should starts it once more. `cancellable` ends it. */
int cli_supervisor_run (char         **argv,
                        int            fd,
                        GCancellable  *cancellable);

G_END_DECLS
