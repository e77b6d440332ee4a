/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The GIMP window's settings: defaults, damaged files, what two processes write, and when.
 */
#include "plug-settings.h"

#include <glib/gstdio.h>
#include <libivl/ivl.h>
#include <string.h>
#include <sys/stat.h>

#include "temp-files.h"

static char *root;
static char *path;

static PlugSettings *
open_settings (void)
{
  return g_object_new (PLUG_TYPE_SETTINGS, NULL);
}

static void
write_text (const char *text,
            gssize      length)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
}

static char *
read_text (void)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static void
save (PlugSettings *settings)
{
  g_autoptr (GError) error = NULL;

  plug_settings_save (settings, &error);
  g_assert_no_error (error);
}

static void
assert_defaults (PlugSettings *settings)
{
  g_auto (GStrv) allowed = plug_settings_list_allowed (settings);

  g_assert_cmpstr (plug_settings_get_location (settings), ==, "service:");
  g_assert_cmpstr (plug_settings_get_language (settings), ==, "");
  g_assert_cmpuint (plug_settings_get_max_tiles (settings), ==, 0);
  g_assert_cmpuint (g_strv_length (allowed), ==, 0);
}

static void
test_defaults (void)
{
  g_autoptr (PlugSettings) settings = open_settings ();

  assert_defaults (settings);
  save (settings);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (plug_settings_get () == plug_settings_get ());
}

static void
test_damaged (void)
{
  static const char *const texts[] = {
    "",
    "no key file",
    "[gimp\nlocation=a",
    "[gimp]\nlocation=\nlanguage=\\q\nmax-tiles=many\nallowed=",
    "[gimp]\nmax-tiles=-3\nallowed=;;;",
    "[gimp]\nmax-tiles=41",
    "[gimp]\nmax-tiles=99999999999999999999",
    "[gimp]\nlocation=\xff\xfe\nlanguage=\xff\nallowed=\xff;",
  };
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *long_file = g_strdup_printf ("[gimp]\nlocation=%s\n", long_text);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (PlugSettings) settings = NULL;

      write_text (texts[i], -1);
      settings = open_settings ();
      assert_defaults (settings);
    }
  {
    g_autoptr (PlugSettings) settings = NULL;

    write_text (long_file, -1);
    settings = open_settings ();
    assert_defaults (settings);
  }
  {
    g_autoptr (PlugSettings) settings = NULL;

    write_text ("[gimp]\0location=a\n", 18);
    settings = open_settings ();
    assert_defaults (settings);
    plug_settings_set_location (settings, "work");
    save (settings);
  }
  {
    g_autoptr (PlugSettings) settings = open_settings ();

    g_assert_cmpstr (plug_settings_get_location (settings), ==, "work");
  }
  {
    g_autoptr (PlugSettings) settings = NULL;

    g_assert_cmpint (g_remove (path), ==, 0);
    g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
    settings = open_settings ();
    assert_defaults (settings);
  }
}

