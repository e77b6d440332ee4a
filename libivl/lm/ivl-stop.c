/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Stop strings. Each string runs its own Knuth-Morris-Pratt matcher over the bytes; the longest
 * prefix that any of them is in the middle of is what has to be held back. Since stop strings are
 * whole characters, such a prefix starts where a character starts.
 */
#include "lm/ivl-stop.h"

#include <string.h>

typedef struct
{
  char  *text;
  gsize  length;
  gsize *fallback; /* [length]: longest proper prefix of text[0..i] that is also its end */
  gsize  matched;  /* bytes of text that the input ends with */
} Needle;

struct _IvlStop
{
  Needle  *needles;
  guint    n_needles;
  GString *held;
  gboolean stopped;
};

static void
needle_init (Needle     *self,
             const char *text)
{
  self->text = g_strdup (text);
  self->length = strlen (text);
  self->fallback = g_new0 (gsize, self->length);
  self->matched = 0;
  for (gsize i = 1, k = 0; i < self->length; i++)
    {
      while (k > 0 && text[i] != text[k])
        k = self->fallback[k - 1];
      k += text[i] == text[k];
      self->fallback[i] = k;
    }
}

/* Takes a byte; TRUE when the whole needle has been seen. Not called again after that. */
static gboolean
needle_step (Needle *self,
             char    byte)
{
  while (self->matched > 0 && self->text[self->matched] != byte)
    self->matched = self->fallback[self->matched - 1];
  self->matched += self->text[self->matched] == byte;
  return self->matched == self->length;
}

IvlStop *
ivl_stop_new (const char *const *strings)
{
  IvlStop *self = g_new0 (IvlStop, 1);
  guint n = strings != NULL ? g_strv_length ((char **) strings) : 0;

  self->needles = g_new0 (Needle, n);
  self->held = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    if (*strings[i] != '\0')
      needle_init (&self->needles[self->n_needles++], strings[i]);
  return self;
}

void
ivl_stop_free (IvlStop *self)
{
  for (guint i = 0; i < self->n_needles; i++)
    {
      g_free (self->needles[i].text);
      g_free (self->needles[i].fallback);
    }
  g_free (self->needles);
  g_string_free (self->held, TRUE);
  g_free (self);
}

/* Takes a byte; the length of the stop string that it completes, 0 when there is none. */
static gsize
step (IvlStop *self,
      char     byte)
{
  gsize longest = 0;

  for (guint i = 0; i < self->n_needles; i++)
    if (needle_step (&self->needles[i], byte))
      longest = MAX (longest, self->needles[i].length);
  return longest;
}

gboolean
ivl_stop_push (IvlStop    *self,
               const char *text,
               gsize       length,
               GString    *out)
{
  gsize pending = 0;

  for (gsize i = 0; i < length && !self->stopped; i++)
    {
      gsize found;

      g_string_append_c (self->held, text[i]);
      found = step (self, text[i]);
      if (found == 0)
        continue;
      g_string_append_len (out, self->held->str, self->held->len - found);
      g_string_truncate (self->held, 0);
      self->stopped = TRUE;
    }
  if (self->stopped)
    return TRUE;

  for (guint i = 0; i < self->n_needles; i++)
    pending = MAX (pending, self->needles[i].matched);
  g_string_append_len (out, self->held->str, self->held->len - pending);
  g_string_erase (self->held, 0, self->held->len - pending);
  return FALSE;
}

void
ivl_stop_flush (IvlStop *self,
                GString *out)
{
  g_string_append_len (out, self->held->str, self->held->len);
  g_string_truncate (self->held, 0);
}
