/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When a failed request may be made again, and how long to wait before that. Knows no clock, no
 * connection and no random numbers of its own.
 */
#include "engines/ivl-remote-retry.h"

#include <libsoup/soup.h>
#include <string.h>

enum
{
  FIRST_WAIT_MS = 500,
  LAST_WAIT_MS = 30 * 1000,
  /* An internal error may be an accident, but is more often the request's own fault; and garbage
   * may be a reply that was cut off, but is more often a wrong port. */
  MAX_TRIES_ODD = 3,
};

/* Engines answer 500 to what they cannot do, for one a picture to a model without vision. */
static gboolean
tells_of_request (const char *message)
{
  static const char *const words[] = {
    "unsupported", "not supported", "invalid", "mmproj", "image input",
  };
  g_autofree char *lower = NULL;

  if (message == NULL)
    return FALSE;
  lower = g_ascii_strdown (message, -1);
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (lower, words[i]) != NULL)
      return TRUE;
  return FALSE;
}

gboolean
ivl_remote_retry_may (const IvlRemoteFailure *failure,
                      guint                   n_tries)
{
  if (g_strcmp0 (failure->should_retry, "false") == 0)
    return FALSE;
  switch (failure->status)
    {
    case 0:
      return !failure->is_lasting && (!failure->is_garbled || n_tries < MAX_TRIES_ODD);
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return TRUE;
    case 500:
      return n_tries < MAX_TRIES_ODD && !tells_of_request (failure->message);
    default:
      return FALSE;
    }
}

gboolean
ivl_remote_retry_is_busy (const IvlRemoteFailure *failure)
{
  return failure->status == 429 || failure->status == 503;
}

/* Whole digits alone, however many: -1 for everything else. */
static gint64
parse_digits (const char *text)
{
  gint64 value = 0;

  if (text == NULL)
    return -1;
  text += strspn (text, " \t");
  if (!g_ascii_isdigit (*text))
    return -1;
  for (; g_ascii_isdigit (*text); text++)
    value = MIN (value * 10 + (*text - '0'), G_MAXINT32);
  text += strspn (text, " \t");
  return *text == '\0' ? value : -1;
}

static gint64
parse_date (const char *text,
            gint64      now)
{
  g_autoptr (GDateTime) date = text != NULL ? soup_date_time_new_from_http_string (text) : NULL;

  return date != NULL ? MAX (g_date_time_to_unix (date) - now, 0) : -1;
}

static gint64
get_wanted (const IvlRemoteFailure *failure,
            gint64                  now)
{
  gint64 ms = parse_digits (failure->retry_after_ms);
  gint64 seconds;

  if (ms >= 0)
    return ms;
  seconds = parse_digits (failure->retry_after);
  if (seconds < 0)
    seconds = parse_date (failure->retry_after, now);
  return seconds >= 0 ? MIN (seconds, G_MAXINT32) * 1000 : -1;
}

guint
ivl_remote_retry_get_wait (const IvlRemoteFailure *failure,
                           guint                   n_tries,
                           gint64                  now,
                           double                  chance)
{
  gint64 wanted = get_wanted (failure, now);
  guint most = LAST_WAIT_MS;
  gint64 wait;

  if (n_tries >= 1 && n_tries < 7)
    most = MIN (FIRST_WAIT_MS << (n_tries - 1), LAST_WAIT_MS);
  wait = (gint64) (CLAMP (chance, 0.0, 1.0) * most);
  /* "Now" from a server is no reason to fall upon it. */
  return MIN (MAX (wanted, wait), IVL_REMOTE_RETRY_MAX_WAIT_MS);
}
