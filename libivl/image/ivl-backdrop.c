/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A ground for pictures with transparency on which they can be seen: white letters are nothing on
 * white. */
#include "image/ivl-backdrop.h"

enum
{
  LEVELS = 256,
  CLEAR = 128, /* levels between colour and ground at which nothing is lost */
};

gboolean
ivl_backdrop_is_visible (const guint8 *alpha,
                         gsize         n)
{
  for (gsize i = 0; i < n; i++)
    if (alpha[i] != 0)
      return TRUE;
  return FALSE;
}

/* Of ITU-R BT.601, as Pillow's convert ('L') weighs. */
static guint
get_luma (const guint8 *rgb)
{
  return (rgb[0] * 299u + rgb[1] * 587u + rgb[2] * 114u + 500) / 1000;
}

/* Pixel a of one row and pixel b of one: the more opaque is seen against the other by the
 * difference. */
static void
add_step (guint64              *weights,
          const IvlBackdropRow *row_a,
          gsize                 a,
          const IvlBackdropRow *row_b,
          gsize                 b)
{
  const guint8 alpha_a = row_a->alpha[a * row_a->alpha_step];
  const guint8 alpha_b = row_b->alpha[b * row_b->alpha_step];

  if (alpha_a > alpha_b)
    weights[get_luma (row_a->rgb + a * row_a->rgb_step)] += alpha_a - alpha_b;
  else if (alpha_a < alpha_b)
    weights[get_luma (row_b->rgb + b * row_b->rgb_step)] += alpha_b - alpha_a;
}

void
ivl_backdrop_add_row (IvlBackdropWeights   *weights,
                      const IvlBackdropRow *row,
                      const IvlBackdropRow *above,
                      guint                 width)
{
  for (gsize x = 0; x < width; x++)
    {
      const guint8 alpha = row->alpha[x * row->alpha_step];

      if (x > 0)
        add_step (weights->steps, row, x - 1, row, x);
      if (above != NULL)
        add_step (weights->steps, above, x, row, x);
      /* Areas count where nothing has steps: then an opaque pixel has no ground to be seen on. */
      if (alpha < 255)
        weights->areas[get_luma (row->rgb + x * row->rgb_step)] += alpha;
    }
}

static guint64
get_loss (const guint64 *weights,
          int            ground)
{
  guint64 loss = 0;

  for (int i = 0; i < LEVELS; i++)
    loss += weights[i] * MAX (CLEAR - ABS (i - ground), 0);
  return loss;
}

static gboolean
has_steps (const IvlBackdropWeights *weights)
{
  for (guint i = 0; i < LEVELS; i++)
    if (weights->steps[i] > 0)
      return TRUE;
  return FALSE;
}

guint8
ivl_backdrop_get_level (const IvlBackdropWeights *self)
{
  static const guint8 others[] = { 0, 128 };
  const guint64 *weights = has_steps (self) ? self->steps : self->areas;
  guint64 total = 0;
  guint64 least;
  guint8 best = 255;

  for (guint i = 0; i < LEVELS; i++)
    total += weights[i] * CLEAR;
  least = get_loss (weights, best);
  if (least <= total / 3)
    return best;
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      const guint64 loss = get_loss (weights, others[i]);

      if (loss < least)
        {
          least = loss;
          best = others[i];
        }
    }
  return best;
}

guint8
ivl_backdrop_choose (const guint8 *rgb,
                     const guint8 *alpha,
                     guint         width,
                     guint         height)
{
  IvlBackdropWeights weights = { { 0 }, { 0 } };
  IvlBackdropRow above = { 0 };

  for (gsize y = 0; y < height; y++)
    {
      const IvlBackdropRow row = { rgb + y * width * 3, alpha + y * width, 3, 1 };

      ivl_backdrop_add_row (&weights, &row, y > 0 ? &above : NULL, width);
      above = row;
    }
  return ivl_backdrop_get_level (&weights);
}

void
ivl_backdrop_lay (guint8       *rgb,
                  const guint8 *alpha,
                  gsize         n,
                  guint8        level)
{
  for (gsize i = 0; i < n; i++, rgb += 3)
    if (alpha[i] != 255)
      for (guint c = 0; c < 3; c++)
        rgb[c] = (rgb[c] * alpha[i] + level * (255 - alpha[i]) + 127) / 255;
}
