/* SPDX-License-Identifier: LGPL-2.1-or-later
 * XMP packets and picture files made to do harm: each is refused with its own sentence. */
#include <libivl/ivl-error.h>
#include <string.h>

#include "metadata/ivl-xmp-file.h"
#include "metadata/ivl-xmp-jpeg.h"
#include "metadata/ivl-xmp-png.h"
#include "metadata/ivl-xmp-tiff.h"
#include "metadata/ivl-xmp-webp.h"

#define START                                                                                      \
  "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                                                  \
  "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "         \
  "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:e='http://e.org/'>"
#define END "</rdf:Description></rdf:RDF></x:xmpmeta>"

static void
append_many (GString    *string,
             const char *text,
             guint       n)
{
  while (n-- > 0)
    g_string_append (string, text);
}

static void
assert_packet_refused (const char *xml,
                       gsize       size,
                       int         code,
                       const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlXmpPacket) packet = ivl_xmp_packet_parse (xml, size, &error);

  g_assert_null (packet);
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_nonnull (strstr (error->message, message));
}

static void
test_packets (void)
{
  static const struct
  {
    const char *xml;
    int         code;
    const char *message;
  } rows[] = {
    { "<", IVL_ERROR_INVALID_DATA, "damaged XMP packet" },
    { "no XML", IVL_ERROR_INVALID_DATA, "damaged XMP packet" },
    { START, IVL_ERROR_INVALID_DATA, "damaged XMP packet" },
    { START "</a>" END, IVL_ERROR_INVALID_DATA, "damaged XMP packet" },
    { START "<e:a>\xff</e:a>" END, IVL_ERROR_UNSUPPORTED, "not in UTF-8" },
    { START "<f:a>1</f:a>" END, IVL_ERROR_INVALID_DATA, "not well-formed XML" },
    { START END START END, IVL_ERROR_INVALID_DATA, "not well-formed XML" },
    { START "<e:a b='1' b='2'/>" END, IVL_ERROR_INVALID_DATA, "not well-formed XML" },
    { "<!DOCTYPE a [<!ENTITY b 'bbbbbbbb'>]>" START END, IVL_ERROR_INVALID_DATA, "document type" },
  };
  static const char utf16[] = "\xff\xfe<\0x\0/\0>";

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_packet_refused (rows[i].xml, strlen (rows[i].xml), rows[i].code, rows[i].message);
  assert_packet_refused (utf16, sizeof utf16 - 1, IVL_ERROR_INVALID_DATA, "begins as UTF-16LE");
}

/* What a writer reserved and never filled */
static void
test_blank_packets (void)
{
  static const char blank[] = "   \n\0\0";

  for (gsize size = 0; size < sizeof blank; size++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlXmpPacket) packet =
          ivl_xmp_packet_parse (size > 0 ? blank : NULL, size, &error);

      g_assert_no_error (error);
      g_assert_false (ivl_xmp_packet_has_text (packet, IVL_XMP_TEXT_ALT));
    }
}

static void
test_packet_bounds (void)
{
  g_autoptr (GString) deep = g_string_new (START);
  g_autoptr (GString) wide = g_string_new (START);
  g_autoptr (GString) large = g_string_new (START);
  g_autoptr (GString) list = g_string_new (START "<dc:subject><rdf:Bag>");
  g_autoptr (IvlXmpPacket) packet = NULL;
  g_autoptr (GError) error = NULL;

  append_many (deep, "<e:a rdf:parseType='Resource'>", 100000);
  append_many (deep, "</e:a>", 100000);
  g_string_append (deep, END);
  assert_packet_refused (deep->str, deep->len, IVL_ERROR_INVALID_DATA, "nested deeper than 64");

  for (guint i = 0; i < 25000; i++)
    g_string_append_printf (wide, "<e:a%u/>", i);
  g_string_append (wide, END);
  assert_packet_refused (wide->str, wide->len, IVL_ERROR_UNSUPPORTED, "more than 20000");

  append_many (large, "                ", IVL_XMP_PACKET_MAX_BYTES / 16);
  g_string_append (large, END);
  assert_packet_refused (large->str, large->len, IVL_ERROR_UNSUPPORTED, "more than the 4194304");

  /* A long list is what editors really write. */
  append_many (list, "<rdf:li>xmp.did:0123456789</rdf:li>", 50000);
  g_string_append (list, "</rdf:Bag></dc:subject>" END);
  packet = ivl_xmp_packet_parse (list->str, list->len, &error);
  g_assert_no_error (error);
}

