/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Mapped and small files: contents, what is refused, and that a changed file is noticed. What
 * happens when a file is cut short under a mapping is in hostile/test-hostile-mapped-file.c. */
#include "util/ivl-mapped-file.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "temp-files.h"
#include "util/ivl-bounded-file.h"

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  fixture->folder = temp_files_make_folder ();
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  temp_files_remove_folder (fixture->folder);
}

static void
test_contents (Fixture      *fixture,
               gconstpointer data)
{
  g_autofree char *path = temp_files_write_text (fixture->folder, "a", "some bytes");
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);
  g_autoptr(IvlMappedFile) other = NULL;

  g_assert_no_error (error);
  g_assert_cmpmem (ivl_mapped_file_get_data (file), ivl_mapped_file_get_size (file), "some bytes",
                   10);
  g_assert_cmpstr (ivl_mapped_file_get_path (file), ==, path);
  g_assert_true (ivl_mapped_file_check (file, &error));

  other = ivl_mapped_file_ref (file);
  g_clear_pointer (&file, ivl_mapped_file_unref);
  g_assert_cmpmem (ivl_mapped_file_get_data (other), 10, "some bytes", 10);
}

static void
test_empty (Fixture      *fixture,
            gconstpointer data)
{
  g_autofree char *path = temp_files_write_text (fixture->folder, "empty", "");
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (ivl_mapped_file_get_data (file));
  g_assert_cmpuint (ivl_mapped_file_get_size (file), ==, 0);
  g_assert_true (ivl_mapped_file_check (file, &error));
}

static void
test_refused (Fixture      *fixture,
              gconstpointer data)
{
  g_autofree char *absent = g_build_filename (fixture->folder, "absent", NULL);
  g_autofree char *fifo = g_build_filename (fixture->folder, "fifo", NULL);
  g_autofree char *dangling = g_build_filename (fixture->folder, "dangling", NULL);
  const struct
  {
    const char *path;
    int         code;
  } cases[] = {
    { absent, IVL_ERROR_NOT_FOUND },
    { dangling, IVL_ERROR_NOT_FOUND },
    { fixture->folder, IVL_ERROR_INVALID_DATA },
    { fifo, IVL_ERROR_INVALID_DATA },
    { "/dev/zero", IVL_ERROR_INVALID_DATA },
  };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (symlink ("nowhere", dangling), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;
      gsize size;

      g_assert_null (ivl_mapped_file_open (cases[i].path, &error));
      g_assert_error (error, IVL_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].path));
      g_clear_error (&error);
      g_assert_null (ivl_bounded_file_read (cases[i].path, 100, &size, &error));
      g_assert_error (error, IVL_ERROR, cases[i].code);
    }
}

static void
test_changed (Fixture      *fixture,
              gconstpointer data)
{
  for (guint round = 0; round < 3; round++)
    {
      g_autofree char *path = temp_files_write_text (fixture->folder, "changing", "0123456789");
      g_autoptr(GError) error = NULL;
      g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);
      struct utimbuf times = { 1000000000, 1000000000 };

      g_assert_no_error (error);
      if (round == 0)
        g_assert_cmpint (truncate (path, 5), ==, 0);
      else if (round == 1)
        g_assert_cmpint (truncate (path, 20), ==, 0);
      else
        g_assert_cmpint (utime (path, &times), ==, 0);
      g_assert_false (ivl_mapped_file_check (file, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
}

static void
test_bounded_file (Fixture      *fixture,
                   gconstpointer data)
{
  g_autofree char *path = temp_files_write (fixture->folder, "a", "a\0b", 3);
  g_autoptr(GError) error = NULL;
  g_autofree char *contents = NULL;
  gsize size = 0;

  g_assert_null (ivl_bounded_file_read (path, 2, &size, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_clear_error (&error);
  contents = ivl_bounded_file_read (path, 3, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (contents, size + 1, "a\0b\0", 4);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/mapped-file/contents", Fixture, NULL, set_up, test_contents, tear_down);
  g_test_add ("/mapped-file/empty", Fixture, NULL, set_up, test_empty, tear_down);
  g_test_add ("/mapped-file/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/mapped-file/changed", Fixture, NULL, set_up, test_changed, tear_down);
  g_test_add ("/bounded-file", Fixture, NULL, set_up, test_bounded_file, tear_down);
  return g_test_run ();
}
