/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the client sends: header fields, the shape of the conversation, pictures, and to whom. */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>

#include "remote-fixture.h"
#include "wire/ivl-wire-request.h"

#define KEY "sk-Secret0123456789abcdef"
#define Z "\342\200\213"
#define SYSTEM_LINE                                                                                \
  "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位"                \
  "联合开发的多模态大语言模型。"

/* A server that keeps what it was asked. */
typedef struct
{
  const char *owner;   /* of its model */
  const char *models;  /* reply to GET /v1/models; NULL: by the owner */
  guint       status;  /* of the first replies to questions; 0: fine */
  const char *extra;
  const char *refusal;
  guint       n_refusals;
  gsize       max_body; /* larger ones get 413; 0: any */
  const char *answer;   /* events; NULL: "fine" */
  GMutex      lock;
  GPtrArray  *heads;    /* of all requests */
  GPtrArray  *bodies;   /* json_t of the questions */
  GArray     *sizes;    /* gsize */
} Recorder;

static void
recorder_init (Recorder   *self,
               const char *owner)
{
  *self = (Recorder) { .owner = owner };
  g_mutex_init (&self->lock);
  self->heads = g_ptr_array_new_with_free_func (g_free);
  self->bodies = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  self->sizes = g_array_new (FALSE, FALSE, sizeof (gsize));
}

static void
recorder_clear (Recorder *self)
{
  g_ptr_array_unref (self->heads);
  g_ptr_array_unref (self->bodies);
  g_array_unref (self->sizes);
  g_mutex_clear (&self->lock);
}

static guint
keep (Recorder            *self,
      const ReplayRequest *request)
{
  json_t *body;
  guint n;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->heads, g_strdup (request->head));
  if (request->n_body > 0)
    {
      body = json_loadb (request->body, request->n_body, JSON_REJECT_DUPLICATES, NULL);
      g_assert_nonnull (body);
      g_ptr_array_add (self->bodies, body);
      g_array_append_val (self->sizes, request->n_body);
    }
  n = self->bodies->len;
  g_mutex_unlock (&self->lock);
  return n;
}

static ReplayEnd
record (ReplayConnection    *connection,
        const ReplayRequest *request,
        gpointer             data)
{
  Recorder *self = data;
  guint n = keep (self, request);

  if (self->models != NULL && g_str_has_prefix (request->head, "GET /v1/models "))
    remote_fixture_send (connection, 200, "Set-Cookie: a=b\r\n", self->models);
  else if (self->models == NULL && remote_fixture_answer_models (connection, request, self->owner))
    return REPLAY_KEEP;
  else if (self->status != 0 && n <= self->n_refusals)
    remote_fixture_send (connection, self->status, self->extra != NULL ? self->extra : "",
                         self->refusal != NULL ? self->refusal : "{}");
  else if (self->max_body > 0 && request->n_body > self->max_body)
    remote_fixture_send (connection, 413, "Content-Type: text/html\r\n",
                         "<html><h1>413 Request Entity Too Large</h1></html>");
  else if (self->answer != NULL)
    remote_fixture_send (connection, 200, "Content-Type: text/event-stream\r\n", self->answer);
  else
    remote_fixture_send_answer (connection, "fine");
  return REPLAY_KEEP;
}

/* The messages of the last question. */
static json_t *
get_messages (Recorder *self)
{
  json_t *body = self->bodies->pdata[self->bodies->len - 1];

  return json_object_get (body, "messages");
}

static const char *
get_string (const json_t *object,
            const char   *key)
{
  return json_string_value (json_object_get (object, key));
}

/* The picture of a part, decoded. */
static GdkPixbuf *
get_picture (const json_t *part,
             GBytes      **bytes)
{
  const char *url = get_string (json_object_get (part, "image_url"), "url");
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GError) error = NULL;
  GdkPixbuf *pixbuf;

  g_assert_nonnull (url);
  *bytes = ivl_wire_decode_data_url (url, 100 << 20, &error);
  g_assert_no_error (error);
  stream = g_memory_input_stream_new_from_bytes (*bytes);
  pixbuf = gdk_pixbuf_new_from_stream (stream, NULL, &error);
  g_assert_no_error (error);
  return pixbuf;
}

static IvlEngine *
open_model (ReplayServer *server,
            const char   *engine,
            const char   *model,
            GError      **error)
{
  return ivl_engine_openai_open_timed (remote_fixture_create_remote (server, engine, model),
                                       &remote_fixture_timeouts, NULL, NULL, NULL, error);
}

