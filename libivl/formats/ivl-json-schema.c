/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON schemas (json-schema.org, drafts 6 to 2020-12) as far as an answer can be held to them while
 * it is written: a schema becomes a tree of nodes, and a keyword that has no place there is refused
 * by name. What a node allows is what the schema allows or less, never more: objects that name
 * properties have no others, and numbers have a bounded number of digits.
 */
#include "formats/ivl-json-schema.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "formats/ivl-json.h"
#include "util/ivl-json-text.h"

/* References can unfold a short schema into a long one: so many schemas, literals and their 64ths
 * of bytes may come of it. */
#define MAX_WORK 20000
/* Every byte of an answer is compared with these. */
#define MAX_LITERALS 1000
#define MAX_PROPERTIES 1000
/* 18 digits: fits what reads integers as 64 bits. */
#define MAX_INTEGER G_GINT64_CONSTANT (999999999999999999)
/* Bounds of integers, and of numbers times a million, are exact in a double up to this. */
#define MAX_EXACT 1e15
#define MAX_SHOWN_NAME 40

struct _IvlJsonSchema
{
  gatomicrefcount  ref_count;
  GPtrArray       *nodes; /* (element-type IvlJsonNode) */
  IvlJsonNode     *root;
  IvlJsonNode     *any;   /* any JSON value */
};

typedef enum
{
  GROUP_NONE = 0, /* explains, and changes nothing */
  GROUP_TYPE = 1 << 0,
  GROUP_STRING = 1 << 1,
  GROUP_NUMBER = 1 << 2,
  GROUP_OBJECT = 1 << 3,
  GROUP_ARRAY = 1 << 4,
  GROUP_CHOICE = 1 << 5,
  GROUP_UNION = 1 << 6,
  GROUP_REFERENCE = 1 << 7,
} Groups;

static const struct
{
  const char *name;
  Groups      group;
} keywords[] = {
  { "$comment", GROUP_NONE },
  { "$defs", GROUP_NONE },
  { "$id", GROUP_NONE },
  { "$ref", GROUP_REFERENCE },
  { "$schema", GROUP_NONE },
  { "additionalProperties", GROUP_OBJECT },
  { "anyOf", GROUP_UNION },
  { "const", GROUP_CHOICE },
  { "default", GROUP_NONE },
  { "definitions", GROUP_NONE },
  { "deprecated", GROUP_NONE },
  { "description", GROUP_NONE },
  { "enum", GROUP_CHOICE },
  { "examples", GROUP_NONE },
  { "exclusiveMaximum", GROUP_NUMBER },
  { "exclusiveMinimum", GROUP_NUMBER },
  { "items", GROUP_ARRAY },
  { "maxItems", GROUP_ARRAY },
  { "maxLength", GROUP_STRING },
  { "maximum", GROUP_NUMBER },
  { "minItems", GROUP_ARRAY },
  { "minLength", GROUP_STRING },
  { "minimum", GROUP_NUMBER },
  { "oneOf", GROUP_UNION },
  { "properties", GROUP_OBJECT },
  { "readOnly", GROUP_NONE },
  { "required", GROUP_OBJECT },
  { "title", GROUP_NONE },
  { "type", GROUP_TYPE },
  { "writeOnly", GROUP_NONE },
};

typedef struct
{
  IvlJsonSchema *schema;
  json_t        *root;
  GString       *path;  /* of the schema that is being read, as in #/properties/name */
  guint          depth;
  gsize          n_work;
  /* A value of one alternative must not fit another: what a schema without a type means must not be
   * guessed. */
  gboolean       is_exclusive;
} Parser;

static IvlJsonNode *read_schema (Parser  *parser,
                                 json_t  *json,
                                 GError **error);

static void
node_free (gpointer data)
{
  IvlJsonNode *node = data;

  for (guint i = 0; i < node->n_literals; i++)
    g_free (node->literals[i].text);
  g_free (node->literals);
  for (guint i = 0; i < node->n_properties; i++)
    g_free (node->properties[i].name.text);
  g_free (node->properties);
  g_free (node);
}

static IvlJsonNode *
add_node (IvlJsonSchema *schema)
{
  IvlJsonNode *node = g_new0 (IvlJsonNode, 1);

  node->max_length = node->max_items = G_MAXUINT;
  node->items = node->values = schema->any;
  g_ptr_array_add (schema->nodes, node);
  return node;
}

