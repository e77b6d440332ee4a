/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Looks at values on their way through a model: `stage` names them, `layer` counts from 0 where
 * there are several, values is [n_rows, dim] and valid during the call. Used by check-reference. */
typedef struct
{
  void   (*see) (const char  *stage,
                 guint        layer,
                 const float *values,
                 gsize        n_rows,
                 gsize        dim,
                 gpointer     data);
  gpointer data;
} IvlTrace;

static inline void
ivl_trace_see (const IvlTrace *trace,
               const char     *stage,
               guint           layer,
               const float    *values,
               gsize           n_rows,
               gsize           dim)
{
  if (trace != NULL)
    trace->see (stage, layer, values, n_rows, dim, trace->data);
}

G_END_DECLS
