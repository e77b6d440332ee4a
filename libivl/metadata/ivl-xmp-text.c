/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a text in several languages is, wherever it is written, and what names a language.
 */
#include "metadata/ivl-xmp-text.h"

#include <string.h>

static void
alternative_free (gpointer data)
{
  IvlXmpAlternative *self = data;

  g_free (self->language);
  g_free (self->text);
  g_free (self);
}

GPtrArray *
ivl_xmp_text_list_new (void)
{
  return g_ptr_array_new_with_free_func (alternative_free);
}

void
ivl_xmp_text_list_add (GPtrArray  *list,
                       const char *language,
                       const char *text)
{
  IvlXmpAlternative *added;

  if (ivl_xmp_text_list_find (list, language) != NULL)
    return;
  added = g_new0 (IvlXmpAlternative, 1);
  added->language = g_strdup (language);
  added->text = g_strdup (text);
  g_ptr_array_add (list, added);
}

/* Reads lang="de" and a space; NULL: something else. What follows is at *rest. */
static char *
read_mark (const char  *text,
           const char **rest)
{
  static const char start[] = "lang=\"";
  g_autofree char *language = NULL;
  const char *end;

  if (!g_str_has_prefix (text, start))
    return NULL;
  text += strlen (start);
  end = g_strstr_len (text, IVL_XMP_TEXT_MAX_LANGUAGE + 2, "\" ");
  if (end == NULL)
    return NULL;
  language = g_strndup (text, end - text);
  if (!ivl_xmp_text_is_for_all (language) && !ivl_xmp_text_is_language (language))
    return NULL;
  *rest = end + 2;
  return g_steal_pointer (&language);
}

/* Where the next language begins, with the comma before it; the end of the text if none does. */
static const char *
find_next (const char *text)
{
  static const char comma[] = ", ";
  const char *next = text;

  while ((next = strstr (next, ", lang=\"")) != NULL)
    {
      const char *rest;
      g_autofree char *language = read_mark (next + strlen (comma), &rest);

      if (language != NULL)
        return next;
      next++;
    }
  return text + strlen (text);
}

/* (transfer full): the languages that a text names in this notation. NULL: it is none. */
static GPtrArray *
read_notation (const char *text)
{
  g_autoptr (GPtrArray) list = ivl_xmp_text_list_new ();
  const char *rest;
  g_autofree char *language = read_mark (text, &rest);
  guint n = 0;

  while (language != NULL)
    {
      const char *end = find_next (rest);
      g_autofree char *one = g_strndup (rest, end - rest);

      if (++n > IVL_XMP_TEXT_MAX_LANGUAGES)
        return NULL;
      ivl_xmp_text_list_add (list, language, one);
      g_free (language);
      language = *end != '\0' ? read_mark (end + 2, &rest) : NULL;
    }
  return n > 0 ? g_steal_pointer (&list) : NULL;
}

void
ivl_xmp_text_list_add_plain (GPtrArray  *list,
                             const char *text)
{
  g_autoptr (GPtrArray) notation = read_notation (text);

  if (notation == NULL)
    ivl_xmp_text_list_add (list, IVL_XMP_TEXT_FOR_ALL, text);
  for (guint i = 0; notation != NULL && i < notation->len; i++)
    {
      const IvlXmpAlternative *alternative = notation->pdata[i];

      ivl_xmp_text_list_add (list, alternative->language, alternative->text);
    }
}

const IvlXmpAlternative *
ivl_xmp_text_list_find (GPtrArray  *list,
                        const char *language)
{
  for (guint i = 0; i < list->len; i++)
    {
      const IvlXmpAlternative *alternative = list->pdata[i];

      if (g_ascii_strcasecmp (alternative->language, language) == 0)
        return alternative;
    }
  return NULL;
}

gboolean
ivl_xmp_text_is_for_all (const char *language)
{
  return g_ascii_strcasecmp (language, IVL_XMP_TEXT_FOR_ALL) == 0;
}

const char *
ivl_xmp_text_list_choose (GPtrArray   *list,
                          const char **language)
{
  const IvlXmpAlternative *chosen = ivl_xmp_text_list_find (list, IVL_XMP_TEXT_FOR_ALL);

  if (language != NULL)
    *language = NULL;
  if (list->len == 0)
    return NULL;
  if (chosen == NULL)
    chosen = list->pdata[0];
  for (guint i = 0; language != NULL && *language == NULL && i < list->len; i++)
    {
      const IvlXmpAlternative *other = list->pdata[i];

      if (!ivl_xmp_text_is_for_all (other->language) && strcmp (other->text, chosen->text) == 0)
        *language = other->language;
    }
  return chosen->text;
}

