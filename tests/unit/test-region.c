/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Regions: the parser against answers good and bad, and the way from thousandths to pixels.
 */
#include <libivl/ivl-region.h>

#include <string.h>

/* Writes regions as "name:x1,y1,x2,y2;". */
static char *
parse_to_string (const char *text)
{
  g_autoptr (GPtrArray) regions = ivl_region_parse (text, 1000, 1000);
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint i = 0; i < regions->len; i++)
    {
      IvlRegion *region = g_ptr_array_index (regions, i);
      int x1, y1, x2, y2;

      ivl_region_get_box (region, &x1, &y1, &x2, &y2);
      g_string_append_printf (out, "%s:%d,%d,%d,%d;", ivl_region_get_name (region), x1, y1, x2, y2);
    }
  return g_strdup (out->str);
}

static const struct
{
  const char *text;
  const char *expected;
} parse_cases[] = {
  { "", "" },
  { "no region here, 3 < 4", "" },
  { "<ref>a cat</ref><box>[[1, 2, 30, 40]]</box>", "a cat:1,2,30,40;" },
  { "<ref> a cat\n</ref>\n <box> [[1,2,30,40]] </box>", "a cat:1,2,30,40;" },
  { "<ref>cats</ref><box>[[1,2,3,4], [5, 6, 7, 8]]</box>", "cats:1,2,3,4;cats:5,6,7,8;" },
  { "A <ref>a</ref><box>[[1,2,3,4]]</box> and <ref>b</ref><box>[[5,6,7,8]]</box>.",
    "a:1,2,3,4;b:5,6,7,8;" },
  { "<box>[[1,2,3,4]]</box>", ":1,2,3,4;" },
  { "<ref>a</ref> is here: <box>[[1,2,3,4]]</box>", ":1,2,3,4;" },
  { "<ref>a</ref><box>[[1,2,3,4]]</box><box>[[5,6,7,8]]</box>", "a:1,2,3,4;:5,6,7,8;" },
  { "<ref>Bär 熊</ref><box>[[1,2,3,4]]</box>", "Bär 熊:1,2,3,4;" },
  { "<ref></ref><box>[[1,2,3,4]]</box>", ":1,2,3,4;" },
  { "<ref>a < b</ref><box>[[1,2,3,4]]</box>", "a < b:1,2,3,4;" },
  /* out of order, out of range, not whole, far too large */
  { "<box>[[30,40,1,2]]</box>", ":1,2,30,40;" },
  { "<box>[[-5,0,1001,99999999999999999999999]]</box>", ":0,0,1000,1000;" },
  { "<box>[[1.5,2.49,3.0,4.999]]</box>", ":2,2,3,5;" },
  /* not closed, nested, the wrong way round */
  { "<ref>a<ref>b</ref><box>[[1,2,3,4]]</box>", "b:1,2,3,4;" },
  { "</ref><box>[[1,2,3,4]]</box><ref>", ":1,2,3,4;" },
  { "<ref>a</ref> b</ref><box>[[1,2,3,4]]</box>", ":1,2,3,4;" },
  { "<ref>a</ref><box>[[1,2,3,4]]", "" },
  { "<ref>a</ref><box>[[1,2,3,4]</box>", "" },
  { "<ref>a</ref><box>[1,2,3,4]</box>", "" },
  { "<ref>a</ref><box>[[1,2,3]]</box>", "" },
  { "<ref>a</ref><box>[[1,2,3,4,5]]</box>", "" },
  { "<ref>a</ref><box>[[1,2,3,4],]</box>", "" },
  { "<ref>a</ref><box>[[1,2,3,4],[5,6]]</box>", "" },
  { "<ref>a</ref><box>[[[1,2,3,4]]]</box>", "" },
  { "<ref>a</ref><box>[[]]</box>", "" },
  { "<ref>a</ref><box>[[nan,inf,1e3,0x10]]</box>", "" },
  { "<ref>a</ref><box>[[1,,2,3]]</box>", "" },
  { "<ref>a</ref><box>[[-,1,2,3]]</box>", "" },
  { "<ref>a</ref><box>[[1.,1,2,3]]</box>", "" },
  /* what follows something broken still counts */
  { "<box>[[1,2<box>[[5,6,7,8]]</box>", ":5,6,7,8;" },
  { "<ref>a</ref><box><ref>b</ref><box>[[5,6,7,8]]</box>", "b:5,6,7,8;" },
};

static void
test_parse (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (parse_cases); i++)
    {
      g_autofree char *got = parse_to_string (parse_cases[i].text);

      g_test_message ("%s", parse_cases[i].text);
      g_assert_cmpstr (got, ==, parse_cases[i].expected);
    }
}

static void
test_hostile_length (void)
{
  static const char *const pieces[] = { "[[", "<box>[[", "<ref>", "<ref></ref>",
                                        "<ref>a</ref><box>",
                                        "<", " ", "<box>[[1,2,3,4],", "<box>          " };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GString) text = g_string_new ("<ref>x</ref><box>[[1,2,3,4]]</box>");
      g_autoptr (GPtrArray) regions = NULL;

      while (text->len < 1000000)
        g_string_append (text, pieces[i]);
      g_string_append (text, "<box>[[1,2,3,4]]</box>");
      regions = ivl_region_parse (text->str, 10, 10);
      g_assert_cmpuint (regions->len, ==, 2);
    }
}

