/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a chat completion request that a client sends. What it asks for is either done or refused
 * with the field's name; only fields that change nothing in the answer are passed over.
 */
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "util/ivl-json-text.h"
#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-lift.h"
#include "wire/ivl-wire-reader.h"

#define MAX_NAME 256
#define MAX_STOP_BYTES 1024
#define MAX_SCHEMA_BYTES 65536
#define MAX_TEMPERATURE 100.0
#define MAX_PENALTY 100.0
#define MAX_LOGPROBS 20

/* Leaves *result alone when the field is absent. What is over max becomes max when clamp is set. */
static gboolean
read_int (IvlWireReader *reader,
          const char    *key,
          int            min,
          int            max,
          gboolean       clamp,
          int           *result)
{
  const json_t *value = ivl_wire_reader_get_member (reader->root, key);
  double number;

  if (value == NULL)
    return TRUE;
  if (!ivl_wire_reader_get_whole_number (value, &number) || number < min ||
      (number > max && !clamp))
    {
      if (clamp)
        return ivl_wire_reader_refuse (reader, key, "expected a whole number of at least %d", min);
      return ivl_wire_reader_refuse (reader, key, "expected a whole number from %d to %d", min,
                                     max);
    }
  *result = (int) MIN (number, max);
  return TRUE;
}

static gboolean
read_double (IvlWireReader *reader,
             const char    *key,
             double         min,
             double         max,
             double        *result)
{
  const json_t *value = ivl_wire_reader_get_member (reader->root, key);
  double number = json_number_value (value);

  if (value == NULL)
    return TRUE;
  if (!json_is_number (value) || !(number >= min && number <= max))
    return ivl_wire_reader_refuse (reader, key, "expected a number from %g to %g", min, max);
  *result = number == 0 ? 0 : number; /* no -0, which would be written back as another number */
  return TRUE;
}

static gboolean
read_boolean (IvlWireReader *reader,
              const json_t  *object,
              const char    *key,
              const char    *param,
              gboolean      *result)
{
  const json_t *value = ivl_wire_reader_get_member (object, key);

  if (value == NULL)
    return TRUE;
  if (!json_is_boolean (value))
    return ivl_wire_reader_refuse (reader, param, "expected true or false");
  *result = json_is_true (value);
  return TRUE;
}

/* Fields that change the answer in a way that is not there; harmless values of them pass. */
static gboolean
check_not_done (IvlWireReader *reader)
{
  static const char *const lists[] = { "tools", "functions" };
  static const char *const choices[] = { "tool_choice", "function_call" };
  static const char *const objects[] = { "logit_bias", "audio", "web_search_options" };
  static const char *const penalties[] = { "presence_penalty", "frequency_penalty" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (json_array_size (ivl_wire_reader_get_member (reader->root, lists[i])) > 0)
      return ivl_wire_reader_refuse (reader, lists[i], "tools are not supported");
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      const json_t *value = ivl_wire_reader_get_member (reader->root, choices[i]);
      const char *text = json_string_value (value);

      if (value != NULL && g_strcmp0 (text, "none") != 0 && g_strcmp0 (text, "auto") != 0)
        return ivl_wire_reader_refuse (reader, choices[i], "tools are not supported");
    }
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      const json_t *value = ivl_wire_reader_get_member (reader->root, objects[i]);

      if (value != NULL && (!json_is_object (value) || json_object_size (value) > 0))
        return ivl_wire_reader_refuse (reader, objects[i], "not supported");
    }
  for (guint i = 0; i < G_N_ELEMENTS (penalties); i++)
    {
      const json_t *value = ivl_wire_reader_get_member (reader->root, penalties[i]);

      if (value != NULL && (!json_is_number (value) || json_number_value (value) != 0))
        return ivl_wire_reader_refuse (reader, penalties[i],
                                       "only 0 is supported; see repetition_penalty");
    }
  return TRUE;
}

