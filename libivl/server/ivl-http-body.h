/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "server/ivl-http-head.h"

G_BEGIN_DECLS

/* The body of a request as it arrives, with either framing. Memory grows with what has come, never
 * with what was announced. */
typedef struct
{
  IvlHttpFraming framing;
  guint64        max;     /* bytes of body that are taken */
  guint64        left;    /* bytes left: of the body, or of the current chunk */
  guint64        n_extra; /* bytes of chunk framing so far */
  guint          place;   /* in the framing of chunks */
  guint          n_digits;
  gboolean       is_complete;
  char          *bytes;
  gsize          n;
  gsize          size;    /* allocated */
} IvlHttpBody;

/* FALSE: it is refused at once, being longer than max. */
gboolean ivl_http_body_init (IvlHttpBody       *self,
                             const IvlHttpHead *head,
                             guint64            max,
                             IvlHttpRefusal    *refusal);
void     ivl_http_body_clear (IvlHttpBody *self);
/* Takes what belongs to the body; *n_used tells how much that was. */
gboolean ivl_http_body_push (IvlHttpBody    *self,
                             const char     *bytes,
                             gsize           n,
                             gsize          *n_used,
                             IvlHttpRefusal *refusal);
/* The whole body (transfer full); a NUL that is not counted follows it. */
GBytes  *ivl_http_body_steal (IvlHttpBody *self);

G_END_DECLS
