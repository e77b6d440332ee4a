/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Appends text of people so that no engine makes control tokens of it: a zero-width space (U+200B)
 * goes into whatever looks like one. */
void ivl_remote_text_append_safe (GString    *out,
                                  const char *text);

G_END_DECLS