static void
append_languages (GString *string,
                  guint    first,
                  guint    n)
{
  g_string_append (string, "<dc:description><rdf:Alt>");
  for (guint i = first; i < first + n; i++)
    g_string_append_printf (string, "<rdf:li xml:lang='aa-x-%u'>a</rdf:li>", i);
  g_string_append (string, "</rdf:Alt></dc:description>");
}

/* Languages are compared with each other: how many there are and how long they are is limited. */
static void
test_languages (void)
{
  g_autofree char *name = g_strnfill (IVL_XMP_TEXT_MAX_LANGUAGE + 1, 'a');
  g_autofree char *named = g_strdup_printf (START "<dc:description><rdf:Alt><rdf:li xml:lang='%s'>a"
                                                  "</rdf:li></rdf:Alt></dc:description>" END,
                                            name);
  g_autoptr (GString) many = g_string_new (START);
  g_autoptr (GString) spread = g_string_new (START);
  g_autoptr (GString) notation = g_string_new (START "<dc:description><rdf:Bag>");
  g_autoptr (IvlXmpPacket) packet = NULL;
  g_autoptr (GError) error = NULL;

  assert_packet_refused (named, strlen (named), IVL_ERROR_UNSUPPORTED, "longer than 100 bytes");

  append_languages (many, 0, IVL_XMP_TEXT_MAX_LANGUAGES);
  g_string_append (many, END);
  packet = ivl_xmp_packet_parse (many->str, many->len, &error);
  g_assert_no_error (error);
  g_string_truncate (many, strlen (START));
  append_languages (many, 0, IVL_XMP_TEXT_MAX_LANGUAGES + 1);
  g_string_append (many, END);
  assert_packet_refused (many->str, many->len, IVL_ERROR_UNSUPPORTED, "more than the 500");

  append_languages (spread, 0, 300);
  append_languages (spread, 300, 300);
  g_string_append (spread, END);
  assert_packet_refused (spread->str, spread->len, IVL_ERROR_UNSUPPORTED, "more than the 500");

  for (guint i = 0; i < 600; i++)
    g_string_append_printf (
        notation, "<rdf:li>lang=\"aa-x-%u\" a, lang=\"bb-x-%u\" b</rdf:li>", i, i);
  g_string_append (notation, "</rdf:Bag></dc:description>" END);
  assert_packet_refused (notation->str, notation->len, IVL_ERROR_UNSUPPORTED, "more than the 500");
}

static void
assert_plain (const char *text)
{
  g_autoptr (GPtrArray) list = ivl_xmp_text_list_new ();
  const IvlXmpAlternative *only;

  ivl_xmp_text_list_add_plain (list, text);
  g_assert_cmpuint (list->len, ==, 1);
  only = list->pdata[0];
  g_assert_cmpstr (only->language, ==, IVL_XMP_TEXT_FOR_ALL);
  g_assert_cmpstr (only->text, ==, text);
}

/* Notations of other programs for languages in a plain text, and texts that only look like one. A
 * search for the end of each name would take long for the last of them. */
