/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Puts text and picture tiles together into the token ids of a prompt.
 */
#include "models/ivl-prompt.h"

#include <string.h>

#include <libivl/ivl-error.h>

typedef struct
{
  IvlTileKey    key;
  const guint8 *pixels; /* in one of the pictures */
} Tile;

struct _IvlPrompt
{
  const IvlNetwork *network;
  GPtrArray        *pictures; /* GBytes */
  GArray           *tiles;    /* Tile */
  GArray           *ids;      /* guint32 */
  GArray           *spans;    /* IvlTextSpan, text not yet tokenised; each text is owned */
  gboolean          has_stray_token;
};

static void
span_clear (gpointer data)
{
  IvlTextSpan *span = data;

  g_free ((char *) span->text);
}

IvlPrompt *
ivl_prompt_new (const IvlNetwork *network)
{
  IvlPrompt *self = g_new0 (IvlPrompt, 1);
  gint32 bos = ivl_tokenizer_get_bos (network->tokenizer);

  self->network = network;
  self->pictures = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->tiles = g_array_new (FALSE, FALSE, sizeof (Tile));
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->spans = g_array_new (FALSE, FALSE, sizeof (IvlTextSpan));
  g_array_set_clear_func (self->spans, span_clear);
  if (bos >= 0)
    {
      guint32 id = bos;

      g_array_append_val (self->ids, id);
    }
  return self;
}

void
ivl_prompt_free (IvlPrompt *self)
{
  g_ptr_array_unref (self->pictures);
  g_array_unref (self->tiles);
  g_array_unref (self->ids);
  g_array_unref (self->spans);
  g_free (self);
}

void
ivl_prompt_add_text (IvlPrompt   *self,
                     IvlTextKind  kind,
                     const char  *text)
{
  IvlTextSpan span = { g_strdup (text), strlen (text), kind };

  g_array_append_val (self->spans, span);
}

/* Picture tokens separate text as every added token does, so text up to one can be tokenised on
 * its own. */
static void
tokenize_spans (IvlPrompt *self)
{
  guint first = self->ids->len;

  ivl_tokenizer_encode (self->network->tokenizer, (const IvlTextSpan *) self->spans->data,
                        self->spans->len, self->ids);
  g_array_set_size (self->spans, 0);
  if (self->network->family->projector_prefix == NULL)
    return;
  for (guint i = first; i < self->ids->len; i++)
    if (g_array_index (self->ids, guint32, i) == self->network->image_token)
      self->has_stray_token = TRUE;
}

void
ivl_prompt_add_picture (IvlPrompt *self,
                        GBytes    *pixels,
                        guint      n_tiles)
{
  const IvlNetwork *network = self->network;
  const guint8 *data = g_bytes_get_data (pixels, NULL);
  gsize tile_bytes = g_bytes_get_size (pixels) / n_tiles;
  gsize n_tokens = n_tiles * ivl_network_tokens_per_tile (network);

  tokenize_spans (self);
  g_ptr_array_add (self->pictures, g_bytes_ref (pixels));
  for (guint i = 0; i < n_tiles; i++)
    {
      Tile tile = { .pixels = data + i * tile_bytes };

      ivl_tile_key_compute (tile.pixels, tile_bytes, &tile.key);
      g_array_append_val (self->tiles, tile);
    }
  g_array_append_val (self->ids, network->image_start);
  for (gsize i = 0; i < n_tokens; i++)
    g_array_append_val (self->ids, network->image_token);
  g_array_append_val (self->ids, network->image_end);
}

gboolean
ivl_prompt_finish (IvlPrompt  *self,
                   GError    **error)
{
  tokenize_spans (self);
  if (self->has_stray_token)
    {
      g_set_error_literal (
          error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
          "A prompt cannot contain the token <IMG_CONTEXT>, which stands for a picture");
      return FALSE;
    }
  return TRUE;
}

const guint32 *
ivl_prompt_get_ids (IvlPrompt *self,
                    gsize     *n_ids)
{
  *n_ids = self->ids->len;
  return (const guint32 *) self->ids->data;
}

guint
ivl_prompt_get_n_tiles (IvlPrompt *self)
{
  return self->tiles->len;
}

const IvlTileKey *
ivl_prompt_get_tile_key (IvlPrompt *self,
                         guint      index)
{
  return &g_array_index (self->tiles, Tile, index).key;
}

const guint8 *
ivl_prompt_get_tile_pixels (IvlPrompt *self,
                            guint      index)
{
  return g_array_index (self->tiles, Tile, index).pixels;
}
