/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Storage types of tensors, one row each in ivl-dtype.c. */
typedef enum
{
  IVL_DTYPE_F32,
  IVL_DTYPE_F16,
  IVL_DTYPE_BF16,
  IVL_DTYPE_U8,
  IVL_DTYPE_I32,
  IVL_DTYPE_I64,
  IVL_N_DTYPES,
} IvlDtype;

/* size: bytes of one element. safetensors: its name in a safetensors header. is_weight: whether
 * the arithmetic can read it as a weight. */
typedef struct
{
  const char *safetensors;
  gsize       size;
  gboolean    is_weight;
} IvlDtypeInfo;

const IvlDtypeInfo *ivl_dtype_get_info (IvlDtype dtype);
gboolean            ivl_dtype_from_safetensors (const char *name,
                                                IvlDtype   *dtype);

G_END_DECLS
