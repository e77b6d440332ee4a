/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a chat completion request that a client sends. What it asks for is either done or refused
 * with the field's name; only fields that change nothing in the answer are passed over.
 */
#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-lift.h"
#include "wire/ivl-wire-request.h"

#define MAX_NAME         256
#define MAX_STOP_BYTES   1024
#define MAX_SCHEMA_BYTES 65536
#define MAX_TILES        1024
#define MAX_TEMPERATURE  100.0
#define MAX_PENALTY      100.0
#define MAX_LOGPROBS     20

typedef struct
{
  const json_t   *root;
  IvlWireRequest *request;
  char          **param;
  GError        **error;
  GArray         *lifted; /* IvlWireLifted: the large pictures, which are not in root */
  guint           n_pictures;
} Reader;

/* param is the field's path, as OpenAI's errors name it. */
static gboolean refuse (Reader     *reader,
                        const char *param,
                        const char *format,
                        ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (Reader     *reader,
        const char *param,
        const char *format,
        ...)
{
  va_list arguments;
  g_autofree char *reason = NULL;

  va_start (arguments, format);
  reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (reader->param != NULL)
    {
      g_free (*reader->param);
      *reader->param = g_strdup (param);
    }
  g_set_error (reader->error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "%s: %s", param, reason);
  return FALSE;
}

/* The member, or NULL when it is absent or null: the official clients write both. */
static const json_t *
get_member (const json_t *object,
            const char   *key)
{
  const json_t *value = json_object_get (object, key);

  return json_is_null (value) ? NULL : value;
}

/* Whole numbers may be written as 5.0. */
static gboolean
get_whole_number (const json_t *value,
                  double       *number)
{
  *number = json_number_value (value);
  return json_is_number (value) && isfinite (*number) && *number == floor (*number);
}

/* Leaves *result alone when the field is absent. What is over max becomes max when clamp is set. */
static gboolean
read_int (Reader     *reader,
          const char *key,
          int         min,
          int         max,
          gboolean    clamp,
          int        *result)
{
  const json_t *value = get_member (reader->root, key);
  double number;

  if (value == NULL)
    return TRUE;
  if (!get_whole_number (value, &number) || number < min || (number > max && !clamp))
    {
      if (clamp)
        return refuse (reader, key, "expected a whole number of at least %d", min);
      return refuse (reader, key, "expected a whole number from %d to %d", min, max);
    }
  *result = (int) MIN (number, max);
  return TRUE;
}

static gboolean
read_double (Reader     *reader,
             const char *key,
             double      min,
             double      max,
             double     *result)
{
  const json_t *value = get_member (reader->root, key);
  double number = json_number_value (value);

  if (value == NULL)
    return TRUE;
  if (!json_is_number (value) || !(number >= min && number <= max))
    return refuse (reader, key, "expected a number from %g to %g", min, max);
  *result = number == 0 ? 0 : number; /* no -0, which would be written back as another number */
  return TRUE;
}

static gboolean
read_boolean (Reader       *reader,
              const json_t *object,
              const char   *key,
              const char   *param,
              gboolean     *result)
{
  const json_t *value = get_member (object, key);

  if (value == NULL)
    return TRUE;
  if (!json_is_boolean (value))
    return refuse (reader, param, "expected true or false");
  *result = json_is_true (value);
  return TRUE;
}

/* Fields that change the answer in a way that is not there; harmless values of them pass. */
static gboolean
check_not_done (Reader *reader)
{
  static const char *const lists[] = { "tools", "functions" };
  static const char *const choices[] = { "tool_choice", "function_call" };
  static const char *const objects[] = { "logit_bias", "audio", "web_search_options" };
  static const char *const penalties[] = { "presence_penalty", "frequency_penalty" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (json_array_size (get_member (reader->root, lists[i])) > 0)
      return refuse (reader, lists[i], "tools are not supported");
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      const json_t *value = get_member (reader->root, choices[i]);
      const char *text = json_string_value (value);

      if (value != NULL && g_strcmp0 (text, "none") != 0 && g_strcmp0 (text, "auto") != 0)
        return refuse (reader, choices[i], "tools are not supported");
    }
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++)
    {
      const json_t *value = get_member (reader->root, objects[i]);

      if (value != NULL && (!json_is_object (value) || json_object_size (value) > 0))
        return refuse (reader, objects[i], "not supported");
    }
  for (guint i = 0; i < G_N_ELEMENTS (penalties); i++)
    {
      const json_t *value = get_member (reader->root, penalties[i]);

      if (value != NULL && (!json_is_number (value) || json_number_value (value) != 0))
        return refuse (reader, penalties[i], "only 0 is supported; see repetition_penalty");
    }
  return TRUE;
}

