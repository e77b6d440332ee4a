/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Storage of keys and values. One allocation a layer; when one of them fails while growing, all
 * stay as they were.
 */
#include "lm/ivl-kv-cache.h"

#include <string.h>

#include <libivl/ivl-error.h>

/* Growth step in tokens: one tile, so that an answer of some words rarely grows the cache twice. */
#define GROW_TOKENS 256

struct _IvlKvCache
{
  guint   n_layers;
  gsize   row_size; /* floats */
  gsize   length;   /* tokens filled */
  gsize   capacity; /* tokens */
  float **rows;     /* [n_layers]: keys [capacity, row_size], then values likewise */
};

IvlKvCache *
ivl_kv_cache_new (guint n_layers,
                  gsize row_size)
{
  IvlKvCache *self = g_new0 (IvlKvCache, 1);

  self->n_layers = n_layers;
  self->row_size = row_size;
  self->rows = g_new0 (float *, n_layers);
  return self;
}

void
ivl_kv_cache_free (IvlKvCache *self)
{
  for (guint i = 0; i < self->n_layers; i++)
    g_free (self->rows[i]);
  g_free (self->rows);
  g_free (self);
}

gsize
ivl_kv_cache_get_length (IvlKvCache *self)
{
  return self->length;
}

static gboolean
grow_to (IvlKvCache  *self,
         gsize        capacity,
         GError     **error)
{
  gsize half = capacity * self->row_size;
  g_autofree float **grown = g_new0 (float *, self->n_layers);

  for (guint i = 0; i < self->n_layers; i++)
    {
      grown[i] = g_try_malloc_n (half, 2 * sizeof (float));
      if (grown[i] != NULL)
        continue;
      for (guint j = 0; j < i; j++)
        g_free (grown[j]);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for a conversation of %" G_GSIZE_FORMAT " tokens (%" G_GSIZE_FORMAT
                   " MB needed)",
                   capacity, self->n_layers * half * 2 * sizeof (float) / 1000000);
      return FALSE;
    }
  for (guint i = 0; i < self->n_layers; i++)
    {
      gsize filled = self->length * self->row_size * sizeof (float);

      if (filled > 0)
        {
          memcpy (grown[i], self->rows[i], filled);
          memcpy (grown[i] + half, self->rows[i] + self->capacity * self->row_size, filled);
        }
      g_free (self->rows[i]);
      self->rows[i] = grown[i];
    }
  self->capacity = capacity;
  return TRUE;
}

gboolean
ivl_kv_cache_reserve (IvlKvCache  *self,
                      gsize        n,
                      GError     **error)
{
  if (n <= self->capacity)
    return TRUE;
  return grow_to (
      self, MAX ((n / GROW_TOKENS + 1) * GROW_TOKENS, self->capacity + self->capacity / 4), error);
}

float *
ivl_kv_cache_get_keys (IvlKvCache *self,
                       guint       layer)
{
  return self->rows[layer];
}

float *
ivl_kv_cache_get_values (IvlKvCache *self,
                         guint       layer)
{
  return self->rows[layer] + self->capacity * self->row_size;
}

void
ivl_kv_cache_set_length (IvlKvCache *self,
                         gsize       n)
{
  g_return_if_fail (n <= self->capacity);

  self->length = n;
}

gsize
ivl_kv_cache_get_token_bytes (IvlKvCache *self)
{
  return 2 * self->n_layers * self->row_size * sizeof (float);
}

void
ivl_kv_cache_read (IvlKvCache *self,
                   gsize       n,
                   float      *rows)
{
  gsize half = n * self->row_size;

  g_return_if_fail (n <= self->length);

  for (guint i = 0; i < self->n_layers; i++, rows += 2 * half)
    {
      memcpy (rows, ivl_kv_cache_get_keys (self, i), half * sizeof (float));
      memcpy (rows + half, ivl_kv_cache_get_values (self, i), half * sizeof (float));
    }
}

void
ivl_kv_cache_write (IvlKvCache  *self,
                    gsize        first,
                    gsize        n,
                    const float *rows,
                    gsize        n_rows)
{
  gsize half = n_rows * self->row_size, start = first * self->row_size;
  gsize size = (n - first) * self->row_size * sizeof (float);

  g_return_if_fail (first <= n && n <= n_rows && n <= self->capacity);

  for (guint i = 0; i < self->n_layers; i++, rows += 2 * half)
    {
      memcpy (ivl_kv_cache_get_keys (self, i) + start, rows + start, size);
      memcpy (ivl_kv_cache_get_values (self, i) + start, rows + half + start, size);
    }
  self->length = n;
}
