/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first frame of GIF files. It is looked for here, and giflib sees no block but that one: what
 * lies before it and behind it, damaged or endless, costs nothing. */
#include "image/ivl-format.h"

#include <gif_lib.h>
#include <string.h>

enum
{
  HEADER_SIZE = 13,
  IMAGE = 0x2c,
  EXTENSION = 0x21,
  TRAILER = 0x3b,
  CONTROL = 0xf9,
  IMAGE_SIZE = 10,
};

/* Where the first frame is, and how. */
typedef struct
{
  gsize    head_size; /* header and global colour table */
  gsize    at;        /* the frame's descriptor */
  gsize    end;       /* of its whole blocks of pixels */
  guint    left;
  guint    top;
  guint    width;
  guint    height;
  gboolean interlaced;
  int      transparent; /* index; -1: none */
} Frame;

/* What giflib reads: the head, then the frame, then zeros, which end a frame that lacks its end
 * mark. */
typedef struct
{
  const guint8 *data;
  const Frame  *frame;
  gsize         at;
  gboolean      hit_end;
} Source;

static gboolean
fail (GError     **error,
      const char  *why)
{
  return ivl_format_fail (error, &ivl_format_gif, why);
}

/* A run of length-prefixed blocks ended by an empty one. Not behind the end of the data. */
static gsize
skip_blocks (const guint8 *data,
             gsize         size,
             gsize         at)
{
  while (at < size && data[at] != 0)
    at += (gsize) data[at] + 1;
  return MIN (at, size - 1) + 1;
}

/* Of such a run those blocks that are whole. */
static gsize
skip_whole_blocks (const guint8 *data,
                   gsize         size,
                   gsize         at)
{
  while (at < size && data[at] != 0 && data[at] < size - at)
    at += (gsize) data[at] + 1;
  return at;
}

static gsize
get_table_size (guint8 flags)
{
  return flags & 0x80 ? 3u << ((flags & 7) + 1) : 0;
}

static void
take_frame (Frame        *frame,
            const guint8 *data,
            gsize         size,
            gsize         at)
{
  const guint8 *block = data + at;

  frame->at = at;
  frame->end =
      skip_whole_blocks (data, size, MIN (size, at + IMAGE_SIZE + get_table_size (block[9]) + 1));
  frame->left = ivl_le16 (block + 1);
  frame->top = ivl_le16 (block + 3);
  frame->width = ivl_le16 (block + 5);
  frame->height = ivl_le16 (block + 7);
  frame->interlaced = (block[9] & 0x40) != 0;
}

/* Bytes that begin no block are passed over, as Pillow and browsers do. */
static gboolean
find_frame (const guint8  *data,
            gsize          size,
            Frame         *frame,
            GError       **error)
{
  gsize at;

  *frame = (Frame) { .transparent = -1 };
  if (size < HEADER_SIZE)
    return fail (error, "no header");
  frame->head_size = HEADER_SIZE + get_table_size (data[10]);
  for (at = frame->head_size; at < size && data[at] != TRAILER;)
    if (data[at] == IMAGE)
      {
        if (size - at < IMAGE_SIZE)
          break;
        take_frame (frame, data, size, at);
        return TRUE;
      }
    else if (data[at] == EXTENSION)
      {
        if (size - at >= 8 && data[at + 1] == CONTROL && data[at + 2] >= 4)
          frame->transparent = data[at + 3] & 1 ? data[at + 6] : -1;
        at = skip_blocks (data, size, MIN (at + 2, size - 1));
      }
    else
      at++;
  return fail (error, "no frame");
}

/* The picture is the logical screen, or more where the first frame reaches over it (as Pillow). */
static gboolean
probe_gif (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  Frame frame;

  if (!find_frame (data, size, &frame, error))
    return FALSE;
  if (frame.width == 0 || frame.height == 0)
    return fail (error, "no width or height");
  probe->width = MAX (ivl_le16 (data + 6), frame.left + frame.width);
  probe->height = MAX (ivl_le16 (data + 8), frame.top + frame.height);
  return TRUE;
}

static int
on_read (GifFileType *gif,
         GifByteType *out,
         int          n)
{
  Source *self = gif->UserData;

  for (int i = 0; i < n; i++)
    {
      if (self->at == self->frame->head_size)
        self->at = self->frame->at;
      self->hit_end |= self->at >= self->frame->end;
      out[i] = self->at < self->frame->end ? self->data[self->at++] : 0;
    }
  return n;
}

