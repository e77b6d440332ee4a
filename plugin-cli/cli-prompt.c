/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * readline through its callback interface: the process waits in g_poll() for the terminal and for
 * the cancellable at once, so that a signal is seen at the prompt too. readline() itself would go
 * on. */
#include "cli-prompt.h"

#include "cli-interrupt.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_LINES 1000

static gboolean prompt_edits;    /* both ends are a terminal */
static char    *prompt_history;  /* (owned) file name */
static char    *prompt_line;     /* (owned) from readline's callback */
static gboolean prompt_done;
static GString *prompt_pending;  /* (owned) bytes read beyond the last line, without a terminal */

void
cli_prompt_init (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_state_dir (), "ivl", NULL);

  prompt_edits = isatty (STDIN_FILENO) && isatty (STDOUT_FILENO);
  prompt_pending = g_string_new (NULL);
  if (!prompt_edits)
    return;

  rl_readline_name = "ivl";
  rl_catch_signals = 0;
  using_history ();
  stifle_history (HISTORY_LINES);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    {
      prompt_history = g_build_filename (folder, "history", NULL);
      read_history (prompt_history);
    }
}

void
cli_prompt_finish (void)
{
  mode_t mask = umask (0077);

  if (prompt_history != NULL)
    write_history (prompt_history);
  umask (mask);
  g_clear_pointer (&prompt_history, g_free);
  if (prompt_pending != NULL)
    g_string_free (prompt_pending, TRUE);
  prompt_pending = NULL;
}

/* TRUE: there is something to read. FALSE: a signal came. */
static gboolean
wait_for_input (void)
{
  GPollFD fds[2] = { { .fd = STDIN_FILENO, .events = G_IO_IN } };
  GCancellable *cancellable = cli_interrupt_get_cancellable ();
  gboolean cancelled;

  if (!g_cancellable_make_pollfd (cancellable, &fds[1]))
    return TRUE;
  while (g_poll (fds, 2, -1) < 0 && errno == EINTR)
    continue;
  cancelled = g_cancellable_is_cancelled (cancellable);
  g_cancellable_release_fd (cancellable);
  return !cancelled;
}

static void
on_line (char *line)
{
  prompt_done = TRUE;
  prompt_line = line == NULL ? NULL : g_strdup (line);
  if (line != NULL && *line != '\0')
    add_history (line);
  free (line);
  rl_callback_handler_remove ();
}

static char *
read_edited (const char *prompt)
{
  prompt_done = FALSE;
  prompt_line = NULL;
  rl_callback_handler_install (prompt, on_line);
  while (!prompt_done)
    {
      if (!wait_for_input ())
        {
          rl_callback_handler_remove ();
          return NULL;
        }
      rl_callback_read_char ();
    }
  return g_steal_pointer (&prompt_line);
}

static char *
read_plain (void)
{
  char buffer[4096];
  const char *end;
  char *line;
  ssize_t n;

  while ((end = memchr (prompt_pending->str, '\n', prompt_pending->len)) == NULL)
    {
      if (!wait_for_input ())
        return NULL;
      n = read (STDIN_FILENO, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR)
        continue;
      if (n > 0)
        {
          g_string_append_len (prompt_pending, buffer, n);
          continue;
        }
      if (prompt_pending->len == 0)
        return NULL;
      line = g_strndup (prompt_pending->str, prompt_pending->len);
      g_string_truncate (prompt_pending, 0);
      return line;
    }

  line = g_strndup (prompt_pending->str, (gsize) (end - prompt_pending->str));
  g_string_erase (prompt_pending, 0, end - prompt_pending->str + 1);
  return line;
}

char *
cli_prompt_read (const char *prompt)
{
  return prompt_edits ? read_edited (prompt) : read_plain ();
}
