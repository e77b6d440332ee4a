/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes a conversation as a request to a server: which system line, which pictures with how many
 * tiles, what of the text may be trusted.
 */
#include "engines/ivl-remote-prompt.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "engines/ivl-answer-text.h"
#include "engines/ivl-remote-text.h"
#include "tokenizer/ivl-chat-template.h"

enum
{
  /* As in this process: the published models' own setting. */
  DEFAULT_MAX_TOKENS = 1024,
  TOKENS_PER_TILE = 256,
  /* Fewer tokens than this many bytes of text never are, repeated spaces aside. */
  BYTES_PER_TOKEN = 8,
  MAX_STORED = 16 * 1000 * 1000,
  /* Several engines refuse more; the rest is looked for here anyway. */
  MAX_STOP = 4,
};

typedef struct
{
  IvlImage           *image; /* (owned) */
  IvlRemoteBudget     budget;
  IvlRemoteUploadKind kind;
  IvlRemoteUpload    *upload;
} Sent;

struct _IvlRemotePictures
{
  GPtrArray *sent; /* Sent */
};

typedef struct
{
  const IvlRemoteFacts *facts;
  IvlRemotePictures    *pictures;
  IvlRemoteBudget       budget;
  IvlRemoteUploadKind   kind;
  IvlWireRequest       *request;
  guint                 n_images; /* seen so far in the conversation */
  guint                 n_tiles;
} Builder;

static void
sent_free (gpointer data)
{
  Sent *sent = data;

  g_object_unref (sent->image);
  ivl_remote_upload_free (sent->upload);
  g_free (sent);
}

/* nocheck:name: the class is small and belongs to the prompt */
IvlRemotePictures *
ivl_remote_pictures_new (void)
{
  IvlRemotePictures *self = g_new0 (IvlRemotePictures, 1);

  self->sent = g_ptr_array_new_with_free_func (sent_free);
  return self;
}

/* nocheck:name: see above */
void
ivl_remote_pictures_free (IvlRemotePictures *self)
{
  g_ptr_array_unref (self->sent);
  g_free (self);
}

static const IvlRemoteUpload *
find_upload (Builder   *b,
             IvlImage  *image,
             GError   **error)
{
  GPtrArray *all = b->pictures->sent;
  IvlRemoteUpload *upload;
  Sent *sent;

  for (guint i = 0; i < all->len; i++)
    {
      sent = g_ptr_array_index (all, i);
      if (sent->image == image && sent->kind == b->kind &&
          memcmp (&sent->budget, &b->budget, sizeof b->budget) == 0)
        return sent->upload;
    }
  upload = ivl_remote_upload_new (image, &b->budget, b->kind, error);
  if (upload == NULL)
    return NULL;
  sent = g_new0 (Sent, 1);
  sent->image = g_object_ref (image);
  sent->budget = b->budget;
  sent->kind = b->kind;
  sent->upload = upload;
  g_ptr_array_add (all, sent);
  return upload;
}

/* Drops what the conversation no longer has. */
static void
forget_pictures (IvlRemotePictures *pictures,
                 GPtrArray         *messages)
{
  for (guint i = pictures->sent->len; i > 0; i--)
    {
      Sent *sent = g_ptr_array_index (pictures->sent, i - 1);
      gboolean is_there = FALSE;

      for (guint m = 0; m < messages->len && !is_there; m++)
        {
          IvlMessage *message = g_ptr_array_index (messages, m);

          for (guint p = 0; p < ivl_message_get_n_parts (message) && !is_there; p++)
            is_there = ivl_message_get_part_kind (message, p) == IVL_PART_IMAGE &&
                       ivl_message_get_part_image (message, p) == sent->image;
        }
      if (!is_there)
        g_ptr_array_remove_index (pictures->sent, i - 1);
    }
}

static guint
count_images (IvlMessage *message)
{
  guint n = 0;

  for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
    n += ivl_message_get_part_kind (message, i) == IVL_PART_IMAGE;
  return n;
}

static gboolean
is_ivl (const IvlRemoteFacts *facts)
{
  return facts->dialect->tiles == IVL_TILES_IVL;
}