/* The beginning of a name from the schema, fit for a message. */
static char *
show_name (const char *name)
{
  char *shown = g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), MAX_SHOWN_NAME));

  for (char *p = shown; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = '?';
  return shown;
}

static gboolean
refuse (Parser      *parser,
        const char  *keyword,
        const char  *why,
        GError     **error)
{
  g_autofree char *shown = show_name (keyword);

  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "schema: \"%s\" at %s %s", shown,
               parser->path->str, why);
  return FALSE;
}

static gboolean
complain (Parser      *parser,
          const char  *keyword,
          const char  *expected,
          GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "schema: \"%s\" at %s: expected %s",
               keyword, parser->path->str, expected);
  return FALSE;
}

static gboolean
add_work (Parser  *parser,
          gsize    n,
          GError **error)
{
  parser->n_work += n;
  if (parser->n_work <= MAX_WORK)
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                       "schema: too large once its references are unfolded");
  return FALSE;
}

/* The value as text, its real numbers with no more digits than they need. */
static char *
write_value (const json_t *value)
{
  char *text = NULL;

  for (int precision = 1; precision <= 17; precision++)
    {
      json_auto_t *again = NULL;

      free (text);
      text = ivl_json_text_print (value, JSON_COMPACT | JSON_ENCODE_ANY |
                                             JSON_REAL_PRECISION (precision));
      if (text == NULL)
        return NULL;
      again = ivl_json_text_parse (text, strlen (text), JSON_DECODE_ANY, NULL);
      if (json_equal (again, value))
        break;
    }
  return text;
}

static IvlJsonKinds
kind_of_text (const char *text)
{
  switch (*text)
    {
    case '"':
      return IVL_JSON_STRING;
    case '{':
      return IVL_JSON_OBJECT;
    case '[':
      return IVL_JSON_ARRAY;
    case 't':
    case 'f':
    case 'n':
      return IVL_JSON_WORD;
    default:
      return IVL_JSON_NUMBER;
    }
}

static void
add_literal (IvlJsonNode *node,
             const char  *text)
{
  IvlJsonLiteral literal = { g_strdup (text), strlen (text) };

  node->literals = g_renew (IvlJsonLiteral, node->literals, node->n_literals + 1);
  node->literals[node->n_literals++] = literal;
  node->literal_kinds |= kind_of_text (text);
}

static gboolean
read_count (Parser      *parser,
            json_t      *json,
            const char  *keyword,
            guint       *count,
            GError     **error)
{
  json_t *value = json_object_get (json, keyword);

  if (value == NULL)
    return TRUE;
  if (!json_is_integer (value) || json_integer_value (value) < 0 ||
      json_integer_value (value) > G_MAXINT)
    return complain (parser, keyword, "a whole number from 0 on", error);
  *count = (guint) json_integer_value (value);
  return TRUE;
}

/* Bounds are kept in units of the last decimal. A unit counts as a double does which a reader of
 * the answer makes of its text. */
static double
units_to_number (gint64 units,
                 guint  n_decimals)
{
  return n_decimals == 0 ? (double) units : (double) units / 1e6;
}

/* Narrows [lowest, highest] to what one keyword allows. A bound outside the numbers that are
 * written anyway is held to by itself. */
static gboolean
read_bound (Parser       *parser,
            json_t       *json,
            const char   *keyword,
            IvlJsonNode  *node,
            GError      **error)
{
  json_t *value = json_object_get (json, keyword);
  gboolean is_low = strstr (keyword, "inimum") != NULL;
  gboolean excludes = *keyword == 'e';
  const double scale = node->n_decimals == 0 ? 1.0 : 1e6;
  const double most = node->n_decimals == 0 ? (double) MAX_INTEGER : MAX_EXACT;
  double number;
  gint64 units;

  if (value == NULL)
    return TRUE;
  if (!json_is_number (value))
    return complain (parser, keyword, "a number", error);
  node->is_bounded = TRUE;
  number = json_number_value (value);
  if (is_low ? number * scale <= -most : number * scale >= most)
    return TRUE;
  if (fabs (number * scale) > MAX_EXACT)
    return refuse (parser, keyword, "is too large to be held to", error);
  units = (gint64) llround (number * scale);
  if (is_low)
    {
      while (units_to_number (units, node->n_decimals) < number ||
             (excludes && units_to_number (units, node->n_decimals) == number))
        units++;
      node->lowest = MAX (node->lowest, units);
    }
  else
    {
      while (units_to_number (units, node->n_decimals) > number ||
             (excludes && units_to_number (units, node->n_decimals) == number))
        units--;
      node->highest = MIN (node->highest, units);
    }
  return TRUE;
}

