/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* Finds the API key for a remote: the environment variable IVL_API_KEY, the remote's key file
 * (mode 0600 or stricter, one line), the keyring (libsecret, schema io.github.ivl.Key, attribute
 * "origin"). NULL without an error when there is none. Refuses keys with characters other than
 * printable ASCII. The key is never part of an error. Free it with ivl_api_key_free(), which wipes
 * it. */
char *ivl_api_key_find (const IvlRemote  *remote,
                        GCancellable     *cancellable,
                        GError          **error);
char *ivl_api_key_read_file (const char  *path,
                             GError     **error);
void  ivl_api_key_free (char *key);

G_END_DECLS
