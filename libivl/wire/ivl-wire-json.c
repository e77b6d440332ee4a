/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON of the protocol: parsed within bounds, strictly or with what engines get wrong repaired, and
 * written without a tree, since a picture is megabytes of one string.
 */
#include "wire/ivl-wire-json.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "util/ivl-json-bounds.h"
#include "util/ivl-json-text.h"
#include "wire/ivl-wire-error.h"

#define MAX_DETAIL 160

static gboolean
check_bounds (const char  *json,
              gsize        n,
              IvlError     code,
              GError     **error)
{
  gsize offset = 0;

  switch (ivl_json_bounds_check (json, n, IVL_WIRE_JSON_MAX_DEPTH, IVL_WIRE_JSON_MAX_VALUES,
                                 &offset))
    {
    case IVL_JSON_BOUNDS_TOO_DEEP:
      g_set_error (error, IVL_ERROR, code, "JSON is nested deeper than %d levels",
                   IVL_WIRE_JSON_MAX_DEPTH);
      return FALSE;
    case IVL_JSON_BOUNDS_TOO_MANY:
      g_set_error (error, IVL_ERROR, code, "JSON has more than %d values",
                   IVL_WIRE_JSON_MAX_VALUES);
      return FALSE;
    case IVL_JSON_BOUNDS_OK:
    default:
      return TRUE;
    }
}

static json_t *
load (const char  *json,
      gsize        n,
      size_t       flags,
      IvlError     code,
      GError     **error)
{
  json_error_t json_error;
  json_t *root = ivl_json_text_parse (json, n, flags | JSON_REJECT_DUPLICATES, &json_error);
  g_autofree char *detail = NULL;

  if (root != NULL)
    return root;
  if (ivl_json_text_lacked_memory (&json_error))
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for reading JSON");
      return NULL;
    }
  detail = ivl_wire_make_safe (json_error.text, -1, MAX_DETAIL);
  g_set_error (error, IVL_ERROR, code, "invalid JSON at byte %d: %s", json_error.position, detail);
  return NULL;
}

json_t *
ivl_wire_json_parse (const char  *json,
                     gsize        n,
                     GError     **error)
{
  if (!check_bounds (json, n, IVL_ERROR_INVALID_OPTION, error))
    return NULL;
  return load (json, n, 0, IVL_ERROR_INVALID_OPTION, error);
}

