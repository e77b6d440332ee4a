/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <libivl/ivl-types.h>

G_BEGIN_DECLS

/* How far an answer is: ivl serve tells it in events of a type of their own to whoever asks for
 * them with stream_options.ivl_progress. A client that does not gets comment lines. */
#define IVL_WIRE_PROGRESS_EVENT "ivl.progress"

typedef struct
{
  IvlPhase phase; /* of what a server does: IVL_PHASE_QUEUE, _TILES, _PREFILL or _DECODE */
  guint64  done;
  guint64  total; /* 0: not known */
} IvlWireProgress;

/* The event's data: {"phase":"tiles","done":3,"total":13} (transfer full) */
char    *ivl_wire_progress_to_json (const IvlWireProgress *self);
/* FALSE: no progress, or one of a later version's phases; it is passed over. */
gboolean ivl_wire_progress_read (IvlWireProgress *self,
                                 const json_t    *root);

G_END_DECLS
