/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tensor/ivl-tensor.h"

G_BEGIN_DECLS

/* One safetensors file, mapped and checked whole at opening; tensors are used in place. */
typedef struct _IvlSafetensors IvlSafetensors;

/* Errors: IVL_ERROR_NOT_FOUND, IVL_ERROR_INVALID_DATA (broken: get it again),
 * IVL_ERROR_UNSUPPORTED (a weight whose data are not aligned to its elements),
 * IVL_ERROR_NO_MEMORY. */
IvlSafetensors *ivl_safetensors_open (const char  *path,
                                      GError     **error);
/* The same on bytes that the caller keeps alive and in place; source names them in messages. */
IvlSafetensors *ivl_safetensors_open_data (const guint8  *data,
                                           gsize          size,
                                           const char    *source,
                                           GError       **error);
void            ivl_safetensors_free (IvlSafetensors *self);
guint           ivl_safetensors_get_n_tensors (IvlSafetensors *self);
gsize           ivl_safetensors_get_n_bytes (IvlSafetensors *self); /* of the whole file */
/* Tensors in file order; *tensor borrows its bytes from self. */
const char     *ivl_safetensors_get_tensor (IvlSafetensors *self,
                                            guint           index,
                                            IvlTensor      *tensor);
gboolean        ivl_safetensors_lookup (IvlSafetensors *self,
                                        const char     *name,
                                        IvlTensor      *tensor);
gboolean        ivl_safetensors_check (IvlSafetensors  *self,
                                       GError         **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlSafetensors, ivl_safetensors_free)

G_END_DECLS
