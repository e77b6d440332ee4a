/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The texts in picture files. Files are replaced only after the new one was read back and found to
 * hold the texts and, byte by byte and pixel by pixel, the same picture.
 */
#include <libivl/ivl-metadata.h>

#include "image/ivl-decode.h"
#include "metadata/ivl-picture-bytes.h"
#include "metadata/ivl-xmp-file.h"
#include "util/ivl-replace-file.h"
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_TEXT_BYTES = 1024 * 1024, /* three of them, twice each, and their markup: an XMP packet */
};

typedef struct
{
  char      *text;    /* (owned) (nullable): for everyone */
  gboolean   is_set;  /* by the user: one that was only read is not written */
  GPtrArray *changes; /* (owned): IvlXmpAlternative, languages that the user set */
  GPtrArray *found;   /* (owned): IvlXmpAlternative, what was read */
} Text;

struct _IvlMetadata
{
  GObject parent_instance;

  Text     texts[IVL_XMP_TEXT_N];
  char    *language; /* (owned) (nullable) */
  gboolean is_language_set;
};

G_DEFINE_FINAL_TYPE (IvlMetadata, ivl_metadata, G_TYPE_OBJECT)

G_STATIC_ASSERT ((int) IVL_METADATA_ALT_TEXT == IVL_XMP_TEXT_ALT);
G_STATIC_ASSERT ((int) IVL_METADATA_LONG_DESCRIPTION == IVL_XMP_TEXT_LONG);
G_STATIC_ASSERT ((int) IVL_METADATA_CAPTION == IVL_XMP_TEXT_CAPTION);

/* A picture file in memory and what is in it. */
typedef struct
{
  GBytes    *bytes;
  IvlXmpFile xmp;
} Picture;

static void
picture_clear (Picture *self)
{
  ivl_xmp_file_clear (&self->xmp);
  g_clear_pointer (&self->bytes, g_bytes_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/* bytes: (transfer full). name stands in front of what is wrong with the file. */
static gboolean
picture_take (Picture     *self,
              GBytes      *bytes,
              const char  *name,
              GError     **error)
{
  gsize size;
  const guint8 *data;

  self->bytes = bytes;
  data = g_bytes_get_data (bytes, &size);
  if (ivl_xmp_file_read (&self->xmp, data, size, error))
    return TRUE;
  g_prefix_error (error, "%s: ", name);
  return FALSE;
}

static gboolean
picture_read (Picture     *self,
              const char  *path,
              const char  *name,
              GError     **error)
{
  GBytes *bytes = ivl_picture_bytes_read (path, IVL_XMP_FILE_MAX_BYTES, error);

  return bytes != NULL && picture_take (self, bytes, name, error);
}

static void
ivl_metadata_finalize (GObject *object)
{
  IvlMetadata *self = IVL_METADATA (object);

  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_clear_pointer (&self->texts[i].text, g_free);
      g_clear_pointer (&self->texts[i].changes, g_ptr_array_unref);
      g_clear_pointer (&self->texts[i].found, g_ptr_array_unref);
    }
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
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      self->texts[i].changes = ivl_xmp_text_list_new ();
      self->texts[i].found = ivl_xmp_text_list_new ();
    }
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
 * the language is the one under which it is repeated, if it is. Other languages are told by
 * ivl_metadata_list_languages(). Captions in Exif and IPTC are not looked at.
 *
 * What is read is not set: ivl_metadata_write_file() leaves it as it is in the file.
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
      g_autoptr (GPtrArray) found = ivl_xmp_file_list_texts (&picture.xmp, i);
      const char *language;

      self->texts[i].text = g_strdup (ivl_xmp_text_list_choose (found, &language));
      if (self->language == NULL)
        self->language = g_strdup (language);
      g_ptr_array_unref (self->texts[i].found);
      self->texts[i].found = g_steal_pointer (&found);
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
check_language (const char  *language,
                GError     **error)
{
  if (ivl_xmp_text_is_language (language))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "“%s” does not name a language as RFC 5646 does (“de”, “pt-BR”)", language);
  return FALSE;
}

static gboolean
check_texts (IvlMetadata  *self,
             GError      **error)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      const Text *text = &self->texts[i];

      if (text->is_set && text->text != NULL && !check_text (i, text->text, error))
        return FALSE;
      for (guint k = 0; k < text->changes->len; k++)
        {
          const IvlXmpAlternative *change = text->changes->pdata[k];

          if (!check_language (change->language, error) || !check_text (i, change->text, error))
            return FALSE;
        }
    }
  return !self->is_language_set || self->language == NULL
         || check_language (self->language, error);
}

