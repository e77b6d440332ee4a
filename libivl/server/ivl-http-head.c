/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads the head of an HTTP/1 request (RFC 9112), taking only what has one meaning.
 */
#include "server/ivl-http-head.h"

#include <string.h>

/* Fields that say how the request is to be understood: a second one is refused. */
static const char *const single_fields[] = {
  "host",   "content-length", "transfer-encoding", "content-type",   "authorization",
  "origin", "expect",         "content-encoding",  "sec-fetch-site", NULL,
};

gboolean
ivl_http_head_refuse (IvlHttpRefusal *refusal,
                      guint           status,
                      const char     *reason)
{
  *refusal = (IvlHttpRefusal) { status, reason };
  return FALSE;
}

/* Bytes of a token, RFC 9110 section 5.6.2 */
static gboolean
is_token_byte (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

gboolean
ivl_http_head_find_end (const char     *bytes,
                        gsize           n,
                        gsize          *checked,
                        gsize          *end,
                        IvlHttpRefusal *refusal)
{
  *end = 0;
  for (gsize i = *checked; i < n; i++)
    {
      guchar c = (guchar) bytes[i];

      if (i >= IVL_HTTP_HEAD_MAX_BYTES)
        return ivl_http_head_refuse (refusal, 431, "The head of the request is longer than 16 KiB");
      if ((c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
        return ivl_http_head_refuse (refusal, 400,
                                     "The head of the request holds a control character");
      if ((c == '\n') != (i > 0 && bytes[i - 1] == '\r'))
        return ivl_http_head_refuse (refusal, 400, "Lines of the head must end with CR and LF");
      *checked = i + 1;
      if (c == '\n' && (i == 1 || (i >= 3 && bytes[i - 2] == '\n')))
        {
          *end = i + 1;
          return TRUE;
        }
    }
  return TRUE;
}

/* Cuts off the line at *cursor and moves on to the next one. */
static char *
take_line (char **cursor)
{
  char *line = *cursor;
  char *cr = strchr (line, '\r');

  *cr = '\0';
  *cursor = cr + 2;
  return line;
}

static gboolean
parse_version (IvlHttpHead    *self,
               const char     *version,
               IvlHttpRefusal *refusal)
{
  if (strcmp (version, "HTTP/1.1") == 0 || strcmp (version, "HTTP/1.0") == 0)
    {
      self->minor = version[7] == '1' ? 1 : 0;
      return TRUE;
    }
  if (strlen (version) == 8 && g_str_has_prefix (version, "HTTP/") &&
      g_ascii_isdigit (version[5]) && version[6] == '.' && g_ascii_isdigit (version[7]))
    return ivl_http_head_refuse (refusal, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here");
  return ivl_http_head_refuse (refusal, 400, "The request line is malformed");
}

static gboolean
parse_request_line (IvlHttpHead    *self,
                    char           *line,
                    IvlHttpRefusal *refusal)
{
  char *target = strchr (line, ' ');
  char *version = target != NULL ? strchr (target + 1, ' ') : NULL;

  if (version == NULL || target == line || target - line > 16)
    return ivl_http_head_refuse (refusal, 400, "The request line is malformed");
  *target++ = '\0';
  *version++ = '\0';
  for (const char *c = line; *c != '\0'; c++)
    if (!is_token_byte (*c))
      return ivl_http_head_refuse (refusal, 400, "The request line is malformed");
  for (const char *c = target; *c != '\0'; c++)
    if ((guchar) *c <= ' ' || (guchar) *c >= 0x7f)
      return ivl_http_head_refuse (refusal, 400, "The request's path is malformed");
  if (*target != '/')
    return ivl_http_head_refuse (refusal, 400, "The request's path must begin with a slash");
  target[strcspn (target, "?#")] = '\0';
  self->method = line;
  self->path = target;
  return parse_version (self, version, refusal);
}

static gboolean
parse_field (IvlHttpHead    *self,
             char           *line,
             IvlHttpRefusal *refusal)
{
  char *colon = strchr (line, ':');
  char *value;
  IvlHttpField field;

  if (*line == ' ' || *line == '\t')
    return ivl_http_head_refuse (refusal, 400, "A field of the head is folded into several lines");
  if (colon == NULL || colon == line)
    return ivl_http_head_refuse (refusal, 400, "A line of the head is no field");
  for (char *c = line; c < colon; c++)
    {
      if (!is_token_byte (*c))
        return ivl_http_head_refuse (refusal, 400, "The name of a field of the head is malformed");
      *c = g_ascii_tolower (*c);
    }
  *colon = '\0';
  value = colon + 1 + strspn (colon + 1, " \t");
  for (gsize len = strlen (value); len > 0 && strchr (" \t", value[len - 1]) != NULL; len--)
    value[len - 1] = '\0';

  if (self->fields->len >= IVL_HTTP_HEAD_MAX_FIELDS)
    return ivl_http_head_refuse (refusal, 431, "The head of the request has more than 100 fields");
  if (g_strv_contains (single_fields, line) && ivl_http_head_get (self, line) != NULL)
    return ivl_http_head_refuse (refusal, 400,
                                 "A field of the head stands twice that may stand once");
  field.name = line;
  field.value = value;
  g_array_append_val (self->fields, field);
  return TRUE;
}

/* Whether a list of the form "a, b" holds a word, in any case. */
static gboolean
has_word (const char *list,
          const char *word)
{
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_ascii_strcasecmp (g_strstrip (words[i]), word) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
parse_framing (IvlHttpHead    *self,
               IvlHttpRefusal *refusal)
{
  const char *length = ivl_http_head_get (self, "content-length");
  const char *coding = ivl_http_head_get (self, "transfer-encoding");

  if (length != NULL && coding != NULL)
    return ivl_http_head_refuse (refusal, 400,
                                 "Content-Length and Transfer-Encoding exclude each other");
  if (coding != NULL)
    {
      if (self->minor == 0 || g_ascii_strcasecmp (coding, "chunked") != 0)
        return ivl_http_head_refuse (refusal, 400,
                                     "The only Transfer-Encoding is chunked, with HTTP/1.1");
      self->framing = IVL_HTTP_BODY_CHUNKED;
    }
  if (length != NULL)
    {
      gsize n = strlen (length);

      if (n == 0 || strspn (length, "0123456789") != n)
        return ivl_http_head_refuse (refusal, 400, "Content-Length is no number");
      if (n > 18)
        return ivl_http_head_refuse (refusal, 413, "The body of the request is too large");
      self->framing = IVL_HTTP_BODY_LENGTH;
      self->content_length = g_ascii_strtoull (length, NULL, 10);
    }
  return TRUE;
}

static gboolean
parse_meaning (IvlHttpHead    *self,
               IvlHttpRefusal *refusal)
{
  const char *connection = NULL;
  const char *expect = ivl_http_head_get (self, "expect");
  const char *encoding = ivl_http_head_get (self, "content-encoding");

  self->host = ivl_http_head_get (self, "host");
  if (self->host == NULL && self->minor == 1)
    return ivl_http_head_refuse (refusal, 400, "The field Host is missing");
  if (!parse_framing (self, refusal))
    return FALSE;
  self->keeps_alive = self->minor == 1;
  for (guint i = 0; i < self->fields->len; i++)
    {
      IvlHttpField *field = &g_array_index (self->fields, IvlHttpField, i);

      if (strcmp (field->name, "connection") != 0)
        continue;
      connection = field->value;
      if (has_word (connection, "close"))
        {
          self->keeps_alive = FALSE;
          break;
        }
      if (has_word (connection, "keep-alive"))
        self->keeps_alive = TRUE;
    }
  if (expect != NULL && (g_ascii_strcasecmp (expect, "100-continue") != 0 || self->minor == 0))
    return ivl_http_head_refuse (refusal, 417, "Only 100-continue can be expected");
  self->expects_continue = expect != NULL;
  if (encoding != NULL && g_ascii_strcasecmp (encoding, "identity") != 0)
    return ivl_http_head_refuse (refusal, 415, "A compressed body is not taken");
  return TRUE;
}

IvlHttpHead *
ivl_http_head_parse (const char     *bytes,
                     gsize           n,
                     IvlHttpRefusal *refusal)
{
  g_autoptr (IvlHttpHead) self = g_new0 (IvlHttpHead, 1);
  char *cursor;

  self->text = g_strndup (bytes, n);
  self->fields = g_array_new (FALSE, FALSE, sizeof (IvlHttpField));
  cursor = self->text;
  if (!parse_request_line (self, take_line (&cursor), refusal))
    return NULL;
  while (*cursor != '\r')
    if (!parse_field (self, take_line (&cursor), refusal))
      return NULL;
  return parse_meaning (self, refusal) ? g_steal_pointer (&self) : NULL;
}

void
ivl_http_head_free (IvlHttpHead *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->fields);
  g_free (self->text);
  g_free (self);
}

const char *
ivl_http_head_get (const IvlHttpHead *self,
                   const char        *name)
{
  for (guint i = 0; i < self->fields->len; i++)
    {
      IvlHttpField *field = &g_array_index (self->fields, IvlHttpField, i);

      if (strcmp (field->name, name) == 0)
        return field->value;
    }
  return NULL;
}