static void
test_headers (void)
{
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  g_auto (GStrv) lines = NULL;
  guint n_known = 0;

  recorder_init (&recorder, "unknown");
  recorder.models = "{\"data\":[{\"id\":\"m\"}]}"; /* with a cookie */
  server = replay_server_new (NULL, record, &recorder);
  g_setenv ("IVL_API_KEY", KEY, TRUE);
  engine = remote_fixture_open (server, "openai", NULL);
  g_unsetenv ("IVL_API_KEY");
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");

  g_assert_cmpuint (recorder.heads->len, ==, 2);
  g_test_message ("%s", (char *) recorder.heads->pdata[1]);
  lines = g_strsplit (g_strchomp (recorder.heads->pdata[1]), "\r\n", -1);
  g_assert_cmpstr (lines[0], ==, "POST /v1/chat/completions HTTP/1.1");
  for (guint i = 1; lines[i] != NULL; i++)
    {
      g_autofree char *host =
          g_strdup_printf ("Host: 127.0.0.1:%u", replay_server_get_port (server));
      const char *const known[] = {
        host,
        "Content-Type: application/json",
        "Accept: text/event-stream",
        "Authorization: Bearer " KEY,
        "User-Agent: ivl",
        "Connection: Keep-Alive",
        NULL,
      };

      if (g_str_has_prefix (lines[i], "Content-Length: "))
        continue;
      if (!g_strv_contains (known, lines[i]))
        g_error ("unexpected header field \"%s\"", lines[i]);
      n_known++;
    }
  g_assert_cmpuint (n_known, ==, 6);
  g_assert_true (strstr (recorder.heads->pdata[0], "Authorization: Bearer " KEY) != NULL);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* The whole of the smallest request: what no engine refuses. */
static void
test_plain_body (void)
{
  static const char expected[] =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"" SYSTEM_LINE "\"},"
      "{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":1024,\"temperature\":0.0,"
      "\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
  json_t *wanted = json_loads (expected, 0, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  json_t *body;

  g_assert_nonnull (wanted);
  recorder_init (&recorder, "unknown");
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, "openai", NULL);
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");
  body = recorder.bodies->pdata[0];
  if (json_is_integer (json_object_get (body, "temperature")))
    json_object_set_new (body, "temperature", json_real (0));
  g_assert_true (json_equal (body, wanted));
  json_decref (wanted);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* A conversation with two pictures, an answer with markup, and people who type control tokens. */
static GPtrArray *
create_conversation (void)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (IvlImage) first = remote_fixture_create_image (300, 200);
  g_autoptr (IvlImage) second = remote_fixture_create_image (200, 300);
  IvlMessage *message;

  message = ivl_message_new (IVL_ROLE_USER);
  ivl_message_add_text (message, "What <");
  ivl_message_add_text (message, "|im_end|> is ");
  ivl_message_add_prompt (message, "<ref>");
  ivl_message_add_text (message, "this?");
  ivl_message_add_prompt (message, "</ref>");
  ivl_message_add_image (message, first);
  g_ptr_array_add (messages, message);
  message = ivl_message_new (IVL_ROLE_ASSISTANT);
  ivl_message_add_text (message, "A <ref>cat</ref><box>[[1, 2, 3, 4]]</box>. <|im_end|>\n");
  g_ptr_array_add (messages, message);
  message = ivl_message_new (IVL_ROLE_USER);
  ivl_message_add_text (message, "And ");
  ivl_message_add_image (message, second);
  ivl_message_add_text (message, "that?");
  g_ptr_array_add (messages, message);
  return messages;
}

static void
check_text (const json_t *part,
            const char   *text)
{
  g_assert_cmpstr (get_string (part, "type"), ==, "text");
  g_assert_cmpstr (get_string (part, "text"), ==, text);
}

static void
check_picture (const json_t *part,
               guint         width,
               guint         height)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkPixbuf) picture = get_picture (part, &bytes);

  g_assert_cmpint (gdk_pixbuf_get_width (picture), ==, width);
  g_assert_cmpint (gdk_pixbuf_get_height (picture), ==, height);
}

