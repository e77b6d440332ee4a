/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server as an object: its settings, and its life from listening to the last answer.
 */
#include <libivl/ivl-server.h>

#include "engines/ivl-service.h"
#include "server/ivl-crash-notice.h"
#include "server/ivl-endpoint.h"
#include "server/ivl-routes.h"
#include "util/ivl-system-memory.h"

/* The states of conversations are kept in so much memory, and in this share of what is free at
 * most. */
#define CACHE_BYTES ((guint64) 1 << 30)
#define CACHE_SHARE 8

/* How long answers get to end when the server does. */
#define STOP_MS 1200

/* A model whose files changed is opened again, unless that was done so shortly before. */
#define REOPEN_SECONDS 20

#define MAX_RUNNING 1024
#define MAX_WAITING 65536
#define MAX_BODY ((guint64) 1 << 30)
/* Over a network; and on the user's own socket, where ivl's clients send the tiles of several
 * pictures as they are, 10 MB for each picture of 13. */
#define NETWORK_BODY (20 * 1000 * 1000)
#define SOCKET_BODY (96 * 1000 * 1000)
#define MAX_IDLE (365.0 * 24 * 60)

struct _IvlServer
{
  GObject parent_instance;

  char   *location;     /* (nullable) */
  char   *address;      /* (nullable) */
  char   *socket;       /* (nullable) */
  char   *api_key_file; /* (nullable) */
  double  idle_exit;    /* minutes */
  guint   max_running;
  guint   max_waiting;
  guint64 max_body;
  guint64 cache_limit;
  gboolean crash_notice;

  IvlEndpoint *endpoint; /* (nullable) until it listens */

  /* While it runs. */
  GMutex        lock;
  IvlModel     *model;   /* given or opened; under the lock */
  GError       *failure; /* of opening it; under the lock */
  GMainContext *context; /* (nullable); under the lock */
  gboolean      is_damaged; /* the model is to be opened again; under the lock */
  gint64        opened;  /* monotonic time, µs; under the lock */
  IvlChat      *chat;
  GThread      *opener;  /* (nullable) */
  GCancellable *giving_up; /* for opening a model */
  gboolean      is_ready;
};

G_DEFINE_FINAL_TYPE (IvlServer, ivl_server, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_MODEL,
  PROP_ADDRESS,
  PROP_SOCKET,
  PROP_API_KEY_FILE,
  PROP_IDLE_EXIT,
  PROP_MAX_RUNNING,
  PROP_MAX_WAITING,
  PROP_MAX_BODY,
  PROP_CRASH_NOTICE,
  PROP_CACHE_LIMIT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];
static guint ready_signal;

static void
ivl_server_finalize (GObject *object)
{
  IvlServer *self = IVL_SERVER (object);

  g_clear_pointer (&self->endpoint, ivl_endpoint_free);
  g_clear_object (&self->model);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->lock);
  g_free (self->location);
  g_free (self->address);
  g_free (self->socket);
  g_free (self->api_key_file);
  G_OBJECT_CLASS (ivl_server_parent_class)->finalize (object);
}

static void
set_text (char         **text,
          const GValue  *value)
{
  g_free (*text);
  *text = g_value_dup_string (value);
}

