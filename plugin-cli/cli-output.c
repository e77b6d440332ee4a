/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes to standard output and standard error, with the checks that make foreign text safe. */
#include "cli-output.h"

#include "cli-progress.h"
#include "cli-text.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gboolean
cli_output_is_terminal (void)
{
  static int terminal = -1;

  if (terminal < 0)
    terminal = isatty (STDOUT_FILENO);
  return terminal != 0;
}

void
cli_output_bytes (gconstpointer bytes,
                  gsize         n_bytes)
{
  const char *rest = bytes;

  while (n_bytes > 0)
    {
      ssize_t written = write (STDOUT_FILENO, rest, n_bytes);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0 && errno == EPIPE)
        _exit (128 + SIGPIPE);
      if (written < 0)
        {
          cli_output_error (_ ("cannot write to standard output: %s"), g_strerror (errno));
          _exit (1);
        }
      rest += written;
      n_bytes -= (gsize) written;
    }
}

void
cli_output_text (const char *text,
                 gboolean    raw)
{
  CliTextMode mode = cli_output_is_terminal () ? CLI_TEXT_TERMINAL
                     : raw                     ? CLI_TEXT_RAW
                                               : CLI_TEXT_PIPE;
  g_autofree char *clean = cli_text_clean (text, mode);

  cli_output_bytes (clean, strlen (clean));
}

void
cli_output_name (const char *name)
{
  g_autofree char *clean = cli_text_clean (name, CLI_TEXT_NAME);

  cli_output_bytes (clean, strlen (clean));
}

void
cli_output_print (const char *format,
                  ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  cli_output_bytes (text, strlen (text));
}

/* JSON escapes C0 itself. The other characters that a terminal might obey occur in strings only, so
 * they can be written as \uXXXX without changing what the text says. */
static char *
escape_controls (const char *line)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (const char *p = line; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!cli_text_is_obeyed (c))
        g_string_append_unichar (out, c);
      else if (c < 0x10000)
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_printf (out, "\\u%04x\\u%04x", 0xD7C0 + (c >> 10), 0xDC00 + (c & 0x3FF));
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Jansson writes real numbers in the locale's format, and wrongly where that has two bytes for the
 * decimal point (ps_AF). malloc()ed. */
static char *
print_json (const json_t *object)
{
  const locale_t plain = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
  const locale_t caller = uselocale (plain);
  char *line = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (9));

  uselocale (caller);
  if (plain != (locale_t) 0)
    freelocale (plain);
  return line;
}

void
cli_output_json (json_t *object)
{
  char *line = print_json (object);
  g_autofree char *escaped = NULL;

  json_decref (object);
  g_return_if_fail (line != NULL);
  escaped = escape_controls (line);
  free (line);
  cli_output_bytes (escaped, strlen (escaped));
  cli_output_bytes ("\n", 1);
}

json_t *
cli_output_json_string (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);

  return json_string (valid);
}

/* A name that is not UTF-8, so that no other name looks the same beside its own bytes */
static char *
escape_name (const char *name)
{
  g_autoptr (GString) out = g_string_new (NULL);

  while (*name != '\0')
    {
      gunichar c = g_utf8_get_char_validated (name, -1);
      gboolean is_char = c != (gunichar) -1 && c != (gunichar) -2;

      if (!is_char)
        g_string_append_printf (out, "\\x%02x", (guchar) *name);
      else if (c == '\\')
        g_string_append (out, "\\\\");
      else
        g_string_append_unichar (out, c);
      name = is_char ? g_utf8_next_char (name) : name + 1;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

json_t *
cli_output_json_for_file (const char *file,
                          json_t     *rest)
{
  json_t *object = json_object ();

  if (g_utf8_validate (file, -1, NULL))
    json_object_set_new (object, "file", json_string (file));
  else
    {
      g_autofree char *shown = escape_name (file);
      g_autofree char *bytes = g_base64_encode ((const guchar *) file, strlen (file));

      json_object_set_new (object, "file", json_string (shown));
      json_object_set_new (object, "file_base64", json_string (bytes));
    }
  json_object_update (object, rest);
  json_decref (rest);
  return object;
}

void
cli_output_error (const char *format,
                  ...)
{
  g_autofree char *text = NULL;
  g_autofree char *clean = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  clean = cli_text_clean (text, CLI_TEXT_TERMINAL);

  cli_progress_hide ();
  fprintf (stderr, "ivl: %s\n", clean);
}
