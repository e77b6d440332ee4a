/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Qwen2's pre-tokenizer by hand: a regular expression engine is slower, and may backtrack on
 * hostile text.
 */
#include "tokenizer/ivl-qwen-split.h"

#include "tokenizer/ivl-char-class.h"
#include "tokenizer/ivl-utf8.h"

#define IVL_CHAR_WORDLIKE (IVL_CHAR_LETTER | IVL_CHAR_NUMBER | IVL_CHAR_SPACE)

static inline guint8
class_at (const guint8 *p,
          guint        *n_bytes)
{
  return ivl_char_class_get (ivl_utf8_get (p, n_bytes));
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d) after the apostrophe: its length, or 0. Of all characters that
 * fold to these letters, only U+017F is not ASCII. */
static gsize
match_contraction (const guint8 *p,
                   gsize         len)
{
  guint8 first = len >= 2 ? g_ascii_tolower (p[1]) : 0;
  guint8 second = len >= 3 ? g_ascii_tolower (p[2]) : 0;

  if (first == 's' || first == 't' || first == 'm' || first == 'd')
    return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
      (first == 'l' && second == 'l'))
    return 3;
  if (len >= 3 && p[1] == 0xc5 && p[2] == 0xbf)
    return 3;
  return 0;
}

/* The end of the run of characters with (c & mask) == wanted, where wanted is 0 or not. */
static const guint8 *
skip_run (const guint8 *p,
          const guint8 *end,
          guint8        mask,
          gboolean      wanted)
{
  guint n_bytes;

  while (p < end && ((class_at (p, &n_bytes) & mask) != 0) == wanted)
    p += n_bytes;
  return p;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ */
static gsize
match_space (const guint8 *start,
             const guint8 *end)
{
  const guint8 *p = start;
  const guint8 *last = start;
  const guint8 *newline_end = NULL;

  while (p < end)
    {
      guint n_bytes;
      guint8 class = class_at (p, &n_bytes);

      if (!(class & IVL_CHAR_SPACE))
        break;
      last = p;
      p += n_bytes;
      if (class & IVL_CHAR_NEWLINE)
        newline_end = p;
    }
  if (newline_end != NULL)
    return newline_end - start;
  if (p == end || last == start)
    return p - start;
  return last - start;
}

gsize
ivl_qwen_split_next (const guint8 *text,
                     gsize         len)
{
  const guint8 *end = text + len;
  const guint8 *p = text;
  guint n_bytes;
  guint n_second;
  guint8 class = class_at (p, &n_bytes);
  guint8 second;

  if (class & IVL_CHAR_LETTER)
    return skip_run (p + n_bytes, end, IVL_CHAR_LETTER, TRUE) - text;
  if (class & IVL_CHAR_NUMBER)
    return n_bytes;
  if (*p == '\'')
    {
      gsize n = match_contraction (p, len);

      if (n > 0)
        return n;
    }
  second = n_bytes < len ? class_at (p + n_bytes, &n_second) : IVL_CHAR_SPACE;
  if (!(class & IVL_CHAR_NEWLINE) && (second & IVL_CHAR_LETTER))
    return skip_run (p + n_bytes + n_second, end, IVL_CHAR_LETTER, TRUE) - text;
  if (*p == ' ' && !(second & IVL_CHAR_WORDLIKE))
    {
      p++;
      class = second;
    }
  if (!(class & IVL_CHAR_SPACE))
    {
      p = skip_run (p, end, IVL_CHAR_WORDLIKE, FALSE);
      return skip_run (p, end, IVL_CHAR_NEWLINE, TRUE) - text;
    }
  return match_space (text, end);
}
