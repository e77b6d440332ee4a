/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The texts themselves: which languages they have, which of them are written, and that every other
 * byte of the packet stays. Expected packets are written by hand. */
#include <libivl/ivl-error.h>
#include <libivl/ivl-metadata.h>
#include <string.h>

#include "temp-files.h"
#include "temp-pictures.h"

/* What stands before and behind the properties; %s: more attributes */
#define HEAD                                                                                       \
  "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                                                  \
  "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n  <rdf:Description rdf:about='' "     \
  "xmlns:own='http://example.org/own/'"
#define FOOT "\n </rdf:RDF></x:xmpmeta>"

#define SPACES                                                                                     \
  " xmlns:dc='http://purl.org/dc/elements/1.1/' "                                                  \
  "xmlns:i='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/'"

/* A property in the form in which a new one is written */
#define NEW_LIST(items)                                                                            \
  "<i:AltTextAccessibility><rdf:Alt>" items "</rdf:Alt></i:AltTextAccessibility>"
#define NEW_ITEM(language, text) "<rdf:li xml:lang=\"" language "\">" text "</rdf:li>"
#define ITEM(language, text) "<rdf:li xml:lang='" language "'>" text "</rdf:li>"

#define CAPTION                                                                                    \
  "<dc:description><rdf:Alt>" ITEM ("x-default", "On a roof") ITEM ("en", "On a roof")             \
  "</rdf:Alt></dc:description>"

#define WITH_LISTS(alt_items)                                                                      \
  HEAD SPACES ">" CAPTION "<i:AltTextAccessibility>\n<rdf:Alt>" alt_items                          \
              "</rdf:Alt></i:AltTextAccessibility></rdf:Description>" FOOT

#define THREE_LANGUAGES                                                                            \
  ITEM ("x-default", "A cat") ITEM ("en-US", "A cat") ITEM ("fr", "Un chat")

static IvlMetadata *
read_texts (const char *path)
{
  g_autoptr (GError) error = NULL;
  IvlMetadata *texts = ivl_metadata_read_file (path, &error);

  g_assert_no_error (error);
  return texts;
}

static void
write_texts (IvlMetadata *texts,
             const char  *path)
{
  g_autoptr (GError) error = NULL;

  ivl_metadata_write_file (texts, path, NULL, &error);
  g_assert_no_error (error);
}

static void
assert_refused (IvlMetadata *texts,
                const char  *path)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_metadata_write_file (texts, path, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
}

static void
assert_languages (IvlMetadata *texts,
                  const char  *wanted)
{
  g_auto (GStrv) languages = ivl_metadata_list_languages (texts, IVL_METADATA_ALT_TEXT);
  g_autofree char *joined = g_strjoinv (" ", languages);

  g_assert_cmpstr (joined, ==, wanted);
}

static void
assert_alt_text (IvlMetadata *texts,
                 const char  *language,
                 const char  *wanted)
{
  g_assert_cmpstr (ivl_metadata_get_translation (texts, IVL_METADATA_ALT_TEXT, language), ==,
                   wanted);
}

/* A text that was read and not set stays as it is, in its own languages. */
static void
test_read_is_not_set (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path
      = temp_pictures_copy_with_packet (folder, "rgb16.png", WITH_LISTS (THREE_LANGUAGES), -1);
  g_autoptr (IvlMetadata) texts = read_texts (path);

  g_assert_cmpstr (ivl_metadata_get_caption (texts), ==, "On a roof");
  g_assert_cmpstr (ivl_metadata_get_language (texts), ==, "en-US");
  ivl_metadata_set_alt_text (texts, "Eine Katze");
  ivl_metadata_set_language (texts, "de");
  write_texts (texts, path);
  temp_pictures_assert_packet (
      path, WITH_LISTS (ITEM ("x-default", "Eine Katze") NEW_ITEM ("de", "Eine Katze")
                            ITEM ("en-US", "A cat") ITEM ("fr", "Un chat")));
  temp_files_remove_folder (folder);
}

/* Nothing was set but the language, which goes with no text. */
static void
test_language_alone (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path
      = temp_pictures_copy_with_packet (folder, "rgb16.png", WITH_LISTS (THREE_LANGUAGES), -1);
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (IvlMetadata) texts = read_texts (path);

  ivl_metadata_set_language (texts, "de");
  write_texts (texts, path);
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));
  temp_files_remove_folder (folder);
}

