/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-engine.h>

#include "engines/ivl-remote-call.h"
#include "engines/ivl-remote.h"
#include "wire/ivl-wire-dialect.h"

G_BEGIN_DECLS

#define IVL_TYPE_ENGINE_OPENAI (ivl_engine_openai_get_type ())

/* The engine that asks a server of the OpenAI protocol. */
G_DECLARE_FINAL_TYPE (IvlEngineOpenai, ivl_engine_openai, IVL, ENGINE_OPENAI, IvlEngine)

/* Takes the remote over. Asks the server for its models, waits while it is still loading, and
 * chooses the dialect. patience: seconds that it is waited for; -1: as usual. */
IvlEngine            *ivl_engine_openai_open (IvlRemote        *remote,
                                              int               patience,
                                              IvlProgressFunc   progress,
                                              gpointer          progress_data,
                                              GCancellable     *cancellable,
                                              GError          **error);
/* The same with other time limits (nullable: the usual ones). */
IvlEngine            *ivl_engine_openai_open_timed (IvlRemote                *remote,
                                                    const IvlRemoteTimeouts  *timeouts,
                                                    IvlProgressFunc           progress,
                                                    gpointer                  progress_data,
                                                    GCancellable             *cancellable,
                                                    GError                  **error);
/* Whether the server lists its models, and what was made of it. */
const IvlWireDialect *ivl_engine_openai_get_dialect (IvlEngineOpenai *self);
/* Requests that it may run at a time now. */
guint                 ivl_engine_openai_get_limit (IvlEngineOpenai *self);

G_END_DECLS
