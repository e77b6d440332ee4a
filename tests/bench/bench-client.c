/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bench-client [ROUNDS]: what the client adds to a request beside the network and the engine. Each
 * row asks a server in this process, which answers at once, through the engine, and then sends the
 * same bytes to it by a plain socket; what is left of the medians is the client's own. Pictures are
 * brought to their size and encoded anew for every request; the first of it, which an engine in
 * this process does as well, is told apart.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote-fixture.h"

#define N_ROUNDS 15

/* What the server was sent last. */
typedef struct
{
  GMutex   lock;
  GString *request;
  const char *models;
} Seen;

static ReplayEnd
answer (ReplayConnection    *connection,
        const ReplayRequest *request,
        gpointer             data)
{
  Seen *seen = data;

  if (seen->models != NULL && g_str_has_prefix (request->head, "GET "))
    {
      remote_fixture_send (connection, 200, "", seen->models);
      return REPLAY_KEEP;
    }
  if (remote_fixture_answer_models (connection, request, "lmdeploy"))
    return REPLAY_KEEP;
  remote_fixture_send_answer (connection, "A cat sits on a wall.");
  g_mutex_lock (&seen->lock);
  g_string_assign (seen->request, request->head);
  g_string_append_len (seen->request, request->body, request->n_body);
  g_mutex_unlock (&seen->lock);
  return REPLAY_KEEP;
}

static int
compare (const void *a,
         const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
get_median (double *values,
            guint   n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

static int
connect_to (guint port)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
    .sin_port = htons (port),
  };
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    exit (2);
  return fd;
}

/* Sends the request and reads until the answer's end. */
static void
exchange_plainly (int            fd,
                  const GString *request)
{
  char buffer[65536];
  gsize n = 0;

  for (gsize sent = 0; sent < request->len;)
    {
      ssize_t step = send (fd, request->str + sent, request->len - sent, MSG_NOSIGNAL);

      if (step <= 0)
        exit (2);
      sent += step;
    }
  do
    {
      ssize_t step = recv (fd, buffer + n, sizeof buffer - 1 - n, 0);

      if (step <= 0)
        exit (2);
      n += step;
      buffer[n] = '\0';
    }
  while (strstr (buffer, "[DONE]\n\n") == NULL);
}

/* What it takes to bring a picture to the model's tiles. */
static double
time_tiles (IvlImage *image,
            gboolean  has_thumbnail,
            guint     n_rounds)
{
  g_autofree double *times = g_new (double, n_rounds);

  for (guint i = 0; i < n_rounds; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (GBytes) tiles = ivl_image_cut_tiles (image, 448, 1, 12, has_thumbnail, NULL);

      times[i] = (g_get_monotonic_time () - start) / 1e3;
    }
  return get_median (times, n_rounds);
}

static void
bench (const char *name,
       const char *models,
       IvlImage   *image,
       double      tiles, /* ms that its size takes */
       guint       n_rounds)
{
  Seen seen = { .request = g_string_new (NULL), .models = models };
  ReplayServer *server = replay_server_new (NULL, answer, &seen);
  IvlEngine *engine = remote_fixture_open (server, NULL, NULL);
  g_autofree double *asked = g_new (double, n_rounds);
  g_autofree double *plain = g_new (double, n_rounds);
  g_autoptr (GString) request = NULL;
  double own, raw;
  int fd;

  for (guint i = 0; i < n_rounds; i++)
    {
      gint64 start = g_get_monotonic_time ();
      g_autoptr (RemoteOutcome) outcome =
          remote_fixture_ask (engine, "What is it?", image, NULL, NULL);

      asked[i] = (g_get_monotonic_time () - start) / 1e3;
      remote_outcome_check (outcome, "A cat sits on a wall.");
    }
  g_mutex_lock (&seen.lock);
  request = g_string_new_len (seen.request->str, seen.request->len);
  g_mutex_unlock (&seen.lock);
  fd = connect_to (replay_server_get_port (server));
  for (guint i = 0; i < n_rounds; i++)
    {
      gint64 start = g_get_monotonic_time ();

      exchange_plainly (fd, request);
      plain[i] = (g_get_monotonic_time () - start) / 1e3;
    }
  close (fd);
  own = get_median (asked, n_rounds);
  raw = get_median (plain, n_rounds);
  g_print ("%-30s %7.2f ms: exchange %5.2f, tiles %6.2f, client %6.2f; %9zu bytes\n", name, own,
           raw, tiles, own - raw - tiles, request->len);
  g_object_unref (engine);
  replay_server_free (server);
  g_string_free (seen.request, TRUE);
}

int
main (int    argc,
      char **argv)
{
  static const char ivl_models[] =
      "{\"data\":[{\"id\":\"m\",\"owned_by\":\"ivl\",\"ivl\":{\"family\":\"InternVL2.5\","
      "\"tile_size\":448,\"min_tiles\":1,\"max_tiles\":12,\"use_thumbnail\":true,"
      "\"context_length\":32768}}]}";
  guint n_rounds = argc > 1 ? MAX (atoi (argv[1]), 1) : N_ROUNDS;
  g_autoptr (IvlImage) small = remote_fixture_create_image (640, 480);
  g_autoptr (IvlImage) canvas = remote_fixture_create_image (1792, 1344);
  g_autoptr (IvlImage) photo = remote_fixture_create_image (4000, 3000);

  g_unsetenv ("IVL_API_KEY");
  bench ("text", NULL, NULL, 0, n_rounds);
  bench ("640 x 480, JPEG", NULL, small, 0, n_rounds);
  bench ("1792 x 1344 (12 tiles), JPEG", NULL, canvas, 0, n_rounds);
  /* Without the thumbnail, which is not sent */
  bench ("4000 x 3000 to 12 tiles, JPEG", NULL, photo, time_tiles (photo, FALSE, n_rounds),
         n_rounds);
  bench ("text, ivl serve", ivl_models, NULL, 0, n_rounds);
  bench ("1792 x 1344 as 13 tiles, PNG", ivl_models, canvas, time_tiles (canvas, TRUE, n_rounds),
         n_rounds);
  return 0;
}
