/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where our properties stand in the XML of an XMP packet. expat reads it and says at which byte
 * each tag and each text is; nothing is rewritten.
 */
#include "metadata/ivl-xmp-xml.h"

#include "metadata/ivl-xmp-node.h"

#include <expat.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_DEPTH = 64,        /* the deepest packets that are known have about 20 */
  MAX_NAMES = 20000,     /* elements with a name of their own, attributes, declared prefixes */
  MAX_ELEMENTS = 200000, /* list items with them: an editor's list of sources can be long */
  MAX_PROPERTIES = 100,  /* of ours: each should be there once */
  MAX_PREFIXES = 20,     /* that are tried */
  SEPARATOR = '\f',      /* between the parts of a name; XML cannot hold it */
};

static const char xml_uri[] = "http://www.w3.org/XML/1998/namespace";
static const char meta_uri[] = "adobe:ns:meta/";

static const struct
{
  const char *uri;
  const char *prefix; /* as everybody calls it */
} namespaces[IVL_XMP_NAMESPACE_N] = {
  [IVL_XMP_NAMESPACE_RDF] = { "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf" },
  [IVL_XMP_NAMESPACE_IPTC] = { "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore" },
  [IVL_XMP_NAMESPACE_DC] = { "http://purl.org/dc/elements/1.1/", "dc" },
  [IVL_XMP_NAMESPACE_NOTE] = { "http://ns.adobe.com/xmp/note/", "xmpNote" },
};

static const struct
{
  const char     *name;
  IvlXmpNamespace space;
} properties[IVL_XMP_PROPERTY_N] = {
  [IVL_XMP_TEXT_ALT] = { "AltTextAccessibility", IVL_XMP_NAMESPACE_IPTC },
  [IVL_XMP_TEXT_LONG] = { "ExtDescrAccessibility", IVL_XMP_NAMESPACE_IPTC },
  [IVL_XMP_TEXT_CAPTION] = { "description", IVL_XMP_NAMESPACE_DC },
  [IVL_XMP_PROPERTY_EXTENSION] = { "HasExtendedXMP", IVL_XMP_NAMESPACE_NOTE },
};

/* A prefix and what it stands for, as long as an element lasts */
typedef struct
{
  char *prefix; /* (owned) "": the default */
  char *uri;    /* (owned) "": none */
} Binding;

/* An rdf:RDF or rdf:Description of which nothing is known yet that has to be kept */
typedef struct
{
  guint    depth;
  GString *text; /* (owned) its start tag and white space */
} Pending;

typedef struct
{
  const char *data;
  XML_Parser  parser;
  IvlXmpXml  *xml;
  GError     *error; /* (nullable): why the parser was stopped */
  GPtrArray  *bindings;
  GPtrArray  *pending;
  guint       depth;
  guint       n_names;
  guint       n_elements;
  guint       n_languages[IVL_XMP_PROPERTY_N];
  guint       rdf_depth; /* of the outermost rdf:RDF; 0: not in one */
  int         which;     /* the property that node belongs to */
  IvlXmpNode *root;      /* (owned) (nullable): the property that is read */
  IvlXmpNode *node;      /* (nullable): the innermost element of it */
} Reading;

/* A name as expat tells it: namespace, name and prefix, of which the first and last may lack */
typedef struct
{
  char       *copy; /* (owned) */
  const char *uri;
  const char *local;
  const char *prefix;
} Name;

/* An attribute in a start tag */
typedef struct
{
  IvlXmpSpan whole; /* with the white space before it */
  IvlXmpSpan name;
} Attribute;

const char *
ivl_xmp_xml_get_uri (IvlXmpNamespace which)
{
  return namespaces[which].uri;
}

const char *
ivl_xmp_xml_get_property (int              which,
                          IvlXmpNamespace *space)
{
  *space = properties[which].space;
  return properties[which].name;
}

/* ------------------------------------------------------------------------------------ tags */

/* Control characters are read as spaces. */
static gboolean
is_space (char c)
{
  return (guchar) c <= ' ';
}

