/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>
#include <libivl/ivl-message.h>
#include <libivl/ivl-options.h>
#include <libivl/ivl-token.h>

#include "engines/ivl-engine-openai.h"
#include "replay-server.h"

G_BEGIN_DECLS

/* Short limits, no patience: a test sets what it is about. */
extern const IvlRemoteTimeouts remote_fixture_timeouts;

/* A remote at a replay server; engine and model nullable. */
IvlRemote *remote_fixture_create_remote (ReplayServer *server,
                                         const char   *engine,
                                         const char   *model);
IvlEngine *remote_fixture_open (ReplayServer            *server,
                                const char              *engine,
                                const IvlRemoteTimeouts *timeouts);
/* Answers GET /v1/models with one model of that owner, and lets everything else be. */
gboolean   remote_fixture_answer_models (ReplayConnection    *connection,
                                         const ReplayRequest *request,
                                         const char          *owner);
/* A whole reply with a length; extra is header lines, each with its line end. */
gboolean   remote_fixture_send (ReplayConnection *connection,
                                guint             status,
                                const char       *extra,
                                const char       *body);
/* A short streamed answer that says text. */
gboolean   remote_fixture_send_answer (ReplayConnection *connection,
                                       const char       *text);

/* What came of a question. */
typedef struct
{
  GString   *text;
  IvlUsage   usage;
  GPtrArray *tokens; /* IvlToken */
  GError    *error;
} RemoteOutcome;

/* Asks as a session does, on a timeline of its own. options, image and cancellable are nullable. */
RemoteOutcome *remote_fixture_ask (IvlEngine    *engine,
                                   const char   *text,
                                   IvlImage     *image,
                                   IvlOptions   *options,
                                   GCancellable *cancellable);
RemoteOutcome *remote_fixture_ask_messages (IvlEngine      *engine,
                                            GPtrArray      *messages,
                                            IvlOptions     *options,
                                            IvlProgressFunc progress,
                                            gpointer        progress_data,
                                            GCancellable   *cancellable);
void           remote_outcome_free (RemoteOutcome *self);
/* Fails the test unless the question was answered so. */
void           remote_outcome_check (RemoteOutcome *self,
                                     const char    *text);
void           remote_outcome_check_error (RemoteOutcome *self,
                                           GQuark         domain,
                                           int            code,
                                           const char    *says);

/* A picture of noise. */
IvlImage      *remote_fixture_create_image (guint width,
                                            guint height);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RemoteOutcome, remote_outcome_free)

G_END_DECLS
