/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One conversation's tokens on a network: prefill with reuse of the longest common prefix, then
 * token by token.
 *
 * Keys are cached rotated. Dynamic NTK changes the rotary base with the length beyond max_position,
 * and the reference computes a prompt that long with one base throughout, so cached keys serve a
 * new prompt only while both lie within max_position.
 */
#include "models/ivl-timeline.h"

#include <string.h>

#include "models/ivl-batch.h"
#include <libivl/ivl-error.h>

struct _IvlTimeline
{
  IvlNetwork *network;
  IvlKvCache *cache;
  GArray     *ids;       /* guint32: tokens in the cache */
  /* IvlTileKey: tiles of their picture tokens, in order; may name more than are cached */
  GArray     *tile_keys;
  gsize       n_plain;   /* leading tokens whose keys have the unscaled rotary base */
  float      *logits;    /* [vocab] */
  IvlBatchSeat seat;
};

IvlTimeline *
ivl_timeline_new (IvlNetwork *network)
{
  IvlTimeline *self = g_new0 (IvlTimeline, 1);

  self->network = network;
  self->cache = ivl_decoder_new_cache (&network->parts.decoder);
  self->ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->tile_keys = g_array_new (FALSE, FALSE, sizeof (IvlTileKey));
  return self;
}

/* The timeline's first n tokens. */
static IvlPrefixKey
key_of (IvlTimeline *self,
        gsize        n)
{
  return (IvlPrefixKey) { (const guint32 *) self->ids->data, n,
                          (const IvlTileKey *) self->tile_keys->data, self->tile_keys->len };
}

/* Keeps what is computed for other timelines; with logits where they are a prompt's. */
static void
keep (IvlTimeline *self,
      gboolean     with_logits)
{
  IvlNetwork *network = self->network;
  IvlPrefixKey key = key_of (self, self->n_plain);

  with_logits = with_logits && self->n_plain == self->ids->len;
  ivl_prefix_store_keep (network->prefixes, &key, self->cache, with_logits ? self->logits : NULL,
                         network->config->lm.vocab_size);
}

void
ivl_timeline_free (IvlTimeline *self)
{
  ivl_timeline_rest (self);
  keep (self, FALSE);
  ivl_kv_cache_free (self->cache);
  g_array_unref (self->ids);
  g_array_unref (self->tile_keys);
  g_free (self->logits);
  g_free (self);
}

float *
ivl_timeline_get_logits (IvlTimeline *self)
{
  return self->logits;
}

static gboolean
is_picture_token (const IvlNetwork *network,
                  guint32           id)
{
  return network->tiles != NULL && id == network->image_token;
}

static void
cut_back (IvlTimeline *self,
          gsize        length)
{
  ivl_kv_cache_set_length (self->cache, length);
  g_array_set_size (self->ids, length);
  self->n_plain = MIN (self->n_plain, length);
}

static void
report (const IvlTimelineWatcher *watcher,
        IvlTimelinePhase          phase,
        gsize                     done,
        gsize                     total)
{
  if (watcher != NULL && watcher->progress != NULL)
    watcher->progress (phase, done, total, watcher->data);
}

static gsize
count_picture_tokens (const IvlNetwork *network,
                      const guint32    *ids,
                      gsize             n)
{
  gsize count = 0;

  for (gsize i = 0; i < n; i++)
    count += is_picture_token (network, ids[i]);
  return count;
}

/* Features of the prompt's tiles from first_tile on: f32 [n_tiles - first_tile, tokens, H]
 * (transfer full). */
static float *
encode_tiles (IvlTimeline               *self,
              IvlPrompt                 *prompt,
              guint                      first_tile,
              const IvlTimelineWatcher  *watcher,
              IvlTimelineCost           *cost,
              GCancellable              *cancellable,
              GError                   **error)
{
  IvlNetwork *network = self->network;
  guint n_tiles = ivl_prompt_get_n_tiles (prompt);
  gsize tile_values = ivl_network_tokens_per_tile (network) * network->config->lm.hidden_size;
  g_autofree float *features = g_try_malloc_n (n_tiles - first_tile, tile_values * sizeof (float));
  gint64 start = g_get_monotonic_time ();

  if (features == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for the features of %u tiles",
                   n_tiles - first_tile);
      return NULL;
    }
  for (guint i = first_tile; i < n_tiles; i++)
    {
      gboolean encoded;
      gboolean ok;

      report (watcher, IVL_TIMELINE_TILES, i - first_tile, n_tiles - first_tile);
      if (!ivl_turns_take (network->turns, IVL_TURN_LONG, cancellable, error))
        return NULL;
      ok = ivl_network_encode_tile (network, ivl_prompt_get_tile_pixels (prompt, i),
                                    ivl_prompt_get_tile_key (prompt, i),
                                    features + (i - first_tile) * tile_values, &encoded,
                                    watcher != NULL ? watcher->trace : NULL, cancellable, error);
      ivl_turns_give (network->turns);
      if (!ok)
        return NULL;
      cost->n_tiles_encoded += encoded;
    }
  report (watcher, IVL_TIMELINE_TILES, n_tiles - first_tile, n_tiles - first_tile);
  cost->tile_seconds += (g_get_monotonic_time () - start) / 1e6;
  return g_steal_pointer (&features);
}

