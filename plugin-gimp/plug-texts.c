/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP keeps an image's metadata as XML: <tag name="Xmp.dc.description">text</tag>, one for each
 * value, with encoding="base64" for one that is not UTF-8. Three of these tags are ours, the
 * others pass through. */
#include "plug-texts.h"

#include <glib/gi18n.h>
#include <string.h>

/* Names of exiv2's. GIMP gives up on names of 1024 bytes and more. */
static const struct
{
  const char *tag;
  IvlMetadataText which;
  const char *(*get) (IvlMetadata *texts);
  void (*set) (IvlMetadata *texts, const char *text);
} fields[] = {
  { "Xmp.iptc.AltTextAccessibility", IVL_METADATA_ALT_TEXT, ivl_metadata_get_alt_text,
    ivl_metadata_set_alt_text },
  { "Xmp.iptc.ExtDescrAccessibility", IVL_METADATA_LONG_DESCRIPTION,
    ivl_metadata_get_long_description, ivl_metadata_set_long_description },
  { "Xmp.dc.description", IVL_METADATA_CAPTION, ivl_metadata_get_caption,
    ivl_metadata_set_caption },
};

typedef struct
{
  char    *name; /* (owned) */
  GString *text; /* (owned), as it stands in the XML, unescaped */
  gboolean is_base64;
  gboolean is_namespace; /* text is the whole element, escaped, and the name is empty */
} Tag;

/* What the parser is in the middle of */
typedef struct
{
  GPtrArray *tags; /* (owned) of Tag */
  gboolean   is_in_tag;
  gboolean   has_root;
} Reading;

static void
tag_free (Tag *self)
{
  g_free (self->name);
  g_string_free (self->text, TRUE);
  g_free (self);
}

/* GIMP 3 declares the prefixes of XMP tags ahead of them and wants them so when it reads */
static void
add_namespace (Reading     *reading,
               const char **names,
               const char **values)
{
  Tag *tag = g_new0 (Tag, 1);

  tag->name = g_strdup ("");
  tag->text = g_string_new ("  <namespace");
  tag->is_namespace = TRUE;
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *safe = g_markup_escape_text (values[i], -1);

      g_string_append_printf (tag->text, " %s=\"%s\"", names[i], safe);
    }
  g_string_append (tag->text, "></namespace>\n");
  g_ptr_array_add (reading->tags, tag);
}

static void
on_start (GMarkupParseContext *context,
          const char          *element,
          const char         **names,
          const char         **values,
          gpointer             data,
          GError             **error)
{
  Reading *reading = data;
  const gboolean is_root = g_markup_parse_context_get_element_stack (context)->next == NULL;
  Tag *tag;

  if (!is_root && !reading->is_in_tag && strcmp (element, "namespace") == 0)
    {
      add_namespace (reading, names, values);
      return;
    }
  if (strcmp (element, is_root ? "metadata" : "tag") != 0 || reading->is_in_tag
      || (is_root && reading->has_root))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "unexpected <%s>", element);
      return;
    }
  reading->has_root = TRUE;
  if (is_root)
    return;
  tag = g_new0 (Tag, 1);
  tag->text = g_string_new (NULL);
  g_ptr_array_add (reading->tags, tag);
  reading->is_in_tag = TRUE;
  for (guint i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], "name") == 0 && tag->name == NULL)
      tag->name = g_strdup (values[i]);
    else if (strcmp (names[i], "encoding") == 0)
      tag->is_base64 = strcmp (values[i], "base64") == 0;
  if (tag->name == NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "a <tag> without a name");
}

static void
on_end (GMarkupParseContext *context,
        const char          *element,
        gpointer             data,
        GError             **error)
{
  Reading *reading = data;

  reading->is_in_tag = FALSE;
}

static void
on_text (GMarkupParseContext *context,
         const char          *text,
         gsize                length,
         gpointer             data,
         GError             **error)
{
  Reading *reading = data;
  Tag *tag;

  if (!reading->is_in_tag)
    return;
  tag = g_ptr_array_index (reading->tags, reading->tags->len - 1);
  g_string_append_len (tag->text, text, length);
}

/* Array of Tag, or NULL */
static GPtrArray *
read_tags (const char  *xml,
           GError     **error)
{
  static const GMarkupParser parser = { on_start, on_end, on_text, NULL, NULL };
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func ((GDestroyNotify) tag_free);
  Reading reading = { .tags = tags };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &reading, NULL);
  g_autoptr (GError) cause = NULL;

  if (xml == NULL)
    return g_steal_pointer (&tags);
  if (!g_utf8_validate (xml, -1, NULL))
    g_set_error (&cause, IVL_ERROR, IVL_ERROR_INVALID_DATA, "not UTF-8");
  else if (g_markup_parse_context_parse (context, xml, -1, &cause)
           && g_markup_parse_context_end_parse (context, &cause))
    return g_steal_pointer (&tags);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               _ ("The image's metadata cannot be read (%s). Look at them under “Image ▸ Metadata” "
                  "and save the image again."),
               cause->message);
  return NULL;
}

static int
find_field (const Tag *tag)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (strcmp (tag->name, fields[i].tag) == 0)
      return i;
  return -1;
}

/* One language of exiv2's notation: lang="de" Eins. FALSE: text does not begin so. *next: behind
 * it, or NULL at the end */
static gboolean
read_language (const char  *text,
               char       **language,
               char       **value,
               const char **next)
{
  static const char prefix[] = "lang=\"";
  static const char between[] = ", lang=\"";
  const char *name = text + sizeof prefix - 1;
  const char *end = g_str_has_prefix (text, prefix) ? strchr (name, '"') : NULL;
  const char *rest;

  if (end == NULL || (end[1] != ' ' && end[1] != '\0'))
    return FALSE;
  rest = end[1] == ' ' ? end + 2 : end + 1;
  *next = strstr (rest, between);
  *language = g_strndup (name, end - name);
  *value = *next != NULL ? g_strndup (rest, *next - rest) : g_strdup (rest);
  if (*next != NULL)
    *next += strlen (", ");
  return TRUE;
}

