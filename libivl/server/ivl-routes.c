/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The paths of the server, what is checked before any of them is answered, and the short answers.
 */
#include "server/ivl-routes.h"

#include <string.h>

#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-models.h"

#define MODEL_PATH "/v1/models/"
#define MAX_SHOWN_PATH 80

/* Bytes of all bodies that may be there at a time: of two of the largest size at least. */
#define ALL_BODIES (320 * 1000 * 1000)

struct _IvlRoutes
{
  IvlAccess     *access;
  IvlChat       *chat;
  IvlMetrics    *metrics;
  IvlHttpServer *http;
  guint64        max_body;
  gint64         created;    /* seconds since 1970, of the model's entry */
  gint64         idle_since; /* monotonic time, µs */
};

typedef void (*RouteFunc) (IvlRoutes       *self,
                           IvlHttpExchange *exchange);

typedef struct
{
  const char *path;
  const char *method;
  gboolean    is_open;     /* needs no key */
  gboolean    needs_model;
  gboolean    is_idle;     /* does not keep the server from ending when idle */
  RouteFunc   func;
} Route;

static IvlWireModel
describe_model (IvlModel *model)
{
  return (IvlWireModel) {
    .id = (char *) ivl_model_get_name (model),
    .owner = (char *) "ivl",
    .context_length = ivl_model_get_context_length (model),
    .knows_pictures = TRUE,
    .has_pictures = (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) != 0,
    .family = (char *) ivl_model_get_family (model),
    .n_parameters = ivl_model_get_n_parameters (model),
    .n_bytes = ivl_model_get_n_bytes (model),
    .tile_size = ivl_model_get_tile_size (model),
    .min_tiles = ivl_model_get_min_tiles (model),
    .max_tiles = ivl_model_get_max_tiles (model),
    .use_thumbnail = ivl_model_get_use_thumbnail (model),
  };
}

static void
answer_models (IvlRoutes       *self,
               IvlHttpExchange *exchange)
{
  IvlWireModel model = describe_model (ivl_chat_get_model (self->chat));
  g_autofree char *json = ivl_wire_models_to_json (&model, 1, self->created);

  ivl_http_exchange_respond (exchange, 200, "application/json", NULL, json);
}

static void
answer_model (IvlRoutes       *self,
              IvlHttpExchange *exchange)
{
  const char *path = exchange->head->path;
  g_autofree char *id = g_uri_unescape_string (path + strlen (MODEL_PATH), NULL);
  IvlWireModel model = describe_model (ivl_chat_get_model (self->chat));

  if (id != NULL && strcmp (id, model.id) == 0)
    {
      g_autofree char *json = ivl_wire_model_to_json (&model, self->created);

      ivl_http_exchange_respond (exchange, 200, "application/json", NULL, json);
      return;
    }
  ivl_http_exchange_fail (exchange, 404, "There is no model of this name here", "model",
                          "model_not_found", 0);
}

static void
answer_health (IvlRoutes       *self,
               IvlHttpExchange *exchange)
{
  ivl_http_exchange_respond (exchange, 200, "application/json", NULL, "{\"status\":\"ok\"}");
}

static void
answer_metrics (IvlRoutes       *self,
                IvlHttpExchange *exchange)
{
  IvlMetricsNow now = { .n_connections = ivl_http_server_get_n_connections (self->http),
                        .is_ready = ivl_chat_get_model (self->chat) != NULL };
  g_autofree char *text = NULL;

  ivl_chat_get_counts (self->chat, &now.n_running, &now.n_waiting);
  text = ivl_metrics_to_text (self->metrics, &now);
  ivl_http_exchange_respond (exchange, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, text);
}

static void
answer_chat (IvlRoutes       *self,
             IvlHttpExchange *exchange)
{
  ivl_chat_take (self->chat, exchange);
}

static const Route routes[] = {
  { "/v1/chat/completions", "POST", .needs_model = TRUE, .func = answer_chat },
  { "/v1/models", "GET", .needs_model = TRUE, .func = answer_models },
  { MODEL_PATH, "GET", .needs_model = TRUE, .func = answer_model },
  { "/health", "GET", .needs_model = TRUE, .is_open = TRUE, .is_idle = TRUE,
    .func = answer_health },
  { "/metrics", "GET", .is_idle = TRUE, .func = answer_metrics },
};

static const Route *
find_route (const char *path)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    if (routes[i].func == answer_model
            ? g_str_has_prefix (path, MODEL_PATH) && path[strlen (MODEL_PATH)] != '\0'
            : strcmp (path, routes[i].path) == 0)
      return &routes[i];
  return NULL;
}

static gboolean
check_access (IvlRoutes       *self,
              IvlHttpExchange *exchange,
              const Route     *route)
{
  IvlHttpRefusal refusal = { 0 };
  guint retry_after = 0;

  if (ivl_access_check_origin (self->access, exchange->head, &refusal) &&
      ((route != NULL && route->is_open) ||
       ivl_access_check_key (self->access, exchange->head, exchange->peer, &retry_after, &refusal)))
    return TRUE;
  if (refusal.status != 401)
    ivl_http_exchange_set_closes (exchange, TRUE);
  ivl_http_exchange_fail (exchange, refusal.status, refusal.reason, NULL,
                          refusal.status == 401 ? "invalid_api_key" : NULL, retry_after);
  return FALSE;
}

