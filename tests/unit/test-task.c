/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tasks: the wording of those built in, files that come before them, and files that must be
 * refused.
 */
#include <libivl/ivl-task.h>

#include <glib/gstdio.h>
#include <string.h>

#include "temp-files.h"

static char *root;

/* Empties the folders that the environment points to. */
static void
start_clean (void)
{
  temp_files_remove_folder (g_strdup (root));
  g_assert_cmpint (g_mkdir (root, 0700), ==, 0);
}

/* GLib's own isolation of tests (G_TEST_OPTION_ISOLATE_DIRS) leaks, which the sanitized build
 * reports. */
static void
isolate (void)
{
  static const char *const names[] = { "HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS",
                                       "XDG_CONFIG_HOME" };

  root = temp_files_make_folder ();
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *folder = g_build_filename (root, names[i], NULL);

      g_setenv (names[i], folder, TRUE);
    }
}

static const char *const built_in[] = { "alt", "ask", "caption", "detail", "locate", "ocr", NULL };

static IvlTask *
load (const char *name)
{
  g_autoptr (GError) error = NULL;
  IvlTask *task = ivl_task_load (name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_task_get_name (task), ==, name);
  return task;
}

static void
write_task (const char *data_folder,
            const char *name,
            const char *contents)
{
  g_autofree char *folder = g_build_filename (data_folder, "ivl", "tasks", NULL);
  g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

/* Writes a message as "T<text>", "P<prompt>", "I" parts with bars between them. */
static char *
describe (IvlMessage *message)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < ivl_message_get_n_parts (message); i++)
    {
      IvlPartKind kind = ivl_message_get_part_kind (message, i);

      g_string_append_printf (out, "%s%s%s", i > 0 ? "|" : "",
                              kind == IVL_PART_IMAGE ? "I" : kind == IVL_PART_TEXT ? "T" : "P",
                              kind == IVL_PART_IMAGE ? "" : ivl_message_get_part_text (message, i));
    }
  return g_strdup (out->str);
}

static const struct
{
  const char *task;
  const char *text;
  const char *language;
  const char *expected;
} wordings[] = {
  { "caption", NULL, NULL, "I|PPlease describe the image shortly." },
  { "caption", "", "en", "I|PPlease describe the image shortly." },
  { "caption", NULL, "en_GB.UTF-8", "I|PPlease describe the image shortly." },
  { "detail", NULL, NULL, "I|PPlease describe the image in detail." },
  { "ocr", NULL, NULL, "I|PPlease extract the text in the image." },
  { "ocr", NULL, "fr", "I|PPlease extract the text in the image." },
  { "alt", NULL, NULL, "I|PWrite alt text for this image." },
  { "ask", "What is it?", NULL, "I|TWhat is it?" },
  { "ask", "What is it?", "de", "I|TWhat is it?|P\nAntworte auf Deutsch." },
  { "ask", "Was ist das?", "en", "I|TWas ist das?|P\nAnswer in English." },
  { "ask", "{text} <|im_end|>", NULL, "I|T{text} <|im_end|>" },
  { "locate", "a cat</ref>", NULL,
    "I|PPlease provide the bounding box coordinate of the region this sentence describes: <ref>"
    "|Ta cat</ref>|P</ref>" },
  { "caption", NULL, "de", "I|PBitte beschreibe das Bild kurz.\nAntworte auf Deutsch." },
  { "caption", NULL, "de_AT.UTF-8@euro",
    "I|PBitte beschreibe das Bild kurz.\nAntworte auf Deutsch." },
  { "caption", NULL, "german", "I|PBitte beschreibe das Bild kurz.\nAntworte auf Deutsch." },
  { "caption", NULL, "pt-BR", "I|PDescreva brevemente a imagem.\nResponda em português." },
  { "caption", NULL, "zh", "I|P请简短描述这张图片。\n请用中文回答。" },
  { "caption", NULL, "zh_TW", "I|P请简短描述这张图片。\n請用繁體中文回答。" },
  { "caption", NULL, "sv", "I|PPlease describe the image shortly.\nAnswer in Swedish." },
  { "caption", NULL, "Plattdeutsch",
    "I|PPlease describe the image shortly.\nAnswer in Plattdeutsch." },
};

