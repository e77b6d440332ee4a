/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The texts in picture files. Files are replaced only after the new one was read back and found to
 * hold the texts and, byte by byte and pixel by pixel, the same picture.
 */
#include <libivl/ivl-metadata.h>

#include "image/ivl-decode.h"
#include "metadata/ivl-xmp-file.h"
#include "util/ivl-mapped-file.h"
#include "util/ivl-replace-file.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_TEXT_BYTES = 1024 * 1024, /* three of them, twice each, and their markup: an XMP packet */
};

struct _IvlMetadata
{
  GObject parent_instance;

  char *texts[IVL_XMP_TEXT_N]; /* (nullable) each, by IvlXmpText */
  char *language;              /* (nullable) */
};

G_DEFINE_FINAL_TYPE (IvlMetadata, ivl_metadata, G_TYPE_OBJECT)

/* A picture file in memory and what is in it. */
typedef struct
{
  IvlMappedFile *mapped;
  GBytes        *bytes;
  IvlXmpFile     xmp;
} Picture;

static void
picture_clear (Picture *self)
{
  ivl_xmp_file_clear (&self->xmp);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->mapped, ivl_mapped_file_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

static void
unref_mapped_file (gpointer data)
{
  ivl_mapped_file_unref (data);
}

/* name stands in front of what is wrong with the file. */
static gboolean
picture_read (Picture     *self,
              const char  *path,
              const char  *name,
              GError     **error)
{
  gsize size;

  self->mapped = ivl_mapped_file_open (path, error);
  if (self->mapped == NULL)
    return FALSE;
  size = ivl_mapped_file_get_size (self->mapped);
  if (size > IVL_XMP_FILE_MAX_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%s: %" G_GSIZE_FORMAT " bytes, more than the %" G_GUINT64_FORMAT
                   " of the largest file that is read",
                   name, size, IVL_XMP_FILE_MAX_BYTES);
      return FALSE;
    }
  self->bytes = g_bytes_new_with_free_func (ivl_mapped_file_get_data (self->mapped), size,
                                            unref_mapped_file, ivl_mapped_file_ref (self->mapped));
  if (ivl_xmp_file_read (&self->xmp, ivl_mapped_file_get_data (self->mapped), size, error))
    return TRUE;
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

static void
ivl_metadata_finalize (GObject *object)
{
  IvlMetadata *self = IVL_METADATA (object);

  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    g_clear_pointer (&self->texts[i], g_free);
  g_clear_pointer (&self->language, g_free);
  G_OBJECT_CLASS (ivl_metadata_parent_class)->finalize (object);
}

static void
ivl_metadata_class_init (IvlMetadataClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_metadata_finalize;
}

static void
ivl_metadata_init (IvlMetadata *self)
{
}

/**
 * ivl_metadata_new:
 *
 * Makes texts of which none is set yet.
 *
 * Returns: (transfer full): the texts
 */
IvlMetadata *
ivl_metadata_new (void)
{
  return g_object_new (IVL_TYPE_METADATA, NULL);
}

/**
 * ivl_metadata_read_file:
 * @path: (type filename): a JPEG, PNG, TIFF or WebP file
 * @error: return location for an error
 *
 * Reads the texts that are in the file's XMP packet. The format is told by what is in the file, not
 * by its name. Each text is the one for everyone (`x-default`), or the first if there is none such;
 * the language is the one under which it is repeated, if it is. Captions in Exif and IPTC are not
 * looked at.
 *
 * Fails with %IVL_ERROR_NOT_FOUND (no such file), %IVL_ERROR_UNSUPPORTED (another format, BigTIFF,
 * or too large), %IVL_ERROR_INVALID_DATA (damaged, or not a regular file), %IVL_ERROR_NO_MEMORY or
 * a #GFileError (not readable).
 *
 * Returns: (transfer full): the texts; one that the file does not have is %NULL
 */
IvlMetadata *
ivl_metadata_read_file (const char  *path,
                        GError     **error)
{
  g_autoptr (IvlMetadata) self = NULL;
  g_autofree char *name = NULL;
  g_auto (Picture) picture = { 0 };

  g_return_val_if_fail (path != NULL, NULL);

  name = g_filename_display_name (path);
  if (!picture_read (&picture, path, name, error))
    return NULL;
  self = ivl_metadata_new ();
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_autofree char *language = NULL;

      self->texts[i] = ivl_xmp_file_get_text (&picture.xmp, i, &language);
      if (self->language == NULL)
        self->language = g_steal_pointer (&language);
    }
  return g_steal_pointer (&self);
}

