/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The line is drawn by a thread of its own: a layer or a tile can take seconds, and the seconds
 * must be seen to pass. Reports only change what the thread draws. */
#include "cli-progress.h"

#include "cli-output.h"
#include "cli-text.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SHOW_AFTER (1 * G_TIME_SPAN_SECOND)
#define REDRAW_EVERY (G_TIME_SPAN_SECOND / 4)
/* A longer pause between two pieces of work is a person's, who then begins to wait anew */
#define LONGEST_PAUSE (G_TIME_SPAN_SECOND / 2)
/* A server that takes this long is told of where there is no progress line, */
#define TELL_WAIT_AFTER 10
/* and again only after this time, since a slow server may wait before every answer. */
#define TELL_WAIT_EVERY (60 * G_TIME_SPAN_SECOND)
/* Reports of waiting come every second while it lasts */
#define WAIT_LASTS (2 * G_TIME_SPAN_SECOND)

static GMutex   progress_lock;
static GCond    progress_changed;
static gboolean progress_active;   /* all under the lock */
static gboolean progress_drawn;
static char    *progress_subject;  /* (owned) cleaned */
static IvlPhase progress_phase;
static guint64  progress_done;
static guint64  progress_total;
static gint64   progress_started;  /* this piece of work */
static gint64   progress_awaited;  /* the first of those that followed each other */
static gint64   progress_hidden;
static guint    progress_n_done;   /* of many pieces of work */
static guint    progress_n_total;  /* 0: there is one */
static char    *progress_place;    /* (owned) cleaned */
static gint64   progress_wait_end; /* when the last report of waiting is out of date */
static guint64  progress_waited;   /* seconds */
static gint64   progress_told;     /* when a wait was last told in a line of its own; 0: never */

static gboolean
is_wanted (void)
{
  static int wanted = -1;

  if (wanted < 0)
    {
      const char *term = getenv ("TERM");

      /* A terminal of unknown kind gets no escapes */
      wanted = isatty (STDERR_FILENO) && term != NULL && *term != '\0' &&
               strcmp (term, "dumb") != 0;
    }
  return wanted != 0;
}

static char *
describe_many (void)
{
  int seconds = (int) ((g_get_monotonic_time () - progress_awaited) / G_TIME_SPAN_SECOND);

  if (g_get_monotonic_time () > progress_wait_end)
    return g_strdup_printf (_ ("%u of %u pictures done, %d s"), progress_n_done, progress_n_total,
                            seconds);
  return g_strdup_printf (_ ("%u of %u pictures done, waiting for %s, %u s"), progress_n_done,
                          progress_n_total, progress_place, (guint) progress_waited);
}

static char *
describe_progress (void)
{
  int seconds = (int) ((g_get_monotonic_time () - progress_started) / G_TIME_SPAN_SECOND);
  const char *subject = progress_subject;
  guint done = (guint) progress_done;
  guint total = (guint) progress_total;

  if (progress_n_total > 0)
    return describe_many ();
  switch (progress_phase)
    {
    case IVL_PHASE_WAIT:
      return g_strdup_printf (_ ("%s: waiting for %s, %u s of %u s"), subject, progress_place, done,
                              total);
    case IVL_PHASE_QUEUE:
      return g_strdup_printf (_ ("%s: place %u of %u in the queue of %s, %d s"), subject, done,
                              total, progress_place, seconds);
    case IVL_PHASE_UPLOAD:
      return g_strdup_printf (_ ("%s: sent %u %%, %d s"), subject,
                              (guint) (100 * progress_done / MAX (progress_total, 1)), seconds);
    case IVL_PHASE_LOAD:
      return g_strdup_printf (_ ("%s: loading, %d s"), subject, seconds);
    case IVL_PHASE_TILES:
      return g_strdup_printf (_ ("%s: tiles encoded %u/%u, %d s"),
                              subject, done, total, seconds);
    case IVL_PHASE_PREFILL:
      return g_strdup_printf (_ ("%s: prompt tokens read %u/%u, %d s"),
                              subject, done, total, seconds);
    case IVL_PHASE_DECODE:
    default:
      return g_strdup_printf (_ ("%s: tokens written %u, %d s"), subject, done, seconds);
    }
}