static gboolean
check_modalities (IvlWireReader *reader)
{
  const json_t *list = ivl_wire_reader_get_member (reader->root, "modalities");

  if (list == NULL)
    return TRUE;
  for (gsize i = 0; i < json_array_size (list); i++)
    if (g_strcmp0 (json_string_value (json_array_get (list, i)), "text") != 0)
      return ivl_wire_reader_refuse (reader, "modalities", "only \"text\" is supported");
  return json_is_array (list) || ivl_wire_reader_refuse (reader, "modalities", "expected an array");
}

static gboolean
read_model (IvlWireReader *reader)
{
  const json_t *value = ivl_wire_reader_get_member (reader->root, "model");

  if (value == NULL)
    return TRUE;
  if (!json_is_string (value) || json_string_length (value) > MAX_NAME)
    return ivl_wire_reader_refuse (reader, "model", "expected a name of at most %d bytes",
                                   MAX_NAME);
  reader->request->model = g_strdup (json_string_value (value));
  return TRUE;
}

/* max_completion_tokens is the newer name, and wins. */
static gboolean
read_limits (IvlWireReader *reader)
{
  int max_tokens = 0;
  int n = 1;

  if (!read_int (reader, "max_tokens", 1, G_MAXINT, TRUE, &max_tokens) ||
      !read_int (reader, "max_completion_tokens", 1, G_MAXINT, TRUE, &max_tokens) ||
      !read_int (reader, "n", 1, IVL_WIRE_MAX_N, FALSE, &n))
    return FALSE;
  reader->request->max_tokens = max_tokens;
  reader->request->n = n;
  return TRUE;
}

static gboolean
read_seed (IvlWireReader *reader)
{
  const json_t *value = ivl_wire_reader_get_member (reader->root, "seed");
  double number;

  if (value == NULL)
    return TRUE;
  if (!ivl_wire_reader_get_whole_number (value, &number) ||
      (json_is_real (value) && fabs (number) > 1e15))
    return ivl_wire_reader_refuse (reader, "seed", "expected a whole number");
  reader->request->has_seed = TRUE;
  /* A negative one is a seed as well: the same 64 bits. */
  reader->request->seed =
      json_is_integer (value) ? (guint64) json_integer_value (value) : (guint64) (gint64) number;
  return TRUE;
}

static gboolean
read_sampling (IvlWireReader *reader)
{
  IvlWireRequest *request = reader->request;

  return read_double (reader, "temperature", 0, MAX_TEMPERATURE, &request->temperature) &&
         read_double (reader, "top_p", 0, 1, &request->top_p) &&
         read_int (reader, "top_k", -1, G_MAXINT, TRUE, &request->top_k) &&
         read_double (reader, "repetition_penalty", 0.01, MAX_PENALTY,
                      &request->repetition_penalty) &&
         read_seed (reader);
}

static gboolean
add_stop (IvlWireReader *reader,
          GPtrArray     *stops,
          const json_t  *value)
{
  if (!json_is_string (value) || json_string_length (value) == 0 ||
      json_string_length (value) > MAX_STOP_BYTES)
    return ivl_wire_reader_refuse (reader, "stop", "expected text of 1 to %d bytes",
                                   MAX_STOP_BYTES);
  g_ptr_array_add (stops, g_strdup (json_string_value (value)));
  return TRUE;
}

static gboolean
read_stop (IvlWireReader *reader)
{
  const json_t *value = ivl_wire_reader_get_member (reader->root, "stop");
  g_autoptr (GPtrArray) stops = g_ptr_array_new_with_free_func (g_free);

  if (value == NULL || (json_is_array (value) && json_array_size (value) == 0))
    return TRUE;
  if (json_array_size (value) > IVL_WIRE_MAX_STOP)
    return ivl_wire_reader_refuse (reader, "stop", "more than %d texts", IVL_WIRE_MAX_STOP);
  if (!json_is_array (value) && !add_stop (reader, stops, value))
    return FALSE;
  for (gsize i = 0; i < json_array_size (value); i++)
    if (!add_stop (reader, stops, json_array_get (value, i)))
      return FALSE;
  g_ptr_array_add (stops, NULL);
  reader->request->stop = (GStrv) g_ptr_array_free (g_steal_pointer (&stops), FALSE);
  return TRUE;
}