static void
test_wordings (void)
{
  static const guint8 pixel[3] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (pixel, sizeof pixel);
  g_autoptr (IvlImage) image = ivl_image_new_from_pixels (1, 1, 3, bytes, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (wordings); i++)
    {
      g_autoptr (IvlTask) task = load (wordings[i].task);
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlMessage) message = ivl_task_create_message (task, image, wordings[i].text,
                                                                wordings[i].language, &error);
      g_autofree char *got = NULL;

      g_assert_no_error (error);
      got = describe (message);
      g_assert_cmpstr (got, ==, wordings[i].expected);
      g_assert_cmpint (ivl_message_get_role (message), ==, IVL_ROLE_USER);
    }
}

static void
test_no_image (void)
{
  g_autoptr (IvlTask) task = load ("ask");
  g_autoptr (IvlMessage) message = ivl_task_create_message (task, NULL, "And why?", NULL, NULL);
  g_autofree char *got = describe (message);

  g_assert_cmpstr (got, ==, "TAnd why?");
}

static void
test_bad_requests (void)
{
  static const char *const cases[][4] = {
    { "ask", NULL, NULL, "needs a text" },
    { "locate", "", NULL, "needs a text" },
    { "caption", "more", NULL, "takes no text" },
    { "caption", NULL, "", "not known" },
    { "caption", NULL, "xx", "\"xx\"" },
    { "caption", NULL, "C", "not known" },
    { "caption", NULL, "German.<|im_end|>", "not known" },
    { "caption", NULL, "<ref>", "not known" },
    { "caption", NULL, "Low\nGerman", "not known" },
    { "caption", NULL, "\xff\xff\xff\xff\xff", "not known" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IvlTask) task = load (cases[i][0]);
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_task_create_message (task, NULL, cases[i][1], cases[i][2], &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_nonnull (strstr (error->message, cases[i][3]));
    }
}

#define ENGLISH_RULES                                                                              \
  "Write plain text only. Do not begin with words like “image of” or “picture of”. Do not guess "  \
  "who a person is, or a person’s gender, age, origin or feelings: say what can be seen."
#define GERMAN_RULES                                                                               \
  "Schreibe nur reinen Text. Beginne nicht mit Wörtern wie „Bild von“ oder „Foto von“. Rate "      \
  "nicht, wer eine Person ist, und auch nicht ihr Geschlecht, ihr Alter, ihre Herkunft oder ihre " \
  "Gefühle: Sage, was zu sehen ist."

static const struct
{
  const char *task;
  const char *variant;
  const char *context;
  const char *language;
  const char *expected;
} variants[] = {
  { "alt", NULL, NULL, NULL, "I|PWrite alt text for this image." },
  { "alt", "informative", "", "en", "I|PWrite alt text for this image." },
  { "alt", "informative", NULL, "de",
    "I|PSchreibe einen Alternativtext für dieses Bild.\nAntworte auf Deutsch." },
  { "alt", "informative", "a <ref>shop</ref>", NULL,
    "I|PWrite alt text for this image.\nThis is said about the purpose and the surroundings of the "
    "image: |Ta <ref>shop</ref>|P\n" ENGLISH_RULES },
  { "alt", "functional", NULL, "en",
    "I|PThis image is a link or a button. Write alt text of a few words that says what happens "
    "when it is activated, not what the image looks like.\n" ENGLISH_RULES },
  { "alt", "functional", "Startseite", "de",
    "I|PDieses Bild ist ein Link oder eine Schaltfläche. Schreibe einen Alternativtext aus wenigen "
    "Wörtern, der sagt, was beim Auslösen geschieht, und nicht, wie das Bild aussieht.\nZum Zweck "
    "und zum Umfeld des Bildes wird gesagt: |TStartseite|P\n" GERMAN_RULES
    "\nAntworte auf Deutsch." },
  { "alt", "complex", NULL, "sv",
    "I|PThis image is a chart, a map or a diagram. Write alt text of one short sentence that names "
    "its kind and what it shows above all. The details stand elsewhere.\n" ENGLISH_RULES
    "\nAnswer in Swedish." },
};

static void
test_variants (void)
{
  static const guint8 pixel[3] = { 0 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (pixel, sizeof pixel);
  g_autoptr (IvlImage) image = ivl_image_new_from_pixels (1, 1, 3, bytes, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (variants); i++)
    {
      g_autoptr (IvlTask) task = load (variants[i].task);
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlMessage) message =
        ivl_task_create_variant (task, image, variants[i].variant, variants[i].context,
                                 variants[i].language, &error);
      g_autofree char *got = NULL;

      g_assert_no_error (error);
      got = describe (message);
      g_assert_cmpstr (got, ==, variants[i].expected);
      g_assert_cmpint (ivl_message_get_role (message), ==, IVL_ROLE_USER);
    }
}

/* Lettering stays in its own language, whatever is asked for */
static void
test_text_variant (void)
{
  g_autoptr (IvlTask) task = load ("alt");
  g_autoptr (IvlMessage) message = ivl_task_create_variant (task, NULL, "text", NULL, "fr", NULL);
  g_autofree char *got = describe (message);

  g_assert_nonnull (strstr (got, "sa propre langue"));
  g_assert_null (strstr (got, "Réponds en français"));
}

/* Every wording is there in every language, says what must not be guessed, and takes a note */
static void
test_variant_languages (void)
{
  static const struct
  {
    const char *language;
    const char *gender;
    const char *prefix;
  } languages[] = {
    { NULL, "gender", "“image of”" },       { "de", "Geschlecht", "„Bild von“" },
    { "fr", "genre", "« image de »" },      { "es", "género", "«imagen de»" },
    { "it", "genere", "«immagine di»" },    { "pt", "gênero", "“imagem de”" },
    { "nl", "geslacht", "“afbeelding van”" }, { "pl", "płci", "„obraz”" },
    { "ja", "性別", "「～の画像」" },        { "zh", "性别", "“图片”" },
  };
  static const char *const wordings_of[][2] = {
    { "alt", "text" }, { "alt", "functional" }, { "alt", "complex" }, { "detail", "accessible" },
  };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (languages); i++)
    for (guint j = 0; j < G_N_ELEMENTS (wordings_of); j++)
      {
        g_autoptr (IvlTask) task = load (wordings_of[j][0]);
        g_autoptr (IvlMessage) message =
          ivl_task_create_variant (task, NULL, wordings_of[j][1], "NOTE", languages[i].language,
                                   NULL);
        g_autofree char *got = describe (message);

        g_assert_nonnull (strstr (got, "|TNOTE|P"));
        g_assert_nonnull (strstr (got, languages[i].gender));
        g_assert_nonnull (strstr (got, languages[i].prefix));
        g_assert_true (g_hash_table_add (seen, g_strndup (got, strcspn (got, "\n"))));
      }
}

