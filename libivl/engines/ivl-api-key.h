/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* Finds the API key for a remote: the environment variable IVL_API_KEY, the remote's key file
 * (mode 0600 or stricter, one line), the keyring (libsecret, schema io.github.ivl.Key, attribute
 * "origin": the remote's authority). NULL without an error when there is none; always for the
 * user's own service, which needs none. Refuses keys with characters other than printable ASCII,
 * and a key that would go to another computer by plain HTTP (unless insecure_http). A keyring that
 * does not answer within seconds counts as none. The key is never part of an error. Free it with
 * ivl_api_key_free(), which wipes it. */
char *ivl_api_key_find (const IvlRemote  *remote,
                        GCancellable     *cancellable,
                        GError          **error);
char *ivl_api_key_read_file (const char  *path,
                             GError     **error);
void  ivl_api_key_free (char *key);
/* Whether a key that was typed in could be used for the remote. Errors: as for
 * ivl_api_key_find(). */
gboolean ivl_api_key_check (const IvlRemote  *remote,
                            const char       *key,
                            GError          **error);
/* Keeps a key for the remote's authority in the keyring in place of the one that is there; NULL
 * takes that away. Blocks, while a person unlocks the keyring too. Errors: as for
 * ivl_api_key_find(), and IVL_ERROR_UNSUPPORTED when no keyring answers. */
gboolean ivl_api_key_store (const IvlRemote  *remote,
                            const char       *key,
                            GCancellable     *cancellable,
                            GError          **error);

/* Whether a keyring answers; *reason says why not (transfer full). */
gboolean ivl_api_key_has_keyring (GCancellable  *cancellable,
                                  char         **reason);
/* Where a key for the remote would come from, for people: "IVL_API_KEY", the file, "the keyring";
 * NULL when there is none (transfer full). Errors as for ivl_api_key_find(). */
char *ivl_api_key_find_source (const IvlRemote  *remote,
                               GCancellable     *cancellable,
                               GError          **error);

G_END_DECLS