/* Takes a value over into a field that has none, in all its languages. The text for everyone is
 * x-default's, else the first one. */
static void
set_field (IvlMetadata *texts,
           guint        field,
           const char  *text)
{
  g_autofree char *main_text = NULL;
  const char *next = text;

  if (!g_str_has_prefix (text, "lang=\""))
    main_text = g_strdup (text);
  while (next != NULL)
    {
      g_autofree char *language = NULL;
      g_autofree char *value = NULL;
      gboolean is_default;

      if (!read_language (next, &language, &value, &next))
        break;
      is_default = strcmp (language, "x-default") == 0;
      if (is_default || main_text == NULL)
        {
          g_free (main_text);
          main_text = g_strdup (value);
        }
      if (!is_default && value[0] != '\0')
        ivl_metadata_set_translation (texts, fields[field].which, language, value);
    }
  if (main_text != NULL && main_text[0] != '\0')
    fields[field].set (texts, main_text);
}

/* (transfer full, nullable) */
static char *
tag_get_value (const Tag *tag)
{
  g_autofree char *decoded = NULL;
  gsize size;

  if (!tag->is_base64)
    return g_strdup (tag->text->str);
  if (tag->text->len == 0)
    return NULL;
  /* GIMP encodes the terminating NUL with it, and does this to what is not UTF-8 */
  decoded = (char *) g_base64_decode (tag->text->str, &size);
  if (size == 0 || decoded[size - 1] != '\0')
    return NULL;
  return g_utf8_validate (decoded, -1, NULL) ? g_steal_pointer (&decoded) : NULL;
}

static IvlMetadata *
read_texts (GPtrArray *tags)
{
  IvlMetadata *texts = ivl_metadata_new ();

  for (guint i = 0; i < tags->len; i++)
    {
      const Tag *tag = g_ptr_array_index (tags, i);
      const int field = find_field (tag);
      g_autofree char *value = field >= 0 ? tag_get_value (tag) : NULL;

      /* GIMP writes a tag for each language, all with the text of the first */
      if (value != NULL && value[0] != '\0' && fields[field].get (texts) == NULL)
        set_field (texts, field, value);
    }
  return texts;
}

static void
append_tag (GString    *xml,
            const char *name,
            const char *text,
            gboolean    is_base64)
{
  g_autofree char *safe_name = g_markup_escape_text (name, -1);
  g_autofree char *safe_text = g_markup_escape_text (text, -1);

  g_string_append_printf (xml, "  <tag name=\"%s\"%s>%s</tag>\n", safe_name,
                          is_base64 ? " encoding=\"base64\"" : "", safe_text);
}

/* What XMP cannot hold becomes a space: control characters other than a tab and a new line */
static char *
make_clean (const char *text)
{
  char *clean = g_utf8_make_valid (text, -1);

  for (char *p = clean; *p != '\0'; p++)
    if (((guchar) *p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f)
      *p = ' ';
  return g_strstrip (clean);
}

static void
append_field (GString       *xml,
              guint          field,
              IvlMetadata   *texts,
              IvlMetadata   *have,
              PlugTextsForm  form)
{
  const IvlMetadataText which = fields[field].which;
  g_auto (GStrv) languages = ivl_metadata_list_languages (have, which);
  g_autofree char *clean = make_clean (fields[field].get (texts));
  g_autoptr (GString) value = g_string_new (NULL);

  if (clean[0] == '\0')
    return;
  if (form == PLUG_TEXTS_LANG || languages[0] != NULL)
    g_string_append (value, "lang=\"x-default\" ");
  g_string_append (value, clean);
  for (guint i = 0; languages[i] != NULL; i++)
    g_string_append_printf (value, ", lang=\"%s\" %s", languages[i],
                            ivl_metadata_get_translation (have, which, languages[i]));
  append_tag (xml, fields[field].tag, value->str, FALSE);
}

char *
plug_texts_to_xml (const char     *xml,
                   IvlMetadata    *texts,
                   PlugTextsForm   form,
                   GError        **error)
{
  g_autoptr (GPtrArray) tags = read_tags (xml, error);
  g_autoptr (IvlMetadata) have = tags != NULL ? read_texts (tags) : NULL;
  GString *out;

  if (tags == NULL)
    return NULL;
  out = g_string_new ("<?xml version='1.0' encoding='UTF-8'?>\n<metadata>\n");
  for (guint i = 0; i < tags->len; i++)
    {
      const Tag *tag = g_ptr_array_index (tags, i);
      const int field = find_field (tag);

      if (tag->is_namespace)
        g_string_append (out, tag->text->str);
      else if (field < 0 || fields[field].get (texts) == NULL)
        append_tag (out, tag->name, tag->text->str, tag->is_base64);
    }
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].get (texts) != NULL)
      append_field (out, i, texts, have, form);
  g_string_append (out, "</metadata>\n");
  return g_string_free (out, FALSE);
}

gboolean
plug_texts_differ (IvlMetadata *have,
                   IvlMetadata *change)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const char *text = fields[i].get (change);
      const char *old = fields[i].get (have);

      if (text != NULL && strcmp (text, old != NULL ? old : "") != 0)
        return TRUE;
    }
  return FALSE;
}

IvlMetadata *
plug_texts_from_xml (const char  *xml,
                     GError     **error)
{
  g_autoptr (GPtrArray) tags = read_tags (xml, error);

  return tags != NULL ? read_texts (tags) : NULL;
}
