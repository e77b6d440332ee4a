/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-reference DIR: checks this program's arithmetic against a folder of reference values (its
 * layout is described in fixtures/README.md): tiles, aspect table, tokenizers, and every model at
 * every stage. It knows no value in advance.
 */
#include "check-reference.h"

#include <stdlib.h>

void
give_up (const char *format,
         ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("check-reference: %s\n", text);
  exit (2);
}

json_t *
load_json (const char *folder,
           const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  json_error_t error;
  json_t *json = json_load_file (path, JSON_ALLOW_NUL, &error);

  if (json == NULL)
    give_up ("%s: line %d: %s", path, error.line, error.text);
  return json;
}

const char *
text_of (json_t     *object,
         const char *key)
{
  return json_string_value (json_object_get (object, key));
}

guint
number_of (json_t     *object,
           const char *key)
{
  return json_integer_value (json_object_get (object, key));
}

void
load_picture (const char *folder,
              const char *name,
              IvlDecode  *picture)
{
  g_autofree char *path = g_build_filename (folder, "images", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = NULL;
  char *contents;
  gsize size;

  if (!g_file_get_contents (path, &contents, &size, &error))
    give_up ("%s", error->message);
  bytes = g_bytes_new_take (contents, size);
  if (!ivl_decode_bytes (bytes, name,
                         IVL_DECODE_KEEP_ORIENTATION | IVL_DECODE_DROP_ALPHA |
                             IVL_DECODE_KEEP_PROFILE,
                         IVL_DECODE_DEFAULT_MAX_PIXELS, NULL, picture, &error))
    give_up ("%s", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *expected = NULL;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok = TRUE;
  guint n_models = 0;
  const char *name;

  if (argc != 2)
    {
      g_printerr ("Usage: check-reference DIR\n");
      return 2;
    }
  ok &= check_images (argv[1]);
  ok &= check_tokenizers (argv[1]);
  expected = g_build_filename (argv[1], "expected", NULL);
  dir = g_dir_open (expected, 0, &error);
  if (dir == NULL)
    give_up ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      {
        g_autofree char *variant = g_strndup (name, strlen (name) - strlen (".json"));

        ok &= check_model (argv[1], variant);
        n_models++;
      }
  g_print ("%u models, %s\n", n_models, ok ? "everything holds" : "NOT everything holds");
  return ok && n_models > 0 ? 0 : 1;
}
