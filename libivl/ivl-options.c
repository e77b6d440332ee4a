/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Options of an answer: one table of names and ranges, which makes the properties and checks values
 * that come as strings.
 */
#include <libivl/ivl-options.h>

#include <math.h>
#include <string.h>

#include "formats/ivl-json-schema.h"

/* Bounds of what an answer may ask for. They lie far outside what is useful; what they keep out are
 * typing errors and values that would make the arithmetic overflow. */
#define MAX_TOKENS 1048576
#define MAX_TOP_K 1048576
#define MAX_TILES 1024
#define MAX_TEMPERATURE 100.0
#define MIN_PENALTY 0.01
#define MAX_PENALTY 100.0
#define MAX_STOP_STRINGS 32
#define MAX_STOP_BYTES 1024
#define MAX_TOP_LOGPROBS 20 /* as in the protocol of chat completions */
#define MAX_PATIENCE 86400

struct _IvlOptions
{
  GObject parent_instance;

  guint    max_tokens;
  double   temperature;
  guint    top_k;
  double   top_p;
  double   repetition_penalty;
  guint64  seed;
  char   **stop; /* never NULL */
  guint    min_tiles;
  guint    max_tiles;
  gboolean detect_repetition;
  int      top_logprobs;
  char    *json_schema; /* (nullable) */
  int      patience;
  char   **nothing;     /* (nullable) */
  gboolean keep_regions;
  gboolean raw;
};

