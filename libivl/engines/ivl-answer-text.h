/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-options.h>
#include <libivl/ivl-usage.h>

G_BEGIN_DECLS

/* From what an engine writes to the answer alone, while it is being written: reasoning, control
 * tokens with what follows them, markup of places and white space at both ends are left out, and
 * what is no answer is a failure with a reason. Text that has been taken stays true. */
typedef struct _IvlAnswerText IvlAnswerText;

/* begins_in_thought: the model is known to reason without saying so first. */
IvlAnswerText *ivl_answer_text_new (IvlOptions *options,
                                    gboolean    begins_in_thought);
void           ivl_answer_text_free (IvlAnswerText *self);
/* Takes a piece in, whole characters of UTF-8; NUL, which a vocabulary can contain and C strings
 * cannot, becomes U+FFFD. */
void           ivl_answer_text_push (IvlAnswerText *self,
                                     const GString *piece);
/* No more text comes. IVL_ERROR_NO_ANSWER, with a reason that names the model, when there is no
 * answer in what came and the options do not allow that. */
gboolean       ivl_answer_text_end (IvlAnswerText  *self,
                                    const IvlUsage *usage,
                                    const char     *model,
                                    GError        **error);
/* The text since the last call that nothing can change any more (transfer full); NULL when there is
 * none. With IVL_ERROR_NO_ANSWER: what was taken before has turned out to be reasoning. */
char          *ivl_answer_text_take (IvlAnswerText  *self,
                                     const char     *model,
                                     GError        **error);
/* The answer as far as it is known. */
const char    *ivl_answer_text_get (IvlAnswerText *self);
/* The same with the markup of places, for regions and for the conversation that goes on. */
const char    *ivl_answer_text_get_marked (IvlAnswerText *self);
/* What was said in place of an answer, where the options know such words; else NULL. */
const char    *ivl_answer_text_get_remark (IvlAnswerText *self);
/* Whether reasoning ended that had never been said to begin. */
gboolean       ivl_answer_text_began_in_thought (IvlAnswerText *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlAnswerText, ivl_answer_text_free)

/* An earlier answer as the reference puts it back: decoded without special tokens, so without
 * region markup, and stripped (transfer full). */
char          *ivl_answer_text_clean (const char *answer);

G_END_DECLS
