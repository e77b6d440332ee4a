/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Locations of servers: what is taken, what is refused and what a refusal shows.
 */
#include "engines/ivl-remote.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>

#include "temp-files.h"

static char *root;

static void
write_config (const char *contents)
{
  g_autofree char *folder = g_build_filename (root, "config", "ivl", NULL);
  g_autofree char *path = g_build_filename (folder, "ivl.conf", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, contents, -1, NULL));
}

static void
assert_refused (const char *location,
                int         code,
                const char *in_message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlRemote) remote = ivl_remote_parse (location, &error);

  g_test_message ("%s", location);
  g_assert_null (remote);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_nonnull (strstr (error->message, in_message));
}

typedef struct
{
  const char *location;
  const char *base;
  const char *authority;
  gboolean    leaves;
  const char *model;
} Good;

static void
test_addresses (void)
{
  static const Good cases[] = {
    { "https://gpu.example", "https://gpu.example/v1", "gpu.example", TRUE, NULL },
    { "https://gpu.example/", "https://gpu.example/v1", "gpu.example", TRUE, NULL },
    { "HTTPS://GPU.Example:443/v1/", "https://gpu.example/v1", "gpu.example", TRUE, NULL },
    { "https://gpu.example:8000/api/v1#OpenGVLab/InternVL2_5-38B",
      "https://gpu.example:8000/api/v1", "gpu.example:8000", TRUE, "OpenGVLab/InternVL2_5-38B" },
    { "https://gpu.example/v1/chat/completions", "https://gpu.example/v1", "gpu.example", TRUE,
      NULL },
    { "http://gpu.example:80", "http://gpu.example/v1", "gpu.example", TRUE, NULL },
    { "http://gpu.example:443", "http://gpu.example:443/v1", "gpu.example:443", TRUE, NULL },
    { "http://localhost:23333", "http://localhost:23333/v1", "localhost:23333", FALSE, NULL },
    { "http://ivl.localhost", "http://ivl.localhost/v1", "ivl.localhost", FALSE, NULL },
    { "http://127.9.8.7:8080", "http://127.9.8.7:8080/v1", "127.9.8.7:8080", FALSE, NULL },
    { "http://[::1]:8000/v1#a%20b", "http://[::1]:8000/v1", "[::1]:8000", FALSE, "a b" },
    { "http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]/v1", "[::ffff:127.0.0.1]", FALSE,
      NULL },
    { "https://[2001:DB8::7]", "https://[2001:db8::7]/v1", "[2001:db8::7]", TRUE, NULL },
    { "https://b\xc3\xbc"
      "cher.example",
      "https://xn--bcher-kva.example/v1", "xn--bcher-kva.example", TRUE, NULL },
    { "https://gpu.example#", "https://gpu.example/v1", "gpu.example", TRUE, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlRemote) remote = NULL;

      g_test_message ("%s", cases[i].location);
      g_assert_true (ivl_remote_is_location (cases[i].location));
      remote = ivl_remote_parse (cases[i].location, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (remote->base, ==, cases[i].base);
      g_assert_cmpstr (remote->authority, ==, cases[i].authority);
      g_assert_cmpstr (remote->origin, ==, remote->authority);
      g_assert_cmpstr (remote->model, ==, cases[i].model);
      g_assert_cmpint (ivl_remote_leaves_computer (remote), ==, cases[i].leaves);
    }
}

/* Names that only begin or end like this computer's, and addresses that some systems read as
 * 127.0.0.1, count as other computers. */
static void
test_not_loopback (void)
{
  static const char *const locations[] = {
    "http://localhost.gpu.example", "http://127.0.0.1.example", "http://notlocalhost",
    "http://0.0.0.0",               "http://127.1",             "http://2130706433",
    "http://[::]",                  "http://[::2]",             "http://[::ffff:128.0.0.1]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (locations); i++)
    {
      g_autoptr (IvlRemote) remote = ivl_remote_parse (locations[i], NULL);

      g_test_message ("%s", locations[i]);
      g_assert_nonnull (remote);
      g_assert_true (ivl_remote_leaves_computer (remote));
    }
}

static void
test_refused_addresses (void)
{
  static const char *const malformed[] = {
    "https://",
    "https:///v1",
    "https://:8000",
    "https://gpu example/v1",
    "https://gpu%20example",
    "https://gpu.example%2fevil.example",
    "https://gpu.example\\@evil.example",
    "https://gpu.example:0",
    "https://gpu.example:65536",
    "https://gpu.example:-1",
    "https://gpu.example:80x",
    "https://[::1",
    "https://[fe80::1%25eth0]",
    "https://.example",
    "https://gpu.example/v1?key=hidden",
    "https://gpu.example/v1\r\nX-Evil: hidden",
    "https://gpu.example/v1#a\nb",
    "https://gpu.example/v1#a%0d%0aX-Evil:%20hidden",
    "https://gpu.example/v1#a%00b",
    "https://gpu.example/v1#a\xe2\x80\xaetxt",
    "https://gpu.example/v1#\xff",
    "https://gpu.example\x7f",
    "https://gpu%0d%0a.example",
    "ftp://gpu.example/v1",
    "file:///etc/passwd",
    "javascript://gpu.example",
    "unix:",
    "unix:#model",
    "unix:/run/a\nb",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlRemote) remote = NULL;
      g_autofree char *shown = g_strescape (malformed[i], NULL);

      g_test_message ("%s", shown);
      g_assert_true (ivl_remote_is_location (malformed[i]));
      remote = ivl_remote_parse (malformed[i], &error);
      g_assert_null (remote);
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_null (strstr (error->message, "hidden"));
      g_assert_null (strpbrk (error->message, "\r\n\x7f"));
    }
}

static void
test_user_info_is_not_shown (void)
{
  static const char *const locations[] = {
    "https://sesame@gpu.example/v1",        "https://user:sesame@gpu.example/v1",
    "https://user:sesame@gpu.example:xx/",  "https://user:sesame@/v1",
    "https://user:sesame@[::1/v1",          "ftp://user:sesame@gpu.example",
    "https://user:sesame@gpu.example?q=1",  "https://user%3Asesame@gpu.example",
    "https://user:sesame%0a@gpu.example/v1", "https://user:ses ame@gpu.example/v1#sesame",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (locations); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlRemote) remote = ivl_remote_parse (locations[i], &error);

      g_test_message ("%s", locations[i]);
      g_assert_null (remote);
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_null (strstr (error->message, "sesame"));
      g_assert_null (strstr (error->message, "ses ame"));
    }
}

