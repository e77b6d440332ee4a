/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Byte-level BPE: the tables and the encoding.
 */
#include "tokenizer/ivl-byte-bpe.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "tokenizer/ivl-hash.h"
#include "tokenizer/ivl-nfc.h"
#include "tokenizer/ivl-qwen-split.h"
#include "tokenizer/ivl-token-table.h"
#include "tokenizer/ivl-utf8.h"

/* Published vocabularies have 151,387 merges; the slots below have room for 24 bits. */
#define MAX_MERGES (1u << 21)

/* A word longer than this is cut: no model's context holds the rest, and symbols take memory. */
#define MAX_WORD_BYTES (4u << 20)

struct _IvlByteBpe
{
  IvlTokenTable *tokens;
  guint64       *slots; /* left id (20 bits), right id (20 bits), rank (24 bits); all ones: free */
  guint          n_slots;
  guint32       *merged; /* id by rank */
  guint          n_merges;
  guint64        seed;
  guint32        byte_ids[256];
  guint8        *own; /* by id: OWN_..., whether the token's bytes as a word give just the token */
  gboolean       nfc;
  GByteArray    *scratch;
};

/* Found out when a word is first seen. Threads may find it out at once: they find the same. */
enum
{
  OWN_UNKNOWN,
  OWN_YES,
  OWN_NO,
};

/* The byte that a character of the byte-level alphabet stands for, or -1. Printable Latin-1
 * stands for itself; the other 68 bytes are, in order, U+0100 and on (GPT-2's encoder.py,
 * bytes_to_unicode). */
static int
get_byte (gunichar c)
{
  static const guint8 others[] = {
    0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,  13,  14,  15,  16,
    17,  18,  19,  20,  21,  22,  23,  24,  25,  26,  27,  28,  29,  30,  31,  32,  127,
    128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144,
    145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 173,
  };

  if ((c >= 33 && c <= 126) || (c >= 161 && c <= 255 && c != 173))
    return c;
  if (c >= 256 && c < 256 + G_N_ELEMENTS (others))
    return others[c - 256];
  return -1;
}

/* Appends the bytes that text stands for to self->scratch. All of the alphabet has one or two
 * bytes in UTF-8. */
static gboolean
append_bytes (IvlByteBpe   *self,
              const guint8 *text,
              gsize         n_bytes)
{
  guint old = self->scratch->len;
  gsize n = 0;
  guint8 *out;

  g_byte_array_set_size (self->scratch, old + n_bytes);
  out = self->scratch->data + old;
  for (gsize i = 0; i < n_bytes; i++)
    {
      gunichar c = text[i];
      int byte;

      if (c >= 0x80)
        {
          if ((c & 0xe0) != 0xc0 || i + 1 == n_bytes || (text[i + 1] & 0xc0) != 0x80)
            return FALSE;
          c = (c & 0x1f) << 6 | (text[++i] & 0x3f);
        }
      byte = get_byte (c);
      if (byte < 0)
        return FALSE;
      out[n++] = byte;
    }
  g_byte_array_set_size (self->scratch, old + n);
  return TRUE;
}

