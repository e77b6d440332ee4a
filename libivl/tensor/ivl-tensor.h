/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tensor/ivl-dtype.h"

G_BEGIN_DECLS

#define IVL_TENSOR_MAX_DIMS 8

/* A shape, a type and borrowed bytes, row-major (last dimension fastest). No arithmetic here. */
typedef struct
{
  IvlDtype      dtype;
  guint         n_dims;
  guint64       shape[IVL_TENSOR_MAX_DIMS];
  const guint8 *data;
  gsize         n_bytes;
} IvlTensor;

/* A weight that some models lack: NULL where it is absent. */
static inline const IvlTensor *
ivl_tensor_if_present (const IvlTensor *tensor)
{
  return tensor->data != NULL ? tensor : NULL;
}

guint64  ivl_tensor_n_elements (const IvlTensor *tensor);
char    *ivl_tensor_shape_to_string (const IvlTensor *tensor); /* "[3072,1024]" */

G_END_DECLS