static void
test_long_model (void)
{
  g_autofree char *name = g_strnfill (513, 'm');
  g_autofree char *location = g_strconcat ("https://gpu.example#", name, NULL);

  assert_refused (location, IVL_ERROR_INVALID_OPTION, "too long");
}

static void
test_sockets (void)
{
  g_autoptr (IvlRemote) plain = ivl_remote_parse ("unix:/run/x.sock", NULL);
  g_autoptr (IvlRemote) named = ivl_remote_parse ("unix:/run/a#b.sock#a model", NULL);
  g_autofree char *name = g_strnfill (108, 's');
  g_autofree char *location = g_strconcat ("unix:/", name, NULL);

  g_assert_cmpstr (plain->socket, ==, "/run/x.sock");
  g_assert_cmpstr (plain->base, ==, "http://localhost/v1");
  g_assert_cmpstr (plain->origin, ==, "this computer");
  g_assert_cmpstr (plain->authority, ==, "unix:/run/x.sock");
  g_assert_null (plain->model);
  g_assert_true (plain->is_loopback);
  g_assert_cmpstr (named->socket, ==, "/run/a#b.sock");
  g_assert_cmpstr (named->model, ==, "a model");
  assert_refused (location, IVL_ERROR_INVALID_OPTION, "107");
}

static void
test_service (void)
{
  g_autoptr (IvlRemote) any = ivl_remote_parse ("service:", NULL);
  g_autoptr (IvlRemote) named = ivl_remote_parse ("service:InternVL2_5-1B", NULL);
  g_autoptr (IvlRemote) path = ivl_remote_parse ("service:./models/InternVL2_5-2B/", NULL);

  g_assert_true (any->is_service);
  g_assert_true (g_str_has_suffix (any->socket, "/ivl/serve.sock"));
  g_assert_null (any->model);
  g_assert_null (any->served);
  g_assert_cmpstr (named->served, ==, "InternVL2_5-1B");
  g_assert_cmpstr (named->model, ==, "InternVL2_5-1B");
  g_assert_true (g_path_is_absolute (path->served));
  g_assert_cmpstr (path->model, ==, "InternVL2_5-2B");
  g_assert_false (ivl_remote_leaves_computer (path));
}

static void
test_is_location (void)
{
  static const char *const paths[] = { "InternVL2_5-1B",  "./https:/x", "/models/a", "~/models",
                                       "models/a://b",    "unixes",     "://x",      "4https://x",
                                       "gpu.example:8000" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_test_message ("%s", paths[i]);
      g_assert_false (ivl_remote_is_location (paths[i]));
    }
}

