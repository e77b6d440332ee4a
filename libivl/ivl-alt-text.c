/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks of alternative texts: what a careful human reader would object to. How people say "image
 * of" in their languages is data, data/tasks/alt-prefixes.ini. */
#include <libivl/ivl-alt-text.h>

#include <string.h>

#include "ivl-resources.h"
#include "util/ivl-graphemes.h"

#define RESOURCE_PREFIXES "/org/ivl/alt-prefixes.ini"

/* The names of roles in options and in data/tasks/alt.ini */
static const char *const role_names[] = {
  [IVL_ALT_ROLE_INFORMATIVE] = "informative", [IVL_ALT_ROLE_TEXT] = "text",
  [IVL_ALT_ROLE_FUNCTIONAL] = "functional",   [IVL_ALT_ROLE_COMPLEX] = "complex",
  [IVL_ALT_ROLE_DECORATIVE] = "decorative",
};

/* HTML tags and entities; Markdown's links, emphasis, code, headings and lists at the start */
#define MARKUP                                                                                     \
  "</?[a-z][^<>]*>|&(#[0-9]+|#x[0-9a-f]+|[a-z]{2,8});|!?\\[[^\\]]*\\]\\([^)]*\\)|\\*\\*\\S|"       \
  "__\\S[^_]*__|`|^#{1,6} |^[*+-] +\\D"
/* A name with the ending of a picture, or one that cameras and systems give */
#define FILE_NAME                                                                                  \
  "\\S\\.(jpe?g|jpe|png|gif|webp|tiff?|svg|bmp|heic|heif|avif|jxl|xcf|psd|ico|raw|cr2|nef)$|"      \
  "^_?(img|dsc[nf]?|pict|pxl|mvimg|gopr|sam|p|image|photo|screenshot)[-_ ]?[0-9]{3,}([-_ ~][0-9a-" \
  "z]+)*$"

typedef struct
{
  char   **before;
  char   **nouns;
  char   **behind;
  char   **starts;
  char   **endings;
  gboolean joined;
} Language;

