/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The socket that a server listens on. */
typedef struct
{
  GSocket *socket;
  char    *host;        /* as it was given; NULL for a Unix socket */
  guint    port;        /* 0 for a Unix socket */
  gboolean is_loopback; /* only this computer reaches it */
  char    *path;        /* of a Unix socket, removed at the end; (nullable) */
  int      lock;        /* descriptor of the file that is locked meanwhile, or -1 */
} IvlEndpoint;

/* HOST:PORT, with brackets around an IPv6 address; port 0 takes a free one. Errors:
 * IVL_ERROR_INVALID_OPTION (no such form), IVL_ERROR_BUSY (the port is taken), G_IO_ERROR. */
IvlEndpoint *ivl_endpoint_listen_tcp (const char    *address,
                                      GCancellable  *cancellable,
                                      GError       **error);
/* Listens on a path that only this user reaches, and locks the file beside it (serve.sock:
 * serve.lock), so that a socket that is left over can be told from one that is in use. Errors:
 * IVL_ERROR_BUSY (another server has it), IVL_ERROR_INVALID_OPTION (too long, or something else is
 * there), G_IO_ERROR, G_FILE_ERROR. note (nullable): what that file holds meanwhile. */
IvlEndpoint *ivl_endpoint_listen_unix (const char  *path,
                                       const char  *note,
                                       GError     **error);
/* Takes over a socket that listens already; it is left as it is at the end. address (nullable):
 * what it is bound to, as for ivl_endpoint_listen_tcp(). */
IvlEndpoint *ivl_endpoint_adopt (int          fd,
                                 const char  *address,
                                 GError     **error);
/* "http://127.0.0.1:8080/v1" or "unix:PATH" (transfer full). */
char        *ivl_endpoint_to_string (IvlEndpoint *self);
void         ivl_endpoint_free (IvlEndpoint *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlEndpoint, ivl_endpoint_free)

G_END_DECLS
