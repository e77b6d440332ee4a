/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One request with its answer: builds the bytes that are sent, from whichever thread answers, and
 * lets a writer wait for a slow reader.
 */
#include "server/ivl-http-exchange.h"

#include <string.h>

#include "server/ivl-crash-notice.h"
#include "wire/ivl-wire-error.h"

IvlHttpExchange *
ivl_http_exchange_new (const char  *peer,
                       void       (*wake) (IvlHttpExchange *self,
                                           gpointer         data),
                       gpointer     wake_data)
{
  IvlHttpExchange *self = g_new0 (IvlHttpExchange, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->peer = g_strdup (peer);
  self->began = g_get_monotonic_time ();
  self->gone = g_cancellable_new ();
  self->out = g_string_new (NULL);
  self->wake = wake;
  self->wake_data = wake_data;
  for (guint i = 0; i < 4; i++)
    g_snprintf (self->id + 8 * i, 9, "%08x", g_random_int ());
  g_mutex_init (&self->lock);
  g_cond_init (&self->drained);
  return self;
}

IvlHttpExchange *
ivl_http_exchange_ref (IvlHttpExchange *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ivl_http_exchange_unref (IvlHttpExchange *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->free_data != NULL)
    self->free_data (self->data);
  ivl_http_head_free (self->head);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_object (&self->gone);
  g_string_free (self->out, TRUE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->drained);
  g_free (self->peer);
  g_free (self);
}

gboolean
ivl_http_exchange_has_begun (IvlHttpExchange *self)
{
  return ivl_http_exchange_get_status (self) != 0;
}

guint
ivl_http_exchange_get_status (IvlHttpExchange *self)
{
  guint status;

  g_mutex_lock (&self->lock);
  status = self->status;
  g_mutex_unlock (&self->lock);
  return status;
}

/* With the lock held. */
static void
wake (IvlHttpExchange *self)
{
  if (self->is_detached || self->is_awake)
    return;
  self->is_awake = TRUE;
  self->wake (self, self->wake_data);
}

static const char *
get_phrase (guint status)
{
  static const struct
  {
    guint       status;
    const char *phrase;
  } phrases[] = {
    { 200, "OK" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].phrase;
  return "Error";
}

/* The form that RFC 9110 asks for, whatever the locale is. */
static void
append_date (GString *out)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  if (now == NULL)
    return;
  g_string_append_printf (out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                          days[g_date_time_get_day_of_week (now) - 1],
                          g_date_time_get_day_of_month (now),
                          months[g_date_time_get_month (now) - 1], g_date_time_get_year (now),
                          g_date_time_get_hour (now), g_date_time_get_minute (now),
                          g_date_time_get_second (now));
}

/* With the lock held. */
static void
append_head (IvlHttpExchange *self,
             guint            status,
             const char      *type,
             const char      *fields)
{
  self->status = status;
  ivl_crash_notice_remove (self->notice);
  if (self->head == NULL || !self->head->keeps_alive)
    self->closes = TRUE;
  g_string_append_printf (self->out, "HTTP/1.1 %u %s\r\n", status, get_phrase (status));
  append_date (self->out);
  g_string_append_printf (self->out,
                          "Content-Type: %s\r\nCache-Control: no-store\r\n"
                          "X-Content-Type-Options: nosniff\r\nX-Request-Id: %s\r\n",
                          type, self->id);
  if (fields != NULL)
    g_string_append (self->out, fields);
  if (self->closes)
    g_string_append (self->out, "Connection: close\r\n");
  else if (self->head->minor == 0)
    g_string_append (self->out, "Connection: keep-alive\r\n");
}

void
ivl_http_exchange_respond (IvlHttpExchange *self,
                           guint            status,
                           const char      *type,
                           const char      *fields,
                           const char      *body)
{
  g_mutex_lock (&self->lock);
  if (self->status == 0 && !self->is_detached)
    {
      append_head (self, status, type, fields);
      g_string_append_printf (self->out, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n",
                              strlen (body));
      if (self->head == NULL || strcmp (self->head->method, "HEAD") != 0)
        g_string_append (self->out, body);
      self->is_ended = TRUE;
      wake (self);
    }
  g_mutex_unlock (&self->lock);
}

void
ivl_http_exchange_fail (IvlHttpExchange *self,
                        guint            status,
                        const char      *message,
                        const char      *param,
                        const char      *code,
                        guint            retry_after)
{
  const char *type = status == 401   ? "authentication_error"
                     : status == 429 ? "rate_limit_error"
                     : status == 503 ? "unavailable_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  g_autofree char *body = ivl_wire_error_to_json (message, type, param, code);
  g_autoptr (GString) fields = g_string_new (NULL);

  if (retry_after > 0)
    g_string_append_printf (fields, "Retry-After: %u\r\n", retry_after);
  if (status == 500)
    g_string_append (fields, "X-Should-Retry: false\r\n");
  if (status == 401)
    g_string_append (fields, "WWW-Authenticate: Bearer\r\n");
  ivl_http_exchange_respond (self, status, "application/json", fields->str, body);
}

void
ivl_http_exchange_begin (IvlHttpExchange *self,
                         const char      *type,
                         const char      *fields)
{
  g_mutex_lock (&self->lock);
  if (self->status == 0 && !self->is_detached)
    {
      /* An answer to HTTP/1.0 can only be delimited by the end of the connection. */
      self->is_chunked = self->head->minor > 0;
      if (!self->is_chunked)
        self->closes = TRUE;
      append_head (self, 200, type, fields);
      g_string_append (self->out, self->is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
      wake (self);
    }
  g_mutex_unlock (&self->lock);
}

gboolean
ivl_http_exchange_write (IvlHttpExchange *self,
                         const char      *bytes,
                         gsize            n,
                         gboolean         waits)
{
  gboolean is_open;

  g_mutex_lock (&self->lock);
  while (waits && !self->is_detached &&
         self->out->len - self->out_start > IVL_HTTP_EXCHANGE_MAX_PENDING)
    g_cond_wait (&self->drained, &self->lock);
  is_open = !self->is_detached && self->status != 0 && !self->is_ended;
  if (is_open && n > 0)
    {
      if (self->is_chunked)
        g_string_append_printf (self->out, "%" G_GSIZE_MODIFIER "x\r\n", n);
      g_string_append_len (self->out, bytes, n);
      if (self->is_chunked)
        g_string_append (self->out, "\r\n");
      wake (self);
    }
  g_mutex_unlock (&self->lock);
  return is_open;
}

void
ivl_http_exchange_end (IvlHttpExchange *self,
                       gboolean         is_complete)
{
  g_mutex_lock (&self->lock);
  if (self->status != 0 && !self->is_ended && !self->is_detached)
    {
      if (is_complete && self->is_chunked)
        g_string_append (self->out, "0\r\n\r\n");
      if (!is_complete)
        self->closes = TRUE;
      self->is_ended = TRUE;
      wake (self);
    }
  g_mutex_unlock (&self->lock);
}

void
ivl_http_exchange_set_closes (IvlHttpExchange *self,
                              gboolean         closes)
{
  g_mutex_lock (&self->lock);
  self->closes = closes;
  g_mutex_unlock (&self->lock);
}
