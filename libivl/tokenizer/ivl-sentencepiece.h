/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "tokenizer/ivl-merge-list.h"

G_BEGIN_DECLS

/* Sentencepiece BPE with byte fallback, as in InternLM2. Filled by ivl-sentencepiece-load.c,
 * immutable then. */
typedef struct _IvlSentencepiece IvlSentencepiece;

/* sentencepiece_model.proto, SentencePiece.Type. */
typedef enum
{
  IVL_PIECE_NONE = 0, /* no piece has this id */
  IVL_PIECE_NORMAL = 1,
  IVL_PIECE_UNKNOWN = 2,
  IVL_PIECE_CONTROL = 3,
  IVL_PIECE_USER_DEFINED = 4,
  IVL_PIECE_UNUSED = 5,
  IVL_PIECE_BYTE = 6,
} IvlPieceType;

/* sentencepiece_model.proto, NormalizerSpec: its three flags. */
typedef struct
{
  gboolean add_dummy_prefix;
  gboolean remove_extra_whitespaces;
  gboolean escape_whitespaces;
} IvlSentencepieceFlags;

/* A stretch of the text in which control pieces are not recognised: bytes [start, end). */
typedef struct
{
  gsize start;
  gsize end;
} IvlSentencepieceGuard;

/* The pieces together take at most n_bytes. NULL with IVL_ERROR_NO_MEMORY. */
IvlSentencepiece *ivl_sentencepiece_new (gsize    n_bytes,
                                         guint    n_expected,
                                         GError **error);
void              ivl_sentencepiece_free (IvlSentencepiece *self);
/* The next piece: ids count from 0. IVL_ERROR_INVALID_DATA if the text is not UTF-8, is empty,
 * too long or there already, or the score is no number; IVL_ERROR_UNSUPPORTED for type UNUSED. */
gboolean          ivl_sentencepiece_add (IvlSentencepiece *self,
                                         const char       *name,
                                         const guint8     *text,
                                         gsize             n_bytes,
                                         float             score,
                                         guint64           type,
                                         GError          **error);
/* Ends the filling. IVL_ERROR_UNSUPPORTED unless there is a piece for each byte. */
gboolean          ivl_sentencepiece_finish (IvlSentencepiece            *self,
                                            const char                  *name,
                                            const IvlSentencepieceFlags *flags,
                                            GError                     **error);
/* Makes a USER_DEFINED piece one that guarded text cannot give. Before the first use. */
void              ivl_sentencepiece_set_control (IvlSentencepiece *self,
                                                 guint32           id);
guint             ivl_sentencepiece_get_size (const IvlSentencepiece *self);
IvlPieceType      ivl_sentencepiece_get_type (const IvlSentencepiece *self,
                                              guint32                 id);
const guint8     *ivl_sentencepiece_get_piece (const IvlSentencepiece *self,
                                               guint32                 id,
                                               gsize                  *n_bytes);
gint32            ivl_sentencepiece_find (const IvlSentencepiece *self,
                                          const guint8           *bytes,
                                          gsize                   n_bytes);
/* The byte of a BYTE piece. */
guint8            ivl_sentencepiece_get_byte (const IvlSentencepiece *self,
                                              guint32                 id);
const IvlSentencepieceFlags *ivl_sentencepiece_get_flags (const IvlSentencepiece *self);
/* Appends the ids (guint32) of valid UTF-8. guards are in order. list and normal are room to
 * work in. */
void              ivl_sentencepiece_encode (const IvlSentencepiece      *self,
                                            const char                  *text,
                                            gsize                        len,
                                            const IvlSentencepieceGuard *guards,
                                            gsize                        n_guards,
                                            IvlMergeList                *list,
                                            GString                     *normal,
                                            GArray                      *ids);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlSentencepiece, ivl_sentencepiece_free)

G_END_DECLS
