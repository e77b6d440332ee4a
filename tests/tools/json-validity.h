/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Whether a schema describes a value: of JSON schema, the keywords that answers can be held to. */
gboolean json_is_valid (json_t *schema,
                        json_t *value);
