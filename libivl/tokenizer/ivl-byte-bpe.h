/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "tokenizer/ivl-merge-list.h"

G_BEGIN_DECLS

/* Byte-level BPE as in Qwen2: tokens are byte strings, merges are pairs of tokens in order of rank.
 * Filled by ivl-byte-bpe-load.c, immutable then. */
typedef struct _IvlByteBpe IvlByteBpe;

/* All tokens together take at most n_bytes; the tables start with room for n_expected tokens. */
IvlByteBpe   *ivl_byte_bpe_new (gsize         n_bytes,
                                guint         n_expected,
                                GError      **error);
void          ivl_byte_bpe_free (IvlByteBpe *self);
/* If FALSE, text is encoded as it is, not normalised to NFC first (default TRUE). */
void          ivl_byte_bpe_set_nfc (IvlByteBpe *self,
                                    gboolean    nfc);
/* text is spelled in the byte-level alphabet. IVL_ERROR_INVALID_DATA if it is not, and as
 * ivl_token_table_add(). */
gboolean      ivl_byte_bpe_add_token (IvlByteBpe    *self,
                                      const char    *name,
                                      const guint8  *text,
                                      gsize          n_bytes,
                                      guint64        id,
                                      GError       **error);
/* The next merge. IVL_ERROR_INVALID_DATA if one of the three tokens is unknown, or the pair was
 * there. */
gboolean      ivl_byte_bpe_add_merge (IvlByteBpe    *self,
                                      const char    *name,
                                      const guint8  *left,
                                      gsize          n_left,
                                      const guint8  *right,
                                      gsize          n_right,
                                      GError       **error);
/* Ends the filling. IVL_ERROR_INVALID_DATA unless every byte has a token. */
gboolean      ivl_byte_bpe_finish (IvlByteBpe  *self,
                                   const char  *name,
                                   GError     **error);
guint         ivl_byte_bpe_get_size (const IvlByteBpe *self);
guint         ivl_byte_bpe_get_n_merges (const IvlByteBpe *self);
/* The bytes a token stands for; NULL if there is none. */
const guint8 *ivl_byte_bpe_get_token (const IvlByteBpe *self,
                                      guint32           id,
                                      gsize            *n_bytes);
/* The id of a token by its bytes, or -1. */
gint32        ivl_byte_bpe_find (const IvlByteBpe *self,
                                 const guint8     *bytes,
                                 gsize             n_bytes);
/* Appends the ids (guint32) of valid UTF-8. list and normal are room to work in. */
void          ivl_byte_bpe_encode (const IvlByteBpe *self,
                                   const char       *text,
                                   gsize             len,
                                   IvlMergeList     *list,
                                   GString          *normal,
                                   GArray           *ids);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlByteBpe, ivl_byte_bpe_free)

G_END_DECLS
