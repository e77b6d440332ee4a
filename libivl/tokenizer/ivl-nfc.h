/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Normalisation form C of valid UTF-8 (NUL included, where g_utf8_normalize() stops), in time
 * linear in the length. Returns FALSE, with out untouched, if the text is seen to be in that
 * form already; else appends the result to out. */
gboolean ivl_nfc_normalise (const char *text,
                            gsize       len,
                            GString    *out);

G_END_DECLS
