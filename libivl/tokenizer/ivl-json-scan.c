/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A pull scanner for JSON: vocabularies have 150,000 entries and are read at every start.
 */
#include "tokenizer/ivl-json-scan.h"

#include <libivl/ivl-error.h>

#include "tokenizer/ivl-utf8.h"

void
ivl_json_scan_init (IvlJsonScan *self,
                    const char  *data,
                    gsize        size,
                    const char  *name)
{
  self->data = (const guint8 *) data;
  self->pos = self->data;
  self->end = self->data + size;
  self->name = name;
  self->scratch = g_byte_array_new ();
}

void
ivl_json_scan_clear (IvlJsonScan *self)
{
  g_clear_pointer (&self->scratch, g_byte_array_unref);
}

static gboolean
fail (IvlJsonScan *self,
      const char  *expected,
      GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: expected %s at offset %" G_GSIZE_FORMAT "%s", self->name, expected,
               (gsize) (self->pos - self->data),
               self->pos == self->end ? ", where the file ends" : "");
  return FALSE;
}

static void
skip_space (IvlJsonScan *self)
{
  while (self->pos < self->end && (*self->pos == ' ' || *self->pos == '\n' || *self->pos == '\r' ||
                                   *self->pos == '\t'))
    self->pos++;
}

char
ivl_json_scan_peek (IvlJsonScan *self)
{
  skip_space (self);
  return self->pos < self->end ? (char) *self->pos : '\0';
}

gboolean
ivl_json_scan_enter (IvlJsonScan *self,
                     char         open,
                     GError     **error)
{
  if (ivl_json_scan_peek (self) != open)
    return fail (self, open == '{' ? "an object" : "an array", error);
  self->pos++;
  return TRUE;
}

gboolean
ivl_json_scan_next (IvlJsonScan *self,
                    char         close,
                    gboolean    *first,
                    gboolean    *more,
                    GError     **error)
{
  char c = ivl_json_scan_peek (self);

  *more = c != close;
  if (c == close)
    {
      self->pos++;
      return TRUE;
    }
  if (!*first)
    {
      if (c != ',')
        return fail (self, "a comma or the closing bracket", error);
      self->pos++;
    }
  *first = FALSE;
  return TRUE;
}

static gboolean
read_hex4 (IvlJsonScan *self,
           guint       *value)
{
  *value = 0;
  if (self->end - self->pos < 4)
    return FALSE;
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (self->pos[i]);

      if (digit < 0)
        return FALSE;
      *value = *value << 4 | digit;
    }
  self->pos += 4;
  return TRUE;
}

/* \uXXXX after the u, with the second half of a surrogate pair. */
static gboolean
read_unicode_escape (IvlJsonScan *self,
                     GError     **error)
{
  char utf8[6];
  guint c;
  guint low;

  if (!read_hex4 (self, &c))
    return fail (self, "four hexadecimal digits", error);
  if (c >= 0xd800 && c <= 0xdfff)
    {
      if (c >= 0xdc00 || self->end - self->pos < 6 || self->pos[0] != '\\' || self->pos[1] != 'u')
        return fail (self, "a surrogate pair", error);
      self->pos += 2;
      if (!read_hex4 (self, &low) || low < 0xdc00 || low > 0xdfff)
        return fail (self, "a surrogate pair", error);
      c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
    }
  g_byte_array_append (self->scratch, (const guint8 *) utf8, g_unichar_to_utf8 (c, utf8));
  return TRUE;
}

