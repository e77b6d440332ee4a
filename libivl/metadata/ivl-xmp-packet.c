/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * XMP packets through exempi: texts in several languages, and all other properties untouched.
 * exempi is used for packets in memory only. What it does to files is not good enough: it takes
 * over captions from Exif and IPTC and writes ours there, and it damages WebP.
 *
 * Its tables of namespaces belong to the process: one lock stands around every call.
 */
#include "metadata/ivl-xmp-packet.h"

#include "metadata/ivl-xmp-check.h"

#include <exempi/xmp.h>
#include <exempi/xmpconsts.h>
#include <exempi/xmperrors.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_LANGUAGES = 1000, /* alternatives of one text */
};

static const char note_namespace[] = "http://ns.adobe.com/xmp/note/";
static const char extension_property[] = "HasExtendedXMP";

struct _IvlXmpPacket
{
  XmpPtr xmp;
};

typedef struct
{
  char *language;
  char *text;
} Alternative;

G_LOCK_DEFINE_STATIC (exempi);

static const char *
get_namespace (IvlXmpText which)
{
  return which == IVL_XMP_TEXT_CAPTION ? NS_DC : NS_IPTC4XMP;
}

static const char *
get_property (IvlXmpText which)
{
  static const char *const names[IVL_XMP_TEXT_N] = {
    [IVL_XMP_TEXT_ALT] = "AltTextAccessibility",
    [IVL_XMP_TEXT_LONG] = "ExtDescrAccessibility",
    [IVL_XMP_TEXT_CAPTION] = "description",
  };

  return names[which];
}

/* Called with the lock. */
static const char *
describe_error (void)
{
  switch (xmp_get_error ())
    {
    case XMPErr_NoMemory:
      return "not enough memory";
    case XMPErr_BadXML:
      return "it is not well-formed XML";
    case XMPErr_BadRDF:
      return "it is not well-formed RDF";
    case XMPErr_BadXMP:
    case XMPErr_BadParse:
      return "it breaks the rules of XMP";
    case XMPErr_BadUnicode:
      return "it has characters that XML does not allow";
    case XMPErr_BadSerialize:
      return "it cannot be written";
    default:
      return "the XMP library refuses it";
    }
}

/* Called with the lock; always FALSE. */
static gboolean
fail (GError     **error,
      const char  *what)
{
  const int code = xmp_get_error () == XMPErr_NoMemory ? IVL_ERROR_NO_MEMORY
                                                       : IVL_ERROR_INVALID_DATA;

  g_set_error (error, IVL_ERROR, code, "%s: %s", what, describe_error ());
  return FALSE;
}

/* Called with the lock. */
static gboolean
start_exempi (GError **error)
{
  static gboolean started;

  if (started)
    return TRUE;
  if (!xmp_init () || !xmp_register_namespace (NS_IPTC4XMP, "Iptc4xmpCore", NULL)
      || !xmp_register_namespace (note_namespace, "xmpNote", NULL))
    return fail (error, "the XMP library does not start");
  started = TRUE;
  return TRUE;
}

static void
alternative_free (gpointer data)
{
  Alternative *alternative = data;

  g_free (alternative->language);
  g_free (alternative->text);
  g_free (alternative);
}

static void
add_alternative (GPtrArray  *list,
                 const char *language,
                 const char *text)
{
  Alternative *alternative = g_new0 (Alternative, 1);

  alternative->language = g_strdup (language);
  alternative->text = g_strdup (text);
  g_ptr_array_add (list, alternative);
}

static Alternative *
find_alternative (GPtrArray  *list,
                  const char *language)
{
  for (guint i = 0; i < list->len; i++)
    {
      Alternative *alternative = list->pdata[i];

      if (g_ascii_strcasecmp (alternative->language, language) == 0)
        return alternative;
    }
  return NULL;
}

/* exiv2 0.27, which GIMP 2.10 writes with, knows the accessibility texts as plain strings and puts
 * its own notation for languages into them: lang="x-default" TEXT. */
static void
add_plain (GPtrArray  *list,
           const char *text)
{
  static const char start[] = "lang=\"";
  g_autofree char *language = NULL;
  const char *end;

  if (!g_str_has_prefix (text, start))
    {
      add_alternative (list, "x-default", text);
      return;
    }
  end = strstr (text, "\" ");
  if (end != NULL)
    language = g_strndup (text + strlen (start), end - text - strlen (start));
  if (language != NULL && ivl_xmp_packet_is_language (language))
    add_alternative (list, language, end + 2);
  else
    add_alternative (list, "x-default", text);
}

