/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The configuration as programs edit it: what is kept, what is refused, and what others read of it.
 */
#include <libivl/ivl-config.h>

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engines/ivl-remote.h"
#include "temp-files.h"

static char *root;
static char *path;

static void
write_text (const char *text)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, text, -1, &error);
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

static IvlConfig *
load (void)
{
  g_autoptr (GError) error = NULL;
  IvlConfig *config = ivl_config_load (&error);

  g_assert_no_error (error);
  return config;
}

static void
save (IvlConfig *config)
{
  g_autoptr (GError) error = NULL;

  ivl_config_save (config, &error);
  g_assert_no_error (error);
}

static void
set (IvlConfig  *config,
     const char *remote,
     const char *field,
     const char *value)
{
  g_autoptr (GError) error = NULL;

  ivl_config_set_remote (config, remote, field, value, &error);
  g_assert_no_error (error);
}

static void
test_none (void)
{
  g_autoptr (IvlConfig) config = load ();
  g_auto (GStrv) remotes = ivl_config_list_remotes (config);
  g_autofree char *model = ivl_config_get_model (config);
  g_autofree char *url = ivl_config_get_remote (config, "gpu", "url");

  g_assert_null (model);
  g_assert_null (url);
  g_assert_cmpuint (g_strv_length (remotes), ==, 0);
  g_assert_cmpuint (ivl_config_get_idle_exit (config), ==, 15);
  g_assert_false (ivl_config_get_local_only (config));
  save (config);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_kept (void)
{
  static const char before[] = "# about everything\n"
                               "[ivl]\n"
                               "# about the model\n"
                               "model=old\n"
                               "unknown[de]=Wert\n"
                               "\n"
                               "# about another program\n"
                               "[other]\n"
                               "key = with  spaces \n"
                               "\n"
                               "[remote \"gpu\"]\n"
                               "# the big one\n"
                               "url=https://gpu.example/v1\n";
  /* GLib sets a comment on a group off by an empty line */
  static const char after[] = "# about everything\n"
                              "\n"
                              "[ivl]\n"
                              "# about the model\n"
                              "model=new\n"
                              "unknown[de]=Wert\n"
                              "\n"
                              "# about another program\n"
                              "\n"
                              "[other]\n"
                              "key=with  spaces \n"
                              "\n"
                              "[remote \"gpu\"]\n"
                              "# the big one\n"
                              "url=https://gpu.example/v1\n"
                              "parallel=4\n"
                              "\n"
                              "[service]\n"
                              "idle-exit=0\n";
  g_autoptr (IvlConfig) config = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again = NULL;

  write_text (before);
  config = load ();
  ivl_config_set_model (config, "new");
  set (config, "gpu", "parallel", "4");
  ivl_config_set_idle_exit (config, 0);
  g_assert_cmpuint (ivl_config_get_idle_exit (config), ==, 0);
  save (config);
  text = read_text ();
  g_assert_cmpstr (text, ==, after);
  ivl_config_set_model (config, "new");
  save (config);
  again = read_text ();
  g_assert_cmpstr (again, ==, after);
}

/* What another program writes between reading and saving stays. */
static void
test_merged (void)
{
  g_autoptr (IvlConfig) config = NULL;
  g_autofree char *model = NULL;
  g_autofree char *url = NULL;

  write_text ("[ivl]\nmodel=a\n");
  config = load ();
  ivl_config_set_local_only (config, TRUE);
  write_text ("[ivl]\nmodel=b\n[remote \"new\"]\nurl=unix:/tmp/x\n");
  save (config);
  model = ivl_config_get_model (config);
  url = ivl_config_get_remote (config, "new", "url");
  g_assert_cmpstr (model, ==, "b");
  g_assert_cmpstr (url, ==, "unix:/tmp/x");
  g_assert_true (ivl_config_get_local_only (config));
  g_assert_true (ivl_remote_is_forbidden ());
  ivl_config_set_local_only (config, FALSE);
  save (config);
  g_assert_false (ivl_remote_is_forbidden ());
}

static void
test_damaged (void)
{
  static const char *const texts[] = { "no key file", "[ivl\nmodel=a", "[ivl]\nmodel\n" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlConfig) config = NULL;
      g_autofree char *text = NULL;
      g_autofree char *model = NULL;

      write_text (texts[i]);
      g_assert_null (ivl_config_load (&error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, "ivl.conf"));
      g_clear_error (&error);

      write_text ("[ivl]\n");
      config = load ();
      ivl_config_set_model (config, "mine");
      write_text (texts[i]);
      g_assert_false (ivl_config_save (config, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      text = read_text ();
      g_assert_cmpstr (text, ==, texts[i]);
      write_text ("[ivl]\n");
      save (config);
      model = ivl_config_get_model (config);
      g_assert_cmpstr (model, ==, "mine");
    }
}

static void
test_malformed_values (void)
{
  g_autoptr (IvlConfig) config = NULL;

  write_text ("[ivl]\nmodel=\nlocal-only=perhaps\n[service]\nidle-exit=-1\n");
  config = load ();
  g_assert_null (ivl_config_get_model (config));
  g_assert_true (ivl_config_get_local_only (config));
  g_assert_cmpuint (ivl_config_get_idle_exit (config), ==, 15);
  ivl_config_set_idle_exit (config, 99999999);
  g_assert_cmpuint (ivl_config_get_idle_exit (config), ==, 525600);
}

static void
test_remotes (void)
{
  g_autoptr (IvlConfig) config = load ();
  g_autoptr (IvlRemote) remote = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *key_file = NULL;

  set (config, "my gpu", "url", "https://gpu.example:8000/v1/chat/completions");
  set (config, "my gpu", "model", "internvl2.5-38b");
  set (config, "my gpu", "engine", "vllm");
  set (config, "my gpu", "parallel", "8");
  set (config, "my gpu", "insecure-http", "true");
  set (config, "Ümlaut", "url", "unix:~/sock");
  save (config);
  folder = g_path_get_dirname (path);
  key_file = temp_files_write_text (folder, "gpu.key", "sk-1\n");
  g_assert_cmpint (g_chmod (key_file, 0600), ==, 0);
  set (config, "my gpu", "key-file", "gpu.key");
  save (config);

  names = ivl_config_list_remotes (config);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[1], ==, "Ümlaut");
  remote = ivl_remote_parse ("remote:my gpu", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (remote->base, ==, "https://gpu.example:8000/v1");
  g_assert_cmpstr (remote->model, ==, "internvl2.5-38b");
  g_assert_cmpstr (remote->engine, ==, "vllm");
  g_assert_cmpuint (remote->parallel, ==, 8);
  g_assert_cmpstr (remote->key_file, ==, key_file);
  g_assert_true (remote->insecure_http);

  set (config, "my gpu", "model", "");
  set (config, "my gpu", "engine", NULL);
  ivl_config_remove_remote (config, "Ümlaut");
  ivl_config_remove_remote (config, "never there");
  save (config);
  ivl_remote_free (g_steal_pointer (&remote));
  remote = ivl_remote_parse ("remote:my gpu", &error);
  g_assert_no_error (error);
  g_assert_null (remote->model);
  g_assert_null (remote->engine);
  g_assert_null (ivl_remote_parse ("remote:Ümlaut", NULL));
}

static void
test_refused (void)
{
  static const struct
  {
    const char *remote;
    const char *field;
    const char *value;
  } rows[] = {
    { "", "url", "https://a" },
    { "a\"b", "url", "https://a" },
    { "a]", "url", "https://a" },
    { "a#b", "url", "https://a" },
    { "a/b", "url", "https://a" },
    { "service:", "url", "https://a" },
    { " a", "url", "https://a" },
    { "a\n", "url", "https://a" },
    { "a\xff", "url", "https://a" },
    { "gpu", "url", "" },
    { "gpu", "url", NULL },
    { "gpu", "url", "gpu.example" },
    { "gpu", "url", "remote:gpu" },
    { "gpu", "url", "service:" },
    { "gpu", "url", "ftp://gpu.example" },
    { "gpu", "url", "https://user:secret@gpu.example" },
    { "gpu", "url", "https://gpu.example/?key=secret" },
    { "gpu", "url", "https://gpu.example:0" },
    { "gpu", "url", "https://gpu.example/\r\nX: y" },
    { "gpu", "url", "unix:" },
    { "gpu", "model", "a\nb" },
    { "gpu", "engine", "vlmm" },
    { "gpu", "parallel", "0" },
    { "gpu", "parallel", "many" },
    { "gpu", "insecure-http", "perhaps" },
    { "gpu", "ca-file", "not-there.pem" },
    { "gpu", "key-file", "not-there.key" },
    { "gpu", "password", "secret" },
  };
  g_autofree char *long_name = g_strnfill (65, 'n');
  g_autoptr (IvlConfig) config = load ();
  g_auto (GStrv) names = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (ivl_config_set_remote (config, rows[i].remote, rows[i].field, rows[i].value,
                                             &error));
      g_test_message ("%s", error->message);
      g_assert_true (error->domain == IVL_ERROR);
      g_assert_null (strstr (error->message, "secret@"));
    }
  g_assert_false (ivl_config_set_remote (config, long_name, "url", "https://a", NULL));
  names = ivl_config_list_remotes (config);
  g_assert_cmpuint (g_strv_length (names), ==, 0);
}

static void
test_engines (void)
{
  g_auto (GStrv) engines = ivl_config_list_engines ();
  g_autoptr (IvlConfig) config = load ();

  g_assert_true (g_strv_contains ((const char *const *) engines, "vllm"));
  for (guint i = 0; engines[i] != NULL; i++)
    set (config, "gpu", "engine", engines[i]);
}

static void
test_file (void)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *target = g_build_filename (root, "elsewhere.conf", NULL);
  g_autoptr (IvlConfig) config = NULL;
  g_autoptr (IvlConfig) linked = NULL;
  g_autoptr (IvlConfig) blocked = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  config = load ();
  ivl_config_set_model (config, "a");
  save (config);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);

  g_assert_cmpint (g_rename (path, target), ==, 0);
  g_assert_cmpint (g_chmod (target, 0644), ==, 0);
  g_assert_cmpint (symlink (target, path), ==, 0);
  linked = load ();
  ivl_config_set_model (linked, "b");
  save (linked);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
  g_assert_cmpint (g_stat (target, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0644);

  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  blocked = load ();
  g_assert_true (g_file_set_contents (folder, "a file in the way", -1, NULL));
  ivl_config_set_model (blocked, "c");
  g_assert_false (ivl_config_save (blocked, &error));
  g_assert_nonnull (strstr (error->message, "ivl.conf"));
  g_assert_cmpint (g_remove (folder), ==, 0);
  save (blocked);
}

