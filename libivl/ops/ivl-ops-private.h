/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the operations share: kernels, pool and scratch memory. */
#pragma once

#include "kernels/ivl-kernels.h"
#include "ops/ivl-ops.h"
#include "threads/ivl-pool.h"

G_BEGIN_DECLS

typedef struct
{
  gpointer memory; /* (owned) (nullable) */
  float *data;     /* (nullable): in memory, 64-byte aligned */
  gsize n_floats;
} IvlScratch;

/* Cosines and sines of n rows, [n, head_dim / 2] each. */
typedef struct
{
  gsize head_dim;
  gsize n;
  IvlRopeRow *rows; /* (owned) (nullable) */
  float *cosines; /* (owned) (nullable) */
  float *sines;   /* (owned) (nullable) */
} IvlRopeTable;

struct _IvlOps
{
  IvlPool *pool;       /* (owned) */
  IvlKernels kernels;
  IvlScratch *scratch; /* (owned) one per thread */
  IvlScratch params;   /* the caller's, for parameters in float32 */
  IvlRopeTable rope;
  GCancellable *cancellable; /* (unowned) (nullable): the pool's */
  IvlOpsPauseFunc pause;     /* (nullable) */
  gpointer pause_data;
  int lacks_memory;          /* (atomic): of scratch, since ivl_ops_check() */
};

/* Elements that are worth a trip to another thread. */
#define IVL_OPS_GRAIN 16384

/* For ivl_ops_check(), from any thread */
void ivl_ops_note_no_memory (IvlOps *ops);

void ivl_op_rope_clear (IvlRopeTable *table);

/* At least n_floats, contents undefined; may only be used by that thread, until its next call.
 * NULL without memory: the operation leaves its result undefined, ivl_ops_check() tells. */
float *ivl_ops_get_scratch (IvlOps *ops,
                            guint   thread,
                            gsize   n_floats);

/* Elements first .. first + n - 1 of a weight as float32. */
void ivl_ops_read_weight (const IvlOps    *ops,
                          const IvlTensor *w,
                          gsize            first,
                          gsize            n,
                          float           *out);

/* Two parameter vectors of dim elements (b may be NULL) as float32, until the next call. NULL as
 * above. */
const float *ivl_ops_get_params (IvlOps          *ops,
                                 const IvlTensor *w,
                                 const IvlTensor *b,
                                 gsize            dim);

G_END_DECLS
