/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A JSON schema that answers can be held to. Immutable. */
typedef struct _IvlJsonSchema IvlJsonSchema;

#define IVL_JSON_SCHEMA_MAX_BYTES (64 * 1024)

/* Errors: IVL_ERROR_INVALID_DATA (no JSON, or no schema), IVL_ERROR_UNSUPPORTED (the message names
 * the keyword that an answer cannot be held to, and where it stands). */
IvlJsonSchema *ivl_json_schema_parse (const char  *text,
                                      gsize        size,
                                      GError     **error);
IvlJsonSchema *ivl_json_schema_ref (IvlJsonSchema *self);
void           ivl_json_schema_unref (IvlJsonSchema *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlJsonSchema, ivl_json_schema_unref)

G_END_DECLS
