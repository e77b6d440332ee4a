/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-options.h>
#include <libivl/ivl-token.h>
#include <libivl/ivl-usage.h>

#include "lm/ivl-json-vocabulary.h"
#include "models/ivl-timeline.h"

G_BEGIN_DECLS

/* One answer being generated on a timeline whose prompt has been read. */
typedef struct _IvlLocalAnswer IvlLocalAnswer;

/* vocabulary is for options with a JSON schema, else NULL; it outlives the answer. */
IvlLocalAnswer *ivl_local_answer_new (IvlNetwork               *network,
                                      IvlTimeline              *timeline,
                                      IvlOptions               *options,
                                      guint                     max_tokens,
                                      const IvlJsonVocabulary  *vocabulary,
                                      GError                  **error);
void            ivl_local_answer_free (IvlLocalAnswer *self);
/* Generates one token. Appends to text what can be shown for good, in whole characters, without
 * white space at either end of the answer; appends the ids it came from to ids (nullable).
 * Updates usage's answer tokens, seconds and, at the end, finish reason. */
gboolean        ivl_local_answer_advance (IvlLocalAnswer  *self,
                                          GString         *text,
                                          GArray          *ids,
                                          IvlUsage        *usage,
                                          GCancellable    *cancellable,
                                          GError         **error);
/* Moves to the array, as IvlToken, the tokens that have become part of the answer since the last
 * call, where the options want their probabilities. */
void            ivl_local_answer_take_tokens (IvlLocalAnswer *self,
                                              GPtrArray      *tokens);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlLocalAnswer, ivl_local_answer_free)

G_END_DECLS
