/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-model.h>
#include <libivl/ivl-session.h>

#include "wire/ivl-wire-request.h"

G_BEGIN_DECLS

/* A request in the library's own terms: what was said, and how to answer. */
typedef struct
{
  GPtrArray  *history; /* IvlMessage, all but the last */
  IvlMessage *question;
  IvlOptions *options;
  guint64     seed;    /* of the first answer; the next ones count up */
} IvlChatRequest;

/* Why a request cannot be answered: what ivl_chat_output_fail() takes. */
typedef struct
{
  guint       status;
  char       *message;
  char       *param; /* (nullable) */
  const char *code;  /* (nullable) */
} IvlChatFailure;

void            ivl_chat_failure_clear (IvlChatFailure *self);
/* What an error that the engine reports means for the client. */
void            ivl_chat_failure_set_from_error (IvlChatFailure *self,
                                                 const GError   *error);

/* Checks what can be told without the pictures. */
gboolean        ivl_chat_request_check (const IvlWireRequest *wire,
                                        IvlModel             *model,
                                        IvlChatFailure       *failure);
/* Decodes the pictures, few requests at a time, and keeps only their tiles. Takes the pictures out
 * of wire as it goes. NULL with failure set, or cancelled with none. */
IvlChatRequest *ivl_chat_request_new (IvlWireRequest *wire,
                                      IvlModel       *model,
                                      GCancellable   *cancellable,
                                      IvlChatFailure *failure);
void            ivl_chat_request_free (IvlChatRequest *self);
/* Options of answer `index` (transfer full). */
IvlOptions     *ivl_chat_request_make_options (IvlChatRequest *self,
                                               guint           index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlChatRequest, ivl_chat_request_free)

G_END_DECLS
