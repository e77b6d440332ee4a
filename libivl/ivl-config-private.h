/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-config.h>

#include "engines/ivl-remote.h"

G_BEGIN_DECLS

/* A remote as the configuration has it now, saved or not (transfer full). Errors: as for
 * ivl_remote_parse(). */
IvlRemote *ivl_config_parse_remote (IvlConfig   *self,
                                    const char  *remote,
                                    GError     **error);

G_END_DECLS
