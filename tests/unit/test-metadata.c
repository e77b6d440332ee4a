/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Texts in picture files: what is written comes back, everything else stays, and whatever goes
 * wrong, the old file is still there. */
#include <errno.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <libivl/ivl-metadata.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/ivl-decode.h"
#include "temp-files.h"
#include "temp-pictures.h"

/* One of each format that is asked for most. */
static const char *const four[] = { "progressive.jpg", "rgb16.png", "deflate.tiff", "lossy.webp" };

#define OTHER_PACKET                                                                               \
  "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                                                  \
  "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "         \
  "xmlns:dc='http://purl.org/dc/elements/1.1/' "                                                   \
  "xmlns:own='http://example.org/own/' "                                                           \
  "xmlns:i='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/' own:number='42'>"                         \
  "<dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>Hund &amp; Katze</rdf:li></rdf:Bag>"           \
  "</dc:subject><i:AltTextAccessibility><rdf:Alt>"                                                 \
  "<rdf:li xml:lang='x-default'>A cat</rdf:li><rdf:li xml:lang='en-US'>A cat</rdf:li>"             \
  "<rdf:li xml:lang='fr'>Un chat</rdf:li></rdf:Alt></i:AltTextAccessibility>"                      \
  "%s</rdf:Description></rdf:RDF></x:xmpmeta>"

static gboolean
has_text (GBytes     *bytes,
          const char *text)
{
  return memmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text)) !=
         NULL;
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static IvlMetadata *
make_texts (const char *alt_text,
            const char *long_description,
            const char *caption,
            const char *language)
{
  IvlMetadata *texts = ivl_metadata_new ();

  ivl_metadata_set_alt_text (texts, alt_text);
  ivl_metadata_set_long_description (texts, long_description);
  ivl_metadata_set_caption (texts, caption);
  ivl_metadata_set_language (texts, language);
  return texts;
}

static void
write_texts (const char *path,
             const char *alt_text,
             const char *long_description,
             const char *caption,
             const char *language)
{
  g_autoptr (IvlMetadata) texts = make_texts (alt_text, long_description, caption, language);
  g_autoptr (GError) error = NULL;

  g_assert_true (ivl_metadata_write_file (texts, path, NULL, &error) || error != NULL);
  g_assert_no_error (error);
}

static void
assert_texts (const char *path,
              const char *alt_text,
              const char *long_description,
              const char *caption,
              const char *language)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = ivl_metadata_read_file (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_metadata_get_alt_text (texts), ==, alt_text);
  g_assert_cmpstr (ivl_metadata_get_long_description (texts), ==, long_description);
  g_assert_cmpstr (ivl_metadata_get_caption (texts), ==, caption);
  g_assert_cmpstr (ivl_metadata_get_language (texts), ==, language);
}

static char *
sum_pixels (GBytes *bytes)
{
  g_auto (IvlDecode) decode = { 0 };

  if (!ivl_decode_bytes (bytes, NULL, IVL_DECODE_DEFAULT, IVL_DECODE_DEFAULT_MAX_PIXELS, NULL,
                         &decode, NULL))
    return NULL;
  return g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, decode.pixels);
}

static void
test_round_trip (void)
{
  static const char *const rows[][4] = {
    { "A red square", "A red square on white.", "Square, 2026", NULL },
    { "Grün über Größe – „Öl“", "Zeile 1\nZeile 2\n\tZeile 3", "Straße", "de" },
    { "赤い四角形", "白地に赤い四角形。", "図1", "ja" },
    { "مربع أحمر", "ריבוע אדום על רקע לבן", "\342\200\217תמונה\342\200\216 A", "ar" },
    { "😀 👩‍👩‍👧 🏳️‍🌈", "e\314\201 is not \303\251",
      "<b>&amp;</b> \"q\" 'a' ]]> <!-- -->", "zh-Hant-TW" },
    { " spaces around ", "\n\nline breaks around\n", "\ttab", "x-default" },
  };
  char *folder = temp_files_make_folder ();

  for (guint f = 0; f < G_N_ELEMENTS (four); f++)
    for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
      {
        g_autofree char *path = temp_pictures_copy (folder, four[f]);
        const char *language = g_strcmp0 (rows[i][3], "x-default") == 0 ? NULL : rows[i][3];

        write_texts (path, rows[i][0], rows[i][1], rows[i][2], language);
        assert_texts (path, rows[i][0], rows[i][1], rows[i][2], language);
        /* Again, over what is there */
        write_texts (path, rows[i][2], NULL, rows[i][0], language);
        assert_texts (path, rows[i][2], rows[i][1], rows[i][0], language);
      }
  temp_files_remove_folder (folder);
}

