/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only place that has jansson turn text into values and back. Jansson puts the locale's decimal
 * point into the text of real numbers and takes it for one byte: where it has two (ps_AF) it ends
 * the process, or writes half a character. So both go on under the "C" locale, which is set for the
 * calling thread alone.
 */
#include "util/ivl-json-text.h"

#include <locale.h>
#include <string.h>

/* Bytes that reading a string takes for each of its own, at most: two buffers, one twice as large
 * as the other, or the larger one and the copy that is kept. */
#define STRING_FACTOR 4

static locale_t
get_c_locale (void)
{
  static gsize locale;

  if (g_once_init_enter (&locale))
    {
      const locale_t c_locale = newlocale (LC_ALL_MASK, "C", (locale_t) 0);

      g_once_init_leave (&locale, (gsize) (c_locale != (locale_t) 0 ? c_locale : LC_GLOBAL_LOCALE));
    }
  return (locale_t) locale;
}

/* Jansson does not look whether its buffer for a string could grow: without memory it reads behind
 * it. So there has to be room for a string that is all of the text before it begins. */
static gboolean
has_room (gsize size)
{
  g_autofree void *room =
      size <= G_MAXSIZE / STRING_FACTOR ? g_try_malloc (MAX (size, 1) * STRING_FACTOR) : NULL;

  return room != NULL;
}

json_t *
ivl_json_text_parse (const char   *data,
                     gsize         size,
                     gsize         flags,
                     json_error_t *error)
{
  locale_t caller;
  json_t *value;

  if (!has_room (size))
    {
      if (error != NULL)
        memset (error, 0, sizeof *error);
      return NULL;
    }
  caller = uselocale (get_c_locale ());
  value = json_loadb (data, size, flags, error);
  uselocale (caller);
  return value;
}

/* In most places jansson gives no reason at all then. */
gboolean
ivl_json_text_lacked_memory (const json_error_t *error)
{
  return error->text[0] == '\0' || json_error_code (error) == json_error_out_of_memory;
}

char *
ivl_json_text_print (const json_t *value,
                     gsize         flags)
{
  const locale_t caller = uselocale (get_c_locale ());
  char *text = json_dumps (value, flags);

  uselocale (caller);
  return text;
}
