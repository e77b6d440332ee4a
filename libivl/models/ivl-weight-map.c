/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Binds the weights that a table names to the tensors of a checkpoint.
 */
#include "models/ivl-weight-map.h"

#include <libivl/ivl-error.h>

/* A sparse file can announce terabytes of zeros that take no room on a disk. */
#define MAX_ZEROS_MIB 16
#define MAX_ZERO_BYTES (MAX_ZEROS_MIB << 20)

/* A healthy weight has a number other than zero among its first few, so this reads one page of
 * it. Biases may well be zero; they are recognised by their name. */
static gboolean
begins_with_zeros (const IvlTensor *tensor,
                   const char      *name)
{
  if (g_str_has_suffix (name, ".bias"))
    return FALSE;
  for (gsize i = 0; i < MIN (tensor->n_bytes, MAX_ZERO_BYTES); i++)
    if ((tensor->data[i] & 0x7f) != 0)
      return FALSE;
  return TRUE;
}

static guint
expected_shape (const IvlWeightBinder *binder,
                const IvlWeightRow    *row,
                guint64               *shape)
{
  guint n = 0;

  while (n < IVL_WEIGHT_MAX_DIMS && row->dims[n] != 0)
    {
      shape[n] = binder->sizes[row->dims[n]];
      n++;
    }
  return n;
}

static gboolean
bind_one (IvlWeightBinder     *binder,
          const char          *name,
          guint                n_dims,
          const guint64       *shape,
          IvlTensor           *tensor,
          GError             **error)
{
  if (!ivl_checkpoint_require (binder->checkpoint, name, n_dims, shape, tensor, error))
    return FALSE;
  if (begins_with_zeros (tensor, name))
    {
      if (tensor->n_bytes > MAX_ZERO_BYTES)
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                     "Weight %s begins with %d MiB of zeros: the file is damaged", name,
                     MAX_ZEROS_MIB);
      else
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                     "Weight %s is all zeros: the file is damaged", name);
      return FALSE;
    }
  return TRUE;
}

gboolean
ivl_weight_map_bind (IvlWeightBinder     *binder,
                     const char          *prefix,
                     const IvlWeightRow  *rows,
                     gsize                n_rows,
                     gpointer             base,
                     GError             **error)
{
  for (gsize i = 0; i < n_rows; i++)
    {
      const IvlWeightRow *row = &rows[i];
      g_autofree char *name = g_strconcat (prefix, row->name, NULL);
      g_autoptr (GError) problem = NULL;
      guint64 shape[IVL_WEIGHT_MAX_DIMS];
      guint64 n_elements = 1;
      guint n_dims;

      if ((row->only_if & ~binder->flags) != 0)
        continue;
      n_dims = expected_shape (binder, row, shape);
      for (guint d = 0; d < n_dims; d++)
        n_elements *= shape[d];
      binder->n_parameters += n_elements;
      binder->n_weights++;
      if (binder->checkpoint == NULL ||
          bind_one (binder, name, n_dims, shape, G_STRUCT_MEMBER_P (base, row->offset), &problem))
        continue;
      if (binder->problems == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_ptr_array_add (binder->problems, g_strdup (problem->message));
    }
  return TRUE;
}
