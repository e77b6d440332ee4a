/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-model.h>

G_BEGIN_DECLS

#define IVL_TYPE_SERVER (ivl_server_get_type ())

/**
 * IvlServer:
 *
 * Answers the OpenAI chat protocol over HTTP/1.1 with a model of this computer:
 * `POST /v1/chat/completions`, `GET /v1/models`, `/v1/models/ID`, `/health` and `/metrics`.
 *
 * It listens on a Unix socket that only this user reaches, or on a TCP address; beyond the loopback
 * addresses it asks for a key. Without a key, requests must name this computer in the field Host,
 * and pages of browsers are refused unless they come from the server's own address.
 *
 * | property | type | default | meaning |
 * |---|---|---|---|
 * | model | string | none | a model folder; opened while the server answers 503 already |
 * | address | string | none | `HOST:PORT` to listen on; port 0 takes a free one |
 * | socket | filename | none | Unix socket; without it and an address: the user's own |
 * | api-key-file | filename | none | file of mode 0600 with keys, one a line |
 * | idle-exit | double | 0 | minutes without a request after which it ends; 0: never |
 * | max-running | uint | 16 | answers made at a time |
 * | max-waiting | uint | 64 | requests in line, beyond which 429 is answered |
 * | max-body | uint64 | 0 | bytes of a request; 0 is 20 million, 96 million on a Unix socket |
 * | crash-notice | boolean | FALSE | tells clients of a crash; takes SIGSEGV and the like |
 * | cache-limit | uint64 | 1 GiB | bytes for states of conversations, of free memory an eighth |
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlServer, ivl_server, IVL, SERVER, GObject)

IVL_AVAILABLE_IN_ALL
IvlServer *ivl_server_new (void);
IVL_AVAILABLE_IN_ALL
void ivl_server_set_model (IvlServer *self,
                           IvlModel  *model);
IVL_AVAILABLE_IN_ALL
gboolean ivl_server_listen (IvlServer     *self,
                            GCancellable  *cancellable,
                            GError       **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_server_adopt (IvlServer  *self,
                           int         fd,
                           GError    **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_server_run (IvlServer     *self,
                         GCancellable  *cancellable,
                         GError       **error);
IVL_AVAILABLE_IN_ALL
int ivl_server_get_fd (IvlServer *self);
IVL_AVAILABLE_IN_ALL
guint ivl_server_get_port (IvlServer *self);
IVL_AVAILABLE_IN_ALL
char *ivl_server_get_location (IvlServer *self);

G_END_DECLS