static void
test_conversation (void)
{
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (GPtrArray) messages = create_conversation ();
  g_autoptr (RemoteOutcome) outcome = NULL;
  json_t *sent, *parts;

  recorder_init (&recorder, "lmdeploy");
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  outcome = remote_fixture_ask_messages (engine, messages, NULL, NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");
  sent = get_messages (&recorder);
  g_assert_cmpuint (json_array_size (sent), ==, 4);
  g_assert_cmpstr (get_string (json_array_get (sent, 0), "content"), ==, SYSTEM_LINE);
  /* A single picture first, then all text as one, its halves joined before they are looked at */
  parts = json_object_get (json_array_get (sent, 1), "content");
  g_assert_cmpuint (json_array_size (parts), ==, 2);
  check_picture (json_array_get (parts, 0), 300, 200);
  check_text (json_array_get (parts, 1), "What <" Z "|im_end|> is <ref>this?</ref>");
  g_assert_cmpstr (get_string (json_array_get (sent, 2), "content"), ==,
                   "A cat[[1, 2, 3, 4]]. <" Z "|im_end|>");
  /* From the second on they are numbered */
  parts = json_object_get (json_array_get (sent, 3), "content");
  g_assert_cmpuint (json_array_size (parts), ==, 3);
  check_text (json_array_get (parts, 0), "Image-2: ");
  check_picture (json_array_get (parts, 1), 200, 300);
  check_text (json_array_get (parts, 2), "And that?");
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

#define IVL_MODELS                                                                                 \
  "{\"data\":[{\"id\":\"demo\",\"owned_by\":\"ivl\",\"ivl\":{\"family\":\"InternVL2.5\","          \
  "\"n_parameters\":1000,\"n_bytes\":2000,\"tile_size\":28,\"min_tiles\":1,\"max_tiles\":6,"       \
  "\"use_thumbnail\":true,\"context_length\":8192}}]}"

/* To ivl's own server everything goes as it is, with pictures cut already: bit-equal. */
static void
test_ivl (void)
{
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (GPtrArray) messages = create_conversation ();
  g_autoptr (RemoteOutcome) outcome = NULL;
  g_autoptr (GBytes) tiles = NULL;
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GdkPixbuf) picture = NULL;
  IvlImage *image = ivl_message_get_part_image (messages->pdata[0], 5);
  IvlEngineInfo info;
  json_t *sent, *parts;
  guint n_tiles;

  recorder_init (&recorder, NULL);
  recorder.models = IVL_MODELS;
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  IVL_ENGINE_GET_CLASS (engine)->get_info (engine, &info);
  g_assert_cmpstr (info.name, ==, "demo");
  g_assert_cmpstr (info.family, ==, "InternVL2.5");
  g_assert_cmpuint (info.tile_size, ==, 28);
  g_assert_cmpuint (info.max_tiles, ==, 6);
  g_assert_cmpuint (info.context_length, ==, 8192);
  g_assert_cmpuint (info.n_parameters, ==, 1000);
  outcome = remote_fixture_ask_messages (engine, messages, NULL, NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");

  sent = get_messages (&recorder);
  g_assert_cmpuint (json_array_size (sent), ==, 3);
  parts = json_object_get (json_array_get (sent, 0), "content");
  g_assert_cmpuint (json_array_size (parts), ==, 5);
  check_text (json_array_get (parts, 0), "What <|im_end|> is ");
  g_assert_false (json_is_true (json_object_get (json_array_get (parts, 0), "ivl_trusted")));
  check_text (json_array_get (parts, 1), "<ref>");
  g_assert_true (json_is_true (json_object_get (json_array_get (parts, 1), "ivl_trusted")));
  check_text (json_array_get (parts, 2), "this?");
  check_text (json_array_get (parts, 3), "</ref>");
  tiles = ivl_image_cut_tiles (image, 28, 1, 6, TRUE, NULL);
  n_tiles = g_bytes_get_size (tiles) / (28 * 28 * 3);
  picture = get_picture (json_array_get (parts, 4), &file);
  g_assert_cmpint (gdk_pixbuf_get_width (picture), ==, 28);
  g_assert_cmpint (gdk_pixbuf_get_height (picture), ==, 28 * n_tiles);
  g_assert_cmpint (gdk_pixbuf_get_n_channels (picture), ==, 3);
  g_assert_cmpint (gdk_pixbuf_get_rowstride (picture), ==, 28 * 3);
  g_assert_cmpmem (gdk_pixbuf_read_pixels (picture), 28 * 28 * 3 * n_tiles,
                   g_bytes_get_data (tiles, NULL), g_bytes_get_size (tiles));
  g_assert_cmpint (json_integer_value (json_object_get (
                       json_object_get (json_array_get (parts, 4), "image_url"), "ivl_tiles")),
                   ==, n_tiles);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* Brought to the tile canvas, smaller ones as they are; and nothing but pixels. */
static void
test_pictures (void)
{
  static const struct
  {
    guint width, height;
    guint max_tiles; /* 0: the model's own 12 */
    guint sent_width, sent_height;
    guint n_cells;
  } rows[] = {
    { 4000, 3000, 0, 1792, 1344, 12 }, { 3000, 4000, 0, 1344, 1792, 12 },
    { 4000, 4000, 0, 1344, 1344, 9 },  { 4000, 1000, 4, 1792, 448, 4 },
    { 4000, 3000, 1, 448, 448, 1 },    { 640, 480, 0, 640, 480, 12 },
    { 1, 1, 0, 1, 1, 1 },              { 5000, 20, 0, 5000, 20, 12 },
  };
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;

  recorder_init (&recorder, "lmdeploy");
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IvlImage) image = remote_fixture_create_image (rows[i].width, rows[i].height);
      g_autoptr (IvlOptions) options =
          g_object_new (IVL_TYPE_OPTIONS, "max-tiles", rows[i].max_tiles, NULL);
      g_autoptr (RemoteOutcome) outcome =
          remote_fixture_ask (engine, "What is it?", image, options, NULL);
      const json_t *part;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GdkPixbuf) picture = NULL;
      const guint8 *data;

      g_test_message ("row %u", i);
      remote_outcome_check (outcome, "fine");
      part = json_array_get (json_object_get (json_array_get (get_messages (&recorder), 1),
                                              "content"), 0);
      picture = get_picture (part, &bytes);
      g_assert_cmpint (gdk_pixbuf_get_width (picture), ==, rows[i].sent_width);
      g_assert_cmpint (gdk_pixbuf_get_height (picture), ==, rows[i].sent_height);
      g_assert_cmpint (json_integer_value (json_object_get (json_object_get (part, "image_url"),
                                                            "max_dynamic_patch")),
                       ==, rows[i].n_cells);
      g_assert_cmpuint (outcome->usage.n_tiles, ==,
                        rows[i].n_cells > 1 ? rows[i].n_cells + 1 : 1);
      /* JPEG: APP0 and tables, no APP1 to APP15 and no comment */
      data = g_bytes_get_data (bytes, NULL);
      g_assert_cmpint (data[0], ==, 0xff);
      for (gsize p = 2; data[p] == 0xff && data[p + 1] != 0xda;
           p += 2 + data[p + 2] * 256 + data[p + 3])
        g_assert_true (data[p + 1] < 0xe1 && data[p + 1] != 0xfe);
    }
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* A file with EXIF and a telling name: neither is in what is sent. */
static void
test_privacy (void)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "images", "orient-6.jpg", NULL);
  g_autofree char *text = NULL;
  gsize n;
  g_autoptr (GBytes) file = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = NULL;
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GdkPixbuf) picture = NULL;
  g_autofree char *json = NULL;

  g_file_get_contents (path, &text, &n, &error);
  g_assert_no_error (error);
  g_assert_nonnull (memmem (text, n, "Exif", 4));
  file = g_bytes_new (text, n);
  image = ivl_image_new_from_bytes (file, "secret-holiday.jpg", IVL_IMAGE_DEFAULT, 0, NULL, &error);
  g_assert_no_error (error);
  recorder_init (&recorder, "vllm");
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  outcome = remote_fixture_ask (engine, "What is it?", image, NULL, NULL);
  remote_outcome_check (outcome, "fine");
  json = json_dumps (recorder.bodies->pdata[0], 0);
  g_assert_null (strstr (json, "secret"));
  g_assert_null (strstr (json, "holiday"));
  picture = get_picture (
      json_array_get (json_object_get (json_array_get (get_messages (&recorder), 1), "content"), 0),
      &bytes);
  g_assert_null (memmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "Exif", 4));
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

