/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which directories of a TIFF file are its pages, and what each says of its pixels, checked before
 * libtiff sees the file. */
#include "image/ivl-tiff-page.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  TAG_NEW_SUBFILE_TYPE = 254,
  TAG_SUBFILE_TYPE = 255,
  TAG_WIDTH = 256,
  TAG_HEIGHT = 257,
  TAG_BITS = 258,
  TAG_COMPRESSION = 259,
  TAG_PHOTOMETRIC = 262,
  TAG_MAKE = 271,
  TAG_ORIENTATION = 274,
  TAG_SAMPLES = 277,
  TAG_ROWS_PER_STRIP = 278,
  TAG_PLANAR = 284,
  TAG_TILE_WIDTH = 322,
  TAG_TILE_HEIGHT = 323,
  TAG_SUB_DIRECTORIES = 330,
  TAG_INK_SET = 332,
  TAG_EXTRA_SAMPLES = 338,
  TAG_SAMPLE_FORMAT = 339,
  TAG_DNG_VERSION = 50706,

  PHOTOMETRIC_ITULAB = 10,
  PHOTOMETRIC_CFA = 32803,
  PHOTOMETRIC_LOG_L = 32844,
  PHOTOMETRIC_LOG_LUV = 32845,
  PHOTOMETRIC_LINEAR_RAW = 34892,

  /* Of NewSubfileType. */
  SUBFILE_REDUCED = 1,
  SUBFILE_MASK = 4,
  /* SubfileType, which came before it. */
  OLD_SUBFILE_REDUCED = 2,

  EXTRA_ASSOCIATED = 1,
  EXTRA_UNASSOCIATED = 2,
  EXTRA_COREL = 999, /* what Corel Draw 10 wrote for unassociated opacity; libtiff takes it so */

  FORMAT_SIGNED = 2,
  FORMAT_FLOAT = 3,
  FORMAT_COMPLEX = 5, /* and all above */
};

static gboolean
fail (GError     **error,
      const char  *why)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged TIFF file: %s", why);
  return FALSE;
}

static gboolean G_GNUC_PRINTF (2, 3)
fail_unsupported (GError     **error,
                  const char  *format,
                  ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "TIFF file that cannot be used: %s", why);
  return FALSE;
}

/* The first value of a tag that sizes no buffer; fallback where there is none that is whole. */
static guint32
get_first (const IvlTiffDirectory *directory,
           guint                   tag,
           guint32                 fallback)
{
  IvlTiffEntry entry;

  if (!ivl_tiff_directory_find (directory, tag, &entry, NULL) || entry.count == 0
      || !ivl_tiff_entry_is_number (&entry))
    return fallback;
  return ivl_tiff_entry_get (&entry, &directory->tiff, 0);
}

static gboolean
is_raw (const IvlTiffDirectory *directory)
{
  const guint32 photometric = get_first (directory, TAG_PHOTOMETRIC, 0);

  return photometric == PHOTOMETRIC_CFA || photometric == PHOTOMETRIC_LINEAR_RAW;
}

/* What a raw file is called: its maker's name for it where the first directory tells. */
static const char *
get_raw_name (const IvlTiff *tiff)
{
  static const struct
  {
    const char *make;
    const char *name;
  } makers[] = { { "NIKON", "NEF" }, { "Canon", "CR2" },     { "SONY", "ARW" },
                 { "PENTAX", "PEF" }, { "SAMSUNG", "SRW" }, { "Hasselblad", "3FR" } };
  IvlTiffDirectory first;
  IvlTiffEntry entry;

  if (!ivl_tiff_read_directory (tiff, tiff->first, &first, NULL))
    return "raw";
  if (ivl_tiff_directory_find (&first, TAG_DNG_VERSION, &entry, NULL))
    return "DNG";
  if (!ivl_tiff_directory_find (&first, TAG_MAKE, &entry, NULL))
    return "raw";
  for (guint i = 0; i < G_N_ELEMENTS (makers); i++)
    {
      const gsize length = strlen (makers[i].make);

      if (entry.size >= length
          && g_ascii_strncasecmp ((const char *) tiff->data + entry.offset, makers[i].make, length)
                 == 0)
        return makers[i].name;
    }
  return "raw";
}