G_DEFINE_FINAL_TYPE (IvlOptions, ivl_options, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_MAX_TOKENS,
  PROP_TEMPERATURE,
  PROP_TOP_K,
  PROP_TOP_P,
  PROP_REPETITION_PENALTY,
  PROP_SEED,
  PROP_STOP,
  PROP_MIN_TILES,
  PROP_MAX_TILES,
  PROP_DETECT_REPETITION,
  PROP_TOP_LOGPROBS,
  PROP_JSON_SCHEMA,
  PROP_PATIENCE,
  PROP_NOTHING,
  PROP_KEEP_REGIONS,
  PROP_RAW,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* NULL when the strings can end an answer, else what is wrong with them. */
static const char *
check_stop (const char *const *stop)
{
  for (guint i = 0; stop != NULL && stop[i] != NULL; i++)
    {
      if (i >= MAX_STOP_STRINGS)
        return "at most " G_STRINGIFY (MAX_STOP_STRINGS) " strings";
      if (*stop[i] == '\0' || strlen (stop[i]) > MAX_STOP_BYTES)
        return "1 to " G_STRINGIFY (MAX_STOP_BYTES) " bytes in each string";
      if (!g_utf8_validate (stop[i], -1, NULL))
        return "UTF-8";
    }
  return NULL;
}

static void
set_stop (IvlOptions        *self,
          const char *const *stop)
{
  const char *wanted = check_stop (stop);
  char **copy;

  if (wanted != NULL)
    {
      g_warning ("IvlOptions:stop: a value was refused; expected %s", wanted);
      return;
    }
  copy = stop != NULL ? g_strdupv ((char **) stop) : g_new0 (char *, 1);
  g_strfreev (self->stop);
  self->stop = copy;
}

static gboolean
check_json_schema (const char  *text,
                   GError     **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (IvlJsonSchema) schema = ivl_json_schema_parse (text, strlen (text), &failure);

  if (schema != NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR,
               g_error_matches (failure, IVL_ERROR, IVL_ERROR_INVALID_DATA)
                   ? IVL_ERROR_INVALID_OPTION
                   : failure->code,
               "Option json-schema: %s", failure->message);
  return FALSE;
}

static void
set_json_schema (IvlOptions *self,
                 const char *text)
{
  g_autoptr (GError) error = NULL;

  if (text != NULL && !check_json_schema (text, &error))
    {
      g_warning ("IvlOptions:json-schema: a value was refused: %s", error->message);
      return;
    }
  g_free (self->json_schema);
  self->json_schema = g_strdup (text);
}

static void
ivl_options_set_property (GObject      *object,
                          guint         id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  IvlOptions *self = IVL_OPTIONS (object);

  switch (id)
    {
    case PROP_MAX_TOKENS:
      self->max_tokens = g_value_get_uint (value);
      break;
    case PROP_TEMPERATURE:
      self->temperature = g_value_get_double (value);
      break;
    case PROP_TOP_K:
      self->top_k = g_value_get_uint (value);
      break;
    case PROP_TOP_P:
      self->top_p = g_value_get_double (value);
      break;
    case PROP_REPETITION_PENALTY:
      self->repetition_penalty = g_value_get_double (value);
      break;
    case PROP_SEED:
      self->seed = g_value_get_uint64 (value);
      break;
    case PROP_STOP:
      set_stop (self, g_value_get_boxed (value));
      break;
    case PROP_MIN_TILES:
      self->min_tiles = g_value_get_uint (value);
      break;
    case PROP_MAX_TILES:
      self->max_tiles = g_value_get_uint (value);
      break;
    case PROP_DETECT_REPETITION:
      self->detect_repetition = g_value_get_boolean (value);
      break;
    case PROP_TOP_LOGPROBS:
      self->top_logprobs = g_value_get_int (value);
      break;
    case PROP_JSON_SCHEMA:
      set_json_schema (self, g_value_get_string (value));
      break;
    case PROP_PATIENCE:
      self->patience = g_value_get_int (value);
      break;
    case PROP_NOTHING:
      g_strfreev (self->nothing);
      self->nothing = g_value_dup_boxed (value);
      break;
    case PROP_KEEP_REGIONS:
      self->keep_regions = g_value_get_boolean (value);
      break;
    case PROP_RAW:
      self->raw = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ivl_options_get_property (GObject    *object,
                          guint       id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  IvlOptions *self = IVL_OPTIONS (object);

  switch (id)
    {
    case PROP_MAX_TOKENS:
      g_value_set_uint (value, self->max_tokens);
      break;
    case PROP_TEMPERATURE:
      g_value_set_double (value, self->temperature);
      break;
    case PROP_TOP_K:
      g_value_set_uint (value, self->top_k);
      break;
    case PROP_TOP_P:
      g_value_set_double (value, self->top_p);
      break;
    case PROP_REPETITION_PENALTY:
      g_value_set_double (value, self->repetition_penalty);
      break;
    case PROP_SEED:
      g_value_set_uint64 (value, self->seed);
      break;
    case PROP_STOP:
      g_value_set_boxed (value, self->stop);
      break;
    case PROP_MIN_TILES:
      g_value_set_uint (value, self->min_tiles);
      break;
    case PROP_MAX_TILES:
      g_value_set_uint (value, self->max_tiles);
      break;
    case PROP_DETECT_REPETITION:
      g_value_set_boolean (value, self->detect_repetition);
      break;
    case PROP_TOP_LOGPROBS:
      g_value_set_int (value, self->top_logprobs);
      break;
    case PROP_JSON_SCHEMA:
      g_value_set_string (value, self->json_schema);
      break;
    case PROP_PATIENCE:
      g_value_set_int (value, self->patience);
      break;
    case PROP_NOTHING:
      g_value_set_boxed (value, self->nothing);
      break;
    case PROP_KEEP_REGIONS:
      g_value_set_boolean (value, self->keep_regions);
      break;
    case PROP_RAW:
      g_value_set_boolean (value, self->raw);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ivl_options_finalize (GObject *object)
{
  g_strfreev (IVL_OPTIONS (object)->stop);
  g_strfreev (IVL_OPTIONS (object)->nothing);
  g_free (IVL_OPTIONS (object)->json_schema);
  G_OBJECT_CLASS (ivl_options_parent_class)->finalize (object);
}

/* Properties of the answer as a whole. */
static void
add_answer_properties (GParamFlags flags)
{
  /**
   * IvlOptions:detect-repetition:
   *
   * Whether to stop when the answer repeats itself without end. Turn it off to transcribe pages
   * that really say the same thing dozens of times. No effect with a JSON schema, where long tables
   * of equal rows are common and a half document is of no use.
   */
  properties[PROP_DETECT_REPETITION] =
    g_param_spec_boolean ("detect-repetition", NULL, NULL, TRUE, flags);
  /**
   * IvlOptions:top-logprobs:
   *
   * Whether [method@Reply.take_tokens] tells the answer's tokens with their probabilities, and how
   * many of the likeliest tokens beside each: 0 to 20; -1 tells nothing.
   */
  properties[PROP_TOP_LOGPROBS] =
    g_param_spec_int ("top-logprobs", NULL, NULL, -1, MAX_TOP_LOGPROBS, -1, flags);
  /**
   * IvlOptions:json-schema:
   *
   * A JSON schema, at most 64 KiB: the answer is JSON text that it describes, if its finish reason
   * is %IVL_FINISH_STOP (and no stop string cut it off). `{}` is any JSON object.
   *
   * Understood are `type` (one, or several that begin differently), `properties`, `required`,
   * `additionalProperties`, `items`, `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`,
   * `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `enum`, `const`, `anyOf` and `oneOf` of
   * values that begin differently, `$ref` to a definition in the same schema that does not refer to
   * itself, and what explains a schema without changing it. All else is refused, never ignored.
   * Properties come in the schema's order, and no others than those that are named.
   */
  properties[PROP_JSON_SCHEMA] = g_param_spec_string ("json-schema", NULL, NULL, NULL, flags);
  /**
   * IvlOptions:patience:
   *
   * How many seconds a request may wait in all for a server that is down, loading a model or busy;
   * 0 tries once and does not wait, -1 is the default of 60. No effect with a model on this
   * computer.
   */
  properties[PROP_PATIENCE] =
    g_param_spec_int ("patience", NULL, NULL, -1, MAX_PATIENCE, -1, flags);
  /**
   * IvlOptions:nothing:
   *
   * What the model says where there is nothing to tell, such as `No text.` for a page without text.
   * An answer that is one of these (case and punctuation at its ends aside) is empty, and
   * [method@Reply.get_remark] tells the words. Where this is set, be it without any string, an
   * answer may be empty; where it is %NULL, that is %IVL_ERROR_NO_ANSWER. Tasks set it.
   */
  properties[PROP_NOTHING] = g_param_spec_boxed ("nothing", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * IvlOptions:keep-regions:
   *
   * Whether the answer's text keeps the markup of places, `<ref>` and `<box>`. Without it the text
   * holds the names alone; [method@Reply.get_regions] finds the places either way. Tasks set it.
   */
  properties[PROP_KEEP_REGIONS] =
    g_param_spec_boolean ("keep-regions", NULL, NULL, FALSE, flags);
  /**
   * IvlOptions:raw:
   *
   * Whether the answer is handed on as the model wrote it, for a program that reads it itself:
   * with reasoning, control tokens and markup, and empty where it is. Without it they are left out,
   * and an answer without text is %IVL_ERROR_NO_ANSWER.
   */
  properties[PROP_RAW] = g_param_spec_boolean ("raw", NULL, NULL, FALSE, flags);
}

static void
ivl_options_class_init (IvlOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT | G_PARAM_STATIC_STRINGS;

  object_class->set_property = ivl_options_set_property;
  object_class->get_property = ivl_options_get_property;
  object_class->finalize = ivl_options_finalize;

  /**
   * IvlOptions:max-tokens:
   *
   * Longest answer in tokens; 0 leaves it to the task, or else to 1024.
   */
  properties[PROP_MAX_TOKENS] =
    g_param_spec_uint ("max-tokens", NULL, NULL, 0, MAX_TOKENS, 0, flags);
  /**
   * IvlOptions:temperature:
   *
   * How evenly tokens are drawn; 0 is greedy: always the likeliest token.
   */
  properties[PROP_TEMPERATURE] =
    g_param_spec_double ("temperature", NULL, NULL, 0.0, MAX_TEMPERATURE, 0.0, flags);
  /**
   * IvlOptions:top-k:
   *
   * Draw among the k likeliest tokens; 0 is all of them. No effect when greedy.
   */
  properties[PROP_TOP_K] = g_param_spec_uint ("top-k", NULL, NULL, 0, MAX_TOP_K, 0, flags);
  /**
   * IvlOptions:top-p:
   *
   * Draw among the likeliest tokens whose probabilities add up to p. No effect when greedy.
   */
  properties[PROP_TOP_P] = g_param_spec_double ("top-p", NULL, NULL, 0.0, 1.0, 1.0, flags);
  /**
   * IvlOptions:repetition-penalty:
   *
   * Above 1 makes tokens that were there already less likely, below 1 likelier. Counts when greedy
   * too.
   */
  properties[PROP_REPETITION_PENALTY] =
    g_param_spec_double ("repetition-penalty", NULL, NULL, MIN_PENALTY, MAX_PENALTY, 1.0, flags);
  /**
   * IvlOptions:seed:
   *
   * Start of the random numbers: the same seed gives the same text. No effect when greedy.
   */
  properties[PROP_SEED] = g_param_spec_uint64 ("seed", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /**
   * IvlOptions:stop:
   *
   * Strings that end the answer and are not part of it: at most 32, each of 1 to 1024 bytes of
   * UTF-8.
   */
  properties[PROP_STOP] = g_param_spec_boxed ("stop", NULL, NULL, G_TYPE_STRV, flags);
  /**
   * IvlOptions:min-tiles:
   *
   * Fewest tiles a picture is cut into; 0 leaves it to the task, or else to the model.
   */
  properties[PROP_MIN_TILES] = g_param_spec_uint ("min-tiles", NULL, NULL, 0, MAX_TILES, 0, flags);
  /**
   * IvlOptions:max-tiles:
   *
   * Most tiles a picture is cut into, not counting the thumbnail; 0 leaves it to the task, or else
   * to the model. More tiles show finer detail and take time in proportion.
   */
  properties[PROP_MAX_TILES] = g_param_spec_uint ("max-tiles", NULL, NULL, 0, MAX_TILES, 0, flags);
  add_answer_properties (flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ivl_options_init (IvlOptions *self)
{
}

/**
 * ivl_options_new:
 *
 * Makes options with the defaults of the table above.
 *
 * Returns: (transfer full): the options
 */
IvlOptions *
ivl_options_new (void)
{
  return g_object_new (IVL_TYPE_OPTIONS, NULL);
}

/**
 * ivl_options_copy:
 * @self: options
 *
 * Makes options with the same values.
 *
 * Returns: (transfer full): the copy
 */
IvlOptions *
ivl_options_copy (IvlOptions *self)
{
  IvlOptions *copy;

  g_return_val_if_fail (IVL_IS_OPTIONS (self), NULL);

  copy = ivl_options_new ();
  for (guint i = 1; i < N_PROPS; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_value_init (&value, properties[i]->value_type);
      g_object_get_property (G_OBJECT (self), properties[i]->name, &value);
      g_object_set_property (G_OBJECT (copy), properties[i]->name, &value);
    }
  return copy;
}

static gboolean
refuse (const char  *name,
        const char  *value,
        const char  *wanted,
        GError     **error)
{
  g_autofree char *shown = g_utf8_make_valid (value, -1);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "Option %s: \"%s\" is not %s", name,
               shown, wanted);
  return FALSE;
}

static gboolean
set_unsigned_string (IvlOptions  *self,
                     GParamSpec  *pspec,
                     const char  *text,
                     GError     **error)
{
  gboolean is_64 = G_IS_PARAM_SPEC_UINT64 (pspec);
  guint64 min = is_64 ? G_PARAM_SPEC_UINT64 (pspec)->minimum : G_PARAM_SPEC_UINT (pspec)->minimum;
  guint64 max = is_64 ? G_PARAM_SPEC_UINT64 (pspec)->maximum : G_PARAM_SPEC_UINT (pspec)->maximum;
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, min, max, &number, NULL))
    {
      g_autofree char *wanted = g_strdup_printf (
        "a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, min, max);

      return refuse (pspec->name, text, wanted, error);
    }
  if (is_64)
    g_object_set (self, pspec->name, number, NULL);
  else
    g_object_set (self, pspec->name, (guint) number, NULL);
  return TRUE;
}

static gboolean
set_signed_string (IvlOptions  *self,
                   GParamSpec  *pspec,
                   const char  *text,
                   GError     **error)
{
  GParamSpecInt *range = G_PARAM_SPEC_INT (pspec);
  gint64 number;

  if (!g_ascii_string_to_signed (text, 10, range->minimum, range->maximum, &number, NULL))
    {
      g_autofree char *wanted =
        g_strdup_printf ("a whole number from %d to %d", range->minimum, range->maximum);

      return refuse (pspec->name, text, wanted, error);
    }
  g_object_set (self, pspec->name, (int) number, NULL);
  return TRUE;
}

static gboolean
set_double_string (IvlOptions  *self,
                   GParamSpec  *pspec,
                   const char  *text,
                   GError     **error)
{
  GParamSpecDouble *range = G_PARAM_SPEC_DOUBLE (pspec);
  char *end = NULL;
  double number = g_ascii_strtod (text, &end);

  /* strtod also takes leading space, hexadecimal, "nan" and "infinity"; a decimal number has none
   * of these. */
  if (*text == '\0' || strspn (text, "+-.0123456789eE") != strlen (text) || *end != '\0' ||
      !isfinite (number) || number < range->minimum || number > range->maximum)
    {
      char low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
      g_autofree char *wanted = g_strdup_printf (
        "a number from %s to %s", g_ascii_formatd (low, sizeof low, "%g", range->minimum),
        g_ascii_formatd (high, sizeof high, "%g", range->maximum));

      return refuse (pspec->name, text, wanted, error);
    }
  g_object_set (self, pspec->name, number, NULL);
  return TRUE;
}

static gboolean
set_boolean_string (IvlOptions  *self,
                    GParamSpec  *pspec,
                    const char  *text,
                    GError     **error)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  if (!g_strv_contains (yes, text) && !g_strv_contains (no, text))
    return refuse (pspec->name, text, "true or false", error);
  g_object_set (self, pspec->name, g_strv_contains (yes, text), NULL);
  return TRUE;
}

static gboolean
add_stop_string (IvlOptions  *self,
                 const char  *text,
                 GError     **error)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new ();
  const char *wanted;

  for (guint i = 0; *text != '\0' && self->stop[i] != NULL; i++)
    g_ptr_array_add (strings, self->stop[i]);
  if (*text != '\0')
    g_ptr_array_add (strings, (char *) text);
  g_ptr_array_add (strings, NULL);

  wanted = check_stop ((const char *const *) strings->pdata);
  if (wanted != NULL)
    {
      g_autofree char *range = g_strconcat ("possible: expected ", wanted, NULL);

      return refuse ("stop", text, range, error);
    }
  g_object_set (self, "stop", strings->pdata, NULL);
  return TRUE;
}

/* An empty text leaves no words: an answer may be empty then. */
static void
add_nothing_string (IvlOptions *self,
                    const char *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) strings = NULL;

  for (guint i = 0; *text != '\0' && self->nothing != NULL && self->nothing[i] != NULL; i++)
    g_strv_builder_add (builder, self->nothing[i]);
  if (*text != '\0')
    g_strv_builder_add (builder, text);
  strings = g_strv_builder_end (builder);
  g_object_set (self, "nothing", strings, NULL);
}

static gboolean
set_json_schema_string (IvlOptions  *self,
                        const char  *text,
                        GError     **error)
{
  if (*text != '\0' && !check_json_schema (text, error))
    return FALSE;
  g_object_set (self, "json-schema", *text != '\0' ? text : NULL, NULL);
  return TRUE;
}

/**
 * ivl_options_set_string:
 * @self: options
 * @name: name of a property, such as `top-p`
 * @value: its value, written without regard to the locale: `0.9`, `40`, `true`
 * @error: return location for an error
 *
 * Sets an option from a string, as the command line and configuration files do. For `stop` and
 * `nothing`, @value is added to the strings that are there, and an empty @value removes them all;
 * for `json-schema`,
 * @value is the schema itself, and an empty one removes it. On failure nothing changes. Whether
 * min-tiles is above max-tiles is only looked at when both are used.
 *
 * Returns: %TRUE, or %FALSE with %IVL_ERROR_INVALID_OPTION whose message names the option, the
 *   value and the range, or with %IVL_ERROR_UNSUPPORTED for a JSON schema that asks for something
 *   that cannot be held to
 */
gboolean
ivl_options_set_string (IvlOptions  *self,
                        const char  *name,
                        const char  *value,
                        GError     **error)
{
  g_autoptr (GString) known = g_string_new (NULL);
  g_autofree char *shown = NULL;

  g_return_val_if_fail (IVL_IS_OPTIONS (self), FALSE);
  g_return_val_if_fail (name != NULL && value != NULL, FALSE);

  for (guint i = 1; i < N_PROPS; i++)
    {
      if (!g_str_equal (name, properties[i]->name))
        continue;
      if (i == PROP_STOP)
        return add_stop_string (self, value, error);
      if (i == PROP_NOTHING && !g_utf8_validate (value, -1, NULL))
        return refuse (name, value, "UTF-8", error);
      if (i == PROP_NOTHING)
        {
          add_nothing_string (self, value);
          return TRUE;
        }
      if (i == PROP_JSON_SCHEMA)
        return set_json_schema_string (self, value, error);
      if (G_IS_PARAM_SPEC_INT (properties[i]))
        return set_signed_string (self, properties[i], value, error);
      if (G_IS_PARAM_SPEC_BOOLEAN (properties[i]))
        return set_boolean_string (self, properties[i], value, error);
      if (G_IS_PARAM_SPEC_DOUBLE (properties[i]))
        return set_double_string (self, properties[i], value, error);
      return set_unsigned_string (self, properties[i], value, error);
    }

  shown = g_utf8_make_valid (name, -1);
  for (guint i = 1; i < N_PROPS; i++)
    g_string_append_printf (known, "%s%s", i > 1 ? ", " : "", properties[i]->name);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "There is no option \"%s\"; there are %s", shown, known->str);
  return FALSE;
}

/**
 * ivl_options_get_max_tokens:
 * @self: options
 *
 * Longest answer.
 *
 * Returns: tokens; 0 for the task's or 1024
 */
guint
ivl_options_get_max_tokens (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0);

  return self->max_tokens;
}

/**
 * ivl_options_get_temperature:
 * @self: options
 *
 * How evenly tokens are drawn.
 *
 * Returns: 0 for greedy, else what the logits are divided by
 */
double
ivl_options_get_temperature (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0.0);

  return self->temperature;
}

/**
 * ivl_options_get_top_k:
 * @self: options
 *
 * How many of the likeliest tokens are drawn from.
 *
 * Returns: tokens; 0 for all
 */
guint
ivl_options_get_top_k (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0);

  return self->top_k;
}