/* One case, one kind of apostrophe, one space between words, none around them */
static char *
normalise (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *composed = g_utf8_normalize (valid, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *folded = g_utf8_casefold (composed, -1);
  g_autoptr (GString) out = g_string_new (NULL);
  gboolean space = FALSE;

  for (const char *p = folded; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isspace (c))
        {
          space = out->len > 0;
          continue;
        }
      if (space)
        g_string_append_c (out, ' ');
      space = FALSE;
      g_string_append_unichar (out, c == 0x2019 || c == 0x2bc ? '\'' : c);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char **
read_list (GKeyFile   *file,
           const char *group,
           const char *key)
{
  char **list = g_key_file_get_string_list (file, group, key, NULL, NULL);

  if (list == NULL)
    return g_new0 (char *, 1);
  for (guint i = 0; list[i] != NULL; i++)
    {
      char *plain = normalise (list[i]);

      g_free (list[i]);
      list[i] = plain;
    }
  return list;
}

/* Array of Language, kept for the life of the process */
static const GArray *
get_languages (void)
{
  static gsize loaded = 0;

  if (g_once_init_enter (&loaded))
    {
      GArray *languages = g_array_new (FALSE, FALSE, sizeof (Language));
      g_autoptr (GKeyFile) file = g_key_file_new ();
      g_autoptr (GBytes) data =
        g_resource_lookup_data (ivl_tasks_get_resource (), RESOURCE_PREFIXES,
                                G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
      g_auto (GStrv) groups = NULL;

      if (data != NULL)
        g_key_file_load_from_bytes (file, data, G_KEY_FILE_NONE, NULL);
      groups = g_key_file_get_groups (file, NULL);
      for (guint i = 0; groups[i] != NULL; i++)
        {
          Language language = {
            read_list (file, groups[i], "before"), read_list (file, groups[i], "nouns"),
            read_list (file, groups[i], "behind"), read_list (file, groups[i], "starts"),
            read_list (file, groups[i], "endings"),
            g_key_file_get_boolean (file, groups[i], "joined", NULL),
          };

          g_array_append_val (languages, language);
        }
      g_once_init_leave (&loaded, (gsize) languages);
    }
  return (const GArray *) loaded;
}

/* What follows the phrase that text begins with, NULL when it does not or goes on within a word */
static const char *
skip_phrase (const Language *language,
             const char     *text,
             const char     *phrase)
{
  gsize length = strlen (phrase);
  gunichar last;

  if (length == 0 || strncmp (text, phrase, length) != 0)
    return NULL;
  last = g_utf8_get_char (g_utf8_find_prev_char (phrase, phrase + length));
  if (!language->joined && g_unichar_isalnum (last) &&
      g_unichar_isalnum (g_utf8_get_char (text + length)))
    return NULL;
  return text + length;
}

static const char *
skip_space (const char *text)
{
  return *text == ' ' ? text + 1 : text;
}

static gboolean
begins_with_any (const Language *language,
                 const char     *text,
                 char          **phrases)
{
  for (guint i = 0; phrases[i] != NULL; i++)
    if (skip_phrase (language, text, phrases[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* "Photo", "Photo: ", "Photo - " */
static gboolean
is_heading (const char *rest)
{
  const char *text = skip_space (rest);

  return *text == '\0' || strcmp (text, ".") == 0 || *text == ':' ||
         (text > rest && *text == '-') || g_utf8_get_char (text) == 0x2013 ||
         g_utf8_get_char (text) == 0x2014;
}

/* Does text begin with a name for a picture and what goes with it */
static gboolean
begins_with_noun (const Language *language,
                  const char     *text)
{
  for (guint i = 0; language->nouns[i] != NULL; i++)
    {
      const char *rest = skip_phrase (language, text, language->nouns[i]);

      if (rest != NULL &&
          (is_heading (rest) || begins_with_any (language, skip_space (rest), language->behind)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
says_picture (const Language *language,
              const char     *text)
{
  if (begins_with_any (language, text, language->starts) || begins_with_noun (language, text))
    return TRUE;
  for (guint i = 0; language->before[i] != NULL; i++)
    {
      const char *rest = skip_phrase (language, text, language->before[i]);

      if (rest != NULL && begins_with_noun (language, skip_space (rest)))
        return TRUE;
    }
  for (guint i = 0; language->endings[i] != NULL; i++)
    if (g_str_has_suffix (text, language->endings[i]))
      return TRUE;
  return FALSE;
}

/* text: normal. In any language: which one the text is in is not known */
static gboolean
has_prefix (const char *text)
{
  const GArray *languages = get_languages ();

  while (*text != '\0' && g_unichar_ispunct (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);
  for (guint i = 0; i < languages->len; i++)
    if (says_picture (&g_array_index (languages, Language, i), text))
      return TRUE;
  return FALSE;
}

static gboolean
is_file_name (const char *text,
              const char *file_name)
{
  g_autofree char *base = NULL;
  g_autofree char *name = NULL;
  char *dot;

  if (g_regex_match_simple (FILE_NAME, text, 0, 0))
    return TRUE;
  if (file_name == NULL || *file_name == '\0')
    return FALSE;
  base = g_path_get_basename (file_name);
  name = normalise (base);
  if (strcmp (text, name) == 0)
    return TRUE;
  dot = strrchr (name, '.');
  if (dot == NULL || dot == name)
    return FALSE;
  *dot = '\0';
  return strcmp (text, name) == 0;
}

static gboolean
has_markup (const char *alt_text)
{
  g_autofree char *text = g_strstrip (g_utf8_make_valid (alt_text, -1));

  return strpbrk (text, "\r\n") != NULL ||
         g_regex_match_simple (MARKUP, text, G_REGEX_CASELESS, 0);
}

/* text: normal, not empty */
static gboolean
is_same (const char *text,
         const char *other)
{
  g_autofree char *plain = normalise (other != NULL ? other : "");

  return strcmp (text, plain) == 0;
}

/**
 * ivl_alt_text_check:
 * @alt_text: (nullable): the text
 * @role: what the picture is for
 * @long_description: (nullable): the long description that goes with it
 * @caption: (nullable): the caption that stands beside the picture
 * @file_name: (nullable): name or path of the picture's file
 *
 * Looks for what a careful human reader would object to. These are objections, not errors: a text
 * can be right in spite of them. Of an empty text, and of any text of a decorative picture, nothing
 * else is said than that. Whether "image of" is at the start is seen in every language that
 * `data/tasks/alt-prefixes.ini` has, whatever language the text is in.
 *
 * Returns: the objections, 0 for none
 */
IvlAltIssues
ivl_alt_text_check (const char *alt_text,
                    IvlAltRole  role,
                    const char *long_description,
                    const char *caption,
                    const char *file_name)
{
  g_autofree char *text = normalise (alt_text != NULL ? alt_text : "");
  g_autofree char *description = normalise (long_description != NULL ? long_description : "");
  guint length;
  guint issues = 0;

  if (role == IVL_ALT_ROLE_DECORATIVE)
    return *text != '\0' ? IVL_ALT_ISSUE_NOT_EMPTY : 0;
  if (role == IVL_ALT_ROLE_COMPLEX && *description == '\0')
    issues |= IVL_ALT_ISSUE_NO_DESCRIPTION;
  if (*text == '\0')
    return issues | IVL_ALT_ISSUE_EMPTY;

  length = ivl_alt_text_count (alt_text);
  if (length > IVL_ALT_TEXT_LIMIT)
    issues |= IVL_ALT_ISSUE_TOO_LONG;
  else if (length > IVL_ALT_TEXT_TARGET)
    issues |= IVL_ALT_ISSUE_LONG;
  if (has_prefix (text))
    issues |= IVL_ALT_ISSUE_PREFIX;
  if (is_file_name (text, file_name))
    issues |= IVL_ALT_ISSUE_FILE_NAME;
  if (is_same (text, description) || is_same (text, caption))
    issues |= IVL_ALT_ISSUE_SAME;
  if (has_markup (alt_text))
    issues |= IVL_ALT_ISSUE_MARKUP;
  return issues;
}

/**
 * ivl_alt_text_count:
 * @alt_text: (nullable): the text
 *
 * Counts characters as people see them (extended grapheme clusters): a letter with its accents, a
 * syllable of Hangul or a flag is one. White space at both ends does not count.
 *
 * Returns: how many there are
 */
guint
ivl_alt_text_count (const char *alt_text)
{
  g_autofree char *text = g_strstrip (g_utf8_make_valid (alt_text != NULL ? alt_text : "", -1));

  return ivl_graphemes_count (text);
}

/**
 * ivl_alt_text_get_role_name:
 * @role: a role
 *
 * The name of a role in options, and of its wording in the task `alt` (ivl_task_create_variant()).
 *
 * Returns: (transfer none): `informative`, `text`, `functional`, `complex` or `decorative`
 */
const char *
ivl_alt_text_get_role_name (IvlAltRole role)
{
  g_return_val_if_fail ((guint) role < G_N_ELEMENTS (role_names), NULL);

  return role_names[role];
}

/**
 * ivl_alt_text_find_role:
 * @name: a name as ivl_alt_text_get_role_name() gives it
 * @role: (out): the role
 *
 * Returns: %FALSE when no role has that name; @role is left alone then
 */
gboolean
ivl_alt_text_find_role (const char *name,
                        IvlAltRole *role)
{
  g_return_val_if_fail (name != NULL && role != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (role_names); i++)
    if (strcmp (role_names[i], name) == 0)
      {
        *role = (IvlAltRole) i;
        return TRUE;
      }
  return FALSE;
}
