/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names for files of other formats, by their first bytes, with a remedy each. */
#include "image/ivl-foreign.h"

#include <string.h>

#define CONVERT ": convert it to PNG or JPEG"
#define DEVELOP ", a camera's raw data: develop it to JPEG or TIFF"
#define EXPORT ": export it as PNG"
#define FILM ", a film: export a frame of it as PNG or JPEG"
#define SOUND ", sound and no picture"
#define PAGES ", a document: export its pages as PNG"
#define ARCHIVE ", an archive: unpack it first"

typedef struct
{
  guint       at;
  guint       length;
  const char *bytes;
  const char *text;
} Magic;

#define MAGIC(at, bytes, text) { at, sizeof (bytes) - 1, bytes, text }

static const Magic magics[] = {
  MAGIC (0, "\0\0\0\014JXL \r\n\207\n", "JPEG XL" CONVERT),
  MAGIC (0, "\377\012", "JPEG XL" CONVERT),
  MAGIC (0, "\0\0\0\014jP  \r\n\207\n", "JPEG 2000" CONVERT),
  MAGIC (0, "\377O\377Q", "JPEG 2000" CONVERT),
  MAGIC (0, "II\274\001", "JPEG XR" CONVERT),
  MAGIC (0, "BPG\373", "BPG" CONVERT),
  MAGIC (0, "FLIF", "FLIF" CONVERT),
  MAGIC (0, "qoif", "QOI" CONVERT),
  MAGIC (0, "8BPS", "a Photoshop document (PSD)" EXPORT),
  MAGIC (0, "gimp xcf ", "a GIMP document (XCF)" EXPORT),
  MAGIC (0, "AFPHOTO", "an Affinity Photo document" EXPORT),
  MAGIC (0, "%PDF-", "PDF" PAGES),
  MAGIC (0, "AT&TFORM", "DjVu" PAGES),
  MAGIC (0, "%!PS", "PostScript" PAGES),
  MAGIC (0, "\305\320\323\306", "encapsulated PostScript (EPS)" EXPORT),
  MAGIC (0, "FUJIFILMCCD-RAW", "RAF" DEVELOP),
  MAGIC (0, "IIRO", "ORF" DEVELOP),
  MAGIC (0, "IIRS", "ORF" DEVELOP),
  MAGIC (0, "MMOR", "ORF" DEVELOP),
  MAGIC (0, "IIU\0", "RW2" DEVELOP),
  MAGIC (0, "FOVb", "X3F" DEVELOP),
  MAGIC (6, "HEAPCCDR", "CRW" DEVELOP),
  MAGIC (0, "\0MRM", "MRW" DEVELOP),
  MAGIC (0, "v/1\001", "OpenEXR" CONVERT),
  MAGIC (0, "#?RADIANCE", "Radiance HDR" CONVERT),
  MAGIC (0, "#?RGBE", "Radiance HDR" CONVERT),
  MAGIC (0, "DDS ", "DDS" CONVERT),
  MAGIC (0, "\253KTX ", "KTX" CONVERT),
  MAGIC (0, "SDPX", "DPX" CONVERT),
  MAGIC (0, "XPDS", "DPX" CONVERT),
  MAGIC (0, "SIMPLE  =", "FITS" CONVERT),
  MAGIC (128, "DICM", "DICOM" CONVERT),
  MAGIC (0, "icns", "an Apple icon (ICNS)" CONVERT),
  MAGIC (0, "\0\0\001\0", "a Windows icon (ICO)" CONVERT),
  MAGIC (0, "\0\0\002\0", "a Windows cursor (CUR)" CONVERT),
  MAGIC (0, "/* XPM", "XPM" CONVERT),
  MAGIC (0, "\212MNG", "MNG" CONVERT),
  MAGIC (0, "\213JNG", "JNG" CONVERT),
  MAGIC (0, "\327\315\306\232", "WMF" CONVERT),
  MAGIC (40, " EMF", "EMF" CONVERT),
  MAGIC (0, "\012\005\001", "PCX" CONVERT),
  MAGIC (0, "Y\246j\225", "Sun raster" CONVERT),
  MAGIC (0, "\001\332", "SGI" CONVERT),
  MAGIC (0, "\032E\337\243", "Matroska or WebM" FILM),
  MAGIC (0, "FLV", "Flash video" FILM),
  MAGIC (0, "\0\0\001\272", "MPEG" FILM),
  MAGIC (0, "\0\0\001\263", "MPEG" FILM),
  MAGIC (0, "0&\262u\216f\317\021", "Windows Media" FILM),
  MAGIC (0, "OggS", "Ogg" FILM),
  MAGIC (0, "ID3", "MP3" SOUND),
  MAGIC (0, "fLaC", "FLAC" SOUND),
  MAGIC (0, "PK\003\004", "ZIP (also OpenRaster, Krita and office files)" ARCHIVE),
  MAGIC (0, "7z\274\257", "7-Zip" ARCHIVE),
  MAGIC (0, "\037\213", "gzip" ARCHIVE),
  MAGIC (0, "BZh", "bzip2" ARCHIVE),
  MAGIC (0, "\3757zXZ", "xz" ARCHIVE),
  MAGIC (0, "Rar!", "RAR" ARCHIVE),
  MAGIC (0, "version https://git-lfs",
         "a Git LFS pointer in the place of the file: fetch it with \"git lfs pull\""),
};

