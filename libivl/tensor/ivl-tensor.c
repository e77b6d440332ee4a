/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shape, type and borrowed bytes of a tensor.
 */
#include "tensor/ivl-tensor.h"

guint64
ivl_tensor_n_elements (const IvlTensor *tensor)
{
  guint64 n = 1;

  for (guint i = 0; i < tensor->n_dims; i++)
    n *= tensor->shape[i];
  return n;
}

char *
ivl_tensor_shape_to_string (const IvlTensor *tensor)
{
  GString *string = g_string_new ("[");

  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (string, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", tensor->shape[i]);
  g_string_append_c (string, ']');
  return g_string_free (string, FALSE);
}
