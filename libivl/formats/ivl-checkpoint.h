/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tensor/ivl-tensor.h"

G_BEGIN_DECLS

/* The weights of a checkpoint folder: model.safetensors, or the shards that
 * model.safetensors.index.json names. Only safetensors: pickled *.bin files are refused with a
 * hint. */
typedef struct _IvlCheckpoint IvlCheckpoint;

/* Errors: those of ivl_safetensors_open(), IVL_ERROR_NOT_FOUND (no weights, a shard not there),
 * IVL_ERROR_INVALID_DATA (index and shards disagree, a shard name that is not a plain file name),
 * IVL_ERROR_UNSUPPORTED (pickled weights only). */
IvlCheckpoint *ivl_checkpoint_open (const char  *folder,
                                    GError     **error);
/* The same, but looks at every weight file, whatever is wrong with the first ones, and adds a
 * sentence for each fault to problems. NULL if it added any. */
IvlCheckpoint *ivl_checkpoint_survey (const char *folder,
                                      GPtrArray  *problems);
/* Whether the folder has all of its weight files, by their names and first bytes alone. */
gboolean       ivl_checkpoint_is_complete (const char *folder);
void           ivl_checkpoint_free (IvlCheckpoint *self);
guint          ivl_checkpoint_get_n_tensors (IvlCheckpoint *self);
const char    *ivl_checkpoint_get_tensor (IvlCheckpoint *self,
                                          guint          index,
                                          IvlTensor     *tensor);
gboolean       ivl_checkpoint_lookup (IvlCheckpoint *self,
                                      const char    *name,
                                      IvlTensor     *tensor);
/* Looks up a weight of exactly this shape (n_dims numbers) and of a type that the arithmetic reads.
 * Errors: IVL_ERROR_NOT_FOUND, IVL_ERROR_INVALID_DATA (names tensor, expected and found shape),
 * IVL_ERROR_UNSUPPORTED (type). */
gboolean       ivl_checkpoint_require (IvlCheckpoint  *self,
                                       const char     *name,
                                       guint           n_dims,
                                       const guint64  *shape,
                                       IvlTensor      *tensor,
                                       GError        **error);
guint64        ivl_checkpoint_get_n_bytes (IvlCheckpoint *self); /* of all weight files */
/* Whether every file is still as it was at opening; cheap enough for once per layer. */
gboolean       ivl_checkpoint_check (IvlCheckpoint  *self,
                                     GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlCheckpoint, ivl_checkpoint_free)

G_END_DECLS
