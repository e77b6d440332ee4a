/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sentencepiece BPE: the pieces and the encoding (google/sentencepiece, bpe_model.cc, for the
 * rules).
 */
#include "tokenizer/ivl-sentencepiece.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "tokenizer/ivl-hash.h"
#include "tokenizer/ivl-prefix-trie.h"
#include "tokenizer/ivl-token-table.h"
#include "tokenizer/ivl-utf8.h"

/* A space inside a piece is written U+2581. */
#define SPACE_SYMBOL "\xe2\x96\x81"

/* A segment longer than this is cut: no model's context holds the rest, and symbols take memory. */
#define MAX_SEGMENT_BYTES (4u << 20)

/* What is known of one piece. */
typedef struct
{
  guint32 order; /* smaller: merged earlier */
  guint8  type;
  guint8  own;       /* OWN_..., as in ivl-byte-bpe.c */
  guint8  byte;      /* of a BYTE piece */
  guint8  is_guarded; /* a USER_DEFINED piece that stands for a control token */
} Piece;

enum
{
  OWN_UNKNOWN,
  OWN_YES,
  OWN_NO,
};

struct _IvlSentencepiece
{
  IvlTokenTable        *texts;
  Piece                *pieces; /* by id */
  guint                 n_pieces;
  guint                 n_allocated;
  IvlPrefixTrie        *atoms;  /* the USER_DEFINED pieces */
  guint64              *pairs;  /* neighbouring characters inside pieces, a << 32 | b; 0: free */
  guint                 n_slots;
  guint                 n_pairs;
  guint64               seed;
  guint8                ascii_pairs[128][16]; /* the same for ASCII, a bit each */
  guint32               byte_ids[256];
  IvlSentencepieceFlags flags;
};

static gboolean
grow_pieces (IvlSentencepiece  *self,
             guint              n,
             GError           **error)
{
  Piece *pieces;

  n = CLAMP (n, 64, IVL_TOKEN_TABLE_MAX_IDS);
  pieces = g_try_renew (Piece, self->pieces, n);
  if (pieces == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "tokenizer: no memory for %u pieces", n);
      return FALSE;
    }
  self->pieces = pieces;
  self->n_allocated = n;
  return TRUE;
}