/* expat has found the tag well-formed. Attributes as Attribute, declarations among them. */
static GArray *
list_attributes (const char *data,
                 IvlXmpSpan  tag)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (Attribute));
  gsize at = tag.start + 1;

  while (at < tag.end && !is_space (data[at]) && data[at] != '/' && data[at] != '>')
    at++;
  while (at < tag.end)
    {
      Attribute attribute;
      char quote;

      attribute.whole.start = at;
      while (at < tag.end && is_space (data[at]))
        at++;
      if (at >= tag.end || data[at] == '/' || data[at] == '>')
        break;
      attribute.name.start = at;
      while (at < tag.end && !is_space (data[at]) && data[at] != '=')
        at++;
      attribute.name.end = at;
      while (at < tag.end && data[at] != '"' && data[at] != '\'')
        at++;
      quote = at < tag.end ? data[at] : '\0';
      at++;
      while (at < tag.end && data[at] != quote)
        at++;
      if (at >= tag.end)
        break;
      at++;
      attribute.whole.end = at;
      g_array_append_val (list, attribute);
    }
  return list;
}

static gboolean
is_declaration (const char      *data,
                const Attribute *attribute)
{
  const char *name = data + attribute->name.start;
  const gsize n = attribute->name.end - attribute->name.start;

  return n >= 5 && memcmp (name, "xmlns", 5) == 0 && (n == 5 || name[5] == ':');
}

