/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Growing texts whose length others decide.
 */
#include "util/ivl-string-room.h"

#include <libivl/ivl-error.h>

gboolean
ivl_string_room_make (GString  *string,
                      gsize     n,
                      GError  **error)
{
  char *grown = NULL;
  gsize size = 0;

  if (n < G_MAXSIZE - string->len)
    {
      size = string->len + 1 + n;
      if (size <= string->allocated_len)
        return TRUE;
      /* By more than was asked for: many small pieces are not copied as often. */
      if (size < string->allocated_len + string->allocated_len / 2)
        size = string->allocated_len + string->allocated_len / 2;
      grown = g_try_realloc (string->str, size);
    }
  if (grown == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for a text of %" G_GSIZE_FORMAT " bytes", string->len + n);
      return FALSE;
    }
  string->str = grown;
  string->allocated_len = size;
  return TRUE;
}
