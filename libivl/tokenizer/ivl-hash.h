/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A seeded hash of short byte strings. The seed is drawn for each table, so that a file cannot
 * choose its collisions; should one manage to, the tables refuse after this many probes.
 */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

#define IVL_HASH_MAX_PROBES 4096

/* Both halves of the product matter: folding them lets every input bit reach every output bit. */
static inline guint64
ivl_hash_mix (guint64 a,
              guint64 b)
{
#ifdef __SIZEOF_INT128__
  __extension__ unsigned __int128 product = (unsigned __int128) a * b;

  return (guint64) product ^ (guint64) (product >> 64);
#else
  guint64 low = a * b;
  guint64 high = (a >> 32) * (b >> 32);
  guint64 cross = (a >> 32) * (guint32) b ^ (b >> 32) * (guint32) a;

  return low ^ high ^ (cross << 32 | cross >> 32);
#endif
}

static inline guint64
ivl_hash_bytes (guint64       seed,
                const guint8 *bytes,
                gsize         n)
{
  const guint64 odd = G_GUINT64_CONSTANT (0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
  guint64 hash = seed ^ n;
  guint64 tail = 0;

  for (; n > 8; n -= 8, bytes += 8)
    {
      guint64 eight;

      memcpy (&eight, bytes, 8);
      hash = ivl_hash_mix (hash ^ eight, seed | 1) + odd;
    }
  if (n >= 4)
    {
      guint32 first;
      guint32 last;

      memcpy (&first, bytes, 4);
      memcpy (&last, bytes + n - 4, 4);
      tail = (guint64) first << 32 | last;
    }
  else if (n > 0)
    tail = (guint64) bytes[0] << 16 | (guint64) bytes[n / 2] << 8 | bytes[n - 1];
  return ivl_hash_mix (ivl_hash_mix (hash ^ tail, seed | 1), odd);
}

static inline guint64
ivl_hash_u64 (guint64 seed,
              guint64 value)
{
  return ivl_hash_mix (value ^ seed, G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));
}

G_END_DECLS
