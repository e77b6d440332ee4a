/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counts requests and their cost, and writes them in Prometheus' text format.
 */
#include "server/ivl-metrics.h"

#define N_STATUS 600

struct _IvlMetrics
{
  GMutex  lock;
  gint64  started; /* monotonic time, µs */
  guint64 n_requests[N_STATUS];
  double  seconds;
  guint64 n_prompt_tokens;
  guint64 n_cached_tokens;
  guint64 n_answer_tokens;
  guint64 n_tiles;
  guint64 n_tiles_encoded;
  double  tile_seconds;
  double  prefill_seconds;
  double  decode_seconds;
};

IvlMetrics *
ivl_metrics_new (void)
{
  IvlMetrics *self = g_new0 (IvlMetrics, 1);

  g_mutex_init (&self->lock);
  self->started = g_get_monotonic_time ();
  return self;
}

void
ivl_metrics_free (IvlMetrics *self)
{
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ivl_metrics_count_request (IvlMetrics *self,
                           guint       status,
                           double      seconds)
{
  g_mutex_lock (&self->lock);
  self->n_requests[MIN (status, N_STATUS - 1)]++;
  self->seconds += seconds;
  g_mutex_unlock (&self->lock);
}

void
ivl_metrics_count_answer (IvlMetrics     *self,
                          const IvlUsage *usage)
{
  g_mutex_lock (&self->lock);
  self->n_prompt_tokens += usage->n_prompt_tokens;
  self->n_cached_tokens += usage->n_cached_tokens;
  self->n_answer_tokens += usage->n_answer_tokens;
  self->n_tiles += usage->n_tiles;
  self->n_tiles_encoded += usage->n_tiles_encoded;
  self->tile_seconds += usage->tile_seconds;
  self->prefill_seconds += usage->prefill_seconds;
  self->decode_seconds += usage->decode_seconds;
  g_mutex_unlock (&self->lock);
}

static void
append_head (GString    *out,
             const char *name,
             const char *type,
             const char *help)
{
  g_string_append_printf (out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_count (GString    *out,
              const char *name,
              const char *type,
              const char *help,
              guint64     value)
{
  append_head (out, name, type, help);
  g_string_append_printf (out, "%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
append_seconds (GString    *out,
                const char *name,
                const char *type,
                const char *help,
                double      value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  append_head (out, name, type, help);
  g_ascii_formatd (digits, sizeof digits, "%.6f", value);
  g_string_append_printf (out, "%s %s\n", name, digits);
}

static void
append_requests (IvlMetrics *self,
                 GString    *out)
{
  append_head (out, "ivl_requests_total", "counter",
               "Requests by the status of their answer; 499: the client went away.");
  for (guint status = 0; status < N_STATUS; status++)
    if (self->n_requests[status] > 0 || status == 200)
      g_string_append_printf (out, "ivl_requests_total{status=\"%u\"} %" G_GUINT64_FORMAT "\n",
                              status, self->n_requests[status]);
}

char *
ivl_metrics_to_text (IvlMetrics          *self,
                     const IvlMetricsNow *now)
{
  GString *out = g_string_sized_new (4096);

  g_mutex_lock (&self->lock);
  append_requests (self, out);
  append_seconds (out, "ivl_request_seconds_total", "counter",
                  "Time from the first byte of a request to the last of its answer.",
                  self->seconds);
  append_count (out, "ivl_requests_running", "gauge", "Requests that are answered now.",
                now->n_running);
  append_count (out, "ivl_requests_waiting", "gauge", "Requests that wait in line.",
                now->n_waiting);
  append_count (out, "ivl_connections", "gauge", "Open connections.", now->n_connections);
  append_count (out, "ivl_ready", "gauge", "1 when the model is open.", now->is_ready ? 1 : 0);
  append_count (out, "ivl_prompt_tokens_total", "counter", "Tokens of prompts.",
                self->n_prompt_tokens);
  append_count (out, "ivl_cached_tokens_total", "counter",
                "Tokens of prompts that were there from before.", self->n_cached_tokens);
  append_count (out, "ivl_answer_tokens_total", "counter", "Tokens of answers.",
                self->n_answer_tokens);
  append_count (out, "ivl_tiles_total", "counter", "Picture tiles in prompts.", self->n_tiles);
  append_count (out, "ivl_tiles_encoded_total", "counter", "Tiles that had to be encoded.",
                self->n_tiles_encoded);
  append_seconds (out, "ivl_tile_seconds_total", "counter", "Time spent encoding tiles.",
                  self->tile_seconds);
  append_seconds (out, "ivl_prefill_seconds_total", "counter", "Time spent reading prompts.",
                  self->prefill_seconds);
  append_seconds (out, "ivl_decode_seconds_total", "counter", "Time spent writing answers.",
                  self->decode_seconds);
  append_seconds (out, "ivl_uptime_seconds", "gauge", "Time since the server started.",
                  (double) (g_get_monotonic_time () - self->started) / G_TIME_SPAN_SECOND);
  g_mutex_unlock (&self->lock);
  return g_string_free (out, FALSE);
}
