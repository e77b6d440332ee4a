/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Character classes in a table of blocks. GLib's own look-ups would do, one call for each question:
 * the blocks answer all of them with one load.
 */
#include "tokenizer/ivl-char-class.h"

/* Blocks are shared by all tokenizers of the process and stay until it ends. */
const guint8 *ivl_char_class_blocks[0x1100];

/* The Unicode property White_Space, which is \s in the reference's regular expressions. */
static gboolean
is_white_space (gunichar c)
{
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
         c == 0x205f || c == 0x3000;
}

/* TRUE unless NFC leaves c alone wherever it stands and never joins it to the character before.
 * May err on the safe side: it then costs time only. */
static gboolean
is_unstable (gunichar c)
{
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
  gunichar composed;
  gsize n_parts;

  if (c < 0x300)
    return FALSE;
  if (g_unichar_ismark (c) || g_unichar_combining_class (c) != 0)
    return TRUE;
  /* Second elements of compositions that are not marks: the vowels and finals of Hangul, and the
   * Kirat Rai vowel signs of Unicode 16. */
  if ((c >= 0x1160 && c <= 0x11ff) || (c >= 0x16d63 && c <= 0x16d6a))
    return TRUE;
  n_parts = g_unichar_fully_decompose (c, FALSE, parts, G_N_ELEMENTS (parts));
  if (n_parts == 1)
    return parts[0] != c;
  composed = parts[0];
  for (gsize i = 1; i < n_parts; i++)
    if (!g_unichar_compose (composed, parts[i], &composed))
      return TRUE;
  return composed != c;
}

static guint8
classify (gunichar c)
{
  guint8 class = 0;

  switch (g_unichar_type (c))
    {
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
      class |= IVL_CHAR_LETTER;
      break;
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
      class |= IVL_CHAR_NUMBER;
      break;
    default:
      break;
    }
  if (is_white_space (c))
    class |= IVL_CHAR_SPACE;
  if (c == '\n' || c == '\r')
    class |= IVL_CHAR_NEWLINE;
  if (is_unstable (c))
    class |= IVL_CHAR_UNSTABLE;
  return class;
}

const guint8 *
ivl_char_class_fill (guint block)
{
  guint8 *fresh = g_malloc (256);
  const guint8 *expected = NULL;

  for (guint i = 0; i < 256; i++)
    fresh[i] = classify (block << 8 | i);
  if (__atomic_compare_exchange_n (&ivl_char_class_blocks[block], &expected, (const guint8 *) fresh,
                                   FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return fresh;
  g_free (fresh);
  return expected;
}
