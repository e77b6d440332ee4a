/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

#define IVL_JSON_MAX_DEPTH 64
/* Ample for any config.json (a tokenizer_config.json with its added tokens has some 1,000
 * values). */
#define IVL_JSON_MAX_CONFIG_BYTES (4 * 1024 * 1024)
#define IVL_JSON_MAX_CONFIG_VALUES (256 * 1024)

/* Strict and bounded: duplicate keys, NUL in strings, bad UTF-8, numbers that do not fit,
 * trailing bytes, a root that is no object, nesting over IVL_JSON_MAX_DEPTH and more than
 * max_values values are refused, the last two before anything is allocated. source names the
 * file in messages. Free with json_decref() or json_auto_t. Errors: IVL_ERROR_INVALID_DATA,
 * IVL_ERROR_NO_MEMORY. */
json_t *ivl_json_parse (const char  *data,
                        gsize        size,
                        gsize        max_values,
                        const char  *source,
                        GError     **error);
/* The same from a file of a model folder. Also the errors of ivl_model_file_read(). */
json_t *ivl_json_load (const char  *path,
                       gsize        max_bytes,
                       gsize        max_values,
                       GError     **error);

/* An object whose fields are being read, and how messages name it: "config.json: llm_config". */
typedef struct
{
  const char *source;
  const char *section; /* (nullable): path of the object inside the file */
  json_t     *object;
} IvlJsonScope;

/* Each getter leaves *value alone and succeeds when the field is absent or null, so that it
 * holds the default; a wrong type or range is IVL_ERROR_INVALID_DATA and names file, field,
 * expected and found. */
gboolean ivl_json_get_uint (const IvlJsonScope  *scope,
                            const char          *field,
                            guint                min,
                            guint                max,
                            guint               *value,
                            GError             **error);
gboolean ivl_json_get_int (const IvlJsonScope  *scope,
                           const char          *field,
                           int                  min,
                           int                  max,
                           int                 *value,
                           GError             **error);
gboolean ivl_json_get_double (const IvlJsonScope  *scope,
                              const char          *field,
                              double               min,
                              double               max,
                              double              *value,
                              GError             **error);
gboolean ivl_json_get_boolean (const IvlJsonScope  *scope,
                               const char          *field,
                               gboolean            *value,
                               GError             **error);
/* *value borrows from the object. */
gboolean ivl_json_get_string (const IvlJsonScope  *scope,
                              const char          *field,
                              gsize                max_length,
                              const char         **value,
                              GError             **error);
gboolean ivl_json_get_object (const IvlJsonScope  *scope,
                              const char          *field,
                              json_t             **value,
                              GError             **error);
gboolean ivl_json_get_array (const IvlJsonScope  *scope,
                             const char          *field,
                             json_t             **value,
                             GError             **error);
/* Sets IVL_ERROR_INVALID_DATA: "SOURCE: SECTION.FIELD: expected EXPECTED, found ...". */
void     ivl_json_set_field_error (const IvlJsonScope  *scope,
                                   const char          *field,
                                   const char          *expected,
                                   const json_t        *found,
                                   GError             **error);

G_END_DECLS