static gboolean
check_modalities (Reader *reader)
{
  const json_t *list = get_member (reader->root, "modalities");

  if (list == NULL)
    return TRUE;
  for (gsize i = 0; i < json_array_size (list); i++)
    if (g_strcmp0 (json_string_value (json_array_get (list, i)), "text") != 0)
      return refuse (reader, "modalities", "only \"text\" is supported");
  return json_is_array (list) || refuse (reader, "modalities", "expected an array");
}

/* A tile count of a picture. */
static gboolean
read_tiles (Reader       *reader,
            const json_t *object,
            const char   *key,
            const char   *param,
            guint        *result)
{
  const json_t *value = get_member (object, key);
  double number;

  if (value == NULL)
    return TRUE;
  if (!get_whole_number (value, &number) || number < 1 || number > MAX_TILES)
    return refuse (reader, param, "%s: expected a whole number from 1 to %d", key, MAX_TILES);
  *result = (guint) number;
  return TRUE;
}

static gboolean
read_picture (Reader         *reader,
              IvlWireMessage *message,
              const json_t   *picture,
              const char     *param)
{
  const json_t *object = json_is_object (picture) ? picture : NULL;
  const json_t *tiles = get_member (object, "ivl_tiles");
  const char *url = object != NULL ? ivl_wire_json_get_string (object, "url")
                                   : json_string_value (picture);
  g_autofree char *large = url != NULL ? ivl_wire_lift_find (reader->lifted, url) : NULL;
  IvlWirePart *part;

  if (url == NULL)
    return refuse (reader, param, "expected an object with \"url\"");
  if (large != NULL)
    url = large;
  if (g_ascii_strncasecmp (url, "data:", 5) != 0)
    return refuse (reader, param, "a picture must be a data: URL with base64; addresses and file "
                   "names are not fetched");
  if (message->role != IVL_WIRE_USER)
    return refuse (reader, param, "only messages of the user may hold pictures");
  if (++reader->n_pictures > IVL_WIRE_MAX_PICTURES)
    return refuse (reader, param, "more than %d pictures", IVL_WIRE_MAX_PICTURES);
  part = ivl_wire_message_add_url (message, large != NULL ? NULL : url);
  if (large != NULL)
    part->url = g_steal_pointer (&large);
  if (!read_tiles (reader, object, "min_dynamic_patch", param, &part->min_tiles) ||
      !read_tiles (reader, object, "max_dynamic_patch", param, &part->max_tiles))
    return FALSE;
  if (part->max_tiles > 0 && part->min_tiles > part->max_tiles)
    return refuse (reader, param, "min_dynamic_patch is over max_dynamic_patch");
  part->is_tiles = tiles != NULL && !json_is_false (tiles);
  if (!part->is_tiles || json_is_true (tiles))
    return TRUE;
  if (!read_tiles (reader, object, "ivl_tiles", param, &part->max_tiles))
    return FALSE;
  part->min_tiles = part->max_tiles;
  return TRUE;
}

static gboolean
read_part (Reader         *reader,
           IvlWireMessage *message,
           const json_t   *part,
           const char     *param)
{
  const char *type = ivl_wire_json_get_string (part, "type");
  g_autofree char *field = NULL;

  if (g_strcmp0 (type, "text") == 0)
    {
      const char *text = ivl_wire_json_get_string (part, "text");

      field = g_strconcat (param, ".text", NULL);
      if (text == NULL)
        return refuse (reader, field, "expected text");
      ivl_wire_message_add_text (message, text)->is_trusted =
        json_is_true (json_object_get (part, "ivl_trusted"));
      return TRUE;
    }
  if (g_strcmp0 (type, "image_url") == 0)
    {
      field = g_strconcat (param, ".image_url", NULL);
      return read_picture (reader, message, json_object_get (part, "image_url"), field);
    }
  field = g_strconcat (param, ".type", NULL);
  return refuse (reader, field, "expected \"text\" or \"image_url\"");
}