static void
assert_unreadable (const char *how)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) list_error = NULL;
  g_autoptr (IvlConfig) config = ivl_config_load (&error);
  g_auto (GStrv) remotes = ivl_remote_list (&list_error);

  g_test_message ("%s: %s", how, error != NULL ? error->message : "taken for none");
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_null (config);
  g_assert_error (list_error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_true (ivl_remote_is_forbidden ());
}

/* Whatever keeps the file from being read, pictures do not leave because of it. */
static void
test_privacy (void)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *above = g_path_get_dirname (folder);
  const uid_t user = geteuid ();

  write_text ("[ivl]\nlocal-only=true\n");
  g_assert_true (ivl_remote_is_forbidden ());

  /* root may look everywhere, so that another user looks. */
  g_assert_cmpint (g_chmod (folder, 0), ==, 0);
  g_assert_true (user != 0 || seteuid (65534) == 0);
  assert_unreadable ("a folder that may not be entered");
  g_assert_true (user != 0 || seteuid (0) == 0);
  g_assert_cmpint (g_chmod (folder, 0700), ==, 0);

  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (symlink ("ivl.conf", path), ==, 0);
  assert_unreadable ("a link to itself");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (symlink ("/nowhere/mounted/ivl.conf", path), ==, 0);
  assert_unreadable ("a link to what is not mounted");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  assert_unreadable ("a folder of that name");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_unreadable ("a FIFO");
  g_assert_cmpint (g_remove (path), ==, 0);
  write_text ("[ivl]\nlocal-only=true\n");
  g_assert_cmpint (truncate (path, 3000000), ==, 0);
  assert_unreadable ("a file that is too large");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_false (ivl_remote_is_forbidden ());

  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_assert_cmpint (symlink ("/nowhere/mounted", folder), ==, 0);
  assert_unreadable ("a folder that is a link to what is not mounted");
  g_assert_cmpint (g_remove (folder), ==, 0);
  g_assert_true (g_file_set_contents (folder, "a file in the way", -1, NULL));
  assert_unreadable ("a file in the folder's place");
  g_assert_cmpint (g_remove (folder), ==, 0);
  g_assert_cmpint (g_rmdir (above), ==, 0);
  g_assert_false (ivl_remote_is_forbidden ());
}

