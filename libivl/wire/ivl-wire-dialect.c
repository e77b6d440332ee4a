/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads what is particular to one engine from its key file.
 */
#include "wire/ivl-wire-dialect.h"

#include <libivl/ivl-error.h>
#include <string.h>

#define GROUP "dialect"

/* Optional request fields that the writer knows, beside model, messages, max_tokens, temperature,
 * stream and stream_options, which every engine takes. */
static const char *const known_fields[] = {
  "top_p", "top_k", "repetition_penalty", "repeat_penalty", "seed", "stop", "n", "logprobs",
  "response_format", "ivl_progress", NULL
};

static const char *const known_keys[] = {
  "name", "title", "tiles", "place", "fields", "finished", "owners", "checks-model",
  "port", "start", NULL
};

/* By the value of the enumeration. */
static const char *const tiles_names[] = {
  "none", "image-url", "mm-kwargs", "request", "ivl", NULL
};
static const char *const place_names[] = { "parts", "markers", NULL };

void
ivl_wire_dialect_free (IvlWireDialect *self)
{
  g_free (self->name);
  g_free (self->title);
  g_strfreev (self->fields);
  g_strfreev (self->finished);
  g_strfreev (self->owners);
  g_free (self->start);
  g_free (self);
}

static void
set_value_error (const char  *key,
                 const char  *value,
                 const char  *expected,
                 GError     **error)
{
  g_autofree char *shown = g_strescape (value, NULL);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "dialect: %s=%.100s: expected %s", key,
               shown, expected);
}

static gboolean
check_keys (GKeyFile  *file,
            GError   **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, GROUP, NULL, NULL);

  if (keys == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "dialect: no group [%s]", GROUP);
      return FALSE;
    }
  for (guint i = 0; keys[i] != NULL; i++)
    if (!g_strv_contains (known_keys, keys[i]))
      {
        set_value_error (keys[i], "", "no such key", error);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_name (GKeyFile    *file,
           const char  *key,
           gboolean     is_id,
           char       **value,
           GError     **error)
{
  *value = g_key_file_get_string (file, GROUP, key, NULL);
  if (*value == NULL || **value == '\0' || strlen (*value) > 64 ||
      (is_id && strspn (*value, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen (*value)))
    {
      set_value_error (key, *value != NULL ? *value : "",
                       is_id ? "a name of a-z, 0-9 and -" : "a title", error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_choice (GKeyFile           *file,
             const char         *key,
             const char *const  *names,
             int                *value,
             GError            **error)
{
  g_autofree char *text = g_key_file_get_string (file, GROUP, key, NULL);
  g_autofree char *all = NULL;

  if (text == NULL)
    return TRUE;
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], text) == 0)
      {
        *value = i;
        return TRUE;
      }
  all = g_strjoinv (", ", (char **) names);
  set_value_error (key, text, all, error);
  return FALSE;
}

static GStrv
read_list (GKeyFile   *file,
           const char *key)
{
  GStrv list = g_key_file_get_string_list (file, GROUP, key, NULL, NULL);

  return list != NULL ? list : g_new0 (char *, 1);
}

static gboolean
check_fields (const IvlWireDialect  *self,
              GError               **error)
{
  for (guint i = 0; self->fields[i] != NULL; i++)
    if (!g_strv_contains (known_fields, self->fields[i]))
      {
        set_value_error ("fields", self->fields[i], "a request field that is known", error);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_boolean (GKeyFile    *file,
              const char  *key,
              gboolean    *value,
              GError     **error)
{
  g_autofree char *text = g_key_file_get_string (file, GROUP, key, NULL);

  *value = text != NULL && strcmp (text, "true") == 0;
  if (text == NULL || *value || strcmp (text, "false") == 0)
    return TRUE;
  set_value_error (key, text, "true or false", error);
  return FALSE;
}

static gboolean
read_port (GKeyFile  *file,
           guint     *port,
           GError   **error)
{
  g_autofree char *text = g_key_file_get_string (file, GROUP, "port", NULL);
  guint64 value = 0;

  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT16, &value, NULL))
    {
      set_value_error ("port", text, "a number of 1 to 65535", error);
      return FALSE;
    }
  *port = (guint) value;
  return TRUE;
}

IvlWireDialect *
ivl_wire_dialect_parse (const char  *text,
                        gsize        n,
                        GError     **error)
{
  g_autoptr (IvlWireDialect) self = g_new0 (IvlWireDialect, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  int tiles = IVL_TILES_NONE;
  int place = IVL_PLACE_PARTS;

  if (!g_key_file_load_from_data (file, text, n, G_KEY_FILE_NONE, &local))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "dialect: %s", local->message);
      return NULL;
    }
  if (!check_keys (file, error) || !read_name (file, "name", TRUE, &self->name, error) ||
      !read_name (file, "title", FALSE, &self->title, error) ||
      !read_choice (file, "tiles", tiles_names, &tiles, error) ||
      !read_choice (file, "place", place_names, &place, error) ||
      !read_boolean (file, "checks-model", &self->checks_model, error) ||
      !read_port (file, &self->port, error))
    return NULL;
  self->tiles = tiles;
  self->place = place;
  self->fields = read_list (file, "fields");
  self->finished = read_list (file, "finished");
  self->owners = read_list (file, "owners");
  self->start = g_key_file_get_string (file, GROUP, "start", NULL);
  if (!check_fields (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
ivl_wire_dialect_takes (const IvlWireDialect *self,
                        const char           *field)
{
  return self->fields != NULL && g_strv_contains ((const char *const *) self->fields, field);
}
