/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finding a model: each place in turn, and errors that say what to do.
 */
#include <libivl/ivl-model-finder.h>

#include <glib/gstdio.h>
#include <string.h>

#include "temp-files.h"

static char *root;

/* Empties the folders that the environment points to. */
static void
start_clean (void)
{
  temp_files_remove_folder (g_strdup (root));
  g_assert_cmpint (g_mkdir (root, 0700), ==, 0);
}

/* GLib's own isolation of tests (G_TEST_OPTION_ISOLATE_DIRS) leaks, which the sanitized build
 * reports. */
static void
isolate (void)
{
  static const char *const names[] = { "HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS",
                                       "XDG_CONFIG_HOME" };

  root = temp_files_make_folder ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *folder = g_build_filename (root, names[i], NULL);

      g_setenv (names[i], folder, TRUE);
    }
}

static char *
write_file (const char *folder,
            const char *path,
            const char *contents)
{
  char *full = g_build_filename (folder, path, NULL);
  g_autofree char *parent = g_path_get_dirname (full);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_file_set_contents (full, contents, -1, &error);
  g_assert_no_error (error);
  return full;
}

/* Installs a model under a data folder; returns its location. */
static char *
install (const char *data_folder,
         const char *name)
{
  g_autofree char *path = g_build_filename ("ivl", "models", name, "config.json", NULL);
  g_autofree char *full = write_file (data_folder, path, "{}");

  return g_path_get_dirname (full);
}

static void
assert_finds (const char *name,
              const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = ivl_model_find (name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
}

static void
assert_fails (const char *name,
              int         code,
              const char *in_message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ivl_model_find (name, &error));
  g_assert_error (error, IVL_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, in_message));
}

static void
test_nothing (void)
{
  g_auto (GStrv) names = ivl_model_list_installed ();
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "ivl", "models", NULL);

  g_assert_cmpuint (g_strv_length (names), ==, 0);
  assert_fails (NULL, IVL_ERROR_NOT_FOUND, folder);
  assert_fails (NULL, IVL_ERROR_NOT_FOUND, "--model DIR");
  assert_fails (NULL, IVL_ERROR_NOT_FOUND, "InternVL2_5");
  assert_fails (NULL, IVL_ERROR_NOT_FOUND, "/ivl/demo");
  assert_fails ("no-such-model", IVL_ERROR_NOT_FOUND, "\"no-such-model\"");
  assert_fails ("no-such-model", IVL_ERROR_NOT_FOUND, "Installed: none");
  assert_fails ("\xff", IVL_ERROR_NOT_FOUND, "\xef\xbf\xbd");
}

static void
test_locations (void)
{
  g_autofree char *tmp = g_dir_make_tmp ("ivl-XXXXXX", NULL);
  g_autofree char *here = g_get_current_dir ();

  assert_finds ("./absent", "./absent");
  assert_finds ("/some/where", "/some/where");
  assert_finds ("https://gpu.example:8000/v1", "https://gpu.example:8000/v1");
  assert_finds ("unix:/run/x.sock#m", "unix:/run/x.sock#m");
  assert_finds ("service:", "service:");
  assert_finds (".", ".");
  g_assert_cmpint (g_chdir (tmp), ==, 0);
  g_assert_cmpint (g_mkdir ("folder", 0700), ==, 0);
  assert_finds ("folder", "folder");
  g_assert_cmpint (g_rmdir ("folder"), ==, 0);
  g_assert_cmpint (g_chdir (here), ==, 0);
  g_rmdir (tmp);
}

static void
test_names (void)
{
  const char *system = g_get_system_data_dirs ()[0];
  g_autofree char *both_system = install (system, "both");
  g_autofree char *only_system = install (system, "aaa");
  g_autofree char *both_user = install (g_get_user_data_dir (), "both");
  g_autofree char *user = install (g_get_user_data_dir (), "zzz");
  g_autofree char *stray = write_file (g_get_user_data_dir (), "ivl/models/no-model/readme", "");
  static const char *const expected[] = { "both", "zzz", "aaa", NULL };
  g_auto (GStrv) names = ivl_model_list_installed ();

  g_assert_cmpstrv (names, expected);
  assert_finds ("both", both_user);
  assert_finds ("aaa", only_system);
  assert_finds ("zzz", user);
  assert_finds (NULL, both_user);
  assert_fails ("bbb", IVL_ERROR_NOT_FOUND, "Installed: both, zzz, aaa");
}

static void
test_system_only (void)
{
  g_autofree char *system = install (g_get_system_data_dirs ()[0], "large");

  assert_finds (NULL, system);
}