static gboolean
check_text (IvlXmpText    which,
            const char   *text,
            GError      **error)
{
  static const char *const names[IVL_XMP_TEXT_N] = {
    [IVL_XMP_TEXT_ALT] = "alternative text",
    [IVL_XMP_TEXT_LONG] = "long description",
    [IVL_XMP_TEXT_CAPTION] = "caption",
  };
  const gsize size = strlen (text);

  if (size > MAX_TEXT_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "the %s has %" G_GSIZE_FORMAT " bytes, more than %d", names[which], size,
                   MAX_TEXT_BYTES);
      return FALSE;
    }
  if (!g_utf8_validate (text, size, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "the %s is not UTF-8", names[which]);
      return FALSE;
    }
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      const gunichar c = g_utf8_get_char (p);

      if ((g_unichar_iscntrl (c) && c != '\n' && c != '\t') || c == 0xfffe || c == 0xffff)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                       "the %s has the control character U+%04X in it", names[which], c);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_texts (IvlMetadata  *self,
             GError      **error)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    if (self->texts[i] != NULL && !check_text (i, self->texts[i], error))
      return FALSE;
  if (self->language == NULL || ivl_xmp_packet_is_language (self->language))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "“%s” does not name a language as RFC 5646 does (“de”, “pt-BR”)", self->language);
  return FALSE;
}

/* Whether the file lacks already all that is to be taken away, and nothing is to be put in. */
static gboolean
is_nothing_to_do (IvlMetadata      *self,
                  const IvlXmpFile *file)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_autofree char *text = ivl_xmp_file_get_text (file, i, NULL);

      if (self->texts[i] != NULL && (self->texts[i][0] != '\0' || text != NULL))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_written (IvlMetadata       *self,
               const IvlXmpFile  *file,
               GError           **error)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_autofree char *language = NULL;
      g_autofree char *text = ivl_xmp_file_get_text (file, i, &language);
      const char *wanted = self->texts[i];

      if (wanted == NULL)
        continue;
      if (strcmp (text != NULL ? text : "", wanted) != 0
          || (wanted[0] != '\0' && self->language != NULL
              && (language == NULL || g_ascii_strcasecmp (language, self->language) != 0)))
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "the texts cannot be read back as they were written");
          return FALSE;
        }
    }
  return TRUE;
}

/* A checksum of a picture's pixels and size; NULL with error set. */
static char *
sum_pixels (GBytes        *bytes,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_auto (IvlDecode) decode = { 0 };
  gsize size;
  const guint8 *pixels;

  if (!ivl_decode_bytes (bytes, NULL, IVL_DECODE_DEFAULT, IVL_DECODE_DEFAULT_MAX_PIXELS,
                         cancellable, &decode, error))
    return NULL;
  pixels = g_bytes_get_data (decode.pixels, &size);
  g_checksum_update (sum, (const guint8 *) &decode.width, sizeof decode.width);
  g_checksum_update (sum, (const guint8 *) &decode.height, sizeof decode.height);
  g_checksum_update (sum, pixels, size);
  return g_strdup (g_checksum_get_string (sum));
}

/* What the decoder here does not know: more pixels than memory is for, and among TIFF files, which
 * it cannot tell from damaged ones, floating-point numbers and rare packings. */
static gboolean
is_beyond_decoder (const GError     *error,
                   IvlXmpFileFormat  format)
{
  return g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED)
         || (format == IVL_XMP_FILE_TIFF
             && g_error_matches (error, IVL_ERROR, IVL_ERROR_INVALID_DATA));
}

/* Decodes both files. The coded picture was found to be the same before, byte by byte; what cannot
 * be decoded here rests on that. */
