/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tells the service that listens at socket to end (SIGTERM), if it is a process of this user that
 * holds serve.lock in folder: never another one, not even when the service dies meanwhile and its
 * number is given to another. TRUE also when nobody listens any more. Errors: IVL_ERROR_BUSY when
 * it was not started as the user's service. */
gboolean ivl_service_end (const char  *socket,
                          const char  *folder,
                          GError     **error);

G_END_DECLS
