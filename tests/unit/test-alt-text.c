/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks of alternative texts: examples of the W3C's tutorial on images and of IPTC's rules,
 * "image of" in each language that has data, and characters as people see them. */
#include <libivl/ivl-alt-text.h>

#include <string.h>

#define INFORMATIVE IVL_ALT_ROLE_INFORMATIVE
#define COMPLEX IVL_ALT_ROLE_COMPLEX

static const struct
{
  const char *text;
  IvlAltRole  role;
  const char *description;
  const char *caption;
  const char *file;
  guint       expected;
} cases[] = {
  /* https://www.w3.org/WAI/tutorials/images/: what is recommended there has no fault */
  { "Dog with a bell attached to its collar.", INFORMATIVE, NULL, NULL, "dog.jpg", 0 },
  { "W3C home", IVL_ALT_ROLE_FUNCTIONAL, NULL, NULL, "w3c.png", 0 },
  { "Print this page", IVL_ALT_ROLE_FUNCTIONAL, NULL, NULL, "print.png", 0 },
  { "We're Open Today", IVL_ALT_ROLE_TEXT, NULL, NULL, NULL, 0 },
  { "Bar chart showing monthly and total visitors for the first quarter 2014 for sites 1 to 3.",
    COMPLEX, "The chart shows the website hits for the first quarter of 2014.", NULL, NULL, 0 },
  { "", IVL_ALT_ROLE_DECORATIVE, NULL, NULL, "border.gif", 0 },
  { NULL, IVL_ALT_ROLE_DECORATIVE, NULL, NULL, NULL, 0 },
  { " \n", IVL_ALT_ROLE_DECORATIVE, NULL, NULL, NULL, 0 },
  /* and what is not */
  { "", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_EMPTY },
  { NULL, IVL_ALT_ROLE_FUNCTIONAL, NULL, NULL, NULL, IVL_ALT_ISSUE_EMPTY },
  { " \n\t", IVL_ALT_ROLE_TEXT, NULL, NULL, NULL, IVL_ALT_ISSUE_EMPTY },
  { "", COMPLEX, "", NULL, NULL, IVL_ALT_ISSUE_EMPTY | IVL_ALT_ISSUE_NO_DESCRIPTION },
  { "A wavy line", IVL_ALT_ROLE_DECORATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_NOT_EMPTY },
  { "Bar chart of visitors", COMPLEX, " ", NULL, NULL, IVL_ALT_ISSUE_NO_DESCRIPTION },
  { "Image of a dog", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_PREFIX },
  /* names of files */
  { "dog.jpg", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "image123.JPG", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "IMG_4711", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "DSC01234", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "_DSC1234-2", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "PXL_20240101_101112", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_FILE_NAME },
  { "Holiday 3", INFORMATIVE, NULL, NULL, "/a/b/holiday 3.png", IVL_ALT_ISSUE_FILE_NAME },
  { "holiday.tar", INFORMATIVE, NULL, NULL, "holiday.tar", IVL_ALT_ISSUE_FILE_NAME },
  { "Straße", INFORMATIVE, NULL, NULL, "STRASSE.webp", IVL_ALT_ISSUE_FILE_NAME },
  { "A dog at the door", INFORMATIVE, NULL, NULL, "dog.jpg", 0 },
  { "1984", IVL_ALT_ROLE_TEXT, NULL, NULL, "cover.jpg", 0 },
  { ".hidden", INFORMATIVE, NULL, NULL, ".hidden.png", IVL_ALT_ISSUE_FILE_NAME },
  { "x", INFORMATIVE, NULL, NULL, ".x", 0 },
  /* the same as something beside it */
  { "A dog", INFORMATIVE, NULL, "a  dog", NULL, IVL_ALT_ISSUE_SAME },
  { "A dog", COMPLEX, "A dog\n", NULL, NULL, IVL_ALT_ISSUE_SAME },
  { "A dog", COMPLEX, "A dog that barks", "Rex, photo by Ann", NULL, 0 },
  /* markup */
  { "A <b>dog</b>", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "Ann &amp; Bob", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "A **big** dog", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "# Dog", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "- a dog", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "[A dog](dog.html)", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "A dog.\nA cat.", INFORMATIVE, NULL, NULL, NULL, IVL_ALT_ISSUE_MARKUP },
  { "A dog.\n", INFORMATIVE, NULL, NULL, NULL, 0 },
  { "2 < 3 & 5 > 4, 2 * 3", INFORMATIVE, NULL, NULL, NULL, 0 },
  { "- 5 °C", INFORMATIVE, NULL, NULL, NULL, 0 },
  { "1. FC Köln", INFORMATIVE, NULL, NULL, NULL, 0 },
  { "A dog\xff", INFORMATIVE, NULL, NULL, NULL, 0 },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *text = cases[i].text != NULL ? cases[i].text : "(none)";
      g_autofree char *shown = g_utf8_make_valid (text, -1);
      g_test_message ("%u: %s", i, shown);
      g_assert_cmphex (ivl_alt_text_check (cases[i].text, cases[i].role, cases[i].description,
                                           cases[i].caption, cases[i].file),
                       ==, cases[i].expected);
    }
}

