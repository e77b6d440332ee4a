/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Turns a request of the protocol into messages, pictures and options. Everything in it is taken as
 * foreign: text is never markup, pictures come as bytes or not at all.
 */
#include "server/ivl-chat-request.h"

#include <string.h>

#include <libivl/ivl-error.h>

#define MAX_PICTURE_BYTES (20 * 1000 * 1000)
#define MAX_PICTURE_PIXELS 50000000
/* Tiles that one picture may ask for: more than any model's context holds. */
#define MAX_TILES 128
/* Pictures that are decoded at a time; each takes up to 150 MB until it is cut. */
#define MAX_DECODING 2
#define MAX_STOP_BYTES 1024

static GMutex decode_lock;
static GCond decode_ended;
static guint n_decoding;

void
ivl_chat_failure_clear (IvlChatFailure *self)
{
  g_clear_pointer (&self->message, g_free);
  g_clear_pointer (&self->param, g_free);
}

static gboolean
fail (IvlChatFailure *failure,
      guint           status,
      const char     *message,
      char           *param,
      const char     *code)
{
  ivl_chat_failure_clear (failure);
  *failure = (IvlChatFailure) { status, g_strdup (message), param, code };
  return FALSE;
}

void
ivl_chat_failure_set_from_error (IvlChatFailure *self,
                                 const GError   *error)
{
  if (error->domain == IVL_ERROR && error->code == IVL_ERROR_CONTEXT_FULL)
    fail (self, 400, error->message, g_strdup ("messages"), "context_length_exceeded");
  else if (error->domain == IVL_ERROR &&
           (error->code == IVL_ERROR_INVALID_OPTION || error->code == IVL_ERROR_UNSUPPORTED))
    fail (self, 400, error->message, NULL, NULL);
  else if (error->domain == IVL_ERROR && error->code == IVL_ERROR_NO_MEMORY)
    fail (self, 503, error->message, NULL, "no_memory");
  else
    fail (self, 500, error->message, NULL, NULL);
}

static gboolean
check_pictures (const IvlWireRequest *wire,
                IvlModel             *model,
                IvlChatFailure       *failure)
{
  g_autofree char *message = NULL;

  if (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION)
    return TRUE;
  for (guint m = 0; m < wire->messages->len; m++)
    {
      IvlWireMessage *said = g_ptr_array_index (wire->messages, m);

      for (guint p = 0; p < said->parts->len; p++)
        if (((IvlWirePart *) g_ptr_array_index (said->parts, p))->url != NULL)
          {
            message = g_strdup_printf ("%s takes text only, no pictures",
                                       ivl_model_get_name (model));
            return fail (failure, 400, message,
                         g_strdup_printf ("messages[%u].content[%u].image_url", m, p),
                         "unsupported_image");
          }
    }
  return TRUE;
}

gboolean
ivl_chat_request_check (const IvlWireRequest *wire,
                        IvlModel             *model,
                        IvlChatFailure       *failure)
{
  IvlWireMessage *last;

  if (wire->model != NULL && strcmp (wire->model, ivl_model_get_name (model)) != 0)
    {
      g_autofree char *message = g_strdup_printf (
          "There is no model of this name here; there is “%s”", ivl_model_get_name (model));

      return fail (failure, 404, message, g_strdup ("model"), "model_not_found");
    }
  if (!(ivl_model_get_capabilities (model) & IVL_ENGINE_CHAT))
    return fail (failure, 400, "The model does not answer in text", g_strdup ("model"), NULL);
  last = wire->messages->len > 0
             ? g_ptr_array_index (wire->messages, wire->messages->len - 1)
             : NULL;
  if (last == NULL || last->role != IVL_WIRE_USER)
    return fail (failure, 400, "The last message must be the user's", g_strdup ("messages"), NULL);
  for (guint i = 0; wire->stop != NULL && wire->stop[i] != NULL; i++)
    if (*wire->stop[i] == '\0' || strlen (wire->stop[i]) > MAX_STOP_BYTES)
      return fail (failure, 400, "A stop string has 1 to 1024 bytes", g_strdup ("stop"), NULL);
  for (guint i = 1; i < wire->messages->len; i++)
    if (((IvlWireMessage *) g_ptr_array_index (wire->messages, i))->role == IVL_WIRE_SYSTEM)
      return fail (failure, 400, "A system line can only be the first message",
                   g_strdup_printf ("messages[%u].role", i), NULL);
  return check_pictures (wire, model, failure);
}