/* (transfer full): what one of the texts has to be in a file where it is old now. */
static GPtrArray *
make_wanted (IvlMetadata *self,
             IvlXmpText   which,
             GPtrArray   *old)
{
  const Text *text = &self->texts[which];
  const char *language = self->is_language_set ? self->language : NULL;
  GPtrArray *wanted = g_ptr_array_ref (old);

  if (text->is_set && text->text != NULL)
    {
      g_ptr_array_unref (wanted);
      wanted = ivl_xmp_text_list_replace (old, text->text, language);
      if (text->text[0] == '\0')
        return wanted;
    }
  for (guint i = 0; i < text->changes->len; i++)
    {
      const IvlXmpAlternative *change = text->changes->pdata[i];
      GPtrArray *next = ivl_xmp_text_list_translate (wanted, change->language, change->text);

      g_ptr_array_unref (wanted);
      wanted = next;
    }
  return wanted;
}

static gboolean
is_any_set (const Text *text)
{
  return (text->is_set && text->text != NULL) || text->changes->len > 0;
}

/* Whether the file lacks already all that is to be taken away, and nothing is to be put in. */
static gboolean
is_nothing_to_do (IvlMetadata      *self,
                  const IvlXmpFile *file)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_autoptr (GPtrArray) old = ivl_xmp_file_list_texts (file, i);
      g_autoptr (GPtrArray) wanted = make_wanted (self, i, old);

      if (is_any_set (&self->texts[i]) && (wanted->len > 0 || old->len > 0))
        return FALSE;
    }
  return TRUE;
}

