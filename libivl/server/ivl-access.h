/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "server/ivl-http-head.h"

G_BEGIN_DECLS

/* Who may ask: the names under which the server may be addressed, the pages of browsers, keys, and
 * how often a wrong key may be tried. For one thread. */
typedef struct _IvlAccess IvlAccess;

/* Keys, one a line, of a file that nobody else can read; empty lines and lines that begin with '#'
 * do not count. Errors: IVL_ERROR_NOT_FOUND, IVL_ERROR_INVALID_OPTION (others can read the file, no
 * key, a key with other than printable ASCII or shorter than 16 characters), G_FILE_ERROR. No error
 * shows a key. */
gboolean   ivl_access_read_keys (const char  *path,
                                 GPtrArray  **keys,
                                 GError     **error);

/* keys (nullable): digests from ivl_access_read_keys(). host (nullable): a name or address that the
 * server listens on. is_local: only programs of this user reach it, over a Unix socket. */
IvlAccess *ivl_access_new (GPtrArray  *keys,
                           const char *host,
                           gboolean    is_local);
void       ivl_access_free (IvlAccess *self);
/* Whether a request may come from where it says it comes: its Host is one of ours, which keeps out
 * pages that let their own name point to this computer, and no browser page of another origin sent
 * it. With a key any host may be named, since such a page has none. */
gboolean   ivl_access_check_origin (IvlAccess         *self,
                                    const IvlHttpHead *head,
                                    IvlHttpRefusal    *refusal);
/* Whether the key is right. *retry_after: seconds, when too many wrong ones came from this peer. */
gboolean   ivl_access_check_key (IvlAccess         *self,
                                 const IvlHttpHead *head,
                                 const char        *peer,
                                 guint             *retry_after,
                                 IvlHttpRefusal    *refusal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlAccess, ivl_access_free)

G_END_DECLS
