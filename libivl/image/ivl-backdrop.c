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

/* Two neighbours: the more opaque one is seen against the other by the difference. */
static void
add_step (guint64      *weights,
          const guint8 *rgb,
          const guint8 *alpha,
          gsize         a,
          gsize         b)
{
  if (alpha[a] > alpha[b])
    weights[get_luma (rgb + a * 3)] += alpha[a] - alpha[b];
  else if (alpha[a] < alpha[b])
    weights[get_luma (rgb + b * 3)] += alpha[b] - alpha[a];
}

/* TRUE if there are steps at all. */
static gboolean
weigh_steps (guint64      *weights,
             const guint8 *rgb,
             const guint8 *alpha,
             gsize         width,
             gsize         height)
{
  for (gsize y = 0; y < height; y++)
    for (gsize x = 0; x < width; x++)
      {
        const gsize at = y * width + x;

        if (x + 1 < width)
          add_step (weights, rgb, alpha, at, at + 1);
        if (y + 1 < height)
          add_step (weights, rgb, alpha, at, at + width);
      }
  for (guint i = 0; i < LEVELS; i++)
    if (weights[i] > 0)
      return TRUE;
  return FALSE;
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

guint8
ivl_backdrop_choose (const guint8 *rgb,
                     const guint8 *alpha,
                     guint         width,
                     guint         height)
{
  static const guint8 others[] = { 0, 128 };
  guint64 weights[LEVELS] = { 0 };
  guint64 total = 0;
  guint64 least;
  guint8 best = 255;

  if (!weigh_steps (weights, rgb, alpha, width, height))
    for (gsize i = 0; i < (gsize) width * height; i++)
      weights[get_luma (rgb + i * 3)] += alpha[i];
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
