/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The map between token texts and ids. It is filled at every start with some 150,000 entries, so it
 * avoids one allocation for each.
 */
#include "tokenizer/ivl-token-table.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "tokenizer/ivl-hash.h"
#include "tokenizer/ivl-utf8.h"

typedef struct
{
  guint32 start;
  guint32 n_bytes; /* 0: no token has this id */
} Entry;

struct _IvlTokenTable
{
  guint8  *bytes;
  gsize    capacity;
  gsize    n_used;
  Entry   *entries; /* by id */
  guint    n_entries;
  guint    n_allocated;
  guint64 *slots; /* upper half of the hash << 32 | id + 1; 0: free */
  guint    n_slots; /* a power of two */
  guint    n_tokens;
  gsize    longest;
  guint64  seed;
};

static gboolean
set_no_memory (GError **error,
               gsize    n_bytes)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "tokenizer: cannot allocate %" G_GSIZE_FORMAT
               " bytes", n_bytes);
  return FALSE;
}

IvlTokenTable *
ivl_token_table_new (gsize    n_bytes,
                     guint    n_expected,
                     GError **error)
{
  g_autoptr (IvlTokenTable) self = g_new0 (IvlTokenTable, 1);

  self->capacity = MIN (n_bytes, G_MAXUINT32);
  self->n_slots = 64;
  while (self->n_slots / 4 * 3 < MIN (n_expected, IVL_TOKEN_TABLE_MAX_IDS))
    self->n_slots *= 2;
  self->seed = (guint64) g_random_int () << 32 | g_random_int ();
  self->bytes = g_try_malloc (MAX (self->capacity, 1));
  self->slots = g_try_new0 (guint64, self->n_slots);
  if (self->bytes == NULL || self->slots == NULL)
    {
      set_no_memory (error, self->capacity + self->n_slots * sizeof (guint64));
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
ivl_token_table_free (IvlTokenTable *self)
{
  if (self == NULL)
    return;
  g_free (self->bytes);
  g_free (self->entries);
  g_free (self->slots);
  g_free (self);
}

/* The slot that holds the text, or the free one where it belongs; NULL if the way there is
 * longer than chance makes it. */
static guint64 *
find_slot (const IvlTokenTable *self,
           const guint8        *bytes,
           gsize                n_bytes,
           guint64              hash)
{
  guint32 tag = hash >> 32;
  guint i = hash & (self->n_slots - 1);

  for (guint n = 0; n < IVL_HASH_MAX_PROBES; n++)
    {
      guint64 slot = self->slots[i];

      if (slot == 0)
        return &self->slots[i];
      if (slot >> 32 == tag)
        {
          const Entry *entry = &self->entries[(guint32) slot - 1];

          if (entry->n_bytes == n_bytes && memcmp (self->bytes + entry->start, bytes, n_bytes) == 0)
            return &self->slots[i];
        }
      i = (i + 1) & (self->n_slots - 1);
    }
  return NULL;
}

static gboolean
reserve_id (IvlTokenTable *self,
            guint          id,
            GError       **error)
{
  guint n = MAX (self->n_allocated, 1024);
  Entry *entries;

  if (id < self->n_entries)
    return TRUE;
  while (n <= id)
    n *= 2;
  if (n != self->n_allocated)
    {
      entries = g_try_renew (Entry, self->entries, n);
      if (entries == NULL)
        return set_no_memory (error, n * sizeof (Entry));
      self->entries = entries;
      self->n_allocated = n;
    }
  memset (self->entries + self->n_entries, 0, (id + 1 - self->n_entries) * sizeof (Entry));
  self->n_entries = id + 1;
  return TRUE;
}

/* Doubles the slots when three quarters are taken. */
static gboolean
reserve_slot (IvlTokenTable *self,
              GError       **error)
{
  g_autofree guint64 *old = NULL;
  guint n_old = self->n_slots;
  guint64 *slots;

  if (self->n_tokens < n_old / 4 * 3)
    return TRUE;
  slots = g_try_new0 (guint64, n_old * 2);
  if (slots == NULL)
    return set_no_memory (error, n_old * 2 * sizeof (guint64));
  old = self->slots;
  self->slots = slots;
  self->n_slots = n_old * 2;
  for (guint i = 0; i < n_old; i++)
    {
      const Entry *entry;
      guint j;

      if (old[i] == 0)
        continue;
      entry = &self->entries[(guint32) old[i] - 1];
      j = ivl_hash_bytes (self->seed, self->bytes + entry->start, entry->n_bytes) &
          (self->n_slots - 1);
      while (slots[j] != 0)
        j = (j + 1) & (self->n_slots - 1);
      slots[j] = old[i];
    }
  return TRUE;
}

static gboolean
check_token (const IvlTokenTable *self,
             const char          *name,
             gsize                n_bytes,
             guint64              id,
             GError             **error)
{
  if (id >= IVL_TOKEN_TABLE_MAX_IDS)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "%s: token id %" G_GUINT64_FORMAT ", expected less than %u", name, id,
                 IVL_TOKEN_TABLE_MAX_IDS);
  else if (n_bytes == 0)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: token %u is empty", name,
                 (guint) id);
  else if (n_bytes > IVL_TOKEN_TABLE_MAX_BYTES || n_bytes > self->capacity - self->n_used)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "%s: token %u has %" G_GSIZE_FORMAT " bytes, expected at most %u", name,
                 (guint) id, n_bytes, IVL_TOKEN_TABLE_MAX_BYTES);
  else if (id < self->n_entries && self->entries[id].n_bytes != 0)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: two tokens have id %u", name,
                 (guint) id);
  else
    return TRUE;
  return FALSE;
}

