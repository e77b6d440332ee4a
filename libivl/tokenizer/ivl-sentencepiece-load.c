/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads a tokenizer.model, a protobuf message whose fields are named in sentencepiece_model.proto.
 * Not by libsentencepiece: version 0.2.2 refuses InternLM2's own file for its piece "\0".
 */
#include "tokenizer/ivl-sentencepiece-load.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "util/ivl-bytes-reader.h"

enum
{
  WIRE_VARINT = 0,
  WIRE_FIXED64 = 1,
  WIRE_BYTES = 2,
  WIRE_FIXED32 = 5,
};

enum
{
  MODEL_PIECES = 1,
  MODEL_TRAINER_SPEC = 2,
  MODEL_NORMALIZER_SPEC = 3,
  MODEL_DENORMALIZER_SPEC = 5,
  PIECE_TEXT = 1,
  PIECE_SCORE = 2,
  PIECE_TYPE = 3,
  TRAINER_MODEL_TYPE = 3,
  TRAINER_WHITESPACE_AS_SUFFIX = 24,
  TRAINER_BYTE_FALLBACK = 35,
  NORMALIZER_CHARSMAP = 2,
  NORMALIZER_ADD_DUMMY_PREFIX = 3,
  NORMALIZER_REMOVE_EXTRA_WHITESPACES = 4,
  NORMALIZER_ESCAPE_WHITESPACES = 5,
};

#define MODEL_TYPE_UNIGRAM 1
#define MODEL_TYPE_BPE 2

typedef struct
{
  guint         number;
  guint         wire;
  guint64       value; /* varint, or the bits of a fixed32 */
  const guint8 *bytes;
  gsize         n_bytes;
} Field;

typedef struct
{
  const char           *name;
  IvlSentencepiece     *pieces;
  guint64               model_type;
  guint64               byte_fallback;
  guint64               whitespace_as_suffix;
  gboolean              rewrites;
  IvlSentencepieceFlags flags;
  guint                 seen_specs; /* a bit for each field of the model that may occur once */
} Loading;

static gboolean
fail (const char *name,
      const char *problem,
      gsize       offset,
      GError    **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s at offset %" G_GSIZE_FORMAT, name,
               problem, offset);
  return FALSE;
}

static gboolean
read_field (IvlBytesReader *reader,
            const char     *name,
            Field          *field,
            GError        **error)
{
  guint64 tag;
  guint64 n;
  guint32 bits;
  gboolean good;

  memset (field, 0, sizeof *field);
  if (!ivl_bytes_reader_read_varint (reader, &tag) || tag >> 3 == 0 || tag >> 3 > G_MAXUINT32 >> 3)
    return fail (name, "no protobuf field", reader->offset, error);
  field->number = tag >> 3;
  field->wire = tag & 7;
  switch (field->wire)
    {
    case WIRE_VARINT:
      good = ivl_bytes_reader_read_varint (reader, &field->value);
      break;
    case WIRE_FIXED64:
      good = ivl_bytes_reader_skip (reader, 8);
      break;
    case WIRE_FIXED32:
      good = ivl_bytes_reader_read_u32 (reader, &bits);
      field->value = good ? bits : 0;
      break;
    case WIRE_BYTES:
      good = ivl_bytes_reader_read_varint (reader, &n) &&
             ivl_bytes_reader_read_bytes (reader, n, &field->bytes);
      field->n_bytes = good ? n : 0;
      break;
    default:
      return fail (name, "a protobuf group", reader->offset, error);
    }
  return good || fail (name, "a protobuf field cut short", reader->offset, error);
}

/* TRUE if the field is of the wanted kind; a known number of another kind is damage. */
static gboolean
expect_wire (const Loading *loading,
             const Field   *field,
             guint          wire,
             GError       **error)
{
  if (field->wire == wire)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: protobuf field %u has wire type %u, expected %u", loading->name, field->number,
               field->wire, wire);
  return FALSE;
}

static gboolean
read_piece (Loading     *loading,
            const Field *message,
            GError     **error)
{
  const guint8 *text = NULL;
  gsize n_bytes = 0;
  guint64 type = IVL_PIECE_NORMAL;
  float score = 0;
  IvlBytesReader reader;
  Field field;

  ivl_bytes_reader_init (&reader, message->bytes, message->n_bytes);
  while (ivl_bytes_reader_get_remaining (&reader) > 0)
    {
      guint32 bits;

      if (!read_field (&reader, loading->name, &field, error))
        return FALSE;
      switch (field.number)
        {
        case PIECE_TEXT:
          if (!expect_wire (loading, &field, WIRE_BYTES, error))
            return FALSE;
          text = field.bytes;
          n_bytes = field.n_bytes;
          break;
        case PIECE_SCORE:
          if (!expect_wire (loading, &field, WIRE_FIXED32, error))
            return FALSE;
          bits = field.value;
          memcpy (&score, &bits, sizeof score);
          break;
        case PIECE_TYPE:
          if (!expect_wire (loading, &field, WIRE_VARINT, error))
            return FALSE;
          type = field.value;
          break;
        default:
          break;
        }
    }
  return ivl_sentencepiece_add (loading->pieces, loading->name, text, n_bytes, score, type, error);
}