/* Bytes of the text that fit into so many columns of a terminal */
static gsize
fit_columns (const char *text,
             glong       columns)
{
  const char *p = text;

  while (*p != '\0')
    {
      gunichar c = g_utf8_get_char (p);

      if (!g_unichar_iszerowidth (c))
        columns -= g_unichar_iswide (c) ? 2 : 1;
      if (columns < 0)
        break;
      p = g_utf8_next_char (p);
    }
  return (gsize) (p - text);
}

static void
draw_line (void)
{
  struct winsize size = { 0 };
  g_autofree char *line = describe_progress ();
  g_autofree char *valid = g_utf8_make_valid (line, -1);
  glong columns = 79;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
    columns = size.ws_col - 1;
  fprintf (stderr, "\r%.*s\033[K", (int) fit_columns (valid, columns), valid);
  fflush (stderr);
  progress_drawn = TRUE;
}

static gpointer draw_progress (gpointer data) G_GNUC_NORETURN;

static gpointer
draw_progress (gpointer data)
{
  g_mutex_lock (&progress_lock);
  for (;;)
    {
      gint64 now = g_get_monotonic_time ();

      if (!progress_active)
        g_cond_wait (&progress_changed, &progress_lock);
      else if (now < progress_awaited + SHOW_AFTER)
        g_cond_wait_until (&progress_changed, &progress_lock, progress_awaited + SHOW_AFTER);
      else
        {
          draw_line ();
          g_cond_wait_until (&progress_changed, &progress_lock, now + REDRAW_EVERY);
        }
    }
}

/* What cli_progress_start() and cli_progress_start_many() have in common */
static void
start (const char *subject,
       IvlPhase    phase,
       guint       n_done,
       guint       n_total)
{
  static gboolean thread_started;

  if (!is_wanted ())
    return;

  g_mutex_lock (&progress_lock);
  g_free (progress_subject);
  progress_subject = cli_text_clean (subject, CLI_TEXT_NAME);
  progress_phase = phase;
  progress_done = 0;
  progress_total = 0;
  progress_n_done = n_done;
  progress_n_total = n_total;
  progress_started = g_get_monotonic_time ();
  if (progress_started > progress_hidden + LONGEST_PAUSE)
    progress_awaited = progress_started;
  progress_active = TRUE;
  g_cond_signal (&progress_changed);
  g_mutex_unlock (&progress_lock);

  if (!thread_started)
    {
      thread_started = TRUE;
      g_thread_unref (g_thread_new ("ivl-progress", draw_progress, NULL));
    }
}

void
cli_progress_start (const char *subject,
                    IvlPhase    phase)
{
  start (subject, phase, 0, 0);
}

void
cli_progress_start_many (guint done,
                         guint total)
{
  start ("", IVL_PHASE_WAIT, done, total);
}

void
cli_progress_set_place (const char *place)
{
  g_mutex_lock (&progress_lock);
  g_free (progress_place);
  progress_place = cli_text_clean (place, CLI_TEXT_NAME);
  g_mutex_unlock (&progress_lock);
}

/* Under the lock: whether a line of its own is due */
static gboolean
note_wait (guint64 done)
{
  gint64 now = g_get_monotonic_time ();

  progress_wait_end = now + WAIT_LASTS;
  progress_waited = done;
  if (is_wanted () || done < TELL_WAIT_AFTER ||
      (progress_told != 0 && now < progress_told + TELL_WAIT_EVERY))
    return FALSE;
  progress_told = now;
  return TRUE;
}

void
cli_progress_report (IvlPhase phase,
                     guint64  done,
                     guint64  total,
                     gpointer user_data)
{
  g_autofree char *place = NULL;

  g_mutex_lock (&progress_lock);
  progress_phase = phase;
  progress_done = done;
  progress_total = total;
  if (phase == IVL_PHASE_WAIT && note_wait (done))
    place = g_strdup (progress_place);
  g_mutex_unlock (&progress_lock);
  if (place != NULL)
    cli_output_error (_ ("waiting for %s since %u s, up to %u s"), place, (guint) done,
                      (guint) total);
}

void
cli_progress_hide (void)
{
  g_mutex_lock (&progress_lock);
  if (progress_active)
    progress_hidden = g_get_monotonic_time ();
  progress_active = FALSE;
  if (progress_drawn)
    {
      fputs ("\r\033[K", stderr);
      fflush (stderr);
    }
  progress_drawn = FALSE;
  g_mutex_unlock (&progress_lock);
}
