/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Ids are below this whatever a file says (the largest published vocabularies have 262,144). */
#define IVL_TOKEN_TABLE_MAX_IDS (1u << 20)
#define IVL_TOKEN_TABLE_MAX_BYTES (1u << 20)

/* Tokens by id and ids by text. Bytes live in one block, texts are found by open addressing. */
typedef struct _IvlTokenTable IvlTokenTable;

/* The tokens together may take n_bytes, known from the size of the file they come from.
 * NULL with IVL_ERROR_NO_MEMORY. */
IvlTokenTable *ivl_token_table_new (gsize         n_bytes,
                                    guint         n_expected,
                                    GError      **error);
void           ivl_token_table_free (IvlTokenTable *self);
/* name is the file, for messages. IVL_ERROR_INVALID_DATA if the text is empty, too long or there
 * already, or the id is too large or taken. */
gboolean       ivl_token_table_add (IvlTokenTable *self,
                                    const char    *name,
                                    const guint8  *bytes,
                                    gsize          n_bytes,
                                    guint64        id,
                                    GError       **error);
/* -1 if it is not there. */
gint32         ivl_token_table_find (const IvlTokenTable *self,
                                     const guint8        *bytes,
                                     gsize                n_bytes);
/* NULL if no token has the id. */
const guint8  *ivl_token_table_get (const IvlTokenTable *self,
                                    guint32              id,
                                    gsize               *n_bytes);
/* Largest id + 1. */
guint          ivl_token_table_get_size (const IvlTokenTable *self);
guint          ivl_token_table_get_n_tokens (const IvlTokenTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlTokenTable, ivl_token_table_free)

G_END_DECLS