/* RFC 5646, 2.1, and its list of tags that are older than its rules */
static void
test_language_tags (void)
{
  static const char *const good[] = {
    "de", "zh-Hant-TW", "x-private", "sl-rozaj-biske", "de-CH-1901", "es-419", "zh-cmn-Hans-CN",
    "en-a-bbb-x-a", "i-klingon", "de-x-a", "DE-at", "qaa", "deutsche",
  };
  static const char *const bad[] = {
    "1", "12345678-9", "e", "de-x", "x-default", "", "-", "de-", "-de", "de--AT", "de_AT", "x",
    "de-a", "a-DE", "deutschen", "de-123456789", "de-AT-DE", "d1", "de AT", "dé", "i-none",
  };
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (IvlMetadata) texts = ivl_metadata_new ();
      g_autoptr (IvlMetadata) translated = ivl_metadata_new ();

      g_test_message ("“%s”", bad[i]);
      ivl_metadata_set_alt_text (texts, "A cat");
      ivl_metadata_set_language (texts, bad[i]);
      assert_refused (texts, path);
      ivl_metadata_set_translation (translated, IVL_METADATA_ALT_TEXT, bad[i], "A cat");
      assert_refused (translated, path);
    }
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *fresh = temp_pictures_copy (folder, "rgb16.png");
      g_autoptr (IvlMetadata) texts = ivl_metadata_new ();
      g_autoptr (IvlMetadata) after = NULL;

      ivl_metadata_set_alt_text (texts, "A cat");
      ivl_metadata_set_language (texts, good[i]);
      write_texts (texts, fresh);
      after = read_texts (fresh);
      g_assert_cmpstr (ivl_metadata_get_language (after), ==, good[i]);
    }
  temp_files_remove_folder (folder);
}

/* ------------------------------------------------------------------------------- other bytes */

/* A packet, and what it is to be once "New & old" is its alternative text. */
static void
assert_becomes (const char *xml,
                gssize      size,
                const char *wanted)
{
  static const char *const pictures[] = { "progressive.jpg", "rgb16.png", "deflate.tiff",
                                          "lossy.webp" };
  char *folder = temp_files_make_folder ();

  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autofree char *path = temp_pictures_copy_with_packet (folder, pictures[i], xml, size);
      g_autoptr (IvlMetadata) texts = ivl_metadata_new ();

      ivl_metadata_set_alt_text (texts, "New & old");
      write_texts (texts, path);
      temp_pictures_assert_packet (path, wanted);
    }
  temp_files_remove_folder (folder);
}

/* A property that is an attribute becomes an element; its neighbours stay as they are written. */
static void
test_attribute (void)
{
  assert_becomes (HEAD SPACES " own:a='1'\n   i:AltTextAccessibility='Old'\n   own:b = \"'2'\" >"
                              "<own:c/></rdf:Description>" FOOT, -1,
                  HEAD SPACES " own:a='1'\n   own:b = \"'2'\" ><own:c/>"
                  NEW_LIST (NEW_ITEM ("x-default", "New &amp; old")) "</rdf:Description>" FOOT);
  assert_becomes (HEAD SPACES " own:b='2' i:AltTextAccessibility=\"Old\"/>" FOOT, -1,
                  HEAD SPACES " own:b='2'>" NEW_LIST (NEW_ITEM ("x-default", "New &amp; old"))
                  "</rdf:Description>" FOOT);
}

/* Our usual prefix stands for something else there, and so does the next one. */
static void
test_prefix_collision (void)
{
#define TAKEN " xmlns:Iptc4xmpCore='http://example.org/other/'"
#define TAKEN_TOO TAKEN " xmlns:Iptc4xmpCore1='http://example.org/more/'"
#define OTHER "<Iptc4xmpCore:AltTextAccessibility>mine</Iptc4xmpCore:AltTextAccessibility>"
#define DECLARED(prefix)                                                                           \
  "<" prefix ":AltTextAccessibility xmlns:" prefix                                                 \
  "=\"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/\"><rdf:Alt>"                                     \
  NEW_ITEM ("x-default", "New &amp; old") "</rdf:Alt></" prefix ":AltTextAccessibility>"
  assert_becomes (HEAD TAKEN ">" OTHER "</rdf:Description>" FOOT, -1,
                  HEAD TAKEN ">" OTHER DECLARED ("Iptc4xmpCore1") "</rdf:Description>" FOOT);
  assert_becomes (HEAD TAKEN_TOO ">" OTHER "</rdf:Description>" FOOT, -1,
                  HEAD TAKEN_TOO ">" OTHER DECLARED ("Iptc4xmpCore2") "</rdf:Description>" FOOT);
}

/* A packet in two bytes a character, with and without a byte order mark and a declaration: it
 * becomes UTF-8 with the same characters. */
