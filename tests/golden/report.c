/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counts and prints what check-reference finds.
 */
#include "report.h"

#include <math.h>

/* Misses named one by one in each section; the count tells of the rest. */
#define MAX_NAMED 5

static void
miss (Section    *section,
      const char *what)
{
  if (section->n_missed++ < MAX_NAMED)
    g_print ("    %s: %s\n", section->title, what);
}

void
section_exact (Section    *section,
               gboolean    ok,
               const char *format,
               ...)
{
  g_autofree char *what = NULL;
  va_list args;

  section->n_checked++;
  if (ok)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  miss (section, what);
}

void
section_near (Section     *section,
              const float *got,
              const float *expected,
              gsize        n,
              const char  *what)
{
  double worst = 0;
  gsize at = 0;

  section->n_checked++;
  for (gsize i = 0; i < n; i++)
    {
      double error = fabs ((double) got[i] - expected[i]);

      if (!(error <= worst))
        {
          worst = isnan (error) ? INFINITY : error;
          at = i;
        }
    }
  section->worst = MAX (section->worst, worst);
  if (worst > section->limit)
    {
      g_autofree char *text = g_strdup_printf ("%s: value %" G_GSIZE_FORMAT " is %g, expected %g",
                                               what, at, got[at], expected[at]);

      miss (section, text);
    }
}

gboolean
section_print (const Section *section)
{
  g_print ("%-44s %6u checked %6u missed", section->title, section->n_checked, section->n_missed);
  if (section->limit > 0)
    g_print ("   largest error %.1e (limit %.0e)", section->worst, section->limit);
  g_print ("\n");
  return section->n_missed == 0 && section->n_checked > 0;
}
