/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A lock that is fair, and that long work can lend to short work in between. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Who comes first is served first. Whoever holds a long turn calls ivl_turns_pause() now and then;
 * if a short turn waits, and the long one has had its share of time since it was served last, one
 * short turn is served before the long one goes on. */
typedef struct _IvlTurns IvlTurns;

typedef enum
{
  IVL_TURN_LONG,
  IVL_TURN_SHORT,
} IvlTurnKind;

/* share: a long turn pauses after that many times what the last short one took; 0: always. */
IvlTurns *ivl_turns_new (double share);
void      ivl_turns_free (IvlTurns *self);
/* Waits for a turn. FALSE with G_IO_ERROR_CANCELLED, and no turn, soon after cancellable fires. */
gboolean  ivl_turns_take (IvlTurns      *self,
                          IvlTurnKind    kind,
                          GCancellable  *cancellable,
                          GError       **error);
/* Ends the turn that the caller took. */
void      ivl_turns_give (IvlTurns *self);
/* By the thread that has the turn: costs nothing unless a short one waits. */
void      ivl_turns_pause (IvlTurns *self);
guint     ivl_turns_get_n_waiting (IvlTurns *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTurns, ivl_turns_free)

G_END_DECLS
