/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "formats/ivl-safetensors.h"
#include "fuzz-target.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(IvlSafetensors) file = ivl_safetensors_open_data (data, size, "fuzz", NULL);
  guint sum = 0;
  IvlTensor tensor;

  for (guint i = 0; file != NULL && i < ivl_safetensors_get_n_tensors (file); i++)
    if (ivl_safetensors_lookup (file, ivl_safetensors_get_tensor (file, i, NULL), &tensor)
        && tensor.n_bytes > 0)
      sum += tensor.data[0] + tensor.data[tensor.n_bytes - 1];
  return sum == G_MAXUINT ? -1 : 0;
}
