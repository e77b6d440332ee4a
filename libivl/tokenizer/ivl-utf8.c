/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks UTF-8 byte by byte, as decoding a stream of tokens needs it.
 */
#include "tokenizer/ivl-utf8.h"

#include <string.h>

#define MAX_SHOWN 64

/* The number of bytes that follow a leading byte, and the range of the first of them (Unicode
 * 15.0, table 3-7: it excludes overlong forms, surrogates and what lies beyond U+10FFFF); 0 for
 * no lead. */
static guint
classify_lead (guint8  lead,
               guint8 *low,
               guint8 *high)
{
  *low = 0x80;
  *high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf)
    return 1;
  if (lead >= 0xe0 && lead <= 0xef)
    {
      if (lead == 0xe0)
        *low = 0xa0;
      if (lead == 0xed)
        *high = 0x9f;
      return 2;
    }
  if (lead >= 0xf0 && lead <= 0xf4)
    {
      if (lead == 0xf0)
        *low = 0x90;
      if (lead == 0xf4)
        *high = 0x8f;
      return 3;
    }
  return 0;
}

IvlUtf8Status
ivl_utf8_step (const guint8 *bytes,
               gsize         n,
               gsize        *consumed)
{
  guint8 low;
  guint8 high;
  guint n_more;

  *consumed = 1;
  if (bytes[0] < 0x80)
    return IVL_UTF8_VALID;
  n_more = classify_lead (bytes[0], &low, &high);
  if (n_more == 0)
    return IVL_UTF8_INVALID;
  for (guint i = 1; i <= n_more; i++)
    {
      *consumed = i;
      if (i == n)
        return IVL_UTF8_INCOMPLETE;
      if (bytes[i] < low || bytes[i] > high)
        return IVL_UTF8_INVALID;
      low = 0x80;
      high = 0xbf;
    }
  *consumed = n_more + 1;
  return IVL_UTF8_VALID;
}

gsize
ivl_utf8_count_valid (const guint8 *bytes,
                      gsize         n)
{
  gsize i = 0;

  while (i < n)
    {
      gsize consumed;
      guint64 eight;

      if (bytes[i] < 0x80)
        {
          while (n - i >= 8)
            {
              memcpy (&eight, bytes + i, 8);
              if (eight & G_GUINT64_CONSTANT (0x8080808080808080))
                break;
              i += 8;
            }
          while (i < n && bytes[i] < 0x80)
            i++;
          continue;
        }
      if (ivl_utf8_step (bytes + i, n - i, &consumed) != IVL_UTF8_VALID)
        return i;
      i += consumed;
    }
  return n;
}

char *
ivl_utf8_show (const guint8 *bytes,
               gsize         n)
{
  GString *shown = g_string_new (NULL);
  gsize consumed;

  for (gsize i = 0; i < n && shown->len < MAX_SHOWN; i += consumed)
    {
      gunichar c = 0;
      guint n_bytes;

      if (ivl_utf8_step (bytes + i, n - i, &consumed) != IVL_UTF8_VALID)
        {
          consumed = 1;
          g_string_append_printf (shown, "\\x%02x", bytes[i]);
          continue;
        }
      c = ivl_utf8_get (bytes + i, &n_bytes);
      if (g_unichar_isprint (c))
        g_string_append_unichar (shown, c);
      else
        g_string_append_printf (shown, "\\u%04x", c);
    }
  return g_string_free (shown, FALSE);
}

void
ivl_utf8_append_replacement (GString *out)
{
  g_string_append_len (out, "\xef\xbf\xbd", 3);
}