/* The text that engines would put together from the parts is put together here, so that nobody
 * inserts line ends. */
typedef struct
{
  IvlWireMessage *message;
  GString        *text; /* ready to be sent */
  GString        *said; /* by people, and not looked at yet: no token may come from two halves */
  gboolean        is_ivl;
} Writer;

static void
flush_said (Writer *writer)
{
  if (writer->is_ivl)
    g_string_append_len (writer->text, writer->said->str, writer->said->len);
  else
    ivl_remote_text_append_safe (writer->text, writer->said->str);
  g_string_truncate (writer->said, 0);
}

static void
flush_text (Writer *writer)
{
  flush_said (writer);
  if (writer->text->len > 0)
    ivl_wire_message_add_text (writer->message, writer->text->str);
  g_string_truncate (writer->text, 0);
}

/* As in this process: a single picture stands alone; from the second on they are numbered through
 * the conversation ("Image-1: <image>"). ivl's own server does that itself. */
static gboolean
add_image (Builder   *b,
           Writer    *writer,
           IvlImage  *image,
           gboolean   is_single,
           GError   **error)
{
  const IvlRemoteUpload *upload;
  IvlWirePart *part;

  if (!b->facts->has_vision)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s takes text only, no pictures",
                   b->facts->name);
      return FALSE;
    }
  upload = find_upload (b, image, error);
  if (upload == NULL)
    return FALSE;
  b->n_images++;
  b->n_tiles += upload->n_tiles;
  flush_said (writer);
  if (!writer->is_ivl && (!is_single || b->n_images > 1))
    g_string_append_printf (writer->text, "Image-%u: ", b->n_images);
  flush_text (writer);
  part = ivl_wire_message_add_picture (writer->message, upload->mime,
                                       g_bytes_get_data (upload->bytes, NULL),
                                       g_bytes_get_size (upload->bytes), error);
  if (part == NULL)
    return FALSE;
  part->is_tiles = upload->is_column;
  part->min_tiles = part->max_tiles = upload->is_column ? upload->n_tiles : upload->n_cells;
  return TRUE;
}

/* ivl's own server keeps people's text apart from control tokens itself, and has to be told what is
 * trusted. */
static void
add_piece (Writer     *writer,
           IvlMessage *message,
           guint       index)
{
  const char *piece = ivl_message_get_part_text (message, index);
  gboolean is_trusted = ivl_message_get_part_kind (message, index) == IVL_PART_PROMPT;

  if (!is_trusted && ivl_message_get_role (message) == IVL_ROLE_ASSISTANT)
    {
      g_autofree char *clean = ivl_answer_text_clean (piece);

      g_string_append (writer->said, clean);
    }
  else if (!is_trusted)
    {
      g_string_append (writer->said, piece);
    }
  else if (writer->is_ivl)
    {
      flush_text (writer);
      ivl_wire_message_add_text (writer->message, piece)->is_trusted = TRUE;
    }
  else
    {
      flush_said (writer);
      g_string_append (writer->text, piece);
    }
}

/* For engines other than ivl's, a single picture goes first: the only place that is right in all
 * of them. */
static gboolean
add_parts (Builder         *b,
           IvlMessage      *message,
           IvlWireMessage  *out,
           GError         **error)
{
  gboolean is_single = count_images (message) == 1;
  gboolean goes_first = is_single && !is_ivl (b->facts);
  guint n_parts = ivl_message_get_n_parts (message);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) said = g_string_new (NULL);
  Writer writer = { out, text, said, is_ivl (b->facts) };

  for (guint i = 0; goes_first && i < n_parts; i++)
    if (ivl_message_get_part_kind (message, i) == IVL_PART_IMAGE &&
        !add_image (b, &writer, ivl_message_get_part_image (message, i), TRUE, error))
      return FALSE;
  for (guint i = 0; i < n_parts; i++)
    if (ivl_message_get_part_kind (message, i) != IVL_PART_IMAGE)
      add_piece (&writer, message, i);
    else if (!goes_first && !add_image (b, &writer, ivl_message_get_part_image (message, i),
                                        is_single, error))
      return FALSE;
  flush_text (&writer);
  return TRUE;
}

