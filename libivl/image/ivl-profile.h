/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A conversion of 8-bit pixels from an embedded ICC profile to sRGB. */
typedef struct _IvlProfile IvlProfile;

/* NULL when there is nothing to convert: the profile is damaged, not one of RGB or gray pixels,
 * or so close to sRGB (2 levels at most over a grid of colours) that pixels are better left
 * exact. */
IvlProfile *ivl_profile_new (const guint8 *icc,
                             gsize         size,
                             guint         n_channels);

/* Converts n pixels of n_channels (3 or 4) bytes in place; a fourth channel is left alone. Of a
 * gray profile's pixels the first channel is taken. */
void        ivl_profile_convert (IvlProfile *profile,
                                 guint8     *pixels,
                                 guint       n);
void        ivl_profile_free (IvlProfile *profile);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlProfile, ivl_profile_free)

G_END_DECLS