static void
test_wide_packet (void)
{
#define WIDE(items) HEAD SPACES " own:a='Größe 赤 😀'>" NEW_LIST (items) "</rdf:Description>" FOOT
  static const char declaration[] = "<?xml version='1.0' encoding='UTF-16'?>";
  static const char *const encodings[] = { "UTF-16LE", "UTF-16BE" };
  const char *wanted = WIDE (ITEM ("x-default", "New &amp; old") ITEM ("fr", "Vieux"));

  for (guint i = 0; i < 2 * 2 * G_N_ELEMENTS (encodings); i++)
    {
      g_autofree char *xml
          = g_strconcat (i & 1 ? "\xef\xbb\xbf" : "", i & 2 ? declaration : "",
                         WIDE (ITEM ("x-default", "Old") ITEM ("fr", "Vieux")), NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *wide = NULL;
      gsize size;

      wide = g_convert (xml, -1, encodings[i / 4], "UTF-8", NULL, &size, &error);
      g_assert_no_error (error);
      assert_becomes (wide, size, wanted);
    }
}

/* ------------------------------------------------------------------------------ translations */

static void
test_translations (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path
      = temp_pictures_copy_with_packet (folder, "rgb16.png", WITH_LISTS (THREE_LANGUAGES), -1);
  g_autoptr (IvlMetadata) texts = read_texts (path);
  g_autoptr (IvlMetadata) after = NULL;
  g_auto (GStrv) captions = ivl_metadata_list_languages (texts, IVL_METADATA_CAPTION);
  g_auto (GStrv) none = ivl_metadata_list_languages (texts, IVL_METADATA_LONG_DESCRIPTION);

  assert_languages (texts, "en-US fr");
  g_assert_cmpuint (g_strv_length (captions), ==, 1);
  g_assert_cmpstr (captions[0], ==, "en");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
  assert_alt_text (texts, "FR", "Un chat");
  assert_alt_text (texts, "de", NULL);
  g_assert_null (ivl_metadata_get_translation (texts, IVL_METADATA_CAPTION, "fr"));

  /* Put in, put in again in other letters, changed, taken away */
  ivl_metadata_set_translation (texts, IVL_METADATA_ALT_TEXT, "de", "Ein Kater");
  ivl_metadata_set_translation (texts, IVL_METADATA_ALT_TEXT, "DE", "Eine Katze");
  ivl_metadata_set_translation (texts, IVL_METADATA_ALT_TEXT, "EN-us", "A tomcat");
  ivl_metadata_set_translation (texts, IVL_METADATA_ALT_TEXT, "fr", "");
  assert_languages (texts, "en-US DE");
  assert_alt_text (texts, "de", "Eine Katze");
  assert_alt_text (texts, "en-US", "A tomcat");
  assert_alt_text (texts, "fr", NULL);
  g_assert_cmpstr (ivl_metadata_get_alt_text (texts), ==, "A cat");

  write_texts (texts, path);
  temp_pictures_assert_packet (
      path, WITH_LISTS (ITEM ("x-default", "A cat") NEW_ITEM ("DE", "Eine Katze")
                            ITEM ("en-US", "A tomcat")));
  after = read_texts (path);
  assert_languages (after, "DE en-US");
  assert_alt_text (after, "de", "Eine Katze");
  temp_files_remove_folder (folder);
}

/* What cannot be written, and translations of a text that goes */
static void
test_translations_at_the_edge (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path
      = temp_pictures_copy_with_packet (folder, "rgb16.png", WITH_LISTS (THREE_LANGUAGES), -1);
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (IvlMetadata) wrong = ivl_metadata_new ();
  g_autoptr (IvlMetadata) absent = ivl_metadata_new ();
  g_autoptr (IvlMetadata) empty = ivl_metadata_new ();

  ivl_metadata_set_translation (wrong, IVL_METADATA_ALT_TEXT, "de", "a\x1b[0m");
  assert_refused (wrong, path);
  /* Taking away what is not there changes nothing. */
  ivl_metadata_set_translation (absent, IVL_METADATA_LONG_DESCRIPTION, "de", "");
  ivl_metadata_set_translation (absent, IVL_METADATA_ALT_TEXT, "de", "");
  write_texts (absent, path);
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));

  ivl_metadata_set_alt_text (empty, "");
  ivl_metadata_set_translation (empty, IVL_METADATA_ALT_TEXT, "de", "Eine Katze");
  write_texts (empty, path);
  temp_pictures_assert_packet (path, HEAD SPACES ">" CAPTION "</rdf:Description>" FOOT);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metadata-texts/read-is-not-set", test_read_is_not_set);
  g_test_add_func ("/metadata-texts/language-alone", test_language_alone);
  g_test_add_func ("/metadata-texts/language-tags", test_language_tags);
  g_test_add_func ("/metadata-texts/attribute", test_attribute);
  g_test_add_func ("/metadata-texts/prefix-collision", test_prefix_collision);
  g_test_add_func ("/metadata-texts/wide-packet", test_wide_packet);
  g_test_add_func ("/metadata-texts/translations", test_translations);
  g_test_add_func ("/metadata-texts/translations-at-the-edge", test_translations_at_the_edge);
  return g_test_run ();
}