/* ivl's own clients send tiles that are cut already: one column of them. */
static IvlImage *
take_tiles (IvlImage           *column,
            const IvlWirePart  *part,
            guint               tile_size,
            GError            **error)
{
  guint width = ivl_image_get_width (column);
  guint height = ivl_image_get_height (column);

  if (width != tile_size || height % tile_size != 0 ||
      (part->max_tiles > 0 && height / tile_size != part->max_tiles))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "a picture of %u x %u pixels is no column of %u tiles of %u pixels", width,
                   height, part->max_tiles, tile_size);
      return NULL;
    }
  return ivl_image_new_from_tiles (tile_size, height / tile_size, ivl_image_get_pixels (column),
                                   error);
}

static IvlImage *
cut_tiles (IvlImage           *image,
           const IvlWirePart  *part,
           IvlModel           *model,
           GError            **error)
{
  guint tile_size = ivl_model_get_tile_size (model);
  guint max = part->max_tiles > 0 ? part->max_tiles : ivl_model_get_max_tiles (model);
  guint min = part->min_tiles > 0 ? part->min_tiles : MIN (ivl_model_get_min_tiles (model), max);
  gboolean use_thumbnail = ivl_model_get_use_thumbnail (model);
  g_autoptr (GBytes) tiles = NULL;
  guint n_tiles;

  if (max > MAX_TILES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "a picture may have at most %d tiles, not %u", MAX_TILES, max);
      return NULL;
    }
  max = MAX (max, min);
  if (!ivl_image_get_grid (image, tile_size, min, max, use_thumbnail, NULL, NULL, &n_tiles, error))
    return NULL;
  tiles = ivl_image_cut_tiles (image, tile_size, min, max, use_thumbnail, error);
  return tiles != NULL ? ivl_image_new_from_tiles (tile_size, n_tiles, tiles, error) : NULL;
}

static IvlImage *
decode_picture (IvlWirePart   *part,
                IvlModel      *model,
                GCancellable  *cancellable,
                GError       **error)
{
  /* Tiles are pixels as the model sees them: nothing in their file may change them. */
  IvlImageFlags flags = part->is_tiles ? IVL_IMAGE_KEEP_ORIENTATION | IVL_IMAGE_DROP_ALPHA |
                                             IVL_IMAGE_KEEP_PROFILE
                                       : IVL_IMAGE_DEFAULT;
  g_autoptr (GBytes) bytes = ivl_wire_decode_data_url (part->url, MAX_PICTURE_BYTES, error);
  g_autoptr (IvlImage) image = NULL;

  if (bytes == NULL)
    return NULL;
  g_clear_pointer (&part->url, g_free);
  image = ivl_image_new_from_bytes (bytes, NULL, flags, MAX_PICTURE_PIXELS, cancellable, error);
  if (image == NULL)
    return NULL;
  return part->is_tiles ? take_tiles (image, part, ivl_model_get_tile_size (model), error)
                        : cut_tiles (image, part, model, error);
}

static IvlImage *
decode_in_turn (IvlWirePart   *part,
                IvlModel      *model,
                GCancellable  *cancellable,
                GError       **error)
{
  IvlImage *image;

  g_mutex_lock (&decode_lock);
  while (n_decoding >= MAX_DECODING)
    g_cond_wait (&decode_ended, &decode_lock);
  n_decoding++;
  g_mutex_unlock (&decode_lock);

  /* cutting it stops by the thread's current one */
  if (cancellable != NULL)
    g_cancellable_push_current (cancellable);
  image = g_cancellable_set_error_if_cancelled (cancellable, error)
              ? NULL
              : decode_picture (part, model, cancellable, error);
  if (cancellable != NULL)
    g_cancellable_pop_current (cancellable);

  g_mutex_lock (&decode_lock);
  n_decoding--;
  g_cond_signal (&decode_ended);
  g_mutex_unlock (&decode_lock);
  return image;
}

