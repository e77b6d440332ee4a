/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-types.h>

G_BEGIN_DECLS

/**
 * IvlUsage:
 * @n_prompt_tokens: tokens of the whole prompt, picture tokens included
 * @n_cached_tokens: of these, tokens whose keys and values were still there from before
 * @n_answer_tokens: tokens generated so far
 * @n_tiles: picture tiles in the prompt
 * @n_tiles_encoded: of these, tiles that had to be encoded
 * @tile_seconds: time spent encoding tiles
 * @prefill_seconds: time spent reading the prompt
 * @decode_seconds: time spent generating
 * @finish_reason: how the answer ended
 * @has_reasoned: whether the engine tells of reasoning beside the answer; its tokens count as the
 *   answer's
 *
 * What an answer cost. Filled by an engine while it works.
 */
typedef struct
{
  guint           n_prompt_tokens;
  guint           n_cached_tokens;
  guint           n_answer_tokens;
  guint           n_tiles;
  guint           n_tiles_encoded;
  double          tile_seconds;
  double          prefill_seconds;
  double          decode_seconds;
  IvlFinishReason finish_reason;
  gboolean        has_reasoned;
} IvlUsage;

G_END_DECLS
