/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* The user's own `ivl serve` on its socket ($XDG_RUNTIME_DIR/ivl/serve.sock, folder of mode 0700).
 * Next to it lie start.lock, which a starter holds, serve.lock, which the service holds and which
 * names its model's folder, and serve.log, what the service wrote since it was started. Which
 * program it is: ivl-service-program.h; how long it waits for requests: [service] idle-exit in
 * ivl.conf. */

/* Makes sure that the service of remote (is_service) answers: starts it if it does not, one starter
 * at a time, and waits until /health is 200. One that has another model than remote->served and
 * nothing to do is ended first. Progress is IVL_PHASE_LOAD. Errors: IVL_ERROR_REMOTE_UNREACHABLE
 * with what the service wrote before it died, IVL_ERROR_BUSY when it works with another model,
 * IVL_ERROR_NOT_FOUND when the wanted one is no folder, IVL_ERROR_INVALID_DATA for the
 * configuration file. */
gboolean ivl_service_ensure (const IvlRemote  *remote,
                             IvlProgressFunc   progress,
                             gpointer          progress_data,
                             GCancellable     *cancellable,
                             GError          **error);
/* Path of the socket (transfer full); creates the folder. Errors: plain file errors, and
 * IVL_ERROR_UNSUPPORTED when others could write the folder. */
char    *ivl_service_get_socket (GError **error);

typedef enum
{
  IVL_SERVICE_ABSENT,  /* nobody listens */
  IVL_SERVICE_SILENT,  /* somebody listens and does not answer in time */
  IVL_SERVICE_LOADING, /* an answer other than 200 */
  IVL_SERVICE_READY,
} IvlServiceState;

/* Asks /health at the socket, which takes 2 s at most. */
IvlServiceState ivl_service_get_state (const char   *socket,
                                       GCancellable *cancellable);

G_END_DECLS
