/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Decides, character by character, what of a foreign text may reach a terminal or a pipe. */
#include "cli-text.h"

#include <string.h>

/* Marks that change the direction of the text after them, and so can make a line read as
 * something else */
static gboolean
is_direction_mark (gunichar c)
{
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

static gboolean
is_control (gunichar c)
{
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

static void
append_for_terminal (GString    *out,
                     gunichar    c,
                     const char *bytes,
                     gsize       n_bytes,
                     gboolean    keep_layout)
{
  if (keep_layout && (c == '\n' || c == '\t'))
    g_string_append_c (out, (char) c);
  else if (is_control (c))
    g_string_append_printf (out, "\\x%02x", c);
  else if (is_direction_mark (c))
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_len (out, bytes, (gssize) n_bytes);
}

char *
cli_text_clean (const char  *text,
                CliTextMode  mode)
{
  g_autoptr (GString) out = g_string_sized_new (strlen (text) + 1);

  if (mode == CLI_TEXT_RAW)
    return g_strdup (text);

  for (const char *p = text; *p != '\0';)
    {
      gunichar c = g_utf8_get_char_validated (p, -1);
      gsize n_bytes;

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          if (mode == CLI_TEXT_PIPE)
            g_string_append_c (out, *p);
          else
            g_string_append_printf (out, "\\x%02x", (guchar) *p);
          p++;
          continue;
        }

      n_bytes = (gsize) (g_utf8_next_char (p) - p);
      if (mode != CLI_TEXT_PIPE)
        append_for_terminal (out, c, p, n_bytes, mode == CLI_TEXT_TERMINAL);
      else if (c >= 0x20 || c == '\n' || c == '\t')
        g_string_append_len (out, p, (gssize) n_bytes);
      p += n_bytes;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}
