/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The segments of a JPEG file (ITU-T T.81, annex B): the picture's size and what decoding it takes,
 * the ICC profile put together from its parts, and the orientation. */
#include "image/ivl-jpeg-segments.h"

#include "image/ivl-exif.h"
#include <string.h>

enum
{
  SOF0 = 0xc0,
  DHT = 0xc4,
  JPG = 0xc8,
  DAC = 0xcc,
  RST0 = 0xd0,
  RST7 = 0xd7,
  SOI = 0xd8,
  EOI = 0xd9,
  SOS = 0xda,
  APP1 = 0xe1,
  APP2 = 0xe2,
  TEM = 0x01,

  MAX_COMPONENTS = 4,
  MAX_SAMPLING = 4,
  MAX_PARTS = 255,
  PART_HEAD = 14, /* "ICC_PROFILE", NUL, number, how many */
  BLOCK_BYTES = 64 * 2,
};

typedef struct
{
  guint8 id;
  guint8 h;
  guint8 v;
} Component;

typedef struct
{
  IvlProbe     *probe;
  Component     components[MAX_COMPONENTS];
  guint         n_components;
  guint         seen;           /* a bit for each component that a scan holds */
  guint         n_scans;
  gboolean      is_progressive;
  gboolean      has_exif;
  const guint8 *parts[MAX_PARTS]; /* of the profile: behind their heads */
  guint         sizes[MAX_PARTS];
  guint         n_parts;
} Walk;

static gboolean
fail (GError     **error,
      const char  *why)
{
  return ivl_format_fail (error, &ivl_format_jpeg, why);
}

/* at: behind a scan's header. Returns the position of the marker after the entropy-coded data. */
static gsize
skip_scan (const guint8 *data,
           gsize         size,
           gsize         at)
{
  while (at + 1 < size)
    {
      const guint8 *found = memchr (data + at, 0xff, size - at - 1);

      if (found == NULL)
        return size;
      at = found - data;
      if (data[at + 1] != 0 && !(data[at + 1] >= RST0 && data[at + 1] <= RST7))
        return at;
      at += 2;
    }
  return size;
}

/* The marker at *at or behind bytes that belong to nothing; *at comes behind it. 0: none. */
static guint
next_marker (const guint8 *data,
             gsize         size,
             gsize        *at)
{
  while (size - *at >= 2)
    {
      const guint8 *found = memchr (data + *at, 0xff, size - *at - 1);

      if (found == NULL)
        break;
      *at = found - data + 1;
      if (data[*at] == 0xff)
        continue;
      *at += 1;
      if (data[*at - 1] != 0)
        return data[*at - 1];
    }
  *at = size;
  return 0;
}

static gboolean
is_frame_marker (guint marker)
{
  return marker >= SOF0 && marker <= 0xcf && marker != DHT && marker != JPG && marker != DAC;
}

/* segment: its length, bits, height, width, and three bytes for each component */
static gboolean
take_frame (Walk         *walk,
            guint         marker,
            const guint8 *segment,
            guint32       length,
            GError      **error)
{
  IvlProbe *probe = walk->probe;

  if (length < 8 || length < 8 + 3u * segment[7])
    return fail (error, "bad frame header");
  if (walk->n_components != 0)
    return fail (error, "two frame headers");
  if (segment[2] != 8)
    return ivl_format_fail_unsupported (error, &ivl_format_jpeg, "not 8 bits a sample");
  if ((marker & 3) == 3 || (marker & 4) != 0)
    return ivl_format_fail_unsupported (error, &ivl_format_jpeg,
                                        "it is lossless or hierarchical JPEG");
  probe->height = ivl_be16 (segment + 3);
  probe->width = ivl_be16 (segment + 5);
  if (probe->width == 0 || probe->height == 0)
    return fail (error, "no width or height");
  if (segment[7] == 0 || segment[7] > MAX_COMPONENTS)
    return ivl_format_fail_unsupported (error, &ivl_format_jpeg,
                                        "its number of colours is not 1, 3 or 4");
  walk->is_progressive = (marker & 3) == 2;
  walk->n_components = segment[7];
  for (guint i = 0; i < walk->n_components; i++)
    {
      const guint8 *p = segment + 8 + 3 * i;

      walk->components[i] = (Component) { p[0], p[1] >> 4, p[1] & 15 };
      if (p[1] >> 4 == 0 || p[1] >> 4 > MAX_SAMPLING || (p[1] & 15) == 0
          || (p[1] & 15) > MAX_SAMPLING)
        return fail (error, "bad frame header");
    }
  return TRUE;
}