/* The number of a \uXXXX escape that begins at text, or -1. */
static int
read_escape (const char *text,
             gsize       n)
{
  int value = 0;

  if (n < 6 || text[0] != '\\' || text[1] != 'u')
    return -1;
  for (int i = 2; i < 6; i++)
    {
      int digit = g_ascii_xdigit_value (text[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  return value;
}

#define IS_HIGH(u) ((u) >= 0xd800 && (u) < 0xdc00)
#define IS_LOW(u)  ((u) >= 0xdc00 && (u) < 0xe000)

/* Copies the escape at text, mending a surrogate without its other half; how many bytes it took. */
static gsize
repair_escape (GString    *out,
               const char *text,
               gsize       n,
               gboolean   *repaired)
{
  int value = read_escape (text, n);

  if (IS_HIGH (value) && IS_LOW (read_escape (text + 6, n - 6)))
    {
      g_string_append_len (out, text, 12);
      return 12;
    }
  if (IS_HIGH (value) || IS_LOW (value))
    {
      g_string_append_unichar (out, IVL_WIRE_JSON_SURROGATE + value - 0xd800);
      *repaired = TRUE;
      return 6;
    }
  g_string_append_len (out, text, MIN (n, 2));
  return MIN (n, 2);
}

/* Copies the character at text, which is in a string; how many bytes it took. */
static gsize
repair_character (GString    *out,
                  const char *text,
                  gsize       n,
                  gboolean   *repaired)
{
  guchar c = (guchar) *text;
  gunichar character;
  gsize length;

  if (c == '\\')
    return repair_escape (out, text, n, repaired);
  if (c < 0x20)
    {
      g_string_append_printf (out, "\\u%04x", c);
      return 1;
    }
  if (c < 0x80)
    {
      g_string_append_c (out, (char) c);
      return 1;
    }
  character = g_utf8_get_char_validated (text, MIN (n, 6));
  if (character >= (gunichar) -2)
    {
      g_string_append_unichar (out, IVL_WIRE_JSON_BYTE + c);
      *repaired = TRUE;
      return 1;
    }
  length = g_utf8_next_char (text) - text;
  g_string_append_len (out, text, length);
  return length;
}

static GString *
repair (const char *json,
        gsize       n,
        gboolean   *repaired)
{
  GString *out = g_string_sized_new (n + 64);
  gboolean in_string = FALSE;

  for (gsize i = 0; i < n;)
    {
      if (json[i] == '"')
        in_string = !in_string;
      if (in_string && json[i] != '"')
        i += repair_character (out, json + i, n - i, repaired);
      else
        g_string_append_c (out, json[i++]);
    }
  return out;
}

/* Whether jansson would refuse it for its characters. Control characters between the values are
 * counted too: line ends only cost the copy. */
static gboolean
needs_repair (const char *json,
              gsize       n)
{
  if (!g_utf8_validate_len (json, n, NULL))
    return TRUE;
  for (gsize i = 0; i < n; i++)
    if ((guchar) json[i] < 0x20 ||
        (json[i] == '\\' && i + 2 < n && json[i + 1] == 'u' && (json[i + 2] | 0x20) == 'd'))
      return TRUE;
  return FALSE;
}

json_t *
ivl_wire_json_parse_reply (const char  *json,
                           gsize        n,
                           gboolean    *repaired,
                           GError     **error)
{
  gboolean ignored;
  GString *copy;
  json_t *root;

  if (repaired == NULL)
    repaired = &ignored;
  *repaired = FALSE;
  if (n >= 3 && memcmp (json, "\xef\xbb\xbf", 3) == 0)
    {
      json += 3;
      n -= 3;
    }
  if (!check_bounds (json, n, IVL_ERROR_REMOTE_PROTOCOL, error))
    return NULL;
  if (!needs_repair (json, n))
    return load (json, n, JSON_ALLOW_NUL, IVL_ERROR_REMOTE_PROTOCOL, error);
  copy = repair (json, n, repaired);
  root = load (copy->str, copy->len, JSON_ALLOW_NUL, IVL_ERROR_REMOTE_PROTOCOL, error);
  g_string_free (copy, TRUE);
  return root;
}

const char *
ivl_wire_json_get_string (const json_t *object,
                          const char   *key)
{
  return json_string_value (json_object_get (object, key));
}

gint64
ivl_wire_json_get_int (const json_t *object,
                       const char   *key,
                       gint64        min,
                       gint64        max,
                       gint64        fallback)
{
  const json_t *value = json_object_get (object, key);

  if (!json_is_integer (value) || json_integer_value (value) < min ||
      json_integer_value (value) > max)
    return fallback;
  return json_integer_value (value);
}

/* The letter of a short escape, 'u' for the long one, 0 for a byte that stands for itself. */
static char
get_escape (guchar c)
{
  switch (c)
    {
    case '"':
    case '\\':
      return (char) c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return c < 0x20 ? 'u' : 0;
    }
}

/* Eight at a time: a picture is all such. */
gsize
ivl_wire_json_count_plain (const char *text,
                           gsize       n)
{
  const guint64 ones = G_GUINT64_CONSTANT (0x0101010101010101);
  const guint64 tops = ones << 7;
  gsize i = 0;

  for (; i + 8 <= n; i += 8)
    {
      guint64 word;
      guint64 quote;
      guint64 slash;

      memcpy (&word, text + i, 8);
      quote = word ^ (ones * '"');
      slash = word ^ (ones * '\\');
      /* A byte below the subtracted one sets its top bit; a borrow only ever goes into a word that
       * already has such a byte. */
      if (((word - ones * 0x20) | (quote - ones) | (slash - ones)) & ~word & tops)
        break;
    }
  while (i < n && get_escape ((guchar) text[i]) == 0)
    i++;
  return i;
}

static void
append_valid (GString    *out,
              const char *text,
              gsize       n)
{
  g_string_append_c (out, '"');
  while (n > 0)
    {
      gsize plain = ivl_wire_json_count_plain (text, n);
      char escape;

      g_string_append_len (out, text, plain);
      text += plain;
      n -= plain;
      if (n == 0)
        break;
      escape = get_escape ((guchar) *text);
      if (escape == 'u')
        g_string_append_printf (out, "\\u%04x", (guchar) *text);
      else
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, escape);
        }
      text++;
      n--;
    }
  g_string_append_c (out, '"');
}

void
ivl_wire_json_append_string (GString    *out,
                             const char *text,
                             gssize      len)
{
  gsize n = len < 0 ? strlen (text) : (gsize) len;
  g_autofree char *valid = NULL;

  if (!g_utf8_validate_len (text, n, NULL))
    {
      valid = g_utf8_make_valid (text, n);
      text = valid;
      n = strlen (valid);
    }
  append_valid (out, text, n);
}

void
ivl_wire_json_append_member (GString    *out,
                             const char *key,
                             const char *text)
{
  ivl_wire_json_append_string (out, key, -1);
  g_string_append_c (out, ':');
  if (text != NULL)
    ivl_wire_json_append_string (out, text, -1);
  else
    g_string_append (out, "null");
}

void
ivl_wire_json_append_double (GString *out,
                             double   value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  for (int digits = 1; digits <= 17; digits += digits < 15 ? 7 : 1)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (buffer, sizeof buffer, format, value);
      if (g_ascii_strtod (buffer, NULL) == value)
        break;
    }
  g_string_append (out, buffer);
}
