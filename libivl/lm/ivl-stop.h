/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Finds stop strings in text that comes in pieces, wherever the pieces are cut. */
typedef struct _IvlStop IvlStop;

/* strings: NULL-terminated (nullable), each of them valid UTF-8 and not empty. */
IvlStop *ivl_stop_new (const char *const *strings);
void     ivl_stop_free (IvlStop *self);

/* Takes `length` more bytes and appends to `out` whatever can no longer be part of a stop string;
 * the rest is held back. TRUE once a stop string was met: what stands before it has been appended,
 * it and all that follows is dropped. The string whose end comes first counts, the longest of those
 * that end there. Pieces of whole characters give pieces of whole characters. */
gboolean ivl_stop_push (IvlStop    *self,
                        const char *text,
                        gsize       length,
                        GString    *out);

/* At the end of the answer: appends what was held back. */
void     ivl_stop_flush (IvlStop *self,
                         GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlStop, ivl_stop_free)

G_END_DECLS
