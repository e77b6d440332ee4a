/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>

G_BEGIN_DECLS

/* Errors of the protocol, both ways. */

/* Text from a server, safe for messages: valid UTF-8, no control or bidi characters, at most
 * max_chars characters (transfer full). */
char   *ivl_wire_make_safe (const char *text,
                            gssize      len,
                            gsize       max_chars);

/* The error that a reply other than a stream means, from its status and body in any of the shapes
 * that engines have (nested, flat, string, detail, HTML, plain text). Codes:
 * IVL_ERROR_REMOTE_REFUSED (401, 403, and what is wrong with the request), IVL_ERROR_NOT_FOUND (no
 * such model), IVL_ERROR_CONTEXT_FULL, IVL_ERROR_UNSUPPORTED (the model takes no pictures),
 * IVL_ERROR_REMOTE_FAILED (5xx, 408, 429), IVL_ERROR_REMOTE_PROTOCOL (200 that is no stream,
 * redirects). A 500 whose message says that the request is wrong is REMOTE_REFUSED: trying again
 * is no use. (transfer full) */
GError *ivl_wire_error_from_body (guint       status,
                                  const char *body,
                                  gsize       n);

/* The error that an event of a stream reports after a status of 200, in any of those shapes: the
 * same codes, by the status that the event names, else IVL_ERROR_REMOTE_FAILED. (transfer full) */
GError *ivl_wire_error_from_event (const char *data,
                                   gsize       n);

/* The name of a request field that the body of a 400 calls unknown or not permitted, if it is one
 * of candidates; else NULL. */
const char *ivl_wire_error_get_refused_field (const char        *body,
                                              gsize              n,
                                              const char *const *candidates);

/* {"error":{"message","type","param","code"}} (transfer full); param and code may be NULL. */
char   *ivl_wire_error_to_json (const char *message,
                                const char *type,
                                const char *param,
                                const char *code);

G_END_DECLS
