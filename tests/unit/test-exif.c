/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Orientation from EXIF data, whole and damaged. */
#include <string.h>

#include "image/ivl-exif.h"

static const struct
{
  const char *label;
  guint       orientation;
  gsize       size;
  const char *data;
} rows[] = {
  { "little-endian", 6, 26, "II*\0\010\0\0\0\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "big-endian", 8, 26, "MM\0*\0\0\0\010\0\001\001\022\0\003\0\0\0\001\0\010\0\0\0\0\0\0" },
  { "prefix", 6, 32, "Exif\0\0II*\0\010\0\0\0\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "as-long", 3, 26, "II*\0\010\0\0\0\001\0\022\001\004\0\001\0\0\0\003\0\0\0\0\0\0\0" },
  { "twice", 1, 38,
    "II*\0\010\0\0\0\002\0\022\001\003\0\001\0\0\0\006\0\0\0\022\001\003\0\001\0\0\0\010\0\0"
    "\0\0\0\0\0" },
  { "no-tag", 1, 26, "II*\0\010\0\0\0\001\0\023\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "zero", 1, 26, "II*\0\010\0\0\0\001\0\022\001\003\0\001\0\0\0\0\0\0\0\0\0\0\0" },
  { "nine", 1, 26, "II*\0\010\0\0\0\001\0\022\001\003\0\001\0\0\0\011\0\0\0\0\0\0\0" },
  { "as-text", 1, 26, "II*\0\010\0\0\0\001\0\022\001\002\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "count-outside", 1, 26,
    "II*\0\010\0\0\0\001\0\022\001\003\0\377\377\377\377\360\377\377\377\0\0\0\0" },
  { "too-many-entries", 1, 26,
    "II*\0\010\0\0\0\377\377\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "cut", 1, 21, "II*\0\010\0\0\0\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "directory-outside", 1, 26,
    "II*\0\377\377\377\377\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "directory-in-header", 1, 26, "II*\0\0\0\0\0\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "no-magic", 1, 26, "IIII\010\0\0\0\001\0\022\001\003\0\001\0\0\0\006\0\0\0\0\0\0\0" },
  { "empty", 1, 0, "" },
  { "prefix-only", 1, 6, "Exif\0\0" },
};

static void
test_orientation (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      /* A copy of exactly that size, so that a read outside is found. */
      g_autofree guint8 *data = g_memdup2 (rows[i].data, rows[i].size);

      g_test_message ("%s", rows[i].label);
      g_assert_cmpuint (ivl_exif_get_orientation (data, rows[i].size), ==, rows[i].orientation);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exif/orientation", test_orientation);
  return g_test_run ();
}