IvlByteBpe *
ivl_byte_bpe_new (gsize    n_bytes,
                  guint    n_expected,
                  GError **error)
{
  g_autoptr (IvlByteBpe) self = g_new0 (IvlByteBpe, 1);

  self->nfc = TRUE;
  self->seed = (guint64) g_random_int () << 32 | g_random_int ();
  self->scratch = g_byte_array_sized_new (64); /* so that its data is never NULL */
  self->tokens = ivl_token_table_new (n_bytes, n_expected, error);
  if (self->tokens == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

void
ivl_byte_bpe_free (IvlByteBpe *self)
{
  if (self == NULL)
    return;
  ivl_token_table_free (self->tokens);
  g_free (self->slots);
  g_free (self->merged);
  g_free (self->own);
  g_clear_pointer (&self->scratch, g_byte_array_unref);
  g_free (self);
}

void
ivl_byte_bpe_set_nfc (IvlByteBpe *self,
                      gboolean    nfc)
{
  self->nfc = nfc;
}

static gboolean
fail_token (const char    *name,
            const guint8  *text,
            gsize          n_bytes,
            const char    *problem,
            GError       **error)
{
  g_autofree char *shown = ivl_utf8_show (text, n_bytes);

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: token \"%s\" %s", name, shown,
               problem);
  return FALSE;
}

gboolean
ivl_byte_bpe_add_token (IvlByteBpe    *self,
                        const char    *name,
                        const guint8  *text,
                        gsize          n_bytes,
                        guint64        id,
                        GError       **error)
{
  if (n_bytes > 2 * IVL_TOKEN_TABLE_MAX_BYTES)
    return fail_token (name, text, n_bytes, "is too long", error);
  g_byte_array_set_size (self->scratch, 0);
  if (!append_bytes (self, text, n_bytes))
    return fail_token (name, text, n_bytes, "is not spelled in the byte-level alphabet", error);
  return ivl_token_table_add (self->tokens, name, self->scratch->data, self->scratch->len, id,
                              error);
}

static inline guint64
make_key (guint32 left,
          guint32 right)
{
  return (guint64) left << 44 | (guint64) right << 24;
}

/* The slot of a pair, or the free one where it belongs; NULL if the way there is longer than chance
 * makes it. */
static inline guint64 *
find_slot (const IvlByteBpe *self,
           guint64           key)
{
  guint i = ivl_hash_u64 (self->seed, key) & (self->n_slots - 1);

  for (guint n = 0; n < IVL_HASH_MAX_PROBES; n++)
    {
      guint64 slot = self->slots[i];

      if (slot >> 24 == key >> 24 || slot == G_MAXUINT64)
        return &self->slots[i];
      i = (i + 1) & (self->n_slots - 1);
    }
  return NULL;
}

static gboolean
reserve_merge (IvlByteBpe *self,
               GError    **error)
{
  g_autofree guint64 *old = NULL;
  guint n_old = self->n_slots;
  guint n_slots = n_old == 0 ? 1024 : n_old * 2;
  guint64 *slots;
  guint32 *merged;

  /* All but the 256 bytes come from a merge: the first call can tell the size from the
   * vocabulary. */
  while (n_old == 0 && n_slots / 4 * 3 <= ivl_token_table_get_n_tokens (self->tokens))
    n_slots *= 2;
  if (n_old > 0 && self->n_merges < n_old / 4 * 3)
    return TRUE;
  slots = g_try_new (guint64, n_slots);
  merged = g_try_renew (guint32, self->merged, n_slots / 4 * 3);
  if (merged != NULL)
    self->merged = merged;
  if (slots == NULL || merged == NULL)
    {
      g_free (slots);
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "tokenizer: no memory for %u merges",
                   n_slots);
      return FALSE;
    }
  memset (slots, 0xff, n_slots * sizeof (guint64));
  old = self->slots;
  self->slots = slots;
  self->n_slots = n_slots;
  for (guint i = 0; i < n_old; i++)
    if (old[i] != G_MAXUINT64)
      {
        guint64 *slot = find_slot (self, old[i]);

        if (slot != NULL)
          *slot = old[i];
      }
  return TRUE;
}

static gboolean
fail_merge (const IvlByteBpe *self,
            const char       *name,
            const char       *problem,
            GError          **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: merge %u %s", name, self->n_merges,
               problem);
  return FALSE;
}

gboolean
ivl_byte_bpe_add_merge (IvlByteBpe    *self,
                        const char    *name,
                        const guint8  *left,
                        gsize          n_left,
                        const guint8  *right,
                        gsize          n_right,
                        GError       **error)
{
  gint32 left_id;
  gint32 right_id;
  gint32 id;
  guint n_left_bytes;
  guint64 key;
  guint64 *slot;

  if (self->n_merges == MAX_MERGES)
    return fail_merge (self, name, "is one too many", error);
  if (n_left + n_right > 2 * IVL_TOKEN_TABLE_MAX_BYTES)
    return fail_merge (self, name, "is too long", error);
  g_byte_array_set_size (self->scratch, 0);
  if (!append_bytes (self, left, n_left))
    return fail_merge (self, name, "is not spelled in the byte-level alphabet", error);
  n_left_bytes = self->scratch->len;
  if (!append_bytes (self, right, n_right))
    return fail_merge (self, name, "is not spelled in the byte-level alphabet", error);
  left_id = ivl_token_table_find (self->tokens, self->scratch->data, n_left_bytes);
  right_id = ivl_token_table_find (self->tokens, self->scratch->data + n_left_bytes,
                                   self->scratch->len - n_left_bytes);
  id = ivl_token_table_find (self->tokens, self->scratch->data, self->scratch->len);
  if (left_id < 0 || right_id < 0 || id < 0)
    return fail_merge (self, name, "names a token that the vocabulary does not have", error);
  if (!reserve_merge (self, error))
    return FALSE;
  key = make_key (left_id, right_id);
  slot = find_slot (self, key);
  if (slot == NULL || *slot != G_MAXUINT64)
    return fail_merge (self, name, slot == NULL ? "collides with too many" : "occurs twice", error);
  *slot = key | self->n_merges;
  self->merged[self->n_merges++] = id;
  return TRUE;
}