/* Many boxes of one long name: memory for the name once. */
static void
test_long_name (void)
{
  g_autoptr (GString) text = g_string_new ("<ref>");
  g_autoptr (GPtrArray) regions = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (text, 'n');
  g_string_append (text, "</ref><box>[[0,0,0,0]");
  for (guint i = 0; i < 50000; i++)
    g_string_append (text, ",[0,0,0,0]");
  g_string_append (text, "]</box>");
  regions = ivl_region_parse (text->str, 10, 10);
  g_assert_cmpuint (regions->len, ==, 50001);
  g_assert_true (ivl_region_get_name (g_ptr_array_index (regions, 0)) ==
                 ivl_region_get_name (g_ptr_array_index (regions, 50000)));
}

static const struct
{
  int   box[4];
  guint width, height;
  int   expected[4];
} rectangle_cases[] = {
  { { 0, 0, 1000, 1000 }, 640, 480, { 0, 0, 640, 480 } },
  { { 250, 500, 750, 1000 }, 640, 480, { 160, 240, 320, 240 } },
  { { 1, 1, 2, 2 }, 500, 1500, { 1, 2, 1, 1 } }, /* edges 0.5 and 1.0; 1.5 and 3.0 */
  { { 500, 500, 500, 500 }, 100, 100, { 50, 50, 1, 1 } },
  { { 1000, 1000, 1000, 1000 }, 100, 7, { 99, 6, 1, 1 } },
  { { 0, 0, 0, 0 }, 1, 1, { 0, 0, 1, 1 } },
  { { 0, 999, 1000, 1000 }, 1, 20000, { 0, 19980, 1, 20 } },
  { { 0, 0, 1000, 1000 }, G_MAXUINT, G_MAXINT, { 0, 0, G_MAXINT, G_MAXINT } },
  { { 10, 10, 20, 20 }, 0, 0, { 0, 0, 0, 0 } },
  { { 900, 1200, -5, 100 }, 1000, 1000, { 0, 100, 900, 900 } },
};

static void
test_rectangle (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rectangle_cases); i++)
    {
      const int *box = rectangle_cases[i].box;
      g_autoptr (IvlRegion) region =
        ivl_region_new ("x", box[0], box[1], box[2], box[3], rectangle_cases[i].width,
                        rectangle_cases[i].height);
      int got[4];

      ivl_region_get_rectangle (region, &got[0], &got[1], &got[2], &got[3]);
      g_test_message ("row %u: %d %d %d %d", i, got[0], got[1], got[2], got[3]);
      for (guint j = 0; j < 4; j++)
        g_assert_cmpint (got[j], ==, rectangle_cases[i].expected[j]);
    }
}

/* Every box in every small picture lies inside it. */
static void
test_rectangle_inside (void)
{
  for (guint size = 1; size < 40; size++)
    for (int low = 0; low <= 1000; low += 7)
      for (int high = low; high <= 1000; high += 11)
        {
          g_autoptr (IvlRegion) region = ivl_region_new (NULL, low, 0, high, 0, size, size);
          int x, width;

          ivl_region_get_rectangle (region, &x, NULL, &width, NULL);
          g_assert_cmpint (x, >=, 0);
          g_assert_cmpint (width, >=, 1);
          g_assert_cmpint (x + width, <=, size);
        }
}

static void
test_boxed (void)
{
  IvlRegion *region = ivl_region_new (NULL, 1, 2, 3, 4, 0, 0);
  IvlRegion *copy = g_boxed_copy (IVL_TYPE_REGION, region);

  g_assert_true (copy == region);
  ivl_region_unref (region);
  g_assert_cmpstr (ivl_region_get_name (copy), ==, "");
  g_boxed_free (IVL_TYPE_REGION, copy);
}

static void
test_finish_reasons (void)
{
  g_assert_cmpstr (ivl_finish_reason_to_string (IVL_FINISH_NONE), ==, "none");
  g_assert_cmpstr (ivl_finish_reason_to_string (IVL_FINISH_STOP), ==, "stop");
  g_assert_cmpstr (ivl_finish_reason_to_string (IVL_FINISH_LENGTH), ==, "length");
  g_assert_cmpstr (ivl_finish_reason_to_string (IVL_FINISH_REPETITION), ==, "repetition");
  g_assert_cmpstr (ivl_finish_reason_to_string ((IvlFinishReason) 77), ==, "none");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/region/parse", test_parse);
  g_test_add_func ("/region/hostile-length", test_hostile_length);
  g_test_add_func ("/region/long-name", test_long_name);
  g_test_add_func ("/region/rectangle", test_rectangle);
  g_test_add_func ("/region/rectangle-inside", test_rectangle_inside);
  g_test_add_func ("/region/boxed", test_boxed);
  g_test_add_func ("/types/finish-reasons", test_finish_reasons);
  return g_test_run ();
}
