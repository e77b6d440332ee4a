/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether a server can be used: it is reached, takes the key, and answers about a picture that is
 * made for it. Nothing of the person's is sent. */
#pragma once

#include <gio/gio.h>
#include <libivl/ivl.h>

G_BEGIN_DECLS

/* location: as for ivl_model_open() */
void  plug_remote_check_async (const char          *location,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data);
/* The same of a server as a configuration that is not saved has it, which is the check's from now
 * on; key (nullable): in place of the one that would be found */
void  plug_remote_check_entered_async (IvlConfig           *config,
                                       const char          *name,
                                       const char          *key,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
/* A sentence that says who has answered, translated; NULL with an error for
 * plug_advice_new_for_server() (transfer full) */
char *plug_remote_check_finish (GAsyncResult  *result,
                                GError       **error);

G_END_DECLS
