/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tokens with their probabilities ("logprobs"), read and written.
 */
#include "wire/ivl-wire-token.h"

#include <math.h>

#include "wire/ivl-wire-json.h"

/* JSON has no infinity; this is OpenAI's number for a token that cannot be. */
#define LEAST_LOGPROB -9999.0f
#define MAX_BYTES     1024
#define MAX_TOP       20

static void
clear_chance (gpointer data)
{
  IvlWireTokenChance *chance = data;

  g_free (chance->bytes);
}

void
ivl_wire_token_free (IvlWireToken *self)
{
  clear_chance (&self->chosen);
  g_clear_pointer (&self->top, g_array_unref);
  g_free (self);
}

/* Engines without "bytes" give only the text, in which half a character is U+FFFD. */
static gboolean
read_chance (const json_t       *entry,
             IvlWireTokenChance *chance)
{
  const json_t *logprob = json_object_get (entry, "logprob");
  const json_t *bytes = json_object_get (entry, "bytes");
  const json_t *token = json_object_get (entry, "token");

  if (!json_is_number (logprob) || json_array_size (bytes) > MAX_BYTES ||
      json_string_length (token) > MAX_BYTES || (!json_is_array (bytes) && !json_is_string (token)))
    return FALSE;
  chance->logprob = (float) json_number_value (logprob);
  if (!json_is_array (bytes))
    {
      chance->n_bytes = json_string_length (token);
      chance->bytes = g_memdup2 (json_string_value (token), chance->n_bytes + 1);
      return TRUE;
    }
  chance->n_bytes = json_array_size (bytes);
  chance->bytes = g_malloc0 (chance->n_bytes + 1);
  for (gsize i = 0; i < chance->n_bytes; i++)
    chance->bytes[i] = (char) (json_integer_value (json_array_get (bytes, i)) & 0xff);
  return TRUE;
}

IvlWireToken *
ivl_wire_token_read (const json_t *entry)
{
  const json_t *top = json_object_get (entry, "top_logprobs");
  IvlWireTokenChance chosen = { 0 };
  IvlWireToken *self;

  if (!read_chance (entry, &chosen))
    return NULL;
  self = g_new0 (IvlWireToken, 1);
  self->chosen = chosen;
  if (json_array_size (top) == 0)
    return self;
  self->top = g_array_new (FALSE, TRUE, sizeof (IvlWireTokenChance));
  g_array_set_clear_func (self->top, clear_chance);
  for (gsize i = 0; i < json_array_size (top) && self->top->len < MAX_TOP; i++)
    {
      IvlWireTokenChance chance = { 0 };

      if (read_chance (json_array_get (top, i), &chance))
        g_array_append_val (self->top, chance);
    }
  return self;
}

/* The shortest number that reads back as the same float. */
static void
append_logprob (GString *out,
                float    logprob)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (buffer, sizeof buffer, "%.6g", logprob);
  if ((float) g_ascii_strtod (buffer, NULL) != logprob)
    g_ascii_formatd (buffer, sizeof buffer, "%.9g", logprob);
  g_string_append (out, buffer);
}

/* Without the closing brace. */
static void
append_chance (GString                  *out,
               const IvlWireTokenChance *chance)
{
  g_string_append (out, "{\"token\":");
  ivl_wire_json_append_string (out, chance->bytes, chance->n_bytes);
  g_string_append (out, ",\"logprob\":");
  append_logprob (out, isfinite (chance->logprob) ? chance->logprob : LEAST_LOGPROB);
  g_string_append (out, ",\"bytes\":[");
  for (gsize i = 0; i < chance->n_bytes; i++)
    g_string_append_printf (out, i > 0 ? ",%u" : "%u", (guchar) chance->bytes[i]);
  g_string_append_c (out, ']');
}

void
ivl_wire_token_append_all (GString   *out,
                           GPtrArray *tokens)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < tokens->len; i++)
    {
      const IvlWireToken *token = tokens->pdata[i];

      if (i > 0)
        g_string_append_c (out, ',');
      append_chance (out, &token->chosen);
      g_string_append (out, ",\"top_logprobs\":[");
      for (guint j = 0; token->top != NULL && j < token->top->len; j++)
        {
          if (j > 0)
            g_string_append_c (out, ',');
          append_chance (out, &g_array_index (token->top, IvlWireTokenChance, j));
          g_string_append_c (out, '}');
        }
      g_string_append (out, "]}");
    }
  g_string_append_c (out, ']');
}
