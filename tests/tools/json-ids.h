/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Token ids (guint32) or other small numbers of a JSON array. */
GArray *json_ids_read (json_t *list);
