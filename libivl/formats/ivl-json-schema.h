/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define IVL_JSON_SCHEMA_MAX_BYTES (64 * 1024)
/* Schemas inside schemas; references and alternatives count. */
#define IVL_JSON_SCHEMA_MAX_DEPTH 16
/* Numbers with bounds have at most so many decimals. */
#define IVL_JSON_SCHEMA_DECIMALS 6

typedef enum
{
  IVL_JSON_STRING = 1 << 0,
  IVL_JSON_NUMBER = 1 << 1,
  IVL_JSON_OBJECT = 1 << 2,
  IVL_JSON_ARRAY = 1 << 3,
  IVL_JSON_WORD = 1 << 4, /* true, false, null: only ever literals */
} IvlJsonKinds;

/* A JSON text of its own: compact, escaped as little as possible. */
typedef struct
{
  char  *text;
  gsize  length;
} IvlJsonLiteral;

typedef struct _IvlJsonNode IvlJsonNode;

typedef struct
{
  IvlJsonLiteral     name;          /* with its quotation marks */
  const IvlJsonNode *value;
  gboolean           is_required;
  guint              next_required; /* first required property from here on; n_properties: none */
} IvlJsonProperty;

/* Which values may stand in one place. Its alternatives differ in their first byte: a kind is
 * either in `kinds` or among the literals, and members of other kinds have no meaning. */
struct _IvlJsonNode
{
  IvlJsonKinds       kinds;
  IvlJsonKinds       literal_kinds;
  IvlJsonLiteral    *literals;
  guint              n_literals;

  guint              min_length; /* of strings, in characters */
  guint              max_length; /* G_MAXUINT: no limit */

  gboolean           is_bounded; /* else numbers may have any decimals and an exponent */
  guint              n_decimals; /* of bounded numbers: 0 or IVL_JSON_SCHEMA_DECIMALS */
  gint64             lowest;     /* in units of the last decimal */
  gint64             highest;

  const IvlJsonNode *items;
  guint              min_items;
  guint              max_items;  /* G_MAXUINT: no limit */

  IvlJsonProperty   *properties;
  guint              n_properties;
  const IvlJsonNode *values;     /* objects that may have any keys; NULL: the properties alone */
};

/* A JSON schema that answers can be held to. Immutable. */
typedef struct _IvlJsonSchema IvlJsonSchema;

/* Errors: IVL_ERROR_INVALID_DATA (no JSON, or no schema), IVL_ERROR_UNSUPPORTED (the message names
 * the keyword that an answer cannot be held to, and where it stands). `{}` is any object. */
IvlJsonSchema     *ivl_json_schema_parse (const char  *text,
                                          gsize        size,
                                          GError     **error);
IvlJsonSchema     *ivl_json_schema_ref (IvlJsonSchema *self);
void               ivl_json_schema_unref (IvlJsonSchema *self);
/* What the whole text has to be. */
const IvlJsonNode *ivl_json_schema_get_root (const IvlJsonSchema *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlJsonSchema, ivl_json_schema_unref)

G_END_DECLS
