/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Preloaded into test programs: they go by the environment's locale from their first line on, as a
 * host of the library does that calls setlocale().
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

static void __attribute__ ((constructor))
set_locale (void)
{
  const char *wanted = getenv ("IVL_TEST_LOCALE");

  if (wanted == NULL || setlocale (LC_ALL, wanted) != NULL)
    return;
  fprintf (stderr, "set-locale: there is no locale %s\n", wanted);
  exit (99);
}