/* Embeddings of ids: rows of the embedding table, and one after the other the feature rows for
 * picture tokens. */
static void
embed_rows (IvlTimeline   *self,
            const guint32 *ids,
            gsize          n,
            const float  **features,
            float         *x)
{
  IvlNetwork *network = self->network;
  gsize hidden = network->config->lm.hidden_size;

  for (gsize i = 0; i < n; i++, x += hidden)
    if (is_picture_token (network, ids[i]))
      {
        memcpy (x, *features, hidden * sizeof (float));
        *features += hidden;
      }
    else
      {
        ivl_decoder_embed (&network->parts.decoder, network->ops, ids + i, 1, x);
      }
}

/* The cache has got rows for these tokens. */
static void
note_rows (IvlTimeline   *self,
           const guint32 *ids,
           gsize          n,
           gsize          total)
{
  const IvlDecoder *decoder = &self->network->parts.decoder;

  g_array_append_vals (self->ids, ids, n);
  if (self->n_plain + n == self->ids->len &&
      ivl_decoder_rope_base (decoder, total) == ivl_decoder_rope_base (decoder, 1))
    self->n_plain = self->ids->len;
}

/* Runs the rows x behind the cache; with want_logits also the head on the last of them. */
static gboolean
run_rows (IvlTimeline     *self,
          const guint32   *ids,
          float           *x,
          gsize            n,
          gsize            total,
          gboolean         want_logits,
          const IvlTrace  *trace,
          GCancellable    *cancellable,
          GError         **error)
{
  IvlNetwork *network = self->network;
  const IvlDecoder *decoder = &network->parts.decoder;
  IvlDecoderPart part = { self->cache, n, total };

  if (!ivl_decoder_forward (decoder, network->ops, &part, 1, x, trace, cancellable, error))
    return FALSE;
  if (want_logits)
    {
      ivl_decoder_logits (decoder, network->ops, x + (n - 1) * decoder->config.hidden_size, 1,
                          self->logits);
      if (!ivl_network_check_output (network, self->logits, decoder->config.vocab_size, error))
        {
          ivl_kv_cache_set_length (self->cache, self->ids->len);
          return FALSE;
        }
    }
  note_rows (self, ids, n, total);
  return TRUE;
}

static gboolean
prefill_rows (IvlTimeline               *self,
              IvlPrompt                 *prompt,
              const float               *features,
              const IvlTimelineWatcher  *watcher,
              GCancellable              *cancellable,
              GError                   **error)
{
  IvlNetwork *network = self->network;
  gsize start = self->ids->len;
  gsize n_ids;
  const guint32 *ids = ivl_prompt_get_ids (prompt, &n_ids);
  gsize max_rows = MIN (n_ids - start, IVL_DECODER_MAX_ROWS);
  g_autofree float *x = g_try_malloc_n (max_rows * network->config->lm.hidden_size, sizeof (float));

  if (x == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for reading %" G_GSIZE_FORMAT " tokens", max_rows);
      return FALSE;
    }
  for (gsize i = start; i < n_ids; i += max_rows)
    {
      gsize n = MIN (n_ids - i, max_rows);
      gboolean ok;

      report (watcher, IVL_TIMELINE_PREFILL, i - start, n_ids - start);
      if (!ivl_turns_take (network->turns, IVL_TURN_LONG, cancellable, error))
        return FALSE;
      embed_rows (self, ids + i, n, &features, x);
      ok = run_rows (self, ids + i, x, n, n_ids, i + n == n_ids,
                     watcher != NULL ? watcher->trace : NULL, cancellable, error);
      ivl_turns_give (network->turns);
      if (!ok)
        return FALSE;
    }
  report (watcher, IVL_TIMELINE_PREFILL, n_ids - start, n_ids - start);
  return TRUE;
}

/* Computes the prompt from the end of the cache on. */
static gboolean
compute (IvlTimeline               *self,
         IvlPrompt                 *prompt,
         const IvlTimelineWatcher  *watcher,
         IvlTimelineCost           *cost,
         GCancellable              *cancellable,
         GError                   **error)
{
  gsize per_tile = ivl_network_tokens_per_tile (self->network);
  gsize start = self->ids->len, n_ids;
  const guint32 *ids = ivl_prompt_get_ids (prompt, &n_ids);
  g_autofree float *features = NULL;
  const float *next = NULL;
  gint64 begin;

  if (count_picture_tokens (self->network, ids + start, n_ids - start) > 0)
    {
      gsize n_done = count_picture_tokens (self->network, ids, start);

      features = encode_tiles (self, prompt, n_done / per_tile, watcher, cost, cancellable, error);
      if (features == NULL)
        return FALSE;
      next = features + n_done % per_tile * self->network->config->lm.hidden_size;
    }
  begin = g_get_monotonic_time ();
  if (!prefill_rows (self, prompt, next, watcher, cancellable, error))
    return FALSE;
  cost->prefill_seconds += (g_get_monotonic_time () - begin) / 1e6;
  return TRUE;
}

