/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

/**
 * IvlRole:
 * @IVL_ROLE_SYSTEM: replaces the model's own system line
 * @IVL_ROLE_USER: a question
 * @IVL_ROLE_ASSISTANT: an answer
 *
 * Who speaks in a message.
 */
typedef enum
{
  IVL_ROLE_SYSTEM,
  IVL_ROLE_USER,
  IVL_ROLE_ASSISTANT,
} IvlRole;

/**
 * IvlFinishReason:
 * @IVL_FINISH_NONE: the reply is not finished
 * @IVL_FINISH_STOP: the model ended its answer, or a stop string was met
 * @IVL_FINISH_LENGTH: the token limit was reached; the text is cut
 * @IVL_FINISH_REPETITION: the model repeated itself without end; the text stops where the loop
 *   begins
 *
 * How a reply ended. Failures are errors, not finish reasons.
 */
typedef enum
{
  IVL_FINISH_NONE,
  IVL_FINISH_STOP,
  IVL_FINISH_LENGTH,
  IVL_FINISH_REPETITION,
} IvlFinishReason;

/**
 * IvlPhase:
 * @IVL_PHASE_LOAD: opening the model, in bytes
 * @IVL_PHASE_TILES: encoding picture tiles, in tiles
 * @IVL_PHASE_PREFILL: reading the prompt, in tokens
 * @IVL_PHASE_DECODE: writing the answer, in tokens; the total is the limit
 * @IVL_PHASE_WAIT: waiting for a server that loads, is busy or does not answer, in seconds
 * @IVL_PHASE_UPLOAD: sending the question to a server, in bytes
 * @IVL_PHASE_QUEUE: waiting for other questions to a server; done is the place in its queue, 1 for
 *   the next one, and total how many wait there
 *
 * What a progress report counts.
 */
typedef enum
{
  IVL_PHASE_LOAD,
  IVL_PHASE_TILES,
  IVL_PHASE_PREFILL,
  IVL_PHASE_DECODE,
  IVL_PHASE_WAIT,
  IVL_PHASE_UPLOAD,
  IVL_PHASE_QUEUE,
} IvlPhase;

/**
 * IvlProgressFunc:
 * @phase: what is being done
 * @done: units finished, of @total
 * @total: units in all
 * @user_data: as given with the function
 *
 * Reports progress. From a sync call it is called in the calling thread; from an async call in the
 * main context that was the thread's default when the call was made.
 */
typedef void (*IvlProgressFunc) (IvlPhase phase,
                                 guint64  done,
                                 guint64  total,
                                 gpointer user_data);

IVL_AVAILABLE_IN_ALL
const char *ivl_finish_reason_to_string (IvlFinishReason reason);

G_END_DECLS