static gboolean
read_trainer_field (Loading     *loading,
                    const Field *field,
                    GError     **error)
{
  guint64 *value = field->number == TRAINER_MODEL_TYPE             ? &loading->model_type
                   : field->number == TRAINER_WHITESPACE_AS_SUFFIX ? &loading->whitespace_as_suffix
                   : field->number == TRAINER_BYTE_FALLBACK        ? &loading->byte_fallback
                                                                   : NULL;

  if (value == NULL)
    return TRUE;
  *value = field->value;
  return expect_wire (loading, field, WIRE_VARINT, error);
}

static gboolean
read_normalizer_field (Loading     *loading,
                       const Field *field,
                       GError     **error)
{
  gboolean *flag = field->number == NORMALIZER_ADD_DUMMY_PREFIX ? &loading->flags.add_dummy_prefix
                   : field->number == NORMALIZER_REMOVE_EXTRA_WHITESPACES
                       ? &loading->flags.remove_extra_whitespaces
                   : field->number == NORMALIZER_ESCAPE_WHITESPACES
                       ? &loading->flags.escape_whitespaces
                       : NULL;

  if (field->number == NORMALIZER_CHARSMAP && field->n_bytes > 0)
    loading->rewrites = TRUE;
  if (field->number == NORMALIZER_CHARSMAP)
    return expect_wire (loading, field, WIRE_BYTES, error);
  if (flag == NULL)
    return TRUE;
  *flag = field->value != 0;
  return expect_wire (loading, field, WIRE_VARINT, error);
}

static gboolean
read_denormalizer_field (Loading     *loading,
                         const Field *field,
                         GError     **error)
{
  if (field->number == NORMALIZER_CHARSMAP && field->n_bytes > 0)
    loading->rewrites = TRUE;
  return TRUE;
}

static gboolean
read_spec (Loading     *loading,
           const Field *message,
           gboolean (*read) (Loading     *loading,
                             const Field *field,
                             GError     **error),
           GError     **error)
{
  guint bit = 1u << message->number;
  IvlBytesReader reader;
  Field field;

  if (loading->seen_specs & bit)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: protobuf field %u occurs twice",
                   loading->name, message->number);
      return FALSE;
    }
  loading->seen_specs |= bit;
  ivl_bytes_reader_init (&reader, message->bytes, message->n_bytes);
  while (ivl_bytes_reader_get_remaining (&reader) > 0)
    if (!read_field (&reader, loading->name, &field, error) || !read (loading, &field, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_model_field (Loading     *loading,
                  const Field *field,
                  GError     **error)
{
  if (field->number > MODEL_DENORMALIZER_SPEC)
    return TRUE;
  if (!expect_wire (loading, field, WIRE_BYTES, error))
    return FALSE;
  switch (field->number)
    {
    case MODEL_PIECES:
      return read_piece (loading, field, error);
    case MODEL_TRAINER_SPEC:
      return read_spec (loading, field, read_trainer_field, error);
    case MODEL_NORMALIZER_SPEC:
      return read_spec (loading, field, read_normalizer_field, error);
    case MODEL_DENORMALIZER_SPEC:
      return read_spec (loading, field, read_denormalizer_field, error);
    default:
      return TRUE;
    }
}

static gboolean
check_supported (const Loading *loading,
                 GError       **error)
{
  const char *problem = NULL;

  if (loading->model_type != MODEL_TYPE_BPE)
    problem = "is not a BPE model";
  else if (!loading->byte_fallback)
    problem = "has no byte fallback";
  else if (loading->whitespace_as_suffix)
    problem = "has white space at the end of words";
  else if (loading->rewrites)
    problem = "normalises text by a table of its own";
  if (problem == NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s: %s, unlike that of InternLM2",
               loading->name, problem);
  return FALSE;
}

IvlSentencepiece *
ivl_sentencepiece_load (const guint8 *data,
                        gsize         size,
                        const char   *name,
                        GError      **error)
{
  /* InternLM2's file has 16 bytes for each piece. */
  g_autoptr (IvlSentencepiece) pieces = ivl_sentencepiece_new (size, size / 16, error);
  Loading loading = { .name = name,
                      .pieces = pieces,
                      .model_type = MODEL_TYPE_UNIGRAM,
                      .flags = { TRUE, TRUE, TRUE } };
  IvlBytesReader reader;
  Field field;

  if (pieces == NULL)
    return NULL;
  ivl_bytes_reader_init (&reader, data, size);
  while (ivl_bytes_reader_get_remaining (&reader) > 0)
    if (!read_field (&reader, name, &field, error) || !read_model_field (&loading, &field, error))
      return NULL;
  /* sentencepiece has defaults for absent specs; in a model they tell of a file cut short. */
  if (ivl_sentencepiece_get_size (pieces) == 0 ||
      !(loading.seen_specs & 1u << MODEL_TRAINER_SPEC) ||
      !(loading.seen_specs & 1u << MODEL_NORMALIZER_SPEC))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: expected pieces, trainer_spec and normalizer_spec, and one is missing",
                   name);
      return NULL;
    }
  if (!check_supported (&loading, error) ||
      !ivl_sentencepiece_finish (pieces, name, &loading.flags, error))
    return NULL;
  return g_steal_pointer (&pieces);
}
