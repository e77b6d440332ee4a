/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every error has a cause, a remedy and a button that fit. */
#include "plug-advice.h"

#include "plug-settings.h"
#include "temp-files.h"

#include <glib/gstdio.h>
#include <libivl/ivl.h>
#include <string.h>

static char *root;

static PlugAdvice *
advise (GQuark      domain,
        int         code,
        const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, message);

  return plug_advice_new (error);
}

static void
assert_sentence (const char *text)
{
  g_test_message ("%s", text);
  g_assert_cmpuint (strlen (text), >, 8);
  g_assert_true (g_unichar_isupper (g_utf8_get_char (text)) || g_ascii_isdigit (*text));
}

static void
test_complete (void)
{
  /* INVALID_DATA and those that follow it */
  static const PlugRemedy buttons[] = {
    PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_RETRY, PLUG_REMEDY_PREFERENCES,
    PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_RETRY, PLUG_REMEDY_PREFERENCES,
    PLUG_REMEDY_RETRY,       PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_NONE,
    PLUG_REMEDY_PREFERENCES,
  };

  for (int code = IVL_ERROR_INVALID_DATA; code <= IVL_ERROR_NO_ANSWER; code++)
    {
      g_autoptr (PlugAdvice) advice = advise (IVL_ERROR, code, "The library's words.");

      assert_sentence (advice->cause);
      assert_sentence (advice->remedy);
      g_assert_cmpint (advice->button, ==, buttons[code]);
      if (code == IVL_ERROR_NOT_FOUND)
        {
          g_assert_cmpstr (advice->cause, ==, "The library's words.");
          g_assert_null (advice->detail);
        }
      else
        g_assert_cmpstr (advice->detail, ==, "The library's words.");
    }
}

static void
test_own (void)
{
  static const PlugRemedy buttons[] = { PLUG_REMEDY_NONE, PLUG_REMEDY_RETRY, PLUG_REMEDY_HELP,
                                        PLUG_REMEDY_PREFERENCES, PLUG_REMEDY_PREFERENCES };

  for (int code = PLUG_ADVICE_ERROR_IMAGE_CLOSED; code <= PLUG_ADVICE_ERROR_NOT_ALLOWED; code++)
    {
      g_autoptr (PlugAdvice) advice = advise (PLUG_ADVICE_ERROR, code, "Nothing was sent to h.");

      assert_sentence (advice->cause);
      assert_sentence (advice->remedy);
      g_assert_cmpint (advice->button, ==, buttons[code]);
    }
}

/* How to get a model: the folder and the command of the README */
static void
test_no_model (void)
{
  g_autoptr (PlugAdvice) advice =
      advise (PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NO_MODEL, "No model is installed.");
  g_autofree char *folder = g_build_filename (root, "ivl", "models", "InternVL2_5-1B", NULL);
  g_autofree char *command =
      g_strconcat ("hf download OpenGVLab/InternVL2_5-1B --local-dir ", folder, NULL);

  g_assert_nonnull (strstr (advice->remedy, command));
}