/* Coefficients of the whole picture are held when they come in more than one scan. */
static guint64
count_coefficient_bytes (const Walk *walk)
{
  guint h_max = 1;
  guint v_max = 1;
  guint64 blocks = 0;

  for (guint i = 0; i < walk->n_components; i++)
    {
      h_max = MAX (h_max, walk->components[i].h);
      v_max = MAX (v_max, walk->components[i].v);
    }
  for (guint i = 0; i < walk->n_components; i++)
    {
      const Component *c = &walk->components[i];

      blocks += (guint64) (walk->probe->width / (8 * h_max) + 1) * c->h
                * ((walk->probe->height / (8 * v_max) + 1) * c->v);
    }
  return blocks * BLOCK_BYTES;
}

/* segment: its length, the number of components, two bytes for each */
static gboolean
take_scan (Walk         *walk,
           const guint8 *segment,
           guint32       length,
           GError      **error)
{
  if (length < 3 || length < 3 + 2u * segment[2])
    return fail (error, "bad scan header");
  if (walk->n_components == 0)
    return fail (error, "pixels before the frame header");
  walk->n_scans += 1;
  if (walk->n_scans > IVL_JPEG_MAX_SCANS)
    return ivl_format_fail_unsupported (error, &ivl_format_jpeg, "more than 100 scans");
  walk->probe->work += (guint64) walk->probe->width * walk->probe->height;
  for (guint i = 0; i < segment[2]; i++)
    for (guint c = 0; c < walk->n_components; c++)
      if (walk->components[c].id == segment[3 + 2 * i])
        walk->seen |= 1 << c;
  if (walk->is_progressive || segment[2] < walk->n_components)
    walk->probe->extra_bytes = count_coefficient_bytes (walk);
  return TRUE;
}

/* Parts are numbered from 1, and each says how many there are. */
static void
take_profile_part (Walk         *walk,
                   const guint8 *segment,
                   guint32       length)
{
  const guint8 *head = segment + 2;

  if (length < 2 + PART_HEAD || memcmp (head, "ICC_PROFILE", 12) != 0 || head[12] == 0
      || head[12] > head[13] || walk->parts[head[12] - 1] != NULL)
    return;
  walk->parts[head[12] - 1] = head + PART_HEAD;
  walk->sizes[head[12] - 1] = length - 2 - PART_HEAD;
  walk->n_parts = MAX (walk->n_parts, head[13]);
}

static void
join_profile (Walk *walk)
{
  gsize size = 0;
  guint8 *icc;

  for (guint i = 0; i < walk->n_parts; i++)
    {
      if (walk->parts[i] == NULL)
        return;
      size += walk->sizes[i];
    }
  icc = ivl_colour_space_make_icc (&walk->probe->colours, size);
  for (guint i = 0; icc != NULL && i < walk->n_parts; i++)
    {
      memcpy (icc, walk->parts[i], walk->sizes[i]);
      icc += walk->sizes[i];
    }
}

static gboolean
take_segment (Walk         *walk,
              guint         marker,
              const guint8 *segment,
              guint32       length,
              GError      **error)
{
  if (is_frame_marker (marker))
    return take_frame (walk, marker, segment, length, error);
  if (marker == SOS)
    return take_scan (walk, segment, length, error);
  if (walk->n_scans > 0)
    return TRUE;
  if (marker == APP2)
    take_profile_part (walk, segment, length);
  else if (marker == APP1 && !walk->has_exif && length >= 8
           && memcmp (segment + 2, "Exif\0\0", 6) == 0)
    {
      /* Of several the first counts. */
      walk->has_exif = TRUE;
      walk->probe->orientation = ivl_exif_get_orientation (segment + 2, length - 2);
    }
  return TRUE;
}

static gboolean
is_alone (guint marker)
{
  return marker == TEM || marker == SOI || (marker >= RST0 && marker <= RST7);
}

/* Up to the end mark, or to where the file ends. */
static gboolean
walk_segments (Walk          *walk,
               const guint8  *data,
               gsize          size,
               GError       **error)
{
  gsize at = 2;
  guint marker;

  while ((marker = next_marker (data, size, &at)) != 0 && marker != EOI)
    {
      guint32 length;

      if (is_alone (marker))
        continue;
      if (size - at < 2 || (length = ivl_be16 (data + at)) > size - at)
        return walk->n_scans > 0 || fail (error, "it ends too early");
      if (length < 2)
        return fail (error, "bad segment length");
      if (!take_segment (walk, marker, data + at, length, error))
        return FALSE;
      at += length;
      if (marker == SOS)
        at = skip_scan (data, size, at);
    }
  return walk->n_scans > 0
         || fail (error, marker == EOI ? "no pixels" : "it ends too early");
}

gboolean
ivl_jpeg_segments_read (const guint8  *data,
                        gsize          size,
                        IvlProbe      *probe,
                        GError       **error)
{
  Walk walk = { .probe = probe };

  if (!walk_segments (&walk, data, size, error))
    return FALSE;
  if (walk.seen != (1u << walk.n_components) - 1)
    return fail (error, "pixels of a colour are missing");
  join_profile (&walk);
  return TRUE;
}
