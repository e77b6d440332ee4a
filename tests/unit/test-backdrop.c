/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The ground under transparency: on which one drawings of known colours can be seen. */
#include <string.h>

#include "image/ivl-backdrop.h"

enum
{
  WIDTH = 40,
  HEIGHT = 20,
  N = WIDTH * HEIGHT,
};

typedef struct
{
  guint8 rgb[N * 3];
  guint8 alpha[N];
} Drawing;

/* A box of one colour; what is behind it goes. */
static void
draw (Drawing *drawing,
      guint    x0,
      guint    width,
      guint32  colour,
      guint8   alpha)
{
  for (guint y = 4; y < HEIGHT - 4; y++)
    for (guint x = x0; x < x0 + width; x++)
      {
        const guint at = y * WIDTH + x;

        drawing->rgb[at * 3] = colour >> 16;
        drawing->rgb[at * 3 + 1] = colour >> 8 & 255;
        drawing->rgb[at * 3 + 2] = colour & 255;
        drawing->alpha[at] = alpha;
      }
}

static guint8
choose (const Drawing *drawing)
{
  return ivl_backdrop_choose (drawing->rgb, drawing->alpha, WIDTH, HEIGHT);
}

static void
test_colours (void)
{
  static const struct
  {
    guint32 colour;
    guint8  ground;
  } rows[] = {
    { 0x000000, 255 }, { 0x404040, 255 }, { 0x808080, 255 }, { 0xff0000, 255 }, { 0x0000ff, 255 },
    { 0x00ff00, 255 }, { 0xffffff, 0 },   { 0xf0f0f0, 0 },   { 0xffff00, 0 },   { 0xc8c8e0, 0 },
    { 0x00ffff, 0 },   { 0xffc0cb, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint hidden = 0; hidden < 256; hidden += 255)
      {
        Drawing drawing = { { 0 }, { 0 } };

        /* Colours behind transparency do not count. */
        memset (drawing.rgb, hidden, sizeof drawing.rgb);
        draw (&drawing, 8, 20, rows[i].colour, 255);
        g_test_message ("%06x", rows[i].colour);
        g_assert_cmpuint (choose (&drawing), ==, rows[i].ground);
        draw (&drawing, 8, 20, rows[i].colour, 90);
        g_assert_cmpuint (choose (&drawing), ==, rows[i].ground);
      }
}

/* What counts is what meets transparency, not what lies inside. */
static void
test_surround (void)
{
  Drawing drawing = { { 0 }, { 0 } };

  draw (&drawing, 4, 30, 0x202020, 255); /* a dark card with light words */
  for (guint x = 8; x < 28; x += 2)
    for (guint y = 6; y < HEIGHT - 6; y++)
      memset (drawing.rgb + (y * WIDTH + x) * 3, 255, 3);
  g_assert_cmpuint (choose (&drawing), ==, 255);
  for (guint i = 0; i < sizeof drawing.rgb; i++)
    drawing.rgb[i] = 255 - drawing.rgb[i];
  g_assert_cmpuint (choose (&drawing), ==, 0);
}

static void
test_both (void)
{
  Drawing drawing = { { 0 }, { 0 } };

  draw (&drawing, 2, 14, 0x000000, 255);
  draw (&drawing, 22, 14, 0xffffff, 255);
  g_assert_cmpuint (choose (&drawing), ==, 128);
  memset (drawing.alpha, 0, N);
  draw (&drawing, 2, 14, 0x000000, 255);
  g_assert_cmpuint (choose (&drawing), ==, 255);
}

/* The same veil everywhere: no edges, so all of it counts. */
static void
test_veil (void)
{
  Drawing drawing;

  memset (drawing.alpha, 100, N);
  memset (drawing.rgb, 250, sizeof drawing.rgb);
  g_assert_cmpuint (choose (&drawing), ==, 0);
  memset (drawing.rgb, 20, sizeof drawing.rgb);
  g_assert_cmpuint (choose (&drawing), ==, 255);
}

static void
test_lay (void)
{
  guint8 rgb[] = { 10, 20, 30, 200, 100, 0, 255, 255, 255, 7, 8, 9 };
  static const guint8 alpha[] = { 0, 255, 51, 128 };
  /* 255 * 51 / 255 = 51; (7 * 128 + 127) / 255 = 4.01 ... */
  static const guint8 on_black[] = { 0, 0, 0, 200, 100, 0, 51, 51, 51, 4, 4, 5 };

  g_assert_true (ivl_backdrop_is_visible (alpha, 4));
  g_assert_false (ivl_backdrop_is_visible (alpha, 1));
  ivl_backdrop_lay (rgb, alpha, 4, 0);
  g_assert_cmpmem (rgb, sizeof rgb, on_black, sizeof on_black);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backdrop/colours", test_colours);
  g_test_add_func ("/backdrop/surround", test_surround);
  g_test_add_func ("/backdrop/both", test_both);
  g_test_add_func ("/backdrop/veil", test_veil);
  g_test_add_func ("/backdrop/lay", test_lay);
  return g_test_run ();
}