static void
test_notation (void)
{
  g_autofree char *name = g_strnfill (IVL_XMP_TEXT_MAX_LANGUAGE - 5, 'a');
  g_autofree char *long_name = g_strdup_printf ("lang=\"aa-x-1-%s\" text", name);
  g_autoptr (GPtrArray) list = ivl_xmp_text_list_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) open_names = g_string_new ("lang=\"x-default\" a");

  for (guint i = 0; i < IVL_XMP_TEXT_MAX_LANGUAGES; i++)
    g_string_append_printf (text, "%slang=\"aa-x-%u\" a", i > 0 ? ", " : "", i);
  ivl_xmp_text_list_add_plain (list, text->str);
  g_assert_cmpuint (list->len, ==, IVL_XMP_TEXT_MAX_LANGUAGES);
  g_string_append (text, ", lang=\"bb\" b");
  assert_plain (text->str);
  assert_plain (long_name);

  g_ptr_array_set_size (list, 0);
  append_many (open_names, ", lang=\"", 20000);
  g_string_append (open_names, "zz\" ");
  ivl_xmp_text_list_add_plain (list, open_names->str);
  g_assert_cmpuint (list->len, ==, 2);
}

static GBytes *
read_golden (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "images", name, NULL);
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (contents, size);
}

static GPtrArray *
make_texts (void)
{
  GPtrArray *texts = ivl_xmp_text_list_new ();

  ivl_xmp_text_list_add (texts, "x-default", "alt");
  ivl_xmp_text_list_add (texts, "de", "alt");
  return texts;
}

/* The golden picture with texts in it. */
static GByteArray *
make_file (const char *name)
{
  g_autoptr (GBytes) file = read_golden (name);
  g_autoptr (GPtrArray) pieces = NULL;
  g_autoptr (GPtrArray) texts = make_texts ();
  g_autoptr (GError) error = NULL;
  g_auto (IvlXmpFile) xmp = { 0 };
  GByteArray *joined = g_byte_array_new ();

  g_assert_true (
      ivl_xmp_file_read (&xmp, g_bytes_get_data (file, NULL), g_bytes_get_size (file), &error));
  g_assert_true (ivl_xmp_file_set_texts (&xmp, IVL_XMP_TEXT_ALT, texts, &error));
  pieces = ivl_xmp_file_put (&xmp, file, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < pieces->len; i++)
    g_byte_array_append (joined, g_bytes_get_data (pieces->pdata[i], NULL),
                         g_bytes_get_size (pieces->pdata[i]));
  return joined;
}

/* Every beginning of a file, in a block of exactly its size so that a sanitizer sees a read behind
 * it. No beginning that lacks bytes of the picture may be written. */
static void
test_truncated (void)
{
  static const char *const names[] = { "gray.jpg", "la.png", "bilevel.tiff", "rgba.webp" };

  for (guint f = 0; f < G_N_ELEMENTS (names); f++)
    {
      g_autoptr (GByteArray) whole = make_file (names[f]);
      guint n_read = 0;

      for (gsize size = 0; size <= whole->len; size++)
        {
          g_autofree guint8 *part = g_memdup2 (whole->data, size);
          g_autoptr (GError) error = NULL;
          g_auto (IvlXmpFile) xmp = { 0 };

          if (ivl_xmp_file_read (&xmp, part, size, &error))
            n_read++;
          else
            g_assert_true (error->domain == IVL_ERROR);
        }
      /* A JPEG file's end is in its picture data, which is not looked at here. */
      if (strcmp (names[f], "gray.jpg") != 0)
        g_assert_cmpuint (n_read, <=, 1);
      g_assert_cmpuint (n_read, >=, 1);
    }
}

static void
assert_file_refused (const guint8 *data,
                     gsize         size,
                     int           code,
                     const char   *message)
{
  g_autofree guint8 *exact = g_memdup2 (data, size);
  g_autoptr (GBytes) file = g_bytes_new_static (exact, size);
  g_autoptr (GPtrArray) texts = make_texts ();
  g_autoptr (GPtrArray) pieces = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (IvlXmpFile) xmp = { 0 };

  if (ivl_xmp_file_read (&xmp, exact, size, &error)
      && ivl_xmp_file_set_texts (&xmp, IVL_XMP_TEXT_ALT, texts, &error))
    pieces = ivl_xmp_file_put (&xmp, file, &error);
  g_assert_null (pieces);
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_nonnull (strstr (error->message, message));
}