static gboolean
read_escape (IvlJsonScan *self,
             GError     **error)
{
  static const char escapes[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";

  if (self->pos == self->end)
    return fail (self, "an escape", error);
  if (*self->pos == 'u')
    {
      self->pos++;
      return read_unicode_escape (self, error);
    }
  for (guint i = 0; escapes[i] != '\0'; i++)
    if (*self->pos == (guint8) escapes[i])
      {
        g_byte_array_append (self->scratch, (const guint8 *) &meanings[i], 1);
        self->pos++;
        return TRUE;
      }
  return fail (self, "a known escape", error);
}

/* Goes on to the next quotation mark, backslash or control character. */
static guint8
skip_plain (IvlJsonScan *self)
{
  guint8 seen = 0;

  while (self->pos < self->end && *self->pos != '"' && *self->pos != '\\' && *self->pos >= 0x20)
    seen |= *self->pos++;
  return seen;
}

gboolean
ivl_json_scan_string (IvlJsonScan   *self,
                      const guint8 **bytes,
                      gsize         *n_bytes,
                      GError       **error)
{
  const guint8 *start;
  gboolean escaped = FALSE;
  guint8 seen;

  if (ivl_json_scan_peek (self) != '"')
    return fail (self, "a string", error);
  start = ++self->pos;
  seen = skip_plain (self);
  if (self->pos < self->end && *self->pos == '\\')
    {
      escaped = TRUE;
      g_byte_array_set_size (self->scratch, 0);
      g_byte_array_append (self->scratch, start, self->pos - start);
    }
  while (self->pos < self->end && *self->pos == '\\')
    {
      self->pos++;
      if (!read_escape (self, error))
        return FALSE;
      start = self->pos;
      seen |= skip_plain (self);
      g_byte_array_append (self->scratch, start, self->pos - start);
    }
  if (self->pos == self->end || *self->pos != '"')
    return fail (self, "the end of a string", error);
  *bytes = escaped ? self->scratch->data : start;
  *n_bytes = escaped ? self->scratch->len : (gsize) (self->pos - start);
  if (seen >= 0x80 && ivl_utf8_count_valid (*bytes, *n_bytes) != *n_bytes)
    return fail (self, "valid UTF-8 in the string before", error);
  self->pos++;
  return TRUE;
}

gboolean
ivl_json_scan_key (IvlJsonScan   *self,
                   const guint8 **bytes,
                   gsize         *n_bytes,
                   GError       **error)
{
  if (!ivl_json_scan_string (self, bytes, n_bytes, error))
    return FALSE;
  if (ivl_json_scan_peek (self) != ':')
    return fail (self, "a colon", error);
  self->pos++;
  return TRUE;
}

gboolean
ivl_json_scan_unsigned (IvlJsonScan *self,
                        guint64     *value,
                        GError     **error)
{
  const guint8 *start;
  guint64 result = 0;

  ivl_json_scan_peek (self);
  start = self->pos;
  while (self->pos < self->end && g_ascii_isdigit (*self->pos))
    {
      if (result > (G_MAXINT64 - 9) / 10)
        return fail (self, "a smaller number", error);
      result = result * 10 + (*self->pos++ - '0');
    }
  if (self->pos == start || (*start == '0' && self->pos - start > 1) ||
      (self->pos < self->end && (*self->pos == '.' || *self->pos == 'e' || *self->pos == 'E')))
    return fail (self, "a whole number", error);
  *value = result;
  return TRUE;
}

/* A number, true, false or null: whoever wants the value parses the text. */
static gboolean
skip_word (IvlJsonScan *self,
           GError     **error)
{
  const guint8 *start = self->pos;

  while (self->pos < self->end && (g_ascii_isalnum (*self->pos) || *self->pos == '-' ||
                                   *self->pos == '+' || *self->pos == '.'))
    self->pos++;
  return self->pos > start || fail (self, "a value", error);
}

/* One bracket, string, word, comma or colon; keeps the stack of open brackets. */
static gboolean
skip_item (IvlJsonScan *self,
           char        *open,
           guint       *depth,
           GError     **error)
{
  char c = ivl_json_scan_peek (self);
  const guint8 *bytes;
  gsize n_bytes;

  if (c == '"')
    return ivl_json_scan_string (self, &bytes, &n_bytes, error);
  if (c == '{' || c == '[')
    {
      if (*depth == IVL_JSON_SCAN_MAX_DEPTH)
        return fail (self, "less nesting", error);
      open[(*depth)++] = c;
      self->pos++;
      return TRUE;
    }
  if (*depth > 0 && (c == ',' || (c == ':' && open[*depth - 1] == '{')))
    {
      self->pos++;
      return TRUE;
    }
  if (*depth > 0 && c == (open[*depth - 1] == '{' ? '}' : ']'))
    {
      (*depth)--;
      self->pos++;
      return TRUE;
    }
  return skip_word (self, error);
}

gboolean
ivl_json_scan_skip (IvlJsonScan  *self,
                    const char  **text,
                    gsize        *n_bytes,
                    GError      **error)
{
  char open[IVL_JSON_SCAN_MAX_DEPTH];
  guint depth = 0;
  const guint8 *start;

  ivl_json_scan_peek (self);
  start = self->pos;
  do
    {
      if (!skip_item (self, open, &depth, error))
        return FALSE;
    }
  while (depth > 0);
  *text = (const char *) start;
  *n_bytes = self->pos - start;
  return TRUE;
}

gboolean
ivl_json_scan_finish (IvlJsonScan *self,
                      GError     **error)
{
  if (ivl_json_scan_peek (self) != '\0' || self->pos != self->end)
    return fail (self, "the end of the file", error);
  return TRUE;
}
