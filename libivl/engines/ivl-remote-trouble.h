/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

typedef enum
{
  IVL_REMOTE_BEFORE_HEAD,
  IVL_REMOTE_AFTER_HEAD,
  IVL_REMOTE_AT_OLD_TLS, /* the connection was given up for its protocol */
} IvlRemoteMoment;

/* What a transport error means, as a sentence that names the server and says what can be done
 * (transfer full). message (nullable) tells what is wrong with a certificate. Codes:
 * IVL_ERROR_REMOTE_UNREACHABLE, after the reply's head IVL_ERROR_REMOTE_FAILED, and
 * IVL_ERROR_REMOTE_PROTOCOL for what is no HTTP. *is_lasting: waiting does not help. */
GError *ivl_remote_trouble_explain (const GError    *failure,
                                    const IvlRemote *remote,
                                    SoupMessage     *message,
                                    IvlRemoteMoment  moment,
                                    gboolean        *is_lasting);
/* A reply to an https request that came without TLS is a proxy's, which makes no way to the server:
 * G_IO_ERROR_PROXY_FAILED, or G_IO_ERROR_PROXY_NOT_ALLOWED where that will not change. */
gboolean ivl_remote_trouble_check_sender (SoupMessage  *message,
                                          GError      **error);
/* Whether a TLS connection has settled on a protocol before TLS 1.2. */
gboolean ivl_remote_trouble_is_old_tls (GIOStream *connection);
/* What is wrong with a certificate, as the end of a sentence about it (transfer full). */
char   *ivl_remote_trouble_name_certificate (GTlsCertificateFlags flags);

G_END_DECLS