/* Each text in all its languages, those that were not set among them */
static gboolean
check_written (IvlMetadata       *self,
               const IvlXmpFile  *before,
               const IvlXmpFile  *after,
               GError           **error)
{
  for (int i = 0; i < IVL_XMP_TEXT_N; i++)
    {
      g_autoptr (GPtrArray) old = ivl_xmp_file_list_texts (before, i);
      g_autoptr (GPtrArray) wanted = make_wanted (self, i, old);
      g_autoptr (GPtrArray) found = ivl_xmp_file_list_texts (after, i);

      if (!ivl_xmp_text_list_equal (wanted, found))
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
  if (check_written (self, &before->xmp, &after.xmp, error)
      && ivl_xmp_file_compare (&before->xmp, g_bytes_get_data (before->bytes, NULL), &after.xmp,
                               g_bytes_get_data (after.bytes, NULL), error)
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
    {
      g_autoptr (GPtrArray) old = ivl_xmp_file_list_texts (&picture->xmp, i);
      g_autoptr (GPtrArray) wanted = make_wanted (self, i, old);

      if (is_any_set (&self->texts[i])
          && !ivl_xmp_file_set_texts (&picture->xmp, i, wanted, error))
        return NULL;
    }
  return ivl_xmp_file_put (&picture->xmp, picture->bytes, error);
}

/**
 * ivl_metadata_write_file:
 * @self: the texts; one that is %NULL or was not set stays in the file as it is, an empty one is
 *   taken away in all languages
 * @path: (type filename): a JPEG, PNG, TIFF or WebP file
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Puts the texts into the file's XMP packet: for everyone (`x-default`) and, if a language is set,
 * again under it. Without one, the languages that repeated the old text repeat the new one.
 * Everything else stays: other properties and languages, Exif, IPTC, colour profile, further pages
 * and frames, and the picture, which is not coded again. In the packet too, only the bytes of the
 * texts change; padding is used up before the packet grows.
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
 * file), %IVL_ERROR_UNSUPPORTED (a format or a kind of file that cannot carry texts, such as a
 * camera's raw file, or not such long ones), %IVL_ERROR_INVALID_DATA (damaged, not a regular file,
 * or changed meanwhile), %IVL_ERROR_NO_MEMORY, %IVL_ERROR_BUSY (another program has been writing it
 * for half a minute), a #GFileError (not writable, no space left) or %G_IO_ERROR_CANCELLED.
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
  /* What is read is what will be replaced: a symbolic link may lead elsewhere by now. */
  if (!check_texts (self, error) || g_cancellable_set_error_if_cancelled (cancellable, error)
      || !ivl_replace_file_begin (&replacement, path, 0, cancellable, error)
      || !picture_read (&picture, replacement.target, name, error))
    return FALSE;
  if (is_nothing_to_do (self, &picture.xmp))
    return TRUE;
  pieces = make_new_file (self, &picture, error);
  if (pieces == NULL)
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  /* picture has the new texts by now; the same bytes again. */
  if (!picture_take (&before, g_bytes_ref (picture.bytes), name, error)
      || !ivl_replace_file_write (&replacement, pieces, cancellable, error)
      || !check_new_file (self, &before, replacement.temporary, name, cancellable, error)
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

static void
set_text (IvlMetadata *self,
          IvlXmpText   which,
          const char  *text)
{
  g_free (self->texts[which].text);
  self->texts[which].text = g_strdup (text);
  self->texts[which].is_set = TRUE;
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

  return self->texts[IVL_XMP_TEXT_ALT].text;
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

  set_text (self, IVL_XMP_TEXT_ALT, alt_text);
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

  return self->texts[IVL_XMP_TEXT_LONG].text;
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

  set_text (self, IVL_XMP_TEXT_LONG, long_description);
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

  return self->texts[IVL_XMP_TEXT_CAPTION].text;
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

  set_text (self, IVL_XMP_TEXT_CAPTION, caption);
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
 * Sets the language under which the texts that are set are written besides the one for everyone.
 * What is none is refused by ivl_metadata_write_file().
 */
void
ivl_metadata_set_language (IvlMetadata *self,
                           const char  *language)
{
  g_return_if_fail (IVL_IS_METADATA (self));

  g_free (self->language);
  self->language = g_strdup (language);
  self->is_language_set = TRUE;
}

/* The text in one language, as it was set, else as it was read; NULL: none */
static const char *
find_translation (const Text *text,
                  const char *language)
{
  const IvlXmpAlternative *found = ivl_xmp_text_list_find (text->changes, language);

  if (found == NULL)
    found = ivl_xmp_text_list_find (text->found, language);
  return found != NULL && found->text[0] != '\0' ? found->text : NULL;
}

/**
 * ivl_metadata_list_languages:
 * @self: the texts
 * @which: one of them
 *
 * Lists the languages in which a text was read or set, besides the one for everyone.
 *
 * Returns: (transfer full) (array zero-terminated=1): the languages, such as `de`
 */
char **
ivl_metadata_list_languages (IvlMetadata     *self,
                             IvlMetadataText  which)
{
  g_autoptr (GStrvBuilder) languages = NULL;
  const Text *text;

  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);
  g_return_val_if_fail ((guint) which < IVL_XMP_TEXT_N, NULL);

  text = &self->texts[which];
  languages = g_strv_builder_new ();
  for (guint i = 0; i < text->found->len + text->changes->len; i++)
    {
      const gboolean is_found = i < text->found->len;
      const IvlXmpAlternative *alternative = is_found ? text->found->pdata[i]
                                                      : text->changes->pdata[i - text->found->len];

      if (!ivl_xmp_text_is_for_all (alternative->language)
          && (is_found || ivl_xmp_text_list_find (text->found, alternative->language) == NULL)
          && find_translation (text, alternative->language) != NULL)
        g_strv_builder_add (languages, alternative->language);
    }
  return g_strv_builder_end (languages);
}

/**
 * ivl_metadata_get_translation:
 * @self: the texts
 * @which: one of them
 * @language: a language as RFC 5646 names it, in capital or small letters
 *
 * Returns: (nullable): the text in this language
 */
const char *
ivl_metadata_get_translation (IvlMetadata     *self,
                              IvlMetadataText  which,
                              const char      *language)
{
  g_return_val_if_fail (IVL_IS_METADATA (self), NULL);
  g_return_val_if_fail ((guint) which < IVL_XMP_TEXT_N, NULL);
  g_return_val_if_fail (language != NULL, NULL);

  return find_translation (&self->texts[which], language);
}

/**
 * ivl_metadata_set_translation:
 * @self: the texts
 * @which: one of them
 * @language: a language as RFC 5646 names it
 * @text: the text in this language; an empty one is taken away
 *
 * Sets a text in one language and leaves it alone in all others, and for everyone. What cannot be
 * written is refused by ivl_metadata_write_file(), which writes no translations of a text that is
 * set to be empty.
 */
void
ivl_metadata_set_translation (IvlMetadata     *self,
                              IvlMetadataText  which,
                              const char      *language,
                              const char      *text)
{
  GPtrArray *changes;

  g_return_if_fail (IVL_IS_METADATA (self));
  g_return_if_fail ((guint) which < IVL_XMP_TEXT_N);
  g_return_if_fail (language != NULL);
  g_return_if_fail (text != NULL);

  changes = self->texts[which].changes;
  for (guint i = 0; i < changes->len; i++)
    {
      const IvlXmpAlternative *change = changes->pdata[i];

      if (g_ascii_strcasecmp (change->language, language) == 0)
        {
          g_ptr_array_remove_index (changes, i);
          break;
        }
    }
  ivl_xmp_text_list_add (changes, language, text);
}