static char *
repeat (const char *text,
        guint       n)
{
  GString *joined = g_string_new (NULL);

  while (n-- > 0)
    g_string_append (joined, text);
  return g_string_free (joined, FALSE);
}

/* 30,000 bytes each, twice: in a JPEG file the longest ones leave the first packet. */
static void
test_long_texts (void)
{
  g_autofree char *long_text = repeat ("赤い四角形", 2000); /* 10,000 characters */
  g_autofree char *middle_text = repeat ("Größe ", 2000);
  char *folder = temp_files_make_folder ();

  for (guint f = 0; f < G_N_ELEMENTS (four); f++)
    {
      g_autofree char *path = temp_pictures_copy (folder, four[f]);
      g_autoptr (GBytes) bytes = NULL;

      write_texts (path, "short", long_text, middle_text, "ja");
      assert_texts (path, "short", long_text, middle_text, "ja");
      write_texts (path, "other", NULL, NULL, "ja");
      assert_texts (path, "other", long_text, middle_text, "ja");
      write_texts (path, NULL, "not long", "neither", "ja");
      assert_texts (path, "other", "not long", "neither", "ja");
      bytes = temp_pictures_read (path);
      if (f == 0) /* nothing of the second packet is left */
        g_assert_false (has_text (bytes, "http://ns.adobe.com/xmp/extension/"));
      g_assert_false (has_text (bytes, "赤"));
    }
  temp_files_remove_folder (folder);
}

static void
test_other_properties (void)
{
  g_autofree char *before = g_strdup_printf (OTHER_PACKET, "");
  /* What is asked for, and not a byte besides */
  g_autofree char *filled = g_strdup_printf (
      OTHER_PACKET, "<i:ExtDescrAccessibility><rdf:Alt><rdf:li xml:lang=\"x-default\">Lang</rdf:li>"
                    "<rdf:li xml:lang=\"de\">Lang</rdf:li></rdf:Alt></i:ExtDescrAccessibility>");
  g_auto (GStrv) parts = g_strsplit (filled, "'x-default'>A cat</rdf:li>", 2);
  g_autofree char *wanted = g_strconcat (
      parts[0], "'x-default'>Eine Katze</rdf:li><rdf:li xml:lang=\"de\">Eine Katze</rdf:li>",
      parts[1], NULL);
  char *folder = temp_files_make_folder ();

  for (guint f = 0; f < G_N_ELEMENTS (four); f++)
    {
      g_autofree char *path = temp_pictures_copy_with_packet (folder, four[f], before, -1);

      assert_texts (path, "A cat", NULL, NULL, "en-US");
      write_texts (path, "Eine Katze", "Lang", NULL, "de");
      assert_texts (path, "Eine Katze", "Lang", NULL, "de");
      temp_pictures_assert_packet (path, wanted);
    }
  temp_files_remove_folder (folder);
}

/* The text for everyone and its repetition stay one text when no language is given. */
static void
test_repeated_language (void)
{
  g_autofree char *xml = g_strdup_printf (OTHER_PACKET, "");
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy_with_packet (folder, "rgb16.png", xml, -1);

  write_texts (path, "Two cats", NULL, NULL, NULL);
  assert_texts (path, "Two cats", NULL, NULL, "en-US");
  write_texts (path, "", NULL, "", NULL);
  assert_texts (path, NULL, NULL, NULL, NULL);
  temp_files_remove_folder (folder);
}