static void
test_configured (void)
{
  g_autoptr (IvlRemote) gpu = NULL;
  g_autoptr (IvlRemote) other = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *ca = g_build_filename (root, "config", "ivl", "ca.pem", NULL);
  g_autofree char *key = g_build_filename (g_get_home_dir (), "gpu.key", NULL);
  g_auto (GStrv) names = NULL;

  write_config ("[remote \"gpu\"]\nurl=https://gpu.example:8000/v1\nmodel=internvl2.5-38b\n"
                "engine=lmdeploy\nca-file=ca.pem\nkey-file=~/gpu.key\nparallel=4\n"
                "insecure-http=true\n"
                "[remote \"here\"]\nurl=unix:/run/llama.sock#a\n[remote \"\"]\n[remote x]\n");
  names = ivl_remote_list (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "gpu");
  g_assert_cmpstr (names[1], ==, "here");

  gpu = ivl_remote_parse ("remote:gpu", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gpu->name, ==, "gpu");
  g_assert_cmpstr (gpu->base, ==, "https://gpu.example:8000/v1");
  g_assert_cmpstr (gpu->model, ==, "internvl2.5-38b");
  g_assert_cmpstr (gpu->engine, ==, "lmdeploy");
  g_assert_cmpstr (gpu->ca_file, ==, ca);
  g_assert_cmpstr (gpu->key_file, ==, key);
  g_assert_cmpuint (gpu->parallel, ==, 4);
  g_assert_true (gpu->insecure_http);

  other = ivl_remote_parse ("remote:here#b", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (other->socket, ==, "/run/llama.sock");
  g_assert_cmpstr (other->model, ==, "b");
  g_assert_cmpuint (other->parallel, ==, 0);
  g_assert_false (other->insecure_http);

  assert_refused ("remote:nobody", IVL_ERROR_NOT_FOUND, "[remote \"nobody\"]");
}

static void
test_wrong_configuration (void)
{
  static const struct
  {
    const char *keys;
    int         code;
    const char *in_message;
  } cases[] = {
    { "model=a", IVL_ERROR_INVALID_OPTION, "url" },
    { "url=", IVL_ERROR_INVALID_DATA, "empty" },
    { "url=gpu.example", IVL_ERROR_INVALID_OPTION, "url" },
    { "url=remote:gpu", IVL_ERROR_INVALID_OPTION, "url" },
    { "url=service:", IVL_ERROR_INVALID_OPTION, "url" },
    { "url=https://u:sesame@gpu.example", IVL_ERROR_INVALID_OPTION, "user name" },
    { "url=https://gpu.example/\\nX:1", IVL_ERROR_INVALID_OPTION, "control" },
    { "url=https://gpu.example\nmodel=a\\rb", IVL_ERROR_INVALID_OPTION, "name of the remote" },
    { "url=https://gpu.example\nparallel=0", IVL_ERROR_INVALID_DATA, "parallel" },
    { "url=https://gpu.example\nparallel=9999999999", IVL_ERROR_INVALID_DATA, "parallel" },
    { "url=https://gpu.example\ninsecure-http=perhaps", IVL_ERROR_INVALID_DATA, "insecure-http" },
    { "url=https://gpu.example\nca-file=\\q", IVL_ERROR_INVALID_DATA, "ca-file" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat ("[remote \"gpu\"]\n", cases[i].keys, "\n", NULL);
      g_autoptr (GError) error = NULL;

      write_config (text);
      assert_refused ("remote:gpu", cases[i].code, cases[i].in_message);
      ivl_remote_free (ivl_remote_parse ("remote:gpu", &error));
      g_assert_null (strstr (error->message, "sesame"));
    }
  write_config ("[remote \"gpu\n");
  assert_refused ("remote:gpu", IVL_ERROR_INVALID_DATA, "ivl.conf");
}

static void
assert_allowed (const char *location,
                gboolean    allowed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlRemote) remote = ivl_remote_parse (location, &error);

  g_assert_no_error (error);
  g_assert_cmpint (ivl_remote_check_allowed (remote, &error), ==, allowed);
  if (!allowed)
    g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
}

static void
test_local_only (void)
{
  write_config ("[ivl]\nlocal-only=false\n");
  assert_allowed ("https://gpu.example", TRUE);
  write_config ("[ivl]\nlocal-only=true\n");
  assert_allowed ("https://gpu.example", FALSE);
  assert_allowed ("http://127.0.0.1:8000", TRUE);
  assert_allowed ("service:", TRUE);
  /* what cannot be read might say so too */
  write_config ("[ivl]\nlocal-only=ja\n");
  assert_allowed ("https://gpu.example", FALSE);
  write_config ("[ivl\n");
  assert_allowed ("https://gpu.example", FALSE);
  write_config ("");
  assert_allowed ("https://gpu.example", TRUE);
  ivl_remote_forbid ();
  assert_allowed ("https://gpu.example", FALSE);
  assert_allowed ("unix:/run/x.sock", TRUE);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *config = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  root = temp_files_make_folder ();
  config = g_build_filename (root, "config", NULL);
  g_setenv ("XDG_CONFIG_HOME", config, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", root, TRUE);

  g_test_add_func ("/remote/addresses", test_addresses);
  g_test_add_func ("/remote/not-loopback", test_not_loopback);
  g_test_add_func ("/remote/refused-addresses", test_refused_addresses);
  g_test_add_func ("/remote/user-info-is-not-shown", test_user_info_is_not_shown);
  g_test_add_func ("/remote/long-model", test_long_model);
  g_test_add_func ("/remote/sockets", test_sockets);
  g_test_add_func ("/remote/service", test_service);
  g_test_add_func ("/remote/is-location", test_is_location);
  g_test_add_func ("/remote/configured", test_configured);
  g_test_add_func ("/remote/wrong-configuration", test_wrong_configuration);
  g_test_add_func ("/remote/local-only", test_local_only);
  result = g_test_run ();
  temp_files_remove_folder (root);
  return result;
}