/* A link to a file that is not made yet: the file is made. */
static void
test_links (void)
{
  static const char *const links[] = { "../real.conf", "first.conf", NULL };
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *above = g_path_get_dirname (folder);
  g_autofree char *first = g_build_filename (folder, "first.conf", NULL);
  g_autofree char *real = g_build_filename (above, "real.conf", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_cmpint (symlink ("../real.conf", first), ==, 0);
  for (guint i = 0; links[i] != NULL; i++)
    {
      g_autoptr (IvlConfig) config = NULL;
      g_autofree char *text = NULL;

      g_remove (real);
      g_remove (path);
      g_assert_cmpint (symlink (links[i], path), ==, 0);
      config = load ();
      ivl_config_set_model (config, "a");
      save (config);
      g_assert_true (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
      g_assert_true (g_file_test (first, G_FILE_TEST_IS_SYMLINK));
      g_assert_false (g_file_test (real, G_FILE_TEST_IS_SYMLINK));
      text = read_text ();
      g_assert_nonnull (strstr (text, "model=a"));
    }
}

static void
save_many (const char *who)
{
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s-%u", who, i);
      g_autoptr (IvlConfig) config = load ();

      set (config, name, "url", "https://gpu.example/v1");
      save (config);
    }
}

/* Two processes that save at the same time, also when there is no file yet: nothing is lost. */
static void
test_together (void)
{
  g_autoptr (IvlConfig) config = NULL;
  g_auto (GStrv) remotes = NULL;
  const pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  save_many (child == 0 ? "child" : "parent");
  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  config = load ();
  remotes = ivl_config_list_remotes (config);
  g_assert_cmpuint (g_strv_length (remotes), ==, 200);
}

static void
keep_result (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

static void
assert_store_fails (IvlConfig  *config,
                    const char *remote,
                    const char *key,
                    int         code)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  ivl_config_store_key_async (config, remote, key, NULL, keep_result, &result);
  wait_for (&result);
  g_assert_false (ivl_config_store_key_finish (config, result, &error));
  g_assert_error (error, IVL_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, "sesame"));
  if (key != NULL && code == IVL_ERROR_INVALID_OPTION)
    {
      g_autoptr (GError) checked = NULL;

      g_assert_false (ivl_config_check_key (config, remote, key, &checked));
      g_assert_cmpstr (checked->message, ==, error->message);
    }
}

