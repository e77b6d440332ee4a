/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * readline through its callback interface: the process waits in g_poll() for the terminal and for
 * the cancellable at once, so that a signal is seen at the prompt too. readline() itself would go
 * on. What is typed is kept at once: the conversation can end in many ways. */
#include "cli-prompt.h"

#include "cli-interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_LINES 1000

static gboolean prompt_edits;    /* both ends are a terminal */
static char    *prompt_history;  /* (owned) file name */
static char    *prompt_line;     /* (owned) from readline's callback */
static gboolean prompt_done;
static struct termios prompt_cooked; /* the terminal as it was before the prompt, */
static struct termios prompt_raw;    /* and at the prompt */
static volatile sig_atomic_t prompt_resumed;
static GString *prompt_pending;  /* (owned) bytes read beyond the last line, without a terminal */

/* Nobody else reads what a person asks, also where the file was for all before. */
static void
create_history (void)
{
  int fd = g_open (prompt_history, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return;
  fchmod (fd, 0600);
  g_close (fd, NULL);
}

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
      create_history ();
      read_history (prompt_history);
      /* It is appended to, so that conversations at the same time keep each other's lines. */
      if (history_length >= HISTORY_LINES)
        history_truncate_file (prompt_history, HISTORY_LINES);
    }
}

void
cli_prompt_finish (void)
{
  g_clear_pointer (&prompt_history, g_free);
  if (prompt_pending != NULL)
    g_string_free (prompt_pending, TRUE);
  prompt_pending = NULL;
}

static void watch_stop (void);

/* Ctrl-Z: the terminal is given back as it was for as long as the process stands still. Only what a
 * signal handler may call. */
static void
on_stop (int number)
{
  int saved_errno = errno;

  tcsetattr (STDIN_FILENO, TCSADRAIN, &prompt_cooked);
  signal (SIGTSTP, SIG_DFL);
  kill (getpid (), SIGTSTP);
  watch_stop ();
  tcsetattr (STDIN_FILENO, TCSADRAIN, &prompt_raw);
  prompt_resumed = 1;
  errno = saved_errno;
}

static void
watch_stop (void)
{
  struct sigaction action = { .sa_handler = on_stop, .sa_flags = SA_NODEFER };

  sigaction (SIGTSTP, &action, NULL);
}

static void
redraw_if_resumed (void)
{
  if (!prompt_resumed)
    return;
  prompt_resumed = 0;
  rl_on_new_line ();
  rl_forced_update_display ();
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
    redraw_if_resumed ();
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
    {
      add_history (line);
      if (prompt_history != NULL)
        append_history (1, prompt_history);
    }
  free (line);
  rl_callback_handler_remove ();
}

static char *
read_edited (const char *prompt)
{
  struct sigaction before;
  gboolean watches = sigaction (SIGTSTP, NULL, &before) == 0 && before.sa_handler != SIG_IGN &&
                     tcgetattr (STDIN_FILENO, &prompt_cooked) == 0;

  prompt_done = FALSE;
  prompt_line = NULL;
  rl_callback_handler_install (prompt, on_line);
  watches = watches && tcgetattr (STDIN_FILENO, &prompt_raw) == 0;
  if (watches)
    watch_stop ();
  while (!prompt_done)
    {
      if (!wait_for_input ())
        {
          rl_callback_handler_remove ();
          break;
        }
      rl_callback_read_char ();
    }
  if (watches)
    sigaction (SIGTSTP, &before, NULL);
  return g_steal_pointer (&prompt_line);
}

/* The first n bytes of what is pending. A NUL would cut the line there without a word: it becomes
 * what is no UTF-8, and is refused as that. */
static char *
take_line (gsize n)
{
  char *line = g_malloc (n + 1);

  for (gsize i = 0; i < n; i++)
    line[i] = prompt_pending->str[i] != '\0' ? prompt_pending->str[i] : '\xff';
  line[n] = '\0';
  return line;
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
      line = take_line (prompt_pending->len);
      g_string_truncate (prompt_pending, 0);
      return line;
    }

  line = take_line ((gsize) (end - prompt_pending->str));
  g_string_erase (prompt_pending, 0, end - prompt_pending->str + 1);
  return line;
}

char *
cli_prompt_read (const char *prompt)
{
  return prompt_edits ? read_edited (prompt) : read_plain ();
}
