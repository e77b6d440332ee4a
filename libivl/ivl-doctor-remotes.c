/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The doctor's look at remotes: whether one can be reached, takes the key, has the model and sees
 * pictures.
 */
#include <libivl/ivl-doctor.h>
#include <libivl/ivl-error.h>
#include <libivl/ivl-session.h>
#include <string.h>

#include "engines/ivl-api-key.h"
#include "engines/ivl-engine-openai.h"
#include "ivl-doctor-private.h"

/* The side of the test picture in pixels: less than a tile of any model. */
#define PICTURE_SIZE 64

#define KEY_ADVICE                                                                                 \
  "Give the right API key: in IVL_API_KEY, in the file of key-file= (mode 0600), or in the keyring"

/* Milliseconds. A person waits for this: a server that is down is not waited for, one that loads is
 * only named. */
static const IvlRemoteTimeouts doctor_timeouts = {
  .connect = 10 * 1000,
  .first_byte = 30 * 1000,
  .first_token = 60 * 1000,
  .idle = 30 * 1000,
  .linger = 1000,
  .patience = 1000,
  .down = 1,
  .loading = 1000,
};

static const char *
advise (const GError *error)
{
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE))
    return "See that the server runs, that url= is right, and that no firewall is in the way; for "
           "a certificate of your own set ca-file=, and see that the clock is right";
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED))
    return KEY_ADVICE;
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    return "Set model= to one that the server has";
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION) ||
      g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA))
    return "Correct the group in the configuration file, or the file that it names";
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED))
    return "Serve a vision model; llama-server needs its --mmproj file for pictures";
  return "Look into the server's log: it failed, or is no server of the OpenAI protocol, or is of "
         "another kind than engine= says";
}

static void
add_error (GPtrArray    *findings,
           const char   *subject,
           const GError *error)
{
  ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, subject, advise (error), "%s", error->message);
}

static void
check_keyring (GPtrArray    *findings,
               GCancellable *cancellable)
{
  g_autofree char *reason = NULL;

  if (ivl_api_key_has_keyring (cancellable, &reason))
    ivl_doctor_add (findings, IVL_SEVERITY_OK, "keyring", NULL, "It answers");
  else
    ivl_doctor_add (findings, IVL_SEVERITY_WARNING, "keyring",
                    "Nothing is needed if API keys come from IVL_API_KEY or a key file; else start "
                    "a session with a keyring, such as gnome-keyring",
                    "API keys cannot be found in the keyring: %s", reason);
}

/* FALSE: asking the server is no use. */
static gboolean
check_key (GPtrArray        *findings,
           const char       *subject,
           const IvlRemote  *remote,
           GCancellable     *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *source = ivl_api_key_find_source (remote, cancellable, &error);

  if (error != NULL)
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, subject, KEY_ADVICE, "%s", error->message);
  else if (source != NULL)
    ivl_doctor_add (findings, IVL_SEVERITY_OK, subject, NULL, "The API key is in %s", source);
  else
    ivl_doctor_add (findings, IVL_SEVERITY_OK, subject, NULL, "There is no API key for it");
  if (!remote->is_loopback && g_str_has_prefix (remote->base, "http:"))
    ivl_doctor_add (findings, IVL_SEVERITY_WARNING, subject,
                    "Use https://, or a tunnel such as ssh -L, unless the network is your own",
                    "Pictures and answers go to %s without encryption", remote->origin);
  return error == NULL;
}

/* A red square on white. */
static IvlImage *
make_picture (void)
{
  guint8 *pixels = g_malloc (3 * PICTURE_SIZE * PICTURE_SIZE);
  g_autoptr (GBytes) bytes = NULL;

  memset (pixels, 255, 3 * PICTURE_SIZE * PICTURE_SIZE);
  for (guint y = PICTURE_SIZE / 4; y < PICTURE_SIZE * 3 / 4; y++)
    for (guint x = PICTURE_SIZE / 4; x < PICTURE_SIZE * 3 / 4; x++)
      memset (pixels + 3 * (y * PICTURE_SIZE + x) + 1, 0, 2);
  bytes = g_bytes_new_take (pixels, 3 * PICTURE_SIZE * PICTURE_SIZE);
  return ivl_image_new_from_pixels (PICTURE_SIZE, PICTURE_SIZE, 3 * PICTURE_SIZE, bytes, NULL);
}

