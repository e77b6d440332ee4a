/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks a server about a small picture. */
#include "plug-remote-check.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <string.h>

/* The picture's side in pixels: less than a tile of any model. */
#define SIZE 64
/* Seconds that a busy server is waited for: a person looks on. */
#define PATIENCE 10

/* A red square on white */
static IvlImage *
make_picture (void)
{
  guint8 *pixels = g_malloc (3 * SIZE * SIZE);
  g_autoptr (GBytes) bytes = NULL;

  memset (pixels, 255, 3 * SIZE * SIZE);
  for (guint y = SIZE / 4; y < SIZE * 3 / 4; y++)
    for (guint x = SIZE / 4; x < SIZE * 3 / 4; x++)
      memset (pixels + 3 * (y * SIZE + x) + 1, 0, 2);
  bytes = g_bytes_new_take (pixels, 3 * SIZE * SIZE);
  return ivl_image_new_from_pixels (SIZE, SIZE, 3 * SIZE, bytes, NULL);
}

static gboolean
ask (IvlModel      *model,
     GCancellable  *cancellable,
     GError       **error)
{
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) message = ivl_message_new (IVL_ROLE_USER);
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlImage) image = make_picture ();
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) failure = NULL;
  char *piece;

  ivl_message_add_image (message, image);
  ivl_message_add_text (message, "What color is the square?");
  g_object_set (options, "max-tokens", 1, "max-tiles", 1, "patience", PATIENCE, NULL);
  reply = ivl_session_send (session, message, options, cancellable, error);
  if (reply == NULL)
    return FALSE;
  while ((piece = ivl_reply_read (reply, cancellable, &failure)) != NULL)
    g_free (piece);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static void
check (GTask        *task,
       gpointer      source,
       gpointer      data,
       GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModel) model = ivl_model_open (data, cancellable, &error);

  if (model != NULL && (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) == 0)
    g_set_error (&error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, _ ("The model %s takes no pictures."),
                 ivl_model_get_name (model));
  if (error != NULL || !ask (model, cancellable, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    /* Translators: the first is a host such as gpu.example, the second a model */
    g_task_return_pointer (task,
                           g_strdup_printf (_ ("%s answers about pictures, with the model %s."),
                                            ivl_model_get_origin (model),
                                            ivl_model_get_name (model)),
                           g_free);
}

void
plug_remote_check_async (const char          *location,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_task_data (task, g_strdup (location), g_free);
  g_task_run_in_thread (task, check);
}

char *
plug_remote_check_finish (GAsyncResult  *result,
                          GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