static void
name_clear (Name *self)
{
  g_clear_pointer (&self->copy, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Name, name_clear)

static Name
split_name (const char *told)
{
  Name self = { g_strdup (told), "", "", "" };
  char *first = strchr (self.copy, SEPARATOR);
  char *second = first != NULL ? strchr (first + 1, SEPARATOR) : NULL;

  self.local = self.copy;
  if (first != NULL)
    {
      *first = '\0';
      self.uri = self.copy;
      self.local = first + 1;
    }
  if (second != NULL)
    {
      *second = '\0';
      self.prefix = second + 1;
    }
  return self;
}

static gboolean
is_name (const Name *self,
         const char *uri,
         const char *local)
{
  return strcmp (self->local, local) == 0 && strcmp (self->uri, uri) == 0;
}

static gboolean
is_rdf (const Name *self,
        const char *local)
{
  return is_name (self, namespaces[IVL_XMP_NAMESPACE_RDF].uri, local);
}

static char *
name_to_string (const Name *self)
{
  return self->prefix[0] != '\0' ? g_strconcat (self->prefix, ":", self->local, NULL)
                                 : g_strdup (self->local);
}

/* IvlXmpText, IVL_XMP_PROPERTY_EXTENSION, or -1 */
static int
find_property (const Name *name)
{
  for (int i = 0; i < IVL_XMP_PROPERTY_N; i++)
    if (is_name (name, namespaces[properties[i].space].uri, properties[i].name))
      return i;
  return -1;
}

static IvlXmpSpan
get_span (Reading *self)
{
  const gsize start = XML_GetCurrentByteIndex (self->parser);

  return (IvlXmpSpan) { start, start + XML_GetCurrentByteCount (self->parser) };
}

static void stop (Reading    *self,
                  int         code,
                  const char *format,
                  ...) G_GNUC_PRINTF (3, 4);

static void
stop (Reading    *self,
      int         code,
      const char *format,
      ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (self->error == NULL)
    self->error = g_error_new_valist (IVL_ERROR, code, format, arguments);
  va_end (arguments);
  XML_StopParser (self->parser, XML_FALSE);
}

static void
count (Reading *self,
       guint    n_names)
{
  self->n_names += n_names;
  if (self->n_names > MAX_NAMES)
    stop (self, IVL_ERROR_UNSUPPORTED, "its XMP packet has too many elements (more than %d)",
          MAX_NAMES);
}

/* ---------------------------------------------------------------------------------- scopes */

static void
binding_free (gpointer data)
{
  Binding *self = data;

  g_free (self->prefix);
  g_free (self->uri);
  g_free (self);
}

/* (nullable): what a prefix stands for here */
static const char *
find_uri (Reading    *self,
          const char *prefix)
{
  for (guint i = self->bindings->len; i > 0; i--)
    {
      const Binding *binding = self->bindings->pdata[i - 1];

      if (strcmp (binding->prefix, prefix) == 0)
        return binding->uri;
    }
  return NULL;
}

/* (transfer full) (nullable): a prefix of a namespace here, rather one that can be seen than the
 * default */
static char *
find_prefix (Reading    *self,
             const char *uri)
{
  gboolean is_default = FALSE;

  for (guint i = self->bindings->len; i > 0; i--)
    {
      const Binding *binding = self->bindings->pdata[i - 1];

      if (strcmp (binding->uri, uri) != 0
          || strcmp (find_uri (self, binding->prefix), uri) != 0)
        continue;
      if (binding->prefix[0] != '\0')
        return g_strdup (binding->prefix);
      is_default = TRUE;
    }
  return is_default ? g_strdup ("") : NULL;
}

static void
read_scope (Reading     *self,
            IvlXmpScope *scope)
{
  for (int i = 0; i < IVL_XMP_NAMESPACE_N; i++)
    {
      scope->prefixes[i] = find_prefix (self, namespaces[i].uri);
      scope->is_bound[i] = scope->prefixes[i] != NULL;
      if (!scope->is_bound[i])
        scope->prefixes[i] = g_strdup (namespaces[i].prefix);
      /* One that stands for something else could be declared anew as well. */
      for (int n = 1; n <= MAX_PREFIXES && !scope->is_bound[i]
                      && find_uri (self, scope->prefixes[i]) != NULL; n++)
        {
          g_free (scope->prefixes[i]);
          scope->prefixes[i] = g_strdup_printf ("%s%d", namespaces[i].prefix, n);
        }
    }
}

static void
element_clear (IvlXmpElement *self)
{
  g_free (self->name);
  for (int i = 0; i < IVL_XMP_NAMESPACE_N; i++)
    g_free (self->scope.prefixes[i]);
}

static void
open_element (Reading       *self,
              IvlXmpElement *element,
              const Name    *name)
{
  element->name = name_to_string (name);
  element->start_tag = get_span (self);
  read_scope (self, &element->scope);
}

/* ------------------------------------------------------------------------------ what is kept */

static void
pending_free (gpointer data)
{
  Pending *self = data;

  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
flush (Reading *self)
{
  for (guint i = 0; i < self->pending->len; i++)
    {
      const Pending *pending = self->pending->pdata[i];

      g_string_append_len (self->xml->rest, pending->text->str, pending->text->len);
    }
  g_ptr_array_set_size (self->pending, 0);
}

static void
keep (Reading    *self,
      const char *text,
      gsize       size)
{
  flush (self);
  g_string_append_len (self->xml->rest, text, size);
}

/* The tag as it is written, without attributes of ours, and as if the element were not empty */
static GString *
copy_tag (Reading    *self,
          IvlXmpSpan  tag,
          GArray     *ours)
{
  GString *text = g_string_new (NULL);
  gsize at = tag.start;
  gsize end = tag.end - 1;

  if (end > tag.start && self->data[end - 1] == '/')
    end--;
  while (end > tag.start && is_space (self->data[end - 1]))
    end--;
  for (guint i = 0; ours != NULL && i < ours->len; i++)
    {
      const Attribute *attribute = &g_array_index (ours, Attribute, i);

      g_string_append_len (text, self->data + at, attribute->whole.start - at);
      at = attribute->whole.end;
    }
  g_string_append_len (text, self->data + at, end - at);
  g_string_append_c (text, '>');
  return text;
}

static void
keep_start (Reading *self,
            GArray  *ours,
            gboolean says_nothing)
{
  GString *text = copy_tag (self, get_span (self), ours);
  Pending *pending;

  if (says_nothing)
    {
      pending = g_new0 (Pending, 1);
      pending->depth = self->depth;
      pending->text = text;
      g_ptr_array_add (self->pending, pending);
      return;
    }
  keep (self, text->str, text->len);
  g_string_free (text, TRUE);
}

static void
keep_end (Reading    *self,
          const Name *name)
{
  g_autofree char *written = name_to_string (name);
  g_autofree char *tag = g_strdup_printf ("</%s>", written);

  if (self->pending->len > 0)
    {
      const Pending *last = self->pending->pdata[self->pending->len - 1];

      if (last->depth == self->depth)
        {
          g_ptr_array_set_size (self->pending, self->pending->len - 1);
          return;
        }
    }
  keep (self, tag, strlen (tag));
}

/* Anything that is neither a tag nor one of our properties */
static void
keep_here (Reading *self)
{
  const IvlXmpSpan span = get_span (self);
  const char *text = self->data + span.start;
  const gsize size = span.end - span.start;
  Pending *last = NULL;
  gboolean is_blank = TRUE;

  if (self->node != NULL)
    return;
  for (gsize i = 0; i < size && is_blank; i++)
    is_blank = is_space (text[i]);
  if (self->pending->len > 0)
    last = self->pending->pdata[self->pending->len - 1];
  if (is_blank && last != NULL && last->depth == self->depth)
    g_string_append_len (last->text, text, size);
  else
    keep (self, text, size);
}

/* -------------------------------------------------------------------------------- properties */

static gboolean
add_property (Reading        *self,
              IvlXmpProperty *property)
{
  g_ptr_array_add (self->xml->properties, property);
  self->n_languages[property->which] += MAX (property->items->len, property->texts->len);
  if (!ivl_xmp_node_check_languages (self->n_languages[property->which], &self->error))
    {
      XML_StopParser (self->parser, XML_FALSE);
      return FALSE;
    }
  if (self->xml->properties->len <= MAX_PROPERTIES)
    return TRUE;
  stop (self, IVL_ERROR_UNSUPPORTED, "its XMP packet has the same text too many times");
  return FALSE;
}

/* The attributes of an rdf:Description: which of them are ours, as Attribute */
static GArray *
read_attributes (Reading     *self,
                 const char **told,
                 gboolean    *says_nothing)
{
  g_autoptr (GArray) written = list_attributes (self->data, get_span (self));
  GArray *ours = g_array_new (FALSE, FALSE, sizeof (Attribute));
  guint at = 0;

  *says_nothing = TRUE;
  for (guint i = 0; told[i] != NULL; i += 2)
    {
      g_auto (Name) name = split_name (told[i]);
      const int which = find_property (&name);
      const Attribute *attribute;
      IvlXmpProperty *property;

      while (at < written->len
             && is_declaration (self->data, &g_array_index (written, Attribute, at)))
        at++;
      if (at == written->len)
        {
          stop (self, IVL_ERROR_INVALID_DATA,
                "damaged XMP packet: attributes cannot be told apart");
          break;
        }
      attribute = &g_array_index (written, Attribute, at++);
      if (which < 0)
        {
          /* rdf:about may stand without its prefix. */
          const gboolean is_about = is_rdf (&name, "about") || is_name (&name, "", "about");

          *says_nothing = *says_nothing && is_about && told[i + 1][0] == '\0';
          self->xml->n_others += !is_about;
          continue;
        }
      property = ivl_xmp_property_new (which, attribute->whole);
      ivl_xmp_text_list_add_plain (property->texts, told[i + 1]);
      g_array_append_val (ours, *attribute);
      if (!add_property (self, property))
        break;
    }
  return ours;
}

static IvlXmpNodeKind
get_kind (const Name *name)
{
  if (is_rdf (name, "Alt"))
    return IVL_XMP_NODE_ALT;
  if (is_rdf (name, "Bag") || is_rdf (name, "Seq"))
    return IVL_XMP_NODE_LIST;
  if (is_rdf (name, "li"))
    return IVL_XMP_NODE_ITEM;
  if (is_rdf (name, "value"))
    return IVL_XMP_NODE_VALUE;
  if (is_rdf (name, "Description"))
    return IVL_XMP_NODE_DESCRIPTION;
  return IVL_XMP_NODE_OTHER;
}

static void
open_node (Reading     *self,
           const Name  *name,
           const char **told)
{
  IvlXmpNode *node = ivl_xmp_node_new (self->node, get_kind (name), name->prefix);

  node->start_tag = get_span (self);
  for (guint i = 0; told[i] != NULL; i += 2)
    {
      g_auto (Name) attribute = split_name (told[i]);

      if (is_name (&attribute, xml_uri, "lang") && told[i + 1][0] != '\0')
        {
          node->language = g_strdup (told[i + 1]);
          if (strlen (told[i + 1]) > IVL_XMP_TEXT_MAX_LANGUAGE)
            stop (self, IVL_ERROR_UNSUPPORTED,
                  "a text in its XMP packet has a language whose name is longer than %d bytes",
                  IVL_XMP_TEXT_MAX_LANGUAGE);
        }
      else if (is_rdf (&attribute, "value"))
        node->value = g_strdup (told[i + 1]);
      else if (!is_rdf (&attribute, "parseType"))
        node->has_more = TRUE;
    }
  if (self->root == NULL)
    self->root = node;
  self->node = node;
}

static void
close_node (Reading *self)
{
  IvlXmpNode *node = self->node;
  IvlXmpProperty *property;

  node->end_tag = get_span (self);
  self->node = node->parent;
  if (self->node != NULL)
    return;
  property = ivl_xmp_node_read_property (node, self->which, &self->error);
  if (property == NULL)
    XML_StopParser (self->parser, XML_FALSE);
  else
    add_property (self, property);
  g_clear_pointer (&self->root, ivl_xmp_node_free);
}

/* ------------------------------------------------------------------------------------- expat */

static void XMLCALL
on_start (void        *data,
          const char  *told,
          const char **attributes)
{
  Reading *self = data;
  g_auto (Name) name = split_name (told);
  IvlXmpXml *xml = self->xml;
  guint place;

  self->depth++;
  self->n_elements++;
  count (self, XML_GetSpecifiedAttributeCount (self->parser) / 2 + !is_rdf (&name, "li"));
  if (self->depth > MAX_DEPTH)
    stop (self, IVL_ERROR_INVALID_DATA, "damaged XMP packet: elements are nested deeper than %d",
          MAX_DEPTH);
  else if (self->n_elements > MAX_ELEMENTS)
    stop (self, IVL_ERROR_UNSUPPORTED, "its XMP packet has too many elements (more than %d)",
          MAX_ELEMENTS);
  if (self->error != NULL)
    return;
  if (self->node != NULL)
    {
      open_node (self, &name, attributes);
      return;
    }
  if (self->depth == 1)
    xml->document.start = get_span (self).start;
  if (self->depth == 1 && (is_name (&name, meta_uri, "xmpmeta")
                           || is_name (&name, meta_uri, "xapmeta")))
    open_element (self, &xml->root, &name);
  if (self->rdf_depth == 0 && is_rdf (&name, "RDF"))
    {
      self->rdf_depth = self->depth;
      if (xml->rdf.name == NULL)
        open_element (self, &xml->rdf, &name);
      keep_start (self, NULL, attributes[0] == NULL);
      return;
    }
  place = self->rdf_depth > 0 ? self->depth - self->rdf_depth : 0;
  if (place == 1)
    {
      gboolean says_nothing;
      g_autoptr (GArray) ours = read_attributes (self, attributes, &says_nothing);

      xml->n_others += !is_rdf (&name, "Description");
      if (xml->description.name == NULL && is_rdf (&name, "Description"))
        open_element (self, &xml->description, &name);
      keep_start (self, ours, says_nothing && is_rdf (&name, "Description"));
      return;
    }
  self->which = place == 2 ? find_property (&name) : -1;
  if (self->which >= 0)
    {
      open_node (self, &name, attributes);
      return;
    }
  xml->n_others += place == 2;
  keep_start (self, NULL, FALSE);
}

static void
close_element (Reading       *self,
               IvlXmpElement *element,
               guint          depth)
{
  if (element->name != NULL && element->end_tag.start == 0 && self->depth == depth)
    element->end_tag = get_span (self);
}

static void XMLCALL
on_end (void       *data,
        const char *told)
{
  Reading *self = data;
  g_auto (Name) name = split_name (told);
  IvlXmpXml *xml = self->xml;

  if (self->error != NULL)
    return;
  if (self->node != NULL)
    {
      close_node (self);
      self->depth--;
      return;
    }
  keep_end (self, &name);
  if (self->rdf_depth > 0)
    {
      close_element (self, &xml->rdf, self->rdf_depth);
      close_element (self, &xml->description, self->rdf_depth + 1);
    }
  close_element (self, &xml->root, 1);
  if (self->depth == 1)
    xml->document.end = MAX (get_span (self).end, get_span (self).start);
  if (self->depth == self->rdf_depth)
    self->rdf_depth = 0;
  self->depth--;
}

static void XMLCALL
on_text (void       *data,
         const char *text,
         int         size)
{
  Reading *self = data;

  if (self->node != NULL)
    g_string_append_len (self->node->text, text, size);
  else
    keep_here (self);
}

static void XMLCALL
on_instruction (void       *data,
                const char *target,
                const char *text)
{
  Reading *self = data;

  if (self->depth == 0 && strcmp (target, "xpacket") == 0 && self->xml->document.end > 0)
    self->xml->trailer = get_span (self);
  keep_here (self);
}

static void XMLCALL
on_comment (void       *data,
            const char *text)
{
  keep_here (data);
}

static void XMLCALL
on_mark (void *data)
{
  keep_here (data);
}

static void XMLCALL
on_declaration (void       *data,
                const char *version,
                const char *encoding,
                int         standalone)
{
  Reading *self = data;

  self->xml->encoding = g_strdup (encoding);
}

static void XMLCALL
on_doctype (void       *data,
            const char *name,
            const char *system,
            const char *public,
            int         has_subset)
{
  stop (data, IVL_ERROR_INVALID_DATA, "damaged XMP packet: it defines a document type");
}

static void XMLCALL
on_bind (void       *data,
         const char *prefix,
         const char *uri)
{
  Reading *self = data;
  Binding *binding = g_new0 (Binding, 1);

  binding->prefix = g_strdup (prefix != NULL ? prefix : "");
  binding->uri = g_strdup (uri != NULL ? uri : "");
  g_ptr_array_add (self->bindings, binding);
  count (self, 1);
}

static void XMLCALL
on_unbind (void       *data,
           const char *prefix)
{
  Reading *self = data;

  g_ptr_array_set_size (self->bindings, MAX ((int) self->bindings->len - 1, 0));
}

static XML_Parser
make_parser (Reading *self)
{
  XML_Parser parser = XML_ParserCreateNS ("UTF-8", SEPARATOR);

  if (parser == NULL)
    return NULL;
  XML_SetReturnNSTriplet (parser, 1);
  XML_SetUserData (parser, self);
  XML_SetElementHandler (parser, on_start, on_end);
  XML_SetCharacterDataHandler (parser, on_text);
  XML_SetProcessingInstructionHandler (parser, on_instruction);
  XML_SetCommentHandler (parser, on_comment);
  XML_SetCdataSectionHandler (parser, on_mark, on_mark);
  XML_SetXmlDeclHandler (parser, on_declaration);
  XML_SetStartDoctypeDeclHandler (parser, on_doctype);
  XML_SetNamespaceDeclHandler (parser, on_bind, on_unbind);
  return parser;
}

/* Sets the error of a parser that did not come to the end. */
static void
take_error (Reading  *self,
            GError  **error)
{
  const enum XML_Error code = XML_GetErrorCode (self->parser);

  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (code == XML_ERROR_NO_MEMORY)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "damaged XMP packet: it is not well-formed XML (%s, in line %lu)",
                 XML_ErrorString (code), (gulong) XML_GetCurrentLineNumber (self->parser));
}

static IvlXmpXml *
xml_new (void)
{
  IvlXmpXml *self = g_new0 (IvlXmpXml, 1);

  self->properties = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_xmp_property_free);
  self->rest = g_string_new (NULL);
  return self;
}