static IvlMessage *
make_message (IvlWireMessage  *said,
              guint            index,
              IvlModel        *model,
              GCancellable    *cancellable,
              IvlChatFailure  *failure)
{
  static const IvlRole roles[] = { IVL_ROLE_SYSTEM, IVL_ROLE_USER, IVL_ROLE_ASSISTANT };
  g_autoptr (IvlMessage) message = ivl_message_new (roles[said->role]);

  for (guint i = 0; i < said->parts->len; i++)
    {
      IvlWirePart *part = g_ptr_array_index (said->parts, i);
      g_autoptr (IvlImage) image = NULL;
      g_autoptr (GError) error = NULL;

      if (part->text != NULL)
        {
          if (part->is_trusted)
            ivl_message_add_prompt (message, part->text);
          else
            ivl_message_add_text (message, part->text);
          continue;
        }
      image = decode_in_turn (part, model, cancellable, &error);
      if (image != NULL)
        {
          ivl_message_add_image (message, image);
          continue;
        }
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        fail (failure, g_error_matches (error, IVL_ERROR, IVL_ERROR_NO_MEMORY) ? 503 : 400,
              error->message, g_strdup_printf ("messages[%u].content[%u].image_url", index, i),
              "invalid_image");
      return NULL;
    }
  return g_steal_pointer (&message);
}

static gboolean
set_double (IvlOptions  *options,
            const char  *name,
            double       value,
            GError     **error)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];

  return value < 0 ||
         ivl_options_set_string (options, name, g_ascii_dtostr (digits, sizeof digits, value),
                                 error);
}

static gboolean
set_int (IvlOptions  *options,
         const char  *name,
         gint64       value,
         gint64       unset,
         GError     **error)
{
  g_autofree char *digits = g_strdup_printf ("%" G_GINT64_FORMAT, value);

  return value == unset || ivl_options_set_string (options, name, digits, error);
}

static IvlOptions *
make_options (const IvlWireRequest *wire,
              IvlChatFailure       *failure)
{
  /* What the model writes is for the client to read. */
  g_autoptr (IvlOptions) options = g_object_new (IVL_TYPE_OPTIONS, "raw", TRUE, NULL);
  g_autoptr (GError) error = NULL;

  if (!set_int (options, "max-tokens", wire->max_tokens, 0, &error) ||
      !set_double (options, "temperature", wire->temperature, &error) ||
      !set_double (options, "top-p", wire->top_p, &error) ||
      !set_int (options, "top-k", wire->top_k, -1, &error) ||
      !set_double (options, "repetition-penalty", wire->repetition_penalty, &error) ||
      !set_int (options, "top-logprobs", wire->top_logprobs, -1, &error))
    {
      fail (failure, 400, error->message, NULL, NULL);
      return NULL;
    }
  if (wire->json_schema != NULL &&
      !ivl_options_set_string (options, "json-schema", wire->json_schema, &error))
    {
      fail (failure, 400, error->message, g_strdup ("response_format"), NULL);
      return NULL;
    }
  if (wire->stop != NULL)
    g_object_set (options, "stop", wire->stop, NULL);
  return g_steal_pointer (&options);
}

IvlChatRequest *
ivl_chat_request_new (IvlWireRequest *wire,
                      IvlModel       *model,
                      GCancellable   *cancellable,
                      IvlChatFailure *failure)
{
  g_autoptr (IvlChatRequest) self = g_new0 (IvlChatRequest, 1);

  self->history = g_ptr_array_new_with_free_func (g_object_unref);
  self->options = make_options (wire, failure);
  if (self->options == NULL)
    return NULL;
  self->seed = wire->has_seed ? wire->seed
                              : (guint64) g_random_int () << 32 | g_random_int ();
  for (guint i = 0; i < wire->messages->len; i++)
    {
      IvlMessage *message = make_message (g_ptr_array_index (wire->messages, i), i, model,
                                          cancellable, failure);

      if (message == NULL)
        return NULL;
      if (i + 1 < wire->messages->len)
        g_ptr_array_add (self->history, message);
      else
        self->question = message;
    }
  return g_steal_pointer (&self);
}

void
ivl_chat_request_free (IvlChatRequest *self)
{
  g_clear_pointer (&self->history, g_ptr_array_unref);
  g_clear_object (&self->question);
  g_clear_object (&self->options);
  g_free (self);
}

IvlOptions *
ivl_chat_request_make_options (IvlChatRequest *self,
                               guint           index)
{
  IvlOptions *options = ivl_options_copy (self->options);

  g_object_set (options, "seed", self->seed + index, NULL);
  return options;
}