static gboolean
fail_raw (GError     **error,
          const char  *name)
{
  return fail_unsupported (error,
                           "it is a camera's raw file (%s), and its picture is not developed here: "
                           "save it as TIFF or JPEG with a raw converter",
                           name);
}

/* Reduced pictures and masks belong to another picture. */
static gboolean
is_full (const IvlTiffDirectory  *directory,
         gboolean                *full,
         GError                 **error)
{
  guint32 type = 0;
  guint32 old_type = 0;

  if (!ivl_tiff_directory_get_number (directory, TAG_NEW_SUBFILE_TYPE, &type, error)
      || !ivl_tiff_directory_get_number (directory, TAG_SUBFILE_TYPE, &old_type, error))
    return FALSE;
  *full = (type & (SUBFILE_REDUCED | SUBFILE_MASK)) == 0 && old_type != OLD_SUBFILE_REDUCED;
  return TRUE;
}

/* Offsets of the SubIFDs; n of them, as many as the data hold. */
static gboolean
find_sub_directories (const IvlTiffDirectory  *directory,
                      IvlTiffEntry            *entry,
                      guint                   *n,
                      GError                 **error)
{
  g_autoptr (GError) cause = NULL;

  *n = 0;
  if (!ivl_tiff_directory_find (directory, TAG_SUB_DIRECTORIES, entry, &cause))
    {
      if (cause == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (entry->type != IVL_TIFF_TYPE_LONG && entry->type != IVL_TIFF_TYPE_IFD)
    return fail (error, "the list of its sub-directories has a wrong type");
  if (entry->count > IVL_TIFF_MAX_DIRECTORIES)
    return fail (error, "too many directories");
  *n = entry->count;
  return TRUE;
}

/* Looks into the SubIFDs: for a full picture where the directory's own is reduced, else only for
 * raw samples. */
static gboolean
add_sub_pages (IvlTiffPages            *self,
               IvlTiffWalk             *walk,
               const IvlTiffDirectory  *directory,
               gboolean                 wanted,
               GError                 **error)
{
  IvlTiffEntry entry;
  guint n;

  if (!find_sub_directories (directory, &entry, &n, wanted ? error : NULL))
    return !wanted;
  for (guint i = 0; i < n; i++)
    {
      const guint32 offset = ivl_tiff_entry_get (&entry, &self->tiff, i);
      IvlTiffDirectory sub;
      gboolean full;

      if (!ivl_tiff_read_directory (&self->tiff, offset, &sub, wanted ? error : NULL))
        return !wanted;
      walk->n_entries += 1 + sub.n_entries; /* an empty one takes time too */
      if (walk->n_entries > IVL_TIFF_MAX_ENTRIES)
        return fail (error, "too many entries");
      if (is_raw (&sub))
        return fail_raw (error, get_raw_name (&self->tiff));
      if (!wanted)
        continue;
      if (!g_hash_table_add (walk->seen, GUINT_TO_POINTER (offset)))
        return fail (error, "its directories go in a circle");
      if (!is_full (&sub, &full, error))
        return FALSE;
      if (full)
        g_array_append_val (self->offsets, offset);
    }
  return TRUE;
}

static gboolean
add_pages (IvlTiffPages  *self,
           IvlTiffWalk   *walk,
           GError       **error)
{
  g_autoptr (GError) cause = NULL;
  IvlTiffDirectory directory;

  while (ivl_tiff_walk_next (walk, &directory, &cause))
    {
      gboolean full;

      if (is_raw (&directory))
        return fail_raw (error, get_raw_name (&self->tiff));
      if (!is_full (&directory, &full, error))
        return FALSE;
      if (full)
        g_array_append_val (self->offsets, directory.offset);
      if (!add_sub_pages (self, walk, &directory, !full, error))
        return FALSE;
    }
  if (cause == NULL)
    return TRUE;
  /* A directory that cannot be read takes nothing from the pages before it; a circle does. */
  if (self->offsets->len > 0 && walk->n_done < walk->queue->len)
    {
      self->broken = g_steal_pointer (&cause);
      return TRUE;
    }
  g_propagate_error (error, g_steal_pointer (&cause));
  return FALSE;
}

gboolean
ivl_tiff_pages_init (IvlTiffPages  *self,
                     const guint8  *data,
                     gsize          size,
                     GError       **error)
{
  g_auto (IvlTiffWalk) walk = { 0 };

  *self = (IvlTiffPages) { .offsets = g_array_new (FALSE, FALSE, sizeof (guint32)) };
  if (!ivl_tiff_init (&self->tiff, data, size, error))
    return FALSE;
  if (size >= 10 && memcmp (data + 8, "CR", 2) == 0)
    return fail_raw (error, "CR2");
  if (!ivl_tiff_walk_init (&walk, &self->tiff, error) || !add_pages (self, &walk, error))
    return FALSE;
  if (self->offsets->len > 0)
    return TRUE;
  if (g_hash_table_size (walk.seen) > 1)
    return fail_unsupported (error, "it holds nothing but reduced pictures (thumbnails, previews) "
                                    "of one that is not there");
  g_array_append_val (self->offsets, self->tiff.first);
  return TRUE;
}

void
ivl_tiff_pages_clear (IvlTiffPages *self)
{
  g_clear_pointer (&self->offsets, g_array_unref);
  g_clear_error (&self->broken);
}

/* BitsPerSample: one number for all samples, or one for each, which must be the same. */
static gboolean
read_bits (IvlTiffPage             *self,
           const IvlTiffDirectory  *directory,
           GError                 **error)
{
  g_autoptr (GError) cause = NULL;
  IvlTiffEntry entry;

  self->bits = 1;
  if (!ivl_tiff_directory_find (directory, TAG_BITS, &entry, &cause))
    {
      if (cause == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&cause));
      return FALSE;
    }
  if (entry.type != IVL_TIFF_TYPE_SHORT && entry.type != IVL_TIFF_TYPE_LONG)
    return fail (error, "tag 258 has a type other than SHORT and LONG");
  if (entry.count != 1 && entry.count < self->samples)
    return fail (error, "it does not say how many bits each sample has");
  self->bits = ivl_tiff_entry_get (&entry, &directory->tiff, 0);
  for (guint32 i = 1; i < MIN (entry.count, self->samples); i++)
    if (ivl_tiff_entry_get (&entry, &directory->tiff, i) != self->bits)
      return fail_unsupported (error, "its samples have different numbers of bits");
  return TRUE;
}

static gboolean
check_format (const IvlTiffPage       *self,
              const IvlTiffDirectory  *directory,
              GError                 **error)
{
  const guint32 format = get_first (directory, TAG_SAMPLE_FORMAT, 1);
  const gboolean is_lab = self->photometric == IVL_TIFF_CIELAB;

  if (format == FORMAT_FLOAT)
    return fail_unsupported (error,
                             "its samples are floating point numbers of %u bits: save it with 8 or "
                             "16 bits a sample",
                             self->bits);
  if (format >= FORMAT_COMPLEX)
    return fail_unsupported (error, "its samples are complex numbers");
  if (self->bits > IVL_TIFF_MAX_BITS)
    return fail_unsupported (error,
                             "its samples have %u bits, and %d at most are read: save it with 8 or "
                             "16 bits a sample",
                             self->bits, IVL_TIFF_MAX_BITS);
  if (format == FORMAT_SIGNED && !is_lab)
    return fail_unsupported (error, "its samples are signed numbers: save it with unsigned ones");
  return self->bits > 0 || fail (error, "its samples have no bits");
}

static gboolean
find_colours (IvlTiffPage             *self,
              const IvlTiffDirectory  *directory,
              GError                 **error)
{
  switch (self->photometric)
    {
    case IVL_TIFF_WHITE_IS_ZERO:
    case IVL_TIFF_BLACK_IS_ZERO:
      self->n_colours = 1;
      break;
    case IVL_TIFF_PALETTE:
      self->n_colours = 1;
      if (self->bits > 8)
        return fail_unsupported (error, "its palette has more than 256 colours");
      break;
    case IVL_TIFF_RGB:
    case IVL_TIFF_YCBCR:
      self->n_colours = 3;
      break;
    case IVL_TIFF_CIELAB:
    case IVL_TIFF_ICCLAB:
      self->n_colours = 3;
      if (self->bits != 8 && self->bits != 16)
        return fail_unsupported (error, "L*a*b* samples of %u bits", self->bits);
      break;
    case IVL_TIFF_CMYK:
      self->n_colours = 4;
      if (get_first (directory, TAG_INK_SET, 1) != 1)
        return fail_unsupported (error, "its inks are not cyan, magenta, yellow and black");
      break;
    case PHOTOMETRIC_ITULAB:
      return fail_unsupported (error, "ITU L*a*b* colours: save it as RGB");
    case PHOTOMETRIC_LOG_L:
    case PHOTOMETRIC_LOG_LUV:
      return fail_unsupported (error, "logarithmic colours (LogLuv): save it as RGB");
    default:
      return fail_unsupported (error, "its kind of colours (PhotometricInterpretation %u) is not "
                                      "read here: save it as RGB",
                               self->photometric);
    }
  return self->samples >= self->n_colours || fail (error, "too few samples for its colours");
}

/* ExtraSamples are the last of a pixel's samples. One of unspecified meaning is no opacity, and
 * neither is one that the file says nothing about. */
static gboolean
find_alpha (IvlTiffPage             *self,
            const IvlTiffDirectory  *directory,
            GError                 **error)
{
  IvlTiffEntry entry;

  if (self->samples == self->n_colours
      || !ivl_tiff_directory_find (directory, TAG_EXTRA_SAMPLES, &entry, NULL)
      || !ivl_tiff_entry_is_number (&entry))
    return TRUE;
  if (entry.count > self->samples - self->n_colours)
    return fail (error, "it has more extra samples than samples");
  for (guint32 i = 0; i < entry.count && self->alpha == 0; i++)
    {
      const guint32 meaning = ivl_tiff_entry_get (&entry, &directory->tiff, i);

      if (meaning != EXTRA_ASSOCIATED && meaning != EXTRA_UNASSOCIATED && meaning != EXTRA_COREL)
        continue;
      self->alpha = self->samples - entry.count + i;
      self->associated = meaning == EXTRA_ASSOCIATED;
    }
  return TRUE;
}

static guint32
guess_photometric (const IvlTiffPage *self)
{
  /* As libtiff does where the tag is missing. */
  if (self->compression >= 2 && self->compression <= 4)
    return IVL_TIFF_WHITE_IS_ZERO;
  if (self->compression == IVL_TIFF_COMPRESSION_OLD_JPEG)
    return self->samples == 1 ? IVL_TIFF_BLACK_IS_ZERO : IVL_TIFF_YCBCR;
  return self->samples >= 3 ? IVL_TIFF_RGB : IVL_TIFF_BLACK_IS_ZERO;
}

static guint64
round_up (guint64 n,
          guint32 step)
{
  return (n + step - 1) / step * step;
}

guint64
ivl_tiff_page_get_row_size (const IvlTiffPage *self,
                            guint64            width)
{
  return (width * self->bits * (self->separate ? 1 : self->samples) + 7) / 8;
}

/* What is in other colours than its samples', libtiff makes RGBA of: a strip or tile at a time. */
guint64
ivl_tiff_page_get_buffer_size (const IvlTiffPage *self)
{
  const gboolean is_ycbcr = self->photometric == IVL_TIFF_YCBCR;
  const guint planes = self->separate ? self->samples : 1;
  guint64 width = self->width;

  if (self->tile_width == 0)
    return is_ycbcr ? 4 * width * self->rows_per_strip : ivl_tiff_page_get_row_size (self, width);
  width = round_up (width, self->tile_width);
  if (is_ycbcr)
    return 4 * (width * MIN (self->tile_height, self->height)
                + (guint64) self->tile_width * self->tile_height);
  return ivl_tiff_page_get_row_size (self, width) * planes * MIN (self->tile_height, self->height)
         + ivl_tiff_page_get_row_size (self, self->tile_width) * self->tile_height;
}

/* Tiles are decoded whole, and a row of them is held. */
static gboolean
measure (IvlTiffPage  *self,
         GError      **error)
{
  guint64 width = self->width;
  guint64 height = self->height;

  self->area = width * height;
  if (self->tile_width == 0 && self->tile_height == 0)
    return TRUE;
  if (self->tile_width == 0 || self->tile_height == 0)
    return fail (error, "its tiles have no width or height");
  width = round_up (width, self->tile_width);
  height = round_up (height, self->tile_height);
  /* More would not fit 64 bits with the bytes of a pixel, 16 at most. */
  if (width > G_MAXUINT32 / 16 || height > G_MAXUINT32 / 16)
    self->area = G_MAXUINT64;
  else
    self->area = MAX (width * height, ivl_tiff_page_get_buffer_size (self) / 8);
  return TRUE;
}

static gboolean
read_layout (IvlTiffPage             *self,
             const IvlTiffDirectory  *directory,
             GError                 **error)
{
  guint32 planar = get_first (directory, TAG_PLANAR, 1);

  if (!ivl_tiff_directory_get_number (directory, TAG_WIDTH, &self->width, error)
      || !ivl_tiff_directory_get_number (directory, TAG_HEIGHT, &self->height, error)
      || !ivl_tiff_directory_get_number (directory, TAG_TILE_WIDTH, &self->tile_width, error)
      || !ivl_tiff_directory_get_number (directory, TAG_TILE_HEIGHT, &self->tile_height, error))
    return FALSE;
  if (self->width == 0 || self->height == 0)
    return fail (error, "no width or height");
  if (planar != 1 && planar != 2)
    return fail (error, "it does not say how its samples lie");
  self->separate = planar == 2 && self->samples > 1;
  self->rows_per_strip = get_first (directory, TAG_ROWS_PER_STRIP, G_MAXUINT32);
  self->rows_per_strip = CLAMP (self->rows_per_strip, 1, self->height);
  return measure (self, error);
}

gboolean
ivl_tiff_page_read (IvlTiffPage    *self,
                    const IvlTiff  *tiff,
                    guint32         offset,
                    GError        **error)
{
  IvlTiffDirectory directory;
  guint32 none = G_MAXUINT32;

  *self = (IvlTiffPage) { .offset = offset, .samples = 1, .orientation = 1 };
  if (!ivl_tiff_read_directory (tiff, offset, &directory, error)
      || !ivl_tiff_directory_check_tags (&directory, error)
      || !ivl_tiff_directory_get_number (&directory, TAG_SAMPLES, &self->samples, error))
    return FALSE;
  self->compression = get_first (&directory, TAG_COMPRESSION, 1);
  if (self->compression == IVL_TIFF_COMPRESSION_OLD_JPEG && self->samples == 1
      && get_first (&directory, TAG_SAMPLES, none) == none)
    self->samples = 3;
  if (self->samples == 0 || self->samples > IVL_TIFF_MAX_SAMPLES)
    return fail_unsupported (error, "%u samples a pixel: 1 to %d are read", self->samples,
                             IVL_TIFF_MAX_SAMPLES);
  self->photometric = guess_photometric (self);
  if (!ivl_tiff_directory_get_number (&directory, TAG_PHOTOMETRIC, &self->photometric, error)
      || !read_bits (self, &directory, error))
    return FALSE;
  if (self->compression == IVL_TIFF_COMPRESSION_OLD_JPEG)
    self->bits = 8;
  if (!check_format (self, &directory, error) || !find_colours (self, &directory, error)
      || !find_alpha (self, &directory, error) || !read_layout (self, &directory, error))
    return FALSE;
  if (ivl_tiff_directory_get_number (&directory, TAG_ORIENTATION, &self->orientation, NULL)
      && (self->orientation < 1 || self->orientation > 8))
    self->orientation = 1;
  return TRUE;
}
