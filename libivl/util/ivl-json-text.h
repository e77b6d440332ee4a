/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* As json_loadb(), whatever the locale's number format. */
json_t *ivl_json_text_parse (const char   *data,
                             gsize         size,
                             gsize         flags,
                             json_error_t *error);
/* Whether parsing failed for that reason. */
gboolean ivl_json_text_lacked_memory (const json_error_t *error);
/* As json_dumps(), whatever the locale's number format: malloc()ed text, or NULL. */
char   *ivl_json_text_print (const json_t *value,
                             gsize         flags);

G_END_DECLS
