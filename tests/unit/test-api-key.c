/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * API keys: where they are looked for, which are refused, and that no refusal shows one. The
 * keyring has a test of its own.
 */
#include "engines/ivl-api-key.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>

#include "temp-files.h"

#define KEY "sk-sesame-0123456789"

static char *folder;

static char *
write_key (const char *text,
           gsize       size,
           int         mode)
{
  char *path = temp_files_write (folder, "gpu.key", text, size);

  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  return path;
}

static void
assert_file_refused (const char *path,
                     int         code,
                     const char *in_message)
{
  g_autoptr (GError) error = NULL;
  char *key = ivl_api_key_read_file (path, &error);

  g_assert_null (key);
  g_assert_error (error, IVL_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, in_message));
  g_assert_nonnull (strstr (error->message, path));
  g_assert_null (strstr (error->message, "sesame"));
}

static void
test_files (void)
{
  static const char *const texts[] = { KEY, KEY "\n", " " KEY "\r\n\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    for (int mode = 0400; mode <= 0600; mode += 0200)
      {
        g_autofree char *path = write_key (texts[i], strlen (texts[i]), mode);
        g_autoptr (GError) error = NULL;
        char *key = ivl_api_key_read_file (path, &error);

        g_assert_no_error (error);
        g_assert_cmpstr (key, ==, KEY);
        ivl_api_key_free (key);
        g_assert_cmpint (g_unlink (path), ==, 0);
      }
}

static void
test_private_files (void)
{
  static const int modes[] = { 0640, 0604, 0620, 0602, 0610, 0644, 0777 };

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = write_key (KEY, strlen (KEY), modes[i]);

      assert_file_refused (path, IVL_ERROR_INVALID_OPTION, "chmod 600");
      g_unlink (path);
    }
}

static void
test_damaged_files (void)
{
  static const struct
  {
    const char *text;
    gsize       size;
  } cases[] = {
    { "", 0 },
    { "\n\n", 2 },
    { "sesame one\n", 11 },
    { "sesame\nsesame\n", 14 },
    { "sesame\r\nX-Evil: 1\n", 18 },
    { "sesame\0more", 11 },
    { "sesame\x1b[0m", 10 },
    { "sesam\xc3\xa9sesame", 13 },
    { "\xff\xfesesame", 8 },
  };
  static const gsize lengths[] = { 8193, 8194, 8195, 100000 };
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = write_key (cases[i].text, cases[i].size, 0600);

      assert_file_refused (path, IVL_ERROR_INVALID_OPTION, "key");
    }
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *text = g_strnfill (lengths[i], 'k');
      g_autofree char *path = write_key (text, lengths[i], 0600);

      assert_file_refused (path, IVL_ERROR_INVALID_OPTION, "too long");
    }
  assert_file_refused (absent, IVL_ERROR_NOT_FOUND, "cannot be opened");
  assert_file_refused (folder, IVL_ERROR_INVALID_OPTION, "not a regular file");
}

static IvlRemote *
parse (const char *location)
{
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse (location, &error);

  g_assert_no_error (error);
  return remote;
}

static void
assert_key (const IvlRemote *remote,
            const char      *expected,
            const char      *expected_source)
{
  g_autoptr (GError) error = NULL;
  char *key = ivl_api_key_find (remote, NULL, &error);
  g_autofree char *source = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (key, ==, expected);
  ivl_api_key_free (key);
  source = ivl_api_key_find_source (remote, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (source, ==, expected_source);
}

static void
assert_no_key (const IvlRemote *remote,
               const char      *in_message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ivl_api_key_find (remote, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, in_message));
  g_assert_null (strstr (error->message, "sesame"));
}

static void
test_order (void)
{
  g_autoptr (IvlRemote) remote = parse ("https://gpu.example");
  g_autoptr (IvlRemote) service = parse ("service:");

  assert_key (remote, NULL, NULL);
  remote->key_file = write_key ("sk-from-file\n", 13, 0600);
  assert_key (remote, "sk-from-file", remote->key_file);
  g_setenv ("IVL_API_KEY", "", TRUE);
  assert_key (remote, "sk-from-file", remote->key_file);
  g_setenv ("IVL_API_KEY", KEY, TRUE);
  assert_key (remote, KEY, "IVL_API_KEY");
  assert_key (service, NULL, NULL);
  g_setenv ("IVL_API_KEY", "sesame\r\nX-Evil: 1", TRUE);
  assert_no_key (remote, "IVL_API_KEY");
  g_unsetenv ("IVL_API_KEY");
}

static void
test_plain_http (void)
{
  static const char *const good[] = { "https://gpu.example", "http://127.0.0.1:8000",
                                      "http://localhost", "http://[::1]", "unix:/run/x.sock" };
  g_autoptr (IvlRemote) plain = parse ("http://gpu.example");

  g_setenv ("IVL_API_KEY", KEY, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (IvlRemote) remote = parse (good[i]);

      assert_key (remote, KEY, "IVL_API_KEY");
    }
  assert_no_key (plain, "insecure-http");
  plain->insecure_http = TRUE;
  assert_key (plain, KEY, "IVL_API_KEY");
  g_unsetenv ("IVL_API_KEY");
  plain->insecure_http = FALSE;
  assert_key (plain, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = temp_files_make_folder ();
  /* no keyring: an address that nobody listens at */
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
  g_unsetenv ("IVL_API_KEY");

  g_test_add_func ("/api-key/files", test_files);
  g_test_add_func ("/api-key/private-files", test_private_files);
  g_test_add_func ("/api-key/damaged-files", test_damaged_files);
  g_test_add_func ("/api-key/order", test_order);
  g_test_add_func ("/api-key/plain-http", test_plain_http);
  result = g_test_run ();
  temp_files_remove_folder (folder);
  return result;
}