/* Colours of a frame: without a table they are shades of gray, as Pillow has it. */
static void
fill_palette (const GifFileType *gif,
              const Frame       *frame,
              guint8             palette[256][4])
{
  const ColorMapObject *map = gif->Image.ColorMap != NULL ? gif->Image.ColorMap : gif->SColorMap;

  for (guint i = 0; i < 256; i++)
    {
      memset (palette[i], map == NULL ? i : 0, 3);
      if (map != NULL && i < (guint) map->ColorCount)
        memcpy (palette[i], (guint8[]) { map->Colors[i].Red, map->Colors[i].Green,
                                         map->Colors[i].Blue }, 3);
      palette[i][3] = 255;
    }
  /* The colour that it hides is lost. */
  if (frame->transparent >= 0)
    memset (palette[frame->transparent], 0, 4);
}

/* Row i of the frame in the order of the file. */
static guint
get_row (const Frame *frame,
         guint        i)
{
  static const struct
  {
    guint first;
    guint step;
  } passes[] = { { 0, 8 }, { 4, 8 }, { 2, 4 }, { 1, 2 } };

  for (guint pass = 0; frame->interlaced && pass < G_N_ELEMENTS (passes); pass++)
    {
      const guint first = passes[pass].first;
      const guint step = passes[pass].step;
      const guint n = frame->height > first ? (frame->height - first + step - 1) / step : 0;

      if (i < n)
        return first + i * step;
      i -= n;
    }
  return i;
}

/* What the frame does not cover is transparent. */
static gboolean
put_margins (const Frame    *frame,
             const IvlProbe *probe,
             guint8         *row,
             IvlRows        *rows,
             GError        **error)
{
  memset (row, 0, (gsize) probe->width * 4);
  for (guint32 y = 0; y < probe->height; y++)
    if ((y < frame->top || y >= frame->top + frame->height)
        && !ivl_rows_put (rows, 0, y, 1, probe->width, row, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_rows (GifFileType     *gif,
           const Source    *source,
           const IvlProbe  *probe,
           IvlRows         *rows,
           GError         **error)
{
  const IvlLayout layout = { IVL_COLOURS_RGB, 8, TRUE, FALSE };
  const Frame *frame = source->frame;
  g_autofree guint8 *row = g_malloc0 ((gsize) probe->width * 4);
  g_autofree GifPixelType *line = g_malloc (frame->width);
  guint8 palette[256][4];

  if (DGifGetImageDesc (gif) != GIF_OK || (guint) gif->Image.Width != frame->width
      || (guint) gif->Image.Height != frame->height)
    return fail (error, "its first frame has no whole header");
  fill_palette (gif, frame, palette);
  if (!ivl_rows_begin (rows, &layout, error)
      || !put_margins (frame, probe, row, rows, error))
    return FALSE;
  for (guint i = 0; i < frame->height; i++)
    {
      if (DGifGetLine (gif, line, frame->width) != GIF_OK)
        return fail (error, source->hit_end ? "its first frame ends too early"
                                            : "pixels are missing");
      for (guint x = 0; x < frame->width; x++)
        memcpy (row + 4 * (gsize) (frame->left + x), palette[line[x]], 4);
      if (!ivl_rows_put (rows, 0, frame->top + get_row (frame, i), 1, probe->width, row, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
decode_gif (const guint8    *data,
            gsize            size,
            const IvlProbe  *probe,
            IvlRows         *rows,
            GError         **error)
{
  Frame frame;
  Source source = { data, &frame, 0, FALSE };
  GifRecordType kind;
  GifFileType *gif;
  gboolean done;
  int code;

  if (!find_frame (data, size, &frame, error))
    return FALSE;
  gif = DGifOpen (&source, on_read, &code);
  if (gif == NULL)
    return fail (error, "no header");
  if (DGifGetRecordType (gif, &kind) == GIF_OK && kind == IMAGE_DESC_RECORD_TYPE)
    done = read_rows (gif, &source, probe, rows, error);
  else
    done = fail (error, "no frame");
  DGifCloseFile (gif, &code);
  return done;
}

static gboolean
sniff_gif (const guint8 *data,
           gsize         size)
{
  return size >= 6 && (memcmp (data, "GIF87a", 6) == 0 || memcmp (data, "GIF89a", 6) == 0);
}

const IvlFormat ivl_format_gif = {
  .name = "GIF",
  .sniff = sniff_gif,
  .probe = probe_gif,
  .decode = decode_gif,
};