/**
 * ivl_options_get_top_p:
 * @self: options
 *
 * How much probability the tokens have together that are drawn from.
 *
 * Returns: 0..1; 1 for all tokens
 */
double
ivl_options_get_top_p (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 1.0);

  return self->top_p;
}

/**
 * ivl_options_get_repetition_penalty:
 * @self: options
 *
 * What positive logits of tokens already seen are divided by, and negative ones multiplied by.
 *
 * Returns: the penalty; 1 for none
 */
double
ivl_options_get_repetition_penalty (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 1.0);

  return self->repetition_penalty;
}

/**
 * ivl_options_get_seed:
 * @self: options
 *
 * Start of the random numbers.
 *
 * Returns: the seed
 */
guint64
ivl_options_get_seed (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0);

  return self->seed;
}

/**
 * ivl_options_get_stop:
 * @self: options
 *
 * Strings that end the answer.
 *
 * Returns: (transfer none) (array zero-terminated=1): the strings, maybe none, never %NULL
 */
const char * const *
ivl_options_get_stop (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), NULL);

  return (const char *const *) self->stop;
}

/**
 * ivl_options_get_min_tiles:
 * @self: options
 *
 * Fewest tiles of a picture.
 *
 * Returns: tiles; 0 for the task's or the model's
 */
