/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON schemas: what an answer in JSON has to look like.
 */
#include "formats/ivl-json-schema.h"

#include <libivl/ivl-error.h>

#include "formats/ivl-json.h"

struct _IvlJsonSchema
{
  gatomicrefcount ref_count;
};

IvlJsonSchema *
ivl_json_schema_parse (const char  *text,
                       gsize        size,
                       GError     **error)
{
  json_auto_t *root = NULL;
  IvlJsonSchema *self;

  if (size > IVL_JSON_SCHEMA_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "the schema has %" G_GSIZE_FORMAT " bytes, more than %d", size,
                   IVL_JSON_SCHEMA_MAX_BYTES);
      return NULL;
    }
  root = ivl_json_parse (text, size, size, "schema", error);
  if (root == NULL)
    return NULL;
  self = g_new0 (IvlJsonSchema, 1);
  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

IvlJsonSchema *
ivl_json_schema_ref (IvlJsonSchema *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ivl_json_schema_unref (IvlJsonSchema *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}
