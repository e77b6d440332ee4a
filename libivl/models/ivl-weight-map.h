/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-checkpoint.h"

G_BEGIN_DECLS

/* Weight names and shapes as tables. A shape is a list of dimension indices into the sizes that
 * a family computes from its config, so that one table serves every size of a model. */
#define IVL_WEIGHT_MAX_DIMS 4

typedef struct
{
  const char *name;                      /* behind the group's prefix */
  gsize       offset;                    /* of the IvlTensor in the struct that is filled */
  guint8      dims[IVL_WEIGHT_MAX_DIMS]; /* indices into sizes; 0 ends the list */
  guint       only_if;                   /* all of these flags must be set; 0: always there */
} IvlWeightRow;

typedef struct
{
  IvlCheckpoint *checkpoint;  /* NULL: only count */
  const guint64 *sizes;       /* by dimension index */
  guint          flags;
  GPtrArray     *problems;    /* (nullable) (element-type utf8): collect what is wrong and go on */
  guint64        n_parameters;
  guint          n_weights;
} IvlWeightBinder;

/* Looks up every row's weight under prefix and puts it into the struct at base, checking shape,
 * type and that it is not all zeros. Counts parameters in any case. FALSE at the first miss,
 * unless problems are collected. */
gboolean ivl_weight_map_bind (IvlWeightBinder     *binder,
                              const char          *prefix,
                              const IvlWeightRow  *rows,
                              gsize                n_rows,
                              gpointer             base,
                              GError             **error);

G_END_DECLS
