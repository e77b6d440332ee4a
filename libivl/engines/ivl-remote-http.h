/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* The connections to one server. They live on a thread of their own with its own main context, so
 * that requests can be made from any thread, given up at once, and run no main loop of the
 * program. HTTP/1.1 only; nothing is followed, stored, decoded, sniffed or logged. */
typedef struct _IvlRemoteHttp IvlRemoteHttp;

/* Takes neither remote nor key over; remote must outlive it. Errors: IVL_ERROR_INVALID_OPTION (a
 * key that would go readable through a network, a certificate file that cannot be read). */
IvlRemoteHttp   *ivl_remote_http_new (const IvlRemote  *remote,
                                      const char       *key,
                                      GError          **error);
/* After the last call on it is freed. */
void             ivl_remote_http_free (IvlRemoteHttp *self);
const IvlRemote *ivl_remote_http_get_remote (IvlRemoteHttp *self);
/* What a server wrote, with the key taken out: some repeat it when they refuse it (transfer
 * full). */
GString         *ivl_remote_http_hide_key (IvlRemoteHttp *self,
                                           const char    *text,
                                           gsize          n);

/* For ivl-remote-call.c: runs func once in the connections' thread. */
void             ivl_remote_http_run (IvlRemoteHttp *self,
                                      GSourceFunc    func,
                                      gpointer       data);
/* These three only in that thread. A message for the path below the server's base address
 * (transfer full). */
SoupMessage     *ivl_remote_http_create_message (IvlRemoteHttp *self,
                                                 const char    *method,
                                                 const char    *path);
SoupSession     *ivl_remote_http_get_session (IvlRemoteHttp *self);
/* Counts what has to end before the thread may. */
void             ivl_remote_http_count (IvlRemoteHttp *self,
                                        int            n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemoteHttp, ivl_remote_http_free)

G_END_DECLS
