/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-finding.h>

G_BEGIN_DECLS

/* Adds a finding; advice is nullable. */
void ivl_doctor_add (GPtrArray   *findings,
                     IvlSeverity  severity,
                     const char  *subject,
                     const char  *advice,
                     const char  *format,
                     ...) G_GNUC_PRINTF (5, 6);

/* Adds what is to be said about the keyring and every configured remote. Each remote gets one
 * request about its models and one about a small generated picture. */
void ivl_doctor_check_remotes (GPtrArray    *findings,
                               GCancellable *cancellable);

G_END_DECLS
