/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Decides, character by character, what of a foreign text may reach a terminal or a pipe. */
#include "cli-text.h"

#include <string.h>

/* First and last of what a terminal obeys or does not show: controls, marks that change the
 * direction of the text after them and so can make a line read as something else, separators of
 * lines, and what has no width and can hide a text in a text */
static const gunichar obeyed[][2] = {
  { 0x00, 0x1F },     { 0x7F, 0x9F },     { 0xAD, 0xAD },       { 0x34F, 0x34F },
  { 0x61C, 0x61C },   { 0x115F, 0x1160 }, { 0x17B4, 0x17B5 },   { 0x180B, 0x180F },
  { 0x200B, 0x200B }, { 0x200E, 0x200F }, { 0x2028, 0x202E },   { 0x2060, 0x206F },
  { 0x3164, 0x3164 }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 },   { 0xFFF0, 0xFFFB },
  { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0000, 0xE0FFF },
};

/* Joiners are part of the spelling beyond the Latin, Greek and Cyrillic scripts, and of
 * pictograms */
#define FIRST_JOINED 0x0590
#define IS_JOINER(c) ((c) == 0x200C || (c) == 0x200D)

gboolean
cli_text_is_obeyed (gunichar c)
{
  for (gsize i = 0; i < G_N_ELEMENTS (obeyed); i++)
    if (c >= obeyed[i][0] && c <= obeyed[i][1])
      return TRUE;
  return FALSE;
}

static void
append_for_terminal (GString    *out,
                     gunichar    c,
                     gunichar    before,
                     const char *bytes,
                     gsize       n_bytes,
                     gboolean    keep_layout)
{
  gboolean is_shown = cli_text_is_obeyed (c) || (IS_JOINER (c) && before < FIRST_JOINED);

  if (keep_layout && (c == '\n' || c == '\t'))
    g_string_append_c (out, (char) c);
  else if (!is_shown)
    g_string_append_len (out, bytes, (gssize) n_bytes);
  else if (c < 0xA0)
    g_string_append_printf (out, "\\x%02x", c);
  else
    g_string_append_printf (out, c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
}

char *
cli_text_clean (const char  *text,
                CliTextMode  mode)
{
  g_autoptr (GString) out = g_string_sized_new (strlen (text) + 1);

  gunichar before = 0;

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
          before = 0;
          p++;
          continue;
        }

      n_bytes = (gsize) (g_utf8_next_char (p) - p);
      /* the end of a line on other systems */
      if (c == '\r' && p[1] == '\n' && mode == CLI_TEXT_TERMINAL)
        c = 0;
      else if (mode != CLI_TEXT_PIPE)
        append_for_terminal (out, c, before, p, n_bytes, mode == CLI_TEXT_TERMINAL);
      else if (c >= 0x20 || c == '\n' || c == '\t')
        g_string_append_len (out, p, (gssize) n_bytes);
      before = c;
      p += n_bytes;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}