static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PlugAdvice) advice =
      advise (IVL_ERROR, IVL_ERROR_NO_MEMORY, "16.6 GB are needed, and 3 GB are free");

  g_assert_nonnull (strstr (advice->remedy, " are free"));
  g_assert_null (plug_advice_find_fitting (0));
  g_assert_null (plug_advice_find_fitting (2299999999));
  g_assert_cmpstr (plug_advice_find_fitting (2300000000), ==, "InternVL2_5-1B");
  g_assert_cmpstr (plug_advice_find_fitting (8000000000), ==, "InternVL2_5-4B");
  g_assert_cmpstr (plug_advice_find_fitting (16599999999), ==, "InternVL2_5-4B");
  g_assert_cmpstr (plug_advice_find_fitting (16600000000), ==, "InternVL2_5-8B");
  g_assert_cmpstr (plug_advice_find_fitting (G_MAXUINT64), ==, "InternVL2_5-78B");
  g_assert_true (plug_advice_check_memory (1000, &error));
  g_assert_no_error (error);
  g_assert_false (plug_advice_check_memory (G_MAXUINT64, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
}

/* The same failure of the own service and of a server elsewhere */
static void
test_places (void)
{
  PlugSettings *settings = plug_settings_get ();
  g_autoptr (PlugAdvice) here = NULL;
  g_autoptr (PlugAdvice) there = NULL;
  g_autoptr (PlugAdvice) far = NULL;
  g_autoptr (PlugAdvice) near = NULL;
  g_autoptr (PlugAdvice) own = NULL;
  g_autoptr (GError) refused =
      g_error_new_literal (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "refused");
  g_autoptr (PlugAdvice) key = NULL;
  g_autoptr (PlugAdvice) forbidden = NULL;
  g_autofree char *folder = g_build_filename (root, "config", "ivl", NULL);
  g_autofree char *path = g_build_filename (folder, "ivl.conf", NULL);

  here = advise (IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "cut off");
  g_assert_nonnull (strstr (here->cause, "on this computer"));
  plug_settings_set_location (settings, "https://gpu.example#m");
  there = advise (IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "cut off");
  g_assert_null (strstr (there->cause, "on this computer"));
  far = advise (IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE, "refused");
  g_assert_nonnull (strstr (far->remedy, "network"));
  near = plug_advice_new_at (refused, "http://127.0.0.1:8080#m");
  g_assert_nonnull (strstr (near->remedy, "start it"));
  g_assert_null (strstr (near->remedy, "started then"));
  g_assert_cmpstr (near->detail, ==, "refused");
  own = plug_advice_new_at (refused, "service:m");
  g_assert_nonnull (strstr (own->remedy, "started then"));
  key = advise (IVL_ERROR, IVL_ERROR_REMOTE_REFUSED, "401");
  g_assert_nonnull (strstr (key->remedy, "key"));
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "[ivl]\nlocal-only=true\n", -1, NULL));
  forbidden = advise (IVL_ERROR, IVL_ERROR_REMOTE_REFUSED, "local-only");
  g_assert_nonnull (strstr (forbidden->cause, "may not leave"));
  g_assert_cmpint (g_remove (path), ==, 0);
  plug_settings_set_location (settings, "service:");
}

static void
test_files (void)
{
  g_autoptr (PlugAdvice) full = advise (G_FILE_ERROR, G_FILE_ERROR_NOSPC, "No space left");
  g_autoptr (PlugAdvice) same = advise (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "No space left");
  g_autoptr (PlugAdvice) odd = advise (G_IO_ERROR, G_IO_ERROR_FAILED, "It is odd.");
  g_autoptr (PlugAdvice) beyond = advise (IVL_ERROR, 4711, "It is beyond.");
  g_autoptr (PlugAdvice) foreign = advise (G_MARKUP_ERROR, 0, "It is foreign.");

  g_assert_cmpstr (full->cause, ==, same->cause);
  g_assert_cmpstr (full->detail, ==, "No space left");
  g_assert_cmpstr (odd->cause, ==, "It is odd.");
  g_assert_null (odd->detail);
  g_assert_cmpstr (beyond->cause, ==, "It is beyond.");
  g_assert_cmpstr (foreign->cause, ==, "It is foreign.");
  assert_sentence (foreign->remedy);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = NULL;
  int status;

  root = temp_files_make_folder ();
  config = g_build_filename (root, "config", NULL);
  g_setenv ("XDG_DATA_HOME", root, TRUE);
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plug-advice/complete", test_complete);
  g_test_add_func ("/plug-advice/own", test_own);
  g_test_add_func ("/plug-advice/no-model", test_no_model);
  g_test_add_func ("/plug-advice/memory", test_memory);
  g_test_add_func ("/plug-advice/places", test_places);
  g_test_add_func ("/plug-advice/files", test_files);
  status = g_test_run ();
  temp_files_remove_folder (root);
  return status;
}
