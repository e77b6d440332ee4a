/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TIFF files: which page is read, and what its samples mean. */
#include "image/ivl-format.h"

#include "image/ivl-tiff-page.h"
#include "image/ivl-tiff-rows.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  TAG_COLOUR_MAP = 320,
  TAG_ICC_PROFILE = 34675,
};

/* How stored samples become those of the layout. */
typedef struct
{
  IvlTiffPage page;
  IvlLayout   layout;
  guint16     values[256]; /* of samples of up to 8 bits */
  guint8      palette[256][3];
} Colours;

static gboolean
find_page (const guint8  *data,
           gsize          size,
           guint          wanted,
           guint         *n_pages,
           IvlTiffPage   *page,
           IvlTiff       *tiff,
           GError       **error)
{
  g_auto (IvlTiffPages) pages = { 0 };

  if (!ivl_tiff_pages_init (&pages, data, size, error))
    return FALSE;
  *tiff = pages.tiff;
  *n_pages = pages.offsets->len;
  if (wanted < *n_pages)
    return ivl_tiff_page_read (page, tiff, g_array_index (pages.offsets, guint32, wanted), error);
  if (pages.broken != NULL)
    g_propagate_error (error, g_steal_pointer (&pages.broken));
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "there is no page %u, the last is %u",
                 wanted + 1, *n_pages);
  return FALSE;
}

static void
find_profile (const IvlTiff     *tiff,
              const IvlTiffPage *page,
              IvlProbe          *probe)
{
  IvlTiffDirectory directory;
  IvlTiffEntry entry;

  if (!ivl_tiff_read_directory (tiff, page->offset, &directory, NULL)
      || !ivl_tiff_directory_find (&directory, TAG_ICC_PROFILE, &entry, NULL)
      || (entry.type != IVL_TIFF_TYPE_UNDEFINED && entry.type != IVL_TIFF_TYPE_BYTE)
      || entry.size > G_MAXUINT32)
    return;
  ivl_colour_space_set_icc (&probe->colours, tiff->data + entry.offset, entry.size);
}

static gboolean
read_tiff (const guint8  *data,
           gsize          size,
           IvlProbe      *probe,
           GError       **error)
{
  IvlTiffPage page;
  IvlTiff tiff;

  if (!find_page (data, size, probe->page, &probe->n_pages, &page, &tiff, error))
    return FALSE;
  probe->width = page.width;
  probe->height = page.height;
  probe->orientation = page.orientation;
  probe->area = page.area;
  probe->extra_bytes = ivl_tiff_page_get_buffer_size (&page);
  find_profile (&tiff, &page, probe);
  return TRUE;
}

/* ColorMap: all reds, all greens, all blues, of 16 bits. Some programs write 8: then no value is
 * larger than 255. */
static gboolean
read_palette (Colours        *self,
              const IvlTiff  *tiff,
              GError        **error)
{
  const guint n = 1u << self->page.bits;
  IvlTiffDirectory directory;
  IvlTiffEntry entry;
  guint32 max = 0;

  if (!ivl_tiff_read_directory (tiff, self->page.offset, &directory, error))
    return FALSE;
  if (!ivl_tiff_directory_find (&directory, TAG_COLOUR_MAP, &entry, NULL)
      || entry.type != IVL_TIFF_TYPE_SHORT || entry.count < n * 3)
    return ivl_format_fail (error, &ivl_format_tiff, "its palette is missing or too short");
  for (guint i = 0; i < n * 3; i++)
    max = MAX (max, ivl_tiff_entry_get (&entry, tiff, i));
  for (guint i = 0; i < n * 3; i++)
    self->palette[i % n][i / n] = ivl_tiff_entry_get (&entry, tiff, i) >> (max > 255 ? 8 : 0);
  return TRUE;
}

static gboolean
colours_init (Colours        *self,
              const IvlTiff  *tiff,
              GError        **error)
{
  const guint bits = self->page.bits;
  const guint max = (1u << bits) - 1;

  self->layout.bits = bits <= 8 ? 8 : 16;
  self->layout.has_alpha = self->page.alpha > 0;
  self->layout.premultiplied = self->page.alpha > 0 && self->page.associated;
  if (bits <= 8)
    for (guint i = 0; i <= max; i++)
      self->values[i] = (i * 255 + max / 2) / max;
  switch (self->page.photometric)
    {
    case IVL_TIFF_PALETTE:
      self->layout.colours = IVL_COLOURS_RGB;
      return read_palette (self, tiff, error);
    case IVL_TIFF_CMYK:
      self->layout.colours = IVL_COLOURS_CMYK;
      return TRUE;
    case IVL_TIFF_CIELAB:
    case IVL_TIFF_ICCLAB:
      self->layout.colours = IVL_COLOURS_LAB;
      return TRUE;
    case IVL_TIFF_RGB:
    case IVL_TIFF_YCBCR:
      self->layout.colours = IVL_COLOURS_RGB;
      return TRUE;
    default:
      self->layout.colours = IVL_COLOURS_GRAY;
      return TRUE;
    }
}

