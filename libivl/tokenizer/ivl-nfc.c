/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Normalisation form C (Unicode Standard Annex 15). GLib has the data and also the algorithm, but
 * its g_utf8_normalize() is quadratic in the length of the text. Here only short runs are
 * rewritten: from the last stable character before one that NFC may change up to the next stable
 * one.
 */
#include "tokenizer/ivl-nfc.h"

#include <string.h>

#include "tokenizer/ivl-char-class.h"
#include "tokenizer/ivl-utf8.h"

typedef struct
{
  gunichar c;
  guint8   class; /* canonical combining class */
} Mark;

static void
append_decomposed (GArray       *marks,
                   const guint8 *p,
                   const guint8 *end)
{
  while (p < end)
    {
      gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
      guint n_bytes;
      gunichar c = ivl_utf8_get (p, &n_bytes);
      gsize n_parts = g_unichar_fully_decompose (c, FALSE, parts, G_N_ELEMENTS (parts));

      for (gsize i = 0; i < n_parts; i++)
        {
          Mark mark = { parts[i], g_unichar_combining_class (parts[i]) };

          g_array_append_val (marks, mark);
        }
      p += n_bytes;
    }
}

/* Sorts by class, keeping the order within a class. */
static void
sort_marks (Mark *marks,
            gsize n)
{
  g_autofree Mark *sorted = NULL;
  gsize first[257] = { 0 };

  if (n < 24)
    {
      for (gsize i = 1; i < n; i++)
        {
          Mark mark = marks[i];
          gsize j = i;

          for (; j > 0 && marks[j - 1].class > mark.class; j--)
            marks[j] = marks[j - 1];
          marks[j] = mark;
        }
      return;
    }
  for (gsize i = 0; i < n; i++)
    first[marks[i].class + 1]++;
  for (guint i = 1; i < 257; i++)
    first[i] += first[i - 1];
  sorted = g_new (Mark, n);
  for (gsize i = 0; i < n; i++)
    sorted[first[marks[i].class]++] = marks[i];
  memcpy (marks, sorted, n * sizeof (Mark));
}

static void
reorder (GArray *marks)
{
  Mark *m = (Mark *) (void *) marks->data;
  gsize i = 0;

  while (i < marks->len)
    {
      gsize start = i;

      while (i < marks->len && m[i].class != 0)
        i++;
      if (i - start > 1)
        sort_marks (m + start, i - start);
      i++;
    }
}

static void
compose (GArray *marks)
{
  Mark *m = (Mark *) (void *) marks->data;
  gssize starter = -1;
  gsize n = 0;

  for (gsize i = 0; i < marks->len; i++)
    {
      gboolean adjacent = starter >= 0 && n == (gsize) starter + 1;
      gunichar composed;

      /* Between the starter and this one stand only marks of a lower class: it is not blocked. */
      if (starter >= 0 && (adjacent || m[n - 1].class < m[i].class) &&
          g_unichar_compose (m[starter].c, m[i].c, &composed))
        {
          m[starter].c = composed;
          continue;
        }
      if (m[i].class == 0)
        starter = n;
      m[n++] = m[i];
    }
  g_array_set_size (marks, n);
}

static void
append_normalised (GString      *out,
                   GArray       *marks,
                   const guint8 *p,
                   const guint8 *end)
{
  g_array_set_size (marks, 0);
  append_decomposed (marks, p, end);
  reorder (marks);
  compose (marks);
  for (guint i = 0; i < marks->len; i++)
    {
      gunichar c = g_array_index (marks, Mark, i).c;
      char utf8[6];

      g_string_append_len (out, utf8, g_unichar_to_utf8 (c, utf8));
    }
}

/* Goes on from p, which is stable or the end, to the next unstable character; *stable becomes
 * the last stable one before it. */
static const guint8 *
find_unstable (const guint8  *p,
               const guint8  *end,
               const guint8 **stable)
{
  while (p < end)
    {
      guint n_bytes;

      if (*p < 0x80)
        {
          *stable = p++;
          continue;
        }
      if (ivl_char_class_get (ivl_utf8_get (p, &n_bytes)) & IVL_CHAR_UNSTABLE)
        return p;
      *stable = p;
      p += n_bytes;
    }
  return end;
}

gboolean
ivl_nfc_normalise (const char *text,
                   gsize       len,
                   GString    *out)
{
  g_autoptr (GArray) marks = NULL;
  const guint8 *p = (const guint8 *) text;
  const guint8 *end = p + len;
  const guint8 *copied = p;
  const guint8 *stable = p;

  for (p = find_unstable (p, end, &stable); p < end; p = find_unstable (p, end, &stable))
    {
      guint n_bytes;

      if (marks == NULL)
        marks = g_array_new (FALSE, FALSE, sizeof (Mark));
      while (p < end && ivl_char_class_get (ivl_utf8_get (p, &n_bytes)) & IVL_CHAR_UNSTABLE)
        p += n_bytes;
      g_string_append_len (out, (const char *) copied, stable - copied);
      append_normalised (out, marks, stable, p);
      copied = stable = p;
    }
  if (marks == NULL)
    return FALSE;
  g_string_append_len (out, (const char *) copied, end - copied);
  return TRUE;
}