/* A file that a person has mistyped is told of, and is not lost when something else is written. */
static void
test_damage_is_kept (void)
{
  static const char mine[] = "[gimp]\nlocation=remote:atelier\nallowed=a.example;\noops\n";
  g_autofree char *aside = g_strconcat (path, ".damaged", NULL);
  g_autofree char *second = g_strconcat (path, ".damaged-2", NULL);
  g_autofree char *kept = NULL;
  g_autoptr (PlugSettings) settings = NULL;
  int width, height;

  g_remove (path);
  for (guint round = 1; round <= 2; round++)
    {
      g_clear_object (&settings);
      write_text (mine, -1);
      settings = open_settings ();
      assert_defaults (settings);
      g_assert_error (plug_settings_get_damage (settings), IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (plug_settings_get_damage (settings)->message, path));
      /* The window's size alone is no reason */
      plug_settings_set_window_size (settings, 500, 400);
      save (settings);
      g_clear_pointer (&kept, g_free);
      kept = read_text ();
      g_assert_cmpstr (kept, ==, mine);
      plug_settings_set_language (settings, "fr");
      save (settings);
      g_assert_null (plug_settings_get_damage (settings));
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = NULL;

      g_assert_true (g_file_get_contents (i == 0 ? aside : second, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, mine);
      g_remove (i == 0 ? aside : second);
    }
  g_clear_object (&settings);
  settings = open_settings ();
  g_assert_null (plug_settings_get_damage (settings));
  g_assert_cmpstr (plug_settings_get_language (settings), ==, "fr");
  g_assert_true (plug_settings_get_window_size (settings, &width, &height));
  g_assert_cmpint (width, ==, 500);
  g_remove (path);
}

static void
count (PlugSettings *settings,
       GParamSpec   *pspec,
       guint        *n)
{
  ++*n;
}

static void
test_round_trip (void)
{
  g_autoptr (PlugSettings) settings = open_settings ();
  g_autoptr (PlugSettings) again = NULL;
  g_auto (GStrv) allowed = NULL;
  struct stat info;
  guint n = 0;

  g_signal_connect (settings, "notify", G_CALLBACK (count), &n);
  plug_settings_set_location (settings, "service:/a folder/mit Ümlaut;and = more");
  plug_settings_set_language (settings, "pt");
  plug_settings_set_max_tiles (settings, 12);
  plug_settings_set_allowed (settings, "[::1]:8000", TRUE);
  plug_settings_set_allowed (settings, "gpu.example", TRUE);
  plug_settings_set_allowed (settings, "a;b", TRUE);
  g_assert_cmpuint (n, ==, 6);
  plug_settings_set_location (settings, "service:/a folder/mit Ümlaut;and = more");
  plug_settings_set_language (settings, "pt");
  plug_settings_set_max_tiles (settings, 12);
  plug_settings_set_allowed (settings, "gpu.example", 2);
  plug_settings_set_allowed (settings, "other.example", FALSE);
  g_assert_cmpuint (n, ==, 6);
  save (settings);

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);
  again = open_settings ();
  g_assert_cmpstr (plug_settings_get_location (again), ==,
                   "service:/a folder/mit Ümlaut;and = more");
  g_assert_cmpstr (plug_settings_get_language (again), ==, "pt");
  g_assert_cmpuint (plug_settings_get_max_tiles (again), ==, 12);
  g_object_get (again, "allowed", &allowed, NULL);
  g_assert_cmpuint (g_strv_length (allowed), ==, 3);
  g_assert_true (plug_settings_is_allowed (again, "[::1]:8000"));
  g_assert_true (plug_settings_is_allowed (again, "a;b"));
  g_assert_false (plug_settings_is_allowed (again, "a"));
  g_assert_false (plug_settings_is_allowed (again, "gpu.example:8000"));
}

/* Two GIMPs that run at once keep each other's choices, and what neither knows. */
static void
test_two (void)
{
  g_autoptr (PlugSettings) one = NULL;
  g_autoptr (PlugSettings) two = NULL;
  g_autoptr (PlugSettings) three = NULL;
  g_autofree char *text = NULL;

  write_text ("# mine\n[other]\nkey=value\n"
              "[gimp]\nallowed=old.example;older.example;\nlanguage=de\n",
              -1);
  one = open_settings ();
  two = open_settings ();
  plug_settings_set_max_tiles (one, 6);
  plug_settings_set_allowed (one, "one.example", TRUE);
  plug_settings_set_allowed (one, "old.example", FALSE);
  save (one);
  plug_settings_set_language (two, "fr");
  plug_settings_set_allowed (two, "two.example", TRUE);
  save (two);
  three = open_settings ();
  g_assert_cmpuint (plug_settings_get_max_tiles (three), ==, 6);
  g_assert_cmpstr (plug_settings_get_language (three), ==, "fr");
  g_assert_true (plug_settings_is_allowed (three, "one.example"));
  g_assert_true (plug_settings_is_allowed (three, "two.example"));
  g_assert_true (plug_settings_is_allowed (three, "older.example"));
  g_assert_false (plug_settings_is_allowed (three, "old.example"));
  text = read_text ();
  g_assert_nonnull (strstr (text, "# mine"));
  g_assert_nonnull (strstr (text, "key=value"));
}

