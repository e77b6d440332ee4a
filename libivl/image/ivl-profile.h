/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IVL_COLOURS_GRAY,
  IVL_COLOURS_RGB,
  IVL_COLOURS_CMYK, /* 0: no ink */
  IVL_COLOURS_LAB,  /* D50, as ICC profiles (version 4) encode it: a and b have their zero at 128 of
                     * 8 bits, at 32896 of 16 */
} IvlColours;

/* How a decoder gives its pixels: the samples of one pixel lie side by side. */
typedef struct
{
  IvlColours colours;
  guint      bits;          /* a sample: 8, or 16 in the machine's byte order */
  gboolean   has_alpha;     /* one more sample behind the colours; 0: transparent */
  gboolean   premultiplied; /* the colours have been multiplied by it */
} IvlLayout;

/* Samples of a pixel, alpha included. */
guint    ivl_layout_get_n_samples (const IvlLayout *self);

#define IVL_PROFILE_MAX_BYTES (16 * 1024 * 1024)

/* What a file says about the meaning of its numbers. All zero: nothing. Where several are given,
 * the first that can be used counts, in this order (PNG specification, third edition, 4.3). */
typedef struct
{
  guint8   cicp_primaries; /* code points of ITU-T H.273; 0: not given */
  guint8   cicp_transfer;
  GBytes  *icc;            /* (owned) (nullable): ICC profile */
  gboolean lacks_memory;   /* for the profile: without it the colours are others */
  gboolean is_srgb;
  double   gamma;          /* number = light ^ gamma; 0: not given */
  gboolean has_primaries;
  double   xy[8];          /* chromaticities x, y of white, red, green, blue */
} IvlColourSpace;

/* Memory for a profile, contents undefined: NULL where it is too large, and is passed over, or
 * where there is none, which is noted. */
guint8  *ivl_colour_space_make_icc (IvlColourSpace *self,
                                    gsize           size);
/* Copies a profile into such. */
void     ivl_colour_space_set_icc (IvlColourSpace *self,
                                   const guint8   *data,
                                   gsize           size);
void     ivl_colour_space_clear   (IvlColourSpace *self);

/* A conversion of pixels to 8-bit sRGB. */
typedef struct _IvlProfile IvlProfile;

/* NULL when there is nothing to convert: nothing is said, the profile is damaged or one of another
 * colour space than the pixels, or so close to sRGB (2 levels at most over a grid of colours) that
 * pixels are better left exact; with an error when memory lacks for it. CIELab is always
 * converted. */
IvlProfile *ivl_profile_new       (const IvlColourSpace  *space,
                                   const IvlLayout       *layout,
                                   GError               **error);

/* n pixels of the layout to RGB8. Alpha is passed over. */
void        ivl_profile_convert   (IvlProfile    *profile,
                                   gconstpointer  samples,
                                   guint8        *rgb,
                                   guint          n);
void        ivl_profile_free      (IvlProfile    *profile);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IvlColourSpace, ivl_colour_space_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlProfile, ivl_profile_free)

G_END_DECLS