guint
ivl_options_get_min_tiles (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0);

  return self->min_tiles;
}

/**
 * ivl_options_get_max_tiles:
 * @self: options
 *
 * Most tiles of a picture, not counting the thumbnail.
 *
 * Returns: tiles; 0 for the task's or the model's
 */
guint
ivl_options_get_max_tiles (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), 0);

  return self->max_tiles;
}

/**
 * ivl_options_get_tile_budget:
 * @self: options
 * @model_min: least tiles of a picture in the model's own budget
 * @model_max: most tiles in the model's own budget; a model whose pictures are always one tile
 *   has 1,
 *   and keeps to it
 * @min_tiles: (out): least tiles of a picture
 * @max_tiles: (out): most tiles of a picture, not counting the thumbnail
 * @error: return location for an error
 *
 * How many tiles a picture may become: what the options say, else the model's own budget.
 *
 * Returns: %TRUE, or %FALSE with %IVL_ERROR_INVALID_OPTION if the options want more tiles at least
 *   than at most
 */
gboolean
ivl_options_get_tile_budget (IvlOptions  *self,
                             guint        model_min,
                             guint        model_max,
                             guint       *min_tiles,
                             guint       *max_tiles,
                             GError     **error)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), FALSE);

  if (self->min_tiles > 0 && self->max_tiles > 0 && self->min_tiles > self->max_tiles)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "A picture cannot have %u tiles at least and %u at most", self->min_tiles,
                   self->max_tiles);
      return FALSE;
    }
  *max_tiles = self->max_tiles > 0 ? self->max_tiles : MAX (model_max, self->min_tiles);
  *min_tiles = self->min_tiles > 0 ? self->min_tiles : MIN (model_min, *max_tiles);
  if (model_max == 1)
    *min_tiles = *max_tiles = 1;
  return TRUE;
}

