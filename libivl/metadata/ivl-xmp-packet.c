/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * XMP packets: encoding, wrapper and padding around the XML (XMP part 1, 7.3). No library for XMP
 * stands behind this: those that there are write anew what they have read, and leave out, rename or
 * complete what they know better.
 */
#include "metadata/ivl-xmp-packet.h"

#include "metadata/ivl-xmp-edit.h"

#include <libivl/ivl-error.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct _IvlXmpPacket
{
  GString   *bytes; /* (owned): all of it, as in the file, in UTF-8 */
  gsize      start; /* where its XML begins, and ends: between are no blanks */
  gsize      end;
  gsize      size; /* bytes that it had when it was read */
  IvlXmpXml *xml;  /* (owned): what is where, counted from start */
};

static const char body[] =
    "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
    "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
    "<rdf:Description rdf:about=\"\""
    " xmlns:Iptc4xmpCore=\"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/\""
    " xmlns:dc=\"http://purl.org/dc/elements/1.1/\"/></rdf:RDF></x:xmpmeta>";
static const char header[] = "<?xpacket begin=\"" BYTE_ORDER_MARK
                             "\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n";
static const char trailer[] = "\n<?xpacket end=\"w\"?>";

static gboolean
is_blank (char c)
{
  return c == '\0' || g_ascii_isspace (c);
}

/* Finds the XML in the bytes and reads it. bytes: (transfer full) */
static gboolean
take_bytes (IvlXmpPacket  *self,
            GString       *bytes,
            GError       **error)
{
  gsize start = 0;
  gsize end = bytes->len;
  IvlXmpXml *xml = NULL;

  if (end >= 3 && memcmp (bytes->str, BYTE_ORDER_MARK, 3) == 0)
    start = 3;
  while (start < end && is_blank (bytes->str[start]))
    start++;
  while (end > start && is_blank (bytes->str[end - 1]))
    end--;
  if (bytes->len > IVL_XMP_PACKET_MAX_BYTES)
    g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                 "the texts make an XMP packet of %" G_GSIZE_FORMAT " bytes, more than %d",
                 bytes->len, IVL_XMP_PACKET_MAX_BYTES);
  else
    xml = ivl_xmp_xml_read (bytes->str + start, end - start, error);
  if (xml == NULL)
    {
      g_string_free (bytes, TRUE);
      return FALSE;
    }
  if (self->bytes != NULL)
    g_string_free (self->bytes, TRUE);
  g_clear_pointer (&self->xml, ivl_xmp_xml_free);
  self->bytes = bytes;
  self->start = start;
  self->end = end;
  self->xml = xml;
  return TRUE;
}

IvlXmpPacket *
ivl_xmp_packet_new (gboolean   is_extension,
                    GError   **error)
{
  g_autoptr (IvlXmpPacket) self = g_new0 (IvlXmpPacket, 1);
  GString *bytes = g_string_new (NULL);

  if (!is_extension)
    g_string_append (bytes, header);
  g_string_append (bytes, body);
  if (!is_extension)
    g_string_append (bytes, trailer);
  return take_bytes (self, bytes, error) ? g_steal_pointer (&self) : NULL;
}