static void
test_too_large (void)
{
  g_autoptr (IvlImage) image = remote_fixture_create_image (2000, 1500);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) smaller = NULL;
  g_autoptr (RemoteOutcome) refused = NULL;
  g_autoptr (RemoteOutcome) text = NULL;

  recorder_init (&recorder, "lmdeploy");
  recorder.max_body = 300 * 1000;
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  smaller = remote_fixture_ask (engine, "What is it?", image, NULL, NULL);
  remote_outcome_check (smaller, "fine");
  g_assert_cmpuint (recorder.bodies->len, ==, 2);
  g_test_message ("%zu, then %zu bytes", g_array_index (recorder.sizes, gsize, 0),
                  g_array_index (recorder.sizes, gsize, 1));
  check_picture (json_array_get (json_object_get (json_array_get (get_messages (&recorder), 1),
                                                  "content"), 0), 896, 672);
  /* Once, and then what the limit is about */
  recorder.max_body = 1000;
  refused = remote_fixture_ask (engine, "What is it?", image, NULL, NULL);
  remote_outcome_check_error (refused, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED, "client_max_body_size");
  g_assert_cmpuint (recorder.bodies->len, ==, 4);
  /* Without pictures there is nothing to be made smaller */
  recorder.max_body = 10;
  text = remote_fixture_ask (engine, "What is it?", NULL, NULL, NULL);
  remote_outcome_check_error (text, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED, "413");
  g_assert_cmpuint (recorder.bodies->len, ==, 5);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

