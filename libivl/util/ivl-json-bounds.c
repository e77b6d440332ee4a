/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bounds what JSON text from outside may make a parser do, before it is parsed.
 */
#include "util/ivl-json-bounds.h"

#include <string.h>

/* Strings are where the bytes are (pictures as base64), so this goes by memchr. */
gsize
ivl_json_bounds_find_string_end (const char *data,
                                 gsize       size,
                                 gsize       i)
{
  gsize quote = i;

  while (i < size)
    {
      const char *found;

      /* Only an escaped quote is looked for again: the whole stays linear. */
      if (quote <= i)
        {
          found = memchr (data + i, '"', size - i);
          quote = found != NULL ? (gsize) (found - data) : size;
        }
      found = memchr (data + i, '\\', quote - i);
      if (found == NULL)
        return quote;
      i = (gsize) (found - data) + 2;
    }
  return size;
}

IvlJsonBounds
ivl_json_bounds_check (const char *data,
                       gsize       size,
                       guint       max_depth,
                       gsize       max_values,
                       gsize      *offset)
{
  gsize n_values = 1;
  guint depth = 0;

  for (gsize i = 0; i < size; i++)
    {
      char c = data[i];

      *offset = i;
      if (c == '"')
        i = ivl_json_bounds_find_string_end (data, size, i + 1);
      else if (c == '{' || c == '[')
        {
          n_values++;
          if (++depth > max_depth)
            return IVL_JSON_BOUNDS_TOO_DEEP;
        }
      else if ((c == '}' || c == ']') && depth > 0)
        depth--;
      else if (c == ',')
        n_values++;
      if (n_values > max_values)
        return IVL_JSON_BOUNDS_TOO_MANY;
    }
  return IVL_JSON_BOUNDS_OK;
}