static gboolean
check_pixels (const Picture  *before,
              GBytes         *after,
              GCancellable   *cancellable,
              GError        **error)
{
  g_autofree char *sum_before = NULL;
  g_autofree char *sum_after = NULL;
  g_autoptr (GError) local = NULL;

  sum_before = sum_pixels (before->bytes, cancellable, &local);
  if (sum_before == NULL && is_beyond_decoder (local, before->xmp.format))
    return TRUE;
  if (sum_before == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  sum_after = sum_pixels (after, cancellable, error);
  if (sum_after == NULL)
    return FALSE;
  if (strcmp (sum_before, sum_after) == 0)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "its pixels do not stay as they are");
  return FALSE;
}

static gboolean
check_new_file (IvlMetadata    *self,
                const Picture  *before,
                const char     *path,
                const char     *name,
                GCancellable   *cancellable,
                GError        **error)
{
  g_auto (Picture) after = { 0 };

  if (!picture_read (&after, path, name, error))
    return FALSE;
  if (check_written (self, &after.xmp, error)
      && ivl_xmp_file_compare (&before->xmp, ivl_mapped_file_get_data (before->mapped), &after.xmp,
                               ivl_mapped_file_get_data (after.mapped), error)
      && check_pixels (before, after.bytes, cancellable, error))
    return TRUE;
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

/* The new file, in pieces. */
static GPtrArray *
make_new_file (IvlMetadata  *self,
               Picture      *picture,
               GError      **error)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    if (self->texts[i] != NULL
        && !ivl_xmp_file_set_text (&picture->xmp, i, self->texts[i], self->language, error))
      return NULL;
  return ivl_xmp_file_put (&picture->xmp, picture->bytes, error);
}

/**
 * ivl_metadata_write_file:
 * @self: the texts; one that is %NULL stays in the file as it is, an empty one is taken away in all
 *   languages
 * @path: (type filename): a JPEG, PNG, TIFF or WebP file
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Puts the texts into the file's XMP packet: for everyone (`x-default`) and, if a language is set,
 * again under it. Everything else stays: other properties and languages, Exif, IPTC, colour
 * profile, further pages and frames, and the picture, which is not coded again.
 *
 * The new file is made beside the old one, read back, compared with it byte by byte and, decoded,
 * pixel by pixel, and only then takes its place; whatever goes wrong, the old file is still there,
 * whole. What another program saves meanwhile stays, and the call fails; writers of one file that
 * go through this library wait for each other. Owner, group, permissions, access control list and
 * extended attributes are kept; where one of them that decides who has access cannot be kept, the
 * call fails. Through a symbolic link the file that it leads to is replaced; further names of the
 * file (hard links) keep the old one, and its times are those of the writing.
 *
 * Fails with %IVL_ERROR_INVALID_OPTION (a text that is not UTF-8, has control characters other than
 * line breaks and tabs, or over a megabyte; a language that is none), %IVL_ERROR_NOT_FOUND (no such
 * file), %IVL_ERROR_UNSUPPORTED (a format or a kind of file that cannot carry texts, or not so long
 * ones), %IVL_ERROR_INVALID_DATA (damaged, not a regular file, or changed meanwhile),
 * %IVL_ERROR_NO_MEMORY, %IVL_ERROR_BUSY (another program has been writing it for half a minute), a
 * #GFileError (not writable, no space left) or %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE, or %FALSE with @error set and the file unchanged
 */