/**
 * ivl_doctor_try_picture:
 * @model: a model
 * @patience: seconds that a server that is busy or loads is waited for, 1 or more
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Asks for one word about a small picture that is made for it, to see whether the model answers
 * about
 * pictures at all. Nothing of the user's is sent.
 *
 * Fails as ivl_session_send() and ivl_reply_read() do.
 *
 * Returns: %TRUE when the answer came
 */
gboolean
ivl_doctor_try_picture (IvlModel      *model,
                        guint          patience,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) message = ivl_message_new (IVL_ROLE_USER);
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlImage) image = make_picture ();
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) failure = NULL;

  ivl_message_add_image (message, image);
  ivl_message_add_text (message, "What color is the square?");
  g_object_set (options, "max-tokens", 1, "max-tiles", 1, "patience", patience, "raw", TRUE, NULL);
  reply = ivl_session_send (session, message, options, cancellable, error);
  while (reply != NULL && failure == NULL)
    {
      g_autofree char *piece = ivl_reply_read (reply, cancellable, &failure);

      if (piece == NULL)
        break;
    }
  if (failure == NULL)
    return reply != NULL;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
check_sight (GPtrArray    *findings,
             const char   *subject,
             IvlModel     *model,
             GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  if ((ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) == 0)
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, subject,
                    "Serve a vision model; llama-server needs its --mmproj file for pictures",
                    "The server says that %s takes text only", ivl_model_get_name (model));
  else if (!ivl_doctor_try_picture (model, 1, cancellable, &error))
    add_error (findings, subject, error);
  else
    ivl_doctor_add (findings, IVL_SEVERITY_OK, subject, NULL,
                    "It sees pictures: a test picture was answered in %.1f s",
                    (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND);
}

static void
check_server (GPtrArray    *findings,
              const char   *subject,
              IvlRemote    *remote,
              GCancellable *cancellable)
{
  g_autofree char *origin = g_strdup (remote->authority);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlEngine) engine =
      ivl_engine_openai_open_timed (remote, &doctor_timeouts, NULL, NULL, cancellable, &error);
  g_autoptr (IvlModel) model = NULL;

  if (engine == NULL)
    {
      add_error (findings, subject, error);
      return;
    }
  model = ivl_model_new_for_engine (engine);
  ivl_doctor_add (findings, IVL_SEVERITY_OK, subject, NULL, "%s answers, as %s, with the model %s",
                  origin, ivl_engine_openai_get_dialect (IVL_ENGINE_OPENAI (engine))->title,
                  ivl_model_get_name (model));
  check_sight (findings, subject, model, cancellable);
}

static void
check_remote (GPtrArray    *findings,
              const char   *name,
              GCancellable *cancellable)
{
  g_autofree char *subject = g_strdup_printf ("remote %s", name);
  g_autofree char *location = g_strconcat ("remote:", name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlRemote) remote = ivl_remote_parse (location, &error);

  if (remote == NULL)
    add_error (findings, subject, error);
  else if (ivl_remote_leaves_computer (remote) && ivl_remote_is_forbidden ())
    ivl_doctor_add (findings, IVL_SEVERITY_OK, subject, NULL,
                    "It was not asked: nothing may leave this computer");
  else if (check_key (findings, subject, remote, cancellable))
    check_server (findings, subject, g_steal_pointer (&remote), cancellable);
}

void
ivl_doctor_check_remotes (GPtrArray    *findings,
                          GCancellable *cancellable)
{
  g_auto (GStrv) names = ivl_remote_list (NULL);

  check_keyring (findings, cancellable);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    if (!g_cancellable_is_cancelled (cancellable))
      check_remote (findings, names[i], cancellable);
}