static gboolean
check_type (IvlHttpExchange *exchange)
{
  const char *type = ivl_http_head_get (exchange->head, "content-type");
  gsize n = type != NULL ? strcspn (type, "; \t") : 0;

  if (n == strlen ("application/json") && g_ascii_strncasecmp (type, "application/json", n) == 0)
    return TRUE;
  ivl_http_exchange_fail (exchange, 415, "The Content-Type must be application/json", NULL, NULL,
                          0);
  return FALSE;
}

static gboolean
check_method (IvlHttpExchange *exchange,
              const Route     *route)
{
  const char *method = exchange->head->method;
  gboolean is_get = strcmp (route->method, "GET") == 0;
  g_autofree char *json = NULL;

  if (strcmp (method, route->method) == 0 || (is_get && strcmp (method, "HEAD") == 0))
    return TRUE;
  json = ivl_wire_error_to_json (is_get ? "Only GET is answered here"
                                        : "Only POST is answered here",
                                 "invalid_request_error", NULL, NULL);
  ivl_http_exchange_respond (exchange, 405, "application/json",
                             is_get ? "Allow: GET, HEAD\r\n" : "Allow: POST\r\n", json);
  return FALSE;
}

static guint64
on_check_head (IvlHttpExchange *exchange,
               gpointer         data)
{
  IvlRoutes *self = data;
  const Route *route = find_route (exchange->head->path);

  if (!check_access (self, exchange, route))
    return 0;
  if (route == NULL)
    {
      ivl_http_exchange_fail (exchange, 404, "There is nothing at this path", NULL, NULL, 0);
      return 0;
    }
  if (!check_method (exchange, route))
    return 0;
  if (!route->is_idle)
    self->idle_since = g_get_monotonic_time ();
  if (route->needs_model && ivl_chat_get_model (self->chat) == NULL)
    {
      ivl_http_exchange_fail (exchange, 503, "The model is being loaded", NULL, "loading", 1);
      return 0;
    }
  if (strcmp (route->method, "POST") != 0)
    return 0;
  return check_type (exchange) ? self->max_body : 0;
}

static void
on_take_request (IvlHttpExchange *exchange,
                 gpointer         data)
{
  find_route (exchange->head->path)->func (data, exchange);
}

static void
on_finish (IvlHttpExchange *exchange,
           gpointer         data)
{
  IvlRoutes *self = data;
  guint status = ivl_http_exchange_get_status (exchange);
  double seconds = (double) (g_get_monotonic_time () - exchange->began) / G_TIME_SPAN_SECOND;
  const Route *route = exchange->head != NULL ? find_route (exchange->head->path) : NULL;

  ivl_chat_forget (self->chat, exchange);
  ivl_metrics_count_request (self->metrics, status, seconds);
  if (route != NULL && !route->is_idle)
    self->idle_since = g_get_monotonic_time ();
  if (exchange->head != NULL)
    g_info ("%s %s %.*s: %u in %.3f s (%s)", exchange->peer, exchange->head->method, MAX_SHOWN_PATH,
            exchange->head->path, status, seconds, exchange->id);
  else
    g_info ("%s: %u before a request was read", exchange->peer, status);
}

static void
on_tick (gpointer data)
{
  IvlRoutes *self = data;

  ivl_chat_tick (self->chat);
}

IvlRoutes *
ivl_routes_new (IvlAccess  *access,
                IvlChat    *chat,
                IvlMetrics *metrics,
                guint64     max_body)
{
  IvlRoutes *self = g_new0 (IvlRoutes, 1);

  self->access = access;
  self->chat = chat;
  self->metrics = metrics;
  self->max_body = max_body;
  self->created = g_get_real_time () / G_USEC_PER_SEC;
  self->idle_since = g_get_monotonic_time ();
  return self;
}

void
ivl_routes_free (IvlRoutes *self)
{
  g_free (self);
}

IvlHttpServer *
ivl_routes_serve (IvlRoutes    *self,
                  GSocket      *listener,
                  GMainContext *context)
{
  IvlHttpHandler handler = { on_check_head, on_take_request, on_finish, on_tick };

  self->http = ivl_http_server_new (listener, &handler, self);
  ivl_http_server_get_limits (self->http)->max_all_bodies =
      MAX (ALL_BODIES, 2 * self->max_body);
  ivl_http_server_start (self->http, context);
  return self->http;
}

gint64
ivl_routes_get_idle_since (IvlRoutes *self)
{
  guint n_running, n_waiting;

  ivl_chat_get_counts (self->chat, &n_running, &n_waiting);
  if (n_running + n_waiting > 0)
    self->idle_since = g_get_monotonic_time ();
  return self->idle_since;
}