static gboolean
read_stream (IvlWireReader *reader)
{
  const json_t *options = ivl_wire_reader_get_member (reader->root, "stream_options");

  if (!read_boolean (reader, reader->root, "stream", "stream", &reader->request->stream))
    return FALSE;
  if (options != NULL && !json_is_object (options))
    return ivl_wire_reader_refuse (reader, "stream_options", "expected an object");
  return read_boolean (reader, options, "include_usage", "stream_options.include_usage",
                       &reader->request->include_usage) &&
         read_boolean (reader, options, "ivl_progress", "stream_options.ivl_progress",
                       &reader->request->include_progress);
}

static gboolean
read_logprobs (IvlWireReader *reader)
{
  gboolean wanted = FALSE;
  int top = -1;

  if (!read_boolean (reader, reader->root, "logprobs", "logprobs", &wanted) ||
      !read_int (reader, "top_logprobs", 0, MAX_LOGPROBS, FALSE, &top))
    return FALSE;
  if (top > 0 && !wanted)
    return ivl_wire_reader_refuse (reader, "top_logprobs", "needs \"logprobs\": true");
  if (wanted)
    reader->request->top_logprobs = MAX (top, 0);
  return TRUE;
}

static gboolean
read_schema (IvlWireReader *reader,
             const json_t  *schema)
{
  const char *param = "response_format.json_schema.schema";
  char *text;

  if (!json_is_object (schema))
    return ivl_wire_reader_refuse (reader, param, "expected a JSON schema");
  text = ivl_json_text_print (schema, JSON_COMPACT);
  if (text != NULL && strlen (text) <= MAX_SCHEMA_BYTES)
    reader->request->json_schema = g_strdup (text);
  free (text);
  return reader->request->json_schema != NULL ||
         ivl_wire_reader_refuse (reader, param, "more than %d bytes", MAX_SCHEMA_BYTES);
}

static gboolean
read_format (IvlWireReader *reader)
{
  const json_t *format = ivl_wire_reader_get_member (reader->root, "response_format");
  const json_t *schema = json_object_get (format, "json_schema");
  const char *type = ivl_wire_json_get_string (format, "type");

  if (format == NULL || g_strcmp0 (type, "text") == 0)
    return TRUE;
  if (g_strcmp0 (type, "json_schema") == 0)
    return read_schema (reader, json_object_get (schema, "schema"));
  if (g_strcmp0 (type, "json_object") != 0)
    return ivl_wire_reader_refuse (reader, "response_format.type",
                                   "expected \"text\", \"json_object\" or \"json_schema\"");
  reader->request->json_schema = g_strdup ("{}");
  return TRUE;
}

static gboolean
read_all (IvlWireReader *reader)
{
  return read_model (reader) && check_not_done (reader) && check_modalities (reader) &&
         read_limits (reader) && read_sampling (reader) && read_stop (reader) &&
         read_stream (reader) && read_logprobs (reader) && read_format (reader) &&
         ivl_wire_reader_read_messages (reader);
}

IvlWireRequest *
ivl_wire_request_from_json (const char  *json,
                            gsize        n,
                            char       **param,
                            GError     **error)
{
  g_autoptr (GArray) lifted = g_array_new (FALSE, FALSE, sizeof (IvlWireLifted));
  g_autoptr (GString) rest = ivl_wire_lift_pictures (json, n, lifted, error);
  json_auto_t *root = rest != NULL ? ivl_wire_json_parse (rest->str, rest->len, error) : NULL;
  g_autoptr (IvlWireRequest) request = NULL;
  IvlWireReader reader = { root, NULL, param, error, lifted, 0 };

  if (param != NULL)
    *param = NULL;
  if (root == NULL)
    return NULL;
  if (!json_is_object (root))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "expected a JSON object");
      return NULL;
    }
  request = ivl_wire_request_new ();
  reader.request = request;
  if (!read_all (&reader))
    return NULL;
  return g_steal_pointer (&request);
}
