/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/ivl-access.h"
#include "server/ivl-chat.h"
#include "server/ivl-http-server.h"

G_BEGIN_DECLS

/* What the server answers to which request: who may ask what, and who answers it. For the thread
 * of the connections. */
typedef struct _IvlRoutes IvlRoutes;

/* Everything is borrowed. max_body: bytes of a request's body that are taken. */
IvlRoutes     *ivl_routes_new (IvlAccess  *access,
                               IvlChat    *chat,
                               IvlMetrics *metrics,
                               guint64     max_body);
void           ivl_routes_free (IvlRoutes *self);
IvlHttpServer *ivl_routes_serve (IvlRoutes    *self,
                                 GSocket      *listener,
                                 GMainContext *context);
/* Since when nothing was asked, in monotonic time (µs); asking whether the server is well does not
 * count. */
gint64         ivl_routes_get_idle_since (IvlRoutes *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRoutes, ivl_routes_free)

G_END_DECLS
