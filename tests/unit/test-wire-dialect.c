/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Dialects: every file of data/remote, and what a file may not say. */
#include "wire/ivl-wire-dialect.h"

#include <libivl/ivl-error.h>
#include <string.h>

static IvlWireDialect *
load (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (name, ".ini", NULL);
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "..", "data", "remote", file, NULL);
  g_autofree char *text = NULL;
  IvlWireDialect *dialect;
  gsize n;

  g_file_get_contents (path, &text, &n, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (text, "# ") && strstr (text, "Source: ") != NULL);
  dialect = ivl_wire_dialect_parse (text, n, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (dialect->name, ==, name);
  return dialect;
}

/* Every file parses, and is compiled in. */
static void
test_files (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "..", "data", "remote", NULL);
  g_autofree char *list = g_build_filename (folder, "remote.gresource.xml", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *xml = NULL;
  const char *name;
  guint n = 0;

  g_assert_true (g_file_get_contents (list, &xml, NULL, NULL));
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *line = g_strdup_printf ("<file>%s</file>", name);
      g_autofree char *stem = g_strndup (name, strlen (name) - 4);
      g_autoptr (IvlWireDialect) dialect = NULL;

      if (!g_str_has_suffix (name, ".ini"))
        continue;
      g_test_message ("%s", name);
      dialect = load (stem);
      g_assert_nonnull (strstr (xml, line));
      n++;
    }
  g_assert_cmpuint (n, ==, 9);
}

/* The engine table of the research. */
static void
test_engines (void)
{
  g_autoptr (IvlWireDialect) lmdeploy = load ("lmdeploy");
  g_autoptr (IvlWireDialect) vllm = load ("vllm");
  g_autoptr (IvlWireDialect) sglang = load ("sglang");
  g_autoptr (IvlWireDialect) llama = load ("llama-server");
  g_autoptr (IvlWireDialect) tgi = load ("tgi");
  g_autoptr (IvlWireDialect) openai = load ("openai");
  g_autoptr (IvlWireDialect) ivl = load ("ivl");

  g_assert_cmpint (lmdeploy->tiles, ==, IVL_TILES_IMAGE_URL);
  g_assert_false (ivl_wire_dialect_takes (lmdeploy, "stop"));
  g_assert_cmpint (vllm->tiles, ==, IVL_TILES_MM_KWARGS);
  g_assert_cmpint (vllm->place, ==, IVL_PLACE_MARKERS);
  g_assert_true (vllm->checks_model);
  g_assert_cmpint (sglang->tiles, ==, IVL_TILES_REQUEST);
  g_assert_cmpint (llama->tiles, ==, IVL_TILES_NONE);
  g_assert_false (llama->checks_model);
  g_assert_false (ivl_wire_dialect_takes (llama, "n"));
  g_assert_true (ivl_wire_dialect_takes (llama, "repeat_penalty"));
  g_assert_cmpstr (llama->owners[0], ==, "llamacpp");
  g_assert_cmpstr (tgi->finished[0], ==, "eos_token");
  g_assert_null (openai->fields[0]);
  g_assert_null (openai->owners[0]);
  g_assert_cmpint (ivl->tiles, ==, IVL_TILES_IVL);
  g_assert_cmpint (ivl->place, ==, IVL_PLACE_PARTS);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *words;
  } cases[] = {
    { "", "[dialect]" },
    { "[other]\n", "[dialect]" },
    { "name=x\n", "dialect: " },
    { "[dialect]\ntitle=X\n", "name=" },
    { "[dialect]\nname=X\ntitle=X\n", "name=X" },
    { "[dialect]\nname=../x\ntitle=X\n", "name=../x" },
    { "[dialect]\nname=x\n", "title=" },
    { "[dialect]\nname=x\ntitle=X\ntiles=some\n", "tiles=some: expected none, image-url" },
    { "[dialect]\nname=x\ntitle=X\nplace=left\n", "place=left" },
    { "[dialect]\nname=x\ntitle=X\nfields=top_p;colour\n", "fields=colour" },
    { "[dialect]\nname=x\ntitle=X\nchecks-model=maybe\n", "checks-model=maybe" },
    { "[dialect]\nname=x\ntitle=X\nfeilds=seed\n", "feilds" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_wire_dialect_parse (cases[i].text, strlen (cases[i].text), &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-dialect/files", test_files);
  g_test_add_func ("/wire-dialect/engines", test_engines);
  g_test_add_func ("/wire-dialect/refused", test_refused);
  return g_test_run ();
}
