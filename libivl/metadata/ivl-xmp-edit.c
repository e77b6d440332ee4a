/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a text is put into the XML of an XMP packet: which bytes go and which come.
 */
#include "metadata/ivl-xmp-edit.h"

#include <libivl/ivl-error.h>
#include <string.h>

typedef struct
{
  IvlXmpSpan span; /* what goes */
  char      *text; /* (owned) what comes there */
  guint      n;    /* in the order of the calls, which several at one place keep */
} Change;

struct _IvlXmpEdit
{
  const char      *xml; /* the caller's */
  gsize            size;
  const IvlXmpXml *places;
  GPtrArray       *changes; /* (owned) Change */
};

static void
change_free (gpointer data)
{
  Change *self = data;

  g_free (self->text);
  g_free (self);
}

IvlXmpEdit *
ivl_xmp_edit_new (const char      *xml,
                  gsize            size,
                  const IvlXmpXml *places)
{
  IvlXmpEdit *self = g_new0 (IvlXmpEdit, 1);

  self->xml = xml;
  self->size = size;
  self->places = places;
  self->changes = g_ptr_array_new_with_free_func (change_free);
  return self;
}

void
ivl_xmp_edit_free (IvlXmpEdit *self)
{
  g_ptr_array_unref (self->changes);
  g_free (self);
}

/* text: (transfer full) */
static void
replace (IvlXmpEdit *self,
         gsize       start,
         gsize       end,
         char       *text)
{
  Change *change = g_new0 (Change, 1);

  change->span = (IvlXmpSpan) { start, end };
  change->text = text;
  change->n = self->changes->len;
  g_ptr_array_add (self->changes, change);
}

static void
take_away (IvlXmpEdit *self,
           IvlXmpSpan  span)
{
  replace (self, span.start, span.end, g_strdup (""));
}

static int
compare_changes (gconstpointer a,
                 gconstpointer b)
{
  const Change *one = *(Change *const *) a;
  const Change *other = *(Change *const *) b;

  if (one->span.start != other->span.start)
    return one->span.start < other->span.start ? -1 : 1;
  if (one->span.end != other->span.end)
    return one->span.end < other->span.end ? -1 : 1;
  return one->n < other->n ? -1 : 1;
}

GString *
ivl_xmp_edit_apply (IvlXmpEdit *self)
{
  GString *result = g_string_sized_new (self->size);
  gsize at = 0;

  g_ptr_array_sort (self->changes, compare_changes);
  for (guint i = 0; i < self->changes->len; i++)
    {
      const Change *change = self->changes->pdata[i];

      g_string_append_len (result, self->xml + at, change->span.start - at);
      g_string_append (result, change->text);
      at = change->span.end;
    }
  g_string_append_len (result, self->xml + at, self->size - at);
  return result;
}

/* ---------------------------------------------------------------------------------- writing */

static void
append_escaped (GString    *xml,
                const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if (*p == '&')
      g_string_append (xml, "&amp;");
    else if (*p == '<')
      g_string_append (xml, "&lt;");
    else if (*p == '>')
      g_string_append (xml, "&gt;");
    else if (*p == '"')
      g_string_append (xml, "&quot;");
    else if (*p == '\r') /* which would be read as a new line */
      g_string_append (xml, "&#13;");
    else
      g_string_append_c (xml, *p);
}

static char *
escape (const char *text)
{
  GString *xml = g_string_new (NULL);

  append_escaped (xml, text);
  return g_string_free (xml, FALSE);
}

static void
append_item (GString                 *xml,
             const char              *name,
             const IvlXmpAlternative *alternative)
{
  g_string_append_printf (xml, "<%s xml:lang=\"", name);
  append_escaped (xml, alternative->language);
  g_string_append (xml, "\">");
  append_escaped (xml, alternative->text);
  g_string_append_printf (xml, "</%s>", name);
}

static char *
make_item (const char              *name,
           const IvlXmpAlternative *alternative)
{
  GString *xml = g_string_new (NULL);

  append_item (xml, name, alternative);
  return g_string_free (xml, FALSE);
}

static char *
make_name (const IvlXmpScope *scope,
           IvlXmpNamespace    space,
           const char        *local)
{
  const char *prefix = scope->prefixes[space];

  return prefix[0] != '\0' ? g_strconcat (prefix, ":", local, NULL) : g_strdup (local);
}

