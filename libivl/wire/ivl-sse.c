/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Server-sent events out of bytes that come in pieces of any size, with bounded memory, and into
 * bytes.
 */
#include "wire/ivl-sse.h"

#include <libivl/ivl-error.h>
#include <string.h>

static const char byte_order_mark[3] = "\xef\xbb\xbf";

struct _IvlSseDecoder
{
  guint    n_mark;    /* bytes of the byte order mark seen; more than 3 once that is decided */
  gboolean after_cr;  /* a LF now belongs to the CR before it */
  GString *line;      /* the line so far; of a comment only its colon */
  GString *data;      /* the event's lines so far, each with its '\n' */
  char    *event;     /* (nullable): its type */
  guint64  n_comments;
};

IvlSseDecoder *
ivl_sse_decoder_new (void)
{
  IvlSseDecoder *self = g_new0 (IvlSseDecoder, 1);

  self->line = g_string_new (NULL);
  self->data = g_string_new (NULL);
  return self;
}

void
ivl_sse_decoder_free (IvlSseDecoder *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->data, TRUE);
  g_free (self->event);
  g_free (self);
}

guint64
ivl_sse_decoder_get_n_comments (IvlSseDecoder *self)
{
  return self->n_comments;
}

static gboolean
dispatch (IvlSseDecoder  *self,
          IvlSseFunc      func,
          gpointer        user_data,
          GError        **error)
{
  g_autofree char *event = g_steal_pointer (&self->event);
  gboolean ok = TRUE;

  if (self->data->len > 0)
    {
      g_string_truncate (self->data, self->data->len - 1);
      ok = func (event, self->data->str, self->data->len, user_data, error);
    }
  g_string_truncate (self->data, 0);
  return ok;
}

static gboolean
is_field (const char *name,
          gsize       n,
          const char *field)
{
  return n == strlen (field) && memcmp (name, field, n) == 0;
}

/* A whole line. Fields that this protocol has no use for (id, retry, unknown ones) are skipped, as
 * the standard wants. */
static gboolean
take_line (IvlSseDecoder  *self,
           IvlSseFunc      func,
           gpointer        user_data,
           GError        **error)
{
  const char *name = self->line->str;
  const char *end = name + self->line->len;
  const char *colon = memchr (name, ':', end - name);
  const char *value = colon != NULL ? colon + 1 : end;
  gsize n_name = (colon != NULL ? colon : end) - name;

  if (end == name)
    return dispatch (self, func, user_data, error);
  if (colon == name)
    {
      self->n_comments++;
      return TRUE;
    }
  if (value < end && *value == ' ')
    value++;
  if (is_field (name, n_name, "event") || is_field (name, n_name, "error"))
    {
      gboolean is_error = name[1] == 'r';

      g_free (self->event);
      self->event = is_error ? g_strdup ("error") : g_strndup (value, end - value);
    }
  if (is_field (name, n_name, "data") || is_field (name, n_name, "error"))
    {
      g_string_append_len (self->data, value, end - value);
      g_string_append_c (self->data, '\n');
    }
  return TRUE;
}

/* Bytes that belong to the line so far. */
static gboolean
take_bytes (IvlSseDecoder  *self,
            const char     *bytes,
            gsize           n,
            GError        **error)
{
  gboolean is_comment = self->line->len > 0 ? self->line->str[0] == ':' : n > 0 && bytes[0] == ':';

  if (is_comment)
    {
      g_string_assign (self->line, ":");
      return TRUE;
    }
  if (n > IVL_SSE_MAX_EVENT || self->line->len + n + self->data->len > IVL_SSE_MAX_EVENT)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
                   "an event of the stream has more than %d bytes", IVL_SSE_MAX_EVENT);
      return FALSE;
    }
  g_string_append_len (self->line, bytes, n);
  return TRUE;
}

/* Leaves out the byte order mark at the very beginning, which may come in pieces. FALSE as long as
 * that is undecided. */
static gboolean
skip_mark (IvlSseDecoder  *self,
           const char    **bytes,
           gsize          *n)
{
  while (self->n_mark < 3 && *n > 0)
    {
      if (**bytes != byte_order_mark[self->n_mark])
        {
          g_string_append_len (self->line, byte_order_mark, self->n_mark);
          self->n_mark = 3;
          return TRUE;
        }
      self->n_mark++;
      (*bytes)++;
      (*n)--;
    }
  return self->n_mark == 3;
}

static gsize
count_to_line_end (const char *bytes,
                   gsize       n)
{
  gsize length = 0;

  while (length < n && bytes[length] != '\n' && bytes[length] != '\r')
    length++;
  return length;
}

gboolean
ivl_sse_decoder_push (IvlSseDecoder  *self,
                      const char     *bytes,
                      gsize           n,
                      IvlSseFunc      func,
                      gpointer        user_data,
                      GError        **error)
{
  if (!skip_mark (self, &bytes, &n))
    return TRUE;
  while (n > 0)
    {
      gsize length = count_to_line_end (bytes, n);
      gboolean is_cr;

      if (self->after_cr && length == 0 && bytes[0] == '\n')
        {
          self->after_cr = FALSE;
          bytes++;
          n--;
          continue;
        }
      self->after_cr = FALSE;
      if (!take_bytes (self, bytes, length, error))
        return FALSE;
      if (length == n)
        return TRUE;
      is_cr = bytes[length] == '\r';
      bytes += length + 1;
      n -= length + 1;
      self->after_cr = is_cr;
      if (!take_line (self, func, user_data, error))
        return FALSE;
      g_string_truncate (self->line, 0);
    }
  return TRUE;
}

void
ivl_sse_append_event (GString    *out,
                      const char *data)
{
  for (;;)
    {
      gsize length = strcspn (data, "\r\n");

      g_string_append (out, "data: ");
      g_string_append_len (out, data, length);
      g_string_append_c (out, '\n');
      if (data[length] == '\0')
        break;
      data += length + (data[length] == '\r' && data[length + 1] == '\n' ? 2 : 1);
    }
  g_string_append_c (out, '\n');
}

void
ivl_sse_append_typed (GString    *out,
                      const char *type,
                      const char *data)
{
  g_string_append_printf (out, "event: %s\n", type);
  ivl_sse_append_event (out, data);
}

void
ivl_sse_append_comment (GString *out)
{
  g_string_append (out, ":\n\n");
}