/* What detail.ini says again for its long descriptions is what alt.ini says. */
static void
test_same_rules (void)
{
  g_autoptr (IvlTask) alt = load ("alt");
  g_autoptr (IvlTask) detail = load ("detail");
  g_auto (GStrv) tags = ivl_task_list_languages ();

  for (guint i = 0; tags[i] != NULL; i++)
    {
      g_autoptr (IvlMessage) short_one =
        ivl_task_create_variant (alt, NULL, "complex", "NOTE", tags[i], NULL);
      g_autoptr (IvlMessage) long_one =
        ivl_task_create_variant (detail, NULL, "accessible", "NOTE", tags[i], NULL);
      g_autofree char *of_alt = describe (short_one);
      g_autofree char *of_detail = describe (long_one);

      g_assert_nonnull (strchr (of_alt, '\n'));
      g_assert_cmpstr (strchr (of_alt, '\n'), ==, strchr (of_detail, '\n'));
    }
}

static void
test_variant_list (void)
{
  static const char *const roles[] = { "informative", "text", "functional", "complex", NULL };
  static const char *const none[] = { NULL };
  g_autoptr (IvlTask) alt = load ("alt");
  g_autoptr (IvlTask) caption = load ("caption");
  g_auto (GStrv) of_alt = ivl_task_list_variants (alt);
  g_auto (GStrv) of_caption = ivl_task_list_variants (caption);

  g_assert_cmpstrv (of_alt, roles);
  g_assert_cmpstrv (of_caption, none);
}

