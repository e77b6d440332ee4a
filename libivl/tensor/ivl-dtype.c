/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of storage types: a new type is one row.
 */
#include "tensor/ivl-dtype.h"

static const IvlDtypeInfo dtypes[IVL_N_DTYPES] = {
  [IVL_DTYPE_F32] = { "F32", 4, TRUE },
  [IVL_DTYPE_F16] = { "F16", 2, TRUE },
  [IVL_DTYPE_BF16] = { "BF16", 2, TRUE },
  [IVL_DTYPE_U8] = { "U8", 1, FALSE },
  [IVL_DTYPE_I32] = { "I32", 4, FALSE },
  [IVL_DTYPE_I64] = { "I64", 8, FALSE },
};

const IvlDtypeInfo *
ivl_dtype_get_info (IvlDtype dtype)
{
  g_return_val_if_fail (dtype < IVL_N_DTYPES, NULL);

  return &dtypes[dtype];
}

gboolean
ivl_dtype_from_safetensors (const char *name,
                            IvlDtype   *dtype)
{
  for (guint i = 0; i < IVL_N_DTYPES; i++)
    if (g_str_equal (name, dtypes[i].safetensors))
      {
        *dtype = i;
        return TRUE;
      }
  return FALSE;
}