/* Called with the lock. */
static GPtrArray *
read_alternatives (IvlXmpPacket *self,
                   IvlXmpText    which)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (alternative_free);
  const char *namespace = get_namespace (which);
  const char *name = get_property (which);
  XmpStringPtr value = xmp_string_new ();
  XmpStringPtr language = xmp_string_new ();
  uint32_t bits = 0;

  if (xmp_get_property (self->xmp, namespace, name, value, &bits))
    {
      if (XMP_IS_PROP_SIMPLE (bits))
        add_plain (list, xmp_string_cstr (value));
      for (int i = 1; XMP_IS_PROP_ARRAY (bits) && i <= MAX_LANGUAGES; i++)
        {
          g_autofree char *path = g_strdup_printf ("%s[%d]/?xml:lang", name, i);

          if (!xmp_get_array_item (self->xmp, namespace, name, i, value, NULL))
            break;
          if (xmp_get_property (self->xmp, namespace, path, language, NULL))
            add_alternative (list, xmp_string_cstr (language), xmp_string_cstr (value));
          else
            add_plain (list, xmp_string_cstr (value));
        }
    }
  xmp_string_free (language);
  xmp_string_free (value);
  return list;
}

/* Called with the lock. Languages are given once each. */
static gboolean
write_alternatives (IvlXmpPacket  *self,
                    IvlXmpText     which,
                    GPtrArray     *list,
                    GError       **error)
{
  const char *namespace = get_namespace (which);
  const char *name = get_property (which);

  if (!xmp_delete_property (self->xmp, namespace, name))
    return fail (error, "the old text cannot be taken out of the XMP packet");
  for (guint i = 0; i < list->len; i++)
    {
      const Alternative *alternative = list->pdata[i];
      g_autofree char *path = g_strdup_printf ("%s[%u]/?xml:lang", name, i + 1);

      if (!xmp_append_array_item (self->xmp, namespace, name, XMP_PROP_ARRAY_IS_ALTTEXT,
                                  alternative->text, 0)
          || !xmp_set_property (self->xmp, namespace, path, alternative->language, 0))
        return fail (error, "the text cannot be put into the XMP packet");
    }
  return TRUE;
}

static IvlXmpPacket *
take_packet (XmpPtr xmp)
{
  IvlXmpPacket *self = g_new0 (IvlXmpPacket, 1);

  self->xmp = xmp;
  return self;
}

IvlXmpPacket *
ivl_xmp_packet_new (GError **error)
{
  IvlXmpPacket *self = NULL;
  XmpPtr xmp;

  G_LOCK (exempi);
  if (start_exempi (error))
    {
      xmp = xmp_new_empty ();
      if (xmp != NULL)
        self = take_packet (xmp);
      else
        fail (error, "the XMP library makes no packet");
    }
  G_UNLOCK (exempi);
  return self;
}

IvlXmpPacket *
ivl_xmp_packet_parse (const char  *xml,
                      gsize        size,
                      GError     **error)
{
  g_autoptr (IvlXmpPacket) self = NULL;
  gboolean parsed;

  if (size > IVL_XMP_PACKET_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "its XMP packet has %" G_GSIZE_FORMAT " bytes, more than the %d that are read",
                   size, IVL_XMP_PACKET_MAX_BYTES);
      return NULL;
    }
  if (size >= 3 && memcmp (xml, "\xef\xbb\xbf", 3) == 0)
    {
      xml += 3;
      size -= 3;
    }
  while (size > 0 && (xml[size - 1] == '\0' || g_ascii_isspace (xml[size - 1])))
    size--;
  if (size == 0)
    return ivl_xmp_packet_new (error);
  if (!ivl_xmp_check_xml (xml, size, error))
    return NULL;
  self = ivl_xmp_packet_new (error);
  if (self == NULL)
    return NULL;
  G_LOCK (exempi);
  parsed = xmp_parse (self->xmp, xml, size);
  if (!parsed)
    fail (error, "damaged XMP packet");
  G_UNLOCK (exempi);
  return parsed ? g_steal_pointer (&self) : NULL;
}

void
ivl_xmp_packet_free (IvlXmpPacket *self)
{
  G_LOCK (exempi);
  xmp_free (self->xmp);
  G_UNLOCK (exempi);
  g_free (self);
}

char *
ivl_xmp_packet_get_text (IvlXmpPacket  *self,
                         IvlXmpText     which,
                         char         **language)
{
  g_autoptr (GPtrArray) list = NULL;
  Alternative *chosen;

  G_LOCK (exempi);
  list = read_alternatives (self, which);
  G_UNLOCK (exempi);
  if (language != NULL)
    *language = NULL;
  if (list->len == 0)
    return NULL;
  chosen = find_alternative (list, "x-default");
  if (chosen == NULL)
    chosen = list->pdata[0];
  for (guint i = 0; language != NULL && *language == NULL && i < list->len; i++)
    {
      const Alternative *other = list->pdata[i];

      if (g_ascii_strcasecmp (other->language, "x-default") != 0
          && strcmp (other->text, chosen->text) == 0)
        *language = g_strdup (other->language);
    }
  return g_strdup (chosen->text);
}

/* The list that follows from an old one when a text is set. */
static GPtrArray *
replace_alternative (GPtrArray  *old,
                     const char *text,
                     const char *language)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (alternative_free);
  const Alternative *for_all = find_alternative (old, "x-default");

  if (text[0] == '\0')
    return list;
  add_alternative (list, "x-default", text);
  if (language != NULL)
    add_alternative (list, language, text);
  for (guint i = 0; i < old->len; i++)
    {
      const Alternative *other = old->pdata[i];
      const gboolean follows = language == NULL && for_all != NULL
                               && strcmp (other->text, for_all->text) == 0;

      if (find_alternative (list, other->language) == NULL)
        add_alternative (list, other->language, follows ? text : other->text);
    }
  return list;
}

