/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Storage types of tensors, one row each in ivl-dtype.c. Files hold tensors that no model reads, of
 * any type there is. */
typedef enum
{
  IVL_DTYPE_F32,
  IVL_DTYPE_F16,
  IVL_DTYPE_BF16,
  IVL_DTYPE_BOOL,
  IVL_DTYPE_U8,
  IVL_DTYPE_I8,
  IVL_DTYPE_U16,
  IVL_DTYPE_I16,
  IVL_DTYPE_U32,
  IVL_DTYPE_I32,
  IVL_DTYPE_U64,
  IVL_DTYPE_I64,
  IVL_DTYPE_F64,
  IVL_DTYPE_C64,
  IVL_DTYPE_F8_E4M3,
  IVL_DTYPE_F8_E5M2,
  IVL_DTYPE_F8_E8M0,
  IVL_DTYPE_OTHER, /* elements of less than a byte, and what later versions of the format bring */
  IVL_N_DTYPES,
} IvlDtype;

/* size: bytes of one element; 0 where that is not known. safetensors: its name in a safetensors
 * header. is_weight: whether the arithmetic can read it as a weight. */
typedef struct
{
  const char *safetensors;
  gsize       size;
  gboolean    is_weight;
} IvlDtypeInfo;

const IvlDtypeInfo *ivl_dtype_get_info (IvlDtype dtype);
/* IVL_DTYPE_OTHER for a name that is not in the table. */
IvlDtype            ivl_dtype_from_safetensors (const char *name);

G_END_DECLS
