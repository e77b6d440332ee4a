/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From what models write to the answer alone: the same outcome however the text is cut into pieces,
 * and nothing taken back that has been given.
 */
#include "engines/ivl-answer-text.h"

#include <libivl/ivl-error.h>
#include <string.h>

#define ZWSP "\342\200\213"
#define BOM "\357\273\277"

typedef struct
{
  const char *written;
  const char *answer; /* NULL: none */
  const char *reason; /* then a part of the message */
} Case;

static const Case cases[] = {
  { "A red square.", "A red square.", NULL },
  { " \n\tA red\n square. \n", "A red\n square.", NULL },
  { ZWSP BOM "A red square." ZWSP, "A red square.", NULL },
  { "\343\200\200\302\240Rot\342\200\250", "Rot", NULL },
  { "\v\x1c\302\205\v Rot\vund blau\x1f\v\302\205", "Rot\vund blau", NULL },
  { "Two\r\nlines\r\n\r\n", "Two\nlines", NULL },
  { "a < b [0] <i>c</i> x[1]", "a < b [0] <i>c</i> x[1]", NULL },
  { "if (a <| b) <", "if (a <| b) <", NULL },
  { "\342\235\244\357\270\217", "\342\235\244\357\270\217", NULL }, /* a heart with its selector */

  { "", NULL, "wrote nothing" },
  { " \n\t ", NULL, "wrote nothing" },
  { ZWSP, NULL, "can be seen" },
  { BOM " \342\201\240\302\255\342\200\216 \363\240\201\201", NULL, "can be seen" },
  { "\343\205\244", NULL, "can be seen" },     /* Hangul filler */
  { "\342\240\200", NULL, "can be seen" },     /* empty braille cell */
  { "\357\277\275", NULL, "can be seen" },

  { "<think>\nIt is red.\n</think>\n\nA red square.", "A red square.", NULL },
  { "  <THINK>red</THINK>A red square.", "A red square.", NULL },
  { "<think></think>A red square.", "A red square.", NULL },
  { "<think>if a < b </thin or so</think>A red square.", "A red square.", NULL },
  { "<think>It is red", NULL, "reasoned" },
  { "<think>It is red.</think>\n", NULL, "reasoned" },
  { "It is red.\n</think>\n\nA red square.", "A red square.", NULL },
  { "It is red.</think>", NULL, "reasoned" },
  { "A red square.<think>Or is it", NULL, "reasoned" },
  { "A red square.<think>Or is it?</think> No.", "A red square. No.", NULL },
  { "[THINK]red[/THINK]A red square.", "A red square.", NULL },
  { "\342\227\201think\342\226\267red\342\227\201/think\342\226\267A red square.", "A red square.",
    NULL },
  { "<|channel|>analysis<|message|>red<|end|><|start|>assistant<|channel|>final<|message|>A red "
    "square.<|return|>", "A red square.", NULL },
  { "<think>red</think><answer>A red square.</answer>", "A red square.", NULL },

  { "A red square.<|im_end|>", "A red square.", NULL },
  { "A red square. <|im_end|>\n<|im_start|>user\nMore?", "A red square.", NULL },
  { "A red square.<|endoftext|>A blue one.", "A red square.", NULL },
  { "A red square.</s>", "A red square.", NULL },
  { "A red square.</s></s></s>", "A red square.", NULL },
  { "A red square.[UNUSED_TOKEN_145]\n", "A red square.", NULL },
  { "A red square.<|eot_id|>", "A red square.", NULL },
  { "A red square.<\357\275\234end\342\226\201of\342\226\201sentence\357\275\234>", "A red square.",
    NULL },
  { "A red square.<end_of_turn>\n", "A red square.", NULL },
  { "A red square.<|im_en", "A red square.", NULL },
  { "<|im_start|>assistant\nA red square.<|im_end|>", "A red square.", NULL },
  { "<s>A red square.</s>", "A red square.", NULL },
  { "<s>A red square.", "A red square.", NULL },
  { "Price: <s>20</s> 10", "Price: <s>20</s> 10", NULL },
  { "A red<pad><pad>", "A red", NULL },
  { "<|im_end|>", NULL, "<|im_end|>" },
  { "</s>A red square.", NULL, "</s>" },

  { "<tool_call>\n{\"name\": \"look\"}\n</tool_call>", NULL, "tool" },
  { "[TOOL_CALLS][{\"name\": \"look\"}]", NULL, "tool" },
  { "I will look. <tool_call>{}</tool_call>", NULL, "tool" },

  { "A <ref>red square</ref><box>[[1, 2, 3, 4]]</box>.", "A red square.", NULL },
  { "<ref>a dog</ref><quad>[[1,2,3,4,5,6,7,8]]</quad>", "a dog", NULL },
  { "<|object_ref_start|>a dog<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|> runs",
    "a dog runs", NULL },
  { "<box>[[1, 2, 3, 4]]</box>", NULL, "places" },
  { "A dog<box>[[1, 2", "A dog", NULL },
  { "A <box>with a lid</box>", "A with a lid", NULL },
};

