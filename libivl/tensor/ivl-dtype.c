/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of storage types: a new type is one row.
 */
#include "tensor/ivl-dtype.h"

static const IvlDtypeInfo dtypes[IVL_N_DTYPES] = {
  [IVL_DTYPE_F32] = { "F32", 4, TRUE },
  [IVL_DTYPE_F16] = { "F16", 2, TRUE },
  [IVL_DTYPE_BF16] = { "BF16", 2, TRUE },
  [IVL_DTYPE_BOOL] = { "BOOL", 1, FALSE },
  [IVL_DTYPE_U8] = { "U8", 1, FALSE },
  [IVL_DTYPE_I8] = { "I8", 1, FALSE },
  [IVL_DTYPE_U16] = { "U16", 2, FALSE },
  [IVL_DTYPE_I16] = { "I16", 2, FALSE },
  [IVL_DTYPE_U32] = { "U32", 4, FALSE },
  [IVL_DTYPE_I32] = { "I32", 4, FALSE },
  [IVL_DTYPE_U64] = { "U64", 8, FALSE },
  [IVL_DTYPE_I64] = { "I64", 8, FALSE },
  [IVL_DTYPE_F64] = { "F64", 8, FALSE },
  [IVL_DTYPE_C64] = { "C64", 8, FALSE },
  [IVL_DTYPE_F8_E4M3] = { "F8_E4M3", 1, FALSE },
  [IVL_DTYPE_F8_E5M2] = { "F8_E5M2", 1, FALSE },
  [IVL_DTYPE_F8_E8M0] = { "F8_E8M0", 1, FALSE },
  [IVL_DTYPE_OTHER] = { "of another kind", 0, FALSE },
};

const IvlDtypeInfo *
ivl_dtype_get_info (IvlDtype dtype)
{
  g_return_val_if_fail (dtype < IVL_N_DTYPES, NULL);

  return &dtypes[dtype];
}

IvlDtype
ivl_dtype_from_safetensors (const char *name)
{
  for (guint i = 0; i < IVL_DTYPE_OTHER; i++)
    if (g_str_equal (name, dtypes[i].safetensors))
      return i;
  return IVL_DTYPE_OTHER;
}