/* xmlns:PREFIX="...", if the scope lacks it */
static void
append_declaration (GString           *xml,
                    const IvlXmpScope *scope,
                    IvlXmpNamespace    space)
{
  if (!scope->is_bound[space])
    g_string_append_printf (xml, " xmlns:%s=\"%s\"", scope->prefixes[space],
                            ivl_xmp_xml_get_uri (space));
}

/* The whole element of a text, with names as they are called at its place */
static char *
make_list (const IvlXmpScope *scope,
           IvlXmpText         which,
           GPtrArray         *texts)
{
  IvlXmpNamespace space;
  const char *local = ivl_xmp_xml_get_property (which, &space);
  g_autofree char *name = make_name (scope, space, local);
  g_autofree char *list = make_name (scope, IVL_XMP_NAMESPACE_RDF, "Alt");
  g_autofree char *item = make_name (scope, IVL_XMP_NAMESPACE_RDF, "li");
  GString *xml = g_string_new (NULL);

  g_string_append_printf (xml, "<%s", name);
  append_declaration (xml, scope, space);
  append_declaration (xml, scope, IVL_XMP_NAMESPACE_RDF);
  g_string_append_printf (xml, "><%s>", list);
  for (guint i = 0; i < texts->len; i++)
    append_item (xml, item, texts->pdata[i]);
  g_string_append_printf (xml, "</%s></%s>", list, name);
  return g_string_free (xml, FALSE);
}

static char *
make_extension (const IvlXmpScope *scope,
                const char        *guid)
{
  IvlXmpNamespace space;
  const char *local = ivl_xmp_xml_get_property (IVL_XMP_PROPERTY_EXTENSION, &space);
  g_autofree char *name = make_name (scope, space, local);
  GString *xml = g_string_new (NULL);

  g_string_append_printf (xml, "<%s", name);
  append_declaration (xml, scope, space);
  g_string_append_printf (xml, ">%s</%s>", guid, name);
  return g_string_free (xml, FALSE);
}

/* ---------------------------------------------------------------------------------- placing */

/* Puts something at the end of an element. content: (transfer full) */
static void
put_into (IvlXmpEdit          *self,
          const IvlXmpElement *element,
          char                *content)
{
  gsize slash = element->start_tag.end - 2;

  if (element->end_tag.start < element->end_tag.end)
    {
      replace (self, element->end_tag.start, element->end_tag.start, content);
      return;
    }
  replace (self, slash, element->start_tag.end,
           g_strdup_printf (">%s</%s>", content, element->name));
  g_free (content);
}

/* The scope in which a new property will stand. (nullable): there is no place for one. */
static const IvlXmpElement *
find_place (IvlXmpEdit *self)
{
  if (self->places->description.name != NULL)
    return &self->places->description;
  if (self->places->rdf.name != NULL)
    return &self->places->rdf;
  return self->places->root.name != NULL ? &self->places->root : NULL;
}

/* Puts an element of ours, made with the scope of find_place(), into the first rdf:Description,
 * which may have to be made. content: (transfer full) */
static void
put_property (IvlXmpEdit          *self,
              const IvlXmpElement *place,
              char                *content)
{
  const char *rdf = ivl_xmp_xml_get_uri (IVL_XMP_NAMESPACE_RDF);
  const char *prefix = place->scope.prefixes[IVL_XMP_NAMESPACE_RDF];
  g_autofree char *description = NULL;

  if (place == &self->places->description)
    {
      put_into (self, place, content);
      return;
    }
  /* Attributes need a prefix: it is declared here, since it may be the default outside. */
  if (prefix[0] == '\0')
    prefix = "rdf";
  description = g_strdup_printf ("<%s:Description xmlns:%s=\"%s\" %s:about=\"\">%s"
                                 "</%s:Description>",
                                 prefix, prefix, rdf, prefix, content, prefix);
  g_free (content);
  if (place == &self->places->rdf)
    put_into (self, place, g_steal_pointer (&description));
  else
    put_into (self, place, g_strdup_printf ("<%s:RDF xmlns:%s=\"%s\">%s</%s:RDF>", prefix, prefix,
                                            rdf, description, prefix));
}

static gboolean
fail_without_place (GError **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "its XMP packet has no rdf:RDF into which a text could be put");
  return FALSE;
}