static IvlAnswerText *
feed (IvlOptions *options,
      const char *text,
      gsize       step,
      gboolean    takes,
      GString    *taken,
      GError    **error)
{
  g_autoptr (IvlAnswerText) self = ivl_answer_text_new (options, FALSE);
  const IvlUsage usage = { .finish_reason = IVL_FINISH_STOP };
  gsize n_chars = g_utf8_strlen (text, -1);

  for (gsize at = 0; at < n_chars; at += step)
    {
      g_autofree char *cut = g_utf8_substring (text, at, MIN (at + step, n_chars));
      g_autoptr (GString) piece = g_string_new (cut);
      g_autofree char *shown = NULL;

      ivl_answer_text_push (self, piece);
      shown = takes ? ivl_answer_text_take (self, "m", error) : NULL;
      g_string_append (taken, shown != NULL ? shown : "");
      if (takes && *error != NULL)
        return NULL;
    }
  if (!ivl_answer_text_end (self, &usage, "m", error))
    return NULL;
  if (takes)
    {
      g_autofree char *shown = ivl_answer_text_take (self, "m", error);

      g_string_append (taken, shown != NULL ? shown : "");
    }
  return g_steal_pointer (&self);
}

static void
check (const Case *row,
       gsize       step,
       gboolean    takes)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GString) taken = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlAnswerText) text = feed (options, row->written, step, takes, taken, &error);

  if (row->answer == NULL)
    {
      g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_ANSWER);
      if (taken->len == 0)
        g_assert_nonnull (strstr (error->message, row->reason));
      return;
    }
  /* What is known too late to be reasoning has been read as the answer: a failure, not a mixture */
  if (takes && error != NULL)
    {
      g_assert_error (error, IVL_ERROR, IVL_ERROR_NO_ANSWER);
      g_assert_nonnull (strstr (row->written, "</think>"));
      g_assert_null (strstr (row->written, "<think>"));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (ivl_answer_text_get (text), ==, row->answer);
  if (takes)
    g_assert_cmpstr (taken->str, ==, row->answer);
}

static void
test_pieces (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= MAX (1, strlen (cases[i].written)); step++)
      {
        check (&cases[i], step, FALSE);
        check (&cases[i], step, TRUE);
      }
}

static void
test_all_at_once (void)
{
  const IvlUsage cut = { .finish_reason = IVL_FINISH_LENGTH };
  const IvlUsage beside = { .finish_reason = IVL_FINISH_STOP, .has_reasoned = TRUE };
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlAnswerText) text = ivl_answer_text_new (options, FALSE);
  g_autoptr (IvlAnswerText) other = ivl_answer_text_new (options, TRUE);
  g_autoptr (GString) piece = g_string_new ("It is");
  g_autoptr (GError) error = NULL;

  g_assert_false (ivl_answer_text_end (text, &cut, "m", &error));
  g_assert_nonnull (strstr (error->message, "max-tokens"));
  g_clear_error (&error);
  g_assert_false (ivl_answer_text_end (text, &beside, "m", &error));
  g_assert_nonnull (strstr (error->message, "reasoned"));
  g_clear_error (&error);

  /* Of a model that is known to begin in thought, nothing is given before that ends. */
  ivl_answer_text_push (other, piece);
  g_assert_null (ivl_answer_text_take (other, "m", &error));
  g_assert_no_error (error);
  g_assert_false (ivl_answer_text_end (other, &cut, "m", &error));
  g_assert_nonnull (strstr (error->message, "reasoned"));
}

