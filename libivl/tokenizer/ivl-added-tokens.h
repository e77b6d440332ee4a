/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The tokens that stand beside a vocabulary, such as <|im_end|>: recognised as a whole in
 * trusted text. Filled from a folder's files, immutable then. */
typedef struct _IvlAddedTokens IvlAddedTokens;

typedef enum
{
  IVL_ADDED_TOKEN_SPECIAL = 1 << 0, /* left out of what is shown */
  IVL_ADDED_TOKEN_LSTRIP = 1 << 1,  /* swallows the white space before it */
  IVL_ADDED_TOKEN_RSTRIP = 1 << 2,  /* swallows the white space after it */
} IvlAddedTokenFlags;

IvlAddedTokens *ivl_added_tokens_new (void);
void            ivl_added_tokens_free (IvlAddedTokens *self);
/* Adding the same text with the same id again joins the flags. IVL_ERROR_INVALID_DATA if text or
 * id is taken otherwise, the id too large, or the text empty or too long. */
gboolean        ivl_added_tokens_add (IvlAddedTokens     *self,
                                      const char         *name,
                                      const char         *text,
                                      gsize               len,
                                      guint64             id,
                                      IvlAddedTokenFlags  flags,
                                      GError            **error);
/* added_tokens.json: { text: id }. */
gboolean        ivl_added_tokens_read_map (IvlAddedTokens *self,
                                           const char     *name,
                                           json_t         *map,
                                           GError        **error);
/* tokenizer_config.json's added_tokens_decoder: { "id": { content, special, ... } }; may be
 * NULL. */
gboolean        ivl_added_tokens_read_decoder (IvlAddedTokens *self,
                                               const char     *name,
                                               json_t         *decoder,
                                               GError        **error);
/* tokenizer.json's added_tokens: [ { id, content, special, ... } ]. */
gboolean        ivl_added_tokens_read_array (IvlAddedTokens *self,
                                             const char     *name,
                                             json_t         *array,
                                             GError        **error);
guint           ivl_added_tokens_get_n_tokens (const IvlAddedTokens *self);
/* Token i, in the order of adding. */
const char     *ivl_added_tokens_get (const IvlAddedTokens *self,
                                      guint                 i,
                                      guint32              *id,
                                      gsize                *len,
                                      IvlAddedTokenFlags   *flags);
/* The index of a token by its text or its id, or -1. */
int             ivl_added_tokens_find (const IvlAddedTokens *self,
                                       const char           *text,
                                       gsize                 len);
int             ivl_added_tokens_find_id (const IvlAddedTokens *self,
                                          guint32               id);
/* The index of the first token in the text, the longest if several begin there, and where; or
 * -1. */
int             ivl_added_tokens_search (const IvlAddedTokens *self,
                                         const char           *text,
                                         gsize                 len,
                                         gsize                *start);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlAddedTokens, ivl_added_tokens_free)

G_END_DECLS