static gboolean
read_content (Reader         *reader,
              IvlWireMessage *message,
              const json_t   *content,
              guint           index)
{
  g_autofree char *param = g_strdup_printf ("messages[%u].content", index);

  if (json_is_string (content))
    {
      ivl_wire_message_add_text (message, json_string_value (content));
      return TRUE;
    }
  if (json_array_size (content) == 0)
    return refuse (reader, param, "expected text or an array of parts");
  for (gsize i = 0; i < json_array_size (content); i++)
    {
      g_autofree char *part = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]", param, i);

      if (!read_part (reader, message, json_array_get (content, i), part))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_role (Reader       *reader,
           const json_t *message,
           guint         index,
           IvlWireRole  *role)
{
  const char *name = ivl_wire_json_get_string (message, "role");
  g_autofree char *param = g_strdup_printf ("messages[%u].role", index);

  if (g_strcmp0 (name, "system") == 0 || g_strcmp0 (name, "developer") == 0)
    *role = IVL_WIRE_SYSTEM;
  else if (g_strcmp0 (name, "user") == 0)
    *role = IVL_WIRE_USER;
  else if (g_strcmp0 (name, "assistant") == 0)
    *role = IVL_WIRE_ASSISTANT;
  else
    return refuse (reader, param, "expected \"system\", \"developer\", \"user\" or \"assistant\"");
  return TRUE;
}

static gboolean
read_message (Reader       *reader,
              const json_t *message,
              guint         index)
{
  static const char *const tools[] = { "tool_calls", "function_call", "audio" };
  IvlWireRole role = IVL_WIRE_USER;

  if (!read_role (reader, message, index, &role))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      const json_t *value = get_member (message, tools[i]);
      g_autofree char *param = g_strdup_printf ("messages[%u].%s", index, tools[i]);

      if (value != NULL && !(json_is_array (value) && json_array_size (value) == 0))
        return refuse (reader, param, "not supported");
    }
  return read_content (reader, ivl_wire_request_add_message (reader->request, role),
                       json_object_get (message, "content"), index);
}

static gboolean
read_messages (Reader *reader)
{
  const json_t *messages = json_object_get (reader->root, "messages");

  if (json_array_size (messages) == 0)
    return refuse (reader, "messages", "expected an array with at least one message");
  if (json_array_size (messages) > IVL_WIRE_MAX_MESSAGES)
    return refuse (reader, "messages", "more than %d messages", IVL_WIRE_MAX_MESSAGES);
  for (gsize i = 0; i < json_array_size (messages); i++)
    if (!read_message (reader, json_array_get (messages, i), (guint) i))
      return FALSE;
  return TRUE;
}

static gboolean
read_model (Reader *reader)
{
  const json_t *value = get_member (reader->root, "model");

  if (value == NULL)
    return TRUE;
  if (!json_is_string (value) || json_string_length (value) > MAX_NAME)
    return refuse (reader, "model", "expected a name of at most %d bytes", MAX_NAME);
  reader->request->model = g_strdup (json_string_value (value));
  return TRUE;
}

/* max_completion_tokens is the newer name, and wins. */
static gboolean
read_limits (Reader *reader)
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
read_seed (Reader *reader)
{
  const json_t *value = get_member (reader->root, "seed");
  double number;

  if (value == NULL)
    return TRUE;
  if (!get_whole_number (value, &number) || (json_is_real (value) && fabs (number) > 1e15))
    return refuse (reader, "seed", "expected a whole number");
  reader->request->has_seed = TRUE;
  /* A negative one is a seed as well: the same 64 bits. */
  reader->request->seed = json_is_integer (value) ? (guint64) json_integer_value (value)
                                                  : (guint64) (gint64) number;
  return TRUE;
}