static void
test_later (void)
{
  g_autoptr (PlugSettings) settings = open_settings ();
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  plug_settings_set_max_tiles (settings, 3);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  while (!g_file_test (path, G_FILE_TEST_EXISTS) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_link (void)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *target = g_build_filename (root, "elsewhere.conf", NULL);
  g_autoptr (PlugSettings) settings = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (target, "[gimp]\nlanguage=de\n", -1, NULL));
  g_assert_cmpint (symlink (target, path), ==, 0);
  settings = open_settings ();
  g_assert_cmpstr (plug_settings_get_language (settings), ==, "de");
  plug_settings_set_language (settings, "fr");
  save (settings);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  text = read_text ();
  g_assert_nonnull (strstr (text, "language=fr"));
}

static void
test_unwritable (void)
{
  g_autoptr (PlugSettings) settings = open_settings ();
  g_autofree char *config = g_build_filename (root, "config", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (config, "a file in the way", -1, NULL));
  plug_settings_set_max_tiles (settings, 3);
  g_assert_false (plug_settings_save (settings, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "gimp.conf"));
  g_clear_error (&error);
  /* the change is not forgotten */
  g_assert_cmpint (g_remove (config), ==, 0);
  save (settings);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_answer_language (void)
{
  static const struct
  {
    const char *desktop;
    const char *setting;
    const char *answer;
  } rows[] = {
    { "de_AT.UTF-8", "", "de" },  { "tlh:fr", "", "fr" },     { "C", "", "en" },
    { "zh_TW", "", "zh-hant" },   { "de", "ja", "ja" },       { "de", "tlh", "de" },
    { "tlh", "", "en" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (PlugSettings) settings = open_settings ();

      g_setenv ("LANG", "de_DE.UTF-8", TRUE);
      g_setenv ("LANGUAGE", rows[i].desktop, TRUE);
      plug_settings_set_language (settings, rows[i].setting);
      g_assert_cmpstr (plug_settings_get_answer_language (settings), ==, rows[i].answer);
      plug_settings_set_language (settings, "it");
      g_assert_cmpstr (plug_settings_get_answer_language (settings), ==, "it");
    }
}

static const struct
{
  const char *path;
  GTestFunc   run;
} tests[] = {
  { "/plug-settings/defaults", test_defaults },
  { "/plug-settings/damaged", test_damaged },
  { "/plug-settings/damage-is-kept", test_damage_is_kept },
  { "/plug-settings/round-trip", test_round_trip },
  { "/plug-settings/two", test_two },
  { "/plug-settings/later", test_later },
  { "/plug-settings/link", test_link },
  { "/plug-settings/unwritable", test_unwritable },
  { "/plug-settings/answer-language", test_answer_language },
};

static void
run_clean (gconstpointer index)
{
  temp_files_remove_folder (g_strdup (root));
  g_assert_cmpint (g_mkdir (root, 0700), ==, 0);
  tests[GPOINTER_TO_UINT (index)].run ();
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = NULL;
  int status;

  root = temp_files_make_folder ();
  config = g_build_filename (root, "config", NULL);
  path = g_build_filename (config, "ivl", "gimp.conf", NULL);
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_unsetenv ("LC_ALL");
  g_unsetenv ("LC_MESSAGES");
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, GUINT_TO_POINTER (i), run_clean);
  status = g_test_run ();
  temp_files_remove_folder (root);
  g_free (path);
  return status;
}
