/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>

#include "wire/ivl-wire-dialect.h"

G_BEGIN_DECLS

/* The dialects that are built in, from data/remote. They live as long as the program. */

/* Errors: IVL_ERROR_INVALID_OPTION, naming those that there are. */
const IvlWireDialect *ivl_remote_dialect_find (const char  *name,
                                               GError     **error);
/* Their names (transfer full). */
GStrv                 ivl_remote_dialect_list (void);
/* Whose dialect a server speaks by what it says of itself: owned_by of its model and the header
 * Server (both nullable). NULL when that does not tell. */
const IvlWireDialect *ivl_remote_dialect_detect (const char *owner,
                                                 const char *server);
/* Whose own port it is; NULL: nobody's */
const IvlWireDialect *ivl_remote_dialect_find_by_port (int port);

G_END_DECLS
