/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two things that the reference leaves to its Python: the order of a set of pairs, which decides
 * between grids that fit a picture equally well, and the rounding of doubles, which decides whether
 * they do. */
#include "image/ivl-tile-ratios.h"

#include <string.h>

/* CPython's sets (Objects/setobject.c): open addressing with runs of neighbours, grown fourfold, in
 * the order of the table. Hashes of pairs (Objects/tupleobject.c, from 3.8 on) are xxHash's over
 * those of the numbers, which are the numbers. 64-bit builds. */
enum
{
  SET_MIN_SIZE = 8,
  SET_NEIGHBOURS = 9,
  SET_PERTURB_SHIFT = 5,
};

#define HASH_PRIME_1 G_GUINT64_CONSTANT (11400714785074694791)
#define HASH_PRIME_2 G_GUINT64_CONSTANT (14029467366897019727)
#define HASH_PRIME_5 G_GUINT64_CONSTANT (2870177450012600261)
#define HASH_LENGTH (2 ^ (HASH_PRIME_5 ^ 3527539))

typedef struct
{
  IvlTileRatio *slots; /* (owned) [mask + 1]; cols 0: free */
  guint64       mask;
  guint64       used;
} Set;

static guint64
hash_pair (IvlTileRatio pair)
{
  const guint64 lanes[] = { pair.cols, pair.rows };
  guint64 hash = HASH_PRIME_5;

  for (guint i = 0; i < 2; i++)
    {
      hash += lanes[i] * HASH_PRIME_2;
      hash = hash << 31 | hash >> 33;
      hash *= HASH_PRIME_1;
    }
  return hash + HASH_LENGTH;
}

/* No pair is put in twice, and none is taken out. */
static void
set_put (Set          *set,
         IvlTileRatio  pair)
{
  guint64 perturb = hash_pair (pair);
  guint64 i = perturb & set->mask;

  for (;;)
    {
      const guint64 n = i + SET_NEIGHBOURS <= set->mask ? SET_NEIGHBOURS : 0;

      for (guint64 slot = i; slot <= i + n; slot++)
        if (set->slots[slot].cols == 0)
          {
            set->slots[slot] = pair;
            set->used++;
            return;
          }
      perturb >>= SET_PERTURB_SHIFT;
      i = (i * 5 + 1 + perturb) & set->mask;
    }
}

static void
set_grow (Set *set)
{
  g_autofree IvlTileRatio *old = g_steal_pointer (&set->slots);
  const guint64 old_mask = set->mask;
  guint64 size = SET_MIN_SIZE;

  while (size <= set->used * 4)
    size *= 2;
  *set = (Set) { g_new0 (IvlTileRatio, size), size - 1, 0 };
  for (guint64 i = 0; i <= old_mask; i++)
    if (old[i].cols != 0)
      set_put (set, old[i]);
}

static void
set_add (Set   *set,
         guint  cols,
         guint  rows)
{
  set_put (set, (IvlTileRatio) { cols, rows });
  if (set->used * 5 >= set->mask * 3)
    set_grow (set);
}

static gint
compare_products (gconstpointer a,
                  gconstpointer b)
{
  const IvlTileRatio *first = a;
  const IvlTileRatio *second = b;

  return (gint) first->cols * first->rows - (gint) second->cols * second->rows;
}

GArray *
ivl_tile_ratios_list (guint min_num,
                      guint max_num)
{
  g_autofree IvlTileRatio *slots = NULL;
  GArray *list = g_array_new (FALSE, FALSE, sizeof (IvlTileRatio));
  Set set = { g_new0 (IvlTileRatio, SET_MIN_SIZE), SET_MIN_SIZE - 1, 0 };

  /* The reference goes through the pairs of 1 to n for every n from min_num on: a pair is met first
   * where n is its larger number. */
  for (guint n = min_num; n <= max_num; n++)
    for (guint cols = 1; cols <= n && cols <= max_num; cols++)
      for (guint rows = cols == n || n == min_num ? 1 : n; rows <= n && cols * rows <= max_num;
           rows++)
        if (cols * rows >= min_num)
          set_add (&set, cols, rows);
  slots = set.slots;
  for (guint64 i = 0; i <= set.mask; i++)
    if (slots[i].cols != 0)
      g_array_append_val (list, slots[i]);
  g_array_sort (list, compare_products); /* keeps the order of equals */
  return list;
}

/* A double that is not negative: mantissa * 2^exponent, with a mantissa of 53 bits, or 0. Integers
 * all the way: the x87 registers of 32-bit processors keep more bits than a double has. */
typedef struct
{
  guint64 mantissa;
  int     exponent;
} Double;

#define MANTISSA_END (G_GUINT64_CONSTANT (1) << 53)

enum
{
  GUARD_BITS = 10, /* below the mantissa; the lowest stands for all that is lost */
};

/* To the nearest, of two as near to the even one. mantissa has GUARD_BITS more. */
static Double
round_off (guint64 mantissa,
           int     exponent)
{
  const guint64 half = 1 << (GUARD_BITS - 1);
  guint64 rest;

  if (mantissa == 0)
    return (Double) { 0, G_MININT };
  for (; mantissa < MANTISSA_END << (GUARD_BITS - 1); mantissa <<= 1)
    exponent--;
  rest = mantissa & (2 * half - 1);
  mantissa >>= GUARD_BITS;
  if (rest > half || (rest == half && (mantissa & 1) != 0))
    mantissa++;
  if (mantissa == MANTISSA_END)
    return (Double) { mantissa / 2, exponent + GUARD_BITS + 1 };
  return (Double) { mantissa, exponent + GUARD_BITS };
}

static Double
divide (guint a,
        guint b)
{
  guint64 quotient = a / b;
  guint64 rest = a % b;
  int exponent = 0;

  for (; quotient < MANTISSA_END << (GUARD_BITS - 1); exponent--)
    {
      rest *= 2;
      quotient = quotient * 2 + (rest >= b);
      rest %= b;
    }
  return round_off (quotient | (rest != 0), exponent);
}

static int
compare (Double a,
         Double b)
{
  if (a.exponent != b.exponent)
    return a.exponent < b.exponent ? -1 : 1;
  return a.mantissa < b.mantissa ? -1 : a.mantissa > b.mantissa;
}

static Double
get_distance (Double a,
              Double b)
{
  const gboolean swapped = compare (a, b) < 0;
  const Double large = swapped ? b : a;
  const Double small = swapped ? a : b;
  const int shift = MIN (large.exponent - small.exponent, 63);
  const guint64 from = large.mantissa << GUARD_BITS;
  const guint64 what = small.mantissa << GUARD_BITS;
  const guint64 shifted = what >> shift;

  return round_off (from - (shifted | (shifted << shift != what)), large.exponent - GUARD_BITS);
}

int
ivl_tile_ratios_compare (guint        width,
                         guint        height,
                         IvlTileRatio first,
                         IvlTileRatio second)
{
  const Double aspect = divide (width, height);

  return compare (get_distance (aspect, divide (first.cols, first.rows)),
                  get_distance (aspect, divide (second.cols, second.rows)));
}