static gboolean
read_number (Parser       *parser,
             json_t       *json,
             gboolean      is_integer,
             IvlJsonNode  *node,
             GError      **error)
{
  node->kinds |= IVL_JSON_NUMBER;
  node->is_bounded = is_integer;
  node->n_decimals = is_integer ? 0 : IVL_JSON_SCHEMA_DECIMALS;
  node->highest = is_integer ? MAX_INTEGER : (gint64) MAX_EXACT - 1;
  node->lowest = -node->highest;
  if (!read_bound (parser, json, "minimum", node, error) ||
      !read_bound (parser, json, "exclusiveMinimum", node, error) ||
      !read_bound (parser, json, "maximum", node, error) ||
      !read_bound (parser, json, "exclusiveMaximum", node, error))
    return FALSE;
  if (node->lowest <= node->highest)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "schema: %s leaves no %s between its bounds", parser->path->str,
               is_integer ? "integer"
                          : "number of " G_STRINGIFY (IVL_JSON_SCHEMA_DECIMALS) " decimals");
  return FALSE;
}

static gboolean
read_string (Parser       *parser,
             json_t       *json,
             IvlJsonNode  *node,
             GError      **error)
{
  node->kinds |= IVL_JSON_STRING;
  if (!read_count (parser, json, "minLength", &node->min_length, error) ||
      !read_count (parser, json, "maxLength", &node->max_length, error))
    return FALSE;
  if (node->min_length > node->max_length)
    return complain (parser, "minLength", "at most maxLength", error);
  return TRUE;
}

/* Reads the schema under a keyword, or under keyword and name. */
static IvlJsonNode *
read_inner (Parser      *parser,
            json_t      *json,
            const char  *keyword,
            const char  *name,
            GError     **error)
{
  g_autofree char *shown = name != NULL ? show_name (name) : NULL;
  gboolean was_exclusive = parser->is_exclusive;
  gsize length = parser->path->len;
  IvlJsonNode *node;

  g_string_append_printf (parser->path, "/%s", keyword);
  if (shown != NULL)
    g_string_append_printf (parser->path, "/%s", shown);
  parser->is_exclusive = g_str_equal (keyword, "oneOf") ||
                         (was_exclusive && (*keyword == '$' || g_str_equal (keyword, "anyOf")));
  node = read_schema (parser, json, error);
  parser->is_exclusive = was_exclusive;
  g_string_truncate (parser->path, length);
  return node;
}

static gboolean
read_array (Parser       *parser,
            json_t       *json,
            IvlJsonNode  *node,
            GError      **error)
{
  json_t *items = json_object_get (json, "items");

  node->kinds |= IVL_JSON_ARRAY;
  if (!read_count (parser, json, "minItems", &node->min_items, error) ||
      !read_count (parser, json, "maxItems", &node->max_items, error))
    return FALSE;
  if (node->min_items > node->max_items)
    return complain (parser, "minItems", "at most maxItems", error);
  if (json_is_array (items))
    return refuse (parser, "items", "as a list cannot be held to", error);
  if (items != NULL)
    node->items = read_inner (parser, items, "items", NULL, error);
  return node->items != NULL;
}

/* The property of a name, or NULL. */
static IvlJsonProperty *
find_property (IvlJsonNode *node,
               json_t      *properties,
               const char  *name)
{
  const char *key;
  json_t *value;
  guint i = 0;

  json_object_foreach (properties, key, value)
    {
      if (g_str_equal (key, name))
        return &node->properties[i];
      i++;
    }
  return NULL;
}

