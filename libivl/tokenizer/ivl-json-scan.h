/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Walks through strict JSON (RFC 8259) without building anything, for tables too large for a
 * general parser. Errors: IVL_ERROR_INVALID_DATA naming the file and the offset. */
typedef struct
{
  const guint8 *data;
  const guint8 *pos;
  const guint8 *end;
  const char   *name;    /* of the file; borrowed */
  GByteArray   *scratch; /* the last string that held escapes */
} IvlJsonScan;

#define IVL_JSON_SCAN_MAX_DEPTH 64

void     ivl_json_scan_init (IvlJsonScan *self,
                             const char  *data,
                             gsize        size,
                             const char  *name);
void     ivl_json_scan_clear (IvlJsonScan *self);
/* Enters an object or array: open is '{' or '['. */
gboolean ivl_json_scan_enter (IvlJsonScan *self,
                              char         open,
                              GError     **error);
/* Goes to the next member or element of what was entered; close is '}' or ']'. *more is FALSE
 * once the end was passed. *first is TRUE before the first call and belongs to this function
 * from then on. */
gboolean ivl_json_scan_next (IvlJsonScan *self,
                             char         close,
                             gboolean    *first,
                             gboolean    *more,
                             GError     **error);
/* A string: valid UTF-8, escapes resolved, NUL possible. Valid until the next string. */
gboolean ivl_json_scan_string (IvlJsonScan   *self,
                               const guint8 **bytes,
                               gsize         *n_bytes,
                               GError       **error);
/* A string and the colon after it. */
gboolean ivl_json_scan_key (IvlJsonScan   *self,
                            const guint8 **bytes,
                            gsize         *n_bytes,
                            GError       **error);
/* An integer 0 .. 2^63 - 1. */
gboolean ivl_json_scan_unsigned (IvlJsonScan *self,
                                 guint64     *value,
                                 GError     **error);
/* The first byte of the next value, or 0 at the end of the data. */
char     ivl_json_scan_peek (IvlJsonScan *self);
/* Any value; *text is its spelling. Only its brackets and strings are checked. Nesting is
 * bounded by IVL_JSON_SCAN_MAX_DEPTH. */
gboolean ivl_json_scan_skip (IvlJsonScan  *self,
                             const char  **text,
                             gsize        *n_bytes,
                             GError      **error);
/* TRUE if nothing but white space is left. */
gboolean ivl_json_scan_finish (IvlJsonScan *self,
                               GError     **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlJsonScan, ivl_json_scan_clear)

G_END_DECLS
