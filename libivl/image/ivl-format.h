/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-profile.h"
#include "image/ivl-rows.h"
#include <gio/gio.h>

G_BEGIN_DECLS

/* A picture format is one row here: ivl-format-NAME.c has its headers and its decoder. */
typedef struct _IvlFormat IvlFormat;

/* What the headers of a picture file say. Clear it with ivl_probe_clear(). */
typedef struct
{
  const IvlFormat *format;
  guint            page;        /* wanted, from 0; set before the headers are read */
  guint            n_pages;     /* 1 for all formats but TIFF */
  guint32          width;       /* pixels as stored, before any rotation; never 0 */
  guint32          height;
  guint64          area;        /* pixels of the largest buffer a decoder needs: the picture, or a
                                 * frame or a TIFF tile larger than it */
  guint64          extra_bytes; /* that decoding takes besides the finished picture, where they
                                 * grow with its size; an upper bound */
  guint64          work;        /* pixels that are passed over, if more often than once each */
  guint            orientation; /* EXIF or TIFF orientation, 1..8; 1 when absent or broken */
  IvlColourSpace   colours;     /* what the numbers mean */
} IvlProbe;

struct _IvlFormat
{
  const char *name; /* as messages have it: "PNG" */
  /* Orientation is how the pixels are stored, and always applied (TIFF). */
  gboolean stores_orientation;

  /* Whether these first bytes are this format's. */
  gboolean (*sniff)  (const guint8  *data,
                      gsize          size);
  /* Reads the headers and nothing that grows with the picture, in time linear in size. `probe`
   * comes with page set, orientation 1 and the rest 0; area is raised to width * height by the
   * caller. */
  gboolean (*probe)  (const guint8  *data,
                      gsize          size,
                      IvlProbe      *probe,
                      GError       **error);
  /* Gives every pixel to rows once: ivl_rows_begin(), then ivl_rows_put(). The pixels must have
   * the size in probe, or it fails. */
  gboolean (*decode) (const guint8    *data,
                      gsize            size,
                      const IvlProbe  *probe,
                      IvlRows         *rows,
                      GError         **error);
};

extern const IvlFormat ivl_format_bmp;
extern const IvlFormat ivl_format_gif;
extern const IvlFormat ivl_format_heif; /* IVL_HAVE_LIBHEIF */
extern const IvlFormat ivl_format_jpeg;
extern const IvlFormat ivl_format_png;
extern const IvlFormat ivl_format_tiff;
extern const IvlFormat ivl_format_webp;

/* The format of a file that begins with these bytes; IVL_FOREIGN_HEAD_SIZE of them are enough.
 * NULL: IVL_ERROR_UNSUPPORTED, which names the format if it is known, or IVL_ERROR_INVALID_DATA for
 * an empty file. */
const IvlFormat *ivl_format_find     (const guint8     *data,
                                      gsize             size,
                                      GError          **error);

/* Reads the headers of a picture file without decoding it. Some damage, such as a file that is
 * cut, is found here already. IVL_ERROR_UNSUPPORTED for another format, IVL_ERROR_INVALID_DATA
 * for a damaged file. */
gboolean ivl_format_probe            (const guint8     *data,
                                      gsize             size,
                                      guint             page,
                                      IvlProbe         *probe,
                                      GError          **error);
void     ivl_probe_clear             (IvlProbe         *probe);

/* Each sets IVL_ERROR_INVALID_DATA or IVL_ERROR_UNSUPPORTED with the format's name, and returns
 * FALSE. */
gboolean ivl_format_fail             (GError          **error,
                                      const IvlFormat  *format,
                                      const char       *why);
gboolean ivl_format_fail_unsupported (GError          **error,
                                      const IvlFormat  *format,
                                      const char       *why);
/* "Its parts disagree about its size" */
gboolean ivl_format_fail_size        (GError          **error,
                                      const IvlFormat  *format);

void     ivl_probe_grow_area         (IvlProbe         *probe,
                                      guint32           width,
                                      guint32           height);

/* Numbers at a place that the caller has checked. */
static inline guint32
ivl_be16 (const guint8 *p)
{
  return p[0] << 8 | p[1];
}

static inline guint32
ivl_be32 (const guint8 *p)
{
  return ivl_be16 (p) << 16 | ivl_be16 (p + 2);
}

static inline guint32
ivl_le16 (const guint8 *p)
{
  return p[1] << 8 | p[0];
}

static inline guint32
ivl_le24 (const guint8 *p)
{
  return p[2] << 16 | ivl_le16 (p);
}

static inline guint32
ivl_le32 (const guint8 *p)
{
  return ivl_le16 (p + 2) << 16 | ivl_le16 (p);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlProbe, ivl_probe_clear)

G_END_DECLS
