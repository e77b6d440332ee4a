/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>
#include <libivl/ivl-types.h>

#include "wire/ivl-wire-dialect.h"
#include "wire/ivl-wire-progress.h"
#include "wire/ivl-wire-token.h"

G_BEGIN_DECLS

/* What an engine answers to a streamed chat completion, taken from the bytes of the body. It counts
 * only when the engine said that it is finished (`stop`, `length` or a known synonym): everything
 * else, and every end before that, is a failure with a reason. */
typedef struct _IvlWireAnswer IvlWireAnswer;

#define IVL_WIRE_MAX_TEXT (16 << 20)

typedef struct
{
  gint64  n_prompt_tokens; /* -1: not told, and so below */
  gint64  n_cached_tokens;
  gint64  n_answer_tokens;
  gint64  n_tiles;         /* ivl serve only */
  gint64  n_tiles_encoded;
} IvlWireUsage;

/* dialect may be NULL; it must outlive the answer. */
IvlWireAnswer *ivl_wire_answer_new (const IvlWireDialect *dialect);
void           ivl_wire_answer_free (IvlWireAnswer *self);

/* Takes bytes of the body and appends the new text, whole UTF-8 characters, to text. Bytes after
 * [DONE] are ignored. Errors: IVL_ERROR_REMOTE_FAILED (the engine reports a failure; the message
 * is its own, made safe), IVL_ERROR_REMOTE_PROTOCOL (no events of this protocol),
 * IVL_ERROR_NO_ANSWER (a call of a tool), IVL_ERROR_CONTEXT_FULL, IVL_ERROR_UNSUPPORTED as
 * ivl_wire_error_from_body() tells them apart. */
gboolean       ivl_wire_answer_push (IvlWireAnswer  *self,
                                     const char     *bytes,
                                     gsize           n,
                                     GString        *text,
                                     GError        **error);
/* The body has ended. FALSE with IVL_ERROR_REMOTE_FAILED ("cut off") unless it is finished.
 * Appends what was held back of the text. */
gboolean       ivl_wire_answer_end (IvlWireAnswer  *self,
                                    GString        *text,
                                    GError        **error);
/* Whether the finish reason has come: an end of the body is no failure from there on. */
gboolean       ivl_wire_answer_is_finished (IvlWireAnswer *self);
/* Whether [DONE] has come, so that nothing is to be waited for. */
gboolean       ivl_wire_answer_is_done (IvlWireAnswer *self);
/* Whether content has come (white space counts): from there on nothing may be retried. */
gboolean       ivl_wire_answer_has_content (IvlWireAnswer *self);
/* Whether the engine has told what the model thinks, beside the answer. */
gboolean       ivl_wire_answer_has_reasoned (IvlWireAnswer *self);
IvlFinishReason ivl_wire_answer_get_finish_reason (IvlWireAnswer *self);
/* The model's name as the engine gives it, made safe to show; NULL when it gave none. */
const char    *ivl_wire_answer_get_model (IvlWireAnswer *self);
void           ivl_wire_answer_get_usage (IvlWireAnswer *self,
                                          IvlWireUsage  *usage);
/* How far the answer is, if that has been told since the last call. */
gboolean       ivl_wire_answer_take_progress (IvlWireAnswer   *self,
                                              IvlWireProgress *progress);
/* The tokens with their probabilities that have come since the last call: IvlWireToken (transfer
 * full), empty unless they were asked for. At most IVL_WIRE_MAX_TOKENS wait. */
#define IVL_WIRE_MAX_TOKENS 65536
GPtrArray     *ivl_wire_answer_take_tokens (IvlWireAnswer *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlWireAnswer, ivl_wire_answer_free)

G_END_DECLS
