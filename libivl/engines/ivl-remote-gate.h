/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Holds back requests to a server so that it gets as many at a time as it can take: one more for
 * each round that goes well, half as many when it says that it is busy. Used from any thread. */
typedef struct _IvlRemoteGate IvlRemoteGate;

/* What entering gave: to be handed back once. */
typedef guint IvlRemoteTicket;

IvlRemoteGate  *ivl_remote_gate_new (guint max_running);
void            ivl_remote_gate_free (IvlRemoteGate *self);
/* Waits for a place, at most max_seconds. FALSE with IVL_ERROR_BUSY or G_IO_ERROR_CANCELLED. */
gboolean        ivl_remote_gate_enter (IvlRemoteGate    *self,
                                       guint             max_seconds,
                                       IvlRemoteTicket  *ticket,
                                       GCancellable     *cancellable,
                                       GError          **error);
typedef enum
{
  IVL_REMOTE_WENT_WELL,
  IVL_REMOTE_WAS_BUSY,
  IVL_REMOTE_WENT_WRONG, /* says nothing about how busy the server is */
} IvlRemoteOutcome;

void            ivl_remote_gate_leave (IvlRemoteGate    *self,
                                       IvlRemoteTicket   ticket,
                                       IvlRemoteOutcome  outcome);
/* Requests that may run at a time now. */
guint           ivl_remote_gate_get_limit (IvlRemoteGate *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemoteGate, ivl_remote_gate_free)

G_END_DECLS
