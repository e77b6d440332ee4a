/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Paths of the folders `ivl/models` that hold model folders, there or not: the user's own first,
 * then the system's (transfer container, elements owned by it). */
GPtrArray *ivl_model_folders_list (void);
/* The folder of the installed model of that name; NULL when there is none (transfer full). */
char      *ivl_model_folders_find (const char *name);

G_END_DECLS