#define ASSERT_REFUSED(bytes, code, message)                                                       \
  assert_file_refused ((const guint8 *) bytes, sizeof bytes - 1, code, message)

static void
test_tiff (void)
{
  /* Little-endian; directory at 8 with one entry, and so on. */
  static const char header_only[] = "II*\0\x08\0\0\0";
  static const char outside[] = "II*\0\xff\xff\0\0\0\0";
  static const char big[] = "II+\0\x08\0\0\0\0\0\0\0";
  static const char circle[] = "II*\0\x08\0\0\0\0\0\x08\0\0\0";
  static const char entries[] = "II*\0\x08\0\0\0\xff\xff\0\0\0\0";
  static const char value[] =
      "II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\xff\xff\xff\xff\x1a\0\0\0\0\0\0\0";
  static const char sub_circle[] =
      "II*\0\x08\0\0\0\x01\0\x4a\x01\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
  static const char strip[] =
      "II*\0\x08\0\0\0\x02\0\x11\x01\x04\0\x01\0\0\0\x08\0\0\0\x17\x01\x04\0\x01\0\0\0\xff\0\0\0"
      "\0\0\0\0";
  static const char type[] =
      "II*\0\x08\0\0\0\x01\0\xbc\x02\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0";
  /* The packet is the directory itself. */
  static const char over[] =
      "II*\0\x08\0\0\0\x01\0\xbc\x02\x01\0\x12\0\0\0\x08\0\0\0\0\0\0\0";

  ASSERT_REFUSED (header_only, IVL_ERROR_INVALID_DATA, "a directory is outside");
  ASSERT_REFUSED (outside, IVL_ERROR_INVALID_DATA, "a directory is outside");
  ASSERT_REFUSED (big, IVL_ERROR_UNSUPPORTED, "BigTIFF");
  ASSERT_REFUSED (circle, IVL_ERROR_INVALID_DATA, "go in a circle");
  ASSERT_REFUSED (entries, IVL_ERROR_INVALID_DATA, "a directory reaches over its end");
  ASSERT_REFUSED (value, IVL_ERROR_INVALID_DATA, "a value that reaches over its end");
  ASSERT_REFUSED (sub_circle, IVL_ERROR_INVALID_DATA, "go in a circle");
  ASSERT_REFUSED (strip, IVL_ERROR_INVALID_DATA, "ends before its picture");
  ASSERT_REFUSED (type, IVL_ERROR_INVALID_DATA, "wrong type");
  ASSERT_REFUSED (over, IVL_ERROR_UNSUPPORTED, "XMP packet");
}

/* Many entries that all point to the same large block: comparing them would take for ever. */
static void
test_tiff_overlap (void)
{
  const guint n = 2000;
  const guint block = 100000;
  g_autoptr (GByteArray) file = g_byte_array_new ();
  const guint32 at = 8 + 2 + n * 12 + 4;

  g_byte_array_append (file, (const guint8 *) "II*\0\x08\0\0\0\xd0\x07", 10);
  for (guint i = 0; i < n; i++)
    {
      guint8 entry[12] = { i, 0x90 + (i >> 8), 7, 0 };

      for (int b = 0; b < 4; b++)
        {
          entry[4 + b] = block >> (8 * b);
          entry[8 + b] = at >> (8 * b);
        }
      g_byte_array_append (file, entry, sizeof entry);
    }
  g_byte_array_set_size (file, at + block);
  memset (file->data + at - 4, 0, block + 4);
  assert_file_refused (file->data, file->len, IVL_ERROR_INVALID_DATA, "over each other");
}

static void
append_le32 (GByteArray *file,
             guint32     value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (file, (const guint8 *) &value, sizeof value);
}

