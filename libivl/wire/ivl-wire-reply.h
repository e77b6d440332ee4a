/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-types.h>
#include <libivl/ivl-usage.h>

#include "wire/ivl-wire-token.h"

G_BEGIN_DECLS

/* What a server answers to a chat completion request. All functions return JSON text (transfer
 * full). */

typedef struct
{
  const char *id;      /* "chatcmpl-..." */
  gint64      created; /* seconds since 1970 */
  const char *model;
} IvlWireReplyHead;

/* One answer of a request. */
typedef struct
{
  const char     *text;
  IvlFinishReason reason;
  GPtrArray      *tokens; /* IvlWireToken; (nullable): no logprobs wanted */
} IvlWireChoice;

/* Chunks of a stream. */
char *ivl_wire_chunk_role (const IvlWireReplyHead *head,
                           guint                   index);
char *ivl_wire_chunk_text (const IvlWireReplyHead *head,
                           guint                   index,
                           const char             *text,
                           GPtrArray              *tokens);
char *ivl_wire_chunk_finish (const IvlWireReplyHead *head,
                             guint                   index,
                             IvlFinishReason         reason);
/* choices:[] and the usage of all answers; with tiles, and IVL_FINISH_REPETITION is "stop". */
char *ivl_wire_chunk_usage (const IvlWireReplyHead *head,
                            const IvlUsage         *usage);
/* The whole answer at once. */
char *ivl_wire_completion (const IvlWireReplyHead *head,
                           const IvlWireChoice    *choices,
                           guint                   n_choices,
                           const IvlUsage         *usage);

G_END_DECLS