gboolean
ivl_metadata_write_file (IvlMetadata   *self,
                         const char    *path,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_auto (Picture) picture = { 0 };
  g_auto (Picture) before = { 0 };
  g_auto (IvlReplaceFile) replacement = IVL_REPLACE_FILE_INIT;
  g_autoptr (GPtrArray) pieces = NULL;
  g_autofree char *name = NULL;

  g_return_val_if_fail (IVL_IS_METADATA (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  name = g_filename_display_name (path);
  if (!check_texts (self, error) || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !ivl_replace_file_begin (&replacement, path, 0, cancellable, error)
      || !picture_read (&picture, path, name, error))
    return FALSE;
  if (is_nothing_to_do (self, &picture.xmp))
    return TRUE;
  pieces = make_new_file (self, &picture, error);
  if (pieces == NULL)
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  /* picture has the new texts by now. */
  if (!picture_read (&before, path, name, error)
      || !ivl_replace_file_write (&replacement, pieces, cancellable, error)
      || !check_new_file (self, &before, replacement.temporary, name, cancellable, error)
      || !ivl_mapped_file_check (picture.mapped, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  return ivl_replace_file_commit (&replacement, error);
}

/**
 * ivl_metadata_can_write:
 * @path: (type filename): the name of a file, which need not exist
 *
 * Finds out by its name whether a file would be of a format that can carry texts: `.jpg`, `.jpeg`,
 * `.jpe`, `.jfif`, `.png`, `.tif`, `.tiff` or `.webp`.
 *
 * Returns: whether ivl_metadata_write_file() can be used on it
 */
gboolean
ivl_metadata_can_write (const char *path)
{
  static const char *const endings[] = {
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "webp"
  };
  const char *dot;

  g_return_val_if_fail (path != NULL, FALSE);

  dot = strrchr (path, '.');
  for (guint i = 0; dot != NULL && i < G_N_ELEMENTS (endings); i++)
    if (g_ascii_strcasecmp (dot + 1, endings[i]) == 0)
      return TRUE;
  return FALSE;
}

/**
 * ivl_metadata_get_alt_text:
 * @self: the texts
 *
 * Returns: (nullable): the alternative text (`Iptc4xmpCore:AltTextAccessibility`)
 */
const char *
ivl_metadata_get_alt_text (IvlMetadata *self)
{
  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);

  return self->texts[IVL_XMP_TEXT_ALT];
}

/**
 * ivl_metadata_set_alt_text:
 * @self: the texts
 * @alt_text: (nullable): the alternative text
 *
 * Sets the alternative text, UTF-8; what cannot be written is refused by ivl_metadata_write_file().
 */
void
ivl_metadata_set_alt_text (IvlMetadata *self,
                           const char  *alt_text)
{
  g_return_if_fail (IVL_IS_METADATA (self));

  g_free (self->texts[IVL_XMP_TEXT_ALT]);
  self->texts[IVL_XMP_TEXT_ALT] = g_strdup (alt_text);
}

/**
 * ivl_metadata_get_long_description:
 * @self: the texts
 *
 * Returns: (nullable): the long description (`Iptc4xmpCore:ExtDescrAccessibility`)
 */
const char *
ivl_metadata_get_long_description (IvlMetadata *self)
{
  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);

  return self->texts[IVL_XMP_TEXT_LONG];
}

/**
 * ivl_metadata_set_long_description:
 * @self: the texts
 * @long_description: (nullable): the long description
 *
 * Sets the long description, UTF-8; what cannot be written is refused by ivl_metadata_write_file().
 */
void
ivl_metadata_set_long_description (IvlMetadata *self,
                                   const char  *long_description)
{
  g_return_if_fail (IVL_IS_METADATA (self));

  g_free (self->texts[IVL_XMP_TEXT_LONG]);
  self->texts[IVL_XMP_TEXT_LONG] = g_strdup (long_description);
}

/**
 * ivl_metadata_get_caption:
 * @self: the texts
 *
 * Returns: (nullable): the caption (`dc:description`)
 */
const char *
ivl_metadata_get_caption (IvlMetadata *self)
{
  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);

  return self->texts[IVL_XMP_TEXT_CAPTION];
}

/**
 * ivl_metadata_set_caption:
 * @self: the texts
 * @caption: (nullable): the caption
 *
 * Sets the caption, UTF-8; what cannot be written is refused by ivl_metadata_write_file().
 */
void
ivl_metadata_set_caption (IvlMetadata *self,
                          const char  *caption)
{
  g_return_if_fail (IVL_IS_METADATA (self));

  g_free (self->texts[IVL_XMP_TEXT_CAPTION]);
  self->texts[IVL_XMP_TEXT_CAPTION] = g_strdup (caption);
}

/**
 * ivl_metadata_get_language:
 * @self: the texts
 *
 * Returns: (nullable): the language of the texts, such as `de` or `pt-BR`; %NULL if it is not said
 */
const char *
ivl_metadata_get_language (IvlMetadata *self)
{
  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);

  return self->language;
}

/**
 * ivl_metadata_set_language:
 * @self: the texts
 * @language: (nullable): the language of the texts as RFC 5646 names it, or %NULL if it is not
 *   known
 *
 * Sets the language under which all texts are written besides the one for everyone.
 */
void
ivl_metadata_set_language (IvlMetadata *self,
                           const char  *language)
{
  g_return_if_fail (IVL_IS_METADATA (self));

  g_free (self->language);
  self->language = g_strdup (language);
}
