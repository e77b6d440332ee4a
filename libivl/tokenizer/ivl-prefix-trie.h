/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-error.h>

G_BEGIN_DECLS

/* A set of byte strings, each with an id, that finds those which begin a text. */
typedef struct _IvlPrefixTrie IvlPrefixTrie;

/* A place in the trie; a walk starts at IVL_PREFIX_TRIE_ROOT. */
#define IVL_PREFIX_TRIE_ROOT 0u
#define IVL_PREFIX_TRIE_NONE G_MAXUINT32

#define IVL_PREFIX_TRIE_MAX_BYTES 1024

IvlPrefixTrie *ivl_prefix_trie_new (void);
void           ivl_prefix_trie_free (IvlPrefixTrie *self);
/* n_bytes >= 1. A string added twice keeps the later id. FALSE if the string is longer than
 * IVL_PREFIX_TRIE_MAX_BYTES, which bounds the work at each position of a text, or the set is
 * full (code: IVL_ERROR_INVALID_DATA), and without memory (IVL_ERROR_NO_MEMORY). */
gboolean       ivl_prefix_trie_add (IvlPrefixTrie *self,
                                    const guint8  *bytes,
                                    gsize          n_bytes,
                                    guint32        id,
                                    IvlError      *code);
/* The place one byte further, or IVL_PREFIX_TRIE_NONE. */
guint32        ivl_prefix_trie_step (const IvlPrefixTrie *self,
                                     guint32              place,
                                     guint8               byte);
/* The id of the string that ends here, or -1. */
gint32         ivl_prefix_trie_get_id (const IvlPrefixTrie *self,
                                       guint32              place);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlPrefixTrie, ivl_prefix_trie_free)

G_END_DECLS