gboolean
ivl_token_table_add (IvlTokenTable *self,
                     const char    *name,
                     const guint8  *bytes,
                     gsize          n_bytes,
                     guint64        id,
                     GError       **error)
{
  guint64 hash;
  guint64 *slot;

  if (!check_token (self, name, n_bytes, id, error) || !reserve_slot (self, error))
    return FALSE;
  hash = ivl_hash_bytes (self->seed, bytes, n_bytes);
  slot = find_slot (self, bytes, n_bytes, hash);
  if (slot == NULL || *slot != 0)
    {
      g_autofree char *text = ivl_utf8_show (bytes, n_bytes);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: token \"%s\" (id %u) %s", name,
                   text, (guint) id, slot == NULL ? "collides with too many" : "occurs twice");
      return FALSE;
    }
  if (!reserve_id (self, id, error))
    return FALSE;
  memcpy (self->bytes + self->n_used, bytes, n_bytes);
  self->entries[id].start = self->n_used;
  self->entries[id].n_bytes = n_bytes;
  self->n_used += n_bytes;
  self->n_tokens++;
  self->longest = MAX (self->longest, n_bytes);
  *slot = (hash & G_GUINT64_CONSTANT (0xffffffff00000000)) | (id + 1);
  return TRUE;
}

gint32
ivl_token_table_find (const IvlTokenTable *self,
                      const guint8        *bytes,
                      gsize                n_bytes)
{
  guint64 *slot;

  if (n_bytes == 0 || n_bytes > self->longest)
    return -1;
  slot = find_slot (self, bytes, n_bytes, ivl_hash_bytes (self->seed, bytes, n_bytes));
  return slot == NULL ? -1 : (gint32) (guint32) *slot - 1;
}

const guint8 *
ivl_token_table_get (const IvlTokenTable *self,
                     guint32              id,
                     gsize               *n_bytes)
{
  *n_bytes = 0;
  if (id >= self->n_entries || self->entries[id].n_bytes == 0)
    return NULL;
  *n_bytes = self->entries[id].n_bytes;
  return self->bytes + self->entries[id].start;
}

guint
ivl_token_table_get_size (const IvlTokenTable *self)
{
  return self->n_entries;
}

guint
ivl_token_table_get_n_tokens (const IvlTokenTable *self)
{
  return self->n_tokens;
}