static void
append_directory (GByteArray *file,
                  guint       n_entries,
                  guint32     count,
                  guint32     next)
{
  static const guint tags[] = { 330, 34665, 34853 };
  const guint8 number[2] = { n_entries, 0 };

  g_byte_array_append (file, number, sizeof number);
  for (guint i = 0; i < n_entries; i++)
    {
      append_le32 (file, tags[i] | 1 << 16); /* bytes */
      append_le32 (file, count);
      append_le32 (file, 8);
    }
  append_le32 (file, next);
}

/* Many directories each of which names the same long list of others, all of them nowhere */
static void
test_tiff_sub_directories (void)
{
  const guint n = 20001;
  g_autoptr (GByteArray) file = g_byte_array_new ();
  const guint32 at = 8 + n;

  g_byte_array_append (file, (const guint8 *) "II*\0", 4);
  append_le32 (file, at);
  g_byte_array_set_size (file, at);
  memset (file->data + 8, 0, n);
  append_directory (file, 1, n, 0);
  assert_file_refused (file->data, file->len, IVL_ERROR_INVALID_DATA, "too many directories");

  /* The last one is not read any more. */
  g_byte_array_set_size (file, at);
  for (guint i = 1; i <= 10; i++)
    append_directory (file, 3, n - 1, i < 10 ? at + i * 42 : G_MAXUINT32);
  assert_file_refused (file->data, file->len, IVL_ERROR_INVALID_DATA, "over each other");
}

/* Each strip costs more memory than the two bytes that it takes in the file. */
static void
test_tiff_strips (void)
{
  static const guint tags[] = { 273, 279 };
  const guint32 n = 4 * 1024 * 1024 + 1;
  g_autoptr (GByteArray) file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) "II*\0", 4);
  append_le32 (file, 8 + n);
  g_byte_array_set_size (file, 8 + n);
  memset (file->data + 8, 0, n);
  g_byte_array_append (file, (const guint8 *) "\2\0", 2);
  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      append_le32 (file, tags[i] | 1 << 16); /* bytes */
      append_le32 (file, n);
      append_le32 (file, 8);
    }
  append_le32 (file, 0);
  assert_file_refused (file->data, file->len, IVL_ERROR_INVALID_DATA, "too many strips");
}

static void
test_jpeg (void)
{
  static const char two[] = "\xff\xd8\xff\xe1\0\x22http://ns.adobe.com/xap/1.0/"
                            "\0<a>\xff\xe1\0\x1fhttp://ns.adobe.com/xap/1.0/\0\xff\xda\0\x02";
  static const char no_scan[] = "\xff\xd8\xff\xe0\0\x02";
  static const char end[] = "\xff\xd8\xff\xd9";
  static const char length[] = "\xff\xd8\xff\xe0\0\x01\xff\xda";
  static const char over[] = "\xff\xd8\xff\xe0\xff\xff\xff\xda";
  static const char fill[] = "\xff\xd8\xff\xff\xff\xff";

  ASSERT_REFUSED (two, IVL_ERROR_INVALID_DATA, "damaged XMP packet");
  ASSERT_REFUSED (no_scan, IVL_ERROR_INVALID_DATA, "breaks off before its picture");
  ASSERT_REFUSED (end, IVL_ERROR_INVALID_DATA, "breaks off before its picture");
  ASSERT_REFUSED (length, IVL_ERROR_INVALID_DATA, "a segment reaches over");
  ASSERT_REFUSED (over, IVL_ERROR_INVALID_DATA, "a segment reaches over");
  ASSERT_REFUSED (fill, IVL_ERROR_INVALID_DATA, "breaks off before its picture");
}

static void
append_segment (GByteArray *file,
                guint       marker,
                const char *data,
                gsize       size)
{
  const guint8 start[4] = { 0xff, marker, (size + 2) >> 8, size + 2 };

  g_byte_array_append (file, start, 4);
  g_byte_array_append (file, (const guint8 *) data, size);
}