/* Without a session bus there is no keyring, and that is said in a sentence. */
static void
test_no_keyring (void)
{
  g_autoptr (IvlConfig) config = load ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  set (config, "gpu", "url", "https://gpu.example");
  set (config, "plain", "url", "http://gpu.example");
  assert_store_fails (config, "gpu", "sesame", IVL_ERROR_UNSUPPORTED);
  assert_store_fails (config, "gpu", NULL, IVL_ERROR_UNSUPPORTED);
  assert_store_fails (config, "gpu", "sesame\nopen", IVL_ERROR_INVALID_OPTION);
  assert_store_fails (config, "gpu", " ", IVL_ERROR_INVALID_OPTION);
  assert_store_fails (config, "plain", "sesame", IVL_ERROR_INVALID_OPTION);
  assert_store_fails (config, "none", "sesame", IVL_ERROR_NOT_FOUND);
  ivl_config_find_key_async (config, "gpu", NULL, keep_result, &result);
  wait_for (&result);
  g_assert_null (ivl_config_find_key_finish (config, result, &error));
  g_assert_no_error (error);
}

static void
test_key_places (void)
{
  g_autoptr (IvlConfig) config = load ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *place = NULL;

  set (config, "gpu", "url", "https://gpu.example");
  g_setenv ("IVL_API_KEY", "sesame", TRUE);
  ivl_config_find_key_async (config, "gpu", NULL, keep_result, &result);
  wait_for (&result);
  g_unsetenv ("IVL_API_KEY");
  place = ivl_config_find_key_finish (config, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (place, ==, "IVL_API_KEY");
}

static const struct
{
  const char *path;
  GTestFunc   run;
} tests[] = {
  { "/config/none", test_none },
  { "/config/kept", test_kept },
  { "/config/merged", test_merged },
  { "/config/damaged", test_damaged },
  { "/config/malformed-values", test_malformed_values },
  { "/config/remotes", test_remotes },
  { "/config/refused", test_refused },
  { "/config/engines", test_engines },
  { "/config/file", test_file },
  { "/config/privacy", test_privacy },
  { "/config/links", test_links },
  { "/config/together", test_together },
  { "/config/no-keyring", test_no_keyring },
  { "/config/key-places", test_key_places },
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
  g_autofree char *bus = NULL;
  int status;

  root = temp_files_make_folder ();
  config = g_build_filename (root, "config", NULL);
  bus = g_strdup_printf ("unix:path=%s/no-bus", root);
  path = g_build_filename (config, "ivl", "ivl.conf", NULL);
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", bus, TRUE);
  g_unsetenv ("IVL_API_KEY");
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, GUINT_TO_POINTER (i), run_clean);
  status = g_test_run ();
  temp_files_remove_folder (root);
  g_free (path);
  return status;
}
