/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Feeds the files and folders named on the command line to a fuzz target once, so that every seed
 * and every past finding runs among the normal tests.
 */
#include <stdio.h>

#include "fuzz-target.h"

static guint
run_path (const char *path)
{
  g_autoptr(GDir) dir = g_dir_open (path, 0, NULL);
  g_autofree char *contents = NULL;
  g_autofree guint8 *bytes = NULL;
  const char *name;
  guint n = 0;
  gsize size;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      n += run_path (child);
    }
  if (dir != NULL || !g_file_get_contents (path, &contents, &size, NULL))
    return n;
  /* Exactly the bytes, without GLib's NUL: a sanitizer then sees a read behind them. */
  bytes = g_memdup2 (contents, size);
  LLVMFuzzerTestOneInput (bytes, size);
  return 1;
}

int
main (int    argc,
      char **argv)
{
  guint n = 0;

  for (int i = 1; i < argc; i++)
    n += run_path (argv[i]);
  printf ("%u inputs\n", n);
  return n > 0 ? 0 : 1;
}