gboolean
ivl_xmp_packet_set_text (IvlXmpPacket  *self,
                         IvlXmpText     which,
                         const char    *text,
                         const char    *language,
                         GError       **error)
{
  g_autoptr (GPtrArray) old = NULL;
  g_autoptr (GPtrArray) list = NULL;
  gboolean done;

  G_LOCK (exempi);
  old = read_alternatives (self, which);
  list = replace_alternative (old, text, language);
  done = write_alternatives (self, which, list, error);
  G_UNLOCK (exempi);
  return done;
}

gboolean
ivl_xmp_packet_move_text (IvlXmpPacket  *self,
                          IvlXmpText     which,
                          IvlXmpPacket  *target,
                          GError       **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  gboolean done;

  G_LOCK (exempi);
  list = read_alternatives (self, which);
  done = write_alternatives (target, which, list, error)
         && write_alternatives (self, which, none, error);
  G_UNLOCK (exempi);
  return done;
}

char *
ivl_xmp_packet_get_extension (IvlXmpPacket *self)
{
  XmpStringPtr value;
  char *guid = NULL;

  G_LOCK (exempi);
  value = xmp_string_new ();
  if (xmp_get_property (self->xmp, note_namespace, extension_property, value, NULL))
    guid = g_strdup (xmp_string_cstr (value));
  xmp_string_free (value);
  G_UNLOCK (exempi);
  return guid;
}

gboolean
ivl_xmp_packet_set_extension (IvlXmpPacket  *self,
                              const char    *guid,
                              GError       **error)
{
  gboolean done;

  G_LOCK (exempi);
  if (guid != NULL)
    done = xmp_set_property (self->xmp, note_namespace, extension_property, guid, 0);
  else
    done = xmp_delete_property (self->xmp, note_namespace, extension_property);
  if (!done)
    fail (error, "the second XMP packet cannot be named in the first");
  G_UNLOCK (exempi);
  return done;
}

/* Called with the lock. */
static GBytes *
serialize (XmpPtr    xmp,
           gboolean  is_extension,
           GError  **error)
{
  const uint32_t options = XMP_SERIAL_USECOMPACTFORMAT
                           | (is_extension ? XMP_SERIAL_OMITPACKETWRAPPER : 0);
  XmpStringPtr text = xmp_string_new ();
  GBytes *bytes = NULL;

  /* One byte of padding: none would mean two kilobytes. */
  if (!xmp_serialize_and_format (xmp, text, options, is_extension ? 0 : 1, "\n", " ", 0))
    fail (error, "the XMP packet cannot be written");
  else if (xmp_string_len (text) > IVL_XMP_PACKET_MAX_BYTES)
    g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                 "the texts make an XMP packet of %" G_GSIZE_FORMAT " bytes, more than %d",
                 (gsize) xmp_string_len (text), IVL_XMP_PACKET_MAX_BYTES);
  else
    bytes = g_bytes_new (xmp_string_cstr (text), xmp_string_len (text));
  xmp_string_free (text);
  return bytes;
}

GBytes *
ivl_xmp_packet_serialize (IvlXmpPacket  *self,
                          gboolean       is_extension,
                          GError       **error)
{
  GBytes *bytes;

  G_LOCK (exempi);
  bytes = serialize (self->xmp, is_extension, error);
  G_UNLOCK (exempi);
  return bytes;
}

/* Called with the lock. xmp_copy() would give the same packet once more. */
static XmpPtr
copy (XmpPtr    xmp,
      GError  **error)
{
  g_autoptr (GBytes) bytes = serialize (xmp, TRUE, error);
  XmpPtr copied;

  if (bytes == NULL)
    return NULL;
  copied = xmp_new_empty ();
  if (xmp_parse (copied, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)))
    return copied;
  fail (error, "the XMP packet cannot be copied");
  xmp_free (copied);
  return NULL;
}

char *
ivl_xmp_packet_dump_rest (IvlXmpPacket  *self,
                          GError       **error)
{
  g_autoptr (GBytes) bytes = NULL;
  XmpPtr rest;

  G_LOCK (exempi);
  rest = copy (self->xmp, error);
  if (rest != NULL)
    {
      for (int i = 0; i < IVL_XMP_TEXT_N; i++)
        xmp_delete_property (rest, get_namespace (i), get_property (i));
      xmp_delete_property (rest, note_namespace, extension_property);
      bytes = serialize (rest, TRUE, error);
      xmp_free (rest);
    }
  G_UNLOCK (exempi);
  if (bytes == NULL)
    return NULL;
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

gboolean
ivl_xmp_packet_is_language (const char *language)
{
  guint n = 0;

  for (const char *p = language; *p != '\0'; p++)
    {
      if (*p == '-' && n > 0)
        n = 0;
      else if (g_ascii_isalnum (*p) && n < 8)
        n++;
      else
        return FALSE;
    }
  return n > 0;
}
