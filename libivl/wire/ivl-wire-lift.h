/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A picture's URL in a request body: borrowed from it; NULL once it has been found. */
typedef struct
{
  const char *text;
  gsize       n;
} IvlWireLifted;

/* The request without the text of its large data: URLs, in whose place stand short names, and the
 * URLs in lifted (IvlWireLifted): a parser takes some ten times as long for them as this does.
 * NULL without memory. (transfer full) */
GString *ivl_wire_lift_pictures (const char  *json,
                                 gsize        n,
                                 GArray      *lifted,
                                 GError     **error);
/* Sets url (transfer full) to what a name stands for; to NULL for every other text, and for the
 * same name again. FALSE without memory. */
gboolean ivl_wire_lift_find (GArray      *lifted,
                             const char  *name,
                             char       **url,
                             GError     **error);

G_END_DECLS
