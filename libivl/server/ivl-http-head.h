/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The head of an HTTP/1 request, read strictly: whatever two programs could read in two ways is
 * refused, so that nothing can be smuggled past a proxy in front of the server. */

#define IVL_HTTP_HEAD_MAX_BYTES  (16 << 10)
#define IVL_HTTP_HEAD_MAX_FIELDS 100

/* How the body of a request is delimited. */
typedef enum
{
  IVL_HTTP_BODY_NONE,
  IVL_HTTP_BODY_LENGTH,
  IVL_HTTP_BODY_CHUNKED,
} IvlHttpFraming;

/* Why a request is refused: the status of the answer, and a sentence for people. */
typedef struct
{
  guint       status; /* 0: it is not refused */
  const char *reason;
} IvlHttpRefusal;

/* Fills in why, for a caller to return: FALSE. */
gboolean ivl_http_head_refuse (IvlHttpRefusal *refusal,
                               guint           status,
                               const char     *reason);

typedef struct
{
  const char *name; /* lower case */
  const char *value;
} IvlHttpField;

typedef struct
{
  char          *text;   /* what the strings below point into */
  GArray        *fields; /* IvlHttpField */
  const char    *method;
  const char    *path;   /* begins with '/'; still percent-encoded */
  const char    *host;   /* of the field Host; NULL: absent, from HTTP/1.0 only */
  IvlHttpFraming framing;
  guint64        content_length;
  guint          minor;  /* of the version: HTTP/1.0 or HTTP/1.1 */
  gboolean       keeps_alive;
  gboolean       expects_continue;
} IvlHttpHead;

/* Looks for the end of a head in bytes that begin with one: *end is the length of the head with
 * its empty line, or 0 while more has to come. FALSE: what is there can be no head. `checked`
 * carries how far earlier calls looked; it begins as 0. */
gboolean     ivl_http_head_find_end (const char     *bytes,
                                     gsize           n,
                                     gsize          *checked,
                                     gsize          *end,
                                     IvlHttpRefusal *refusal);
/* Reads a head that ivl_http_head_find_end() found; NULL: refused. */
IvlHttpHead *ivl_http_head_parse (const char     *bytes,
                                  gsize           n,
                                  IvlHttpRefusal *refusal);
void         ivl_http_head_free (IvlHttpHead *self);
/* The value of a field by its name in lower case; NULL: absent. Of a field that stands several
 * times, the first one. */
const char  *ivl_http_head_get (const IvlHttpHead *self,
                                const char        *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlHttpHead, ivl_http_head_free)

G_END_DECLS