/* Two packets; a packet behind the offsets of a multi-picture file. */
static void
test_jpeg_packets (void)
{
  static const char name[] = "http://ns.adobe.com/xap/1.0/";
  g_autofree char *plain = g_strdup_printf ("%s%c%s", name, '#', START END);
  g_autoptr (GByteArray) file = g_byte_array_new ();

  plain[sizeof name - 1] = '\0';
  g_byte_array_append (file, (const guint8 *) "\xff\xd8", 2);
  append_segment (file, 0xe1, plain, sizeof name + strlen (START END));
  append_segment (file, 0xe1, plain, sizeof name + strlen (START END));
  g_byte_array_append (file, (const guint8 *) "\xff\xda\0\x02", 4);
  assert_file_refused (file->data, file->len, IVL_ERROR_INVALID_DATA, "it has 2 XMP packets");

  g_byte_array_set_size (file, 2);
  append_segment (file, 0xe2, "MPF\0II*\0", 8);
  append_segment (file, 0xe1, plain, sizeof name + strlen (START END));
  g_byte_array_append (file, (const guint8 *) "\xff\xda\0\x02", 4);
  assert_file_refused (file->data, file->len, IVL_ERROR_UNSUPPORTED, "several pictures");
}

/* The packet behind the offsets of a multi-picture file keeps its size, since it has padding, but
 * the text goes into a second packet behind it. */
static void
test_jpeg_new_extension (void)
{
  static const char end[] = "<?xpacket end='w'?>";
  g_autoptr (GString) packet = g_string_new ("http://ns.adobe.com/xap/1.0/");
  g_autoptr (GByteArray) file = g_byte_array_new ();
  const gsize size = packet->len + 1 + IVL_XMP_JPEG_MAX_PACKET - 10;

  g_string_append_c (packet, '\0');
  g_string_append (packet, START "<e:a>");
  append_many (packet, "a", size - 220 - packet->len);
  g_string_append (packet, "</e:a>" END);
  append_many (packet, " ", size - strlen (end) - packet->len);
  g_string_append (packet, end);
  g_byte_array_append (file, (const guint8 *) "\xff\xd8", 2);
  append_segment (file, 0xe2, "MPF\0II*\0", 8);
  append_segment (file, 0xe1, packet->str, packet->len);
  g_byte_array_append (file, (const guint8 *) "\xff\xda\0\x02", 4);
  assert_file_refused (file->data, file->len, IVL_ERROR_UNSUPPORTED, "several pictures");
}

/* The second packet is not all there, or says that it is as large as the memory: the first one is
 * read and written, and what there is of the second stays. */
