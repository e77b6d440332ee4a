/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The program that the service is, and the words before "serve" (transfer full): the command line
 * in IVL_SERVE_COMMAND; else the `ivl` beside the running program, the installed one, the first in
 * PATH. None of these is the running program itself: a plug-in may be called ivl too and cannot
 * serve; a program that can names itself in IVL_SERVE_COMMAND. Errors:
 * IVL_ERROR_REMOTE_UNREACHABLE. */
GStrv ivl_service_program_find (GError **error);

G_END_DECLS