/* NULL: none that takes several bytes for each character */
static const char *
find_wide_encoding (const char *xml,
                    gsize       size)
{
  static const struct
  {
    const char *start;
    gsize       n;
    const char *encoding;
  } rows[] = {
    { "\xff\xfe\0\0", 4, "UTF-32LE" }, { "\0\0\xfe\xff", 4, "UTF-32BE" },
    { "<\0\0\0", 4, "UTF-32LE" },      { "\0\0\0<", 4, "UTF-32BE" },
    { "\xff\xfe", 2, "UTF-16LE" },     { "\xfe\xff", 2, "UTF-16BE" },
    { "<\0", 2, "UTF-16LE" },          { "\0<", 2, "UTF-16BE" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (size >= rows[i].n && memcmp (xml, rows[i].start, rows[i].n) == 0)
      return rows[i].encoding;
  return NULL;
}

/* In UTF-8, and without the XML declaration, which would name the old encoding. */
static GString *
convert (const char  *xml,
         gsize        size,
         const char  *encoding,
         GError     **error)
{
  g_autofree char *converted = NULL;
  const char *start;
  const char *end;
  gsize n;

  converted = g_convert (xml, size, "UTF-8", encoding, NULL, &n, NULL);
  if (converted == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "damaged XMP packet: it begins as %s and is none", encoding);
      return NULL;
    }
  start = converted;
  end = converted + n;
  if (g_str_has_prefix (start, BYTE_ORDER_MARK))
    start += strlen (BYTE_ORDER_MARK);
  if (g_str_has_prefix (start, "<?xml "))
    {
      const char *behind = strstr (start, "?>");

      start = behind != NULL ? behind + 2 : start;
    }
  return g_string_new_len (start, end - start);
}

static gboolean
is_blank_packet (const char *xml,
                 gsize       size)
{
  for (gsize i = 0; i < size; i++)
    if (!is_blank (xml[i]))
      return FALSE;
  return TRUE;
}

IvlXmpPacket *
ivl_xmp_packet_parse (const char  *xml,
                      gsize        size,
                      GError     **error)
{
  const char *encoding = find_wide_encoding (xml, size);
  g_autoptr (IvlXmpPacket) self = NULL;
  GString *bytes;

  if (size > IVL_XMP_PACKET_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "its XMP packet has %" G_GSIZE_FORMAT " bytes, more than the %d that are read",
                   size, IVL_XMP_PACKET_MAX_BYTES);
      return NULL;
    }
  if (is_blank_packet (xml, size))
    return ivl_xmp_packet_new (FALSE, error);
  bytes = encoding != NULL ? convert (xml, size, encoding, error) : g_string_new_len (xml, size);
  if (bytes == NULL)
    return NULL;
  self = g_new0 (IvlXmpPacket, 1);
  self->size = bytes->len;
  return take_bytes (self, bytes, error) ? g_steal_pointer (&self) : NULL;
}

void
ivl_xmp_packet_free (IvlXmpPacket *self)
{
  if (self->bytes != NULL)
    g_string_free (self->bytes, TRUE);
  g_clear_pointer (&self->xml, ivl_xmp_xml_free);
  g_free (self);
}

GPtrArray *
ivl_xmp_packet_list_texts (const IvlXmpPacket *self,
                           IvlXmpText          which)
{
  GPtrArray *list = ivl_xmp_text_list_new ();

  for (guint i = 0; i < self->xml->properties->len; i++)
    {
      const IvlXmpProperty *property = self->xml->properties->pdata[i];

      for (guint k = 0; property->which == (int) which && k < property->texts->len; k++)
        {
          const IvlXmpAlternative *alternative = property->texts->pdata[k];

          ivl_xmp_text_list_add (list, alternative->language, alternative->text);
        }
    }
  return list;
}

gboolean
ivl_xmp_packet_has_text (const IvlXmpPacket *self,
                         IvlXmpText          which)
{
  for (guint i = 0; i < self->xml->properties->len; i++)
    {
      const IvlXmpProperty *property = self->xml->properties->pdata[i];

      if (property->which == (int) which)
        return TRUE;
    }
  return FALSE;
}

gboolean
ivl_xmp_packet_is_tied (const IvlXmpPacket *self,
                        IvlXmpText          which)
{
  for (guint i = 0; i < self->xml->properties->len; i++)
    {
      const IvlXmpProperty *property = self->xml->properties->pdata[i];

      if (property->which == (int) which && property->has_more)
        return TRUE;
    }
  return FALSE;
}

gboolean
ivl_xmp_packet_has_others (const IvlXmpPacket *self)
{
  return self->xml->n_others > 0;
}