static gboolean
read_required (Parser       *parser,
               json_t       *json,
               json_t       *properties,
               IvlJsonNode  *node,
               GError      **error)
{
  json_t *required = json_object_get (json, "required");
  guint next = node->n_properties;

  if (required != NULL && !json_is_array (required))
    return complain (parser, "required", "an array of names", error);
  for (size_t i = 0; i < json_array_size (required); i++)
    {
      const char *name = json_string_value (json_array_get (required, i));
      IvlJsonProperty *property;

      if (name == NULL)
        return complain (parser, "required", "an array of names", error);
      property = find_property (node, properties, name);
      if (property == NULL)
        return refuse (parser, "required", "names something that is not in \"properties\"", error);
      property->is_required = TRUE;
    }
  for (guint i = node->n_properties; i > 0; i--)
    {
      if (node->properties[i - 1].is_required)
        next = i - 1;
      node->properties[i - 1].next_required = next;
    }
  return TRUE;
}

static gboolean
read_properties (Parser       *parser,
                 json_t       *properties,
                 IvlJsonNode  *node,
                 GError      **error)
{
  const char *name;
  json_t *value;

  node->values = NULL;
  if (!json_is_object (properties))
    return complain (parser, "properties", "an object", error);
  if (json_object_size (properties) > MAX_PROPERTIES)
    return refuse (parser, "properties", "has more than " G_STRINGIFY (MAX_PROPERTIES), error);
  node->properties = g_new0 (IvlJsonProperty, json_object_size (properties));
  json_object_foreach (properties, name, value)
    {
      IvlJsonProperty *property = &node->properties[node->n_properties];
      json_auto_t *key = json_string (name);
      g_autofree char *quoted = write_value (key);

      property->value = read_inner (parser, value, "properties", name, error);
      if (property->value == NULL)
        return FALSE;
      property->name.length = strlen (quoted);
      property->name.text = g_steal_pointer (&quoted);
      node->n_properties++;
    }
  return TRUE;
}

static gboolean
read_object (Parser       *parser,
             json_t       *json,
             IvlJsonNode  *node,
             GError      **error)
{
  json_t *properties = json_object_get (json, "properties");
  json_t *others = json_object_get (json, "additionalProperties");

  node->kinds |= IVL_JSON_OBJECT;
  if (properties != NULL && !read_properties (parser, properties, node, error))
    return FALSE;
  if (json_is_false (others))
    node->values = NULL;
  else if (others != NULL)
    {
      /* Read even where properties leave no room for it: a mistake there is one all the same. */
      const IvlJsonNode *value =
          read_inner (parser, others, "additionalProperties", NULL, error);

      if (value == NULL)
        return FALSE;
      if (properties == NULL)
        node->values = value;
    }
  return read_required (parser, json, properties, node, error);
}

static gboolean
read_type (Parser       *parser,
           json_t       *json,
           const char   *type,
           gboolean      is_both,
           IvlJsonNode  *node,
           GError      **error)
{
  if (g_str_equal (type, "string"))
    return read_string (parser, json, node, error);
  /* "integer" beside "number" allows nothing more. */
  if (g_str_equal (type, "integer"))
    return is_both || read_number (parser, json, TRUE, node, error);
  if (g_str_equal (type, "number"))
    return read_number (parser, json, FALSE, node, error);
  if (g_str_equal (type, "array"))
    return read_array (parser, json, node, error);
  if (g_str_equal (type, "object"))
    return read_object (parser, json, node, error);
  if (g_str_equal (type, "null"))
    {
      add_literal (node, "null");
      return TRUE;
    }
  if (g_str_equal (type, "boolean"))
    {
      add_literal (node, "true");
      add_literal (node, "false");
      return TRUE;
    }
  return complain (parser, "type", "a name of a JSON type", error);
}

/* The names in "type", or those that the other keywords speak of: a schema without a type allows
 * more than they say, and less is allowed always. NULL when "type" is no list of names. */