/* As GIMP 2.10 with exiv2 0.27 leaves them */
static void
test_broken_notation (void)
{
  static const struct
  {
    const char *value;
    const char *text;
    const char *language;
  } rows[] = {
    { "plain", "plain", NULL },
    { "lang=&quot;x-default&quot; Ein Bild", "Ein Bild", NULL },
    { "lang=&quot;de-DE&quot; Ein Bild", "Ein Bild", "de-DE" },
    { "lang=&quot;", "lang=\"", NULL },
    { "lang=&quot;no language&quot; x", "lang=\"no language\" x", NULL },
  };
  char *folder = temp_files_make_folder ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *extra = g_strdup_printf ("<i:ExtDescrAccessibility>%s"
                                                "</i:ExtDescrAccessibility>",
                                                rows[i].value);
      g_autofree char *xml = g_strdup_printf (OTHER_PACKET, extra);
      g_autofree char *path = temp_pictures_copy_with_packet (folder, "rgb16.png", xml, -1);
      g_autoptr (IvlMetadata) texts = ivl_metadata_read_file (path, NULL);
      g_autoptr (GBytes) bytes = NULL;

      g_assert_cmpstr (ivl_metadata_get_long_description (texts), ==, rows[i].text);
      /* Written again, it is as it should be. */
      write_texts (path, NULL, rows[i].text, NULL, NULL);
      bytes = temp_pictures_read (path);
      g_assert_true (has_text (bytes, "<rdf:Alt>"));
      g_assert_false (has_text (bytes, "lang=&quot;x-default"));
      g_assert_false (has_text (bytes, "<i:ExtDescrAccessibility>lang"));
      write_texts (path, "", NULL, NULL, NULL);
      assert_texts (path, NULL, rows[i].text, NULL, rows[i].language);
    }
  temp_files_remove_folder (folder);
}

/* All pictures that there are, the damaged ones among them: written with the same pixels, or
 * refused and left alone. */
static void
test_all_pictures (void)
{
  static const char *const must[] = {
    "progressive.jpg", "cmyk.jpg",     "gray.jpg",       "orient-6.jpg",    "icc.jpg",
    "icc-srgb.jpg",  "rgb16.png",    "gray16.png",     "palette-trns.png", "interlaced.png",
    "icc-rgba.png",    "icc.tiff",     "bilevel.tiff",   "gray16.tiff",     "cmyk.tiff",
    "lzw.tiff",        "orient-5.tiff", "two-frames.webp", "lossless.webp",  "rgba.webp",
    "icc.webp",        "orient-6.webp", "lossy.webp",     "rgba.tiff",
  };
  /* Well-formed outside, broken where the pixels are */
  static const char *const never[] = { "crc.png", "short-deflate.png", "short-rows.png" };
  g_autofree char *source = g_test_build_filename (G_TEST_DIST, "golden", "images", NULL);
  g_autoptr (GDir) dir = g_dir_open (source, 0, NULL);
  char *folder = temp_files_make_folder ();
  const char *name;
  guint n_must = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = temp_pictures_copy (folder, name);
      g_autoptr (IvlMetadata) texts = make_texts ("Größe 赤", "a\nb", "c", "de");
      g_autoptr (GBytes) before = temp_pictures_read (path);
      g_autoptr (GBytes) after = NULL;
      g_autoptr (GError) error = NULL;
      const gboolean done = ivl_metadata_write_file (texts, path, NULL, &error);

      g_assert_cmpuint (count_files (folder), ==, 1);
      after = temp_pictures_read (path);
      for (guint i = 0; i < G_N_ELEMENTS (must); i++)
        if (strcmp (must[i], name) == 0)
          {
            g_assert_no_error (error);
            n_must++;
          }
      if (done)
        {
          g_autofree char *sum_before = sum_pixels (before);
          g_autofree char *sum_after = sum_pixels (after);

          g_assert_cmpstr (sum_before, ==, sum_after);
          for (guint i = 0; i < G_N_ELEMENTS (never); i++)
            g_assert_cmpstr (never[i], !=, name);
          assert_texts (path, "Größe 赤", "a\nb", "c", "de");
        }
      else
        {
          g_test_message ("%s", error->message);
          g_assert_true (error->domain == IVL_ERROR);
          g_assert_nonnull (strstr (error->message, name));
          g_assert_true (g_bytes_equal (before, after));
        }
      g_unlink (path);
    }
  g_assert_cmpuint (n_must, ==, G_N_ELEMENTS (must));
  temp_files_remove_folder (folder);
}