gboolean
ivl_xmp_packet_is_empty (const IvlXmpPacket *self)
{
  return self->xml->properties->len == 0 && !ivl_xmp_packet_has_others (self);
}

/* The bytes of the packet with the changes to its XML in them */
static GString *
apply (const IvlXmpPacket *self,
       IvlXmpEdit         *edit)
{
  GString *xml = ivl_xmp_edit_apply (edit);

  g_string_prepend_len (xml, self->bytes->str, self->start);
  g_string_append_len (xml, self->bytes->str + self->end, self->bytes->len - self->end);
  return xml;
}

static IvlXmpEdit *
begin_edit (const IvlXmpPacket  *self,
            GError             **error)
{
  const char *encoding = self->xml->encoding;

  if (encoding == NULL || g_ascii_strcasecmp (encoding, "UTF-8") == 0)
    return ivl_xmp_edit_new (self->bytes->str + self->start, self->end - self->start, self->xml);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "its XMP packet says that it is in %s; texts are put into UTF-8 only", encoding);
  return NULL;
}

gboolean
ivl_xmp_packet_set_texts (IvlXmpPacket  *self,
                          IvlXmpText     which,
                          GPtrArray     *texts,
                          GError       **error)
{
  g_autoptr (IvlXmpEdit) edit = NULL;

  if (texts->len == 0 && !ivl_xmp_packet_has_text (self, which))
    return TRUE;
  edit = begin_edit (self, error);
  return edit != NULL && ivl_xmp_edit_set_texts (edit, which, texts, error)
         && take_bytes (self, apply (self, edit), error);
}

char *
ivl_xmp_packet_get_extension (const IvlXmpPacket *self)
{
  for (guint i = 0; i < self->xml->properties->len; i++)
    {
      const IvlXmpProperty *property = self->xml->properties->pdata[i];

      if (property->which == IVL_XMP_PROPERTY_EXTENSION)
        return g_strdup (ivl_xmp_text_list_choose (property->texts, NULL));
    }
  return NULL;
}

gboolean
ivl_xmp_packet_set_extension (IvlXmpPacket  *self,
                              const char    *guid,
                              GError       **error)
{
  g_autofree char *old = ivl_xmp_packet_get_extension (self);
  g_autoptr (IvlXmpEdit) edit = NULL;

  if (g_strcmp0 (old, guid) == 0)
    return TRUE;
  edit = begin_edit (self, error);
  return edit != NULL && ivl_xmp_edit_set_extension (edit, guid, error)
         && take_bytes (self, apply (self, edit), error);
}

/* The padding before the last line, or at the end if there is no such line */
static IvlXmpSpan
find_padding (const IvlXmpPacket *self)
{
  const IvlXmpXml *xml = self->xml;
  IvlXmpSpan padding = { self->end, self->bytes->len };

  if (xml->trailer.end == 0)
    return padding;
  padding.start = padding.end = self->start + xml->trailer.start;
  while (padding.start > self->start + xml->document.end
         && is_blank (self->bytes->str[padding.start - 1]))
    padding.start--;
  return padding;
}

GBytes *
ivl_xmp_packet_serialize (const IvlXmpPacket *self)
{
  const IvlXmpSpan padding = find_padding (self);
  const gsize size = self->bytes->len;
  GString *bytes = g_string_new_len (self->bytes->str, size);

  if (self->size > 0 && size > self->size)
    g_string_erase (bytes, padding.start, MIN (size - self->size, padding.end - padding.start));
  else if (size < self->size && self->xml->trailer.end > 0)
    {
      g_autofree char *spaces = g_strnfill (self->size - size, ' ');

      g_string_insert_len (bytes, padding.start, spaces, self->size - size);
    }
  return g_string_free_to_bytes (bytes);
}

const GString *
ivl_xmp_packet_get_rest (const IvlXmpPacket *self)
{
  return self->xml->rest;
}