static void
ivl_server_set_property (GObject      *object,
                         guint         id,
                         const GValue *value,
                         GParamSpec   *pspec)
{
  IvlServer *self = IVL_SERVER (object);

  switch (id)
    {
    case PROP_MODEL:
      set_text (&self->location, value);
      break;
    case PROP_ADDRESS:
      set_text (&self->address, value);
      break;
    case PROP_SOCKET:
      set_text (&self->socket, value);
      break;
    case PROP_API_KEY_FILE:
      set_text (&self->api_key_file, value);
      break;
    case PROP_IDLE_EXIT:
      self->idle_exit = g_value_get_double (value);
      break;
    case PROP_MAX_RUNNING:
      self->max_running = g_value_get_uint (value);
      break;
    case PROP_MAX_WAITING:
      self->max_waiting = g_value_get_uint (value);
      break;
    case PROP_MAX_BODY:
      self->max_body = g_value_get_uint64 (value);
      break;
    case PROP_CRASH_NOTICE:
      self->crash_notice = g_value_get_boolean (value);
      break;
    case PROP_CACHE_LIMIT:
      self->cache_limit = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ivl_server_get_property (GObject    *object,
                         guint       id,
                         GValue     *value,
                         GParamSpec *pspec)
{
  IvlServer *self = IVL_SERVER (object);

  switch (id)
    {
    case PROP_MODEL:
      g_value_set_string (value, self->location);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_SOCKET:
      g_value_set_string (value, self->socket);
      break;
    case PROP_API_KEY_FILE:
      g_value_set_string (value, self->api_key_file);
      break;
    case PROP_IDLE_EXIT:
      g_value_set_double (value, self->idle_exit);
      break;
    case PROP_MAX_RUNNING:
      g_value_set_uint (value, self->max_running);
      break;
    case PROP_MAX_WAITING:
      g_value_set_uint (value, self->max_waiting);
      break;
    case PROP_MAX_BODY:
      g_value_set_uint64 (value, self->max_body);
      break;
    case PROP_CRASH_NOTICE:
      g_value_set_boolean (value, self->crash_notice);
      break;
    case PROP_CACHE_LIMIT:
      g_value_set_uint64 (value, self->cache_limit);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
ivl_server_class_init (IvlServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = ivl_server_finalize;
  object_class->set_property = ivl_server_set_property;
  object_class->get_property = ivl_server_get_property;

  properties[PROP_MODEL] = g_param_spec_string ("model", NULL, NULL, NULL, flags);
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, flags);
  properties[PROP_SOCKET] = g_param_spec_string ("socket", NULL, NULL, NULL, flags);
  properties[PROP_API_KEY_FILE] = g_param_spec_string ("api-key-file", NULL, NULL, NULL, flags);
  properties[PROP_IDLE_EXIT] =
      g_param_spec_double ("idle-exit", NULL, NULL, 0, MAX_IDLE, 0, flags);
  properties[PROP_MAX_RUNNING] =
      g_param_spec_uint ("max-running", NULL, NULL, 1, MAX_RUNNING, 16, flags);
  properties[PROP_MAX_WAITING] =
      g_param_spec_uint ("max-waiting", NULL, NULL, 0, MAX_WAITING, 64, flags);
  properties[PROP_MAX_BODY] = g_param_spec_uint64 ("max-body", NULL, NULL, 0, MAX_BODY, 0,
                                                   flags);
  properties[PROP_CRASH_NOTICE] =
      g_param_spec_boolean ("crash-notice", NULL, NULL, FALSE, flags);
  properties[PROP_CACHE_LIMIT] =
      g_param_spec_uint64 ("cache-limit", NULL, NULL, 0, G_MAXUINT64, CACHE_BYTES, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * IvlServer::ready:
   * @self: the server
   *
   * The model is open: requests are answered from now on. Emitted by ivl_server_run(), in its
   * thread.
   */
  ready_signal = g_signal_new ("ready", IVL_TYPE_SERVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 0);
}

static void
ivl_server_init (IvlServer *self)
{
  g_mutex_init (&self->lock);
  self->max_running = 16;
  self->max_waiting = 64;
  self->cache_limit = CACHE_BYTES;
}

/**
 * ivl_server_new:
 *
 * A server with the properties' defaults.
 *
 * Returns: (transfer full): the server
 */
IvlServer *
ivl_server_new (void)
{
  return g_object_new (IVL_TYPE_SERVER, NULL);
}

/**
 * ivl_server_set_model:
 * @self: a server
 * @model: what answers
 *
 * Gives the server a model that is open already, such as one with a program's own engine, in place
 * of the property `model`. It may come from any thread, once, while the server runs: until then the
 * server answers 503.
 */
void
ivl_server_set_model (IvlServer *self,
                      IvlModel  *model)
{
  g_return_if_fail (IVL_IS_SERVER (self));
  g_return_if_fail (IVL_IS_MODEL (model));

  g_mutex_lock (&self->lock);
  if (self->model == NULL)
    self->model = g_object_ref (model);
  if (self->context != NULL)
    g_main_context_wakeup (self->context);
  g_mutex_unlock (&self->lock);
}

static gboolean
check_reach (IvlServer    *self,
             IvlEndpoint  *endpoint,
             GError      **error)
{
  if (endpoint->is_loopback || self->api_key_file != NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "Other computers reach %s: an API key file is needed to listen there",
               self->address != NULL ? self->address : "the address");
  return FALSE;
}

/**
 * ivl_server_listen:
 * @self: a server
 * @cancellable: (nullable): to give up while a host's name is looked up
 * @error: return location for an error
 *
 * Begins to listen where the properties say; connections wait until the server runs. A Unix socket
 * has mode 0600 and a lock file beside it, which holds the model's folder. ivl_server_run() does
 * this unless it is done already.
 *
 * Errors: %IVL_ERROR_INVALID_OPTION (both an address and a socket, a malformed address, a missing
 * or unusable key file), %IVL_ERROR_BUSY (something else listens there), a #GIOError or
 * #GFileError.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_server_listen (IvlServer     *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (IvlEndpoint) endpoint = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  g_autofree char *path = NULL;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (IVL_IS_SERVER (self), FALSE);

  if (self->endpoint != NULL)
    return TRUE;
  folder = self->location != NULL ? g_canonicalize_filename (self->location, NULL) : NULL;
  if (self->address != NULL && self->socket != NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                           "A server listens on an address or on a socket, not on both");
      return FALSE;
    }
  if (self->api_key_file != NULL && !ivl_access_read_keys (self->api_key_file, &keys, error))
    return FALSE;
  if (self->address != NULL)
    {
      endpoint = ivl_endpoint_listen_tcp (self->address, cancellable, error);
    }
  else
    {
      path = self->socket != NULL ? g_strdup (self->socket) : ivl_service_get_socket (error);
      endpoint = path != NULL ? ivl_endpoint_listen_unix (path, folder, error) : NULL;
    }
  if (endpoint == NULL || !check_reach (self, endpoint, error))
    return FALSE;
  self->endpoint = g_steal_pointer (&endpoint);
  return TRUE;
}

/**
 * ivl_server_adopt:
 * @self: a server that does not listen yet
 * @fd: descriptor of a socket that listens already; the server closes it
 * @error: return location for an error
 *
 * Takes over a listening socket from another process, such as one that starts the server again
 * when it crashed. The properties should name what the socket is bound to.
 *
 * Errors: a #GIOError, %IVL_ERROR_INVALID_OPTION (a key file is missing).
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
ivl_server_adopt (IvlServer  *self,
                  int         fd,
                  GError    **error)
{
  g_autoptr (IvlEndpoint) endpoint = NULL;

  g_return_val_if_fail (IVL_IS_SERVER (self), FALSE);
  g_return_val_if_fail (self->endpoint == NULL, FALSE);

  endpoint = ivl_endpoint_adopt (fd, self->address, error);
  if (endpoint == NULL || !check_reach (self, endpoint, error))
    return FALSE;
  self->endpoint = g_steal_pointer (&endpoint);
  return TRUE;
}

static void
keep_failure (IvlServer *self,
              GError    *error)
{
  g_mutex_lock (&self->lock);
  self->failure = error;
  g_main_context_wakeup (self->context);
  g_mutex_unlock (&self->lock);
}

/* Opens the model beside the connections, which are told to come again. */
static gpointer
open_model (gpointer data)
{
  IvlServer *self = data;
  GError *error = NULL;
  g_autoptr (IvlModel) model = ivl_model_open (self->location, self->giving_up, &error);

  if (model == NULL)
    keep_failure (self, error);
  else
    ivl_server_set_model (self, model);
  return NULL;
}

static void
start_opening (IvlServer *self)
{
  g_clear_pointer (&self->opener, g_thread_join);
  self->opener = g_thread_new ("ivl-open", open_model, self);
}

/* Called in the thread of a request that failed. */
static gboolean
on_damage (IvlModel *model,
           gpointer  data)
{
  IvlServer *self = data;
  gboolean is_worth_it;

  g_mutex_lock (&self->lock);
  is_worth_it = model != self->model ||
                (self->location != NULL && g_get_monotonic_time () - self->opened >
                                               REOPEN_SECONDS * G_TIME_SPAN_SECOND);
  if (is_worth_it && model == self->model)
    {
      self->is_damaged = TRUE;
      g_main_context_wakeup (self->context);
    }
  g_mutex_unlock (&self->lock);
  return is_worth_it;
}

static void
begin_to_answer (IvlServer *self,
                 IvlModel  *model)
{
  guint64 share = ivl_system_memory_available () / CACHE_SHARE;

  self->is_ready = TRUE;
  ivl_model_set_cache_limit (model, MIN (self->cache_limit, share));
  ivl_chat_set_model (self->chat, model);
  g_signal_emit (self, ready_signal, 0);
}

static void
open_again (IvlServer *self)
{
  self->is_ready = FALSE;
  ivl_chat_set_model (self->chat, NULL);
  g_info ("The model's files have changed: it is opened again");
  start_opening (self);
}

/* FALSE: the model cannot be opened. */
static gboolean
check_model (IvlServer  *self,
             GError    **error)
{
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlModel) damaged = NULL;

  g_mutex_lock (&self->lock);
  if (self->failure != NULL)
    g_propagate_error (error, g_steal_pointer (&self->failure));
  else if (self->is_damaged)
    damaged = g_steal_pointer (&self->model);
  else if (self->model != NULL && !self->is_ready)
    model = g_object_ref (self->model);
  self->is_damaged = FALSE;
  if (model != NULL)
    self->opened = g_get_monotonic_time ();
  g_mutex_unlock (&self->lock);
  if (*error != NULL)
    return FALSE;
  if (model != NULL)
    begin_to_answer (self, model);
  else if (damaged != NULL)
    open_again (self);
  return TRUE;
}

static gboolean
is_idle (IvlServer *self,
         IvlRoutes *routes)
{
  gint64 idle = g_get_monotonic_time () - ivl_routes_get_idle_since (routes);

  return self->idle_exit > 0 &&
         (double) idle > self->idle_exit * 60 * (double) G_TIME_SPAN_SECOND;
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer      context)
{
  g_main_context_wakeup (context);
}

/* Gives up what is under way; clients are told so where there is time. */
static void
stop (IvlServer     *self,
      IvlHttpServer *http)
{
  gint64 end = g_get_monotonic_time () + STOP_MS * G_TIME_SPAN_MILLISECOND;

  ivl_chat_stop (self->chat);
  ivl_http_server_stop (http);
  while (!ivl_http_server_is_quiet (http) && g_get_monotonic_time () < end)
    g_main_context_iteration (self->context, TRUE); /* its ticks end the wait */
}

static guint64
get_max_body (IvlServer *self)
{
  if (self->max_body > 0)
    return self->max_body;
  return self->endpoint->port == 0 ? SOCKET_BODY : NETWORK_BODY;
}

static gboolean
serve (IvlServer     *self,
       IvlAccess     *access,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autoptr (IvlMetrics) metrics = ivl_metrics_new ();
  g_autoptr (IvlChat) chat = ivl_chat_new (metrics, self->max_running, self->max_waiting);
  g_autoptr (IvlRoutes) routes = ivl_routes_new (access, chat, metrics, get_max_body (self));
  g_autoptr (IvlHttpServer) http = NULL;
  GError *failure = NULL;

  if (self->crash_notice)
    ivl_crash_notice_install ();
  self->chat = chat;
  self->is_ready = FALSE;
  ivl_chat_set_damage_func (chat, on_damage, self);
  http = ivl_routes_serve (routes, self->endpoint->socket, self->context);
  while (check_model (self, &failure) && !g_cancellable_is_cancelled (cancellable) &&
         !is_idle (self, routes))
    g_main_context_iteration (self->context, TRUE);
  stop (self, http);
  /* Connections first: their end is what the threads of the answers wait for. */
  g_clear_pointer (&http, ivl_http_server_free);
  self->chat = NULL;
  if (failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
serve_and_open (IvlServer     *self,
                IvlAccess     *access,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autoptr (GCancellable) giving_up = g_cancellable_new ();
  gulong handler = 0;
  gboolean ok;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self->context, NULL);
  self->giving_up = giving_up;
  if (self->location != NULL && self->model == NULL)
    start_opening (self);
  ok = serve (self, access, cancellable, error);
  g_cancellable_cancel (giving_up);
  g_clear_pointer (&self->opener, g_thread_join);
  self->giving_up = NULL;
  /* Unlike a source, it waits for a signal that is being told in another thread. */
  g_cancellable_disconnect (cancellable, handler);
  return ok;
}

/**
 * ivl_server_run:
 * @self: a server
 * @cancellable: (nullable): to end it
 * @error: return location for an error
 *
 * Serves until it is cancelled, or nobody has asked for the minutes of `idle-exit`. It does not run
 * the caller's main loop. When it ends, answers that are under way are given up, and their clients
 * are told so.
 *
 * Errors: those of [method@Server.listen] and [func@Model.open], %IVL_ERROR_INVALID_OPTION (no
 * model), %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE when it ended because it was idle, or %FALSE with @error set
 */
gboolean
ivl_server_run (IvlServer     *self,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (IvlAccess) access = NULL;
  gboolean ok;

  g_return_val_if_fail (IVL_IS_SERVER (self), FALSE);

  if (self->api_key_file != NULL && !ivl_access_read_keys (self->api_key_file, &keys, error))
    return FALSE;
  if (!ivl_server_listen (self, cancellable, error))
    return FALSE;
  access = ivl_access_new (keys, self->endpoint->host, self->endpoint->port == 0);
  g_mutex_lock (&self->lock);
  self->context = context;
  g_mutex_unlock (&self->lock);
  ok = serve_and_open (self, access, cancellable, error);
  g_mutex_lock (&self->lock);
  self->context = NULL;
  g_mutex_unlock (&self->lock);
  return ok;
}

/**
 * ivl_server_get_fd:
 * @self: a server
 *
 * Returns: descriptor of the socket that it listens on, which stays the server's; -1 before it
 *   listens
 */
int
ivl_server_get_fd (IvlServer *self)
{
  g_return_val_if_fail (IVL_IS_SERVER (self), -1);

  return self->endpoint != NULL ? g_socket_get_fd (self->endpoint->socket) : -1;
}

/**
 * ivl_server_get_port:
 * @self: a server
 *
 * Returns: the TCP port that it listens on; 0 for a Unix socket, and before it listens
 */
guint
ivl_server_get_port (IvlServer *self)
{
  g_return_val_if_fail (IVL_IS_SERVER (self), 0);

  return self->endpoint != NULL ? self->endpoint->port : 0;
}

/**
 * ivl_server_get_location:
 * @self: a server
 *
 * Where the server is, as ivl_model_open() takes it: `http://127.0.0.1:8080/v1` or `unix:PATH`.
 *
 * Returns: (transfer full) (nullable): the location; %NULL before it listens
 */
char *
ivl_server_get_location (IvlServer *self)
{
  g_return_val_if_fail (IVL_IS_SERVER (self), NULL);

  return self->endpoint != NULL ? ivl_endpoint_to_string (self->endpoint) : NULL;
}
