/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A validator of JSON schema for tests, written from the specification's sentences alone: one
 * keyword after the other, each a check of its own that knows nothing of the others.
 */
#include "json-validity.h"

#include <math.h>
#include <string.h>

typedef struct
{
  json_t *root;
  json_t *schema;
  json_t *value;
} Case;

static gboolean is_valid (json_t *root,
                          json_t *schema,
                          json_t *value);

static gboolean
has_type (json_t     *value,
          const char *type)
{
  return (g_str_equal (type, "object") && json_is_object (value)) ||
         (g_str_equal (type, "array") && json_is_array (value)) ||
         (g_str_equal (type, "string") && json_is_string (value)) ||
         (g_str_equal (type, "integer") && json_is_integer (value)) ||
         (g_str_equal (type, "number") && json_is_number (value)) ||
         (g_str_equal (type, "boolean") && json_is_boolean (value)) ||
         (g_str_equal (type, "null") && json_is_null (value));
}

static gboolean
check_type (const Case *c)
{
  json_t *type = json_object_get (c->schema, "type");

  if (type == NULL)
    return TRUE;
  for (size_t i = 0; i < json_array_size (type); i++)
    if (has_type (c->value, json_string_value (json_array_get (type, i))))
      return TRUE;
  return json_is_string (type) && has_type (c->value, json_string_value (type));
}

static gboolean
check_choice (const Case *c)
{
  json_t *values = json_object_get (c->schema, "enum");
  json_t *constant = json_object_get (c->schema, "const");

  if (constant != NULL && !json_equal (constant, c->value))
    return FALSE;
  for (size_t i = 0; i < json_array_size (values); i++)
    if (json_equal (json_array_get (values, i), c->value))
      return TRUE;
  return values == NULL;
}

static double
get_limit (const Case *c,
           const char *keyword,
           double      otherwise)
{
  json_t *limit = json_object_get (c->schema, keyword);

  return limit != NULL ? json_number_value (limit) : otherwise;
}

static gboolean
check_limits (const Case *c)
{
  double number = json_number_value (c->value);
  double n_items = (double) json_array_size (c->value);

  if (json_is_string (c->value))
    {
      double length = (double) g_utf8_strlen (json_string_value (c->value), -1);

      return length >= get_limit (c, "minLength", 0) &&
             length <= get_limit (c, "maxLength", INFINITY);
    }
  if (json_is_array (c->value))
    return n_items >= get_limit (c, "minItems", 0) &&
           n_items <= get_limit (c, "maxItems", INFINITY);
  return !json_is_number (c->value) ||
         (number >= get_limit (c, "minimum", -INFINITY) &&
          number <= get_limit (c, "maximum", INFINITY) &&
          number > get_limit (c, "exclusiveMinimum", -INFINITY) &&
          number < get_limit (c, "exclusiveMaximum", INFINITY));
}

static gboolean
check_items (const Case *c)
{
  json_t *items = json_object_get (c->schema, "items");

  for (size_t i = 0; items != NULL && i < json_array_size (c->value); i++)
    if (!is_valid (c->root, items, json_array_get (c->value, i)))
      return FALSE;
  return TRUE;
}

static gboolean
check_members (const Case *c)
{
  json_t *properties = json_object_get (c->schema, "properties");
  json_t *others = json_object_get (c->schema, "additionalProperties");
  json_t *required = json_object_get (c->schema, "required");
  const char *name;
  json_t *member;

  if (!json_is_object (c->value))
    return TRUE;
  for (size_t i = 0; i < json_array_size (required); i++)
    if (json_object_get (c->value, json_string_value (json_array_get (required, i))) == NULL)
      return FALSE;
  json_object_foreach (c->value, name, member)
    {
      json_t *schema = json_object_get (properties, name);

      if (schema == NULL)
        schema = others;
      if (schema != NULL && !is_valid (c->root, schema, member))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_alternatives (const Case *c)
{
  json_t *any = json_object_get (c->schema, "anyOf");
  json_t *one = json_object_get (c->schema, "oneOf");
  guint n_any = 0, n_one = 0;

  for (size_t i = 0; i < json_array_size (any); i++)
    n_any += is_valid (c->root, json_array_get (any, i), c->value) ? 1 : 0;
  for (size_t i = 0; i < json_array_size (one); i++)
    n_one += is_valid (c->root, json_array_get (one, i), c->value) ? 1 : 0;
  return (any == NULL || n_any > 0) && (one == NULL || n_one == 1);
}

static gboolean
check_reference (const Case *c)
{
  const char *reference = json_string_value (json_object_get (c->schema, "$ref"));
  g_auto (GStrv) steps = NULL;
  json_t *target = c->root;

  if (reference == NULL)
    return TRUE;
  steps = g_strsplit (reference, "/", -1);
  for (guint i = 1; steps[i] != NULL; i++)
    target = json_object_get (target, steps[i]);
  return target != NULL && is_valid (c->root, target, c->value);
}

static gboolean
is_valid (json_t *root,
          json_t *schema,
          json_t *value)
{
  const Case c = { root, schema, value };

  if (json_is_boolean (schema))
    return json_is_true (schema);
  return check_type (&c) && check_choice (&c) && check_limits (&c) && check_items (&c) &&
         check_members (&c) && check_alternatives (&c) && check_reference (&c);
}

gboolean
json_is_valid (json_t *schema,
               json_t *value)
{
  return is_valid (schema, schema, value);
}
