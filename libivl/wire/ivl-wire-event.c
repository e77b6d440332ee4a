/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the body of a stream, its events and its finish reasons mean, whichever engine sent them.
 */
#include "wire/ivl-wire-event.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-json.h"

IvlWireBodyKind
ivl_wire_event_look_at_body (const char *start,
                             gsize       n)
{
  static const char *const fields[] = { "data", "event", "id", "retry", "error" };

  if (n >= 3 && memcmp (start, "\xef\xbb\xbf", 3) == 0)
    {
      start += 3;
      n -= 3;
    }
  else if (n > 0 && n < 3 && memcmp (start, "\xef\xbb\xbf", n) == 0)
    return IVL_WIRE_BODY_UNKNOWN;
  while (n > 0 && (*start == '\n' || *start == '\r'))
    {
      start++;
      n--;
    }
  if (n == 0)
    return IVL_WIRE_BODY_UNKNOWN;
  if (*start == ':')
    return IVL_WIRE_BODY_EVENTS;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      gsize length = strlen (fields[i]);

      if (memcmp (start, fields[i], MIN (n, length)) != 0)
        continue;
      if (n <= length)
        return IVL_WIRE_BODY_UNKNOWN;
      if (start[length] == ':' || start[length] == '\n' || start[length] == '\r')
        return IVL_WIRE_BODY_EVENTS;
    }
  return IVL_WIRE_BODY_OTHER;
}

gboolean
ivl_wire_event_is_done (const char *data,
                        gsize       n)
{
  while (n > 0 && g_ascii_isspace (data[n - 1]))
    n--;
  return n == strlen ("[DONE]") && memcmp (data, "[DONE]", n) == 0;
}

gboolean
ivl_wire_event_is_error (const json_t *root,
                         const char   *event)
{
  const json_t *error = json_object_get (root, "error");
  const char *object = ivl_wire_json_get_string (root, "object");

  return (event != NULL && strcmp (event, "error") == 0) ||
         (error != NULL && !json_is_null (error) && !json_is_false (error)) ||
         (object != NULL && strcmp (object, "error") == 0) ||
         (json_object_get (root, "choices") == NULL && json_object_get (root, "detail") != NULL);
}

gboolean
ivl_wire_event_is_failure_so_far (const char *text)
{
  gsize n;

  while (g_ascii_isspace (*text))
    text++;
  n = strlen (text);
  while (n > strlen (IVL_WIRE_FAILURE_TEXT) && g_ascii_isspace (text[n - 1]))
    n--;
  return n <= strlen (IVL_WIRE_FAILURE_TEXT) &&
         g_ascii_strncasecmp (text, IVL_WIRE_FAILURE_TEXT, n) == 0;
}

/* Everything that is no answer's end. */
static void
set_reason_error (const char  *reason,
                  GError     **error)
{
  g_autofree char *safe = ivl_wire_make_safe (reason, -1, 40);

  if (strcmp (reason, "content_filter") == 0)
    g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                 "the server's content filter withheld the answer");
  else if (strcmp (reason, "tool_calls") == 0 || strcmp (reason, "function_call") == 0)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NO_ANSWER,
                 "the model called a tool instead of answering");
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED,
                 "the server broke the answer off: finish reason \"%s\"", safe);
}

IvlFinishReason
ivl_wire_event_read_reason (const char            *reason,
                            const IvlWireDialect  *dialect,
                            GError               **error)
{
  static const char *const stops[] = { "stop", "eos_token", "stop_sequence", NULL };

  if (strcmp (reason, "length") == 0)
    return IVL_FINISH_LENGTH;
  if (g_strv_contains (stops, reason))
    return IVL_FINISH_STOP;
  if (dialect != NULL && dialect->finished != NULL &&
      g_strv_contains ((const char *const *) dialect->finished, reason))
    return IVL_FINISH_STOP;
  set_reason_error (reason, error);
  return IVL_FINISH_NONE;
}
