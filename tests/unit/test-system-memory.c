/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Available memory by the kernel's files: page cache can be had back, and every group above limits.
 * The rules are those of the kernel's documentation (admin-guide/cgroup-v2).
 */
#include "util/ivl-system-memory.h"

#include <glib/gstdio.h>

#include "temp-files.h"

static const guint64 free_memory = 8000000 * G_GUINT64_CONSTANT (1024);

static void
write_file (const char *root,
            const char *path,
            const char *text)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (full, text, -1, NULL));
}

static char *
make_system (const char *cgroup)
{
  char *root = temp_files_make_folder ();

  write_file (root, "proc/meminfo",
              "MemTotal: 16000000 kB\nMemFree: 1000000 kB\nMemAvailable: 8000000 kB\n");
  if (cgroup != NULL)
    write_file (root, "proc/self/cgroup", cgroup);
  return root;
}

static void
write_group (const char *root,
             const char *group,
             const char *max,
             const char *current,
             const char *stat)
{
  g_autofree char *folder = g_strconcat ("sys/fs/cgroup/", group, "/", NULL);
  g_autofree char *max_path = g_strconcat (folder, "memory.max", NULL);
  g_autofree char *current_path = g_strconcat (folder, "memory.current", NULL);
  g_autofree char *stat_path = g_strconcat (folder, "memory.stat", NULL);

  write_file (root, max_path, max);
  write_file (root, current_path, current);
  write_file (root, stat_path, stat);
}

static void
test_no_groups (void)
{
  char *root = make_system (NULL);

  g_assert_cmpuint (ivl_system_memory_read (root), ==, free_memory);
  temp_files_remove_folder (root);
  root = make_system ("12:memory:/x\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, free_memory);
  temp_files_remove_folder (root);
}

static void
test_page_cache (void)
{
  static const struct
  {
    const char *stat;
    guint64     expected;
  } rows[] = {
    { "anon 30000000\nfile 0\n", 4967296 },
    { "anon 30000000\nfile 4260000000\n", 4264967296 },
    /* Weights that were mapped by the last run */
    { "anon 40000000\nactive_file 50000000\ninactive_file 4150000000\n", 4204967296 },
    /* tmpfs is no page cache, though it is counted as `file` */
    { "anon 30000000\nfile 4260000000\nshmem 4000000000\n", 264967296 },
    { "anon 30000000\nfile 0\nslab_reclaimable 100000000\n", 104967296 },
    { "file 9999999999\n", 4294967296 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char *root = make_system ("0::/app.scope\n");

      write_group (root, "app.scope", "4294967296\n", "4290000000\n", rows[i].stat);
      g_test_message ("%s", rows[i].stat);
      g_assert_cmpuint (ivl_system_memory_read (root), ==, rows[i].expected);
      temp_files_remove_folder (root);
    }
}

static void
test_parents (void)
{
  char *root = make_system ("1:name=x:/y\n0::/user.slice/app.scope\n");

  write_group (root, "user.slice/app.scope", "max\n", "1000000\n", "file 0\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, free_memory);
  write_group (root, "user.slice", "5000000\n", "3000000\n", "file 1000000\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, 3000000);
  write_file (root, "sys/fs/cgroup/user.slice/memory.high", "4000000\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, 2000000);
  /* A container sees its own group as the topmost one. */
  write_file (root, "proc/self/cgroup", "0::/\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, free_memory);
  write_group (root, "", "2500000\n", "1000000\n", "file 0\n");
  g_assert_cmpuint (ivl_system_memory_read (root), ==, 1500000);
  temp_files_remove_folder (root);
}

static void
test_format (void)
{
  g_autofree char *large = ivl_system_memory_format (5230000000);
  g_autofree char *small = ivl_system_memory_format (34000000);

  g_assert_cmpstr (large, ==, "5.2 GB");
  g_assert_cmpstr (small, ==, "34.0 MB");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/system-memory/no-groups", test_no_groups);
  g_test_add_func ("/system-memory/page-cache", test_page_cache);
  g_test_add_func ("/system-memory/parents", test_parents);
  g_test_add_func ("/system-memory/format", test_format);
  return g_test_run ();
}
