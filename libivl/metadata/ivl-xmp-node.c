/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The forms in which a text may stand in RDF (XMP part 1, 7): a list of languages, any other list,
 * a plain text, a text with qualifiers.
 */
#include "metadata/ivl-xmp-node.h"

#include <libivl/ivl-error.h>

IvlXmpNode *
ivl_xmp_node_new (IvlXmpNode     *parent,
                  IvlXmpNodeKind  kind,
                  const char     *prefix)
{
  IvlXmpNode *self = g_new0 (IvlXmpNode, 1);

  self->parent = parent;
  self->kind = kind;
  self->prefix = g_strdup (prefix);
  self->text = g_string_new (NULL);
  self->children = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_xmp_node_free);
  if (parent != NULL)
    g_ptr_array_add (parent->children, self);
  return self;
}

void
ivl_xmp_node_free (IvlXmpNode *self)
{
  g_ptr_array_unref (self->children);
  g_string_free (self->text, TRUE);
  g_free (self->value);
  g_free (self->language);
  g_free (self->prefix);
  g_free (self);
}

static void
item_free (gpointer data)
{
  IvlXmpItem *self = data;

  g_free (self->language);
  g_free (self->text);
  g_free (self);
}

IvlXmpProperty *
ivl_xmp_property_new (int        which,
                      IvlXmpSpan span)
{
  IvlXmpProperty *self = g_new0 (IvlXmpProperty, 1);

  self->which = which;
  self->span = span;
  self->items = g_ptr_array_new_with_free_func (item_free);
  self->texts = ivl_xmp_text_list_new ();
  return self;
}

void
ivl_xmp_property_free (IvlXmpProperty *self)
{
  g_ptr_array_unref (self->items);
  g_ptr_array_unref (self->texts);
  g_free (self->item_name);
  g_free (self);
}

static gboolean
is_whole_element (const IvlXmpNode *self)
{
  return self->end_tag.start == self->end_tag.end;
}

static const IvlXmpNode *
find_child (const IvlXmpNode *self,
            IvlXmpNodeKind    kind)
{
  for (guint i = 0; i < self->children->len; i++)
    {
      const IvlXmpNode *child = self->children->pdata[i];

      if (child->kind == kind)
        return child;
    }
  return NULL;
}

/* A text with qualifiers stands in rdf:value; what holds the text itself. *has_more: there are
 * qualifiers. */
static const IvlXmpNode *
skip_qualifiers (const IvlXmpNode *self,
                 gboolean         *has_more)
{
  const IvlXmpNode *description = find_child (self, IVL_XMP_NODE_DESCRIPTION);
  const IvlXmpNode *value;

  *has_more = *has_more || self->has_more;
  if (description != NULL)
    {
      *has_more = *has_more || description->has_more || self->children->len > 1;
      self = description;
    }
  value = find_child (self, IVL_XMP_NODE_VALUE);
  if (value == NULL)
    return self;
  *has_more = *has_more || value->has_more || self->children->len > 1;
  return value;
}

/* (nullable): the text that stands in an element, however it is written */
static const char *
get_text (const IvlXmpNode *holder)
{
  if (holder->value != NULL)
    return holder->value;
  return holder->children->len == 0 ? holder->text->str : NULL;
}

static void
add_item (IvlXmpProperty   *property,
          const IvlXmpNode *node)
{
  IvlXmpItem *item = g_new0 (IvlXmpItem, 1);
  const IvlXmpNode *holder = skip_qualifiers (node, &property->has_more);

  item->language = g_strdup (node->language);
  item->text = g_strdup (get_text (holder));
  item->item = (IvlXmpSpan) { node->start_tag.start, MAX (node->start_tag.end, node->end_tag.end) };
  item->content = (IvlXmpSpan) { holder->start_tag.end, holder->end_tag.start };
  item->has_content = item->text != NULL && holder->value == NULL && !is_whole_element (holder);
  property->has_more = property->has_more || item->text == NULL;
  g_ptr_array_add (property->items, item);
}

gboolean
ivl_xmp_node_check_languages (guint    n,
                              GError **error)
{
  if (n <= IVL_XMP_TEXT_MAX_LANGUAGES)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "a text in its XMP packet has more than the %d languages that are read",
               IVL_XMP_TEXT_MAX_LANGUAGES);
  return FALSE;
}

/* Items whose language is not said: the first is for everyone, if no other is. */
static void
list_texts (IvlXmpProperty *property)
{
  gboolean has_for_all = FALSE;

  for (guint i = 0; i < property->items->len; i++)
    {
      const IvlXmpItem *item = property->items->pdata[i];

      has_for_all = has_for_all || (item->language != NULL
                                    && ivl_xmp_text_is_for_all (item->language));
    }
  for (guint i = 0;
       i < property->items->len && property->texts->len <= IVL_XMP_TEXT_MAX_LANGUAGES; i++)
    {
      const IvlXmpItem *item = property->items->pdata[i];

      if (item->text != NULL && item->language != NULL)
        ivl_xmp_text_list_add (property->texts, item->language, item->text);
      else if (item->text != NULL && !has_for_all)
        ivl_xmp_text_list_add_plain (property->texts, item->text);
    }
}

static gboolean
read_list (IvlXmpProperty    *property,
           const IvlXmpNode  *list,
           GError           **error)
{
  for (guint i = 0; i < list->children->len; i++)
    {
      const IvlXmpNode *child = list->children->pdata[i];

      if (child->kind == IVL_XMP_NODE_ITEM)
        add_item (property, child);
      else
        property->has_more = TRUE;
    }
  if (!ivl_xmp_node_check_languages (property->items->len, error))
    return FALSE;
  list_texts (property);
  property->has_more = property->has_more || list->has_more;
  property->is_list = list->kind == IVL_XMP_NODE_ALT && !is_whole_element (list);
  property->list = (IvlXmpSpan) { list->start_tag.end, list->end_tag.start };
  property->item_name = g_strconcat (list->prefix, list->prefix[0] != '\0' ? ":li" : "li", NULL);
  return TRUE;
}

IvlXmpProperty *
ivl_xmp_node_read_property (const IvlXmpNode  *self,
                            int                which,
                            GError           **error)
{
  const IvlXmpSpan span = { self->start_tag.start, MAX (self->start_tag.end, self->end_tag.end) };
  IvlXmpProperty *property = ivl_xmp_property_new (which, span);
  const IvlXmpNode *holder = skip_qualifiers (self, &property->has_more);
  const IvlXmpNode *list = find_child (holder, IVL_XMP_NODE_ALT);
  const char *text = get_text (holder);

  if (list == NULL)
    list = find_child (holder, IVL_XMP_NODE_LIST);
  if (list != NULL ? holder->children->len > 1 : text == NULL)
    property->has_more = TRUE;
  if (list != NULL && !read_list (property, list, error))
    g_clear_pointer (&property, ivl_xmp_property_free);
  else if (list == NULL && text != NULL && self->language != NULL)
    ivl_xmp_text_list_add (property->texts, self->language, text);
  else if (list == NULL && text != NULL)
    ivl_xmp_text_list_add_plain (property->texts, text);
  return property;
}
