/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A hidden name beside the files of a folder for one that is not finished, with this ending: who
 * makes it, and on which start of which computer, is in the name (transfer full). */
char *ivl_draft_name_new (const char *folder,
                          const char *ending);
/* Removes what processes that are gone have left in the folder under such names. */
void  ivl_draft_name_clean (const char *folder);

G_END_DECLS
