/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes a conversation in a model's prompt template. Text of people, pictures and earlier answers
 * goes in as IVL_TEXT_USER, so that no control token can be made from it.
 */
#include "engines/ivl-local-prompt.h"

#include <libivl/ivl-error.h>

#include "engines/ivl-answer-text.h"

typedef struct
{
  IvlNetwork *network;
  IvlPrompt  *prompt;
  guint       min_tiles;
  guint       max_tiles;
  guint       n_images; /* seen so far in the conversation */
} Builder;

GBytes *
ivl_local_prompt_cut (IvlNetwork  *network,
                      IvlImage    *image,
                      guint        min_tiles,
                      guint        max_tiles,
                      guint       *n_tiles,
                      GError     **error)
{
  guint size = network->config->vision.image_size;
  GBytes *tiles = ivl_image_cut_tiles (image, size, min_tiles, max_tiles,
                                       network->config->use_thumbnail, error);

  if (tiles != NULL)
    *n_tiles = g_bytes_get_size (tiles) / ((gsize) size * size * 3);
  return tiles;
}

static void
add_markup (Builder    *b,
            const char *text)
{
  ivl_prompt_add_text (b->prompt, IVL_TEXT_TRUSTED, text);
}

/* A single picture stands alone; from the second on they are numbered through the conversation,
 * as the models were trained ("Image-1: <image>"). */
static gboolean
add_image (Builder   *b,
           IvlImage  *image,
           gboolean   is_single,
           GError   **error)
{
  g_autoptr (GBytes) tiles = NULL;
  guint n_tiles;

  if (b->network->tiles == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s takes text only, no pictures",
                   b->network->name);
      return FALSE;
    }
  tiles = ivl_local_prompt_cut (b->network, image, b->min_tiles, b->max_tiles, &n_tiles, error);
  if (tiles == NULL)
    return FALSE;
  b->n_images++;
  if (!is_single || b->n_images > 1)
    {
      g_autofree char *number = g_strdup_printf ("Image-%u: ", b->n_images);

      add_markup (b, number);
    }
  ivl_prompt_add_picture (b->prompt, tiles, n_tiles);
  add_markup (b, "\n");
  return TRUE;
}

static guint
count_images (IvlMessage *message)
{
  guint n = 0;

  for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
    n += ivl_message_get_part_kind (message, i) == IVL_PART_IMAGE;
  return n;
}

static void
add_answer (Builder    *b,
            const char *answer)
{
  g_autofree char *clean = ivl_answer_text_clean (answer);

  ivl_prompt_add_text (b->prompt, IVL_TEXT_USER, clean);
}

static gboolean
add_parts (Builder     *b,
           IvlMessage  *message,
           GError     **error)
{
  gboolean is_single = count_images (message) == 1;

  for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
    switch (ivl_message_get_part_kind (message, i))
      {
      case IVL_PART_IMAGE:
        if (!add_image (b, ivl_message_get_part_image (message, i), is_single, error))
          return FALSE;
        break;
      case IVL_PART_PROMPT:
        add_markup (b, ivl_message_get_part_text (message, i));
        break;
      case IVL_PART_TEXT:
      default:
        if (ivl_message_get_role (message) == IVL_ROLE_ASSISTANT)
          add_answer (b, ivl_message_get_part_text (message, i));
        else
          ivl_prompt_add_text (b->prompt, IVL_TEXT_USER, ivl_message_get_part_text (message, i));
        break;
      }
  return TRUE;
}

/* The system line: the conversation's own, else the model's, else the template's. A template
 * without one has no system block then. */
static gboolean
add_system (Builder     *b,
            IvlMessage  *message,
            GError     **error)
{
  const IvlChatTemplate *chat = b->network->chat;
  const char *line = b->network->config->system_message;

  if (line == NULL)
    line = chat->system_message;
  if (message == NULL && line == NULL)
    return TRUE;
  add_markup (b, chat->system_prefix);
  if (message == NULL)
    add_markup (b, line);
  else if (!add_parts (b, message, error))
    return FALSE;
  add_markup (b, chat->end);
  return TRUE;
}

IvlPrompt *
ivl_local_prompt_new (IvlNetwork  *network,
                      GPtrArray   *messages,
                      IvlOptions  *options,
                      GError     **error)
{
  const IvlChatTemplate *chat = network->chat;
  g_autoptr (IvlPrompt) prompt = ivl_prompt_new (network);
  IvlMessage *first = messages->len > 0 ? g_ptr_array_index (messages, 0) : NULL;
  gboolean has_system = first != NULL && ivl_message_get_role (first) == IVL_ROLE_SYSTEM;
  Builder b = { .network = network, .prompt = prompt };

  if (!ivl_options_get_tile_budget (options, ivl_network_min_tiles (network),
                                    ivl_network_max_tiles (network), &b.min_tiles, &b.max_tiles,
                                    error))
    return NULL;
  if (!add_system (&b, has_system ? first : NULL, error))
    return NULL;
  for (guint i = has_system; i < messages->len; i++)
    {
      IvlMessage *message = g_ptr_array_index (messages, i);

      add_markup (&b, ivl_message_get_role (message) == IVL_ROLE_ASSISTANT ? chat->assistant_prefix
                                                                           : chat->user_prefix);
      if (!add_parts (&b, message, error))
        return NULL;
      add_markup (&b, chat->end);
    }
  add_markup (&b, chat->assistant_prefix);
  if (!ivl_prompt_finish (prompt, error))
    return NULL;
  return g_steal_pointer (&prompt);
}