/* ISO base media files ("ftyp" at 4): the main brand at 8. */
static const Magic brands[] = {
  MAGIC (8, "avi", "AVIF" CONVERT),
  MAGIC (8, "he", "HEIC" CONVERT),
  MAGIC (8, "mif1", "HEIF" CONVERT),
  MAGIC (8, "msf1", "HEIF" CONVERT),
  MAGIC (8, "crx ", "CR3" DEVELOP),
  MAGIC (8, "jx", "JPEG XL" CONVERT),
  MAGIC (8, "M4A", "MPEG-4 audio" SOUND),
  MAGIC (8, "qt", "QuickTime" FILM),
  MAGIC (8, "", "MP4" FILM),
};

/* Forms of RIFF: the kind at 8. */
static const Magic riffs[] = {
  MAGIC (8, "AVI ", "AVI" FILM),
  MAGIC (8, "WAVE", "WAV" SOUND),
};

static const char *
match (const Magic  *rows,
       guint         n,
       const guint8 *data,
       gsize         size)
{
  for (guint i = 0; i < n; i++)
    if (size >= rows[i].at + rows[i].length
        && memcmp (data + rows[i].at, rows[i].bytes, rows[i].length) == 0)
      return rows[i].text;
  return NULL;
}

/* P1 to P7 and white space. */
static gboolean
is_netpbm (const guint8 *data,
           gsize         size)
{
  return size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '7'
         && g_ascii_isspace (data[2]);
}

static const char *
find_markup (const guint8 *data,
             gsize         size)
{
  g_autofree char *text = g_ascii_strdown ((const char *) data, MIN (size, IVL_FOREIGN_HEAD_SIZE));
  const char *start = text;

  if (g_str_has_prefix (start, "\357\273\277"))
    start += 3;
  while (g_ascii_isspace (*start))
    start++;
  if (*start != '<')
    return NULL;
  if (g_str_has_prefix (start, "<!doctype html") || g_str_has_prefix (start, "<html"))
    return "a web page (HTML), not the picture: download the picture itself";
  if (strstr (start, "<svg") != NULL)
    return "a drawing (SVG)" EXPORT;
  return NULL;
}

const char *
ivl_foreign_find (const guint8 *data,
                  gsize         size)
{
  const char *text = NULL;

  if (size >= 12 && memcmp (data + 4, "ftyp", 4) == 0)
    return match (brands, G_N_ELEMENTS (brands), data, size);
  if (size >= 12 && memcmp (data, "RIFF", 4) == 0)
    text = match (riffs, G_N_ELEMENTS (riffs), data, size);
  if (text == NULL)
    text = match (magics, G_N_ELEMENTS (magics), data, size);
  if (text == NULL && is_netpbm (data, size))
    text = "Netpbm (PBM, PGM, PPM)" CONVERT;
  return text != NULL ? text : find_markup (data, size);
}