static void
test_refused_texts (void)
{
  static const char *const rows[] = { "a\rb",     "a\x7f",        "a\x1b[0m",
                                      "\xc2\x85", "\xef\xbf\xbf", "a\xff" };
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autofree char *huge = repeat ("0123456789", 104858);

  for (guint i = 0; i <= G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (IvlMetadata) texts = make_texts ("fine", NULL, NULL, NULL);
      g_autoptr (GError) error = NULL;

      ivl_metadata_set_caption (texts, i < G_N_ELEMENTS (rows) ? rows[i] : huge);
      g_assert_false (ivl_metadata_write_file (texts, path, NULL, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_nonnull (strstr (error->message, "the caption "));
    }
  for (guint i = 0; i < 4; i++)
    {
      static const char *const languages[] = { "", "de_DE", "de\" x", "deutschland" };
      g_autoptr (IvlMetadata) texts = make_texts ("fine", NULL, NULL, languages[i]);
      g_autoptr (GError) error = NULL;

      g_assert_false (ivl_metadata_write_file (texts, path, NULL, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
    }
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));
  temp_files_remove_folder (folder);
}

static void
assert_refused (const char *path,
                GQuark      domain,
                int         code)
{
  g_autoptr (IvlMetadata) texts = make_texts ("fine", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_metadata_write_file (texts, path, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
}

static void
test_kinds_of_files (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *absent = g_build_filename (folder, "absent.png", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo.png", NULL);
  g_autofree char *link = g_build_filename (folder, "link.jpg", NULL);
  g_autofree char *dangling = g_build_filename (folder, "dangling.jpg", NULL);
  g_autofree char *text = temp_files_write_text (folder, "text.png", "no picture");
  g_autofree char *empty = temp_files_write_text (folder, "empty.jpg", "");
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");
  g_autofree char *target = NULL;
  GStatBuf st;

  assert_refused (absent, IVL_ERROR, IVL_ERROR_NOT_FOUND);
  assert_refused (folder, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  assert_refused (fifo, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  assert_refused (text, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  assert_refused (empty, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_cmpint (symlink ("nowhere.jpg", dangling), ==, 0);
  assert_refused (dangling, IVL_ERROR, IVL_ERROR_NOT_FOUND);

  /* Through a link with a name that lies about the format; the permissions stay */
  g_assert_cmpint (symlink ("rgb16.png", link), ==, 0);
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  write_texts (link, "fine", NULL, NULL, NULL);
  assert_texts (path, "fine", NULL, NULL, NULL);
  target = g_file_read_link (link, NULL);
  g_assert_cmpstr (target, ==, "rgb16.png");
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0640);
  g_assert_cmpuint (count_files (folder), ==, 6);
  temp_files_remove_folder (folder);
}

static void
test_permissions (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");

  if (geteuid () == 0)
    {
      g_test_skip ("root may write everywhere");
      temp_files_remove_folder (folder);
      return;
    }
  g_assert_cmpint (g_chmod (path, 0444), ==, 0);
  assert_refused (path, G_FILE_ERROR, G_FILE_ERROR_ACCES);
  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  g_assert_cmpint (g_chmod (folder, 0555), ==, 0);
  assert_refused (path, G_FILE_ERROR, G_FILE_ERROR_ACCES);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  temp_files_remove_folder (folder);
}

/* A limit on the size of files stands for a full disk: a write fails in the middle. */
static void
test_no_space (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (IvlMetadata) texts = make_texts ("fine", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  struct rlimit old;
  struct rlimit small;
  gboolean done;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = g_bytes_get_size (before) / 2;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  done = ivl_metadata_write_file (texts, path, NULL, &error);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_false (done);
  g_assert_true (error->domain == G_FILE_ERROR);
  g_assert_nonnull (strstr (error->message, "rgb16.png"));
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_cmpuint (count_files (folder), ==, 1);
  temp_files_remove_folder (folder);
}

static void
test_cancelled (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "rgb16.png");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IvlMetadata) texts = make_texts ("fine", NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_metadata_write_file (texts, path, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_texts (path, NULL, NULL, NULL, NULL);
  g_assert_cmpuint (count_files (folder), ==, 1);
  temp_files_remove_folder (folder);
}

/* Nothing to write, nothing to take away: the file is not touched. */
static void
test_nothing_to_do (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy (folder, "progressive.jpg");
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;

  write_texts (path, "", NULL, "", "de");
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));
  temp_files_remove_folder (folder);
}

static gpointer
write_many (gpointer data)
{
  for (int i = 0; i < 20; i++)
    {
      write_texts (data, "one", "two", "three", "de");
      assert_texts (data, "one", "two", "three", "de");
      write_texts (data, "", "", "", NULL);
    }
  return NULL;
}

static void
test_threads (void)
{
  char *folder = temp_files_make_folder ();
  char *paths[G_N_ELEMENTS (four)];
  GThread *threads[G_N_ELEMENTS (four)];

  for (guint f = 0; f < G_N_ELEMENTS (four); f++)
    {
      paths[f] = temp_pictures_copy (folder, four[f]);
      threads[f] = g_thread_new (four[f], write_many, paths[f]);
    }
  for (guint f = 0; f < G_N_ELEMENTS (four); f++)
    {
      g_thread_join (threads[f]);
      g_free (paths[f]);
    }
  temp_files_remove_folder (folder);
}

static void
test_names (void)
{
  g_assert_true (ivl_metadata_can_write ("a.jpg"));
  g_assert_true (ivl_metadata_can_write ("/b.c/A.JPEG"));
  g_assert_true (ivl_metadata_can_write ("a.Tiff"));
  g_assert_true (ivl_metadata_can_write ("a.b.webp"));
  g_assert_false (ivl_metadata_can_write ("a.xcf"));
  g_assert_false (ivl_metadata_can_write ("png"));
  g_assert_false (ivl_metadata_can_write ("a.png/b"));
  g_assert_false (ivl_metadata_can_write (""));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metadata/round-trip", test_round_trip);
  g_test_add_func ("/metadata/long-texts", test_long_texts);
  g_test_add_func ("/metadata/other-properties", test_other_properties);
  g_test_add_func ("/metadata/repeated-language", test_repeated_language);
  g_test_add_func ("/metadata/broken-notation", test_broken_notation);
  g_test_add_func ("/metadata/all-pictures", test_all_pictures);
  g_test_add_func ("/metadata/refused-texts", test_refused_texts);
  g_test_add_func ("/metadata/kinds-of-files", test_kinds_of_files);
  g_test_add_func ("/metadata/permissions", test_permissions);
  g_test_add_func ("/metadata/no-space", test_no_space);
  g_test_add_func ("/metadata/cancelled", test_cancelled);
  g_test_add_func ("/metadata/nothing-to-do", test_nothing_to_do);
  g_test_add_func ("/metadata/threads", test_threads);
  g_test_add_func ("/metadata/names", test_names);
  return g_test_run ();
}
