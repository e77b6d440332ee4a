/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IVL_JSON_BOUNDS_OK,
  IVL_JSON_BOUNDS_TOO_DEEP,
  IVL_JSON_BOUNDS_TOO_MANY,
} IvlJsonBounds;

/* Counts nesting and values without building anything: a parser recurses, and allocates some
 * hundred bytes for the two bytes of "[]", so both are bounded first. Whether the text is valid is
 * the parser's business; in valid text this count is exact to within the empty containers. *offset
 * is where a bound was passed. */
IvlJsonBounds ivl_json_bounds_check (const char *data,
                                     gsize       size,
                                     guint       max_depth,
                                     gsize       max_values,
                                     gsize      *offset);
/* The offset of the quote that ends the string whose text begins at i, or size. */
gsize         ivl_json_bounds_find_string_end (const char *data,
                                               gsize       size,
                                               gsize       i);

G_END_DECLS
