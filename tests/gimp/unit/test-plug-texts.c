/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The three texts in the XML of GIMP's metadata. What is read was written by GIMP 2.10.34 (exiv2
 * 0.27.6) and GIMP 3.0.4 (0.28.5) for pictures that exiftool put the texts into. */
#include "plug-texts.h"

#include <string.h>

#define HEAD "<?xml version='1.0' encoding='UTF-8'?>\n<metadata>\n"
#define TAIL "</metadata>\n"
#define ALT "Xmp.iptc.AltTextAccessibility"
#define LONG "Xmp.iptc.ExtDescrAccessibility"
#define CAPTION "Xmp.dc.description"

static const char written_by_2_10[] =
    HEAD "  <tag name=\"Exif.Image.Artist\">A &lt;b&gt; &amp; C</tag>\n"
         "  <tag name=\"Exif.Image.XResolution\">300/1</tag>\n"
         "  <tag name=\"" CAPTION "\">cap</tag>\n"
         "  <tag name=\"Xmp.dc.subject\">eins</tag>\n"
         "  <tag name=\"Xmp.dc.subject\">zwei</tag>\n"
         "  <tag name=\"" ALT "\">lang=&quot;x-default&quot; Alt: ein rotes Quadrat – 赤</tag>\n"
         "  <tag name=\"" LONG "\">lang=&quot;x-default&quot; lang</tag>\n" TAIL;

static IvlMetadata *
make_texts (const char *alt_text,
            const char *long_description,
            const char *caption)
{
  IvlMetadata *texts = ivl_metadata_new ();

  if (alt_text != NULL)
    ivl_metadata_set_alt_text (texts, alt_text);
  if (long_description != NULL)
    ivl_metadata_set_long_description (texts, long_description);
  if (caption != NULL)
    ivl_metadata_set_caption (texts, caption);
  return texts;
}

static void
assert_texts (const char *xml,
              const char *alt_text,
              const char *long_description,
              const char *caption)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = plug_texts_from_xml (xml, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_metadata_get_alt_text (texts), ==, alt_text);
  g_assert_cmpstr (ivl_metadata_get_long_description (texts), ==, long_description);
  g_assert_cmpstr (ivl_metadata_get_caption (texts), ==, caption);
}

static void
test_read (void)
{
  assert_texts (NULL, NULL, NULL, NULL);
  assert_texts (HEAD TAIL, NULL, NULL, NULL);
  assert_texts (written_by_2_10, "Alt: ein rotes Quadrat – 赤", "lang", "cap");
  /* The plain form, and a text of several lines */
  assert_texts (HEAD "<tag name=\"" ALT "\">one\ntwo</tag>" TAIL, "one\ntwo", NULL, NULL);
  /* Several languages in one value, and a value for each language */
  assert_texts (HEAD "<tag name=\"" ALT "\">lang=\"x-default\" One, lang=\"de\" Eins</tag>" TAIL,
                "One", NULL, NULL);
  assert_texts (HEAD "<tag name=\"" CAPTION "\">One</tag><tag name=\"" CAPTION "\">Eins</tag>" TAIL,
                NULL, NULL, "One");
  /* Nothing in it */
  assert_texts (HEAD "<tag name=\"" ALT "\"></tag>" TAIL, NULL, NULL, NULL);
  assert_texts (HEAD "<tag name=\"" ALT "\">lang=\"x-default\"</tag>" TAIL, NULL, NULL, NULL);
  /* "Alt" and its NUL in base64, and the same without the NUL, which GIMP takes for nothing */
  assert_texts (HEAD "<tag name=\"" ALT "\" encoding=\"base64\">QWx0AA==</tag>" TAIL, "Alt", NULL,
                NULL);
  assert_texts (HEAD "<tag name=\"" ALT "\" encoding=\"base64\">QWx0</tag>" TAIL, NULL, NULL, NULL);
  assert_texts (HEAD "<tag name=\"" ALT "\" encoding=\"base64\"></tag>" TAIL, NULL, NULL, NULL);
}

static void
test_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = make_texts ("A & <b> – שלום", "", NULL);
  g_autofree char *plain = plug_texts_to_xml (written_by_2_10, texts, PLUG_TEXTS_PLAIN, &error);
  g_autofree char *lang = plug_texts_to_xml (written_by_2_10, texts, PLUG_TEXTS_LANG, &error);

  g_assert_no_error (error);
  /* The caption was not named and stays, the long description was empty and goes. */
  assert_texts (plain, "A & <b> – שלום", NULL, "cap");
  assert_texts (lang, "A & <b> – שלום", NULL, "cap");
  g_assert_nonnull (strstr (plain, "\"" ALT "\">A &amp; &lt;b&gt; – שלום</tag>"));
  g_assert_nonnull (
      strstr (lang, "\"" ALT "\">lang=&quot;x-default&quot; A &amp; &lt;b&gt; – שלום</tag>"));
  g_assert_null (strstr (lang, "rotes"));
  g_assert_null (strstr (lang, LONG));
  /* All others pass through */
  g_assert_nonnull (strstr (lang, "<tag name=\"Exif.Image.Artist\">A &lt;b&gt; &amp; C</tag>"));
  g_assert_nonnull (strstr (lang, "<tag name=\"Xmp.dc.subject\">eins</tag>\n"
                                  "  <tag name=\"Xmp.dc.subject\">zwei</tag>"));
}