/* (transfer full) the same, control characters as spaces */
static char *
copy_without_controls (const char *xml,
                       gsize       size)
{
  char *copy = g_memdup2 (xml, size);

  for (gsize i = 0; i < size; i++)
    if ((guchar) copy[i] < ' ' && copy[i] != '\t' && copy[i] != '\r' && copy[i] != '\n')
      copy[i] = ' ';
  return copy;
}

IvlXmpXml *
ivl_xmp_xml_read (const char  *xml,
                  gsize        size,
                  GError     **error)
{
  g_autoptr (IvlXmpXml) result = xml_new ();
  g_autofree char *clean = copy_without_controls (xml, size);
  g_autoptr (GPtrArray) bindings = g_ptr_array_new_with_free_func (binding_free);
  g_autoptr (GPtrArray) pending = g_ptr_array_new_with_free_func (pending_free);
  Reading reading = { .data = xml, .xml = result, .bindings = bindings, .pending = pending };
  gboolean done = FALSE;

  if (!g_utf8_validate (clean, size, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "its XMP packet is not in UTF-8");
      return NULL;
    }
  reading.parser = make_parser (&reading);
  if (reading.parser == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "no memory for its XMP packet");
      return NULL;
    }
  if (XML_Parse (reading.parser, clean, size, XML_TRUE) == XML_STATUS_OK && reading.error == NULL)
    done = TRUE;
  else
    take_error (&reading, error);
  XML_ParserFree (reading.parser);
  g_clear_pointer (&reading.root, ivl_xmp_node_free);
  g_clear_error (&reading.error);
  return done ? g_steal_pointer (&result) : NULL;
}

void
ivl_xmp_xml_free (IvlXmpXml *self)
{
  g_ptr_array_unref (self->properties);
  element_clear (&self->root);
  element_clear (&self->rdf);
  element_clear (&self->description);
  g_string_free (self->rest, TRUE);
  g_free (self->encoding);
  g_free (self);
}