static void
test_bad_variants (void)
{
  static const char *const cases[][5] = {
    { "alt", "decorative", NULL, NULL, "informative, text, functional, complex" },
    { "alt", "", NULL, NULL, "no variant" },
    { "alt", "te[de]xt", NULL, NULL, "no variant" },
    { "alt", "text", NULL, "xx", "\"xx\"" },
    { "caption", "text", NULL, NULL, "there are none" },
    { "caption", NULL, "note", NULL, "takes no context" },
    { "ask", NULL, NULL, NULL, "no variant" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (IvlTask) task = load (cases[i][0]);
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_task_create_variant (task, NULL, cases[i][1], cases[i][2], cases[i][3],
                                              &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
      g_assert_nonnull (strstr (error->message, cases[i][4]));
    }
}

/* Every language has a title in every task, and a wording where the answer depends on it. */
static void
test_languages (void)
{
  static const char *const languages[] = { "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh" };

  for (guint i = 0; built_in[i] != NULL; i++)
    for (guint j = 0; j < G_N_ELEMENTS (languages); j++)
      {
        g_autoptr (IvlTask) task = load (built_in[i]);
        g_autofree char *english = ivl_task_get_title (task, NULL);
        g_autofree char *title = ivl_task_get_title (task, languages[j]);
        gboolean asks = !g_str_equal (built_in[i], "ocr") && !g_str_equal (built_in[i], "locate");
        const char *text = ivl_task_get_needs_text (task) ? "x" : NULL;
        g_autoptr (IvlMessage) plain = ivl_task_create_message (task, NULL, text, NULL, NULL);
        g_autoptr (IvlMessage) message = ivl_task_create_message (task, NULL, text, languages[j],
                                                                  NULL);
        g_autofree char *plain_text = describe (plain);
        g_autofree char *message_text = describe (message);

        g_assert_cmpstr (title, !=, english);
        g_assert_cmpint (g_strcmp0 (plain_text, message_text) != 0, ==, asks);
        if (asks && text == NULL)
          g_assert_false (g_str_has_prefix (message_text, plain_text));
      }
}

static const struct
{
  const char *task;
  guint given[3]; /* max-tokens, min-tiles, max-tiles */
  guint expected[3];
} limits[] = {
  { "caption", { 0, 0, 0 }, { 128, 1, 6 } },
  { "caption", { 7, 0, 0 }, { 7, 1, 6 } },
  { "caption", { 0, 9, 0 }, { 128, 9, 9 } },
  { "caption", { 0, 0, 2 }, { 128, 1, 2 } },
  { "caption", { 0, 3, 12 }, { 128, 3, 12 } },
  { "ocr", { 0, 0, 0 }, { 2048, 1, 12 } },
  { "ask", { 0, 0, 0 }, { 1024, 0, 0 } },
  { "ask", { 0, 5, 0 }, { 1024, 5, 0 } },
};

static void
test_limits (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_autoptr (IvlTask) task = load (limits[i].task);
      g_autoptr (IvlOptions) options = ivl_options_new ();
      g_autoptr (IvlOptions) complete = NULL;

      g_object_set (options, "max-tokens", limits[i].given[0], "min-tiles", limits[i].given[1],
                    "max-tiles",
                    limits[i].given[2], "top-k", 9, NULL);
      complete = ivl_task_complete_options (task, options);
      g_assert_cmpuint (ivl_options_get_max_tokens (complete), ==, limits[i].expected[0]);
      g_assert_cmpuint (ivl_options_get_min_tiles (complete), ==, limits[i].expected[1]);
      g_assert_cmpuint (ivl_options_get_max_tiles (complete), ==, limits[i].expected[2]);
      g_assert_cmpuint (ivl_options_get_top_k (complete), ==, 9);
      g_assert_cmpuint (ivl_options_get_max_tokens (options), ==, limits[i].given[0]);
    }
}

static void
test_no_options (void)
{
  g_autoptr (IvlTask) task = load ("caption");
  g_autoptr (IvlOptions) complete = ivl_task_complete_options (task, NULL);

  g_assert_cmpuint (ivl_options_get_max_tokens (complete), ==, 128);
  g_assert_cmpuint (ivl_options_get_top_k (complete), ==, 0);
}

static void
test_list (void)
{
  g_auto (GStrv) names = ivl_task_list ();

  g_assert_cmpstrv (names, built_in);
  for (guint i = 0; names[i] != NULL; i++)
    g_object_unref (load (names[i]));
}

static void
test_folders (void)
{
  static const char *const expected[] = { "alt", "ask", "caption", "detail", "haiku", "locate",
                                          "ocr", "tags", NULL };
  const char *user = g_get_user_data_dir ();
  const char *system = g_get_system_data_dirs ()[0];
  g_auto (GStrv) names = NULL;
  g_autoptr (IvlTask) caption = NULL;
  g_autoptr (IvlTask) haiku = NULL;
  g_autoptr (IvlMessage) message = NULL;
  g_autofree char *got = NULL;
  g_autofree char *title = NULL;
  g_autoptr (GError) error = NULL;

  write_task (system, "caption.ini", "[task]\ntitle=System\nprompt=System.\n");
  write_task (system, "tags.ini", "[task]\ntitle=System tags\nprompt=Tags.\n");
  write_task (user, "caption.ini",
              "# mine\n[task]\ntitle = Mine\nprompt = Mine: {text}!\nneeds-text = true\n");
  write_task (user, "haiku.ini", "[task]\ntitle=Haiku\nprompt=A\\nhaiku.\nprompt[sv]=En haiku.\n");
  write_task (user, "notes.txt", "");
  write_task (user, "Bad Name.ini", "");

  names = ivl_task_list ();
  g_assert_cmpstrv (names, expected);
  caption = load ("caption");
  title = ivl_task_get_title (caption, "de");
  g_assert_cmpstr (title, ==, "Mine");
  message = ivl_task_create_message (caption, NULL, "x", NULL, NULL);
  got = describe (message);
  g_assert_cmpstr (got, ==, "PMine: |Tx|P!");

  haiku = load ("haiku");
  g_clear_object (&message);
  g_clear_pointer (&got, g_free);
  message = ivl_task_create_message (haiku, NULL, NULL, "sv_SE", NULL);
  got = describe (message);
  g_assert_cmpstr (got, ==, "PEn haiku.\nAnswer in Swedish.");

  write_task (user, "tags.ini", "[task]\n");
  g_assert_null (ivl_task_load ("tags", &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "/ivl/tasks/tags.ini"));
  g_assert_nonnull (strstr (error->message, "title"));
}

static void
test_unknown (void)
{
  static const char *const names[] = { "poem", "", "../tasks/caption", "caption.ini", "Caption",
                                       "-", "\xff" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_task_load (names[i], &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, "alt, ask, caption, detail, locate, ocr"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

#define GOOD "[task]\ntitle=T\nprompt=P\n"

static const struct
{
  const char *data;
  const char *in_message;
} bad_files[] = {
  { "", "empty" },
  { "\xff\xfe", "UTF-8" },
  { "title=T\n", "x.ini" },
  { "[task\n", "x.ini" },
  { "[other]\ntitle=T\n", "[task]" },
  { GOOD "[more]\na=b\n", "[task]" },
  { "[task]\nprompt=P\n", "key title: missing" },
  { "[task]\ntitle=T\n", "key prompt: missing" },
  { "[task]\ntitle=\nprompt=P\n", "key title" },
  { "[task]\ntitle=T\nprompt=P\\q\n", "key prompt" },
  { "[task]\ntitle=T\nprompt=P\nprompt[de]=\n", "key prompt[de]" },
  { GOOD "promt[de]=P\n", "key promt[de]: unknown" },
  { GOOD "needs-text[de]=true\n", "key needs-text[de]: unknown" },
  { GOOD "needs-text=true\n", "{text}" },
  { "[task]\ntitle=T\nprompt=P {text}\n", "{text}" },
  { "[task]\ntitle=T\nprompt={text}{text}\nneeds-text=true\n", "twice" },
  { GOOD "needs-text=yes\n", "key needs-text: expected true or false" },
  { GOOD "asks-language=\n", "key asks-language" },
  { GOOD "max-tokens=-1\n", "key max-tokens" },
  { GOOD "max-tokens=many\n", "key max-tokens" },
  { GOOD "max-tiles=1025\n", "1024" },
  { GOOD "min-tiles=5\nmax-tiles=4\n", "key min-tiles" },
  { GOOD "prompt-=P\n", "key prompt-: unknown" },
  { GOOD "prompt-A=P\n", "key prompt-A: unknown" },
  { GOOD "title-a=P\n", "key title-a: unknown" },
  { GOOD "prompt-a={text}\n", "key prompt-a: {text} is there" },
  { GOOD "prompt-a[de]=\n", "key prompt-a[de]: expected 1" },
  { GOOD "context=P\n", "key context: expected {text}" },
  { GOOD "context={text}{text}\n", "key context: {text} is there twice" },
  { GOOD "variant=A\n", "key variant: expected lower-case" },
  { GOOD "variant[de]=a\n", "key variant[de]: unknown" },
  { GOOD "asks-language-a=1\n", "key asks-language-a: expected true or false" },
  { "[task]\ntitle=T\nneeds-text=true\nprompt={text}\ncontext={text}\n", "neither variants" },
  { "[task]\ntitle=T\nneeds-text=true\nprompt={text}\nprompt-a={text}\n", "neither variants" },
  { GOOD "title=T\n", "title appears twice" },
  { GOOD "  title = T\n", "title appears twice" },
};

static void
test_bad_files (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++)
    {
      g_autoptr (GBytes) data = g_bytes_new_static (bad_files[i].data, strlen (bad_files[i].data));
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_task_new_from_data ("x", data, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, bad_files[i].in_message));
      g_assert_nonnull (strstr (error->message, "x.ini"));
    }
}

static void
test_bad_sizes (void)
{
  g_autofree char *spaces = g_strnfill (65537, '\n');
  g_autofree char *value = g_strnfill (4097, 'v');
  g_autofree char *long_value = g_strconcat ("[task]\ntitle=T\nprompt=", value, "\n", NULL);
  g_autoptr (GBytes) large = g_bytes_new_static (spaces, 65537);
  g_autoptr (GBytes) with_long_value = g_bytes_new_static (long_value, strlen (long_value));
  g_autoptr (GBytes) with_nul = g_bytes_new_static (GOOD "\0", strlen (GOOD) + 1);
  g_autoptr (GBytes) good = g_bytes_new_static (GOOD, strlen (GOOD));
  GBytes *const files[] = { large, with_long_value, with_nul };
  g_autoptr (IvlTask) task = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_assert_null (ivl_task_new_from_data ("x", files[i], &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_clear_error (&error);
    }
  g_assert_null (ivl_task_new_from_data ("a/b", good, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_clear_error (&error);
  task = ivl_task_new_from_data ("x", good, &error);
  g_assert_no_error (error);
  g_assert_false (ivl_task_get_needs_text (task));
}

static void
test_language_table (void)
{
  static const struct
  {
    const char *given;
    const char *tag;
  } rows[] = {
    { "de", "de" },       { "de_AT.UTF-8", "de" }, { "DE", "de" },   { "german", "de" },
    { "zh_TW", "zh-hant" }, { "zh_CN.utf8", "zh" },  { "C", NULL },    { "Klingon", NULL },
    { "zh-HK", "zh-hant" }, { "no_NO", "nb" },       { "nn_NO", "nn" }, { "zh-Hant-MO", "zh-hant" },
    { "", NULL },           { "xx_DE", NULL },       { "\xff", NULL },
  };
  g_auto (GStrv) tags = ivl_task_list_languages ();
  g_autofree char *german = ivl_task_get_language_name ("de");
  g_autofree char *none = ivl_task_get_language_name ("xx");

  g_assert_true (g_strv_contains ((const char *const *) tags, "ja"));
  g_assert_cmpstr (german, ==, "German");
  g_assert_null (none);
  for (guint i = 0; tags[i] != NULL; i++)
    {
      g_autofree char *name = ivl_task_get_language_name (tags[i]);
      g_autofree char *found = ivl_task_find_language (tags[i]);
      g_autofree char *found_by_name = ivl_task_find_language (name);

      g_assert_cmpstr (found, ==, tags[i]);
      g_assert_cmpstr (found_by_name, ==, tags[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *found = ivl_task_find_language (rows[i].given);

      g_assert_cmpstr (found, ==, rows[i].tag);
    }
}

static const struct
{
  const char *path;
  GTestFunc   run;
} tests[] = {
  { "/task/wordings", test_wordings },
  { "/task/no-image", test_no_image },
  { "/task/bad-requests", test_bad_requests },
  { "/task/variants", test_variants },
  { "/task/text-variant", test_text_variant },
  { "/task/variant-languages", test_variant_languages },
  { "/task/same-rules", test_same_rules },
  { "/task/variant-list", test_variant_list },
  { "/task/bad-variants", test_bad_variants },
  { "/task/languages", test_languages },
  { "/task/language-table", test_language_table },
  { "/task/limits", test_limits },
  { "/task/no-options", test_no_options },
  { "/task/list", test_list },
  { "/task/folders", test_folders },
  { "/task/unknown", test_unknown },
  { "/task/bad-files", test_bad_files },
  { "/task/bad-sizes", test_bad_sizes },
};

static void
run_clean (gconstpointer index)
{
  start_clean ();
  tests[GPOINTER_TO_UINT (index)].run ();
}

int
main (int    argc,
      char **argv)
{
  int status;

  isolate ();
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].path, GUINT_TO_POINTER (i), run_clean);
  status = g_test_run ();
  temp_files_remove_folder (root);
  return status;
}