static const char *const with_prefix[] = {
  "Image of a dog",
  "An image showing a dog",
  "a picture of a dog",
  "Photo: a dog",
  "  The photo shows a dog",
  "This image depicts a dog",
  "This is a photograph of a dog",
  "In this picture, a dog barks",
  "“Picture of a dog”",
  "Photo",
  "Photograph – a dog",
  "Alt text: A dog",
  "Bild von einem Hund",
  "Ein Foto eines Hundes",
  "Das Bild zeigt einen Hund",
  "Auf dem Bild ist ein Hund",
  "Ein Foto, das einen Hund zeigt",
  "Bild: ein Hund",
  "Image d’un chien",
  "Une photo d'un chien",
  "L’image montre un chien",
  "Sur cette photo, un chien",
  "Imagen de un perro",
  "Una foto de un perro",
  "La imagen muestra un perro",
  "En la foto, un perro",
  "Immagine di un cane",
  "Un'immagine di un cane",
  "La foto mostra un cane",
  "Nella foto un cane",
  "Imagem de um cão",
  "Uma foto de um cão",
  "A imagem mostra um cão",
  "Na foto, um cão",
  "Afbeelding van een hond",
  "Een foto van een hond",
  "De foto toont een hond",
  "Op de foto staat een hond",
  "Obraz przedstawia psa",
  "Zdjęcie przedstawiające psa",
  "Na zdjęciu widać psa",
  "犬の画像",
  "犬の写真です。",
  "この画像には犬が写っています",
  "画像：犬",
  "图片显示一只狗",
  "这张照片里有一只狗",
  "一只狗的照片",
  "这张图片展示了一只狗",
  "這張圖片顯示一隻狗",
  "En bild på en hund",
  "Et billede af en hund",
  "Et bilde av en hund",
  "Kuvassa on koira",
  "Na obrázku je pes",
  "На фото собака",
  "На зображенні собака",
  "Bu resimde bir köpek var",
  "صورة لكلب",
  "תמונה של כלב",
  "강아지의 사진",
  "이 이미지는 개를 보여준다",
};

static const char *const without_prefix[] = {
  "Photo album on a table", "Imagery from a satellite", "Imageof", "Picturesque valley",
  "A dog in a photo booth", "Photo-electric cell", "Painting of a dog by Franz Marc",
  "Map of Lagos", "Screenshot of the settings", "A pictured plate", "Bilderrahmen an der Wand",
  "Bildschirm mit Text", "Fotoapparat", "Ein Hund im Bilderbuch", "Photographe au travail",
  "Imaginaire", "Fotos alter Autos hängen an der Wand", "Imaginación", "Obrazy w galerii",
  "图书馆里的人", "地图上的河流", "写真家が犬を撮る", "画像処理の本", "A", "«",
  "Une image pieuse", "Graphic novel on a shelf", "Beeldscherm", "Fotograaf aan het werk",
};

static void
test_prefixes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (with_prefix); i++)
    {
      g_test_message ("%s", with_prefix[i]);
      g_assert_cmphex (ivl_alt_text_check (with_prefix[i], INFORMATIVE, NULL, NULL, NULL), ==,
                       IVL_ALT_ISSUE_PREFIX);
    }
  for (guint i = 0; i < G_N_ELEMENTS (without_prefix); i++)
    {
      g_test_message ("%s", without_prefix[i]);
      g_assert_cmphex (ivl_alt_text_check (without_prefix[i], INFORMATIVE, NULL, NULL, NULL), ==,
                       0);
    }
}