/**
 * ivl_options_get_detect_repetition:
 * @self: options
 *
 * Whether an answer stops that repeats itself without end.
 *
 * Returns: %TRUE to stop it
 */
gboolean
ivl_options_get_detect_repetition (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), TRUE);

  return self->detect_repetition;
}

/**
 * ivl_options_get_top_logprobs:
 * @self: options
 *
 * How many of the likeliest tokens are told beside each token of the answer.
 *
 * Returns: 0 to 20; -1 when tokens are not told at all
 */
int
ivl_options_get_top_logprobs (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), -1);

  return self->top_logprobs;
}

/**
 * ivl_options_get_json_schema:
 * @self: options
 *
 * What JSON the answer has to be.
 *
 * Returns: (transfer none) (nullable): the schema; %NULL when the answer is plain text
 */
const char *
ivl_options_get_json_schema (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), NULL);

  return self->json_schema;
}

/**
 * ivl_options_get_patience:
 * @self: options
 *
 * How long a request may wait in all for a server.
 *
 * Returns: seconds; 0 for one try without waiting, -1 for the default of 60
 */
int
ivl_options_get_patience (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), -1);

  return self->patience;
}

/**
 * ivl_options_get_nothing:
 * @self: options
 *
 * What the model says where there is nothing to tell.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the sentences, or %NULL where an
 *   answer without text is a failure
 */
const char * const *
ivl_options_get_nothing (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), NULL);

  return (const char *const *) self->nothing;
}

/**
 * ivl_options_get_keep_regions:
 * @self: options
 *
 * Whether the answer's text keeps the markup of places.
 *
 * Returns: %TRUE if it does
 */
gboolean
ivl_options_get_keep_regions (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), FALSE);

  return self->keep_regions;
}

/**
 * ivl_options_get_raw:
 * @self: options
 *
 * Whether the answer is handed on as the model wrote it.
 *
 * Returns: %TRUE if it is
 */
gboolean
ivl_options_get_raw (IvlOptions *self)
{
  g_return_val_if_fail (IVL_IS_OPTIONS (self), FALSE);

  return self->raw;
}
