/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An engine at a replay server, and questions to it.
 */
#include "remote-fixture.h"

#include <string.h>

const IvlRemoteTimeouts remote_fixture_timeouts = {
  .connect = 5000,
  .first_byte = 5000,
  .first_token = 5000,
  .idle = 5000,
  .linger = 200,
  .patience = 0,
  .down = 0,
  .loading = 0,
};

IvlRemote *
remote_fixture_create_remote (ReplayServer *server,
                              const char   *engine,
                              const char   *model)
{
  g_autofree char *location =
      g_strdup_printf ("http://127.0.0.1:%u/v1%s%s", replay_server_get_port (server),
                       model != NULL ? "#" : "", model != NULL ? model : "");
  g_autoptr (GError) error = NULL;
  IvlRemote *remote = ivl_remote_parse (location, &error);

  g_assert_no_error (error);
  remote->engine = g_strdup (engine);
  return remote;
}

IvlEngine *
remote_fixture_open (ReplayServer            *server,
                     const char              *engine,
                     const IvlRemoteTimeouts *timeouts)
{
  g_autoptr (GError) error = NULL;
  IvlEngine *self = ivl_engine_openai_open_timed (
      remote_fixture_create_remote (server, engine, NULL),
      timeouts != NULL ? timeouts : &remote_fixture_timeouts, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return self;
}

gboolean
remote_fixture_send (ReplayConnection *connection,
                     guint             status,
                     const char       *extra,
                     const char       *body)
{
  g_autofree char *reply =
      g_strdup_printf ("HTTP/1.1 %u X\r\n%sContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s", status,
                       extra, strlen (body), body);

  return replay_send (connection, reply, -1);
}

gboolean
remote_fixture_answer_models (ReplayConnection    *connection,
                              const ReplayRequest *request,
                              const char          *owner)
{
  g_autofree char *list = NULL;

  if (!g_str_has_prefix (request->head, "GET /v1/models "))
    return FALSE;
  list = g_strdup_printf ("{\"object\":\"list\",\"data\":[{\"id\":\"m\",\"object\":\"model\","
                          "\"owned_by\":\"%s\",\"max_model_len\":32768}]}", owner);
  remote_fixture_send (connection, 200, "Content-Type: application/json\r\n", list);
  return TRUE;
}

gboolean
remote_fixture_send_answer (ReplayConnection *connection,
                            const char       *text)
{
  g_autofree char *body = g_strdup_printf (
      "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\","
      "\"content\":\"%s\"},\"finish_reason\":null}]}\n\n"
      "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
      "\n\ndata: [DONE]\n\n", text);

  return remote_fixture_send (connection, 200, "Content-Type: text/event-stream\r\n", body);
}

RemoteOutcome *
remote_fixture_ask_messages (IvlEngine      *engine,
                             GPtrArray      *messages,
                             IvlOptions     *options,
                             IvlProgressFunc progress,
                             gpointer        progress_data,
                             GCancellable   *cancellable)
{
  IvlEngineClass *klass = IVL_ENGINE_GET_CLASS (engine);
  g_autoptr (IvlOptions) usual = ivl_options_new ();
  gpointer timeline = klass->open_timeline (engine);
  RemoteOutcome *self = g_new0 (RemoteOutcome, 1);
  gboolean ok;

  self->text = g_string_new (NULL);
  self->tokens = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_token_free);
  ok = klass->begin (engine, timeline, messages, options != NULL ? options : usual, &self->usage,
                     progress, progress_data, cancellable, &self->error);
  while (ok && self->usage.finish_reason == IVL_FINISH_NONE)
    {
      ok = klass->advance (engine, timeline, self->text, NULL, &self->usage, cancellable,
                           &self->error);
      klass->take_tokens (engine, timeline, self->tokens);
    }
  klass->end (engine, timeline);
  klass->close_timeline (engine, timeline);
  return self;
}

RemoteOutcome *
remote_fixture_ask (IvlEngine    *engine,
                    const char   *text,
                    IvlImage     *image,
                    IvlOptions   *options,
                    GCancellable *cancellable)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func (g_object_unref);
  IvlMessage *message = ivl_message_new (IVL_ROLE_USER);

  if (image != NULL)
    ivl_message_add_image (message, image);
  ivl_message_add_text (message, text);
  g_ptr_array_add (messages, message);
  return remote_fixture_ask_messages (engine, messages, options, NULL, NULL, cancellable);
}

void
remote_outcome_free (RemoteOutcome *self)
{
  g_string_free (self->text, TRUE);
  g_ptr_array_unref (self->tokens);
  g_clear_error (&self->error);
  g_free (self);
}

void
remote_outcome_check (RemoteOutcome *self,
                      const char    *text)
{
  g_autofree char *shown = g_strchomp (g_strdup (self->text->str));
  g_autofree char *wanted = g_strchomp (g_strdup (text));

  g_assert_no_error (self->error);
  /* An engine hands on the white space at an answer's end; a reply takes it away */
  g_assert_cmpstr (shown, ==, wanted);
  g_assert_cmpint (self->usage.finish_reason, !=, IVL_FINISH_NONE);
}

void
remote_outcome_check_error (RemoteOutcome *self,
                            GQuark         domain,
                            int            code,
                            const char    *says)
{
  g_assert_error (self->error, domain, code);
  g_assert_cmpint (self->usage.finish_reason, ==, IVL_FINISH_NONE);
  g_test_message ("%s", self->error->message);
  if (says != NULL && strstr (self->error->message, says) == NULL)
    g_error ("\"%s\" does not say \"%s\"", self->error->message, says);
}

IvlImage *
remote_fixture_create_image (guint width,
                             guint height)
{
  gsize n = (gsize) width * height * 3;
  guint8 *rgb = g_malloc (n);
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  IvlImage *image;

  /* Smooth enough to be compressed as a photograph is. */
  for (gsize i = 0; i < n; i++)
    rgb[i] = (i / 3 % width) * 200 / width + (i / 3 / width) * 40 / height +
             g_rand_int_range (random, 0, 12);
  bytes = g_bytes_new_take (rgb, n);
  image = ivl_image_new_from_pixels (width, height, 3 * width, bytes, &error);
  g_assert_no_error (error);
  return image;
}