/* Counts by Unicode's own rules (UAX #29), as Perl's \X gives them */
static const struct
{
  const char *text;
  guint       expected;
} counts[] = {
  { "", 0 },
  { "abc", 3 },
  { "  a b \n", 3 },
  { "e\u0301te\u0301", 3 },
  { "\u00e9t\u00e9", 3 },
  { "한국어", 3 },
  { "\u1112\u1161\u11ab", 1 },
  { "犬の画像", 4 },
  { "か\u3099", 1 },
  { "שָׁלוֹם", 4 },
  { "مُحَمَّد", 4 },
  { "ที่นี่", 2 },
  { "กำ", 1 },
  { "นิ้ว", 2 },
  { "தமிழ்", 3 },
  { "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", 2 },
  { "\U0001f1e9\U0001f1ea\U0001f1eb", 2 },
  { "\U0001f468\u200d\U0001f469\u200d\U0001f467", 1 },
  { "\U0001f44d\U0001f3fd!", 2 },
  { "\u2764\ufe0f\u200d\U0001f525", 1 },
  { "1\ufe0f\u20e3", 1 },
  { "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 1 },
  { "a\r\nb", 3 },
  { "a\u200db", 2 },
  { "\u0301a", 2 },
  { "\u0600\u0661", 1 },
};

static void
test_counts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      g_test_message ("%u: %s", i, counts[i].text);
      g_assert_cmpuint (ivl_alt_text_count (counts[i].text), ==, counts[i].expected);
    }
  g_assert_cmpuint (ivl_alt_text_count (NULL), ==, 0);
  g_assert_cmpuint (ivl_alt_text_count ("a\xff" "b"), ==, 3);
}

/* 125 and 250 are still good, and bytes do not matter */
static void
test_lengths (void)
{
  static const struct
  {
    guint n;
    guint expected;
  } lengths[] = {
    { IVL_ALT_TEXT_TARGET, 0 },
    { IVL_ALT_TEXT_TARGET + 1, IVL_ALT_ISSUE_LONG },
    { IVL_ALT_TEXT_LIMIT, IVL_ALT_ISSUE_LONG },
    { IVL_ALT_TEXT_LIMIT + 1, IVL_ALT_ISSUE_TOO_LONG },
  };
  static const char *const letters[] = { "x", "e\u0301", "犬", "\U0001f44d\U0001f3fd" };

  g_assert_cmpint (IVL_ALT_TEXT_TARGET, ==, 125);
  g_assert_cmpint (IVL_ALT_TEXT_LIMIT, ==, 250);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint j = 0; j < G_N_ELEMENTS (letters); j++)
      {
        g_autoptr (GString) text = g_string_new (NULL);

        for (guint n = 0; n < lengths[i].n; n++)
          g_string_append (text, letters[j]);
        g_assert_cmphex (ivl_alt_text_check (text->str, INFORMATIVE, NULL, NULL, NULL), ==,
                         lengths[i].expected);
      }
}

static void
test_several (void)
{
  g_autofree char *long_text = g_strnfill (300, 'x');
  g_autofree char *text = g_strconcat ("Image of <i>", long_text, "</i>", NULL);

  g_assert_cmphex (ivl_alt_text_check (text, COMPLEX, NULL, text, NULL), ==,
                   IVL_ALT_ISSUE_TOO_LONG | IVL_ALT_ISSUE_PREFIX | IVL_ALT_ISSUE_MARKUP |
                   IVL_ALT_ISSUE_SAME | IVL_ALT_ISSUE_NO_DESCRIPTION);
}

static void
test_roles (void)
{
  for (guint i = 0; i <= IVL_ALT_ROLE_DECORATIVE; i++)
    {
      IvlAltRole role = IVL_ALT_ROLE_INFORMATIVE;

      g_assert_true (ivl_alt_text_find_role (ivl_alt_text_get_role_name (i), &role));
      g_assert_cmpint (role, ==, i);
    }
  IvlAltRole role = IVL_ALT_ROLE_COMPLEX;

  g_assert_false (ivl_alt_text_find_role ("Text", &role));
  g_assert_false (ivl_alt_text_find_role ("", &role));
  g_assert_cmpint (role, ==, IVL_ALT_ROLE_COMPLEX);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/alt-text/cases", test_cases);
  g_test_add_func ("/alt-text/prefixes", test_prefixes);
  g_test_add_func ("/alt-text/counts", test_counts);
  g_test_add_func ("/alt-text/lengths", test_lengths);
  g_test_add_func ("/alt-text/several", test_several);
  g_test_add_func ("/alt-text/roles", test_roles);
  return g_test_run ();
}