static gboolean
read_sampling (Reader *reader)
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
add_stop (Reader       *reader,
          GPtrArray    *stops,
          const json_t *value)
{
  if (!json_is_string (value) || json_string_length (value) == 0 ||
      json_string_length (value) > MAX_STOP_BYTES)
    return refuse (reader, "stop", "expected text of 1 to %d bytes", MAX_STOP_BYTES);
  g_ptr_array_add (stops, g_strdup (json_string_value (value)));
  return TRUE;
}

static gboolean
read_stop (Reader *reader)
{
  const json_t *value = get_member (reader->root, "stop");
  g_autoptr (GPtrArray) stops = g_ptr_array_new_with_free_func (g_free);

  if (value == NULL || (json_is_array (value) && json_array_size (value) == 0))
    return TRUE;
  if (json_array_size (value) > IVL_WIRE_MAX_STOP)
    return refuse (reader, "stop", "more than %d texts", IVL_WIRE_MAX_STOP);
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
read_stream (Reader *reader)
{
  const json_t *options = get_member (reader->root, "stream_options");

  if (!read_boolean (reader, reader->root, "stream", "stream", &reader->request->stream))
    return FALSE;
  if (options != NULL && !json_is_object (options))
    return refuse (reader, "stream_options", "expected an object");
  return read_boolean (reader, options, "include_usage", "stream_options.include_usage",
                       &reader->request->include_usage);
}

static gboolean
read_logprobs (Reader *reader)
{
  gboolean wanted = FALSE;
  int top = -1;

  if (!read_boolean (reader, reader->root, "logprobs", "logprobs", &wanted) ||
      !read_int (reader, "top_logprobs", 0, MAX_LOGPROBS, FALSE, &top))
    return FALSE;
  if (top > 0 && !wanted)
    return refuse (reader, "top_logprobs", "needs \"logprobs\": true");
  if (wanted)
    reader->request->top_logprobs = MAX (top, 0);
  return TRUE;
}

static gboolean
read_schema (Reader       *reader,
             const json_t *schema)
{
  const char *param = "response_format.json_schema.schema";
  char *text;

  if (!json_is_object (schema))
    return refuse (reader, param, "expected a JSON schema");
  text = json_dumps (schema, JSON_COMPACT);
  if (text != NULL && strlen (text) <= MAX_SCHEMA_BYTES)
    reader->request->json_schema = g_strdup (text);
  free (text);
  return reader->request->json_schema != NULL ||
         refuse (reader, param, "more than %d bytes", MAX_SCHEMA_BYTES);
}

static gboolean
read_format (Reader *reader)
{
  const json_t *format = get_member (reader->root, "response_format");
  const json_t *schema = json_object_get (format, "json_schema");
  const char *type = ivl_wire_json_get_string (format, "type");

  if (format == NULL || g_strcmp0 (type, "text") == 0)
    return TRUE;
  if (g_strcmp0 (type, "json_schema") == 0)
    return read_schema (reader, json_object_get (schema, "schema"));
  if (g_strcmp0 (type, "json_object") != 0)
    return refuse (reader, "response_format.type",
                   "expected \"text\", \"json_object\" or \"json_schema\"");
  reader->request->json_schema = g_strdup ("{}");
  return TRUE;
}

static gboolean
read_all (Reader *reader)
{
  return read_model (reader) && check_not_done (reader) && check_modalities (reader) &&
         read_limits (reader) && read_sampling (reader) && read_stop (reader) &&
         read_stream (reader) && read_logprobs (reader) && read_format (reader) &&
         read_messages (reader);
}

IvlWireRequest *
ivl_wire_request_from_json (const char  *json,
                            gsize        n,
                            char       **param,
                            GError     **error)
{
  g_autoptr (GArray) lifted = g_array_new (FALSE, FALSE, sizeof (IvlWireLifted));
  g_autoptr (GString) rest = ivl_wire_lift_pictures (json, n, lifted);
  json_auto_t *root = ivl_wire_json_parse (rest->str, rest->len, error);
  g_autoptr (IvlWireRequest) request = NULL;
  Reader reader = { root, NULL, param, error, lifted, 0 };

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