IvlSentencepiece *
ivl_sentencepiece_new (gsize    n_bytes,
                       guint    n_expected,
                       GError **error)
{
  g_autoptr (IvlSentencepiece) self = g_new0 (IvlSentencepiece, 1);

  self->atoms = ivl_prefix_trie_new ();
  self->seed = (guint64) g_random_int () << 32 | g_random_int ();
  for (guint i = 0; i < 256; i++)
    self->byte_ids[i] = IVL_MERGE_NONE;
  self->texts = ivl_token_table_new (n_bytes, n_expected, error);
  if (self->texts == NULL || !grow_pieces (self, n_expected, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ivl_sentencepiece_free (IvlSentencepiece *self)
{
  if (self == NULL)
    return;
  ivl_token_table_free (self->texts);
  g_free (self->pieces);
  ivl_prefix_trie_free (self->atoms);
  g_free (self->pairs);
  g_free (self);
}

static inline Piece *
get_piece (const IvlSentencepiece *self,
           guint32                 id)
{
  return &self->pieces[id];
}

static guint64 *
find_pair (const IvlSentencepiece *self,
           guint64                 pair)
{
  guint i = ivl_hash_u64 (self->seed, pair) & (self->n_slots - 1);

  for (guint n = 0; n < IVL_HASH_MAX_PROBES; n++)
    {
      if (self->pairs[i] == pair || self->pairs[i] == 0)
        return &self->pairs[i];
      i = (i + 1) & (self->n_slots - 1);
    }
  return NULL;
}

static gboolean
grow_pairs (IvlSentencepiece *self,
            GError          **error)
{
  g_autofree guint64 *old = self->pairs;
  guint n_old = self->n_slots;

  self->n_slots = MAX (n_old * 2, 1u << 12);
  self->pairs = g_try_new0 (guint64, self->n_slots);
  if (self->pairs == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "tokenizer: no memory for %u pairs",
                   self->n_slots);
      return FALSE;
    }
  for (guint i = 0; i < n_old; i++)
    {
      guint64 *slot = old[i] != 0 ? find_pair (self, old[i]) : NULL;

      if (slot != NULL)
        *slot = old[i];
    }
  return TRUE;
}

static gboolean
add_pair (IvlSentencepiece *self,
          const char       *name,
          gunichar          a,
          gunichar          b,
          GError          **error)
{
  guint64 pair = (guint64) a << 32 | b;
  guint64 *slot;

  if (a < 128 && b < 128)
    {
      self->ascii_pairs[a][b >> 3] |= 1u << (b & 7);
      return TRUE;
    }
  if (self->n_pairs >= self->n_slots / 2 && !grow_pairs (self, error))
    return FALSE;
  slot = find_pair (self, pair);
  if (slot == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: pieces collide with too many",
                   name);
      return FALSE;
    }
  self->n_pairs += *slot == 0;
  *slot = pair;
  return TRUE;
}

/* FALSE only if no piece has the two characters side by side: then no merge joins what is left
 * of them to what is right, and the two sides can be encoded apart. */
static gboolean
may_join (const IvlSentencepiece *self,
          gunichar                a,
          gunichar                b)
{
  const guint64 *slot;

  if (a < 128 && b < 128)
    return self->ascii_pairs[a][b >> 3] >> (b & 7) & 1;
  if (self->n_slots == 0)
    return FALSE;
  slot = find_pair (self, (guint64) a << 32 | b);
  return slot != NULL && *slot != 0;
}

static gboolean
add_pairs (IvlSentencepiece *self,
           const char       *name,
           const guint8     *text,
           gsize             n_bytes,
           GError          **error)
{
  guint n;
  gunichar last = ivl_utf8_get (text, &n);

  for (gsize i = n; i < n_bytes; i += n)
    {
      gunichar c = ivl_utf8_get (text + i, &n);

      if (!add_pair (self, name, last, c, error))
        return FALSE;
      last = c;
    }
  return TRUE;
}

static gboolean
fail_piece (const IvlSentencepiece *self,
            IvlError                code,
            const char             *name,
            const char             *problem,
            GError                **error)
{
  g_set_error (error, IVL_ERROR, code, "%s: piece %u %s", name, self->n_pieces, problem);
  return FALSE;
}

/* "<0x0A>" -> 10, in just this spelling; -1 for anything else. */
static int
parse_byte_piece (const guint8 *text,
                  gsize         n_bytes)
{
  int high;
  int low;

  if (n_bytes != 6 || memcmp (text, "<0x", 3) != 0 || text[5] != '>')
    return -1;
  high = g_ascii_xdigit_value (text[3]);
  low = g_ascii_xdigit_value (text[4]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* InternLM2 keeps its chat tokens under such names: "[UNUSED_TOKEN_145]" is <|im_end|>. */
static gboolean
is_unused_name (const guint8 *text,
                gsize         n_bytes)
{
  static const char prefix[] = "[UNUSED_TOKEN_";

  return n_bytes > strlen (prefix) && memcmp (text, prefix, strlen (prefix)) == 0;
}

/* Scores ordered as integers, the highest first; IEEE 754 bits compare like sign and magnitude. */
static guint32
get_order (float score)
{
  float positive_zero = score + 0.0f;
  guint32 bits;

  memcpy (&bits, &positive_zero, sizeof bits);
  return bits & 0x80000000u ? bits : 0x7fffffffu - bits;
}

static gboolean
add_byte_piece (IvlSentencepiece *self,
                const char       *name,
                const guint8     *text,
                gsize             n_bytes,
                Piece            *piece,
                GError          **error)
{
  int byte = parse_byte_piece (text, n_bytes);

  if (byte < 0)
    return fail_piece (self, IVL_ERROR_INVALID_DATA, name, "is of type BYTE, expected \"<0xHH>\"",
                       error);
  if (self->byte_ids[byte] != IVL_MERGE_NONE)
    return fail_piece (self, IVL_ERROR_INVALID_DATA, name, "stands for a byte that has a piece",
                       error);
  self->byte_ids[byte] = self->n_pieces;
  piece->byte = byte;
  return TRUE;
}

gboolean
ivl_sentencepiece_add (IvlSentencepiece *self,
                       const char       *name,
                       const guint8     *text,
                       gsize             n_bytes,
                       float             score,
                       guint64           type,
                       GError          **error)
{
  Piece piece = { 0 };
  IvlError code;

  if (type < IVL_PIECE_NORMAL || type > IVL_PIECE_BYTE)
    return fail_piece (self, IVL_ERROR_INVALID_DATA, name, "has an unknown type", error);
  if (type == IVL_PIECE_UNUSED)
    return fail_piece (self, IVL_ERROR_UNSUPPORTED, name, "has the type UNUSED", error);
  if (!isfinite (score))
    return fail_piece (self, IVL_ERROR_INVALID_DATA, name, "has a score that is no number", error);
  if (n_bytes == 0 ||
      ivl_utf8_count_valid (text, MIN (n_bytes, IVL_TOKEN_TABLE_MAX_BYTES)) != n_bytes)
    return fail_piece (self, IVL_ERROR_INVALID_DATA, name, "is empty, too long or not UTF-8",
                       error);
  piece.type = type;
  piece.order = get_order (score);
  if (type == IVL_PIECE_BYTE && !add_byte_piece (self, name, text, n_bytes, &piece, error))
    return FALSE;
  if (type == IVL_PIECE_USER_DEFINED)
    {
      piece.is_guarded = is_unused_name (text, n_bytes);
      if (!ivl_prefix_trie_add (self->atoms, text, n_bytes, self->n_pieces, &code))
        return fail_piece (self, code, name,
                           code == IVL_ERROR_NO_MEMORY ? "does not fit into memory"
                                                       : "is too long to be atomic", error);
    }
  if (!ivl_token_table_add (self->texts, name, text, n_bytes, self->n_pieces, error) ||
      (type == IVL_PIECE_NORMAL && !add_pairs (self, name, text, n_bytes, error)))
    return FALSE;
  if (self->n_pieces == self->n_allocated && !grow_pieces (self, 2 * self->n_allocated, error))
    return FALSE;
  self->pieces[self->n_pieces++] = piece;
  return TRUE;
}

gboolean
ivl_sentencepiece_finish (IvlSentencepiece            *self,
                          const char                  *name,
                          const IvlSentencepieceFlags *flags,
                          GError                     **error)
{
  for (guint i = 0; i < 256; i++)
    if (self->byte_ids[i] == IVL_MERGE_NONE)
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                     "%s: no piece for byte 0x%02x: a model without byte fallback", name, i);
        return FALSE;
      }
  self->flags = *flags;
  return TRUE;
}

void
ivl_sentencepiece_set_control (IvlSentencepiece *self,
                               guint32           id)
{
  get_piece (self, id)->is_guarded = TRUE;
}

guint
ivl_sentencepiece_get_size (const IvlSentencepiece *self)
{
  return self->n_pieces;
}

IvlPieceType
ivl_sentencepiece_get_type (const IvlSentencepiece *self,
                            guint32                 id)
{
  return id < self->n_pieces ? (IvlPieceType) get_piece (self, id)->type : IVL_PIECE_NONE;
}

const guint8 *
ivl_sentencepiece_get_piece (const IvlSentencepiece *self,
                             guint32                 id,
                             gsize                  *n_bytes)
{
  return ivl_token_table_get (self->texts, id, n_bytes);
}

gint32
ivl_sentencepiece_find (const IvlSentencepiece *self,
                        const guint8           *bytes,
                        gsize                   n_bytes)
{
  return ivl_token_table_find (self->texts, bytes, n_bytes);
}

guint8
ivl_sentencepiece_get_byte (const IvlSentencepiece *self,
                            guint32                 id)
{
  return get_piece (self, id)->byte;
}

const IvlSentencepieceFlags *
ivl_sentencepiece_get_flags (const IvlSentencepiece *self)
{
  return &self->flags;
}

/* One call of ivl_sentencepiece_encode(). */
typedef struct
{
  const IvlSentencepiece *self;
  const guint8           *text; /* normalised */
  gsize                   len;
  GArray                 *guards; /* IvlSentencepieceGuard, within the normalised text */
  guint                   guard;  /* the first one that ends after the position reached */
  const guint8           *segment;
  IvlMergeList           *list;
  GArray                 *ids;
} Encoding;

/* The NORMAL piece with this text, or -1. */
static gint32
find_normal (const IvlSentencepiece *self,
             const guint8           *bytes,
             gsize                   n_bytes)
{
  gint32 id = ivl_token_table_find (self->texts, bytes, n_bytes);

  return id >= 0 && get_piece (self, id)->type == IVL_PIECE_NORMAL ? id : -1;
}

static guint32
rank_pair (gconstpointer         model,
           const IvlMergeSymbol *left,
           const IvlMergeSymbol *right,
           guint32              *merged)
{
  const Encoding *encoding = model;
  gint32 id = find_normal (encoding->self, encoding->segment + left->start,
                           (gsize) left->n_bytes + right->n_bytes);

  if (id < 0)
    return IVL_MERGE_NONE;
  *merged = id;
  return get_piece (encoding->self, id)->order;
}

static void
merge_segment (Encoding *encoding,
               gsize     n_bytes)
{
  ivl_merge_list_reset (encoding->list);
  for (gsize i = 0; i < n_bytes;)
    {
      guint n;
      gint32 id;

      ivl_utf8_get (encoding->segment + i, &n);
      id = find_normal (encoding->self, encoding->segment + i, n);
      ivl_merge_list_append (encoding->list, i, n, id < 0 ? IVL_MERGE_NONE : (guint32) id);
      i += n;
    }
  ivl_merge_list_run (encoding->list, rank_pair, encoding);
}

static void
append_merged (Encoding *encoding)
{
  const IvlMergeSymbol *symbols = encoding->list->symbols;

  for (guint32 i = 0; i != IVL_MERGE_NONE; i = symbols[i].next)
    {
      if (symbols[i].id != IVL_MERGE_NONE)
        {
          g_array_append_val (encoding->ids, symbols[i].id);
          continue;
        }
      for (guint32 j = 0; j < symbols[i].n_bytes; j++)
        g_array_append_val (encoding->ids,
                            encoding->self->byte_ids[encoding->segment[symbols[i].start + j]]);
    }
}

static void
encode_segment (Encoding *encoding,
                gsize     start,
                gsize     end)
{
  gint32 id;
  Piece *piece;

  if (start == end)
    return;
  encoding->segment = encoding->text + start;
  id = find_normal (encoding->self, encoding->segment, end - start);
  piece = id < 0 ? NULL : get_piece (encoding->self, id);
  if (piece != NULL && __atomic_load_n (&piece->own, __ATOMIC_RELAXED) == OWN_YES)
    {
      g_array_append_val (encoding->ids, id);
      return;
    }
  merge_segment (encoding, end - start);
  if (piece != NULL)
    __atomic_store_n (&piece->own,
                      encoding->list->symbols[0].next == IVL_MERGE_NONE ? OWN_YES : OWN_NO,
                      __ATOMIC_RELAXED);
  append_merged (encoding);
}

static gboolean
overlaps_guard (Encoding *encoding,
                gsize     start,
                gsize     end)
{
  const IvlSentencepieceGuard *guards =
      (const IvlSentencepieceGuard *) (void *) encoding->guards->data;

  while (encoding->guard < encoding->guards->len && guards[encoding->guard].end <= start)
    encoding->guard++;
  return encoding->guard < encoding->guards->len && guards[encoding->guard].start < end;
}

/* The longest USER_DEFINED piece that begins at start, or -1. */
static gint32
match_atom (Encoding *encoding,
            gsize     start,
            gsize    *n_bytes)
{
  const IvlSentencepiece *self = encoding->self;
  guint32 place = IVL_PREFIX_TRIE_ROOT;
  gint32 found = -1;

  for (gsize i = start; i < encoding->len; i++)
    {
      gint32 id;

      place = ivl_prefix_trie_step (self->atoms, place, encoding->text[i]);
      if (place == IVL_PREFIX_TRIE_NONE)
        break;
      id = ivl_prefix_trie_get_id (self->atoms, place);
      if (id >= 0 && !(get_piece (self, id)->is_guarded && overlaps_guard (encoding, start, i + 1)))
        {
          found = id;
          *n_bytes = i + 1 - start;
        }
    }
  return found;
}

static void
encode_normalised (Encoding *encoding)
{
  gsize start = 0;
  gsize i = 0;
  gunichar last = 0;

  while (i < encoding->len)
    {
      gsize n_atom;
      guint n;
      gunichar c;
      gint32 atom = match_atom (encoding, i, &n_atom);

      if (atom >= 0)
        {
          encode_segment (encoding, start, i);
          g_array_append_val (encoding->ids, atom);
          i += n_atom;
          start = i;
          continue;
        }
      c = ivl_utf8_get (encoding->text + i, &n);
      if (i > start && (i - start > MAX_SEGMENT_BYTES || !may_join (encoding->self, last, c)))
        {
          encode_segment (encoding, start, i);
          start = i;
        }
      last = c;
      i += n;
    }
  encode_segment (encoding, start, i);
}

/* Appends text to out with its spaces as the flags have them. *after_space tells, between calls,
 * whether a space more would be an extra one. */
static void
append_spaced (GString                     *out,
               const char                  *text,
               gsize                        len,
               const IvlSentencepieceFlags *flags,
               gboolean                    *after_space)
{
  const char *end = text + len;

  while (text < end)
    {
      const char *space = memchr (text, ' ', end - text);
      const char *stop = space != NULL ? space : end;

      if (stop > text)
        {
          g_string_append_len (out, text, stop - text);
          *after_space = FALSE;
        }
      if (space == NULL)
        return;
      if (!(*after_space && flags->remove_extra_whitespaces))
        g_string_append (out, flags->escape_whitespaces ? SPACE_SYMBOL : " ");
      *after_space = TRUE;
      text = space + 1;
    }
}

/* Writes the text as the pieces spell it, and where the guarded stretches lie in that. */
static void
normalise (const IvlSentencepiece      *self,
           const char                  *text,
           gsize                        len,
           const IvlSentencepieceGuard *guards,
           gsize                        n_guards,
           GString                     *out,
           GArray                      *out_guards)
{
  const char *space = self->flags.escape_whitespaces ? SPACE_SYMBOL : " ";
  gboolean after_space = TRUE;
  gsize done = 0;

  g_string_truncate (out, 0);
  if (self->flags.add_dummy_prefix)
    g_string_append (out, space);
  for (gsize i = 0; i < n_guards; i++)
    {
      IvlSentencepieceGuard guard;

      append_spaced (out, text + done, guards[i].start - done, &self->flags, &after_space);
      guard.start = out->len;
      append_spaced (out, text + guards[i].start, guards[i].end - guards[i].start, &self->flags,
                     &after_space);
      guard.end = out->len;
      g_array_append_val (out_guards, guard);
      done = guards[i].end;
    }
  append_spaced (out, text + done, len - done, &self->flags, &after_space);
  if (self->flags.remove_extra_whitespaces && g_str_has_suffix (out->str, space))
    g_string_truncate (out, out->len - strlen (space));
}

void
ivl_sentencepiece_encode (const IvlSentencepiece      *self,
                          const char                  *text,
                          gsize                        len,
                          const IvlSentencepieceGuard *guards,
                          gsize                        n_guards,
                          IvlMergeList                *list,
                          GString                     *normal,
                          GArray                      *ids)
{
  g_autoptr (GArray) normal_guards = g_array_new (FALSE, FALSE, sizeof (IvlSentencepieceGuard));
  Encoding encoding = { .self = self, .guards = normal_guards, .list = list, .ids = ids };

  if (len == 0)
    return;
  normalise (self, text, len, guards, n_guards, normal, normal_guards);
  encoding.text = (const guint8 *) normal->str;
  encoding.len = normal->len;
  encode_normalised (&encoding);
}
