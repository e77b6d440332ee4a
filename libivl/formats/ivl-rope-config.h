/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-hf-config.h"
#include "formats/ivl-json.h"

G_BEGIN_DECLS

/* Sets rope_theta and rope_factor of lm, whose type and default base are set. Errors:
 * IVL_ERROR_INVALID_DATA (wrong type or range), IVL_ERROR_UNSUPPORTED (another kind of scaling). */
gboolean ivl_rope_config_read (const IvlJsonScope  *scope,
                               IvlLmConfig         *lm,
                               GError             **error);

G_END_DECLS
