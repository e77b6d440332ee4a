/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

#define IVL_WIRE_JSON_MAX_DEPTH  64
#define IVL_WIRE_JSON_MAX_VALUES (256 * 1024)

/* Strict, for what a client sends: duplicate keys, NUL, lone surrogates, invalid UTF-8, numbers
 * that do not fit, deep nesting and too many values are refused. Free with json_decref(). Errors:
 * IVL_ERROR_INVALID_OPTION, IVL_ERROR_NO_MEMORY. */
json_t *ivl_wire_json_parse (const char  *json,
                             gsize        n,
                             GError     **error);

/* For what an engine sends: a byte order mark, raw control characters, invalid UTF-8 and lone
 * surrogates are no reason to lose an answer. Strings may hold NUL. Where *repaired is TRUE,
 * strings hold IVL_WIRE_JSON_SURROGATE + (u - 0xd800) for a lone surrogate u and
 * IVL_WIRE_JSON_BYTE + b for a byte b that is not part of valid UTF-8, so that halves of a
 * character in two replies can be joined (ivl-wire-text.h). repaired may be NULL. Errors:
 * IVL_ERROR_REMOTE_PROTOCOL, IVL_ERROR_NO_MEMORY. */
json_t *ivl_wire_json_parse_reply (const char  *json,
                                   gsize        n,
                                   gboolean    *repaired,
                                   GError     **error);

/* Private use characters; none of them means anything by itself. */
#define IVL_WIRE_JSON_SURROGATE 0x10f000
#define IVL_WIRE_JSON_BYTE      0x10f800

/* The member's text, or NULL when it is absent or no string. Borrowed. */
const char *ivl_wire_json_get_string (const json_t *object,
                                      const char   *key);
/* The member's whole number; fallback when it is absent, no number, or out of the range. */
gint64      ivl_wire_json_get_int (const json_t *object,
                                   const char   *key,
                                   gint64        min,
                                   gint64        max,
                                   gint64        fallback);

/* Bytes at the beginning of text that stand for themselves in a JSON string. */
gsize       ivl_wire_json_count_plain (const char *text,
                                       gsize       n);
/* Appends text in quotes; what is not valid UTF-8 becomes U+FFFD. */
void        ivl_wire_json_append_string (GString    *out,
                                         const char *text,
                                         gssize      len);
/* Appends "KEY":"TEXT", or "KEY":null. */
void        ivl_wire_json_append_member (GString    *out,
                                         const char *key,
                                         const char *text);
/* Appends the shortest number that reads back the same; value is finite. */
void        ivl_wire_json_append_double (GString *out,
                                         double   value);

G_END_DECLS
