/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes the body of a request out of its framing, bounded in length and in what the framing itself
 * may add.
 */
#include "server/ivl-http-body.h"

#include <string.h>

/* What chunk framing may take beside the body: enough for chunks of 32 bytes. */
#define EXTRA_SHARE 4
#define EXTRA_BASE 4096

/* Where in a chunked body the next byte stands. */
enum
{
  PLACE_SIZE,
  PLACE_EXTENSION,
  PLACE_SIZE_LF,
  PLACE_DATA,
  PLACE_DATA_CR,
  PLACE_DATA_LF,
  PLACE_END_CR,
  PLACE_END_LF,
};

gboolean
ivl_http_body_init (IvlHttpBody       *self,
                    const IvlHttpHead *head,
                    guint64            max,
                    IvlHttpRefusal    *refusal)
{
  *self = (IvlHttpBody) { .framing = head->framing, .max = max };
  if (head->framing == IVL_HTTP_BODY_LENGTH)
    {
      if (head->content_length > max)
        return ivl_http_head_refuse (refusal, 413, "The body of the request is too large");
      self->left = head->content_length;
    }
  self->is_complete = head->framing == IVL_HTTP_BODY_NONE ||
                      (head->framing == IVL_HTTP_BODY_LENGTH && self->left == 0);
  return TRUE;
}

void
ivl_http_body_clear (IvlHttpBody *self)
{
  g_clear_pointer (&self->bytes, g_free);
  self->n = self->size = 0;
}

static gboolean
append (IvlHttpBody    *self,
        const char     *bytes,
        gsize           n,
        IvlHttpRefusal *refusal)
{
  if (self->n + n + 1 > self->size)
    {
      gsize size = MAX (4096, MAX (self->n + n + 1, self->size * 2));
      char *grown = g_try_realloc (self->bytes, size);

      if (grown == NULL)
        return ivl_http_head_refuse (refusal, 503,
                                     "There is no memory for the body of the request");
      self->bytes = grown;
      self->size = size;
    }
  memcpy (self->bytes + self->n, bytes, n);
  self->n += n;
  self->bytes[self->n] = '\0';
  return TRUE;
}

static gboolean
take_digit (IvlHttpBody    *self,
            char            c,
            IvlHttpRefusal *refusal)
{
  if (++self->n_digits > 8)
    return ivl_http_head_refuse (refusal, 413, "A chunk of the body is too large");
  self->left = self->left * 16 + (guint64) g_ascii_xdigit_value (c);
  return TRUE;
}

/* After the line with the size of a chunk. */
static gboolean
begin_chunk (IvlHttpBody    *self,
             IvlHttpRefusal *refusal)
{
  if (self->n + self->left > self->max)
    return ivl_http_head_refuse (refusal, 413, "The body of the request is too large");
  self->place = self->left > 0 ? PLACE_DATA : PLACE_END_CR;
  self->n_digits = 0;
  return TRUE;
}

/* One byte of the framing. */
static gboolean
take_framing (IvlHttpBody    *self,
              char            c,
              IvlHttpRefusal *refusal)
{
  static const char *const malformed = "The chunks of the body are malformed";

  if (++self->n_extra > self->n / EXTRA_SHARE + EXTRA_BASE)
    return ivl_http_head_refuse (refusal, 400, "The body comes in too many small chunks");
  switch (self->place)
    {
    case PLACE_SIZE:
      if (g_ascii_isxdigit (c))
        return take_digit (self, c, refusal);
      if (self->n_digits == 0 || (c != '\r' && c != ';'))
        return ivl_http_head_refuse (refusal, 400, malformed);
      self->place = c == ';' ? PLACE_EXTENSION : PLACE_SIZE_LF;
      return TRUE;
    case PLACE_EXTENSION:
      if (c == '\r')
        self->place = PLACE_SIZE_LF;
      else if (((guchar) c < 0x20 && c != '\t') || c == 0x7f)
        return ivl_http_head_refuse (refusal, 400, malformed);
      return TRUE;
    case PLACE_SIZE_LF:
      return c == '\n' ? begin_chunk (self, refusal)
                       : ivl_http_head_refuse (refusal, 400, malformed);
    case PLACE_DATA_LF:
      self->place = PLACE_SIZE;
      return c == '\n' ? TRUE : ivl_http_head_refuse (refusal, 400, malformed);
    case PLACE_DATA_CR:
      self->place = PLACE_DATA_LF;
      return c == '\r' ? TRUE : ivl_http_head_refuse (refusal, 400, malformed);
    case PLACE_END_CR:
      self->place = PLACE_END_LF;
      return c == '\r' ? TRUE
                       : ivl_http_head_refuse (refusal, 400, "Fields after the body are not taken");
    default:
      self->is_complete = c == '\n';
      return c == '\n' ? TRUE : ivl_http_head_refuse (refusal, 400, malformed);
    }
}

gboolean
ivl_http_body_push (IvlHttpBody    *self,
                    const char     *bytes,
                    gsize           n,
                    gsize          *n_used,
                    IvlHttpRefusal *refusal)
{
  *n_used = 0;
  while (*n_used < n && !self->is_complete)
    {
      gsize n_data = MIN (self->left, n - *n_used);

      if (self->framing == IVL_HTTP_BODY_CHUNKED && self->place != PLACE_DATA)
        {
          if (!take_framing (self, bytes[(*n_used)++], refusal))
            return FALSE;
          continue;
        }
      if (!append (self, bytes + *n_used, n_data, refusal))
        return FALSE;
      *n_used += n_data;
      self->left -= n_data;
      if (self->left > 0)
        continue;
      if (self->framing == IVL_HTTP_BODY_CHUNKED)
        self->place = PLACE_DATA_CR;
      else
        self->is_complete = TRUE;
    }
  return TRUE;
}

GBytes *
ivl_http_body_steal (IvlHttpBody *self)
{
  gsize n = self->n;

  self->n = self->size = 0;
  return g_bytes_new_take (g_steal_pointer (&self->bytes), n);
}