/* Takes over tokens that another timeline has computed, at most to the one before the last: its
 * logits are wanted, unless they were kept as well. Without memory nothing is taken over. */
static void
take_over (IvlTimeline        *self,
           const IvlPrefixKey *wanted,
           GCancellable       *cancellable)
{
  gsize own = self->ids->len;
  gsize n;
  g_autoptr (IvlPrefix) found =
      ivl_prefix_store_begin (self->network->prefixes, wanted, own, &n, cancellable);
  const float *logits;

  if (found == NULL)
    return;
  logits = n == wanted->n_ids ? ivl_prefix_get_logits (found, n) : NULL;
  if (logits == NULL)
    n = MIN (n, wanted->n_ids - 1);
  if (n <= own || !ivl_kv_cache_reserve (self->cache, n, NULL))
    return;
  ivl_prefix_copy (found, self->cache, own, n);
  if (logits != NULL)
    memcpy (self->logits, logits, self->network->config->lm.vocab_size * sizeof (float));
  note_rows (self, wanted->ids + own, n - own, n);
}

/* Cuts the cache back to what serves the prompt, and adds what is kept of others. */
static void
reuse (IvlTimeline  *self,
       IvlPrompt    *prompt,
       GArray       *tile_keys,
       IvlPrefixKey *wanted,
       GCancellable *cancellable)
{
  const IvlDecoder *decoder = &self->network->parts.decoder;
  IvlPrefixKey own = key_of (self, self->ids->len);
  gboolean is_plain;
  gsize n;

  wanted->ids = ivl_prompt_get_ids (prompt, &wanted->n_ids);
  wanted->tiles = (const IvlTileKey *) tile_keys->data;
  wanted->n_tiles = tile_keys->len;
  is_plain =
      ivl_decoder_rope_base (decoder, wanted->n_ids) == ivl_decoder_rope_base (decoder, 1);
  n = ivl_prefix_store_compare (self->network->prefixes, &own, wanted);
  /* The last token is computed unless its logits are kept. */
  cut_back (self, is_plain ? MIN (MIN (n, self->n_plain), wanted->n_ids - 1) : 0);
  if (is_plain)
    take_over (self, wanted, cancellable);
}

static GArray *
list_tile_keys (IvlPrompt *prompt)
{
  GArray *keys = g_array_new (FALSE, FALSE, sizeof (IvlTileKey));

  for (guint i = 0; i < ivl_prompt_get_n_tiles (prompt); i++)
    g_array_append_vals (keys, ivl_prompt_get_tile_key (prompt, i), 1);
  return keys;
}

gboolean
ivl_timeline_prefill (IvlTimeline              *self,
                      IvlPrompt                *prompt,
                      const IvlTimelineWatcher *watcher,
                      IvlTimelineCost          *cost,
                      GCancellable             *cancellable,
                      GError                  **error)
{
  IvlPrefixStore *prefixes = self->network->prefixes;
  GArray *tile_keys;
  IvlPrefixKey wanted;
  gboolean ok;

  if (self->logits == NULL)
    self->logits = g_try_malloc_n (self->network->config->lm.vocab_size, sizeof (float));
  if (self->logits == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for an answer");
      return FALSE;
    }
  ivl_timeline_rest (self);
  tile_keys = list_tile_keys (prompt);
  reuse (self, prompt, tile_keys, &wanted, cancellable);
  g_array_unref (self->tile_keys);
  self->tile_keys = tile_keys;
  cost->n_cached = self->ids->len;
  ok = self->ids->len == wanted.n_ids ||
       compute (self, prompt, watcher, cost, cancellable, error);
  if (ok)
    keep (self, cost->n_cached < wanted.n_ids);
  ivl_prefix_store_end (prefixes, &wanted);
  return ok;
}

gboolean
ivl_timeline_append (IvlTimeline   *self,
                     guint32        id,
                     GCancellable  *cancellable,
                     GError       **error)
{
  IvlBatchToken token = { &self->seat, self->cache, id, self->logits };

  if (!ivl_batch_run (self->network->batch, &token, cancellable, error))
    return FALSE;
  note_rows (self, &id, 1, self->ids->len + 1);
  return TRUE;
}

void
ivl_timeline_rest (IvlTimeline *self)
{
  ivl_batch_leave (self->network->batch, &self->seat);
}