/* A sample to the layout's 8 or 16 bits. */
static guint
scale (const Colours *self,
       guint          value)
{
  const guint max = (1u << self->page.bits) - 1;

  if (self->page.bits <= 8)
    return self->values[value];
  return self->page.bits == 16 ? value : (value * 65535u + max / 2) / max;
}

/* L*a*b* to the encoding of ICC profiles, version 4. CIELab has signed a* and b*, of 256 steps a
 * unit in 16 bits; ICCLab of 16 bits has version 2's, where 0xff00 is 100. */
static guint
shift_lab (const Colours *self,
           guint          channel,
           guint          value)
{
  const gboolean is_wide = self->page.bits == 16;
  const gboolean is_signed = self->page.photometric == IVL_TIFF_CIELAB;

  if (is_signed && channel == 0)
    return value;
  if (is_signed)
    value ^= is_wide ? 0x8000 : 0x80;
  return is_wide ? MIN (value + value / 256, 65535) : value;
}

static guint
get_colour (const Colours *self,
            const guint16 *pixel,
            guint          channel)
{
  const guint max = self->layout.bits == 8 ? 255 : 65535;

  switch (self->page.photometric)
    {
    case IVL_TIFF_PALETTE:
      return self->palette[pixel[0]][channel];
    case IVL_TIFF_WHITE_IS_ZERO:
      return max - scale (self, pixel[0]);
    case IVL_TIFF_CIELAB:
    case IVL_TIFF_ICCLAB:
      return shift_lab (self, channel, pixel[channel]);
    default:
      return scale (self, pixel[channel]);
    }
}

/* [n, samples of the page] to [n, samples of the layout], of 8 or 16 bits. */
static void
convert_row (const Colours *self,
             const guint16 *stored,
             guint          n,
             gpointer       row)
{
  const guint n_samples = ivl_layout_get_n_samples (&self->layout);
  const guint n_colours = n_samples - (self->layout.has_alpha ? 1 : 0);
  guint8 *narrow = row;
  guint16 *wide = row;

  for (; n > 0; n--, stored += self->page.samples)
    for (guint c = 0; c < n_samples; c++)
      {
        const guint value = c < n_colours ? get_colour (self, stored, c)
                                          : scale (self, stored[self->page.alpha]);

        if (self->layout.bits == 8)
          *narrow++ = value;
        else
          *wide++ = value;
      }
}

static gboolean
decode_tiff (const guint8    *data,
             gsize            size,
             const IvlProbe  *probe,
             IvlRows         *rows,
             GError         **error)
{
  g_autoptr (IvlTiffRows) source = NULL;
  g_autofree guint16 *stored = NULL;
  g_autofree guint16 *row = NULL;
  Colours colours = { 0 };
  IvlTiff tiff;
  guint n_pages;

  if (!find_page (data, size, probe->page, &n_pages, &colours.page, &tiff, error)
      || !colours_init (&colours, &tiff, error))
    return FALSE;
  source = ivl_tiff_rows_new (data, size, &colours.page, error);
  if (source == NULL || !ivl_rows_begin (rows, &colours.layout, error))
    return FALSE;
  stored = g_try_new (guint16, (gsize) colours.page.width * colours.page.samples);
  row = g_try_new (guint16,
                   (gsize) colours.page.width * ivl_layout_get_n_samples (&colours.layout));
  if (stored == NULL || row == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "not enough memory for %u pixels",
                   colours.page.width);
      return FALSE;
    }
  for (guint y = 0; y < colours.page.height; y++)
    {
      if (!ivl_tiff_rows_read (source, stored, error))
        return FALSE;
      convert_row (&colours, stored, colours.page.width, row);
      if (!ivl_rows_put (rows, 0, y, 1, colours.page.width, row, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
sniff_tiff (const guint8 *data,
            gsize         size)
{
  return size >= 4
         && (memcmp (data, "II*\0", 4) == 0 || memcmp (data, "MM\0*", 4) == 0
             || memcmp (data, "II+\0", 4) == 0 || memcmp (data, "MM\0+", 4) == 0);
}

const IvlFormat ivl_format_tiff = {
  .name = "TIFF",
  .stores_orientation = TRUE,
  .sniff = sniff_tiff,
  .probe = read_tiff,
  .decode = decode_tiff,
};
