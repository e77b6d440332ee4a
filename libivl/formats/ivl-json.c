/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON files from outside: bounded before they are parsed, and read field by field with messages
 * that name file, field, expected and found.
 */
#include "formats/ivl-json.h"

#include <libivl/ivl-error.h>

#include "formats/ivl-model-file.h"
#include "util/ivl-json-bounds.h"
#include "util/ivl-json-text.h"

static gboolean
check_bounds (const char  *data,
              gsize        size,
              gsize        max_values,
              const char  *source,
              GError     **error)
{
  gsize offset = 0;

  switch (ivl_json_bounds_check (data, size, IVL_JSON_MAX_DEPTH, max_values, &offset))
    {
    case IVL_JSON_BOUNDS_TOO_DEEP:
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: nested deeper than %d levels at byte %" G_GSIZE_FORMAT, source,
                   IVL_JSON_MAX_DEPTH, offset);
      return FALSE;
    case IVL_JSON_BOUNDS_TOO_MANY:
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: more than %" G_GSIZE_FORMAT " values", source, max_values);
      return FALSE;
    case IVL_JSON_BOUNDS_OK:
    default:
      return TRUE;
    }
}

json_t *
ivl_json_parse (const char  *data,
                gsize        size,
                gsize        max_values,
                const char  *source,
                GError     **error)
{
  json_error_t json_error;
  json_t *root;

  if (!check_bounds (data, size, max_values, source, error))
    return NULL;
  root = ivl_json_text_parse (data, size, JSON_REJECT_DUPLICATES, &json_error);
  if (root == NULL && ivl_json_text_lacked_memory (&json_error))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "%s: no memory for reading it", source);
      return NULL;
    }
  if (root == NULL)
    {
      g_autofree char *text = g_strescape (json_error.text, "\""); /* it quotes the file */

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: line %d, column %d: %s", source, json_error.line, json_error.column, text);
      return NULL;
    }
  if (!json_is_object (root))
    {
      json_decref (root);
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: expected an object, found an array", source);
      return NULL;
    }
  return root;
}

json_t *
ivl_json_load (const char  *path,
               gsize        max_bytes,
               gsize        max_values,
               GError     **error)
{
  g_autofree char *source = g_filename_display_name (path);
  g_autofree char *data = NULL;
  gsize size;

  data = ivl_model_file_read (path, max_bytes, &size, error);
  if (data == NULL)
    return NULL;
  return ivl_json_parse (data, size, max_values, source, error);
}

/* What was found, for a message: short, and of one line. */
static char *
describe (const json_t *value)
{
  g_autofree char *dump = NULL;

  switch (json_typeof (value))
    {
    case JSON_OBJECT:
      return g_strdup ("an object");
    case JSON_ARRAY:
      return g_strdup ("an array");
    case JSON_STRING:
      {
        const char *text = json_string_value (value);
        g_autofree char *start = g_utf8_substring (text, 0, MIN (40, g_utf8_strlen (text, -1)));

        dump = g_strescape (start, NULL);
        return g_strdup_printf ("\"%s\"", dump);
      }
    case JSON_INTEGER:
      return g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (value));
    case JSON_REAL:
      {
        char buffer[G_ASCII_DTOSTR_BUF_SIZE];

        return g_strdup (g_ascii_dtostr (buffer, sizeof buffer, json_real_value (value)));
      }
    case JSON_TRUE:
      return g_strdup ("true");
    case JSON_FALSE:
      return g_strdup ("false");
    case JSON_NULL:
    default:
      return g_strdup ("null");
    }
}

void
ivl_json_set_field_error (const IvlJsonScope  *scope,
                          const char          *field,
                          const char          *expected,
                          const json_t        *found,
                          GError             **error)
{
  g_autofree char *description = found != NULL ? describe (found) : g_strdup ("nothing");
  /* Field names too may come from the file. */
  g_autofree char *path = scope->section != NULL ? g_strconcat (scope->section, ".", field, NULL)
                                                 : g_strdup (field);
  g_autofree char *shown = g_strescape (path, NULL);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %.600s: expected %s, found %s",
               scope->source,
               shown, expected, description);
}

static const json_t *
lookup (const IvlJsonScope *scope,
        const char         *field)
{
  const json_t *value = json_object_get (scope->object, field);

  return json_is_null (value) ? NULL : value;
}

