/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only place that has jansson turn text into values and back. Jansson puts the locale's decimal
 * point into the text of real numbers and takes it for one byte: where it has two (ps_AF) it ends
 * the process, or writes half a character. So both go on under the "C" locale, which is set for the
 * calling thread alone.
 */
#include "util/ivl-json-text.h"

#include <locale.h>

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

json_t *
ivl_json_text_parse (const char   *data,
                     gsize         size,
                     gsize         flags,
                     json_error_t *error)
{
  const locale_t caller = uselocale (get_c_locale ());
  json_t *value = json_loadb (data, size, flags, error);

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
