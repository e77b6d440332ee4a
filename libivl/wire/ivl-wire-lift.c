/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes the large pictures out of a request before it is parsed: they are nearly all of it, and
 * plain text.
 */
#include "wire/ivl-wire-lift.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "util/ivl-json-bounds.h"
#include "util/ivl-string-room.h"
#include "wire/ivl-wire-json.h"

#define LEAST_BYTES 1024
/* A request that spells such a name itself only means one of its own pictures, or none. */
#define NAME        "ivl-picture:"
#define NAME_BYTES  32

/* Whether the string that begins at json[i] is the value of "url" or "image_url". */
static gboolean
is_url (const char *json,
        gsize       i)
{
  const char *const keys[] = { "\"url\"", "\"image_url\"" };

  while (i > 0 && g_ascii_isspace (json[i - 1]))
    i--;
  if (i == 0 || json[--i] != ':')
    return FALSE;
  while (i > 0 && g_ascii_isspace (json[i - 1]))
    i--;
  for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
    {
      gsize length = strlen (keys[k]);

      if (i >= length && memcmp (json + i - length, keys[k], length) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_ascii (const char *text,
          gsize       n)
{
  guint64 all = 0;
  guint64 word;

  for (; n >= 8; n -= 8, text += 8)
    {
      memcpy (&word, text, 8);
      all |= word;
    }
  for (; n > 0; n--, text++)
    all |= (guchar) *text;
  return (all & G_GUINT64_CONSTANT (0x8080808080808080)) == 0;
}

GString *
ivl_wire_lift_pictures (const char  *json,
                        gsize        n,
                        GArray      *lifted,
                        GError     **error)
{
  g_autoptr (GString) rest = g_string_new (NULL);
  gsize copied = 0;

  for (gsize i = 0; i < n; i++)
    {
      gsize start = i + 1;
      gsize length;
      IvlWireLifted url;

      if (json[i] != '"')
        continue;
      i = ivl_json_bounds_find_string_end (json, n, start);
      length = i - start;
      if (i == n || length < LEAST_BYTES || !is_url (json, start - 1) ||
          g_ascii_strncasecmp (json + start, "data:", 5) != 0 ||
          ivl_wire_json_count_plain (json + start, length) != length ||
          !is_ascii (json + start, length))
        continue;
      if (!ivl_string_room_make (rest, start - copied + NAME_BYTES, error))
        return NULL;
      g_string_append_len (rest, json + copied, start - copied);
      g_string_append_printf (rest, NAME "%u", lifted->len);
      url = (IvlWireLifted) { json + start, length };
      g_array_append_val (lifted, url);
      copied = i;
    }
  if (!ivl_string_room_make (rest, n - copied, error))
    return NULL;
  g_string_append_len (rest, json + copied, n - copied);
  return g_steal_pointer (&rest);
}

gboolean
ivl_wire_lift_find (GArray      *lifted,
                    const char  *name,
                    char       **url,
                    GError     **error)
{
  guint64 index;
  IvlWireLifted *found;

  *url = NULL;
  if (!g_str_has_prefix (name, NAME) ||
      !g_ascii_string_to_unsigned (name + strlen (NAME), 10, 0, G_MAXUINT32, &index, NULL) ||
      index >= lifted->len)
    return TRUE;
  found = &g_array_index (lifted, IvlWireLifted, (guint) index);
  if (found->text == NULL)
    return TRUE;
  *url = g_try_malloc (found->n + 1);
  if (*url == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for a picture of %" G_GSIZE_FORMAT " bytes", found->n);
      return FALSE;
    }
  memcpy (*url, found->text, found->n);
  (*url)[found->n] = '\0';
  found->text = NULL;
  return TRUE;
}