/* The template whose system line a model was trained with, as far as its name tells. Engines know
 * only the language model's own and say "You are Qwen" to an InternVL. */
static const IvlChatTemplate *
choose_template (const char *model)
{
  g_autofree char *name = g_ascii_strdown (model != NULL ? model : "", -1);

  if (strstr (name, "internvl") == NULL && strstr (name, "qwen") != NULL)
    return ivl_chat_template_lookup ("qwen2");
  if (strstr (name, "internvl") == NULL && strstr (name, "internlm") != NULL)
    return ivl_chat_template_lookup ("internlm2");
  return ivl_chat_template_lookup ("internvl2_5");
}

/* ivl's own server has its model's line itself. */
static void
add_system (Builder *b)
{
  const char *line = choose_template (b->facts->model)->system_message;

  if (!is_ivl (b->facts) && line != NULL)
    ivl_wire_message_add_text (ivl_wire_request_add_message (b->request, IVL_WIRE_SYSTEM), line);
}

static gsize
count_text (GPtrArray *messages)
{
  gsize n = 0;

  for (guint m = 0; m < messages->len; m++)
    {
      IvlMessage *message = g_ptr_array_index (messages, m);

      for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
        if (ivl_message_get_part_kind (message, i) != IVL_PART_IMAGE)
          n += strlen (ivl_message_get_part_text (message, i));
    }
  return n;
}

/* Tokens of all pictures. */
static gboolean
count_picture_tokens (const IvlRemoteBudget  *budget,
                      GPtrArray              *messages,
                      gsize                  *n_tokens,
                      GError                **error)
{
  *n_tokens = 0;
  for (guint m = 0; m < messages->len; m++)
    {
      IvlMessage *message = g_ptr_array_index (messages, m);

      for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
        {
          guint n_tiles;

          if (ivl_message_get_part_kind (message, i) != IVL_PART_IMAGE)
            continue;
          if (!ivl_image_get_grid (ivl_message_get_part_image (message, i), budget->tile_size,
                                   budget->min_tiles, budget->max_tiles, budget->use_thumbnail,
                                   NULL, NULL, &n_tiles, error))
            return FALSE;
          *n_tokens += (gsize) n_tiles * TOKENS_PER_TILE;
        }
    }
  return TRUE;
}

/* Estimates the conversation's length, from below, and finds a budget with which it fits.
 * *n_tokens is the estimate. */
static gboolean
choose_budget (Builder     *b,
               GPtrArray   *messages,
               IvlOptions  *options,
               gsize       *n_tokens,
               GError     **error)
{
  const IvlRemoteFacts *facts = b->facts;
  gboolean is_free = ivl_options_get_max_tiles (options) == 0;
  gsize n_text = count_text (messages) / BYTES_PER_TOKEN;

  b->budget.tile_size = facts->tile_size;
  b->budget.use_thumbnail = facts->use_thumbnail;
  if (!ivl_options_get_tile_budget (options, facts->min_tiles, facts->max_tiles,
                                    &b->budget.min_tiles, &b->budget.max_tiles, error))
    return FALSE;
  for (;;)
    {
      if (facts->has_vision && !count_picture_tokens (&b->budget, messages, n_tokens, error))
        return FALSE;
      *n_tokens += n_text;
      if (facts->context_length == 0 || *n_tokens < facts->context_length)
        return TRUE;
      if (!is_free || b->budget.max_tiles <= b->budget.min_tiles)
        break;
      b->budget.max_tiles--;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_CONTEXT_FULL,
               "The conversation takes %" G_GSIZE_FORMAT
               " tokens at least, and the context of %s holds %u: use fewer tiles or pictures, or "
               "start again",
               *n_tokens, facts->name, facts->context_length);
  return FALSE;
}

static gboolean
check_field (const IvlRemoteFacts  *facts,
             gboolean               is_wanted,
             const char            *field,
             const char            *what,
             GError               **error)
{
  if (!is_wanted || ivl_wire_dialect_takes (facts->dialect, field))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s cannot %s", facts->dialect->title,
               what);
  return FALSE;
}

