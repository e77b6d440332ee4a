/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the messages of a request, with their pictures, and names what is refused.
 */
#include "wire/ivl-wire-reader.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-lift.h"

#define MAX_TILES 1024

gboolean
ivl_wire_reader_refuse (IvlWireReader *reader,
                        const char    *param,
                        const char    *format,
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

const json_t *
ivl_wire_reader_get_member (const json_t *object,
                            const char   *key)
{
  const json_t *value = json_object_get (object, key);

  return json_is_null (value) ? NULL : value;
}

gboolean
ivl_wire_reader_get_whole_number (const json_t *value,
                                  double       *number)
{
  *number = json_number_value (value);
  return json_is_number (value) && isfinite (*number) && *number == floor (*number);
}

/* A tile count of a picture. */
static gboolean
read_tiles (IvlWireReader *reader,
            const json_t  *object,
            const char    *key,
            const char    *param,
            guint         *result)
{
  const json_t *value = ivl_wire_reader_get_member (object, key);
  double number;

  if (value == NULL)
    return TRUE;
  if (!ivl_wire_reader_get_whole_number (value, &number) || number < 1 || number > MAX_TILES)
    return ivl_wire_reader_refuse (reader, param, "%s: expected a whole number from 1 to %d", key,
                                   MAX_TILES);
  *result = (guint) number;
  return TRUE;
}

static gboolean
read_picture (IvlWireReader  *reader,
              IvlWireMessage *message,
              const json_t   *picture,
              const char     *param)
{
  const json_t *object = json_is_object (picture) ? picture : NULL;
  const json_t *tiles = ivl_wire_reader_get_member (object, "ivl_tiles");
  const char *url =
      object != NULL ? ivl_wire_json_get_string (object, "url") : json_string_value (picture);
  g_autofree char *large = NULL;
  IvlWirePart *part;

  if (url == NULL)
    return ivl_wire_reader_refuse (reader, param, "expected an object with \"url\"");
  if (!ivl_wire_lift_find (reader->lifted, url, &large, reader->error))
    return FALSE;
  if (large != NULL)
    url = large;
  if (g_ascii_strncasecmp (url, "data:", 5) != 0)
    return ivl_wire_reader_refuse (reader, param,
                                   "a picture must be a data: URL with base64; addresses and file "
                                   "names are not fetched");
  if (message->role != IVL_WIRE_USER)
    return ivl_wire_reader_refuse (reader, param, "only messages of the user may hold pictures");
  if (++reader->n_pictures > IVL_WIRE_MAX_PICTURES)
    return ivl_wire_reader_refuse (reader, param, "more than %d pictures", IVL_WIRE_MAX_PICTURES);
  part = ivl_wire_message_add_url (message, large != NULL ? NULL : url);
  if (large != NULL)
    part->url = g_steal_pointer (&large);
  if (!read_tiles (reader, object, "min_dynamic_patch", param, &part->min_tiles) ||
      !read_tiles (reader, object, "max_dynamic_patch", param, &part->max_tiles))
    return FALSE;
  if (part->max_tiles > 0 && part->min_tiles > part->max_tiles)
    return ivl_wire_reader_refuse (reader, param, "min_dynamic_patch is over max_dynamic_patch");
  part->is_tiles = tiles != NULL && !json_is_false (tiles);
  if (!part->is_tiles || json_is_true (tiles))
    return TRUE;
  if (!read_tiles (reader, object, "ivl_tiles", param, &part->max_tiles))
    return FALSE;
  part->min_tiles = part->max_tiles;
  return TRUE;
}

static gboolean
read_part (IvlWireReader  *reader,
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
        return ivl_wire_reader_refuse (reader, field, "expected text");
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
  return ivl_wire_reader_refuse (reader, field, "expected \"text\" or \"image_url\"");
}

static gboolean
read_content (IvlWireReader  *reader,
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
    return ivl_wire_reader_refuse (reader, param, "expected text or an array of parts");
  for (gsize i = 0; i < json_array_size (content); i++)
    {
      g_autofree char *part = g_strdup_printf ("%s[%" G_GSIZE_FORMAT "]", param, i);

      if (!read_part (reader, message, json_array_get (content, i), part))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_role (IvlWireReader *reader,
           const json_t  *message,
           guint          index,
           IvlWireRole   *role)
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
    return ivl_wire_reader_refuse (reader, param,
                                   "expected \"system\", \"developer\", \"user\" or \"assistant\"");
  return TRUE;
}

static gboolean
read_message (IvlWireReader *reader,
              const json_t  *message,
              guint          index)
{
  static const char *const tools[] = { "tool_calls", "function_call", "audio" };
  IvlWireRole role = IVL_WIRE_USER;

  if (!read_role (reader, message, index, &role))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      const json_t *value = ivl_wire_reader_get_member (message, tools[i]);
      g_autofree char *param = g_strdup_printf ("messages[%u].%s", index, tools[i]);

      if (value != NULL && !(json_is_array (value) && json_array_size (value) == 0))
        return ivl_wire_reader_refuse (reader, param, "not supported");
    }
  return read_content (reader, ivl_wire_request_add_message (reader->request, role),
                       json_object_get (message, "content"), index);
}

gboolean
ivl_wire_reader_read_messages (IvlWireReader *reader)
{
  const json_t *messages = json_object_get (reader->root, "messages");

  if (json_array_size (messages) == 0)
    return ivl_wire_reader_refuse (reader, "messages",
                                   "expected an array with at least one message");
  if (json_array_size (messages) > IVL_WIRE_MAX_MESSAGES)
    return ivl_wire_reader_refuse (reader, "messages", "more than %d messages",
                                   IVL_WIRE_MAX_MESSAGES);
  for (gsize i = 0; i < json_array_size (messages); i++)
    if (!read_message (reader, json_array_get (messages, i), (guint) i))
      return FALSE;
  return TRUE;
}