static void
test_regions (void)
{
  const char *written = "A <ref>dog</ref><box>[[1, 2, 3, 4]]</box> <think>x</think>runs<|im_end|>";
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GString) taken = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlAnswerText) plain = feed (options, written, 1, TRUE, taken, &error);
  g_autoptr (IvlAnswerText) kept = NULL;

  g_assert_cmpstr (ivl_answer_text_get (plain), ==, "A dog runs");
  g_assert_cmpstr (ivl_answer_text_get_marked (plain), ==,
                   "A <ref>dog</ref><box>[[1, 2, 3, 4]]</box> runs");
  g_object_set (options, "keep-regions", TRUE, NULL);
  kept = feed (options, written, 1, FALSE, taken, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ivl_answer_text_get (kept), ==, ivl_answer_text_get_marked (plain));
}

static void
test_nothing (void)
{
  static const struct { const char *written, *answer, *remark; } rows[] = {
    { "No text.", "", "No text." },
    { "**NO TEXT**\n", "", "**NO TEXT**" },
    { "There is no text in the image.", "", "There is no text in the image." },
    { "No text is better than this", "No text is better than this", NULL },
    { "No texts", "No texts", NULL },
    { "", "", NULL },
    { " " ZWSP, "", NULL },
    { "<|im_end|>", "", NULL },
  };
  static const char *const nothing[] = { "No text", "There is no text in the image.", NULL };
  g_autoptr (IvlOptions) options = g_object_new (IVL_TYPE_OPTIONS, "nothing", nothing, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize step = 1; step < 40; step++)
      {
        g_autoptr (GString) taken = g_string_new (NULL);
        g_autoptr (GError) error = NULL;
        g_autoptr (IvlAnswerText) text =
          feed (options, rows[i].written, step, TRUE, taken, &error);

        g_assert_no_error (error);
        g_assert_cmpstr (taken->str, ==, rows[i].answer);
        g_assert_cmpstr (ivl_answer_text_get (text), ==, rows[i].answer);
        g_assert_cmpstr (ivl_answer_text_get_remark (text), ==, rows[i].remark);
      }
}

static void
test_as_it_is (void)
{
  const char *written = " <think>a</think> <ref>b</ref><|im_end|> ";
  g_autoptr (IvlOptions) raw = g_object_new (IVL_TYPE_OPTIONS, "raw", TRUE, NULL);
  g_autoptr (IvlOptions) json = g_object_new (IVL_TYPE_OPTIONS, "json-schema", "{}", NULL);
  g_autoptr (GString) taken = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlAnswerText) text = feed (raw, written, 3, TRUE, taken, &error);
  g_autoptr (IvlAnswerText) empty = feed (raw, "", 3, TRUE, taken, &error);
  g_autoptr (IvlAnswerText) document =
    feed (json, "{\"a\": \"<|im_end|>\"}", 3, TRUE, taken, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_answer_text_get (text), ==, "<think>a</think> <ref>b</ref><|im_end|>");
  g_assert_cmpstr (ivl_answer_text_get (empty), ==, "");
  g_assert_cmpstr (ivl_answer_text_get (document), ==, "{\"a\": \"<|im_end|>\"}");
}

/* In the history of a prompt: as Python's str.strip() gives it, markup of regions aside. */
static void
test_clean (void)
{
  static const char *const rows[][2] = {
    { " The <ref>cat</ref><box>[[1, 2, 3, 4]]</box>.\n", "The cat[[1, 2, 3, 4]]." },
    { "\343\200\200\302\240Rot\343\200\200und\v blau\v\x1c\302\205\342\200\251",
      "Rot\343\200\200und\v blau" },
    { ZWSP "Rot" ZWSP, ZWSP "Rot" ZWSP },
    { " \n\343\200\200", "" },
    { " a\xe3", "a\xe3" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *clean = ivl_answer_text_clean (rows[i][0]);

      g_assert_cmpstr (clean, ==, rows[i][1]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/answer-text/pieces", test_pieces);
  g_test_add_func ("/answer-text/reasons", test_all_at_once);
  g_test_add_func ("/answer-text/regions", test_regions);
  g_test_add_func ("/answer-text/nothing", test_nothing);
  g_test_add_func ("/answer-text/as-it-is", test_as_it_is);
  g_test_add_func ("/answer-text/clean", test_clean);
  return g_test_run ();
}