static gboolean
set_options (Builder     *b,
             IvlOptions  *options,
             gsize        n_tokens,
             GError     **error)
{
  IvlWireRequest *request = b->request;
  const char *const *stop = ivl_options_get_stop (options);
  guint context = b->facts->context_length;

  request->stream = TRUE;
  request->include_usage = TRUE;
  request->include_progress = TRUE;
  request->max_tokens = ivl_options_get_max_tokens (options);
  if (request->max_tokens == 0)
    request->max_tokens = DEFAULT_MAX_TOKENS;
  /* Some engines refuse an answer that could not fit. */
  if (context > 0)
    request->max_tokens = MIN (request->max_tokens, context - n_tokens);
  request->temperature = ivl_options_get_temperature (options);
  if (request->temperature > 0)
    {
      if (ivl_options_get_top_p (options) < 1.0)
        request->top_p = ivl_options_get_top_p (options);
      if (ivl_options_get_top_k (options) > 0)
        request->top_k = ivl_options_get_top_k (options);
      request->has_seed = TRUE;
      request->seed = ivl_options_get_seed (options);
    }
  if (ivl_options_get_repetition_penalty (options) != 1.0)
    request->repetition_penalty = ivl_options_get_repetition_penalty (options);
  request->stop = g_new0 (char *, MAX_STOP + 1);
  for (guint i = 0; i < MAX_STOP && stop[i] != NULL; i++)
    request->stop[i] = g_strdup (stop[i]);
  request->top_logprobs = ivl_options_get_top_logprobs (options);
  request->json_schema = g_strdup (ivl_options_get_json_schema (options));
  return check_field (b->facts, request->top_logprobs >= 0, "logprobs",
                      "tell how probable its tokens are", error) &&
         check_field (b->facts, request->json_schema != NULL, "response_format",
                      "keep to a JSON schema", error);
}

/* Compressing takes longer than sending within a computer, as long as the server's limit of 20 MB
 * is not near. */
static IvlRemoteUploadKind
choose_kind (const IvlRemoteFacts *facts,
             gsize                 n_tiles)
{
  gsize n_bytes = n_tiles * facts->tile_size * facts->tile_size * 4; /* as base64 */

  if (!is_ivl (facts))
    return IVL_UPLOAD_CANVAS;
  return facts->is_near && n_bytes < MAX_STORED ? IVL_UPLOAD_COLUMN_FAST : IVL_UPLOAD_COLUMN;
}

IvlWireRequest *
ivl_remote_prompt_new (const IvlRemoteFacts  *facts,
                       GPtrArray             *messages,
                       IvlOptions            *options,
                       IvlRemotePictures     *pictures,
                       gboolean               is_small,
                       IvlUsage              *usage,
                       GError               **error)
{
  g_autoptr (IvlWireRequest) request = ivl_wire_request_new ();
  IvlMessage *first = messages->len > 0 ? g_ptr_array_index (messages, 0) : NULL;
  Builder b = {
    .facts = facts,
    .pictures = pictures,
    .request = request,
  };
  gsize n_tokens = 0;

  forget_pictures (pictures, messages);
  if (!choose_budget (&b, messages, options, &n_tokens, error) ||
      !set_options (&b, options, n_tokens, error))
    return NULL;
  b.kind = is_small ? IVL_UPLOAD_SMALL : choose_kind (facts, n_tokens / TOKENS_PER_TILE);
  request->model = g_strdup (facts->model);
  if (first == NULL || ivl_message_get_role (first) != IVL_ROLE_SYSTEM)
    add_system (&b);
  for (guint i = 0; i < messages->len; i++)
    {
      static const IvlWireRole roles[] = {
        [IVL_ROLE_SYSTEM] = IVL_WIRE_SYSTEM,
        [IVL_ROLE_USER] = IVL_WIRE_USER,
        [IVL_ROLE_ASSISTANT] = IVL_WIRE_ASSISTANT,
      };
      IvlMessage *message = g_ptr_array_index (messages, i);
      IvlRole role = ivl_message_get_role (message);

      if (!add_parts (&b, message, ivl_wire_request_add_message (request, roles[role]), error))
        return NULL;
    }
  usage->n_tiles = b.n_tiles;
  return g_steal_pointer (&request);
}