static void
test_order (void)
{
  g_autofree char *first = install (g_get_user_data_dir (), "first");
  g_autofree char *second = install (g_get_user_data_dir (), "second");
  g_autofree char *third = install (g_get_user_data_dir (), "third");
  g_autofree char *config = write_file (g_get_user_config_dir (), "ivl/ivl.conf",
                                        "[ivl]\nmodel=second\n");
  g_autofree char *home = g_build_filename (g_get_home_dir (), "models", "x", NULL);

  assert_finds (NULL, second);
  g_setenv ("IVL_MODEL", "third", TRUE);
  assert_finds (NULL, third);
  assert_finds ("first", first);
  g_setenv ("IVL_MODEL", "fourth", TRUE);
  assert_fails (NULL, IVL_ERROR_NOT_FOUND, "\"fourth\"");
  g_setenv ("IVL_MODEL", "", TRUE);
  assert_finds (NULL, second);
  g_unsetenv ("IVL_MODEL");

  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", "[ivl]\nmodel=~/models/x\n"));
  assert_finds (NULL, home);
  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", "[other]\nmodel=second\n"));
  assert_finds (NULL, first);
  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", ""));
  assert_finds (NULL, first);
}

static void
test_bad_config (void)
{
  static const char *const bad[] = { "model=x\n", "[ivl]\nmodel=\n", "[ivl]\nmodel=a\\qb\n",
                                     "[ivl\n", "\xff" };
  g_autofree char *first = install (g_get_user_data_dir (), "first");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = write_file (g_get_user_config_dir (), "ivl/ivl.conf", bad[i]);

      assert_fails (NULL, IVL_ERROR_INVALID_DATA, path);
      assert_finds ("first", first);
    }
}

static void
test_remotes (void)
{
  g_autofree char *config = write_file (
      g_get_user_config_dir (), "ivl/ivl.conf",
      "[ivl]\nmodel=gpu\n[remote \"gpu\"]\nurl=https://gpu.example\n"
      "[remote \"both\"]\nurl=https://gpu.example\n[remote \"here\"]\nurl=http://localhost\n");
  g_autofree char *both = install (g_get_user_data_dir (), "both");

  assert_finds ("gpu", "remote:gpu");
  assert_finds ("gpu#internvl2.5-78b", "remote:gpu#internvl2.5-78b");
  assert_finds (NULL, "remote:gpu");
  assert_finds ("both", both);
  assert_fails ("gpus", IVL_ERROR_NOT_FOUND, "Installed: both. Remotes: gpu, both, here");

  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf",
                      "[ivl]\nlocal-only=true\n[remote \"gpu\"]\nurl=https://gpu.example\n"
                      "[remote \"here\"]\nurl=http://localhost\n"));
  assert_fails ("gpu", IVL_ERROR_REMOTE_REFUSED, "local-only");
  assert_fails ("https://gpu.example", IVL_ERROR_REMOTE_REFUSED, "gpu.example");
  assert_finds ("here", "remote:here");
  assert_finds ("service:", "service:");
}

static void
assert_finds_local (const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = ivl_model_find_local (&error);

  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, expected);
}

/* A default that is a server is no model for this computer; another one holds here too. */
static void
test_local (void)
{
  static const char *const servers[] = {
    "[ivl]\nmodel=gpu\n[remote \"gpu\"]\nurl=https://gpu.example\n",
    "[ivl]\nmodel=gpu\nlocal-only=true\n[remote \"gpu\"]\nurl=https://gpu.example\n",
    "[ivl]\nmodel=https://gpu.example\n",
    "[ivl]\nmodel=service:second\n",
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *second = NULL;

  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", servers[0]));
  g_assert_null (ivl_model_find_local (&error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "No model is installed"));
  g_clear_error (&error);
  second = install (g_get_user_data_dir (), "second");
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *first = install (g_get_user_data_dir (), "first");

      g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", servers[i]));
      assert_finds_local (first);
    }
  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", "[ivl]\nmodel=second\n"));
  assert_finds_local (second);
  g_free (write_file (g_get_user_config_dir (), "ivl/ivl.conf", "[ivl\n"));
  g_assert_null (ivl_model_find_local (&error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
}

static const struct
{
  const char *path;
  GTestFunc   run;
} tests[] = {
  { "/model-finder/nothing", test_nothing },
  { "/model-finder/locations", test_locations },
  { "/model-finder/names", test_names },
  { "/model-finder/system-only", test_system_only },
  { "/model-finder/order", test_order },
  { "/model-finder/bad-config", test_bad_config },
  { "/model-finder/remotes", test_remotes },
  { "/model-finder/local", test_local },
};

static void
run_clean (gconstpointer index)
{
  start_clean ();
  tests[GPOINTER_TO_UINT (index)].run ();
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_unsetenv ("IVL_MODEL");
  isolate ();
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, GUINT_TO_POINTER (i), run_clean);
  status = g_test_run ();
  temp_files_remove_folder (root);
  return status;
}