static void
test_context (void)
{
  g_autoptr (IvlImage) image = remote_fixture_create_image (4000, 3000);
  g_autoptr (IvlOptions) explicit = g_object_new (IVL_TYPE_OPTIONS, "max-tiles", 12, NULL);
  g_autofree char *long_text = g_strnfill (40000, 'x');
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) fewer = NULL;
  g_autoptr (RemoteOutcome) refused = NULL;
  g_autoptr (RemoteOutcome) text = NULL;

  recorder_init (&recorder, NULL);
  recorder.models = "{\"data\":[{\"id\":\"m\",\"owned_by\":\"vllm\",\"max_model_len\":2048}]}";
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  /* 13 tiles are 3328 tokens; 6 and the thumbnail, 1792, leave room */
  fewer = remote_fixture_ask (engine, "What is it?", image, NULL, NULL);
  remote_outcome_check (fewer, "fine");
  g_assert_cmpuint (fewer->usage.n_tiles, <=, 7);
  g_assert_cmpuint (fewer->usage.n_tiles, >, 1);
  refused = remote_fixture_ask (engine, "What is it?", image, explicit, NULL);
  remote_outcome_check_error (refused, IVL_ERROR, IVL_ERROR_CONTEXT_FULL, "2048");
  g_assert_nonnull (strstr (refused->error->message, "3329"));
  text = remote_fixture_ask (engine, long_text, NULL, NULL, NULL);
  remote_outcome_check_error (text, IVL_ERROR, IVL_ERROR_CONTEXT_FULL, "5000");
  g_assert_cmpuint (recorder.bodies->len, ==, 1);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* A field that a version of an engine refuses is left out, once and for all. */
static void
test_refused_field (void)
{
  g_autoptr (IvlOptions) options =
      g_object_new (IVL_TYPE_OPTIONS, "temperature", 0.5, "top-p", 0.9, "top-k", 5, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;

  recorder_init (&recorder, "vllm");
  recorder.status = 400;
  recorder.n_refusals = 1;
  recorder.refusal = "{\"error\":{\"message\":\"Unrecognized request argument supplied: top_k\","
                     "\"type\":\"invalid_request_error\",\"param\":\"top_k\"}}";
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (RemoteOutcome) outcome = remote_fixture_ask (engine, "Hello", NULL, options, NULL);

      remote_outcome_check (outcome, "fine");
    }
  g_assert_cmpuint (recorder.bodies->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true ((json_object_get (recorder.bodies->pdata[i], "top_k") != NULL) == (i == 0));
      g_assert_nonnull (json_object_get (recorder.bodies->pdata[i], "top_p"));
    }
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

static void
test_unsupported (void)
{
  g_autoptr (IvlOptions) schema = g_object_new (IVL_TYPE_OPTIONS, "json-schema", "{}", NULL);
  g_autoptr (IvlOptions) chances = g_object_new (IVL_TYPE_OPTIONS, "top-logprobs", 2, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) first = NULL;
  g_autoptr (RemoteOutcome) second = NULL;
  gsize n = 0;

  recorder_init (&recorder, "unknown");
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, "localai", NULL);
  first = remote_fixture_ask (engine, "Hello", NULL, schema, NULL);
  remote_outcome_check_error (first, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "LocalAI");
  second = remote_fixture_ask (engine, "Hello", NULL, chances, NULL);
  remote_outcome_check_error (second, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "LocalAI");
  g_assert_cmpuint (recorder.bodies->len, ==, 0);
  g_assert_null (IVL_ENGINE_GET_CLASS (engine)->tokenize (engine, "x", FALSE, &n, NULL));
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

#define CHUNK(text)                                                                                \
  "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"

/* White space at the ends is not shown, and stop strings end the answer even where the engine does
 * not know them. */
static void
test_answer_text (void)
{
  static const char *const stops[] = { "END", NULL };
  g_autoptr (IvlOptions) options = g_object_new (IVL_TYPE_OPTIONS, "stop", stops, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) whole = NULL;
  g_autoptr (RemoteOutcome) stopped = NULL;

  recorder_init (&recorder, "lmdeploy");
  recorder.answer = CHUNK ("\\n ") CHUNK (" a") CHUNK (" \\n") CHUNK ("b E") CHUNK ("ND c ")
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7}}\n\n";
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  whole = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (whole, "\n  a \nb END c ");
  g_assert_cmpint (whole->usage.finish_reason, ==, IVL_FINISH_LENGTH);
  g_assert_cmpuint (whole->usage.n_prompt_tokens, ==, 11);
  g_assert_cmpuint (whole->usage.n_answer_tokens, ==, 7);
  stopped = remote_fixture_ask (engine, "Hello", NULL, options, NULL);
  remote_outcome_check (stopped, "\n  a \nb ");
  g_assert_cmpint (stopped->usage.finish_reason, ==, IVL_FINISH_STOP);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* How probable the tokens were. */