gboolean
ivl_byte_bpe_finish (IvlByteBpe  *self,
                     const char  *name,
                     GError     **error)
{
  for (guint i = 0; i < 256; i++)
    {
      guint8 byte = i;
      gint32 id = ivl_token_table_find (self->tokens, &byte, 1);

      if (id < 0)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: no token for byte 0x%02x",
                       name, i);
          return FALSE;
        }
      self->byte_ids[i] = id;
    }
  if (self->n_slots == 0 && !reserve_merge (self, error))
    return FALSE;
  self->own = g_try_malloc0 (ivl_token_table_get_size (self->tokens));
  if (self->own == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "%s: no memory for the vocabulary", name);
      return FALSE;
    }
  g_byte_array_set_size (self->scratch, 0);
  return TRUE;
}

guint
ivl_byte_bpe_get_size (const IvlByteBpe *self)
{
  return ivl_token_table_get_size (self->tokens);
}

guint
ivl_byte_bpe_get_n_merges (const IvlByteBpe *self)
{
  return self->n_merges;
}

const guint8 *
ivl_byte_bpe_get_token (const IvlByteBpe *self,
                        guint32           id,
                        gsize            *n_bytes)
{
  return ivl_token_table_get (self->tokens, id, n_bytes);
}

gint32
ivl_byte_bpe_find (const IvlByteBpe *self,
                   const guint8     *bytes,
                   gsize             n_bytes)
{
  return ivl_token_table_find (self->tokens, bytes, n_bytes);
}

static guint32
rank_pair (gconstpointer         model,
           const IvlMergeSymbol *left,
           const IvlMergeSymbol *right,
           guint32              *merged)
{
  const IvlByteBpe *self = model;
  const guint64 *slot = find_slot (self, make_key (left->id, right->id));
  guint32 rank;

  if (slot == NULL || *slot == G_MAXUINT64)
    return IVL_MERGE_NONE;
  rank = *slot & 0xffffff;
  *merged = self->merged[rank];
  return rank;
}

static void
merge_word (const IvlByteBpe *self,
            const guint8     *word,
            gsize             n_bytes,
            IvlMergeList     *list)
{
  ivl_merge_list_reset (list);
  for (gsize i = 0; i < n_bytes; i++)
    ivl_merge_list_append (list, i, 1, self->byte_ids[word[i]]);
  ivl_merge_list_run (list, rank_pair, self);
}

static void
append_merged (const IvlMergeList *list,
               GArray             *ids)
{
  for (guint32 i = 0; i != IVL_MERGE_NONE; i = list->symbols[i].next)
    g_array_append_val (ids, list->symbols[i].id);
}

/* Most words are one token, but a token of the vocabulary need not be reached by merges. */
static void
encode_word (const IvlByteBpe *self,
             const guint8     *word,
             gsize             n_bytes,
             IvlMergeList     *list,
             GArray           *ids)
{
  gint32 id = ivl_token_table_find (self->tokens, word, n_bytes);

  if (id < 0)
    {
      merge_word (self, word, n_bytes, list);
      append_merged (list, ids);
      return;
    }
  switch (__atomic_load_n (&self->own[id], __ATOMIC_RELAXED))
    {
    case OWN_YES:
      g_array_append_val (ids, id);
      return;
    case OWN_NO:
      merge_word (self, word, n_bytes, list);
      break;
    default:
      merge_word (self, word, n_bytes, list);
      __atomic_store_n (&self->own[id],
                        list->symbols[0].next == IVL_MERGE_NONE ? OWN_YES : OWN_NO,
                        __ATOMIC_RELAXED);
      break;
    }
  append_merged (list, ids);
}

void
ivl_byte_bpe_encode (const IvlByteBpe *self,
                     const char       *text,
                     gsize             len,
                     IvlMergeList     *list,
                     GString          *normal,
                     GArray           *ids)
{
  const guint8 *p = (const guint8 *) text;
  const guint8 *end = p + len;

  g_string_truncate (normal, 0);
  if (self->nfc && ivl_nfc_normalise (text, len, normal))
    {
      p = (const guint8 *) normal->str;
      end = p + normal->len;
    }
  while (p < end)
    {
      gsize n = ivl_qwen_split_next (p, end - p);

      for (gsize done = 0; done < n; done += MAX_WORD_BYTES)
        encode_word (self, p + done, MIN (n - done, MAX_WORD_BYTES), list, ids);
      p += n;
    }
}
