/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * data: URLs with base64, the only form of a picture that is taken. g_base64_decode() skips what is
 * no base64; here that is an error.
 */
#include <libivl/ivl-error.h>
#include <string.h>

#include "wire/ivl-wire-request.h"

#define MAX_HEAD 256

/* The value of each letter; 0x40 for what is none. */
static guint8 letter_values[256];

static gpointer
fill_letter_values (gpointer data)
{
  static const char letters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  memset (letter_values, 0x40, sizeof letter_values);
  for (guint i = 0; i < 64; i++)
    letter_values[(guchar) letters[i]] = i;
  return letter_values;
}

/* The base64 text of a data: URL, or NULL. */
static const char *
find_base64 (const char *url)
{
  const char *comma;
  g_autofree char *head = NULL;

  if (g_ascii_strncasecmp (url, "data:", 5) != 0)
    return NULL;
  comma = memchr (url, ',', strnlen (url, MAX_HEAD));
  if (comma == NULL)
    return NULL;
  head = g_ascii_strdown (url, comma - url);
  return g_str_has_suffix (head, ";base64") ? comma + 1 : NULL;
}

/* n letters, a multiple of 4 or more than 1 over it; FALSE when one is no letter or the bits that
 * are left over are not 0. */
static gboolean
decode (const guint8 *values,
        const char   *text,
        gsize         n,
        guint8       *out)
{
  guint8 bad = 0;
  gsize whole = n / 4 * 4;
  guint8 rest[4] = { 0 };

  for (gsize i = 0; i < whole; i += 4, out += 3)
    {
      guint8 a = values[(guchar) text[i]];
      guint8 b = values[(guchar) text[i + 1]];
      guint8 c = values[(guchar) text[i + 2]];
      guint8 d = values[(guchar) text[i + 3]];

      bad |= a | b | c | d;
      out[0] = a << 2 | b >> 4;
      out[1] = b << 4 | c >> 2;
      out[2] = c << 6 | d;
    }
  for (gsize i = whole; i < n; i++)
    rest[i - whole] = values[(guchar) text[i]];
  bad |= rest[0] | rest[1] | rest[2];
  if (n - whole >= 2)
    *out++ = rest[0] << 2 | rest[1] >> 4;
  if (n - whole == 3)
    *out++ = rest[1] << 4 | rest[2] >> 2;
  return (bad & 0x40) == 0 && (n - whole != 2 || (rest[1] & 0x0f) == 0) &&
         (n - whole != 3 || (rest[2] & 0x03) == 0);
}

GBytes *
ivl_wire_decode_data_url (const char  *url,
                          gsize        max_bytes,
                          GError     **error)
{
  static GOnce once = G_ONCE_INIT;
  const guint8 *values = g_once (&once, fill_letter_values, NULL);
  const char *text = find_base64 (url);
  gsize n_text = text != NULL ? strlen (text) : 0;
  gsize n = n_text;
  gsize size;
  g_autofree guint8 *bytes = NULL;

  if (text == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "a picture must be a data: URL with base64, and no address or file name");
      return NULL;
    }
  for (guint i = 0; i < 2 && n > 0 && text[n - 1] == '='; i++)
    n--;
  size = n / 4 * 3 + (n % 4 > 1 ? n % 4 - 1 : 0);
  if (size > max_bytes)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "the picture has %" G_GSIZE_FORMAT " bytes; at most %" G_GSIZE_FORMAT
                   " are taken", size, max_bytes);
      return NULL;
    }
  bytes = n % 4 != 1 && size > 0 ? g_try_malloc (size) : NULL;
  /* Padding may be missing, but not half of it. */
  if (bytes == NULL || (n_text != n && n_text % 4 != 0) || !decode (values, text, n, bytes))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "the picture's data: URL holds no valid base64");
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&bytes), size);
}
