/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes a chat completion request in an engine's dialect. Only what every engine takes is always
 * there; what one may refuse is there when its dialect names it.
 */
#include <math.h>
#include <string.h>

#include "util/ivl-string-room.h"
#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-request.h"

/* What vLLM replaces by a picture's tokens, in InternVL's own words. */
#define MARKER "<image>"

static const char *const role_names[] = { "system", "user", "assistant" };

/* The most bytes of a JSON string: each may be escaped by six. */
static gsize
estimate_string (const char *text)
{
  return text != NULL ? 16 + 6 * strlen (text) : 0;
}

/* Room for all the text: memory is asked for once, where lacking it is an error, and pictures are
 * not copied again and again as the text grows. */
static gsize
estimate_size (const IvlWireRequest *self)
{
  gsize size = 1024 + estimate_string (self->model) + estimate_string (self->json_schema);

  for (guint i = 0; self->stop != NULL && self->stop[i] != NULL; i++)
    size += estimate_string (self->stop[i]);
  for (guint i = 0; i < self->messages->len; i++)
    {
      const IvlWireMessage *message = self->messages->pdata[i];

      for (guint j = 0; j < message->parts->len; j++)
        {
          const IvlWirePart *part = message->parts->pdata[j];

          size += 160;
          size += part->is_encoded ? strlen (part->url)
                                   : estimate_string (part->url) + estimate_string (part->text);
        }
    }
  return size;
}

static void
append_text_part (GString    *out,
                  const char *text,
                  gboolean    is_trusted)
{
  g_string_append (out, "{\"type\":\"text\",");
  ivl_wire_json_append_member (out, "text", text);
  g_string_append (out, is_trusted ? ",\"ivl_trusted\":true}," : "},");
}

static void
append_picture_part (GString              *out,
                     const IvlWirePart    *part,
                     const IvlWireDialect *dialect)
{
  gboolean is_ivl = dialect->tiles == IVL_TILES_IVL;

  g_string_append (out, "{\"type\":\"image_url\",\"image_url\":{");
  /* Megabytes in which there is nothing to be escaped */
  if (part->is_encoded)
    {
      g_string_append (out, "\"url\":\"");
      g_string_append (out, part->url);
      g_string_append_c (out, '"');
    }
  else
    ivl_wire_json_append_member (out, "url", part->url);
  if (is_ivl && part->is_tiles && part->max_tiles > 0)
    g_string_append_printf (out, ",\"ivl_tiles\":%u", part->max_tiles);
  else if (is_ivl && part->is_tiles)
    g_string_append (out, ",\"ivl_tiles\":true");
  else
    {
      if (part->min_tiles > 0 && is_ivl)
        g_string_append_printf (out, ",\"min_dynamic_patch\":%u", part->min_tiles);
      if (part->max_tiles > 0 && (is_ivl || dialect->tiles == IVL_TILES_IMAGE_URL))
        g_string_append_printf (out, ",\"max_dynamic_patch\":%u", part->max_tiles);
    }
  g_string_append (out, "}},");
}

/* Whether pictures must be marked in the text to stay where they are: they do not all stand in
 * front of it. */
static gboolean
needs_markers (const IvlWireMessage *message,
               const IvlWireDialect *dialect)
{
  gboolean after_text = FALSE;

  if (dialect->place != IVL_PLACE_MARKERS)
    return FALSE;
  for (guint i = 0; i < message->parts->len; i++)
    {
      const IvlWirePart *part = message->parts->pdata[i];

      if (part->url == NULL)
        after_text = TRUE;
      else if (after_text)
        return TRUE;
    }
  return FALSE;
}

/* All pictures, then one text that names their places. */
static void
append_marked_parts (GString              *out,
                     const IvlWireMessage *message,
                     const IvlWireDialect *dialect)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < message->parts->len; i++)
    {
      const IvlWirePart *part = message->parts->pdata[i];

      if (part->url != NULL)
        {
          append_picture_part (out, part, dialect);
          g_string_append (text, MARKER "\n");
        }
      else
        g_string_append (text, part->text);
    }
  append_text_part (out, text->str, FALSE);
}

static void
append_message (GString              *out,
                const IvlWireMessage *message,
                const IvlWireDialect *dialect)
{
  const IvlWirePart *first = message->parts->len > 0 ? message->parts->pdata[0] : NULL;
  gboolean is_ivl = dialect->tiles == IVL_TILES_IVL;

  g_string_append_printf (out, "{\"role\":\"%s\",\"content\":", role_names[message->role]);
  /* Plain text is a string: some engines take nothing else outside of user messages. */
  if (first == NULL || (message->parts->len == 1 && first->text != NULL &&
                        !(is_ivl && first->is_trusted)))
    ivl_wire_json_append_string (out, first != NULL ? first->text : "", -1);
  else
    {
      g_string_append_c (out, '[');
      if (needs_markers (message, dialect))
        append_marked_parts (out, message, dialect);
      else
        for (guint i = 0; i < message->parts->len; i++)
          {
            const IvlWirePart *part = message->parts->pdata[i];

            if (part->url != NULL)
              append_picture_part (out, part, dialect);
            else
              append_text_part (out, part->text, part->is_trusted && is_ivl);
          }
      out->str[out->len - 1] = ']';
    }
  g_string_append (out, "},");
}

static void
append_number (GString    *out,
               const char *key,
               double      value)
{
  if (!(value >= 0) || !isfinite (value))
    return;
  g_string_append_printf (out, ",\"%s\":", key);
  ivl_wire_json_append_double (out, value);
}