static void
test_tokens (void)
{
  g_autoptr (IvlOptions) options = g_object_new (IVL_TYPE_OPTIONS, "top-logprobs", 2, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  IvlToken *token;
  GPtrArray *others;

  recorder_init (&recorder, "vllm");
  recorder.answer =
      "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},"
      "\"logprobs\":{\"content\":[{\"token\":\"hi\",\"bytes\":[104,105],\"logprob\":-0.5,"
      "\"top_logprobs\":[{\"token\":\"hi\",\"bytes\":[104,105],\"logprob\":-0.5},"
      "{\"token\":\"ho\",\"bytes\":[104,111],\"logprob\":-1.5}]}]},"
      "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  outcome = remote_fixture_ask (engine, "Hello", NULL, options, NULL);
  remote_outcome_check (outcome, "hi");
  g_assert_true (json_is_true (json_object_get (recorder.bodies->pdata[0], "logprobs")));
  g_assert_cmpuint (outcome->tokens->len, ==, 1);
  token = outcome->tokens->pdata[0];
  g_assert_cmpint (ivl_token_get_id (token), ==, -1);
  g_assert_cmpfloat (ivl_token_get_logprob (token), ==, -0.5f);
  g_assert_cmpmem (g_bytes_get_data (ivl_token_get_bytes (token), NULL),
                   g_bytes_get_size (ivl_token_get_bytes (token)), "hi", 2);
  others = ivl_token_get_alternatives (token);
  g_assert_cmpuint (others->len, ==, 2);
  g_assert_cmpfloat (ivl_token_get_logprob (others->pdata[1]), ==, -1.5f);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* Neither the key nor anything else goes where a redirect points. */
static void
test_redirect (void)
{
  static const guint statuses[] = { 301, 302, 303, 307, 308 };
  Recorder other;
  g_autoptr (ReplayServer) target = NULL;

  recorder_init (&other, "unknown");
  target = replay_server_new (NULL, record, &other);
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *location = g_strdup_printf ("Location: http://localhost:%u/v1/models\r\n",
                                                   replay_server_get_port (target));
      Recorder recorder;
      g_autoptr (ReplayServer) server = NULL;
      g_autoptr (IvlEngine) engine = NULL;
      g_autoptr (RemoteOutcome) outcome = NULL;

      recorder_init (&recorder, "unknown");
      recorder.status = statuses[i];
      recorder.n_refusals = 9;
      recorder.extra = location;
      server = replay_server_new (NULL, record, &recorder);
      g_setenv ("IVL_API_KEY", KEY, TRUE);
      engine = remote_fixture_open (server, "openai", NULL);
      g_unsetenv ("IVL_API_KEY");
      outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
      remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL, "localhost");
      g_assert_null (strstr (outcome->error->message, "Secret"));
      g_assert_cmpuint (recorder.bodies->len, ==, 1);
      g_clear_object (&engine);
      g_clear_pointer (&server, replay_server_free);
      recorder_clear (&recorder);
    }
  g_assert_cmpuint (replay_server_count_connections (target), ==, 0);
  g_clear_pointer (&target, replay_server_free);
  recorder_clear (&other);
}