/* All languages of a text are read, the one for everyone wherever it stands, and stay when that one
 * is written anew; those of a text that is taken away go with it. */
static void
test_languages (void)
{
  static const char xml[] =
      HEAD "<tag name=\"" ALT "\">lang=\"de\" Ein Fahrrad, lang=\"x-default\" A bicycle</tag>"
           "<tag name=\"" CAPTION "\">lang=\"x-default\" One, two, lang=\"fr\" Un, deux</tag>" TAIL;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = plug_texts_from_xml (xml, &error);
  g_autoptr (IvlMetadata) change = make_texts ("A red bicycle", NULL, "");
  g_autofree char *written = plug_texts_to_xml (xml, change, PLUG_TEXTS_LANG, &error);
  g_autoptr (IvlMetadata) after = plug_texts_from_xml (written, &error);

  g_assert_no_error (error);
  assert_texts (xml, "A bicycle", NULL, "One, two");
  g_assert_cmpstr (ivl_metadata_get_translation (texts, IVL_METADATA_ALT_TEXT, "de"), ==,
                   "Ein Fahrrad");
  g_assert_cmpstr (ivl_metadata_get_translation (texts, IVL_METADATA_CAPTION, "fr"), ==,
                   "Un, deux");
  g_assert_cmpstr (ivl_metadata_get_alt_text (after), ==, "A red bicycle");
  g_assert_cmpstr (ivl_metadata_get_translation (after, IVL_METADATA_ALT_TEXT, "de"), ==,
                   "Ein Fahrrad");
  g_assert_null (ivl_metadata_get_caption (after));
  g_assert_null (ivl_metadata_get_translation (after, IVL_METADATA_CAPTION, "fr"));
}

static void
test_write_anew (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = make_texts (" bell\a, tab\tand line\nend ", NULL, "lang=de");
  g_autofree char *xml = plug_texts_to_xml (NULL, texts, PLUG_TEXTS_LANG, &error);

  g_assert_no_error (error);
  assert_texts (xml, "bell , tab\tand line\nend", NULL, "lang=de");
}

static void
test_pass_base64 (void)
{
  static const char tag[] = "<tag name=\"Exif.Photo.UserComment\" encoding=\"base64\">/wA=</tag>";
  g_autoptr (GError) error = NULL;
  g_autofree char *before = g_strconcat (HEAD, tag, TAIL, NULL);
  g_autoptr (IvlMetadata) texts = make_texts ("Alt", NULL, NULL);
  g_autofree char *after = plug_texts_to_xml (before, texts, PLUG_TEXTS_PLAIN, &error);

  g_assert_no_error (error);
  g_assert_nonnull (strstr (after, tag));
}

static void
test_refuse (void)
{
  static const char *const damaged[] = {
    "",
    "text",
    "<metadata>",
    "<other/>",
    HEAD "<tag>no name</tag>" TAIL,
    HEAD "<tag name=\"a\"><tag name=\"b\">x</tag></tag>" TAIL,
    HEAD "<tag name=\"a\">&unknown;</tag>" TAIL,
    HEAD "<tag name=\"a\">\xff</tag>" TAIL,
    HEAD TAIL "<metadata/>",
  };
  g_autoptr (IvlMetadata) change = make_texts ("Alt", NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (damaged); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) write_error = NULL;
      g_autofree char *shown = g_utf8_make_valid (damaged[i], -1);

      g_test_message ("%s", shown);
      g_assert_null (plug_texts_from_xml (damaged[i], &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_null (plug_texts_to_xml (damaged[i], change, PLUG_TEXTS_LANG, &write_error));
      g_assert_error (write_error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
}

static void
test_differ (void)
{
  g_autoptr (IvlMetadata) have = make_texts ("Alt", NULL, "cap");
  g_autoptr (IvlMetadata) none = make_texts (NULL, NULL, NULL);
  g_autoptr (IvlMetadata) same = make_texts ("Alt", "", NULL);
  g_autoptr (IvlMetadata) less = make_texts (NULL, NULL, "");
  g_autoptr (IvlMetadata) more = make_texts (NULL, "long", NULL);

  g_assert_false (plug_texts_differ (have, none));
  g_assert_false (plug_texts_differ (have, same));
  g_assert_true (plug_texts_differ (have, less));
  g_assert_true (plug_texts_differ (have, more));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plug-texts/read", test_read);
  g_test_add_func ("/plug-texts/write", test_write);
  g_test_add_func ("/plug-texts/languages", test_languages);
  g_test_add_func ("/plug-texts/write-anew", test_write_anew);
  g_test_add_func ("/plug-texts/pass-base64", test_pass_base64);
  g_test_add_func ("/plug-texts/refuse", test_refuse);
  g_test_add_func ("/plug-texts/differ", test_differ);
  return g_test_run ();
}