/* The item of a list that an alternative stands for; NULL: none. */
static const IvlXmpItem *
find_item (const IvlXmpProperty    *property,
           const IvlXmpAlternative *alternative)
{
  const gboolean is_for_all = ivl_xmp_text_is_for_all (alternative->language);
  const IvlXmpItem *silent = NULL;

  for (guint i = 0; i < property->items->len; i++)
    {
      const IvlXmpItem *item = property->items->pdata[i];

      if (item->language != NULL && g_ascii_strcasecmp (item->language, alternative->language) == 0)
        return item;
      if (item->language == NULL && silent == NULL)
        silent = item;
    }
  return is_for_all ? silent : NULL;
}

/* Items of a language that is there once more */
static void
take_repeated (IvlXmpEdit           *self,
               const IvlXmpProperty *property,
               const IvlXmpItem     *kept)
{
  for (guint i = 0; i < property->items->len; i++)
    {
      const IvlXmpItem *item = property->items->pdata[i];

      if (item != kept && item->language != NULL && kept->language != NULL
          && g_ascii_strcasecmp (item->language, kept->language) == 0)
        take_away (self, item->item);
    }
}

/* The one list of languages that there is, item by item */
static void
change_list (IvlXmpEdit           *self,
             const IvlXmpProperty *property,
             GPtrArray            *texts)
{
  const IvlXmpItem *first = property->items->len > 0 ? property->items->pdata[0] : NULL;
  gsize front = first != NULL ? first->item.start : property->list.start;

  for (guint i = 0; i < texts->len; i++)
    {
      const IvlXmpAlternative *alternative = texts->pdata[i];
      const IvlXmpItem *item = find_item (property, alternative);
      const gboolean stays = item != NULL && g_strcmp0 (item->text, alternative->text) == 0;
      const gboolean is_placed = i > 0 || item == first
                                 || !ivl_xmp_text_is_for_all (alternative->language);
      const gboolean is_named = item != NULL && item->language != NULL;

      if (item == NULL || !is_placed)
        {
          replace (self, front, front, make_item (property->item_name, alternative));
          if (item != NULL)
            take_away (self, item->item);
        }
      else if (stays && is_named)
        ;
      else if (is_named && item->has_content)
        replace (self, item->content.start, item->content.end, escape (alternative->text));
      else
        replace (self, item->item.start, item->item.end,
                 make_item (property->item_name, alternative));
      if (item != NULL && !stays)
        take_repeated (self, property, item);
      if (item != NULL && item == first)
        front = first->item.end;
    }
  /* Languages that go */
  for (guint i = 0; i < property->items->len; i++)
    {
      const IvlXmpItem *item = property->items->pdata[i];
      gboolean goes = item->language != NULL && item->text != NULL;

      for (guint k = 0; k < texts->len && goes; k++)
        {
          const IvlXmpAlternative *alternative = texts->pdata[k];

          goes = g_ascii_strcasecmp (alternative->language, item->language) != 0;
        }
      if (goes)
        take_away (self, item->item);
    }
}

gboolean
ivl_xmp_edit_set_texts (IvlXmpEdit  *self,
                        IvlXmpText   which,
                        GPtrArray   *texts,
                        GError     **error)
{
  const IvlXmpElement *place = find_place (self);
  const IvlXmpProperty *only = NULL;
  guint n = 0;

  for (guint i = 0; i < self->places->properties->len; i++)
    {
      const IvlXmpProperty *property = self->places->properties->pdata[i];

      if (property->which != (int) which)
        continue;
      only = property;
      n++;
    }
  if (n == 1 && only->is_list && texts->len > 0)
    {
      change_list (self, only, texts);
      return TRUE;
    }
  if (texts->len > 0 && place == NULL)
    return fail_without_place (error);
  for (guint i = 0; i < self->places->properties->len; i++)
    {
      const IvlXmpProperty *property = self->places->properties->pdata[i];

      if (property->which == (int) which)
        take_away (self, property->span);
    }
  if (texts->len > 0)
    put_property (self, place, make_list (&place->scope, which, texts));
  return TRUE;
}

gboolean
ivl_xmp_edit_set_extension (IvlXmpEdit  *self,
                            const char  *guid,
                            GError     **error)
{
  const IvlXmpElement *place = find_place (self);

  if (guid != NULL && place == NULL)
    return fail_without_place (error);
  for (guint i = 0; i < self->places->properties->len; i++)
    {
      const IvlXmpProperty *property = self->places->properties->pdata[i];

      if (property->which == IVL_XMP_PROPERTY_EXTENSION)
        take_away (self, property->span);
    }
  if (guid != NULL)
    put_property (self, place, make_extension (&place->scope, guid));
  return TRUE;
}
