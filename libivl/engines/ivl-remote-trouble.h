/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* What a transport error means, as a sentence that names the server and says what can be done
 * (transfer full). message (nullable) tells what is wrong with a certificate. Codes:
 * IVL_ERROR_REMOTE_UNREACHABLE, after the reply's head IVL_ERROR_REMOTE_FAILED, and
 * IVL_ERROR_REMOTE_PROTOCOL for what is no HTTP. *is_lasting: waiting does not help. */
GError *ivl_remote_trouble_explain (const GError    *failure,
                                    const IvlRemote *remote,
                                    SoupMessage     *message,
                                    gboolean         has_head,
                                    gboolean        *is_lasting);
/* What is wrong with a certificate, as the end of a sentence about it (transfer full). */
char   *ivl_remote_trouble_name_certificate (GTlsCertificateFlags flags);

G_END_DECLS
