/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One line of check-reference's report: how many things were checked, how many missed, and the
 * largest error. */
typedef struct
{
  const char *title;
  double      limit; /* largest absolute error allowed; 0: exact things only */
  guint       n_checked;
  guint       n_missed;
  double      worst;
} Section;

/* Counts one exact check; says what missed for the first few. */
G_GNUC_PRINTF (3, 4)
void     section_exact (Section    *section,
                        gboolean    ok,
                        const char *format,
                        ...);
/* Counts one check of n floats against expected ones within the section's limit. */
void     section_near (Section     *section,
                       const float *got,
                       const float *expected,
                       gsize        n,
                       const char  *what);
/* Prints the line. FALSE if something missed or nothing was checked at all. */
gboolean section_print (const Section *section);

G_END_DECLS
