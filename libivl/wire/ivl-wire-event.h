/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>
#include <libivl/ivl-types.h>

#include "wire/ivl-wire-dialect.h"

G_BEGIN_DECLS

/* What parts of an engine's stream mean, taken by themselves. */

/* What LMDeploy 0.7 gave as the answer when it had failed. */
#define IVL_WIRE_FAILURE_TEXT "internal error happened"

typedef enum
{
  IVL_WIRE_BODY_UNKNOWN, /* nothing but line ends so far */
  IVL_WIRE_BODY_EVENTS,
  IVL_WIRE_BODY_OTHER,   /* JSON, HTML or plain text: no answer, collected for its message */
} IvlWireBodyKind;

/* The kind of a body that begins so; unknown as long as a name could still become a field's. */
IvlWireBodyKind ivl_wire_event_look_at_body (const char *start,
                                             gsize       n);
/* Whether an event's data is [DONE]. */
gboolean        ivl_wire_event_is_done (const char *data,
                                        gsize       n);
/* Whether an event reports an error, in any of the shapes that engines have. */
gboolean        ivl_wire_event_is_error (const json_t *root,
                                         const char   *event);
/* Whether text can still become IVL_WIRE_FAILURE_TEXT, white space around it aside. */
gboolean        ivl_wire_event_is_failure_so_far (const char *text);
/* IVL_FINISH_NONE with an error for every reason but those of an answer. */
IvlFinishReason ivl_wire_event_read_reason (const char            *reason,
                                            const IvlWireDialect  *dialect,
                                            GError               **error);

G_END_DECLS