/* FALSE with the error set unless value is an integer of this range. */
static gboolean
check_integer (const IvlJsonScope  *scope,
               const char          *field,
               const json_t        *value,
               gint64               min,
               gint64               max,
               GError             **error)
{
  g_autofree char *expected = NULL;

  if (json_is_integer (value) && json_integer_value (value) >= min
      && json_integer_value (value) <= max)
    return TRUE;
  expected = g_strdup_printf ("an integer from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min,
                              max);
  ivl_json_set_field_error (scope, field, expected, value, error);
  return FALSE;
}

gboolean
ivl_json_get_uint (const IvlJsonScope  *scope,
                   const char          *field,
                   guint                min,
                   guint                max,
                   guint               *value,
                   GError             **error)
{
  const json_t *found = lookup (scope, field);

  if (found == NULL)
    return TRUE;
  if (!check_integer (scope, field, found, min, max, error))
    return FALSE;
  *value = json_integer_value (found);
  return TRUE;
}

gboolean
ivl_json_get_int (const IvlJsonScope  *scope,
                  const char          *field,
                  int                  min,
                  int                  max,
                  int                 *value,
                  GError             **error)
{
  const json_t *found = lookup (scope, field);

  if (found == NULL)
    return TRUE;
  if (!check_integer (scope, field, found, min, max, error))
    return FALSE;
  *value = json_integer_value (found);
  return TRUE;
}

gboolean
ivl_json_get_double (const IvlJsonScope  *scope,
                     const char          *field,
                     double               min,
                     double               max,
                     double              *value,
                     GError             **error)
{
  const json_t *found = lookup (scope, field);
  g_autofree char *expected = NULL;
  char low[G_ASCII_DTOSTR_BUF_SIZE];
  char high[G_ASCII_DTOSTR_BUF_SIZE];

  if (found == NULL)
    return TRUE;
  if (json_is_number (found) && json_number_value (found) >= min
      && json_number_value (found) <= max)
    {
      *value = json_number_value (found);
      return TRUE;
    }
  expected = g_strdup_printf ("a number from %s to %s", g_ascii_dtostr (low, sizeof low, min),
                              g_ascii_dtostr (high, sizeof high, max));
  ivl_json_set_field_error (scope, field, expected, found, error);
  return FALSE;
}

gboolean
ivl_json_get_boolean (const IvlJsonScope  *scope,
                      const char          *field,
                      gboolean            *value,
                      GError             **error)
{
  const json_t *found = lookup (scope, field);

  if (found == NULL)
    return TRUE;
  if (!json_is_boolean (found))
    {
      ivl_json_set_field_error (scope, field, "true or false", found, error);
      return FALSE;
    }
  *value = json_is_true (found);
  return TRUE;
}

gboolean
ivl_json_get_string (const IvlJsonScope  *scope,
                     const char          *field,
                     gsize                max_length,
                     const char         **value,
                     GError             **error)
{
  const json_t *found = lookup (scope, field);
  g_autofree char *expected = NULL;

  if (found == NULL)
    return TRUE;
  if (json_is_string (found) && json_string_length (found) <= max_length)
    {
      *value = json_string_value (found);
      return TRUE;
    }
  expected = g_strdup_printf ("a string of at most %" G_GSIZE_FORMAT " bytes", max_length);
  ivl_json_set_field_error (scope, field, expected, found, error);
  return FALSE;
}

gboolean
ivl_json_get_object (const IvlJsonScope  *scope,
                     const char          *field,
                     json_t             **value,
                     GError             **error)
{
  const json_t *found = lookup (scope, field);

  if (found == NULL)
    return TRUE;
  if (!json_is_object (found))
    {
      ivl_json_set_field_error (scope, field, "an object", found, error);
      return FALSE;
    }
  *value = (json_t *) found;
  return TRUE;
}

gboolean
ivl_json_get_array (const IvlJsonScope  *scope,
                    const char          *field,
                    json_t             **value,
                    GError             **error)
{
  const json_t *found = lookup (scope, field);

  if (found == NULL)
    return TRUE;
  if (!json_is_array (found))
    {
      ivl_json_set_field_error (scope, field, "an array", found, error);
      return FALSE;
    }
  *value = (json_t *) found;
  return TRUE;
}
