/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of ids in reference data.
 */
#include "json-ids.h"

GArray *
json_ids_read (json_t *list)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  json_t *value;
  gsize i;

  json_array_foreach (list, i, value)
    {
      guint32 id = json_integer_value (value);

      g_array_append_val (ids, id);
    }
  return ids;
}