GPtrArray *
ivl_xmp_text_list_replace (GPtrArray  *old,
                           const char *text,
                           const char *language)
{
  GPtrArray *list = ivl_xmp_text_list_new ();
  const IvlXmpAlternative *for_all = ivl_xmp_text_list_find (old, IVL_XMP_TEXT_FOR_ALL);

  if (text[0] == '\0')
    return list;
  ivl_xmp_text_list_add (list, IVL_XMP_TEXT_FOR_ALL, text);
  if (language != NULL)
    ivl_xmp_text_list_add (list, language, text);
  for (guint i = 0; i < old->len; i++)
    {
      const IvlXmpAlternative *other = old->pdata[i];
      const gboolean follows = language == NULL && for_all != NULL
                               && strcmp (other->text, for_all->text) == 0;

      ivl_xmp_text_list_add (list, other->language, follows ? text : other->text);
    }
  return list;
}

GPtrArray *
ivl_xmp_text_list_translate (GPtrArray  *old,
                             const char *language,
                             const char *text)
{
  GPtrArray *list = ivl_xmp_text_list_new ();

  for (guint i = 0; i < old->len; i++)
    {
      const IvlXmpAlternative *other = old->pdata[i];

      if (g_ascii_strcasecmp (other->language, language) != 0)
        ivl_xmp_text_list_add (list, other->language, other->text);
      else if (text[0] != '\0')
        ivl_xmp_text_list_add (list, other->language, text);
    }
  if (text[0] != '\0')
    ivl_xmp_text_list_add (list, language, text);
  return list;
}

gboolean
ivl_xmp_text_list_equal (GPtrArray *a,
                         GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      const IvlXmpAlternative *one = a->pdata[i];
      const IvlXmpAlternative *other = ivl_xmp_text_list_find (b, one->language);

      if (other == NULL || strcmp (one->text, other->text) != 0)
        return FALSE;
    }
  return TRUE;
}

/* ------------------------------------------------------------------------------- languages */

static gboolean
is_alpha (const char *part)
{
  for (; *part != '\0'; part++)
    if (!g_ascii_isalpha (*part))
      return FALSE;
  return TRUE;
}

static gboolean
is_alnum (const char *part)
{
  for (; *part != '\0'; part++)
    if (!g_ascii_isalnum (*part))
      return FALSE;
  return TRUE;
}

static gboolean
is_region (const char *part)
{
  return (strlen (part) == 2 && is_alpha (part))
         || (strlen (part) == 3 && g_ascii_isdigit (part[0]) && g_ascii_isdigit (part[1])
             && g_ascii_isdigit (part[2]));
}

static gboolean
is_variant (const char *part)
{
  const gsize n = strlen (part);

  return is_alnum (part) && ((n >= 5 && n <= 8) || (n == 4 && g_ascii_isdigit (part[0])));
}

/* Skips parts of min to 8 letters and digits; FALSE: there is none. */
static gboolean
skip_parts (char  **parts,
            guint  *i,
            gsize   min)
{
  const guint first = *i;

  while (parts[*i] != NULL && strlen (parts[*i]) >= min && strlen (parts[*i]) <= 8
         && is_alnum (parts[*i]))
    ++*i;
  return *i > first;
}

/* The tags that RFC 5646 lists because its rules do not hold for them */
static gboolean
is_irregular (const char *language)
{
  static const char *const tags[] = {
    "en-GB-oed", "i-ami",     "i-bnn",    "i-default", "i-enochian", "i-hak",
    "i-klingon", "i-lux",     "i-mingo",  "i-navajo",  "i-pwn",      "i-tao",
    "i-tay",     "i-tsu",     "sgn-BE-FR", "sgn-BE-NL", "sgn-CH-DE",
  };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    if (g_ascii_strcasecmp (language, tags[i]) == 0)
      return TRUE;
  return FALSE;
}

/* language, up to three additions to one of 2 or 3 letters, script, region, variants, extensions,
 * private use: each may be missing but the first. */
gboolean
ivl_xmp_text_is_language (const char *language)
{
  g_auto (GStrv) parts = g_strsplit (language, "-", -1);
  const char *first = parts[0] != NULL ? parts[0] : "";
  const gsize n = strlen (first);
  guint i = 0;

  if (ivl_xmp_text_is_for_all (language) || strlen (language) > IVL_XMP_TEXT_MAX_LANGUAGE)
    return FALSE;
  if (is_irregular (language))
    return TRUE;
  if (n >= 2 && n <= 8 && is_alpha (first))
    {
      i++;
      for (guint k = 0; n <= 3 && k < 3 && parts[i] != NULL && strlen (parts[i]) == 3
                        && is_alpha (parts[i]); k++)
        i++;
      if (parts[i] != NULL && strlen (parts[i]) == 4 && is_alpha (parts[i]))
        i++;
      if (parts[i] != NULL && is_region (parts[i]))
        i++;
      while (parts[i] != NULL && is_variant (parts[i]))
        i++;
      while (parts[i] != NULL && strlen (parts[i]) == 1 && g_ascii_isalnum (parts[i][0])
             && g_ascii_tolower (parts[i][0]) != 'x')
        {
          i++;
          if (!skip_parts (parts, &i, 2))
            return FALSE;
        }
    }
  if (parts[i] != NULL && g_ascii_strcasecmp (parts[i], "x") == 0)
    {
      i++;
      if (!skip_parts (parts, &i, 1))
        return FALSE;
    }
  return i > 0 && parts[i] == NULL;
}