static GPtrArray *
list_types (json_t *json,
            Groups  groups)
{
  static const struct
  {
    Groups      group;
    const char *type;
  } meant[] = { { GROUP_STRING, "string" }, { GROUP_NUMBER, "number" },
                { GROUP_OBJECT, "object" }, { GROUP_ARRAY, "array" } };
  g_autoptr (GPtrArray) types = g_ptr_array_new ();
  json_t *type = json_object_get (json, "type");

  if (json_is_string (type))
    g_ptr_array_add (types, (gpointer) json_string_value (type));
  for (size_t i = 0; i < json_array_size (type); i++)
    {
      const char *name = json_string_value (json_array_get (type, i));

      if (name == NULL || g_ptr_array_find_with_equal_func (types, name, g_str_equal, NULL))
        return NULL;
      g_ptr_array_add (types, (gpointer) name);
    }
  for (guint i = 0; type == NULL && i < G_N_ELEMENTS (meant); i++)
    if (groups & meant[i].group)
      g_ptr_array_add (types, (gpointer) meant[i].type);
  return types->len > 0 ? g_steal_pointer (&types) : NULL;
}

static gboolean
read_types (Parser       *parser,
            json_t       *json,
            Groups        groups,
            IvlJsonNode  *node,
            GError      **error)
{
  g_autoptr (GPtrArray) types = list_types (json, groups);

  if (parser->is_exclusive && !(groups & GROUP_TYPE))
    return refuse (parser, "oneOf", "has an alternative without \"type\"", error);
  if (types == NULL)
    return complain (parser, "type", "a name of a JSON type, or an array of different ones", error);
  for (guint i = 0; i < types->len; i++)
    {
      gboolean is_both =
          g_ptr_array_find_with_equal_func (types, "number", g_str_equal, NULL);

      if (!read_type (parser, json, g_ptr_array_index (types, i), is_both, node, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_type (const json_t *value,
          const char   *type)
{
  static const char *const names[] = {
    [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array",  [JSON_STRING] = "string",
    [JSON_INTEGER] = "integer", [JSON_REAL] = "number",  [JSON_TRUE] = "boolean",
    [JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
  };

  return g_str_equal (type, names[json_typeof (value)]) ||
         (json_is_integer (value) && g_str_equal (type, "number"));
}

/* Adds a value of "enum" or "const" unless "type" forbids it. */
static gboolean
add_choice (Parser       *parser,
            json_t       *value,
            GPtrArray    *types,
            IvlJsonNode  *node,
            GError      **error)
{
  gboolean is_wanted = types == NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; types != NULL && i < types->len; i++)
    is_wanted |= has_type (value, g_ptr_array_index (types, i));
  if (!is_wanted)
    return TRUE;
  if (node->n_literals >= MAX_LITERALS)
    return refuse (parser, "enum", "has more than " G_STRINGIFY (MAX_LITERALS) " values", error);
  text = write_value (value);
  if (text == NULL)
    return refuse (parser, "enum", "cannot be written", error);
  add_literal (node, text);
  return add_work (parser, 1 + strlen (text) / 64, error);
}

static gboolean
read_choice (Parser       *parser,
             json_t       *json,
             Groups        groups,
             IvlJsonNode  *node,
             GError      **error)
{
  json_t *values = json_object_get (json, "enum");
  json_t *constant = json_object_get (json, "const");
  g_autoptr (GPtrArray) types = list_types (json, GROUP_NONE);

  if ((groups & ~(Groups) GROUP_TYPE) != GROUP_CHOICE || (values != NULL && constant != NULL))
    return refuse (parser, values != NULL ? "enum" : "const",
                   "cannot be held to together with what stands beside it", error);
  if (types == NULL && (groups & GROUP_TYPE))
    return complain (parser, "type", "a name of a JSON type, or an array of different ones", error);
  if (values != NULL && !json_is_array (values))
    return complain (parser, "enum", "an array", error);
  if (constant != NULL && !add_choice (parser, constant, types, node, error))
    return FALSE;
  for (size_t i = 0; i < json_array_size (values); i++)
    if (!add_choice (parser, json_array_get (values, i), types, node, error))
      return FALSE;
  if (node->n_literals == 0)
    return complain (parser, values != NULL ? "enum" : "const", "a value that is allowed", error);
  return TRUE;
}

/* Adds the alternatives of another node. They must be told apart by their first byte; only
 * literals may share it with each other. */
static gboolean
merge (IvlJsonNode       *node,
       const IvlJsonNode *other)
{
  IvlJsonKinds all = node->kinds | node->literal_kinds;

  if ((node->kinds & (other->kinds | other->literal_kinds)) || (all & other->kinds) ||
      node->n_literals + other->n_literals > MAX_LITERALS)
    return FALSE;
  for (guint i = 0; i < other->n_literals; i++)
    add_literal (node, other->literals[i].text);
  node->kinds |= other->kinds;
  if (other->kinds & IVL_JSON_STRING)
    {
      node->min_length = other->min_length;
      node->max_length = other->max_length;
    }
  if (other->kinds & IVL_JSON_NUMBER)
    {
      node->is_bounded = other->is_bounded;
      node->n_decimals = other->n_decimals;
      node->lowest = other->lowest;
      node->highest = other->highest;
    }
  if (other->kinds & IVL_JSON_ARRAY)
    {
      node->items = other->items;
      node->min_items = other->min_items;
      node->max_items = other->max_items;
    }
  if (other->kinds & IVL_JSON_OBJECT)
    {
      node->values = other->values;
      node->n_properties = other->n_properties;
      node->properties = g_memdup2 (other->properties,
                                    other->n_properties * sizeof (IvlJsonProperty));
      for (guint i = 0; i < other->n_properties; i++)
        node->properties[i].name.text = g_strdup (other->properties[i].name.text);
    }
  return TRUE;
}

/* Whether a value may be among the literals of both. Strings and words have one spelling. */
static gboolean
may_share (const IvlJsonNode *a,
           const IvlJsonNode *b)
{
  const IvlJsonKinds spelled = IVL_JSON_STRING | IVL_JSON_WORD;

  if (a->literal_kinds & b->literal_kinds & ~spelled)
    return TRUE;
  for (guint i = 0; i < a->n_literals; i++)
    for (guint j = 0; j < b->n_literals; j++)
      if (g_str_equal (a->literals[i].text, b->literals[j].text))
        return TRUE;
  return FALSE;
}

static gboolean
read_union (Parser       *parser,
            json_t       *json,
            Groups        groups,
            IvlJsonNode  *node,
            GError      **error)
{
  json_t *any = json_object_get (json, "anyOf");
  json_t *one = json_object_get (json, "oneOf");
  json_t *list = any != NULL ? any : one;
  const char *keyword = any != NULL ? "anyOf" : "oneOf";

  if (groups != GROUP_UNION || (any != NULL && one != NULL))
    return refuse (parser, keyword, "cannot be held to together with what stands beside it", error);
  if (!json_is_array (list) || json_array_size (list) == 0)
    return complain (parser, keyword, "an array of schemas", error);
  for (size_t i = 0; i < json_array_size (list); i++)
    {
      g_autofree char *name = g_strdup_printf ("%zu", i);
      IvlJsonNode *other = read_inner (parser, json_array_get (list, i), keyword, name, error);

      if (other == NULL)
        return FALSE;
      if ((one != NULL && may_share (node, other)) || !merge (node, other))
        return refuse (parser, keyword, "has alternatives that begin alike", error);
      if (!add_work (parser, other->n_literals + other->n_properties, error))
        return FALSE;
    }
  return TRUE;
}

static IvlJsonNode *
read_reference (Parser  *parser,
                json_t  *json,
                Groups   groups,
                GError **error)
{
  const char *reference = json_string_value (json_object_get (json, "$ref"));
  g_auto (GStrv) steps = NULL;
  json_t *target = parser->root;

  if (groups != GROUP_REFERENCE)
    {
      refuse (parser, "$ref", "cannot be held to together with what stands beside it", error);
      return NULL;
    }
  if (reference == NULL || !g_str_has_prefix (reference, "#/"))
    {
      refuse (parser, "$ref", "does not begin with \"#/\": other schemas are not fetched", error);
      return NULL;
    }
  if (strpbrk (reference, "~%") != NULL)
    {
      refuse (parser, "$ref", "goes through a name that is written with \"~\" or \"%\"", error);
      return NULL;
    }
  steps = g_strsplit (reference + 2, "/", -1);
  for (guint i = 0; steps[i] != NULL; i++)
    target = json_object_get (target, steps[i]);
  if (target == NULL)
    {
      complain (parser, "$ref", "the place of a schema in this one", error);
      return NULL;
    }
  return read_inner (parser, target, "$ref", NULL, error);
}

/* Which groups the keywords belong to. FALSE at one that is not known. */
static gboolean
read_groups (Parser  *parser,
             json_t  *json,
             Groups  *groups,
             GError **error)
{
  const char *name;
  json_t *value;

  *groups = GROUP_NONE;
  json_object_foreach (json, name, value)
    {
      guint i = 0;

      /* The one keyword of its kind that may say "no". */
      if (g_str_equal (name, "uniqueItems") && json_is_false (value))
        continue;
      while (i < G_N_ELEMENTS (keywords) && !g_str_equal (keywords[i].name, name))
        i++;
      if (i == G_N_ELEMENTS (keywords))
        return refuse (parser, name, "cannot be held to", error);
      *groups |= keywords[i].group;
    }
  return TRUE;
}

static IvlJsonNode *
read_keywords (Parser  *parser,
               json_t  *json,
               GError **error)
{
  IvlJsonNode *node;
  Groups groups;
  gboolean ok;

  if (!read_groups (parser, json, &groups, error))
    return NULL;
  if (groups & GROUP_REFERENCE)
    return read_reference (parser, json, groups, error);
  if (groups == GROUP_NONE)
    return parser->schema->any;
  node = add_node (parser->schema);
  if (groups & GROUP_UNION)
    ok = read_union (parser, json, groups, node, error);
  else if (groups & GROUP_CHOICE)
    ok = read_choice (parser, json, groups, node, error);
  else
    ok = read_types (parser, json, groups, node, error);
  return ok ? node : NULL;
}

static IvlJsonNode *
read_schema (Parser  *parser,
             json_t  *json,
             GError **error)
{
  IvlJsonNode *node;

  if (!add_work (parser, 1, error))
    return NULL;
  if (json_is_true (json))
    return parser->schema->any;
  if (!json_is_object (json))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "schema: expected a schema at %s",
                   parser->path->str);
      return NULL;
    }
  if (parser->depth >= IVL_JSON_SCHEMA_MAX_DEPTH)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "schema: nested more than %d schemas deep (or referring to itself) at %s",
                   IVL_JSON_SCHEMA_MAX_DEPTH, parser->path->str);
      return NULL;
    }
  parser->depth++;
  node = read_keywords (parser, json, error);
  parser->depth--;
  return node;
}

/* Any JSON value. */
static IvlJsonNode *
create_any (IvlJsonSchema *schema)
{
  IvlJsonNode *any = add_node (schema);

  any->kinds = IVL_JSON_STRING | IVL_JSON_NUMBER | IVL_JSON_OBJECT | IVL_JSON_ARRAY;
  any->items = any->values = any;
  add_literal (any, "true");
  add_literal (any, "false");
  add_literal (any, "null");
  return any;
}

static gboolean
read_root (IvlJsonSchema  *self,
           json_t         *root,
           GError        **error)
{
  g_autoptr (GString) path = g_string_new ("#");
  Parser parser = { self, root, path, 0, 0, FALSE };

  self->any = create_any (self);
  self->root = read_schema (&parser, root, error);
  if (self->root == self->any)
    {
      self->root = add_node (self);
      self->root->kinds = IVL_JSON_OBJECT;
    }
  return self->root != NULL;
}

IvlJsonSchema *
ivl_json_schema_parse (const char  *text,
                       gsize        size,
                       GError     **error)
{
  g_autoptr (IvlJsonSchema) self = NULL;
  json_auto_t *root = NULL;

  if (size > IVL_JSON_SCHEMA_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "schema: %" G_GSIZE_FORMAT " bytes are more than %d", size,
                   IVL_JSON_SCHEMA_MAX_BYTES);
      return NULL;
    }
  root = ivl_json_parse (text, size, IVL_JSON_SCHEMA_MAX_BYTES, "schema", error);
  if (root == NULL)
    return NULL;
  self = g_new0 (IvlJsonSchema, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->nodes = g_ptr_array_new_with_free_func (node_free);
  return read_root (self, root, error) ? g_steal_pointer (&self) : NULL;
}

IvlJsonSchema *
ivl_json_schema_ref (IvlJsonSchema *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ivl_json_schema_unref (IvlJsonSchema *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

const IvlJsonNode *
ivl_json_schema_get_root (const IvlJsonSchema *self)
{
  return self->root;
}