static void
test_jpeg_extension (void)
{
  static const char name[] = "http://ns.adobe.com/xap/1.0/";
  static const char with_extension[] =
      START "<n:HasExtendedXMP xmlns:n='http://ns.adobe.com/xmp/note/'>"
            "0123456789ABCDEF0123456789ABCDEF</n:HasExtendedXMP>" END;
  static const char *const parts[] = {
    "\0\0\0\x09\0\0\0\0<half", "\xff\xff\xff\xff\0\0\0\0<half",
    "\0\0\0\x05\0\0\0\0<half", "\0\0\0\x05\xff\xff\xff\xff<half",
  };
  g_autofree char *packet = g_strdup_printf ("%s%c%s", name, '#', with_extension);

  packet[sizeof name - 1] = '\0';
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GByteArray) file = g_byte_array_new ();
      g_autoptr (GByteArray) joined = g_byte_array_new ();
      g_autoptr (GByteArray) part = g_byte_array_new ();
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GPtrArray) texts = make_texts ();
      g_autoptr (GPtrArray) pieces = NULL;
      g_autoptr (GError) error = NULL;
      g_auto (IvlXmpFile) before = { 0 };
      g_auto (IvlXmpFile) xmp = { 0 };
      g_auto (IvlXmpFile) after = { 0 };

      g_byte_array_append (part, (const guint8 *) "http://ns.adobe.com/xmp/extension/\0", 35);
      g_byte_array_append (part, (const guint8 *) "0123456789ABCDEF0123456789ABCDEF", 32);
      g_byte_array_append (part, (const guint8 *) parts[i], 13);
      g_byte_array_append (file, (const guint8 *) "\xff\xd8", 2);
      append_segment (file, 0xe1, packet, sizeof name + strlen (with_extension));
      append_segment (file, 0xe1, (const char *) part->data, part->len);
      g_byte_array_append (file, (const guint8 *) "\xff\xda\0\x02", 4);
      bytes = g_bytes_new_static (file->data, file->len);
      g_assert_true (ivl_xmp_file_read (&before, file->data, file->len, &error));
      g_assert_true (ivl_xmp_file_read (&xmp, file->data, file->len, &error));
      g_assert_null (xmp.extension);
      g_assert_true (ivl_xmp_file_set_texts (&xmp, IVL_XMP_TEXT_ALT, texts, &error));
      pieces = ivl_xmp_file_put (&xmp, bytes, &error);
      g_assert_no_error (error);
      for (guint k = 0; k < pieces->len; k++)
        g_byte_array_append (joined, g_bytes_get_data (pieces->pdata[k], NULL),
                             g_bytes_get_size (pieces->pdata[k]));
      g_assert_true (ivl_xmp_file_read (&after, joined->data, joined->len, &error));
      g_assert_true (ivl_xmp_file_compare (&before, file->data, &after, joined->data, &error));
      g_assert_nonnull (memmem (joined->data, joined->len, part->data, part->len));
    }
}

static void
test_webp (void)
{
  static const char short_riff[] = "RIFF\x04\0\0\0WEBPVP8 \0\0\0\0";
  static const char long_riff[] = "RIFF\xf0\xff\xff\xffWEBPVP8 \0\0\0\0";
  static const char chunk[] = "RIFF\x0c\0\0\0WEBPVP8 \xff\xff\xff\xff";
  static const char short_header[] = "RIFF\x0e\0\0\0WEBPVP8X\x02\0\0\0\0\0";
  static const char no_picture[] = "RIFF\x0c\0\0\0WEBPVP8 \0\0\0\0";

  ASSERT_REFUSED (short_riff, IVL_ERROR_INVALID_DATA, "ends before its picture");
  ASSERT_REFUSED (long_riff, IVL_ERROR_INVALID_DATA, "ends before its picture");
  ASSERT_REFUSED (chunk, IVL_ERROR_INVALID_DATA, "a chunk reaches over its end");
  ASSERT_REFUSED (no_picture, IVL_ERROR_INVALID_DATA, "it has no picture");
  ASSERT_REFUSED (short_header, IVL_ERROR_INVALID_DATA, "its header chunk");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hostile-metadata/packets", test_packets);
  g_test_add_func ("/hostile-metadata/blank-packets", test_blank_packets);
  g_test_add_func ("/hostile-metadata/packet-bounds", test_packet_bounds);
  g_test_add_func ("/hostile-metadata/languages", test_languages);
  g_test_add_func ("/hostile-metadata/notation", test_notation);
  g_test_add_func ("/hostile-metadata/truncated", test_truncated);
  g_test_add_func ("/hostile-metadata/tiff", test_tiff);
  g_test_add_func ("/hostile-metadata/tiff-overlap", test_tiff_overlap);
  g_test_add_func ("/hostile-metadata/tiff-sub-directories", test_tiff_sub_directories);
  g_test_add_func ("/hostile-metadata/tiff-strips", test_tiff_strips);
  g_test_add_func ("/hostile-metadata/jpeg", test_jpeg);
  g_test_add_func ("/hostile-metadata/jpeg-packets", test_jpeg_packets);
  g_test_add_func ("/hostile-metadata/jpeg-new-extension", test_jpeg_new_extension);
  g_test_add_func ("/hostile-metadata/jpeg-extension", test_jpeg_extension);
  g_test_add_func ("/hostile-metadata/webp", test_webp);
  return g_test_run ();
}
