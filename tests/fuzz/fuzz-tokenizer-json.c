/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "tokenizer/ivl-byte-bpe-load.h"

/* Encodes the file's own beginning with what the file describes: for a tokenizer that opens, every
 * result must be a token, and the tokens of text that NFC leaves alone must spell that text. */
static void
encode_own_text (IvlByteBpe   *bpe,
                 const guint8 *data,
                 gsize         size)
{
  g_autofree char *text = g_utf8_make_valid ((const char *) data, MIN (size, 4096));
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) normal = g_string_new (NULL);
  g_autoptr (GString) spelled = g_string_new (NULL);
  g_auto (IvlMergeList) list = { 0 };

  ivl_byte_bpe_set_nfc (bpe, FALSE);
  ivl_byte_bpe_encode (bpe, text, strlen (text), &list, normal, ids);
  for (guint i = 0; i < ids->len; i++)
    {
      gsize n;
      const guint8 *bytes = ivl_byte_bpe_get_token (bpe, g_array_index (ids, guint32, i), &n);

      g_assert_nonnull (bytes);
      g_string_append_len (spelled, (const char *) bytes, n);
    }
  g_assert_cmpstr (spelled->str, ==, text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  IvlByteBpeFile file = { (const char *) data, size, "fuzz" };
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlByteBpe) bpe = NULL;
  const char *added;
  gsize n_added;

  bpe = ivl_byte_bpe_load_json (&file, &added, &n_added, &error);
  g_assert_true (bpe != NULL || error->domain == IVL_ERROR);
  if (bpe != NULL)
    encode_own_text (bpe, data, size);
  return 0;
}