static void
append_sampling (GString              *out,
                 const IvlWireRequest *self,
                 const IvlWireDialect *dialect)
{
  append_number (out, "temperature", self->temperature);
  if (ivl_wire_dialect_takes (dialect, "top_p"))
    append_number (out, "top_p", self->top_p);
  if (self->top_k >= 0 && ivl_wire_dialect_takes (dialect, "top_k"))
    g_string_append_printf (out, ",\"top_k\":%d", self->top_k);
  if (ivl_wire_dialect_takes (dialect, "repetition_penalty"))
    append_number (out, "repetition_penalty", self->repetition_penalty);
  else if (ivl_wire_dialect_takes (dialect, "repeat_penalty"))
    append_number (out, "repeat_penalty", self->repetition_penalty);
  if (self->has_seed && ivl_wire_dialect_takes (dialect, "seed"))
    {
      /* Some engines read it as signed, some as unsigned. */
      guint64 seed = dialect->tiles == IVL_TILES_IVL ? self->seed : self->seed & G_MAXINT64;

      g_string_append_printf (out, ",\"seed\":%" G_GINT64_FORMAT, (gint64) seed);
    }
}

static void
append_stop (GString              *out,
             const IvlWireRequest *self)
{
  g_string_append (out, ",\"stop\":[");
  for (guint i = 0; self->stop[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      ivl_wire_json_append_string (out, self->stop[i], -1);
    }
  g_string_append_c (out, ']');
}

/* Whether json is one JSON value that can stand in the request as it is. */
static gboolean
is_json_object (const char *json)
{
  json_auto_t *root = ivl_wire_json_parse (json, strlen (json), NULL);

  return json_is_object (root);
}

static void
append_format (GString              *out,
               const IvlWireRequest *self)
{
  g_autofree char *schema = g_strstrip (g_strdup (self->json_schema));

  if (strcmp (schema, "{}") == 0)
    g_string_append (out, ",\"response_format\":{\"type\":\"json_object\"}");
  else if (is_json_object (schema))
    g_string_append_printf (out, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
                            "{\"name\":\"answer\",\"strict\":true,\"schema\":%s}}", schema);
}

/* The budget for all pictures together, for engines that take one for the request. */
static void
append_budget (GString              *out,
               const IvlWireRequest *self,
               const IvlWireDialect *dialect)
{
  guint min_tiles = G_MAXUINT;
  guint max_tiles = 0;

  for (guint i = 0; i < self->messages->len; i++)
    {
      const IvlWireMessage *message = self->messages->pdata[i];

      for (guint j = 0; j < message->parts->len; j++)
        {
          const IvlWirePart *part = message->parts->pdata[j];

          if (part->url == NULL || part->max_tiles == 0)
            continue;
          min_tiles = MIN (min_tiles, MAX (part->min_tiles, 1));
          max_tiles = MAX (max_tiles, part->max_tiles);
        }
    }
  if (max_tiles == 0)
    return;
  if (dialect->tiles == IVL_TILES_MM_KWARGS)
    g_string_append_printf (out, ",\"mm_processor_kwargs\":{\"min_dynamic_patch\":%u,"
                            "\"max_dynamic_patch\":%u,\"dynamic_image_size\":true}",
                            min_tiles, max_tiles);
  else if (dialect->tiles == IVL_TILES_REQUEST)
    g_string_append_printf (out, ",\"max_dynamic_patch\":%u", max_tiles);
}

static void
append_answer_fields (GString              *out,
                      const IvlWireRequest *self,
                      const IvlWireDialect *dialect)
{
  if (self->stop != NULL && self->stop[0] != NULL && ivl_wire_dialect_takes (dialect, "stop"))
    append_stop (out, self);
  if (self->n > 1 && ivl_wire_dialect_takes (dialect, "n"))
    g_string_append_printf (out, ",\"n\":%u", self->n);
  if (self->top_logprobs >= 0 && ivl_wire_dialect_takes (dialect, "logprobs"))
    {
      g_string_append (out, ",\"logprobs\":true");
      if (self->top_logprobs > 0)
        g_string_append_printf (out, ",\"top_logprobs\":%d", self->top_logprobs);
    }
  if (self->json_schema != NULL && ivl_wire_dialect_takes (dialect, "response_format"))
    append_format (out, self);
}

char *
ivl_wire_request_to_json (const IvlWireRequest  *self,
                          const IvlWireDialect  *dialect,
                          GError               **error)
{
  GString *out = g_string_new (NULL);

  if (!ivl_string_room_make (out, estimate_size (self), error))
    {
      g_string_free (out, TRUE);
      return NULL;
    }
  g_string_append_c (out, '{');
  if (self->model != NULL)
    {
      ivl_wire_json_append_member (out, "model", self->model);
      g_string_append_c (out, ',');
    }
  g_string_append (out, "\"messages\":[");
  for (guint i = 0; i < self->messages->len; i++)
    append_message (out, self->messages->pdata[i], dialect);
  if (self->messages->len > 0)
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, ']');
  if (self->max_tokens > 0)
    g_string_append_printf (out, ",\"max_tokens\":%u", self->max_tokens);
  append_sampling (out, self, dialect);
  append_answer_fields (out, self, dialect);
  append_budget (out, self, dialect);
  if (self->stream)
    g_string_append (out, ",\"stream\":true");
  if (self->stream && self->include_usage)
    {
      g_string_append (out, ",\"stream_options\":{\"include_usage\":true");
      if (self->include_progress && ivl_wire_dialect_takes (dialect, "ivl_progress"))
        g_string_append (out, ",\"ivl_progress\":true");
      g_string_append_c (out, '}');
    }
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}
