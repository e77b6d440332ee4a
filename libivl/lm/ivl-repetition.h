/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Notices that an answer repeats itself without end. Positions count the answer's own tokens from
 * 0. */
typedef struct _IvlRepetition IvlRepetition;

IvlRepetition *ivl_repetition_new (void);
void           ivl_repetition_free (IvlRepetition *self);

/* Takes the answer's next token. TRUE once a loop has been found, and ever after. Constant time. */
gboolean       ivl_repetition_push (IvlRepetition *self,
                                    guint32        id);

/* When a loop has been found: how many tokens of the answer are worth keeping, all before the loop
 * and its first round. Before: the number of tokens pushed. */
gsize          ivl_repetition_get_n_kept (IvlRepetition *self);

/* How many tokens can be shown for good: no loop found later will be cut before this. It never goes
 * back. Who shows only these tokens while the answer is made never has to take text back; it lags
 * by the length of whatever the answer says again at this moment, mostly one or two tokens. At the
 * end of an answer without a loop, all tokens count. */
gsize          ivl_repetition_get_n_safe (IvlRepetition *self);

/* Tokens of one round of the loop; 0 before one is found. */
guint          ivl_repetition_get_period (IvlRepetition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRepetition, ivl_repetition_free)

G_END_DECLS
