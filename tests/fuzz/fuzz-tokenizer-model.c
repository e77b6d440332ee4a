/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "tokenizer/ivl-sentencepiece-load.h"

/* Every result of a model that opens is one of its pieces, and guarded text gives no reserved
 * one. */
static void
encode_own_text (IvlSentencepiece *pieces,
                 const guint8     *data,
                 gsize             size)
{
  g_autofree char *text = g_utf8_make_valid ((const char *) data, MIN (size, 4096));
  IvlSentencepieceGuard guard = { 0, strlen (text) };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) normal = g_string_new (NULL);
  g_auto (IvlMergeList) list = { 0 };

  ivl_sentencepiece_encode (pieces, text, strlen (text), &guard, 1, &list, normal, ids);
  for (guint i = 0; i < ids->len; i++)
    {
      gsize n;
      guint32 id = g_array_index (ids, guint32, i);
      const guint8 *piece = ivl_sentencepiece_get_piece (pieces, id, &n);

      g_assert_nonnull (piece);
      g_assert_false (ivl_sentencepiece_get_type (pieces, id) == IVL_PIECE_USER_DEFINED && n > 14 &&
                      memcmp (piece, "[UNUSED_TOKEN_", 14) == 0);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlSentencepiece) pieces = ivl_sentencepiece_load (data, size, "fuzz", &error);

  g_assert_true (pieces != NULL || error->domain == IVL_ERROR);
  if (pieces != NULL)
    encode_own_text (pieces, data, size);
  return 0;
}
