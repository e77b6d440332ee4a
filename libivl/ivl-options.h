/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>
#include <libivl/ivl-types.h>

G_BEGIN_DECLS

#define IVL_TYPE_OPTIONS (ivl_options_get_type ())

/**
 * IvlOptions:
 *
 * How to answer: sampling, limits and the tile budget. All are properties; a value out of its range
 * is refused, never bent.
 *
 * | property | type | default | meaning |
 * |---|---|---|---|
 * | max-tokens | uint | 0 | longest answer in tokens; 0: the task's or 1024 |
 * | temperature | double | 0.0 | 0 is greedy: always the likeliest token |
 * | top-k | uint | 0 | sample among the k likeliest; 0: all |
 * | top-p | double | 1.0 | sample among the likeliest that add up to p |
 * | repetition-penalty | double | 1.0 | above 1 makes tokens already seen less likely |
 * | seed | uint64 | 0 | the same seed gives the same text |
 * | stop | strv | none | strings that end the answer; they are not part of it |
 * | min-tiles, max-tiles | uint | 0 | tile budget of each picture; 0: the task's or the model's |
 * | detect-repetition | boolean | TRUE | stop when the answer repeats itself without end |
 * | top-logprobs | int | -1 | alternatives told with each token's probability; -1: nothing told |
 * | json-schema | string | NULL | the answer is JSON that this schema describes |
 * | patience | uint | 0 | seconds a server may be away or busy; 0: 60 |
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlOptions, ivl_options, IVL, OPTIONS, GObject)

IVL_AVAILABLE_IN_ALL
IvlOptions *ivl_options_new (void);
IVL_AVAILABLE_IN_ALL
IvlOptions *ivl_options_copy (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_options_set_string (IvlOptions  *self,
                                 const char  *name,
                                 const char  *value,
                                 GError     **error);
IVL_AVAILABLE_IN_ALL
guint ivl_options_get_max_tokens (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
double ivl_options_get_temperature (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
guint ivl_options_get_top_k (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
double ivl_options_get_top_p (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
double ivl_options_get_repetition_penalty (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
guint64 ivl_options_get_seed (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
const char * const *ivl_options_get_stop (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
guint ivl_options_get_min_tiles (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
guint ivl_options_get_max_tiles (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_options_get_tile_budget (IvlOptions  *self,
                                      guint        model_min,
                                      guint        model_max,
                                      guint       *min_tiles,
                                      guint       *max_tiles,
                                      GError     **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_options_get_detect_repetition (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
int ivl_options_get_top_logprobs (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_options_get_json_schema (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
int ivl_options_get_patience (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
const char * const *ivl_options_get_nothing (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_options_get_keep_regions (IvlOptions *self);
IVL_AVAILABLE_IN_ALL
gboolean ivl_options_get_raw (IvlOptions *self);

G_END_DECLS