/* A key does not go readable through a network, and is in no error. */
static void
test_key (void)
{
  static const char *const bad_keys[] = { "two\r\nX-Evil: 1", "spa ce", "caf\303\251" };
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse ("http://192.0.2.1/v1#m", &error);

  g_assert_no_error (error);
  g_setenv ("IVL_API_KEY", KEY, TRUE);
  g_assert_null (ivl_engine_openai_open_timed (remote, &remote_fixture_timeouts, NULL, NULL, NULL,
                                               &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_null (strstr (error->message, "Secret"));
  g_assert_nonnull (strstr (error->message, "192.0.2.1"));
  for (guint i = 0; i < G_N_ELEMENTS (bad_keys); i++)
    {
      IvlRemote *local = ivl_remote_parse ("http://127.0.0.1:9/v1#m", NULL);
      g_autoptr (GError) refusal = NULL;

      g_setenv ("IVL_API_KEY", bad_keys[i], TRUE);
      g_assert_null (ivl_engine_openai_open_timed (local, &remote_fixture_timeouts, NULL, NULL,
                                                   NULL, &refusal));
      g_assert_nonnull (refusal);
      g_test_message ("%s", refusal->message);
      g_assert_null (strstr (refusal->message, bad_keys[i]));
      g_assert_null (g_strrstr (refusal->message, "refuses connections"));
    }
  g_unsetenv ("IVL_API_KEY");
}

/* What the list of models decides when a model is opened. */
static void
test_open (void)
{
  static const struct
  {
    const char *models;
    const char *engine;
    const char *model;
    int         code; /* -1: opened */
    const char *says; /* or the name */
  } rows[] = {
    { "{\"data\":[{\"id\":\"org/one\"}]}", "openai", NULL, -1, "one" },
    { "{\"data\":[{\"id\":\"one\"},{\"id\":\"two\"}]}", "openai", "two", -1, "two" },
    { "{\"data\":[{\"id\":\"one\"},{\"id\":\"two\"}]}", "openai", NULL, IVL_ERROR_INVALID_OPTION,
      "one, two" },
    { "{\"data\":[]}", "openai", NULL, IVL_ERROR_INVALID_OPTION, "name one" },
    { "{\"data\":[]}", "openai", "given", -1, "given" },
    { "{\"data\":[{\"id\":\"one\"}]}", "openai", "given", IVL_ERROR_NOT_FOUND, "it has one" },
    { "{\"data\":[{\"id\":\"one\"}]}", "llama-server", "given", IVL_ERROR_NOT_FOUND, "it has one" },
    { "{\"data\":[{\"id\":\"/models/InternVL2_5-8B.gguf\"}]}", "llama-server", "internvl2_5-8b", -1,
      "InternVL2_5-8B.gguf" },
    { "{\"data\":[{\"id\":\"one\"}]}", "gpt", NULL, IVL_ERROR_INVALID_OPTION, "lmdeploy" },
    { "<html>Welcome to the hotel", "openai", NULL, IVL_ERROR_REMOTE_PROTOCOL, NULL },
    { "{\"data\":[{\"id\":\"x\",\"owned_by\":\"ivl\",\"ivl\":{\"tile_size\":8000,\"min_tiles\":1,"
      "\"max_tiles\":1000,\"use_thumbnail\":true}}]}",
      NULL, NULL, IVL_ERROR_REMOTE_PROTOCOL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Recorder recorder;
      g_autoptr (ReplayServer) server = NULL;
      g_autoptr (IvlEngine) engine = NULL;
      g_autoptr (GError) error = NULL;
      IvlEngineInfo info;

      recorder_init (&recorder, NULL);
      recorder.models = rows[i].models;
      server = replay_server_new (NULL, record, &recorder);
      engine = open_model (server, rows[i].engine, rows[i].model, &error);
      g_test_message ("row %u: %s", i, error != NULL ? error->message : "opened");
      if (rows[i].code >= 0)
        {
          g_assert_error (error, IVL_ERROR, rows[i].code);
          g_assert_true (rows[i].says == NULL || strstr (error->message, rows[i].says) != NULL);
        }
      else
        {
          g_assert_no_error (error);
          IVL_ENGINE_GET_CLASS (engine)->get_info (engine, &info);
          g_assert_cmpstr (info.name, ==, rows[i].says);
          g_assert_true (g_str_has_prefix (info.origin, "127.0.0.1:"));
        }
      g_clear_object (&engine);
      g_clear_pointer (&server, replay_server_free);
      recorder_clear (&recorder);
    }
}

/* A model without eyes is known before a picture is sent. */
static void
test_text_only (void)
{
  g_autoptr (IvlImage) image = remote_fixture_create_image (10, 10);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  IvlEngineInfo info;

  recorder_init (&recorder, NULL);
  recorder.models = "{\"data\":[{\"id\":\"tiny\",\"owned_by\":\"llamacpp\","
                    "\"architecture\":{\"input_modalities\":[\"text\"]}}]}";
  server = replay_server_new (NULL, record, &recorder);
  engine = remote_fixture_open (server, NULL, NULL);
  IVL_ENGINE_GET_CLASS (engine)->get_info (engine, &info);
  g_assert_cmpint (info.capabilities, ==, IVL_ENGINE_CHAT);
  outcome = remote_fixture_ask (engine, "What is it?", image, NULL, NULL);
  remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "tiny");
  g_assert_cmpuint (recorder.bodies->len, ==, 0);
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

/* llama-server answers with whatever it has loaded: where it does not say what that is, a name
 * counts as unknown when another one answers. */
static void
test_other_model (void)
{
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;

  recorder_init (&recorder, NULL);
  recorder.models = "{\"data\":[]}";
  server = replay_server_new (NULL, record, &recorder);
  engine = open_model (server, "llama-server", "big", &error);
  g_assert_no_error (error);
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_NOT_FOUND, "answers with m");
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
}

static void
count_message (const char     *domain,
               GLogLevelFlags  level,
               const char     *message,
               gpointer        count)
{
  g_assert_nonnull (strstr (message, "asked for the model router-large and answers as m"));
  ++*(guint *) count;
}

/* A router's name for another model: taken, said once, and told with the answer. */
static void
test_alias (void)
{
  static const char *const engines[] = { "openai", "llama-server", "vllm" };

  for (gsize i = 0; i < G_N_ELEMENTS (engines); i++)
    {
      Recorder recorder;
      guint n_said = 0;
      guint handler = g_log_set_handler ("Ivl", G_LOG_LEVEL_MESSAGE, count_message, &n_said);
      g_autoptr (ReplayServer) server = NULL;
      g_autoptr (IvlEngine) engine = NULL;
      g_autoptr (GError) error = NULL;

      recorder_init (&recorder, NULL);
      recorder.models = "{\"data\":[{\"id\":\"router-large\"},{\"id\":\"router-small\"}]}";
      server = replay_server_new (NULL, record, &recorder);
      engine = open_model (server, engines[i], "router-large", &error);
      g_assert_no_error (error);
      for (guint k = 0; k < 2; k++)
        {
          g_autoptr (RemoteOutcome) outcome =
              remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);

          g_assert_no_error (outcome->error);
        }
      g_assert_cmpuint (n_said, ==, 1);
      g_log_remove_handler ("Ivl", handler);
      g_clear_object (&engine);
      g_clear_pointer (&server, replay_server_free);
      recorder_clear (&recorder);
    }
}

static void
test_unix_socket (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("ivl-XXXXXX", &error);
  g_autofree char *path = g_build_filename (folder, "s", NULL);
  g_autofree char *location = g_strconcat ("unix:", path, NULL);
  Recorder recorder;
  g_autoptr (ReplayServer) server = NULL;
  g_autoptr (IvlEngine) engine = NULL;
  g_autoptr (RemoteOutcome) outcome = NULL;
  IvlRemote *remote = ivl_remote_parse (location, &error);

  g_assert_no_error (error);
  recorder_init (&recorder, "ivl");
  server = replay_server_new (path, record, &recorder);
  /* No proxy is asked for it, whatever the environment says */
  g_setenv ("http_proxy", "http://127.0.0.1:9", TRUE);
  g_setenv ("all_proxy", "http://127.0.0.1:9", TRUE);
  engine =
      ivl_engine_openai_open_timed (remote, &remote_fixture_timeouts, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  outcome = remote_fixture_ask (engine, "Hello", NULL, NULL, NULL);
  remote_outcome_check (outcome, "fine");
  g_unsetenv ("http_proxy");
  g_unsetenv ("all_proxy");
  g_clear_object (&engine);
  g_clear_pointer (&server, replay_server_free);
  recorder_clear (&recorder);
  g_rmdir (folder);
}

/* What is asked for as JSON and ended as something else is a failure; what the token limit cuts is
 * no document anyway. */
static void
test_document (void)
{
  static const struct
  {
    const char *content;
    const char *reason;
    gboolean    is_fine;
  } rows[] = {
    { "{\\\"alt\\\":1}", "stop", TRUE }, { " {\\\"alt\\\":1} ", "stop", TRUE },
    { "\\\"word\\\"", "stop", TRUE },  { "A red circle.", "stop", FALSE },
    { "{\\\"alt\\\":", "stop", FALSE }, { "{}, {}", "stop", FALSE },
    { "", "stop", FALSE },              { "{\\\"alt\\\":", "length", TRUE },
  };
  g_autoptr (IvlOptions) options =
      g_object_new (IVL_TYPE_OPTIONS, "json-schema", "{\"type\":\"object\"}", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Recorder recorder;
      g_autofree char *events = g_strdup_printf (
          "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"}}]}\n\n"
          "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n"
          "data: [DONE]\n\n",
          rows[i].content, rows[i].reason);
      g_autoptr (ReplayServer) server = NULL;
      g_autoptr (IvlEngine) engine = NULL;
      g_autoptr (RemoteOutcome) outcome = NULL;

      recorder_init (&recorder, "vllm");
      recorder.answer = events;
      server = replay_server_new (NULL, record, &recorder);
      engine = remote_fixture_open (server, NULL, NULL);
      outcome = remote_fixture_ask (engine, "Hello", NULL, options, NULL);
      if (rows[i].is_fine)
        g_assert_no_error (outcome->error);
      else
        remote_outcome_check_error (outcome, IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "asked for JSON");
      g_clear_object (&engine);
      g_clear_pointer (&server, replay_server_free);
      recorder_clear (&recorder);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("IVL_API_KEY");
  g_test_add_func ("/client-requests/headers", test_headers);
  g_test_add_func ("/client-requests/plain-body", test_plain_body);
  g_test_add_func ("/client-requests/conversation", test_conversation);
  g_test_add_func ("/client-requests/ivl", test_ivl);
  g_test_add_func ("/client-requests/pictures", test_pictures);
  g_test_add_func ("/client-requests/privacy", test_privacy);
  g_test_add_func ("/client-requests/too-large", test_too_large);
  g_test_add_func ("/client-requests/context", test_context);
  g_test_add_func ("/client-requests/refused-field", test_refused_field);
  g_test_add_func ("/client-requests/unsupported", test_unsupported);
  g_test_add_func ("/client-requests/answer-text", test_answer_text);
  g_test_add_func ("/client-requests/tokens", test_tokens);
  g_test_add_func ("/client-requests/document", test_document);
  g_test_add_func ("/client-requests/redirect", test_redirect);
  g_test_add_func ("/client-requests/key", test_key);
  g_test_add_func ("/client-requests/open", test_open);
  g_test_add_func ("/client-requests/text-only", test_text_only);
  g_test_add_func ("/client-requests/other-model", test_other_model);
  g_test_add_func ("/client-requests/alias", test_alias);
  g_test_add_func ("/client-requests/unix-socket", test_unix_socket);
  return g_test_run ();
}
